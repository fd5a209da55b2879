/*
 * What clients and newcomers missed: me(), post(), posts_by_ids(), write_post(), likers(),
 * reposters(), delete_account(), pages by username and after a row. Limited posts are listed
 * for the people they address. People who do things at one moment do not meet a deadlock.
 *
 * Written by comparing the migrations before it with sql/. The rows that are there get
 * what they need at the end.
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

DROP TRIGGER "profiles_accept_requests" ON "public"."profiles";

DROP TRIGGER "profiles_end_follows" ON "public"."profiles";

DROP TRIGGER "profiles_end_posts" ON "public"."profiles";

DROP INDEX "public"."posts_author_id_id_mentioned_idx";

DROP FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer);

DROP FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer);

DROP FUNCTION "private"."lock_posts_of"(uuid, boolean);

DROP FUNCTION "private"."newest_posts"(uuid, uuid[], text[], bigint, bigint, integer);

DROP FUNCTION "private"."profiles_accept_requests"();

DROP FUNCTION "private"."profiles_end_follows"();

DROP FUNCTION "private"."profiles_end_posts"();

DROP FUNCTION "private"."require_open_post"(uuid, bigint);

DROP FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, integer);

DROP FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, integer);

DROP FUNCTION "public"."blocked_people"(bigint, integer);

DROP FUNCTION "private"."blocked_people"(bigint, integer);

DROP FUNCTION "public"."bookmarks_feed"(bigint, integer);

DROP FUNCTION "public"."follow"(uuid);

DROP FUNCTION "private"."follow"(uuid);

DROP FUNCTION "public"."followers"(uuid, bigint, integer);

DROP FUNCTION "public"."following"(uuid, bigint, integer);

DROP FUNCTION "private"."follow_list"(uuid, boolean, bigint, integer);

DROP FUNCTION "public"."home_feed"(bigint, integer);

DROP FUNCTION "public"."list_feed"(uuid, bigint, integer);

DROP FUNCTION "public"."profile_feed"(uuid, bigint, integer);

DROP FUNCTION "public"."profile_likes"(uuid, bigint, integer);

DROP FUNCTION "public"."profile_replies"(uuid, bigint, integer);

DROP FUNCTION "public"."public_feed"(bigint, integer);

DROP FUNCTION "public"."quotes"(bigint, bigint, integer);

DROP FUNCTION "public"."replies"(bigint, bigint, integer);

DROP FUNCTION "public"."search_posts"(text, bigint, integer);

DROP FUNCTION "private"."search_posts"(text, bigint, integer);

DROP FUNCTION "public"."set_limits"(uuid, integer, integer, integer, text);

DROP FUNCTION "public"."tag_feed"(text, bigint, integer);

DROP FUNCTION "private"."feed"(public.feed, text, bigint, integer);

DROP FUNCTION "public"."username_available"(text);

DROP FUNCTION "private"."username_available"(text);

CREATE TABLE "private"."addressed_posts" (
  "place"        text   NOT NULL,
  "profile_id"   uuid   NOT NULL,
  "post_id"      bigint NOT NULL,
  "author_id"    uuid   NOT NULL,
  "reader_place" text   GENERATED ALWAYS AS (((place || ' '::text) || (profile_id)::text)) STORED NOT NULL,
  CONSTRAINT "addressed_posts_pkey" PRIMARY KEY (reader_place, post_id) INCLUDE (author_id)
);

CREATE TYPE "public"."budget_period" AS ENUM (
  'minute',
  'hour',
  'day'
);

CREATE TYPE "public"."follow_state" AS ENUM (
  'following',
  'requested'
);

CREATE TYPE "public"."limited_action" AS ENUM (
  'post',
  'reply',
  'quote',
  'repost',
  'edit',
  'like',
  'bookmark',
  'draft',
  'follow',
  'follow_request',
  'tag_follow',
  'block',
  'mute',
  'list',
  'list_member',
  'profile',
  'privacy',
  'metadata',
  'search'
);

CREATE TYPE "public"."own_profile" AS (
  "id"              uuid,
  "username"        text,
  "display_name"    text,
  "bio"             text,
  "avatar_url"      text,
  "links"           text[],
  "is_private"      boolean,
  "is_searchable"   boolean,
  "shows_likes"     boolean,
  "created_at"      timestamp WITH time zone,
  "followers"       bigint,
  "following"       bigint,
  "posts"           bigint,
  "follow_requests" integer
);

CREATE TYPE "public"."username_refusal" AS ENUM (
  'username_format',
  'username_reserved',
  'username_taken'
);

CREATE TYPE "public"."username_answer" AS (
  "available" boolean,
  "reason"    public.username_refusal,
  "message"   text
);

CREATE TYPE "public"."visibility_rule" AS ENUM (
  'own',
  'everyone',
  'follower',
  'mentioned',
  'private_account',
  'followers_only',
  'mentioned_only',
  'you_block_author',
  'not_found'
);

-- limits() reads these columns. It is made again at the end.
DROP FUNCTION "public"."limits"();

ALTER TYPE "public"."allowance" ALTER ATTRIBUTE "action" TYPE public.limited_action CASCADE;

ALTER TYPE "public"."allowance" ALTER ATTRIBUTE "per" TYPE public.budget_period CASCADE;

ALTER TYPE "public"."visibility" ALTER ATTRIBUTE "rule" TYPE public.visibility_rule CASCADE;

CREATE OR REPLACE FUNCTION private.above_page (
  open_ids   bigint[],
  above      bigint,
  page_size  integer,
  is_counted boolean
)
  RETURNS bigint
  LANGUAGE sql
  IMMUTABLE
RETURN CASE WHEN (cardinality(open_ids) < page_size) THEN above WHEN is_counted THEN '9223372036854775807'::bigint ELSE (open_ids)[page_size] END;

CREATE OR REPLACE FUNCTION private.addressed_places (
  ids bigint[]
)
  RETURNS TABLE (
    place      text,
    profile_id uuid,
    post_id    bigint,
    author_id  uuid
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 1
  SET search_path TO ''
  AS $function$
begin
  return query
  select
    limited_posts.place, post_mentions.profile_id, limited_posts.post_id, limited_posts.author_id
  from private.limited_posts
  join public.posts on posts.id = limited_posts.post_id
  join public.post_mentions on post_mentions.post_id = coalesce(posts.repost_of_id, posts.id)
  where limited_posts.post_id = any (addressed_places.ids) and limited_posts.audience = 'mentioned';
end;
$function$;

CREATE OR REPLACE FUNCTION private.answer_follow_request (
  requester_id uuid,
  accepts      boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  perform private.take_turns(viewer_id);
  perform
  from public.profiles
  where profiles.id = viewer_id
  for no key update;

  -- The account of the requester may be deleted at this moment, and their request with it.
  if not exists (select from private.hold_person(answer_follow_request.requester_id)) then
    return false;
  end if;
  delete from public.follow_requests
  where follow_requests.requester_id = answer_follow_request.requester_id
    and follow_requests.target_id = viewer_id;
  if found and accepts then
    -- The requester spent for the request. The person who accepts it spends nothing.
    perform set_config('plaza.is_free', 'yes', true);
    insert into public.follows (follower_id, followee_id)
    values (answer_follow_request.requester_id, viewer_id)
    on conflict do nothing;
    perform set_config('plaza.is_free', '', true);
    return true;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.author_posts (
  viewer_id uuid,
  author_id uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
    + case when counts.for_mentioned = 0 or author_posts.viewer_id is null then 0 else (
      select count(*)
      from private.addressed_posts
      where addressed_posts.reader_place in (
        'by:' || author_posts.author_id || ' ' || author_posts.viewer_id,
        'replies-by:' || author_posts.author_id || ' ' || author_posts.viewer_id
      )
    ) end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.block_between (
  one_id   uuid,
  other_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT true
    FROM public.blocks
   WHERE ((blocks.blocker_id = ANY (ARRAY[block_between.one_id, block_between.other_id])) AND (blocks.blocked_id = ANY (ARRAY[block_between.one_id, block_between.other_id])));
END;

CREATE OR REPLACE FUNCTION private.blocked_people (
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
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
      and blocks.id > coalesce(blocked_people.after, 0)
      and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
    order by blocks.id desc
    limit blocked_people.page_size
  ) as listed;
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := coalesce(auth.uid(), new.blocker_id);
begin
  if new.blocked_id <> viewer_id and not (
    exists (select from private.hold_person(new.blocked_id))
    and exists (
      select from public.blocks
      where blocks.blocker_id = viewer_id
        and blocks.blocked_id = new.blocked_id
        and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
    )
  ) then
    perform private.require_profile(viewer_id, new.blocked_id);
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_end_follows()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if (select count(*) from blocked) > 1000 then
    raise sqlstate 'PT400' using message = 'A request blocks at most 1,000 people', detail = 'too_many_rows';
  end if;
  perform pg_advisory_xact_lock_shared(private.follows_without_person());
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
$function$;

CREATE OR REPLACE FUNCTION private.count_newer (
  feed  public.feed,
  of    text,
  after bigint
)
  RETURNS integer
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.delete_account()
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  if not exists (
    select from auth.sessions
    where sessions.id::text = auth.jwt() ->> 'session_id'
      and sessions.user_id = viewer_id
      and sessions.created_at > now() - interval '10 minutes'
      and (sessions.aal > 'aal1' or not exists (
        select from auth.mfa_factors
        where mfa_factors.user_id = viewer_id and mfa_factors.status = 'verified'
      ))
  ) then
    raise sqlstate 'PT403' using
      message = 'Sign in again. Then you can delete your account within 10 minutes',
      detail = 'fresh_sign_in_needed';
  end if;

  -- From here on the request does what Auth does when it deletes an account: rows of many
  -- people are deleted, in the turn of statements without a person. If it also had the
  -- person's own turn, a block that waits for this turn could wait in a circle.
  perform set_config('request.jwt.claims', '', true), set_config('request.jwt.claim.sub', '', true);
  delete from auth.users
  where users.id = viewer_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.explain_visibility (
  post_id bigint
)
  RETURNS public.visibility
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  post public.posts;
  is_visible boolean := private.sees_post(viewer_id, explain_visibility.post_id);
  author_is_private boolean;
  rule public.visibility_rule;
begin
  select posts.* into post
  from public.posts
  where posts.id = explain_visibility.post_id;

  if post.id is null
    or post.author_id in (select private.blocker_ids(viewer_id))
    -- A repost is deleted with the post that it shows. If the viewer does not see that
    -- post, the repost must not reveal that the post still exists.
    or (post.repost_of_id is not null and not private.sees_post(viewer_id, post.repost_of_id))
  then
    rule := 'not_found';
  elsif post.author_id in (select private.hidden_ids(viewer_id)) then
    rule := 'you_block_author';
  elsif is_visible and post.repost_of_id is not null then
    return private.explain_visibility(post.repost_of_id);
  else
    select profiles.is_private into author_is_private
    from public.profiles
    where profiles.id = post.author_id;
    rule := case
      when post.author_id = viewer_id then 'own'
      when post.audience = 'mentioned' then case when is_visible then 'mentioned' else 'mentioned_only' end
      when not is_visible then case when author_is_private then 'private_account' else 'followers_only' end
      when post.is_open then 'everyone'
      else 'follower'
    end;
  end if;

  return (is_visible, rule, case rule
    when 'not_found' then 'There is no such post, or you cannot see it.'
    when 'you_block_author' then 'You block its author.'
    when 'own' then 'You wrote it.'
    when 'mentioned' then 'It is for the people it addresses, and you are one of them.'
    when 'mentioned_only' then 'It is for the people it addresses, and you are not one of them.'
    when 'private_account' then 'Its author''s account is private. Only followers see its posts.'
    when 'followers_only' then 'It is for followers of its author, and you are not one of them.'
    when 'follower' then 'It is for followers of its author, and you are one of them.'
    when 'everyone' then 'It is for everyone.'
  end)::public.visibility;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed (
  feed      public.feed,
  of        text,
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.feed_page (
  feed       public.feed,
  of         text,
  viewer_id  uuid,
  below      bigint,
  above      bigint,
  page_size  integer,
  is_counted boolean
)
  RETURNS TABLE (
    item_id bigint,
    post_id bigint
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.follow (
  profile_id uuid
)
  RETURNS public.follow_state
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  is_private boolean;
begin
  perform private.take_own_turn(viewer_id);
  perform private.require_profile(viewer_id, follow.profile_id);

  select profiles.is_private into is_private
  from public.profiles
  where profiles.id = follow.profile_id;
  if is_private then
    is_private := private.hold_privacy(follow.profile_id);
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
  -- The account may have accepted a request of this person a moment ago.
  insert into public.follows (follower_id, followee_id)
  values (viewer_id, follow.profile_id)
  on conflict do nothing;
  return 'following';
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_list (
  profile_id   uuid,
  of_followers boolean,
  before       bigint,
  page_size    integer,
  after        bigint
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := auth.uid();
  below bigint := coalesce(follow_list.before, 9223372036854775807);
  above bigint := coalesce(follow_list.after, 0);
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
        and follows.id < below and follows.id > above
        and private.sees_follow(viewer_id, follows.follower_id, follows.followee_id)
      order by follows.id desc
      limit follow_list.page_size
    )
    union all
    (
      select follows.id, follows.followee_id
      from public.follows
      where not of_followers
        and follows.follower_id = follow_list.profile_id
        and follows.id < below and follows.id > above
        and private.sees_follow(viewer_id, follows.follower_id, follows.followee_id)
      order by follows.id desc
      limit follow_list.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_requests_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is null then
    perform pg_advisory_xact_lock(private.follows_without_person());
  end if;
  perform private.require_profile(coalesce(auth.uid(), new.requester_id), new.target_id);

  if new.requester_id = new.target_id then
    raise sqlstate 'PT400' using message = 'You cannot follow yourself', detail = 'follow_yourself';
  elsif not private.hold_privacy(new.target_id) then
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
$function$;

CREATE OR REPLACE FUNCTION private.follows_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is null and pg_trigger_depth() = 1 then
    perform pg_advisory_xact_lock(private.follows_without_person());
  end if;
  perform private.require_profile(coalesce(auth.uid(), new.follower_id), new.followee_id);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follows_without_person()
  RETURNS bigint
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN hashtextextended('follows without a person'::text, (0)::bigint);

CREATE OR REPLACE FUNCTION private.hold_person (
  profile_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE sql
  ROWS 1
BEGIN ATOMIC
 SELECT true
    FROM public.profiles
   WHERE (profiles.id = hold_person.profile_id)
  FOR KEY SHARE OF profiles SKIP LOCKED;
END;

CREATE OR REPLACE FUNCTION private.hold_post (
  post_id bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 50;
  is_open boolean;
begin
  for try in 1..most_tries loop
    select posts.is_open into is_open
    from public.posts
    where posts.id = hold_post.post_id
    for share skip locked;
    if found then
      return is_open;
    end if;
    perform pg_sleep(0.02);
  end loop;
  raise sqlstate 'PT503' using
    message = 'Somebody is changing this post at this moment. Try again', detail = 'posts_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_privacy (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 50;
  is_private boolean;
begin
  for try in 1..most_tries loop
    select profiles.is_private into is_private
    from public.profiles
    where profiles.id = hold_privacy.profile_id
    for share skip locked;
    if found then
      return is_private;
    end if;
    perform pg_sleep(0.02);
  end loop;
  raise sqlstate 'PT503' using message = 'This account is changing at this moment. Try again', detail = 'profile_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.limited_page (
  viewer_id    uuid,
  place        text,
  below        bigint,
  above        bigint,
  most         integer,
  unwanted_ids uuid[]
)
  RETURNS SETOF bigint
  LANGUAGE plpgsql
  STABLE
  ROWS 5
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  few constant integer := private.few_posts();
  read_rows integer;
  few_ids bigint[];
begin
  if viewer_id is null then
    return;
  end if;
  -- The query below lists the posts that address the viewer. Here nobody is addressed.
  select
    count(*),
    array_agg(newest.post_id) filter (where newest.author_id <> all (unwanted_ids) and private.admits(
      limited_page.viewer_id, newest.author_id, newest.audience, false,
      (
        select true from public.follows
        where follows.follower_id = limited_page.viewer_id and follows.followee_id = newest.author_id
      ) is true,
      false
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id, limited_posts.author_id, limited_posts.audience
    from private.limited_posts
    where limited_posts.place = limited_page.place
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;
  if read_rows = 0 then
    return;
  end if;

  return query
  select found.post_id
  from (
    select unnest(few_ids) where read_rows < few
    union
    (
      select theirs.post_id
      from (
        select limited_page.viewer_id
        union all
        select follows.followee_id from public.follows where follows.follower_id = limited_page.viewer_id
      ) as author (id)
      cross join lateral (
        select limited_posts.post_id
        from private.limited_posts
        where limited_posts.author_place = limited_page.place || ' ' || author.id::text
          and (limited_posts.audience <> 'mentioned' or author.id = limited_page.viewer_id)
          and limited_posts.post_id < below and limited_posts.post_id > above
        order by limited_posts.post_id desc
        limit most
      ) as theirs
      where read_rows = few and author.id <> all (unwanted_ids)
      order by theirs.post_id desc
      limit most
    )
    union
    (
      select addressed_posts.post_id
      from private.addressed_posts
      where addressed_posts.reader_place = limited_page.place || ' ' || limited_page.viewer_id::text
        and addressed_posts.author_id <> all (unwanted_ids)
        and addressed_posts.post_id < below and addressed_posts.post_id > above
      order by addressed_posts.post_id desc
      limit most
    )
  ) as found (post_id)
  order by found.post_id desc
  limit most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.limited_places (
  ids bigint[]
)
  RETURNS TABLE (
    place     text,
    post_id   bigint,
    author_id uuid,
    audience  public.audience
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 1
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.limited_posts_address()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.limited_seen (
  viewer_id  uuid,
  place      text,
  amount     bigint,
  hidden_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  AS $function$
declare
  addressed bigint;
begin
  if viewer_id is null then
    return 0;
  end if;
  addressed := (
    select count(*)
    from private.addressed_posts
    where addressed_posts.reader_place = limited_seen.place || ' ' || limited_seen.viewer_id::text
      and addressed_posts.author_id <> limited_seen.viewer_id
      and addressed_posts.author_id <> all (limited_seen.hidden_ids)
  );
  if amount <= private.few_posts() then
    return addressed + (
      select coalesce(sum(theirs.amount), 0)
      from (
        select limited_posts.author_id, limited_posts.audience, count(*) as amount
        from private.limited_posts
        where limited_posts.place = limited_seen.place
        group by limited_posts.author_id, limited_posts.audience
      ) as theirs
      where private.admits(
        limited_seen.viewer_id, theirs.author_id, theirs.audience, false,
        (
          select true from public.follows
          where follows.follower_id = limited_seen.viewer_id and follows.followee_id = theirs.author_id
        ) is true,
        false
      )
    );
  end if;
  return addressed + (
    select coalesce(sum(theirs.amount), 0)
    from (
      select limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = limited_seen.viewer_id)
    ) as theirs
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_members_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  owner_id uuid;
  is_private boolean;
begin
  select lists.owner_id, lists.is_private into owner_id, is_private
  from public.lists
  where lists.id = new.list_id
  for key share skip locked;
  if owner_id is null
    or (auth.uid() is not null and not private.sees_list(auth.uid(), owner_id, is_private))
  then
    raise sqlstate 'PT404' using message = 'There is no such list', detail = 'list_not_found';
  end if;

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
$function$;

CREATE OR REPLACE FUNCTION private.lock_account (
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 200;
  ids bigint[];
begin
  for try in 1..most_tries loop
    begin
      perform from public.profiles
      where profiles.id = lock_account.profile_id
      for update nowait;

      ids := array(
        select posts.id
        from public.posts
        where posts.author_id = lock_account.profile_id
        order by posts.id
        for update nowait
      );
      perform from public.posts
      where posts.repost_of_id = any (ids)
      order by posts.id
      for update nowait;

      perform from public.likes
      where likes.user_id = lock_account.profile_id or likes.post_id = any (ids)
      order by likes.user_id, likes.post_id
      for update nowait;

      perform from public.bookmarks
      where bookmarks.post_id = any (ids)
      order by bookmarks.user_id, bookmarks.post_id
      for update nowait;

      perform from public.post_mentions
      where post_mentions.profile_id = lock_account.profile_id
      order by post_mentions.post_id
      for update nowait;

      perform from public.list_members
      where list_members.profile_id = lock_account.profile_id
      order by list_members.list_id
      for update nowait;

      perform from public.follows
      where follows.follower_id = lock_account.profile_id or follows.followee_id = lock_account.profile_id
      order by follows.follower_id, follows.followee_id
      for update nowait;
      return;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Others are writing to this account at this moment. Try again', detail = 'profile_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_posts_of (
  profile_id uuid
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 200;
  own_ids bigint[];
  repost_ids bigint[];
begin
  for try in 1..most_tries loop
    begin
      own_ids := array(
        select posts.id
        from public.posts
        where posts.author_id = lock_posts_of.profile_id
        order by posts.id
        for no key update nowait
      );
      repost_ids := array(
        select posts.id
        from public.posts
        where posts.repost_of_id = any (own_ids) and posts.author_id <> lock_posts_of.profile_id
        order by posts.id
        for no key update nowait
      );
      return own_ids || repost_ids;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.me()
  RETURNS public.own_profile
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  mine public.own_profile;
begin
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.is_searchable, profiles.shows_likes, profiles.created_at,
    counts.followers, counts.following, private.author_posts(viewer_id, profiles.id),
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
$function$;

CREATE OR REPLACE FUNCTION private.my_limits()
  RETURNS SETOF public.allowance
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
begin
  return query
  select distinct on (allowances.action)
    allowances.action::public.limited_action, span.allowed, span.per::public.budget_period,
    greatest(0, span.allowed - case when span.until > now() then span.used else 0 end),
    case when span.until > now() then span.until end
  from private.allowances
  left join private.usage on usage.profile_id = allowances.profile_id and usage.action = allowances.action
  cross join lateral (
    values
      ('minute', allowances.per_minute, usage.minute_used, usage.minute_until),
      ('hour', allowances.per_hour, usage.hour_used, usage.hour_until),
      ('day', allowances.per_day, usage.day_used, usage.day_until)
  ) as span (per, allowed, used, until)
  where allowances.profile_id = (select private.viewer())
  -- If two have the same left, take the one that resets later.
  order by allowances.action, 4, span.until desc nulls last;
end;
$function$;

CREATE OR REPLACE FUNCTION private.newest_posts (
  viewer_id    uuid,
  author_ids   uuid[],
  tags         text[],
  unwanted_ids uuid[],
  below        bigint,
  above        bigint,
  wanted       integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  authors integer := cardinality(author_ids);
  reach integer;
  found bigint[] := '{}';
  scanned_id bigint := below;
  complete boolean := false;
begin
  if authors >= 200 then
    foreach reach in array array[authors * 4, authors * 12] loop
      found := found || array(
        select recent.id
        from (
          select posts.id, posts.author_id
          from public.posts
          where posts.id < scanned_id and posts.id > above
          order by posts.id desc
          limit reach
        ) as recent
        -- "is true" makes Postgres ask this of each post in order. Otherwise it would make
        -- a join.
        where (recent.author_id in (select author.id from unnest(author_ids) as author (id))) is true
        order by recent.id desc
        limit wanted - cardinality(found)
      );
      -- Where the next scan goes on. There is nowhere when this one read the last post.
      scanned_id := (
        select posts.id
        from public.posts
        where cardinality(found) < wanted and posts.id < scanned_id and posts.id > above
        order by posts.id desc
        offset reach - 1
        limit 1
      );
      complete := scanned_id is null;
      exit when complete or cardinality(found) * 4 < wanted;
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
        where post_tags.tag = followed.tag
          and post_tags.is_open
          and post_tags.post_id < below
          and post_tags.post_id > private.above_page(found, above, wanted, false)
          -- Not a join, so that Postgres reads the tag in order.
          and (cardinality(unwanted_ids) = 0 or (
            select posts.author_id <> all (unwanted_ids) from public.posts where posts.id = post_tags.post_id
          ))
        order by post_tags.post_id desc
        limit wanted
      ) as tagged
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
    found := array(
      select limited.id
      from unnest(tags) as followed (tag)
      cross join lateral private.limited_page(
        newest_posts.viewer_id, 'tag:' || followed.tag, below,
        private.above_page(found, above, wanted, false), wanted, unwanted_ids
      ) as limited (id)
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.people_of_post (
  post_id   bigint,
  of_likes  boolean,
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.person
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  below bigint := coalesce(people_of_post.before, 9223372036854775807);
  above bigint := coalesce(people_of_post.after, 0);
  target_id bigint;
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(people_of_post.page_size);

  select coalesce(posts.repost_of_id, posts.id) into target_id
  from public.posts
  where posts.id = people_of_post.post_id and private.sees_post(viewer_id, posts.id);
  if target_id is null then
    return;
  end if;

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select newest.id, newest.user_id
      from (
        select likes.id, likes.user_id
        from public.likes
        where of_likes
          and likes.post_id + 0 = target_id
          and likes.id < below and likes.id > above
          and likes.user_id <> all (hidden_ids)
        order by likes.id desc
        limit 2000
      ) as newest
      where private.sees_like(viewer_id, newest.user_id, target_id)
      limit people_of_post.page_size
    )
    union all
    (
      select newest.id, newest.author_id
      from (
        select posts.id, posts.author_id
        from public.posts
        where not of_likes
          and posts.repost_of_id + 0 = target_id
          and posts.repost_of_id is not null
          and posts.id < below and posts.id > above
          and posts.author_id <> all (hidden_ids)
        order by posts.id desc
        limit 2000
      ) as newest
      where private.looks_into(viewer_id, newest.author_id)
      limit people_of_post.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.person_meant (
  profile_id uuid,
  username   text
)
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if num_nonnulls(person_meant.profile_id, person_meant.username) <> 1 then
    raise sqlstate 'PT400' using
      message = 'Give the id or the username of a person, and not both', detail = 'person_required';
  end if;
  return coalesce(person_meant.profile_id, private.person_named(person_meant.username));
end;
$function$;

CREATE OR REPLACE FUNCTION private.person_named (
  username text
)
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return coalesce(
    (
      select profiles.id
      from public.profiles
      where lower(profiles.username) = lower(person_named.username)
    ),
    (
      select held_usernames.profile_id
      from private.held_usernames
      where held_usernames.username = lower(person_named.username) and held_usernames.held_until > now()
    )
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.post_mentions_address()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.posts_annotate()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  insert into public.post_tags (post_id, tag, is_open)
  select added.id, tag, added.is_open
  from added
  cross join lateral private.tags_in(added.entities) as tag;

  insert into public.post_mentions (post_id, profile_id, usernames)
  select added.id, found.profile_id, array[found.username]
  from added
  cross join lateral private.people_named(added.author_id, private.usernames_in(added.entities)) as found
  cross join lateral private.hold_person(found.profile_id);

  insert into public.post_mentions (post_id, profile_id, usernames, is_answered)
  select added.id, answered.author_id, '{}', true
  from added
  join public.posts as answered on answered.id = added.reply_to_id
  cross join lateral private.hold_person(answered.author_id)
  where added.audience = 'mentioned'
    and answered.author_id <> added.author_id
    and answered.author_id not in (select private.hidden_ids(added.author_id))
  on conflict (post_id, profile_id) do update
  set is_answered = true;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_annotate_again()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  kept_names text[] := private.usernames_in(new.entities);
begin
  delete from public.post_tags
  where post_tags.post_id = new.id
    and post_tags.tag not in (select private.tags_in(new.entities));
  insert into public.post_tags (post_id, tag, is_open)
  select new.id, tag, new.is_open
  from private.tags_in(new.entities) as tag
  on conflict do nothing;

  -- The version that an edit makes comes after the highest one that is kept.
  insert into public.post_mentions (post_id, profile_id, usernames, since_version)
  select new.id, found.profile_id, array[found.username], (
    select coalesce(max(post_versions.version), 0) + 1
    from public.post_versions
    where post_versions.post_id = new.id
  )
  from private.people_named(new.author_id, array(
    select unnest(kept_names)
    except
    select unnest(private.usernames_in(old.entities))
  )) as found
  cross join lateral private.hold_person(found.profile_id)
  on conflict (post_id, profile_id) do update
  set usernames = post_mentions.usernames || excluded.usernames;

  update public.post_mentions
  set usernames = array(
    select username
    from unnest(post_mentions.usernames) as username
    where username = any (kept_names)
  )
  where post_mentions.post_id = new.id
    and not post_mentions.usernames <@ kept_names;
  delete from public.post_mentions
  where post_mentions.post_id = new.id
    and post_mentions.usernames = '{}'
    and not post_mentions.is_answered;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_by_ids (
  ids bigint[]
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  seen_ids bigint[];
begin
  if cardinality(posts_by_ids.ids) > 100 then
    raise sqlstate 'PT400' using message = 'Ask for at most 100 posts', detail = 'too_many_ids';
  end if;

  select array_agg(wanted.id order by wanted.place) into seen_ids
  from (
    select named.id, min(named.place) as place
    from unnest(posts_by_ids.ids) with ordinality as named (id, place)
    group by named.id
  ) as wanted
  where private.sees_post(viewer_id, wanted.id);

  return query
  select items.*
  from private.feed_items(viewer_id, seen_ids, seen_ids) as items;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_prepare()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
  rows_so_far integer;
  room integer;
begin
  -- A person's post spends the budget of its kind (10-people/12-budgets.sql).
  if auth.uid() is not null then
    rows_so_far := set_config('plaza.insert_rows', (current_setting('plaza.insert_rows')::integer + 1)::text, true);
    if rows_so_far > 100 then
      raise sqlstate 'PT400' using message = 'A request writes at most 100 rows', detail = 'too_many_rows';
    end if;
    room := private.charge(viewer_id, case
      when new.repost_of_id is not null then 'repost'
      when new.quote_of_id is not null then 'quote'
      when new.reply_to_id is not null then 'reply'
      else 'post'
    end, 1);
  end if;

  -- opens() and posts_limit() ask whether the account is private. So nobody may make it
  -- private or public at this moment: not the author, whose turn it is, and not a trusted
  -- backend, which waits in the queue of posts. A post that a trusted backend writes has no
  -- turn, so it locks the profile.
  if auth.uid() is null then
    perform
    from public.profiles
    where profiles.id = new.author_id
    for share;
  else
    perform pg_advisory_xact_lock(private.queue_key('posts', viewer_id));
  end if;

  if new.reply_to_id is not null then
    new.reply_to_id := (private.require_post(viewer_id, new.reply_to_id)).id;
  end if;
  if new.quote_of_id is not null then
    new.quote_of_id := private.require_open_post(viewer_id, new.quote_of_id, false);
  end if;
  if new.repost_of_id is not null then
    new.repost_of_id := private.require_open_post(viewer_id, new.repost_of_id, true);
    if exists (
      select from public.posts
      where posts.repost_of_id = new.repost_of_id and posts.author_id = new.author_id
    ) then
      raise sqlstate 'PT409' using message = 'You have already reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profile (
  username text
)
  RETURNS SETOF public.profile_page
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
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
  where profiles.id = private.person_named(profile.username)
    and profiles.id not in (select private.blocker_ids(viewer_id));
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_account()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(select posts.id from public.posts where posts.author_id = old.id);
begin
  perform
  from private.post_counts
  where post_counts.post_id in (
    select likes.post_id
    from public.likes
    where likes.user_id = old.id
    union all
    select unnest(ids)
    union all
    select target.id
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.repost_of_id, posts.quote_of_id]) as target (id)
    where posts.author_id = old.id
  )
  order by post_counts.post_id
  for update;

  perform
  from private.limited_counts
  where limited_counts.place in (
    select limited_posts.place
    from private.limited_posts
    where limited_posts.post_id = any (ids)
  )
  order by limited_counts.place
  for update;

  delete from public.likes
  where likes.user_id = old.id;
  delete from public.posts
  where posts.author_id = old.id;
  delete from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id;
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_open_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := private.lock_posts_of(new.id);
begin
  update public.posts
  set is_open = not new.is_private
  where posts.author_id = new.id
    and posts.repost_of_id is null
    and posts.audience = 'everyone'
    and posts.is_open = new.is_private;

  update public.posts
  set is_open = not posts.is_open
  from public.posts as original, public.profiles as author
  where posts.id = any (ids)
    and original.id = posts.repost_of_id
    and author.id = posts.author_id
    and posts.is_open <> (original.is_open and not author.is_private);

  update public.post_tags
  set is_open = posts.is_open
  from public.posts
  where posts.id = post_tags.post_id
    and posts.author_id = new.id
    and post_tags.is_open <> posts.is_open;

  if new.is_private then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    order by limited.place
    on conflict do nothing;
  else
    delete from private.limited_posts
    where limited_posts.post_id = any (ids)
      and (limited_posts.place, limited_posts.post_id) not in (
        select still.place, still.post_id from private.limited_places(ids) as still
      );
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_wait_for_post()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is null then
    perform pg_advisory_xact_lock(private.queue_key('posts', new.id));
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_welcome_requesters()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  with asking as (
    select follow_requests.requester_id
    from public.follow_requests
    join public.profiles on profiles.id = follow_requests.requester_id
    where follow_requests.target_id = new.id
    order by follow_requests.requester_id
    for update of follow_requests skip locked
    for key share of profiles skip locked
  ),
  accepted as (
    delete from public.follow_requests
    using asking
    where follow_requests.target_id = new.id and follow_requests.requester_id = asking.requester_id
    returning follow_requests.requester_id
  )
  insert into public.follows (follower_id, followee_id)
  select accepted.requester_id, new.id
  from accepted
  on conflict do nothing;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish_draft (
  draft_id uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  draft public.drafts;
begin
  perform private.take_own_turn(viewer_id);

  select drafts.* into draft
  from public.drafts
  where drafts.id = publish_draft.draft_id and drafts.author_id = viewer_id
  for update;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such draft', detail = 'draft_not_found';
  end if;
  return private.publish(draft);
end;
$function$;

CREATE OR REPLACE FUNCTION private.remove_follower (
  follower_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id
    and follows.followee_id = (select private.viewer());
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_open_post (
  viewer_id uuid,
  post_id   bigint,
  to_repost boolean
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts := private.require_post(viewer_id, post_id);
begin
  if to_repost then
    post.is_open := private.hold_post(post.id);
  end if;
  if not post.is_open and post.author_id is distinct from viewer_id then
    raise sqlstate 'PT403' using
      message = 'This post is not for everyone. Only its author can repost or quote it',
      detail = 'post_not_open';
  end if;
  return post.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS public.posts
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts;
begin
  select posts.* into post
  from public.posts
  where posts.id = require_post.post_id
  for key share skip locked;

  if post.repost_of_id is not null and private.sees_post(viewer_id, post.id) then
    select posts.* into post
    from public.posts
    where posts.id = post.repost_of_id
    for key share skip locked;
  end if;
  if post.id is null or not private.sees_post(viewer_id, post.id) then
    raise sqlstate 'PT404' using message = 'There is no such post', detail = 'post_not_found';
  end if;
  return post;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_profile (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not exists (
    select from private.hold_person(require_profile.profile_id)
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_authors (
  viewer_id  uuid,
  hidden_ids uuid[],
  author_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  authors tsquery;
  found bigint[] := '{}';
begin
  for authors in
    select string_agg(format('''from:%s''', author.id), ' | ')::tsquery && !!('''to:mentioned'''::tsquery)
    from (
      select writer.id, (writer.place - 1) / 50 as turn
      from unnest(author_ids) with ordinality as writer (id, place)
    ) as author
    group by author.turn
    union all
    select format('''from:%s'' | ''to:%s''', viewer_id, viewer_id)::tsquery
  loop
    found := found || private.search_back(
      viewer_id, hidden_ids, false, wanted && authors, exact, since_id, before_id, before_id - since_id, null, page_size
    );
  end loop;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_back (
  viewer_id   uuid,
  hidden_ids  uuid[],
  is_findable boolean,
  wanted      tsquery,
  exact       tsquery,
  since_id    bigint,
  before_id   bigint,
  width       bigint,
  all_time    bigint,
  page_size   integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  shortest constant bigint := 1 << 24;  -- 4 seconds
  most integer := 500;
  found bigint[] := '{}';
  top bigint := before_id;
  bottom bigint;
  shift integer;
  read_rows integer;
  fitting bigint[];
  unwanted text;
  asked tsquery;
begin
  width := greatest(width, shortest);
  while top > since_id and cardinality(found) < page_size loop
    -- The stretch begins where a long step begins, so that few steps fill it.
    shift := 20 + 4 * least(6, greatest(1, floor((log(2, width) - 22) / 4)::integer));
    bottom := greatest(since_id, ((top - width) >> shift) << shift);
    asked := case
      when not is_findable then private.search_within(wanted, bottom, top)
      when (top - bottom) * 2 < all_time then private.search_within(wanted, bottom, (((top - 1) >> shift) + 1) << shift)
      else wanted
    end;

    select count(*), array_agg(row.post_id order by row.post_id desc) filter (where row.fits),
      string_agg(distinct '''from:' || row.author_id || '''', ' | ') filter (where not row.fits)
    into read_rows, fitting, unwanted
    from (
      select
        match.post_id, match.author_id,
        match.author_id <> all (hidden_ids)
          and (search_back.is_findable or match.author_id = viewer_id or (
            select profiles.is_searchable from public.profiles where profiles.id = match.author_id
          )) as fits
      from (
        select findable.* from private.search_findable(asked, exact, bottom, top, most) as findable
        where search_back.is_findable
        union all
        select limited.* from private.search_limited(asked, exact, bottom, top, most) as limited
        where not search_back.is_findable
      ) as match
    ) as row;

    if read_rows = most and unwanted is not null then
      wanted := wanted && !!(unwanted::tsquery);
    elsif read_rows = most and width > shortest then
      width := greatest(shortest, least(width, top - bottom) / 16);
    elsif read_rows = most then
      most := most * 8;
    else
      found := found || fitting;
      top := bottom;
      most := 500;
      -- The next stretch is 1.5 times as long as the rest of the page should need.
      width := least(width, 1::bigint << 55) * case
        when cardinality(found) = 0 then 64
        else greatest(2, least(16, 1.5 * (page_size - cardinality(found)) / greatest(coalesce(cardinality(fitting), 0), 0.1)))
      end;
    end if;
  end loop;
  return found[:page_size];
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_circle (
  viewer_id  uuid,
  hidden_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  from_id    uuid,
  since_id   bigint,
  before_id  bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 200;
  author_ids uuid[];
  last_ids bigint[];
  middle_id bigint;
  found bigint[];
  read_rows integer;
  fitting bigint[];
begin
  select coalesce(array_agg(writer.id order by writer.last_id desc), '{}'), array_agg(writer.last_id order by writer.last_id desc)
  into author_ids, last_ids
  from (
    select follows.followee_id as id, (
      select post_search.post_id
      from private.post_search
      where post_search.author_id = follows.followee_id and not post_search.is_findable
        and post_search.post_id < before_id
      order by post_search.post_id desc
      limit 1
    ) as last_id
    from public.follows
    where follows.follower_id = viewer_id and (from_id is null or follows.followee_id = from_id)
  ) as writer
  where writer.last_id >= since_id;

  middle_id := greatest(since_id, last_ids[51] + 1);
  found := private.search_authors(viewer_id, hidden_ids, author_ids[:50], wanted, exact, middle_id, before_id, page_size);
  if middle_id = since_id or cardinality(found) >= page_size then
    return found;
  end if;

  select count(*), array_agg(match.post_id) filter (where (
    select true
    from public.posts
    join public.profiles on profiles.id = posts.author_id
    cross join lateral private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    where posts.id = match.post_id
      and (posts.author_id = viewer_id or profiles.is_searchable)
      and posts.author_id <> all (hidden_ids)
  ))
  into read_rows, fitting
  from private.search_limited(private.search_within(wanted, since_id, middle_id), exact, since_id, middle_id, most) as match;
  if read_rows = most then
    fitting := private.search_authors(viewer_id, hidden_ids, author_ids, wanted, exact, since_id, middle_id, page_size);
  end if;
  return found || fitting;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_findable (
  asked     tsquery,
  exact     tsquery,
  since_id  bigint,
  before_id bigint,
  most      integer
)
  RETURNS TABLE (
    post_id   bigint,
    author_id uuid
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_indexscan TO 'off'
  SET jit TO 'off'
  AS $function$
begin
  return query
  select post_search.post_id, post_search.author_id
  from private.post_search
  where post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_findable.since_id
    and post_search.post_id + 0 < search_findable.before_id
  limit search_findable.most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_limited (
  asked     tsquery,
  exact     tsquery,
  since_id  bigint,
  before_id bigint,
  most      integer
)
  RETURNS TABLE (
    post_id   bigint,
    author_id uuid
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 100
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET enable_indexscan TO 'off'
  SET jit TO 'off'
  AS $function$
begin
  return query
  select post_search.post_id, post_search.author_id
  from private.post_search
  where not post_search.is_findable
    and post_search.vector @@ asked
    and (exact is null or ts_match_vq(post_search.vector, exact))
    and post_search.post_id + 0 >= search_limited.since_id
    and post_search.post_id + 0 < search_limited.before_id
  limit search_limited.most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_open_posts (
  viewer_id  uuid,
  hidden_ids uuid[],
  wanted     tsquery,
  exact      tsquery,
  since_id   bigint,
  before_id  bigint,
  all_time   bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  newest record;
begin
  newest := private.search_newest(hidden_ids, wanted, exact, since_id, before_id, page_size);
  if newest.last_id is null then
    return newest.post_ids;
  end if;
  return newest.post_ids || private.search_back(
    viewer_id, hidden_ids, true, wanted, exact, since_id, newest.last_id, (newest.first_id - newest.last_id) * 8,
    all_time, page_size - cardinality(newest.post_ids)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_posts (
  query     text,
  before    bigint,
  page_size integer,
  after     bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  search private.search;
  since_id bigint;
  before_id bigint;
  post_ids bigint[];
  circle_ids bigint[];
  first_id bigint;
  end_id bigint;
begin
  perform private.check_page_size(search_posts.page_size);
  search := private.read_search(search_posts.query);
  if search.wanted is null then
    return;
  end if;
  -- From the oldest to the newest post, in steps of 50 days. So the first stretch of time
  -- has a useful length.
  select (min(post_search.post_id) >> 44) << 44, ((max(post_search.post_id) >> 44) + 1) << 44
  into first_id, end_id
  from private.post_search;
  since_id := greatest(search.since_id, first_id);
  before_id := least(search.until_id, search_posts.before, end_id);
  if since_id >= before_id or search_posts.after >= before_id - 1 or first_id is null then
    return;
  end if;
  since_id := greatest(since_id, search_posts.after + 1);

  -- The index may be out of date for accounts that have just switched. They are hidden
  -- here.
  post_ids := private.search_open_posts(
    viewer_id, hidden_ids || array(select search_switches.author_id from private.search_switches limit 1000),
    search.wanted, search.exact, since_id, before_id, end_id - first_id, search_posts.page_size
  );
  if viewer_id is not null then
    -- If the page is full, only limited posts that are newer than its last post can
    -- still come into it.
    if cardinality(post_ids) = search_posts.page_size then
      since_id := post_ids[search_posts.page_size];
    end if;
    -- A statement of its own. Inside the query below, the planner would run it to make an
    -- estimate, and then run it again.
    circle_ids := private.search_circle(
      viewer_id, hidden_ids, search.wanted, search.exact, search.from_id, since_id, before_id, search_posts.page_size
    );
    post_ids := array(
      select found.id
      from unnest(post_ids || circle_ids) as found (id)
      order by found.id desc
      limit search_posts.page_size
    );
  end if;

  -- Only the rule of the post decides who sees it, and not the index.
  post_ids := array(
    select posts.id
    from unnest(post_ids) with ordinality as found (id, place)
    join public.posts on posts.id = found.id
    where exists (
      select from private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    )
    order by found.place
  );
  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids) as items;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_limits (
  profile_id uuid,
  per_minute integer,
  per_hour   integer,
  per_day    integer,
  action     text
)
  RETURNS integer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  changed integer;
begin
  -- The locks of the person's own writes, in their order (00-foundations/30-turns.sql).
  perform pg_advisory_xact_lock(private.queue_key('blocks', profile_id));
  perform private.take_turns(profile_id);
  perform
  from public.profiles
  where profiles.id = set_limits.profile_id
  for key share;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;

  if num_nulls(per_minute, per_hour, per_day) = 3 then
    delete from private.limit_overrides
    where limit_overrides.profile_id = set_limits.profile_id
      and (set_limits.action is null or limit_overrides.action = set_limits.action);
  else
    insert into private.limit_overrides (profile_id, action, per_minute, per_hour, per_day)
    select
      set_limits.profile_id, limits.action, set_limits.per_minute, set_limits.per_hour, set_limits.per_day
    from private.limits
    where set_limits.action is null or limits.action = set_limits.action
    on conflict on constraint limit_overrides_pkey do update
    set per_minute = excluded.per_minute, per_hour = excluded.per_hour, per_day = excluded.per_day;
  end if;
  get diagnostics changed = row_count;

  -- The copied amounts end now. So the new amounts hold at once, and not in an hour.
  update private.usage
  set amounts_until = '-infinity'
  where usage.profile_id = set_limits.profile_id;
  return changed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.switch_findable (
  author_id uuid,
  most      integer
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(
    select posts.id
    from public.posts
    join private.post_search on post_search.post_id = posts.id
    join public.profiles on profiles.id = posts.author_id
    where posts.author_id = switch_findable.author_id
      and post_search.is_findable <> (posts.is_open and profiles.is_searchable)
    order by posts.id desc
    limit most
  );
  free_ids bigint[] := array(
    select post_search.post_id
    from private.post_search
    where post_search.post_id = any (ids)
    for no key update skip locked
  );
begin
  update private.post_search
  set is_findable = not post_search.is_findable
  where post_search.post_id = any (free_ids);
  return cardinality(free_ids) < most and cardinality(free_ids) = cardinality(ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_own_turn (
  viewer_id uuid,
  queue     text DEFAULT 'turn'::text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  turn bigint := private.queue_key(take_own_turn.queue, take_own_turn.viewer_id);
begin
  -- The turn is nearly always free. plpgsql runs an expression much faster than a statement.
  if not pg_try_advisory_xact_lock(turn) then
    perform pg_advisory_xact_lock(turn);
  end if;
  perform
  from public.profiles
  where profiles.id = take_own_turn.viewer_id
  for key share;
  if not found then
    raise sqlstate 'PT401' using message = 'Your account does not exist any more', detail = 'account_not_found';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_turn()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  action text;
  setting text := 'plaza.' || lower(tg_op);
  -- A statement without a person has no limit of rows.
  room integer := 2147483647;
begin
  -- A trigger or a foreign key caused this write. The statement behind it has its turn
  -- already.
  if pg_trigger_depth() > 1 then
    null;
  elsif viewer_id is null or tg_table_schema = 'auth' then
    -- An account is deleted like this too when its owner deletes it.
    perform private.take_turn_without_person();
  elsif tg_table_name = 'profiles' then
    -- The update itself locks the profile.
    perform private.take_turns(viewer_id);
  else
    perform private.take_own_turn(viewer_id, case tg_nargs when 3 then tg_argv[2] else 'turn' end);
  end if;

  if pg_trigger_depth() = 1 and viewer_id is not null then
    -- Spend for the first row here. That saves a call for a statement of one row.
    action := case tg_op when 'INSERT' then tg_argv[0] when 'UPDATE' then tg_argv[1] else '' end;
    if action <> '' and current_setting('plaza.is_free', true) is distinct from 'yes' then
      room := least(99, private.charge(viewer_id, action, 1)) + 1;
    else
      room := 100;
    end if;
  end if;
  action := set_config(setting || '_rows', '0', true);
  action := set_config(setting || '_room', room::text, true);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.thread (
  post_id   bigint,
  max_depth integer
)
  RETURNS SETOF public.thread_post
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 50
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  most_seen integer := 500;
  most_unseen integer := 500;
  root_id bigint;
  ids bigint[];
  parents bigint[];
  depths integer[];
  seen_ids bigint[];
  level_ids bigint[];
  level_parents bigint[];
  level_seen_ids bigint[];
  depth integer := 0;
begin
  if thread.max_depth is null or thread.max_depth not between 1 and 50 then
    raise sqlstate 'PT400' using message = 'A thread is read 1 to 50 replies deep', detail = 'max_depth_range';
  end if;

  select coalesce(posts.repost_of_id, posts.id) into root_id
  from public.posts
  where posts.id = thread.post_id and private.sees_post(viewer_id, posts.id);
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
  seen_ids := array(select above.id from unnest(ids) as above (id) where private.sees_post(viewer_id, above.id));

  -- Downwards, a level at a time.
  level_ids := array[root_id];
  while cardinality(level_ids) > 0 and depth < thread.max_depth and most_seen > 0 loop
    depth := depth + 1;
    with child as materialized (
      select reply.id, parent.id as parent_id, reply.is_seen
      from unnest(level_ids) as parent (id)
      cross join lateral (
        (
          select posts.id, true
          from public.posts
          where posts.reply_to_id = parent.id and posts.is_open and posts.author_id <> all (hidden_ids)
          order by posts.id
          limit most_seen
        )
        union all
        (
          -- Most posts have no limited replies, or few.
          select limited.id, true
          from private.limited_counts
          cross join lateral (
            select limited_posts.post_id
            from private.limited_posts
            where limited_counts.amount <= private.few_posts()
              and limited_posts.place = limited_counts.place
              and limited_posts.author_id <> all (hidden_ids)
              and (
                select true
                from private.is_for(
                  viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
                )
              ) is true
            union all
            select page.id
            from private.limited_page(
              viewer_id, limited_counts.place, 9223372036854775807, 0, most_seen, hidden_ids
            ) as page (id)
            where limited_counts.amount > private.few_posts()
          ) as limited (id)
          where limited_counts.place = 'reply:' || parent.id
        )
        union all
        (
          select place.id, false
          from (
            (
              select deleted_posts.id, false
              from private.deleted_posts
              where deleted_posts.reply_to_id = parent.id
              order by deleted_posts.id
              limit most_unseen
            )
            union all
            (
              select
                limited_posts.post_id,
                limited_posts.author_id <> all (hidden_ids) and (
                  select true
                  from private.is_for(
                    viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
                  )
                ) is true
              from private.limited_posts
              where limited_posts.place = 'reply:' || parent.id
              order by limited_posts.post_id
              limit 500
            )
            union all
            (
              select posts.id, false
              from public.posts
              where cardinality(hidden_ids) > 0
                and posts.reply_to_id = parent.id
                and posts.author_id = any (hidden_ids)
                and posts.is_open
              limit 500
            )
          ) as place (id, is_seen)
          where not place.is_seen and (
            exists (select from public.posts as reply where reply.reply_to_id = place.id)
            or exists (select from private.deleted_posts where deleted_posts.reply_to_id = place.id)
          )
        )
      ) as reply (id, is_seen)
    ),
    kept as (
      (select child.* from child where child.is_seen order by child.id limit most_seen)
      union all
      (select child.* from child where not child.is_seen order by child.id limit most_unseen)
    )
    select
      coalesce(array_agg(kept.id order by kept.id), '{}'),
      coalesce(array_agg(kept.parent_id order by kept.id), '{}'),
      coalesce(array_agg(kept.id) filter (where kept.is_seen), '{}')
    into level_ids, level_parents, level_seen_ids
    from kept;

    ids := ids || level_ids;
    parents := parents || level_parents;
    depths := depths || array_fill(depth, array[cardinality(level_ids)]);
    seen_ids := seen_ids || level_seen_ids;
    most_seen := most_seen - cardinality(level_seen_ids);
    most_unseen := most_unseen - (cardinality(level_ids) - cardinality(level_seen_ids));
  end loop;

  return query
  with recursive place as materialized (
    select walked.id, walked.reply_to_id, walked.depth
    from unnest(ids, parents, depths) as walked (id, reply_to_id, depth)
  ),
  -- The order of reading: each post before its replies, older replies first.
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
  -- A post keeps its place when the viewer sees it, or something below it.
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
$function$;

CREATE OR REPLACE FUNCTION private.timeline (
  viewer_id uuid,
  list_id   uuid,
  below     bigint,
  above     bigint,
  page_size integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
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
      select list_members.profile_id
      from public.list_members
      where list_members.list_id = timeline.list_id
        and list_members.profile_id <> all (muted_ids)
        and list_members.profile_id <> all (hidden_ids)
        and exists (select from private.lets_in(timeline.viewer_id, list_members.profile_id))
    );
  end if;

  loop
    batch := private.newest_posts(timeline.viewer_id, author_ids, tags, hidden_ids || muted_ids, below, above, wanted);
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
          coalesce(original.is_open, entry.is_open) as is_open,
          coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id,
          coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
      ) as shown
      where shown.author_id <> all (muted_ids)
        and shown.author_id <> all (hidden_ids)
        and (
          select true
          from private.is_for(timeline.viewer_id, shown.id, shown.author_id, shown.audience, shown.is_open)
        ) is true
        and (shown.quote_of_id is null or not private.quotes_muted(timeline.viewer_id, shown.quote_of_id, muted_ids))
        and (
          original.id is null
          or shown.reply_to_id is null
          or not private.quotes_muted(timeline.viewer_id, shown.reply_to_id, muted_ids)
        )
        and (original.id is null) = (
          -- Whether the feed has the post itself.
          (
            case when timeline.list_id is null then shown.author_id = timeline.viewer_id or (
              select true from public.follows
              where follows.follower_id = timeline.viewer_id and follows.followee_id = shown.author_id
            ) is true
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
              and (
                select true
                from private.is_for(
                  timeline.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
                )
              ) is true
            )
            from public.posts as parent
            where parent.id = shown.reply_to_id
          ) is true)
        )
        -- Whether an earlier repost is shown. It reads the smaller of two: the reposts of
        -- the post, or the set.
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
$function$;

CREATE OR REPLACE FUNCTION private.username_available (
  wanted text
)
  RETURNS public.username_answer
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
  select (problem.code is null, problem.code::public.username_refusal, problem.message)::public.username_answer
  from private.username_problem(coalesce(wanted, ''), auth.uid()) as problem;
$function$;

CREATE OR REPLACE FUNCTION private.users_check_metadata()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT400' using
    message = 'The metadata of an account has at most 4,096 bytes', detail = 'metadata_size';
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_end_account()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.lock_account(old.id);
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_note_mail()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  wanted text := lower(new.raw_user_meta_data ->> 'username');
begin
  if old.confirmation_sent_at is not null then
    update private.sign_ups
    set username = null, mailed_at = now()
    where sign_ups.user_id = new.id;

    if old.invited_at is null then
      if old.encrypted_password <> '' then
        new.encrypted_password := null;
        new.raw_app_meta_data := coalesce(new.raw_app_meta_data, '{}') || '{"needs_password": true}';
      end if;
      new.raw_user_meta_data := '{}';
    end if;
    return new;
  end if;

  -- No sign-up: an administrator made the account.
  if new.confirmation_sent_at is null or new.invited_at is not null then
    return new;
  end if;

  update private.sign_ups
  set username = null
  where sign_ups.username = wanted and sign_ups.reserved_until <= now();

  insert into private.sign_ups (user_id, username)
  values (new.id, case when private.username_problem(wanted, new.id) is null then wanted end)
  on conflict do nothing;

  -- Somebody else reserves the name at this moment, or the account has a row already.
  if not found then
    insert into private.sign_ups (user_id)
    values (new.id)
    on conflict (user_id) do update
    set mailed_at = excluded.mailed_at;
  end if;
  new.confirmation_sent_at := new.confirmation_sent_at - interval '55 seconds';
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_post (
  content         text,
  title           text,
  content_warning text,
  language        text,
  audience        public.audience,
  reply_to_id     bigint,
  quote_of_id     bigint,
  repost_of_id    bigint
)
  RETURNS public.feed_item
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  item public.feed_item;
begin
  insert into public.posts (
    author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
  )
  values (
    viewer_id, write_post.title, write_post.content, write_post.content_warning, write_post.language,
    write_post.audience, write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
  )
  returning posts.id into new_id;

  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items;
  return item;
end;
$function$;

CREATE OR REPLACE FUNCTION public.blocked_people (
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.blocked_people(blocked_people.before, blocked_people.page_size, blocked_people.after) listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

REVOKE ALL ON FUNCTION "public"."blocked_people"(bigint, integer, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.bookmarks_feed (
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('bookmarks'::public.feed, NULL::text, bookmarks_feed.before, bookmarks_feed.page_size, bookmarks_feed.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."bookmarks_feed"(bigint, integer, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.delete_account()
  RETURNS void
  LANGUAGE sql
  SET statement_timeout TO '60s'
BEGIN ATOMIC
 SELECT private.delete_account()
  AS delete_account;
END;

REVOKE ALL ON FUNCTION "public"."delete_account"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.follow (
  profile_id uuid
)
  RETURNS public.follow_state
  LANGUAGE sql
RETURN private.follow(profile_id);

REVOKE ALL ON FUNCTION "public"."follow"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.followers (
  profile_id uuid    DEFAULT NULL::uuid,
  before     bigint  DEFAULT NULL::bigint,
  page_size  integer DEFAULT 20,
  after      bigint  DEFAULT NULL::bigint,
  username   text    DEFAULT NULL::text
)
  RETURNS SETOF public.person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.follow_list(private.person_meant(followers.profile_id, followers.username), true, followers.before, followers.page_size, followers.after)
      listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

REVOKE ALL ON FUNCTION "public"."followers"(uuid, bigint, integer, bigint, text) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.following (
  profile_id uuid    DEFAULT NULL::uuid,
  before     bigint  DEFAULT NULL::bigint,
  page_size  integer DEFAULT 20,
  after      bigint  DEFAULT NULL::bigint,
  username   text    DEFAULT NULL::text
)
  RETURNS SETOF public.person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.follow_list(private.person_meant(following.profile_id, following.username), false, following.before, following.page_size, following.after)
      listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

REVOKE ALL ON FUNCTION "public"."following"(uuid, bigint, integer, bigint, text) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.home_feed (
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('home'::public.feed, NULL::text, home_feed.before, home_feed.page_size, home_feed.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."home_feed"(bigint, integer, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.likers (
  post_id   bigint,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.people_of_post(likers.post_id, true, likers.before, likers.page_size, likers.after) listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

REVOKE ALL ON FUNCTION "public"."likers"(bigint, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.list_feed (
  list_id   uuid,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('list'::public.feed, (list_feed.list_id)::text, list_feed.before, list_feed.page_size, list_feed.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."list_feed"(uuid, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.me()
  RETURNS public.own_profile
  LANGUAGE sql
  STABLE
RETURN private.me();

REVOKE ALL ON FUNCTION "public"."me"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.post (
  post_id bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.posts_by_ids(ARRAY[post.post_id]) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."post"(bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.posts_by_ids (
  ids bigint[]
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.posts_by_ids(posts_by_ids.ids) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."posts_by_ids"(bigint[]) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.profile_feed (
  profile_id uuid    DEFAULT NULL::uuid,
  before     bigint  DEFAULT NULL::bigint,
  page_size  integer DEFAULT 20,
  after      bigint  DEFAULT NULL::bigint,
  username   text    DEFAULT NULL::text
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM
      private.feed('profile'::public.feed, (private.person_meant(profile_feed.profile_id, profile_feed.username))::text, profile_feed.before, profile_feed.page_size,
      profile_feed.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."profile_feed"(uuid, bigint, integer, bigint, text) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.profile_likes (
  profile_id uuid    DEFAULT NULL::uuid,
  before     bigint  DEFAULT NULL::bigint,
  page_size  integer DEFAULT 20,
  after      bigint  DEFAULT NULL::bigint,
  username   text    DEFAULT NULL::text
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM
      private.feed('profile_likes'::public.feed, (private.person_meant(profile_likes.profile_id, profile_likes.username))::text, profile_likes.before, profile_likes.page_size,
      profile_likes.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."profile_likes"(uuid, bigint, integer, bigint, text) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.profile_replies (
  profile_id uuid    DEFAULT NULL::uuid,
  before     bigint  DEFAULT NULL::bigint,
  page_size  integer DEFAULT 20,
  after      bigint  DEFAULT NULL::bigint,
  username   text    DEFAULT NULL::text
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM
      private.feed('profile_replies'::public.feed, (private.person_meant(profile_replies.profile_id, profile_replies.username))::text, profile_replies.before,
      profile_replies.page_size, profile_replies.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."profile_replies"(uuid, bigint, integer, bigint, text) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.public_feed (
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('public'::public.feed, NULL::text, public_feed.before, public_feed.page_size, public_feed.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."public_feed"(bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.quotes (
  post_id   bigint,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('quotes'::public.feed, (quotes.post_id)::text, quotes.before, quotes.page_size, quotes.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."quotes"(bigint, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.replies (
  post_id   bigint,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('replies'::public.feed, (replies.post_id)::text, replies.before, replies.page_size, replies.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."replies"(bigint, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.reposters (
  post_id   bigint,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.person
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.profile,
     listed.is_private,
     listed.is_following,
     listed.is_requested,
     listed.follows_you
    FROM private.people_of_post(reposters.post_id, false, reposters.before, reposters.page_size, reposters.after)
      listed(id, profile, is_private, is_following, is_requested, follows_you);
END;

REVOKE ALL ON FUNCTION "public"."reposters"(bigint, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.search_posts (
  query     text,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  ROWS 20
BEGIN ATOMIC
 SELECT private.spend('search'::text)
  AS spend;
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.search_posts(search_posts.query, search_posts.before, search_posts.page_size, search_posts.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."search_posts"(text, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.set_limits (
  profile_id uuid,
  per_minute integer               DEFAULT NULL::integer,
  per_hour   integer               DEFAULT NULL::integer,
  per_day    integer               DEFAULT NULL::integer,
  action     public.limited_action DEFAULT NULL::public.limited_action
)
  RETURNS integer
  LANGUAGE sql
RETURN private.set_limits(profile_id, per_minute, per_hour, per_day, (action)::text);

REVOKE ALL ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, public.limited_action) FROM PUBLIC, "anon", "authenticated";

CREATE OR REPLACE FUNCTION public.tag_feed (
  tag       text,
  before    bigint  DEFAULT NULL::bigint,
  page_size integer DEFAULT 20,
  after     bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.feed_item
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT items.id,
     items.post,
     items.reposted_by,
     items.reply_to,
     items.quoted
    FROM private.feed('tag'::public.feed, tag_feed.tag, tag_feed.before, tag_feed.page_size, tag_feed.after) items(id, post, reposted_by, reply_to, quoted);
END;

REVOKE ALL ON FUNCTION "public"."tag_feed"(text, bigint, integer, bigint) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.username_available (
  username text
)
  RETURNS public.username_answer
  LANGUAGE sql
  STABLE
RETURN private.username_available(username);

REVOKE ALL ON FUNCTION "public"."username_available"(text) FROM PUBLIC, "service_role";

CREATE OR REPLACE FUNCTION public.write_post (
  content         text            DEFAULT ''::text,
  title           text            DEFAULT ''::text,
  content_warning text            DEFAULT ''::text,
  language        text            DEFAULT NULL::text,
  audience        public.audience DEFAULT 'everyone'::public.audience,
  reply_to_id     bigint          DEFAULT NULL::bigint,
  quote_of_id     bigint          DEFAULT NULL::bigint,
  repost_of_id    bigint          DEFAULT NULL::bigint
)
  RETURNS public.feed_item
  LANGUAGE sql
RETURN private.write_post(content, title, content_warning, LANGUAGE, audience, reply_to_id, quote_of_id, repost_of_id);

REVOKE ALL ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) FROM PUBLIC, "anon", "service_role";

CREATE INDEX addressed_posts_post_id_idx ON private.addressed_posts USING hash (post_id);

CREATE INDEX likes_of_post_id_idx ON public.likes USING btree (((post_id + 0)), id DESC) INCLUDE (user_id, post_id);

CREATE INDEX posts_reposts_id_idx ON public.posts USING btree (((repost_of_id + 0)), id DESC) INCLUDE (author_id, repost_of_id)
  WHERE (repost_of_id IS NOT NULL);

CREATE TRIGGER users_check_metadata
  BEFORE UPDATE OF raw_user_meta_data ON auth.users
  FOR EACH ROW
  WHEN
    ((((octet_length((new.raw_user_meta_data)::text) + COALESCE(octet_length((new.raw_app_meta_data)::text), 0)) > 4800) AND (octet_length(((new.raw_user_meta_data -
    'email_verified'::text))::text) > COALESCE(octet_length(((old.raw_user_meta_data - 'email_verified'::text))::text), 0))))
  EXECUTE FUNCTION private.users_check_metadata();

CREATE TRIGGER users_end_account
  BEFORE DELETE ON auth.users
  FOR EACH ROW
  EXECUTE FUNCTION private.users_end_account();

CREATE TRIGGER limited_posts_address_deleted
  AFTER DELETE ON private.limited_posts REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.limited_posts_address();

CREATE TRIGGER limited_posts_address_inserted
  AFTER INSERT ON private.limited_posts REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.limited_posts_address();

CREATE TRIGGER post_mentions_address_deleted
  AFTER DELETE ON public.post_mentions REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.post_mentions_address();

CREATE TRIGGER post_mentions_address_inserted
  AFTER INSERT ON public.post_mentions REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.post_mentions_address();

CREATE TRIGGER profiles_end_account
  BEFORE DELETE ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.profiles_end_account();

CREATE TRIGGER profiles_wait_for_post
  BEFORE UPDATE OF is_private ON public.profiles
  FOR EACH ROW
  WHEN ((old.is_private <> new.is_private))
  EXECUTE FUNCTION private.profiles_wait_for_post();

CREATE TRIGGER profiles_welcome_requesters
  AFTER UPDATE OF is_private ON public.profiles
  FOR EACH ROW
  WHEN ((old.is_private AND (NOT new.is_private)))
  EXECUTE FUNCTION private.profiles_welcome_requesters();

COMMENT ON FUNCTION "private"."above_page"(bigint[], bigint, integer, boolean) IS 'The id that a limited post must be above to be on the page with these open posts, which are in order, newest first.';

COMMENT ON FUNCTION "private"."addressed_places"(bigint[]) IS 'The rows that private.addressed_posts must have for these posts.';

COMMENT ON FUNCTION "private"."blocked_people"(bigint, integer, bigint) IS 'What public.blocked_people() answers.';

COMMENT ON FUNCTION "private"."delete_account"() IS 'What public.delete_account() does.';

COMMENT ON FUNCTION "private"."feed"(public.feed, text, bigint, integer, bigint) IS 'What the feeds in public answer.';

COMMENT ON FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer, boolean) IS 'The ids of a page of a feed, between two ids, newest first. When is_counted is true, it is only right how many there are.';

COMMENT ON FUNCTION "private"."follow"(uuid) IS 'What public.follow() does.';

COMMENT ON FUNCTION "private"."follow_list"(uuid, boolean, bigint, integer, bigint) IS 'What public.followers() and public.following() answer.';

COMMENT ON FUNCTION "private"."follows_without_person"() IS 'The number of the advisory lock that keeps blocks apart from follows that a trusted backend writes.';

COMMENT ON FUNCTION "private"."hold_person"(uuid) IS 'A row when the account exists. Then nobody can delete it until the transaction ends.';

COMMENT ON FUNCTION "private"."hold_post"(bigint) IS 'Whether a post is open. It does not change until the transaction ends. It tries for about a second. Then the error PT503, if somebody still changes the post.';

COMMENT ON FUNCTION "private"."hold_privacy"(uuid) IS 'Whether an account is private. Its profile does not change until the transaction ends. It tries for about a second. Then the error PT503, if the profile is still changing.';

COMMENT ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer, uuid[]) IS 'The ids of the newest limited posts of a place that the viewer sees, between two ids, newest first, at most as many as most. Posts by the people in unwanted_ids are left out: give at least those who are hidden from the viewer.';

COMMENT ON FUNCTION "private"."limited_posts_address"() IS 'Adds and deletes the rows of a limited post in addressed_posts.';

COMMENT ON FUNCTION "private"."lock_account"(uuid) IS 'Locks the profile, posts, likes and follows of somebody, and what others keep of them. It tries for about 4 seconds. Then the error PT503, if others still change some of them.';

COMMENT ON FUNCTION "private"."lock_posts_of"(uuid) IS 'Locks all posts of somebody, and the reposts of these posts, and returns their ids. It tries for about 4 seconds. Then the error PT503, if others still change some of them.';

COMMENT ON FUNCTION "private"."me"() IS 'What public.me() answers.';

COMMENT ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], uuid[], bigint, bigint, integer) IS 'The ids of the newest posts and reposts by these authors or with these tags, between two ids, newest first. As many as wanted, or all there are. Posts with the tags are among them only if the viewer sees them, and if their authors are not among unwanted_ids.';

COMMENT ON FUNCTION "private"."people_of_post"(bigint, boolean, bigint, integer, bigint) IS 'What public.likers() and public.reposters() answer.';

COMMENT ON FUNCTION "private"."person_meant"(uuid, text) IS 'The id of the person that a request names by profile_id or by username. Null when nobody has the username. The error PT400 unless the request gives one of the two.';

COMMENT ON FUNCTION "private"."person_named"(text) IS 'The id of the person who has this username, in any case. If nobody has it, the id of the former owner, as long as it is held. Null when there is no such person.';

COMMENT ON FUNCTION "private"."post_mentions_address"() IS 'Adds and deletes rows of addressed_posts when a post addresses more or fewer people.';

COMMENT ON FUNCTION "private"."posts_by_ids"(bigint[]) IS 'What public.posts_by_ids() and public.post() answer.';

COMMENT ON FUNCTION "private"."profiles_end_account"() IS 'Deletes the posts, likes and follows of a deleted profile.';

COMMENT ON FUNCTION "private"."profiles_wait_for_post"() IS 'Waits for a post that the author of an account writes at this moment, before a trusted backend makes the account private or public.';

COMMENT ON FUNCTION "private"."profiles_welcome_requesters"() IS 'Accepts all waiting requests when an account becomes public.';

COMMENT ON FUNCTION "private"."queue_key"(text, uuid) IS 'The number of the advisory lock of a person''s queue: turn, blocks or posts. The chance that two people share a number is 1 in 2^64.';

COMMENT ON FUNCTION "private"."require_open_post"(uuid, bigint, boolean) IS 'The id of a post that the viewer may repost or quote. For a repost, the id of the post that it shows. The error PT404 when the viewer does not see the post, PT403 when it is limited and by somebody else.';

COMMENT ON FUNCTION "private"."require_profile"(uuid, uuid) IS 'The error PT404 unless the person exists and no block hides them from the viewer. Nobody can delete the account until the transaction ends.';

COMMENT ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) IS 'The newest wanted posts that the viewer may find. is_findable: only posts that everyone may find, or only the others. all_time is how long all posts together last.';

COMMENT ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) IS 'The posts of a stretch of time that match and that everyone may find, in any order.';

COMMENT ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) IS 'The posts of a stretch of time that match and that not everyone may find, in any order.';

COMMENT ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, bigint, integer) IS 'The newest wanted posts that everyone may find and no block hides.';

COMMENT ON FUNCTION "private"."search_posts"(text, bigint, integer, bigint) IS 'What public.search_posts() answers.';

COMMENT ON FUNCTION "private"."take_own_turn"(uuid, text) IS 'Waits until the person does not write, and makes their next write wait. Nobody can delete the account until the transaction ends. The error PT401 when it is deleted already.';

COMMENT ON FUNCTION "private"."username_available"(text) IS 'What public.username_available() answers.';

COMMENT ON FUNCTION "private"."users_check_metadata"() IS 'Refuses to make the metadata of an account larger than a token can carry.';

COMMENT ON FUNCTION "private"."users_end_account"() IS 'Locks what is deleted with an account.';

COMMENT ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) IS 'What public.write_post() does.';

COMMENT ON FUNCTION "public"."blocked_people"(bigint, integer, bigint) IS 'The people you block, newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."bookmarks_feed"(bigint, integer, bigint) IS 'The posts that you bookmarked last. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."delete_account"() IS 'Deletes your account with everything in it, and ends your sessions. You must have signed in within the last 10 minutes.';

COMMENT ON FUNCTION "public"."follow"(uuid) IS 'Follows a public account, or sends a request to a private one. Answers following or requested. You may call it again: the second call changes nothing.';

COMMENT ON FUNCTION "public"."followers"(uuid, bigint, integer, bigint, text) IS 'The followers of somebody that you may know about, newest first. Give profile_id or username. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."following"(uuid, bigint, integer, bigint, text) IS 'The people that somebody follows and that you may know about, newest first. Give profile_id or username. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."home_feed"(bigint, integer, bigint) IS 'The newest posts and reposts by you and the people you follow, and posts with tags you follow. Each post comes once. Replies are only those to you and to people you follow. Posts by people you mute are left out. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."likers"(bigint, bigint, integer, bigint) IS 'The people who like a post, newest first. You see the likes of your own posts, and the likes of people who show them. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."list_feed"(uuid, bigint, integer, bigint) IS 'The newest posts and reposts by the people on a list. Each post comes once. Replies are only those to you and to people on the list. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."me"() IS 'Your own profile with its settings and counts.';

COMMENT ON FUNCTION "public"."post"(bigint) IS 'One post or repost, as a row of a feed. No row when there is no such post, or you cannot see it.';

COMMENT ON FUNCTION "public"."posts_by_ids"(bigint[]) IS 'The posts and reposts with these ids, at most 100, as rows of a feed. They come in the order of the ids, each once. A post that is deleted, or that you cannot see, is left out.';

COMMENT ON FUNCTION "public"."profile"(text) IS 'A profile''s page by its username, in any case. A name that somebody gave up leads to them while it is held for them. No row when there is no such person, or you cannot see them.';

COMMENT ON FUNCTION "public"."profile_feed"(uuid, bigint, integer, bigint, text) IS 'Somebody''s newest posts and reposts, without replies. Give profile_id or username. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."profile_likes"(uuid, bigint, integer, bigint, text) IS 'The posts that somebody liked last, if they show their likes. Your own are always shown to you. Give profile_id or username. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."profile_replies"(uuid, bigint, integer, bigint, text) IS 'Somebody''s newest replies. Give profile_id or username. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."public_feed"(bigint, integer, bigint) IS 'The newest posts for everyone, without replies and reposts. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."quotes"(bigint, bigint, integer, bigint) IS 'The newest posts that quote a post. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."replies"(bigint, bigint, integer, bigint) IS 'The newest replies to a post. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."reposters"(bigint, bigint, integer, bigint) IS 'The people who repost a post, newest first, if you may look into their accounts. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."search_posts"(text, bigint, integer, bigint) IS 'Posts, newest first. The query may have words, "phrases", -unwanted words, either or, #tags, from:somebody, since:2026-01-31 and until:2026-12-31. Days are in UTC, and the day of until is not included. For the next page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, public.limited_action) IS 'Gives one person other amounts for an action. Without an action, it is every action. Without amounts, the person has the usual ones again. Answers how many actions changed. For the service role.';

COMMENT ON FUNCTION "public"."tag_feed"(text, bigint, integer, bigint) IS 'The newest posts and replies with a tag. Newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."username_available"(text) IS 'Whether you can sign up with this username, or change yours to it. If not, it says why.';

COMMENT ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) IS 'Writes a post, a reply, a quote or a repost in your name, and answers it as a row of a feed. The arguments are the columns of posts.';

COMMENT ON SCHEMA "public" IS 'Plaza
The API of an open social network: people, posts, feeds and search. docs/reference/api.md explains it.';

COMMENT ON TABLE "private"."addressed_posts" IS 'The limited posts that address somebody, once for each place and person. A repost of such a post is here too, on its author''s page. There is no foreign key: the triggers of limited_posts and post_mentions delete the rows.';

COMMENT ON TYPE "public"."budget_period" IS 'The times for which a budget holds.';

COMMENT ON TYPE "public"."follow_state" IS 'What follow() did: you follow the account, or you asked to follow it.';

COMMENT ON TYPE "public"."limited_action" IS 'The actions that have a budget: those of private.limits.';

COMMENT ON TYPE "public"."own_profile" IS 'Your own profile: its columns, with the settings among them, and its counts. follow_requests says how many people wait for your answer, up to 100.';

COMMENT ON TYPE "public"."username_answer" IS 'Whether you can have a username. If not, reason says why as a code, and message as a sentence.';

COMMENT ON TYPE "public"."username_refusal" IS 'Why you cannot have a username: the codes of the errors.';

COMMENT ON TYPE "public"."visibility_rule" IS 'The rules that decide who sees a post. The first four let you see it.';

REVOKE ALL ON FUNCTION "private"."above_page"(bigint[], bigint, integer, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."above_page"(bigint[], bigint, integer, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."above_page"(bigint[], bigint, integer, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."addressed_places"(bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."addressed_places"(bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."addressed_places"(bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."blocked_people"(bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."blocked_people"(bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."blocked_people"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blocked_people"(bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."delete_account"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."delete_account"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."delete_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."delete_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."feed"(public.feed, text, bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."feed"(public.feed, text, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."feed"(public.feed, text, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."feed"(public.feed, text, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."feed_page"(public.feed, text, uuid, bigint, bigint, integer, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follow"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."follow"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."follow"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follow"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follow_list"(uuid, boolean, bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."follow_list"(uuid, boolean, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."follow_list"(uuid, boolean, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follow_list"(uuid, boolean, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follows_without_person"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follows_without_person"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follows_without_person"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_person"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_person"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_person"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_post"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_post"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_post"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_privacy"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_privacy"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_privacy"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."limited_page"(uuid, text, bigint, bigint, integer, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."limited_posts_address"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."limited_posts_address"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."limited_posts_address"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_account"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_account"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_account"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_posts_of"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_posts_of"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_posts_of"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."me"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."me"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."me"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."me"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], uuid[], bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], uuid[], bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."newest_posts"(uuid, uuid[], text[], uuid[], bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."people_of_post"(bigint, boolean, bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."people_of_post"(bigint, boolean, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."people_of_post"(bigint, boolean, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."people_of_post"(bigint, boolean, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."person_meant"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."person_meant"(uuid, text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."person_meant"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."person_meant"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."person_named"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."person_named"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."person_named"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."post_mentions_address"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."post_mentions_address"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."post_mentions_address"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."posts_by_ids"(bigint[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."posts_by_ids"(bigint[]) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."posts_by_ids"(bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."posts_by_ids"(bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_end_account"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_end_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_end_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_wait_for_post"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_wait_for_post"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_wait_for_post"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_welcome_requesters"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_welcome_requesters"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_welcome_requesters"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_open_post"(uuid, bigint, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_open_post"(uuid, bigint, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_open_post"(uuid, bigint, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_back"(uuid, uuid[], boolean, tsquery, tsquery, bigint, bigint, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_findable"(tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_limited"(tsquery, tsquery, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_open_posts"(uuid, uuid[], tsquery, tsquery, bigint, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_posts"(text, bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."search_posts"(text, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."search_posts"(text, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_posts"(text, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."take_own_turn"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."take_own_turn"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."take_own_turn"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."username_available"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."username_available"(text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "private"."username_available"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."username_available"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_check_metadata"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_check_metadata"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_check_metadata"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_end_account"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_end_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_end_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."blocked_people"(bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."blocked_people"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."blocked_people"(bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."bookmarks_feed"(bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."bookmarks_feed"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."bookmarks_feed"(bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_account"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."delete_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_account"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."follow"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."follow"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."follow"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."followers"(uuid, bigint, integer, bigint, text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."followers"(uuid, bigint, integer, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."followers"(uuid, bigint, integer, bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."following"(uuid, bigint, integer, bigint, text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."following"(uuid, bigint, integer, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."following"(uuid, bigint, integer, bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."home_feed"(bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."home_feed"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."home_feed"(bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."likers"(bigint, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."likers"(bigint, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."likers"(bigint, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."list_feed"(uuid, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."list_feed"(uuid, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."list_feed"(uuid, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."me"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."me"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."me"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."post"(bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."post"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."post"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."posts_by_ids"(bigint[]) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."posts_by_ids"(bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."posts_by_ids"(bigint[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."profile_feed"(uuid, bigint, integer, bigint, text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."profile_feed"(uuid, bigint, integer, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."profile_feed"(uuid, bigint, integer, bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."profile_likes"(uuid, bigint, integer, bigint, text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."profile_likes"(uuid, bigint, integer, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."profile_likes"(uuid, bigint, integer, bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."profile_replies"(uuid, bigint, integer, bigint, text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."profile_replies"(uuid, bigint, integer, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."profile_replies"(uuid, bigint, integer, bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."public_feed"(bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."public_feed"(bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."public_feed"(bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."quotes"(bigint, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."quotes"(bigint, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."quotes"(bigint, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."replies"(bigint, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."replies"(bigint, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."replies"(bigint, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."reposters"(bigint, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."reposters"(bigint, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."reposters"(bigint, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."search_posts"(text, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."search_posts"(text, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."search_posts"(text, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, public.limited_action) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, public.limited_action) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_limits"(uuid, integer, integer, integer, public.limited_action) TO "service_role";

GRANT EXECUTE ON FUNCTION "public"."tag_feed"(text, bigint, integer, bigint) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."tag_feed"(text, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."tag_feed"(text, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."username_available"(text) TO "anon", "authenticated";

REVOKE ALL ON FUNCTION "public"."username_available"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."username_available"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."write_post"(text, text, text, text, public.audience, bigint, bigint, bigint) TO "postgres";

CREATE FUNCTION public.limits ()
  RETURNS SETOF public.allowance
  LANGUAGE sql
  STABLE
  ROWS 20
begin atomic
  select mine.*
  from private.my_limits() as mine;
end;

COMMENT ON FUNCTION "public"."limits"() IS 'Your budget. For each action: how often you may do it, how often is left, and when all of it is there again (null: you used nothing).';

REVOKE ALL ON FUNCTION "public"."limits"() FROM public, anon, authenticated, service_role;

GRANT EXECUTE ON FUNCTION "public"."limits"() TO "authenticated";

-- Somebody's repost of their own post for few is now at shown-by, as other reposts are.
UPDATE private.limited_posts
SET place = 'shown-' || limited_posts.place
FROM public.posts
WHERE posts.id = limited_posts.post_id
  AND posts.repost_of_id IS NOT NULL
  AND limited_posts.place LIKE 'by:%';

INSERT INTO private.addressed_posts (place, profile_id, post_id, author_id)
SELECT limited_posts.place, post_mentions.profile_id, limited_posts.post_id, limited_posts.author_id
FROM private.limited_posts
JOIN public.posts ON posts.id = limited_posts.post_id
JOIN public.post_mentions ON post_mentions.post_id = coalesce(posts.repost_of_id, posts.id)
WHERE limited_posts.audience = 'mentioned';
