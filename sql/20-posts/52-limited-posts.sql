/*
 * limited posts
 *
 * A limited post is a post that is not open. This file lists limited posts by their
 * places. A place is a list of posts that a page may show, such as the replies to a post
 * or the posts with a tag. A page reads open posts from an index that holds only open
 * posts. It adds the limited posts that are for the viewer, from here. So the posts that
 * the viewer may not see do not make a page slower
 * (docs/decisions/0008-a-page-costs-what-it-shows.md).
 *
 * The file also keeps the counts of limited replies, quotes and reposts, which
 * 56-post-counts.sql subtracts. Pages read the places with 54-limited-pages.sql. What
 * changes when an account becomes private or public is in 55-open-and-close.sql.
 */

-- Tables ---------------------------------------------------------------------

create table private.limited_posts (
  place      text             not null,
  post_id    bigint           not null,
  -- The author and the audience decide who sees the post. They are copied here because
  -- they never change. For shown-by, they belong to the post that the repost
  -- shows.
  author_id  uuid             not null,
  audience   public.audience  not null,
  -- The place and the author in one column. With two columns, the planner believes that
  -- nearly all posts of a place are by the author it looks for, and takes the wrong index.
  author_place  text  not null generated always as (place || ' ' || author_id::text) stored,

  -- The limited posts of a place, newest first.
  primary key (place, post_id),
  constraint limited_posts_place_format check (place ~ '^((reply|quote|repost):\d+|tag:.+|(by|replies-by|shown-by):[0-9a-f-]{36})$')
);

comment on table private.limited_posts is 'Posts that not everyone sees, once for each place. reply:5, quote:5 and repost:5 refer to post 5. tag:garden has the tag garden. by:, replies-by: and shown-by: are on the page of the author with that id. There is no foreign key: posts_unlimit() deletes the rows with the post.';
revoke all on private.limited_posts from public, anon, authenticated, service_role;

-- The limited posts of a place by one author, newest first.
create index limited_posts_author_place_post_id_idx on private.limited_posts (author_place, post_id desc)
  include (audience);
-- The posts of a place that address somebody, newest first.
create index limited_posts_place_post_id_mentioned_idx on private.limited_posts (place, post_id desc)
  where audience = 'mentioned';
-- The few limited posts of a place, which counts ask about. It compares bytes. To compare texts in
-- the order of a language takes ten times as long.
create index limited_posts_place_post_id_idx on private.limited_posts ((place collate "C"), post_id desc);
-- The places of a post. It is a hash index, because Postgres cannot read that in order.
-- The planner would walk through an ordered index to find the newest posts of a place.
create index limited_posts_post_id_idx on private.limited_posts using hash (post_id);

create table private.limited_counts (
  place   text    primary key,
  amount  bigint  not null check (amount >= 0)
) with (fillfactor = 50);

comment on table private.limited_counts is 'How many limited posts the places of replies, quotes and reposts have. Without a row, a place has none.';
revoke all on private.limited_counts from public, anon, authenticated, service_role;

-- The count of a place. It is a hash index, because to compare texts in their order takes
-- several times as long.
create index limited_counts_place_idx on private.limited_counts using hash (place);

-- Rules ----------------------------------------------------------------------

/*
 * The places of a post that is not open:
 *
 *   - A reply or a quote is in the place of the post it refers to.
 *   - A repost is there too, but only if the account that reposted is private. A repost by
 *     a public account is counted for everybody.
 *   - A post with tags is in the place of each tag.
 *   - An author's page shows open posts to a viewer who does not follow the author. It adds
 *     the posts that address the viewer (by, replies-by), and the reposts of limited posts
 *     that are for the viewer (shown-by).
 */
