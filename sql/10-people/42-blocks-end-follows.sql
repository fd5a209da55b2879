/*
 * blocks end follows
 *
 * Nobody follows while the other person blocks: both take the lock of the pair. The later one sees
 * what the earlier one wrote. A statement takes the locks of its pairs in order.
 */

create function private.pair_key(one_id uuid, other_id uuid)
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended(
  'pair of ' || least(pair_key.one_id, pair_key.other_id)::text || ' and '
    || greatest(pair_key.one_id, pair_key.other_id)::text, 0
);

comment on function private.pair_key is 'The number of the advisory lock of two people.';
revoke all on function private.pair_key (uuid, uuid) from public, anon, authenticated, service_role;

create function private.meet_blocks(one_ids uuid[], other_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  pair bigint;
begin
  for pair in
    select distinct private.pair_key(one.id, other.id)
    from unnest(meet_blocks.one_ids) with ordinality as one (id, place)
    join unnest(meet_blocks.other_ids) with ordinality as other (id, place) on other.place = one.place
    order by 1
  loop
    perform pg_advisory_xact_lock_shared(pair);
  end loop;
  if exists (
    select
    from unnest(meet_blocks.one_ids) with ordinality as one (id, place)
    join unnest(meet_blocks.other_ids) with ordinality as other (id, place) on other.place = one.place
    cross join lateral private.block_between(one.id, other.id)
  ) then
    perform private.refuse_profile();
  end if;
end;
$$;

comment on function private.meet_blocks is 'Waits for blocks between these pairs that are being written, and makes the next ones wait. The error PT404 if there is a block. The arrays have a place for each pair.';
revoke all on function private.meet_blocks (uuid[], uuid[]) from public, anon, authenticated, service_role;

-- A trusted backend may write many follows at once. It has a lock of its own: see follows_check().
-- An account that becomes public accepts all requests at once. It holds these requests, and a
-- block ends them first. The name of the trigger has a capital letter, so that it runs before
-- follows_count_inserted: pairs come before counts (00-foundations/30-turns.sql).
create function private.follows_meet_blocks()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if auth.uid() is not null and pg_trigger_depth() = 1 then
    perform private.meet_blocks(
      (select array_agg(added.follower_id order by added.follower_id, added.followee_id) from added),
      (select array_agg(added.followee_id order by added.follower_id, added.followee_id) from added)
    );
  end if;
  return null;
end;
$$;

comment on function private.follows_meet_blocks is 'Refuses a follow if one of the two blocked the other meanwhile.';
revoke all on function private.follows_meet_blocks () from public, anon, authenticated, service_role;

create trigger "Follows_meet_blocks"
  after insert on public.follows
  referencing new table as added
  for each statement
  execute function private.follows_meet_blocks();

create function private.lock_follows(blocker_ids uuid[], blocked_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform
  from public.follow_requests
  join unnest(lock_follows.blocker_ids, lock_follows.blocked_ids) as block (blocker_id, blocked_id)
    on (follow_requests.requester_id, follow_requests.target_id) in (
      (block.blocker_id, block.blocked_id), (block.blocked_id, block.blocker_id)
    )
  order by follow_requests.requester_id, follow_requests.target_id
  for update of follow_requests;
  perform
  from public.follows
  join unnest(lock_follows.blocker_ids, lock_follows.blocked_ids) as block (blocker_id, blocked_id)
    on (follows.follower_id, follows.followee_id) in (
      (block.blocker_id, block.blocked_id), (block.blocked_id, block.blocker_id)
    )
  order by follows.follower_id, follows.followee_id
  for update of follows;
end;
$$;

comment on function private.lock_follows is 'Locks the follows and requests, both ways, between the people of these blocks. The arrays have a place for each block.';
revoke all on function private.lock_follows (uuid[], uuid[]) from public, anon, authenticated, service_role;

create function private.end_follows(blocker_ids uuid[], blocked_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  delete from public.follow_requests
  using unnest(end_follows.blocker_ids, end_follows.blocked_ids) as block (blocker_id, blocked_id)
  where (follow_requests.requester_id, follow_requests.target_id) in (
    (block.blocker_id, block.blocked_id), (block.blocked_id, block.blocker_id)
  );
  delete from public.follows
  using unnest(end_follows.blocker_ids, end_follows.blocked_ids) as block (blocker_id, blocked_id)
  where (follows.follower_id, follows.followee_id) in (
    (block.blocker_id, block.blocked_id), (block.blocked_id, block.blocker_id)
  );
end;
$$;

comment on function private.end_follows is 'Deletes the follows and requests, both ways, between the people of these blocks. The arrays have a place for each block.';
revoke all on function private.end_follows (uuid[], uuid[]) from public, anon, authenticated, service_role;

-- Definer, because it also deletes follows and requests of others. It takes the turns of
-- everybody in the blocks together, so that it never waits for a row while the person who has it
-- waits for another row. So the insert itself did not take the blocker's turn. It waited in their
-- queue of blocks. If somebody keeps their turn busy, for example with answers that take long
-- to read, the block comes without it. The locks of the pairs hold in any case. They come after
-- the rows, as in follows_meet_blocks(). They come before the counts, which change when the rows
-- are deleted. So the rows are first locked only.
-- The shared lock waits for follows that a trusted backend writes at this moment.
-- A server has a limited number of locks, so even the service role blocks at most 1,000
-- people at once.
create function private.blocks_end_follows()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  blocker_ids uuid[] := (select array_agg(blocked.blocker_id order by blocked.id) from blocked);
  blocked_ids uuid[] := (select array_agg(blocked.blocked_id order by blocked.id) from blocked);
  pair bigint;
begin
  if cardinality(blocked_ids) > 1000 then
    raise sqlstate 'PT400' using message = 'A request blocks at most 1,000 people', detail = 'too_many_rows';
  end if;
  perform pg_advisory_xact_lock_shared(private.follows_without_person());
  perform private.try_turns(blocker_ids || blocked_ids);
  perform private.lock_follows(blocker_ids, blocked_ids);
  for pair in
    select distinct private.pair_key(blocked.blocker_id, blocked.blocked_id) from blocked order by 1
  loop
    perform pg_advisory_xact_lock(pair);
  end loop;
  -- It also finds what somebody wrote before we had the lock of the pair.
  perform private.end_follows(blocker_ids, blocked_ids);
  return null;
end;
$$;

comment on function private.blocks_end_follows is 'Ends the follows and requests, both ways, between the two people of a new block.';
revoke all on function private.blocks_end_follows () from public, anon, authenticated, service_role;

create trigger blocks_end_follows
  after insert on public.blocks
  referencing new table as blocked
  for each statement
  execute function private.blocks_end_follows();
