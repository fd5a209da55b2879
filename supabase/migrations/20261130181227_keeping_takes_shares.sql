/*
 * Nobody keeps a post, a profile or an account from its owner by taking turns: a function that keeps one of them takes a
 * share of a queue first, and the owner takes the whole queue.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;


SET local check_function_bodies = off;

DROP FUNCTION "private"."keep_trying"(regproc, uuid);

CREATE OR REPLACE FUNCTION private.close_queue (
  queue     text,
  person_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  SET lock_timeout TO '3500ms'
  AS $function$
begin
  if auth.uid() is null then
    set local lock_timeout = '10s';
  end if;
  perform pg_advisory_xact_lock(private.queue_key(close_queue.queue, close_queue.person_id));
exception when lock_not_available then
  -- The statement goes on without it, and waits or tries as it can.
  null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_existing_person (
  profile_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE plpgsql
  ROWS 1
  SET search_path TO ''
  AS $function$
begin
  return query
  select true
  from public.profiles
  where profiles.id = hold_existing_person.profile_id
  for key share skip locked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_person (
  profile_id uuid
)
  RETURNS SETOF boolean
  LANGUAGE plpgsql
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  has_share boolean := private.share_queue('kept account', hold_person.profile_id);
begin
  return query
  select held.* from private.hold_existing_person(hold_person.profile_id) as held;
  if found and not has_share then
    perform private.refuse_busy_profile();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_privacy (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 50;
  is_private boolean;
begin
  if not private.share_queue('kept profile', hold_privacy.profile_id) then
    perform private.refuse_busy_profile();
  end if;
  for try in 1..most_tries loop
    select profiles.is_private into is_private
    from public.profiles
    where profiles.id = hold_privacy.profile_id
    for share skip locked;
    if found then
      return is_private;
    end if;
    perform pg_sleep(0.02);
  end loop;
  perform private.refuse_busy_profile();
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_existing_post (
  post_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  author_id uuid := (select posts.author_id from public.posts where posts.id = keep_existing_post.post_id);
  has_share boolean := author_id is null or private.share_queue('kept posts', author_id);
begin
  -- If it is this post that the author deletes, the caller learns that.
  perform private.hold_existing_post(keep_existing_post.post_id);
  if not has_share then
    perform private.refuse_busy_post();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_own_account (
  viewer_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  turn bigint := private.queue_key('kept account', keep_own_account.viewer_id);
begin
  if not pg_try_advisory_xact_lock_shared(turn) then
    perform pg_advisory_xact_lock_shared(turn);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_person()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  person_id uuid;
begin
  if tg_table_name = 'blocks' then
    person_id := new.blocked_id;
  elsif tg_table_name = 'mutes' then
    person_id := new.muted_id;
  elsif tg_table_name = 'follows' then
    person_id := new.followee_id;
  elsif tg_table_name = 'follow_requests' then
    person_id := new.target_id;
  else
    person_id := new.profile_id;
  end if;
  -- The answer has been read: no share of a queue is needed.
  if not exists (select from private.hold_existing_person(person_id)) then
    perform private.refuse_profile();
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_posts()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if new.reply_to_id is not null then
    perform private.keep_existing_post(new.reply_to_id);
  end if;
  if new.quote_of_id is not null then
    perform private.keep_existing_post(new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    perform private.keep_existing_post(new.repost_of_id);
    perform private.hold_post(new.repost_of_id);
    if private.opens(new) <> new.is_open then
      -- The account has become private meanwhile. That is refused as if it had been before.
      perform private.find_open_post(coalesce(auth.uid(), new.author_id), new.repost_of_id);
      perform private.refuse_busy_post();
    end if;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_trying (
  attempt    regproc,
  profile_id uuid,
  VARIADIC   queues text[]
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.lock_account (
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not private.keep_trying('private.try_account', lock_account.profile_id, 'kept account', 'kept posts') then
    raise sqlstate 'PT503' using
      message = 'Others are writing to this account at this moment. Try again', detail = 'profile_busy';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_posts_of (
  profile_id uuid
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not private.keep_trying('private.try_posts_of', lock_posts_of.profile_id, 'kept posts') then
    raise sqlstate 'PT503' using
      message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
  end if;
  return array(
    select posts.id from public.posts where posts.author_id = lock_posts_of.profile_id
    union
    select reposts.id
    from public.posts
    join public.posts as reposts on reposts.repost_of_id = posts.id
    where posts.author_id = lock_posts_of.profile_id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_busy_profile()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT503' using message = 'This account is changing at this moment. Try again', detail = 'profile_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS public.posts
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts := private.find_post(viewer_id, post_id);
begin
  perform private.start_clock(3);
  perform private.keep_existing_post(post.id);
  return post;
end;
$function$;

CREATE OR REPLACE FUNCTION private.share_queue (
  queue     text,
  person_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.take_own_turn (
  viewer_id uuid,
  queue     text DEFAULT 'turn'::text
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
    raise sqlstate 'PT401' using message = 'Your account does not exist any more', detail = 'account_not_found';
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_turn()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
    end if;
    -- Somebody else's account may be deleted, and the row with it. Not for posts: to delete one with
    -- many likes takes longer. And not for blocks: the end of one waits for conversations.
    if tg_op = 'DELETE' and tg_table_name in (
      'follows', 'follow_requests', 'mutes', 'list_members', 'likes', 'bookmarks', 'thread_mutes'
    ) then
      perform private.start_clock(3);
    end if;
  end if;

  if pg_trigger_depth() = 1 and viewer_id is not null then
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
$function$;

COMMENT ON FUNCTION "private"."close_queue"(text, uuid) IS 'Waits until nobody has a share of the queue, and lets nobody take one until the transaction ends. It waits for 3.5 seconds at most, or 10 without a person.';

COMMENT ON FUNCTION "private"."hold_existing_person"(uuid) IS 'A row when the account exists. Then nobody can delete it until the transaction ends.';

COMMENT ON FUNCTION "private"."hold_person"(uuid) IS 'Like hold_existing_person(), for functions, which may hold the account for seconds: see share_queue(). The error PT503 when somebody waits to delete the account.';

COMMENT ON FUNCTION "private"."keep_existing_post"(bigint) IS 'Like hold_existing_post(), and the author can wait until nobody keeps the post. The error PT503 when the author edits or deletes posts at this moment.';

COMMENT ON FUNCTION "private"."keep_own_account"(uuid) IS 'Takes a share of the person''s own queue. If somebody deletes the account at this moment, it waits.';

COMMENT ON FUNCTION "private"."keep_trying"(regproc, uuid, text[]) IS 'Calls a function, which takes the locks of rows about a person that nobody else has, until it has them all. It tries for about 4 seconds. When others keep something of the person, it also waits for close_queue(). Then the answer is false.';

COMMENT ON FUNCTION "private"."lock_account"(uuid) IS 'Locks what is deleted with an account. It tries as long as keep_trying(). Then the error PT503, if others still change some of it.';

COMMENT ON FUNCTION "private"."lock_posts_of"(uuid) IS 'Locks all posts of somebody, and the reposts of these posts, and returns their ids. It tries as long as keep_trying(). Then the error PT503, if others still change some of them.';

COMMENT ON FUNCTION "private"."queue_key"(text, uuid) IS 'The number of the advisory lock of a person''s queue: turn, blocks, posts, parting, or what others keep of the person. The chance that two people share a number is 1 in 2^64.';

COMMENT ON FUNCTION "private"."refuse_busy_profile"() IS 'Raises the error PT503.';

COMMENT ON FUNCTION "private"."share_queue"(text, uuid) IS 'Takes a share of a queue. It tries for a fifth of a second. False when the owner has closed the queue, or waits for that.';

REVOKE ALL ON FUNCTION "private"."close_queue"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."close_queue"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."close_queue"(text, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_existing_person"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_existing_person"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_existing_person"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_existing_post"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_existing_post"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_existing_post"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_own_account"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_own_account"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_own_account"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_trying"(regproc, uuid, text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_trying"(regproc, uuid, text[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_trying"(regproc, uuid, text[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_busy_profile"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_busy_profile"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_busy_profile"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."share_queue"(text, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."share_queue"(text, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."share_queue"(text, uuid) TO "postgres";
