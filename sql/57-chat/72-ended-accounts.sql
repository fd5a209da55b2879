/*
 * conversations of ended accounts
 *
 * What a deleted account leaves behind in conversations: see the header of 70-blocks.sql.
 */

-- The new owner: the admin who came first, or else the member who came first.
create function private.inherit_group(conversation_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.inherit_group is 'Gives a group without an owner to a member.';
revoke all on function private.inherit_group (bigint) from public, anon, authenticated, service_role;

create function private.keeps_text(conversation private.conversations, account_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return case conversation.kind
    when 'group' then (
      select groups.keeps_deleted from private.groups where groups.conversation_id = conversation.id
    )
    else exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id <> keeps_text.account_id
        and conversation_members.keeps_deleted
    )
  end;
end;
$$;

comment on function private.keeps_text is 'Whether somebody keeps what an account said in a conversation when the account is deleted.';
revoke all on function private.keeps_text (private.conversations, uuid) from public, anon, authenticated, service_role;

-- The account is locked already, and writes nothing any more. An account may have said anything
-- between nothing and millions of messages. So this only notes in which conversations it spoke, and
-- from then on nobody reads it there (22-reading.sql). The job erases the texts (74-erasing-job.sql).
-- The topic moves, so Realtime replays nothing of what it said. If the conversations are many, the job
-- tells of the new topics of groups. A direct conversation moves as it does after a block. Definer,
-- because Auth has no rights here.
create function private.profiles_end_chat()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  most constant integer := 20;
  left_id bigint;
  are_many boolean;
  conversation private.conversations;
  was_member boolean;
  was_frozen boolean;
begin
  for left_id, are_many in
    select concerned.id, count(*) over () > most
    from (
      select members.conversation_id
      from private.conversation_members as members
      where members.user_id = old.id
      union
      -- What the person said is there. Messages may name the person, or have their reactions.
      select former_members.conversation_id
      from private.former_members
      where former_members.user_id = old.id
    ) as concerned (id)
    order by concerned.id
  loop
    select conversations.* into conversation
    from private.conversations
    where conversations.id = left_id
    for no key update;
    -- Its last member left meanwhile.
    continue when not found;
    was_frozen := private.is_frozen(conversation);
    insert into private.ended_senders (conversation_id, user_id, keeps_text)
    select left_id, old.id, private.keeps_text(conversation, old.id)
    where exists (select from private.messages where messages.sender_id = old.id);
    delete from private.former_members
    where former_members.conversation_id = left_id and former_members.user_id = old.id;
    delete from private.conversation_members
    where conversation_members.conversation_id = left_id and conversation_members.user_id = old.id;
    was_member := found;
    update private.conversations
    set member_count = conversations.member_count - was_member::integer
    where conversations.id = left_id
    returning conversations.* into conversation;
    continue when private.close_empty(conversation);
    -- The other person sees nothing else than after the block.
    continue when was_frozen;
    if conversation.kind = 'group' then
      perform private.inherit_group(left_id);
      perform private.part_from(left_id, old.id);
    end if;
    if are_many and conversation.kind = 'group' then
      conversation := private.move_conversation_later(conversation);
    else
      conversation := private.move_conversation(conversation);
    end if;
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
$$;

comment on function private.profiles_end_chat is 'Takes a deleted account out of its conversations.';
revoke all on function private.profiles_end_chat () from public, anon, authenticated, service_role;

create trigger profiles_end_chat
  before delete on public.profiles
  for each row
  execute function private.profiles_end_chat();
