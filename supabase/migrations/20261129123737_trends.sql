/*
 * Trends: who counts, what is counted, scores, and what people read of them.
 *
 * The first part changes what was there. The second part holds the files of sql/73-trust and sql/75-trends as they
 * were then, one after the other. They are all new.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

-- Rows are filled and indexes built for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

create function private.first_id(at timestamptz)
returns bigint
language sql
immutable
parallel safe
security invoker
return floor((extract(epoch from first_id.at at time zone 'UTC') - 1767225600) * 1000)::bigint << 12;

comment on function private.first_id is 'The lowest id of the millisecond of this time. A row that was written earlier has a lower id.';
revoke all on function private.first_id (timestamptz) from public, anon, authenticated, service_role;

create function private.id_time(id bigint)
returns timestamptz
language sql
immutable
parallel safe
security invoker
return to_timestamp(1767225600 + (id_time.id >> 12) / 1000.0);

comment on function private.id_time is 'When the row with this id was written. It is exact to the millisecond.';
revoke all on function private.id_time (bigint) from public, anon, authenticated, service_role;

alter table public.profiles add column is_discoverable boolean not null default true;
comment on column public.profiles.is_discoverable is 'Whether they are suggested to others, and whether their posts and likes count in trends and may be shown there. It hides nothing.';
grant update (is_discoverable) on public.profiles to authenticated, service_role;

-- The type has a new column in the middle.
drop function public.me();
drop function private.me();
drop type public.own_profile;

/*
 * me
 *
 * Your own profile with its settings and counts, in one row: what a client asks for when it
 * starts. 10-profile-page.sql shows the profiles of others.
 */

create type public.own_profile as (
  id               uuid,
  username         text,
  display_name     text,
  bio              text,
  avatar_url       text,
  links            text[],
  is_private       boolean,
  is_searchable    boolean,
  is_discoverable  boolean,
  shows_likes      boolean,
  created_at       timestamptz,
  followers        bigint,
  following        bigint,
  posts            bigint,
  follow_requests  integer
);

comment on type   public.own_profile is 'Your own profile: its columns, with the settings among them, and its counts. follow_requests says how many people wait for your answer, up to 100.';
comment on column public.own_profile.avatar_url is 'An https address, or null.';

-- Definer, because nobody may read the totals of counts.
create function private.me()
returns public.own_profile
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  mine public.own_profile;
begin
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.is_searchable, profiles.is_discoverable, profiles.shows_likes,
    profiles.created_at, counts.followers, counts.following, private.author_posts(viewer_id, profiles.id),
    (
      select count(*)
      from (
        select from public.follow_requests
        where follow_requests.target_id = viewer_id
        limit 100
      ) as waiting
    )
  into mine
  from public.profiles
  cross join lateral private.follow_counts_of(viewer_id, profiles.id) as counts
  where profiles.id = viewer_id;

  if mine.id is null then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
  return mine;
end;
$$;

comment on function private.me is 'What public.me() answers.';
revoke all on function private.me () from public, anon, authenticated, service_role;
grant execute on function private.me () to authenticated;

create function public.me()
returns public.own_profile
language sql
stable
security invoker
return private.me();

comment on function public.me is 'Your own profile with its settings and counts.';
revoke all on function public.me () from public, anon, authenticated, service_role;
grant execute on function public.me () to authenticated;

/*
 * trust
 *
 * How much each account is trusted. Anybody can make accounts, so an account that nobody real has to
 * do with must not weigh anything. Trust begins at a few accounts (20-seeds.sql) and moves to the
 * people that they have to do with (30-interactions.sql). edge-functions/_shared/trust computes
 * it from what 40-refresh.sql shows, and 50-jobs.sql says when.
 *
 * Nobody reads it, neither their own nor that of others. It decides who counts in trends, who may
 * do more in their first week (10-people/12-budgets.sql), and how followers weigh in the search
 * for people. docs/explanation/trust.md has the rule and its limits.
 */

-- Table ----------------------------------------------------------------------

-- No foreign key: a deletion of an account would wait for write_trust(). The next refresh deletes
-- the rows of deleted accounts.
create table private.trust (
  profile_id  uuid         primary key,
  weight      real         not null default 1 check (weight > 0 and weight <= 1),
  counts      boolean      not null default true,
  since_at    timestamptz  not null default now()
);

comment on table  private.trust is 'The people who are trusted. Everybody else has the weight 0. write_trust() writes it. A ban deletes the row.';
comment on column private.trust.weight is 'How much they are trusted. At most 1.';
comment on column private.trust.counts is 'Whether they count in trends. For this, two people who count have to vouch for them.';
comment on column private.trust.since_at is 'Since when they have been trusted without a break.';
revoke all on private.trust from public, anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

create function private.trust_of(profile_id uuid)
returns real
language sql
stable
security invoker
return coalesce((select trust.weight from private.trust where trust.profile_id = trust_of.profile_id), 0);

comment on function private.trust_of is 'How much somebody is trusted, from 0 to 1.';
revoke all on function private.trust_of (uuid) from public, anon, authenticated, service_role;

create function private.trust_lock()
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended('trust', 0);

comment on function private.trust_lock is 'The number of the advisory lock of those who change private.trust.';
revoke all on function private.trust_lock () from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Trust comes back when it is computed again after the end of the ban. Definer, because Auth has no
-- rights here.
create function private.users_lose_trust()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(private.trust_lock());
  delete from private.trust
  where trust.profile_id = new.id;
  insert into private.trend_changes (lane, profile_id)
  values ('person', new.id);
  return null;
end;
$$;

comment on function private.users_lose_trust is 'Takes the trust of an account away when it is banned. Trends look at its posts after every change of a ban.';
revoke all on function private.users_lose_trust () from public, anon, authenticated, service_role;

create trigger users_lose_trust
  after update of banned_until on auth.users
  for each row
  when (new.banned_until is distinct from old.banned_until)
  execute function private.users_lose_trust();

/*
 * seeds
 *
 * The accounts where trust begins. The service role names them. Without any, the oldest accounts
 * are the seeds. edge-functions/_shared/trust/seeds.ts says how many.
 */

-- Table ----------------------------------------------------------------------

create table private.trust_seeds (
  profile_id  uuid         primary key references public.profiles (id) on delete cascade,
  created_at  timestamptz  not null default now()
);

comment on table private.trust_seeds is 'The accounts where trust begins. If there are none, the oldest accounts are the seeds.';
revoke all on private.trust_seeds from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

-- Definer, because nobody may write seeds.
create function private.set_trust_seed(profile_id uuid, is_seed boolean)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if not exists (select from public.profiles where profiles.id = set_trust_seed.profile_id) then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
  if is_seed then
    insert into private.trust_seeds (profile_id)
    values (set_trust_seed.profile_id)
    on conflict do nothing;
  else
    delete from private.trust_seeds
    where trust_seeds.profile_id = set_trust_seed.profile_id;
  end if;
end;
$$;

