/*
 * reading
 *
 * What a member reads of a message, and how a message looks. The rule is here and nowhere else:
 *
 *   - Members read what was said after their from_seq (10-conversations.sql), and not what they
 *     deleted for themselves.
 *   - Nobody reads the text of a deleted message, or of one whose time is over.
 *   - If one of two people blocks the other, neither reads the other. A message of a hidden
 *     person looks like a deleted message of a deleted account. In a direct conversation, the
 *     text stays for a member who keeps deleted accounts, as it does after a deletion.
 *   - Nobody reads the text of a deleted account that nobody keeps, also before the job has
 *     erased it (74-erasing-job.sql). It reads the same before and after that.
 *
 * The topic of a conversation hears everybody's messages, so it has no viewer. It hears
 * nothing of a message that concerns a member who is apart (70-blocks.sql), and nothing that
 * depends on the viewer.
 */

-- Types ----------------------------------------------------------------------

create type public.message_quote as (
  id          bigint,
  seq         bigint,
  sender      public.author,
  content     text,
  is_deleted  boolean
);

comment on type public.message_quote is 'The message that a message answers, as it is now: the first 200 characters of its text.';
comment on column public.message_quote.sender is 'Null: the account is deleted.';

create type public.message as (
  id               bigint,
  conversation_id  bigint,
  seq              bigint,
  sender           public.author,
  client_id        text,
  change           public.conversation_change,
  target           public.author,
  content          text,
  entities         jsonb,
  mentions         public.mention[],
  reply_to_id      bigint,
  reply_to         public.message_quote,
  post_id          bigint,
  post             public.card,
  reactions        jsonb,
  is_deleted       boolean,
  created_at       timestamptz,
  edited_at        timestamptz,
  expires_at       timestamptz
);

comment on type public.message is 'A message as its reader sees it. reactions is [{"emoji": "👍", "count": 1, "profile_ids": ["…"]}], in the order of the first one of each kind. profile_ids has the first 100 people.';
comment on column public.message.sender is 'Who said or did it. Null: the account is deleted.';
comment on column public.message.client_id is 'The key that the sender''s client made. Null for changes and deleted messages.';
comment on column public.message.change is 'What happened to the conversation. Null: somebody said something.';
comment on column public.message.target is 'The person it happened to, or null.';
comment on column public.message.reply_to_id is 'The message that it answers, or null.';
comment on column public.message.reply_to is 'The message that it answers, or null when there is none, or you cannot read it. Null in broadcasts.';
comment on column public.message.post_id is 'The post that it shares, or null.';
comment on column public.message.post is 'The post that it shares, or null when you cannot see it. Null in broadcasts.';
comment on column public.message.edited_at is 'When it was last edited, or null.';
comment on column public.message.expires_at is 'When its text disappears, or null.';

-- Rules ----------------------------------------------------------------------

create function private.unheard_ids(conversation private.conversations, member private.conversation_members)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select hidden.id
    from private.hidden_ids(member.user_id) as hidden (id)
    where not (conversation.kind = 'direct' and member.keeps_deleted)
    union all
    select ended_senders.user_id
    from private.ended_senders
    where ended_senders.conversation_id = conversation.id and not ended_senders.keeps_text
  );
end;
$$;

comment on function private.unheard_ids is 'The people whose text a member does not read.';
revoke all on function private.unheard_ids (private.conversations, private.conversation_members)
  from public, anon, authenticated, service_role;

create function private.unheard_in(conversation_id bigint, user_id uuid)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    select private.unheard_ids(conversations, members)
    from private.conversations
    join private.conversation_members as members on members.conversation_id = conversations.id
    where conversations.id = unheard_in.conversation_id and members.user_id = unheard_in.user_id
  );
end;
$$;

comment on function private.unheard_in is 'The people whose text a member of a conversation does not read.';
revoke all on function private.unheard_in (bigint, uuid) from public, anon, authenticated, service_role;

