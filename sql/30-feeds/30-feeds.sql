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

create type public.feed as enum (
  'home', 'public', 'tag', 'list', 'profile', 'profile_replies', 'profile_likes', 'bookmarks', 'replies', 'quotes'
);
comment on type public.feed is 'The feeds, as count_newer() names them.';

-- Pages ------------------------------------------------------------------------

/*
 * A page of a tag, of replies, of quotes, or of a profile that the viewer does not follow
 * has two sources: the open posts, and the limited posts that are for the viewer
 * (20-posts/54-limited-pages.sql). Each has an index that holds nothing else. The public
 * feed has only the first source. So these pages never read limited posts that are not for
 * the viewer. They only read past posts of people who are hidden or muted.
 *
 * A page of a followee's profile reads past the posts that this person wrote for others.
 * A page of likes or bookmarks reads past posts that the viewer no longer sees.
 *
 * It returns only ids. Likes and bookmarks have their own ids. So a row has two: its own id,
 * and the id of the post it shows.
 */
create function private.feed_page(
  feed public.feed, of text, viewer_id uuid, below bigint, above bigint, page_size integer, is_counted boolean
)
returns table (item_id bigint, post_id bigint)
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(feed_page.viewer_id));
  muted_ids uuid[] := array(select private.muted_ids(feed_page.viewer_id));
  target_id bigint;
  wanted_tag text;
  open_ids bigint[];
  limited_ids bigint[];
  batch bigint[];
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
      where lists.id = feed_page.of::uuid and private.sees_list(feed_page.viewer_id, lists.owner_id, lists.is_private);

    when 'public' then
      return query
      select posts.id, posts.id
      from public.posts
      where posts.id < below and posts.id > above
        and posts.is_open
        and posts.reply_to_id is null
        and posts.repost_of_id is null
        and posts.author_id <> all (hidden_ids)
        and posts.author_id <> all (muted_ids)
        and not (posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids))
      order by posts.id desc
      limit page_size;

    when 'tag' then
      wanted_tag := private.tag_name(feed_page.of);
      open_ids := array(
        select post_tags.post_id
        from public.post_tags
        join public.posts on posts.id = post_tags.post_id
        where post_tags.tag = wanted_tag
          and post_tags.is_open
          and post_tags.post_id < below and post_tags.post_id > above
          and posts.author_id <> all (hidden_ids)
          and posts.author_id <> all (muted_ids)
          and not (
            posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
          )
        order by post_tags.post_id desc
        limit page_size
      );
      -- Some limited posts quote a muted person. Then the page needs more of them.
      limited_ids := '{}';
      above := private.above_page(open_ids, above, page_size, is_counted);
      loop
        batch := array(
          select private.limited_page(
            feed_page.viewer_id, 'tag:' || wanted_tag, below, above, page_size, hidden_ids || muted_ids
          )
        );
        limited_ids := limited_ids || array(
          select posts.id
          from unnest(batch) as limited (id)
          join public.posts on posts.id = limited.id
          where not (
            posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
          )
        );
        exit when cardinality(limited_ids) >= page_size or cardinality(batch) < page_size;
        below := batch[page_size];
      end loop;

    when 'profile', 'profile_replies' then
      if feed_page.of::uuid = feed_page.viewer_id or exists (
        select from public.follows
        where follows.follower_id = feed_page.viewer_id and follows.followee_id = feed_page.of::uuid
      ) then
        return query
        select posts.id, posts.id
        from public.posts
        where posts.author_id = feed_page.of::uuid
          and posts.id < below and posts.id > above
          and (posts.reply_to_id is null) = (feed_page.feed = 'profile')
          and (posts.is_open or private.sees_post(feed_page.viewer_id, posts.id))
          and (posts.repost_of_id is null or private.sees_post(feed_page.viewer_id, posts.repost_of_id))
        order by posts.id desc
        limit page_size;
        return;
      elsif feed_page.of::uuid = any (hidden_ids) then
        return;
      end if;

      open_ids := array(
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'profile'
            and posts.author_id = feed_page.of::uuid
            and posts.is_open and posts.reply_to_id is null
            and posts.id < below and posts.id > above
            and (
              posts.repost_of_id is null
              or cardinality(hidden_ids) = 0
              or private.sees_post(feed_page.viewer_id, posts.repost_of_id)
            )
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'profile_replies'
            and posts.author_id = feed_page.of::uuid
            and posts.is_open and posts.reply_to_id is not null
            and posts.id < below and posts.id > above
          order by posts.id desc
          limit page_size
        )
      );
      above := private.above_page(open_ids, above, page_size, is_counted);
      limited_ids := array(
        select private.limited_page(
          feed_page.viewer_id,
          case feed_page.feed when 'profile' then 'by:' else 'replies-by:' end || feed_page.of::uuid,
          below, above, page_size, hidden_ids
        )
      );
      if feed_page.feed = 'profile' and private.looks_into(feed_page.viewer_id, feed_page.of::uuid) then
        limited_ids := limited_ids || array(
          select private.limited_page(
            feed_page.viewer_id, 'shown-by:' || feed_page.of::uuid, below, above, page_size, hidden_ids
          )
        );
      end if;

    when 'profile_likes' then
      return query
      select likes.id, posts.id
      from public.likes
      join public.posts on posts.id = likes.post_id
      join public.profiles on profiles.id = likes.user_id
      where likes.user_id = feed_page.of::uuid
        and likes.id < below and likes.id > above
        and private.shows_likes_to(feed_page.viewer_id, profiles.id, profiles.shows_likes)
        and posts.author_id <> all (hidden_ids)
        and exists (
          select from private.is_for(
            feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
          )
        )
      order by likes.id desc
      limit page_size;

    when 'bookmarks' then
      return query
      select bookmarks.id, posts.id
      from public.bookmarks
      join public.posts on posts.id = bookmarks.post_id
      where bookmarks.user_id = feed_page.viewer_id
        and bookmarks.id < below and bookmarks.id > above
        and posts.author_id <> all (hidden_ids)
        and exists (
          select from private.is_for(
            feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
          )
        )
      order by bookmarks.id desc
      limit page_size;

    when 'replies', 'quotes' then
      -- For a repost, the replies and quotes of the post that it shows.
      select coalesce(posts.repost_of_id, posts.id) into target_id
      from public.posts
      where posts.id = feed_page.of::bigint and private.sees_post(feed_page.viewer_id, posts.id);
      if target_id is null then
        return;
      end if;

      open_ids := array(
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'replies'
            and posts.reply_to_id = target_id
            and posts.is_open
            and posts.id < below and posts.id > above
            and posts.author_id <> all (hidden_ids)
          order by posts.id desc
          limit page_size
        )
        union all
        (
          select posts.id
          from public.posts
          where feed_page.feed = 'quotes'
            and posts.quote_of_id = target_id
            and posts.is_open
            and posts.id < below and posts.id > above
            and posts.author_id <> all (hidden_ids)
          order by posts.id desc
          limit page_size
        )
      );
      above := private.above_page(open_ids, above, page_size, is_counted);
      limited_ids := array(
        select private.limited_page(
          feed_page.viewer_id,
          case feed_page.feed when 'replies' then 'reply:' else 'quote:' end || target_id,
          below, above, page_size, hidden_ids
        )
      );
  end case;

  if open_ids is not null then
    return query
    select found.id, found.id
    from unnest(open_ids || limited_ids) as found (id)
    order by found.id desc
    limit page_size;
  end if;
