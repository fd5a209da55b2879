/*
 * A person's statement holds what others need for 3 seconds at most. Nobody can put off that an account
 * is deleted or made private.
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

CREATE OR REPLACE FUNCTION private.answer_follow_request (
  requester_id uuid,
  accepts      boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  perform private.take_turns(viewer_id);
  perform private.start_clock(3);
  perform
  from public.profiles
  where profiles.id = viewer_id
  for no key update;

  -- The account of the requester may be deleted at this moment, and their request with it.
  if not exists (select from private.hold_person(answer_follow_request.requester_id)) then
    return false;
  end if;
  delete from public.follow_requests
  where follow_requests.requester_id = answer_follow_request.requester_id
    and follow_requests.target_id = viewer_id;
  if found and accepts then
    -- The requester spent for the request. The person who accepts it spends nothing.
    perform set_config('plaza.is_free', 'yes', true);
    insert into public.follows (follower_id, followee_id)
    values (answer_follow_request.requester_id, viewer_id)
    on conflict do nothing;
    perform set_config('plaza.is_free', '', true);
    return true;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.create_group (
  name       text,
  member_ids uuid[]
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'conversation', 1);
  perform private.check_members(viewer_id, create_group.member_ids);
  perform private.start_clock(3);
  perform private.await_partings(create_group.member_ids);

  insert into private.conversations (kind, member_count)
  values ('group', 1)
  returning conversations.* into conversation;
  insert into private.groups (conversation_id, name)
  values (conversation.id, coalesce(create_group.name, ''));
  insert into private.conversation_members (conversation_id, user_id, role)
  values (conversation.id, viewer_id, 'owner');
  perform private.tell(conversation.id, array[viewer_id]);
  perform private.add_change(conversation, 'created', viewer_id, null, create_group.name);
  perform private.add_people(conversation, viewer_id, create_group.member_ids);
  return conversation.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_conversation (
  conversation_id bigint
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  soon timestamptz := clock_timestamp() + interval '3s';
  held private.conversations;
begin
  -- Those who came first have 3 s each. So nobody waits for several of them for longer than 6 s.
  perform private.start_clock(6);
  select conversations.* into held
  from private.conversations
  where conversations.id = hold_conversation.conversation_id
  for no key update;
  if not found then
    perform private.refuse_conversation();
  end if;
  if clock_timestamp() < soon then
    perform private.start_clock(3);
  end if;
  return held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_account (
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- A look takes 20 ms or more.
  most_looks integer;
begin
  foreach most_looks in array array[5, 5, 5, 5, 5, 175] loop
    begin
      for look in 1..most_looks loop
        if private.try_account(lock_account.profile_id) then
          return;
        end if;
        perform pg_sleep(0.02);
      end loop;
      raise lock_not_available;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Others are writing to this account at this moment. Try again', detail = 'profile_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_posts_of (
  profile_id uuid
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- A look takes 20 ms or more.
  most_looks integer;
  ids bigint[];
begin
  foreach most_looks in array array[5, 5, 5, 5, 5, 175] loop
    begin
      for look in 1..most_looks loop
        ids := private.try_posts_of(lock_posts_of.profile_id);
        if ids is not null then
          return ids;
        end if;
        perform pg_sleep(0.02);
      end loop;
      raise lock_not_available;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish_draft (
  draft_id uuid
)
  RETURNS bigint
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  draft public.drafts;
begin
  perform private.take_own_turn(viewer_id);

  select drafts.* into draft
  from public.drafts
  where drafts.id = publish_draft.draft_id and drafts.author_id = viewer_id
  for update;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such draft', detail = 'draft_not_found';
  end if;
  perform private.start_clock(3);
  return private.publish(draft);
end;
$function$;

CREATE OR REPLACE FUNCTION private.remove_follower (
  follower_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.start_clock(3);
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id
    and follows.followee_id = (select private.viewer());
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reposts_start_clock()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- Not for reposts that are deleted with their original.
  if pg_trigger_depth() = 1 then
    perform private.start_clock(3);
  end if;
  return old;
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
  perform private.hold_existing_post(post.id);
  return post;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_profile (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform private.start_clock(3);
  if not exists (
    select from private.hold_person(require_profile.profile_id)
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    perform private.refuse_profile();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.start_clock (
  seconds integer
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  setting text;
begin
  if auth.uid() is not null then
    -- A clock that runs keeps its time when the setting changes. So this one stops first.
    setting := set_config('transaction_timeout', '0', true);
    setting := set_config('transaction_timeout', start_clock.seconds || 's', true);
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
  else
    perform private.take_own_turn(viewer_id, case tg_nargs when 3 then tg_argv[2] else 'turn' end);
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

CREATE OR REPLACE FUNCTION private.try_account (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  -- $1 is the person, $2 their posts. Postgres locks the rows that nobody else has.
  lock_rows constant text := $query$
    with held as materialized (
      select from public.%1$I where %2$s for update skip locked
    )
    select (select count(*) from held) = (select count(*) from public.%1$I where %2$s)
  $query$;
  ids bigint[] := array(select posts.id from public.posts where posts.author_id = try_account.profile_id);
  rows record;
  are_held boolean;
  all_held boolean := true;
begin
  for rows in
    values
      ('profiles', 'id = $1'),
      ('posts', 'author_id = $1'),
      ('posts', 'repost_of_id = any ($2)'),
      ('likes', 'user_id = $1 or post_id = any ($2)'),
      ('bookmarks', 'post_id = any ($2)'),
      ('thread_mutes', 'post_id = any ($2)'),
      ('post_mentions', 'profile_id = $1'),
      ('list_members', 'profile_id = $1'),
      ('follows', 'follower_id = $1 or followee_id = $1'),
      ('follow_requests', 'target_id = $1'),
      ('mutes', 'muted_id = $1'),
      ('blocks', 'blocked_id = $1')
  loop
    execute format(lock_rows, rows.column1, rows.column2) into are_held using try_account.profile_id, ids;
    all_held := all_held and are_held;
    -- The person may be writing. Their statement keeps the profile, and may need the other rows.
    exit when rows.column1 = 'profiles' and not are_held;
  end loop;
  return all_held;
end;
$function$;

CREATE OR REPLACE FUNCTION private.try_posts_of (
  profile_id uuid
)
  RETURNS bigint[]
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  own_ids bigint[] := array(
    select posts.id
    from public.posts
    where posts.author_id = try_posts_of.profile_id
    for no key update skip locked
  );
  repost_ids bigint[];
begin
  if cardinality(own_ids) < (
    select count(*) from public.posts where posts.author_id = try_posts_of.profile_id
  ) then
    return null;
  end if;

  repost_ids := array(
    select posts.id
    from public.posts
    where posts.repost_of_id = any (own_ids) and posts.author_id <> try_posts_of.profile_id
    for no key update skip locked
  );
  if cardinality(repost_ids) < (
    select count(*)
    from public.posts
    where posts.repost_of_id = any (own_ids) and posts.author_id <> try_posts_of.profile_id
  ) then
    return null;
  end if;
  return own_ids || repost_ids;
end;
$function$;

CREATE OR REPLACE FUNCTION private.write_post (
  content         text,
  title           text,
  content_warning text,
  language        text,
  audience        public.audience,
  reply_to_id     bigint,
  quote_of_id     bigint,
  repost_of_id    bigint,
  client_id       uuid
)
  RETURNS public.feed_item
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  new_id bigint;
  is_repeated boolean := false;
  item public.feed_item;
begin
  if write_post.client_id is not null then
    -- Two such requests may come at the same moment. The second waits here, and then finds the
    -- key of the first. It spends nothing, so it is answered even if the budget is used up.
    perform private.take_own_turn(viewer_id);
    select post_keys.post_id into new_id
    from private.post_keys
    where post_keys.author_id = viewer_id and post_keys.client_id = write_post.client_id;
    is_repeated := found;
  end if;

  if not is_repeated then
    perform private.start_clock(3);
    insert into public.posts (
      author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id, repost_of_id
    )
    -- Null means the same as nothing, as for the other arguments.
    values (
      viewer_id, coalesce(write_post.title, ''), coalesce(write_post.content, ''),
      coalesce(write_post.content_warning, ''), write_post.language, coalesce(write_post.audience, 'everyone'),
      write_post.reply_to_id, write_post.quote_of_id, write_post.repost_of_id
    )
    returning posts.id into new_id;
    if write_post.client_id is not null then
      insert into private.post_keys (author_id, client_id, post_id)
      values (viewer_id, write_post.client_id, new_id);
    end if;
  end if;

  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items;
  if not found then
    raise sqlstate 'PT404' using message = 'This post was written, and is deleted by now', detail = 'post_not_found';
  end if;
  return item;
end;
$function$;

CREATE TRIGGER reposts_start_clock
  BEFORE DELETE ON public.posts
  FOR EACH ROW
  WHEN ((old.repost_of_id IS NOT NULL))
  EXECUTE FUNCTION private.reposts_start_clock();

COMMENT ON FUNCTION "private"."lock_account"(uuid) IS 'Locks what is deleted with an account. It tries for about 4 seconds. Then the error PT503, if others still change some of it.';

COMMENT ON FUNCTION "private"."reposts_start_clock"() IS 'Starts the clock of a statement that deletes a repost.';

COMMENT ON FUNCTION "private"."start_clock"(integer) IS 'Ends the session of a person after this time, unless the transaction ends before. Call it before you lock what others need.';

COMMENT ON FUNCTION "private"."try_account"(uuid) IS 'Locks the profile, posts, likes and follows of somebody, and what others keep of them. False if others hold some of them. Then what it got stays locked.';

COMMENT ON FUNCTION "private"."try_posts_of"(uuid) IS 'Locks all posts of somebody, and the reposts of these posts, and returns their ids. Null if others hold some of them. Then what it got stays locked.';

REVOKE ALL ON FUNCTION "private"."reposts_start_clock"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reposts_start_clock"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."reposts_start_clock"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."start_clock"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."start_clock"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."start_clock"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_account"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_account"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_account"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_posts_of"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_posts_of"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_posts_of"(uuid) TO "postgres";
