/*
 * places
 *
 * What is left of a deleted post that has replies.
 */

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
