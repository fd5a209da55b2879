/*
 * The social core: private accounts and follow requests, blocks and mutes;
 * audiences, replies, quotes, reposts, tags, mentions; likes, bookmarks, lists;
 * cards, feeds, threads, search, drafts and scheduled posts.
 *
 * First goes what the new rules take the place of; then come the files of sql/ as
 * they now are, one after the other, with a change where a table exists; last what
 * existing rows need.
 */

drop function public.home_feed (bigint, integer);
drop function private.home_feed (bigint, integer);

drop policy "anyone reads profiles" on public.profiles;
drop policy "anyone reads who follows whom" on public.follows;
drop policy "people follow in their own name" on public.follows;
drop policy "people unfollow in their own name" on public.follows;
drop policy "anyone reads how many follow whom" on public.follow_counts;
drop policy "anyone reads posts" on public.posts;
drop policy "people post in their own name" on public.posts;
drop policy "authors edit their own posts" on public.posts;
drop policy "authors delete their own posts" on public.posts;
drop policy "whoever reads a post reads its earlier versions" on public.post_versions;
drop policy "anyone reads how much somebody wrote" on public.author_counts;

drop trigger follows_take_turns on public.follows;
drop trigger follows_count_inserted on public.follows;
drop trigger follows_count_deleted on public.follows;
drop trigger profiles_create_follow_counts on public.profiles;
drop trigger profiles_end_follows on public.profiles;
drop trigger posts_keep_version on public.posts;
drop trigger posts_count_inserted on public.posts;
drop trigger posts_count_deleted on public.posts;
drop trigger profiles_create_author_counts on public.profiles;
drop function private.follows_take_turns ();
drop function private.follows_count ();
drop function private.profiles_create_follow_counts ();
drop function private.profiles_end_follows ();
drop function private.posts_keep_version ();
drop function private.posts_count ();
drop function private.profiles_create_author_counts ();

drop index public.follows_followee_id_follower_id_idx;
drop index public.posts_author_id_id_idx;

-- 00-foundations --------------------------------------------------------------

-- Who is asking.
create function private.viewer()
returns uuid
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
begin
  if viewer_id is null then
    raise sqlstate 'PT401' using message = 'Sign in first', detail = 'not_signed_in';
  end if;
  return viewer_id;
end;
$$;

comment on function private.viewer is 'The id of who is signed in, or the error PT401.';
revoke all on function private.viewer () from public, anon, authenticated, service_role;

create function private.check_page_size(page_size integer)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if page_size is null or page_size not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'A page has 1 to 100 rows', detail = 'page_size_range';
  end if;
end;
$$;

comment on function private.check_page_size is 'The error PT400 unless a page can have so many rows.';
revoke all on function private.check_page_size (integer) from public, anon, authenticated, service_role;

-- Locks ----------------------------------------------------------------------

/*
 * Whoever needs several locks takes them in this order, so that nobody waits in
 * a circle:
 *
 *   1. turns: one person's writes wait for each other (here)
 *   2. the profile that changes or goes
 *   3. follows, follow_requests, blocks, posts, likes, by their keys
 *   4. the rows they refer to, which only foreign keys and require_post() lock,
 *      and where a post is being deleted nobody waits for it
 *   5. follow_counts, author_counts, post_counts, each by its key
 *
 * A row of follows, follow_requests or likes is deleted by the request of whom
 * it starts from; the other side has functions, which delete one.
 */

