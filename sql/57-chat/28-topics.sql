/*
 * topics of conversations
 *
 * Who listens to conversation:<id>:<epoch>: its accepted members, in the present epoch. A member
 * who blocks another member of the group does not (70-blocks.sql). Realtime asks when somebody
 * joins, and again when their token is refreshed. Between the two, the epoch keeps out people
 * who may not listen any more (27-epochs.sql).
 *
 * Only the database sends events. Members send presence, in conversations of up to 50. For
 * typing there is conversation:<id>:<epoch>:typing, to which they may broadcast. Postgres does
 * not learn which event a client broadcasts. So a client that broadcasts to the topic itself
 * could forge messages of others.
 */

-- Definer, because nobody may read who is in which conversation.
create function private.hears(viewer_id uuid, topic text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
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
$$;

comment on function private.hears is 'Whether somebody may listen to a topic of a conversation.';
revoke all on function private.hears (uuid, text) from public, anon, authenticated, service_role;
grant execute on function private.hears (uuid, text) to authenticated;

-- Definer, because nobody may read who is in which conversation.
create function private.is_seen_in(viewer_id uuid, topic text, extension text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
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
$$;

comment on function private.is_seen_in is 'Whether somebody may show in a conversation of up to 50 that they are online (presence) or typing (broadcast to its topic for that).';
revoke all on function private.is_seen_in (uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function private.is_seen_in (uuid, text, text) to authenticated;

create policy "members listen to their conversations"
  on realtime.messages for select
  to authenticated
  using ((select private.hears((select auth.uid()), (select realtime.topic()))));

create policy "members show in small conversations that they are there"
  on realtime.messages for insert
  to authenticated
  with check (private.is_seen_in((select auth.uid()), (select realtime.topic()), extension));
