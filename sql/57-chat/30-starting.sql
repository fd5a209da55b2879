/*
 * starting a conversation
 *
 * How somebody begins to talk to a person or to a group. If the other person does not follow
 * them, the conversation waits among the requests of that person (36-requests.sql).
 */

-- Direct ---------------------------------------------------------------------

-- Definer, here and below, because nobody may write conversations. If both people begin at
-- once, the unique index makes one of them wait for the other.
create function private.direct_conversation(profile_id uuid)
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.direct_conversation is 'What public.direct_conversation() does.';
revoke all on function private.direct_conversation (uuid) from public, anon, authenticated, service_role;
grant execute on function private.direct_conversation (uuid) to authenticated;

create function private.require_welcome(profile_id uuid, actor_id uuid)
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  settings private.chat_settings := private.chat_settings_of(require_welcome.profile_id);
begin
  if not private.lets(require_welcome.profile_id, settings.who_writes, require_welcome.actor_id) then
    raise sqlstate 'PT403' using
      message = 'This person does not take messages from you', detail = 'messages_not_welcome';
  end if;
end;
$$;

comment on function private.require_welcome is 'The error PT403 unless somebody may begin to write to a person.';
revoke all on function private.require_welcome (uuid, uuid) from public, anon, authenticated, service_role;

create function public.direct_conversation(profile_id uuid)
returns bigint
language sql
volatile
security invoker
return private.direct_conversation(direct_conversation.profile_id);

comment on function public.direct_conversation is 'The id of your conversation with a person. It begins one if there is none. With your own id it is for notes to yourself. The other person hears nothing until you send a message.';
revoke all on function public.direct_conversation (uuid) from public, anon, authenticated, service_role;
grant execute on function public.direct_conversation (uuid) to authenticated;

-- Groups ---------------------------------------------------------------------

create function private.create_group(name text, member_ids uuid[])
returns bigint
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.create_group is 'What public.create_group() does.';
revoke all on function private.create_group (text, uuid[]) from public, anon, authenticated, service_role;
grant execute on function private.create_group (text, uuid[]) to authenticated;

create function public.create_group(name text, member_ids uuid[] default '{}')
returns bigint
language sql
volatile
security invoker
return private.create_group(create_group.name, create_group.member_ids);

comment on function public.create_group is 'Makes a group with these members, up to 500 with you, and answers its id. You are its owner. A person who does not follow you finds the group among their requests.';
revoke all on function public.create_group (text, uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.create_group (text, uuid[]) to authenticated;
