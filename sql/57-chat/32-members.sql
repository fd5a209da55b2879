/*
 * members of groups
 *
 * How somebody comes into a group, and what each role may do. How they go is in 33-leaving.sql.
 */

-- Rules ----------------------------------------------------------------------

create function private.require_group(conversation private.conversations)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if conversation.kind <> 'group' then
    raise sqlstate 'PT400' using message = 'This conversation is not a group', detail = 'not_a_group';
  end if;
end;
$$;

comment on function private.require_group is 'The error PT400 unless the conversation is a group.';
revoke all on function private.require_group (private.conversations) from public, anon, authenticated, service_role;

create function private.require_role(member private.conversation_members, role public.conversation_role)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  -- The enum goes from the owner down.
  if member.role > require_role.role then
    raise sqlstate 'PT403' using
      message = 'Your role in this group does not allow that', detail = 'role_too_low';
  end if;
end;
$$;

comment on function private.require_role is 'The error PT403 unless a member has this role or a higher one.';
revoke all on function private.require_role (private.conversation_members, public.conversation_role)
  from public, anon, authenticated, service_role;

create function private.check_members(viewer_id uuid, member_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.check_members is 'Checks a list of people, and spends for it.';
revoke all on function private.check_members (uuid, uuid[]) from public, anon, authenticated, service_role;

-- Another member, as the viewer knows them. For the viewer, a hidden person is not a member.
create function private.require_member(viewer_id uuid, conversation_id bigint, profile_id uuid)
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
$$;

comment on function private.require_member is 'A member that the viewer sees. The error PT404 when there is none.';
revoke all on function private.require_member (uuid, bigint, uuid) from public, anon, authenticated, service_role;

-- Coming ---------------------------------------------------------------------

-- Nobody may delete the accounts at this moment: the caller holds them.
create function private.insert_members(
  conversation private.conversations, profile_ids uuid[], accepted_ids uuid[]
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 500;
  -- They read nothing until they accept (36-requests.sql).
  nothing_yet constant bigint := 9223372036854775806;
  present private.conversations;
  after private.conversations;
  came_back boolean;
begin
  select conversations.* into present
  from private.conversations
  where conversations.id = conversation.id;
  if present.member_count + cardinality(profile_ids) > most then
    raise sqlstate 'PT400' using message = 'A group has at most 500 members', detail = 'group_full';
  end if;

  insert into private.conversation_members (conversation_id, user_id, is_accepted, from_seq, read_seq)
  select
    present.id, newcomer.id, newcomer.id = any (accepted_ids),
    case
      when groups.history = 'all' then 0
      when groups.history = 'none' and not newcomer.id = any (accepted_ids) then nothing_yet
      else present.last_seq
    end,
    present.last_seq
  from unnest(profile_ids) as newcomer (id)
  join private.groups on groups.conversation_id = present.id;
  delete from private.former_members
  where former_members.conversation_id = present.id and former_members.user_id = any (profile_ids);
  came_back := found;
  update private.conversations
  set member_count = conversations.member_count + cardinality(profile_ids)
  where conversations.id = present.id
  returning conversations.* into after;
  perform private.turn_receipts(after, present.member_count);
  -- Open screens still have the receipts that they had before they left.
  if came_back and private.has_receipts(after.member_count) then
    perform private.append_event(after, 'start_over');
  end if;
  perform private.tell(present.id, profile_ids);
end;
$$;

comment on function private.insert_members is 'Adds people to a group. Earlier messages are not unread for them.';
revoke all on function private.insert_members (private.conversations, uuid[], uuid[])
  from public, anon, authenticated, service_role;

-- What newcomers may not read must not be replayed to them. And a member who blocks a newcomer
-- must not hear them. In both cases the topic moves.
create function private.after_coming(conversation private.conversations, newcomer_ids uuid[])
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
    moves := private.part_from(conversation.id, newcomer) or moves;
  end loop;
  if moves then
    conversation := private.move_conversation(conversation);
  end if;
  return conversation;
end;
$$;

comment on function private.after_coming is 'Moves the topic of a group, if its newcomers make that necessary.';
revoke all on function private.after_coming (private.conversations, uuid[]) from public, anon, authenticated, service_role;

create function private.add_people(conversation private.conversations, actor_id uuid, profile_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
    -- A hidden member is answered like somebody whose account is deleted.
    where not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id and conversation_members.user_id = wanted.id
    ) or exists (select from private.block_between(actor_id, wanted.id))
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
$$;

comment on function private.add_people is 'Adds people to a group that the caller holds. Members stay as they are.';
revoke all on function private.add_people (private.conversations, uuid, uuid[]) from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write members.
create function private.add_members(conversation_id bigint, member_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(
    viewer_id, add_members.conversation_id, 'membership', add_members.member_ids
  );
  perform private.require_group(conversation);
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  perform private.check_members(viewer_id, add_members.member_ids);
  perform private.add_people(conversation, viewer_id, add_members.member_ids);
end;
$$;

comment on function private.add_members is 'What public.add_members() does.';
revoke all on function private.add_members (bigint, uuid[]) from public, anon, authenticated, service_role;
grant execute on function private.add_members (bigint, uuid[]) to authenticated;

create function public.add_members(conversation_id bigint, member_ids uuid[])
returns void
language sql
volatile
security invoker
begin atomic
  select private.add_members(add_members.conversation_id, add_members.member_ids);
end;

comment on function public.add_members is 'Adds people to a group. Its owner and admins may do that. All of them are added, or none.';
revoke all on function public.add_members (bigint, uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.add_members (bigint, uuid[]) to authenticated;