-- 1,024 turns for all people: a bound on the locks that a statement about many
-- takes, for which two people seldom share one.
create function private.take_turns(variadic people uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turn integer;
begin
  for turn in
    select distinct (hashtextextended(person.id::text, 0) & 1023)::integer
    from unnest(people) as person (id)
    where person.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock(1, turn);
  end loop;
end;
$$;

comment on function private.take_turns is 'Waits until none of these people writes, and makes their next writes wait.';
revoke all on function private.take_turns (uuid[]) from public, anon, authenticated, service_role;

-- Definer, because nobody may take another's turn. Two requests of one person
-- that name the same rows in another order would wait in a circle, each for a
-- row that the other inserted.
create function private.take_turn()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.take_turns(auth.uid());
  return null;
end;
$$;

comment on function private.take_turn is 'Lets one person write by one request at a time.';
revoke all on function private.take_turn () from public, anon, authenticated, service_role;


-- 10-profiles -----------------------------------------------------------------

alter table public.profiles
  add column is_private boolean not null default false,
  add column is_searchable boolean not null default true,
  add column shows_likes boolean not null default false;

comment on column public.profiles.is_private is 'Whether only followers see their posts, and only on request does one become a follower. Switching it off accepts the requests that wait.';
comment on column public.profiles.is_searchable is 'Whether search finds them and their posts.';
comment on column public.profiles.shows_likes is 'Whether others see what they liked.';
grant update (is_private, is_searchable, shows_likes) on public.profiles to authenticated, service_role;

-- 15-blocks --------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

create table public.blocks (
  blocker_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  blocked_id  uuid         not null references public.profiles (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- Whom somebody blocks.
  primary key (blocker_id, blocked_id),
  constraint blocks_not_oneself check (private.rule(
    blocker_id <> blocked_id,
    'block_yourself', 'You cannot block yourself'
  ))
);

comment on table  public.blocks is 'Whom one blocks. Insert to block, which ends follows both ways; delete to unblock.';
comment on column public.blocks.blocker_id is 'Who blocks: yourself, when left out.';
comment on column public.blocks.blocked_id is 'Who is blocked.';
comment on column public.blocks.id is 'Made of the time of blocking: order and page by it.';

-- Who blocks somebody.
create index blocks_blocked_id_blocker_id_idx on public.blocks (blocked_id, blocker_id);

create table public.mutes (
  muter_id             uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  muted_id             uuid         not null references public.profiles (id) on delete cascade,
  muted_until          timestamptz,
  hides_notifications  boolean      not null default true,
  created_at           timestamptz  not null default now(),

  -- Whom somebody mutes.
  primary key (muter_id, muted_id),
  constraint mutes_not_oneself check (private.rule(
    muter_id <> muted_id,
    'mute_yourself', 'You cannot mute yourself'
  ))
);

comment on table  public.mutes is 'Whom one mutes: their posts and reposts stay out of feeds. Known to oneself alone.';
comment on column public.mutes.muter_id is 'Who mutes: yourself, when left out.';
comment on column public.mutes.muted_id is 'Who is muted.';
comment on column public.mutes.muted_until is 'Until when; null until it is deleted.';
comment on column public.mutes.hides_notifications is 'Whether notifications of them are hidden as well.';

-- What goes with an account.
create index mutes_muted_id_idx on public.mutes (muted_id);

-- Rules ----------------------------------------------------------------------

-- Definer, here and below, because who blocks whom is nobody's to read. Plpgsql,
-- because its plan is kept: a definer in SQL is planned anew at every call.
create function private.blocker_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
rows 5
as $$
begin
  return query
  select blocks.blocker_id
  from public.blocks
  where blocks.blocked_id = blocker_ids.viewer_id;
end;
$$;

comment on function private.blocker_ids is 'Who blocks the viewer.';
revoke all on function private.blocker_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.blocker_ids (uuid) to authenticated;

create function private.hidden_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security definer
set search_path = ''
rows 5
as $$
begin
  return query
  select blocks.blocked_id
  from public.blocks
  where blocks.blocker_id = hidden_ids.viewer_id
  union
  select blocks.blocker_id
  from public.blocks
  where blocks.blocked_id = hidden_ids.viewer_id;
end;
$$;

comment on function private.hidden_ids is 'Whom the viewer blocks, and who blocks the viewer.';
revoke all on function private.hidden_ids (uuid) from public, anon, authenticated, service_role;
grant execute on function private.hidden_ids (uuid) to anon, authenticated;

create function private.muted_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = ''
rows 5
as $$
begin
  return query
  select mutes.muted_id
  from public.mutes
  where mutes.muter_id = muted_ids.viewer_id
    and (mutes.muted_until is null or mutes.muted_until > now());
end;
$$;

comment on function private.muted_ids is 'Whom the viewer mutes now.';
revoke all on function private.muted_ids (uuid) from public, anon, authenticated, service_role;

-- Not to exist and to be hidden are one answer, in the same words.
create function private.require_profile(viewer_id uuid, profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if not exists (
    select from public.profiles
    where profiles.id = require_profile.profile_id
  ) or exists (
    select from public.blocks
    where (blocks.blocker_id, blocks.blocked_id) = (require_profile.viewer_id, require_profile.profile_id)
      or (blocks.blocker_id, blocks.blocked_id) = (require_profile.profile_id, require_profile.viewer_id)
  ) then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
end;
$$;

comment on function private.require_profile is 'The error PT404 unless the viewer sees that there is such a person.';
revoke all on function private.require_profile (uuid, uuid) from public, anon, authenticated, service_role;

create policy "anyone reads profiles, but for blocks"
  on public.profiles for select
  to anon, authenticated
  using (id not in (select private.hidden_ids((select auth.uid()))));

alter table public.blocks enable row level security;
alter table public.mutes enable row level security;

-- One's block of somebody who blocks one as well is hidden as they are: it would
-- tell that they still exist. What is hidden is not changed either, not even by a
-- request that names no row, whose count would tell.
create policy "people read whom they block"
  on public.blocks for select
  to authenticated
  using (
    blocker_id = (select auth.uid())
    and blocked_id not in (select private.blocker_ids((select auth.uid())))
  );

create policy "people block in their own name"
  on public.blocks for insert
  to authenticated
  with check (blocker_id = (select auth.uid()));

create policy "people unblock in their own name"
  on public.blocks for delete
  to authenticated
  using (
    blocker_id = (select auth.uid())
    and blocked_id not in (select private.blocker_ids((select auth.uid())))
  );

create policy "people read whom they mute"
  on public.mutes for select
  to authenticated
  using (
    muter_id = (select auth.uid())
    and muted_id not in (select private.hidden_ids((select auth.uid())))
  );

create policy "people mute in their own name"
  on public.mutes for insert
  to authenticated
  with check (muter_id = (select auth.uid()));

create policy "people change their own mutes"
  on public.mutes for update
  to authenticated
  using (
    muter_id = (select auth.uid())
    and muted_id not in (select private.hidden_ids((select auth.uid())))
  )
  with check (muter_id = (select auth.uid()));

create policy "people unmute in their own name"
  on public.mutes for delete
  to authenticated
  using (
    muter_id = (select auth.uid())
    and muted_id not in (select private.hidden_ids((select auth.uid())))
  );

revoke all on public.blocks, public.mutes from public, anon, authenticated, service_role;
grant select, delete on public.blocks, public.mutes to authenticated, service_role;
grant insert (blocker_id, blocked_id) on public.blocks to authenticated, service_role;
grant insert (muter_id, muted_id, muted_until, hides_notifications) on public.mutes to authenticated, service_role;
grant update (muter_id, muted_id, muted_until, hides_notifications) on public.mutes to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Not take_turn(): the turns of all who are concerned are taken together, after
-- the insert (blocks_end_follows), and these wait in a queue of their own.
create function private.blocks_take_turn()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('blocks of ' || auth.uid(), 0));
  return null;
end;
$$;

comment on function private.blocks_take_turn is 'Lets one person block by one request at a time.';
revoke all on function private.blocks_take_turn () from public, anon, authenticated, service_role;

create trigger blocks_take_turn
  before insert on public.blocks
  for each statement
  execute function private.blocks_take_turn();

create trigger take_turn
  before insert on public.mutes
  for each statement
  execute function private.take_turn();

-- Definer, because who blocks whom is nobody's to read. To block again whom one
-- blocks is a conflict as any; whom one cannot see cannot be blocked.
create function private.blocks_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := coalesce(auth.uid(), new.blocker_id);
begin
  if new.blocked_id <> viewer_id and not exists (
    select from public.blocks
    where blocks.blocker_id = viewer_id
      and blocks.blocked_id = new.blocked_id
      and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
  ) then
    perform private.require_profile(viewer_id, new.blocked_id);
  end if;
  return new;
end;
$$;

comment on function private.blocks_check is 'Refuses to block whom one cannot see.';
revoke all on function private.blocks_check () from public, anon, authenticated, service_role;

create trigger blocks_check
  before insert on public.blocks
  for each row
  execute function private.blocks_check();

-- Definer, because who blocks whom is nobody's to read.
create function private.mutes_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.require_profile(coalesce(auth.uid(), new.muter_id), new.muted_id);
  return new;
end;
$$;

comment on function private.mutes_check is 'Refuses to mute whom one cannot see.';
revoke all on function private.mutes_check () from public, anon, authenticated, service_role;

create trigger mutes_check
  before insert or update on public.mutes
  for each row
  execute function private.mutes_check();

-- 20-follows -------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

alter table public.follows add column id bigint;
update public.follows set id = private.new_id(created_at);
alter table public.follows alter column id set default private.new_id(), alter column id set not null;

comment on table  public.follows is 'Who follows whom. Insert to follow, delete to unfollow. Seen by the two, and by whoever may look into both: what a private account does is for its followers.';
comment on column public.follows.follower_id is 'Who follows: yourself, when left out.';
comment on column public.follows.followee_id is 'Who is followed.';
comment on column public.follows.id is 'Made of the time of following: order and page by it.';

-- Who follows somebody, newest first.
create index follows_followee_id_id_idx on public.follows (followee_id, id desc);

-- Beside profiles, not in it: a new follower need not wait for a profile being
-- edited, nor rewrite its bio. Free space in every page keeps the new versions
-- of a row beside the old ones, and the index untouched.
alter table public.follow_counts disable row level security;
alter table public.follow_counts set schema private;

comment on column private.follow_counts.followers is null;
comment on column private.follow_counts.following is null;
comment on table private.follow_counts is 'How many follow somebody, and how many they follow. One row for each profile.';
revoke all on private.follow_counts from public, anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

-- Definer, because neither blocks nor follows are everybody's to read.
create function private.looks_into(viewer_id uuid, profile_id uuid)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return coalesce(looks_into.profile_id = looks_into.viewer_id, false)
    or (
      not exists (
        select from public.blocks
        where (blocks.blocker_id, blocks.blocked_id) = (looks_into.viewer_id, looks_into.profile_id)
          or (blocks.blocker_id, blocks.blocked_id) = (looks_into.profile_id, looks_into.viewer_id)
      )
      and (
        exists (
          select from public.profiles
          where profiles.id = looks_into.profile_id and not profiles.is_private
        )
        or exists (
          select from public.follows
          where follows.follower_id = looks_into.viewer_id and follows.followee_id = looks_into.profile_id
        )
      )
    );
end;
$$;

comment on function private.looks_into is 'Whether the viewer sees what somebody does: their own, a public account''s or, as a follower, a private one''s, and no block between them.';
revoke all on function private.looks_into (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.looks_into (uuid, uuid) to anon, authenticated;

-- Volatile, to see what was committed while the request waited for its turn. To
-- repeat a follow is no matter of consent, nor is to follow oneself: both are
-- refused for what they are.
create function private.consents_to_follow(profile_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if exists (
    select from public.profiles
    where profiles.id = consents_to_follow.profile_id and profiles.is_private and profiles.id <> auth.uid()
  ) and not exists (
    select from public.follows
    where follows.follower_id = auth.uid() and follows.followee_id = consents_to_follow.profile_id
  ) then
    raise sqlstate 'PT403' using
      message = 'This account is private: ask to follow it', detail = 'follow_needs_request';
  end if;
  return true;
end;
$$;

comment on function private.consents_to_follow is 'True, or the error PT403 for a private account.';
revoke all on function private.consents_to_follow (uuid) from public, anon, authenticated, service_role;
grant execute on function private.consents_to_follow (uuid) to authenticated;

alter table public.follows enable row level security;

create policy "whoever may look into both reads who follows whom"
  on public.follows for select
  to anon, authenticated
  using (
    follower_id = (select auth.uid())
    or followee_id = (select auth.uid())
    or (
      private.looks_into((select auth.uid()), follower_id)
      and private.looks_into((select auth.uid()), followee_id)
    )
  );

create policy "people follow public accounts in their own name"
  on public.follows for insert
  to authenticated
  with check (follower_id = (select auth.uid()) and private.consents_to_follow(followee_id));

create policy "people unfollow in their own name"
  on public.follows for delete
  to authenticated
  using (follower_id = (select auth.uid()));

-- No update: another followee is another follow.
revoke all on public.follows from public, anon, authenticated, service_role;
grant select on public.follows to anon, authenticated, service_role;
grant insert (follower_id, followee_id) on public.follows to authenticated, service_role;
grant delete on public.follows to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert or delete on public.follows
  for each statement
  execute function private.take_turn();

-- Definer, because blocks are nobody's to read.
create function private.follows_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.require_profile(coalesce(auth.uid(), new.follower_id), new.followee_id);
  return new;
end;
$$;

comment on function private.follows_check is 'Refuses to follow whom one cannot see.';
revoke all on function private.follows_check () from public, anon, authenticated, service_role;

-- A request that is accepted, by whoever owns the account, was checked when made,
-- and a block since would have ended it.
create trigger follows_check
  before insert on public.follows
  for each row
  when (new.followee_id is distinct from auth.uid())
  execute function private.follows_check();

-- Definer, because they are others' follows and requests too. Everybody's turn is
-- taken, so that nobody follows from one side while the other blocks.
create function private.blocks_end_follows()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.take_turns(variadic (
    select array_agg(person.id)
    from blocked
    cross join lateral (values (blocked.blocker_id), (blocked.blocked_id)) as person (id)
  ));
  delete from public.follow_requests
  using blocked
  where (follow_requests.requester_id, follow_requests.target_id) in (
    (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  );
  delete from public.follows
  using blocked
  where (follows.follower_id, follows.followee_id) in (
    (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  );
  return null;
end;
$$;

comment on function private.blocks_end_follows is 'Ends follows and requests, both ways, between those whom a block hides from each other.';
revoke all on function private.blocks_end_follows () from public, anon, authenticated, service_role;

create trigger blocks_end_follows
  after insert on public.blocks
  referencing new table as blocked
  for each statement
  execute function private.blocks_end_follows();

-- Definer, because nobody may write counts.
create function private.profiles_create_follow_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.follow_counts (profile_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_follow_counts is 'Begins a new profile''s counts at zero.';
revoke all on function private.profiles_create_follow_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_follow_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_follow_counts();

-- Definer, because nobody may write counts. The rows are locked by one statement
-- and counted by the next, which sees what the first had waited for.
create function private.follows_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  step integer := case tg_op when 'INSERT' then 1 else -1 end;
begin
  perform
  from private.follow_counts
  where follow_counts.profile_id in (
    select changed.follower_id from changed
    union all
    select changed.followee_id from changed
  )
  order by follow_counts.profile_id
  for no key update;

  update private.follow_counts
  set followers = follow_counts.followers + step * change.followers,
      following = follow_counts.following + step * change.following
  from (
    select side.profile_id, sum(side.followers) as followers, sum(side.following) as following
    from (
      select changed.followee_id, 1, 0 from changed
      union all
      select changed.follower_id, 0, 1 from changed
    ) as side (profile_id, followers, following)
    group by side.profile_id
  ) as change
  where follow_counts.profile_id = change.profile_id;
  return null;
end;
$$;

comment on function private.follows_count is 'Keeps follow_counts equal to a count of follows.';
revoke all on function private.follows_count () from public, anon, authenticated, service_role;

create trigger follows_count_inserted
  after insert on public.follows
  referencing new table as changed
  for each statement
  execute function private.follows_count();

create trigger follows_count_deleted
  after delete on public.follows
  referencing old table as changed
  for each statement
  execute function private.follows_count();

-- Left to the foreign keys, a profile's follows would end in two statements, each
-- with an order of locks of its own. Definer, because they are others' follows too.
create function private.profiles_end_follows()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id
  order by follows.follower_id, follows.followee_id
  for update;

  delete from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id;
  return old;
end;
$$;

comment on function private.profiles_end_follows is 'Ends all follows of a profile that goes, in one statement.';
revoke all on function private.profiles_end_follows () from public, anon, authenticated, service_role;

create trigger profiles_end_follows
  before delete on public.profiles
  for each row
  execute function private.profiles_end_follows();

-- API ------------------------------------------------------------------------

-- Definer, because counts are of the rows that the viewer does not see as well;
-- those whom a block hides from the viewer are taken off.
create function private.follow_counts_of(viewer_id uuid, profile_id uuid)
returns table (followers bigint, following bigint)
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(follow_counts_of.viewer_id));
begin
  return query
  select
    counts.followers - case when cardinality(hidden_ids) = 0 then 0 else (
      select count(*)
      from public.follows
      where follows.follower_id = any (hidden_ids) and follows.followee_id = counts.profile_id
    ) end,
    counts.following - case when cardinality(hidden_ids) = 0 then 0 else (
      select count(*)
      from public.follows
      where follows.follower_id = counts.profile_id and follows.followee_id = any (hidden_ids)
    ) end
  from private.follow_counts as counts
  where counts.profile_id = follow_counts_of.profile_id;
end;
$$;

comment on function private.follow_counts_of is 'How many follow somebody and how many they follow, in the viewer''s world.';
revoke all on function private.follow_counts_of (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.follow_counts_of (uuid, uuid) to anon, authenticated, service_role;

create view public.follow_counts
with (security_invoker = on)
as
select profiles.id as profile_id, counts.followers, counts.following
from public.profiles
cross join lateral private.follow_counts_of((select auth.uid()), profiles.id) as counts;

comment on view   public.follow_counts is 'How many follow somebody, and how many they follow: without those whom a block hides from you.';
comment on column public.follow_counts.followers is 'How many follow them.';
comment on column public.follow_counts.following is 'How many they follow.';
revoke all on public.follow_counts from public, anon, authenticated, service_role;
grant select on public.follow_counts to anon, authenticated, service_role;

create function public.follow_counts(profile public.profiles)
returns setof public.follow_counts
language sql
stable
security invoker
rows 1
begin atomic
  select follow_counts.*
  from public.follow_counts
  where follow_counts.profile_id = profile.id;
end;

comment on function public.follow_counts is 'To embed them in profiles: select=*,follow_counts(followers,following).';
revoke all on function public.follow_counts (public.profiles) from public, anon, authenticated, service_role;
grant execute on function public.follow_counts (public.profiles) to anon, authenticated, service_role;

-- Definer, because it is the follower's follow.
create function private.remove_follower(follower_id uuid)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id
    and follows.followee_id = private.viewer();
  return found;
end;
$$;

comment on function private.remove_follower is 'What public.remove_follower() does.';
revoke all on function private.remove_follower (uuid) from public, anon, authenticated, service_role;
grant execute on function private.remove_follower (uuid) to authenticated;

create function public.remove_follower(follower_id uuid)
returns boolean
language sql
volatile
security invoker
return private.remove_follower(remove_follower.follower_id);

comment on function public.remove_follower is 'Makes somebody follow you no longer: false when they did not.';
revoke all on function public.remove_follower (uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_follower (uuid) to authenticated;

-- 22-follow-requests -----------------------------------------------------------

-- Table ----------------------------------------------------------------------

create table public.follow_requests (
  requester_id  uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  target_id     uuid         not null references public.profiles (id) on delete cascade,
  id            bigint       not null default private.new_id(),
  created_at    timestamptz  not null default now(),

  -- Whom somebody asked.
  primary key (requester_id, target_id)
);

comment on table  public.follow_requests is 'Who asks to follow a private account. Insert to ask, delete to take it back; the account''s owner calls accept_follow_request() or decline_follow_request().';
comment on column public.follow_requests.requester_id is 'Who asks: yourself, when left out.';
comment on column public.follow_requests.target_id is 'The private account.';
comment on column public.follow_requests.id is 'Made of the time of asking: order and page by it.';

-- Who asks somebody, newest first.
create index follow_requests_target_id_id_idx on public.follow_requests (target_id, id desc);

-- Rules ----------------------------------------------------------------------

alter table public.follow_requests enable row level security;

create policy "people read what they ask and are asked"
  on public.follow_requests for select
  to authenticated
  using (requester_id = (select auth.uid()) or target_id = (select auth.uid()));

create policy "people ask in their own name"
  on public.follow_requests for insert
  to authenticated
  with check (requester_id = (select auth.uid()));

create policy "people take their requests back"
  on public.follow_requests for delete
  to authenticated
  using (requester_id = (select auth.uid()));

revoke all on public.follow_requests from public, anon, authenticated, service_role;
grant select, delete on public.follow_requests to authenticated, service_role;
grant insert (requester_id, target_id) on public.follow_requests to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert or delete on public.follow_requests
  for each statement
  execute function private.take_turn();

-- Definer, because neither blocks nor all of profiles are everybody's to read.
-- The account is locked against being made public, or accepting, meanwhile.
create function private.follow_requests_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  is_private boolean;
begin
  perform private.require_profile(coalesce(auth.uid(), new.requester_id), new.target_id);

  select profiles.is_private into is_private
  from public.profiles
  where profiles.id = new.target_id
  for share;

  if new.requester_id = new.target_id then
    raise sqlstate 'PT400' using message = 'You cannot follow yourself', detail = 'follow_yourself';
  elsif is_private is not true then
    raise sqlstate 'PT409' using
      message = 'This account is public: follow it without asking', detail = 'follow_needs_no_request';
  elsif exists (
    select from public.follows
    where follows.follower_id = new.requester_id and follows.followee_id = new.target_id
  ) then
    raise sqlstate 'PT409' using message = 'You follow this account', detail = 'already_following';
  end if;
  return new;
end;
$$;

comment on function private.follow_requests_check is 'Refuses a request that nobody could accept.';
revoke all on function private.follow_requests_check () from public, anon, authenticated, service_role;

create trigger follow_requests_check
  before insert on public.follow_requests
  for each row
  execute function private.follow_requests_check();

-- Whoever writes a post takes a turn as well, so that none is written for
-- everybody while its author's account becomes private.
create trigger take_turn
  before update of is_private on public.profiles
  for each statement
  execute function private.take_turn();

-- Definer, because they are others' follows.
create function private.profiles_accept_requests()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  with accepted as (
    delete from public.follow_requests
    where follow_requests.target_id = new.id
    returning follow_requests.requester_id
  )
  insert into public.follows (follower_id, followee_id)
  select accepted.requester_id, new.id
  from accepted
  on conflict do nothing;
  return null;
end;
$$;

comment on function private.profiles_accept_requests is 'Accepts what waits when an account becomes public.';
revoke all on function private.profiles_accept_requests () from public, anon, authenticated, service_role;

create trigger profiles_accept_requests
  after update of is_private on public.profiles
  for each row
  when (old.is_private and not new.is_private)
  execute function private.profiles_accept_requests();

-- API ------------------------------------------------------------------------

-- Definer, to lock a private account between the question and the answer: it may
-- become public meanwhile. A public one's followers do not wait for each other.
create function private.follow(profile_id uuid)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  is_private boolean;
begin
  perform private.take_turns(viewer_id);
  perform private.require_profile(viewer_id, follow.profile_id);

  select profiles.is_private into is_private
  from public.profiles
  where profiles.id = follow.profile_id;
  if is_private then
    select profiles.is_private into is_private
    from public.profiles
    where profiles.id = follow.profile_id
    for share;
  end if;

  if exists (
    select from public.follows
    where follows.follower_id = viewer_id and follows.followee_id = follow.profile_id
  ) then
    return 'following';
  elsif is_private and follow.profile_id <> viewer_id then
    insert into public.follow_requests (requester_id, target_id)
    values (viewer_id, follow.profile_id)
    on conflict do nothing;
    return 'requested';
  end if;
  insert into public.follows (follower_id, followee_id)
  values (viewer_id, follow.profile_id);
  return 'following';
end;
$$;

comment on function private.follow is 'What public.follow() does.';
revoke all on function private.follow (uuid) from public, anon, authenticated, service_role;
grant execute on function private.follow (uuid) to authenticated;

create function public.follow(profile_id uuid)
returns text
language sql
volatile
security invoker
return private.follow(follow.profile_id);

comment on function public.follow is 'Follows a public account, or asks a private one: answers following or requested. To be repeated safely.';
revoke all on function public.follow (uuid) from public, anon, authenticated, service_role;
grant execute on function public.follow (uuid) to authenticated;

-- Definer, because it is the requester's follow. The account is locked, so that
-- nobody who follows by now asks again.
create function private.answer_follow_request(requester_id uuid, accepts boolean)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
begin
  perform private.take_turns(viewer_id);
  perform
  from public.profiles
  where profiles.id = viewer_id
  for no key update;

  delete from public.follow_requests
  where follow_requests.requester_id = answer_follow_request.requester_id
    and follow_requests.target_id = viewer_id;
  if found and accepts then
    insert into public.follows (follower_id, followee_id)
    values (answer_follow_request.requester_id, viewer_id)
    on conflict do nothing;
    return true;
  end if;
  return found;
end;
$$;

comment on function private.answer_follow_request is 'What public.accept_follow_request() and public.decline_follow_request() do.';
revoke all on function private.answer_follow_request (uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function private.answer_follow_request (uuid, boolean) to authenticated;

create function public.accept_follow_request(requester_id uuid)
returns boolean
language sql
volatile
security invoker
return private.answer_follow_request(accept_follow_request.requester_id, true);

comment on function public.accept_follow_request is 'Lets somebody who asked follow you: false when they did not ask, or took it back.';
revoke all on function public.accept_follow_request (uuid) from public, anon, authenticated, service_role;
grant execute on function public.accept_follow_request (uuid) to authenticated;

create function public.decline_follow_request(requester_id uuid)
returns boolean
language sql
volatile
security invoker
return private.answer_follow_request(decline_follow_request.requester_id, false);

comment on function public.decline_follow_request is 'Removes a request to follow you: false when there is none. They may ask again.';
revoke all on function public.decline_follow_request (uuid) from public, anon, authenticated, service_role;
grant execute on function public.decline_follow_request (uuid) to authenticated;

-- 25-text ----------------------------------------------------------------------

-- Tags -----------------------------------------------------------------------

-- [[:alpha:]] won't do: it changes with the locale, and has no combining marks,
-- without which there is no Hindi. These are \p{L}, \p{M} and \p{Nd} of Unicode 17,
-- where a range runs on over what is not assigned yet, and what twitter-text adds
-- to them: the underscore, joiners, Hebrew and Tibetan punctuation, middle dots,
-- wave dashes, the voicing marks and the ditto of Japanese. Only the variation
-- selectors U+FE0E and U+FE0F are left out: they are in tags, but also before one,
-- when they belong to an emoji.
create function private.tag_characters()
returns text
language sql
immutable
parallel safe
security invoker
return '0-9A-Z_a-z'
  '\u00AA\u00B5\u00B7\u00BA\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02C1\u02C6-\u02D1\u02E0-\u02E4\u02EC'
  '\u02EE\u0300-\u0374\u0376-\u037D\u037F\u0386\u0388-\u03F5\u03F7-\u0481\u0483-\u0559\u0560-\u0588'
  '\u0591-\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7-\u05F4\u0610-\u061A\u0620-\u0669\u066E-\u06D3'
  '\u06D5-\u06DC\u06DF-\u06E8\u06EA-\u06FC\u06FF\u0710-\u07F5\u07FA-\u07FD\u0800-\u082D'
  '\u0840-\u085B\u0860-\u0887\u0889-\u088F\u0897-\u08E1\u08E3-\u0963\u0966-\u096F\u0971-\u09F1'
  '\u09FC\u09FE-\u0A75\u0A81-\u0AEF\u0AF9-\u0B6F\u0B71\u0B82-\u0BEF\u0C00-\u0C6F\u0C80-\u0C83'
  '\u0C85-\u0D4E\u0D54-\u0D57\u0D5F-\u0D6F\u0D7A-\u0DF3\u0E01-\u0E3A\u0E40-\u0E4E\u0E50-\u0E59'
  '\u0E81-\u0F00\u0F0B\u0F0C\u0F18\u0F19\u0F20-\u0F29\u0F35\u0F37\u0F39\u0F3E-\u0F84\u0F86-\u0FBC'
  '\u0FC6\u1000-\u1049\u1050-\u109D\u10A0-\u10FA\u10FC-\u135F\u1380-\u138F\u13A0-\u13FD'
  '\u1401-\u166C\u166F-\u167F\u1681-\u169A\u16A0-\u16EA\u16F1-\u1734\u1740-\u17D3\u17D7'
  '\u17DC-\u17E9\u180B-\u180D\u180F-\u193B\u1946-\u19D9\u1A00-\u1A1B\u1A20-\u1A99\u1AA7'
  '\u1AB0-\u1B4C\u1B50-\u1B59\u1B6B-\u1B73\u1B80-\u1BF3\u1C00-\u1C37\u1C40-\u1C7D\u1C80-\u1CBF'
  '\u1CD0-\u1CD2\u1CD4-\u1FBC\u1FBE\u1FC2-\u1FCC\u1FD0-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FFC\u200C\u200D'
  '\u2071\u207F\u2090-\u209C\u20D0-\u20F0\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126'
  '\u2128\u212A-\u212D\u212F-\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2CE4'
  '\u2CEB-\u2CF3\u2D00-\u2D6F\u2D7F-\u2DFF\u2E2F\u3003\u3005\u3006\u301C\u302A-\u302F\u3031-\u3035'
  '\u303B\u303C\u3041-\u318E\u31A0-\u31BF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\uA48C\uA4D0-\uA4FD'
  '\uA500-\uA60C\uA610-\uA672\uA674-\uA6E5\uA6F0\uA6F1\uA717-\uA71F\uA722-\uA788\uA78B-\uA827\uA82C'
  '\uA840-\uA873\uA880-\uA8C5\uA8D0-\uA8F7\uA8FB\uA8FD-\uA92D\uA930-\uA953\uA960-\uA9C0'
  '\uA9CF-\uA9D9\uA9E0-\uAA59\uAA60-\uAA76\uAA7A-\uAADD\uAAE0-\uAAEF\uAAF2-\uAB5A\uAB5C-\uAB69'
  '\uAB70-\uABEA\uABEC-\uD7FB\uF900-\uFB28\uFB2A-\uFBB1\uFBD3-\uFD3D\uFD50-\uFD8F\uFD92-\uFDC7'
  '\uFDF0-\uFDFB\uFE00-\uFE0D\uFE20-\uFE2F\uFE70-\uFEFC\uFF10-\uFF19\uFF21-\uFF3A\uFF41-\uFF5A'
  '\uFF5E\uFF66-\uFFDC'
  '\U00010000-\U0001CBFF\U0001D400-\U0001D7FF\U0001DF00-\U0001EFFF\U00020000-\U0003FFFF'
  '\U000E0100-\U000E01EF';

comment on function private.tag_characters is 'What tags are made of, as the inside of a bracket expression.';
revoke all on function private.tag_characters () from public, anon, authenticated, service_role;
grant execute on function private.tag_characters () to authenticated, service_role;

-- Case is folded by way of the capitals, one character for one: ς is σ, and ı and İ
-- are i, so that in Turkish, too, #ısparta is #ISPARTA; but ß is not ss. Full-width
-- letters are letters of their own, as in twitter-text. Composed after each step,
-- because only one case of a letter may have a character for it with its accent.
create function private.tag_name(tag text)
returns text
language plpgsql
immutable
strict
parallel safe
security invoker
set search_path = ''
as $$
declare
  composed text := normalize(regexp_replace(tag, '^[#＃]', ''), nfc);
  capitals text := normalize(upper(composed collate pg_catalog.pg_c_utf8), nfc);
  name text := normalize(lower(capitals collate pg_catalog.pg_c_utf8), nfc);
  -- \p{Nd} up to U+FFFF, the digits of mathematics, and what is neither.
  not_letters constant text := '0-9'
    '\u0660-\u0669\u06F0-\u06F9\u07C0-\u07C9\u0966-\u096F\u09E6-\u09EF\u0A66-\u0A6F\u0AE6-\u0AEF'
    '\u0B66-\u0B6F\u0BE6-\u0BEF\u0C66-\u0C6F\u0CE6-\u0CEF\u0D66-\u0D6F\u0DE6-\u0DEF\u0E50-\u0E59'
    '\u0ED0-\u0ED9\u0F20-\u0F29\u1040-\u1049\u1090-\u1099\u17E0-\u17E9\u1810-\u1819\u1946-\u194F'
    '\u19D0-\u19D9\u1A80-\u1A89\u1A90-\u1A99\u1B50-\u1B59\u1BB0-\u1BB9\u1C40-\u1C49\u1C50-\u1C59'
    '\uA620-\uA629\uA8D0-\uA8D9\uA900-\uA909\uA9D0-\uA9D9\uA9F0-\uA9F9\uAA50-\uAA59\uABF0-\uABF9'
    '\uFF10-\uFF19'
    '\U0001D7CE-\U0001D7FF'
    '_\u00B7\u05BE\u05F3\u05F4\u0F0B\u0F0C\u200C\u200D\u3003\u301C\u309B\u309C\u30A0\u30FB\uA67E\uFF5E';
begin
  -- With U+FE0F or U+20E3 after it, the # is an emoji.
  if char_length(name) <= 100
    and name ~ ('^(?![\uFE0F\u20E3])[' || private.tag_characters() || '\uFE0E\uFE0F]+$')
    and name ~ ('[^' || not_letters || ']')
  then
    return name;
  end if;
  return null;
end;
$$;

comment on function private.tag_name is 'The name of a tag that is given with or without its sign: the same however it is capitalised and its accents are encoded. Null when it is none: a name has at most 100 letters, marks, digits and underscores, and not only digits.';
revoke all on function private.tag_name (text) from public, anon, authenticated, service_role;
grant execute on function private.tag_name (text) to authenticated, service_role;

-- Entities -------------------------------------------------------------------

/*
 * One expression for all that is looked for: of two that overlap the first is found
 * and the other is not, so that a # in a link is no tag. Without captures and back
 * references Postgres runs it as an automaton, which never backtracks: all groups
 * are (?:). Nor may an alternative begin anywhere within a run of its characters,
 * which would be read once from each of them.
 */
create function private.entity_pattern()
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  tag_characters constant text := private.tag_characters();
  accented constant text :=
    '\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F\u0253\u0254\u0256\u0257\u0259\u025B\u0263\u0268\u026F'
    '\u0272\u0289\u028B\u02BB\u0300-\u036F\u1E00-\u1EFF';

  tag constant text := '(?<![&' || tag_characters || '])'
    '[#＃](?![\uFE0F\u20E3])[' || tag_characters || '\uFE0E\uFE0F]+'
    '(?![' || tag_characters || '\uFE0E\uFE0F#＃]|://)';

  mention constant text := '(?<![A-Za-z0-9_!#$%&*@＠])'
    '[@＠][A-Za-z0-9_]{3,30}(?![A-Za-z0-9_@＠' || accented || ']|://)';

  -- Controls, spaces and punctuation end a host, full-width or not.
  not_host constant text :=
    '\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u061C\u1680\u180E\u2000-\u200B'
    '\u200E-\u206F\u3000-\u3004\u3008-\u3020\u3030\uFEFF\uFF00-\uFF20\uFF5B-\uFF65\uFFF0-\uFFFF';
  host constant text := '[^' || not_host || ']';
  ascii_host constant text := '[A-Za-z0-9' || accented || ']';
  labels constant text := '(?:h(?:[_-]*h)*\.)*h(?:-*h)*\.';  -- h: a character of the host
  ascii_top constant text := '(?:[A-Za-z]{2,}|[Xx][Nn]--[0-9A-Za-z-]+)';
  -- Hosts, but no domains, may have emoji and other symbols.
  other_top constant text :=
    '[^0-9A-Za-z\u2070-\u2BFF\u30FB\uFE00-\uFE0F\U0001F000-\U0001FFFF' || not_host || ']{2,}';
  host_end constant text := '(?![0-9A-Za-z@+-])(?::[0-9]+)?';

  -- A path's parentheses are closed again and may have others in them; what ends
  -- the sentence is not part of it.
  path_character constant text :=
    '[A-Za-z0-9\u0400-\u04FF' || accented || '!*'';:=+,.$/%#\[\]\u2013_~@|&-]';
  path_end constant text := '[A-Za-z0-9\u0400-\u04FF' || accented || '=_#/+-]';
  parentheses constant text := '\((?:' || path_character || '+|'
    || path_character || '*\(' || path_character || '+\)' || path_character || '*)\)';
  path constant text := '/(?:(?:' || path_character || '|' || parentheses || ')*' || path_end || ')?'
    '(?:' || parentheses || ')*';
  query constant text := '\?[A-Za-z0-9!?*''@();:&=+$/%#\[\]_.,~|-]*[A-Za-z0-9_&=#/-]';

  link constant text := '(?<![A-Za-z0-9@＠$#＃\uFEFF\uFFFE\uFFFF])[Hh][Tt][Tt][Pp][Ss]?://'
    || replace(labels, 'h', host) || '(?:' || ascii_top || '|' || other_top || ')' || host_end
    || '(?:' || path || ')?(?:' || query || ')?';

  -- Found in order to be left out: a # in its path is no tag either.
  bare_link constant text := '(?<![A-Za-z0-9@＠$#＃_./' || accented || '-])'
    || replace(labels, 'h', ascii_host) || ascii_top || host_end
    || path || '(?:' || query || ')?';
begin
  return tag || '|' || mention || '|' || link || '|' || bare_link;
end;
$$;

comment on function private.entity_pattern is 'The regular expression of tags, mentions, links, and addresses without http://.';
revoke all on function private.entity_pattern () from public, anon, authenticated, service_role;

create function private.utf16_length(string text)
returns integer
language sql
immutable
parallel safe
security invoker
return char_length(string) + regexp_count(string, '[\U00010000-\U0010FFFF]');

comment on function private.utf16_length is 'How many UTF-16 code units a string has: two for each character beyond U+FFFF.';
revoke all on function private.utf16_length (text) from public, anon, authenticated, service_role;

-- Ranges beside the text instead of HTML: the text stays as it was written, and a
-- client renders what it finds here. They count UTF-16 code units, as the strings
-- of JavaScript, Dart, Java, Kotlin and C# do, so that text.slice(start, end) is the
-- entity, its sign included. (Swift has utf16; elsewhere, encode and slice.)
create function private.text_entities(title text, content text)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  most constant integer := 50;
  mark constant text := chr(1);
  counts jsonb := '{"tag": 0, "mention": 0, "link": 0}';
  entities jsonb[] := '{}';
  field text;
  source text;
  pieces text[];
  piece text;
  is_entity boolean;
  piece_start integer;
  piece_end integer;
  kind text;
  kept integer;
  value text;
begin
  for field, source in values ('title', title), ('content', content) loop
    continue when source is null or source !~ '[#＃@＠]|://';

    -- With a mark on both sides of what is found, every second piece is one.
    pieces := string_to_array(
      regexp_replace(translate(source, mark, ' '), private.entity_pattern(), mark || '\&' || mark, 'g'),
      mark
    );
    piece_end := 0;
    is_entity := true;
    foreach piece in array pieces loop
      is_entity := not is_entity;
      piece_start := piece_end;
      piece_end := piece_start + private.utf16_length(piece);
      continue when not is_entity;

      kind := case
        when piece ~ '^[#＃]' then 'tag'
        when piece ~ '^[@＠]' then 'mention'
        when piece ~ '^[A-Za-z]+://' then 'link'
      end;
      kept := counts -> kind;
      continue when kind is null or kept = most;

      value := case kind
        when 'tag' then private.tag_name(piece)
        when 'mention' then substr(piece, 2)
        else piece
      end;
      continue when value is null;

      counts := counts || jsonb_build_object(kind, kept + 1);
      entities := entities || jsonb_build_object(
        'type', kind,
        'field', field,
        'start', piece_start,
        'end', piece_end,
        case kind when 'mention' then 'username' when 'link' then 'url' else 'tag' end, value
      );
    end loop;
  end loop;
  return to_jsonb(entities);
end;
$$;

comment on function private.text_entities is 'The tags, mentions and links in a title and a content, in order, at most 50 of each: [{"type": "tag", "field": "content", "start": 4, "end": 11, "tag": "garden"}], with username (as written) for a mention and url for a link.';
revoke all on function private.text_entities (text, text) from public, anon, authenticated, service_role;

-- 30-posts ---------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

create type public.audience as enum ('everyone', 'followers', 'mentioned');
comment on type public.audience is 'Whom a post is for: everyone (of a private account: its followers), followers, or the people mentioned in it.';

alter table public.post_versions drop constraint post_versions_post_id_fkey;
alter table public.posts
  drop constraint posts_pkey,
  drop constraint posts_content_length,
  alter column content set default '',
  add column content_warning text not null default '',
  add column language text,
  add column entities jsonb not null default '[]',
  add column audience public.audience not null default 'everyone',
  add column reply_to_id bigint,
  add column quote_of_id bigint,
  add column repost_of_id bigint;
alter table public.posts
  add constraint posts_pkey primary key (id) include (author_id),
  add constraint posts_content_length check (private.rule(
    repost_of_id is not null or (char_length(content) between 1 and 10000 and content ~ '[^[:space:]]'),
    'content_length', 'A post has 1 to 10,000 characters, not only spaces'
  )),
  add constraint posts_content_warning_format check (private.rule(
    char_length(content_warning) <= 200 and content_warning !~ '[[:cntrl:]]',
    'content_warning_format', 'A content warning has at most 200 characters, on one line'
  )),
  add constraint posts_language_format check (private.rule(
    language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$',
    'language_format', 'A language is a tag such as en, pt-BR or zh-Hant'
  )),
  add constraint posts_repost_is_bare check (private.rule(
    repost_of_id is null or (
      title = '' and content = '' and content_warning = '' and language is null
      and audience = 'everyone' and reply_to_id is null and quote_of_id is null
    ),
    'repost_is_bare', 'A repost has nothing of its own: to add words, quote'
  ));
alter table public.posts
  add constraint posts_repost_of_id_fkey foreign key (repost_of_id) references public.posts (id) on delete cascade;
alter table public.post_versions
  add constraint post_versions_post_id_fkey foreign key (post_id) references public.posts (id) on delete cascade;

comment on table  public.posts is 'What people write: plain text, to be escaped by whoever shows it. A higher id was written later: order and page by it.';
comment on column public.posts.id is 'Made of the time of writing; a JSON number carries it exactly.';
comment on column public.posts.author_id is 'Who wrote it: yourself, when left out.';
comment on column public.posts.title is 'At most 200 characters, on one line; may be empty.';
comment on column public.posts.content is '1 to 10,000 characters of plain text; empty in a repost.';
comment on column public.posts.content_warning is 'What to show in its place until the reader asks for it: at most 200 characters, on one line; empty when there is none.';
comment on column public.posts.language is 'A BCP 47 tag, or null.';
comment on column public.posts.entities is 'The tags, mentions and links in title and content, as ranges beside the text; start and end count UTF-16 code units.';
comment on column public.posts.audience is 'Whom it is for. Never changes.';
comment on column public.posts.reply_to_id is 'The post it answers, which may be deleted by now, or not for you.';
comment on column public.posts.quote_of_id is 'The post it quotes, which may be deleted by now, or not for you.';
comment on column public.posts.repost_of_id is 'The post it shows again.';
comment on column public.posts.edited_at is 'When it was last edited, null when never. What it said before is in post_versions.';

-- A profile's posts, newest first, and each followee's part of a home feed.
create index posts_author_id_id_idx on public.posts (author_id, id desc) include (reply_to_id);
-- A post's replies, oldest first; how many of them are by whom.
create index posts_reply_to_id_id_idx on public.posts (reply_to_id, id) include (author_id)
  where reply_to_id is not null;
create index posts_quote_of_id_id_idx on public.posts (quote_of_id, id) include (author_id)
  where quote_of_id is not null;
-- Once by each; who reposted a post before somebody else did.
create unique index posts_repost_of_id_author_id_key on public.posts (repost_of_id, author_id) include (id)
  where repost_of_id is not null;

alter table public.post_versions add column content_warning text not null default '';

comment on table  public.post_versions is 'What posts said before they were edited. Whoever can read the post can read them.';
comment on column public.post_versions.version is '1 is what was first written; the post itself is the one after the highest.';
comment on column public.post_versions.content_warning is 'The content warning it had.';
comment on column public.post_versions.created_at is 'From when the post said this.';
comment on column public.post_versions.replaced_at is 'Until when the post said this.';

-- What is left of a deleted post as long as it has replies, so that a thread does
-- not fall apart: its place, and nothing of what it said or who wrote it.
create table private.deleted_posts (
  id           bigint primary key,
  reply_to_id  bigint
);

comment on table private.deleted_posts is 'The places of deleted posts that have replies.';
revoke all on private.deleted_posts from public, anon, authenticated, service_role;

-- The replies to a place.
create index deleted_posts_reply_to_id_idx on private.deleted_posts (reply_to_id) where reply_to_id is not null;

-- Rules ----------------------------------------------------------------------

/*
 * Who sees a post: its author; and, where no block hides the author from the
 * viewer, those whom it is for. Of a private account that is never more than its
 * followers and whom a post addresses by name. A repost is seen by whoever may
 * look into who reposted and sees the post that it shows.
 *
 * Definer, because neither blocks nor follows are everybody's to read, and
 * because a policy on posts may not query posts.
 */
create function private.sees_post(
  viewer_id uuid, post_id bigint, author_id uuid, audience public.audience, repost_of_id bigint
)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if sees_post.repost_of_id is not null then
    return private.looks_into(sees_post.viewer_id, sees_post.author_id) and coalesce((
      select private.sees_post(sees_post.viewer_id, original.id, original.author_id, original.audience, null)
      from public.posts as original
      where original.id = sees_post.repost_of_id
    ), false);
  end if;
  return coalesce(sees_post.author_id = sees_post.viewer_id, false)
    or (
      not exists (
        select from public.blocks
        where (blocks.blocker_id, blocks.blocked_id) = (sees_post.viewer_id, sees_post.author_id)
          or (blocks.blocker_id, blocks.blocked_id) = (sees_post.author_id, sees_post.viewer_id)
      )
      and case sees_post.audience
        when 'mentioned' then exists (
          select from public.post_mentions
          where post_mentions.post_id = sees_post.post_id and post_mentions.profile_id = sees_post.viewer_id
        )
        else (
          sees_post.audience = 'everyone' and exists (
            select from public.profiles
            where profiles.id = sees_post.author_id and not profiles.is_private
          )
        ) or exists (
          select from public.follows
          where follows.follower_id = sees_post.viewer_id and follows.followee_id = sees_post.author_id
        )
      end
    );
end;
$$;

comment on function private.sees_post is 'Whether the viewer (null: who is not signed in) sees a post.';
revoke all on function private.sees_post (uuid, bigint, uuid, public.audience, bigint)
  from public, anon, authenticated, service_role;
grant execute on function private.sees_post (uuid, bigint, uuid, public.audience, bigint) to anon, authenticated;

-- Not to exist and not to be seen are one answer, in the same words; so is to be
-- on its way out, so that nobody waits for a deletion while holding other locks.
create function private.require_post(viewer_id uuid, post_id bigint)
returns public.posts
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts;
begin
  -- The viewer's profile before posts, or whoever writes while their account is
  -- deleted waits in a circle with the deletion.
  perform
  from public.profiles
  where profiles.id = require_post.viewer_id
  for key share;

  select posts.* into post
  from public.posts
  where posts.id = require_post.post_id
  for key share skip locked;

  if post.repost_of_id is not null
    and private.sees_post(viewer_id, post.id, post.author_id, post.audience, post.repost_of_id) then
    select posts.* into post
    from public.posts
    where posts.id = post.repost_of_id
    for key share skip locked;
  end if;
  if post.id is null
    or not private.sees_post(viewer_id, post.id, post.author_id, post.audience, post.repost_of_id) then
    raise sqlstate 'PT404' using message = 'There is no such post', detail = 'post_not_found';
  end if;
  return post;
end;
$$;

comment on function private.require_post is 'The post, or of a repost what it shows, kept from being deleted until the end of the transaction; the error PT404 when the viewer sees no such post.';
revoke all on function private.require_post (uuid, bigint) from public, anon, authenticated, service_role;

-- What only some may see is not carried further by others.
create function private.require_open_post(viewer_id uuid, post_id bigint)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post public.posts := private.require_post(viewer_id, post_id);
begin
  if post.author_id is distinct from viewer_id
    and not private.sees_post(null, post.id, post.author_id, post.audience, null) then
    raise sqlstate 'PT403' using
      message = 'This post is not for everyone: its author alone can repost or quote it',
      detail = 'post_not_open';
  end if;
  return post.id;
end;
$$;

comment on function private.require_open_post is 'The id of a post that the viewer may repost or quote, or the errors PT404 and PT403.';
revoke all on function private.require_open_post (uuid, bigint) from public, anon, authenticated, service_role;

alter table public.posts enable row level security;
alter table public.post_versions enable row level security;

create policy "people read the posts that are for them, but for blocks"
  on public.posts for select
  to anon, authenticated
  using (private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id));

create policy "people post in their own name"
  on public.posts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

-- One's own post is always seen; one's repost only as long as what it shows is.
create policy "authors edit their own posts"
  on public.posts for update
  to authenticated
  using (
    author_id = (select auth.uid())
    and private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id)
  )
  with check (author_id = (select auth.uid()));

create policy "authors delete their own posts"
  on public.posts for delete
  to authenticated
  using (
    author_id = (select auth.uid())
    and private.sees_post((select auth.uid()), id, author_id, audience, repost_of_id)
  );

-- The question goes through the rules of posts: whatever they come to be, they
-- hold for earlier versions too.
create policy "whoever reads a post reads its earlier versions"
  on public.post_versions for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_versions.post_id));

-- The columns that a client may write are the API: id, entities, created_at and
-- edited_at are ours to fill in, and a post never changes its author, its
-- audience or what it refers to. Versions and counts are the triggers' alone.
revoke all on public.posts, public.post_versions from public, anon, authenticated, service_role;
grant select on public.posts, public.post_versions to anon, authenticated, service_role;
grant insert (
  author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
) on public.posts to authenticated, service_role;
grant update (title, content, content_warning, language) on public.posts to authenticated, service_role;
grant delete on public.posts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert on public.posts
  for each statement
  execute function private.take_turn();

-- Definer, because what a post refers to is checked and locked past the rules.
create function private.posts_prepare()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
begin
  -- By a trusted backend, or at its time: see take_turn().
  if new.author_id is distinct from auth.uid() then
    perform private.take_turns(new.author_id);
  end if;
  if new.reply_to_id is not null then
    new.reply_to_id := (private.require_post(viewer_id, new.reply_to_id)).id;
  end if;
  if new.quote_of_id is not null then
    new.quote_of_id := private.require_open_post(viewer_id, new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    new.repost_of_id := private.require_open_post(viewer_id, new.repost_of_id);
    if exists (
      select from public.posts
      where posts.repost_of_id = new.repost_of_id and posts.author_id = new.author_id
    ) then
      raise sqlstate 'PT409' using message = 'You reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$$;

comment on function private.posts_prepare is 'Checks what a new post refers to, and finds what is in its text.';
revoke all on function private.posts_prepare () from public, anon, authenticated, service_role;

create trigger posts_prepare
  before insert on public.posts
  for each row
  execute function private.posts_prepare();

-- Definer, because nobody may write history. The post's row is locked by now, so
-- its versions are numbered one after the other.
create function private.posts_keep_version()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  written_at timestamptz := coalesce(old.edited_at, old.created_at);
begin
  -- Never before the version it replaces, whatever became of the clock.
  new.edited_at := greatest(clock_timestamp(), written_at);
  new.entities := private.text_entities(new.title, new.content);

  insert into public.post_versions (
    post_id, version, title, content, content_warning, created_at, replaced_at
  )
  select
    old.id, coalesce(max(post_versions.version), 0) + 1, old.title, old.content, old.content_warning,
    written_at, new.edited_at
  from public.post_versions
  where post_versions.post_id = old.id;
  return new;
end;
$$;

comment on function private.posts_keep_version is 'Keeps what a post said before an edit.';
revoke all on function private.posts_keep_version () from public, anon, authenticated, service_role;

create trigger posts_keep_version
  before update of title, content, content_warning on public.posts
  for each row
  when (
    (old.title, old.content, old.content_warning) is distinct from (new.title, new.content, new.content_warning)
  )
  execute function private.posts_keep_version();

-- Definer, because nobody may write places.
create function private.posts_keep_place()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  childless bigint[];
begin
  -- Every removed post below which something is left keeps its place.
  with recursive kept as (
    select removed.id, removed.reply_to_id
    from removed
    where exists (select from public.posts where posts.reply_to_id = removed.id)
      or exists (select from private.deleted_posts where deleted_posts.reply_to_id = removed.id)
    union
    select removed.id, removed.reply_to_id
    from kept
    join removed on removed.id = kept.reply_to_id
  )
  insert into private.deleted_posts (id, reply_to_id)
  select kept.id, kept.reply_to_id
  from kept;

  -- And a place below which nothing is left goes.
  childless := array(select removed.reply_to_id from removed where removed.reply_to_id is not null);
  while cardinality(childless) > 0 loop
    with gone as (
      delete from private.deleted_posts
      where deleted_posts.id = any (childless)
        and not exists (select from public.posts where posts.reply_to_id = deleted_posts.id)
        and not exists (
          select from private.deleted_posts as child
          where child.reply_to_id = deleted_posts.id
        )
      returning deleted_posts.reply_to_id
    )
    select coalesce(array_agg(gone.reply_to_id) filter (where gone.reply_to_id is not null), '{}')
    into childless
    from gone;
  end loop;

  return null;
end;
$$;

comment on function private.posts_keep_place is 'Keeps threads whole when posts are deleted.';
revoke all on function private.posts_keep_place () from public, anon, authenticated, service_role;

create trigger posts_keep_place
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_keep_place();

-- 35-tags ----------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

create table public.post_tags (
  post_id  bigint  not null references public.posts (id) on delete cascade,
  tag      text    not null,

  -- What a post is about.
  primary key (post_id, tag)
);

comment on table  public.post_tags is 'Which posts have which tags. Whoever can read the post can read them.';
comment on column public.post_tags.tag is 'Without the sign, in lower case.';

-- A tag's feed, newest first.
create index post_tags_tag_post_id_idx on public.post_tags (tag, post_id desc);

create table public.post_mentions (
  post_id     bigint  not null references public.posts (id) on delete cascade,
  profile_id  uuid    not null references public.profiles (id) on delete cascade,
  username    text    not null,

  -- Whom a post addresses, and whether it addresses somebody.
  primary key (post_id, profile_id)
);

comment on table  public.post_mentions is 'Whom posts address. Read by whoever can read the post and see the person.';
comment on column public.post_mentions.username is 'As it stands in the text, in lower case: the person may have another name by now.';

-- What addresses somebody, newest first.
create index post_mentions_profile_id_post_id_idx on public.post_mentions (profile_id, post_id desc);

create table public.tag_follows (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  tag         text         not null,
  created_at  timestamptz  not null default now(),

  -- Which tags somebody follows.
  primary key (user_id, tag)
);

comment on table  public.tag_follows is 'The tags that one follows, at most 100: posts with them are in one''s home feed. Known to oneself alone.';
comment on column public.tag_follows.user_id is 'Who follows: yourself, when left out.';
comment on column public.tag_follows.tag is 'With the sign or without, in whatever case; kept in lower case without it.';

-- Rules ----------------------------------------------------------------------

alter table public.post_tags enable row level security;
alter table public.post_mentions enable row level security;
alter table public.tag_follows enable row level security;

create policy "whoever reads a post reads its tags"
  on public.post_tags for select
  to anon, authenticated
  using (exists (select from public.posts where posts.id = post_tags.post_id));

create policy "whoever reads a post and sees the person reads a mention"
  on public.post_mentions for select
  to anon, authenticated
  using (
    exists (select from public.posts where posts.id = post_mentions.post_id)
    and exists (select from public.profiles where profiles.id = post_mentions.profile_id)
  );

create policy "people read the tags they follow"
  on public.tag_follows for select
  to authenticated
  using (user_id = (select auth.uid()));

create policy "people follow tags in their own name"
  on public.tag_follows for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people unfollow tags in their own name"
  on public.tag_follows for delete
  to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.post_tags, public.post_mentions, public.tag_follows from public, anon, authenticated, service_role;
grant select on public.post_tags, public.post_mentions to anon, authenticated, service_role;
grant select, delete on public.tag_follows to authenticated, service_role;
grant insert (user_id, tag) on public.tag_follows to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Whoever has the name now, unless a block hides the two from each other.
create function private.mentions_of(author_id uuid, entities jsonb)
returns table (profile_id uuid, username text)
language sql
stable
security invoker
rows 2
begin atomic
  select distinct profiles.id, lower(entity.value ->> 'username')
  from jsonb_array_elements(mentions_of.entities) as entity
  join public.profiles on lower(profiles.username) = lower(entity.value ->> 'username')
  where entity.value ->> 'type' = 'mention'
    and profiles.id not in (select private.hidden_ids(mentions_of.author_id));
end;

comment on function private.mentions_of is 'Whom the mentions in a text address.';
revoke all on function private.mentions_of (uuid, jsonb) from public, anon, authenticated, service_role;

-- Definer, because nobody may write what is found in a text. Its name comes before
-- posts_count: what is mentioned is locked before what is counted.
create function private.posts_annotate()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.post_tags (post_id, tag)
  select distinct added.id, entity ->> 'tag'
  from added
  cross join lateral jsonb_array_elements(added.entities) as entity
  where entity ->> 'type' = 'tag';

  insert into public.post_mentions (post_id, profile_id, username)
  select added.id, found.profile_id, found.username
  from added
  cross join lateral private.mentions_of(added.author_id, added.entities) as found;
  return null;
end;
$$;

comment on function private.posts_annotate is 'Notes the tags and mentions of new posts.';
revoke all on function private.posts_annotate () from public, anon, authenticated, service_role;

create trigger posts_annotate
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_annotate();

-- Definer, because nobody may write what is found in a text. Rows that stay are
-- left alone.
create function private.posts_annotate_again()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (
    select from after
    join before using (id)
    where (after.title, after.content) <> (before.title, before.content)
  ) then
    return null;
  end if;

  delete from public.post_tags
  using after
  where post_tags.post_id = after.id
    and post_tags.tag not in (
      select entity ->> 'tag'
      from jsonb_array_elements(after.entities) as entity
      where entity ->> 'type' = 'tag'
    );
  insert into public.post_tags (post_id, tag)
  select distinct after.id, entity ->> 'tag'
  from after
  cross join lateral jsonb_array_elements(after.entities) as entity
  where entity ->> 'type' = 'tag'
  on conflict do nothing;

  delete from public.post_mentions
  using after
  where post_mentions.post_id = after.id
    and post_mentions.profile_id not in (
      select found.profile_id
      from private.mentions_of(after.author_id, after.entities) as found
    );
  insert into public.post_mentions (post_id, profile_id, username)
  select after.id, found.profile_id, found.username
  from after
  cross join lateral private.mentions_of(after.author_id, after.entities) as found
  on conflict (post_id, profile_id) do update
  set username = excluded.username;
  return null;
end;
$$;

comment on function private.posts_annotate_again is 'Notes what edits add and take away.';
revoke all on function private.posts_annotate_again () from public, anon, authenticated, service_role;

create trigger posts_annotate_again
  after update on public.posts
  referencing old table as before new table as after
  for each statement
  execute function private.posts_annotate_again();

create trigger take_turn
  before insert on public.tag_follows
  for each statement
  execute function private.take_turn();

create function private.tag_follows_check()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.tag := private.tag_name(new.tag);
  if new.tag is null then
    raise sqlstate 'PT400' using
      message = 'A tag has letters, digits and underscores, and at least one letter', detail = 'tag_format';
  elsif (
    select count(*)
    from public.tag_follows
    where tag_follows.user_id = new.user_id and tag_follows.tag <> new.tag
  ) >= 100 then
    raise sqlstate 'PT409' using message = 'You follow 100 tags, and no more fit', detail = 'tag_follows_full';
  end if;
  return new;
end;
$$;

comment on function private.tag_follows_check is 'Brings a tag into the form in which posts have it, and bounds how many one follows.';
revoke all on function private.tag_follows_check () from public, anon, authenticated, service_role;

create trigger tag_follows_check
  before insert on public.tag_follows
  for each row
  execute function private.tag_follows_check();

-- 40-likes ---------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

create table public.likes (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null references public.posts (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- Whether somebody likes a post.
  primary key (user_id, post_id)
);

comment on table  public.likes is 'Who likes what. Insert to like, delete to take it back.';
comment on column public.likes.user_id is 'Who likes it: yourself, when left out.';
comment on column public.likes.id is 'Made of the time of liking: order and page by it.';

-- Who likes a post.
create index likes_post_id_user_id_idx on public.likes (post_id, user_id);
-- What somebody likes, newest first.
create index likes_user_id_id_idx on public.likes (user_id, id desc);

create table public.bookmarks (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null references public.posts (id) on delete cascade,
  id          bigint       not null default private.new_id(),
  created_at  timestamptz  not null default now(),

  -- Whether somebody bookmarked a post.
  primary key (user_id, post_id)
);

comment on table  public.bookmarks is 'What one wants to find again. Known to oneself alone.';
comment on column public.bookmarks.user_id is 'Whose it is: yours, when left out.';
comment on column public.bookmarks.id is 'Made of the time of bookmarking: order and page by it.';

-- What goes with a post.
create index bookmarks_post_id_idx on public.bookmarks (post_id);
-- What somebody bookmarked, newest first.
create index bookmarks_user_id_id_idx on public.bookmarks (user_id, id desc);

-- Rules ----------------------------------------------------------------------

alter table public.likes enable row level security;
alter table public.bookmarks enable row level security;

-- Definer, because whether somebody shows their likes is asked past the rules.
create function private.sees_like(viewer_id uuid, user_id uuid, post_id bigint)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return sees_like.user_id = sees_like.viewer_id
    or (
      exists (
        select from public.posts
        where posts.id = sees_like.post_id and posts.author_id = sees_like.viewer_id
      )
      and sees_like.user_id not in (select private.hidden_ids(sees_like.viewer_id))
    )
    or (
      exists (
        select from public.profiles
        where profiles.id = sees_like.user_id and profiles.shows_likes
      )
      and private.looks_into(sees_like.viewer_id, sees_like.user_id)
    );
end;
$$;

comment on function private.sees_like is 'Whether the viewer, who sees the post, sees that somebody likes it.';
revoke all on function private.sees_like (uuid, uuid, bigint) from public, anon, authenticated, service_role;
grant execute on function private.sees_like (uuid, uuid, bigint) to anon, authenticated;

create policy "people read likes of what they see, shown or of their own posts"
  on public.likes for select
  to anon, authenticated
  using (
    exists (select from public.posts where posts.id = likes.post_id)
    and private.sees_like((select auth.uid()), user_id, post_id)
  );

create policy "people like in their own name"
  on public.likes for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people take their likes back"
  on public.likes for delete
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = likes.post_id)
  );

create policy "people read their own bookmarks of what they see"
  on public.bookmarks for select
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = bookmarks.post_id)
  );

create policy "people bookmark in their own name"
  on public.bookmarks for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people remove their bookmarks"
  on public.bookmarks for delete
  to authenticated
  using (
    user_id = (select auth.uid())
    and exists (select from public.posts where posts.id = bookmarks.post_id)
  );

revoke all on public.likes, public.bookmarks from public, anon, authenticated, service_role;
grant select on public.likes to anon, authenticated, service_role;
grant select on public.bookmarks to authenticated, service_role;
grant insert (user_id, post_id) on public.likes, public.bookmarks to authenticated, service_role;
grant delete on public.likes, public.bookmarks to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert on public.likes
  for each statement
  execute function private.take_turn();

create trigger take_turn
  before insert on public.bookmarks
  for each statement
  execute function private.take_turn();

-- Definer, because the post is checked and locked past the rules.
create function private.require_seen_post()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  new.post_id := (private.require_post(coalesce(auth.uid(), new.user_id), new.post_id)).id;
  return new;
end;
$$;

comment on function private.require_seen_post is 'Refuses what is about a post that one does not see; of a repost, takes what it shows.';
revoke all on function private.require_seen_post () from public, anon, authenticated, service_role;

create trigger require_seen_post
  before insert on public.likes
  for each row
  execute function private.require_seen_post();

create trigger require_seen_post
  before insert on public.bookmarks
  for each row
  execute function private.require_seen_post();

-- 42-counts --------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

-- Beside profiles for the reasons of follow_counts, and by audience, because who
-- may read some of somebody's posts may not know of the others.
alter table public.author_counts disable row level security;
alter table public.author_counts set schema private;
alter table private.author_counts rename column posts to for_everyone;
alter table private.author_counts rename constraint author_counts_posts_check to author_counts_for_everyone_check;
alter table private.author_counts
  add column for_followers bigint not null default 0 check (for_followers >= 0),
  add column for_mentioned bigint not null default 0 check (for_mentioned >= 0);
comment on column private.author_counts.for_everyone is null;

comment on table private.author_counts is 'How many posts somebody wrote, reposts aside, by audience. One row for each profile.';
revoke all on private.author_counts from public, anon, authenticated, service_role;

-- Without a row there is nothing to count. No foreign key: a post's row goes after
-- the reposts of it have (posts_count_down).
create table private.post_counts (
  post_id  bigint  primary key,
  likes    bigint  not null default 0 check (likes >= 0),
  replies  bigint  not null default 0 check (replies >= 0),
  reposts  bigint  not null default 0 check (reposts >= 0),
  quotes   bigint  not null default 0 check (quotes >= 0)
) with (fillfactor = 50);

comment on table private.post_counts is 'How often a post is liked, answered, reposted and quoted, by whomever.';
revoke all on private.post_counts from public, anon, authenticated, service_role;

-- Counts include these; for a viewer who may not know of them they are taken off.
-- They are few, and finding them among all replies to a post takes long; so with
-- all that decides who may, which is of the post and never changes.
create table private.limited_posts (
  target_id  bigint           not null,
  relation   text             not null check (relation in ('reply', 'quote', 'repost')),
  post_id    bigint           not null references public.posts (id) on delete cascade,
  author_id  uuid             not null,
  audience   public.audience  not null,

  -- Those that refer to a post.
  primary key (target_id, relation, post_id)
);

comment on table private.limited_posts is 'Replies, quotes and reposts that not everyone may see: for a limited audience, or of a private account.';
revoke all on private.limited_posts from public, anon, authenticated, service_role;

-- What goes with a post.
create index limited_posts_post_id_idx on private.limited_posts (post_id);
-- What becomes visible with its author's account.
create index limited_posts_author_id_idx on private.limited_posts (author_id);

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write counts.
create function private.profiles_create_author_counts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.author_counts (author_id)
  select created.id from created;
  return null;
end;
$$;

comment on function private.profiles_create_author_counts is 'Begins a new profile''s counts at zero.';
revoke all on function private.profiles_create_author_counts () from public, anon, authenticated, service_role;

create trigger profiles_create_author_counts
  after insert on public.profiles
  referencing new table as created
  for each statement
  execute function private.profiles_create_author_counts();

-- Definer, because nobody may write counts. What has none yet gets a row.
create function private.posts_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.limited_posts (target_id, relation, post_id, author_id, audience)
  select reference.target_id, reference.relation, added.id, added.author_id, added.audience
  from added
  join public.profiles on profiles.id = added.author_id
  cross join lateral (
    values (added.reply_to_id, 'reply'), (added.quote_of_id, 'quote'), (added.repost_of_id, 'repost')
  ) as reference (target_id, relation)
  where reference.target_id is not null
    and (profiles.is_private or added.audience <> 'everyone');

  perform
  from private.author_counts
  where author_counts.author_id in (select added.author_id from added where added.repost_of_id is null)
  order by author_counts.author_id
  for no key update;

  update private.author_counts
  set for_everyone = author_counts.for_everyone + change.for_everyone,
      for_followers = author_counts.for_followers + change.for_followers,
      for_mentioned = author_counts.for_mentioned + change.for_mentioned
  from (
    select
      added.author_id,
      count(*) filter (where added.audience = 'everyone') as for_everyone,
      count(*) filter (where added.audience = 'followers') as for_followers,
      count(*) filter (where added.audience = 'mentioned') as for_mentioned
    from added
    where added.repost_of_id is null
    group by added.author_id
  ) as change
  where author_counts.author_id = change.author_id;

  insert into private.post_counts as counts (post_id, replies, reposts, quotes)
  select
    target.post_id,
    count(*) filter (where target.post_id = added.reply_to_id),
    count(*) filter (where target.post_id = added.repost_of_id),
    count(*) filter (where target.post_id = added.quote_of_id)
  from added
  cross join lateral (
    select distinct reference.post_id
    from unnest(array[added.reply_to_id, added.repost_of_id, added.quote_of_id]) as reference (post_id)
    where reference.post_id is not null
  ) as target
  group by target.post_id
  order by target.post_id
  on conflict (post_id) do update
  set replies = counts.replies + excluded.replies,
      reposts = counts.reposts + excluded.reposts,
      quotes = counts.quotes + excluded.quotes;
  return null;
end;
$$;

comment on function private.posts_count is 'Counts new posts, and notes which of them are limited.';
revoke all on function private.posts_count () from public, anon, authenticated, service_role;

create trigger posts_count
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_count();

-- Definer, because nobody may write counts. Reposts of what goes have gone by now,
-- and what they counted for goes here: nothing is left to count.
create function private.posts_count_down()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from private.author_counts
  where author_counts.author_id in (select removed.author_id from removed where removed.repost_of_id is null)
  order by author_counts.author_id
  for no key update;

  update private.author_counts
  set for_everyone = author_counts.for_everyone - change.for_everyone,
      for_followers = author_counts.for_followers - change.for_followers,
      for_mentioned = author_counts.for_mentioned - change.for_mentioned
  from (
    select
      removed.author_id,
      count(*) filter (where removed.audience = 'everyone') as for_everyone,
      count(*) filter (where removed.audience = 'followers') as for_followers,
      count(*) filter (where removed.audience = 'mentioned') as for_mentioned
    from removed
    where removed.repost_of_id is null
    group by removed.author_id
  ) as change
  where author_counts.author_id = change.author_id;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select removed.id from removed
    union all
    select posts.id
    from removed
    join public.posts on posts.id in (removed.reply_to_id, removed.repost_of_id, removed.quote_of_id)
  )
  order by post_counts.post_id
  for update;

  delete from private.post_counts
  using removed
  where post_counts.post_id = removed.id;

  update private.post_counts
  set replies = post_counts.replies - change.replies,
      reposts = post_counts.reposts - change.reposts,
      quotes = post_counts.quotes - change.quotes
  from (
    select
      target.post_id,
      count(*) filter (where target.post_id = removed.reply_to_id) as replies,
      count(*) filter (where target.post_id = removed.repost_of_id) as reposts,
      count(*) filter (where target.post_id = removed.quote_of_id) as quotes
    from removed
    cross join lateral (
      select distinct reference.post_id
      from unnest(array[removed.reply_to_id, removed.repost_of_id, removed.quote_of_id]) as reference (post_id)
      where reference.post_id is not null
    ) as target
    group by target.post_id
  ) as change
  where post_counts.post_id = change.post_id
    and exists (select from public.posts where posts.id = change.post_id);
  return null;
end;
$$;

comment on function private.posts_count_down is 'Counts posts that are deleted.';
revoke all on function private.posts_count_down () from public, anon, authenticated, service_role;

create trigger posts_count_down
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_count_down();

-- Definer, because nobody may write counts. Of a post that goes there is nothing
-- to count (posts_count_down).
create function private.likes_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    insert into private.post_counts as counts (post_id, likes)
    select changed.post_id, count(*)
    from changed
    group by changed.post_id
    order by changed.post_id
    on conflict (post_id) do update
    set likes = counts.likes + excluded.likes;
    return null;
  end if;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select changed.post_id
    from changed
    join public.posts on posts.id = changed.post_id
  )
  order by post_counts.post_id
  for no key update;

  update private.post_counts
  set likes = post_counts.likes - change.likes
  from (
    select changed.post_id, count(*) as likes
    from changed
    join public.posts on posts.id = changed.post_id
    group by changed.post_id
  ) as change
  where post_counts.post_id = change.post_id;
  return null;
end;
$$;

comment on function private.likes_count is 'Keeps post_counts equal to a count of likes.';
revoke all on function private.likes_count () from public, anon, authenticated, service_role;

create trigger likes_count_inserted
  after insert on public.likes
  referencing new table as changed
  for each statement
  execute function private.likes_count();

create trigger likes_count_deleted
  after delete on public.likes
  referencing old table as changed
  for each statement
  execute function private.likes_count();

-- Left to the foreign keys, what somebody wrote and liked would end in statements
-- that each lock counts in an order of their own: here all are locked first, what
-- goes with it included.
-- Definer, because nobody may write counts.
create function private.profiles_end_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from public.posts
  where posts.author_id = old.id
    or posts.repost_of_id in (select original.id from public.posts as original where original.author_id = old.id)
  order by posts.id
  for update;

  perform
  from public.likes
  where likes.user_id = old.id
    or likes.post_id in (select posts.id from public.posts where posts.author_id = old.id)
  order by likes.user_id, likes.post_id
  for update;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select likes.post_id
    from public.likes
    where likes.user_id = old.id
    union all
    select target.id
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.repost_of_id, posts.quote_of_id]) as target (id)
    where posts.author_id = old.id
  )
  order by post_counts.post_id
  for update;

  delete from public.likes
  where likes.user_id = old.id;
  delete from public.posts
  where posts.author_id = old.id;
  return old;
