/*
 * trends
 *
 * What trends now, and what trended in the last 90 days, with all numbers that decided it. The job
 * trends (edge-functions/_shared/trends/refresh.ts) runs each minute in which something could change.
 * It counts what is new, asks for the terms that could trend (53-candidates.sql), scores them, and gives
 * the scores to write_trends(). What people read of it is in 56-reading.sql.
 */

-- Tables ---------------------------------------------------------------------

-- Each period has two windows, a short and a long one. Their places are its own and the next one:
-- an hour, half a day, a day, a week.
create type public.trend_period as enum ('hour', 'day', 'week');
comment on type public.trend_period is 'How long a trend takes: a burst of an hour, the topic of a day, the topic of a week.';

create function private.shown_level(period public.trend_period)
returns integer
language sql
immutable
parallel safe
security invoker
return case shown_level.period when 'hour' then 1 when 'day' then 3 else 4 end;

comment on function private.shown_level is 'The window whose people are shown for a period: its own length. See private.trend_window().';
revoke all on function private.shown_level (public.trend_period) from public, anon, authenticated, service_role;

create table private.trends (
  kind       public.trend_kind    not null,
  term       text                  not null,
  period     public.trend_period   not null,
  since_at   timestamptz           not null,
  scored_at  timestamptz           not null,
  score      double precision      not null,
  short      private.trend_facts  not null,
  long       private.trend_facts  not null,
  language   text,

  primary key (kind, term, period)
);

comment on table  private.trends is 'What trends now.';
comment on column private.trends.since_at is 'When it began to trend.';
comment on column private.trends.scored_at is 'When it was scored last. The windows end there.';
comment on column private.trends.score is '10 to the power of minus this is the probability that chance alone brings these people.';
comment on column private.trends.short is 'The short window of the period.';
comment on column private.trends.long is 'The long window of the period.';
comment on column private.trends.language is 'The language that most of the people write in, without a region. Null if nobody says it.';
revoke all on private.trends from public, anon, authenticated, service_role;

-- The trends of a period, the most surprising ones first.
create index trends_kind_period_score_idx on private.trends (kind, period, score desc);

create type private.trend_event as enum ('began', 'stays', 'ended');
comment on type private.trend_event is 'Why there is a row in the history of trends.';

create table private.trend_history (
  kind       public.trend_kind    not null,
  term       text                  not null,
  period     public.trend_period   not null,
  scored_at  timestamptz           not null,
  event      private.trend_event   not null,
  since_at   timestamptz           not null,
  score      double precision      not null,
  short      private.trend_facts  not null,
  long       private.trend_facts  not null,

  -- What a term did before a moment.
  primary key (kind, term, period, scored_at)
);

comment on table private.trend_history is 'A row when a trend begins, one when it ends, and one each hour between. Kept for 90 days.';
revoke all on private.trend_history from public, anon, authenticated, service_role;

-- Old rows.
create index trend_history_scored_at_idx on private.trend_history (scored_at);

-- A forecast reads the hours of four weeks. So it is computed once an hour, when a term is looked
-- at first.
create table private.trend_forecasts (
  kind     public.trend_kind  not null,
  term     text                not null,
  hour_at  timestamptz         not null,
  at_last  jsonb               not null,
  at_next  jsonb               not null,

  primary key (kind, term)
);

comment on table  private.trend_forecasts is 'The forecasts of the terms that could trend. Each hour replaces them.';
comment on column private.trend_forecasts.hour_at is 'The end of the last hour that they know.';
comment on column private.trend_forecasts.at_last is 'For the end of that hour: {people, spread} for an hour, half a day, a day and a week.';
comment on column private.trend_forecasts.at_next is 'For the end of the hour after it.';
revoke all on private.trend_forecasts from public, anon, authenticated, service_role;

-- Old rows.
create index trend_forecasts_hour_at_idx on private.trend_forecasts (hour_at);

-- Writing --------------------------------------------------------------------