-- The ids of a page. It reads the index of the conversation in one direction.
create function private.message_page(
  member private.conversation_members, after_seq bigint, before_seq bigint, is_backward boolean, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  lowest bigint := greatest(member.from_seq, coalesce(message_page.after_seq, 0));
  highest bigint := coalesce(message_page.before_seq, 9223372036854775807);
begin
  if message_page.is_backward then
    return array(
      select messages.id
      from private.messages
      where messages.conversation_id = member.conversation_id
        and messages.seq > lowest and messages.seq < highest
        and not exists (
          select from private.hidden_messages
          where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
        )
      order by messages.seq desc
      limit message_page.page_size
    );
  end if;
  return array(
    select messages.id
    from private.messages
    where messages.conversation_id = member.conversation_id
      and messages.seq > lowest and messages.seq < highest
      and not exists (
        select from private.hidden_messages
        where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
      )
    order by messages.seq
    limit message_page.page_size
  );
end;
$$;

comment on function private.message_page is 'The ids of the messages that a member reads, between two numbers: the last ones or the first ones.';
revoke all on function private.message_page (private.conversation_members, bigint, bigint, boolean, integer)
  from public, anon, authenticated, service_role;

-- A message that the viewer may react to, answer, edit or delete. The caller holds the
-- conversation.
create function private.require_message(member private.conversation_members, message_id bigint)
returns private.messages
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  conversation private.conversations;
  message private.messages;
begin
  select conversations.* into conversation
  from private.conversations
  where conversations.id = member.conversation_id;
  select messages.* into message
  from private.messages
  where messages.id = require_message.message_id
    and messages.conversation_id = member.conversation_id
    and messages.seq > member.from_seq
    and messages.change is null
    and messages.deleted_at is null
    and (messages.expires_at is null or messages.expires_at > now())
    and coalesce(messages.sender_id <> all (private.unheard_ids(conversation, member)), true)
    and not exists (
      select from private.hidden_messages
      where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
    );
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such message', detail = 'message_not_found';
  end if;
  return message;
end;
$$;

comment on function private.require_message is 'A message with text that the member reads. The error PT404 when there is none.';
revoke all on function private.require_message (private.conversation_members, bigint)
  from public, anon, authenticated, service_role;

-- How it looks ---------------------------------------------------------------

-- Plpgsql, here and below, because Postgres keeps its plan. It would plan a subquery of a function in
-- SQL again for each page.
create function private.author_of(profile_id uuid, hidden_ids uuid[])
returns public.author
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  author public.author;
begin
  select profiles.id, profiles.username, profiles.display_name, profiles.avatar_url into author
  from public.profiles
  where profiles.id = author_of.profile_id and profiles.id <> all (author_of.hidden_ids);
  return case when author.id is not null then author end;
end;
$$;

comment on function private.author_of is 'A person as a list shows them. Null for a deleted account, and for a hidden one.';
revoke all on function private.author_of (uuid, uuid[]) from public, anon, authenticated, service_role;

/*
 * nameless: people whose name the reader does not see. speechless: people whose text the reader
 * does not read. A viewer who is null is the topic of the conversation.
 */
create function private.message_rows(viewer_id uuid, nameless uuid[], speechless uuid[], message_ids bigint[])
returns setof public.message
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 20
as $$
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
$$;

comment on function private.message_rows is 'Messages as a reader sees them, in the order given. Give only messages that the reader may read.';
revoke all on function private.message_rows (uuid, uuid[], uuid[], bigint[]) from public, anon, authenticated, service_role;

create function private.reactions_of(message_id bigint, nameless uuid[])
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  most constant integer := 100;
begin
  return (
    select coalesce(
      jsonb_agg(
        jsonb_build_object('emoji', kinds.emoji, 'count', kinds.count, 'profile_ids', kinds.profile_ids[:most])
        order by kinds.first_id
      ),
      '[]'
    )
    from (
      select
        message_reactions.emoji, min(message_reactions.id) as first_id,
        count(*) as count, array_agg(message_reactions.user_id order by message_reactions.id) as profile_ids
      from private.message_reactions
      where message_reactions.message_id = reactions_of.message_id
        and message_reactions.user_id <> all (reactions_of.nameless)
      group by message_reactions.emoji
    ) as kinds
  );
end;
$$;

comment on function private.reactions_of is 'The reactions to a message, without those of some people.';
revoke all on function private.reactions_of (bigint, uuid[]) from public, anon, authenticated, service_role;

create function private.messages_for(member private.conversation_members, message_ids bigint[])
returns setof public.message
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  conversation private.conversations;
begin
  select conversations.* into conversation
  from private.conversations
  where conversations.id = member.conversation_id;
  return query
  select listed.*
  from private.message_rows(
    member.user_id, array(select private.hidden_ids(member.user_id)), private.unheard_ids(conversation, member),
    messages_for.message_ids
  ) as listed;
end;
$$;

comment on function private.messages_for is 'Messages of one conversation as a member sees them.';
revoke all on function private.messages_for (private.conversation_members, bigint[])
  from public, anon, authenticated, service_role;