end;
$$;

comment on function private.profiles_end_posts is 'Ends what a profile that goes wrote and liked.';
revoke all on function private.profiles_end_posts () from public, anon, authenticated, service_role;

create trigger profiles_end_posts
  before delete on public.profiles
  for each row
  execute function private.profiles_end_posts();

-- Definer, because nobody may write which posts are limited. Its author's turn is
-- taken (22-follow-requests.sql): no post of theirs is on its way.
create function private.profiles_limit_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if new.is_private then
    insert into private.limited_posts (target_id, relation, post_id, author_id, audience)
    select reference.target_id, reference.relation, posts.id, posts.author_id, posts.audience
    from public.posts
    cross join lateral (
      values (posts.reply_to_id, 'reply'), (posts.quote_of_id, 'quote'), (posts.repost_of_id, 'repost')
    ) as reference (target_id, relation)
    where posts.author_id = new.id and reference.target_id is not null
    on conflict do nothing;
  else
    delete from private.limited_posts
    where limited_posts.author_id = new.id and limited_posts.audience = 'everyone';
  end if;
  return null;
end;
$$;

comment on function private.profiles_limit_posts is 'Keeps limited_posts when an account becomes private or public.';
revoke all on function private.profiles_limit_posts () from public, anon, authenticated, service_role;