end;
$$;

comment on function private.feed_page is 'The ids of a page of a feed, between two ids, newest first. When is_counted is true, it is only right how many there are.';
revoke all on function private.feed_page (public.feed, text, uuid, bigint, bigint, integer, boolean) from public, anon, authenticated, service_role;

/*
 * Definer, because Postgres would ask row-level security about every row it probes, which
 * costs more than the feed itself. The functions above ask the same conditions, and tests
 * prove that the answers are the same. Postgres keeps one plan from the first call on,
 * because no plan gets better by knowing the arguments.
 *
 * A page reads an index in its order, and stops when it is full. So bitmaps are off. The
 * planner believes that everybody has as few rows as most people. With a bitmap it would
 * read all posts of somebody who has many, and sort them.
 */
create function private.feed(feed public.feed, of text, before bigint, page_size integer, after bigint)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
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
    feed.feed, feed.of, viewer_id,
    coalesce(feed.before, 9223372036854775807), coalesce(feed.after, 0), feed.page_size, false
  ) as page;

  return query
  select items.*
  from private.feed_items(viewer_id, item_ids, post_ids) as items;
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
as $$
declare
  viewer_id uuid := case when count_newer.feed in ('home', 'bookmarks') then private.viewer() else auth.uid() end;
begin
  return (
    select count(*)
    from private.feed_page(
      count_newer.feed, count_newer.of, viewer_id, 9223372036854775807, coalesce(count_newer.after, 0), 100, true
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
