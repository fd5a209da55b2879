/*
 * Chat: conversations, messages, receipts, requests, invites, and what is told of them.
 *
 * Written by comparing the migrations before it with sql/. Nobody has a conversation yet, so
 * only the limits and the jobs are added at the end.
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

DROP FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams);

CREATE TABLE "private"."chat_settings" (
  "user_id" uuid NOT NULL,
  CONSTRAINT "chat_settings_pkey" PRIMARY KEY (user_id)
);

CREATE TABLE "private"."conversation_bells" (
  "conversation_id" bigint NOT NULL,
  "seq"             bigint NOT NULL,
  "id"              bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  CONSTRAINT "conversation_bells_pkey" PRIMARY KEY (conversation_id, seq)
);

CREATE TABLE "private"."conversation_events" (
  "conversation_id" bigint NOT NULL,
  "seq"             bigint NOT NULL,
  CONSTRAINT "conversation_events_pkey" PRIMARY KEY (conversation_id, seq)
);

CREATE TABLE "private"."conversation_members" (
  "conversation_id" bigint NOT NULL,
  "user_id"         uuid   NOT NULL,
  CONSTRAINT "conversation_members_pkey" PRIMARY KEY (conversation_id, user_id)
);

ALTER TABLE "private"."conversation_members"
  SET (fillfactor=70);

CREATE TABLE "private"."conversation_tellings" (
  "user_id"         uuid    NOT NULL,
  "conversation_id" bigint  NOT NULL,
  "is_left"         boolean NOT NULL DEFAULT false,
  "id"              bigint  GENERATED ALWAYS AS IDENTITY NOT NULL,
  CONSTRAINT "conversation_tellings_pkey" PRIMARY KEY (user_id, conversation_id)
);

CREATE TABLE "private"."conversations" (
  "id" bigint NOT NULL DEFAULT private.new_id(),
  CONSTRAINT "conversations_pkey" PRIMARY KEY (id)
);

ALTER TABLE "private"."conversations"
  SET (fillfactor=50);

CREATE TABLE "private"."group_invites" (
  "code"            text                     NOT NULL,
  "conversation_id" bigint                   NOT NULL,
  "creator_id"      uuid,
  "expires_at"      timestamp with time zone,
  "uses_left"       integer,
  "needs_approval"  boolean                  NOT NULL DEFAULT false,
  "created_at"      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "group_invites_pkey" PRIMARY KEY (code),
  CONSTRAINT "group_invites_uses_left_check" CHECK ((uses_left >= 0))
);

CREATE TABLE "private"."group_removals" (
  "conversation_id" bigint NOT NULL,
  "user_id"         uuid   NOT NULL,
  CONSTRAINT "group_removals_pkey" PRIMARY KEY (conversation_id, user_id)
);

CREATE TABLE "private"."groups" (
  "conversation_id" bigint NOT NULL,
  "name"            text   NOT NULL,
  "description"     text   NOT NULL DEFAULT ''::text,
  "picture_url"     text,
  CONSTRAINT "groups_pkey" PRIMARY KEY (conversation_id),
  CONSTRAINT "groups_description_length"
    CHECK
    (private.rule(((char_length(description) <= 500) AND ((description = ''::text) OR (NOT private.is_blank(description)))), 'group_description_length'::text,
    'The description of a group is empty, or has at most 500 characters'::text)),
  CONSTRAINT "groups_name_format"
    CHECK
    (private.rule(((char_length(name) >= 1) AND (char_length(name) <= 100) AND private.is_name(name)), 'group_name_format'::text,
    'The name of a group is one line of 1 to 100 characters, with something to see'::text)),
  CONSTRAINT "groups_picture_url_format"
    CHECK (private.rule(private.is_https_url(picture_url, 500), 'picture_url_format'::text, 'A picture is an https:// address of at most 500 characters'::text))
);

CREATE TABLE "private"."hidden_messages" (
  "user_id"    uuid   NOT NULL,
  "message_id" bigint NOT NULL,
  CONSTRAINT "hidden_messages_pkey" PRIMARY KEY (user_id, message_id)
);

CREATE TABLE "private"."join_requests" (
  "conversation_id" bigint                   NOT NULL,
  "user_id"         uuid                     NOT NULL,
  "created_at"      timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "join_requests_pkey" PRIMARY KEY (conversation_id, user_id)
);

CREATE TABLE "private"."message_mentions" (
  "message_id" bigint NOT NULL,
  "user_id"    uuid   NOT NULL,
  "username"   text   NOT NULL,
  CONSTRAINT "message_mentions_pkey" PRIMARY KEY (message_id, user_id)
);

CREATE TABLE "private"."message_reactions" (
  "message_id" bigint NOT NULL,
  "user_id"    uuid   NOT NULL,
  "emoji"      text   NOT NULL,
  CONSTRAINT "message_reactions_pkey" PRIMARY KEY (message_id, emoji, user_id),
  "id"         bigint NOT NULL DEFAULT private.new_id()
);

CREATE TABLE "private"."message_search" (
  "message_id" bigint   NOT NULL,
  "vector"     tsvector NOT NULL,
  CONSTRAINT "message_search_pkey" PRIMARY KEY (message_id)
);

CREATE TABLE "private"."message_versions" (
  "message_id"  bigint                   NOT NULL,
  "version"     integer                  NOT NULL,
  "content"     text                     NOT NULL,
  "replaced_at" timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT "message_versions_pkey" PRIMARY KEY (message_id, VERSION)
);

CREATE TABLE "private"."messages" (
  "conversation_id" bigint NOT NULL,
  "seq"             bigint NOT NULL,
  "sender_id"       uuid,
  "client_id"       text,
  CONSTRAINT "messages_conversation_id_seq_key" UNIQUE (conversation_id, seq),
  CONSTRAINT "messages_sender_id_client_id_key" UNIQUE (sender_id, client_id),
  "id"              bigint NOT NULL DEFAULT private.new_id(),
  CONSTRAINT "messages_pkey" PRIMARY KEY (id)
);

ALTER TABLE "private"."messages"
  SET (fillfactor=90);

CREATE TABLE "private"."unread_conversations" (
  "user_id"         uuid   NOT NULL,
  "conversation_id" bigint NOT NULL,
  CONSTRAINT "unread_conversations_pkey" PRIMARY KEY (user_id, conversation_id)
);

CREATE TYPE "private"."conversation_event_kind" AS ENUM (
  'message',
  'conversation',
  'pointer',
  'moved',
  'start_over'
);

ALTER TABLE "private"."conversation_events"
  ADD COLUMN "kind" private.conversation_event_kind NOT NULL;

ALTER TABLE "private"."conversation_events"
  ADD COLUMN "subject" bigint;

ALTER TABLE "private"."conversation_events"
  ADD COLUMN "user_id" uuid;

ALTER TABLE "private"."conversation_events"
  ADD COLUMN "created_at" timestamp WITH time zone NOT NULL DEFAULT now();

CREATE TYPE "public"."conversation_change" AS ENUM (
  'created',
  'added',
  'joined',
  'left',
  'removed',
  'named',
  'described',
  'pictured',
  'locked',
  'unlocked',
  'role',
  'owner',
  'history',
  'expiry'
);

ALTER TABLE "private"."messages"
  ADD COLUMN "change" public.conversation_change;

ALTER TABLE "private"."messages"
  ADD COLUMN "target_id" uuid;

ALTER TABLE "private"."messages"
  ADD COLUMN "content" text NOT NULL DEFAULT ''::text;

ALTER TABLE "private"."messages"
  ADD COLUMN "entities" jsonb NOT NULL DEFAULT '[]'::jsonb;

ALTER TABLE "private"."messages"
  ADD COLUMN "reply_to_id" bigint;

ALTER TABLE "private"."messages"
  ADD COLUMN "post_id" bigint;

ALTER TABLE "private"."messages"
  ADD COLUMN "has_reactions" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."messages"
  ADD COLUMN "created_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TABLE "private"."messages"
  ADD COLUMN "edited_at" timestamp WITH time zone;

ALTER TABLE "private"."messages"
  ADD COLUMN "deleted_at" timestamp WITH time zone;

ALTER TABLE "private"."messages"
  ADD COLUMN "expires_at" timestamp WITH time zone;

CREATE TYPE "public"."conversation_folder" AS ENUM (
  'inbox',
  'requests',
  'archived',
  'pinned'
);

CREATE TYPE "public"."conversation_kind" AS ENUM (
  'direct',
  'group'
);

ALTER TABLE "private"."conversations"
  ADD COLUMN "kind" public.conversation_kind NOT NULL;

ALTER TABLE "private"."conversations"
  ADD COLUMN "low_id" uuid;

ALTER TABLE "private"."conversations"
  ADD COLUMN "high_id" uuid;

ALTER TABLE "private"."conversations"
  ADD COLUMN "last_seq" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversations"
  ADD COLUMN "last_id" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversations"
  ADD COLUMN "epoch" integer NOT NULL DEFAULT 1;

ALTER TABLE "private"."conversations"
  ADD COLUMN "member_count" integer NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversations"
  ADD COLUMN "expires_after" interval;

CREATE TYPE "public"."conversation_role" AS ENUM (
  'owner',
  'admin',
  'member'
);

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "role" public.conversation_role NOT NULL DEFAULT 'member'::public.conversation_role;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "is_accepted" boolean NOT NULL DEFAULT true;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "is_declined" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "is_apart" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "from_seq" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "joined_at" timestamp WITH time zone NOT NULL DEFAULT now();

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "delivered_seq" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "read_seq" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "shown_seq" bigint NOT NULL DEFAULT 0;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "is_marked_unread" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "view" integer NOT NULL DEFAULT EXTRACT(epoch FROM (now() - '2026-01-01 00:00:00+00'::timestamp WITH time zone));

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "muted_until" timestamp WITH time zone;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "is_archived" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "is_pinned" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "shows_receipts" boolean NOT NULL DEFAULT true;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "keeps_deleted" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."conversation_members"
  ADD COLUMN "draft" text NOT NULL DEFAULT ''::text;

CREATE TYPE "public"."conversation_member" AS (
  "profile"     public.author,
  "role"        public.conversation_role,
  "is_accepted" boolean,
  "joined_at"   timestamp WITH time zone
);

CREATE TYPE "public"."group_invite" AS (
  "code"           text,
  "expires_at"     timestamp WITH time zone,
  "uses_left"      integer,
  "needs_approval" boolean,
  "created_at"     timestamp WITH time zone
);

CREATE TYPE "public"."invite_preview" AS (
  "conversation_id" bigint,
  "name"            text,
  "description"     text,
  "picture_url"     text,
  "member_count"    integer,
  "needs_approval"  boolean
);

CREATE TYPE "public"."join_answer" AS ENUM (
  'joined',
  'requested'
);

ALTER TYPE "public"."limited_action" ADD VALUE 'message' BEFORE 'search';


SET local check_function_bodies = off;

ALTER TYPE "public"."limited_action" ADD VALUE 'message_edit' BEFORE 'search';


SET local check_function_bodies = off;

ALTER TYPE "public"."limited_action" ADD VALUE 'reaction' BEFORE 'search';


SET local check_function_bodies = off;

ALTER TYPE "public"."limited_action" ADD VALUE 'conversation' BEFORE 'search';


SET local check_function_bodies = off;

ALTER TYPE "public"."limited_action" ADD VALUE 'membership' BEFORE 'search';


SET local check_function_bodies = off;

CREATE TYPE "public"."message_quote" AS (
  "id"         bigint,
  "seq"        bigint,
  "sender"     public.author,
  "content"    text,
  "is_deleted" boolean
);

CREATE TYPE "public"."message_version" AS (
  "version"     integer,
  "content"     text,
  "replaced_at" timestamp WITH time zone
);

CREATE TYPE "public"."message" AS (
  "id"              bigint,
  "conversation_id" bigint,
  "seq"             bigint,
  "sender"          public.author,
  "client_id"       text,
  "change"          public.conversation_change,
  "target"          public.author,
  "content"         text,
  "entities"        jsonb,
  "mentions"        public.mention[],
  "reply_to_id"     bigint,
  "reply_to"        public.message_quote,
  "post_id"         bigint,
  "post"            public.card,
  "reactions"       jsonb,
  "is_deleted"      boolean,
  "created_at"      timestamp WITH time zone,
  "edited_at"       timestamp WITH time zone,
  "expires_at"      timestamp WITH time zone
);

CREATE TYPE "public"."receipt" AS (
  "profile"       public.author,
  "delivered_seq" bigint,
  "read_seq"      bigint
);

CREATE TYPE "public"."shown_history" AS ENUM (
  'all',
  'joining',
  'none'
);

ALTER TABLE "private"."groups"
  ADD COLUMN "history" public.shown_history NOT NULL DEFAULT 'all'::public.shown_history;

ALTER TABLE "private"."groups"
  ADD COLUMN "is_locked" boolean NOT NULL DEFAULT false;

ALTER TABLE "private"."groups"
  ADD COLUMN "keeps_deleted" boolean NOT NULL DEFAULT false;

CREATE TYPE "public"."conversation" AS (
  "id"               bigint,
  "kind"             public.conversation_kind,
  "name"             text,
  "description"      text,
  "picture_url"      text,
  "topic"            text,
  "role"             public.conversation_role,
  "members"          public.author[],
  "member_count"     integer,
  "last_message"     public.message,
  "last_seq"         bigint,
  "read_seq"         bigint,
  "unread"           bigint,
  "mentions"         bigint,
  "is_marked_unread" boolean,
  "is_request"       boolean,
  "is_frozen"        boolean,
  "is_locked"        boolean,
  "history"          public.shown_history,
  "expires_after"    integer,
  "muted_until"      timestamp WITH time zone,
  "is_archived"      boolean,
  "is_pinned"        boolean,
  "shows_receipts"   boolean,
  "keeps_deleted"    boolean,
  "draft"            text,
  "view"             integer,
  "place"            bigint
);

CREATE TYPE "public"."who_may" AS ENUM (
  'everyone',
  'following',
  'nobody'
);

ALTER TABLE "private"."chat_settings"
  ADD COLUMN "who_writes" public.who_may NOT NULL DEFAULT 'everyone'::public.who_may;

ALTER TABLE "private"."chat_settings"
  ADD COLUMN "who_adds" public.who_may NOT NULL DEFAULT 'everyone'::public.who_may;

ALTER TABLE "private"."chat_settings"
  ADD COLUMN "shows_receipts" boolean NOT NULL DEFAULT true;

ALTER TABLE "private"."chat_settings"
  ADD COLUMN "shows_presence" boolean NOT NULL DEFAULT true;

CREATE TYPE "public"."chat_settings" AS (
  "who_writes"     public.who_may,
  "who_adds"       public.who_may,
  "shows_receipts" boolean,
  "shows_presence" boolean
);

ALTER TYPE "public"."unread_counts" ADD ATTRIBUTE "messages" bigint CASCADE;

ALTER TYPE "public"."unread_counts" ADD ATTRIBUTE "message_requests" bigint CASCADE;

CREATE OR REPLACE FUNCTION private.accept_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, accept_conversation.conversation_id, 'membership');
  own := private.member_of(viewer_id, conversation.id);
  if own.is_accepted and not own.is_declined then
    return;
  end if;
  conversation := private.accept_member(conversation, own);
  if conversation.kind = 'group' then
    perform private.add_change(conversation, 'joined', viewer_id);
  end if;
  perform private.tell_own_devices(viewer_id, conversation.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.accept_member (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  hides_past boolean := exists (
    select from private.groups
    where groups.conversation_id = conversation.id and groups.history = 'none'
  );
  accepted private.conversation_members;
begin
  -- The group had this rule when the person was added, and has it no more: 32-members.sql.
  update private.conversation_members
  set is_accepted = true, is_declined = false,
      from_seq = case
        when hides_past or conversation_members.from_seq > conversation.last_seq then conversation.last_seq
        else conversation_members.from_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = member.user_id
  returning conversation_members.* into accepted;
  if hides_past then
    conversation := private.move_conversation(conversation);
  end if;
  if accepted.delivered_seq > 0 and private.shows_receipts(accepted) then
    conversation := private.append_pointer_event(conversation, accepted);
  end if;
  return conversation;
end;
$function$;

CREATE OR REPLACE FUNCTION private.act_in (
  viewer_id       uuid,
  conversation_id bigint,
  action          text
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  held private.conversations;
begin
  perform private.take_own_turn(act_in.viewer_id);
  perform private.charge(act_in.viewer_id, act_in.action, 1);
  -- Before the lock, so that a stranger cannot keep a conversation busy.
  perform private.member_of(act_in.viewer_id, act_in.conversation_id);
  held := private.hold_conversation(act_in.conversation_id);
  perform private.member_of(act_in.viewer_id, act_in.conversation_id);
  -- A ban may have come while this request waited.
  perform private.chat_viewer();
  return held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.act_on_message (
  viewer_id  uuid,
  message_id bigint,
  action     text
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  held_id bigint := (
    select messages.conversation_id from private.messages where messages.id = act_on_message.message_id
  );
begin
  if held_id is null or not exists (
    select from private.conversation_members
    where conversation_members.conversation_id = held_id
      and conversation_members.user_id = act_on_message.viewer_id
  ) then
    raise sqlstate 'PT404' using message = 'There is no such message', detail = 'message_not_found';
  end if;
  return private.act_in(act_on_message.viewer_id, held_id, act_on_message.action);
end;
$function$;

CREATE OR REPLACE FUNCTION private.add_change (
  conversation private.conversations,
  change       public.conversation_change,
  actor_id     uuid,
  target_id    uuid                       DEFAULT NULL::uuid,
  content      text                       DEFAULT ''::text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message private.messages;
begin
  message.sender_id := add_change.actor_id;
  message.change := add_change.change;
  message.target_id := add_change.target_id;
  message.content := add_change.content;
  message.entities := '[]';
  message := private.add_message(conversation, message);
  perform private.announce(conversation, message);
end;
$function$;

CREATE OR REPLACE FUNCTION private.add_members (
  conversation_id bigint,
  member_ids      uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(viewer_id, add_members.conversation_id, 'membership');
  perform private.require_group(conversation);
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  perform private.check_members(viewer_id, add_members.member_ids);
  perform private.add_people(conversation, viewer_id, add_members.member_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.add_message (
  conversation private.conversations,
  message      private.messages
)
  RETURNS private.messages
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  counted private.conversations;
  added private.messages;
begin
  message.id := private.new_id();
  update private.conversations
  set last_seq = conversations.last_seq + 1,
      -- Somebody set the clock back: lists still go forward.
      last_id = greatest(conversations.last_id, message.id)
  where conversations.id = conversation.id
  returning conversations.* into counted;

  insert into private.messages (
    id, conversation_id, seq, sender_id, client_id, change, target_id, content, entities, reply_to_id, post_id,
    expires_at
  )
  values (
    message.id, counted.id, counted.last_seq, message.sender_id, message.client_id, message.change, message.target_id,
    message.content, message.entities, message.reply_to_id, message.post_id,
    case when message.change is null then now() + counted.expires_after end
  )
  returning messages.* into added;
  return added;
end;
$function$;

CREATE OR REPLACE FUNCTION private.add_people (
  conversation private.conversations,
  actor_id     uuid,
  profile_ids  uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_named constant integer := 20;
  added uuid[] := '{}';
  accepted uuid[] := '{}';
  person uuid;
  settings private.chat_settings;
begin
  for person in
    select distinct wanted.id
    from unnest(profile_ids) as wanted (id)
    where not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id and conversation_members.user_id = wanted.id
    )
    order by 1
  loop
    perform private.require_profile(actor_id, person);
    settings := private.chat_settings_of(person);
    if not private.lets(person, settings.who_adds, actor_id) then
      raise sqlstate 'PT403' using
        message = 'One of these people does not let you add them to groups', detail = 'adding_not_welcome';
    end if;
    added := added || person;
    if private.is_followed(actor_id, person) then
      accepted := accepted || person;
    end if;
  end loop;
  if cardinality(added) = 0 then
    return;
  end if;

  perform private.insert_members(conversation, added, accepted);
  delete from private.group_removals
  where group_removals.conversation_id = conversation.id and group_removals.user_id = any (added);
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id and join_requests.user_id = any (added);
  conversation := private.after_coming(conversation, added);
  if cardinality(added) <= most_named then
    foreach person in array added loop
      perform private.add_change(conversation, 'added', actor_id, person);
    end loop;
  else
    perform private.add_change(conversation, 'added', actor_id, null, cardinality(added)::text);
  end if;
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.after_coming (
  conversation private.conversations,
  newcomer_ids uuid[]
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moves boolean := exists (
    select from private.groups
    where groups.conversation_id = conversation.id and groups.history <> 'all'
  );
  newcomer uuid;
begin
  for newcomer in
    select coming.id
    from unnest(newcomer_ids) as coming (id)
    where exists (select from private.hidden_ids(coming.id))
  loop
    moves := private.set_apart(conversation.id, newcomer) or moves;
  end loop;
  if moves then
    conversation := private.move_conversation(conversation);
  end if;
  return conversation;
end;
$function$;

CREATE OR REPLACE FUNCTION private.announce (
  conversation private.conversations,
  message      private.messages
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform private.send_event(conversation, message.seq, 'message', private.message_for_all(conversation, message));
  if private.is_small(conversation.id) then
    perform private.ring(conversation.id, message.seq);
  else
    perform private.ring_later(conversation.id, message.seq);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.answer_join_request (
  conversation_id bigint,
  profile_id      uuid,
  accepts         boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(viewer_id, answer_join_request.conversation_id, 'membership');
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id
    and join_requests.user_id = answer_join_request.profile_id
    and join_requests.user_id not in (select private.hidden_ids(viewer_id));
  if not found then
    return false;
  end if;
  if answer_join_request.accepts and exists (
    select from private.hold_person(answer_join_request.profile_id)
  ) then
    perform private.insert_members(
      conversation, array[answer_join_request.profile_id], array[answer_join_request.profile_id]
    );
    conversation := private.after_coming(conversation, array[answer_join_request.profile_id]);
    perform private.add_change(conversation, 'joined', answer_join_request.profile_id);
  end if;
  perform private.append_conversation_event(conversation);
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.apart_ids (
  conversation_id bigint
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    select conversation_members.user_id
    from private.conversation_members
    where conversation_members.conversation_id = apart_ids.conversation_id and conversation_members.is_apart
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_conversation_event (
  conversation private.conversations
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  return private.append_event(
    conversation, 'conversation', null, null, private.conversation_for_all(conversation.id)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_event (
  conversation private.conversations,
  kind         private.conversation_event_kind,
  subject      bigint                          DEFAULT NULL::bigint,
  user_id      uuid                            DEFAULT NULL::uuid,
  payload      jsonb                           DEFAULT '{}'::jsonb
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  counted private.conversations;
begin
  update private.conversations
  set last_seq = conversations.last_seq + 1
  where conversations.id = conversation.id
  returning conversations.* into counted;

  insert into private.conversation_events (conversation_id, seq, kind, subject, user_id)
  values (counted.id, counted.last_seq, append_event.kind, append_event.subject, append_event.user_id);
  perform private.send_event(counted, counted.last_seq, append_event.kind, append_event.payload);
  return counted;
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_message_event (
  conversation private.conversations,
  message_id   bigint
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  message private.messages;
begin
  select messages.* into message
  from private.messages
  where messages.id = append_message_event.message_id;
  return private.append_event(
    conversation, 'message', message.id, null, private.message_for_all(conversation, message)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_pointer_event (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  all_see boolean := not member.is_apart and not exists (
    select from private.conversation_members
    where conversation_members.conversation_id = conversation.id
      and conversation_members.is_accepted
      and not private.shows_receipts(conversation_members)
  );
begin
  -- The number would tell that the other account is still there.
  if private.is_frozen(conversation) then
    return conversation;
  end if;
  return private.append_event(
    conversation, 'pointer', null, member.user_id, case when all_see then private.pointer_of(member) end
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.author_of (
  profile_id uuid,
  hidden_ids uuid[]
)
  RETURNS public.author
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  author public.author;
begin
  select profiles.id, profiles.username, profiles.display_name, profiles.avatar_url into author
  from public.profiles
  where profiles.id = author_of.profile_id and profiles.id <> all (author_of.hidden_ids);
  return case when author.id is not null then author end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_move_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  shared record;
  conversation private.conversations;
begin
  for shared in
    select
      both_in.id, array_agg(distinct added.blocker_id) as blocker_ids,
      array_agg(added.blocker_id) || array_agg(added.blocked_id) as people
    from added
    cross join lateral private.shared_conversations(added.blocker_id, added.blocked_id) as both_in (id)
    group by both_in.id
    order by both_in.id
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = shared.id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    if conversation.kind = 'group' then
      perform private.set_apart(conversation.id, blocker.id)
      from unnest(shared.blocker_ids) as blocker (id);
    end if;
    conversation := private.move_conversation(conversation);
    perform private.change_view(conversation.id, shared.people);
    -- A deleted account adds this event, too. So the numbers do not tell a block from it.
    if conversation.kind = 'direct' then
      perform private.append_event(conversation, 'start_over');
    end if;
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_open_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  shared record;
  conversation private.conversations;
begin
  for shared in
    select
      both_in.id, array_agg(distinct removed.blocker_id) as blocker_ids,
      array_agg(removed.blocker_id) || array_agg(removed.blocked_id) as people
    from removed
    cross join lateral private.shared_conversations(removed.blocker_id, removed.blocked_id) as both_in (id)
    group by both_in.id
    order by both_in.id
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = shared.id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    if conversation.kind = 'group' then
      perform private.set_apart(conversation.id, blocker.id)
      from unnest(shared.blocker_ids) as blocker (id);
    end if;
    perform private.change_view(conversation.id, shared.people);
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.change_view (
  conversation_id bigint,
  user_ids        uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  update private.conversation_members
  set view = conversation_members.view + 1
  where conversation_members.conversation_id = change_view.conversation_id
    and conversation_members.user_id = any (change_view.user_ids);
  perform private.tell(change_view.conversation_id, array(
    select members.user_id
    from private.conversation_members as members
    where members.conversation_id = change_view.conversation_id and members.user_id = any (change_view.user_ids)
  ));
end;
$function$;

CREATE OR REPLACE FUNCTION private.chat_settings_of (
  user_id uuid
)
  RETURNS private.chat_settings
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  own private.chat_settings;
begin
  select chat_settings.* into own
  from private.chat_settings
  where chat_settings.user_id = chat_settings_of.user_id;
  if not found then
    own := (chat_settings_of.user_id, 'everyone', 'everyone', true, true);
  end if;
  return own;
end;
$function$;

CREATE OR REPLACE FUNCTION private.chat_totals (
  viewer_id uuid,
  OUT       messages bigint,
  OUT       message_requests bigint
)
  RETURNS record
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most constant integer := 200;
  most_bells constant integer := 1000;
  conversation_ids bigint[];
  one_id bigint;
  hidden_ids uuid[];
  conversation private.conversations;
  own private.conversation_members;
  counted bigint;
begin
  messages := 0;
  message_requests := 0;
  conversation_ids := array(
    select unread_conversations.conversation_id
    from private.unread_conversations
    where unread_conversations.user_id = chat_totals.viewer_id
    order by unread_conversations.conversation_id desc
    limit most
  );
  -- The job has not looked at these yet.
  if exists (select from private.conversation_bells) then
    conversation_ids := conversation_ids || array(
      select distinct waiting.conversation_id
      from (select bells.conversation_id from private.conversation_bells as bells limit most_bells) as waiting
      where waiting.conversation_id <> all (conversation_ids) and exists (
        select from private.conversation_members as members
        where members.conversation_id = waiting.conversation_id and members.user_id = chat_totals.viewer_id
      )
    );
  end if;
  if cardinality(conversation_ids) = 0 or private.is_locked_out(chat_totals.viewer_id) then
    return;
  end if;

  hidden_ids := array(select private.hidden_ids(chat_totals.viewer_id));
  -- One after the other, so that Postgres never reads all conversations of the person.
  foreach one_id in array conversation_ids loop
    select conversation_members.* into own
    from private.conversation_members
    where conversation_members.conversation_id = one_id
      and conversation_members.user_id = chat_totals.viewer_id
      and not conversation_members.is_declined and not conversation_members.is_archived
      and (conversation_members.muted_until is null or conversation_members.muted_until <= now());
    continue when not found;
    select conversations.* into conversation
    from private.conversations
    where conversations.id = own.conversation_id;
    counted := private.unread_messages(
      conversation, own,
      case when conversation.kind = 'direct' and own.keeps_deleted then '{}' else hidden_ids end
    );
    if own.is_accepted then
      messages := messages + counted;
    elsif counted > 0 then
      message_requests := message_requests + 1;
    end if;
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.chat_viewer()
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  if private.is_locked_out(viewer_id) then
    raise sqlstate 'PT403' using message = 'Your account is locked', detail = 'account_locked';
  end if;
  return viewer_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.check_members (
  viewer_id  uuid,
  member_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 499;
begin
  if member_ids is null or cardinality(member_ids) > most or array_position(member_ids, null) is not null then
    raise sqlstate 'PT400' using message = 'Name up to 499 people', detail = 'members_number';
  end if;
  if cardinality(member_ids) > 0 then
    perform private.charge(check_members.viewer_id, 'membership', cardinality(member_ids));
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.check_text (
  content     text,
  is_optional boolean
)
  RETURNS void
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if char_length(content) > 10000 or not is_optional and private.is_blank(content) then
    raise sqlstate 'PT400' using
      message = 'A message has 1 to 10,000 characters, not only blank ones', detail = 'message_length';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_payload (
  user_id         uuid,
  conversation_id bigint
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  seen public.conversation;
begin
  select (private.conversation_row(conversations, own)).* into seen
  from private.conversation_members as own
  join private.conversations on conversations.id = own.conversation_id
  where own.user_id = conversation_payload.user_id
    and own.conversation_id = conversation_payload.conversation_id
    and not own.is_declined
    and not private.is_locked_out(conversation_payload.user_id);
  return jsonb_build_object(
    'conversation_id', conversation_payload.conversation_id,
    'conversation', case when seen.id is not null then to_jsonb(seen) - 'last_message' end
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_row (
  conversation private.conversations,
  own          private.conversation_members
)
  RETURNS public.conversation
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
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
  row_of.member_count := conversation.member_count - case
    when cardinality(hidden_ids) = 0 then 0
    else (
      select count(*)
      from private.conversation_members as others
      where others.conversation_id = conversation.id and others.user_id = any (hidden_ids)
    )
  end;
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
$function$;

CREATE OR REPLACE FUNCTION private.conversation_snapshot (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  newest constant integer := 50;
begin
  return jsonb_build_object(
    'conversation', to_jsonb(private.conversation_row(conversation, member)),
    'messages', coalesce(
      (
        select jsonb_agg(to_jsonb(listed) order by listed.seq)
        from private.messages_for(member, private.message_page(member, null, null, true, newest)) as listed
      ),
      '[]'
    ),
    'receipts', coalesce(
      (select jsonb_agg(to_jsonb(listed)) from private.receipts_seen_by(member) as listed), '[]'
    )
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_tellings_tell()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  stream private.streams;
begin
  if not exists (
    select from private.notice_queue
    where notice_queue.xact = pg_current_xact_id() and not notice_queue.is_left
  ) then
    select streams.* into stream
    from private.streams
    where streams.user_id = new.user_id
    for no key update skip locked;
  end if;
  if stream.user_id is null then
    update private.conversation_tellings
    set is_left = true
    where conversation_tellings.user_id = new.user_id
      and conversation_tellings.conversation_id = new.conversation_id;
    return null;
  end if;
  delete from private.conversation_tellings
  where conversation_tellings.user_id = new.user_id
    and conversation_tellings.conversation_id = new.conversation_id;
  perform private.append_events(stream, 'conversation', array[new.conversation_id]);
  return null;
end;
$function$;

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

  insert into private.conversations (kind, member_count)
  values ('group', 1)
  returning conversations.* into conversation;
  insert into private.groups (conversation_id, name)
  values (conversation.id, coalesce(create_group.name, ''));
  insert into private.conversation_members (conversation_id, user_id, role)
  values (conversation.id, viewer_id, 'owner');
  perform private.add_change(conversation, 'created', viewer_id, null, create_group.name);
  perform private.add_people(conversation, viewer_id, create_group.member_ids);
  return conversation.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.create_invite (
  conversation_id bigint,
  expires_at      timestamp with time zone,
  max_uses        integer,
  needs_approval  boolean
)
  RETURNS text
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  -- 122 random bits.
  new_code text := replace(gen_random_uuid()::text, '-', '');
begin
  conversation := private.act_in(viewer_id, create_invite.conversation_id, 'membership');
  perform private.require_group(conversation);
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  if create_invite.max_uses not between 1 and 500 or create_invite.expires_at <= now() then
    raise sqlstate 'PT400' using
      message = 'An invite is for 1 to 500 people, and ends in the future', detail = 'invite_range';
  end if;
  delete from private.group_invites
  where group_invites.conversation_id = conversation.id
    and (group_invites.expires_at <= now() or group_invites.uses_left = 0);
  if (select count(*) from private.group_invites where group_invites.conversation_id = conversation.id) >= most then
    raise sqlstate 'PT400' using message = 'A group has at most 20 invites', detail = 'too_many_invites';
  end if;
  insert into private.group_invites (code, conversation_id, creator_id, expires_at, uses_left, needs_approval)
  values (
    new_code, conversation.id, viewer_id, create_invite.expires_at, create_invite.max_uses,
    coalesce(create_invite.needs_approval, false)
  );
  return new_code;
end;
$function$;

CREATE OR REPLACE FUNCTION private.cursor_of (
  cursors jsonb,
  stream  text
)
  RETURNS bigint
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if jsonb_typeof(cursors) is distinct from 'object' or exists (
    select
    from jsonb_each(cursors) as one
    where jsonb_typeof(one.value) <> 'null'
      and (jsonb_typeof(one.value) <> 'number' or one.value #>> '{}' !~ '^[0-9]{1,18}$')
  ) then
    raise sqlstate 'PT400' using
      message = 'Cursors are an object with a whole number, or null, for each stream', detail = 'cursors_format';
  end if;
  return cursors ->> cursor_of.stream;
end;
$function$;

CREATE OR REPLACE FUNCTION private.decline_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, decline_conversation.conversation_id, 'membership');
  own := private.member_of(viewer_id, conversation.id);
  if own.is_accepted then
    raise sqlstate 'PT400' using message = 'You accepted this conversation', detail = 'already_accepted';
  end if;
  if conversation.kind = 'group' then
    perform private.end_membership(conversation, viewer_id, 'left', viewer_id);
    return;
  end if;
  update private.conversation_members
  set is_declined = true
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id;
  perform private.tell_own_devices(viewer_id, conversation.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.delete_invite (
  conversation_id bigint,
  code            text
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(viewer_id, delete_invite.conversation_id, 'membership');
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  delete from private.group_invites
  where group_invites.conversation_id = conversation.id and group_invites.code = delete_invite.code;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.delete_message (
  message_id   bigint,
  for_everyone boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
begin
  conversation := private.act_on_message(viewer_id, delete_message.message_id, 'message_edit');
  own := private.member_of(viewer_id, conversation.id);
  if not coalesce(delete_message.for_everyone, false) then
    insert into private.hidden_messages (user_id, message_id)
    select viewer_id, messages.id
    from private.messages
    where messages.id = delete_message.message_id and messages.seq > own.from_seq
    on conflict do nothing;
    if found then
      perform private.change_view(conversation.id, array[viewer_id]);
    end if;
    return;
  end if;

  select messages.* into message
  from private.messages
  where messages.id = delete_message.message_id and messages.deleted_at is not null
    and (messages.sender_id = viewer_id or conversation.kind = 'group' and own.role <= 'admin');
  if found then
    return;
  end if;
  message := private.require_message(own, delete_message.message_id);
  -- An admin also deletes what members say in their group.
  if message.sender_id is distinct from viewer_id and not (
    conversation.kind = 'group' and own.role <= 'admin' and not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id = message.sender_id
        and conversation_members.role <= own.role
    )
  ) then
    raise sqlstate 'PT403' using message = 'Only its sender deletes a message', detail = 'not_your_message';
  end if;
  perform private.erase_message(conversation, message);
end;
$function$;

CREATE OR REPLACE FUNCTION private.direct_conversation (
  profile_id uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  low uuid := least(viewer_id, direct_conversation.profile_id);
  high uuid := greatest(viewer_id, direct_conversation.profile_id);
  found_id bigint;
  conversation private.conversations;
  own private.conversation_members;
begin
  perform private.take_own_turn(viewer_id);
  if direct_conversation.profile_id is distinct from viewer_id then
    perform private.require_profile(viewer_id, direct_conversation.profile_id);
  end if;
  select conversations.id into found_id
  from private.conversations
  where conversations.low_id = low and conversations.high_id = high;
  if found then
    -- A person who asks for the conversation wants it back.
    if (private.member_of(viewer_id, found_id)).is_declined then
      conversation := private.hold_conversation(found_id);
      own := private.member_of(viewer_id, found_id);
      perform private.accept_member(conversation, own);
      perform private.tell_own_devices(viewer_id, found_id);
    end if;
    return found_id;
  end if;

  perform private.charge(viewer_id, 'conversation', 1);
  perform private.require_welcome(direct_conversation.profile_id, viewer_id);
  insert into private.conversations (kind, low_id, high_id, member_count)
  values ('direct', low, high, case when low = high then 1 else 2 end)
  on conflict (low_id, high_id) where low_id is not null do nothing
  returning conversations.id into found_id;
  if found_id is null then
    select conversations.id into found_id
    from private.conversations
    where conversations.low_id = low and conversations.high_id = high;
    return found_id;
  end if;

  insert into private.conversation_members (conversation_id, user_id, is_accepted)
  select found_id, person.id, person.id = viewer_id or private.is_followed(viewer_id, person.id)
  from (select low as id union select high) as person;
  return found_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.edit_message (
  message_id bigint,
  content    text
)
  RETURNS public.message
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
  answer public.message;
begin
  conversation := private.act_on_message(viewer_id, edit_message.message_id, 'message_edit');
  own := private.member_of(viewer_id, conversation.id);
  message := private.require_message(own, edit_message.message_id);
  if message.sender_id is distinct from viewer_id then
    raise sqlstate 'PT403' using message = 'Only its sender edits a message', detail = 'not_your_message';
  end if;
  perform private.may_write(conversation, own);
  perform private.check_text(coalesce(edit_message.content, ''), message.post_id is not null);

  if message.content <> coalesce(edit_message.content, '') then
    insert into private.message_versions (message_id, version, content)
    select message.id, coalesce(max(message_versions.version), 0) + 1, message.content
    from private.message_versions
    where message_versions.message_id = message.id;
    update private.messages
    set content = coalesce(edit_message.content, ''),
        entities = private.text_entities(null, coalesce(edit_message.content, '')),
        edited_at = now()
    where messages.id = message.id
    returning messages.* into message;
    perform private.name_members(message);
    perform private.index_message(message);
    conversation := private.append_message_event(conversation, message.id);
    perform private.ring_later(conversation.id, conversation.last_seq);
  end if;
  select seen.* into answer
  from private.messages_for(own, array[message.id]) as seen;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_membership (
  conversation private.conversations,
  profile_id   uuid,
  change       public.conversation_change,
  actor_id     uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moved private.conversations;
begin
  delete from private.conversation_members
  where conversation_members.conversation_id = conversation.id
    and conversation_members.user_id = end_membership.profile_id;
  update private.conversations
  set member_count = conversations.member_count - 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  if moved.member_count = 0 then
    delete from private.conversations
    where conversations.id = conversation.id;
  end if;
  delete from private.unread_conversations
  where unread_conversations.user_id = end_membership.profile_id
    and unread_conversations.conversation_id = conversation.id;
  if moved.member_count = 0 then
    return;
  end if;
  perform private.set_apart(moved.id, end_membership.profile_id);
  moved := private.move_conversation(moved);
  perform private.add_change(
    moved, end_membership.change, end_membership.actor_id,
    case when end_membership.change = 'removed' then end_membership.profile_id end
  );
  perform private.append_conversation_event(moved);
  perform private.tell(moved.id, array[end_membership.profile_id]);
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_expired (
  most integer DEFAULT 500
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  conversation private.conversations;
  message private.messages;
  erased integer := 0;
begin
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id in (
      select due.conversation_id
      from (
        select messages.conversation_id
        from private.messages
        where messages.expires_at <= now() and messages.deleted_at is null
        order by messages.expires_at
        limit erase_expired.most
      ) as due
    )
    order by conversations.id
    for no key update skip locked
  loop
    for message in
      select messages.*
      from private.messages
      where messages.conversation_id = conversation.id
        and messages.expires_at <= now() and messages.deleted_at is null
      order by messages.seq
      limit erase_expired.most
    loop
      perform private.erase_message(conversation, message);
      erased := erased + 1;
    end loop;
    exit when erased >= erase_expired.most;
  end loop;
  return erased;
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_message (
  conversation private.conversations,
  message      private.messages
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  unsent boolean;
begin
  update private.messages
  set content = '', entities = '[]', reply_to_id = null, post_id = null, has_reactions = false, edited_at = null,
      deleted_at = now()
  where messages.id = message.id;
  delete from private.message_versions
  where message_versions.message_id = message.id;
  delete from private.message_reactions
  where message_reactions.message_id = message.id;
  delete from private.message_mentions
  where message_mentions.message_id = message.id;
  delete from private.message_search
  where message_search.message_id = message.id;
  unsent := private.unsend(message);
  -- Nobody listens to a frozen conversation. An event would tell that the other account is still
  -- there. Only a person who keeps its text reads something else now.
  if private.is_frozen(conversation) then
    perform private.change_view(conversation.id, array(
      select members.user_id
      from private.conversation_members as members
      where members.conversation_id = conversation.id
        and (members.user_id = message.sender_id or members.keeps_deleted)
    ));
    return;
  end if;
  if not unsent then
    conversation := private.move_conversation(conversation);
  end if;
  conversation := private.append_message_event(conversation, message.id);
  perform private.ring_later(conversation.id, conversation.last_seq);
end;
$function$;

CREATE OR REPLACE FUNCTION private.erase_messages_of (
  conversation private.conversations,
  account_id   uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  keeps boolean := case conversation.kind
    when 'group' then (
      select groups.keeps_deleted from private.groups where groups.conversation_id = conversation.id
    )
    else exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id <> erase_messages_of.account_id
        and conversation_members.keeps_deleted
    )
  end;
begin
  if not keeps then
    delete from private.message_versions
    using private.messages
    where messages.id = message_versions.message_id
      and messages.conversation_id = conversation.id and messages.sender_id = erase_messages_of.account_id;
    delete from private.message_search
    using private.messages
    where messages.id = message_search.message_id
      and messages.conversation_id = conversation.id and messages.sender_id = erase_messages_of.account_id;
    delete from private.message_mentions
    using private.messages
    where messages.id = message_mentions.message_id
      and messages.conversation_id = conversation.id and messages.sender_id = erase_messages_of.account_id;
    delete from private.message_reactions
    using private.messages
    where messages.id = message_reactions.message_id
      and messages.conversation_id = conversation.id and messages.sender_id = erase_messages_of.account_id;
  end if;
  update private.messages
  set sender_id = null, client_id = null,
      content = case when keeps or messages.change is not null then messages.content else '' end,
      entities = case when keeps then messages.entities else '[]' end,
      reply_to_id = case when keeps then messages.reply_to_id end,
      post_id = case when keeps then messages.post_id end,
      has_reactions = keeps and messages.has_reactions,
      deleted_at = case when keeps or messages.change is not null then messages.deleted_at
        else coalesce(messages.deleted_at, now()) end
  where messages.conversation_id = conversation.id and messages.sender_id = erase_messages_of.account_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.event_payload (
  kind    private.event_kind,
  subject bigint,
  listed  jsonb,
  stream  private.streams
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return case event_payload.kind
    when 'notification' then
      coalesce(event_payload.listed, jsonb_build_object('group_id', event_payload.subject, 'count', 0))
    when 'read' then jsonb_build_object('up_to', event_payload.subject)
    when 'conversation' then private.conversation_payload(stream.user_id, event_payload.subject)
    else '{}'
  end || jsonb_build_object('unread', private.unread_numbers(stream));
end;
$function$;

CREATE OR REPLACE FUNCTION private.expire_messages (
  conversation_id bigint,
  after_seconds   integer
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  longest constant integer := 31536000;
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(viewer_id, expire_messages.conversation_id, 'membership');
  if conversation.kind = 'group' then
    perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  end if;
  perform private.require_open(conversation);
  if expire_messages.after_seconds not between 10 and longest then
    raise sqlstate 'PT400' using
      message = 'Messages disappear after 10 seconds to 365 days', detail = 'expiry_range';
  end if;
  if conversation.expires_after is not distinct from make_interval(secs => expire_messages.after_seconds) then
    return;
  end if;
  update private.conversations
  set expires_after = make_interval(secs => expire_messages.after_seconds)
  where conversations.id = conversation.id
  returning conversations.* into conversation;
  perform private.add_change(
    conversation, 'expiry', viewer_id, null, coalesce(expire_messages.after_seconds::text, '')
  );
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_conversation_events()
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  forgotten integer;
begin
  delete from private.conversation_events
  where (conversation_events.conversation_id, conversation_events.seq) in (
    select old.conversation_id, old.seq
    from private.conversation_events as old
    where old.created_at < now() - interval '30 days'
    order by old.created_at
    limit 10000
  );
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hears (
  viewer_id uuid,
  topic     text
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  parts text[] := regexp_match(hears.topic, '^conversation:([0-9]{1,18}):([0-9]{1,9})(?::typing)?$');
  conversation private.conversations;
  member private.conversation_members;
begin
  if parts is null or hears.viewer_id is null then
    return false;
  end if;
  select conversations.* into conversation
  from private.conversations
  where conversations.id = parts[1]::bigint and conversations.epoch = parts[2]::integer;
  select conversation_members.* into member
  from private.conversation_members
  where conversation_members.conversation_id = conversation.id
    and conversation_members.user_id = hears.viewer_id;
  return member.user_id is not null
    and member.is_accepted and not member.is_declined and not member.is_apart
    and not private.is_frozen(conversation)
    and not private.is_locked_out(hears.viewer_id);
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
  held private.conversations;
begin
  select conversations.* into held
  from private.conversations
  where conversations.id = hold_conversation.conversation_id
  for no key update;
  if not found then
    perform private.refuse_conversation();
  end if;
  return held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.index_message (
  message private.messages
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  as_post public.posts;
begin
  if message.content = '' then
    delete from private.message_search
    where message_search.message_id = message.id;
    return;
  end if;
  as_post.id := message.id;
  as_post.author_id := message.sender_id;
  as_post.title := '';
  as_post.content := message.content;
  as_post.entities := message.entities;
  as_post.audience := 'everyone';
  insert into private.message_search (message_id, vector)
  values (
    message.id,
    private.post_vector(as_post) || format('''in:%s''', message.conversation_id)::tsvector
  )
  on conflict (message_id) do update
  set vector = excluded.vector;
end;
$function$;

CREATE OR REPLACE FUNCTION private.inherit_group (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  heir_id uuid;
begin
  if exists (
    select from private.conversation_members
    where conversation_members.conversation_id = inherit_group.conversation_id
      and conversation_members.role = 'owner'
  ) then
    return;
  end if;
  update private.conversation_members
  set role = 'owner'
  where conversation_members.conversation_id = inherit_group.conversation_id
    and conversation_members.user_id = (
      select members.user_id
      from private.conversation_members as members
      where members.conversation_id = inherit_group.conversation_id
      order by members.role, members.is_accepted desc, members.joined_at, members.user_id
      limit 1
    )
  returning conversation_members.user_id into heir_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.insert_members (
  conversation private.conversations,
  profile_ids  uuid[],
  accepted_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 500;
  -- They read nothing until they accept (36-requests.sql).
  nothing_yet constant bigint := 9223372036854775806;
  present private.conversations;
begin
  select conversations.* into present
  from private.conversations
  where conversations.id = conversation.id;
  if present.member_count + cardinality(profile_ids) > most then
    raise sqlstate 'PT400' using message = 'A group has at most 500 members', detail = 'group_full';
  end if;

  insert into private.conversation_members (conversation_id, user_id, is_accepted, from_seq, read_seq, delivered_seq)
  select
    present.id, newcomer.id, newcomer.id = any (accepted_ids),
    case
      when groups.history = 'all' then 0
      when groups.history = 'none' and not newcomer.id = any (accepted_ids) then nothing_yet
      else present.last_seq
    end,
    present.last_seq, present.last_seq
  from unnest(profile_ids) as newcomer (id)
  join private.groups on groups.conversation_id = present.id;
  update private.conversations
  set member_count = conversations.member_count + cardinality(profile_ids)
  where conversations.id = present.id;
  perform private.tell(present.id, profile_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.invite (
  code text
)
  RETURNS SETOF public.invite_preview
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  found_invite private.group_invites := private.usable_invite(viewer_id, invite.code);
begin
  return query
  select
    conversations.id, groups.name, groups.description, groups.picture_url, conversations.member_count,
    found_invite.needs_approval
  from private.conversations
  join private.groups on groups.conversation_id = conversations.id
  where conversations.id = found_invite.conversation_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.invites (
  conversation_id bigint
)
  RETURNS SETOF public.group_invite
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
begin
  perform private.require_role(private.member_of(viewer_id, invites.conversation_id), 'admin');
  return query
  select
    group_invites.code, group_invites.expires_at, group_invites.uses_left, group_invites.needs_approval,
    group_invites.created_at
  from private.group_invites
  where group_invites.conversation_id = invites.conversation_id
  order by group_invites.created_at desc;
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_behind (
  member private.conversation_members
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  return exists (
    select from private.messages
    where messages.conversation_id = member.conversation_id
      and messages.seq > greatest(member.read_seq, member.from_seq)
      and messages.change is null
      and messages.deleted_at is null
      and messages.sender_id is distinct from member.user_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_emoji (
  emoji text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
RETURN
  ((char_length(emoji) >= 1) AND (char_length(emoji) <= 30) AND (emoji ~ (('^(?:'::text || private.grapheme_pattern()) || ')$'::text)) AND (emoji ~
  '[\u00A9\u00AE\u203C-\u20CF\u20E3\u2100-\u2BFF\u3030\u303D\u3297\u3299\U0001F000-\U0001FFFD]'::text));

CREATE OR REPLACE FUNCTION private.is_followed (
  user_id uuid,
  by_id   uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from public.follows
    where follows.follower_id = is_followed.by_id and follows.followee_id = is_followed.user_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_frozen (
  conversation private.conversations
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return conversation.kind = 'direct' and conversation.low_id <> conversation.high_id and (
    conversation.member_count < 2 or exists (
      select from private.block_between(conversation.low_id, conversation.high_id)
    )
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_locked_out (
  user_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  return exists (
    select from auth.users
    where users.id = is_locked_out.user_id and users.banned_until > now()
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_seen_in (
  viewer_id uuid,
  topic     text,
  extension text
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 50;
  settings private.chat_settings := private.chat_settings_of(is_seen_in.viewer_id);
begin
  return private.hears(is_seen_in.viewer_id, is_seen_in.topic)
    and settings.shows_presence
    and (is_seen_in.extension = 'presence') <> (is_seen_in.topic ~ ':typing$')
    and exists (
      select from private.conversations
      where conversations.id = split_part(is_seen_in.topic, ':', 2)::bigint and conversations.member_count <= most
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_small (
  conversation_id bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 10;
begin
  return not exists (
    select from private.conversations
    where conversations.id = is_small.conversation_id and conversations.member_count > most
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.join_by_invite (
  code text
)
  RETURNS public.join_answer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  invite private.group_invites;
  conversation private.conversations;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'membership', 1);
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  conversation := private.hold_conversation(invite.conversation_id);
  -- Others used it while this request waited, or a ban came.
  perform private.chat_viewer();
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  if exists (
    select from private.conversation_members
    where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  ) then
    return 'joined';
  end if;
  if invite.needs_approval then
    insert into private.join_requests (conversation_id, user_id)
    values (conversation.id, viewer_id)
    on conflict do nothing;
    if found then
      update private.group_invites
      set uses_left = group_invites.uses_left - 1
      where group_invites.code = invite.code;
      perform private.append_conversation_event(conversation);
    end if;
    return 'requested';
  end if;

  update private.group_invites
  set uses_left = group_invites.uses_left - 1
  where group_invites.code = invite.code;
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id and join_requests.user_id = viewer_id;
  perform private.insert_members(conversation, array[viewer_id], array[viewer_id]);
  conversation := private.after_coming(conversation, array[viewer_id]);
  perform private.add_change(conversation, 'joined', viewer_id);
  perform private.append_conversation_event(conversation);
  return 'joined';
end;
$function$;

CREATE OR REPLACE FUNCTION private.join_requests (
  conversation_id bigint
)
  RETURNS SETOF public.author
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 100;
  viewer_id uuid := private.chat_viewer();
begin
  perform private.require_role(private.member_of(viewer_id, join_requests.conversation_id), 'admin');
  return query
  select profiles.id, profiles.username, profiles.display_name, profiles.avatar_url
  from private.join_requests as waiting
  join public.profiles on profiles.id = waiting.user_id
  where waiting.conversation_id = join_requests.conversation_id
    and profiles.id not in (select private.hidden_ids(viewer_id))
  order by waiting.created_at, profiles.id
  limit most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.leave_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, leave_conversation.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  if own.role = 'owner' and conversation.member_count > 1 then
    raise sqlstate 'PT400' using
      message = 'Give the group to another member first', detail = 'owner_leaves';
  end if;
  perform private.end_membership(conversation, viewer_id, 'left', viewer_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.lets (
  owner_id uuid,
  rule     public.who_may,
  actor_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return lets.owner_id = lets.actor_id
    or lets.rule = 'everyone'
    or lets.rule = 'following' and private.is_followed(lets.actor_id, lets.owner_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_conversations (
  before    bigint,
  page_size integer,
  folder    public.conversation_folder
)
  RETURNS SETOF public.conversation
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  folder public.conversation_folder := coalesce(list_conversations.folder, 'inbox');
  listed record;
begin
  perform private.check_page_size(list_conversations.page_size);
  for listed in
    select own, conversations as conversation
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
  loop
    return next private.conversation_row(listed.conversation, listed.own);
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_members (
  conversation_id bigint
)
  RETURNS SETOF public.conversation_member
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members := private.member_of(viewer_id, list_members.conversation_id);
begin
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    members.role,
    -- In a direct conversation, nobody learns whether the other accepted.
    members.is_accepted or exists (
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
$function$;

CREATE OR REPLACE FUNCTION private.mark_conversation (
  conversation_id bigint,
  seq             bigint,
  is_read         boolean
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  before private.conversation_members;
  pointer bigint;
begin
  conversation := private.act_in(viewer_id, mark_conversation.conversation_id, 'mark_read');
  before := private.member_of(viewer_id, conversation.id);
  -- Nobody has read what is not written yet.
  pointer := least(greatest(coalesce(mark_conversation.seq, 0), 0), conversation.last_seq);
  update private.conversation_members
  set delivered_seq = greatest(conversation_members.delivered_seq, pointer),
      read_seq = case
        when mark_conversation.is_read then greatest(conversation_members.read_seq, pointer)
        else conversation_members.read_seq
      end,
      is_marked_unread = conversation_members.is_marked_unread and not mark_conversation.is_read,
      shown_seq = case
        when mark_conversation.is_read and private.shows_receipts(conversation_members)
          then greatest(conversation_members.shown_seq, pointer)
        else conversation_members.shown_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;

  if private.shows_receipts(own) and (own.shown_seq, own.delivered_seq) <> (before.shown_seq, before.delivered_seq) then
    perform private.append_pointer_event(conversation, own);
  end if;
  if (own.read_seq, own.is_marked_unread) <> (before.read_seq, before.is_marked_unread) then
    if not private.is_behind(own) then
      delete from private.unread_conversations
      where unread_conversations.user_id = viewer_id and unread_conversations.conversation_id = conversation.id;
    end if;
    perform private.tell_own_devices(viewer_id, conversation.id);
  end if;
  return private.unread_messages(conversation, own, private.unheard_ids(conversation, own));
end;
$function$;

CREATE OR REPLACE FUNCTION private.mark_conversation_unread (
  conversation_id bigint
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  unheard_ids uuid[];
  newest bigint;
begin
  conversation := private.act_in(viewer_id, mark_conversation_unread.conversation_id, 'mark_read');
  own := private.member_of(viewer_id, conversation.id);
  unheard_ids := private.unheard_ids(conversation, own);
  select messages.seq into newest
  from private.messages
  where messages.conversation_id = conversation.id
    and messages.seq > own.from_seq
    and messages.change is null
    and messages.deleted_at is null
    and (messages.expires_at is null or messages.expires_at > now())
    and messages.sender_id is distinct from viewer_id
    and coalesce(messages.sender_id <> all (unheard_ids), true)
    and not exists (
      select from private.hidden_messages
      where hidden_messages.user_id = viewer_id and hidden_messages.message_id = messages.id
    )
  order by messages.seq desc
  limit 1;
  update private.conversation_members
  set is_marked_unread = true,
      read_seq = least(conversation_members.read_seq, coalesce(newest - 1, conversation_members.read_seq))
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  if private.is_behind(own) then
    insert into private.unread_conversations (user_id, conversation_id)
    values (viewer_id, conversation.id)
    on conflict do nothing;
  end if;
  perform private.tell_own_devices(viewer_id, conversation.id);
  return private.unread_messages(conversation, own, unheard_ids);
end;
$function$;

CREATE OR REPLACE FUNCTION private.may_write (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  other_id uuid;
begin
  if conversation.kind = 'group' then
    if member.role = 'member' and exists (
      select from private.groups
      where groups.conversation_id = conversation.id and groups.is_locked
    ) then
      raise sqlstate 'PT403' using message = 'This group is locked', detail = 'conversation_locked';
    end if;
    return;
  end if;

  perform private.require_open(conversation);
  other_id := private.other_of(conversation, member.user_id);
  if exists (
    select from private.conversation_members
    where conversation_members.conversation_id = conversation.id
      and conversation_members.user_id = other_id
      and not conversation_members.is_accepted
  ) then
    perform private.require_welcome(other_id, member.user_id);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.member_of (
  user_id         uuid,
  conversation_id bigint
)
  RETURNS private.conversation_members
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  member private.conversation_members;
begin
  select conversation_members.* into member
  from private.conversation_members
  where conversation_members.conversation_id = member_of.conversation_id
    and conversation_members.user_id = member_of.user_id;
  if not found then
    perform private.refuse_conversation();
  end if;
  return member;
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_for_all (
  conversation private.conversations,
  message      private.messages
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  apart uuid[] := private.apart_ids(conversation.id);
begin
  if cardinality(apart) > 0 and (
    message.sender_id = any (apart)
    or message.target_id = any (apart)
    or exists (
      select from private.message_mentions
      where message_mentions.message_id = message.id and message_mentions.user_id = any (apart)
    )
    or exists (
      select from private.message_reactions
      where message_reactions.message_id = message.id and message_reactions.user_id = any (apart)
    )
  ) then
    return null;
  end if;
  return (
    select to_jsonb(seen)
    from private.message_rows(null, '{}', '{}', array[message.id]) as seen
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_page (
  member      private.conversation_members,
  after_seq   bigint,
  before_seq  bigint,
  is_backward boolean,
  page_size   integer
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
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
    join private.messages on messages.id = wanted.id
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
    private.author_of(messages.sender_id, message_rows.nameless),
    case when shown.has_text then messages.client_id end,
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
  join private.messages on messages.id = wanted.id
  cross join lateral (
    select messages.deleted_at is null
      and (messages.expires_at is null or messages.expires_at > now())
      and coalesce(messages.sender_id <> all (message_rows.speechless), true) as has_text
  ) as shown
  order by wanted.place;
end;
$function$;

CREATE OR REPLACE FUNCTION private.message_versions (
  message_id bigint
)
  RETURNS SETOF public.message_version
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 5
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 100;
  viewer_id uuid := private.chat_viewer();
  shown public.message;
begin
  select seen.* into shown
  from private.messages as edited
  join private.conversation_members on conversation_members.conversation_id = edited.conversation_id
    and conversation_members.user_id = viewer_id and conversation_members.from_seq < edited.seq
  cross join lateral private.messages_for(conversation_members, array[edited.id]) as seen
  where edited.id = message_versions.message_id
    and not exists (
      select from private.hidden_messages
      where hidden_messages.user_id = viewer_id and hidden_messages.message_id = edited.id
    );
  if shown.id is null or shown.is_deleted then
    return;
  end if;
  return query
  select versions.version, versions.content, versions.replaced_at
  from private.message_versions as versions
  where versions.message_id = shown.id
  order by versions.version desc
  limit most;
end;
$function$;

CREATE OR REPLACE FUNCTION private.messages (
  conversation_id bigint,
  before          bigint,
  after           bigint,
  around          bigint,
  page_size       integer
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members;
  ids bigint[];
begin
  perform private.check_page_size(messages.page_size);
  if num_nonnulls(messages.before, messages.after, messages.around) > 1 then
    raise sqlstate 'PT400' using
      message = 'Ask for messages before, after or around a number', detail = 'page_direction';
  end if;
  own := private.member_of(viewer_id, messages.conversation_id);
  if messages.around is not null then
    -- The message itself is the last one of the first half.
    ids := private.message_page(own, null, messages.around + 1, true, (messages.page_size + 1) / 2);
    ids := array(select unnest(ids) order by 1)
      || private.message_page(own, messages.around, null, false, messages.page_size - cardinality(ids));
  elsif messages.after is not null then
    ids := private.message_page(own, messages.after, null, false, messages.page_size);
  else
    ids := private.message_page(own, null, messages.before, true, messages.page_size);
  end if;
  return query
  select listed.*
  from private.messages_for(own, ids) as listed
  order by listed.seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.messages_for (
  member      private.conversation_members,
  message_ids bigint[]
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.move_conversation (
  conversation private.conversations
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  moved private.conversations;
begin
  update private.conversations
  set last_seq = conversations.last_seq + 1, epoch = conversations.epoch + 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  insert into private.conversation_events (conversation_id, seq, kind)
  values (moved.id, moved.last_seq, 'moved');
  perform private.send_event(
    conversation, moved.last_seq, 'moved', jsonb_build_object('topic', private.topic_of(moved))
  );

  perform private.tell(moved.id, array(
    select conversation_members.user_id
    from private.conversation_members
    where conversation_members.conversation_id = moved.id
  ));
  return moved;
end;
$function$;

CREATE OR REPLACE FUNCTION private.my_chat_settings()
  RETURNS public.chat_settings
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.chat_settings := private.chat_settings_of(viewer_id);
begin
  return (own.who_writes, own.who_adds, own.shows_receipts, own.shows_presence)::public.chat_settings;
end;
$function$;

CREATE OR REPLACE FUNCTION private.name_members (
  message private.messages
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  delete from private.message_mentions
  where message_mentions.message_id = message.id;
  if not message.entities @> '[{"type": "mention"}]' then
    return;
  end if;
  insert into private.message_mentions (message_id, user_id, username)
  select distinct on (profiles.id) message.id, profiles.id, lower(entity.value ->> 'username')
  from jsonb_array_elements(message.entities) as entity
  join public.profiles on lower(profiles.username) = lower(entity.value ->> 'username')
  join private.conversation_members on conversation_members.conversation_id = message.conversation_id
    and conversation_members.user_id = profiles.id
  where entity.value ->> 'type' = 'mention'
    and profiles.id not in (select private.hidden_ids(message.sender_id))
    and exists (select from private.hold_person(profiles.id))
  order by profiles.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.one_conversation (
  conversation_id bigint
)
  RETURNS SETOF public.conversation
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.other_of (
  conversation private.conversations,
  user_id      uuid
)
  RETURNS uuid
  LANGUAGE sql
  IMMUTABLE
RETURN CASE WHEN ((conversation).low_id = user_id) THEN (conversation).high_id ELSE (conversation).low_id END;

CREATE OR REPLACE FUNCTION private.pointer_of (
  member private.conversation_members
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  is_shown constant boolean := private.shows_receipts(member);
begin
  return jsonb_build_object(
    'profile_id', member.user_id,
    'delivered_seq', case when is_shown then member.delivered_seq end,
    'read_seq', case when is_shown then member.shown_seq end
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_chat()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  left_id bigint;
  conversation private.conversations;
  was_member boolean;
  was_frozen boolean;
begin
  for left_id in
    select members.conversation_id
    from private.conversation_members as members
    where members.user_id = old.id
    union
    select messages.conversation_id
    from private.messages
    where messages.sender_id = old.id
    order by 1
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = left_id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    was_frozen := private.is_frozen(conversation);
    perform private.erase_messages_of(conversation, old.id);
    delete from private.conversation_members
    where conversation_members.conversation_id = left_id and conversation_members.user_id = old.id;
    was_member := found;
    update private.conversations
    set member_count = conversations.member_count - was_member::integer
    where conversations.id = left_id
    returning conversations.* into conversation;
    if conversation.member_count = 0 then
      delete from private.conversations
      where conversations.id = left_id;
      continue;
    end if;
    -- The other person sees nothing else than after the block.
    continue when was_frozen;
    if conversation.kind = 'group' then
      perform private.inherit_group(left_id);
      perform private.set_apart(left_id, old.id);
    end if;
    conversation := private.move_conversation(conversation);
    if conversation.kind = 'direct' then
      perform private.change_view(left_id, array[conversation.low_id, conversation.high_id]);
    end if;
    if was_member and conversation.kind = 'group' then
      perform private.add_change(conversation, 'left', null);
    end if;
    perform private.append_event(conversation, 'start_over');
  end loop;
  -- Last, because somebody who writes may wait for these rows while they hold a conversation.
  delete from private.unread_conversations
  where unread_conversations.user_id = old.id;
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.react (
  message_id bigint,
  emoji      text,
  is_on      boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
begin
  conversation := private.act_on_message(viewer_id, react.message_id, 'reaction');
  own := private.member_of(viewer_id, conversation.id);
  message := private.require_message(own, react.message_id);
  perform private.may_write(conversation, own);
  if not react.is_on then
    delete from private.message_reactions
    where message_reactions.message_id = message.id
      and message_reactions.emoji = react.emoji
      and message_reactions.user_id = viewer_id;
    if not found then
      return;
    end if;
  else
    if private.is_emoji(react.emoji) is not true then
      raise sqlstate 'PT400' using message = 'A reaction is one emoji', detail = 'reaction_format';
    end if;
    insert into private.message_reactions (message_id, user_id, emoji)
    values (message.id, viewer_id, react.emoji)
    on conflict do nothing;
    if not found then
      return;
    end if;
    if (
      select count(distinct message_reactions.emoji)
      from private.message_reactions
      where message_reactions.message_id = message.id
    ) > most then
      raise sqlstate 'PT400' using
        message = 'A message has at most 20 kinds of reactions', detail = 'too_many_reactions';
    end if;
    update private.messages
    set has_reactions = true
    where messages.id = message.id and not messages.has_reactions;
  end if;
  perform private.append_message_event(conversation, message.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.reactions_of (
  message_id bigint,
  nameless   uuid[]
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.receipts (
  conversation_id bigint
)
  RETURNS SETOF public.receipt
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 50
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
begin
  return query
  select listed.*
  from private.receipts_seen_by(private.member_of(viewer_id, receipts.conversation_id)) as listed;
end;
$function$;

CREATE OR REPLACE FUNCTION private.receipts_seen_by (
  own private.conversation_members
)
  RETURNS SETOF public.receipt
  LANGUAGE plpgsql
  STABLE
  ROWS 50
  SET search_path TO ''
  AS $function$
begin
  if not private.shows_receipts(own) then
    return;
  end if;
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    others.delivered_seq, others.shown_seq
  from private.conversation_members as others
  join public.profiles on profiles.id = others.user_id
  where others.conversation_id = own.conversation_id
    and others.user_id <> own.user_id
    and private.shows_receipts(others)
    and others.user_id not in (select private.hidden_ids(own.user_id))
  order by others.shown_seq desc, profiles.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_conversation()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT404' using message = 'There is no such conversation', detail = 'conversation_not_found';
end;
$function$;

CREATE OR REPLACE FUNCTION private.remove_member (
  conversation_id bigint,
  profile_id      uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  other private.conversation_members;
begin
  conversation := private.act_in(viewer_id, remove_member.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  perform private.require_role(own, 'admin');
  other := private.require_member(viewer_id, conversation.id, remove_member.profile_id);
  if other.role <= own.role then
    raise sqlstate 'PT403' using
      message = 'Your role in this group does not allow that', detail = 'role_too_low';
  end if;
  -- An account that is being deleted waits for this conversation. So this must not wait for it.
  insert into private.group_removals (conversation_id, user_id)
  select conversation.id, other.user_id
  from private.hold_person(other.user_id)
  on conflict do nothing;
  perform private.end_membership(conversation, other.user_id, 'removed', viewer_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_group (
  conversation private.conversations
)
  RETURNS void
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  if conversation.kind <> 'group' then
    raise sqlstate 'PT400' using message = 'This conversation is not a group', detail = 'not_a_group';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_member (
  viewer_id       uuid,
  conversation_id bigint,
  profile_id      uuid
)
  RETURNS private.conversation_members
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  member private.conversation_members;
begin
  select conversation_members.* into member
  from private.conversation_members
  where conversation_members.conversation_id = require_member.conversation_id
    and conversation_members.user_id = require_member.profile_id
    and not exists (
      select from private.block_between(require_member.viewer_id, require_member.profile_id)
    );
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such member', detail = 'member_not_found';
  end if;
  return member;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_message (
  member     private.conversation_members,
  message_id bigint
)
  RETURNS private.messages
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.require_open (
  conversation private.conversations
)
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  if private.is_frozen(conversation) then
    raise sqlstate 'PT403' using
      message = 'Nobody can write in this conversation any more', detail = 'conversation_frozen';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_role (
  member private.conversation_members,
  role   public.conversation_role
)
  RETURNS void
  LANGUAGE plpgsql
  IMMUTABLE
  SET search_path TO ''
  AS $function$
begin
  -- The enum goes from the owner down.
  if member.role > require_role.role then
    raise sqlstate 'PT403' using
      message = 'Your role in this group does not allow that', detail = 'role_too_low';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_welcome (
  profile_id uuid,
  actor_id   uuid
)
  RETURNS void
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  settings private.chat_settings := private.chat_settings_of(require_welcome.profile_id);
begin
  if not private.lets(require_welcome.profile_id, settings.who_writes, require_welcome.actor_id) then
    raise sqlstate 'PT403' using
      message = 'This person does not take messages from you', detail = 'messages_not_welcome';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.ring (
  conversation_id bigint,
  seq             bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  news jsonb := jsonb_build_object('conversation_id', ring.conversation_id, 'last_seq', ring.seq);
begin
  insert into private.unread_conversations (user_id, conversation_id)
  select members.user_id, members.conversation_id
  from private.conversation_members as members
  where members.conversation_id = ring.conversation_id and private.is_behind(members)
  order by members.user_id
  on conflict do nothing;

  perform realtime.send(news, 'news', 'user:' || members.user_id, true)
  from private.conversation_members as members
  where members.conversation_id = ring.conversation_id and not members.is_declined;
end;
$function$;

CREATE OR REPLACE FUNCTION private.ring_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  SET lock_timeout TO '200ms'
  AS $function$
declare
  waiting_id bigint := (
    select conversation_bells.conversation_id
    from private.conversation_bells
    order by conversation_bells.id
    limit 1
  );
  newest bigint;
begin
  if waiting_id is null then
    return false;
  end if;
  begin
    perform
    from private.conversations
    where conversations.id = waiting_id
    for no key update;
  exception when lock_not_available then
    update private.conversation_bells
    set id = default
    where conversation_bells.conversation_id = waiting_id;
    return true;
  end;
  with taken as (
    delete from private.conversation_bells
    where conversation_bells.conversation_id = waiting_id
    returning conversation_bells.seq
  )
  select max(taken.seq) into newest
  from taken;
  if newest is not null then
    perform private.ring(waiting_id, newest);
  end if;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.ring_later (
  conversation_id bigint,
  seq             bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  insert into private.conversation_bells (conversation_id, seq)
  values (ring_later.conversation_id, ring_later.seq);
end;
$function$;

CREATE OR REPLACE FUNCTION private.search_messages (
  query           text,
  before          bigint,
  page_size       integer,
  conversation_id bigint
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  wanted private.search;
  places tsquery;
  own private.conversation_members;
  found record;
begin
  perform private.check_page_size(search_messages.page_size);
  perform private.spend('search');
  wanted := private.read_search(search_messages.query);
  if search_messages.conversation_id is not null then
    own := private.member_of(viewer_id, search_messages.conversation_id);
  end if;
  select string_agg(format('''in:%s''', members.conversation_id), ' | ')::tsquery into places
  from private.conversation_members as members
  where members.user_id = viewer_id
    and not members.is_declined
    and (search_messages.conversation_id is null or members.conversation_id = search_messages.conversation_id);
  if wanted.wanted is null or places is null then
    return;
  end if;

  for found in
    select messages.id, members
    from private.message_search
    join private.messages on messages.id = message_search.message_id
    join private.conversation_members as members on members.conversation_id = messages.conversation_id
      and members.user_id = viewer_id
    join private.conversations on conversations.id = messages.conversation_id
    where message_search.vector @@ (wanted.wanted && places)
      and (wanted.exact is null or message_search.vector @@ wanted.exact)
      and message_search.message_id >= wanted.since_id
      and message_search.message_id < least(wanted.until_id, search_messages.before)
      and messages.seq > members.from_seq
      and messages.deleted_at is null
      and (messages.expires_at is null or messages.expires_at > now())
      and coalesce(messages.sender_id <> all (private.unheard_ids(conversations, members)), true)
      and not exists (
        select from private.hidden_messages
        where hidden_messages.user_id = viewer_id and hidden_messages.message_id = messages.id
      )
    order by messages.id desc
    limit search_messages.page_size
  loop
    return query
    select seen.*
    from private.messages_for(found.members, array[found.id]) as seen;
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_event (
  conversation private.conversations,
  seq          bigint,
  kind         private.conversation_event_kind,
  payload      jsonb
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform realtime.send(
    jsonb_build_object('seq', send_event.seq, 'kind', send_event.kind, 'payload', send_event.payload),
    'event', private.topic_of(conversation), true
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.send_message (
  conversation_id bigint,
  client_id       text,
  content         text,
  reply_to_id     bigint,
  post_id         bigint
)
  RETURNS public.message
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
  answer public.message;
begin
  if coalesce(char_length(send_message.client_id), 0) not between 1 and 100 then
    raise sqlstate 'PT400' using
      message = 'A client makes a key of 1 to 100 characters for each message', detail = 'client_id_format';
  end if;
  perform private.take_own_turn(viewer_id);
  select messages.* into message
  from private.messages
  where messages.sender_id = viewer_id and messages.client_id = send_message.client_id;
  if found then
    return private.sent_before(viewer_id, message, send_message.conversation_id);
  end if;

  conversation := private.act_in(viewer_id, send_message.conversation_id, 'message');
  own := private.member_of(viewer_id, conversation.id);
  perform private.may_write(conversation, own);
  message.content := coalesce(send_message.content, '');
  perform private.check_text(message.content, send_message.post_id is not null);
  if send_message.reply_to_id is not null then
    message.reply_to_id := (private.require_message(own, send_message.reply_to_id)).id;
  end if;
  if send_message.post_id is not null then
    message.post_id := (private.require_post(viewer_id, send_message.post_id)).id;
  end if;
  message.sender_id := viewer_id;
  message.client_id := send_message.client_id;
  message.entities := private.text_entities(null, message.content);

  -- A member who answers accepts the request, and has read what is there.
  if not own.is_accepted or own.is_declined then
    conversation := private.accept_member(conversation, own);
    if conversation.kind = 'group' then
      perform private.add_change(conversation, 'joined', viewer_id);
    end if;
  end if;
  message := private.add_message(conversation, message);
  perform private.name_members(message);
  perform private.index_message(message);
  update private.conversation_members
  set read_seq = message.seq, delivered_seq = message.seq, is_marked_unread = false, draft = '', is_archived = false,
      shown_seq = case
        when private.shows_receipts(conversation_members) then message.seq else conversation_members.shown_seq
      end
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  delete from private.unread_conversations
  where unread_conversations.user_id = viewer_id and unread_conversations.conversation_id = conversation.id;
  perform private.announce(conversation, message);

  select seen.* into answer
  from private.messages_for(own, array[message.id]) as seen;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sent_before (
  viewer_id       uuid,
  message         private.messages,
  conversation_id bigint
)
  RETURNS public.message
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  answer public.message;
begin
  if message.conversation_id is distinct from sent_before.conversation_id then
    raise sqlstate 'PT409' using
      message = 'You used this key for a message in another conversation', detail = 'client_id_used';
  end if;
  select seen.* into answer
  from private.messages_for(
    private.member_of(sent_before.viewer_id, message.conversation_id), array[message.id]
  ) as seen;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.seq_at (
  conversation_id bigint,
  at              timestamp with time zone
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members := private.member_of(viewer_id, seq_at.conversation_id);
  -- The message is after low, and not after high.
  low bigint := own.from_seq;
  high bigint := 1 + (
    select conversations.last_seq from private.conversations where conversations.id = own.conversation_id
  );
  middle bigint;
  probe record;
begin
  while high - low > 1 loop
    middle := (low + high) / 2;
    select messages.seq, messages.created_at into probe
    from private.messages
    where messages.conversation_id = own.conversation_id and messages.seq > low and messages.seq <= middle
    order by messages.seq desc
    limit 1;
    if found and probe.created_at >= seq_at.at then
      high := probe.seq;
    else
      low := middle;
    end if;
  end loop;
  return (
    select messages.seq
    from private.messages
    where messages.conversation_id = own.conversation_id and messages.seq >= high
    order by messages.seq
    limit 1
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_apart (
  conversation_id bigint,
  person_id       uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  affected uuid;
  is_now_apart boolean;
  turned boolean := false;
begin
  for affected in
    select members.user_id
    from private.conversation_members as members
    where members.conversation_id = set_apart.conversation_id and (
      members.user_id = set_apart.person_id
      or members.user_id in (select private.hidden_ids(set_apart.person_id))
    )
    order by 1
  loop
    is_now_apart := exists (
      select from private.conversation_members as others
      where others.conversation_id = set_apart.conversation_id
        and others.user_id in (select private.hidden_ids(affected))
        and affected in (select private.blocker_ids(others.user_id))
    );
    update private.conversation_members
    set is_apart = is_now_apart
    where conversation_members.conversation_id = set_apart.conversation_id
      and conversation_members.user_id = affected
      and conversation_members.is_apart <> is_now_apart;
    turned := turned or found and is_now_apart;
  end loop;
  return turned;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_chat_settings (
  who_writes     public.who_may,
  who_adds       public.who_may,
  shows_receipts boolean,
  shows_presence boolean
)
  RETURNS public.chat_settings
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.chat_settings;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'setting', 1);
  own := private.chat_settings_of(viewer_id);
  insert into private.chat_settings as known (user_id, who_writes, who_adds, shows_receipts, shows_presence)
  values (
    viewer_id,
    coalesce(set_chat_settings.who_writes, own.who_writes),
    coalesce(set_chat_settings.who_adds, own.who_adds),
    coalesce(set_chat_settings.shows_receipts, own.shows_receipts),
    coalesce(set_chat_settings.shows_presence, own.shows_presence)
  )
  on conflict on constraint chat_settings_pkey do update
  set who_writes = excluded.who_writes, who_adds = excluded.who_adds,
      shows_receipts = excluded.shows_receipts, shows_presence = excluded.shows_presence;
  return private.my_chat_settings();
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_conversation (
  conversation_id bigint,
  muted_until     timestamp with time zone,
  is_archived     boolean,
  is_pinned       boolean,
  shows_receipts  boolean,
  keeps_deleted   boolean,
  draft           text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  before private.conversation_members;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, set_conversation.conversation_id, 'draft');
  before := private.member_of(viewer_id, conversation.id);
  update private.conversation_members
  set muted_until = coalesce(set_conversation.muted_until, conversation_members.muted_until),
      is_archived = coalesce(set_conversation.is_archived, conversation_members.is_archived),
      is_pinned = coalesce(set_conversation.is_pinned, conversation_members.is_pinned),
      shows_receipts = coalesce(set_conversation.shows_receipts, conversation_members.shows_receipts),
      view = conversation_members.view
        + (set_conversation.keeps_deleted is distinct from conversation_members.keeps_deleted)::integer
          * (set_conversation.keeps_deleted is not null)::integer,
      keeps_deleted = coalesce(set_conversation.keeps_deleted, conversation_members.keeps_deleted),
      draft = coalesce(set_conversation.draft, conversation_members.draft)
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  if private.shows_receipts(own) <> private.shows_receipts(before) then
    perform private.append_pointer_event(conversation, own);
  end if;
  perform private.tell_own_devices(viewer_id, conversation.id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_role (
  conversation_id bigint,
  profile_id      uuid,
  role            public.conversation_role
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  other private.conversation_members;
begin
  conversation := private.act_in(viewer_id, set_role.conversation_id, 'membership');
  perform private.require_group(conversation);
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'owner');
  other := private.require_member(viewer_id, conversation.id, set_role.profile_id);
  if other.user_id = viewer_id or set_role.role is null then
    raise sqlstate 'PT400' using
      message = 'Give the group to another member first', detail = 'owner_leaves';
  end if;
  if other.role = set_role.role then
    return;
  end if;
  if not other.is_accepted then
    raise sqlstate 'PT404' using message = 'There is no such member', detail = 'member_not_found';
  end if;

  if set_role.role = 'owner' then
    update private.conversation_members
    set role = 'admin'
    where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id;
  end if;
  update private.conversation_members
  set role = set_role.role
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = other.user_id;
  perform private.add_change(
    conversation, case when set_role.role = 'owner' then 'owner' else 'role' end::public.conversation_change,
    viewer_id, other.user_id, set_role.role::text
  );
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.shared_conversations (
  one_id   uuid,
  other_id uuid
)
  RETURNS SETOF bigint
  LANGUAGE sql
  STABLE
  ROWS 5
BEGIN ATOMIC
 SELECT own.conversation_id
    FROM (private.conversation_members own
      JOIN private.conversation_members others ON (((others.conversation_id = own.conversation_id) AND (others.user_id = shared_conversations.other_id))))
   WHERE (own.user_id = shared_conversations.one_id);
END;

CREATE OR REPLACE FUNCTION private.shows_receipts (
  member private.conversation_members
)
  RETURNS boolean
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 50;
begin
  return member.is_accepted and member.shows_receipts
    and coalesce(
      (
        select chat_settings.shows_receipts
        from private.chat_settings
        where chat_settings.user_id = member.user_id
      ),
      true
    )
    and (
      select conversations.member_count <= most
      from private.conversations
      where conversations.id = member.conversation_id
    );
end;
$function$;

CREATE OR REPLACE FUNCTION private.sync_conversation (
  conversation private.conversations,
  member       private.conversation_members,
  after_seq    bigint,
  page_size    integer
)
  RETURNS public.stream_page
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  page public.stream_page;
  seqs bigint[];
  kinds text[];
  subjects bigint[];
  people uuid[];
  seen jsonb;
  hidden_ids uuid[] := array(select private.hidden_ids(member.user_id));
  sees_receipts boolean := private.shows_receipts(member);
begin
  page.stream := 'conversation:' || conversation.id;
  page.events := '[]';
  page.has_more := false;
  page.start_over := sync_conversation.after_seq is null or sync_conversation.after_seq > conversation.last_seq;
  if not page.start_over then
    select array_agg(entry.seq order by entry.seq), array_agg(entry.kind order by entry.seq),
      array_agg(entry.subject order by entry.seq), array_agg(entry.user_id order by entry.seq)
    into seqs, kinds, subjects, people
    from (
      (
        select messages.seq, 'message' as kind, messages.id as subject, null::uuid as user_id
        from private.messages
        where messages.conversation_id = conversation.id and messages.seq > sync_conversation.after_seq
        order by messages.seq
        limit sync_conversation.page_size
      )
      union all
      (
        select events.seq, events.kind::text, events.subject, events.user_id
        from private.conversation_events as events
        where events.conversation_id = conversation.id and events.seq > sync_conversation.after_seq
        order by events.seq
        limit sync_conversation.page_size
      )
      order by seq
      limit sync_conversation.page_size
    ) as entry;
    -- A number is missing: its event is forgotten.
    page.start_over := sync_conversation.after_seq < conversation.last_seq and (
      seqs is null
      or seqs[cardinality(seqs)] - sync_conversation.after_seq <> cardinality(seqs)
      or cardinality(seqs) < sync_conversation.page_size and seqs[cardinality(seqs)] < conversation.last_seq
      or 'start_over' = any (kinds)
    );
  end if;
  if page.start_over then
    page.cursor := conversation.last_seq;
    page.snapshot := private.conversation_snapshot(conversation, member);
    return page;
  end if;
  page.cursor := coalesce(seqs[cardinality(seqs)], sync_conversation.after_seq);
  page.has_more := page.cursor < conversation.last_seq;

  select jsonb_object_agg(listed.id, to_jsonb(listed)) into seen
  from private.messages_for(
    member,
    array(
      select distinct messages.id
      from unnest(subjects) as subject (id)
      join private.messages on messages.id = subject.id
      where messages.seq > member.from_seq
        and not exists (
          select from private.hidden_messages
          where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
        )
    )
  ) as listed;

  select coalesce(
    jsonb_agg(
      case
        when payload.payload is null then jsonb_build_object('seq', entry.seq, 'kind', 'none', 'payload', '{}'::jsonb)
        else jsonb_build_object('seq', entry.seq, 'kind', entry.kind, 'payload', payload.payload)
      end
      order by entry.seq
    ),
    '[]'
  )
  into page.events
  from unnest(seqs, kinds, subjects, people) as entry (seq, kind, subject, user_id)
  cross join lateral (
    select case entry.kind
      when 'message' then seen -> entry.subject::text
      when 'conversation' then private.conversation_for_all(conversation.id)
      when 'moved' then jsonb_build_object('topic', case
        when member.is_accepted and not member.is_apart and not private.is_frozen(conversation)
          then private.topic_of(conversation)
      end)
      when 'pointer' then (
        select private.pointer_of(others)
        from private.conversation_members as others
        where others.conversation_id = conversation.id and others.user_id = entry.user_id
          and others.user_id <> all (hidden_ids)
          and others.is_accepted and (others.user_id = member.user_id or sees_receipts)
      )
    end as payload
  ) as payload;
  return page;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sync_conversations (
  cursors   jsonb,
  page_size integer
)
  RETURNS SETOF public.stream_page
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 5
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 100;
  viewer_id uuid := private.viewer();
  named record;
begin
  if (select count(*) from jsonb_object_keys(sync_conversations.cursors)) > most + 1 then
    raise sqlstate 'PT400' using message = 'Name up to 100 conversations', detail = 'cursors_number';
  end if;
  if private.is_locked_out(viewer_id) then
    return;
  end if;
  for named in
    select own as member, conversations as conversation, private.cursor_of(sync_conversations.cursors, key.name) as seq
    from jsonb_object_keys(sync_conversations.cursors) as key (name)
    join private.conversation_members as own on own.user_id = viewer_id
      and own.conversation_id = substring(key.name from '^conversation:([0-9]{1,18})$')::bigint
      and not own.is_declined
    join private.conversations on conversations.id = own.conversation_id
    order by conversations.id
  loop
    return next private.sync_conversation(named.conversation, named.member, named.seq, sync_conversations.page_size);
  end loop;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell (
  conversation_id bigint,
  user_ids        uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  is_large constant boolean := cardinality(user_ids) > 1 and not private.is_small(tell.conversation_id);
begin
  insert into private.conversation_tellings (user_id, conversation_id, is_left)
  select distinct listener.id, tell.conversation_id, is_large
  from unnest(tell.user_ids) as listener (id)
  order by 1
  on conflict on constraint conversation_tellings_pkey do update
  set is_left = conversation_tellings.is_left;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell_batch()
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 20;
  telling record;
  stream private.streams;
  worked boolean := false;
begin
  for telling in
    with taken as (
      delete from private.conversation_tellings
      where (conversation_tellings.user_id, conversation_tellings.conversation_id) in (
        select first.user_id, first.conversation_id
        from private.conversation_tellings as first
        order by first.id
        limit most
        for update skip locked
      )
      returning conversation_tellings.*
    )
    select taken.user_id, array_agg(taken.conversation_id order by taken.conversation_id) as ids
    from taken
    group by taken.user_id
    order by taken.user_id
  loop
    worked := true;
    select streams.* into stream
    from private.streams
    where streams.user_id = telling.user_id
    for no key update;
    if found then
      perform private.append_events(stream, 'conversation', telling.ids);
    end if;
  end loop;
  return worked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.tell_own_devices (
  viewer_id       uuid,
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  stream private.streams;
begin
  select streams.* into stream
  from private.streams
  where streams.user_id = tell_own_devices.viewer_id
  for no key update;
  if found then
    perform private.append_events(stream, 'conversation', array[tell_own_devices.conversation_id]);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unheard_ids (
  conversation private.conversations,
  member       private.conversation_members
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return case
    when conversation.kind = 'direct' and member.keeps_deleted then '{}'::uuid[]
    else array(select private.hidden_ids(member.user_id))
  end;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  return query
  select
    streams.unread, streams.requests, jsonb_build_object('user:' || streams.user_id, streams.last_seq),
    totals.messages, totals.message_requests
  from private.streams
  cross join lateral private.chat_totals(viewer_id) as totals
  where streams.user_id = viewer_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread_mentions (
  conversation private.conversations,
  member       private.conversation_members,
  unheard_ids  uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
begin
  return (
    select count(*)
    from private.message_mentions
    join private.messages on messages.id = message_mentions.message_id
    where message_mentions.user_id = member.user_id
      and messages.conversation_id = conversation.id
      and messages.seq > greatest(member.read_seq, member.from_seq)
      and messages.deleted_at is null
      and (messages.expires_at is null or messages.expires_at > now())
      and messages.sender_id is distinct from member.user_id
      and coalesce(messages.sender_id <> all (unread_mentions.unheard_ids), true)
      and not exists (
        select from private.hidden_messages
        where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
      )
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.unread_messages (
  conversation private.conversations,
  member       private.conversation_members,
  unheard_ids  uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most constant integer := 10000;
  behind bigint := greatest(member.read_seq, member.from_seq);
  counted bigint;
begin
  -- Nothing is behind the pointer.
  if conversation.last_seq <= behind then
    return 0;
  end if;
  counted := (
    select count(*)
    from (
      select
      from private.messages
      where messages.conversation_id = conversation.id
        and messages.seq > behind
        and messages.change is null
        and messages.deleted_at is null
        and (messages.expires_at is null or messages.expires_at > now())
        and messages.sender_id is distinct from member.user_id
        and coalesce(messages.sender_id <> all (unread_messages.unheard_ids), true)
      limit most
    ) as unread
  );
  -- Few people delete a message for themselves before they read it.
  if counted > 0 and exists (select from private.hidden_messages where hidden_messages.user_id = member.user_id) then
    counted := counted - (
      select count(*)
      from (
        select
        from private.hidden_messages
        join private.messages on messages.id = hidden_messages.message_id
        where hidden_messages.user_id = member.user_id
          and messages.conversation_id = conversation.id
          and messages.seq > behind
          and messages.change is null
          and messages.deleted_at is null
          and (messages.expires_at is null or messages.expires_at > now())
          and messages.sender_id is distinct from member.user_id
          and coalesce(messages.sender_id <> all (unread_messages.unheard_ids), true)
        limit most
      ) as hidden
    );
  end if;
  return counted;
end;
$function$;

CREATE OR REPLACE FUNCTION private.unsend (
  message private.messages
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  kept constant interval := '4 days';
  sent_at timestamp[] := array(
    select message.created_at at time zone 'UTC'
    where message.created_at > now() - kept
    union
    select conversation_events.created_at at time zone 'UTC'
    from private.conversation_events
    where conversation_events.subject = message.id and conversation_events.created_at > now() - kept
  );
begin
  delete from realtime.messages
  where messages.inserted_at = any (sent_at)
    and messages.extension = 'broadcast' and messages.private is true
    and starts_with(messages.topic, 'conversation:' || message.conversation_id || ':')
    and messages.payload #>> '{payload,id}' = message.id::text;
  return true;
exception when insufficient_privilege then
  return false;
end;
$function$;

CREATE OR REPLACE FUNCTION private.update_group (
  conversation_id bigint,
  name            text,
  description     text,
  picture_url     text,
  history         public.shown_history,
  is_locked       boolean,
  keeps_deleted   boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  before private.groups;
  after private.groups;
begin
  conversation := private.act_in(viewer_id, update_group.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  perform private.require_role(own, 'admin');
  if update_group.keeps_deleted is not null then
    perform private.require_role(own, 'owner');
  end if;

  select groups.* into before
  from private.groups
  where groups.conversation_id = conversation.id;
  update private.groups
  set name = coalesce(update_group.name, groups.name),
      description = coalesce(update_group.description, groups.description),
      -- The empty text takes the picture away.
      picture_url = nullif(coalesce(update_group.picture_url, groups.picture_url), ''),
      history = coalesce(update_group.history, groups.history),
      is_locked = coalesce(update_group.is_locked, groups.is_locked),
      keeps_deleted = coalesce(update_group.keeps_deleted, groups.keeps_deleted)
  where groups.conversation_id = conversation.id
  returning groups.* into after;
  if before = after then
    return;
  end if;

  if before.name <> after.name then
    perform private.add_change(conversation, 'named', viewer_id, null, after.name);
  end if;
  if before.description <> after.description then
    perform private.add_change(conversation, 'described', viewer_id, null, after.description);
  end if;
  if before.picture_url is distinct from after.picture_url then
    perform private.add_change(conversation, 'pictured', viewer_id, null, coalesce(after.picture_url, ''));
  end if;
  if before.history <> after.history then
    perform private.add_change(conversation, 'history', viewer_id, null, after.history::text);
  end if;
  if before.is_locked <> after.is_locked then
    perform private.add_change(
      conversation, case when after.is_locked then 'locked' else 'unlocked' end::public.conversation_change, viewer_id
    );
  end if;
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.usable_invite (
  viewer_id uuid,
  code      text
)
  RETURNS private.group_invites
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  invite private.group_invites;
begin
  select group_invites.* into invite
  from private.group_invites
  where group_invites.code = usable_invite.code
    and (group_invites.expires_at is null or group_invites.expires_at > now())
    and (group_invites.uses_left is null or group_invites.uses_left > 0)
    and not exists (
      select from private.group_removals
      where group_removals.conversation_id = group_invites.conversation_id
        and group_removals.user_id = usable_invite.viewer_id
    )
    and not exists (
      select from private.conversation_members
      cross join lateral private.block_between(usable_invite.viewer_id, conversation_members.user_id)
      where conversation_members.conversation_id = group_invites.conversation_id
        and conversation_members.role = 'owner'
    );
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such invite', detail = 'invite_not_found';
  end if;
  return invite;
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_lock_out()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  conversation private.conversations;
begin
  for conversation in
    select conversations.*
    from private.conversations
    where conversations.id in (
      select members.conversation_id
      from private.conversation_members as members
      where members.user_id = new.id
    )
    order by conversations.id
    for no key update
  loop
    perform private.move_conversation(conversation);
  end loop;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.accept_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.accept_conversation(conversation_id)
  AS accept_conversation;
END;

REVOKE ALL ON FUNCTION "public"."accept_conversation"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.add_members (
  conversation_id bigint,
  member_ids      uuid[]
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.add_members(conversation_id, member_ids)
  AS add_members;
END;

REVOKE ALL ON FUNCTION "public"."add_members"(bigint, uuid[]) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.answer_join_request (
  conversation_id bigint,
  profile_id      uuid,
  accepts         boolean
)
  RETURNS boolean
  LANGUAGE sql
RETURN private.answer_join_request(conversation_id, profile_id, accepts);

REVOKE ALL ON FUNCTION "public"."answer_join_request"(bigint, uuid, boolean) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.chat_settings()
  RETURNS public.chat_settings
  LANGUAGE sql
  STABLE
RETURN private.my_chat_settings();

REVOKE ALL ON FUNCTION "public"."chat_settings"() FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.conversation (
  conversation_id bigint
)
  RETURNS SETOF public.conversation
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT one.id,
     one.kind,
     one.name,
     one.description,
     one.picture_url,
     one.topic,
     one.role,
     one.members,
     one.member_count,
     one.last_message,
     one.last_seq,
     one.read_seq,
     one.unread,
     one.mentions,
     one.is_marked_unread,
     one.is_request,
     one.is_frozen,
     one.is_locked,
     one.history,
     one.expires_after,
     one.muted_until,
     one.is_archived,
     one.is_pinned,
     one.shows_receipts,
     one.keeps_deleted,
     one.draft,
     one.view,
     one.place
    FROM private.one_conversation(conversation.conversation_id)
      one(id, kind, name, description, picture_url, topic, ROLE, members, member_count, last_message, last_seq, read_seq, unread, mentions, is_marked_unread, is_request, is_frozen,
      is_locked, history, expires_after, muted_until, is_archived, is_pinned, shows_receipts, keeps_deleted, draft, VIEW, place);
END;

REVOKE ALL ON FUNCTION "public"."conversation"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.conversation_members (
  conversation_id bigint
)
  RETURNS SETOF public.conversation_member
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.profile,
     listed.role,
     listed.is_accepted,
     listed.joined_at
    FROM private.list_members(conversation_members.conversation_id) listed(profile, ROLE, is_accepted, joined_at);
END;

REVOKE ALL ON FUNCTION "public"."conversation_members"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.conversations (
  before    bigint                     DEFAULT NULL::bigint,
  page_size integer                    DEFAULT 20,
  folder    public.conversation_folder DEFAULT 'inbox'::public.conversation_folder
)
  RETURNS SETOF public.conversation
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.kind,
     listed.name,
     listed.description,
     listed.picture_url,
     listed.topic,
     listed.role,
     listed.members,
     listed.member_count,
     listed.last_message,
     listed.last_seq,
     listed.read_seq,
     listed.unread,
     listed.mentions,
     listed.is_marked_unread,
     listed.is_request,
     listed.is_frozen,
     listed.is_locked,
     listed.history,
     listed.expires_after,
     listed.muted_until,
     listed.is_archived,
     listed.is_pinned,
     listed.shows_receipts,
     listed.keeps_deleted,
     listed.draft,
     listed.view,
     listed.place
    FROM private.list_conversations(conversations.before, conversations.page_size, conversations.folder)
      listed(id, kind, name, description, picture_url, topic, ROLE, members, member_count, last_message, last_seq, read_seq, unread, mentions, is_marked_unread, is_request,
      is_frozen, is_locked, history, expires_after, muted_until, is_archived, is_pinned, shows_receipts, keeps_deleted, draft, VIEW, place);
END;

REVOKE ALL ON FUNCTION "public"."conversations"(bigint, integer, public.conversation_folder) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.create_group (
  name       text,
  member_ids uuid[] DEFAULT '{}'::uuid[]
)
  RETURNS bigint
  LANGUAGE sql
RETURN private.create_group(name, member_ids);

REVOKE ALL ON FUNCTION "public"."create_group"(text, uuid[]) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.create_invite (
  conversation_id bigint,
  expires_at      timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  max_uses        integer                  DEFAULT NULL::integer,
  needs_approval  boolean                  DEFAULT false
)
  RETURNS text
  LANGUAGE sql
RETURN private.create_invite(conversation_id, expires_at, max_uses, needs_approval);

REVOKE ALL ON FUNCTION "public"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.decline_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.decline_conversation(conversation_id)
  AS decline_conversation;
END;

REVOKE ALL ON FUNCTION "public"."decline_conversation"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.delete_invite (
  conversation_id bigint,
  code            text
)
  RETURNS boolean
  LANGUAGE sql
RETURN private.delete_invite(conversation_id, code);

REVOKE ALL ON FUNCTION "public"."delete_invite"(bigint, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.delete_message (
  message_id   bigint,
  for_everyone boolean DEFAULT false
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.delete_message(message_id, for_everyone)
  AS delete_message;
END;

REVOKE ALL ON FUNCTION "public"."delete_message"(bigint, boolean) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.direct_conversation (
  profile_id uuid
)
  RETURNS bigint
  LANGUAGE sql
RETURN private.direct_conversation(profile_id);

REVOKE ALL ON FUNCTION "public"."direct_conversation"(uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.edit_message (
  message_id bigint,
  content    text
)
  RETURNS public.message
  LANGUAGE sql
RETURN private.edit_message(message_id, content);

REVOKE ALL ON FUNCTION "public"."edit_message"(bigint, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.expire_messages (
  conversation_id bigint,
  after_seconds   integer
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.expire_messages(conversation_id, after_seconds)
  AS expire_messages;
END;

REVOKE ALL ON FUNCTION "public"."expire_messages"(bigint, integer) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.invite (
  code text
)
  RETURNS SETOF public.invite_preview
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT shown.conversation_id,
     shown.name,
     shown.description,
     shown.picture_url,
     shown.member_count,
     shown.needs_approval
    FROM private.invite(invite.code) shown(conversation_id, name, description, picture_url, member_count, needs_approval);
END;

REVOKE ALL ON FUNCTION "public"."invite"(text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.invites (
  conversation_id bigint
)
  RETURNS SETOF public.group_invite
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.code,
     listed.expires_at,
     listed.uses_left,
     listed.needs_approval,
     listed.created_at
    FROM private.invites(invites.conversation_id) listed(code, expires_at, uses_left, needs_approval, created_at);
END;

REVOKE ALL ON FUNCTION "public"."invites"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.join_by_invite (
  code text
)
  RETURNS public.join_answer
  LANGUAGE sql
RETURN private.join_by_invite(code);

REVOKE ALL ON FUNCTION "public"."join_by_invite"(text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.join_requests (
  conversation_id bigint
)
  RETURNS SETOF public.author
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT asking.id,
     asking.username,
     asking.display_name,
     asking.avatar_url
    FROM private.join_requests(join_requests.conversation_id) asking(id, username, display_name, avatar_url);
END;

REVOKE ALL ON FUNCTION "public"."join_requests"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.leave_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.leave_conversation(conversation_id)
  AS leave_conversation;
END;

REVOKE ALL ON FUNCTION "public"."leave_conversation"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.mark_conversation_delivered (
  conversation_id bigint,
  seq             bigint
)
  RETURNS bigint
  LANGUAGE sql
RETURN private.mark_conversation(conversation_id, seq, false);

REVOKE ALL ON FUNCTION "public"."mark_conversation_delivered"(bigint, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.mark_conversation_read (
  conversation_id bigint,
  seq             bigint
)
  RETURNS bigint
  LANGUAGE sql
RETURN private.mark_conversation(conversation_id, seq, true);

REVOKE ALL ON FUNCTION "public"."mark_conversation_read"(bigint, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.mark_conversation_unread (
  conversation_id bigint
)
  RETURNS bigint
  LANGUAGE sql
RETURN private.mark_conversation_unread(conversation_id);

REVOKE ALL ON FUNCTION "public"."mark_conversation_unread"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.message_seq_at (
  conversation_id bigint,
  at              timestamp with time zone
)
  RETURNS bigint
  LANGUAGE sql
  STABLE
RETURN private.seq_at(conversation_id, at);

REVOKE ALL ON FUNCTION "public"."message_seq_at"(bigint, timestamp WITH time zone) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.message_versions (
  message_id bigint
)
  RETURNS SETOF public.message_version
  LANGUAGE sql
  STABLE
  ROWS 5
BEGIN ATOMIC
 SELECT listed.version,
     listed.content,
     listed.replaced_at
    FROM private.message_versions(message_versions.message_id) listed(VERSION, content, replaced_at);
END;

REVOKE ALL ON FUNCTION "public"."message_versions"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.messages (
  conversation_id bigint,
  before          bigint  DEFAULT NULL::bigint,
  after           bigint  DEFAULT NULL::bigint,
  around          bigint  DEFAULT NULL::bigint,
  page_size       integer DEFAULT 50
)
  RETURNS SETOF public.message
  LANGUAGE sql
  STABLE
  ROWS 20
BEGIN ATOMIC
 SELECT listed.id,
     listed.conversation_id,
     listed.seq,
     listed.sender,
     listed.client_id,
     listed.change,
     listed.target,
     listed.content,
     listed.entities,
     listed.mentions,
     listed.reply_to_id,
     listed.reply_to,
     listed.post_id,
     listed.post,
     listed.reactions,
     listed.is_deleted,
     listed.created_at,
     listed.edited_at,
     listed.expires_at
    FROM private.messages(messages.conversation_id, messages.before, messages.after, messages.around, messages.page_size)
      listed(id, conversation_id, seq, sender, client_id, change, target, content, entities, mentions, reply_to_id, reply_to, post_id, post, reactions, is_deleted, created_at,
      edited_at, expires_at);
END;

REVOKE ALL ON FUNCTION "public"."messages"(bigint, bigint, bigint, bigint, integer) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.react (
  message_id bigint,
  emoji      text
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.react(message_id, emoji, true)
  AS react;
END;

REVOKE ALL ON FUNCTION "public"."react"(bigint, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.receipts (
  conversation_id bigint
)
  RETURNS SETOF public.receipt
  LANGUAGE sql
  STABLE
  ROWS 50
BEGIN ATOMIC
 SELECT listed.profile,
     listed.delivered_seq,
     listed.read_seq
    FROM private.receipts(receipts.conversation_id) listed(profile, delivered_seq, read_seq);
END;

REVOKE ALL ON FUNCTION "public"."receipts"(bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.remove_member (
  conversation_id bigint,
  profile_id      uuid
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.remove_member(conversation_id, profile_id)
  AS remove_member;
END;

REVOKE ALL ON FUNCTION "public"."remove_member"(bigint, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.search_messages (
  query           text,
  before          bigint  DEFAULT NULL::bigint,
  page_size       integer DEFAULT 20,
  conversation_id bigint  DEFAULT NULL::bigint
)
  RETURNS SETOF public.message
  LANGUAGE sql
  ROWS 20
BEGIN ATOMIC
 SELECT found.id,
     found.conversation_id,
     found.seq,
     found.sender,
     found.client_id,
     found.change,
     found.target,
     found.content,
     found.entities,
     found.mentions,
     found.reply_to_id,
     found.reply_to,
     found.post_id,
     found.post,
     found.reactions,
     found.is_deleted,
     found.created_at,
     found.edited_at,
     found.expires_at
    FROM private.search_messages(search_messages.query, search_messages.before, search_messages.page_size, search_messages.conversation_id)
      found(id, conversation_id, seq, sender, client_id, change, target, content, entities, mentions, reply_to_id, reply_to, post_id, post, reactions, is_deleted, created_at,
      edited_at, expires_at);
END;

REVOKE ALL ON FUNCTION "public"."search_messages"(text, bigint, integer, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.send_message (
  conversation_id bigint,
  client_id       text,
  content         text   DEFAULT ''::text,
  reply_to_id     bigint DEFAULT NULL::bigint,
  post_id         bigint DEFAULT NULL::bigint
)
  RETURNS public.message
  LANGUAGE sql
RETURN private.send_message(conversation_id, client_id, content, reply_to_id, post_id);

REVOKE ALL ON FUNCTION "public"."send_message"(bigint, text, text, bigint, bigint) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.set_chat_settings (
  who_writes     public.who_may DEFAULT NULL::public.who_may,
  who_adds       public.who_may DEFAULT NULL::public.who_may,
  shows_receipts boolean        DEFAULT NULL::boolean,
  shows_presence boolean        DEFAULT NULL::boolean
)
  RETURNS public.chat_settings
  LANGUAGE sql
RETURN private.set_chat_settings(who_writes, who_adds, shows_receipts, shows_presence);

REVOKE ALL ON FUNCTION "public"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.set_conversation (
  conversation_id bigint,
  muted_until     timestamp with time zone DEFAULT NULL::timestamp WITH time zone,
  is_archived     boolean                  DEFAULT NULL::boolean,
  is_pinned       boolean                  DEFAULT NULL::boolean,
  shows_receipts  boolean                  DEFAULT NULL::boolean,
  keeps_deleted   boolean                  DEFAULT NULL::boolean,
  draft           text                     DEFAULT NULL::text
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.set_conversation(conversation_id, muted_until, is_archived, is_pinned, shows_receipts, keeps_deleted, draft)
  AS set_conversation;
END;

REVOKE ALL ON FUNCTION "public"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.set_member_role (
  conversation_id bigint,
  profile_id      uuid,
  role            public.conversation_role
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.set_role(conversation_id, profile_id, ROLE)
  AS set_role;
END;

REVOKE ALL ON FUNCTION "public"."set_member_role"(bigint, uuid, public.conversation_role) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.sync (
  cursors   jsonb   DEFAULT '{}'::jsonb,
  page_size integer DEFAULT 200
)
  RETURNS SETOF public.stream_page
  LANGUAGE sql
  STABLE
  ROWS 10
BEGIN ATOMIC
 SELECT own.stream,
     own.start_over,
     own.cursor,
     own.has_more,
     own.events,
     own.snapshot
    FROM private.sync_user(sync.cursors, sync.page_size) own(stream, start_over, cursor, has_more, events, snapshot)
 UNION ALL
  SELECT named.stream,
     named.start_over,
     named.cursor,
     named.has_more,
     named.events,
     named.snapshot
    FROM private.sync_conversations(sync.cursors, sync.page_size) named(stream, start_over, cursor, has_more, events, snapshot);
END;

CREATE OR REPLACE FUNCTION public.transfer_group (
  conversation_id bigint,
  profile_id      uuid
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.set_role(conversation_id, profile_id, 'owner'::public.conversation_role)
  AS set_role;
END;

REVOKE ALL ON FUNCTION "public"."transfer_group"(bigint, uuid) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.unreact (
  message_id bigint,
  emoji      text
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.react(message_id, emoji, false)
  AS react;
END;

REVOKE ALL ON FUNCTION "public"."unreact"(bigint, text) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE FUNCTION public.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT counts.notifications,
     counts.requests,
     counts.cursors,
     counts.messages,
     counts.message_requests
    FROM private.unread() counts(notifications, requests, cursors, messages, message_requests);
END;

CREATE OR REPLACE FUNCTION public.update_group (
  conversation_id bigint,
  name            text                 DEFAULT NULL::text,
  description     text                 DEFAULT NULL::text,
  picture_url     text                 DEFAULT NULL::text,
  history         public.shown_history DEFAULT NULL::public.shown_history,
  is_locked       boolean              DEFAULT NULL::boolean,
  keeps_deleted   boolean              DEFAULT NULL::boolean
)
  RETURNS void
  LANGUAGE sql
BEGIN ATOMIC
 SELECT private.update_group(conversation_id, name, description, picture_url, history, is_locked, keeps_deleted)
  AS update_group;
END;

REVOKE ALL ON FUNCTION "public"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) FROM PUBLIC, "anon", "service_role";

CREATE OR REPLACE PROCEDURE private.deliver_chat (
  IN at_most interval DEFAULT '00:00:05'::interval
)
  LANGUAGE plpgsql
  AS $procedure$
declare
  the_job constant bigint := pg_catalog.hashtextextended('deliver chat', 0);
  stops_at timestamptz := pg_catalog.clock_timestamp() + at_most;
  batches_of_tellings integer := 4;
begin
  while pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.ring_batch()
    and pg_catalog.clock_timestamp() < stops_at
  loop
    commit;
  end loop;
  while batches_of_tellings > 0
    and pg_catalog.pg_try_advisory_xact_lock(the_job)
    and private.tell_batch()
  loop
    commit;
    batches_of_tellings := batches_of_tellings - 1;
  end loop;
end;
$procedure$;

ALTER TABLE "private"."chat_settings"
  ADD CONSTRAINT "chat_settings_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."conversation_members"
  ADD CONSTRAINT "conversation_members_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."conversations"
  ADD CONSTRAINT "conversations_epoch_check" CHECK ((epoch > 0));

ALTER TABLE "private"."conversations"
  ADD CONSTRAINT "conversations_last_seq_check" CHECK ((last_seq >= 0));

ALTER TABLE "private"."conversations"
  ADD CONSTRAINT "conversations_member_count_check" CHECK (((member_count >= 0) AND (member_count <= 500)));

ALTER TABLE "private"."conversations"
  ADD CONSTRAINT "conversations_order" CHECK ((low_id <= high_id));

ALTER TABLE "private"."conversations"
  ADD CONSTRAINT "conversations_pair" CHECK (((kind = 'direct'::public.conversation_kind) = ((low_id IS NOT NULL) AND (high_id IS NOT NULL))));

ALTER TABLE "private"."group_invites"
  ADD CONSTRAINT "group_invites_creator_id_fkey" FOREIGN KEY (creator_id) REFERENCES public.profiles(id) ON DELETE SET NULL;

ALTER TABLE "private"."group_removals"
  ADD CONSTRAINT "group_removals_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."hidden_messages"
  ADD CONSTRAINT "hidden_messages_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."join_requests"
  ADD CONSTRAINT "join_requests_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."message_mentions"
  ADD CONSTRAINT "message_mentions_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

ALTER TABLE "private"."message_reactions"
  ADD CONSTRAINT "message_reactions_user_id_fkey" FOREIGN KEY (user_id) REFERENCES public.profiles(id) ON DELETE CASCADE;

CREATE UNIQUE INDEX conversation_bells_id_key ON private.conversation_bells USING btree (id);

CREATE INDEX conversation_events_created_at_idx ON private.conversation_events USING btree (created_at);

CREATE INDEX conversation_events_subject_idx ON private.conversation_events USING btree (subject)
  WHERE (subject IS NOT NULL);

CREATE INDEX conversation_members_apart_idx ON private.conversation_members USING btree (conversation_id, user_id)
  WHERE is_apart;

CREATE INDEX conversation_members_user_id_idx ON private.conversation_members USING btree (user_id, conversation_id);

CREATE UNIQUE INDEX conversation_tellings_id_key ON private.conversation_tellings USING btree (id);

CREATE INDEX conversations_high_id_idx ON private.conversations USING btree (high_id)
  WHERE (high_id IS NOT NULL);

CREATE UNIQUE INDEX conversations_low_id_high_id_key ON private.conversations USING btree (low_id, high_id)
  WHERE (low_id IS NOT NULL);

CREATE INDEX group_invites_conversation_id_idx ON private.group_invites USING btree (conversation_id);

CREATE INDEX group_invites_creator_id_idx ON private.group_invites USING btree (creator_id)
  WHERE (creator_id IS NOT NULL);

CREATE INDEX group_removals_user_id_idx ON private.group_removals USING btree (user_id);

CREATE INDEX hidden_messages_message_id_idx ON private.hidden_messages USING btree (message_id);

CREATE INDEX join_requests_user_id_idx ON private.join_requests USING btree (user_id);

CREATE INDEX message_mentions_user_id_idx ON private.message_mentions USING btree (user_id, message_id);

CREATE INDEX message_reactions_user_id_idx ON private.message_reactions USING btree (user_id);

CREATE INDEX message_search_vector_idx ON private.message_search USING gin (vector)
  WITH (fastupdate=off);

CREATE INDEX messages_expires_at_idx ON private.messages USING btree (expires_at)
  WHERE ((expires_at IS NOT NULL) AND (deleted_at IS NULL));

CREATE INDEX messages_reply_to_id_idx ON private.messages USING btree (reply_to_id)
  WHERE (reply_to_id IS NOT NULL);

CREATE INDEX messages_unread_idx ON private.messages USING btree (conversation_id, seq) INCLUDE (sender_id, expires_at)
  WHERE ((change IS NULL) AND (deleted_at IS NULL));

CREATE TRIGGER users_lock_out
  AFTER UPDATE OF banned_until ON auth.users
  FOR EACH ROW
  WHEN (((new.banned_until IS NOT NULL) AND (new.banned_until IS DISTINCT FROM old.banned_until)))
  EXECUTE FUNCTION private.users_lock_out();

CREATE CONSTRAINT TRIGGER conversation_tellings_tell
  AFTER INSERT ON private.conversation_tellings DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW
  WHEN ((NOT new.is_left))
  EXECUTE FUNCTION private.conversation_tellings_tell();

CREATE TRIGGER blocks_move_conversations
  AFTER INSERT ON public.blocks REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.blocks_move_conversations();

CREATE TRIGGER blocks_open_conversations
  AFTER DELETE ON public.blocks REFERENCING OLD TABLE AS removed
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.blocks_open_conversations();

CREATE TRIGGER profiles_end_chat
  BEFORE DELETE ON public.profiles
  FOR EACH ROW
  EXECUTE FUNCTION private.profiles_end_chat();

CREATE POLICY "members listen to their conversations" ON "realtime"."messages"
  FOR SELECT
  TO "authenticated"
  USING (( SELECT private.hears(( SELECT auth.uid() AS uid), ( SELECT realtime.topic() AS topic)) AS hears));

CREATE POLICY "members show in small conversations that they are there" ON "realtime"."messages"
  FOR INSERT
  TO "authenticated"
  WITH CHECK (private.is_seen_in(( SELECT auth.uid() AS uid), ( SELECT realtime.topic() AS topic), extension));

COMMENT ON COLUMN "private"."chat_settings"."who_adds" IS 'The people who may add them to groups.';

COMMENT ON COLUMN "private"."chat_settings"."who_writes" IS 'The people who may begin a conversation with them.';

COMMENT ON COLUMN "private"."conversation_events"."subject" IS 'message: which one. Otherwise null.';

COMMENT ON COLUMN "private"."conversation_events"."user_id" IS 'pointer: whose. Otherwise null.';

COMMENT ON COLUMN "private"."conversation_members"."delivered_seq" IS 'Up to here a device of the person got everything.';

COMMENT ON COLUMN "private"."conversation_members"."from_seq" IS 'The person sees messages with higher numbers.';

COMMENT ON COLUMN "private"."conversation_members"."is_accepted" IS 'False: the conversation waits among the requests.';

COMMENT ON COLUMN "private"."conversation_members"."is_apart" IS 'Whether the person blocks another member of the group. They do not listen to its topic (70-blocks.sql).';

COMMENT ON COLUMN "private"."conversation_members"."is_declined" IS 'Whether the person declined a direct conversation. They see it no more.';

COMMENT ON COLUMN "private"."conversation_members"."keeps_deleted" IS 'In a direct conversation: whether the other''s messages stay when the other deletes their account.';

COMMENT ON COLUMN "private"."conversation_members"."read_seq" IS 'Up to here the person read everything. Nobody else sees it.';

COMMENT ON COLUMN "private"."conversation_members"."shown_seq" IS 'Up to here the others see that the person read.';

COMMENT ON COLUMN "private"."conversation_members"."view" IS 'It grows when the person sees the past in another way, without an event of the conversation: after a block, or when they delete a message for themselves. It begins with the time, so that it is another one when the person comes back.';

COMMENT ON COLUMN "private"."conversation_tellings"."is_left" IS 'Whether the job tells it, and not the transaction that wrote the row.';

COMMENT ON COLUMN "private"."conversations"."epoch" IS 'Part of the topic. It grows when somebody may not listen any more (27-epochs.sql).';

COMMENT ON COLUMN "private"."conversations"."expires_after" IS 'After this time the text of a message disappears. Null: never.';

COMMENT ON COLUMN "private"."conversations"."last_id" IS 'The id of the last message, or 0. Lists have this order.';

COMMENT ON COLUMN "private"."conversations"."last_seq" IS 'The number of the last event.';

COMMENT ON COLUMN "private"."conversations"."low_id" IS 'The one of the two people of a direct conversation whose id is lower.';

COMMENT ON COLUMN "private"."group_invites"."uses_left" IS 'How many people may still use it. Null: any number.';

COMMENT ON COLUMN "private"."groups"."is_locked" IS 'Whether only the owner and admins write.';

COMMENT ON COLUMN "private"."groups"."keeps_deleted" IS 'Whether the messages of a deleted account stay, without a name.';

COMMENT ON COLUMN "private"."message_mentions"."username" IS 'As it stands in the text, in lower case.';

COMMENT ON COLUMN "private"."messages"."change" IS 'What happened to the conversation. Null: somebody said something.';

COMMENT ON COLUMN "private"."messages"."client_id" IS 'The key that the sender''s client made.';

COMMENT ON COLUMN "private"."messages"."content" IS 'The text. In a change, the new name or value.';

COMMENT ON COLUMN "private"."messages"."deleted_at" IS 'When it was deleted, or null. Then there is no text.';

COMMENT ON COLUMN "private"."messages"."expires_at" IS 'When its text disappears, or null.';

COMMENT ON COLUMN "private"."messages"."sender_id" IS 'Who said or did it. Null: the account is deleted.';

COMMENT ON COLUMN "private"."messages"."target_id" IS 'The person it happened to, or null.';

COMMENT ON COLUMN "private"."stream_events"."subject" IS 'What changed. notification: the group. read: the id up to which all is read. conversation: which one.';

COMMENT ON FUNCTION "private"."accept_conversation"(bigint) IS 'What public.accept_conversation() does.';

COMMENT ON FUNCTION "private"."accept_member"(private.conversations, private.conversation_members) IS 'Takes a conversation out of the requests of a member who has not accepted it.';

COMMENT ON FUNCTION "private"."act_in"(uuid, bigint, text) IS 'Lets a member change something: takes their turn, spends their budget, and locks the conversation. The error PT404 when they are not a member.';

COMMENT ON FUNCTION "private"."act_on_message"(uuid, bigint, text) IS 'Lets a member change something about a message, and locks its conversation.';

COMMENT ON FUNCTION "private"."add_change"(private.conversations, public.conversation_change, uuid, uuid, text) IS 'Writes down what happened to a group.';

COMMENT ON FUNCTION "private"."add_members"(bigint, uuid[]) IS 'What public.add_members() does.';

COMMENT ON FUNCTION "private"."add_message"(private.conversations, private.messages) IS 'Writes a message with the next number of a conversation. The caller sends it.';

COMMENT ON FUNCTION "private"."add_people"(private.conversations, uuid, uuid[]) IS 'Adds people to a group that the caller holds. Members stay as they are.';

COMMENT ON FUNCTION "private"."after_coming"(private.conversations, uuid[]) IS 'Moves the topic of a group, if its newcomers make that necessary.';

COMMENT ON FUNCTION "private"."announce"(private.conversations, private.messages) IS 'Sends a new message to its topic, and sees to it that all members hear of it.';

COMMENT ON FUNCTION "private"."answer_join_request"(bigint, uuid, boolean) IS 'What public.answer_join_request() does.';

COMMENT ON FUNCTION "private"."apart_ids"(bigint) IS 'The members of a group who block another member.';

COMMENT ON FUNCTION "private"."append_conversation_event"(private.conversations) IS 'Tells that the settings or members of a conversation changed.';

COMMENT ON FUNCTION "private"."append_event"(private.conversations, private.conversation_event_kind, bigint, uuid, jsonb) IS 'Adds an event to a conversation that the caller holds, and sends it.';

COMMENT ON FUNCTION "private"."append_message_event"(private.conversations, bigint) IS 'Tells that a message changed.';

COMMENT ON FUNCTION "private"."append_pointer_event"(private.conversations, private.conversation_members) IS 'Tells how far a member got and read messages.';

COMMENT ON FUNCTION "private"."author_of"(uuid, uuid[]) IS 'A person as a list shows them. Null for a deleted account, and for a hidden one.';

COMMENT ON FUNCTION "private"."blocks_move_conversations"() IS 'Moves the topics of the conversations that a person shares with somebody they block.';

COMMENT ON FUNCTION "private"."blocks_open_conversations"() IS 'Lets two people hear each other again after a block.';

COMMENT ON FUNCTION "private"."change_view"(bigint, uuid[]) IS 'Makes some members of a conversation read its messages again.';

COMMENT ON FUNCTION "private"."chat_settings_of"(uuid) IS 'The settings of a person, or the defaults.';

COMMENT ON FUNCTION "private"."chat_totals"(uuid) IS 'How many messages a person has not read, and how many requests have something unread. It looks at up to 200 conversations with unread messages, the youngest ones.';

COMMENT ON FUNCTION "private"."chat_viewer"() IS 'The id of the person who is signed in. The error PT401 when nobody is, and PT403 when the account is banned.';

COMMENT ON FUNCTION "private"."check_members"(uuid, uuid[]) IS 'Checks a list of people, and spends for it.';

COMMENT ON FUNCTION "private"."check_text"(text, boolean) IS 'The error PT400 unless a text can be a message.';

COMMENT ON FUNCTION "private"."conversation_payload"(uuid, bigint) IS 'A conversation as an event of somebody''s own stream tells it, without last_message. conversation is null: they are not a member any more, or declined it, or their account is locked.';

COMMENT ON FUNCTION "private"."conversation_row"(private.conversations, private.conversation_members) IS 'A conversation as its member sees it.';

COMMENT ON FUNCTION "private"."conversation_snapshot"(private.conversations, private.conversation_members) IS 'A conversation with its newest 50 messages and its receipts.';

COMMENT ON FUNCTION "private"."conversation_tellings_tell"() IS 'Adds the event to the stream, or leaves it to the job if somebody else holds the stream.';

COMMENT ON FUNCTION "private"."create_group"(text, uuid[]) IS 'What public.create_group() does.';

COMMENT ON FUNCTION "private"."create_invite"(bigint, timestamp with time zone, integer, boolean) IS 'What public.create_invite() does.';

COMMENT ON FUNCTION "private"."cursor_of"(jsonb, text) IS 'The cursor of a stream, or null. The error PT400 unless cursors is an object of numbers and nulls.';

COMMENT ON FUNCTION "private"."decline_conversation"(bigint) IS 'What public.decline_conversation() does.';

COMMENT ON FUNCTION "private"."delete_invite"(bigint, text) IS 'What public.delete_invite() does.';

COMMENT ON FUNCTION "private"."delete_message"(bigint, boolean) IS 'What public.delete_message() does.';

COMMENT ON FUNCTION "private"."direct_conversation"(uuid) IS 'What public.direct_conversation() does.';

COMMENT ON FUNCTION "private"."edit_message"(bigint, text) IS 'What public.edit_message() does.';

COMMENT ON FUNCTION "private"."end_membership"(private.conversations, uuid, public.conversation_change, uuid) IS 'Takes a person out of a group, and moves its topic. A group without members is deleted.';

COMMENT ON FUNCTION "private"."erase_expired"(integer) IS 'Erases messages whose time is over, about this many at most, and answers how many.';

COMMENT ON FUNCTION "private"."erase_message"(private.conversations, private.messages) IS 'Makes a tombstone of a message. The caller holds the conversation.';

COMMENT ON FUNCTION "private"."erase_messages_of"(private.conversations, uuid) IS 'Takes the name off the messages of a deleted account, and erases their text unless somebody keeps it.';

COMMENT ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) IS 'What an event of a stream says now. listed is the payload of its group, or null.';

COMMENT ON FUNCTION "private"."expire_messages"(bigint, integer) IS 'What public.expire_messages() does.';

COMMENT ON FUNCTION "private"."forget_conversation_events"() IS 'Deletes up to 10,000 events of conversations that are older than 30 days, and answers how many.';

COMMENT ON FUNCTION "private"."hears"(uuid, text) IS 'Whether somebody may listen to a topic of a conversation.';

COMMENT ON FUNCTION "private"."hold_conversation"(bigint) IS 'Locks a conversation until the transaction ends. The error PT404 when there is none.';

COMMENT ON FUNCTION "private"."index_message"(private.messages) IS 'Writes a message to the index as it is now.';

COMMENT ON FUNCTION "private"."inherit_group"(bigint) IS 'Gives a group without an owner to a member.';

COMMENT ON FUNCTION "private"."insert_members"(private.conversations, uuid[], uuid[]) IS 'Adds people to a group. Earlier messages are not unread for them.';

COMMENT ON FUNCTION "private"."invite"(text) IS 'What public.invite() answers.';

COMMENT ON FUNCTION "private"."invites"(bigint) IS 'What public.invites() answers.';

COMMENT ON FUNCTION "private"."is_behind"(private.conversation_members) IS 'Whether others said something behind the pointer of a member. Some of it may be hidden from the member.';

COMMENT ON FUNCTION "private"."is_emoji"(text) IS 'Whether a text is one emoji.';

COMMENT ON FUNCTION "private"."is_followed"(uuid, uuid) IS 'Whether one person follows another.';

COMMENT ON FUNCTION "private"."is_frozen"(private.conversations) IS 'Whether nobody can write in a direct conversation: one of the two blocks the other, or deleted their account.';

COMMENT ON FUNCTION "private"."is_locked_out"(uuid) IS 'Whether an account is banned.';

COMMENT ON FUNCTION "private"."is_seen_in"(uuid, text, text) IS 'Whether somebody may show in a conversation of up to 50 that they are online (presence) or typing (broadcast to its topic for that).';

COMMENT ON FUNCTION "private"."is_small"(bigint) IS 'Whether a conversation has up to 10 members.';

COMMENT ON FUNCTION "private"."join_by_invite"(text) IS 'What public.join_by_invite() does.';

COMMENT ON FUNCTION "private"."join_requests"(bigint) IS 'What public.join_requests() answers.';

COMMENT ON FUNCTION "private"."leave_conversation"(bigint) IS 'What public.leave_conversation() does.';

COMMENT ON FUNCTION "private"."lets"(uuid, public.who_may, uuid) IS 'Whether a rule of somebody allows something to a person.';

COMMENT ON FUNCTION "private"."list_conversations"(bigint, integer, public.conversation_folder) IS 'What public.conversations() answers.';

COMMENT ON FUNCTION "private"."list_members"(bigint) IS 'What public.conversation_members() answers.';

COMMENT ON FUNCTION "private"."mark_conversation"(bigint, bigint, boolean) IS 'What public.mark_conversation_read() and public.mark_conversation_delivered() do.';

COMMENT ON FUNCTION "private"."mark_conversation_unread"(bigint) IS 'What public.mark_conversation_unread() does.';

COMMENT ON FUNCTION "private"."may_write"(private.conversations, private.conversation_members) IS 'The error PT403 unless a member may write in a conversation.';

COMMENT ON FUNCTION "private"."member_of"(uuid, bigint) IS 'The membership. The error PT404 when the person is not a member, or there is no such conversation.';

COMMENT ON FUNCTION "private"."message_for_all"(private.conversations, private.messages) IS 'A message as the topic hears it, or null.';

COMMENT ON FUNCTION "private"."message_page"(private.conversation_members, bigint, bigint, boolean, integer) IS 'The ids of the messages that a member reads, between two numbers: the last ones or the first ones.';

COMMENT ON FUNCTION "private"."message_rows"(uuid, uuid[], uuid[], bigint[]) IS 'Messages as a reader sees them, in the order given. Give only messages that the reader may read.';

COMMENT ON FUNCTION "private"."message_versions"(bigint) IS 'What public.message_versions() answers.';

COMMENT ON FUNCTION "private"."messages"(bigint, bigint, bigint, bigint, integer) IS 'What public.messages() answers.';

COMMENT ON FUNCTION "private"."messages_for"(private.conversation_members, bigint[]) IS 'Messages of one conversation as a member sees them.';

COMMENT ON FUNCTION "private"."move_conversation"(private.conversations) IS 'Ends the topic of a conversation and begins the next one. Members learn it from their own stream.';

COMMENT ON FUNCTION "private"."my_chat_settings"() IS 'What public.chat_settings() answers.';

COMMENT ON FUNCTION "private"."name_members"(private.messages) IS 'Finds the members that a message names.';

COMMENT ON FUNCTION "private"."one_conversation"(bigint) IS 'What public.conversation() answers.';

COMMENT ON FUNCTION "private"."other_of"(private.conversations, uuid) IS 'The other person of a direct conversation.';

COMMENT ON FUNCTION "private"."pointer_of"(private.conversation_members) IS 'How far a member got and read messages, for others. Nulls: the member does not show it any more.';

COMMENT ON FUNCTION "private"."profiles_end_chat"() IS 'Takes a deleted account out of its conversations.';

COMMENT ON FUNCTION "private"."react"(bigint, text, boolean) IS 'What public.react() and public.unreact() do.';

COMMENT ON FUNCTION "private"."reactions_of"(bigint, uuid[]) IS 'The reactions to a message, without those of some people.';

COMMENT ON FUNCTION "private"."receipts"(bigint) IS 'What public.receipts() answers.';

COMMENT ON FUNCTION "private"."receipts_seen_by"(private.conversation_members) IS 'The receipts of the others, as a member sees them.';

COMMENT ON FUNCTION "private"."refuse_conversation"() IS 'Raises the error PT404.';

COMMENT ON FUNCTION "private"."remove_member"(bigint, uuid) IS 'What public.remove_member() does.';

COMMENT ON FUNCTION "private"."require_group"(private.conversations) IS 'The error PT400 unless the conversation is a group.';

COMMENT ON FUNCTION "private"."require_member"(uuid, bigint, uuid) IS 'A member that the viewer sees. The error PT404 when there is none.';

COMMENT ON FUNCTION "private"."require_message"(private.conversation_members, bigint) IS 'A message with text that the member reads. The error PT404 when there is none.';

COMMENT ON FUNCTION "private"."require_open"(private.conversations) IS 'The error PT403 when a conversation is frozen.';

COMMENT ON FUNCTION "private"."require_role"(private.conversation_members, public.conversation_role) IS 'The error PT403 unless a member has this role or a higher one.';

COMMENT ON FUNCTION "private"."require_welcome"(uuid, uuid) IS 'The error PT403 unless somebody may begin to write to a person.';

COMMENT ON FUNCTION "private"."ring"(bigint, bigint) IS 'Tells all members of a conversation, on their own topics, that there is something new.';

COMMENT ON FUNCTION "private"."ring_batch"() IS 'Rings the bells of one conversation. False when none waits.';

COMMENT ON FUNCTION "private"."ring_later"(bigint, bigint) IS 'The job rings for this event within a second.';

COMMENT ON FUNCTION "private"."search_messages"(text, bigint, integer, bigint) IS 'What public.search_messages() answers.';

COMMENT ON FUNCTION "private"."send_event"(private.conversations, bigint, private.conversation_event_kind, jsonb) IS 'Sends an event to everybody who listens to a conversation.';

COMMENT ON FUNCTION "private"."send_message"(bigint, text, text, bigint, bigint) IS 'What public.send_message() does.';

COMMENT ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint) IS 'The message that was sent with this key already.';

COMMENT ON FUNCTION "private"."seq_at"(bigint, timestamp with time zone) IS 'What public.message_seq_at() answers.';

COMMENT ON FUNCTION "private"."set_apart"(bigint, uuid) IS 'Decides whether a person is apart in a group, and the same for the members who are hidden from them. True: one of them is apart from now on, so the topic has to move.';

COMMENT ON FUNCTION "private"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) IS 'What public.set_chat_settings() does.';

COMMENT ON FUNCTION "private"."set_conversation"(bigint, timestamp with time zone, boolean, boolean, boolean, boolean, text) IS 'What public.set_conversation() does.';

COMMENT ON FUNCTION "private"."set_role"(bigint, uuid, public.conversation_role) IS 'What public.set_member_role() and public.transfer_group() do.';

COMMENT ON FUNCTION "private"."shared_conversations"(uuid, uuid) IS 'The conversations in which two people are members.';

COMMENT ON FUNCTION "private"."shows_receipts"(private.conversation_members) IS 'Whether the others see how far a member read. It also says whether the member sees that of others.';

COMMENT ON FUNCTION "private"."sync_conversation"(private.conversations, private.conversation_members, bigint, integer) IS 'The news of a conversation, as a member sees it.';

COMMENT ON FUNCTION "private"."sync_conversations"(jsonb, integer) IS 'The news of the conversations that the cursors name.';

COMMENT ON FUNCTION "private"."tell"(bigint, uuid[]) IS 'The streams of these people get an event about a conversation, when the transaction commits or a little later.';

COMMENT ON FUNCTION "private"."tell_batch"() IS 'Tells up to 20 people about their conversations. False when nothing waits.';

COMMENT ON FUNCTION "private"."tell_own_devices"(uuid, bigint) IS 'Adds an event about a conversation to the stream of a person.';

COMMENT ON FUNCTION "private"."unheard_ids"(private.conversations, private.conversation_members) IS 'The people whose text a member does not read.';

COMMENT ON FUNCTION "private"."unread_mentions"(private.conversations, private.conversation_members, uuid[]) IS 'How many unread messages name a member.';

COMMENT ON FUNCTION "private"."unread_messages"(private.conversations, private.conversation_members, uuid[]) IS 'How many messages a member has not read in a conversation. unheard_ids: the people whose text they do not read.';

COMMENT ON FUNCTION "private"."unsend"(private.messages) IS 'Deletes what Realtime keeps of a message. False: it must not.';

COMMENT ON FUNCTION "private"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) IS 'What public.update_group() does.';

COMMENT ON FUNCTION "private"."usable_invite"(uuid, text) IS 'An invite that the person may use. The error PT404 when there is none.';

COMMENT ON FUNCTION "private"."users_lock_out"() IS 'Moves the topics of the conversations of a banned account, so that it hears nothing any more.';

COMMENT ON FUNCTION "public"."accept_conversation"(bigint) IS 'Takes a conversation out of your requests. You may repeat it.';

COMMENT ON FUNCTION "public"."add_members"(bigint, uuid[]) IS 'Adds people to a group. Its owner and admins may do that. All of them are added, or none.';

COMMENT ON FUNCTION "public"."answer_join_request"(bigint, uuid, boolean) IS 'Lets somebody who asks into your group, or refuses. False when they do not ask.';

COMMENT ON FUNCTION "public"."chat_settings"() IS 'Your settings of chat.';

COMMENT ON FUNCTION "public"."conversation"(bigint) IS 'One of your conversations.';

COMMENT ON FUNCTION "public"."conversation_members"(bigint) IS 'The members of a conversation, up to 500: the owner, admins, members, each by username.';

COMMENT ON FUNCTION "public"."conversations"(bigint, integer, public.conversation_folder) IS 'Your conversations, the one with the newest message first. before is the place of the last one of the page before. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."create_group"(text, uuid[]) IS 'Makes a group with these members, up to 500 with you, and answers its id. You are its owner. A person who does not follow you finds the group among their requests.';

COMMENT ON FUNCTION "public"."create_invite"(bigint, timestamp with time zone, integer, boolean) IS 'Makes an invite into your group and answers its code. max_uses and expires_at are null for no limit. The owner and admins may do that.';

COMMENT ON FUNCTION "public"."decline_conversation"(bigint) IS 'Declines a request. You leave a group. A direct conversation is in no list any more, and its sender does not learn it. direct_conversation() brings it back.';

COMMENT ON FUNCTION "public"."delete_invite"(bigint, text) IS 'Deletes an invite. False when there is no such invite.';

COMMENT ON FUNCTION "public"."delete_message"(bigint, boolean) IS 'Deletes a message for you, or your own message for everyone. In a group, the owner and admins also delete what members said. You may repeat it.';

COMMENT ON FUNCTION "public"."direct_conversation"(uuid) IS 'The id of your conversation with a person. It begins one if there is none. With your own id it is for notes to yourself. The other person hears nothing until you send a message.';

COMMENT ON FUNCTION "public"."edit_message"(bigint, text) IS 'Changes the text of your message, as long after as you like, and answers the message. What it said before stays in its versions.';

COMMENT ON FUNCTION "public"."expire_messages"(bigint, integer) IS 'Lets the text of new messages disappear after 10 seconds to 365 days. Null: it stays. In a group, its owner and admins decide.';

COMMENT ON FUNCTION "public"."invite"(text) IS 'The group to which an invite leads, before you join it.';

COMMENT ON FUNCTION "public"."invites"(bigint) IS 'The invites of your group, newest first. For its owner and admins.';

COMMENT ON FUNCTION "public"."join_by_invite"(text) IS 'Joins the group of an invite, or asks to join it, if an admin has to approve it.';

COMMENT ON FUNCTION "public"."join_requests"(bigint) IS 'The first 100 people who ask to join your group. For its owner and admins.';

COMMENT ON FUNCTION "public"."leave_conversation"(bigint) IS 'Leaves a group. Its owner first gives it to another member (transfer_group), unless nobody else is there: then the group is deleted.';

COMMENT ON FUNCTION "public"."mark_conversation_delivered"(bigint, bigint) IS 'Your device has everything up to this seq. Answers how many messages are unread.';

COMMENT ON FUNCTION "public"."mark_conversation_read"(bigint, bigint) IS 'You read everything up to this seq. An earlier one changes nothing. Answers how many messages are unread now.';

COMMENT ON FUNCTION "public"."mark_conversation_unread"(bigint) IS 'Marks a conversation as unread: its newest message by somebody else, and all that is unread anyway. Answers how many messages are unread now.';

COMMENT ON FUNCTION "public"."message_seq_at"(bigint, timestamp with time zone) IS 'The seq of the first message since a time, or null. Give it to messages(around).';

COMMENT ON FUNCTION "public"."message_versions"(bigint) IS 'What a message said before, newest first, at most 100.';

COMMENT ON FUNCTION "public"."messages"(bigint, bigint, bigint, bigint, integer) IS 'Messages of a conversation, in the order of seq: the newest ones, the ones before or after a seq, or the ones around it. page_size is 1 to 100.';

COMMENT ON FUNCTION "public"."react"(bigint, text) IS 'Reacts to a message with an emoji. You may repeat it.';

COMMENT ON FUNCTION "public"."receipts"(bigint) IS 'How far the other members got and read messages. A message was seen by those whose read_seq is at least its seq. Empty if you switched receipts off, and in groups of more than 50.';

COMMENT ON FUNCTION "public"."remove_member"(bigint, uuid) IS 'Removes a person from a group. Admins remove members, the owner also admins. From then on the person reads and hears nothing, and no invitation lets them in again.';

COMMENT ON FUNCTION "public"."search_messages"(text, bigint, integer, bigint) IS 'Messages of your conversations that match, newest first, or of one conversation. The query is written like that of search_posts(). before is the id of the last message of the page before.';

COMMENT ON FUNCTION "public"."send_message"(bigint, text, text, bigint, bigint) IS 'Sends a message and answers it. client_id is a key that your client makes for it, such as a UUID. If you send it again with the same key, you get the same message. reply_to_id is a message of the conversation. post_id is a post to share. Then content may be empty.';

COMMENT ON FUNCTION "public"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) IS 'Changes your settings of chat. What you leave out stays.';

COMMENT ON FUNCTION "public"."set_conversation"(bigint, timestamp with time zone, boolean, boolean, boolean, boolean, text) IS 'Changes how you keep a conversation. What you leave out stays. muted_until: a time, or infinity. A time in the past ends it. keeps_deleted: the messages of the other stay when they delete their account. draft: what you did not send yet.';

COMMENT ON FUNCTION "public"."set_member_role"(bigint, uuid, public.conversation_role) IS 'Makes a member of your group an admin, or an admin a member. With the role owner it gives the group away.';

COMMENT ON FUNCTION "public"."sync"(jsonb, integer) IS 'The newer events of your streams. cursors has the last number that you know of each stream, such as {"user:…": 17}. Name up to 100 conversations. Null asks for a snapshot. Answers a row for your own stream, and for each of these that you may read. page_size is 1 to 500 events of a stream.';

COMMENT ON FUNCTION "public"."transfer_group"(bigint, uuid) IS 'Gives your group to another member. You stay, as an admin.';

COMMENT ON FUNCTION "public"."unreact"(bigint, text) IS 'Takes your reaction back. You may repeat it.';

COMMENT ON FUNCTION "public"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) IS 'Changes a group: its owner and admins may. What you leave out stays. An empty picture_url takes the picture away. is_locked: only the owner and admins write. keeps_deleted, which only the owner changes: the messages of a deleted account stay, without a name.';

COMMENT ON PROCEDURE "private"."deliver_chat"(interval) IS 'Rings bells and tells streams about conversations, batch by batch, until nothing is left or the time is over.';

COMMENT ON TABLE "private"."chat_settings" IS 'What people allow others in chat.';

COMMENT ON TABLE "private"."conversation_bells" IS 'The news of conversations of which the members have not heard yet. The job rings for them.';

COMMENT ON TABLE "private"."conversation_events" IS 'What happened in conversations, apart from new messages.';

COMMENT ON TABLE "private"."conversation_members" IS 'A row for each member of each conversation, with what they have read.';

COMMENT ON TABLE "private"."conversation_tellings" IS 'Whose stream has to get an event about which conversation.';

COMMENT ON TABLE "private"."conversations" IS 'A row for each conversation: its counter, and the part of it that changes with every message.';

COMMENT ON TABLE "private"."group_invites" IS 'The links that let people into groups.';

COMMENT ON TABLE "private"."group_removals" IS 'The people who were removed from a group. No invitation lets them in again.';

COMMENT ON TABLE "private"."groups" IS 'How a group looks, and its rules.';

COMMENT ON TABLE "private"."hidden_messages" IS 'The messages that somebody deleted for themselves.';

COMMENT ON TABLE "private"."join_requests" IS 'Who asks to join a group.';

COMMENT ON TABLE "private"."message_mentions" IS 'The members that a message names.';

COMMENT ON TABLE "private"."message_reactions" IS 'How people reacted to messages.';

COMMENT ON TABLE "private"."message_search" IS 'Each message as search knows it.';

COMMENT ON TABLE "private"."message_versions" IS 'What messages said before they were edited.';

COMMENT ON TABLE "private"."messages" IS 'What people said, and what happened to groups.';

COMMENT ON TABLE "private"."unread_conversations" IS 'The conversations in which somebody may have unread messages. A row may be left over. None is missing, unless a bell waits for the job.';

COMMENT ON TYPE "private"."conversation_event_kind" IS 'message: it is new or changed. conversation: its name, rules or members changed. pointer: somebody got or read messages. moved: the topic changed. start_over: many messages changed at once.';

COMMENT ON TYPE "public"."chat_settings" IS 'The people who may write to you first, and those who may add you to groups. Whether others see what you have read, and whether they see that you are online or typing. If you switch receipts off, you do not see those of others.';

COMMENT ON TYPE "public"."conversation" IS 'A conversation as its member sees it. members are up to five others. unread and mentions count messages. When view is another number than before, read the messages that you show again. place is the cursor of a list.';

COMMENT ON TYPE "public"."conversation_change" IS 'What happened to a conversation.';

COMMENT ON TYPE "public"."conversation_folder" IS 'inbox: accepted and not archived, pinned ones included. requests: not accepted yet.';

COMMENT ON TYPE "public"."conversation_kind" IS 'direct: between two people, or notes to yourself. group: up to 500 people.';

COMMENT ON TYPE "public"."conversation_member" IS 'A member of a conversation.';

COMMENT ON TYPE "public"."conversation_role" IS 'What somebody may do in a group. Admins add, remove and invite people and change the group. The owner does all that, and names admins.';

COMMENT ON TYPE "public"."group_invite" IS 'A link into a group.';

COMMENT ON TYPE "public"."invite_preview" IS 'The group to which an invite leads.';

COMMENT ON TYPE "public"."join_answer" IS 'joined: you are a member. requested: an admin has to approve it.';

COMMENT ON TYPE "public"."message" IS 'A message as its reader sees it. reactions is [{"emoji": "👍", "count": 1, "profile_ids": ["…"]}], in the order of the first one of each kind. profile_ids has the first 100 people.';

COMMENT ON TYPE "public"."message_quote" IS 'The message that a message answers, as it is now: the first 200 characters of its text.';

COMMENT ON TYPE "public"."message_version" IS 'What a message said before an edit.';

COMMENT ON TYPE "public"."receipt" IS 'How far a member got and read the messages of a conversation.';

COMMENT ON TYPE "public"."shown_history" IS 'What newcomers of a group read. all: everything. joining: what is said after they were added. none: what is said after they accepted.';

COMMENT ON TYPE "public"."unread_counts" IS 'How many groups of notifications are unread, and how many requests to follow you wait. How many messages are unread in conversations that are neither muted nor archived, and how many requests to write to you have unread messages. cursors has the newest number of your stream.';

COMMENT ON TYPE "public"."who_may" IS 'The people who are allowed something: everyone, the people that you follow, or nobody.';

REVOKE ALL ON FUNCTION "private"."accept_conversation"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."accept_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."accept_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."accept_conversation"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."accept_member"(private.conversations, private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."accept_member"(private.conversations, private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."accept_member"(private.conversations, private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."act_in"(uuid, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."act_in"(uuid, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."act_in"(uuid, bigint, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."act_on_message"(uuid, bigint, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."act_on_message"(uuid, bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."act_on_message"(uuid, bigint, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."add_change"(private.conversations, public.conversation_change, uuid, uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_change"(private.conversations, public.conversation_change, uuid, uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_change"(private.conversations, public.conversation_change, uuid, uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."add_members"(bigint, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."add_members"(bigint, uuid[]) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."add_members"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_members"(bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."add_message"(private.conversations, private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_message"(private.conversations, private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_message"(private.conversations, private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."add_people"(private.conversations, uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."add_people"(private.conversations, uuid, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."add_people"(private.conversations, uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."after_coming"(private.conversations, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."after_coming"(private.conversations, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."after_coming"(private.conversations, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."announce"(private.conversations, private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."announce"(private.conversations, private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."announce"(private.conversations, private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."answer_join_request"(bigint, uuid, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."answer_join_request"(bigint, uuid, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."answer_join_request"(bigint, uuid, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."answer_join_request"(bigint, uuid, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."apart_ids"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."apart_ids"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."apart_ids"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."append_conversation_event"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."append_conversation_event"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."append_conversation_event"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."append_event"(private.conversations, private.conversation_event_kind, bigint, uuid, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."append_event"(private.conversations, private.conversation_event_kind, bigint, uuid, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."append_event"(private.conversations, private.conversation_event_kind, bigint, uuid, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."append_message_event"(private.conversations, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."append_message_event"(private.conversations, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."append_message_event"(private.conversations, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."append_pointer_event"(private.conversations, private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."append_pointer_event"(private.conversations, private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."append_pointer_event"(private.conversations, private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."author_of"(uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."author_of"(uuid, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."author_of"(uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."blocks_move_conversations"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."blocks_move_conversations"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blocks_move_conversations"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."blocks_open_conversations"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."blocks_open_conversations"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."blocks_open_conversations"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."change_view"(bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."change_view"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."change_view"(bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."chat_settings_of"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chat_settings_of"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."chat_settings_of"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."chat_totals"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chat_totals"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."chat_totals"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."chat_viewer"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."chat_viewer"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."chat_viewer"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."check_members"(uuid, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_members"(uuid, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."check_members"(uuid, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."check_text"(text, boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."check_text"(text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."check_text"(text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."conversation_payload"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_payload"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."conversation_payload"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."conversation_row"(private.conversations, private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_row"(private.conversations, private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."conversation_row"(private.conversations, private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."conversation_snapshot"(private.conversations, private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_snapshot"(private.conversations, private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."conversation_snapshot"(private.conversations, private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."conversation_tellings_tell"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_tellings_tell"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."conversation_tellings_tell"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."create_group"(text, uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."create_group"(text, uuid[]) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."create_group"(text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."create_group"(text, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."decline_conversation"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."decline_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."decline_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."decline_conversation"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."delete_invite"(bigint, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."delete_invite"(bigint, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."delete_invite"(bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."delete_invite"(bigint, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."delete_message"(bigint, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."delete_message"(bigint, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."delete_message"(bigint, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."delete_message"(bigint, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."direct_conversation"(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."direct_conversation"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."direct_conversation"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."direct_conversation"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."edit_message"(bigint, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."edit_message"(bigint, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."edit_message"(bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."edit_message"(bigint, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."end_membership"(private.conversations, uuid, public.conversation_change, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."end_membership"(private.conversations, uuid, public.conversation_change, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."end_membership"(private.conversations, uuid, public.conversation_change, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_expired"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_expired"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_expired"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_message"(private.conversations, private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_message"(private.conversations, private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_message"(private.conversations, private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."erase_messages_of"(private.conversations, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."erase_messages_of"(private.conversations, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."erase_messages_of"(private.conversations, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."event_payload"(private.event_kind, bigint, jsonb, private.streams) TO "postgres";

REVOKE ALL ON FUNCTION "private"."expire_messages"(bigint, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."expire_messages"(bigint, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."expire_messages"(bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."expire_messages"(bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."forget_conversation_events"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_conversation_events"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_conversation_events"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."hears"(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."hears"(uuid, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."hears"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hears"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_conversation"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_conversation"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."index_message"(private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."index_message"(private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."index_message"(private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."inherit_group"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."inherit_group"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."inherit_group"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."insert_members"(private.conversations, uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."insert_members"(private.conversations, uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."insert_members"(private.conversations, uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."invite"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."invite"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."invite"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."invite"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."invites"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."invites"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."invites"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."invites"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_behind"(private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_behind"(private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_behind"(private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_emoji"(text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_emoji"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_emoji"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_followed"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_followed"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_followed"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_frozen"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_frozen"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_frozen"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_locked_out"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_locked_out"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_locked_out"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_seen_in"(uuid, text, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."is_seen_in"(uuid, text, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."is_seen_in"(uuid, text, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_seen_in"(uuid, text, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."is_small"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."is_small"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."is_small"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."join_by_invite"(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."join_by_invite"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."join_by_invite"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."join_by_invite"(text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."join_requests"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."join_requests"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."join_requests"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."join_requests"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."leave_conversation"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."leave_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."leave_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."leave_conversation"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lets"(uuid, public.who_may, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lets"(uuid, public.who_may, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lets"(uuid, public.who_may, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."list_conversations"(bigint, integer, public.conversation_folder) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_conversations"(bigint, integer, public.conversation_folder) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."list_conversations"(bigint, integer, public.conversation_folder) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."list_conversations"(bigint, integer, public.conversation_folder) TO "postgres";

REVOKE ALL ON FUNCTION "private"."list_members"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."list_members"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."list_members"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."list_members"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mark_conversation"(bigint, bigint, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."mark_conversation"(bigint, bigint, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."mark_conversation"(bigint, bigint, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mark_conversation"(bigint, bigint, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."mark_conversation_unread"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."mark_conversation_unread"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."mark_conversation_unread"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."mark_conversation_unread"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."may_write"(private.conversations, private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."may_write"(private.conversations, private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."may_write"(private.conversations, private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."member_of"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."member_of"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."member_of"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."message_for_all"(private.conversations, private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."message_for_all"(private.conversations, private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."message_for_all"(private.conversations, private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."message_page"(private.conversation_members, bigint, bigint, boolean, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."message_page"(private.conversation_members, bigint, bigint, boolean, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."message_page"(private.conversation_members, bigint, bigint, boolean, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."message_rows"(uuid, uuid[], uuid[], bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."message_rows"(uuid, uuid[], uuid[], bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."message_rows"(uuid, uuid[], uuid[], bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."message_versions"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."message_versions"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."message_versions"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."message_versions"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."messages"(bigint, bigint, bigint, bigint, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."messages"(bigint, bigint, bigint, bigint, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."messages"(bigint, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."messages"(bigint, bigint, bigint, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."messages_for"(private.conversation_members, bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."messages_for"(private.conversation_members, bigint[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."messages_for"(private.conversation_members, bigint[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."move_conversation"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."move_conversation"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."move_conversation"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."my_chat_settings"() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."my_chat_settings"() TO "authenticated";

REVOKE ALL ON FUNCTION "private"."my_chat_settings"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."my_chat_settings"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."name_members"(private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."name_members"(private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."name_members"(private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."one_conversation"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."one_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."one_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."one_conversation"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."other_of"(private.conversations, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."other_of"(private.conversations, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."other_of"(private.conversations, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."pointer_of"(private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pointer_of"(private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."pointer_of"(private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_end_chat"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_end_chat"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_end_chat"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."react"(bigint, text, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."react"(bigint, text, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."react"(bigint, text, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."react"(bigint, text, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."reactions_of"(bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reactions_of"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."reactions_of"(bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."receipts"(bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."receipts"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."receipts"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."receipts"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."receipts_seen_by"(private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."receipts_seen_by"(private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."receipts_seen_by"(private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_conversation"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_conversation"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_conversation"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."remove_member"(bigint, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."remove_member"(bigint, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."remove_member"(bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."remove_member"(bigint, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_group"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_group"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_group"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_member"(uuid, bigint, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_member"(uuid, bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_member"(uuid, bigint, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_message"(private.conversation_members, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_message"(private.conversation_members, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_message"(private.conversation_members, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_open"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_open"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_open"(private.conversations) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_role"(private.conversation_members, public.conversation_role) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_role"(private.conversation_members, public.conversation_role) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_role"(private.conversation_members, public.conversation_role) TO "postgres";

REVOKE ALL ON FUNCTION "private"."require_welcome"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."require_welcome"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."require_welcome"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."ring"(bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ring"(bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."ring"(bigint, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."ring_batch"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ring_batch"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."ring_batch"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."ring_later"(bigint, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."ring_later"(bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."ring_later"(bigint, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."search_messages"(text, bigint, integer, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."search_messages"(text, bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."search_messages"(text, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."search_messages"(text, bigint, integer, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."send_event"(private.conversations, bigint, private.conversation_event_kind, jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."send_event"(private.conversations, bigint, private.conversation_event_kind, jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."send_event"(private.conversations, bigint, private.conversation_event_kind, jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."send_message"(bigint, text, text, bigint, bigint) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."send_message"(bigint, text, text, bigint, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."send_message"(bigint, text, text, bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."send_message"(bigint, text, text, bigint, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sent_before"(uuid, private.messages, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."seq_at"(bigint, timestamp WITH time zone) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."seq_at"(bigint, timestamp WITH time zone) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."seq_at"(bigint, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."seq_at"(bigint, timestamp WITH time zone) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_apart"(bigint, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."set_apart"(bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_apart"(bigint, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."set_role"(bigint, uuid, public.conversation_role) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."set_role"(bigint, uuid, public.conversation_role) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."set_role"(bigint, uuid, public.conversation_role) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."set_role"(bigint, uuid, public.conversation_role) TO "postgres";

REVOKE ALL ON FUNCTION "private"."shared_conversations"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."shared_conversations"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."shared_conversations"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."shows_receipts"(private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."shows_receipts"(private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."shows_receipts"(private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sync_conversation"(private.conversations, private.conversation_members, bigint, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."sync_conversation"(private.conversations, private.conversation_members, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sync_conversation"(private.conversations, private.conversation_members, bigint, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."sync_conversations"(jsonb, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."sync_conversations"(jsonb, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."sync_conversations"(jsonb, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."sync_conversations"(jsonb, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tell"(bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell"(bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."tell_batch"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_batch"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell_batch"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."tell_own_devices"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."tell_own_devices"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."tell_own_devices"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unheard_ids"(private.conversations, private.conversation_members) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unheard_ids"(private.conversations, private.conversation_members) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unheard_ids"(private.conversations, private.conversation_members) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unread_mentions"(private.conversations, private.conversation_members, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unread_mentions"(private.conversations, private.conversation_members, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unread_mentions"(private.conversations, private.conversation_members, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unread_messages"(private.conversations, private.conversation_members, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unread_messages"(private.conversations, private.conversation_members, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unread_messages"(private.conversations, private.conversation_members, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."unsend"(private.messages) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."unsend"(private.messages) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."unsend"(private.messages) TO "postgres";

REVOKE ALL ON FUNCTION "private"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION "private"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "private"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) TO "postgres";

REVOKE ALL ON FUNCTION "private"."usable_invite"(uuid, text) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."usable_invite"(uuid, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."usable_invite"(uuid, text) TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_lock_out"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_lock_out"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_lock_out"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."accept_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."accept_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."accept_conversation"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."add_members"(bigint, uuid[]) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."add_members"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."add_members"(bigint, uuid[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."answer_join_request"(bigint, uuid, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."answer_join_request"(bigint, uuid, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."answer_join_request"(bigint, uuid, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."chat_settings"() TO "authenticated";

REVOKE ALL ON FUNCTION "public"."chat_settings"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."chat_settings"() TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."conversation"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."conversation_members"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."conversation_members"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."conversation_members"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."conversations"(bigint, integer, public.conversation_folder) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."conversations"(bigint, integer, public.conversation_folder) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."conversations"(bigint, integer, public.conversation_folder) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."create_group"(text, uuid[]) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."create_group"(text, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."create_group"(text, uuid[]) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."create_invite"(bigint, timestamp WITH time zone, integer, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."decline_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."decline_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."decline_conversation"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_invite"(bigint, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."delete_invite"(bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_invite"(bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_message"(bigint, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."delete_message"(bigint, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."delete_message"(bigint, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."direct_conversation"(uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."direct_conversation"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."direct_conversation"(uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."edit_message"(bigint, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."edit_message"(bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."edit_message"(bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."expire_messages"(bigint, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."expire_messages"(bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."expire_messages"(bigint, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."invite"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."invite"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."invite"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."invites"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."invites"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."invites"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."join_by_invite"(text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."join_by_invite"(text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."join_by_invite"(text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."join_requests"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."join_requests"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."join_requests"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."leave_conversation"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."leave_conversation"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."leave_conversation"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_conversation_delivered"(bigint, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."mark_conversation_delivered"(bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_conversation_delivered"(bigint, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_conversation_read"(bigint, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."mark_conversation_read"(bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_conversation_read"(bigint, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_conversation_unread"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."mark_conversation_unread"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."mark_conversation_unread"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."message_seq_at"(bigint, timestamp WITH time zone) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."message_seq_at"(bigint, timestamp WITH time zone) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."message_seq_at"(bigint, timestamp WITH time zone) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."message_versions"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."message_versions"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."message_versions"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."messages"(bigint, bigint, bigint, bigint, integer) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."messages"(bigint, bigint, bigint, bigint, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."messages"(bigint, bigint, bigint, bigint, integer) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."react"(bigint, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."react"(bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."react"(bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."receipts"(bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."receipts"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."receipts"(bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."remove_member"(bigint, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."remove_member"(bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."remove_member"(bigint, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."search_messages"(text, bigint, integer, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."search_messages"(text, bigint, integer, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."search_messages"(text, bigint, integer, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."send_message"(bigint, text, text, bigint, bigint) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."send_message"(bigint, text, text, bigint, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."send_message"(bigint, text, text, bigint, bigint) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_chat_settings"(public.who_may, public.who_may, boolean, boolean) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_conversation"(bigint, timestamp WITH time zone, boolean, boolean, boolean, boolean, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_member_role"(bigint, uuid, public.conversation_role) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."set_member_role"(bigint, uuid, public.conversation_role) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."set_member_role"(bigint, uuid, public.conversation_role) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."transfer_group"(bigint, uuid) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."transfer_group"(bigint, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."transfer_group"(bigint, uuid) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."unreact"(bigint, text) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."unreact"(bigint, text) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."unreact"(bigint, text) TO "postgres";

GRANT EXECUTE ON FUNCTION "public"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) TO "authenticated";

REVOKE ALL ON FUNCTION "public"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) FROM "postgres";

GRANT EXECUTE ON FUNCTION "public"."update_group"(bigint, text, text, text, public.shown_history, boolean, boolean) TO "postgres";

REVOKE ALL ON PROCEDURE "private"."deliver_chat"(interval) FROM PUBLIC;

REVOKE ALL ON PROCEDURE "private"."deliver_chat"(interval) FROM "postgres";

GRANT EXECUTE ON PROCEDURE "private"."deliver_chat"(interval) TO "postgres";

REVOKE ALL ON TYPE "private"."conversation_event_kind" FROM PUBLIC;

CREATE OR REPLACE FUNCTION private.conversation_for_all (
  conversation_id bigint
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
RETURN
  (SELECT jsonb_build_object('id', conversations.id, 'kind', conversations.kind, 'name', groups.name, 'description', groups.description, 'picture_url', groups.picture_url,
  'history',
  groups.history,
  'is_locked',
  COALESCE(groups.is_locked, false),
  'keeps_deleted',
  COALESCE(groups.keeps_deleted, false),
  'expires_after',
  (EXTRACT(epoch FROM conversations.expires_after))::integer,
  'member_count',
  conversations.member_count) AS jsonb_build_object FROM (private.conversations LEFT JOIN private.groups ON ((groups.conversation_id = conversations.id)))
  WHERE (conversations.id = conversation_for_all.conversation_id));

CREATE OR REPLACE FUNCTION private.topic_of (
  conversation private.conversations
)
  RETURNS text
  LANGUAGE sql
  IMMUTABLE
RETURN ((('conversation:'::text || (conversation).id) || ':'::text) || (conversation).epoch);

ALTER TABLE "private"."conversation_bells"
  ADD CONSTRAINT "conversation_bells_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."conversation_events"
  ADD CONSTRAINT "conversation_events_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."conversation_members"
  ADD CONSTRAINT "conversation_members_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."group_invites"
  ADD CONSTRAINT "group_invites_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."group_removals"
  ADD CONSTRAINT "group_removals_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."groups"
  ADD CONSTRAINT "groups_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."join_requests"
  ADD CONSTRAINT "join_requests_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

ALTER TABLE "private"."messages"
  ADD CONSTRAINT "messages_conversation_id_fkey" FOREIGN KEY (conversation_id) REFERENCES private.conversations(id) ON DELETE CASCADE;

COMMENT ON FUNCTION "private"."conversation_for_all"(bigint) IS 'What every member reads of a conversation.';

COMMENT ON FUNCTION "private"."topic_of"(private.conversations) IS 'The topic of a conversation in its present epoch.';

REVOKE ALL ON FUNCTION "private"."conversation_for_all"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_for_all"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."conversation_for_all"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."topic_of"(private.conversations) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."topic_of"(private.conversations) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."topic_of"(private.conversations) TO "postgres";

ALTER TABLE "private"."hidden_messages"
  ADD CONSTRAINT "hidden_messages_message_id_fkey" FOREIGN KEY (message_id) REFERENCES private.messages(id) ON DELETE CASCADE;

ALTER TABLE "private"."message_mentions"
  ADD CONSTRAINT "message_mentions_message_id_fkey" FOREIGN KEY (message_id) REFERENCES private.messages(id) ON DELETE CASCADE;

ALTER TABLE "private"."message_reactions"
  ADD CONSTRAINT "message_reactions_message_id_fkey" FOREIGN KEY (message_id) REFERENCES private.messages(id) ON DELETE CASCADE;

ALTER TABLE "private"."message_search"
  ADD CONSTRAINT "message_search_message_id_fkey" FOREIGN KEY (message_id) REFERENCES private.messages(id) ON DELETE CASCADE;

ALTER TABLE "private"."message_versions"
  ADD CONSTRAINT "message_versions_message_id_fkey" FOREIGN KEY (message_id) REFERENCES private.messages(id) ON DELETE CASCADE;

ALTER TABLE "private"."conversation_members"
  ADD CONSTRAINT "conversation_members_draft_length"
    CHECK (private.rule((char_length(draft) <= 10000), 'draft_length'::text, 'A draft of a message has at most 10,000 characters'::text));

-- Data -------------------------------------------------------------------------

insert into private.limits (
  action, per_minute, per_hour, per_day, newcomer_per_minute, newcomer_per_hour, newcomer_per_day
)
values
  ('message',        120,  2000, 10000,   20,  200,   600),
  ('message_edit',    60,   600,  3000,   20,  200,   600),
  ('reaction',       120,  1500,  6000,   30,  300,  1000),
  ('conversation',    20,   100,   300,    5,   20,    40),
  ('membership',     600,  2000,  5000,   60,  200,   500);

select cron.schedule('deliver-chat', '1 second', 'call private.deliver_chat()')
where exists (select from pg_extension where extname = 'pg_cron');
select cron.schedule('erase-expired-messages', '10 seconds', 'select private.erase_expired()')
where exists (select from pg_extension where extname = 'pg_cron');
select cron.schedule('forget-conversation-events', '* * * * *', 'select private.forget_conversation_events()')
where exists (select from pg_extension where extname = 'pg_cron');
