/*
 * counts
 *
 * How many people use a term in the last hour, 12 hours, 24 hours and 7 days. A person counts
 * if enough people vouch for them (73-trust), and once for each term: their latest use decides in which windows. A
 * voice counts once too: ten people who post one text are one.
 *
 *     uses (20-uses.sql) → people: the latest use of each → voices → counts
 *
 * Each function below takes what changed one step further.
 */

-- Tables ---------------------------------------------------------------------

create table private.trend_people (
  kind        public.trend_kind  not null,
  term        text                not null,
  profile_id  uuid                not null,
  post_id     bigint              not null,
  voice       uuid                not null,
  language    text,

  -- It begins with the person. A term may have very many people, and the planner must not take
  -- an index of the term to find one of them.
  primary key (profile_id, kind, term)
);

comment on table  private.trend_people is 'The latest use of each term by each person who counts.';
comment on column private.trend_people.voice is 'Who speaks in this post: see private.trend_voice().';
comment on column private.trend_people.language is 'The language of this post, without script and region, or null.';
revoke all on private.trend_people from public, anon, authenticated, service_role;

-- The latest use of a voice.
create index trend_people_voice_idx on private.trend_people (voice, kind, term, post_id desc);
-- The newest people of a term. A query has to say "post_id > 0", which is always true. Otherwise the
-- planner would take this index to find one person.
create index trend_people_latest_idx on private.trend_people (kind, term, post_id desc) where post_id > 0;

create table private.trend_voices (
  kind     public.trend_kind  not null,
  term     text                not null,
  voice    uuid                not null,
  post_id  bigint              not null,
  level    smallint            not null check (level between 1 and 4),

  primary key (kind, term, voice)
);

comment on table  private.trend_voices is 'The latest use of each term by each voice.';
comment on column private.trend_voices.level is 'The smallest window that has this use. 1: the last hour, 2: 12 hours, 3: 24 hours, 4: seven days.';
revoke all on private.trend_voices from public, anon, authenticated, service_role;

-- The uses that leave a window.
create index trend_voices_level_post_id_idx on private.trend_voices (level, post_id);

create table private.trend_counts (
  kind         public.trend_kind  not null,
  term         text                not null,
  in_hour      integer             not null,
  in_half_day  integer             not null,
  in_day       integer             not null,
  in_week      integer             not null check (in_week > 0),

  primary key (kind, term)
);

comment on table  private.trend_counts is 'How many voices use a term now, in each window. A row for each term with at least one.';
comment on column private.trend_counts.in_hour is 'In the last hour.';
comment on column private.trend_counts.in_half_day is 'In the last 12 hours.';
comment on column private.trend_counts.in_day is 'In the last 24 hours.';
comment on column private.trend_counts.in_week is 'In the last seven days.';
revoke all on private.trend_counts from public, anon, authenticated, service_role;

-- The terms with the most people, for each window.
create index trend_counts_in_hour_idx on private.trend_counts (kind, in_hour desc) where in_hour >= 3;
create index trend_counts_in_half_day_idx on private.trend_counts (kind, in_half_day desc) where in_half_day >= 3;
create index trend_counts_in_day_idx on private.trend_counts (kind, in_day desc) where in_day >= 3;
create index trend_counts_in_week_idx on private.trend_counts (kind, in_week desc) where in_week >= 3;

-- Windows --------------------------------------------------------------------

-- Hours and not days: a day may have 23 hours.
create function private.trend_window(level integer)
returns interval
language sql
immutable
parallel safe
security invoker
return make_interval(hours => (array[1, 12, 24, 168])[trend_window.level]);

comment on function private.trend_window is 'How long the window of a level is.';
revoke all on function private.trend_window (integer) from public, anon, authenticated, service_role;

create function private.trend_level(at timestamptz, post_id bigint)
returns smallint
language sql
immutable
parallel safe
security invoker
return case
  when trend_level.post_id >= private.first_id(trend_level.at - private.trend_window(1)) then 1
  when trend_level.post_id >= private.first_id(trend_level.at - private.trend_window(2)) then 2
  when trend_level.post_id >= private.first_id(trend_level.at - private.trend_window(3)) then 3
  else 4
end::smallint;

comment on function private.trend_level is 'The level of the smallest window that has a post at that time.';
revoke all on function private.trend_level (timestamptz, bigint) from public, anon, authenticated, service_role;

-- Refresh --------------------------------------------------------------------

