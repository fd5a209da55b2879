/*
 * A write whose answer takes long to read holds nothing meanwhile that others need: no post, no
 * account, no list. And somebody who always writes can be blocked.
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

DROP FUNCTION "private"."require_open_post"(uuid, bigint, boolean);

CREATE OR REPLACE FUNCTION private.blocks_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := coalesce(auth.uid(), new.blocker_id);
begin
  if new.blocked_id <> viewer_id and not exists (
    select from public.blocks
    where blocks.blocker_id = viewer_id
      and blocks.blocked_id = new.blocked_id
      and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
  ) then
    perform private.find_profile(viewer_id, new.blocked_id);
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.blocks_end_follows()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
  perform private.end_follows(blocker_ids, blocked_ids);
  for pair in
    select distinct private.pair_key(blocked.blocker_id, blocked.blocked_id) from blocked order by 1
  loop
    perform pg_advisory_xact_lock(pair);
  end loop;
  -- Somebody may have written a follow before we had the lock of the pair.
  perform private.end_follows(blocker_ids, blocked_ids);
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.end_follows (
  blocker_ids uuid[],
  blocked_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.find_open_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts := private.find_post(viewer_id, post_id);
begin
  if not post.is_open and post.author_id is distinct from viewer_id then
    raise sqlstate 'PT403' using
      message = 'This post is not for everyone. Only its author can repost or quote it',
      detail = 'post_not_open';
  end if;
  return post.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.find_post (
  viewer_id uuid,
  post_id   bigint
)
  RETURNS public.posts
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post public.posts;
begin
  select posts.* into post
  from public.posts
  where posts.id = find_post.post_id;

  if post.repost_of_id is not null and private.sees_post(viewer_id, post.id) then
    select posts.* into post
    from public.posts
    where posts.id = post.repost_of_id;
  end if;
  if post.id is null or not private.sees_post(viewer_id, post.id) then
    perform private.refuse_post();
  end if;
  return post;
end;
$function$;

CREATE OR REPLACE FUNCTION private.find_profile (
  viewer_id  uuid,
  profile_id uuid
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  if not exists (select from public.profiles where profiles.id = find_profile.profile_id)
    or exists (select from private.block_between(find_profile.viewer_id, find_profile.profile_id))
  then
    perform private.refuse_profile();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_requests_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is null then
    perform pg_advisory_xact_lock(private.follows_without_person());
  end if;
  perform private.find_profile(coalesce(auth.uid(), new.requester_id), new.target_id);

  if new.requester_id = new.target_id then
    raise sqlstate 'PT400' using message = 'You cannot follow yourself', detail = 'follow_yourself';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follow_requests_hold_account()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is not null then
    perform private.meet_blocks(
      (select array_agg(added.requester_id order by added.requester_id, added.target_id) from added),
      (select array_agg(added.target_id order by added.requester_id, added.target_id) from added)
    );
  end if;
  if exists (select from added where not private.hold_privacy(added.target_id)) then
    raise sqlstate 'PT409' using
      message = 'This account is public: follow it without asking', detail = 'follow_needs_no_request';
  elsif exists (
    select from added
    join public.follows on follows.follower_id = added.requester_id and follows.followee_id = added.target_id
  ) then
    raise sqlstate 'PT409' using message = 'You follow this account', detail = 'already_following';
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follows_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is null and pg_trigger_depth() = 1 then
    perform pg_advisory_xact_lock(private.follows_without_person());
  end if;
  perform private.find_profile(coalesce(auth.uid(), new.follower_id), new.followee_id);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.follows_meet_blocks()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if auth.uid() is not null and pg_trigger_depth() = 1 then
    perform private.meet_blocks(
      (select array_agg(added.follower_id order by added.follower_id, added.followee_id) from added),
      (select array_agg(added.followee_id order by added.follower_id, added.followee_id) from added)
    );
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_existing_post (
  post_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  perform
  from public.posts
  where posts.id = hold_existing_post.post_id
  for key share skip locked;
  if not found then
    perform private.refuse_post();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_post (
  post_id bigint
)
  RETURNS boolean
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_tries constant integer := 50;
  is_open boolean;
begin
  for try in 1..most_tries loop
    select posts.is_open into is_open
    from public.posts
    where posts.id = hold_post.post_id
    for share skip locked;
    if found then
      return is_open;
    end if;
    perform pg_sleep(0.02);
  end loop;
  perform private.refuse_busy_post();
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_list()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform from public.lists where lists.id = new.list_id for key share skip locked;
  if not found then
    perform private.refuse_list();
  end if;
  return null;
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
  if not exists (select from private.hold_person(person_id)) then
    perform private.refuse_profile();
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.keep_post()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.hold_existing_post(new.post_id);
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
    perform private.hold_existing_post(new.reply_to_id);
  end if;
  if new.quote_of_id is not null then
    perform private.hold_existing_post(new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    perform private.hold_existing_post(new.repost_of_id);
    perform private.hold_post(new.repost_of_id);
    if private.opens(new) <> new.is_open then
      perform private.refuse_busy_post();
    end if;
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_members_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  owner_id uuid;
  is_private boolean;
begin
  select lists.owner_id, lists.is_private into owner_id, is_private
  from public.lists
  where lists.id = new.list_id;
  if owner_id is null
    or (auth.uid() is not null and not private.sees_list(auth.uid(), owner_id, is_private))
  then
    perform private.refuse_list();
  end if;

  if owner_id = coalesce(auth.uid(), owner_id) then
    perform private.find_profile(owner_id, new.profile_id);
    if (
      select count(*)
      from public.list_members
      where list_members.list_id = new.list_id and list_members.profile_id <> new.profile_id
    ) >= 1000 then
      raise sqlstate 'PT409' using message = 'A list has at most 1,000 people', detail = 'list_full';
    end if;
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.meet_blocks (
  one_ids   uuid[],
  other_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.mutes_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.find_profile(coalesce(auth.uid(), new.muter_id), new.muted_id);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.pair_key (
  one_id   uuid,
  other_id uuid
)
  RETURNS bigint
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN hashtextextended(((('pair of '::text || (LEAST(one_id, other_id))::text) || ' and '::text) || (GREATEST(one_id, other_id))::text), (0)::bigint);

CREATE OR REPLACE FUNCTION private.posts_prepare()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := coalesce(auth.uid(), new.author_id);
  rows_so_far integer;
  room integer;
  answered public.posts;
begin
  -- A person's post spends the budget of its kind (10-people/12-budgets.sql).
  if auth.uid() is not null then
    rows_so_far := set_config('plaza.insert_rows', (current_setting('plaza.insert_rows')::integer + 1)::text, true);
    if rows_so_far > 100 then
      raise sqlstate 'PT400' using message = 'A request writes at most 100 rows', detail = 'too_many_rows';
    end if;
    room := private.charge(viewer_id, case
      when new.repost_of_id is not null then 'repost'
      when new.quote_of_id is not null then 'quote'
      when new.reply_to_id is not null then 'reply'
      else 'post'
    end, 1);
  end if;

  -- opens() and posts_limit() ask whether the account is private. So nobody may make it
  -- private or public at this moment: not the author, whose turn it is, and not a trusted
  -- backend, which waits in the queue of posts. A post that a trusted backend writes has no
  -- turn, so it locks the profile.
  if auth.uid() is null then
    perform
    from public.profiles
    where profiles.id = new.author_id
    for share;
  else
    perform pg_advisory_xact_lock(private.queue_key('posts', viewer_id));
  end if;

  if new.reply_to_id is not null then
    answered := private.find_post(viewer_id, new.reply_to_id);
    new.reply_to_id := answered.id;
    new.thread_id := coalesce(answered.thread_id, answered.id);
  end if;
  if new.quote_of_id is not null then
    new.quote_of_id := private.find_open_post(viewer_id, new.quote_of_id);
  end if;
  if new.repost_of_id is not null then
    new.repost_of_id := private.find_open_post(viewer_id, new.repost_of_id);
    if exists (
      select from public.posts
      where posts.repost_of_id = new.repost_of_id and posts.author_id = new.author_id
    ) then
      raise sqlstate 'PT409' using message = 'You have already reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_busy_post()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT503' using
    message = 'Somebody is changing this post at this moment. Try again', detail = 'posts_busy';
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_list()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT404' using message = 'There is no such list', detail = 'list_not_found';
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_post()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT404' using message = 'There is no such post', detail = 'post_not_found';
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_profile()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
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
  if not exists (
    select from private.hold_person(require_profile.profile_id)
  ) or exists (
    select from private.block_between(require_profile.viewer_id, require_profile.profile_id)
  ) then
    perform private.refuse_profile();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.require_seen_post()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  new.post_id := (private.find_post(coalesce(auth.uid(), new.user_id), new.post_id)).id;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.thread_mutes_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  post public.posts := private.find_post(coalesce(auth.uid(), new.user_id), new.post_id);
begin
  new.post_id := post.id;
  new.thread_id := coalesce(post.thread_id, post.id);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.try_turns (
  people uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE TRIGGER "Keep_person"
  AFTER INSERT ON public.blocks
  FOR EACH ROW
  WHEN ((new.blocked_id <> new.blocker_id))
  EXECUTE FUNCTION private.keep_person();

CREATE TRIGGER "Keep_post"
  AFTER INSERT ON public.bookmarks
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_post();

CREATE TRIGGER "Keep_person"
  AFTER INSERT ON public.follow_requests
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_person();

CREATE TRIGGER follow_requests_hold_account
  AFTER INSERT ON public.follow_requests REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follow_requests_hold_account();

CREATE TRIGGER "Keep_person"
  AFTER INSERT ON public.follows
  FOR EACH ROW
  WHEN ((new.followee_id IS DISTINCT FROM auth.uid()))
  EXECUTE FUNCTION private.keep_person();

CREATE TRIGGER follows_meet_blocks
  AFTER INSERT ON public.follows REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follows_meet_blocks();

CREATE TRIGGER "Keep_post"
  AFTER INSERT ON public.likes
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_post();

CREATE TRIGGER "Keep_list"
  AFTER INSERT ON public.list_members
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_list();

CREATE TRIGGER "Keep_person"
  AFTER INSERT ON public.list_members
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_person();

CREATE TRIGGER "Keep_person"
  AFTER INSERT OR UPDATE ON public.mutes
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_person();

CREATE TRIGGER "Keep_posts"
  AFTER INSERT ON public.posts
  FOR EACH ROW
  WHEN ((num_nonnulls(new.reply_to_id, new.quote_of_id, new.repost_of_id) > 0))
  EXECUTE FUNCTION private.keep_posts();

CREATE TRIGGER "Keep_post"
  AFTER INSERT ON public.thread_mutes
  FOR EACH ROW
  EXECUTE FUNCTION private.keep_post();

COMMENT ON FUNCTION "private"."end_follows"(uuid[], uuid[]) IS 'Deletes the follows and requests, both ways, between the people of these blocks. The arrays have a place for each block.';

COMMENT ON FUNCTION "private"."find_open_post"(uuid, bigint) IS 'The id of a post that the viewer may repost or quote. For a repost, the id of the post that it shows. The error PT404 when the viewer does not see the post, PT403 when it is limited and by somebody else.';

COMMENT ON FUNCTION "private"."find_post"(uuid, bigint) IS 'The post. For a repost, the post that it shows. The error PT404 when the viewer sees no such post.';

COMMENT ON FUNCTION "private"."find_profile"(uuid, uuid) IS 'The error PT404 unless the person exists and no block hides them from the viewer.';

COMMENT ON FUNCTION "private"."follow_requests_check"() IS 'Refuses a request to a person who does not exist, who is hidden, or who makes it.';

COMMENT ON FUNCTION "private"."follow_requests_hold_account"() IS 'Refuses a request that its target could not accept: after a block, to a public account, or when the follow is there already.';

COMMENT ON FUNCTION "private"."follows_meet_blocks"() IS 'Refuses a follow if one of the two blocked the other meanwhile.';

COMMENT ON FUNCTION "private"."hold_existing_post"(bigint) IS 'Nobody can delete the post until the transaction ends. The error PT404 when it is gone.';

COMMENT ON FUNCTION "private"."keep_list"() IS 'Keeps the list of a new member until the transaction ends.';

COMMENT ON FUNCTION "private"."keep_person"() IS 'Keeps the person that a new row refers to until the transaction ends.';

COMMENT ON FUNCTION "private"."keep_post"() IS 'Keeps the post that a new row refers to until the transaction ends.';

COMMENT ON FUNCTION "private"."keep_posts"() IS 'Keeps the posts that a new post refers to until the transaction ends.';

COMMENT ON FUNCTION "private"."meet_blocks"(uuid[], uuid[]) IS 'Waits for blocks between these pairs that are being written, and makes the next ones wait. The error PT404 if there is a block. The arrays have a place for each pair.';

COMMENT ON FUNCTION "private"."pair_key"(uuid, uuid) IS 'The number of the advisory lock of two people.';

COMMENT ON FUNCTION "private"."refuse_busy_post"() IS 'Raises the error PT503.';

COMMENT ON FUNCTION "private"."refuse_list"() IS 'Raises the error PT404.';

COMMENT ON FUNCTION "private"."refuse_post"() IS 'Raises the error PT404.';

COMMENT ON FUNCTION "private"."refuse_profile"() IS 'Raises the error PT404.';

COMMENT ON FUNCTION "private"."require_post"(uuid, bigint) IS 'Like find_post(), and nobody can delete the post until the transaction ends.';

COMMENT ON FUNCTION "private"."require_profile"(uuid, uuid) IS 'Like find_profile(), and nobody can delete the account until the transaction ends.';

COMMENT ON FUNCTION "private"."try_turns"(uuid[]) IS 'Like take_turns(), but it waits for half a second only, and then goes on without the turns that it did not get.';

REVOKE ALL ON FUNCTION "private"."end_follows"(uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."end_follows"(uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."end_follows"(uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."find_open_post"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_open_post"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."find_open_post"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."find_post"(uuid, bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_post"(uuid, bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."find_post"(uuid, bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."find_profile"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."find_profile"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."find_profile"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."follow_requests_hold_account"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follow_requests_hold_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follow_requests_hold_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."follows_meet_blocks"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."follows_meet_blocks"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."follows_meet_blocks"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."hold_existing_post"(bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."hold_existing_post"(bigint) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."hold_existing_post"(bigint) TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_list"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_list"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_list"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_person"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_person"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_person"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_post"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_post"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_post"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."keep_posts"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."keep_posts"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."keep_posts"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."meet_blocks"(uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."meet_blocks"(uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."meet_blocks"(uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."pair_key"(uuid, uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."pair_key"(uuid, uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."pair_key"(uuid, uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_busy_post"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_busy_post"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_busy_post"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_list"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_list"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_list"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_post"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_post"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_post"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_profile"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_profile"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_profile"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_turns"(uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_turns"(uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_turns"(uuid[]) TO "postgres";
