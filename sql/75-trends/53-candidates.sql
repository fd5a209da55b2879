/*
 * candidates
 *
 * What the job trends asks for: the terms that could trend, with their people, and the hours from
 * which it computes forecasts. The tables are in 30-counts.sql, 35-hours.sql and 52-trends.sql.
 */

create function private.trend_candidates(most integer default 500)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  -- A trend has at least five people: see private.is_unusual().
  fewest constant integer := 5;
  state private.trend_state;
begin
  select trend_state.* into state
  from private.trend_state;

  return (
    with term as (
      select busy.kind, busy.term
      from unnest(enum_range(null::public.trend_kind)) as every (kind)
      cross join lateral (
        (
          select trend_counts.kind, trend_counts.term
          from private.trend_counts
          where trend_counts.kind = every.kind and trend_counts.in_hour >= fewest
          order by trend_counts.in_hour desc
          limit most
        )
        union all
        (
          select trend_counts.kind, trend_counts.term
          from private.trend_counts
          where trend_counts.kind = every.kind and trend_counts.in_half_day >= fewest
          order by trend_counts.in_half_day desc
          limit most
        )
        union all
        (
          select trend_counts.kind, trend_counts.term
          from private.trend_counts
          where trend_counts.kind = every.kind and trend_counts.in_day >= fewest
          order by trend_counts.in_day desc
          limit most
        )
        union all
        (
          select trend_counts.kind, trend_counts.term
          from private.trend_counts
          where trend_counts.kind = every.kind and trend_counts.in_week >= fewest
          order by trend_counts.in_week desc
          limit most
        )
      ) as busy
      union
      select trends.kind, trends.term
      from private.trends
      union
      select every.kind, ''
      from unnest(enum_range(null::public.trend_kind)) as every (kind)
    ),
    trending as (
      select trends.kind, trends.term, jsonb_agg(trends.period) as periods
      from private.trends
      group by trends.kind, trends.term
    )
    select jsonb_build_object(
      'at', state.refreshed_at,
      'hourAt', state.closed_at,
      'share', extract(epoch from state.refreshed_at - state.closed_at) / 3600,
      'terms', jsonb_agg(jsonb_build_object(
        'kind', term.kind,
        'term', term.term,
        'people', jsonb_build_array(
          coalesce(trend_counts.in_hour, 0), coalesce(trend_counts.in_half_day, 0),
          coalesce(trend_counts.in_day, 0), coalesce(trend_counts.in_week, 0)
        ),
        'trending', coalesce(trending.periods, '[]'),
        'last', trend_forecasts.at_last,
        'next', trend_forecasts.at_next
      -- What trends gets its forecasts first, and then what has many people.
      ) order by term.term = '' desc, trending.periods is null, trend_counts.in_day desc nulls last, term.kind, term.term)
    )
    from term
    left join private.trend_counts on trend_counts.kind = term.kind and trend_counts.term = term.term
    left join trending on trending.kind = term.kind and trending.term = term.term
    left join private.trend_forecasts on trend_forecasts.kind = term.kind and trend_forecasts.term = term.term
      and trend_forecasts.hour_at = state.closed_at
  );
end;
$$;

comment on function private.trend_candidates is 'The terms that could trend or that trend now, with their people in an hour, half a day, a day and a week, the periods in which they trend, and their forecasts if somebody computed them in this hour. Also the network as a whole, whose term is empty. At most `most` terms for each window and kind.';
revoke all on function private.trend_candidates (integer) from public, anon, authenticated, service_role;

-- The history of a term begins when three people used it on one day. Before that, it is new.
create function private.trend_hours_of(kind public.trend_kind, term text, until_at timestamptz)
returns table (in_hour integer[], in_half_day integer[], in_day integer[], in_week integer[])
language plpgsql
stable
security invoker
set search_path = ''
rows 1
as $$
begin
  return query
  with kept as (
    select trend_hours.*
    from private.trend_hours
    where trend_hours.kind = trend_hours_of.kind
      and trend_hours.term = trend_hours_of.term
      and trend_hours.ended_at <= trend_hours_of.until_at
      and trend_hours.ended_at > trend_hours_of.until_at - interval '672 hours'
  )
  select
    array_agg(coalesce(kept.in_hour, 0) order by hour.ended_at),
    array_agg(coalesce(kept.in_half_day, 0) order by hour.ended_at),
    array_agg(coalesce(kept.in_day, 0) order by hour.ended_at),
    array_agg(coalesce(kept.in_week, 0) order by hour.ended_at)
  from generate_series(
    (select min(kept.ended_at) from kept), trend_hours_of.until_at, interval '1 hour'
  ) as hour (ended_at)
  left join kept on kept.ended_at = hour.ended_at;
end;
$$;

comment on function private.trend_hours_of is 'The people of a term at the end of each hour, oldest first, of the 28 days until a moment, which is the end of an hour. Null if the term is new.';
revoke all on function private.trend_hours_of (public.trend_kind, text, timestamptz) from public, anon, authenticated, service_role;

create function private.trend_histories(terms jsonb, until_at timestamptz)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(jsonb_build_array(hours.in_hour, hours.in_half_day, hours.in_day, hours.in_week) order by asked.place)
    from jsonb_array_elements(trend_histories.terms) with ordinality as asked (term, place)
    cross join lateral private.trend_hours_of(
      (asked.term ->> 'kind')::public.trend_kind, asked.term ->> 'term', trend_histories.until_at
    ) as hours
  );
end;
$$;

comment on function private.trend_histories is 'For each of these {kind, term}: what trend_hours_of() says about the four windows.';
revoke all on function private.trend_histories (jsonb, timestamptz) from public, anon, authenticated, service_role;
