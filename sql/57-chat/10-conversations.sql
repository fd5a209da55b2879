/*
 * conversations
 *
 * A conversation is between two people (direct) or among up to 500 (a group). A person has
 * one direct conversation with each other person, and one with themselves for notes.
 *
 * The row of a conversation is its counter and its lock. Everybody who changes something
 * in a conversation locks this row first (hold_conversation). Then the change gets the next number
 * (25-log.sql). 00-foundations/30-turns.sql has the order of locks.
 *
 * A member who leaves has no row any more, and reads nothing any more. docs/reference/chat.md
 * describes conversations for clients.
 */

-- Tables ---------------------------------------------------------------------

create type public.conversation_kind as enum ('direct', 'group');
comment on type public.conversation_kind is 'direct: between two people, or notes to yourself. group: up to 500 people.';

create type public.conversation_role as enum ('owner', 'admin', 'member');
comment on type public.conversation_role is 'What somebody may do in a group. Admins add, remove and invite people and change the group. The owner does all that, and names admins.';

create type public.shown_history as enum ('all', 'joining', 'none');
comment on type public.shown_history is 'What newcomers of a group read. all: everything. joining: what is said after they were added. none: what is said after they accepted.';

-- There are no foreign keys to the two people. The row outlives their accounts. Half of every
-- page stays free, so that a new version of a row fits beside the old one.
create table private.conversations (
  id              bigint                    primary key default private.new_id(),
  kind            public.conversation_kind  not null,
  low_id          uuid,
  high_id         uuid,
  last_seq        bigint                    not null default 0 check (last_seq >= 0),
  last_id         bigint                    not null default 0,
  epoch           integer                   not null default 1 check (epoch > 0),
  member_count    integer                   not null default 0 check (member_count between 0 and 500),
  expires_after   interval,

  constraint conversations_pair check ((kind = 'direct') = (low_id is not null and high_id is not null)),
  constraint conversations_order check (low_id <= high_id)
) with (fillfactor = 50);

comment on table  private.conversations is 'A row for each conversation: its counter, and the part of it that changes with every message.';
comment on column private.conversations.low_id is 'The one of the two people of a direct conversation whose id is lower.';
comment on column private.conversations.last_seq is 'The number of the last event.';
comment on column private.conversations.last_id is 'The id of the last message, or 0. Lists have this order.';
comment on column private.conversations.epoch is 'Part of the topic. It grows when somebody may not listen any more (27-epochs.sql).';
comment on column private.conversations.expires_after is 'After this time the text of a message disappears. Null: never.';
revoke all on private.conversations from public, anon, authenticated, service_role;

-- One conversation for each pair.
create unique index conversations_low_id_high_id_key on private.conversations (low_id, high_id)
  where low_id is not null;
-- The direct conversations of a person whose id is the higher one.
create index conversations_high_id_idx on private.conversations (high_id) where high_id is not null;
-- The ones that the job deletes (74-erasing-job.sql).
create index conversations_empty_idx on private.conversations (id) where member_count = 0;

create table private.groups (
  conversation_id  bigint                primary key references private.conversations (id) on delete cascade,
  name             text                  not null,
  description      text                  not null default '',
  picture_url      text,
  history          public.shown_history  not null default 'all',
  is_locked        boolean               not null default false,
  keeps_deleted    boolean               not null default false,

  constraint groups_name_format check (private.rule(
    char_length(name) >= 1 and char_length(name) <= 100 and private.is_name(name),
    'group_name_format', 'The name of a group is one line of 1 to 100 characters, with something to see'
  )),
  constraint groups_description_length check (private.rule(
    char_length(description) <= 500 and (description = '' or not private.is_blank(description)),
    'group_description_length', 'The description of a group is empty, or has at most 500 characters'
  )),
  constraint groups_picture_url_format check (private.rule(
    private.is_https_url(picture_url, 500),
    'picture_url_format', 'A picture is an https:// address of at most 500 characters'
  ))
);

comment on table  private.groups is 'How a group looks, and its rules.';
comment on column private.groups.is_locked is 'Whether only the owner and admins write.';
comment on column private.groups.keeps_deleted is 'Whether the messages of a deleted account stay, without a name.';
revoke all on private.groups from public, anon, authenticated, service_role;

create table private.conversation_members (
  conversation_id  bigint                    not null references private.conversations (id) on delete cascade,
  user_id          uuid                      not null references public.profiles (id) on delete cascade,
  role             public.conversation_role  not null default 'member',
  is_accepted      boolean                   not null default true,
  is_declined      boolean                   not null default false,
  is_apart         boolean                   not null default false,
  from_seq         bigint                    not null default 0,
  joined_at        timestamptz               not null default now(),
  delivered_seq    bigint                    not null default 0,
  read_seq         bigint                    not null default 0,
  shown_seq        bigint                    not null default 0,
  is_marked_unread boolean                   not null default false,
  view             integer                   not null default extract(epoch from now() - '2026-01-01 00:00+00'),
  muted_until      timestamptz,
  is_archived      boolean                   not null default false,
  is_pinned        boolean                   not null default false,
  shows_receipts   boolean                   not null default true,
  keeps_deleted    boolean                   not null default false,
  draft            text                      not null default '',

  -- The members of a conversation.
  primary key (conversation_id, user_id),
  constraint conversation_members_draft_length check (private.rule(
    char_length(draft) <= 10000,
    'draft_length', 'A draft of a message has at most 10,000 characters'
  ))
) with (fillfactor = 70);

