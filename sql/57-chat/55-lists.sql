/*
 * lists of conversations
 *
 * A person's conversations, the one with the newest message first, with everything that a list
 * shows, and the members of one.
 */

create type public.conversation_folder as enum ('inbox', 'requests', 'archived', 'pinned');
comment on type public.conversation_folder is 'inbox: accepted and not archived, pinned ones included. requests: not accepted yet.';

create type public.conversation as (
  id                bigint,
  kind              public.conversation_kind,
  name              text,
  description       text,
  picture_url       text,
  topic             text,
  role              public.conversation_role,
  members           public.author[],
  member_count      integer,
  last_message      public.message,
  last_seq          bigint,
  read_seq          bigint,
  unread            bigint,
  mentions          bigint,
  is_marked_unread  boolean,
  is_request        boolean,
  is_frozen         boolean,
  is_locked         boolean,
  history           public.shown_history,
  expires_after     integer,
  muted_until       timestamptz,
  is_archived       boolean,
  is_pinned         boolean,
  shows_receipts    boolean,
  keeps_deleted     boolean,
  draft             text,
  view              integer,
  place             bigint
);

comment on type public.conversation is 'A conversation as its member sees it. members are up to five others. unread and mentions count messages. When view is another number than before, read the messages that you show again. place is the cursor of a list.';
comment on column public.conversation.name is 'The name of a group. Null: show the other person.';
comment on column public.conversation.picture_url is 'An https address, or null.';
comment on column public.conversation.topic is 'The topic to listen to. Null while you may not: in a request, when nobody can write any more, or in a group where you block a member.';
comment on column public.conversation.last_message is 'The newest message that you read, or null.';
comment on column public.conversation.read_seq is 'Up to here you have read.';
comment on column public.conversation.is_frozen is 'Whether nobody can write any more, because the other account is gone.';
comment on column public.conversation.history is 'What newcomers of a group read. Null in a direct conversation.';
comment on column public.conversation.expires_after is 'The number of seconds after which the text of a message disappears. Null: never.';
comment on column public.conversation.muted_until is 'Until when you muted it, or null.';
comment on column public.conversation.keeps_deleted is 'In a direct conversation: whether the messages of the other stay when they delete their account. In a group, whether they stay for all.';

-- Reading --------------------------------------------------------------------

create function private.conversation_row(conversation private.conversations, own private.conversation_members)
returns public.conversation
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  viewer_id uuid := own.user_id;
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  unheard_ids uuid[] := private.unheard_ids(conversation, own);
  shown private.groups;
  row_of public.conversation;
  newest public.message;
begin
  select groups.* into shown
  from private.groups
  where groups.conversation_id = conversation.id;
  row_of.id := conversation.id;
  row_of.kind := conversation.kind;
  row_of.name := shown.name;
  row_of.description := coalesce(shown.description, '');
  row_of.picture_url := shown.picture_url;
  row_of.is_frozen := private.is_frozen(conversation);
  row_of.topic := case
    when own.is_accepted and not own.is_declined and not own.is_apart and not row_of.is_frozen
      then private.topic_of(conversation)
  end;
  row_of.role := own.role;
  row_of.members := array(
    select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
    from private.conversation_members as others
    join public.profiles on profiles.id = others.user_id
    where others.conversation_id = conversation.id
      and others.user_id <> viewer_id and others.user_id <> all (hidden_ids)
    order by others.user_id
    limit 5
  );
  row_of.member_count := private.count_members(conversation, hidden_ids);
  select seen.* into newest
  from private.message_rows(
    viewer_id, hidden_ids, unheard_ids, private.message_page(own, null, null, true, 1)
  ) as seen;
  row_of.last_message := case when newest.id is not null then newest end;
  row_of.last_seq := conversation.last_seq;
  row_of.read_seq := own.read_seq;
  row_of.unread := private.unread_messages(conversation, own, unheard_ids);
  row_of.mentions := case
    when row_of.unread = 0 then 0 else private.unread_mentions(conversation, own, unheard_ids)
  end;
  row_of.is_marked_unread := own.is_marked_unread;
  row_of.is_request := not own.is_accepted;
  row_of.is_locked := coalesce(shown.is_locked, false);
  row_of.history := shown.history;
  row_of.expires_after := extract(epoch from conversation.expires_after);
  row_of.muted_until := case when own.muted_until > now() then own.muted_until end;
  row_of.is_archived := own.is_archived;
  row_of.is_pinned := own.is_pinned;
  row_of.shows_receipts := own.shows_receipts;
  row_of.keeps_deleted := coalesce(shown.keeps_deleted, own.keeps_deleted);
  row_of.draft := own.draft;
  row_of.view := own.view;
  row_of.place := conversation.last_id;
  return row_of;
end;
$$;

comment on function private.conversation_row is 'A conversation as its member sees it.';
revoke all on function private.conversation_row (private.conversations, private.conversation_members)
  from public, anon, authenticated, service_role;

