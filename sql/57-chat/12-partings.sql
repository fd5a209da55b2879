/*
 * partings
 *
 * Somebody may block a person at the moment when a third one adds that person to a group. Neither
 * of the two would see what the other writes, and the one who blocks would hear the other. So one
 * waits for the other. Additions of the same person do not wait for each other. 70-blocks.sql has
 * the rules for blocks in a group. 00-foundations/30-turns.sql has the order of locks.
 */

create function private.await_partings(newcomer_ids uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  -- Postgres has room for some thousand locks. So long lists come one after the other.
  few constant integer := 50;
  most constant integer := 500;
  parting bigint;
begin
  if cardinality(newcomer_ids) > few then
    perform pg_advisory_xact_lock(hashtextextended('many newcomers', 0));
  end if;
  for parting in
    select distinct private.queue_key('parting', newcomer.id)
    from unnest(newcomer_ids[:most]) as newcomer (id)
    where newcomer.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock_shared(parting);
  end loop;
end;
$$;

comment on function private.await_partings is 'Waits until nobody blocks or unblocks these people, and makes the next ones who do wait. Call it before they come into a group.';
revoke all on function private.await_partings (uuid[]) from public, anon, authenticated, service_role;

create function private.take_partings(people uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  parting bigint;
begin
  for parting in
    select distinct private.queue_key('parting', person.id)
    from unnest(people) as person (id)
    order by 1
  loop
    perform pg_advisory_xact_lock(parting);
  end loop;
end;
$$;

comment on function private.take_partings is 'Waits until nobody adds these people to a group, and makes the next ones who do wait. Call it for a block that begins or ends.';
revoke all on function private.take_partings (uuid[]) from public, anon, authenticated, service_role;
