/*
 * places
 *
 * A deleted post that has replies keeps its place, so that its thread does not fall apart.
 * The place has the id of the post and of the post that it answered. It has nothing of the
 * text and not the author. 30-feeds/40-threads.sql reads places.
 */

create table private.deleted_posts (
  id           bigint primary key,
  reply_to_id  bigint
);

comment on table private.deleted_posts is 'The places of deleted posts. A place exists as long as it has replies, or places, below it, and for a moment longer.';
revoke all on private.deleted_posts from public, anon, authenticated, service_role;

-- The replies to a place.
create index deleted_posts_reply_to_id_idx on private.deleted_posts (reply_to_id) where reply_to_id is not null;

/*
 * Places to check: new ones, and those that may have lost what was below them. A job deletes a place
 * when nothing is left below it. The deletion of a post does not do so itself, because another
 * transaction may be deleting the last but one reply, and neither sees what the other one does. The
 * job comes after both. So nobody waits for a place, and one deletion does not go up a long thread.
 */
create table private.place_checks (
  id        bigint  primary key generated always as identity,
  place_id  bigint  not null
);

comment on table private.place_checks is 'Places that may have nothing below them. A job looks at each.';
revoke all on private.place_checks from public, anon, authenticated, service_role;

-- A post and a reply to it may be deleted at the same time. posts_count_targets_down() locks the counts
-- of the post first, because its name comes first in the alphabet. So the later one sees what the
-- earlier one did. Definer, because nobody may write places.
create function private.posts_keep_place()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- A removed post keeps its place when a reply or a place is left below it.
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
  from kept
  -- A backend may write a post again under its old id, before the job has looked at its place.
  on conflict (id) do update
  set reply_to_id = excluded.reply_to_id;

  insert into private.place_checks (place_id)
  select deleted_posts.id
  from private.deleted_posts
  where deleted_posts.id in (
    select removed.id from removed
    union all
    select removed.reply_to_id from removed
  );
  return null;
end;
$$;

comment on function private.posts_keep_place is 'Keeps the places of deleted posts that have replies, and notes the places that may have none any more.';
revoke all on function private.posts_keep_place () from public, anon, authenticated, service_role;

create trigger posts_keep_place
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_keep_place();

-- Two runs never work at the same time: neither would see what the other one deletes. A place without
-- anything below it stays so, because nobody answers it. The place above it is checked in a later round.
create function private.forget_places(most integer default 10000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  checked integer := 0;
  checked_now integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('forget places', 0)) then
    return 0;
  end if;
  loop
    with taken as (
      delete from private.place_checks
      where place_checks.id in (
        select first.id
        from private.place_checks as first
        order by first.id
        limit least(1000, most - checked)
      )
      returning place_checks.place_id
    ),
    gone as (
      delete from private.deleted_posts
      where deleted_posts.id in (select taken.place_id from taken)
        and not exists (select from public.posts where posts.reply_to_id = deleted_posts.id)
        and not exists (
          select from private.deleted_posts as child
          where child.reply_to_id = deleted_posts.id
        )
      returning deleted_posts.reply_to_id
    ),
    above as (
      insert into private.place_checks (place_id)
      select distinct gone.reply_to_id
      from gone
      where gone.reply_to_id is not null
    )
    select count(*) into checked_now
    from taken;
    checked := checked + checked_now;
    exit when checked_now = 0 or checked >= most;
  end loop;
  return checked;
end;
$$;

comment on function private.forget_places is 'Checks at most this number of places, deletes those that have nothing below them, and answers how many it checked.';
revoke all on function private.forget_places (integer) from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('forget-places', '* * * * *', 'select private.forget_places()');
  end if;
end;
$$;