create trigger profiles_limit_posts
  after update of is_private on public.profiles
  for each row
  when (old.is_private <> new.is_private)
  execute function private.profiles_limit_posts();

-- API ------------------------------------------------------------------------

-- Definer, because counts are of the rows that the viewer does not see as well.
create function private.author_posts(viewer_id uuid, author_id uuid)
returns bigint
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  counts private.author_counts;
begin
  select author_counts.* into counts
  from private.author_counts
  where author_counts.author_id = author_posts.author_id;

  if author_posts.author_id = author_posts.viewer_id then
    return counts.for_everyone + counts.for_followers + counts.for_mentioned;
  elsif not private.looks_into(author_posts.viewer_id, author_posts.author_id) then
    return null;
  end if;
  return counts.for_everyone
    + case when counts.for_followers > 0 and exists (
      select from public.follows
      where follows.follower_id = author_posts.viewer_id and follows.followee_id = author_posts.author_id
    ) then counts.for_followers else 0 end
    + case when counts.for_mentioned > 0 then (
      select count(*)
      from public.post_mentions
      join public.posts on posts.id = post_mentions.post_id
      where post_mentions.profile_id = author_posts.viewer_id
        and posts.author_id = author_posts.author_id
        and posts.audience = 'mentioned'
    ) else 0 end;