comment on function private.set_trust_seed is 'What public.set_trust_seed() does.';
revoke all on function private.set_trust_seed (uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function private.set_trust_seed (uuid, boolean) to service_role;

create function public.set_trust_seed(profile_id uuid, is_seed boolean default true)
returns void
language sql
volatile
security invoker
begin atomic
  select private.set_trust_seed(set_trust_seed.profile_id, set_trust_seed.is_seed);
end;

comment on function public.set_trust_seed is 'Says that trust begins at an account, or not any more. If there are seeds, only they are seeds, and one of them is enough to vouch for somebody. It takes effect when trust is computed again: within ten minutes, or at 04:23 UTC if there are more than 10,000 people. Only for the service role.';
revoke all on function public.set_trust_seed (uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function public.set_trust_seed (uuid, boolean) to service_role;

/*
 * interactions
 *
 * The people that somebody answered, quoted or reposted in the last 90 days. One row for two people,
 * with the latest post. A job collects what is new every ten minutes, in the order of ids. So writing a post
 * costs nothing more. Another job deletes what is over.
 */

-- Tables ---------------------------------------------------------------------

-- No foreign keys: they would cost a lookup for each row, and forget_interactions() looks anyway.
create table private.interactions (
  giver_id     uuid    not null,
  receiver_id  uuid    not null,
  post_id      bigint  not null,

  primary key (giver_id, receiver_id)
);

comment on table  private.interactions is 'The people that somebody answered, quoted or reposted in the last 90 days.';
comment on column private.interactions.giver_id is 'The person who answered, quoted or reposted.';
comment on column private.interactions.receiver_id is 'The person whose post it was.';
comment on column private.interactions.post_id is 'The latest post with which the giver did so.';
revoke all on private.interactions from public, anon, authenticated, service_role;

create table private.interaction_state (
  only_row         boolean  primary key default true check (only_row),
  collected_to_id  bigint   not null default private.first_id(now() - interval '2160 hours'),
  checked_giver    uuid     not null default '00000000-0000-0000-0000-000000000000',
  checked_receiver uuid     not null default '00000000-0000-0000-0000-000000000000'
);

comment on table  private.interaction_state is 'One row: how far the two jobs are.';
comment on column private.interaction_state.collected_to_id is 'Posts with lower ids were collected.';
comment on column private.interaction_state.checked_giver is 'With checked_receiver: forget_interactions() goes on after this row.';
revoke all on private.interaction_state from public, anon, authenticated, service_role;

insert into private.interaction_state default values;

-- Jobs -----------------------------------------------------------------------

-- A post gets its id before it is committed. Five minutes are longer than a request may take, so no
-- post appears behind the mark. An import that takes longer, or that writes old ids, is not collected.
create function private.collect_interactions(at timestamptz default now(), most integer default 100000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  from_id bigint;
  last_id bigint;
  read integer;
begin
  -- Another run waits here.
  select interaction_state.collected_to_id into from_id
  from private.interaction_state
  for update;

  select max(batch.id), count(*) into last_id, read
  from (
    select posts.id
    from public.posts
    where posts.id >= from_id
      and posts.id < private.first_id(collect_interactions.at - interval '5 minutes')
    order by posts.id
    limit collect_interactions.most
  ) as batch;
  if read = 0 then
    return 0;
  end if;

  insert into private.interactions as known (giver_id, receiver_id, post_id)
  select posts.author_id, target.author_id, max(posts.id)
  from public.posts
  cross join unnest(array[posts.reply_to_id, posts.quote_of_id, posts.repost_of_id]) as reference (id)
  join public.posts as target on target.id = reference.id
  where posts.id between from_id and last_id
    and target.author_id <> posts.author_id
  group by posts.author_id, target.author_id
  on conflict (giver_id, receiver_id) do update
  set post_id = excluded.post_id
  where known.post_id < excluded.post_id;

  update private.interaction_state
  set collected_to_id = last_id + 1;
  return read;
end;
$$;

comment on function private.collect_interactions is 'Collects the interactions of up to most new posts, and answers how many posts it read.';
revoke all on function private.collect_interactions (timestamptz, integer) from public, anon, authenticated, service_role;

-- A post that is deleted soon must not leave trust behind. So each row is looked at again and again.
create function private.forget_interactions(most integer default 100000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  state private.interaction_state;
  ends_at private.interactions;
  forgotten integer;
begin
  select interaction_state.* into state
  from private.interaction_state
  for update;

  with looked_at as materialized (
    select interactions.*, row_number() over (order by interactions.giver_id, interactions.receiver_id) as place
    from private.interactions
    where (interactions.giver_id, interactions.receiver_id) > (state.checked_giver, state.checked_receiver)
    order by interactions.giver_id, interactions.receiver_id
    limit forget_interactions.most
  ),
  deleted as (
    delete from private.interactions
    using looked_at
    left join public.posts on posts.id = looked_at.post_id
    left join public.profiles on profiles.id = looked_at.receiver_id
    where interactions.giver_id = looked_at.giver_id
      and interactions.receiver_id = looked_at.receiver_id
      and (
        looked_at.post_id < private.first_id(now() - interval '2160 hours')
        or posts.id is null
        or profiles.id is null
      )
    returning interactions.giver_id
  )
  select amount.deleted, last.giver_id, last.receiver_id
  into forgotten, ends_at.giver_id, ends_at.receiver_id
  from (select count(*) as deleted from deleted) as amount
  left join looked_at as last on last.place = forget_interactions.most;

  -- If fewer were left, the next run begins again.
  update private.interaction_state
  set checked_giver = coalesce(ends_at.giver_id, '00000000-0000-0000-0000-000000000000'),
      checked_receiver = coalesce(ends_at.receiver_id, '00000000-0000-0000-0000-000000000000');
  return forgotten;
end;
$$;

comment on function private.forget_interactions is 'Looks at the next interactions, up to most, and deletes those that are older than 90 days, whose post is deleted, or whose receiver is. Answers how many it deleted.';
revoke all on function private.forget_interactions (integer) from public, anon, authenticated, service_role;

/*
 * refreshing trust
 *
 * What edge-functions/_shared/trust/refresh.ts reads and writes. It reads each view once, as a whole.
 */

-- Reading --------------------------------------------------------------------

-- An account of the last week cannot be a seed by its age, unless the network itself is new.
create view private.trust_people
with (security_invoker = on)
as
select
  profiles.id,
  profiles.created_at <= now() - interval '168 hours' as is_old,
  profiles.created_at <= greatest(
    now() - interval '168 hours',
    (select min(oldest.created_at) from public.profiles as oldest) + interval '24 hours'
  ) as is_early,
  trust_seeds.profile_id is not null as is_seed
from public.profiles
left join private.trust_seeds on trust_seeds.profile_id = profiles.id
where not exists (select from auth.users where users.id = profiles.id and users.banned_until > now())
order by profiles.created_at, profiles.id;

comment on view   private.trust_people is 'Everybody who can be trusted, the oldest accounts first. A banned account cannot.';
comment on column private.trust_people.is_old is 'Whether the account is at least seven days old.';
comment on column private.trust_people.is_early is 'Whether it may be a seed if nobody named any.';
comment on column private.trust_people.is_seed is 'Whether somebody named it as a seed.';
revoke all on private.trust_people from public, anon, authenticated, service_role;

-- Each view has one row for a person, with the ids of the others one after the other. One row for
-- each pair would cost five times as much. They join nothing: TypeScript puts them together.
create view private.trust_answered
with (security_invoker = on)
as
select interactions.giver_id as profile_id, string_agg(uuid_send(interactions.receiver_id), ''::bytea) as others
from private.interactions
group by interactions.giver_id;

comment on view   private.trust_answered is 'The people that somebody answered, quoted or reposted.';
comment on column private.trust_answered.others is 'Their ids, of 16 bytes each.';
revoke all on private.trust_answered from public, anon, authenticated, service_role;

create view private.trust_following
with (security_invoker = on)
as
select follows.follower_id as profile_id, string_agg(uuid_send(follows.followee_id), ''::bytea) as others
from public.follows
group by follows.follower_id;

comment on view   private.trust_following is 'The people that somebody follows.';
comment on column private.trust_following.others is 'Their ids, of 16 bytes each.';
revoke all on private.trust_following from public, anon, authenticated, service_role;

create view private.trust_shunned
with (security_invoker = on)
as
select blocks.blocker_id as profile_id, string_agg(uuid_send(blocks.blocked_id), ''::bytea) as others
from public.blocks
group by blocks.blocker_id
union all
select mutes.muter_id, string_agg(uuid_send(mutes.muted_id), ''::bytea)
from public.mutes
where mutes.muted_until is null or mutes.muted_until > now()
group by mutes.muter_id;

comment on view   private.trust_shunned is 'The people that somebody blocks or mutes. They get no trust from this person. Two rows if both.';
comment on column private.trust_shunned.others is 'Their ids, of 16 bytes each.';
revoke all on private.trust_shunned from public, anon, authenticated, service_role;

-- Writing --------------------------------------------------------------------

-- Everything was computed without a lock. A ban that came meanwhile is seen here, because
-- users_lose_trust() takes the same lock. Rows that did not change are not written again.
create function private.write_trust(profile_ids uuid[], weights real[], counts boolean[])
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  written integer;
begin
  perform pg_advisory_xact_lock(private.trust_lock());
  with wanted as materialized (
    select computed.profile_id, computed.weight, computed.counts
    from unnest(write_trust.profile_ids, write_trust.weights, write_trust.counts)
      as computed (profile_id, weight, counts)
    join public.profiles on profiles.id = computed.profile_id
    where not exists (
      select from auth.users
      where users.id = computed.profile_id and users.banned_until > clock_timestamp()
    )
  ),
  compared as materialized (
    select
      coalesce(wanted.profile_id, trust.profile_id) as profile_id, wanted.weight, wanted.counts,
      coalesce(wanted.counts, false) <> coalesce(trust.counts, false) as changes_trends
    from wanted
    full join private.trust on trust.profile_id = wanted.profile_id
    where (wanted.weight, wanted.counts) is distinct from (trust.weight, trust.counts)
  ),
  removed as (
    delete from private.trust
    using compared
    where trust.profile_id = compared.profile_id and compared.weight is null
  ),
  added as (
    insert into private.trust (profile_id, weight, counts)
    select compared.profile_id, compared.weight, compared.counts
    from compared
    where compared.weight is not null
    on conflict (profile_id) do update
    set weight = excluded.weight, counts = excluded.counts
  ),
  noticed as (
    insert into private.trend_changes (lane, profile_id)
    select 'person', compared.profile_id
    from compared
    where compared.changes_trends
  )
  select count(*) into written
  from compared;
  return written;
end;
$$;

comment on function private.write_trust is 'Replaces the trust of everybody: who is not in the arrays is not trusted any more. Answers how many people that changed. Trends look at the posts of those who begin or cease to count.';
revoke all on function private.write_trust (uuid[], real[], boolean[]) from public, anon, authenticated, service_role;

/*
 * jobs of trust
 *
 * When interactions are collected, and when trust is computed: by the worker
 * edge-functions/jobs/trust.ts.
 */

-- One waits at most.
do $$
begin
  perform pgboss.create_queue('trust', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 60,
    "expireInSeconds": 300, "retentionSeconds": 3600, "deleteAfterSeconds": 172800
  }');
end;
$$;

-- In a new network, people should not wait a day until they are trusted. In a large one, one day
-- changes little.
create function private.send_trust_if_due(at timestamptz default now())
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  small constant integer := 10000;
  is_large boolean := exists (select from public.profiles offset small);
begin
  if is_large and to_char(send_trust_if_due.at at time zone 'UTC', 'HH24:MI') not between '04:20' and '04:29' then
    return false;
  end if;
  perform private.send_job('trust');
  return true;
end;
$$;

comment on function private.send_trust_if_due is 'Adds a job that computes trust: always if there are at most 10,000 people, otherwise only from 04:20 to 04:29 UTC. Answers whether it is due.';
revoke all on function private.send_trust_if_due (timestamptz) from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('collect-interactions', '1-59/10 * * * *', 'select private.collect_interactions()');
    perform cron.schedule('forget-interactions', '2-59/10 * * * *', 'select private.forget_interactions()');
    perform cron.schedule('send-trust', '3-59/10 * * * *', 'select private.send_trust_if_due()');
  end if;
end;
$$;

/*
 * changes
 *
 * What trends have to look at. Triggers write a row here for each post and like that changes.
 * private.refresh_trends() takes the rows, and looks at the tables of that moment. So a row
 * says where to look and not what to find, and may be looked at late or twice. A slow
 * transaction loses nothing: its rows are seen when it commits.
 */

-- Table ----------------------------------------------------------------------

create type private.trend_lane as enum ('ordinary', 'bulk', 'person');
comment on type private.trend_lane is 'ordinary: changes of a few posts. bulk: one of many changes that came together, such as all posts of an account. person: all posts and likes of somebody.';

create table private.trend_changes (
  lane        private.trend_lane  not null,
  id          bigint              generated always as identity,
  post_id     bigint,
  profile_id  uuid,

  -- The rows of a lane, in order.
  primary key (lane, id)
);

comment on table  private.trend_changes is 'What trends have to look at. With a post only: the post. With both: what this person does with the post (like, reply, quote, repost). With a person only: everything that the person did in the last week.';
comment on column private.trend_changes.post_id is 'The post, or null.';
comment on column private.trend_changes.profile_id is 'The person, or null.';
revoke all on private.trend_changes from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

/*
 * These triggers run with every post and like. So they only read the rows of the
 * statement. Posts that are older than eight days count in no trend. If refreshes pause for more than
 * a day, the hours of the pause may count an old post that was deleted meanwhile.
 *
 * One person may change thousands of posts at once. If a statement causes more than 100 rows,
 * they wait in a lane of their own and do not delay the changes of others.
 *
 * Definer, here and below, because nobody may write the queue.
 */
create function private.posts_change_trends()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id)
  select
    case when count(*) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    change.post_id,
    change.profile_id
  from changed
  cross join lateral (
    -- Without tags, links and mentions, a new post changes nothing. A deleted one may have fans.
    select changed.id, null::uuid
    where changed.repost_of_id is null and (tg_op = 'DELETE' or changed.entities <> '[]')
    union all
    select target.id, changed.author_id
    from unnest(array[changed.reply_to_id, changed.quote_of_id, changed.repost_of_id]) as target (id)
    where target.id >= oldest_id and changed.is_open
  ) as change (post_id, profile_id)
  where changed.id >= oldest_id and (changed.is_open or tg_op = 'DELETE');
  return null;
end;
$$;

comment on function private.posts_change_trends is 'Has trends look at new and deleted posts, and at the posts that they answer, quote and repost.';
revoke all on function private.posts_change_trends () from public, anon, authenticated, service_role;

create trigger posts_change_trends_inserted
  after insert on public.posts
  referencing new table as changed
  for each statement
  execute function private.posts_change_trends();

create trigger posts_change_trends_deleted
  after delete on public.posts
  referencing old table as changed
  for each statement
  execute function private.posts_change_trends();

create function private.posts_change_trends_again()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id)
  select
    case when count(*) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    change.post_id,
    change.profile_id
  from before
  join after on after.id = before.id
  cross join lateral (
    select after.id, null::uuid
    where after.repost_of_id is null
      and (before.title, before.content, before.language, before.is_open)
        is distinct from (after.title, after.content, after.language, after.is_open)
    union all
    select target.id, after.author_id
    from unnest(array[after.reply_to_id, after.quote_of_id, after.repost_of_id]) as target (id)
    where target.id >= oldest_id and before.is_open <> after.is_open
  ) as change (post_id, profile_id)
  where after.id >= oldest_id;
  return null;
end;
$$;

comment on function private.posts_change_trends_again is 'Has trends look at posts whose text or language changed, and at posts that were opened or closed.';
revoke all on function private.posts_change_trends_again () from public, anon, authenticated, service_role;

create trigger posts_change_trends_again
  after update on public.posts
  referencing old table as before new table as after
  for each statement
  execute function private.posts_change_trends_again();

create function private.likes_change_trends()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id)
  select
    case when count(*) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    changed.post_id,
    changed.user_id
  from changed
  where changed.post_id >= oldest_id;
  return null;
end;
$$;

comment on function private.likes_change_trends is 'Has trends look at posts that somebody likes, or does not like any more.';
revoke all on function private.likes_change_trends () from public, anon, authenticated, service_role;

create trigger likes_change_trends_inserted
  after insert on public.likes
  referencing new table as changed
  for each statement
  execute function private.likes_change_trends();

create trigger likes_change_trends_deleted
  after delete on public.likes
  referencing old table as changed
  for each statement
  execute function private.likes_change_trends();

create function private.profiles_change_trends()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.trend_changes (lane, profile_id)
  values ('person', new.id);
  return null;
end;
$$;

comment on function private.profiles_change_trends is 'Has trends look at the posts and likes of somebody who switches is_discoverable.';
revoke all on function private.profiles_change_trends () from public, anon, authenticated, service_role;

create trigger profiles_change_trends
  after update of is_discoverable on public.profiles
  for each row
  when (old.is_discoverable <> new.is_discoverable)
  execute function private.profiles_change_trends();

/*
 * taking
 *
 * How a refresh takes changes from the queue (15-changes.sql): in order, the two lanes in turns, and
 * a person as all that they did in the last week.
 */

create type private.trend_fan as (
  post_id     bigint,
  profile_id  uuid
);

comment on type private.trend_fan is 'A post, and a person who may do something with it.';

create type private.trend_batch as (
  post_ids   bigint[],
  fans       private.trend_fan[],
  amount     integer,
  has_more   boolean
);

comment on type private.trend_batch is 'Changes that were taken from the queue: posts, and what people do with posts. has_more: the lane ordinary has more of them.';

/*
 * The two lanes take turns. So a change in one lane waits for at most as many of the other.
 * Changes of posts from `before_id` on stay in the queue.
 */
create function private.take_trend_changes(before_id bigint, most integer)
returns private.trend_batch
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  batch private.trend_batch;
begin
  with first as materialized (
    (
      select ordinary.lane, ordinary.id, row_number() over (order by ordinary.id) as place
      from private.trend_changes as ordinary
      where ordinary.lane = 'ordinary' and ordinary.post_id < before_id
      order by ordinary.id
      limit most
    )
    union all
    (
      select bulk.lane, bulk.id, row_number() over (order by bulk.id)
      from private.trend_changes as bulk
      where bulk.lane = 'bulk' and bulk.post_id < before_id
      order by bulk.id
      limit most
    )
  ),
  chosen as (
    select first.lane, first.id
    from first
    order by first.place, first.lane
    limit most
  ),
  taken as (
    delete from private.trend_changes
    using chosen
    where trend_changes.lane = chosen.lane and trend_changes.id = chosen.id
    returning trend_changes.post_id, trend_changes.profile_id
  )
  select
    array_agg(distinct taken.post_id) filter (where taken.profile_id is null),
    array_agg(distinct row(taken.post_id, taken.profile_id)::private.trend_fan)
      filter (where taken.profile_id is not null),
    count(*)
  into batch.post_ids, batch.fans, batch.amount
  from taken;

  batch.has_more := batch.amount = most and exists (
    select from private.trend_changes
    where trend_changes.lane = 'ordinary' and trend_changes.post_id < before_id
  );
  return batch;
end;
$$;

comment on function private.take_trend_changes is 'Takes up to most changes of posts with lower ids from the queue.';
revoke all on function private.take_trend_changes (bigint, integer) from public, anon, authenticated, service_role;

-- It finds the posts and likes that are committed by now. Each later one has a row of its own.
create function private.expand_people(at timestamptz, most integer)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(expand_people.at - interval '168 hours');
  people uuid[];
begin
  with taken as (
    delete from private.trend_changes
    where trend_changes.lane = 'person' and trend_changes.id in (
      select first.id
      from private.trend_changes as first
      where first.lane = 'person'
      order by first.id
      limit most
    )
    returning trend_changes.profile_id
  )
  select array_agg(distinct taken.profile_id) into people
  from taken;

  insert into private.trend_changes (lane, post_id, profile_id)
  select 'bulk', change.post_id, change.profile_id
  from unnest(people) as person (id)
  cross join lateral (
    select posts.id, null::uuid
    from public.posts
    where posts.author_id = person.id and posts.id >= oldest_id and posts.repost_of_id is null
    union all
    select target.id, person.id
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.quote_of_id, posts.repost_of_id]) as target (id)
    where posts.author_id = person.id and posts.id >= oldest_id and target.id >= oldest_id
    union all
    select likes.post_id, person.id
    from public.likes
    where likes.user_id = person.id and likes.id >= oldest_id and likes.post_id >= oldest_id
  ) as change (post_id, profile_id);
  return cardinality(people);
