/*
 * addressed posts
 *
 * A limited post with audience mentioned is for the people it addresses. This file lists
 * these posts for each person and place (52-limited-posts.sql). So a page finds the posts
 * of a place that address the viewer in one step. It does not matter how often others
 * mention the viewer. 54-limited-pages.sql reads them.
 */

-- Tables ---------------------------------------------------------------------

create table private.addressed_posts (
  place       text    not null,
  profile_id  uuid    not null,
  post_id     bigint  not null,
  -- The author, as in limited_posts. A reader who does not see the author does not see the post.
  author_id   uuid    not null,
  -- The place and the person in one column, as in limited_posts.
  reader_place  text  not null generated always as (place || ' ' || profile_id::text) stored,

  -- The posts of a place that address somebody, newest first. The counts read only this.
  primary key (reader_place, post_id) include (author_id)
);

comment on table private.addressed_posts is 'The limited posts that address somebody, once for each place and person. A repost of such a post is here too, on its author''s page. There is no foreign key: the triggers of limited_posts and post_mentions delete the rows.';
revoke all on private.addressed_posts from public, anon, authenticated, service_role;

-- It is a hash index for the same reason as that of limited_posts.
create index addressed_posts_post_id_idx on private.addressed_posts using hash (post_id);

-- Rules ----------------------------------------------------------------------

create function private.addressed_places(ids bigint[])
returns table (place text, profile_id uuid, post_id bigint, author_id uuid)
language plpgsql
stable
security invoker
set search_path = ''
rows 1
as $$
begin
  return query
  select
    limited_posts.place, post_mentions.profile_id, limited_posts.post_id, limited_posts.author_id
  from private.limited_posts
  join public.posts on posts.id = limited_posts.post_id
  join public.post_mentions on post_mentions.post_id = coalesce(posts.repost_of_id, posts.id)
  where limited_posts.post_id = any (addressed_places.ids) and limited_posts.audience = 'mentioned';
end;
$$;

comment on function private.addressed_places is 'The rows that private.addressed_posts must have for these posts.';
revoke all on function private.addressed_places (bigint[]) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, here and below, because nobody may write addressed posts.
create function private.limited_posts_address()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (select from changed where changed.audience = 'mentioned') then
    return null;
  elsif tg_op = 'INSERT' then
    insert into private.addressed_posts (place, profile_id, post_id, author_id)
    select addressed.place, addressed.profile_id, addressed.post_id, addressed.author_id
    from private.addressed_places(
      array(select changed.post_id from changed where changed.audience = 'mentioned')
    ) as addressed
    on conflict do nothing;
  else
    delete from private.addressed_posts
    using changed
    where addressed_posts.post_id = changed.post_id and addressed_posts.place = changed.place;
  end if;
  return null;
end;
$$;

comment on function private.limited_posts_address is 'Adds and deletes the rows of a limited post in addressed_posts.';
revoke all on function private.limited_posts_address () from public, anon, authenticated, service_role;

create trigger limited_posts_address_inserted
  after insert on private.limited_posts
  referencing new table as changed
  for each statement
  execute function private.limited_posts_address();

create trigger limited_posts_address_deleted
  after delete on private.limited_posts
  referencing old table as changed
  for each statement
  execute function private.limited_posts_address();

-- An edit names more people, or no longer names somebody. The author's repost of the post
-- is for the same people.
create function private.post_mentions_address()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids bigint[];
begin
  ids := array(
    select posts.id
    from public.posts
    where posts.id in (select changed.post_id from changed) and posts.audience = 'mentioned'
  );
  ids := ids || array(select posts.id from public.posts where posts.repost_of_id = any (ids));
  if cardinality(ids) = 0 then
    return null;
  elsif tg_op = 'INSERT' then
    insert into private.addressed_posts (place, profile_id, post_id, author_id)
    select addressed.place, addressed.profile_id, addressed.post_id, addressed.author_id
    from private.addressed_places(ids) as addressed
    on conflict do nothing;
  else
    delete from private.addressed_posts
    using changed
    join public.posts on posts.id = any (ids) and coalesce(posts.repost_of_id, posts.id) = changed.post_id
    where addressed_posts.post_id = posts.id and addressed_posts.profile_id = changed.profile_id;
  end if;
  return null;
end;
$$;

comment on function private.post_mentions_address is 'Adds and deletes rows of addressed_posts when a post addresses more or fewer people.';
revoke all on function private.post_mentions_address () from public, anon, authenticated, service_role;

create trigger post_mentions_address_inserted
  after insert on public.post_mentions
  referencing new table as changed
  for each statement
  execute function private.post_mentions_address();

create trigger post_mentions_address_deleted
  after delete on public.post_mentions
  referencing old table as changed
  for each statement
  execute function private.post_mentions_address();
