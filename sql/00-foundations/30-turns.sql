/*
 * turns
 *
 * The order of locks, how the writes of one person wait for each other, and how many
 * rows one statement of a person may write. 60-writing/10-turns-and-budgets.sql says
 * which tables have turns.
 */

-- Locks ----------------------------------------------------------------------

/*
 * A statement that needs several locks takes them in this order. So no two statements
 * wait for each other:
 *
 *   1. turns: first the turn of statements without a person, then a person's queue of
 *      blocks, then people's turns, by their keys (here)
 *   2. the profile of the person who writes, or the profile that is changed or deleted.
 *      Then the queue of posts of a person (20-posts/20-posts.sql), or what
 *      close_queue() takes
 *   3. the rows that the statement writes, by their keys
 *   4. other people's profiles, posts and lists that these rows refer to, and then pairs of people
 *      (10-people/42-blocks-end-follows.sql). The statement never waits for a profile or post, because the
 *      other person may wait for this statement. See below
 *   5. author_counts, post_counts, limited_counts, follow_counts, suggestion_turns, each by its key
 *   6. partings of people, by their keys (57-chat/12-partings.sql). Then conversations, by their
 *      ids, and then the rows of their members and messages
 *   7. streams, by their people. A statement only writes to the queue of notifications
 *      (55-notifications/20-queue.sql). When the transaction commits, a deferred trigger
 *      takes all streams at once, and nothing afterwards
 *
 * A client can make a statement last for seconds: it asks for an answer that takes long to
 * read. So a statement of a person takes the locks from 4 on when its answer has been read:
 * in triggers that run after it. In between, it holds nothing that others need. Some of these
 * triggers have a name with a capital letter: see keep_person(). A function has taken its locks
 * when its answer is read. So these locks have a clock: see start_clock().
 *
 * A statement that needs a row of somebody else skips the row if it is locked:
 *
 *   - Only a deletion keeps others from referring to a profile or a post. So a locked row
 *     is answered like a deleted one: require_profile(), keep_person(), require_post(),
 *     keep_post(), keep_posts(), posts_annotate().
 *   - A request to follow must know whether the account is private, and a repost whether
 *     its original is open. These try again for about a second: hold_privacy(), hold_post().
 *   - The posts and reposts of an account that becomes private or public, the requests to an
 *     account that becomes public, and everything that is deleted with an account:
 *     lock_posts_of(), profiles_hold_requests(), lock_account(). These try again for about
 *     4 seconds: keep_trying().
 *
 * mark_read() and its siblings take no lock from 1 to 6. The job that looks at the queue takes
 * its rows of the queue, then the posts and profiles that they are about, and then streams. It
 * skips rows that somebody else holds, and waits for streams only.
 *
 * The rows of private.usage and private.draft_queue need no place in the order: each
 * belongs to one person. A row of usage is written under that person's turn (for blocks
 * under their queue of blocks), or by a request that needs no other lock afterwards: a
 * search, or Auth's change of metadata. mark_read() takes only the person's stream afterwards.
 *
 * Each person has a turn of their own. A statement of a person takes one turn. A
 * statement that blocks people also takes their turns, so it takes at most 101. It waits for
 * them for half a second: somebody who always writes can be blocked, too. See
 * blocks_end_follows().
 *
 * The service role, background jobs and Auth act for no person. They write rows of many
 * people in any order. So all of them share one turn: their statements run one after the
 * other, and never wait for each other's rows. They wait for no person's turn. Other locks
 * handle four cases:
 *
 *   - An account becomes private while a trusted backend writes a post of its author.
 *     posts_prepare() locks the author's profile FOR SHARE.
 *   - A trusted backend makes an account private, or not searchable, while its author writes a
 *     post. Both take the author's queue of posts: see profiles_wait_for_post().
 *   - A trusted backend inserts a follow while one of the two people blocks the other.
 *     Both take the lock of follows without a person: see blocks_end_follows().
 *   - A trusted backend and a person insert or delete the same rows in different orders.
 *     Postgres detects the deadlock and ends one of the two statements. This cannot happen
 *     when a request of the backend writes at most one row of each person.
 *
 * The follower deletes a row of follows, the requester a row of follow_requests, and the
 * person who likes a row of likes. The other person calls a function, which deletes one
 * row.
 */

-- The cast to text keeps it immutable in the eyes of the planner, which puts it into the expression
-- around it.
create function private.queue_key(queue text, person_id uuid)
returns bigint
language sql
immutable
parallel safe
security invoker
return hashtextextended(queue_key.queue || ' of ' || queue_key.person_id::text, 0);

comment on function private.queue_key is 'The number of the advisory lock of a person''s queue: turn, blocks, posts, parting, or what others keep of the person. The chance that two people share a number is 1 in 2^64.';
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