end;
$$;

comment on function private.expand_people is 'Takes up to most people from the queue, and puts each post and like of their seven days before a moment, and since then, into the lane bulk.';
revoke all on function private.expand_people (timestamptz, integer) from public, anon, authenticated, service_role;

/*
 * uses
 *
 * A use says that an open post of the last seven days, by somebody who is discoverable, says a
 * term. A term is a tag or a link. The empty term stands for the network: a post with a tag uses
 * the empty tag too, and a post with a link the empty link.
 */

-- Terms ----------------------------------------------------------------------

create type public.trend_kind as enum ('tag', 'link');
comment on type public.trend_kind is 'What a trend is about. tag: a tag, in lower case and without its sign. link: an address.';

create type private.trend_term as (
  kind  public.trend_kind,
  term  text
);

comment on type private.trend_term is 'A tag or a link. The empty term stands for the network.';

-- Capitals make no other host, and a fragment no other page.
create function private.trend_link(url text)
returns text
language sql
immutable
parallel safe
security invoker
return lower(substring(trend_link.url, '^[^/]*//[^/?#]*') collate pg_catalog.pg_c_utf8)
  || substring(trend_link.url, '^[^/]*//[^/?#]*([^#]*)');

comment on function private.trend_link is 'A link as trends count it: scheme and host in lower case, and without a fragment.';
revoke all on function private.trend_link (text) from public, anon, authenticated, service_role;

create function private.trend_terms(entities jsonb)
returns private.trend_term[]
language sql
immutable
parallel safe
security invoker
begin atomic
  with said as (
    select
      (entity.value ->> 'type')::public.trend_kind as kind,
      coalesce(entity.value ->> 'tag', private.trend_link(entity.value ->> 'url')) as term
    from jsonb_array_elements(trend_terms.entities) as entity
    where entity.value ->> 'type' in ('tag', 'link')
  ),
  kept as (
    select said.kind, said.term
    from said
    where char_length(said.term) <= 500
  )
  select coalesce(array_agg(row(term.kind, term.term)::private.trend_term), '{}')
  from (
    select kept.kind, kept.term from kept
    union
    select kept.kind, '' as term from kept
  ) as term;
