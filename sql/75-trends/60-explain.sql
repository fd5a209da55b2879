/*
 * explain
 *
 * Why a tag or link trends, trended or does not: explain_trend() answers what was stored, and
 * computes everything again (59-recomputing.sql). So everybody can check that a trend was not
 * bought, and that nobody was left out. It says nothing about who the people are.
 *
 * Nobody may know who counts. So for a term that fewer than three people use in the long window, it says 0. With
 * exact numbers, a term that only one account uses would say whether this account counts.
 */

-- Stored ---------------------------------------------------------------------

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

create function private.told_people(counts integer[], long_level integer)
returns integer[]
language sql
immutable
parallel safe
security invoker
return case
  when coalesce(told_people.counts[told_people.long_level], told_people.counts[1]) < 3 then array(
    select 0 * window_of.people
    from unnest(told_people.counts) with ordinality as window_of (people, level)
    order by window_of.level
  )
  else told_people.counts
end;

comment on function private.told_people is 'The people of the windows, as everybody may know them: 0 everywhere if the long window has fewer than three, or the first one if the long one is null. A null stays null.';
revoke all on function private.told_people (integer[], integer) from public, anon, authenticated, service_role;

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
  recounted integer[];
  short private.trend_facts;
  long private.trend_facts;
  is_recomputed boolean;
  score double precision;
begin
  if stored.event <> 'ended' or stored.scored_at >= moment then
    moment := stored.scored_at;
  else
    stored := null;
    counts := private.told_people(private.trend_counts_at(explain_trend.kind, wanted, moment), long_level);
    network := private.told_people(private.trend_counts_at(explain_trend.kind, '', moment), long_level);
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
  recounted := private.told_people(
    array[
      private.recount_people(explain_trend.kind, wanted, short_level, moment),
      private.recount_people(explain_trend.kind, wanted, long_level, moment)
    ],
    2
  );

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
    'recounted', jsonb_build_object('short', recounted[1], 'long', recounted[2]),
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
