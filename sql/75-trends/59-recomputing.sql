/*
 * recomputing
 *
 * Everything that decided about a trend, computed again for a moment: the people from the posts,
 * and the forecasts from the hours. explain_trend() compares it with what was stored (60-explain.sql).
 */

-- Counts ---------------------------------------------------------------------

-- The moment is that of the last refresh, or the end of an hour before it.
create function private.trend_counts_at(kind public.trend_kind, term text, at timestamptz)
returns integer[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  counts integer[];
begin
  if trend_counts_at.at = (select trend_state.refreshed_at from private.trend_state) then
    select array[now_there.in_hour, now_there.in_half_day, now_there.in_day, now_there.in_week] into counts
    from private.trend_counts as now_there
    where now_there.kind = trend_counts_at.kind and now_there.term = trend_counts_at.term;
  else
    select array[hour.in_hour, hour.in_half_day, hour.in_day, hour.in_week] into counts
    from private.trend_hours as hour
    where hour.kind = trend_counts_at.kind and hour.term = trend_counts_at.term and hour.ended_at = trend_counts_at.at;
  end if;
  return coalesce(counts, '{0,0,0,0}');
end;
$$;

comment on function private.trend_counts_at is 'The people of a term in an hour, half a day, a day and a week.';
revoke all on function private.trend_counts_at (public.trend_kind, text, timestamptz) from public, anon, authenticated, service_role;

-- Another way than the counts, which only add what changes.
create function private.recount_people(kind public.trend_kind, term text, level integer, at timestamptz)
returns integer
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  most constant integer := 50000;
  known integer := (
    select trend_counts.in_week
    from private.trend_counts
    where trend_counts.kind = recount_people.kind and trend_counts.term = recount_people.term
  );
begin
  if known > most or recount_people.at - private.trend_window(level) < now() - private.trend_window(4) then
    return null;
  end if;
  return (
    select count(distinct latest.voice)
    from (
      select distinct on (uses.profile_id) uses.post_id, uses.voice
      from private.trend_uses as uses
      join private.trust on trust.profile_id = uses.profile_id and trust.counts
      where uses.kind = recount_people.kind
        and uses.term = recount_people.term
        and uses.post_id < private.first_id(recount_people.at)
      order by uses.profile_id, uses.post_id desc
    ) as latest
    where latest.post_id >= private.first_id(recount_people.at - private.trend_window(level))
  );
end;
$$;

comment on function private.recount_people is 'Counts the people of a window from the posts that are there now. Null if the posts are not kept any more, or if there are more than 50,000 people.';
revoke all on function private.recount_people (public.trend_kind, text, integer, timestamptz) from public, anon, authenticated, service_role;

-- Forecasts ------------------------------------------------------------------

-- The hours are kept for 57 days, and a forecast needs 28 of them.
create function private.forecast_at(kind public.trend_kind, term text, level integer, at timestamptz)
returns private.forecast
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  hour_at timestamptz := date_trunc('hour', forecast_at.at, 'UTC');
  hours record;
  both_ends record;
begin
  select found.* into hours
  from private.trend_hours_of(forecast_at.kind, forecast_at.term, hour_at) as found;
  select found.* into both_ends
  from private.forecasts(
    case level when 1 then hours.in_hour when 2 then hours.in_half_day when 3 then hours.in_day else hours.in_week end
  ) as found;
  return private.between_forecasts(
    both_ends.at_last, both_ends.at_next, extract(epoch from forecast_at.at - hour_at)::double precision / 3600
  );
end;
$$;

comment on function private.forecast_at is 'What a window of a term was expected to have at a moment, computed from the hours before it.';
revoke all on function private.forecast_at (public.trend_kind, text, integer, timestamptz) from public, anon, authenticated, service_role;

create function private.facts_at(kind public.trend_kind, term text, level integer, observed integer, network_observed integer, at timestamptz)
returns private.trend_facts
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  own private.forecast := private.forecast_at(facts_at.kind, facts_at.term, level, facts_at.at);
  network private.forecast := private.forecast_at(facts_at.kind, '', level, facts_at.at);
begin
  return (facts_at.observed, own.people, own.spread, facts_at.network_observed, network.people)::private.trend_facts;
end;
$$;

comment on function private.facts_at is 'A window with these people, and with the forecasts computed again.';
revoke all on function private.facts_at (public.trend_kind, text, integer, integer, integer, timestamptz) from public, anon, authenticated, service_role;

-- Comparing ------------------------------------------------------------------

create function private.is_near(one double precision, other double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
return abs(is_near.one - is_near.other) <= 1e-6 * greatest(1, abs(is_near.one), abs(is_near.other));

comment on function private.is_near is 'Whether two numbers are the same, apart from the last digits.';
revoke all on function private.is_near (double precision, double precision) from public, anon, authenticated, service_role;

create function private.facts_agree(stored private.trend_facts, computed private.trend_facts)
returns boolean
language sql
immutable
parallel safe
security invoker
return (stored).observed = (computed).observed
  and (stored).network_observed = (computed).network_observed
  and private.is_near((stored).expected, (computed).expected)
  and private.is_near((stored).spread, (computed).spread)
  and private.is_near((stored).network_expected, (computed).network_expected);

comment on function private.facts_agree is 'Whether a window that was stored is the one that was computed again.';
revoke all on function private.facts_agree (private.trend_facts, private.trend_facts) from public, anon, authenticated, service_role;

create function private.facts_as_json(facts private.trend_facts)
returns jsonb
language sql
immutable
parallel safe
security invoker
return jsonb_build_object(
  'people', (facts).observed,
  'expected', private.expected_people(facts),
  'forecast', (facts).expected,
  'spread', (facts).spread,
  'network_people', (facts).network_observed,
  'network_forecast', (facts).network_expected
);

comment on function private.facts_as_json is 'A window as explain_trend() tells it.';
revoke all on function private.facts_as_json (private.trend_facts) from public, anon, authenticated, service_role;
