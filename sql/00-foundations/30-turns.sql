/*
 * turns
 *
 * The order of locks, and how the writes of one person wait for each other.
 */

-- Locks ----------------------------------------------------------------------

/*
 * Whoever needs several locks takes them in this order, so that nobody waits in
 * a circle:
 *
 *   1. turns: one person's writes wait for each other (here)
 *   2. the profile that changes or goes
 *   3. follows, follow_requests, blocks, posts, likes, by their keys
 *   4. the rows they refer to, which only foreign keys and require_post() lock,
 *      and where a post is being deleted nobody waits for it
 *   5. follow_counts, author_counts, post_counts, limited_counts, each by its key
 *
 * A row of follows, follow_requests or likes is deleted by the request of whom
 * it starts from; the other side has functions, which delete one.
 */

-- 1,024 turns for all people: a bound on the locks that a statement about many
-- takes, for which two people seldom share one.
create function private.take_turns(variadic people uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turn integer;
begin
  for turn in
    select distinct (hashtextextended(person.id::text, 0) & 1023)::integer
    from unnest(people) as person (id)
    where person.id is not null
    order by 1
  loop
    perform pg_advisory_xact_lock(1, turn);
  end loop;
end;
$$;

comment on function private.take_turns is 'Waits until none of these people writes, and makes their next writes wait.';
revoke all on function private.take_turns (uuid[]) from public, anon, authenticated, service_role;

-- Definer, because nobody may take another's turn. Two requests of one person
-- that name the same rows in another order would wait in a circle, each for a
-- row that the other inserted.
create function private.take_turn()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.take_turns(auth.uid());
  return null;
end;
$$;

comment on function private.take_turn is 'Lets one person write by one request at a time.';
revoke all on function private.take_turn () from public, anon, authenticated, service_role;