end;

comment on function private.trend_terms is 'The terms among the entities of a text, with the empty term of each kind. A link of more than 500 characters is left out.';
revoke all on function private.trend_terms (jsonb) from public, anon, authenticated, service_role;

-- Voices ---------------------------------------------------------------------

-- Ten people who post one text are one voice. It is enough that the same text always gives the
-- same voice. So everything up to the next blank is taken for a part of a link or tag. A short
-- text does not show a campaign: many people write "Good morning".
create function private.trend_voice(title text, content text, author_id uuid)
returns uuid
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  fewest_letters constant integer := 24;
  words text := regexp_replace(trend_voice.title || ' ' || trend_voice.content, '(https?://|[#＃@＠])\S*', '', 'gi');
  capitals text := upper(normalize(words, nfkc) collate pg_catalog.pg_c_utf8);
  letters text := regexp_replace(lower(capitals), '[^[:alpha:]]+', '', 'g');
begin
  if char_length(letters) < fewest_letters then
    return trend_voice.author_id;
  end if;
  return md5(letters)::uuid;
end;
$$;

comment on function private.trend_voice is 'Who speaks in a post: a hash of the letters of its text, without tags, mentions and links. The author, if fewer than 24 letters are left.';
revoke all on function private.trend_voice (text, text, uuid) from public, anon, authenticated, service_role;

-- Table ----------------------------------------------------------------------

-- No foreign keys: the queue tells which posts are deleted.
create table private.trend_uses (
  kind        public.trend_kind  not null,
  term        text                not null,
  profile_id  uuid                not null,
  post_id     bigint              not null,
  voice    uuid                not null,
  language    text,

  -- The terms of a post. The oldest posts.
  primary key (post_id, kind, term)
);

comment on table  private.trend_uses is 'Which posts say which terms. Whether the author counts is not asked here.';
comment on column private.trend_uses.voice is 'Who speaks: see private.trend_voice().';
comment on column private.trend_uses.language is 'The language of the post, without script and region, or null.';
revoke all on private.trend_uses from public, anon, authenticated, service_role;

-- The latest use of a term by somebody.
create unique index trend_uses_latest_key on private.trend_uses (kind, term, profile_id, post_id);

-- Refresh --------------------------------------------------------------------

create type private.trend_key as (
  kind  public.trend_kind,
  term  text,
  id    uuid
);

comment on type private.trend_key is 'A term, and the person or the voice that says it.';

create function private.trend_language(language text)
returns text
language sql
immutable
parallel safe
security invoker
return split_part(trend_language.language, '-', 1);

comment on function private.trend_language is 'A language without script and region: pt for pt-BR.';
revoke all on function private.trend_language (text) from public, anon, authenticated, service_role;

-- Nested loops and indexes, here and in the next files: the work follows the changes, and not the
-- size of the tables. The planner cannot know how few the changes are.
create function private.refresh_trend_uses(at timestamptz, post_ids bigint[], most integer)
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
  oldest_id bigint := private.first_id(refresh_trend_uses.at - interval '168 hours');
  keys private.trend_key[];
begin
  with looked as materialized (
    select
      wanted.id as post_id, post.author_id, post.voice, post.language,
      coalesce(post.terms, '{}') as terms
    from unnest(refresh_trend_uses.post_ids) as wanted (id)
    left join lateral (
      select
        posts.author_id,
        private.trend_voice(posts.title, posts.content, posts.author_id) as voice,
        private.trend_language(posts.language) as language,
        private.trend_terms(posts.entities) as terms
      from public.posts
      join public.profiles on profiles.id = posts.author_id
      where posts.id = wanted.id
        and posts.id >= oldest_id
        and posts.is_open
        and posts.repost_of_id is null
        and posts.entities <> '[]'
        and profiles.is_discoverable
    ) as post on true
  ),
  old as materialized (
    select trend_uses.kind, trend_uses.term, trend_uses.profile_id
    from looked
    join private.trend_uses on trend_uses.post_id = looked.post_id
  ),
  removed as (
    delete from private.trend_uses
    using looked
    where trend_uses.post_id = looked.post_id
      and row(trend_uses.kind, trend_uses.term)::private.trend_term <> all (looked.terms)
  ),
  written as (
    insert into private.trend_uses as uses (kind, term, profile_id, post_id, voice, language)
    select said.kind, said.term, looked.author_id, looked.post_id, looked.voice, looked.language
    from looked
    cross join unnest(looked.terms) as said
    on conflict (post_id, kind, term) do update
    set voice = excluded.voice, language = excluded.language
    where (uses.voice, uses.language) is distinct from (excluded.voice, excluded.language)
    returning uses.kind, uses.term, uses.profile_id
  ),
  expired as (
    delete from private.trend_uses
    where (trend_uses.post_id, trend_uses.kind, trend_uses.term) in (
      select oldest.post_id, oldest.kind, oldest.term
      from private.trend_uses as oldest
      where oldest.post_id < oldest_id
      order by oldest.post_id, oldest.kind, oldest.term
      limit most
    )
    returning trend_uses.kind, trend_uses.term, trend_uses.profile_id
  )
  select array_agg(row(changed.kind, changed.term, changed.profile_id)::private.trend_key)
  into keys
  from (table old union table written union table expired) as changed;
  return keys;
end;
$$;

comment on function private.refresh_trend_uses is 'Writes the uses of these posts, and deletes up to most uses that are older than seven days. Answers the people to look at.';
revoke all on function private.refresh_trend_uses (timestamptz, bigint[], integer) from public, anon, authenticated, service_role;

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

/*
 * hours
 *
 * How many people used a term at the end of each hour. It never changes afterwards. The
 * score of a trend compares a term with its hours of the last weeks.
 */

create table private.trend_hours (
  kind         public.trend_kind  not null,
  term         text                not null,
  ended_at     timestamptz         not null,
  in_hour      integer             not null,
  in_half_day  integer             not null,
  in_day       integer             not null,
  in_week      integer             not null,

  -- The past of a term.
  primary key (kind, term, ended_at)
);

comment on table  private.trend_hours is 'The counts of the terms at the end of each hour, for 57 days. A term with fewer than three people in the last 24 hours has no row. The network always has one.';
comment on column private.trend_hours.ended_at is 'The end of the hour.';
comment on column private.trend_hours.in_hour is 'In the last hour.';
comment on column private.trend_hours.in_half_day is 'In the last 12 hours.';
comment on column private.trend_hours.in_day is 'In the last 24 hours.';
comment on column private.trend_hours.in_week is 'In the last seven days.';
revoke all on private.trend_hours from public, anon, authenticated, service_role;

-- The hours that are too old.
create index trend_hours_ended_at_idx on private.trend_hours (ended_at);

