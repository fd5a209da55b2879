/*
 * explain
 *
 * Why a tag or link trends, trended or does not: explain_trend() answers what was stored, and
 * computes everything again from the rows below. So everybody can check that a trend was not
 * bought, and that nobody was left out. It says nothing about who the people are.
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
      join private.trust on trust.profile_id = uses.profile_id
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

-- The answer -----------------------------------------------------------------

create function private.trend_row_at(
  kind public.trend_kind, term text, period public.trend_period, at timestamptz
)
returns private.trend_history
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  stored private.trend_history;
begin
  select trends.kind, trends.term, trends.period, trends.scored_at, 'stays', trends.since_at, trends.score, trends.short, trends.long
  into stored
  from private.trends
  where trends.kind = trend_row_at.kind
    and trends.term = trend_row_at.term
    and trends.period = trend_row_at.period
    and trends.scored_at <= trend_row_at.at;
  if not found then
    select trend_history.* into stored
    from private.trend_history
    where trend_history.kind = trend_row_at.kind
      and trend_history.term = trend_row_at.term
      and trend_history.period = trend_row_at.period
      and trend_history.scored_at <= trend_row_at.at
    order by trend_history.scored_at desc
    limit 1;
  end if;
  return stored;
end;
$$;

comment on function private.trend_row_at is 'The last row of a trend at a moment. Null if it never trended before.';
revoke all on function private.trend_row_at (public.trend_kind, text, public.trend_period, timestamptz) from public, anon, authenticated, service_role;

-- While a tag trends, it has a row for each hour, and the rows say what was stored. Otherwise the
-- counts say why it did not trend: those of the last refresh, or those of the end of an hour.
-- Definer, because nobody may read the tables of trends.
create function private.explain_trend(
  kind public.trend_kind, term text, at timestamptz, period public.trend_period
)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  wanted text := private.trend_term_of(explain_trend.kind, explain_trend.term);
  short_level integer := array_position(enum_range(null::public.trend_period), explain_trend.period);
  long_level integer := short_level + 1;
  refreshed_at timestamptz := (select trend_state.refreshed_at from private.trend_state);
  moment timestamptz := case
    when explain_trend.at >= refreshed_at then refreshed_at
    else date_trunc('hour', explain_trend.at, 'UTC')
  end;
  stored private.trend_history := private.trend_row_at(explain_trend.kind, wanted, explain_trend.period, explain_trend.at);
  counts integer[];
  network integer[];
  short private.trend_facts;
  long private.trend_facts;
  is_recomputed boolean;
  score double precision;
begin
  if stored.event <> 'ended' or stored.scored_at >= moment then
    moment := stored.scored_at;
  else
    stored := null;
    counts := private.trend_counts_at(explain_trend.kind, wanted, moment);
    network := private.trend_counts_at(explain_trend.kind, '', moment);
  end if;

  -- A forecast reads 28 days, and the hours of 57 days are kept.
  is_recomputed := moment > refreshed_at - interval '29 days';
  if is_recomputed then
    short := private.facts_at(
      explain_trend.kind, wanted, short_level, coalesce((stored.short).observed, counts[short_level]),
      coalesce((stored.short).network_observed, network[short_level]), moment
    );
    long := private.facts_at(
      explain_trend.kind, wanted, long_level, coalesce((stored.long).observed, counts[long_level]),
      coalesce((stored.long).network_observed, network[long_level]), moment
    );
  else
    short := stored.short;
    long := stored.long;
  end if;
  score := private.trend_score(short, long);

  return jsonb_build_object(
    'kind', explain_trend.kind,
    'term', wanted,
    'period', explain_trend.period,
    'at', moment,
    'trends', coalesce(stored.event <> 'ended', false),
    'since', stored.since_at,
    'is_hidden', exists (
      select
      from private.trend_hides
      where trend_hides.kind = explain_trend.kind and trend_hides.term = wanted
    ),
    'begins_at', 5,
    'ends_below', 3,
    'stored', case when stored.term is not null then jsonb_build_object(
      'score', stored.score,
      'short', private.facts_as_json(stored.short),
      'long', private.facts_as_json(stored.long)
    ) end,
    'recomputed', jsonb_build_object(
      'score', score,
      'probability', 10 ^ -least(score, 300),
      'short', private.facts_as_json(short),
      'long', private.facts_as_json(long),
      'has_forecasts', is_recomputed
    ),
    'recounted', jsonb_build_object(
      'short', private.recount_people(explain_trend.kind, wanted, short_level, moment),
      'long', private.recount_people(explain_trend.kind, wanted, long_level, moment)
    ),
    'agrees', case when stored.term is not null then
      private.facts_agree(stored.short, short) and private.facts_agree(stored.long, long)
      and private.is_near(stored.score, score)
    end
  );
end;
$$;

comment on function private.explain_trend is 'What public.explain_trend() answers.';
revoke all on function private.explain_trend (public.trend_kind, text, timestamptz, public.trend_period) from public, anon, authenticated, service_role;
grant execute on function private.explain_trend (public.trend_kind, text, timestamptz, public.trend_period) to anon, authenticated;

-- API ------------------------------------------------------------------------

create function public.explain_trend(
  tag text,
  at timestamptz default now(),
  period public.trend_period default 'day',
  kind public.trend_kind default 'tag'
)
returns jsonb
language sql
stable
security invoker
return private.explain_trend(explain_trend.kind, explain_trend.tag, explain_trend.at, explain_trend.period);

comment on function public.explain_trend is 'Why a tag trends, trended or does not trend: the numbers that were stored at that moment, the same numbers computed again, and whether they agree. With kind link, give a link as tag. The history is kept for 90 days. docs/reference/trends.md names the parts of the answer.';
revoke all on function public.explain_trend (text, timestamptz, public.trend_period, public.trend_kind) from public, anon, authenticated, service_role;
grant execute on function public.explain_trend (text, timestamptz, public.trend_period, public.trend_kind) to anon, authenticated;
