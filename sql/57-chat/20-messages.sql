/*
 * messages
 *
 * What people say in conversations, and what happened to a group. A message takes the next
 * number of its conversation when it is written, and keeps it. The rules
 * of reading are in 22-reading.sql. Members send messages in 40-sending.sql.
 *
 * A deleted message leaves a row without text (a tombstone). So numbers have no gap.
 * 73-erasing.sql has what erases a text.
 */

-- Tables ---------------------------------------------------------------------

create type public.conversation_change as enum (
  'created', 'added', 'joined', 'left', 'removed', 'named', 'described', 'pictured', 'locked', 'unlocked',
  'role', 'owner', 'history', 'expiry'
);
comment on type public.conversation_change is 'What happened to a conversation.';

-- sender_id has no foreign key: its check would lock a profile after the conversation.
create table private.messages (
  id               bigint       primary key default private.new_id(),
  conversation_id  bigint       not null references private.conversations (id) on delete cascade,
  seq              bigint       not null,
  sender_id        uuid,
  client_id        text,
  change           public.conversation_change,
  target_id        uuid,
  content          text         not null default '',
  entities         jsonb        not null default '[]',
  reply_to_id      bigint,
  post_id          bigint,
  has_reactions    boolean      not null default false,
  created_at       timestamptz  not null default now(),
  edited_at        timestamptz,
  deleted_at       timestamptz,
  expires_at       timestamptz,

  -- A conversation, in order.
  constraint messages_conversation_id_seq_key unique (conversation_id, seq),
  -- A message that is sent again.
  constraint messages_sender_id_client_id_key unique (sender_id, client_id)
) with (fillfactor = 90);

comment on table  private.messages is 'What people said, and what happened to groups.';
comment on column private.messages.sender_id is 'Who said or did it. Null: the account is deleted.';
comment on column private.messages.client_id is 'The key that the sender''s client made.';
comment on column private.messages.change is 'What happened to the conversation. Null: somebody said something.';
comment on column private.messages.target_id is 'The person it happened to, or null.';
comment on column private.messages.content is 'The text. In a change, the new name or value.';
comment on column private.messages.deleted_at is 'When it was deleted, or null. Then there is no text.';
comment on column private.messages.expires_at is 'When its text disappears, or null.';
revoke all on private.messages from public, anon, authenticated, service_role;

-- What counts as unread behind a pointer.
create index messages_unread_idx on private.messages (conversation_id, seq) include (sender_id, expires_at)
  where change is null and deleted_at is null;
-- The messages whose text has to disappear.
create index messages_expires_at_idx on private.messages (expires_at) where expires_at is not null and deleted_at is null;
-- The messages that quote a message.
create index messages_reply_to_id_idx on private.messages (reply_to_id) where reply_to_id is not null;

create table private.message_versions (
  message_id   bigint       not null references private.messages (id) on delete cascade,
  version      integer      not null,
  content      text         not null,
  replaced_at  timestamptz  not null default now(),

  primary key (message_id, version)
);

comment on table private.message_versions is 'What messages said before they were edited.';
revoke all on private.message_versions from public, anon, authenticated, service_role;

create table private.message_reactions (
  message_id  bigint  not null references private.messages (id) on delete cascade,
  user_id     uuid    not null references public.profiles (id) on delete cascade,
  emoji       text    not null,
  id          bigint  not null default private.new_id(),

  primary key (message_id, emoji, user_id)
);

comment on table private.message_reactions is 'How people reacted to messages.';
revoke all on private.message_reactions from public, anon, authenticated, service_role;

-- The reactions of a deleted account.
create index message_reactions_user_id_idx on private.message_reactions (user_id);

create table private.message_mentions (
  message_id  bigint  not null references private.messages (id) on delete cascade,
  user_id     uuid    not null references public.profiles (id) on delete cascade,
  username    text    not null,

  primary key (message_id, user_id)
);

comment on table private.message_mentions is 'The members that a message names.';
comment on column private.message_mentions.username is 'As it stands in the text, in lower case.';
revoke all on private.message_mentions from public, anon, authenticated, service_role;

create index message_mentions_user_id_idx on private.message_mentions (user_id, message_id);

create table private.hidden_messages (
  user_id     uuid    not null references public.profiles (id) on delete cascade,
  message_id  bigint  not null references private.messages (id) on delete cascade,

  primary key (user_id, message_id)
);

comment on table private.hidden_messages is 'The messages that somebody deleted for themselves.';
revoke all on private.hidden_messages from public, anon, authenticated, service_role;

create index hidden_messages_message_id_idx on private.hidden_messages (message_id);

-- Nobody reads their text from the moment of the deletion on (22-reading.sql). The job erases it
-- in steps (74-erasing-job.sql).
create table private.ended_senders (
  conversation_id  bigint       not null references private.conversations (id) on delete cascade,
  user_id          uuid         not null,
  keeps_text       boolean      not null,
  due_at           timestamptz  not null default now(),

  -- The ones of a conversation.
  primary key (conversation_id, user_id)
);

comment on table  private.ended_senders is 'The deleted accounts that still have messages in a conversation, until the job has erased them.';
comment on column private.ended_senders.keeps_text is 'Whether only the name goes, because somebody chose to keep the text.';
comment on column private.ended_senders.due_at is 'From when on the job goes on with this account. The one that is due longest comes first.';
revoke all on private.ended_senders from public, anon, authenticated, service_role;

create index ended_senders_user_id_idx on private.ended_senders (user_id);
create index ended_senders_due_at_idx on private.ended_senders (due_at);