create function private.refresh_trend_people(people private.trend_key[])
returns private.trend_key[]
language plpgsql
volatile
security invoker
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  keys private.trend_key[];
begin
  with compared as materialized (
    select
      person.kind, person.term, person.id as profile_id,
      old.voice as old_voice, latest.post_id, latest.voice, latest.language
    from unnest(refresh_trend_people.people) as person
    left join private.trend_people as old
      on old.kind = person.kind and old.term = person.term and old.profile_id = person.id
    left join private.trust on trust.profile_id = person.id and trust.counts
    left join lateral (
      select trend_uses.post_id, trend_uses.voice, trend_uses.language
      from private.trend_uses
      where trend_uses.kind = person.kind
        and trend_uses.term = person.term
        and trend_uses.profile_id = trust.profile_id
      order by trend_uses.post_id desc
      limit 1
    ) as latest on true
    where (old.post_id, old.voice, old.language) is distinct from (latest.post_id, latest.voice, latest.language)
  ),
  removed as (
    delete from private.trend_people
    using compared
    where compared.post_id is null
      and trend_people.kind = compared.kind
      and trend_people.term = compared.term
      and trend_people.profile_id = compared.profile_id
  ),
  written as (
    insert into private.trend_people (kind, term, profile_id, post_id, voice, language)
    select
      compared.kind, compared.term, compared.profile_id, compared.post_id, compared.voice, compared.language
    from compared
    where compared.post_id is not null
    on conflict (profile_id, kind, term) do update
    set post_id = excluded.post_id, voice = excluded.voice, language = excluded.language
  )
  select array_agg(row(changed.kind, changed.term, changed.voice)::private.trend_key)
  into keys
  from (
    select compared.kind, compared.term, compared.old_voice as voice
    from compared
    where compared.old_voice is not null
    union
    select compared.kind, compared.term, compared.voice
    from compared
    where compared.voice is not null
  ) as changed;
  return keys;
end;
$$;

comment on function private.refresh_trend_people is 'Finds the latest use of each of these people. Answers the voices to look at.';
revoke all on function private.refresh_trend_people (private.trend_key[]) from public, anon, authenticated, service_role;

-- The time that passes moves a use from one window to the next.
create function private.aged_trend_voices(at timestamptz, most integer)
returns private.trend_key[]
language sql
stable
security invoker
return array(
  select row(aged.kind, aged.term, aged.voice)::private.trend_key
  from (values (1), (2), (3)) as window_of (level)
  cross join lateral (
    select trend_voices.kind, trend_voices.term, trend_voices.voice
    from private.trend_voices
    where trend_voices.level = window_of.level
      and trend_voices.post_id < private.first_id(aged_trend_voices.at - private.trend_window(window_of.level))
    order by trend_voices.post_id
    limit aged_trend_voices.most
  ) as aged
);

comment on function private.aged_trend_voices is 'Voices whose latest use left its window: up to most for each window.';
revoke all on function private.aged_trend_voices (timestamptz, integer) from public, anon, authenticated, service_role;

create function private.refresh_trend_counts(at timestamptz, voices private.trend_key[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  with compared as materialized (
    select
      voice.kind, voice.term, voice.id as voice,
      old.level as old_level, latest.post_id,
      case
        when latest.post_id is not null then private.trend_level(refresh_trend_counts.at, latest.post_id)
      end as level
    from (select distinct key.kind, key.term, key.id from unnest(refresh_trend_counts.voices) as key) as voice
    left join private.trend_voices as old
      on old.kind = voice.kind and old.term = voice.term and old.voice = voice.id
    left join lateral (
      select trend_people.post_id
      from private.trend_people
      where trend_people.kind = voice.kind and trend_people.term = voice.term and trend_people.voice = voice.id
      order by trend_people.post_id desc
      limit 1
    ) as latest on true
  ),
  removed as (
    delete from private.trend_voices
    using compared
    where compared.post_id is null
      and trend_voices.kind = compared.kind
      and trend_voices.term = compared.term
      and trend_voices.voice = compared.voice
  ),
  written as (
    insert into private.trend_voices as voices (kind, term, voice, post_id, level)
    select compared.kind, compared.term, compared.voice, compared.post_id, compared.level
    from compared
    where compared.post_id is not null
    on conflict (kind, term, voice) do update
    set post_id = excluded.post_id, level = excluded.level
    where (voices.post_id, voices.level) is distinct from (excluded.post_id, excluded.level)
  ),
  totals as materialized (
    select
      change.kind, change.term,
      coalesce(old.in_hour, 0) + change.in_hour as in_hour,
      coalesce(old.in_half_day, 0) + change.in_half_day as in_half_day,
      coalesce(old.in_day, 0) + change.in_day as in_day,
      coalesce(old.in_week, 0) + change.in_week as in_week
    from (
      select
        compared.kind, compared.term,
        count(*) filter (where compared.level <= 1) - count(*) filter (where compared.old_level <= 1) as in_hour,
        count(*) filter (where compared.level <= 2) - count(*) filter (where compared.old_level <= 2) as in_half_day,
        count(*) filter (where compared.level <= 3) - count(*) filter (where compared.old_level <= 3) as in_day,
        count(compared.level) - count(compared.old_level) as in_week
      from compared
      where compared.level is distinct from compared.old_level
      group by compared.kind, compared.term
    ) as change
    left join private.trend_counts as old on old.kind = change.kind and old.term = change.term
  ),
  forgotten as (
    delete from private.trend_counts
    using totals
    where totals.in_week = 0
      and trend_counts.kind = totals.kind
      and trend_counts.term = totals.term
  )
  insert into private.trend_counts (kind, term, in_hour, in_half_day, in_day, in_week)
  select totals.kind, totals.term, totals.in_hour, totals.in_half_day, totals.in_day, totals.in_week
  from totals
  where totals.in_week > 0
  on conflict (kind, term) do update
  set in_hour = excluded.in_hour,
      in_half_day = excluded.in_half_day,
      in_day = excluded.in_day,
      in_week = excluded.in_week;
end;
$$;

comment on function private.refresh_trend_counts is 'Finds the latest use of each of these voices, and adds what changed to the counts.';
revoke all on function private.refresh_trend_counts (timestamptz, private.trend_key[]) from public, anon, authenticated, service_role;
