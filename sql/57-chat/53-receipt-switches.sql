/*
 * switches of receipts
 *
 * Somebody switches receipts off or on for all their conversations (15-settings.sql). Their own
 * devices start over. The others hear it in each conversation, from the job (75-jobs.sql). So the
 * switch writes the same number of rows for everybody, however many conversations they are in.
 */

create table private.receipt_switches (
  user_id   uuid         primary key references public.profiles (id) on delete cascade,
  after_id  bigint       not null default 0,
  due_at    timestamptz  not null default now(),
  failures  integer      not null default 0
);

comment on table  private.receipt_switches is 'The people who switched receipts off or on, and whose conversations have not all heard of it.';
comment on column private.receipt_switches.after_id is 'The conversations up to this one heard of it.';
comment on column private.receipt_switches.due_at is 'From when on the job goes on. Later than now if that failed.';
comment on column private.receipt_switches.failures is 'How often the job has failed. After 20 times the row waits for somebody to look at it.';
revoke all on private.receipt_switches from public, anon, authenticated, service_role;

-- The one that is due longest.
create index receipt_switches_due_at_idx on private.receipt_switches (due_at);

-- A stream is the last lock of a transaction. So nothing locks a conversation after this.
create function private.switch_receipts(user_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  stream private.streams;
begin
  insert into private.receipt_switches (user_id)
  values (switch_receipts.user_id)
  on conflict on constraint receipt_switches_pkey do update
  set after_id = 0, due_at = now(), failures = 0;

  select streams.* into stream
  from private.streams
  where streams.user_id = switch_receipts.user_id
  for no key update;
  if found then
    perform private.append_events(stream, 'start_over', array[null::bigint]);
  end if;
end;
$$;

comment on function private.switch_receipts is 'Tells that somebody switched receipts off or on: their own devices now, and the others soon.';
revoke all on function private.switch_receipts (uuid) from public, anon, authenticated, service_role;

-- The next conversations of one person. If somebody holds one of them for long, or one fails, all of
-- these wait, and the others go on.
create function private.switch_batch()
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
set lock_timeout = '200ms'
as $$
declare
  most constant integer := 20;
  waiting private.receipt_switches;
  ids bigint[];
  next_id bigint;
  conversation private.conversations;
  member private.conversation_members;
begin
  select receipt_switches.* into waiting
  from private.receipt_switches
  where receipt_switches.due_at <= clock_timestamp()
  order by receipt_switches.due_at
  limit 1
  for update skip locked;
  if not found then
    return false;
  end if;
  ids := array(
    select members.conversation_id
    from private.conversation_members as members
    join private.conversations on conversations.id = members.conversation_id
    where members.user_id = waiting.user_id and members.conversation_id > waiting.after_id
      and members.is_accepted and members.shows_receipts and private.has_receipts(conversations.member_count)
    order by members.conversation_id
    limit most
  );
  begin
    foreach next_id in array ids loop
      select conversations.* into conversation
      from private.conversations
      where conversations.id = next_id
      for no key update;
      -- A new query, because it may have waited for the lock.
      select members.* into member
      from private.conversation_members as members
      where members.conversation_id = conversation.id and members.user_id = waiting.user_id;
      -- They left meanwhile.
      continue when not found;
      perform private.append_pointer_event(conversation, member);
    end loop;
    if cardinality(ids) < most then
      delete from private.receipt_switches
      where receipt_switches.user_id = waiting.user_id;
    else
      update private.receipt_switches
      set after_id = ids[most], due_at = clock_timestamp(), failures = 0
      where receipt_switches.user_id = waiting.user_id;
    end if;
  exception
    when lock_not_available then
      update private.receipt_switches
      set due_at = clock_timestamp()
      where receipt_switches.user_id = waiting.user_id;
    when others then
      raise warning 'The switch of receipts of % failed: % (%)', waiting.user_id, sqlerrm, sqlstate;
      update private.receipt_switches
      set failures = waiting.failures + 1, due_at = private.next_try_at(waiting.failures + 1)
      where receipt_switches.user_id = waiting.user_id;
  end;
  return true;
end;
$$;

comment on function private.switch_batch is 'Tells up to 20 conversations that a member switched receipts off or on. False when nobody waits.';
revoke all on function private.switch_batch () from public, anon, authenticated, service_role;