-- What the event of a person's own stream says about a conversation. Realtime keeps it for three
-- days. So it has no text of a message, which somebody may delete in that time.
create function private.conversation_payload(user_id uuid, conversation_id bigint)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  seen public.conversation;
begin
  -- In "from", because "(conversation_row(…)).*" would call the function once for each column.
  select shown.* into seen
  from private.conversation_members as own
  join private.conversations on conversations.id = own.conversation_id
  cross join lateral private.conversation_row(conversations, own) as shown
  where own.user_id = conversation_payload.user_id
    and own.conversation_id = conversation_payload.conversation_id
    and not own.is_declined
    and not private.is_locked_out(conversation_payload.user_id);
  return jsonb_build_object(
    'conversation_id', conversation_payload.conversation_id,
    'conversation', case when seen.id is not null then to_jsonb(seen) - 'last_message' end
  );
end;
$$;

comment on function private.conversation_payload is 'A conversation as an event of somebody''s own stream tells it, without last_message. conversation is null: they are not a member any more, or declined it, or their account is locked.';
revoke all on function private.conversation_payload (uuid, bigint) from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may read conversations. A direct conversation in which
-- nobody wrote is in no list. It sorts only ids, because a person may be in thousands.
create function private.list_conversations(before bigint, page_size integer, folder public.conversation_folder)
returns setof public.conversation
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.chat_viewer();
  folder public.conversation_folder := coalesce(list_conversations.folder, 'inbox');
  listed record;
begin
  perform private.check_page_size(list_conversations.page_size);
  for listed in
    select own, conversations as conversation
    from (
      select conversations.id, conversations.last_id
      from private.conversation_members as own
      join private.conversations on conversations.id = own.conversation_id
      where own.user_id = viewer_id
        and not own.is_declined
        and conversations.last_id > 0
        and (list_conversations.before is null or conversations.last_id < list_conversations.before)
        and case folder
          when 'inbox' then own.is_accepted and not own.is_archived
          when 'requests' then not own.is_accepted
          when 'archived' then own.is_accepted and own.is_archived
          when 'pinned' then own.is_accepted and own.is_pinned
        end
      order by conversations.last_id desc
      limit list_conversations.page_size
    ) as page
    join private.conversations on conversations.id = page.id
    join private.conversation_members as own on own.conversation_id = page.id and own.user_id = viewer_id
    order by page.last_id desc
  loop
    return next private.conversation_row(listed.conversation, listed.own);
  end loop;
end;
$$;

comment on function private.list_conversations is 'What public.conversations() answers.';
revoke all on function private.list_conversations (bigint, integer, public.conversation_folder)
  from public, anon, authenticated, service_role;
grant execute on function private.list_conversations (bigint, integer, public.conversation_folder) to authenticated;

create function public.conversations(
  before bigint default null, page_size integer default 20, folder public.conversation_folder default 'inbox'
)
returns setof public.conversation
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.list_conversations(conversations.before, conversations.page_size, conversations.folder) as listed;
end;

comment on function public.conversations is 'Your conversations, the one with the newest message first. before is the place of the last one of the page before. page_size is 1 to 100.';
revoke all on function public.conversations (bigint, integer, public.conversation_folder)
  from public, anon, authenticated, service_role;
grant execute on function public.conversations (bigint, integer, public.conversation_folder) to authenticated;

create function private.one_conversation(conversation_id bigint)
returns setof public.conversation
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members := private.member_of(viewer_id, one_conversation.conversation_id);
begin
  return query
  select seen.*
  from private.conversations
  cross join lateral private.conversation_row(conversations, own) as seen
  where conversations.id = own.conversation_id;
end;
$$;

comment on function private.one_conversation is 'What public.conversation() answers.';
revoke all on function private.one_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function private.one_conversation (bigint) to authenticated;

create function public.conversation(conversation_id bigint)
returns setof public.conversation
language sql
stable
security invoker
rows 1
begin atomic
  select one.*
  from private.one_conversation(conversation.conversation_id) as one;
end;

comment on function public.conversation is 'One of your conversations.';
revoke all on function public.conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function public.conversation (bigint) to authenticated;

-- Members --------------------------------------------------------------------

create type public.conversation_member as (
  profile      public.author,
  role         public.conversation_role,
  is_accepted  boolean,
  joined_at    timestamptz
);

comment on type public.conversation_member is 'A member of a conversation.';

create function private.list_members(conversation_id bigint)
returns setof public.conversation_member
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members := private.member_of(viewer_id, list_members.conversation_id);
begin
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    members.role,
    -- In a direct conversation, nobody learns whether the other accepted. In a group, its owner and admins
    -- learn it. A newcomer who follows the person that adds them has accepted at once, and follows may be private.
    members.is_accepted or own.role > 'admin' or exists (
      select from private.conversations
      where conversations.id = own.conversation_id and conversations.kind = 'direct'
    ),
    members.joined_at
  from private.conversation_members as members
  join public.profiles on profiles.id = members.user_id
  where members.conversation_id = own.conversation_id
    and members.user_id not in (select private.hidden_ids(viewer_id))
  order by members.role, lower(profiles.username);
end;
$$;

comment on function private.list_members is 'What public.conversation_members() answers.';
revoke all on function private.list_members (bigint) from public, anon, authenticated, service_role;
grant execute on function private.list_members (bigint) to authenticated;

create function public.conversation_members(conversation_id bigint)
returns setof public.conversation_member
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.list_members(conversation_members.conversation_id) as listed;
end;

comment on function public.conversation_members is 'The members of a conversation, up to 500: the owner, admins, members, each by username.';
revoke all on function public.conversation_members (bigint) from public, anon, authenticated, service_role;
grant execute on function public.conversation_members (bigint) to authenticated;
