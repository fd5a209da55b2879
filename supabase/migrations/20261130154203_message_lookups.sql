/*
 * Pages of messages look them up by their keys, also if Postgres believes that the tables are empty.
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