comment on table  private.conversation_members is 'A row for each member of each conversation, with what they have read.';
comment on column private.conversation_members.is_accepted is 'False: the conversation waits among the requests.';
comment on column private.conversation_members.is_declined is 'Whether the person declined a direct conversation. They see it no more.';
comment on column private.conversation_members.is_apart is 'Whether the person blocks another member of the group. They do not listen to its topic (70-blocks.sql).';
comment on column private.conversation_members.from_seq is 'The person sees messages with higher numbers.';
comment on column private.conversation_members.delivered_seq is 'Up to here a device of the person got everything.';
comment on column private.conversation_members.read_seq is 'Up to here the person read everything. Nobody else sees it.';
comment on column private.conversation_members.shown_seq is 'Up to here the others see that the person read.';
comment on column private.conversation_members.view is 'It grows when the person sees the past in another way, without an event of the conversation: after a block, or when they delete a message for themselves, accept, or switch receipts on or off. It begins with the time, so that it is another one when the person comes back.';
comment on column private.conversation_members.keeps_deleted is 'In a direct conversation: whether the other''s messages stay when the other deletes their account.';
revoke all on private.conversation_members from public, anon, authenticated, service_role;

-- The conversations of a person.
create index conversation_members_user_id_idx on private.conversation_members (user_id, conversation_id);

-- Acting ---------------------------------------------------------------------

-- A token that was made before a ban is still good for a while.
create function private.chat_viewer()
returns uuid
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
begin
  if private.is_locked_out(viewer_id) then
    perform private.refuse_locked_out();
  end if;
  return viewer_id;
end;
$$;

comment on function private.chat_viewer is 'The id of the person who is signed in. The error PT401 when nobody is, and PT403 when the account is banned.';
revoke all on function private.chat_viewer () from public, anon, authenticated, service_role;

-- A stranger, and a person who left, get one answer.
create function private.refuse_conversation()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT404' using message = 'There is no such conversation', detail = 'conversation_not_found';
end;
$$;

comment on function private.refuse_conversation is 'Raises the error PT404.';
revoke all on function private.refuse_conversation () from public, anon, authenticated, service_role;

create function private.member_of(user_id uuid, conversation_id bigint)
returns private.conversation_members
language plpgsql
stable
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.member_of is 'The membership. The error PT404 when the person is not a member, or there is no such conversation.';
revoke all on function private.member_of (uuid, bigint) from public, anon, authenticated, service_role;

create function private.hold_conversation(conversation_id bigint)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.hold_conversation is 'Locks a conversation until the transaction ends. The error PT404 when there is none.';
revoke all on function private.hold_conversation (bigint) from public, anon, authenticated, service_role;

-- The turn comes first, then the budget, then the partings, then the conversation: the order of locks.
create function private.act_in(
  viewer_id uuid, conversation_id bigint, action text, newcomer_ids uuid[] default '{}'
)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  held private.conversations;
begin
  perform private.take_own_turn(act_in.viewer_id);
  perform private.charge(act_in.viewer_id, act_in.action, 1);
  -- Before the lock, so that a stranger cannot keep a conversation busy.
  perform private.member_of(act_in.viewer_id, act_in.conversation_id);
  perform private.await_partings(act_in.newcomer_ids);
  held := private.hold_conversation(act_in.conversation_id);
  perform private.member_of(act_in.viewer_id, act_in.conversation_id);
  -- A ban may have come while this request waited.
  perform private.chat_viewer();
  return held;
end;
$$;

comment on function private.act_in is 'Lets a member change something, or add newcomers: takes their turn, spends their budget, and locks the conversation. The error PT404 when they are not a member.';
revoke all on function private.act_in (uuid, bigint, text, uuid[]) from public, anon, authenticated, service_role;

-- Frozen ---------------------------------------------------------------------

-- A block, and a deleted account, end a direct conversation in the same words.
create function private.is_frozen(conversation private.conversations)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return conversation.kind = 'direct' and conversation.low_id <> conversation.high_id and (
    conversation.member_count < 2 or exists (
      select from private.block_between(conversation.low_id, conversation.high_id)
    )
  );
end;
$$;

comment on function private.is_frozen is 'Whether nobody can write in a direct conversation: one of the two blocks the other, or deleted their account.';
revoke all on function private.is_frozen (private.conversations) from public, anon, authenticated, service_role;

create function private.other_of(conversation private.conversations, user_id uuid)
returns uuid
language sql
immutable
security invoker
return case when conversation.low_id = other_of.user_id then conversation.high_id else conversation.low_id end;

comment on function private.other_of is 'The other person of a direct conversation.';
revoke all on function private.other_of (private.conversations, uuid) from public, anon, authenticated, service_role;
