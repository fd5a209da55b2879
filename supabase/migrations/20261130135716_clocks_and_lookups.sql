/*
 * A person's statement holds what others need for 3 seconds at most. Nobody can put off that an account
 * is deleted or made private. And pages look up posts by their keys, also if Postgres believes that the
 * tables are empty.
 *
 * Written by comparing the migrations before it with sql/.
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


SET local check_function_bodies = off;

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
  perform private.start_clock(3);
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

CREATE OR REPLACE FUNCTION private.card_of (
  viewer_id  uuid,
  post_id    bigint,
  hidden_ids uuid[]
)
  RETURNS TABLE (
    id          bigint,
    card        public.card,
    reply_to_id bigint,
    quote_of_id bigint
  )
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT posts.id,
     ROW(posts.id, ROW(profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author, posts.title, posts.content, posts.content_warning,
       posts.language, posts.entities,
         CASE
             WHEN ((posts.audience = 'mentioned'::public.audience) OR (posts.entities @> '[{"type": "mention"}]'::jsonb)) THEN
               ARRAY( SELECT ROW(named.username, ROW(mentioned.id, mentioned.username, mentioned.display_name, mentioned.avatar_url)::public.author)::public.mention AS "row"
                FROM ((public.post_mentions
                  JOIN public.profiles mentioned ON ((mentioned.id = post_mentions.profile_id)))
                  CROSS JOIN LATERAL unnest(
                     CASE
                         WHEN (post_mentions.usernames = '{}'::text[]) THEN ARRAY[lower(mentioned.username)]
                         ELSE post_mentions.usernames
                     END) named(username))
               WHERE ((post_mentions.post_id = posts.id) AND (mentioned.id <> ALL (card_of.hidden_ids)))
               ORDER BY named.username)
             ELSE '{}'::public.mention[]
         END, posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at, counts.likes, counts.replies, counts.reposts, counts.quotes,
         CASE
             WHEN (counts.likes > 0) THEN (( SELECT true
                FROM public.likes
               WHERE ((likes.user_id = card_of.viewer_id) AND (likes.post_id = posts.id))) IS TRUE)
             ELSE false
         END,
         CASE
             WHEN ( SELECT true
                FROM public.bookmarks
               WHERE (bookmarks.user_id = card_of.viewer_id)
              LIMIT 1) THEN (( SELECT true
                FROM public.bookmarks
               WHERE ((bookmarks.user_id = card_of.viewer_id) AND (bookmarks.post_id = posts.id))) IS TRUE)
             ELSE false
         END,
         CASE
             WHEN (counts.reposts > 0) THEN (( SELECT true
                FROM public.posts repost
               WHERE ((repost.repost_of_id = posts.id) AND (repost.author_id = card_of.viewer_id))) IS TRUE)
             ELSE false
         END, posts.is_open)::public.card
  AS "row",
     posts.reply_to_id,
     posts.quote_of_id
    FROM ((private.counts_of(card_of.viewer_id, card_of.post_id, card_of.hidden_ids) counts(post_id, likes, replies, reposts, quotes)
      CROSS JOIN LATERAL ( SELECT posts_1.id,
             posts_1.author_id,
             posts_1.title,
             posts_1.content,
             posts_1.content_warning,
             posts_1.language,
             posts_1.entities,
             posts_1.audience,
             posts_1.is_open,
             posts_1.reply_to_id,
             posts_1.thread_id,
             posts_1.quote_of_id,
             posts_1.repost_of_id,
             posts_1.created_at,
             posts_1.edited_at
            FROM public.posts posts_1
           WHERE (posts_1.id = counts.post_id)
          OFFSET 0) posts)
      CROSS JOIN LATERAL ( SELECT profiles_1.id,
             profiles_1.username,
             profiles_1.display_name,
             profiles_1.bio,
             profiles_1.avatar_url,
             profiles_1.links,
             profiles_1.is_private,
             profiles_1.is_searchable,
             profiles_1.is_discoverable,
             profiles_1.shows_likes,
             profiles_1.created_at
            FROM public.profiles profiles_1
           WHERE (profiles_1.id = posts.author_id)
          OFFSET 0) profiles);
END;

CREATE OR REPLACE FUNCTION private.create_group (
  name       text,
  member_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'conversation', 1);
  perform private.check_members(viewer_id, create_group.member_ids);
  perform private.start_clock(3);
  perform private.await_partings(create_group.member_ids);

  insert into private.conversations (kind, member_count)
  values ('group', 1)
  returning conversations.* into conversation;
  insert into private.groups (conversation_id, name)
  values (conversation.id, coalesce(create_group.name, ''));
  insert into private.conversation_members (conversation_id, user_id, role)
  values (conversation.id, viewer_id, 'owner');
  perform private.tell(conversation.id, array[viewer_id]);
  perform private.add_change(conversation, 'created', viewer_id, null, create_group.name);
  perform private.add_people(conversation, viewer_id, create_group.member_ids);
  return conversation.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed_items (
  viewer_id  uuid,
  item_ids   bigint[],
  post_ids   bigint[],
  hidden_ids uuid[]   DEFAULT NULL::uuid[]
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  if hidden_ids is null then
    hidden_ids := array(select hidden.id from private.hidden_from(feed_items.viewer_id) as hidden (id));
  end if;

  return query
  with page as materialized (
    select
      item.place, item.id, shown.card, shown.reply_to_id, shown.quote_of_id,
      case when entry.repost_of_id is not null then entry.author_id end as reposter_id
    from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
    cross join lateral (
      select * from public.posts where posts.id = item.post_id offset 0
    ) as entry
    cross join lateral private.card_of(
      feed_items.viewer_id, coalesce(entry.repost_of_id, entry.id), feed_items.hidden_ids
    ) as shown
  ),
  quoted as materialized (
    select cards.id, cards.card
    from private.cards(feed_items.viewer_id, array(
      select named.id
      from (select distinct page.quote_of_id from page where page.quote_of_id is not null) as named (id)
      where private.sees_post(feed_items.viewer_id, named.id)
    )) as cards
  )
  select
    page.id,
    page.card,
    case when page.reposter_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = page.reposter_id
    ) end,
    case when page.reply_to_id is not null then (
      select case when parent.author_id <> all (feed_items.hidden_ids) and (
        select true
        from private.is_for(
          feed_items.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
        )
      ) then (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author end
      from public.posts as parent
      join public.profiles on profiles.id = parent.author_id
      where parent.id = page.reply_to_id
    ) end,
    case when page.quote_of_id is not null then (
      select quoted.card from quoted where quoted.id = page.quote_of_id
    ) end
  from page
  order by page.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.feed_page (
  feed       public.feed,
  of         text,
  viewer_id  uuid,
  hidden_ids uuid[],
  below      bigint,
  above      bigint,
  page_size  integer,
  is_counted boolean,
  OUT        item_ids bigint[],
  OUT        post_ids bigint[]
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.hold_conversation (
  conversation_id bigint
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  soon timestamptz := clock_timestamp() + interval '3s';
  held private.conversations;
begin
  -- Those who came first have 3 s each. So nobody waits for several of them for longer than 6 s.
  perform private.start_clock(6);
  select conversations.* into held
  from private.conversations
  where conversations.id = hold_conversation.conversation_id
  for no key update;
  if not found then
    perform private.refuse_conversation();
  end if;
  if clock_timestamp() < soon then
    perform private.start_clock(3);
  end if;
  return held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if new.reply_to_id is not null then
    perform private.hold_existing_post(new.reply_to_id);
  end if;
  if new.quote_of_id is not null then
    perform private.hold_existing_post(new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    perform private.hold_existing_post(new.repost_of_id);
    perform private.hold_post(new.repost_of_id);
    if private.opens(new) <> new.is_open then
      -- The account has become private meanwhile. That is refused as if it had been before.
      perform private.find_open_post(coalesce(auth.uid(), new.author_id), new.repost_of_id);
      perform private.refuse_busy_post();
    end if;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_trying (
  attempt    regproc,
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  call constant text := format('select %s($1)', keep_trying.attempt);
  is_done boolean;
begin
  for try in 1..25 loop
    begin
      execute call into is_done using keep_trying.profile_id;
      if is_done then
        return true;
      end if;
      -- It releases the rows.
      raise lock_not_available;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;

  perform pg_advisory_xact_lock(hashtextextended('rows that are kept', 0));
  for try in 1..175 loop
    execute call into is_done using keep_trying.profile_id;
    exit when is_done;
    perform pg_sleep(0.02);
  end loop;
  return is_done;
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_account (
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not private.keep_trying('private.try_account', lock_account.profile_id) then
    raise sqlstate 'PT503' using
      message = 'Others are writing to this account at this moment. Try again', detail = 'profile_busy';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_posts_of (
  profile_id uuid
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not private.keep_trying('private.try_posts_of', lock_posts_of.profile_id) then
    raise sqlstate 'PT503' using
      message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
  end if;
  return array(
    select posts.id from public.posts where posts.author_id = lock_posts_of.profile_id
    union
    select reposts.id
    from public.posts
    join public.posts as reposts on reposts.repost_of_id = posts.id
    where posts.author_id = lock_posts_of.profile_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.more_people (
  viewer_id uuid,
  tags      text[]
)
  RETURNS private.suggestion_candidates
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  language text := private.usual_language(viewer_id);
  followers uuid[] := array(
    select follows.follower_id
    from public.follows
    where follows.followee_id = viewer_id
    order by follows.id desc
    limit 20
  );
  writers uuid[] := array(
    select posts.author_id
    from unnest(more_people.tags[:10]) as wanted (tag)
    cross join lateral (
      select post_tags.post_id
      from public.post_tags
      where post_tags.tag = wanted.tag and post_tags.is_open
      order by post_tags.post_id desc
      limit 50
    ) as tagged
    cross join lateral (
      select * from public.posts where posts.id = tagged.post_id offset 0
    ) as posts
    cross join lateral private.trusted(posts.author_id)
    group by posts.author_id
    order by count(distinct wanted.tag) desc, count(*) desc, max(posts.id) desc
    limit 20
  );
  known uuid[] := private.pool_part(8::smallint, language, viewer_id, 20) || private.pool_part(8::smallint, '', viewer_id, 20);
begin
  return (
    followers || writers || known,
    array_fill(2::smallint, array[cardinality(followers)]) || array_fill(6::smallint, array[cardinality(writers)])
      || array_fill(8::smallint, array[cardinality(known)]),
    '{}'
  )::private.suggestion_candidates;
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
  perform private.start_clock(3);
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
  perform private.start_clock(3);
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id
    and follows.followee_id = (select private.viewer());
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reposts_start_clock()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Not for reposts that are deleted with their original.
  if pg_trigger_depth() = 1 then
    perform private.start_clock(3);
  end if;
  return old;
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
  post public.posts := private.find_post(viewer_id, post_id);
begin
  perform private.start_clock(3);
  perform private.hold_existing_post(post.id);
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
  perform private.start_clock(3);
  if not exists (
    select from private.hold_person(require_profile.profile_id)
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    perform private.refuse_profile();
  end if;
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
  narrow tsquery;
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
  select found.* into post_ids, narrow
  from private.search_open_posts(
    viewer_id, hidden_ids || array(select search_switches.author_id from private.search_switches limit 1000),
    search, since_id, before_id, end_id - first_id, search_posts.page_size
  ) as found;
  if viewer_id is not null then
    -- If the page is full, only limited posts that are newer than its last post can
    -- still come into it.
    if cardinality(post_ids) = search_posts.page_size then
      since_id := post_ids[search_posts.page_size];
    end if;
    -- A statement of its own. Inside the query below, the planner would run it to make an
    -- estimate, and then run it again.
    circle_ids := private.search_circle(
      viewer_id, hidden_ids, search, narrow, since_id, before_id, search_posts.page_size
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
    cross join lateral (
      select * from public.posts where posts.id = found.id offset 0
    ) as posts
    where exists (
      select from private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    )
    order by found.place
  );
  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids, hidden_ids) as items;
end;
$function$;

CREATE OR REPLACE FUNCTION private.start_clock (
  seconds integer
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  setting text;
begin
  if auth.uid() is not null then
    -- A clock that runs keeps its time when the setting changes. So this one stops first.
    setting := set_config('transaction_timeout', '0', true);
    setting := set_config('transaction_timeout', start_clock.seconds || 's', true);
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
    -- Somebody else's account may be deleted, and the row with it. Not for posts: to delete one with
    -- many likes takes longer. And not for blocks: the end of one waits for conversations.
    if tg_op = 'DELETE' and tg_table_name in (
      'follows', 'follow_requests', 'mutes', 'list_members', 'likes', 'bookmarks', 'thread_mutes'
    ) then
      perform private.start_clock(3);
    end if;
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

CREATE OR REPLACE FUNCTION private.timeline (
  viewer_id  uuid,
  list_id    uuid,
  hidden_ids uuid[],
  below      bigint,
  above      bigint,
  page_size  integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  muted_ids uuid[];
  unwanted_ids uuid[];
  -- In home, the viewer. In a list, null.
  reader_id uuid;
  author_ids uuid[];
  authors integer;
  tags text[] := '{}';
  wanted integer := timeline.page_size * 3 / 2 + 1;
  batch bigint[];
  page bigint[] := '{}';
begin
  if timeline.list_id is null then
    reader_id := timeline.viewer_id;
    author_ids := array[timeline.viewer_id];
    select
      array(select muted.id from private.muted_by(timeline.viewer_id) as muted (id)),
      array(select tag_follows.tag from public.tag_follows where tag_follows.user_id = timeline.viewer_id),
      (select counts.following from private.follow_counts as counts where counts.profile_id = timeline.viewer_id)
    into muted_ids, tags, authors;
    unwanted_ids := hidden_ids || muted_ids;
  else
    muted_ids := array(select muted.id from private.muted_by(timeline.viewer_id) as muted (id));
    unwanted_ids := hidden_ids || muted_ids;
    author_ids := array(
      select list_members.profile_id
      from public.list_members
      where list_members.list_id = timeline.list_id
        and list_members.profile_id <> all (unwanted_ids)
        and exists (select from private.lets_in(timeline.viewer_id, list_members.profile_id))
    );
    authors := cardinality(author_ids);
  end if;

  loop
    batch := private.newest_posts(
      timeline.viewer_id, reader_id, author_ids, authors, tags, unwanted_ids, below, above, wanted
    );
    page := page || array(
      select entry.id
      from unnest(batch) with ordinality as candidate (id, place)
      cross join lateral (
        select * from public.posts where posts.id = candidate.id offset 0
      ) as entry
      left join lateral (
        select * from public.posts where posts.id = entry.repost_of_id offset 0
      ) as original on true
      cross join lateral (
        select
          coalesce(original.id, entry.id) as id,
          coalesce(original.author_id, entry.author_id) as author_id,
          coalesce(original.audience, entry.audience) as audience,
          coalesce(original.is_open, entry.is_open) as is_open,
          coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id,
          coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
      ) as shown
      where shown.author_id <> all (unwanted_ids)
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
          -- Whether the feed has the post itself. It has every candidate that is not a
          -- repost, except for some replies.
          (
            original.id is null
            or shown.author_id = any (author_ids)
            or (reader_id is not null and (
              select true from public.follows
              where follows.follower_id = timeline.viewer_id and follows.followee_id = shown.author_id
            ) is true)
            or (cardinality(tags) > 0 and exists (
              select from public.post_tags
              where post_tags.post_id = shown.id and post_tags.tag = any (tags)
            ))
          )
          and (shown.reply_to_id is null or (
            select parent.author_id = timeline.viewer_id or (
              (
                parent.author_id = any (author_ids)
                or (reader_id is not null and parent.author_id <> all (muted_ids) and (
                  select true from public.follows
                  where follows.follower_id = timeline.viewer_id and follows.followee_id = parent.author_id
                ) is true)
              )
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
          when reader_id is not null and authors > (
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
              -- Postgres reads the people that the viewer follows only if it gets here.
              and earlier.author_id = any (author_ids || array(
                select follows.followee_id
                from public.follows
                where follows.follower_id = reader_id and follows.followee_id <> all (muted_ids)
              ))
              and earlier.id < entry.id
          )
        end)
      order by candidate.place
      limit timeline.page_size - cardinality(page)
    );
    exit when cardinality(page) >= timeline.page_size or cardinality(batch) < wanted;
    below := batch[wanted];
    wanted := least(wanted * 2, 1000);
  end loop;
  return page;
end;
$function$;

CREATE OR REPLACE FUNCTION private.try_account (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- $1 is the person, $2 their posts. Postgres locks the rows that nobody else has.
  lock_rows constant text := $query$
    with held as materialized (
      select from public.%1$I where %2$s for update skip locked
    )
    select (select count(*) from held) = (select count(*) from public.%1$I where %2$s)
  $query$;
  ids bigint[] := array(select posts.id from public.posts where posts.author_id = try_account.profile_id);
  rows record;
  are_held boolean;
  all_held boolean := true;
begin
  for rows in
    values
      ('profiles', 'id = $1'),
      ('posts', 'author_id = $1'),
      ('posts', 'repost_of_id = any ($2)'),
      ('likes', 'user_id = $1 or post_id = any ($2)'),
      ('bookmarks', 'post_id = any ($2)'),
      ('thread_mutes', 'post_id = any ($2)'),
      ('post_mentions', 'profile_id = $1'),
      ('list_members', 'profile_id = $1'),
      ('follows', 'follower_id = $1 or followee_id = $1'),
      ('follow_requests', 'target_id = $1'),
      ('mutes', 'muted_id = $1'),
      ('blocks', 'blocked_id = $1')
  loop
    execute format(lock_rows, rows.column1, rows.column2) into are_held using try_account.profile_id, ids;
    all_held := all_held and are_held;
    -- The person may be writing. Their statement keeps the profile, and may need the other rows.
    exit when rows.column1 = 'profiles' and not are_held;
  end loop;
  return all_held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.try_posts_of (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  own_ids bigint[] := array(
    select posts.id
    from public.posts
    where posts.author_id = try_posts_of.profile_id
    for no key update skip locked
  );
  repost_ids bigint[];
begin
  if cardinality(own_ids) < (
    select count(*) from public.posts where posts.author_id = try_posts_of.profile_id
  ) then
    return false;
  end if;

  repost_ids := array(
    select posts.id
    from public.posts
    where posts.repost_of_id = any (own_ids)
    for no key update skip locked
  );
  return cardinality(repost_ids) = (
    select count(*) from public.posts where posts.repost_of_id = any (own_ids)
  );
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
  repost_of_id    bigint,
  client_id       uuid
)
  RETURNS public.feed_item
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  is_repeated boolean := false;
  item public.feed_item;
begin
  if write_post.client_id is not null then
    -- Two such requests may come at the same moment. The second waits here, and then finds the
    -- key of the first. It spends nothing, so it is answered even if the budget is used up.
    perform private.take_own_turn(viewer_id);
    select post_keys.post_id into new_id
    from private.post_keys
    where post_keys.author_id = viewer_id and post_keys.client_id = write_post.client_id;
    is_repeated := found;
  end if;

  if not is_repeated then
    perform private.start_clock(3);
    insert into public.posts (
      author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
    )
    -- Null means the same as nothing, as for the other arguments.
    values (
      viewer_id, coalesce(write_post.title, ''), coalesce(write_post.content, ''),
      coalesce(write_post.content_warning, ''), write_post.language, coalesce(write_post.audience, 'everyone'),
      write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
    )
    returning posts.id into new_id;
    if write_post.client_id is not null then
      insert into private.post_keys (author_id, client_id, post_id)
      values (viewer_id, write_post.client_id, new_id);
    end if;
  end if;

  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items;
  if not found then
    raise sqlstate 'PT404' using message = 'This post was written, and is deleted by now', detail = 'post_not_found';
  end if;
  return item;
end;
$function$;

CREATE TRIGGER reposts_start_clock
  BEFORE DELETE ON public.posts
  FOR EACH ROW
  WHEN ((old.repost_of_id IS NOT NULL))
  EXECUTE FUNCTION private.reposts_start_clock();

COMMENT ON FUNCTION "private"."keep_trying"(regproc, uuid) IS 'Calls a function, which takes the locks of rows about a person that nobody else has, until it has them all. It tries for about 4 seconds. Then the answer is false.';

COMMENT ON FUNCTION "private"."lock_account"(uuid) IS 'Locks what is deleted with an account. It tries for about 4 seconds. Then the error PT503, if others still change some of it.';

COMMENT ON FUNCTION "private"."reposts_start_clock"() IS 'Starts the clock of a statement that deletes a repost.';

COMMENT ON FUNCTION "private"."start_clock"(integer) IS 'Ends the session of a person after this time, unless the transaction ends before. Call it before you lock what others need.';

COMMENT ON FUNCTION "private"."try_account"(uuid) IS 'Locks the profile, posts, likes and follows of somebody, and what others keep of them. False if others hold some of them. Then what it got stays locked.';

COMMENT ON FUNCTION "private"."try_posts_of"(uuid) IS 'Locks all posts of somebody, and the reposts of these posts. False if others hold some of them. Then what it got stays locked.';

REVOKE ALL ON FUNCTION "private"."keep_trying"(regproc, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_trying"(regproc, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_trying"(regproc, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."reposts_start_clock"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reposts_start_clock"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."reposts_start_clock"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."start_clock"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."start_clock"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."start_clock"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_account"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_account"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_account"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_posts_of"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_posts_of"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_posts_of"(uuid) TO "postgres";