end;
$$;

comment on function private.author_posts is 'How many of somebody''s posts, reposts aside, the viewer sees; null when they may not look into the account.';
revoke all on function private.author_posts (uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function private.author_posts (uuid, uuid) to anon, authenticated, service_role;

create view public.author_counts
with (security_invoker = on)
as
select profiles.id as author_id, private.author_posts((select auth.uid()), profiles.id) as posts
from public.profiles;

comment on view   public.author_counts is 'How much somebody wrote.';
comment on column public.author_counts.posts is 'How many posts and replies of theirs you can see; null when the account is private, and not for you.';
revoke all on public.author_counts from public, anon, authenticated, service_role;
grant select on public.author_counts to anon, authenticated, service_role;

create function public.author_counts(profile public.profiles)
returns setof public.author_counts
language sql
stable
security invoker
rows 1
begin atomic
  select author_counts.*
  from public.author_counts
  where author_counts.author_id = profile.id;
end;

comment on function public.author_counts is 'To embed them in profiles: select=*,author_counts(posts).';
revoke all on function public.author_counts (public.profiles) from public, anon, authenticated, service_role;
grant execute on function public.author_counts (public.profiles) to anon, authenticated, service_role;

-- Definer, because counts are of the rows that the viewer does not see as well:
-- what is hidden from the viewer, or limited to others, is taken off. A repost is
-- seen by whoever sees its author's, because what it shows is the post itself.
create function private.post_counts_of(viewer_id uuid, post_ids bigint[])
returns setof private.post_counts
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(post_counts_of.viewer_id));
  hides boolean := cardinality(hidden_ids) > 0;
begin
  return query
  select
    wanted.id,
    coalesce(counts.likes, 0) - case when hides and counts.likes > 0 then (
      select count(*)
      from public.likes
      where likes.post_id = wanted.id and likes.user_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.replies, 0) - unseen.replies - case when hides and counts.replies > 0 then (
      select count(*)
      from public.posts
      where posts.reply_to_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.reposts, 0) - unseen.reposts - case when hides and counts.reposts > 0 then (
      select count(*)
      from public.posts
      where posts.repost_of_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.quotes, 0) - unseen.quotes - case when hides and counts.quotes > 0 then (
      select count(*)
      from public.posts
      where posts.quote_of_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end
  from unnest(post_counts_of.post_ids) as wanted (id)
  left join private.post_counts as counts on counts.post_id = wanted.id
  cross join lateral (
    select
      count(*) filter (where limited_posts.relation = 'reply') as replies,
      count(*) filter (where limited_posts.relation = 'repost') as reposts,
      count(*) filter (where limited_posts.relation = 'quote') as quotes
    from private.limited_posts
    where limited_posts.target_id = wanted.id
      and limited_posts.author_id <> all (hidden_ids)
      and limited_posts.author_id is distinct from post_counts_of.viewer_id
      and case limited_posts.audience
        when 'mentioned' then (
          select true from public.post_mentions
          where post_mentions.post_id = limited_posts.post_id
            and post_mentions.profile_id = post_counts_of.viewer_id
        )
        else (
          select true from public.follows
          where follows.follower_id = post_counts_of.viewer_id
            and follows.followee_id = limited_posts.author_id
        )
      end is not true
  ) as unseen;
end;
$$;

comment on function private.post_counts_of is 'How often posts are liked, answered, reposted and quoted, in the viewer''s world: a row for each.';
revoke all on function private.post_counts_of (uuid, bigint[]) from public, anon, authenticated, service_role;
grant execute on function private.post_counts_of (uuid, bigint[]) to anon, authenticated, service_role;

create view public.post_counts
with (security_invoker = on)
as
select posts.id as post_id, counts.likes, counts.replies, counts.reposts, counts.quotes
from public.posts
cross join lateral private.post_counts_of((select auth.uid()), array[posts.id]) as counts;

comment on view   public.post_counts is 'How often a post is liked, answered, reposted and quoted: as far as you may know. To the service role, as who is not signed in.';
comment on column public.post_counts.likes is 'How many like it.';
comment on column public.post_counts.replies is 'How many replies to it, not to its replies, you can see.';
comment on column public.post_counts.reposts is 'How many reposts of it you can see.';
comment on column public.post_counts.quotes is 'How many posts that quote it you can see.';
revoke all on public.post_counts from public, anon, authenticated, service_role;
grant select on public.post_counts to anon, authenticated, service_role;

create function public.post_counts(post public.posts)
returns setof public.post_counts
language sql
stable
security invoker
rows 1
begin atomic
  select post_counts.*
  from public.post_counts
  where post_counts.post_id = post.id;
end;

comment on function public.post_counts is 'To embed them in posts: select=*,post_counts(likes,replies,reposts,quotes).';
revoke all on function public.post_counts (public.posts) from public, anon, authenticated, service_role;
grant execute on function public.post_counts (public.posts) to anon, authenticated, service_role;

-- 45-lists ---------------------------------------------------------------------

-- Tables ---------------------------------------------------------------------

create table public.lists (
  id          uuid         primary key default gen_random_uuid(),
  owner_id    uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  name        text         not null,
  is_private  boolean      not null default true,
  created_at  timestamptz  not null default now(),

  constraint lists_name_format check (private.rule(
    char_length(name) between 1 and 50 and name !~ '[[:cntrl:]]' and name ~ '[^[:space:]]',
    'list_name_format', 'A list''s name has 1 to 50 characters, on one line'
  ))
);

comment on table  public.lists is 'Lists of people, at most 100 for each owner.';
comment on column public.lists.id is 'Random.';
comment on column public.lists.owner_id is 'Whose it is: yours, when left out.';
comment on column public.lists.name is '1 to 50 characters, on one line.';
comment on column public.lists.is_private is 'Whether its owner alone sees it; otherwise whoever may look into the owner''s account does.';

-- Somebody's lists.
create index lists_owner_id_idx on public.lists (owner_id);

create table public.list_members (
  list_id     uuid         not null references public.lists (id) on delete cascade,
  profile_id  uuid         not null references public.profiles (id) on delete cascade,
  created_at  timestamptz  not null default now(),

  -- Who is on a list.
  primary key (list_id, profile_id)
);

comment on table  public.list_members is 'Who is on a list, at most 1,000. Read by whoever reads the list and sees the person.';
comment on column public.list_members.list_id is 'The list.';

-- What goes with an account.
create index list_members_profile_id_idx on public.list_members (profile_id);

-- Rules ----------------------------------------------------------------------

alter table public.lists enable row level security;
alter table public.list_members enable row level security;

create policy "people read their own lists, and public ones"
  on public.lists for select
  to anon, authenticated
  using (
    owner_id = (select auth.uid())
    or (not is_private and private.looks_into((select auth.uid()), owner_id))
  );

create policy "people make lists of their own"
  on public.lists for insert
  to authenticated
  with check (owner_id = (select auth.uid()));

create policy "people change their own lists"
  on public.lists for update
  to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "people delete their own lists"
  on public.lists for delete
  to authenticated
  using (owner_id = (select auth.uid()));

create policy "whoever reads a list and sees the person reads who is on it"
  on public.list_members for select
  to anon, authenticated
  using (
    exists (select from public.lists where lists.id = list_members.list_id)
    and exists (select from public.profiles where profiles.id = list_members.profile_id)
  );

create policy "owners put people on their lists"
  on public.list_members for insert
  to authenticated
  with check (exists (
    select from public.lists
    where lists.id = list_members.list_id and lists.owner_id = (select auth.uid())
  ));

create policy "owners take people off their lists"
  on public.list_members for delete
  to authenticated
  using (
    exists (
      select from public.lists
      where lists.id = list_members.list_id and lists.owner_id = (select auth.uid())
    )
    and exists (select from public.profiles where profiles.id = list_members.profile_id)
  );

revoke all on public.lists, public.list_members from public, anon, authenticated, service_role;
grant select on public.lists, public.list_members to anon, authenticated, service_role;
grant insert (owner_id, name, is_private) on public.lists to authenticated, service_role;
grant update (name, is_private) on public.lists to authenticated, service_role;
grant insert (list_id, profile_id) on public.list_members to authenticated, service_role;
grant delete on public.lists, public.list_members to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert on public.lists
  for each statement
  execute function private.take_turn();

create trigger take_turn
  before insert on public.list_members
  for each statement
  execute function private.take_turn();

-- Definer, because a bound is of all rows, seen or not.
create function private.lists_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if (select count(*) from public.lists where lists.owner_id = new.owner_id) >= 100 then
    raise sqlstate 'PT409' using message = 'You have 100 lists, and no more fit', detail = 'lists_full';
  end if;
  return new;
end;
$$;

comment on function private.lists_check is 'Bounds how many lists one has.';
revoke all on function private.lists_check () from public, anon, authenticated, service_role;

create trigger lists_check
  before insert on public.lists
  for each row
  execute function private.lists_check();

-- Definer, because blocks are nobody's to read. For a list that is not one's own
-- nothing is checked: the policy refuses it, whoever is to be put on it.
create function private.list_members_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  owner_id uuid := (select lists.owner_id from public.lists where lists.id = new.list_id);
begin
  if owner_id = coalesce(auth.uid(), owner_id) then
    perform private.require_profile(owner_id, new.profile_id);
    if (
      select count(*)
      from public.list_members
      where list_members.list_id = new.list_id and list_members.profile_id <> new.profile_id
    ) >= 1000 then
      raise sqlstate 'PT409' using message = 'A list has at most 1,000 people', detail = 'list_full';
    end if;
  end if;
  return new;
end;
$$;

comment on function private.list_members_check is 'Refuses whom the owner cannot see, and bounds how many are on a list.';
revoke all on function private.list_members_check () from public, anon, authenticated, service_role;

create trigger list_members_check
  before insert on public.list_members
  for each row
  execute function private.list_members_check();

-- 50-cards ---------------------------------------------------------------------

-- Types ----------------------------------------------------------------------

create type public.mention as (
  username  text,
  profile   public.author
);

comment on type public.mention is 'Somebody a text addresses: the username as it stands in the text, in lower case, and the person as they are now.';

create type public.card as (
  id               bigint,
  author           public.author,
  title            text,
  content          text,
  content_warning  text,
  language         text,
  entities         jsonb,
  mentions         public.mention[],
  audience         public.audience,
  reply_to_id      bigint,
  quote_of_id      bigint,
  created_at       timestamptz,
  edited_at        timestamptz,
  likes            bigint,
  replies          bigint,
  reposts          bigint,
  quotes           bigint,
  liked            boolean,
  bookmarked       boolean,
  reposted         boolean
);

comment on type public.card is 'A post as a page shows it: its counts are of what you can see; liked, bookmarked and reposted say what you did.';

create type public.feed_item as (
  id           bigint,
  post         public.card,
  reposted_by  public.author,
  reply_to     public.author,
  quoted       public.card
);

comment on type public.feed_item is 'A row of a feed: id is the cursor; reposted_by is who shows the post again, or null; reply_to is who wrote what it answers and quoted is what it quotes, null when there is none for you.';

-- Cards ----------------------------------------------------------------------

-- Plpgsql, because its plan is kept. Definer would be of no use: only definers
-- call it.
create function private.cards(viewer_id uuid, post_ids bigint[])
returns table (id bigint, card public.card)
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(cards.viewer_id));
begin
  return query
  select
    posts.id,
    (
      posts.id,
      (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
      posts.title, posts.content, posts.content_warning, posts.language, posts.entities,
      case when posts.entities @> '[{"type": "mention"}]' then array(
        select (
          post_mentions.username,
          (mentioned.id, mentioned.username, mentioned.display_name, mentioned.avatar_url)::public.author
        )::public.mention
        from public.post_mentions
        join public.profiles as mentioned on mentioned.id = post_mentions.profile_id
        where post_mentions.post_id = posts.id and mentioned.id <> all (hidden_ids)
        order by post_mentions.username
      ) else '{}' end,
      posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at,
      counts.likes, counts.replies, counts.reposts, counts.quotes,
      -- Not exists(…), for which all that the viewer ever liked would be read.
      (
        select true from public.likes
        where likes.user_id = cards.viewer_id and likes.post_id = posts.id
      ) is true,
      (
        select true from public.bookmarks
        where bookmarks.user_id = cards.viewer_id and bookmarks.post_id = posts.id
      ) is true,
      (
        select true from public.posts as repost
        where repost.repost_of_id = posts.id and repost.author_id = cards.viewer_id
      ) is true
    )::public.card
  from unnest(cards.post_ids) as wanted (id)
  join public.posts on posts.id = wanted.id
  join public.profiles on profiles.id = posts.author_id
  join private.post_counts_of(cards.viewer_id, cards.post_ids) as counts on counts.post_id = posts.id;
end;
$$;

comment on function private.cards is 'The cards of posts that the viewer was found to see, in any order, once each.';
revoke all on function private.cards (uuid, bigint[]) from public, anon, authenticated, service_role;

create function private.feed_items(viewer_id uuid, item_ids bigint[], post_ids bigint[])
returns setof public.feed_item
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  card_ids bigint[];
begin
  -- What is shown, and what that quotes where the viewer sees it.
  with shown as (
    select coalesce(original.id, entry.id) as id, coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
    from unnest(feed_items.post_ids) as wanted (id)
    join public.posts as entry on entry.id = wanted.id
    left join public.posts as original on original.id = entry.repost_of_id
  )
  select array_agg(distinct card.id) into card_ids
  from (
    select shown.id from shown
    union all
    select quoted.id
    from shown
    join public.posts as quoted on quoted.id = shown.quote_of_id
    where private.sees_post(feed_items.viewer_id, quoted.id, quoted.author_id, quoted.audience, null)
  ) as card;

  return query
  with card as materialized (
    select cards.id, cards.card
    from private.cards(feed_items.viewer_id, card_ids) as cards
  )
  select
    item.id,
    shown.card,
    case when entry.repost_of_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = entry.author_id
    ) end,
    case when (shown.card).reply_to_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.posts as parent
      join public.profiles on profiles.id = parent.author_id
      where parent.id = (shown.card).reply_to_id
        and private.sees_post(feed_items.viewer_id, parent.id, parent.author_id, parent.audience, null)
    ) end,
    quoted.card
  from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
  join public.posts as entry on entry.id = item.post_id
  join card as shown on shown.id = coalesce(entry.repost_of_id, entry.id)
  left join card as quoted on quoted.id = (shown.card).quote_of_id
  order by item.place;
end;
$$;

comment on function private.feed_items is 'Rows of a feed, in the order of their ids as given: of posts and reposts that the viewer was found to see.';
revoke all on function private.feed_items (uuid, bigint[], bigint[]) from public, anon, authenticated, service_role;

