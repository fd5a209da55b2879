/*
 * members of groups
 *
 * How somebody comes into a group and goes, and what each role may do. A person who
 * goes hears nothing that is said afterwards: the topic moves in the same transaction
 * (25-log.sql).
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
    case when groups.history = 'all' then 0 else present.last_seq end, present.last_seq, present.last_seq
  from unnest(profile_ids) as newcomer (id)
  join private.groups on groups.conversation_id = present.id;
  update private.conversations
  set member_count = conversations.member_count + cardinality(profile_ids)
  where conversations.id = present.id;
  insert into private.conversation_tellings (user_id, conversation_id)
  select newcomer.id, present.id
  from unnest(profile_ids) as newcomer (id)
  on conflict do nothing;
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
    moves := private.set_apart(conversation.id, newcomer) or moves;
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
  viewer_id uuid := private.viewer();
  conversation private.conversations;
begin
  conversation := private.act_in(viewer_id, add_members.conversation_id, 'membership');
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

-- Going ----------------------------------------------------------------------

create table private.group_removals (
  conversation_id  bigint  not null references private.conversations (id) on delete cascade,
  user_id          uuid    not null references public.profiles (id) on delete cascade,

  primary key (conversation_id, user_id)
);

comment on table private.group_removals is 'The people who were removed from a group. No invitation lets them in again.';
revoke all on private.group_removals from public, anon, authenticated, service_role;

create index group_removals_user_id_idx on private.group_removals (user_id);

create function private.end_membership(
  conversation private.conversations, profile_id uuid, change public.conversation_change, actor_id uuid
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
    return;
  end if;
  perform private.set_apart(moved.id, end_membership.profile_id);
  moved := private.move_conversation(moved);
  perform private.add_change(
    moved, end_membership.change, end_membership.actor_id,
    case when end_membership.change = 'removed' then end_membership.profile_id end
  );
  perform private.append_conversation_event(moved);
  perform private.tell_later(end_membership.profile_id, moved.id);
end;
$$;

comment on function private.end_membership is 'Takes a person out of a group, and moves its topic. A group without members is deleted.';
revoke all on function private.end_membership (private.conversations, uuid, public.conversation_change, uuid)
  from public, anon, authenticated, service_role;

create function private.remove_member(conversation_id bigint, profile_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
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
$$;

comment on function private.remove_member is 'What public.remove_member() does.';
revoke all on function private.remove_member (bigint, uuid) from public, anon, authenticated, service_role;
grant execute on function private.remove_member (bigint, uuid) to authenticated;

create function public.remove_member(conversation_id bigint, profile_id uuid)
returns void
language sql
volatile
security invoker
begin atomic
  select private.remove_member(remove_member.conversation_id, remove_member.profile_id);
end;

comment on function public.remove_member is 'Removes a person from a group. Admins remove members, the owner also admins. From then on the person reads and hears nothing, and no invitation lets them in again.';
revoke all on function public.remove_member (bigint, uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_member (bigint, uuid) to authenticated;

create function private.leave_conversation(conversation_id bigint)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
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
$$;

comment on function private.leave_conversation is 'What public.leave_conversation() does.';
revoke all on function private.leave_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function private.leave_conversation (bigint) to authenticated;

create function public.leave_conversation(conversation_id bigint)
returns void
language sql
volatile
security invoker
begin atomic
  select private.leave_conversation(leave_conversation.conversation_id);
end;

comment on function public.leave_conversation is 'Leaves a group. Its owner first gives it to another member (transfer_group), unless nobody else is there: then the group is deleted.';
revoke all on function public.leave_conversation (bigint) from public, anon, authenticated, service_role;
grant execute on function public.leave_conversation (bigint) to authenticated;

-- Roles ----------------------------------------------------------------------

create function private.set_role(conversation_id bigint, profile_id uuid, role public.conversation_role)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
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
$$;

comment on function private.set_role is 'What public.set_member_role() and public.transfer_group() do.';
revoke all on function private.set_role (bigint, uuid, public.conversation_role)
  from public, anon, authenticated, service_role;
grant execute on function private.set_role (bigint, uuid, public.conversation_role) to authenticated;

create function public.set_member_role(conversation_id bigint, profile_id uuid, role public.conversation_role)
returns void
language sql
volatile
security invoker
begin atomic
  select private.set_role(set_member_role.conversation_id, set_member_role.profile_id, set_member_role.role);
end;

comment on function public.set_member_role is 'Makes a member of your group an admin, or an admin a member. With the role owner it gives the group away.';
revoke all on function public.set_member_role (bigint, uuid, public.conversation_role)
  from public, anon, authenticated, service_role;
grant execute on function public.set_member_role (bigint, uuid, public.conversation_role) to authenticated;

create function public.transfer_group(conversation_id bigint, profile_id uuid)
returns void
language sql
volatile
security invoker
begin atomic
  select private.set_role(transfer_group.conversation_id, transfer_group.profile_id, 'owner');
end;

comment on function public.transfer_group is 'Gives your group to another member. You stay, as an admin.';
revoke all on function public.transfer_group (bigint, uuid) from public, anon, authenticated, service_role;
grant execute on function public.transfer_group (bigint, uuid) to authenticated;
