/*
 * Rows about somebody else: a statement of a person that changes or deletes one takes a share of the other person's queue,
 * and has a clock. So nobody can keep an account or a post from being deleted. A repost is not edited. A banned account
 * writes nothing. Some answers no longer tell what a block or a private account hides. Either of two tags can be
 * searched for.
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

DROP TRIGGER "reposts_start_clock" ON "public"."posts";

DROP FUNCTION "private"."reposts_start_clock"();

CREATE OR REPLACE FUNCTION private.blocks_open_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- The answer has been read. To wait for conversations may take longer than the clock of share_with_owner().
  perform private.start_clock(8);
  perform private.change_blocks(
    (select array_agg(removed.blocker_id order by removed.id) from removed),
    (select array_agg(removed.blocked_id order by removed.id) from removed),
    false
  );
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.chat_viewer()
  RETURNS uuid
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
begin
  if private.is_locked_out(viewer_id) then
    perform private.refuse_locked_out();
  end if;
  return viewer_id;
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
    -- Hidden people do not count. Otherwise the owner could tell a block from a deleted account.
    if (
      select count(*)
      from public.list_members
      where list_members.list_id = new.list_id
        and list_members.profile_id <> new.profile_id
        and list_members.profile_id not in (select private.hidden_ids(owner_id))
    ) >= 1000 then
      raise sqlstate 'PT409' using message = 'A list has at most 1,000 people', detail = 'list_full';
    end if;
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.lists_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if new.owner_id = coalesce(auth.uid(), new.owner_id)
    and (select count(*) from public.lists where lists.owner_id = new.owner_id) >= 100
  then
    raise sqlstate 'PT409' using message = 'You have 100 lists already, and cannot have more', detail = 'lists_full';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.mutes_cause()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if tg_op <> 'INSERT' then
    insert into private.notice_queue (recipient_id, actor_id)
    values (old.muter_id, old.muted_id);
    delete from private.mute_ends
    where mute_ends.muter_id = old.muter_id and mute_ends.muted_id = old.muted_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into private.notice_queue (recipient_id, actor_id)
    values (new.muter_id, new.muted_id);
    if new.muted_until is not null and new.hides_notifications then
      insert into private.mute_ends (muter_id, muted_id, muted_until)
      values (new.muter_id, new.muted_id, new.muted_until)
      on conflict on constraint mute_ends_pkey do update
      set muted_until = excluded.muted_until;
    end if;
  end if;
  return null;
end;
$function$;

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
      -- Not by new.author_id. A viewer may name somebody else there, and only the policy refuses that.
      where posts.repost_of_id = new.repost_of_id and posts.author_id = viewer_id
    ) then
      raise sqlstate 'PT409' using message = 'You have already reposted this post', detail = 'already_reposted';
    end if;
  end if;
  new.is_open := private.opens(new);
  new.entities := private.text_entities(new.title, new.content);
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_check_username()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  problem private.problem;
begin
  if tg_op = 'UPDATE' and new.username = old.username then
    return new;
  end if;
  -- users_create_profile() has the lock already. With a second one, two people could wait in a
  -- circle.
  if tg_op = 'UPDATE' then
    perform private.lock_username(new.username);
    perform private.start_clock(3);
  end if;
  problem := private.username_problem(new.username, new.id);
  if problem is not null then
    raise exception using
      errcode = 'PT' || problem.status, message = problem.message, detail = problem.code;
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_hold_username()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  most constant integer := 5;
  changed_at timestamptz := (
    select max(held_usernames.held_at)
    from private.held_usernames
    where held_usernames.profile_id = new.id
  );
begin
  -- The answer has been read. The same statement may make the account private, which takes longer than the clock.
  perform private.start_clock(8);
  delete from private.held_usernames
  where held_usernames.username = lower(new.username) and held_usernames.profile_id = new.id;

  if not found and changed_at > now() - interval '7 days' then
    raise sqlstate 'PT429' using
      message = 'You changed your username a short while ago',
      detail = 'username_changed_recently',
      hint = to_char(
        (changed_at + interval '7 days') at time zone 'UTC',
        '"A new one can be taken from "YYYY-MM-DD"T"HH24:MI:SS"Z"'
      );
  end if;

  perform private.hold_username(old.username, old.id);
  delete from private.held_usernames
  where held_usernames.username in (
    select held.username
    from private.held_usernames as held
    where held.profile_id = new.id
    order by held.held_at desc
    offset most
  );
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.read_search (
  query text
)
  RETURNS private.search
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  grammars text[] := array(select search_grammars.grammar from private.search_grammars union select '');
  tag_start constant text := '^[#＃]([' || private.tag_characters() || '︎️]+)';
  found private.search := (null, null, null, -9223372036854775808, 9223372036854775807, null);
  alternatives text[] := '{}';
  index_alternatives text[] := '{}';
  from_ids uuid[] := '{}';
  terms text[] := '{}';         -- in the current alternative
  index_terms text[] := '{}';   -- the same for the index, which cannot answer all of them
  from_id uuid;
  wants boolean := false;       -- the current alternative wants a word, a tag or an author
  is_nothing boolean := false;  -- nobody has that name, or no post can have that tag
  said record;
  value text;
  author_id uuid;
  words text[];
  asked record;
  is_vague boolean;             -- an alternative wants nothing; null: there is none
begin
  -- One sign may stand for a whole phrase. So the letters that it stands for count.
  if coalesce(char_length(normalize(query, nfkc)), 0) not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A search has 1 to 500 characters', detail = 'search_query';
  end if;

  -- The last alternative ends like the others.
  for said in select * from private.search_pieces(query) union all values (false, false, 'or') loop
    if said.is_quoted then
      words := private.search_words(said.piece);

    elsif lower(said.piece) = 'or' and not said.is_unwanted then
      continue when not wants and terms = '{}';
      is_vague := coalesce(is_vague, false) or not wants;
      value := private.all_of(terms);
      if value <> '' and not is_nothing then
        alternatives := alternatives || value;
        index_alternatives := index_alternatives || array_to_string(index_terms, ' & ');
        from_ids := from_ids || from_id;
        found.terms := index_terms;
      end if;
      terms := '{}';
      index_terms := '{}';
      from_id := null;
      wants := false;
      is_nothing := false;
      continue;

    elsif said.piece ~* '^since:.' and not said.is_unwanted then
      found.since_id := greatest(found.since_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^until:.' and not said.is_unwanted then
      found.until_id := least(found.until_id, private.search_day(substr(said.piece, 7)));
      continue;

    elsif said.piece ~* '^from:@?[^@]' then
      -- A hidden person is nobody, like a deleted account.
      select profiles.id into author_id
      from public.profiles
      where lower(profiles.username) = lower(regexp_replace(said.piece, '^from:@?', '', 'i'))
        and profiles.id not in (select private.hidden_ids((select auth.uid())));
      value := case when said.is_unwanted then '!' else '' end || format('''from:%s''', author_id);
      if not said.is_unwanted then
        wants := true;
        is_nothing := is_nothing or author_id is null or coalesce(from_id <> author_id, false);
        from_id := author_id;
      end if;
      if author_id is not null then
        terms := terms || value;
        index_terms := index_terms || value;
      end if;
      continue;

    else
      -- A tag ends at the first character that it cannot have. The rest is read as words.
      value := (regexp_match(said.piece, tag_start))[1];
      if value is not null then
        value := private.tag_name(value);
        if not said.is_unwanted then
          wants := true;
          is_nothing := is_nothing or value is null;
        end if;
        if value is not null then
          value := case when said.is_unwanted then '!' else '' end || format('''#%s''', value);
          terms := terms || value;
          index_terms := index_terms || value;
        end if;
        said.is_unwanted := false;
      end if;
      words := private.search_words(regexp_replace(said.piece, tag_start, ''));
    end if;

    if cardinality(words) > 0 then
      asked := private.words_query(words, grammars);
      terms := terms || (case when said.is_unwanted then '!' else '' end || asked.exact);
      -- A post may have all pairs of an unwanted phrase, but not the phrase itself. So the
      -- index cannot exclude it.
      if not said.is_unwanted then
        index_terms := index_terms || asked.indexed;
      elsif cardinality(words) = 1 then
        index_terms := index_terms || ('!' || asked.indexed);
      end if;
      wants := wants or not said.is_unwanted;
    end if;
  end loop;

  if is_vague is not false then
    raise sqlstate 'PT400' using
      message = 'Search for a word, a #tag or from:somebody', detail = 'search_query';
  end if;
  if cardinality(alternatives) > 0 then
    found.wanted := ('(' || array_to_string(index_alternatives, ' | ') || ')')::tsquery;
    if alternatives <> index_alternatives then
      found.exact := array_to_string(alternatives, ' | ')::tsquery;
    end if;
    if from_ids[1] = all (from_ids) then
      found.from_id := from_ids[1];
    end if;
  end if;
  if cardinality(alternatives) > 1 then
    found.terms := null;
  end if;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_locked_out()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT403' using message = 'Your account is locked', detail = 'account_locked';
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
declare
  viewer_id uuid := private.viewer();
begin
  delete from public.follows
  where follows.follower_id = remove_follower.follower_id and follows.followee_id = viewer_id;
  return found;
end;
$function$;

CREATE OR REPLACE FUNCTION private.reposts_refuse_edit()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT400' using
    message = 'A repost has no text of its own. To add words, quote the post', detail = 'repost_is_bare';
end;
$function$;

CREATE OR REPLACE FUNCTION private.share_with_owner()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.trending_posts (
  period    public.trend_period,
  language  text,
  scope     public.trend_scope,
  page_size integer
)
  RETURNS SETOF public.trending_post
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 10
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := auth.uid();
  wanted text := private.language_asked(trending_posts.language);
  blocked_ids uuid[];
  hidden_ids uuid[];
  circle_ids uuid[];
  post_ids bigint[];
begin
  perform private.check_page_size(trending_posts.page_size);
  if trending_posts.scope = 'network' then
    viewer_id := private.viewer();
  end if;
  blocked_ids := array(select private.hidden_ids(viewer_id));
  hidden_ids := blocked_ids || array(select private.muted_ids(viewer_id));
  if trending_posts.scope = 'network' then
    circle_ids := private.circle_ids(viewer_id, hidden_ids);
  end if;
  -- A person behind a block counts nowhere. Without them a post may leave the page, so some more are read.
  post_ids := private.hot_posts(
    trending_posts.period, wanted, circle_ids, hidden_ids,
    trending_posts.page_size + case when blocked_ids = '{}' then 0 else 20 end
  );

  return query
  with heat as materialized (
    select hot.id, counted.people, private.heat_score(counted.people, hot.id) as score
    from unnest(post_ids) as hot (id)
    join private.post_heat on post_heat.post_id = hot.id
    cross join lateral (
      select post_heat.people - case when blocked_ids = '{}' then 0 else (
        select count(*)::integer
        from private.post_fans
        where post_fans.post_id = hot.id and post_fans.profile_id = any (blocked_ids)
      ) end as people
    ) as counted
    where counted.people >= 3
    order by score desc, hot.id desc
    limit trending_posts.page_size
  )
  select item.id, item.post, item.reply_to, item.quoted, heat.people, heat.score
  from (select array_agg(heat.id) as ids from heat) as page
  cross join lateral private.feed_items(viewer_id, page.ids, page.ids) as item
  join heat on heat.id = item.id
  order by heat.score desc, heat.id desc;
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

  -- A block, or a private account, may hide the original of a repost by now. That is answered like a deletion.
  select items.* into item
  from private.feed_items(viewer_id, array[new_id], array[new_id]) as items
  where not is_repeated or private.sees_post(viewer_id, new_id);
  if not found then
    raise sqlstate 'PT404' using message = 'This post was written, and is deleted by now', detail = 'post_not_found';
  end if;
  return item;
end;
$function$;

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.blocks
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept account');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.bookmarks
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept posts');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.follow_requests
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept account');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.follows
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept account');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.likes
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept posts');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.list_members
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept account');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.mutes
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept account');

CREATE TRIGGER reposts_refuse_edit
  BEFORE UPDATE OF title, content, content_warning, LANGUAGE ON public.posts
  FOR EACH ROW
  WHEN ((old.repost_of_id IS NOT NULL))
  EXECUTE FUNCTION private.reposts_refuse_edit();

CREATE TRIGGER share_with_owner
  BEFORE DELETE ON public.posts
  FOR EACH ROW
  WHEN ((old.repost_of_id IS NOT NULL))
  EXECUTE FUNCTION private.share_with_owner('kept posts');

CREATE TRIGGER share_with_owner
  BEFORE DELETE OR UPDATE ON public.thread_mutes
  FOR EACH ROW
  EXECUTE FUNCTION private.share_with_owner('kept posts');

COMMENT ON FUNCTION "private"."profiles_hold_username"() IS 'Holds the old username for its former owner, and bounds how often somebody takes a new one, and how many names they hold.';

COMMENT ON FUNCTION "private"."refuse_locked_out"() IS 'Raises the error PT403.';

COMMENT ON FUNCTION "private"."reposts_refuse_edit"() IS 'Refuses to edit a repost.';

COMMENT ON FUNCTION "private"."share_with_owner"() IS 'Takes a share of a queue: of the other person in the row, or of the author of its post. Then it starts the clock. Its argument is the queue. The error PT503 when they have closed it.';

REVOKE ALL ON FUNCTION "private"."refuse_locked_out"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_locked_out"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_locked_out"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."reposts_refuse_edit"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."reposts_refuse_edit"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."reposts_refuse_edit"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."share_with_owner"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."share_with_owner"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."share_with_owner"() TO "postgres";

-- Ends of mutes that are over already.
set local statement_timeout = 0;
delete from private.mute_ends
where not exists (
  select from public.mutes
  where mutes.muter_id = mute_ends.muter_id
    and mutes.muted_id = mute_ends.muted_id
    and mutes.muted_until = mute_ends.muted_until
);
