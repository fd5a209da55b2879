/*
 * leaving a group
 *
 * How somebody leaves a group or is removed, and how a group gets another owner or admin. The topic
 * moves in the same transaction (27-epochs.sql). So a person who is gone hears nothing more.
 */

-- Going ----------------------------------------------------------------------

-- What they said stays in the group. So a block, or the end of their account, still changes what
-- its members read. user_id has no foreign key: its check would wait for an account that is being
-- deleted, and the deletion waits for the conversation. The deletion deletes the rows
-- (72-ended-accounts.sql).
create table private.former_members (
  conversation_id  bigint   not null references private.conversations (id) on delete cascade,
  user_id          uuid     not null,
  is_removed       boolean  not null,
  is_apart         boolean  not null default false,

  primary key (conversation_id, user_id)
);

comment on table  private.former_members is 'The people who left a group or were removed, and did not come back.';
comment on column private.former_members.is_removed is 'Whether somebody removed the person. Then no invitation lets them in again.';
comment on column private.former_members.is_apart is 'Whether the person and a member do not read each other, because of a block (70-blocks.sql).';
revoke all on private.former_members from public, anon, authenticated, service_role;

create index former_members_user_id_idx on private.former_members (user_id);
create index former_members_apart_idx on private.former_members (conversation_id, user_id) where is_apart;

-- Nobody reads it, and nobody comes in any more. The job deletes it, in steps (74-erasing-job.sql).
create function private.close_empty(conversation private.conversations)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  if conversation.member_count > 0 then
    return false;
  end if;
  delete from private.group_invites
  where group_invites.conversation_id = conversation.id;
  return true;
end;
$$;

comment on function private.close_empty is 'Closes a conversation that has no members any more. False: it has some.';
revoke all on function private.close_empty (private.conversations) from public, anon, authenticated, service_role;

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
  insert into private.former_members (conversation_id, user_id, is_removed)
  values (conversation.id, end_membership.profile_id, end_membership.change = 'removed');
  update private.conversations
  set member_count = conversations.member_count - 1
  where conversations.id = conversation.id
  returning conversations.* into moved;
  delete from private.unread_conversations
  where unread_conversations.user_id = end_membership.profile_id
    and unread_conversations.conversation_id = conversation.id;
  perform private.tell(moved.id, array[end_membership.profile_id]);
  if private.close_empty(moved) then
    return;
  end if;
  -- An owner who has not accepted the group may decline it (72-ended-accounts.sql).
  perform private.inherit_group(moved.id);
  perform private.part_from(moved.id, end_membership.profile_id);
  moved := private.move_conversation(moved);
  perform private.add_change(
    moved, end_membership.change, end_membership.actor_id,
    case when end_membership.change = 'removed' then end_membership.profile_id end
  );
  perform private.append_conversation_event(moved);
  perform private.turn_receipts(moved, moved.member_count + 1);
end;
$$;

comment on function private.end_membership is 'Takes a person out of a group, and moves its topic. The job deletes a group without members.';
revoke all on function private.end_membership (private.conversations, uuid, public.conversation_change, uuid)
  from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write members.
create function private.remove_member(conversation_id bigint, profile_id uuid)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, leave_conversation.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  -- Only somebody that the owner sees, and who has accepted the group, can get it.
  if own.role = 'owner' and exists (
    select from private.conversation_members as others
    where others.conversation_id = conversation.id and others.user_id <> viewer_id and others.is_accepted
      and others.user_id not in (select private.hidden_ids(viewer_id))
  ) then
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

comment on function public.leave_conversation is 'Leaves a group. Its owner first gives it to another member (transfer_group), unless there is nobody to give it to. A group without members is deleted.';
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