create function private.try_turns(people uuid[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_tries constant integer := 25;
  tries integer := 0;
  turn bigint;
begin
  for turn in
    select distinct private.queue_key('turn', person.id)
    from unnest(people) as person (id)
    order by 1
  loop
    while not pg_try_advisory_xact_lock(turn) and tries < most_tries loop
      tries := tries + 1;
      perform pg_sleep(0.02);
    end loop;
  end loop;
end;
$$;

comment on function private.try_turns is 'Like take_turns(), but it waits for half a second only, and then goes on without the turns that it did not get.';
revoke all on function private.try_turns (uuid[]) from public, anon, authenticated, service_role;

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

/*
 * A function keeps somebody's post, profile or account as it is until its answer has been read. That may
 * take 3 seconds: see start_clock(). Postgres lets a new one in while the owner waits for the others. So two
 * accounts that take turns could keep a post for ever.
 *
 * Therefore these functions first take a share of a queue of the owner:
 *
 *   kept posts      keeps posts from being deleted, and originals of reposts from being changed
 *   kept profile    keeps the profile from being changed
 *   kept account    keeps the account from being deleted
 *
 * So does a statement of a person that changes or deletes a row about somebody else's account or post:
 * share_with_owner(). The owner needs these rows, because they are deleted with the account or the post.
 *
 * The owner closes the queue: takes the whole of it. Nobody gets a new share from the moment that the owner
 * waits. A statement without a person takes no share. It may refer to thousands of people, and each share
 * needs a place in the memory of locks.
 */
create function private.share_queue(queue text, person_id uuid)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_tries constant integer := 10;
  turn bigint := private.queue_key(share_queue.queue, share_queue.person_id);
begin
  if auth.uid() is null then
    return true;
  end if;
  for try in 1..most_tries loop
    if pg_try_advisory_xact_lock_shared(turn) then
      return true;
    end if;
    perform pg_sleep(0.02);
  end loop;
  return false;
end;
$$;

comment on function private.share_queue is 'Takes a share of a queue. It tries for a fifth of a second. False when the owner has closed the queue, or waits for that.';
revoke all on function private.share_queue (text, uuid) from public, anon, authenticated, service_role;

-- Postgres locks the row before it calls this trigger. So the trigger hardly waits: the owner needs the row.
-- Definer, because the person may not see the other one.
create function private.share_with_owner()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  queue constant text := tg_argv[0];
  viewer_id uuid := auth.uid();
  owner_id uuid;
  turn bigint;
begin
  if viewer_id is not null and pg_trigger_depth() = 1 then
    case tg_table_name
      when 'mutes' then owner_id := old.muted_id;
      when 'blocks' then owner_id := old.blocked_id;
      when 'list_members' then owner_id := old.profile_id;
      -- Both people may delete these.
      when 'follows' then
        owner_id := case old.followee_id when viewer_id then old.follower_id else old.followee_id end;
      when 'follow_requests' then
        owner_id := case old.target_id when viewer_id then old.requester_id else old.target_id end;
      when 'posts' then
        owner_id := (select posts.author_id from public.posts where posts.id = old.repost_of_id);
      else
        owner_id := (select posts.author_id from public.posts where posts.id = old.post_id);
    end case;

    turn := private.queue_key(queue, owner_id);
    if owner_id <> viewer_id and not pg_try_advisory_xact_lock_shared(turn) then
      -- An edit of a post takes some milliseconds.
      perform pg_sleep(0.01);
      if not pg_try_advisory_xact_lock_shared(turn) then
        if queue = 'kept posts' then
          perform private.refuse_busy_post();
        else
          perform private.refuse_busy_profile();
        end if;
      end if;
    end if;
    -- Only for the first row: with each row it would start again.
    if current_setting('transaction_timeout') = '0' then
      perform private.start_clock(3);
    end if;
  end if;
  return case tg_op when 'DELETE' then old else new end;
end;
$$;

comment on function private.share_with_owner is 'Takes a share of a queue: of the other person in the row, or of the author of its post. Then it starts the clock. Its argument is the queue. The error PT503 when they have closed it.';
revoke all on function private.share_with_owner () from public, anon, authenticated, service_role;

-- Those who have a share have a clock of 3 s, and of 6 s while they wait for a conversation. The person's own
-- writes have up to the 8 s of a statement. A moderator can wait for that long.
create function private.close_queue(queue text, person_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set lock_timeout = '3500ms'
as $$
begin
  if auth.uid() is null then
    set local lock_timeout = '10s';
  end if;
  perform pg_advisory_xact_lock(private.queue_key(close_queue.queue, close_queue.person_id));
exception when lock_not_available then
  -- The statement goes on without it, and waits or tries as it can.
  null;
end;
$$;

comment on function private.close_queue is 'Waits until nobody has a share of the queue, and lets nobody take one until the transaction ends. It waits for 3.5 seconds at most, or 10 without a person.';
revoke all on function private.close_queue (text, uuid) from public, anon, authenticated, service_role;

/*
 * For a statement that needs many rows, and must not wait for one of them: others could hold it and
 * wait for another one. First it releases all rows between two tries.
 *
 * After half a second it keeps the rows that it got, and tries to get the others. It does so for
 * longer than a statement of a person can hold them: see start_clock(). So nobody puts it off with
 * statements that take long and follow each other. Only one statement at a time does so: two of them
 * could each have rows that the other one needs. Before that, it closes queues of the person. It has no row
 * at that time.
 */
create function private.keep_trying(attempt regproc, profile_id uuid, variadic queues text[])
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  call constant text := format('select %s($1)', keep_trying.attempt);
  is_done boolean;
  queue text;
begin
  for try in 1..25 loop
    begin
      execute call into is_done using keep_trying.profile_id;
      if is_done then
        return true;
      end if;
      -- It releases the rows.
      raise lock_not_available;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;

  perform pg_advisory_xact_lock(hashtextextended('rows that are kept', 0));
  foreach queue in array keep_trying.queues loop
    perform private.close_queue(queue, keep_trying.profile_id);
  end loop;
  for try in 1..175 loop
    execute call into is_done using keep_trying.profile_id;
    exit when is_done;
    perform pg_sleep(0.02);
  end loop;
  return is_done;
end;
$$;

comment on function private.keep_trying is 'Calls a function, which takes the locks of rows about a person that nobody else has, until it has them all. It tries for about 4 seconds. When others keep something of the person, it also waits for close_queue(). Then the answer is false.';
revoke all on function private.keep_trying (regproc, uuid, text[]) from public, anon, authenticated, service_role;

-- A statement of a person keeps their own profile. So they could write without a pause, and keep a
-- moderator from deleting the account.
create function private.keep_own_account(viewer_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turn bigint := private.queue_key('kept account', keep_own_account.viewer_id);
begin
  if not pg_try_advisory_xact_lock_shared(turn) then
    perform pg_advisory_xact_lock_shared(turn);
  end if;
end;
$$;

comment on function private.keep_own_account is 'Takes a share of the person''s own queue. If somebody deletes the account at this moment, it waits.';
revoke all on function private.keep_own_account (uuid) from public, anon, authenticated, service_role;

create function private.refuse_deleted_account()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT401' using message = 'Your account does not exist any more', detail = 'account_not_found';
end;
$$;

comment on function private.refuse_deleted_account is 'Raises the error PT401.';
revoke all on function private.refuse_deleted_account () from public, anon, authenticated, service_role;

-- Without the lock of the profile, the account could be deleted while its owner writes. The deletion
-- would wait for rows of this statement, and this statement for the profile.
create function private.take_own_turn(viewer_id uuid, queue text default 'turn')
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  turn bigint := private.queue_key(take_own_turn.queue, take_own_turn.viewer_id);
begin
  -- The turn is nearly always free. plpgsql runs an expression much faster than a statement.
  if not pg_try_advisory_xact_lock(turn) then
    perform pg_advisory_xact_lock(turn);
  end if;
  perform private.keep_own_account(take_own_turn.viewer_id);
  perform
  from public.profiles
  where profiles.id = take_own_turn.viewer_id
  for key share;
  if not found then
    perform private.refuse_deleted_account();
  end if;
end;
$$;

comment on function private.take_own_turn is 'Waits until the person does not write, and makes their next write wait. Nobody can delete the account until the transaction ends. The error PT401 when it is deleted already.';
revoke all on function private.take_own_turn (uuid, text) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

/*
 * A person has a turn because of deadlocks: two requests of one person can insert the same
 * rows in different orders. Then each would wait for a row that the other inserted.
 *
 * A statement counts its rows in two settings of the transaction. There are two for each
 * of insert, update and delete: plaza.<operation>_rows is the rows so far.
 * plaza.<operation>_room is the rows that fit into the budget and the limit of 100.
 *
 * The trigger has these arguments:
 *
 *   1. the action of 10-people/12-budgets.sql that an insert spends; empty: none here
 *   2. the action that an update spends; empty: none here
 *   3. for blocks, the queue to take instead of the turn: see blocks_end_follows()
 *
 * Definer, because nobody may take another person's turn.
 */
create function private.take_turn()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := auth.uid();
  action text;
  setting text := 'plaza.' || lower(tg_op);
  -- A statement without a person has no limit of rows.
  room integer := 2147483647;
begin
  -- A trigger or a foreign key caused this write. The statement behind it has its turn
  -- already.
  if pg_trigger_depth() > 1 then
    null;
  elsif viewer_id is null or tg_table_schema = 'auth' then
    -- An account is deleted like this too when its owner deletes it.
    perform private.take_turn_without_person();
  elsif tg_table_name = 'profiles' then
    -- The update itself locks the profile.
    perform private.take_turns(viewer_id);
    perform private.keep_own_account(viewer_id);
    perform private.close_queue('kept profile', viewer_id);
  else
    perform private.take_own_turn(viewer_id, case tg_nargs when 3 then tg_argv[2] else 'turn' end);
    if tg_op <> 'INSERT' and tg_table_name = 'posts' then
      perform private.close_queue('kept posts', viewer_id);
      -- A deletion has no clock: one of a post with many likes takes longer.
      if tg_op = 'UPDATE' then
        perform private.start_clock(3);
      end if;
    end if;
  end if;

  if pg_trigger_depth() = 1 and viewer_id is not null then
    if tg_op <> 'DELETE' and exists (select from private.bans(viewer_id)) then
      perform private.refuse_locked_out();
    end if;
    -- Spend for the first row here. That saves a call for a statement of one row.
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
