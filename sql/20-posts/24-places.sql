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

comment on table private.deleted_posts is 'The places of deleted posts. A place exists as long as it has replies, or places, below it.';
revoke all on private.deleted_posts from public, anon, authenticated, service_role;

-- The replies to a place.
create index deleted_posts_reply_to_id_idx on private.deleted_posts (reply_to_id) where reply_to_id is not null;

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
  from kept;

  -- A place is deleted when nothing is left below it. Then the place above it may have
  -- nothing left below it either.
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

comment on function private.posts_keep_place is 'Keeps the places of deleted posts that have replies, and deletes the places that have none.';
revoke all on function private.posts_keep_place () from public, anon, authenticated, service_role;

create trigger posts_keep_place
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_keep_place();
