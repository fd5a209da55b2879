/*
 * blocks, bans and deleted accounts
 *
 * A block freezes a direct conversation both ways. In a group, neither of the two reads the
 * other. So that neither hears the other:
 *
 *   - The person who blocks is apart: they do not listen to the topic. They read by sync(), and
 *     hear of news on user:<id>.
 *   - What a member who is apart says is sent without its text. So others fetch it.
 *
 * The blocked person stays in the topic. So nothing tells them of the block. A banned account is
 * put out of its conversations' topics, and may not write.
 *
 * A deleted account leaves its conversations. What it said is erased. It stays without a name in
 * a group whose owner chose so, and in a direct conversation for a person who chose so.
 */

-- Apart ----------------------------------------------------------------------

-- The rule is here and nowhere else: a member is apart who blocks another member. A former member
-- does not listen, but somebody may react to what they said. So a block in either direction sets
-- them apart. Two people may share hundreds of groups, and everybody who writes there waits
-- meanwhile. So each step is one statement for all groups.
create function private.set_apart(group_ids bigint[], people uuid[])
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turned boolean;
begin
  with changed as (
    update private.conversation_members as own
    set is_apart = not own.is_apart
    from (
      select person.id, array(select private.blocked_ids(person.id)) as blocked_ids
      from (select distinct unnest(set_apart.people)) as person (id)
    ) as person
    where own.conversation_id = any (set_apart.group_ids)
      and own.user_id = person.id
      and own.is_apart <> exists (
        select from private.conversation_members as others
        where others.conversation_id = own.conversation_id and others.user_id = any (person.blocked_ids)
      )
    returning own.is_apart
  )
  select coalesce(bool_or(changed.is_apart), false) into turned
  from changed;
  update private.former_members as former
  set is_apart = not former.is_apart
  from (
    select person.id, array(select private.hidden_ids(person.id)) as hidden_ids
    from (select distinct unnest(set_apart.people)) as person (id)
  ) as person
  where former.conversation_id = any (set_apart.group_ids)
    and former.user_id = person.id
    and former.is_apart <> exists (
      select from private.conversation_members as members
      where members.conversation_id = former.conversation_id and members.user_id = any (person.hidden_ids)
    );
  return turned;
end;
$$;

comment on function private.set_apart is 'Decides in these groups which of these people are apart. True: one of them is apart from now on, so a topic has to move.';
revoke all on function private.set_apart (bigint[], uuid[]) from public, anon, authenticated, service_role;

