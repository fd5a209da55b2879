/*
 * Pages of messages look them up by their keys, also if Postgres believes that the tables are empty. A count of
 * limited posts starts no other processes. The job that computes the suggestions of one person reads fewer
 * follows.
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

CREATE OR REPLACE FUNCTION private.many_limited_seen (
  viewer_id  uuid,
  place      text,
  hidden_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_seqscan TO 'off'
  SET max_parallel_workers_per_gather TO '0'
  AS $function$
begin
  return (
    select count(*)
    from private.addressed_posts
    where addressed_posts.reader_place = many_limited_seen.place || ' ' || many_limited_seen.viewer_id::text
      and addressed_posts.author_id <> many_limited_seen.viewer_id
      and addressed_posts.author_id <> all (many_limited_seen.hidden_ids)
  ) + (
    select coalesce(sum(theirs.amount), 0)
    from (
      select many_limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = many_limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = many_limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = many_limited_seen.viewer_id)
    ) as theirs
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_rows (
  viewer_id   uuid,
  nameless    uuid[],
  speechless  uuid[],
  message_ids bigint[]
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  post_ids bigint[] := case when message_rows.viewer_id is not null then array(
    select distinct messages.post_id
    from unnest(message_rows.message_ids) as wanted (id)
    cross join lateral (
      select * from private.messages where messages.id = wanted.id offset 0
    ) as messages
    where messages.post_id is not null and private.sees_post(message_rows.viewer_id, messages.post_id)
  ) else '{}' end;
  posts public.card[] := case when cardinality(post_ids) > 0 then array(
    select cards.card
    from private.cards(message_rows.viewer_id, post_ids) as cards
  ) end;
begin
  return query
  select
    messages.id, messages.conversation_id, messages.seq,
    shown.sender,
    case when shown.has_text and (shown.sender).id is not null then messages.client_id end,
    messages.change,
    private.author_of(messages.target_id, message_rows.nameless),
    case when shown.has_text then messages.content else '' end,
    case when shown.has_text then messages.entities else '[]' end,
    case when shown.has_text and messages.entities @> '[{"type": "mention"}]' then array(
      select (
        message_mentions.username, private.author_of(message_mentions.user_id, message_rows.nameless)
      )::public.mention
      from private.message_mentions
      where message_mentions.message_id = messages.id
        and message_mentions.user_id <> all (message_rows.nameless)
      order by message_mentions.username
    ) else '{}' end,
    case when shown.has_text then messages.reply_to_id end,
    case when shown.has_text and message_rows.viewer_id is not null and messages.reply_to_id is not null then (
      select (
        quoted.id, quoted.seq, private.author_of(quoted.sender_id, message_rows.nameless),
        case when of_quoted.has_text then private.cut(quoted.content, 200) else '' end,
        not of_quoted.has_text
      )::public.message_quote
      from private.messages as quoted
      join private.conversation_members on conversation_members.conversation_id = quoted.conversation_id
        and conversation_members.user_id = message_rows.viewer_id
        and conversation_members.from_seq < quoted.seq
      cross join lateral (
        select quoted.deleted_at is null
          and (quoted.expires_at is null or quoted.expires_at > now())
          and coalesce(quoted.sender_id <> all (message_rows.speechless), true)
          and not exists (
            select from private.hidden_messages
            where hidden_messages.user_id = message_rows.viewer_id and hidden_messages.message_id = quoted.id
          ) as has_text
      ) as of_quoted
      where quoted.id = messages.reply_to_id
    ) end,
    case when shown.has_text then messages.post_id end,
    case when shown.has_text and posts is not null then (
      select shared
      from unnest(posts) as shared
      where shared.id = messages.post_id
    ) end,
    case when shown.has_text and messages.has_reactions
      then private.reactions_of(messages.id, message_rows.nameless) else '[]' end,
    messages.change is null and not shown.has_text,
    messages.created_at,
    case when shown.has_text then messages.edited_at end,
    messages.expires_at
  from unnest(message_rows.message_ids) with ordinality as wanted (id, place)
  cross join lateral (
    select * from private.messages where messages.id = wanted.id offset 0
  ) as messages
  -- "offset 0" makes Postgres look the sender up once. What a deleted account did to a group stays.
  cross join lateral (
    select
      private.author_of(messages.sender_id, message_rows.nameless) as sender,
      messages.deleted_at is null
        and (messages.expires_at is null or messages.expires_at > now())
        and (
          coalesce(messages.sender_id <> all (message_rows.speechless), true)
          or messages.change is not null
            and not exists (select from public.profiles where profiles.id = messages.sender_id)
        ) as has_text
    offset 0
  ) as shown
  order by wanted.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_neighbourhood (
  profile_id uuid
)
  RETURNS SETOF private.neighbours
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most_own constant integer := 100;
  most_own_followers constant integer := 100;
  most_followees constant integer := 50;
  most_followers constant integer := 30;
  most_alike constant integer := 150;
  followee_ids uuid[];
  follower_ids uuid[];
begin
  followee_ids := array(
    select follows.followee_id from public.follows
    where follows.follower_id = suggestion_neighbourhood.profile_id
    order by follows.id desc
    limit most_own
  );
  follower_ids := array(
    select follows.follower_id from public.follows
    where follows.followee_id = suggestion_neighbourhood.profile_id
    order by follows.id desc
    limit most_own_followers
  );
  return query
  with followers_of as materialized (
    select
      followee.id,
      array(
        select follows.follower_id from public.follows
        where follows.followee_id = followee.id and follows.follower_id <> suggestion_neighbourhood.profile_id
        order by follows.id desc
        limit most_followers
      ) as member_ids
    from unnest(followee_ids) as followee (id)
  ),
  alike as materialized (
    select member.id
    from followers_of
    cross join unnest(followers_of.member_ids) as member (id)
    group by member.id
    order by count(*) desc, uuid_hash_extended(member.id, 0)
    limit most_alike
  ),
  near as (
    select near.id from unnest(followee_ids) as near (id)
    union
    select near.id from unnest(follower_ids) as near (id)
    union
    select alike.id from alike
  )
  select
    uuid_send(suggestion_neighbourhood.profile_id),
    own.side,
    (select string_agg(uuid_send(member.id), '') from unnest(own.ids) as member (id))
  from (values
    ('followees'::private.follow_side, followee_ids),
    ('followers'::private.follow_side, follower_ids)
  ) as own (side, ids)
  where own.ids <> '{}'
  union all
  select
    uuid_send(followers_of.id),
    'followers'::private.follow_side,
    (select string_agg(uuid_send(member.id), '') from unnest(followers_of.member_ids) as member (id))
  from followers_of
  where followers_of.member_ids <> '{}'
  union all
  select uuid_send(found.id), 'followees'::private.follow_side, found.members
  from (
    select near.id, (
      select string_agg(uuid_send(chosen.followee_id), '')
      from (
        (
          select follows.followee_id from public.follows
          where follows.follower_id = near.id and follows.followee_id >= near.first_id
          order by follows.followee_id
          limit most_followees
        )
        union all
        (
          select follows.followee_id from public.follows
          where follows.follower_id = near.id and follows.followee_id < near.first_id
          order by follows.followee_id
          limit most_followees
        )
        limit most_followees
      ) as chosen
    ) as members
    -- A sample that begins at a random id favours nobody. It is the same at every call, so lists stay stable.
    from (select near.id, md5(near.id::text)::uuid as first_id from near offset 0) as near
    offset 0
  ) as found
  where found.members is not null;
end;
$function$;

COMMENT ON FUNCTION "private"."suggestion_neighbourhood"(uuid) IS 'The follows around a person, at most 20,700 of them.';
