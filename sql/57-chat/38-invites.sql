/*
 * invites
 *
 * A link with a code lets people into a group, until a time, for a number of uses, and with or
 * without the approval of an admin. Somebody who needs it waits (39-join-requests.sql).
 */

create table private.group_invites (
  code             text         primary key,
  conversation_id  bigint       not null references private.conversations (id) on delete cascade,
  creator_id       uuid         references public.profiles (id) on delete set null,
  expires_at       timestamptz,
  uses_left        integer      check (uses_left >= 0),
  needs_approval   boolean      not null default false,
  created_at       timestamptz  not null default now()
);

comment on table  private.group_invites is 'The links that let people into groups.';
comment on column private.group_invites.uses_left is 'How many people may still use it. Null: any number.';
revoke all on private.group_invites from public, anon, authenticated, service_role;

create index group_invites_conversation_id_idx on private.group_invites (conversation_id);
create index group_invites_creator_id_idx on private.group_invites (creator_id) where creator_id is not null;

-- Types ----------------------------------------------------------------------

create type public.group_invite as (
  code            text,
  expires_at      timestamptz,
  uses_left       integer,
  needs_approval  boolean,
  created_at      timestamptz
);

comment on type public.group_invite is 'A link into a group.';
comment on column public.group_invite.expires_at is 'Null: it does not end.';
comment on column public.group_invite.uses_left is 'How many people may still use it. Null: any number.';

create type public.invite_preview as (
  conversation_id  bigint,
  name             text,
  description      text,
  picture_url      text,
  member_count     integer,
  needs_approval   boolean
);

comment on type public.invite_preview is 'The group to which an invite leads.';
comment on column public.invite_preview.picture_url is 'An https address, or null.';

create type public.join_answer as enum ('joined', 'requested');
comment on type public.join_answer is 'joined: you are a member. requested: an admin has to approve it.';

-- Making ---------------------------------------------------------------------

-- Definer, here and below, because nobody may read or write the tables.
create function private.create_invite(
  conversation_id bigint, expires_at timestamptz, max_uses integer, needs_approval boolean
)
returns text
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.create_invite is 'What public.create_invite() does.';
revoke all on function private.create_invite (bigint, timestamptz, integer, boolean)
  from public, anon, authenticated, service_role;
grant execute on function private.create_invite (bigint, timestamptz, integer, boolean) to authenticated;

create function public.create_invite(
  conversation_id bigint,
  expires_at timestamptz default null,
  max_uses integer default null,
  needs_approval boolean default false
)
returns text
language sql
volatile
security invoker
return private.create_invite(
  create_invite.conversation_id, create_invite.expires_at, create_invite.max_uses, create_invite.needs_approval
);

comment on function public.create_invite is 'Makes an invite into your group and answers its code. max_uses and expires_at are null for no limit. The owner and admins may do that.';
revoke all on function public.create_invite (bigint, timestamptz, integer, boolean)
  from public, anon, authenticated, service_role;
grant execute on function public.create_invite (bigint, timestamptz, integer, boolean) to authenticated;

create function private.delete_invite(conversation_id bigint, code text)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.delete_invite is 'What public.delete_invite() does.';
revoke all on function private.delete_invite (bigint, text) from public, anon, authenticated, service_role;
grant execute on function private.delete_invite (bigint, text) to authenticated;

create function public.delete_invite(conversation_id bigint, code text)
returns boolean
language sql
volatile
security invoker
return private.delete_invite(delete_invite.conversation_id, delete_invite.code);