create function private.close_trend_hour(ended_at timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.trend_hours (kind, term, ended_at, in_hour, in_half_day, in_day, in_week)
  select
    trend_counts.kind, trend_counts.term, close_trend_hour.ended_at,
    trend_counts.in_hour, trend_counts.in_half_day, trend_counts.in_day, trend_counts.in_week
  from private.trend_counts
  where trend_counts.in_day >= 3 and trend_counts.term <> ''
  union all
  select
    network.kind, '', close_trend_hour.ended_at,
    coalesce(trend_counts.in_hour, 0), coalesce(trend_counts.in_half_day, 0),
    coalesce(trend_counts.in_day, 0), coalesce(trend_counts.in_week, 0)
  from unnest(enum_range(null::public.trend_kind)) as network (kind)
  left join private.trend_counts on trend_counts.kind = network.kind and trend_counts.term = '';

  delete from private.trend_hours
  where trend_hours.ended_at <= close_trend_hour.ended_at - interval '1368 hours';
end;
$$;

comment on function private.close_trend_hour is 'Writes the counts of this moment as the end of an hour, and deletes the hour of 57 days ago.';
revoke all on function private.close_trend_hour (timestamptz) from public, anon, authenticated, service_role;

/*
 * post heat
 *
 * How many people who count like, repost, answer or quote a post: its fans. The score grows with
 * the logarithm of the fans and with the time of writing. So a score stays right when time
 * passes, and newer posts come first.
 */

-- Tables ---------------------------------------------------------------------

create table private.post_fans (
  post_id     bigint  not null,
  profile_id  uuid    not null,

  primary key (post_id, profile_id)
);

comment on table private.post_fans is 'The people who count and like, repost, answer or quote a post, without its author. For posts of the last seven days. A deleted post may keep some until then.';
revoke all on private.post_fans from public, anon, authenticated, service_role;

create table private.post_heat (
  post_id   bigint            primary key,
  people    integer           not null check (people > 0),
  score     double precision,
  language  text
);

comment on table  private.post_heat is 'The posts of the last seven days that have fans.';
comment on column private.post_heat.people is 'How many fans the post has.';
comment on column private.post_heat.score is 'The order of trending posts. Null: the post cannot trend. It is limited, or its author is banned or not discoverable.';
comment on column private.post_heat.language is 'The language of the post, without script and region, or null.';
revoke all on private.post_heat from public, anon, authenticated, service_role;

-- The posts with the highest scores, of all and of a language. A trend has at least three people.
create index post_heat_score_idx on private.post_heat (score desc) where score is not null and people >= 3;
create index post_heat_language_score_idx on private.post_heat (language, score desc)
  where score is not null and people >= 3;

-- A post gains as much from ten times as many people as from 12.5 hours.
create function private.heat_score(people integer, post_id bigint)
returns double precision
language sql
immutable
parallel safe
security invoker
return log(greatest(heat_score.people, 1)::double precision)
  + extract(epoch from private.id_time(heat_score.post_id))::double precision / 45000;

comment on function private.heat_score is 'The score of a post with this number of fans.';
revoke all on function private.heat_score (integer, bigint) from public, anon, authenticated, service_role;

-- Refresh --------------------------------------------------------------------

-- Replies, quotes and reposts count if they are open, because everybody may read them.
create function private.is_fan(profile_id uuid, post_id bigint)
returns boolean
language sql
stable
security invoker
return exists (select from private.trust where trust.profile_id = is_fan.profile_id and trust.counts)
  and exists (
    select from public.profiles where profiles.id = is_fan.profile_id and profiles.is_discoverable
  )
  and (
    exists (select from public.likes where likes.user_id = is_fan.profile_id and likes.post_id = is_fan.post_id)
    or exists (
      select from public.posts
      where posts.reply_to_id = is_fan.post_id and posts.author_id = is_fan.profile_id and posts.is_open
    )
    or exists (
      select from public.posts
      where posts.quote_of_id = is_fan.post_id and posts.author_id = is_fan.profile_id and posts.is_open
    )
    or exists (
      select from public.posts
      where posts.repost_of_id = is_fan.post_id and posts.author_id = is_fan.profile_id and posts.is_open
    )
  );

comment on function private.is_fan is 'Whether a person counts, and likes, answers, quotes or reposts a post.';
revoke all on function private.is_fan (uuid, bigint) from public, anon, authenticated, service_role;

create function private.refresh_post_heat(
  at timestamptz, post_ids bigint[], fans private.trend_fan[], most integer
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  oldest_id bigint := private.first_id(refresh_post_heat.at - interval '168 hours');
begin
  delete from private.post_fans
  where (post_fans.post_id, post_fans.profile_id) in (
    select oldest.post_id, oldest.profile_id
    from private.post_fans as oldest
    where oldest.post_id < oldest_id
    order by oldest.post_id, oldest.profile_id
    limit most
  );
  delete from private.post_heat
  where post_heat.post_id in (
    select oldest.post_id
    from private.post_heat as oldest
    where oldest.post_id < oldest_id
    order by oldest.post_id
    limit most
  );

  with compared as materialized (
    select
      fan.post_id, fan.profile_id,
      known.post_id is not null as was_fan, private.is_fan(fan.profile_id, posts.id) as is_fan
    from unnest(refresh_post_heat.fans) as fan
    left join private.post_fans as known on known.post_id = fan.post_id and known.profile_id = fan.profile_id
    left join public.posts
      on posts.id = fan.post_id and posts.author_id <> fan.profile_id and posts.id >= oldest_id
  ),
  removed as (
    delete from private.post_fans
    using compared
    where compared.was_fan and not compared.is_fan
      and post_fans.post_id = compared.post_id
      and post_fans.profile_id = compared.profile_id
  ),
  added as (
    insert into private.post_fans (post_id, profile_id)
    select compared.post_id, compared.profile_id
    from compared
    where compared.is_fan and not compared.was_fan
  ),
  looked as (
    select changed.post_id, sum(changed.people)::integer as people
    from (
      select wanted.id as post_id, 0 as people
      from unnest(refresh_post_heat.post_ids) as wanted (id)
      union all
      select compared.post_id, compared.is_fan::integer - compared.was_fan::integer
      from compared
      where compared.is_fan <> compared.was_fan
    ) as changed
    group by changed.post_id
  ),
  heat as materialized (
    select
      looked.post_id,
      coalesce(known.people, 0) + looked.people as people,
      posts.id is not null and posts.id >= oldest_id as is_kept,
      posts.is_open and profiles.is_discoverable and not private.is_locked_out(posts.author_id) as is_shown,
      private.trend_language(posts.language) as language
    from looked
    left join private.post_heat as known on known.post_id = looked.post_id
    left join public.posts on posts.id = looked.post_id and posts.repost_of_id is null
    left join public.profiles on profiles.id = posts.author_id
  ),
  forgotten as (
    delete from private.post_heat
    using heat
    where post_heat.post_id = heat.post_id and (heat.people = 0 or not heat.is_kept)
  )
  insert into private.post_heat as known (post_id, people, score, language)
  select
    heat.post_id, heat.people,
    case when heat.is_shown then private.heat_score(heat.people, heat.post_id) end,
    heat.language
  from heat
  where heat.people > 0 and heat.is_kept
  on conflict (post_id) do update
  set people = excluded.people, score = excluded.score, language = excluded.language
  where (known.people, known.score, known.language)
    is distinct from (excluded.people, excluded.score, excluded.language);
end;
$$;

comment on function private.refresh_post_heat is 'Looks at what these people do with posts, and writes the heat of these posts. Deletes up to most rows of each table that are older than seven days.';
revoke all on function private.refresh_post_heat (timestamptz, bigint[], private.trend_fan[], integer) from public, anon, authenticated, service_role;

/*
 * refresh
 *
 * Brings the tables of this chapter up to a moment. A refresh takes what changed from the queue
 * (15-changes.sql), and what time moved from one window to the next. It never reads the history.
 * It writes in one transaction. So a refresh that is killed changes nothing. Apart from the queue, only
 * refreshes write these tables, one at a time. So they wait for nobody, and nobody waits for them.
 */

-- State ----------------------------------------------------------------------

create table private.trend_state (
  only_row      boolean      primary key default true check (only_row),
  refreshed_at  timestamptz  not null default now(),
  closed_at     timestamptz  not null default date_trunc('hour', now(), 'UTC')
);

comment on table  private.trend_state is 'One row: how far trends are.';
comment on column private.trend_state.refreshed_at is 'The moment of the last refresh. The windows end here.';
comment on column private.trend_state.closed_at is 'The end of the last hour that trend_hours has.';
revoke all on private.trend_state from public, anon, authenticated, service_role;

insert into private.trend_state default values;

-- Posts and likes that were there before the triggers.
insert into private.trend_changes (lane, profile_id)
select 'person', profiles.id
from public.profiles;

-- Refresh --------------------------------------------------------------------

-- One step to a moment. Answers whether more is left to do before this moment is complete.
create function private.step_trends(moment timestamptz, batch private.trend_batch, most integer)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  aged private.trend_key[];
  oldest_id bigint := private.first_id(moment - private.trend_window(4));
begin
  aged := private.aged_trend_voices(moment, most);
  perform private.refresh_trend_counts(
    moment,
    private.refresh_trend_people(private.refresh_trend_uses(moment, batch.post_ids, most)) || aged
  );
  perform private.refresh_post_heat(moment, batch.post_ids, batch.fans, most);

  -- With exists(), the planner would read all rows of a table to find that none is too old.
  return batch.has_more
    or cardinality(aged) >= most
    or coalesce((select min(trend_uses.post_id) from private.trend_uses) < oldest_id, false)
    or coalesce((select min(post_fans.post_id) from private.post_fans) < oldest_id, false);
end;
$$;

comment on function private.step_trends is 'Looks at a batch of changes, and moves the windows to a moment. True if more is left to do for this moment.';
revoke all on function private.step_trends (timestamptz, private.trend_batch, integer) from public, anon, authenticated, service_role;

/*
 * An hour is closed when everything of it in the lane ordinary was looked at. The lane bulk may
 * be long, and does not delay an hour. After a pause, the hours are closed one after the other,
 * each with the posts that were written before its end.
 *
 * Changes of posts that were written after `at` wait in the queue for a later refresh.
 */
create function private.refresh_trends(at timestamptz default now(), most integer default 20000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_hours constant integer := 24;
  room integer := greatest(refresh_trends.most, 1);
  state private.trend_state;
  target timestamptz;
  moment timestamptz;
  batch private.trend_batch;
  has_more boolean;
  closed integer := 0;
  waiting integer;
begin
  -- The next refresh waits here until this one ends.
  select trend_state.* into state
  from private.trend_state
  for update;
  target := greatest(refresh_trends.at, state.refreshed_at);
  -- From the last refresh on: the hours since then are still open.
  perform private.expand_people(state.refreshed_at, greatest(room / 20, 1));

  loop
    moment := least(target, state.closed_at + interval '1 hour');
    batch := private.take_trend_changes(private.first_id(moment), room);
    room := room - batch.amount;
    has_more := private.step_trends(moment, batch, greatest(refresh_trends.most, 1));
    exit when has_more or moment < state.closed_at + interval '1 hour';

    perform private.close_trend_hour(moment);
    state.closed_at := moment;
    closed := closed + 1;
    exit when closed = most_hours;
  end loop;

  -- The first changes of a database that has posts already are many. The planner must know by then
  -- that these tables are not empty.
  if refresh_trends.most - room >= 1000
    and (select pg_class.reltuples from pg_catalog.pg_class where pg_class.oid = 'private.trend_voices'::regclass) < 1000
  then
    analyze private.trend_uses, private.trend_people, private.trend_voices, private.trend_counts;
  end if;

  update private.trend_state
  set refreshed_at = moment, closed_at = state.closed_at;

  select count(*) into waiting
  from (
    select
    from private.trend_changes
    where trend_changes.lane <> 'person' and trend_changes.post_id < private.first_id(target)
      or trend_changes.lane = 'person'
    limit 100000
  ) as change;
  return greatest(waiting, (has_more or moment < target)::integer);
end;
$$;

comment on function private.refresh_trends is 'Brings trends up to a moment, and looks at up to most changes. Answers how many changes still wait, up to 100,000. Not 0 if the next refresh has something left to do.';
revoke all on function private.refresh_trends (timestamptz, integer) from public, anon, authenticated, service_role;

/*
 * surprise
 *
 * How surprising a number of people is. edge-functions/_shared/trends decides what trends. The
 * functions here compute the same a second time, in other ways, for explain_trend() and for the
 * trends around one person. A test compares the two. The words and the reasons are there.
 */

-- Types ----------------------------------------------------------------------

create type private.forecast as (
  people  double precision,
  spread  double precision
);

comment on type private.forecast is 'How many people a window is expected to have. The variance is people + spread × people².';

create type private.trend_facts as (
  observed          integer,
  expected          double precision,
  spread            double precision,
  network_observed  integer,
  network_expected  double precision
);

comment on type private.trend_facts is 'All that is known of a term in a window: the people and the forecast of the term, and of the network.';

-- The tail -------------------------------------------------------------------

-- Postgres has lgamma() only from version 18 on. This is the approximation of Lanczos, with his
-- numbers for g = 7. It is exact to 13 digits.
create function private.log_gamma(x double precision)
returns double precision
language sql
immutable
parallel safe
security invoker
return ln(2.5066282746310002) + (log_gamma.x + 0.5) * ln(log_gamma.x + 7.5) - (log_gamma.x + 7.5)
  - ln(log_gamma.x) + ln(
    0.99999999999980993
    + 676.5203681218851 / (log_gamma.x + 1)
    - 1259.1392167224028 / (log_gamma.x + 2)
    + 771.32342877765313 / (log_gamma.x + 3)
    - 176.61502916214059 / (log_gamma.x + 4)
    + 12.507343278686905 / (log_gamma.x + 5)
    - 0.13857109526572012 / (log_gamma.x + 6)
    + 9.9843695780195716e-6 / (log_gamma.x + 7)
    + 1.5056327351493116e-7 / (log_gamma.x + 8)
  );

comment on function private.log_gamma is 'The logarithm of the gamma function, for x above 0.';
revoke all on function private.log_gamma (double precision) from public, anon, authenticated, service_role;

-- The tail of the negative binomial distribution is an incomplete beta function: the probability
-- of `people` or more is I(people, 1 / spread) at mean / (mean + 1 / spread). This is its
-- continued fraction, by Lentz's method.
create function private.surprise(people double precision, mean double precision, spread double precision)
returns double precision
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  most_steps constant integer := 2000;
  shape double precision := 1 / surprise.spread;
  x double precision := surprise.mean / (surprise.mean + 1 / surprise.spread);
  upper_part double precision := 1;
  lower_part double precision;
  fraction double precision;
  change double precision;
  step_number double precision;
begin
  if surprise.people is null or not surprise.people > surprise.mean then
    return 0;
  end if;
  lower_part := 1 / (1 - (people + shape) * x / (people + 1));
  fraction := lower_part;
  for step in 1..most_steps loop
    step_number := step;
    change := step_number * (shape - step_number) * x / ((people + 2 * step_number - 1) * (people + 2 * step_number));
    lower_part := 1 / (1 + change * lower_part);
    upper_part := 1 + change / upper_part;
    fraction := fraction * lower_part * upper_part;
    change := -(people + step_number) * (people + shape + step_number) * x
      / ((people + 2 * step_number) * (people + 2 * step_number + 1));
    lower_part := 1 / (1 + change * lower_part);
    upper_part := 1 + change / upper_part;
    fraction := fraction * lower_part * upper_part;
    exit when abs(lower_part * upper_part - 1) < 1e-14;
  end loop;
  return greatest(0, -(
    private.log_gamma(people + shape) - private.log_gamma(people) - private.log_gamma(shape)
    + people * ln(x) - shape * ln(1 + mean * surprise.spread) - ln(people) + ln(fraction)
  ) / ln(10::double precision));
end;
$$;

comment on function private.surprise is 'Minus log10 of the probability of this number of people or more. 0 if there are no more than expected. mean and spread are above 0.';
revoke all on function private.surprise (double precision, double precision, double precision) from public, anon, authenticated, service_role;

-- The score ------------------------------------------------------------------

-- Everybody but the people of the term. With few of them, the factor starts at 1.
create function private.expected_people(shown private.trend_facts)
returns double precision
language sql
immutable
parallel safe
security invoker
return (shown).expected * least(4.0, greatest(
  0.5,
  (greatest(0, (shown).network_observed - (shown).observed) + 20)
    / (greatest(0, (shown).network_expected - (shown).expected) + 20)
));

comment on function private.expected_people is 'The people that a window is expected to have on a network that is as busy as it is now.';
revoke all on function private.expected_people (private.trend_facts) from public, anon, authenticated, service_role;

create function private.is_unusual(observed integer, expected double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
return is_unusual.observed >= 5 and is_unusual.observed - is_unusual.expected >= 5
  and is_unusual.observed >= 1.5 * is_unusual.expected;

comment on function private.is_unusual is 'Whether there are enough people, and enough more than expected, to speak of a trend at all.';
revoke all on function private.is_unusual (integer, double precision) from public, anon, authenticated, service_role;

create function private.trend_score(short private.trend_facts, long private.trend_facts)
returns double precision
language sql
immutable
parallel safe
security invoker
return case
  when private.is_unusual((short).observed, private.expected_people(short))
    or private.is_unusual((long).observed, private.expected_people(long))
  then power((
    sqrt(private.surprise((short).observed, private.expected_people(short), (short).spread))
    + sqrt(private.surprise((long).observed, private.expected_people(long), (long).spread))
  ) / 2, 2)
  else 0
end;

comment on function private.trend_score is 'The score of a term with these two windows. 10 to the power of minus the score is its probability.';
revoke all on function private.trend_score (private.trend_facts, private.trend_facts) from public, anon, authenticated, service_role;

-- Forecasts ------------------------------------------------------------------

create function private.forecasts(history integer[], out at_last private.forecast, out at_next private.forecast)
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  hours constant integer := coalesce(cardinality(history), 0);
  fade constant double precision := power(0.5::double precision, 1 / (24.0 * 14));
  day_weights constant double precision[] := array(
    select power(0.5::double precision, day / 14.0) * case when day % 7 = 0 then 2 else 1 end
    from generate_series(1, 28) as day
    order by day
  );
  -- A window of a new term has one person, as if one hour had shown it.
  level_sum double precision := 1;
  level_weight double precision := 1;
  mean double precision := 1;
  spread double precision := 0.15 + 1;
  counted double precision[] := '{}';
  people double precision;
  mean_squares double precision := 0;
  excess double precision := 0;
  compared double precision := 0;
  usual double precision;
  sum_of_days double precision;
  weight_of_days double precision;
begin
  at_last := (mean, spread);
  for hour in 1..hours loop
    at_last := (mean, spread);
    people := history[hour];
    if hour > 24 then
      people := least(people, mean + 5 * sqrt(mean + spread * mean * mean));
      mean_squares := fade * mean_squares + mean * mean;
      excess := fade * excess + (people - mean) * (people - mean) - mean;
      compared := fade * compared + 1;
    end if;
    counted[hour] := people;
    level_sum := fade * level_sum + people;
    level_weight := fade * level_weight + 1;

    -- The spread that most terms have counts as 48 hours of this term.
    usual := 48 * mean_squares / nullif(compared, 0);
    spread := least(1, greatest(0.01, coalesce((excess + 0.15 * usual) / (mean_squares + usual), 0.15))) + 1 / level_weight;

    sum_of_days := 3 * level_sum / level_weight;
    weight_of_days := 3;
    for day in 1..hour / 24 loop
      sum_of_days := sum_of_days + day_weights[day] * counted[hour + 1 - day * 24];
      weight_of_days := weight_of_days + day_weights[day];
    end loop;
    mean := greatest(1 / 24.0, sum_of_days / weight_of_days);
  end loop;
  at_next := (mean, spread);
end;
$$;

comment on function private.forecasts is 'What a window is expected to have at the end of the last hour of its history, and at the end of the next hour. history has the people of the window at the end of each hour, oldest first, of at most 28 days.';
revoke all on function private.forecasts (integer[]) from public, anon, authenticated, service_role;

create function private.between_forecasts(at_last private.forecast, at_next private.forecast, share double precision)
returns private.forecast
language sql
immutable
parallel safe
security invoker
return (
  (1 - share) * (at_last).people + share * (at_next).people,
  (1 - share) * (at_last).spread + share * (at_next).spread
)::private.forecast;

comment on function private.between_forecasts is 'The forecast for a moment of the hour between two forecasts. share is how much of the hour is over, 0 to 1.';
revoke all on function private.between_forecasts (private.forecast, private.forecast, double precision) from public, anon, authenticated, service_role;

/*
 * trends
 *
 * What trends now, and what trended in the last 90 days, with all numbers that decided it. The job
 * trends (edge-functions/_shared/trends/refresh.ts) runs each minute. It counts what is new, asks
 * for the terms that could trend (53-candidates.sql), scores them, and gives the scores to
 * write_trends(). What people read of it is in 56-reading.sql.
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

/*
 * hides
 *
 * The terms that a moderator takes off all lists of trends. They are counted and scored as before,
 * so the history says what trended. Posts that say a hidden term are not among the trending posts.
 */

create table private.trend_hides (
  kind       public.trend_kind  not null,
  term       text                not null check (term <> ''),
  reason     text                not null check (char_length(reason) <= 500),
  hidden_at  timestamptz         not null default now(),

  primary key (kind, term)
);

comment on table private.trend_hides is 'The tags and links that are in no list of trends.';
revoke all on private.trend_hides from public, anon, authenticated, service_role;

-- Links differ in the case of their host and in their fragment. Tags differ in case.
create function private.trend_term_of(kind public.trend_kind, words text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
  term text := case trend_term_of.kind
    when 'tag' then private.tag_name(trend_term_of.words)
    else nullif(private.trend_link(trend_term_of.words), '')
  end;
begin
  if term is null then
    raise sqlstate 'PT400' using message = 'There is no such tag or link: a link begins with http:// or https://', detail = 'trend_term_format';
  end if;
  return term;
end;
$$;

comment on function private.trend_term_of is 'A tag or link as trends count it. The error PT400 if it is neither.';
revoke all on function private.trend_term_of (public.trend_kind, text) from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write hides.
create function private.hide_trend(kind public.trend_kind, term text, reason text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  insert into private.trend_hides (kind, term, reason)
  values (hide_trend.kind, private.trend_term_of(hide_trend.kind, hide_trend.term), left(hide_trend.reason, 500))
  on conflict on constraint trend_hides_pkey do update
  set reason = excluded.reason;
end;
$$;

comment on function private.hide_trend is 'What public.hide_trend() does.';
revoke all on function private.hide_trend (public.trend_kind, text, text) from public, anon, authenticated, service_role;
grant execute on function private.hide_trend (public.trend_kind, text, text) to service_role;

create function private.show_trend(kind public.trend_kind, term text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from private.trend_hides
  where trend_hides.kind = show_trend.kind
    and trend_hides.term = private.trend_term_of(show_trend.kind, show_trend.term);
end;
$$;

comment on function private.show_trend is 'What public.show_trend() does.';
revoke all on function private.show_trend (public.trend_kind, text) from public, anon, authenticated, service_role;
grant execute on function private.show_trend (public.trend_kind, text) to service_role;

-- API ------------------------------------------------------------------------

create function public.hide_trend(kind public.trend_kind, term text, reason text default '')
returns void
language sql
volatile
security invoker
begin atomic
  select private.hide_trend(hide_trend.kind, hide_trend.term, hide_trend.reason);
end;

comment on function public.hide_trend is 'Takes a tag or link off all lists of trends, for everybody and at once. reason is a note for moderators, of at most 500 characters. Only for the service role.';
revoke all on function public.hide_trend (public.trend_kind, text, text) from public, anon, authenticated, service_role;
grant execute on function public.hide_trend (public.trend_kind, text, text) to service_role;

create function public.show_trend(kind public.trend_kind, term text)
returns void
language sql
volatile
security invoker
begin atomic
  select private.show_trend(show_trend.kind, show_trend.term);
end;

comment on function public.show_trend is 'Lets a tag or link that was hidden be in the lists of trends again. Only for the service role.';
revoke all on function public.show_trend (public.trend_kind, text) from public, anon, authenticated, service_role;
grant execute on function public.show_trend (public.trend_kind, text) to service_role;

/*
 * circles
 *
 * Trends around one person. A circle is the people that the viewer follows, and the people that
 * those follow. Its trends are computed when somebody reads them: the terms that at least three
 * people of the circle use, and that more of them use than one expects from the network.
 */

create type public.trend_scope as enum ('everybody', 'network');
comment on type public.trend_scope is 'Whose trends. everybody: of all people. network: of the people you follow and those that they follow.';

-- The newest 1,000 followees, and the newest 50 of each. So a circle has at most 51,000 people.
create function private.circle_ids(viewer_id uuid, hidden_ids uuid[])
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    with followed as materialized (
      select follows.followee_id as id
      from public.follows
      where follows.follower_id = circle_ids.viewer_id
        and follows.followee_id <> all (circle_ids.hidden_ids)
      order by follows.id desc
      limit 1000
    )
    select followed.id
    from followed
    union
    select theirs.followee_id
    from followed
    cross join lateral (
      select follows.followee_id
      from public.follows
      where follows.follower_id = followed.id
      order by follows.id desc
      limit 50
    ) as theirs
    where theirs.followee_id <> all (circle_ids.hidden_ids)
      and theirs.followee_id <> circle_ids.viewer_id
  );
end;
$$;

comment on function private.circle_ids is 'The circle of the viewer, without the viewer and without these people.';
revoke all on function private.circle_ids (uuid, uuid[]) from public, anon, authenticated, service_role;

create function private.people_in(counts private.trend_counts, level integer)
returns integer
language sql
immutable
parallel safe
security invoker
return (array[(counts).in_hour, (counts).in_half_day, (counts).in_day, (counts).in_week])[people_in.level];

comment on function private.people_in is 'The count of a window.';
revoke all on function private.people_in (private.trend_counts, integer) from public, anon, authenticated, service_role;

-- Of each person, the newest 50 posts with a term of the kind.
create function private.circle_trends(kind public.trend_kind, period public.trend_period, circle_ids uuid[])
returns table (term text, people integer, expected double precision, score double precision, language text, post_ids bigint[])
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  fewest constant integer := 3;
  level integer := private.shown_level(circle_trends.period);
  first_id bigint := private.first_id(
    (select trend_state.refreshed_at from private.trend_state) - private.trend_window(level)
  );
begin
  return query
  with said as materialized (
    -- The latest use of each person, as in 30-counts.sql.
    select distinct on (uses.term, uses.profile_id) uses.term, uses.voice, uses.language, uses.post_id
    from unnest(circle_trends.circle_ids) as person (id)
    -- Somebody who counts and was active. For most people of a circle, the search ends here.
    join private.trend_people as active
      on active.kind = circle_trends.kind and active.term = '' and active.profile_id = person.id
    cross join lateral (
      select posts.id
      from public.posts
      where posts.author_id = person.id and posts.is_open and posts.id >= first_id
      order by posts.id desc
      limit 50
    ) as written
    join private.trend_uses as uses on uses.post_id = written.id and uses.kind = circle_trends.kind
    where active.post_id >= first_id
    order by uses.term, uses.profile_id, uses.post_id desc
  ),
  counted as (
    select
      said.term, count(distinct said.voice)::integer as people, mode() within group (order by said.language) as language,
      (array_agg(said.post_id order by said.post_id desc))[:100] as post_ids
    from said
    group by said.term
  )
  select
    counted.term, counted.people, share.expected,
    private.surprise(counted.people, share.expected, 0.15), counted.language, counted.post_ids
  from counted
  join private.trend_counts as everywhere on everywhere.kind = circle_trends.kind and everywhere.term = counted.term
  join private.trend_counts as network on network.kind = circle_trends.kind and network.term = ''
  join counted as circle on circle.term = ''
  cross join lateral (
    select greatest(1 / 24.0, circle.people * private.people_in(everywhere, level)
      / greatest(1, private.people_in(network, level))::double precision) as expected
  ) as share
  where counted.term <> '' and counted.people >= fewest;
end;
$$;

comment on function private.circle_trends is 'The terms that at least three people of a circle use in the window of a period. expected is what there would be if the circle used the term as the network does. post_ids are the newest posts.';
revoke all on function private.circle_trends (public.trend_kind, public.trend_period, uuid[]) from public, anon, authenticated, service_role;

/*
 * reading trends
 *
 * What people read about tags and links that trend. Each trend comes with the numbers that made it
 * one, and with up to three posts that the viewer may see. A trend of which the viewer sees no
 * post is left out.
 */

-- Types ----------------------------------------------------------------------

create type public.trending_tag as (
  tag          text,
  people       integer,
  expected     double precision,
  probability  double precision,
  since        timestamptz,
  language     text,
  posts        public.card[]
);

comment on type public.trending_tag is 'A tag that trends. people: how many people use it. Only people who count are counted. expected: how many people are expected. probability: how likely it is that chance alone brings these people. posts: up to three of the newest posts, by different people.';
comment on column public.trending_tag.since is 'When it began to trend. Null for the scope network.';
comment on column public.trending_tag.language is 'The language that most of the people write in, without a region. Null if nobody says it.';

create type public.trending_link as (
  url          text,
  people       integer,
  expected     double precision,
  probability  double precision,
  since        timestamptz,
  language     text,
  posts        public.card[]
);

comment on type public.trending_link is 'A link that trends, without its fragment. The other columns are those of trending_tag.';
comment on column public.trending_link.since is 'When it began to trend. Null for the scope network.';
comment on column public.trending_link.language is 'The language that most of the people write in, without a region. Null if nobody says it.';

-- Samples --------------------------------------------------------------------

-- Between two refreshes somebody may close a post, or delete it. So the post is asked again.
create function private.trend_samples(kind public.trend_kind, term text, post_ids bigint[], hidden_ids uuid[])
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select posts.id
    from (
      select newest.post_id
      from (
        select trend_people.post_id
        from private.trend_people
        where trend_samples.post_ids is null
          and trend_people.kind = trend_samples.kind and trend_people.term = trend_samples.term
          -- For the index: see 30-counts.sql.
          and trend_people.post_id > 0
        order by trend_people.post_id desc
        limit 100
      ) as newest
      union all
      select post_id
      from unnest(trend_samples.post_ids) as post_id
    ) as sample
    join public.posts on posts.id = sample.post_id and posts.is_open
    join public.profiles on profiles.id = posts.author_id and profiles.is_discoverable
    where posts.author_id <> all (trend_samples.hidden_ids)
    order by posts.id desc
    limit 3
  );
end;
$$;

comment on function private.trend_samples is 'Up to three of the newest posts with a term, each by somebody else, without these people: among post_ids, or if that is null, among the newest 100.';
revoke all on function private.trend_samples (public.trend_kind, text, bigint[], uuid[]) from public, anon, authenticated, service_role;

-- Lists ----------------------------------------------------------------------

create function private.language_asked(language text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if not private.is_language(language_asked.language) then
    raise sqlstate 'PT400' using
      message = 'A language is a BCP 47 tag of at most 64 characters, such as en, pt-BR or zh-Hant', detail = 'language_format';
  end if;
  return lower(private.trend_language(language_asked.language));
end;
$$;

comment on function private.language_asked is 'The language of a request as trends have it, without a region. Null for null. The error PT400 unless it is a language.';
revoke all on function private.language_asked (text) from public, anon, authenticated, service_role;

-- Definer, because nobody may read the tables of trends. The samples of a trend are looked up when
-- it is its turn. So a page that is full looks no further.
create function private.trending(
  kind public.trend_kind, period public.trend_period, language text, scope public.trend_scope, page_size integer
)
returns table (
  term text, people integer, expected double precision, probability double precision, since timestamptz,
  trend_language text, cards public.card[]
)
language plpgsql
stable
security definer
set search_path = ''
rows 10
as $$
declare
  viewer_id uuid := auth.uid();
  wanted text := private.language_asked(trending.language);
  level integer := private.shown_level(trending.period);
  hidden_ids uuid[];
begin
  perform private.check_page_size(trending.page_size);
  if trending.scope = 'network' then
    viewer_id := private.viewer();
  end if;
  hidden_ids := array(
    select private.hidden_ids(viewer_id)
    union
    select private.muted_ids(viewer_id)
  );

  return query
  with listed as (
    select
      trends.term, (shown.facts).observed as people, private.expected_people(shown.facts) as expected, trends.score,
      trends.since_at, trends.language, null::bigint[] as post_ids
    from private.trends
    cross join lateral (
      select case when level = 1 then trends.short else trends.long end as facts
    ) as shown
    where trending.scope = 'everybody' and trends.kind = trending.kind and trends.period = trending.period
    union all
    select circle.term, circle.people, circle.expected, circle.score, null, circle.language, circle.post_ids
    from private.circle_trends(
      trending.kind, trending.period,
      case when trending.scope = 'network' then private.circle_ids(viewer_id, hidden_ids) end
    ) as circle
    where trending.scope = 'network'
  ),
  ranked as materialized (
    select listed.*, row_number() over (order by listed.score desc, listed.people desc, listed.term) as place
    from listed
    where (wanted is null or listed.language = wanted)
      and not exists (
        select
        from private.trend_hides
        where trend_hides.kind = trending.kind and trend_hides.term = listed.term
      )
    order by place
  ),
  sampled as (
    select ranked.*, private.trend_samples(trending.kind, ranked.term, ranked.post_ids, hidden_ids) as sample_ids
    from ranked
    order by ranked.place
  ),
  shown as materialized (
    select sampled.*
    from sampled
    where sampled.sample_ids <> '{}'
    order by sampled.place
    limit trending.page_size
  ),
  card as materialized (
    select cards.id, cards.card
    from private.cards(
      viewer_id, array(select distinct post_id from shown cross join unnest(shown.sample_ids) as post_id)
    ) as cards
  )
  select
    shown.term, shown.people, shown.expected, 10 ^ -least(shown.score, 300), shown.since_at, shown.language,
    array(
      select card.card
      from unnest(shown.sample_ids) with ordinality as sample (post_id, place)
      join card on card.id = sample.post_id
      order by sample.place
    )
  from shown
  order by shown.place;
end;
$$;

comment on function private.trending is 'What public.trending_tags() and public.trending_links() answer.';
revoke all on function private.trending (public.trend_kind, public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function private.trending (public.trend_kind, public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

-- API ------------------------------------------------------------------------

create function public.trending_tags(
  period public.trend_period default 'day',
  language text default null,
  scope public.trend_scope default 'everybody',
  page_size integer default 10
)
returns setof public.trending_tag
language sql
stable
security invoker
rows 10
begin atomic
  select
    trending.term, trending.people, trending.expected, trending.probability, trending.since, trending.trend_language,
    trending.cards
  from private.trending(
    'tag', trending_tags.period, trending_tags.language, trending_tags.scope, trending_tags.page_size
  ) as trending;
end;

comment on function public.trending_tags is 'The tags that more people use than one would expect, the most surprising first. period: hour, day or week. language: only trends in which most people write in it; a region does not matter. scope: everybody, or network for the people you follow and those that they follow. page_size is 1 to 100.';
revoke all on function public.trending_tags (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function public.trending_tags (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

create function public.trending_links(
  period public.trend_period default 'day',
  language text default null,
  scope public.trend_scope default 'everybody',
  page_size integer default 10
)
returns setof public.trending_link
language sql
stable
security invoker
rows 10
begin atomic
  select
    trending.term, trending.people, trending.expected, trending.probability, trending.since, trending.trend_language,
    trending.cards
  from private.trending(
    'link', trending_links.period, trending_links.language, trending_links.scope, trending_links.page_size
  ) as trending;
end;

comment on function public.trending_links is 'The links that more people post than one would expect, as trending_tags() does for tags.';
revoke all on function public.trending_links (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function public.trending_links (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

/*
 * trending posts
 *
 * The posts that many people like, answer, quote or repost, the newer ones before the older ones
 * (40-post-heat.sql). With the scope network: the posts by the people of the viewer's circle.
 */

create type public.trending_post as (
  id        bigint,
  post      public.card,
  reply_to  public.author,
  quoted    public.card,
  people    integer,
  score     double precision
);

comment on type public.trending_post is 'A post that trends, with the columns of a row of a feed. people: how many like, answer, quote or repost it, among those who count. score: the higher, the hotter.';
comment on column public.trending_post.reply_to is 'The author of the post that it answers, or null.';
comment on column public.trending_post.quoted is 'The post that it quotes, or null.';

-- A newer post needs fewer people for the same score. So a post of the period with the fewest
-- people has at least the score of one that is as old as the period, and no row below it is read.
-- It looks at the 2,000 hottest posts. So it costs the same however many the viewer does not see.
create function private.hot_posts(
  period public.trend_period, language text, circle_ids uuid[], hidden_ids uuid[], page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  most constant integer := 2000;
  fewest constant integer := 3;
  first_id bigint := private.first_id(now() - private.trend_window(private.shown_level(hot_posts.period)));
  least_score double precision := private.heat_score(fewest, first_id);
begin
  return array(
    select heat.post_id
    from (
      select post_heat.post_id, post_heat.score
      from private.post_heat
      where post_heat.score >= least_score
        and post_heat.post_id >= first_id
        -- For the indexes: it is the constant above.
        and post_heat.people >= 3
        and (hot_posts.language is null or post_heat.language = hot_posts.language)
      order by post_heat.score desc
      limit most
    ) as heat
    join public.posts on posts.id = heat.post_id
    join public.profiles on profiles.id = posts.author_id
    where posts.is_open
      and profiles.is_discoverable
      and posts.author_id <> all (hot_posts.hidden_ids)
      and (hot_posts.circle_ids is null or posts.author_id = any (hot_posts.circle_ids))
      and not exists (
        select
        from private.trend_uses as uses
        join private.trend_hides as hide on hide.kind = uses.kind and hide.term = uses.term
        where uses.post_id = heat.post_id
      )
    order by heat.score desc, heat.post_id desc
    limit hot_posts.page_size
  );
end;
$$;

comment on function private.hot_posts is 'The hottest posts of a period that anybody may read, without posts by these people. If circle_ids is not null, only posts by its people. At least three people care for each. Only the 2,000 hottest posts of the period and language are looked at.';
revoke all on function private.hot_posts (public.trend_period, text, uuid[], uuid[], integer) from public, anon, authenticated, service_role;

-- Definer, because nobody may read the heat of posts.
create function private.trending_posts(
  period public.trend_period, language text, scope public.trend_scope, page_size integer
)
returns setof public.trending_post
language plpgsql
stable
security definer
set search_path = ''
rows 10
as $$
declare
  viewer_id uuid := auth.uid();
  wanted text := private.language_asked(trending_posts.language);
  hidden_ids uuid[];
  circle_ids uuid[];
  post_ids bigint[];
begin
  perform private.check_page_size(trending_posts.page_size);
  if trending_posts.scope = 'network' then
    viewer_id := private.viewer();
  end if;
  hidden_ids := array(
    select private.hidden_ids(viewer_id)
    union
    select private.muted_ids(viewer_id)
  );
  if trending_posts.scope = 'network' then
    circle_ids := private.circle_ids(viewer_id, hidden_ids);
  end if;
  post_ids := private.hot_posts(trending_posts.period, wanted, circle_ids, hidden_ids, trending_posts.page_size);

  return query
  select item.id, item.post, item.reply_to, item.quoted, heat.people, heat.score
  from private.feed_items(viewer_id, post_ids, post_ids) as item
  join private.post_heat as heat on heat.post_id = item.id
  order by heat.score desc, heat.post_id desc;
end;
$$;

comment on function private.trending_posts is 'What public.trending_posts() answers.';
revoke all on function private.trending_posts (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function private.trending_posts (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

create function public.trending_posts(
  period public.trend_period default 'day',
  language text default null,
  scope public.trend_scope default 'everybody',
  page_size integer default 10
)
returns setof public.trending_post
language sql
stable
security invoker
rows 10
begin atomic
  select items.*
  from private.trending_posts(
    trending_posts.period, trending_posts.language, trending_posts.scope, trending_posts.page_size
  ) as items;
end;

comment on function public.trending_posts is 'The posts of the last hour, day or week that many people like, answer, quote or repost. Newer posts come before older ones with as many people. language: only posts in it; a region does not matter. scope: everybody, or network for posts by the people you follow and those that they follow. page_size is 1 to 100.';
revoke all on function public.trending_posts (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function public.trending_posts (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

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

/*
 * explain
 *
 * Why a tag or link trends, trended or does not: explain_trend() answers what was stored, and
 * computes everything again (59-recomputing.sql). So everybody can check that a trend was not
 * bought, and that nobody was left out. It says nothing about who the people are.
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

/*
 * jobs of trends
 *
 * When trends are computed: each minute, by the worker edge-functions/jobs/trends.ts. And when old
 * rows of the history are deleted.
 */

-- One waits at most: if the worker was away, the next job does all that is left.
do $$
begin
  perform pgboss.create_queue('trends', '{
    "policy": "short", "deadLetter": "dead-letters", "retryLimit": 2, "retryDelay": 5,
    "expireInSeconds": 60, "retentionSeconds": 3600, "deleteAfterSeconds": 86400
  }');
end;
$$;

create function private.sweep_trend_history()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 5000;
  swept integer;
begin
  delete from private.trend_history
  where (trend_history.kind, trend_history.term, trend_history.period, trend_history.scored_at) in (
    select old.kind, old.term, old.period, old.scored_at
    from private.trend_history as old
    where old.scored_at < now() - interval '90 days'
    order by old.scored_at
    limit most
    for update skip locked
  );
  get diagnostics swept = row_count;
  return swept;
end;
$$;

comment on function private.sweep_trend_history is 'Deletes up to 5,000 rows of the history of trends that are older than 90 days. Answers how many.';
revoke all on function private.sweep_trend_history () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('send-trends', '* * * * *', 'select private.send_job(''trends'')');
    perform cron.schedule('sweep-trend-history', '*/5 * * * *', 'select private.sweep_trend_history()');
  end if;
end;
$$;