-- Only people who are or were in the group, because somebody may block thousands.
create function private.part_from(conversation_id bigint, person_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  return private.set_apart(array[part_from.conversation_id], array(
    select members.user_id
    from private.conversation_members as members
    where members.conversation_id = part_from.conversation_id
      and members.user_id in (select part_from.person_id union all select private.hidden_ids(part_from.person_id))
    union all
    select former.user_id
    from private.former_members as former
    where former.conversation_id = part_from.conversation_id
      and former.user_id in (select part_from.person_id union all select private.hidden_ids(part_from.person_id))
  ));
end;
$$;

comment on function private.part_from is 'Decides who is apart in a group after a person came or went. True: somebody is apart from now on.';
revoke all on function private.part_from (bigint, uuid) from public, anon, authenticated, service_role;

-- Blocks ---------------------------------------------------------------------

-- The conversations that two people share, and that a block between them changes. One of the two
-- may have left: what they said is still there.
create function private.shared_conversations(one_id uuid, other_id uuid)
returns setof bigint
language sql
stable
security invoker
rows 5
begin atomic
  select own.conversation_id
  from private.conversation_members as own
  join private.conversation_members as others on others.conversation_id = own.conversation_id
    and others.user_id = shared_conversations.other_id
  where own.user_id = shared_conversations.one_id
  union all
  select own.conversation_id
  from private.conversation_members as own
  join private.former_members as others on others.conversation_id = own.conversation_id
    and others.user_id = shared_conversations.other_id
  where own.user_id = shared_conversations.one_id
  union all
  select own.conversation_id
  from private.former_members as own
  join private.conversation_members as others on others.conversation_id = own.conversation_id
    and others.user_id = shared_conversations.other_id
  where own.user_id = shared_conversations.one_id;
end;

comment on function private.shared_conversations is 'The conversations in which two people are members, or one is and the other was.';
revoke all on function private.shared_conversations (uuid, uuid) from public, anon, authenticated, service_role;

create function private.change_blocks(blocker_ids uuid[], blocked_ids uuid[], are_new boolean)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 20;
  -- A person in each of these conversations.
  conversation_ids bigint[];
  user_ids uuid[];
  held_ids bigint[];
  conversation private.conversations;
  is_shared boolean;
begin
  perform private.take_partings(change_blocks.blocker_ids || change_blocks.blocked_ids);
  select array_agg(concerned.conversation_id), array_agg(concerned.user_id)
  into conversation_ids, user_ids
  from (
    select distinct both_in.id, person.id
    from unnest(change_blocks.blocker_ids, change_blocks.blocked_ids) as block (blocker_id, blocked_id)
    cross join lateral private.shared_conversations(block.blocker_id, block.blocked_id) as both_in (id)
    cross join lateral (values (block.blocker_id), (block.blocked_id)) as person (id)
  ) as concerned (conversation_id, user_id);
  if conversation_ids is null then
    return;
  end if;
  held_ids := array(
    select conversations.id
    from private.conversations
    where conversations.id = any (conversation_ids)
    order by conversations.id
    for no key update
  );
  perform private.set_apart(
    array(
      select conversations.id
      from private.conversations
      where conversations.id = any (held_ids) and conversations.kind = 'group'
    ),
    user_ids
  );
  if change_blocks.are_new then
    for conversation in
      select conversations.*
      from private.conversations
      where conversations.id = any (held_ids) and conversations.kind = 'direct'
      order by conversations.id
    loop
      is_shared := (
        select count(*) > 1
        from private.conversation_members
        where conversation_members.conversation_id = conversation.id
      );
      if is_shared then
        conversation := private.move_conversation(conversation);
      end if;
      -- A deleted account adds this event, too. So the numbers do not tell a block from it.
      perform private.append_event(conversation, 'start_over');
    end loop;
  end if;
  perform private.change_views(conversation_ids, user_ids, cardinality(held_ids) > most);
  if change_blocks.are_new then
    -- A person who left does not listen.
    perform private.move_conversations(array(
      select members.conversation_id
      from unnest(conversation_ids, user_ids) as concerned (conversation_id, user_id)
      join private.conversation_members as members on members.conversation_id = concerned.conversation_id
        and members.user_id = concerned.user_id
      join private.conversations on conversations.id = members.conversation_id and conversations.kind = 'group'
      group by members.conversation_id
      having count(*) > 1
      order by members.conversation_id
    ));
  end if;
end;
$$;

comment on function private.change_blocks is 'Parts the people of new blocks in the conversations that they share, or lets them hear each other again after blocks that ended. The arrays have a place for each block.';
revoke all on function private.change_blocks (uuid[], uuid[], boolean) from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write conversations. blocks_end_follows takes the
-- turns of all people before. It runs first, because its name comes first in the alphabet.
create function private.blocks_move_conversations()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.change_blocks(
    (select array_agg(added.blocker_id order by added.id) from added),
    (select array_agg(added.blocked_id order by added.id) from added),
    true
  );
  return null;
end;
$$;

comment on function private.blocks_move_conversations is 'Moves the topics of the conversations that a person shares with somebody they block.';
revoke all on function private.blocks_move_conversations () from public, anon, authenticated, service_role;

create trigger blocks_move_conversations
  after insert on public.blocks
  referencing new table as added
  for each statement
  execute function private.blocks_move_conversations();

create function private.blocks_open_conversations()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- The answer has been read. To wait for conversations may take longer than the clock of share_with_owner().
  perform private.start_clock(8);
  -- Only blocks between accounts that exist. A deleted account has left its conversations already, and holds
  -- them. With partings, it would wait for somebody who waits for one of these conversations.
  perform private.change_blocks(
    array_agg(removed.blocker_id order by removed.id), array_agg(removed.blocked_id order by removed.id), false
  )
  from removed
  join public.profiles as blockers on blockers.id = removed.blocker_id
  join public.profiles as others on others.id = removed.blocked_id;
  return null;
end;
$$;

comment on function private.blocks_open_conversations is 'Lets two people hear each other again after a block.';
revoke all on function private.blocks_open_conversations () from public, anon, authenticated, service_role;

create trigger blocks_open_conversations
  after delete on public.blocks
  referencing old table as removed
  for each statement
  execute function private.blocks_open_conversations();

-- Bans -----------------------------------------------------------------------

-- users_lose_trust() waits for write_trust(). It runs first, because its name comes first in the alphabet. So
-- a ban that waits for write_trust() holds no conversation. Definer, because Auth has no rights here.
create function private.users_move_conversations()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.move_conversations(array(
    select conversations.id
    from private.conversations
    where conversations.id in (
      select members.conversation_id
      from private.conversation_members as members
      where members.user_id = new.id
    )
    order by conversations.id
    for no key update
  ));
  return null;
end;
$$;

comment on function private.users_move_conversations is 'Moves the topics of the conversations of a banned account, so that it hears nothing any more.';
revoke all on function private.users_move_conversations () from public, anon, authenticated, service_role;

create trigger users_move_conversations
  after update of banned_until on auth.users
  for each row
  when (new.banned_until is not null and new.banned_until is distinct from old.banned_until)
  execute function private.users_move_conversations();
