/*
 * feed pages
 *
 * The ids of a page of each feed. 30-feeds.sql turns them into rows.
 *
 * A page of a tag, of replies, of quotes, or of a profile that the viewer does not follow
 * has two sources: the open posts, and the limited posts that are for the viewer
 * (20-posts/54-limited-pages.sql). Each has an index that holds nothing else. The public
 * feed has only the first source. So these pages never read limited posts that are not for
 * the viewer. They only read past posts of people who are hidden or muted.
 *
 * A page of a followee's profile reads past the posts that this person wrote for others.
 * A page of likes or bookmarks reads past posts that the viewer no longer sees.
 *
 * It returns only ids, as arrays. Likes and bookmarks have their own ids. So a row has two: its own id,
 * and the id of the post it shows.
 */

create type public.feed as enum (
  'home', 'public', 'tag', 'list', 'profile', 'profile_replies', 'profile_likes', 'bookmarks', 'replies', 'quotes'
);
comment on type public.feed is 'The feeds, as count_newer() names them.';

create function private.feed_page(
  feed public.feed, of text, viewer_id uuid, hidden_ids uuid[], below bigint, above bigint, page_size integer,
  is_counted boolean, out item_ids bigint[], out post_ids bigint[]
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  muted_ids uuid[];
  target_id bigint;
  wanted_tag text;
  open_ids bigint[];
  limited_ids bigint[];
  batch bigint[];
begin
  case feed_page.feed
    when 'home' then
      item_ids := private.timeline(feed_page.viewer_id, null, hidden_ids, below, above, page_size);

    when 'list' then
      select private.timeline(feed_page.viewer_id, lists.id, hidden_ids, below, above, page_size) into item_ids
      from public.lists
      where lists.id = feed_page.of::uuid and private.sees_list(feed_page.viewer_id, lists.owner_id, lists.is_private);

    when 'public' then
      muted_ids := array(select muted.id from private.muted_by(feed_page.viewer_id) as muted (id));
      item_ids := array(
        select posts.id
        from public.posts
        where posts.id < below and posts.id > above
          and posts.is_open
          and posts.reply_to_id is null
          and posts.repost_of_id is null
          and posts.author_id <> all (hidden_ids)
          and posts.author_id <> all (muted_ids)
          and not (
            posts.quote_of_id is not null and private.quotes_muted(feed_page.viewer_id, posts.quote_of_id, muted_ids)
          )
        order by posts.id desc
        limit page_size
      );

    when 'tag' then
      muted_ids := array(select muted.id from private.muted_by(feed_page.viewer_id) as muted (id));
      wanted_tag := private.tag_name(feed_page.of);
      open_ids := array(
        select post_tags.post_id
        from public.post_tags
        cross join lateral (
          select * from public.posts where posts.id = post_tags.post_id offset 0
        ) as posts
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
          cross join lateral (
            select * from public.posts where posts.id = limited.id offset 0
          ) as posts
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
        item_ids := array(
          select posts.id
          from public.posts
          where posts.author_id = feed_page.of::uuid
            and posts.id < below and posts.id > above
            and (posts.reply_to_id is null) = (feed_page.feed = 'profile')
            and (posts.is_open or private.sees_post(feed_page.viewer_id, posts.id))
            and (posts.repost_of_id is null or private.sees_post(feed_page.viewer_id, posts.repost_of_id))
          order by posts.id desc
          limit page_size
        );
        post_ids := item_ids;
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
      select array_agg(page.item_id order by page.item_id desc), array_agg(page.post_id order by page.item_id desc)
      into item_ids, post_ids
      from (
        select likes.id as item_id, posts.id as post_id
        from public.likes
        cross join lateral (
          select * from public.posts where posts.id = likes.post_id offset 0
        ) as posts
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
        limit page_size
      ) as page;
      return;

    when 'bookmarks' then
      select array_agg(page.item_id order by page.item_id desc), array_agg(page.post_id order by page.item_id desc)
      into item_ids, post_ids
      from (
        select bookmarks.id as item_id, posts.id as post_id
        from public.bookmarks
        cross join lateral (
          select * from public.posts where posts.id = bookmarks.post_id offset 0
        ) as posts
        where bookmarks.user_id = feed_page.viewer_id
          and bookmarks.id < below and bookmarks.id > above
          and posts.author_id <> all (hidden_ids)
          and exists (
            select from private.is_for(
              feed_page.viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open
            )
          )
        order by bookmarks.id desc
        limit page_size
      ) as page;
      return;

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
    item_ids := array(
      select found.id
      from unnest(open_ids || limited_ids) as found (id)
      order by found.id desc
      limit page_size
    );
  end if;
  post_ids := item_ids;
end;
$$;

comment on function private.feed_page is 'The ids of a page of a feed, between two ids, newest first: of its rows, and of the posts that they show. hidden_ids: the people who are hidden from the viewer. When is_counted is true, it is only right how many there are.';
revoke all on function private.feed_page (public.feed, text, uuid, uuid[], bigint, bigint, integer, boolean) from public, anon, authenticated, service_role;