create function private.limited_places(ids bigint[])
returns table (place text, post_id bigint, author_id uuid, audience public.audience)
language plpgsql
stable
security invoker
set search_path = ''
rows 1
as $$
begin
  return query
  select limited.place, posts.id, decider.author_id, decider.audience
  from public.posts
  join public.profiles on profiles.id = posts.author_id
  left join public.posts as original on original.id = posts.repost_of_id
  cross join lateral (
    select 'reply:' || posts.reply_to_id, false where posts.reply_to_id is not null
    union all
    select 'quote:' || posts.quote_of_id, false where posts.quote_of_id is not null
    union all
    select 'repost:' || posts.repost_of_id, false where posts.repost_of_id is not null and profiles.is_private
    union all
    select 'tag:' || post_tags.tag, false from public.post_tags where post_tags.post_id = posts.id
    union all
    select case when posts.reply_to_id is null then 'by:' else 'replies-by:' end || posts.author_id, false
    where posts.audience = 'mentioned'
    union all
    select 'shown-by:' || posts.author_id, true
    where not original.is_open and (original.author_id <> posts.author_id or original.audience = 'mentioned')
  ) as limited (place, of_original)
  -- The post that decides who sees it.
  cross join lateral (
    select original.author_id, original.audience where limited.of_original
    union all
    select posts.author_id, posts.audience where not limited.of_original
  ) as decider
  where posts.id = any (limited_places.ids) and not posts.is_open;
end;
$$;

comment on function private.limited_places is 'The rows that private.limited_posts must have for these posts.';
revoke all on function private.limited_places (bigint[]) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, here and below, because nobody may write limited posts and their counts.
create function private.limited_posts_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    insert into private.limited_counts as counts (place, amount)
    select changed.place, count(*)
    from changed
    where changed.place ~ '^(reply|quote|repost):'
    group by changed.place
    order by changed.place
    on conflict (place) do update
    set amount = counts.amount + excluded.amount;
    return null;
  end if;

  perform
  from private.limited_counts
  where limited_counts.place in (select changed.place from changed)
  order by limited_counts.place
  for update;

  update private.limited_counts
  set amount = limited_counts.amount - change.amount
  from (
    select changed.place, count(*) as amount
    from changed
    group by changed.place
  ) as change
  where limited_counts.place = change.place;
  delete from private.limited_counts
  where limited_counts.place in (select changed.place from changed) and limited_counts.amount = 0;
  return null;
end;
$$;

comment on function private.limited_posts_count is 'Keeps limited_counts equal to a count of limited replies, quotes and reposts.';
revoke all on function private.limited_posts_count () from public, anon, authenticated, service_role;

create trigger limited_posts_count_inserted
  after insert on private.limited_posts
  referencing new table as changed
  for each statement
  execute function private.limited_posts_count();

create trigger limited_posts_count_deleted
  after delete on private.limited_posts
  referencing old table as changed
  for each statement
  execute function private.limited_posts_count();

create function private.posts_limit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids bigint[] := array(select added.id from added where not added.is_open);
begin
  if cardinality(ids) > 0 then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    on conflict do nothing;
  end if;
  return null;
end;
$$;

comment on function private.posts_limit is 'Adds the places of new posts that are not open.';
revoke all on function private.posts_limit () from public, anon, authenticated, service_role;

create trigger posts_limit
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_limit();

create function private.posts_unlimit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select from removed where not removed.is_open) then
    delete from private.limited_posts
    where limited_posts.post_id in (select removed.id from removed where not removed.is_open);
  end if;
  return null;
end;
$$;

comment on function private.posts_unlimit is 'Deletes the places of deleted posts.';
revoke all on function private.posts_unlimit () from public, anon, authenticated, service_role;

create trigger posts_unlimit
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_unlimit();

-- When an edit removes a tag, the post leaves the place of the tag. When an edit adds one,
-- the post gets that place.
create function private.post_tags_limit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (select from changed where not changed.is_open) then
    return null;
  elsif tg_op = 'INSERT' then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select 'tag:' || changed.tag, posts.id, posts.author_id, posts.audience
    from changed
    join public.posts on posts.id = changed.post_id
    where not changed.is_open
    on conflict do nothing;
  else
    delete from private.limited_posts
    using changed
    where limited_posts.place = 'tag:' || changed.tag and limited_posts.post_id = changed.post_id;
  end if;
  return null;
end;
$$;

comment on function private.post_tags_limit is 'Adds and deletes the places of limited posts when their tags change.';
revoke all on function private.post_tags_limit () from public, anon, authenticated, service_role;

create trigger post_tags_limit_inserted
  after insert on public.post_tags
  referencing new table as changed
  for each statement
  execute function private.post_tags_limit();

create trigger post_tags_limit_deleted
  after delete on public.post_tags
  referencing old table as changed
  for each statement
  execute function private.post_tags_limit();