-- 55-people --------------------------------------------------------------------

-- Types ----------------------------------------------------------------------

create type public.profile_page as (
  id             uuid,
  username       text,
  display_name   text,
  bio            text,
  avatar_url     text,
  links          text[],
  is_private     boolean,
  shows_likes    boolean,
  created_at     timestamptz,
  followers      bigint,
  following      bigint,
  posts          bigint,
  is_following   boolean,
  is_requested   boolean,
  follows_you    boolean,
  requests_you   boolean,
  is_blocked     boolean,
  is_muted       boolean,
  muted_until    timestamptz
);

comment on type public.profile_page is 'A profile with its counts and what it is to you. posts is null when the account is private and not for you; of somebody you block, all counts are.';

create type public.person as (
  id            bigint,
  profile       public.author,
  is_private    boolean,
  is_following  boolean,
  is_requested  boolean,
  follows_you   boolean
);

comment on type public.person is 'A row of a list of people: id is the cursor; the rest is who it is, and what they are to you.';

-- API ------------------------------------------------------------------------

-- Definer, because whom one blocks is shown here and nowhere else: to unblock.
create function private.profile(username text)
returns setof public.profile_page
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  viewer_id uuid := auth.uid();
begin
  return query
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.shows_likes, profiles.created_at,
    counts.followers, counts.following,
    case when not relation.is_blocked then private.author_posts(viewer_id, profiles.id) end,
    exists (
      select from public.follows
      where follows.follower_id = viewer_id and follows.followee_id = profiles.id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = viewer_id and follow_requests.target_id = profiles.id
    ),
    exists (
      select from public.follows
      where follows.follower_id = profiles.id and follows.followee_id = viewer_id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = profiles.id and follow_requests.target_id = viewer_id
    ),
    relation.is_blocked,
    muted.muted_id is not null,
    muted.muted_until
  from public.profiles
  cross join lateral (
    select exists (
      select from public.blocks
      where blocks.blocker_id = viewer_id and blocks.blocked_id = profiles.id
    ) as is_blocked
  ) as relation
  left join lateral private.follow_counts_of(viewer_id, profiles.id) as counts on not relation.is_blocked
  left join public.mutes as muted
    on not relation.is_blocked
    and muted.muter_id = viewer_id and muted.muted_id = profiles.id
    and (muted.muted_until is null or muted.muted_until > now())
  where lower(profiles.username) = lower(profile.username)
    and profiles.id not in (select private.blocker_ids(viewer_id));
end;
$$;

comment on function private.profile is 'What public.profile() answers.';
revoke all on function private.profile (text) from public, anon, authenticated, service_role;
grant execute on function private.profile (text) to anon, authenticated;

create function public.profile(username text)
returns setof public.profile_page
language sql
stable
security invoker
rows 1
begin atomic
  select page.*
  from private.profile(profile.username) as page;
end;

comment on function public.profile is 'A profile''s page by its username, in whatever case: no row when there is none for you.';
revoke all on function public.profile (text) from public, anon, authenticated, service_role;
grant execute on function public.profile (text) to anon, authenticated;

create function private.people(viewer_id uuid, row_ids bigint[], profile_ids uuid[])
returns setof public.person
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
begin
  return query
  select
    listed.id,
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    profiles.is_private,
    exists (
      select from public.follows
      where follows.follower_id = people.viewer_id and follows.followee_id = profiles.id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = people.viewer_id and follow_requests.target_id = profiles.id
    ),
    exists (
      select from public.follows
      where follows.follower_id = profiles.id and follows.followee_id = people.viewer_id
    )
  from unnest(people.row_ids, people.profile_ids) with ordinality as listed (id, profile_id, place)
  join public.profiles on profiles.id = listed.profile_id
  order by listed.place;
end;
$$;

comment on function private.people is 'Rows of a list of people that the viewer was found to see, in the order given.';
revoke all on function private.people (uuid, bigint[], uuid[]) from public, anon, authenticated, service_role;