comment on function public.delete_invite is 'Deletes an invite. False when there is no such invite.';
revoke all on function public.delete_invite (bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.delete_invite (bigint, text) to authenticated;

create function private.invites(conversation_id bigint)
returns setof public.group_invite
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
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
$$;

comment on function private.invites is 'What public.invites() answers.';
revoke all on function private.invites (bigint) from public, anon, authenticated, service_role;
grant execute on function private.invites (bigint) to authenticated;

create function public.invites(conversation_id bigint)
returns setof public.group_invite
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.invites(invites.conversation_id) as listed;
end;

comment on function public.invites is 'The invites of your group, newest first. For its owner and admins.';
revoke all on function public.invites (bigint) from public, anon, authenticated, service_role;
grant execute on function public.invites (bigint) to authenticated;

-- Using ----------------------------------------------------------------------

-- An invite that is over, and one that there never was, get one answer. So does an invite into a
-- group whose owner blocks the person.
create function private.usable_invite(viewer_id uuid, code text)
returns private.group_invites
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  invite private.group_invites;
begin
  select group_invites.* into invite
  from private.group_invites
  where group_invites.code = usable_invite.code
    and (group_invites.expires_at is null or group_invites.expires_at > now())
    and (
      group_invites.uses_left is null or group_invites.uses_left > 0
      -- The answer of the person's own use may have got lost.
      or exists (
        select from private.conversation_members
        where conversation_members.conversation_id = group_invites.conversation_id
          and conversation_members.user_id = usable_invite.viewer_id
      )
      or (group_invites.needs_approval and exists (
        select from private.join_requests
        where join_requests.conversation_id = group_invites.conversation_id
          and join_requests.user_id = usable_invite.viewer_id
      ))
    )
    and not exists (
      select from private.former_members
      where former_members.conversation_id = group_invites.conversation_id
        and former_members.user_id = usable_invite.viewer_id
        and former_members.is_removed
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
$$;

comment on function private.usable_invite is 'An invite that the person may use. The error PT404 when there is none.';
revoke all on function private.usable_invite (uuid, text) from public, anon, authenticated, service_role;

create function private.invite(code text)
returns setof public.invite_preview
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  viewer_id uuid := private.chat_viewer();
  found_invite private.group_invites := private.usable_invite(viewer_id, invite.code);
begin
  return query
  select
    conversations.id, groups.name, groups.description, groups.picture_url,
    private.count_members(conversations, array(select private.hidden_ids(viewer_id))), found_invite.needs_approval
  from private.conversations
  join private.groups on groups.conversation_id = conversations.id
  where conversations.id = found_invite.conversation_id;
end;
$$;

comment on function private.invite is 'What public.invite() answers.';
revoke all on function private.invite (text) from public, anon, authenticated, service_role;
grant execute on function private.invite (text) to authenticated;

create function public.invite(code text)
returns setof public.invite_preview
language sql
stable
security invoker
rows 1
begin atomic
  select shown.*
  from private.invite(invite.code) as shown;
end;

comment on function public.invite is 'The group to which an invite leads, before you join it.';
revoke all on function public.invite (text) from public, anon, authenticated, service_role;
grant execute on function public.invite (text) to authenticated;

create function private.join_by_invite(code text)
returns public.join_answer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  invite private.group_invites;
  conversation private.conversations;
  own private.conversation_members;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'membership', 1);
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  perform private.await_partings(array[viewer_id]);
  conversation := private.hold_conversation(invite.conversation_id);
  -- Others used it while this request waited, or a ban came.
  perform private.chat_viewer();
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  select conversation_members.* into own
  from private.conversation_members
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id;
  if found then
    -- Somebody added them, and they have not answered yet.
    if not own.is_accepted then
      conversation := private.accept_member(conversation, own);
      perform private.add_change(conversation, 'joined', viewer_id);
    end if;
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
$$;

comment on function private.join_by_invite is 'What public.join_by_invite() does.';
revoke all on function private.join_by_invite (text) from public, anon, authenticated, service_role;
grant execute on function private.join_by_invite (text) to authenticated;

create function public.join_by_invite(code text)
returns public.join_answer
language sql
volatile
security invoker
return private.join_by_invite(join_by_invite.code);

comment on function public.join_by_invite is 'Joins the group of an invite, or asks to join it, if an admin has to approve it.';
revoke all on function public.join_by_invite (text) from public, anon, authenticated, service_role;
grant execute on function public.join_by_invite (text) to authenticated;