create function private.language_of_trend(kind public.trend_kind, term text)
returns text
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    select mode() within group (order by newest.language)
    from (
      select trend_people.language
      from private.trend_people
      where trend_people.kind = language_of_trend.kind and trend_people.term = language_of_trend.term
        -- For the index: see 30-counts.sql.
        and trend_people.post_id > 0
      order by trend_people.post_id desc
      limit 1000
    ) as newest
  );
end;
$$;

comment on function private.language_of_trend is 'The language that most of the newest 1,000 people of a term write in, without a region. Null if none of them says it.';
revoke all on function private.language_of_trend (public.trend_kind, text) from public, anon, authenticated, service_role;

-- A trend that nobody scored stays as it is. That happens while its forecast is not there yet.
create function private.write_trends(scored jsonb, forecasts jsonb default '[]')
returns table (began integer, ended integer)
language plpgsql
volatile
security invoker
set search_path = ''
rows 1
as $$
declare
  state private.trend_state;
begin
  select trend_state.* into state
  from private.trend_state;

  insert into private.trend_forecasts (kind, term, hour_at, at_last, at_next)
  select computed.kind, computed.term, state.closed_at, computed.last, computed.next
  from jsonb_to_recordset(forecasts) as computed (kind public.trend_kind, term text, last jsonb, next jsonb)
  on conflict on constraint trend_forecasts_pkey do update
  set hour_at = excluded.hour_at, at_last = excluded.at_last, at_next = excluded.at_next;
  delete from private.trend_forecasts
  where trend_forecasts.hour_at < state.closed_at;

  return query
  with found as materialized (
    select found.*
    from jsonb_to_recordset(scored) as found (
      kind public.trend_kind, term text, period public.trend_period, trends boolean, score double precision,
      short private.trend_facts, long private.trend_facts
    )
  ),
  -- Where there is no row of the history since the last hour began, there is a new one.
  told as materialized (
    select
      found.*, old.since_at, old.term is null as is_new,
      old.term is null or not found.trends or not exists (
        select
        from private.trend_history
        where trend_history.kind = found.kind and trend_history.term = found.term
          and trend_history.period = found.period and trend_history.scored_at >= state.closed_at
      ) as is_told
    from found
    left join private.trends as old
      on old.kind = found.kind and old.term = found.term and old.period = found.period
    where found.trends or old.term is not null
  ),
  kept as (
    insert into private.trends as trend (kind, term, period, since_at, scored_at, score, short, long, language)
    select
      told.kind, told.term, told.period, state.refreshed_at, state.refreshed_at, told.score, told.short, told.long,
      case when told.is_told then private.language_of_trend(told.kind, told.term) end
    from told
    where told.trends
    on conflict on constraint trends_pkey do update
    set
      scored_at = excluded.scored_at, score = excluded.score, short = excluded.short, long = excluded.long,
      language = coalesce(excluded.language, trend.language)
  ),
  removed as (
    delete from private.trends
    using told
    where trends.kind = told.kind and trends.term = told.term and trends.period = told.period and not told.trends
  ),
  remembered as (
    insert into private.trend_history (kind, term, period, scored_at, event, since_at, score, short, long)
    select
      told.kind, told.term, told.period, state.refreshed_at,
      case when told.is_new then 'began' when told.trends then 'stays' else 'ended' end::private.trend_event,
      coalesce(told.since_at, state.refreshed_at), told.score, told.short, told.long
    from told
    where told.is_told
    on conflict on constraint trend_history_pkey do update
    set event = excluded.event, score = excluded.score, short = excluded.short, long = excluded.long
  )
  select
    count(*) filter (where told.is_new)::integer,
    count(*) filter (where not told.trends)::integer
  from told;
end;
$$;

comment on function private.write_trends is 'Writes what trends now, and the history. scored has {kind, term, period, trends, score, short, long} for everything that was scored and trends or trended. forecasts has {kind, term, last, next} for what was computed. Answers how many trends began and ended.';
revoke all on function private.write_trends (jsonb, jsonb) from public, anon, authenticated, service_role;
