/*
 * turns
 *
 * The order of locks, how the writes of one person wait for each other, and how many
 * rows one of their statements may write. Which tables have turns is in
 * 60-writing/10-turns-and-budgets.sql.
 */

-- Locks ----------------------------------------------------------------------

/*
 * Whoever needs several locks takes them in this order, so that nobody waits in
 * a circle:
 *
 *   1. turns: the turn of those without a person first, then a person's queue of
 *      blocks, then people's turns, by their keys (here)
 *   2. the profile that changes or goes, or whose post is written
 *   3. follows, follow_requests, blocks, posts, likes, by their keys
 *   4. the rows they refer to. Only foreign keys and require_post() lock these,
 *      and require_post() does not wait for a post that is being deleted
 *   5. follow_counts, author_counts, post_counts, limited_counts, each by its key
 *
 * The rows of private.usage and private.draft_queue need no place in the order: each
 * belongs to one person. A row of usage is written under that person's turn (for blocks
 * under their queue of blocks), or by a request that needs no other lock afterwards: a
 * search, or Auth's change of metadata.
 *
 * Each person has a turn of their own. A statement of a person takes one turn; a
 * statement that blocks takes the turns of all whom it blocks, at most 101.
 *
 * The service role, background jobs and Auth have no person. They write rows of many
 * people in any order, so all of them share one turn: their statements come one after
 * the other and cannot meet in different orders. They take nobody else's turn on the
 * way. Two cases are left to other locks:
 *
 *   - A post must not slip through while its author's account becomes private.
 *     posts_prepare() locks the author's profile FOR SHARE, whoever writes.
 *   - When a trusted backend and the person themselves insert the same several rows
 *     in different orders, Postgres finds the circle and ends one of the two.
 *
 * A row of follows, follow_requests or likes is deleted by the request of the person
 * it starts from. The other side has functions, which delete one.
 */

create function private.queue_key(queue text, person_id uuid)
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended(queue_key.queue || ' of ' || queue_key.person_id, 0);

comment on function private.queue_key is 'The number of the advisory lock of a person''s queue: turn, or blocks. Two people share one by a chance of 1 in 2^64.';
revoke all on function private.queue_key (text, uuid) from public, anon, authenticated, service_role;

create function private.take_turns(variadic people uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turn bigint;
begin
  for turn in
    select distinct private.queue_key('turn', person.id)
    from unnest(people) as person (id)
    where person.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock(turn);
  end loop;
end;
$$;

comment on function private.take_turns is 'Waits until none of these people writes, and makes their next writes wait.';
revoke all on function private.take_turns (uuid[]) from public, anon, authenticated, service_role;

create function private.take_turn_without_person()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('turn without a person', 0));
end;
$$;

comment on function private.take_turn_without_person is 'Waits until no statement without a person writes, and makes the next one wait.';
revoke all on function private.take_turn_without_person () from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

/*
 * A statement counts its rows in two settings of the transaction, for each of insert,
 * update and delete: plaza.<operation>_rows, the rows so far, and
 * plaza.<operation>_room, how many rows fit into the budget and the bound of 100.
 *
 * Definer, because nobody may take another person's turn. Two requests of one person
 * that name the same rows in different orders would wait in a circle, each for a row
 * that the other inserted. The arguments are the actions of 10-people/12-budgets.sql that
 * an insert and an update spend, empty when they spend nothing here, and the name of
 * another queue than the turn, for blocks: see blocks_end_follows().
 */
create function private.take_turn()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
  turn bigint;
  action text;
  setting text := 'plaza.' || lower(tg_op);
  -- Nothing bounds the rows of who is not a person.
  room integer := 2147483647;
begin
  -- What a trigger or a foreign key does belongs to the statement that caused it,
  -- which has its turn.
  if pg_trigger_depth() > 1 then
    null;
  elsif viewer_id is null then
    perform private.take_turn_without_person();
  else
    turn := private.queue_key(case tg_nargs when 3 then tg_argv[2] else 'turn' end, viewer_id);
    -- An expression costs much less than a statement, and nearly always the turn is free.
    if not pg_try_advisory_xact_lock(turn) then
      perform pg_advisory_xact_lock(turn);
    end if;

    -- The first row is paid for here: one call less for a statement of one row.
    action := case tg_op when 'INSERT' then tg_argv[0] when 'UPDATE' then tg_argv[1] else '' end;
    if action <> '' and current_setting('plaza.is_free', true) is distinct from 'yes' then
      room := least(99, private.charge(viewer_id, action, 1)) + 1;
    else
      room := 100;
    end if;
  end if;
  action := set_config(setting || '_rows', '0', true);
  action := set_config(setting || '_room', room::text, true);
  return null;
end;
$$;

comment on function private.take_turn is 'Lets one person write by one request at a time, spends for the first row, and begins to count.';
revoke all on function private.take_turn () from public, anon, authenticated, service_role;
