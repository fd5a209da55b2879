/*
 * feeds
 *
 * A feed is a list of posts, newest first, that clients read page by page. Nothing is
 * copied when somebody posts. Every read computes the feed from posts, follows, blocks,
 * mutes and audiences. So each change shows on the next read, and writing a post costs the
 * same for a large and a small audience (docs/decisions/0004-feeds-are-read.md).
 *
 * The cursor is the id of the last row of a page. Ids never change, and the next page holds
 * only lower ids. So no row comes twice. A row that could be read when the first page was
 * read comes once, unless somebody takes it away meanwhile.
 *
 * A post gets its id a moment before its transaction commits. It may commit while somebody
 * turns pages. If its id is below their cursor, it comes on a later page. Otherwise it comes
 * at the next read from the top, which is nearly always the case.
 */

-- Rows -------------------------------------------------------------------------

/*
 * Definer, because Postgres would ask row-level security about every row it probes, which
 * costs more than the feed itself. The pages ask the same conditions (25-feed-pages.sql), and tests
 * prove that the answers are the same. Postgres keeps one plan from the first call on,
 * because no plan gets better by knowing the arguments.
 *
 * A page reads an index in its order, and stops when it is full. So bitmaps are off. The
 * planner believes that everybody has as few rows as most people. With a bitmap it would
 * read all posts of somebody who has many, and sort them. Scans of whole tables are off too:
 * the planner would choose one for a table that had few rows when its plan was made.
 */
create function private.feed(feed public.feed, of text, before bigint, page_size integer, after bigint)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
set enable_seqscan = off
rows 20
as $$
declare
  viewer_id uuid := case when feed.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(viewer_id) as hidden (id));
  page record;
begin
  perform private.check_page_size(feed.page_size);

  page := private.feed_page(
    feed.feed, feed.of, viewer_id, hidden_ids,
    coalesce(feed.before, 9223372036854775807), coalesce(feed.after, 0), feed.page_size, false
  );
  return query
  select items.*
  from private.feed_items(viewer_id, page.item_ids, page.post_ids, hidden_ids) as items;
end;
$$;

comment on function private.feed is 'What the feeds in public answer.';
revoke all on function private.feed (public.feed, text, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.feed (public.feed, text, bigint, integer, bigint) to anon, authenticated;

-- Definer, as feed() is.
create function private.count_newer(feed public.feed, of text, after bigint)
returns integer
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
set enable_seqscan = off
as $$
declare
  viewer_id uuid := case when count_newer.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(viewer_id) as hidden (id));
  page record;
begin
  if count_newer.feed is null then
    raise sqlstate 'PT400' using message = 'Name a feed', detail = 'feed_required';
  end if;
  page := private.feed_page(
    count_newer.feed, count_newer.of, viewer_id, hidden_ids,
    9223372036854775807, coalesce(count_newer.after, 0), 100, true
  );
  return coalesce(cardinality(page.item_ids), 0);
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

comment on function public.count_newer is 'How many rows of a feed are newer than the row with the id after. It counts up to 100 and reads only ids. of names the feed: the tag, or the id of the list, profile or post.';
revoke all on function public.count_newer (public.feed, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.count_newer (public.feed, bigint, text) to anon, authenticated;

create function public.home_feed(
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('home', null, home_feed.before, home_feed.page_size, home_feed.after) as items;
end;

comment on function public.home_feed is 'The newest posts and reposts by you and the people you follow, and posts with tags you follow. Each post comes once. Replies are only those to you and to people you follow. Posts by people you mute are left out. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.home_feed (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.home_feed (bigint, integer, bigint) to authenticated;

create function public.public_feed(
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('public', null, public_feed.before, public_feed.page_size, public_feed.after) as items;
end;

comment on function public.public_feed is 'The newest posts for everyone, without replies and reposts. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.public_feed (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.public_feed (bigint, integer, bigint) to anon, authenticated;

create function public.tag_feed(
  tag text,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('tag', tag_feed.tag, tag_feed.before, tag_feed.page_size, tag_feed.after) as items;
end;

comment on function public.tag_feed is 'The newest posts and replies with a tag. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.tag_feed (text, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.tag_feed (text, bigint, integer, bigint) to anon, authenticated;

create function public.list_feed(
  list_id uuid,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('list', list_feed.list_id::text, list_feed.before, list_feed.page_size, list_feed.after) as items;
end;

comment on function public.list_feed is 'The newest posts and reposts by the people on a list. Each post comes once. Replies are only those to you and to people on the list. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.list_feed (uuid, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.list_feed (uuid, bigint, integer, bigint) to anon, authenticated;

create function public.profile_feed(
  profile_id uuid default null,
  before bigint default null,
  page_size integer default 20,
  after bigint default null,
  username text default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed(
    'profile', private.person_meant(profile_feed.profile_id, profile_feed.username)::text,
    profile_feed.before, profile_feed.page_size, profile_feed.after
  ) as items;
end;

comment on function public.profile_feed is 'Somebody''s newest posts and reposts, without replies. Give profile_id or username. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.profile_feed (uuid, bigint, integer, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.profile_feed (uuid, bigint, integer, bigint, text) to anon, authenticated;

create function public.profile_replies(
  profile_id uuid default null,
  before bigint default null,
  page_size integer default 20,
  after bigint default null,
  username text default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed(
    'profile_replies', private.person_meant(profile_replies.profile_id, profile_replies.username)::text,
    profile_replies.before, profile_replies.page_size, profile_replies.after
  ) as items;
end;

comment on function public.profile_replies is 'Somebody''s newest replies. Give profile_id or username. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.profile_replies (uuid, bigint, integer, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.profile_replies (uuid, bigint, integer, bigint, text) to anon, authenticated;

create function public.profile_likes(
  profile_id uuid default null,
  before bigint default null,
  page_size integer default 20,
  after bigint default null,
  username text default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed(
    'profile_likes', private.person_meant(profile_likes.profile_id, profile_likes.username)::text,
    profile_likes.before, profile_likes.page_size, profile_likes.after
  ) as items;
end;

comment on function public.profile_likes is 'The posts that somebody liked last, if they show their likes. Your own are always shown to you. Give profile_id or username. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.profile_likes (uuid, bigint, integer, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.profile_likes (uuid, bigint, integer, bigint, text) to anon, authenticated;

create function public.bookmarks_feed(
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('bookmarks', null, bookmarks_feed.before, bookmarks_feed.page_size, bookmarks_feed.after) as items;
end;

comment on function public.bookmarks_feed is 'The posts that you bookmarked last. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.bookmarks_feed (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.bookmarks_feed (bigint, integer, bigint) to authenticated;

create function public.replies(
  post_id bigint,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('replies', replies.post_id::text, replies.before, replies.page_size, replies.after) as items;
end;

comment on function public.replies is 'The newest replies to a post. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.replies (bigint, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.replies (bigint, bigint, integer, bigint) to anon, authenticated;

create function public.quotes(
  post_id bigint,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.feed('quotes', quotes.post_id::text, quotes.before, quotes.page_size, quotes.after) as items;
end;

comment on function public.quotes is 'The newest posts that quote a post. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.quotes (bigint, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.quotes (bigint, bigint, integer, bigint) to anon, authenticated;