-- Definer, for the reasons of the rules that it repeats: whoever may look into
-- both reads who follows whom.
create function private.follow_list(profile_id uuid, of_followers boolean, before bigint, page_size integer)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  below bigint := coalesce(follow_list.before, 9223372036854775807);
  inside boolean := private.looks_into(viewer_id, follow_list.profile_id);
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(follow_list.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select follows.id, follows.follower_id
      from public.follows
      where of_followers
        and follows.followee_id = follow_list.profile_id
        and follows.id < below
        and (
          viewer_id in (follows.followee_id, follows.follower_id)
          or (inside and private.looks_into(viewer_id, follows.follower_id))
        )
      order by follows.id desc
      limit follow_list.page_size
    )
    union all
    (
      select follows.id, follows.followee_id
      from public.follows
      where not of_followers
        and follows.follower_id = follow_list.profile_id
        and follows.id < below
        and (
          viewer_id in (follows.followee_id, follows.follower_id)
          or (inside and private.looks_into(viewer_id, follows.followee_id))
        )
      order by follows.id desc
      limit follow_list.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.follow_list is 'What public.followers() and public.following() answer.';
revoke all on function private.follow_list (uuid, boolean, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.follow_list (uuid, boolean, bigint, integer) to anon, authenticated;

create function public.followers(profile_id uuid, before bigint default null, page_size integer default 20)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.follow_list(followers.profile_id, true, followers.before, followers.page_size) as listed;
end;

comment on function public.followers is 'Who follows somebody, newest first: as far as you may know. Give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.followers (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.followers (uuid, bigint, integer) to anon, authenticated;

create function public.following(profile_id uuid, before bigint default null, page_size integer default 20)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.follow_list(following.profile_id, false, following.before, following.page_size) as listed;
end;

comment on function public.following is 'Whom somebody follows, newest first: as far as you may know. Give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.following (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.following (uuid, bigint, integer) to anon, authenticated;

-- Definer, because a block hides the profile from its owner's own queries too.
create function private.blocked_people(before bigint, page_size integer)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(blocked_people.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.blocked_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    select blocks.id, blocks.blocked_id
    from public.blocks
    where blocks.blocker_id = viewer_id
      and blocks.id < coalesce(blocked_people.before, 9223372036854775807)
      and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
    order by blocks.id desc
    limit blocked_people.page_size
  ) as listed;
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.blocked_people is 'What public.blocked_people() answers.';
revoke all on function private.blocked_people (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.blocked_people (bigint, integer) to authenticated;

create function public.blocked_people(before bigint default null, page_size integer default 20)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.blocked_people(blocked_people.before, blocked_people.page_size) as listed;
end;

comment on function public.blocked_people is 'Whom you block, newest first. Give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.blocked_people (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.blocked_people (bigint, integer) to authenticated;

-- 58-timelines -----------------------------------------------------------------

-- Candidates -----------------------------------------------------------------

/*
 * Of many authors and tags the newest posts, in one of two ways:
 *
 * - Two phases. (1) Of every author the newest post below the cursor, one probe
 *   of the index each, and of those the newest ones; (2) only their authors can
 *   have posts among the newest, and none older than the oldest of these heads,
 *   if there are as many.
 * - A scan of everybody's posts, newest first, that keeps those of the authors.
 *   It reads as many as there are for each of theirs, so it is for long lists,
 *   whose authors write a large share of all posts.
 *
 * A short scan tells how large the share is here and now. A scan that reads 16
 * posts for each author takes about as long as the probes; it is begun only when
 * the short one promises that it will do, so that neither way, nor a wrong guess,
 * costs much more than twice the better one.
 */
create function private.newest_posts(
  author_ids uuid[], tags text[], below bigint, above bigint, wanted integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  authors integer := cardinality(author_ids);
  reach integer;
  found bigint[] := '{}';
  complete boolean := false;
begin
  if authors >= 200 then
    foreach reach in array array[authors * 2, authors * 16] loop
      select coalesce(array_agg(kept.id order by kept.id desc), '{}') into found
      from (
        select recent.id
        from (
          select posts.id, posts.author_id
          from public.posts
          where posts.id < below and posts.id > above
          order by posts.id desc
          limit reach
        ) as recent
        -- Is true keeps it a question asked of each post in order, and a join out of it.
        where (recent.author_id in (select author.id from unnest(author_ids) as author (id))) is true
        order by recent.id desc
        limit wanted
      ) as kept;
      complete := cardinality(found) = wanted;
      exit when complete or cardinality(found) * 8 < wanted;
    end loop;
  end if;

  if not complete then
    with head as materialized (
      select newest.author_id, newest.id
      from unnest(author_ids) as author (id)
      cross join lateral (
        select posts.author_id, posts.id
        from public.posts
        where posts.author_id = author.id and posts.id < below and posts.id > above
        order by posts.id desc
        limit 1
      ) as newest
      order by newest.id desc
      limit wanted
    )
    select coalesce(array_agg(candidate.id order by candidate.id desc), '{}') into found
    from (
      select theirs.id
      from head
      cross join lateral (
        select posts.id
        from public.posts
        where posts.author_id = head.author_id
          and posts.id <= head.id
          and posts.id > above
          and posts.id >= (
            select case when count(*) = wanted then min(lowest.id) else 0 end
            from head as lowest
          )
        order by posts.id desc
        limit wanted
      ) as theirs
      order by theirs.id desc
      limit wanted
    ) as candidate;
  end if;

  if cardinality(tags) > 0 then
    found := array(
      select tagged.post_id
      from unnest(tags) as followed (tag)
      cross join lateral (
        select post_tags.post_id
        from public.post_tags
        where post_tags.tag = followed.tag and post_tags.post_id < below and post_tags.post_id > above
        order by post_tags.post_id desc
        limit wanted
      ) as tagged
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
  end if;
  return found;
end;
$$;

comment on function private.newest_posts is 'The ids of the newest posts, reposts included, by these authors or with these tags, between two ids: as many as wanted, or all there are; newest first.';
revoke all on function private.newest_posts (uuid[], text[], bigint, bigint, integer) from public, anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

/*
 * Home, and the feed of a list: posts by a set of people (of home: oneself and
 * those one follows; never whom one mutes or may not look into), and, in home,
 * with tags one follows. Of these
 *
 * - what the viewer sees, and whose author they do not mute;
 * - replies only when the viewer sees what they answer, and it is by the viewer or
 *   one of the set;
 * - reposts by one of the set of what is not there by itself, and of several
 *   reposts of a post the first, so that a post comes once, and always in the
 *   same place.
 *
 * Who sees what is said once more here, as sees_post() says it, because a call for
 * each candidate costs more than all else. And whether the viewer follows somebody
 * is asked as (select true from …): as exists(…) the planner would read and hash
 * all whom the viewer follows, for a few questions.
 */
create function private.timeline(
  viewer_id uuid, list_id uuid, below bigint, above bigint, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(timeline.viewer_id));
  muted_ids uuid[] := array(select private.muted_ids(timeline.viewer_id));
  author_ids uuid[];
  tags text[] := '{}';
  wanted integer := timeline.page_size * 2;
  batch bigint[];
  page bigint[] := '{}';
begin
  if timeline.list_id is null then
    author_ids := array(
      select follows.followee_id
      from public.follows
      where follows.follower_id = timeline.viewer_id and follows.followee_id <> all (muted_ids)
    ) || timeline.viewer_id;
    tags := array(select tag_follows.tag from public.tag_follows where tag_follows.user_id = timeline.viewer_id);
  else
    author_ids := array(
      select profiles.id
      from public.list_members
      join public.profiles on profiles.id = list_members.profile_id
      where list_members.list_id = timeline.list_id
        and profiles.id <> all (muted_ids)
        and profiles.id <> all (hidden_ids)
        and (not profiles.is_private or profiles.id = timeline.viewer_id or (
          select true from public.follows
          where follows.follower_id = timeline.viewer_id and follows.followee_id = profiles.id
        ) is true)
    );
  end if;

  loop
    batch := private.newest_posts(author_ids, tags, below, above, wanted);
    page := page || array(
      select entry.id
      from unnest(batch) as candidate (id)
      join public.posts as entry on entry.id = candidate.id
      left join public.posts as original on original.id = entry.repost_of_id
      cross join lateral (
        select
          coalesce(original.id, entry.id) as id,
          coalesce(original.author_id, entry.author_id) as author_id,
          coalesce(original.audience, entry.audience) as audience,
          coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id
      ) as shown
      cross join lateral (
        select
          shown.author_id = timeline.viewer_id as is_viewer,
          (
            select true from public.follows
            where follows.follower_id = timeline.viewer_id and follows.followee_id = shown.author_id
          ) is true as is_followed
        offset 0
      ) as author
      where shown.author_id <> all (muted_ids)
        and (author.is_viewer or (
          shown.author_id <> all (hidden_ids)
          and case shown.audience
            when 'mentioned' then (
              select true from public.post_mentions
              where post_mentions.post_id = shown.id and post_mentions.profile_id = timeline.viewer_id
            ) is true
            when 'followers' then author.is_followed
            else author.is_followed
              or (select not profiles.is_private from public.profiles where profiles.id = shown.author_id)
          end
        ))
        and (original.id is null) = (
          -- Whether it is there by itself.
          (
            case when timeline.list_id is null then author.is_viewer or author.is_followed
            else shown.author_id = any (author_ids) end
            or (cardinality(tags) > 0 and exists (
              select from public.post_tags
              where post_tags.post_id = shown.id and post_tags.tag = any (tags)
            ))
          )
          and (shown.reply_to_id is null or (
            select parent.author_id = timeline.viewer_id or (
              case when timeline.list_id is null then parent.author_id <> all (muted_ids) and (
                select true from public.follows
                where follows.follower_id = timeline.viewer_id and follows.followee_id = parent.author_id
              ) is true
              else parent.author_id = any (author_ids) end
              and case parent.audience
                when 'everyone' then true
                when 'followers' then timeline.list_id is null or (
                  select true from public.follows
                  where follows.follower_id = timeline.viewer_id and follows.followee_id = parent.author_id
                ) is true
                else (
                  select true from public.post_mentions
                  where post_mentions.post_id = parent.id and post_mentions.profile_id = timeline.viewer_id
                ) is true
              end
            )
            from public.posts as parent
            where parent.id = shown.reply_to_id
          ) is true)
        )
        -- By way of whichever is fewer: the reposts of a post, or the set.
        and (original.id is null or not case
          when timeline.list_id is null and cardinality(author_ids) > (
            select post_counts.reposts
            from private.post_counts
            where post_counts.post_id = original.id
          ) then exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              and earlier.id < entry.id
              and earlier.author_id <> all (muted_ids)
              and (earlier.author_id = timeline.viewer_id or (
                select true from public.follows
                where follows.follower_id = timeline.viewer_id and follows.followee_id = earlier.author_id
              ) is true)
          )
          else exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              and earlier.author_id = any (author_ids)
              and earlier.id < entry.id
          )
        end)
      order by entry.id desc
    );
    exit when cardinality(page) >= timeline.page_size or cardinality(batch) < wanted;
    below := batch[wanted];
    wanted := least(wanted * 2, 1000);
  end loop;
  return page[1:timeline.page_size];
end;
$$;

comment on function private.timeline is 'The ids of a page of home (list_id null) or of a list''s feed: posts and reposts between two ids, newest first.';
revoke all on function private.timeline (uuid, uuid, bigint, bigint, integer) from public, anon, authenticated, service_role;

-- 60-feeds ---------------------------------------------------------------------

create type public.feed as enum (
  'home', 'public', 'tag', 'list', 'profile', 'profile_replies', 'profile_likes', 'bookmarks', 'replies', 'quotes'
);
comment on type public.feed is 'The feeds, as count_newer() names them.';

-- Pages ------------------------------------------------------------------------

-- What each feed is, and nothing else: its rows' ids and the posts they show. As
-- likes and bookmarks have ids of their own, these can be two.
create function private.feed_page(
  feed public.feed, of text, viewer_id uuid, below bigint, above bigint, page_size integer
)
returns table (item_id bigint, post_id bigint)
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
begin
  case feed_page.feed
    when 'home' then
      return query
      select page.id, page.id
      from unnest(private.timeline(feed_page.viewer_id, null, below, above, page_size)) as page (id);

    when 'list' then
      return query
      select page.id, page.id
      from public.lists
      cross join lateral unnest(
        private.timeline(feed_page.viewer_id, lists.id, below, above, page_size)
      ) as page (id)
      where lists.id = feed_page.of::uuid
        and (
          lists.owner_id = feed_page.viewer_id
          or (not lists.is_private and private.looks_into(feed_page.viewer_id, lists.owner_id))
        );

    when 'public' then
      return query
      select posts.id, posts.id
      from public.posts
      where posts.id < below and posts.id > above
        and posts.reply_to_id is null
        and posts.repost_of_id is null
        and posts.audience = 'everyone'
        and posts.author_id not in (select private.muted_ids(feed_page.viewer_id))
        and private.sees_post(feed_page.viewer_id, posts.id, posts.author_id, posts.audience, null)
        and private.sees_post(null, posts.id, posts.author_id, posts.audience, null)
      order by posts.id desc
      limit page_size;

    when 'tag' then
      return query
      select posts.id, posts.id
      from public.post_tags
      join public.posts on posts.id = post_tags.post_id
      where post_tags.tag = private.tag_name(feed_page.of)
        and post_tags.post_id < below and post_tags.post_id > above
        and posts.author_id not in (select private.muted_ids(feed_page.viewer_id))
        and private.sees_post(feed_page.viewer_id, posts.id, posts.author_id, posts.audience, null)
      order by post_tags.post_id desc
      limit page_size;

    when 'profile', 'profile_replies' then
      return query
      select posts.id, posts.id
      from public.posts
      where posts.author_id = feed_page.of::uuid
        and posts.id < below and posts.id > above
        and (posts.reply_to_id is null) = (feed_page.feed = 'profile')
        and private.sees_post(
          feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.repost_of_id
        )
      order by posts.id desc
      limit page_size;

    when 'profile_likes' then
      return query
      select likes.id, posts.id
      from public.likes
      join public.posts on posts.id = likes.post_id
      join public.profiles on profiles.id = likes.user_id
      where likes.user_id = feed_page.of::uuid
        and likes.id < below and likes.id > above
        and (
          likes.user_id = feed_page.viewer_id
          or (profiles.shows_likes and private.looks_into(feed_page.viewer_id, likes.user_id))
        )
        and private.sees_post(feed_page.viewer_id, posts.id, posts.author_id, posts.audience, null)
      order by likes.id desc
      limit page_size;

    when 'bookmarks' then
      return query
      select bookmarks.id, posts.id
      from public.bookmarks
      join public.posts on posts.id = bookmarks.post_id
      where bookmarks.user_id = feed_page.viewer_id
        and bookmarks.id < below and bookmarks.id > above
        and private.sees_post(feed_page.viewer_id, posts.id, posts.author_id, posts.audience, null)
      order by bookmarks.id desc
      limit page_size;

    when 'replies' then
      return query
      select posts.id, posts.id
      from public.posts
      where posts.reply_to_id = feed_page.of::bigint
        and posts.id < below and posts.id > above
        and private.sees_post(feed_page.viewer_id, posts.id, posts.author_id, posts.audience, null)
        and exists (
          select from public.posts as parent
          where parent.id = posts.reply_to_id
            and private.sees_post(
              feed_page.viewer_id, parent.id, parent.author_id, parent.audience, parent.repost_of_id
            )
        )
      order by posts.id desc
      limit page_size;

    when 'quotes' then
      return query
      select posts.id, posts.id
      from public.posts
      where posts.quote_of_id = feed_page.of::bigint
        and posts.id < below and posts.id > above
        and private.sees_post(feed_page.viewer_id, posts.id, posts.author_id, posts.audience, null)
        and exists (
          select from public.posts as quoted
          where quoted.id = posts.quote_of_id
            and private.sees_post(
              feed_page.viewer_id, quoted.id, quoted.author_id, quoted.audience, quoted.repost_of_id
            )
        )
      order by posts.id desc
      limit page_size;
  end case;
end;
$$;

comment on function private.feed_page is 'A page of a feed between two ids, as ids, newest first.';
revoke all on function private.feed_page (public.feed, text, uuid, bigint, bigint, integer) from public, anon, authenticated, service_role;

/*
 * Definer, because row-level security, asked for every row that is probed, costs
 * more than the feed itself; its conditions are asked here, of what is on the
 * page, and tests prove that the answers are the same. Plans are kept from the
 * first call on: none of them is better for knowing its arguments.
 */
create function private.feed(feed public.feed, of text, before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 20
as $$
declare
  viewer_id uuid := case when feed.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
  item_ids bigint[];
  post_ids bigint[];
begin
  perform private.check_page_size(feed.page_size);

  select array_agg(page.item_id order by page.item_id desc), array_agg(page.post_id order by page.item_id desc)
  into item_ids, post_ids
  from private.feed_page(
    feed.feed, feed.of, viewer_id, coalesce(feed.before, 9223372036854775807), 0, feed.page_size
  ) as page;

  return query
  select items.*
  from private.feed_items(viewer_id, item_ids, post_ids) as items;
end;
$$;

comment on function private.feed is 'What the feeds of public answer.';
revoke all on function private.feed (public.feed, text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.feed (public.feed, text, bigint, integer) to anon, authenticated;

-- Definer, as feed() is.
create function private.count_newer(feed public.feed, of text, after bigint)
returns integer
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  viewer_id uuid := case when count_newer.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
begin
  return (
    select count(*)
    from private.feed_page(
      count_newer.feed, count_newer.of, viewer_id, 9223372036854775807, coalesce(count_newer.after, 0), 100
    )
  );
end;
$$;

comment on function private.count_newer is 'What public.count_newer() answers.';
revoke all on function private.count_newer (public.feed, text, bigint) from public, anon, authenticated, service_role;
grant execute on function private.count_newer (public.feed, text, bigint) to anon, authenticated;

-- API ------------------------------------------------------------------------

create function public.count_newer(feed public.feed, after bigint, of text default null)
returns integer
language sql
stable
security invoker
return private.count_newer(count_newer.feed, count_newer.of, count_newer.after);

comment on function public.count_newer is 'How many rows of a feed are newer than the id of one, up to 100, without reading them. of says whose: the tag, or the id of the list, profile or post.';
revoke all on function public.count_newer (public.feed, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.count_newer (public.feed, bigint, text) to anon, authenticated;

create function public.home_feed(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('home', null, home_feed.before, home_feed.page_size) as items;
end;

comment on function public.home_feed is 'The newest posts and reposts of yourself, of those you follow and with tags you follow: each post once, replies only to yourself and those you follow, nothing of whom you mute. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.home_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.home_feed (bigint, integer) to authenticated;

create function public.public_feed(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('public', null, public_feed.before, public_feed.page_size) as items;
end;

comment on function public.public_feed is 'The newest posts for everyone, replies and reposts aside. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.public_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.public_feed (bigint, integer) to anon, authenticated;

create function public.tag_feed(tag text, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('tag', tag_feed.tag, tag_feed.before, tag_feed.page_size) as items;
end;

comment on function public.tag_feed is 'The newest posts with a tag, replies included. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.tag_feed (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.tag_feed (text, bigint, integer) to anon, authenticated;

create function public.list_feed(list_id uuid, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('list', list_feed.list_id::text, list_feed.before, list_feed.page_size) as items;
end;

comment on function public.list_feed is 'The newest posts and reposts of those on a list: each post once, replies only to yourself and those on it. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.list_feed (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.list_feed (uuid, bigint, integer) to anon, authenticated;

create function public.profile_feed(profile_id uuid, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('profile', profile_feed.profile_id::text, profile_feed.before, profile_feed.page_size) as items;
end;

comment on function public.profile_feed is 'Somebody''s newest posts and reposts, replies aside. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.profile_feed (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.profile_feed (uuid, bigint, integer) to anon, authenticated;

create function public.profile_replies(profile_id uuid, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('profile_replies', profile_replies.profile_id::text, profile_replies.before, profile_replies.page_size) as items;
end;

comment on function public.profile_replies is 'Somebody''s newest replies. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.profile_replies (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.profile_replies (uuid, bigint, integer) to anon, authenticated;

create function public.profile_likes(profile_id uuid, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('profile_likes', profile_likes.profile_id::text, profile_likes.before, profile_likes.page_size) as items;
end;

comment on function public.profile_likes is 'What somebody who shows their likes liked last. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.profile_likes (uuid, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.profile_likes (uuid, bigint, integer) to anon, authenticated;

create function public.bookmarks_feed(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('bookmarks', null, bookmarks_feed.before, bookmarks_feed.page_size) as items;
end;

comment on function public.bookmarks_feed is 'What you bookmarked last. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.bookmarks_feed (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.bookmarks_feed (bigint, integer) to authenticated;

create function public.replies(post_id bigint, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('replies', replies.post_id::text, replies.before, replies.page_size) as items;
end;

comment on function public.replies is 'The newest replies to a post. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.replies (bigint, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.replies (bigint, bigint, integer) to anon, authenticated;

create function public.quotes(post_id bigint, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('quotes', quotes.post_id::text, quotes.before, quotes.page_size) as items;
end;

comment on function public.quotes is 'The newest posts that quote a post. Newest first: give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.quotes (bigint, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.quotes (bigint, bigint, integer) to anon, authenticated;

-- 65-threads -------------------------------------------------------------------

create type public.thread_post as (
  id           bigint,
  reply_to_id  bigint,
  depth        integer,
  post         public.card,
  reply_to     public.author,
  quoted       public.card
);

comment on type public.thread_post is 'A row of a thread. depth is 0 for the post itself, negative for what it answers, positive for replies; post is null where there is one no more, or none for you.';

/*
 * Definer, because places are walked past the rules. The walk is bounded: 100
 * posts up; down by levels, each in the order of writing, until max_depth or 500
 * posts. What has no replies and is not seen takes no place in it, so that the
 * bound tells nothing of it.
 */
create function private.thread(post_id bigint, max_depth integer)
returns setof public.thread_post
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 50
as $$
declare
  viewer_id uuid := auth.uid();
  root_id bigint;
  ids bigint[];
  parents bigint[];
  depths integer[];
  level_ids bigint[];
  level_parents bigint[];
  seen_ids bigint[];
  depth integer := 0;
  most integer;
begin
  if thread.max_depth is null or thread.max_depth not between 1 and 50 then
    raise sqlstate 'PT400' using message = 'A thread is read 1 to 50 replies deep', detail = 'max_depth_range';
  end if;

  select coalesce(posts.repost_of_id, posts.id) into root_id
  from public.posts
  where posts.id = thread.post_id
    and private.sees_post(viewer_id, posts.id, posts.author_id, posts.audience, posts.repost_of_id);
  if root_id is null then
    return;
  end if;

  -- Upwards.
  with recursive ancestor as (
    select posts.id, posts.reply_to_id, 0 as depth
    from public.posts
    where posts.id = root_id
    union all
    select place.id, place.reply_to_id, ancestor.depth - 1
    from ancestor
    cross join lateral (
      select posts.id, posts.reply_to_id
      from public.posts
      where posts.id = ancestor.reply_to_id
      union all
      select deleted_posts.id, deleted_posts.reply_to_id
      from private.deleted_posts
      where deleted_posts.id = ancestor.reply_to_id
    ) as place
    where ancestor.depth > -100
  )
  select array_agg(ancestor.id), array_agg(ancestor.reply_to_id), array_agg(ancestor.depth)
  into ids, parents, depths
  from ancestor;

  -- Downwards, a level at a time.
  most := cardinality(ids) + 500;
  level_ids := array[root_id];
  while cardinality(level_ids) > 0 and depth < thread.max_depth and cardinality(ids) < most loop
    depth := depth + 1;
    select coalesce(array_agg(child.id), '{}'), coalesce(array_agg(child.reply_to_id), '{}')
    into level_ids, level_parents
    from (
      select place.id, place.reply_to_id
      from (
        select posts.id, posts.reply_to_id
        from public.posts
        where posts.reply_to_id = any (level_ids)
          and (
            private.sees_post(viewer_id, posts.id, posts.author_id, posts.audience, null)
            or exists (select from public.posts as reply where reply.reply_to_id = posts.id)
            or exists (select from private.deleted_posts where deleted_posts.reply_to_id = posts.id)
          )
        union all
        select deleted_posts.id, deleted_posts.reply_to_id
        from private.deleted_posts
        where deleted_posts.reply_to_id = any (level_ids)
      ) as place
      order by place.id
      limit most - cardinality(ids)
    ) as child;
    ids := ids || level_ids;
    parents := parents || level_parents;
    depths := depths || array_fill(depth, array[cardinality(level_ids)]);
  end loop;

  seen_ids := array(
    select posts.id
    from public.posts
    where posts.id = any (ids)
      and private.sees_post(viewer_id, posts.id, posts.author_id, posts.audience, null)
  );

  return query
  with recursive place as materialized (
    select walked.id, walked.reply_to_id, walked.depth
    from unnest(ids, parents, depths) as walked (id, reply_to_id, depth)
  ),
  -- In the order of reading: each post before its replies, older replies first.
  branch as (
    select place.id, place.reply_to_id, place.depth, array[place.id] as path
    from place
    where place.depth = 0
    union all
    select place.id, place.reply_to_id, place.depth, branch.path || place.id
    from branch
    join place on place.reply_to_id = branch.id and place.depth = branch.depth + 1
  ),
  item as materialized (
    select items.id, items.post, items.reply_to, items.quoted
    from private.feed_items(viewer_id, seen_ids, seen_ids) as items
  ),
  -- What has something seen below it keeps its place.
  kept as (
    select distinct ancestor.id
    from branch
    join item on item.id = branch.id
    cross join lateral unnest(branch.path) as ancestor (id)
    union
    select place.id
    from place
    where place.depth < 0
  )
  select place.id, place.reply_to_id, place.depth, item.post, item.reply_to, item.quoted
  from place
  join kept on kept.id = place.id
  left join branch on branch.id = place.id
  left join item on item.id = place.id
  order by least(place.depth, 0), branch.path;
end;
$$;

comment on function private.thread is 'What public.thread() answers.';
revoke all on function private.thread (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.thread (bigint, integer) to anon, authenticated;

create function public.thread(post_id bigint, max_depth integer default 10)
returns setof public.thread_post
language sql
stable
security invoker
rows 50
begin atomic
  select thread.*
  from private.thread(thread.post_id, thread.max_depth) as thread;
end;

comment on function public.thread is 'A post, what it answers (up to 100) and the replies below it (max_depth deep, 1 to 50, and up to 500), in the order of reading: no row when there is no such post for you. Where a post has more replies than rows, replies() has them all.';
revoke all on function public.thread (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.thread (bigint, integer) to anon, authenticated;

-- 70-search-people -------------------------------------------------------------

create extension if not exists pg_trgm with schema extensions;

-- What is compared -------------------------------------------------------------

-- Without case and accents: ó is found by o, and by ó. Some letters have no accent
-- that Unicode could take off.
create function private.search_name(name text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return replace(replace(replace(
    translate(
      lower(regexp_replace(normalize(name, nfkd), '[\u0300-\u036f]', '', 'g') collate pg_catalog.pg_c_utf8),
      'łøđħı', 'lodhi'
    ),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
end;
$$;

comment on function private.search_name is 'A name as search compares it.';
revoke all on function private.search_name (text) from public, anon, authenticated, service_role;
grant execute on function private.search_name (text) to authenticated, service_role;

-- Part of a name, also misspelt.
create index profiles_search_idx on public.profiles
  using gin (private.search_name(username || ' ' || display_name) extensions.gin_trgm_ops)
  where is_searchable;
-- The beginning of a name, however short.
create index profiles_username_pattern_idx on public.profiles (lower(username) text_pattern_ops);
create index profiles_display_name_pattern_idx on public.profiles (private.search_name(display_name) text_pattern_ops);
-- API ------------------------------------------------------------------------

/*
 * Ranked: by how the name fits (the username itself, its beginning, part of a
 * name, a misspelling), then by relation (whom the viewer follows, who follows
 * them), then by followers. Of very many that fit, those one follows and a
 * thousand others are ranked.
 *
 * Definer, because row-level security, asked for every row that is compared,
 * costs more than the search. Planned for each name: a short one is looked for
 * in another index than a long one.
 */
create function private.search_people(query text, page_size integer)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  wanted text := private.search_name(regexp_replace(btrim(search_people.query), '^@', ''));
  pattern text := replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_');
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(search_people.page_size);
  if coalesce(char_length(wanted), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using message = 'Search for a name of 1 to 100 characters', detail = 'search_query';
  end if;

  -- Half of the letters in order, as in alise for alice. Not a set clause of the
  -- function, which takes a superuser unless the library is loaded by chance.
  perform set_config('pg_trgm.word_similarity_threshold', '0.5', true);

  select array_agg(ranked.place order by ranked.place), array_agg(ranked.id order by ranked.place)
  into row_ids, profile_ids
  from (
    select
      candidate.id,
      row_number() over (
        order by
          lower(candidate.username) = wanted desc,
          lower(candidate.username) like pattern || '%' desc,
          candidate.name like '%' || pattern || '%' desc,
          case when candidate.name like '%' || pattern || '%' then 0
          else -round(extensions.word_similarity(wanted, candidate.name)::numeric, 1) end,
          exists (
            select from public.follows
            where follows.follower_id = viewer_id and follows.followee_id = candidate.id
          ) desc,
          exists (
            select from public.follows
            where follows.follower_id = candidate.id and follows.followee_id = viewer_id
          ) desc,
          follow_counts.followers desc,
          candidate.id
      ) as place
    from (
      (
        select profiles.id, profiles.username, private.search_name(profiles.username || ' ' || profiles.display_name) as name
        from public.follows
        join public.profiles on profiles.id = follows.followee_id
        where follows.follower_id = viewer_id
          and profiles.is_searchable
          and private.search_name(profiles.username || ' ' || profiles.display_name) like '%' || pattern || '%'
      )
      union
      (
        select profiles.id, profiles.username, private.search_name(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.is_searchable and lower(profiles.username) = wanted
      )
      union
      (
        select profiles.id, profiles.username, private.search_name(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.is_searchable and lower(profiles.username) like pattern || '%'
        limit 500
      )
      union
      (
        select profiles.id, profiles.username, private.search_name(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.is_searchable and private.search_name(profiles.display_name) like pattern || '%'
        limit 500
      )
      union
      (
        select profiles.id, profiles.username, private.search_name(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where char_length(wanted) >= 3
          and profiles.is_searchable
          and (
            private.search_name(profiles.username || ' ' || profiles.display_name) like '%' || pattern || '%'
            or wanted operator(extensions.<%) private.search_name(profiles.username || ' ' || profiles.display_name)
          )
        limit 500
      )
      union
      (
        select profiles.id, profiles.username, private.search_name(profiles.username || ' ' || profiles.display_name)
        from public.profiles
        where profiles.id = viewer_id
          and private.search_name(profiles.username || ' ' || profiles.display_name) like '%' || pattern || '%'
      )
    ) as candidate
    join private.follow_counts on follow_counts.profile_id = candidate.id
    where candidate.id <> all (hidden_ids)
    limit search_people.page_size
  ) as ranked;

  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.search_people is 'What public.search_people() answers.';
revoke all on function private.search_people (text, integer) from public, anon, authenticated, service_role;
grant execute on function private.search_people (text, integer) to anon, authenticated;

create function public.search_people(query text, page_size integer default 20)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.search_people(search_people.query, search_people.page_size) as listed;
end;

comment on function public.search_people is 'People by the beginning of a name, a part of it or nearly so, best first; id is the place. page_size is 1 to 100, and the first page is all there is.';
revoke all on function public.search_people (text, integer) from public, anon, authenticated, service_role;
grant execute on function public.search_people (text, integer) to anon, authenticated;

-- 72-search-posts --------------------------------------------------------------

-- What is compared -------------------------------------------------------------

-- Chinese and Japanese are written without spaces: every character is a word, and
-- what is searched for a phrase of them. Full-width letters are letters.
create function private.search_text(words text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return regexp_replace(normalize(words, nfkc), '([\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f])', ' \1 ', 'g');
end;
$$;

comment on function private.search_text is 'A text as search takes its words.';
revoke all on function private.search_text (text) from public, anon, authenticated, service_role;
grant execute on function private.search_text (text) to authenticated, service_role;

create function private.search_config(language text)
returns regconfig
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
begin
  return case split_part(language, '-', 1)
    when 'ar' then 'pg_catalog.arabic'
    when 'ca' then 'pg_catalog.catalan'
    when 'da' then 'pg_catalog.danish'
    when 'de' then 'pg_catalog.german'
    when 'el' then 'pg_catalog.greek'
    when 'en' then 'pg_catalog.english'
    when 'es' then 'pg_catalog.spanish'
    when 'eu' then 'pg_catalog.basque'
    when 'fi' then 'pg_catalog.finnish'
    when 'fr' then 'pg_catalog.french'
    when 'ga' then 'pg_catalog.irish'
    when 'hi' then 'pg_catalog.hindi'
    when 'hu' then 'pg_catalog.hungarian'
    when 'hy' then 'pg_catalog.armenian'
    when 'id' then 'pg_catalog.indonesian'
    when 'it' then 'pg_catalog.italian'
    when 'lt' then 'pg_catalog.lithuanian'
    when 'nb' then 'pg_catalog.norwegian'
    when 'ne' then 'pg_catalog.nepali'
    when 'nl' then 'pg_catalog.dutch'
    when 'nn' then 'pg_catalog.norwegian'
    when 'no' then 'pg_catalog.norwegian'
    when 'pt' then 'pg_catalog.portuguese'
    when 'ro' then 'pg_catalog.romanian'
    when 'ru' then 'pg_catalog.russian'
    when 'sr' then 'pg_catalog.serbian'
    when 'sv' then 'pg_catalog.swedish'
    when 'ta' then 'pg_catalog.tamil'
    when 'tr' then 'pg_catalog.turkish'
    when 'yi' then 'pg_catalog.yiddish'
    else 'pg_catalog.simple'
  end::regconfig;
end;
$$;

comment on function private.search_config is 'By whose grammar words of a language are compared; simple compares them as they are.';
revoke all on function private.search_config (text) from public, anon, authenticated, service_role;
grant execute on function private.search_config (text) to authenticated, service_role;

create function private.search_vector(language text, title text, content text)
returns tsvector
language plpgsql
immutable
parallel safe
security invoker
cost 4000
set search_path = ''
as $$
begin
  return to_tsvector(private.search_config(language), private.search_text(title || ' ' || content));
end;
$$;

comment on function private.search_vector is 'The words of a post as search compares them.';
revoke all on function private.search_vector (text, text, text) from public, anon, authenticated, service_role;
grant execute on function private.search_vector (text, text, text) to authenticated, service_role;

-- The words of a post.
create index posts_search_idx on public.posts
  using gin (private.search_vector(language, title, content))
  where repost_of_id is null;

-- API ------------------------------------------------------------------------

-- One operator out of a query: its values, without the sign.
create function private.search_operator(query text, operator text)
returns text[]
language sql
immutable
security invoker
return array(
  select found.parts[1]
  from regexp_matches(search_operator.query, '(?:^|\s)' || search_operator.operator || '(\S+)', 'gi') as found (parts)
);

comment on function private.search_operator is 'The values of an operator in a search.';
revoke all on function private.search_operator (text, text) from public, anon, authenticated, service_role;

create function private.search_day(day text)
returns bigint
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if day !~ '^\d{4}-\d{2}-\d{2}$' then
    raise sqlstate '22007';
  end if;
  -- The lowest id of that day: see new_id().
  return floor((extract(epoch from (day || 'T00:00:00Z')::timestamptz) - 1767225600) * 1000)::bigint << 12;
exception when datetime_field_overflow or invalid_datetime_format then
  raise sqlstate 'PT400' using message = 'A date in a search is written YYYY-MM-DD', detail = 'search_date';
end;
$$;

comment on function private.search_day is 'The id at which a day (UTC) begins.';
revoke all on function private.search_day (text) from public, anon, authenticated, service_role;

/*
 * Words are compared by the grammar of each post's own language. So the index is
 * asked for what the words may mean in any language, and every post found is
 * asked once more in its own. Definer and planned for each query, as
 * search_people() is: rare words come out of the index, and of common ones the
 * newest posts have enough.
 */
create function private.search_posts(query text, before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_custom_plan
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  from_names text[] := private.search_operator(query, 'from:@?');
  signed_tags text[] := array(
    select rtrim(tag, '.,;:!?()''"') from unnest(private.search_operator(query, '[#＃]')) as tag
  );
  tags text[];
  from_id uuid;
  below bigint := least(
    coalesce(search_posts.before, 9223372036854775807),
    (select min(private.search_day(day)) from unnest(private.search_operator(query, 'until:')) as day)
  );
  above bigint := (
    select coalesce(max(private.search_day(day)), 0) from unnest(private.search_operator(query, 'since:')) as day
  );
  -- Of several minus signs one, whatever is between them that is no word: Postgres
  -- keeps no more than 32 of them in mind.
  words text := regexp_replace(
    regexp_replace(query, '(^|\s)(from:|since:|until:|[#＃])\S+', ' ', 'gi'),
    '(^|[\s!&|()])-[-\s!&|()]*-', '\1-', 'g'
  );
  any_grammar tsquery;
  post_ids bigint[];
begin
  perform private.check_page_size(search_posts.page_size);
  if coalesce(char_length(query), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  -- A run of characters that are words each is searched as a phrase, unless it is
  -- within one: between quotation marks.
  select private.search_text(string_agg(case when part.place % 2 = 0 then part.words else regexp_replace(
    part.words,
    '([\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]{2,})',
    '"\1" ', 'g'
  ) end, '"' order by part.place))
  into words
  from string_to_table(words, '"') with ordinality as part (words, place);
  select string_agg(distinct grammar.query::text, ' | ')::tsquery into any_grammar
  from (
    select websearch_to_tsquery(config.name, words) as query
    from (
      select distinct private.search_config(language) as name
      from unnest(string_to_array(
        'ar ca da de el en es eu fi fr ga hi hu hy id it lt ne nl no pt ro ru sr sv ta tr yi und', ' '
      )) as language
    ) as config
  ) as grammar
  where numnode(grammar.query) > 0;

  tags := array(select private.tag_name(tag) from unnest(signed_tags) as tag where private.tag_name(tag) is not null);
  if cardinality(from_names) > 0 then
    select profiles.id into from_id
    from public.profiles
    where lower(profiles.username) = lower(from_names[1]);
  end if;

  if cardinality(signed_tags) = 0 and cardinality(from_names) = 0
    and querytree(websearch_to_tsquery('pg_catalog.simple', words)) in ('', 'T') then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  -- Nobody has that name, or nothing can have that tag, or be from two people.
  if (cardinality(from_names) > 0 and from_id is null)
    or cardinality(from_names) > 1
    or cardinality(tags) < cardinality(signed_tags) then
    return;
  end if;

  if cardinality(tags) > 0 then
    post_ids := array(
      select posts.id
      from public.post_tags
      join public.posts on posts.id = post_tags.post_id
      join public.profiles on profiles.id = posts.author_id
      cross join lateral (
        select websearch_to_tsquery(private.search_config(posts.language), words) as query
      ) as own_grammar
      where post_tags.tag = tags[1]
        and post_tags.post_id < below and post_tags.post_id >= above
        and (from_id is null or posts.author_id = from_id)
        and (profiles.is_searchable or posts.author_id = viewer_id)
        and not exists (
          select from unnest(tags) as wanted (tag)
          where not exists (
            select from public.post_tags as other
            where other.post_id = posts.id and other.tag = wanted.tag
          )
        )
        and (
          any_grammar is null
          or private.search_vector(posts.language, posts.title, posts.content) @@ own_grammar.query
          or numnode(own_grammar.query) = 0
        )
        and private.sees_post(viewer_id, posts.id, posts.author_id, posts.audience, null)
      order by post_tags.post_id desc
      limit search_posts.page_size
    );
  else
    post_ids := array(
      select posts.id
      from public.posts
      join public.profiles on profiles.id = posts.author_id
      cross join lateral (
        select websearch_to_tsquery(private.search_config(posts.language), words) as query
      ) as own_grammar
      where posts.id < below and posts.id >= above
        and posts.repost_of_id is null
        and (from_id is null or posts.author_id = from_id)
        and (profiles.is_searchable or posts.author_id = viewer_id)
        and (
          any_grammar is null
          or private.search_vector(posts.language, posts.title, posts.content) @@ any_grammar
          or from_id is not null
        )
        and (
          any_grammar is null
          or private.search_vector(posts.language, posts.title, posts.content) @@ own_grammar.query
          or numnode(own_grammar.query) = 0
        )
        and private.sees_post(viewer_id, posts.id, posts.author_id, posts.audience, null)
      order by posts.id desc
      limit search_posts.page_size
    );
  end if;

  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids) as items;
end;
$$;

comment on function private.search_posts is 'What public.search_posts() answers.';
revoke all on function private.search_posts (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.search_posts (text, bigint, integer) to anon, authenticated;

create function public.search_posts(query text, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.search_posts(search_posts.query, search_posts.before, search_posts.page_size) as items;
end;

comment on function public.search_posts is 'Posts by their words, "phrases" and -unwanted words, #tags, from:somebody, since:2026-01-31 and until:2026-12-31 (days in UTC; until is exclusive), newest first. Give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.search_posts (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.search_posts (text, bigint, integer) to anon, authenticated;

-- 75-drafts --------------------------------------------------------------------

-- Table ----------------------------------------------------------------------

create table public.drafts (
  id               uuid             primary key default gen_random_uuid(),
  author_id        uuid             not null default auth.uid() references public.profiles (id) on delete cascade,
  title            text             not null default '',
  content          text             not null default '',
  content_warning  text             not null default '',
  language         text,
  audience         public.audience  not null default 'everyone',
  reply_to_id      bigint,
  quote_of_id      bigint,
  publish_at       timestamptz,
  failed_at        timestamptz,
  failure          text,
  created_at       timestamptz      not null default now(),
  edited_at        timestamptz      not null default now(),

  constraint drafts_length check (private.rule(
    char_length(title) <= 200 and char_length(content) <= 10000 and char_length(content_warning) <= 200
    and char_length(language) <= 35 is not false,
    'draft_length', 'A draft is no longer than a post'
  ))
);

comment on table  public.drafts is 'Posts that are not written yet, at most 100 for each author. Known to oneself alone.';
comment on column public.drafts.id is 'Random. The post has an id of its own.';
comment on column public.drafts.author_id is 'Whose it is: yours, when left out.';
comment on column public.drafts.content is 'May be empty as long as it is a draft.';
comment on column public.drafts.content_warning is 'As in posts.';
comment on column public.drafts.language is 'As in posts.';
comment on column public.drafts.audience is 'As in posts.';
comment on column public.drafts.reply_to_id is 'As in posts.';
comment on column public.drafts.quote_of_id is 'As in posts.';
comment on column public.drafts.publish_at is 'When it becomes a post by itself; null when it does not.';
comment on column public.drafts.failed_at is 'When that failed; null when it did not. An edit clears it.';
comment on column public.drafts.failure is 'Why it failed: the code of the error.';
comment on column public.drafts.edited_at is 'When it was last changed.';

-- Somebody's drafts.
create index drafts_author_id_idx on public.drafts (author_id);
-- What is due.
create index drafts_publish_at_idx on public.drafts (publish_at) where publish_at is not null and failed_at is null;

-- Rules ----------------------------------------------------------------------

alter table public.drafts enable row level security;

create policy "people read their own drafts"
  on public.drafts for select
  to authenticated
  using (author_id = (select auth.uid()));

create policy "people draft in their own name"
  on public.drafts for insert
  to authenticated
  with check (author_id = (select auth.uid()));

create policy "people edit their own drafts"
  on public.drafts for update
  to authenticated
  using (author_id = (select auth.uid()))
  with check (author_id = (select auth.uid()));

create policy "people delete their own drafts"
  on public.drafts for delete
  to authenticated
  using (author_id = (select auth.uid()));

revoke all on public.drafts from public, anon, authenticated, service_role;
grant select, delete on public.drafts to authenticated, service_role;
grant insert (
  author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, publish_at
) on public.drafts to authenticated, service_role;
grant update (
  title, content, content_warning, language, audience, reply_to_id, quote_of_id, publish_at
) on public.drafts to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

create trigger take_turn
  before insert on public.drafts
  for each statement
  execute function private.take_turn();

create function private.drafts_check()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  if (select count(*) from public.drafts where drafts.author_id = new.author_id) >= 100 then
    raise sqlstate 'PT409' using message = 'You have 100 drafts, and no more fit', detail = 'drafts_full';
  end if;
  return new;
end;
$$;

comment on function private.drafts_check is 'Bounds how many drafts one has.';
revoke all on function private.drafts_check () from public, anon, authenticated, service_role;

create trigger drafts_check
  before insert on public.drafts
  for each row
  execute function private.drafts_check();

create function private.drafts_edit()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.edited_at := now();
  new.failed_at := null;
  new.failure := null;
  return new;
end;
$$;

comment on function private.drafts_edit is 'Notes an edit, after which what failed is tried again.';
revoke all on function private.drafts_edit () from public, anon, authenticated, service_role;

create trigger drafts_edit
  before update of title, content, content_warning, language, audience, reply_to_id, quote_of_id, publish_at
  on public.drafts
  for each row
  execute function private.drafts_edit();

-- Publishing -----------------------------------------------------------------

-- The draft's row is locked by the caller.
create function private.publish(draft public.drafts)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  post_id bigint;
begin
  insert into public.posts (
    author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id
  )
  values (
    draft.author_id, draft.title, draft.content, draft.content_warning, draft.language, draft.audience,
    draft.reply_to_id, draft.quote_of_id
  )
  returning posts.id into post_id;

  delete from public.drafts
  where drafts.id = draft.id;
  return post_id;
end;
$$;

comment on function private.publish is 'Makes a draft a post, whose id it answers.';
revoke all on function private.publish (public.drafts) from public, anon, authenticated, service_role;

-- Definer, because publish() is for nobody else to call.
create function private.publish_draft(draft_id uuid)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  draft public.drafts;
begin
  perform private.take_turns(viewer_id);

  select drafts.* into draft
  from public.drafts
  where drafts.id = publish_draft.draft_id and drafts.author_id = viewer_id
  for update;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such draft', detail = 'draft_not_found';
  end if;
  return private.publish(draft);
end;
$$;

comment on function private.publish_draft is 'What public.publish_draft() does.';
revoke all on function private.publish_draft (uuid) from public, anon, authenticated, service_role;
grant execute on function private.publish_draft (uuid) to authenticated;

create function public.publish_draft(draft_id uuid)
returns bigint
language sql
volatile
security invoker
return private.publish_draft(publish_draft.draft_id);

comment on function public.publish_draft is 'Makes a draft of yours a post now: answers the post''s id, and the draft is gone.';
revoke all on function public.publish_draft (uuid) from public, anon, authenticated, service_role;
grant execute on function public.publish_draft (uuid) to authenticated;

-- The turns of all authors at once, in order; then the drafts that nobody else is
-- at, in the order of their times. One that fails is undone alone.
create function private.publish_due_drafts()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  author_ids uuid[] := array(
    select due.author_id
    from public.drafts as due
    where due.publish_at <= now() and due.failed_at is null
    order by due.publish_at
    limit 100
  );
  draft public.drafts;
  code text;
  state text;
  published integer := 0;
begin
  perform private.take_turns(variadic author_ids);

  for draft in
    select due.*
    from public.drafts as due
    where due.publish_at <= now() and due.failed_at is null and due.author_id = any (author_ids)
    order by due.publish_at
    limit 100
    for update skip locked
  loop
    begin
      perform private.publish(draft);
      published := published + 1;
    exception when others then
      get stacked diagnostics state = returned_sqlstate, code = pg_exception_detail;
      -- What is the database's trouble of the moment is tried again by the next run:
      -- rolled back, out of resources, locked, interrupted, broken.
      if left(state, 2) not in ('40', '53', '55', '57', '58') then
        update public.drafts
        set failed_at = now(), failure = case when state like 'PT%' then code else state end
        where drafts.id = draft.id;
      end if;
    end;
  end loop;
  return published;
end;
$$;

comment on function private.publish_due_drafts is 'Publishes up to 100 drafts whose time has come, and answers how many it did.';
revoke all on function private.publish_due_drafts () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron; a bare Postgres may not, and does the rest without.
do $$
begin
  if not exists (select from pg_available_extensions where name = 'pg_cron') then
    raise warning 'There is no pg_cron here: schedule private.publish_due_drafts() by other means';
    return;
  end if;
  create extension if not exists pg_cron with schema pg_catalog;
  perform cron.schedule('publish-due-drafts', '10 seconds', 'select private.publish_due_drafts()');
  -- pg_cron itself never forgets a run.
  perform cron.schedule(
    'forget-old-runs', '17 3 * * *',
    'delete from cron.job_run_details where end_time < now() - interval ''3 days'''
  );
end;
$$;

-- 80-explain -------------------------------------------------------------------

create type public.visibility as (
  visible      boolean,
  rule         text,
  explanation  text
);

comment on type public.visibility is 'Whether a post is visible to you, the rule that decides as a code, and in words.';

/*
 * To whom the author blocks, a post does not exist; it is explained in the words
 * for one that does not. Whoever blocks the author is told of their own block, as
 * long as the author does not block them. Definer, because the post is looked at
 * past the rules.
 */
create function private.explain_visibility(post_id bigint)
returns public.visibility
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
  post public.posts;
  author public.profiles;
  follows_author boolean;
begin
  select posts.* into post
  from public.posts
  where posts.id = explain_visibility.post_id;
  select profiles.* into author
  from public.profiles
  where profiles.id = post.author_id;

  -- A repost goes with what it shows: where that is not seen, whoever shows it again
  -- must not tell that it is still there.
  if post.id is null
    or post.author_id in (select private.blocker_ids(viewer_id))
    or (post.repost_of_id is not null and not exists (
      select from public.posts as original
      where original.id = post.repost_of_id
        and private.sees_post(viewer_id, original.id, original.author_id, original.audience, null)
    )) then
    return (false, 'not_found', 'There is no such post, or none for you.')::public.visibility;
  elsif post.author_id in (select private.hidden_ids(viewer_id)) then
    return (false, 'you_block_author', 'You block its author.')::public.visibility;
  end if;

  follows_author := exists (
    select from public.follows
    where follows.follower_id = viewer_id and follows.followee_id = post.author_id
  );
  if post.repost_of_id is not null then
    if not private.looks_into(viewer_id, post.author_id) then
      return (false, 'private_account', 'Its author''s account is private: only followers see what it posts.')::public.visibility;
    end if;
    return private.explain_visibility(post.repost_of_id);
  end if;

  return case
    when post.author_id = viewer_id then
      (true, 'own', 'You wrote it.')::public.visibility
    when post.audience = 'mentioned' and exists (
      select from public.post_mentions
      where post_mentions.post_id = post.id and post_mentions.profile_id = viewer_id
    ) then
      (true, 'mentioned', 'It is for the people mentioned in it, and you are one of them.')::public.visibility
    when post.audience = 'mentioned' then
      (false, 'mentioned_only', 'It is for the people mentioned in it.')::public.visibility
    when follows_author and (post.audience = 'followers' or author.is_private) then
      (true, 'follower', 'It is for followers of its author, and you are one of them.')::public.visibility
    when author.is_private then
      (false, 'private_account', 'Its author''s account is private: only followers see what it posts.')::public.visibility
    when post.audience = 'followers' then
      (false, 'followers_only', 'It is for followers of its author.')::public.visibility
    else
      (true, 'everyone', 'It is for everyone.')::public.visibility
  end;
end;
$$;

comment on function private.explain_visibility is 'What public.explain_visibility() answers.';
revoke all on function private.explain_visibility (bigint) from public, anon, authenticated, service_role;
grant execute on function private.explain_visibility (bigint) to anon, authenticated;

create function public.explain_visibility(post_id bigint)
returns public.visibility
language sql
stable
security invoker
return private.explain_visibility(explain_visibility.post_id);

comment on function public.explain_visibility is 'Why you can or cannot see a post.';
revoke all on function public.explain_visibility (bigint) from public, anon, authenticated, service_role;
grant execute on function public.explain_visibility (bigint) to anon, authenticated;

-- Existing rows ----------------------------------------------------------------

alter table public.posts disable trigger user;
update public.posts
set entities = private.text_entities(title, content)
where private.text_entities(title, content) <> '[]';
alter table public.posts enable trigger user;

insert into public.post_tags (post_id, tag)
select distinct posts.id, entity ->> 'tag'
from public.posts
cross join lateral jsonb_array_elements(posts.entities) as entity
where entity ->> 'type' = 'tag';

insert into public.post_mentions (post_id, profile_id, username)
select posts.id, found.profile_id, found.username
from public.posts
cross join lateral private.mentions_of(posts.author_id, posts.entities) as found;
