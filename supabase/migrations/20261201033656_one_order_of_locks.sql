/*
 * Races: deletions of accounts and posts, switches of accounts, blocks and bans take their locks in one order, and leave
 * nothing behind. A job deletes places of deleted posts that have nothing below them. Suggestions tell nothing of private
 * accounts, and only trusted people lead to strangers. A refresh of trends has a bound for its work. In a small network, few
 * accounts are seeds of trust.
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

DROP TRIGGER "users_lock_out" ON "auth"."users";

DROP TRIGGER "follows_meet_blocks" ON "public"."follows";

DROP TRIGGER "profiles_wait_for_post" ON "public"."profiles";

DROP TRIGGER "share_with_owner" ON "public"."thread_mutes";

DROP VIEW "private"."trust_people";

DROP FUNCTION "private"."users_lock_out"();

ALTER TYPE "private"."trend_batch" RENAME ATTRIBUTE "amount" TO "cost" CASCADE;

CREATE TABLE "private"."place_checks" (
  "id"       bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  "place_id" bigint NOT NULL,
  CONSTRAINT "place_checks_pkey" PRIMARY KEY (id)
);

ALTER TABLE "private"."trend_changes"
  ADD COLUMN "cost" smallint NOT NULL DEFAULT 1;

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
$function$;

CREATE OR REPLACE FUNCTION private.blocks_open_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- The answer has been read. To wait for conversations may take longer than the clock of share_with_owner().
  perform private.start_clock(8);
  -- Only blocks between accounts that exist. A deleted account has left its conversations already, and holds
  -- them. With partings, it would wait for somebody who waits for one of these conversations.
  perform private.change_blocks(
    array_agg(removed.blocker_id order by removed.id), array_agg(removed.blocked_id order by removed.id), false
  )
  from removed
  join public.profiles as blockers on blockers.id = removed.blocker_id
  join public.profiles as others on others.id = removed.blocked_id;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.circle_trends (
  kind       public.trend_kind,
  period     public.trend_period,
  circle_ids uuid[]
)
  RETURNS TABLE (
    term     text,
    people   integer,
    expected double precision,
    score    double precision,
    language text,
    post_ids bigint[]
  )
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  fewest constant integer := 3;
  most_people constant integer := 5000;
  most_terms constant integer := 1000;
  level integer := private.shown_level(circle_trends.period);
  first_id bigint := private.first_id(
    (select trend_state.refreshed_at from private.trend_state) - private.trend_window(level)
  );
begin
  return query
  with active as materialized (
    -- People who count. For most people of a circle, the search ends here. It is one lookup for each of them: a join
    -- could read everybody.
    select person.id as profile_id
    from unnest(circle_trends.circle_ids) as person (id)
    cross join lateral (
      select trend_people.post_id
      from private.trend_people
      where trend_people.profile_id = person.id and trend_people.kind = circle_trends.kind and trend_people.term = ''
      limit 1
    ) as latest
    where latest.post_id >= first_id
    order by latest.post_id desc
    limit most_people
  ),
  said as materialized (
    select uses.term, uses.voice, uses.language, uses.post_id
    from active
    cross join lateral (
      select trend_people.term, trend_people.voice, trend_people.language, trend_people.post_id
      from private.trend_people
      where trend_people.profile_id = active.profile_id and trend_people.kind = circle_trends.kind
      limit most_terms
    ) as uses
    where uses.post_id >= first_id
  ),
  counted as (
    select
      said.term, count(distinct said.voice)::integer as people, mode() within group (order by said.language) as language,
      (array_agg(said.post_id order by said.post_id desc))[:100] as post_ids
    from said
    group by said.term
  )
  select
    counted.term, counted.people, share.expected,
    private.surprise(counted.people, share.expected, 0.15), counted.language, counted.post_ids
  from counted
  join private.trend_counts as everywhere on everywhere.kind = circle_trends.kind and everywhere.term = counted.term
  join private.trend_counts as network on network.kind = circle_trends.kind and network.term = ''
  join counted as circle on circle.term = ''
  cross join lateral (
    select greatest(1 / 24.0, circle.people * private.people_in(everywhere, level)
      / greatest(1, private.people_in(network, level))::double precision) as expected
  ) as share
  where counted.term <> '' and counted.people >= fewest;
end;
$function$;

CREATE OR REPLACE FUNCTION private.deliver (
  notices private.notice_queue[],
  waits   boolean
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  notice private.notice_queue;
  recipient uuid;
  is_busy boolean;
  before private.streams;
  desk private.desk;
  stream private.streams;
  last_seq bigint;
begin
  -- Most transactions have one.
  if cardinality(notices) > 1 then
    notices := array(
      select looked
      from unnest(notices) as looked
      order by looked.recipient_id, looked.is_ended, looked.kind, looked.id
    );
  end if;
  foreach notice in array coalesce(notices, '{}') loop
    if recipient is distinct from notice.recipient_id then
      if before.user_id is not null then
        last_seq := private.close_desk(desk, before);
      end if;
      recipient := notice.recipient_id;
      select streams.* into before
      from private.streams
      where streams.user_id = recipient
      for no key update skip locked;
      is_busy := not deliver.waits and (before.user_id is null or private.is_told_enough(before));
      if is_busy then
        is_busy := not exists (
          select
          from unnest(notices) as looked
          where looked.recipient_id = recipient and (
            looked.kind is null or looked.requests <> 0 or not private.notice_holds(
              looked.recipient_id, looked.kind, looked.actor_id, looked.object_id, looked.draft_id
            )
          )
        );
      end if;
      if before.user_id is null and not is_busy then
        select streams.* into before
        from private.streams
        where streams.user_id = recipient
        for no key update;
      end if;
      desk := (before, '{}'::bigint[], null::jsonb);
    end if;
    if is_busy then
      insert into private.notice_queue (
        recipient_id, kind, actor_id, object_id, draft_id, requests, is_ended, is_left
      )
      values (
        notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id, notice.requests,
        notice.is_ended, true
      );
      continue;
    end if;
    if notice.is_ended then
      perform private.forget_recipient(recipient);
      before := null;
    end if;
    -- The account is deleted.
    continue when before.user_id is null;

    if notice.requests <> 0 then
      stream := desk.stream;
      stream.requests := stream.requests + notice.requests;
      if stream.requests >= 0 then
        desk.stream := stream;
      else
        -- The job may meet it before the request, too. Then it is due again later.
        notice.failures := notice.failures + deliver.waits::integer;
        perform private.put_back(array[notice]);
      end if;
    end if;
    if notice.kind is not null then
      desk := private.look_at_one(desk, notice);
    elsif notice.actor_id is null and not exists (
      select from public.posts where posts.id = notice.object_id
    ) then
      desk := private.forget_object(desk, notice);
    else
      desk := private.look_at_many(desk, notice);
    end if;
  end loop;
  if before.user_id is not null then
    last_seq := private.close_desk(desk, before);
  end if;
  return cardinality(notices);
end;
$function$;

CREATE OR REPLACE FUNCTION private.expand_people (
  at   timestamp with time zone,
  most integer
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_waiting constant integer := 1000;
  oldest_id bigint := private.first_id(expand_people.at - interval '168 hours');
  people uuid[];
begin
  if (
    select count(*)
    from (select from private.trend_changes where trend_changes.lane = 'bulk' limit most_waiting) as bulk
  ) = most_waiting then
    return 0;
  end if;

  with taken as (
    delete from private.trend_changes
    where trend_changes.lane = 'person' and trend_changes.id in (
      select first.id
      from private.trend_changes as first
      where first.lane = 'person'
      order by first.id
      limit most
    )
    returning trend_changes.profile_id
  )
  select array_agg(distinct taken.profile_id) into people
  from taken;

  insert into private.trend_changes (lane, post_id, profile_id, cost)
  select 'bulk', change.post_id, change.profile_id, change.cost
  from unnest(people) as person (id)
  cross join lateral (
    select posts.id, null::uuid, private.trend_cost(posts.entities)
    from public.posts
    where posts.author_id = person.id and posts.id >= oldest_id and posts.repost_of_id is null
    union all
    select target.id, person.id, 1
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.quote_of_id, posts.repost_of_id]) as target (id)
    where posts.author_id = person.id and posts.id >= oldest_id and target.id >= oldest_id
    union all
    select likes.post_id, person.id, 1
    from public.likes
    where likes.user_id = person.id and likes.id >= oldest_id and likes.post_id >= oldest_id
  ) as change (post_id, profile_id, cost);
  return cardinality(people);
end;
$function$;

CREATE OR REPLACE FUNCTION private.explain_trend (
  kind   public.trend_kind,
  term   text,
  at     timestamp with time zone,
  period public.trend_period
)
  RETURNS jsonb
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  wanted text := private.trend_term_of(explain_trend.kind, explain_trend.term);
  short_level integer := array_position(enum_range(null::public.trend_period), explain_trend.period);
  long_level integer := short_level + 1;
  refreshed_at timestamptz := (select trend_state.refreshed_at from private.trend_state);
  moment timestamptz := case
    when explain_trend.at >= refreshed_at then refreshed_at
    else date_trunc('hour', explain_trend.at, 'UTC')
  end;
  stored private.trend_history := private.trend_row_at(explain_trend.kind, wanted, explain_trend.period, explain_trend.at);
  counts integer[];
  network integer[];
  recounted integer[];
  short private.trend_facts;
  long private.trend_facts;
  is_recomputed boolean;
  score double precision;
begin
  if stored.event <> 'ended' or stored.scored_at >= moment then
    moment := stored.scored_at;
  else
    stored := null;
    counts := private.told_people(private.trend_counts_at(explain_trend.kind, wanted, moment), long_level);
    network := private.told_people(private.trend_counts_at(explain_trend.kind, '', moment), long_level);
  end if;

  -- A forecast reads 28 days, and the hours of 57 days are kept.
  is_recomputed := moment > refreshed_at - interval '29 days';
  if is_recomputed then
    short := private.facts_at(
      explain_trend.kind, wanted, short_level, coalesce((stored.short).observed, counts[short_level]),
      coalesce((stored.short).network_observed, network[short_level]), moment
    );
    long := private.facts_at(
      explain_trend.kind, wanted, long_level, coalesce((stored.long).observed, counts[long_level]),
      coalesce((stored.long).network_observed, network[long_level]), moment
    );
  else
    short := stored.short;
    long := stored.long;
  end if;
  score := private.trend_score(short, long);
  recounted := private.told_people(
    array[
      private.recount_people(explain_trend.kind, wanted, short_level, moment),
      private.recount_people(explain_trend.kind, wanted, long_level, moment)
    ],
    2
  );

  return jsonb_build_object(
    'kind', explain_trend.kind,
    'term', wanted,
    'period', explain_trend.period,
    'at', moment,
    'trends', coalesce(stored.event <> 'ended', false),
    'since', stored.since_at,
    'is_hidden', exists (
      select
      from private.trend_hides
      where trend_hides.kind = explain_trend.kind and trend_hides.term = wanted
    ),
    'begins_at', 5,
    'ends_below', 3,
    'stored', case when stored.term is not null then jsonb_build_object(
      'score', stored.score,
      'short', private.facts_as_json(stored.short),
      'long', private.facts_as_json(stored.long)
    ) end,
    'recomputed', jsonb_build_object(
      'score', score,
      'probability', 10 ^ -least(score, 300),
      'short', private.facts_as_json(short),
      'long', private.facts_as_json(long),
      'has_forecasts', is_recomputed
    ),
    'recounted', jsonb_build_object('short', recounted[1], 'long', recounted[2]),
    'agrees', case when stored.term is not null then
      private.facts_agree(stored.short, short) and private.facts_agree(stored.long, long)
      and private.is_near(stored.score, score)
    end
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_interactions (
  most integer DEFAULT 100000
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_posts constant integer := 1000;
  oldest_id bigint := private.first_id(now() - interval '2160 hours');
  state private.interaction_state;
  ends_at private.interactions;
  forgotten integer;
begin
  select interaction_state.* into state
  from private.interaction_state
  for update;

  with looked_at as materialized (
    select interactions.*, row_number() over (order by interactions.giver_id, interactions.receiver_id) as place
    from private.interactions
    where (interactions.giver_id, interactions.receiver_id) > (state.checked_giver, state.checked_receiver)
    order by interactions.giver_id, interactions.receiver_id
    limit forget_interactions.most
  ),
  gone as materialized (
    select looked_at.giver_id, looked_at.receiver_id, looked_at.post_id
    from looked_at
    left join public.posts on posts.id = looked_at.post_id
    left join public.profiles on profiles.id = looked_at.receiver_id
    where looked_at.post_id < oldest_id or posts.id is null or profiles.id is null
  ),
  older as materialized (
    select giver.giver_id, target.author_id as receiver_id, max(own.id) as post_id
    -- A row that is 90 days old has no younger post.
    from (select distinct gone.giver_id from gone where gone.post_id >= oldest_id) as giver
    cross join lateral (
      select posts.id, posts.reply_to_id, posts.quote_of_id, posts.repost_of_id
      from public.posts
      where posts.author_id = giver.giver_id and posts.id between oldest_id and state.collected_to_id - 1
      order by posts.id desc
      limit most_posts
    ) as own
    cross join unnest(array[own.reply_to_id, own.quote_of_id, own.repost_of_id]) as reference (id)
    join public.posts as target on target.id = reference.id
    group by giver.giver_id, target.author_id
  ),
  updated as (
    update private.interactions
    set post_id = older.post_id
    from gone
    join older using (giver_id, receiver_id)
    where interactions.giver_id = gone.giver_id and interactions.receiver_id = gone.receiver_id
  ),
  deleted as (
    delete from private.interactions
    using gone
    left join older using (giver_id, receiver_id)
    where interactions.giver_id = gone.giver_id
      and interactions.receiver_id = gone.receiver_id
      and older.post_id is null
    returning interactions.giver_id
  )
  select amount.deleted, last.giver_id, last.receiver_id
  into forgotten, ends_at.giver_id, ends_at.receiver_id
  from (select count(*) as deleted from deleted) as amount
  left join looked_at as last on last.place = forget_interactions.most;

  -- If fewer were left, the next run begins again.
  update private.interaction_state
  set checked_giver = coalesce(ends_at.giver_id, '00000000-0000-0000-0000-000000000000'),
      checked_receiver = coalesce(ends_at.receiver_id, '00000000-0000-0000-0000-000000000000');
  return forgotten;
end;
$function$;

CREATE OR REPLACE FUNCTION private.forget_places (
  most integer DEFAULT 10000
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  checked integer := 0;
  checked_now integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('forget places', 0)) then
    return 0;
  end if;
  loop
    with taken as (
      delete from private.place_checks
      where place_checks.id in (
        select first.id
        from private.place_checks as first
        order by first.id
        limit least(1000, most - checked)
      )
      returning place_checks.place_id
    ),
    gone as (
      delete from private.deleted_posts
      where deleted_posts.id in (select taken.place_id from taken)
        and not exists (select from public.posts where posts.reply_to_id = deleted_posts.id)
        and not exists (
          select from private.deleted_posts as child
          where child.reply_to_id = deleted_posts.id
        )
      returning deleted_posts.reply_to_id
    ),
    above as (
      insert into private.place_checks (place_id)
      select distinct gone.reply_to_id
      from gone
      where gone.reply_to_id is not null
    )
    select count(*) into checked_now
    from taken;
    checked := checked + checked_now;
    exit when checked_now = 0 or checked >= most;
  end loop;
  return checked;
end;
$function$;

CREATE OR REPLACE FUNCTION private.hold_own_stream()
  RETURNS private.streams
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  stream private.streams;
begin
  perform private.charge(viewer_id, 'mark_read', 1);
  select streams.* into stream
  from private.streams
  where streams.user_id = viewer_id
  for no key update;
  if not found then
    perform private.refuse_deleted_account();
  end if;
  return stream;
end;
$function$;

CREATE OR REPLACE FUNCTION private.leading_followers (
  profile_id uuid,
  viewer_id  uuid,
  most       integer
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most_seen constant integer := 120;
  newest uuid[];
begin
  newest := array(
    select seen.follower_id
    from (
      select follows.follower_id, follows.id from public.follows
      where follows.followee_id = leading_followers.profile_id and follows.follower_id <> leading_followers.viewer_id
      order by follows.id desc
      limit most_seen
    ) as seen
    cross join lateral private.trusted(seen.follower_id)
    join lateral (
      select profiles.is_private from public.profiles where profiles.id = seen.follower_id limit 1
    ) as profile on profile.is_private is false
    order by seen.id desc
    limit leading_followers.most
  );
  if cardinality(newest) >= leading_followers.most then
    return newest;
  end if;
  return newest || array(
    select seen.follower_id
    from (
      select follows.follower_id, follows.id from public.follows
      where follows.followee_id = leading_followers.profile_id and follows.follower_id <> leading_followers.viewer_id
      order by follows.id
      limit most_seen
    ) as seen
    cross join lateral private.trusted(seen.follower_id)
    join lateral (
      select profiles.is_private from public.profiles where profiles.id = seen.follower_id limit 1
    ) as profile on profile.is_private is false
    where seen.follower_id <> all (newest)
    order by seen.id
    limit leading_followers.most - cardinality(newest)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.lock_follows (
  blocker_ids uuid[],
  blocked_ids uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION private.me()
  RETURNS public.own_profile
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  mine public.own_profile;
begin
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.is_searchable, profiles.is_discoverable, profiles.shows_likes,
    profiles.created_at, counts.followers, counts.following, private.author_posts(viewer_id, profiles.id),
    (
      select count(*)
      from (
        select from public.follow_requests
        where follow_requests.target_id = viewer_id
        limit 100
      ) as waiting
    )
  into mine
  from public.profiles
  cross join lateral private.follow_counts_of(viewer_id, profiles.id) as counts
  where profiles.id = viewer_id;

  if mine.id is null then
    perform private.refuse_deleted_account();
  end if;
  return mine;
end;
$function$;

CREATE OR REPLACE FUNCTION private.more_people (
  viewer_id uuid,
  tags      text[]
)
  RETURNS private.suggestion_candidates
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  language text := private.usual_language(viewer_id);
  followers uuid[] := array(
    select newest.follower_id
    from (
      select follows.follower_id, follows.id
      from public.follows
      where follows.followee_id = viewer_id
      order by follows.id desc
      limit 200
    ) as newest
    cross join lateral private.trusted(newest.follower_id)
    order by newest.id desc
    limit 20
  );
  writers uuid[] := array(
    select posts.author_id
    from unnest(more_people.tags[:10]) as wanted (tag)
    cross join lateral (
      select post_tags.post_id
      from public.post_tags
      where post_tags.tag = wanted.tag and post_tags.is_open
      order by post_tags.post_id desc
      limit 50
    ) as tagged
    cross join lateral (
      select * from public.posts where posts.id = tagged.post_id offset 0
    ) as posts
    cross join lateral private.trusted(posts.author_id)
    group by posts.author_id
    order by count(distinct wanted.tag) desc, count(*) desc, max(posts.id) desc
    limit 20
  );
  known uuid[] := private.pool_part(8::smallint, language, viewer_id, 20) || private.pool_part(8::smallint, '', viewer_id, 100);
begin
  return (
    followers || writers || known,
    array_fill(2::smallint, array[cardinality(followers)]) || array_fill(6::smallint, array[cardinality(writers)])
      || array_fill(8::smallint, array[cardinality(known)]),
    '{}'
  )::private.suggestion_candidates;
end;
$function$;

CREATE OR REPLACE FUNCTION private.never_suggested_to (
  viewer_id uuid
)
  RETURNS SETOF uuid
  LANGUAGE sql
  STABLE
  ROWS 10
BEGIN ATOMIC
( SELECT dismissal.profile_id
    FROM private.suggestion_dismissals dismissal
   WHERE ((dismissal.user_id = never_suggested_to.viewer_id) AND (dismissal.dismissed_until > now()))
  LIMIT 1000)
 UNION
 ( SELECT follow_requests.target_id
    FROM public.follow_requests
   WHERE (follow_requests.requester_id = never_suggested_to.viewer_id)
  LIMIT 1000)
 UNION
 ( SELECT mutes.muted_id
    FROM public.mutes
   WHERE ((mutes.muter_id = never_suggested_to.viewer_id) AND ((mutes.muted_until IS NULL) OR (mutes.muted_until > now())))
  LIMIT 1000)
 UNION
 ( SELECT hidden.id
    FROM private.hidden_from(never_suggested_to.viewer_id) hidden(id)
  LIMIT 1000);
END;

CREATE OR REPLACE FUNCTION private.pool_part (
  source    smallint,
  language  text,
  viewer_id uuid,
  most      integer
)
  RETURNS uuid[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  return array(
    select pooled.id
    from private.suggestion_pools
    cross join unnest(suggestion_pools.profile_ids) as pooled (id)
    where suggestion_pools.source = pool_part.source and suggestion_pools.language = pool_part.language
    order by uuid_hash_extended(pooled.id, private.suggestion_draw(pool_part.viewer_id)), pooled.id
    limit pool_part.most
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_change_trends()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id, cost)
  select
    case when sum(change.cost) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    change.post_id,
    change.profile_id,
    change.cost
  from changed
  cross join lateral (
    -- Without tags, links and mentions, a new post changes nothing. A deleted one may have fans.
    select changed.id, null::uuid, private.trend_cost(changed.entities)
    where changed.repost_of_id is null and (tg_op = 'DELETE' or changed.entities <> '[]')
    union all
    select target.id, changed.author_id, 1
    from unnest(array[changed.reply_to_id, changed.quote_of_id, changed.repost_of_id]) as target (id)
    where target.id >= oldest_id and changed.is_open
  ) as change (post_id, profile_id, cost)
  where changed.id >= oldest_id and (changed.is_open or tg_op = 'DELETE');
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_change_trends_again()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id, cost)
  select
    case when sum(change.cost) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    change.post_id,
    change.profile_id,
    change.cost
  from before
  join after on after.id = before.id
  cross join lateral (
    select after.id, null::uuid, greatest(private.trend_cost(before.entities), private.trend_cost(after.entities))
    where after.repost_of_id is null
      and (before.title, before.content, before.language, before.is_open)
        is distinct from (after.title, after.content, after.language, after.is_open)
    union all
    select target.id, after.author_id, 1
    from unnest(array[after.reply_to_id, after.quote_of_id, after.repost_of_id]) as target (id)
    where target.id >= oldest_id and before.is_open <> after.is_open
  ) as change (post_id, profile_id, cost)
  where after.id >= oldest_id;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.posts_keep_place()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- A removed post keeps its place when a reply or a place is left below it.
  with recursive kept as (
    select removed.id, removed.reply_to_id
    from removed
    where exists (select from public.posts where posts.reply_to_id = removed.id)
      or exists (select from private.deleted_posts where deleted_posts.reply_to_id = removed.id)
    union
    select removed.id, removed.reply_to_id
    from kept
    join removed on removed.id = kept.reply_to_id
  )
  insert into private.deleted_posts (id, reply_to_id)
  select kept.id, kept.reply_to_id
  from kept
  -- A backend may write a post again under its old id, before the job has looked at its place.
  on conflict (id) do update
  set reply_to_id = excluded.reply_to_id;

  insert into private.place_checks (place_id)
  select deleted_posts.id
  from private.deleted_posts
  where deleted_posts.id in (
    select removed.id from removed
    union all
    select removed.reply_to_id from removed
  );
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_end_account()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  ids bigint[] := array(select posts.id from public.posts where posts.author_id = old.id);
begin
  -- What others keep of the account may be many rows. So it is deleted first, while this deletion holds
  -- neither counts nor conversations, which others need. Blocks stay until profiles_end_chat() has read them.
  delete from public.post_mentions
  where post_mentions.profile_id = old.id;
  delete from public.list_members
  where list_members.profile_id = old.id;
  delete from public.follow_requests
  where follow_requests.target_id = old.id;
  delete from public.mutes
  where mutes.muted_id = old.id;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select likes.post_id
    from public.likes
    where likes.user_id = old.id
    union all
    select unnest(ids)
    union all
    select target.id
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.repost_of_id, posts.quote_of_id]) as target (id)
    where posts.author_id = old.id
  )
  order by post_counts.post_id
  for update;

  perform
  from private.limited_counts
  where limited_counts.place in (
    select limited_posts.place
    from private.limited_posts
    where limited_posts.post_id = any (ids)
  )
  order by limited_counts.place
  for update;

  delete from public.likes
  where likes.user_id = old.id;
  delete from public.posts
  where posts.author_id = old.id;
  delete from public.follows
  where follows.follower_id = old.id or follows.followee_id = old.id;
  return old;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_hold_requests()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  if not private.keep_trying('private.try_requests_to', new.id, 'kept account') then
    raise sqlstate 'PT503' using
      message = 'Others are changing requests to follow this account at this moment. Try again', detail = 'profile_busy';
  end if;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.profiles_welcome_requesters()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  with opened as (
    select after_change.id
    from after_change
    join before_change on before_change.id = after_change.id
    where before_change.is_private and after_change.is_private is false
  ),
  accepted as (
    delete from public.follow_requests
    where follow_requests.target_id in (select opened.id from opened)
    returning follow_requests.requester_id, follow_requests.target_id
  )
  insert into public.follows (follower_id, followee_id)
  select accepted.requester_id, accepted.target_id
  from accepted
  on conflict do nothing;
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.refresh_trends (
  at   timestamp with time zone DEFAULT now(),
  most integer                  DEFAULT 20000
)
  RETURNS integer
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_hours constant integer := 24;
  room integer := greatest(refresh_trends.most, 1);
  state private.trend_state;
  target timestamptz;
  moment timestamptz;
  batch private.trend_batch;
  has_more boolean;
  closed integer := 0;
  waiting integer;
begin
  -- The next refresh waits here until this one ends.
  select trend_state.* into state
  from private.trend_state
  for update;
  target := greatest(refresh_trends.at, state.refreshed_at);
  -- From the last refresh on: the hours since then are still open.
  perform private.expand_people(state.refreshed_at, greatest(room / 20, 1));

  loop
    moment := least(target, state.closed_at + interval '1 hour');
    batch := private.take_trend_changes(private.first_id(moment), room);
    room := room - batch.cost;
    has_more := private.step_trends(moment, batch, greatest(refresh_trends.most, 1));
    exit when has_more or moment < state.closed_at + interval '1 hour';

    perform private.close_trend_hour(moment);
    state.closed_at := moment;
    closed := closed + 1;
    exit when closed = most_hours;
  end loop;

  -- The first changes of a database that has posts already are many. The planner must know by then
  -- that these tables are not empty.
  if refresh_trends.most - room >= 1000
    and (select pg_class.reltuples from pg_catalog.pg_class where pg_class.oid = 'private.trend_voices'::regclass) < 1000
  then
    analyze private.trend_uses, private.trend_people, private.trend_voices, private.trend_counts;
  end if;

  update private.trend_state
  set refreshed_at = moment, closed_at = state.closed_at;

  select count(*) into waiting
  from (
    select
    from private.trend_changes
    where trend_changes.lane <> 'person' and trend_changes.post_id < private.first_id(target)
      or trend_changes.lane = 'person'
    limit 100000
  ) as change;
  return greatest(waiting, (has_more or moment < target)::integer);
end;
$function$;

CREATE OR REPLACE FUNCTION private.refuse_deleted_account()
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  raise sqlstate 'PT401' using message = 'Your account does not exist any more', detail = 'account_not_found';
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestible (
  viewer_id   uuid,
  profile_ids uuid[],
  sources     smallint[],
  witness_ids uuid[],
  places      integer[]
)
  RETURNS private.suggestion_ground[]
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  since_at constant timestamptz := now() - interval '30 days';
  since_id constant bigint := private.first_id(since_at);
  asked_ids constant uuid[] := array(select suggestible.profile_ids[asked.place] from unnest(suggestible.places) as asked (place));
  named_ids constant uuid[] := asked_ids || suggestible.witness_ids;
begin
  return array(
    with known as materialized (
      select
        array(
          select follows.followee_id
          from public.follows
          where follows.follower_id = suggestible.viewer_id and follows.followee_id = any (named_ids)
        ) as followed_ids,
        array(
          select hidden.id
          from private.hidden_from(suggestible.viewer_id) as hidden (id)
          where hidden.id = any (named_ids)
          union all
          select mutes.muted_id
          from public.mutes
          where mutes.muter_id = suggestible.viewer_id and mutes.muted_id = any (named_ids)
            and (mutes.muted_until is null or mutes.muted_until > now())
        ) as hidden_ids,
        array(
          select follow_requests.target_id
          from public.follow_requests
          where follow_requests.requester_id = suggestible.viewer_id and follow_requests.target_id = any (asked_ids)
          union all
          select dismissal.profile_id
          from private.suggestion_dismissals as dismissal
          where dismissal.user_id = suggestible.viewer_id and dismissal.profile_id = any (asked_ids)
            and dismissal.dismissed_until > now()
        ) as refused_ids,
        array(
          select profiles.id
          from public.profiles
          where profiles.id = any (suggestible.witness_ids) and profiles.is_private
        ) as private_ids
    )
    select (
      candidate.place,
      case
        when candidate.source = 4
          and alike.id = any (known.followed_ids) and alike.id <> all (known.hidden_ids)
          and one.id <> other.id
          and one.id <> all (known.hidden_ids) and one.id <> all (known.private_ids)
          and other.id <> all (known.hidden_ids) and other.id <> all (known.private_ids)
          and (
            select count(*) from public.follows
            where follows.follower_id in (one.id, other.id) and follows.followee_id in (alike.id, candidate.id)
          ) = 4
        then array[alike.id]
      end,
      0,
      null
    )::private.suggestion_ground
    from known
    cross join unnest(suggestible.places) with ordinality as asked (place, turn)
    cross join lateral (
      select asked.place, suggestible.profile_ids[asked.place] as id, suggestible.sources[asked.place] as source
    ) as candidate
    cross join lateral (select suggestible.witness_ids[3 * asked.place - 2] as id) as alike
    cross join lateral (select suggestible.witness_ids[3 * asked.place - 1] as id) as one
    cross join lateral (select suggestible.witness_ids[3 * asked.place] as id) as other
    cross join lateral (
      select profiles.is_discoverable, profiles.is_private, profiles.created_at
      from public.profiles
      where profiles.id = candidate.id
      limit 1
    ) as profile
    cross join lateral (
      select users.confirmed_at, users.deleted_at, users.banned_until
      from auth.users
      where users.id = candidate.id
      limit 1
    ) as account
    where candidate.id is distinct from suggestible.viewer_id
      and candidate.id <> all (known.followed_ids)
      and candidate.id <> all (known.hidden_ids)
      and candidate.id <> all (known.refused_ids)
      and profile.is_discoverable
      and (profile.is_private is false or candidate.source = 2)
      and (candidate.source <> 7 or profile.created_at > now() - interval '14 days')
      and account.confirmed_at is not null
      and account.deleted_at is null
      and (account.banned_until is null or account.banned_until <= now())
      and (candidate.source = 1 or (select true from private.trusted(candidate.id)))
      -- A young account is active. For the others, up to three indexes are asked.
      and (profile.created_at > since_at or (select true from private.activity(candidate.id, since_id)))
    order by asked.turn
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_facts (
  viewer_id   uuid,
  profile_ids bytea
)
  RETURNS bytea
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  profile_ids constant uuid[] := array(
    select encode(substr(suggestion_facts.profile_ids, 1 + 16 * number, 16), 'hex')::uuid
    from generate_series(0, length(suggestion_facts.profile_ids) / 16 - 1) as number
    order by number
  );
  -- 1 for a public account and 2 for a private one: the sources that each may have at least.
  sources constant smallint[] := array(
    select case when profiles.is_private then 2 else 1 end::smallint
    from unnest(profile_ids) with ordinality as asked (id, place)
    left join public.profiles on profiles.id = asked.id
    order by asked.place
  );
  -- By their places. A join would compare each of the people with each of those who may be suggested.
  shown integer[] := array_fill(0, array[cardinality(profile_ids)]);
  place integer;
begin
  for place in
    select ground.place
    from unnest(private.suggestible(
      suggestion_facts.viewer_id, profile_ids, sources, '{}', array(select generate_series(1, cardinality(profile_ids)))
    )) as ground
  loop
    shown[place] := 1;
  end loop;

  return (
    select string_agg(
      float4send(coalesce(trust.weight, 0)) || int4send(coalesce(follow_counts.following, 0)::integer)
        || int4send(coalesce(follow_counts.followers, 0)::integer)
        || int4send(shown[asked.place] + 256 * (profiles.is_private is false)::integer),
      '' order by asked.place
    )
    from unnest(profile_ids) with ordinality as asked (id, place)
    left join public.profiles on profiles.id = asked.id
    left join private.follow_counts on follow_counts.profile_id = asked.id
    left join private.trust on trust.profile_id = asked.id
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.suggestion_neighbourhood (
  profile_id uuid
)
  RETURNS SETOF private.neighbours
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  AS $function$
declare
  most_own constant integer := 100;
  most_own_followers constant integer := 100;
  most_followees constant integer := 50;
  most_followers constant integer := 30;
  most_alike constant integer := 150;
  -- How many followees of one person are looked at.
  most_seen constant integer := 500;
  few constant integer := 20;
  since_id constant bigint := private.first_id(now() - interval '30 days');
  followee_ids uuid[];
  follower_ids uuid[];
  asked_ids uuid[];
begin
  followee_ids := array(
    select follows.followee_id from public.follows
    where follows.follower_id = suggestion_neighbourhood.profile_id
    order by follows.id desc
    limit most_own
  );
  follower_ids := array(
    select follows.follower_id from public.follows
    where follows.followee_id = suggestion_neighbourhood.profile_id
    order by follows.id desc
    limit most_own_followers
  );
  asked_ids := private.leading_followers(
    suggestion_neighbourhood.profile_id, suggestion_neighbourhood.profile_id, most_own_followers
  );
  follower_ids := (asked_ids || array(
    select newest.id from unnest(follower_ids) as newest (id) where newest.id <> all (asked_ids)
  ))[:most_own_followers];
  return query
  with followers_of as materialized (
    select
      followee.id,
      private.leading_followers(followee.id, suggestion_neighbourhood.profile_id, most_followers) as member_ids
    from unnest(followee_ids) as followee (id)
  ),
  alike as materialized (
    select member.id
    from followers_of
    cross join unnest(followers_of.member_ids) as member (id)
    group by member.id
    order by count(*) desc, uuid_hash_extended(member.id, 0)
    limit most_alike
  ),
  never as (
    select never.id from private.never_suggested_to(suggestion_neighbourhood.profile_id) as never (id)
  ),
  near as (
    select near.id from unnest(followee_ids) as near (id)
    union
    select near.id from unnest(asked_ids) as near (id)
    union
    select alike.id from alike
  )
  select
    uuid_send(suggestion_neighbourhood.profile_id),
    own.side,
    (select string_agg(uuid_send(member.id), '') from unnest(own.ids) as member (id))
  from (values
    ('followees'::private.follow_side, followee_ids),
    ('followers'::private.follow_side, follower_ids)
  ) as own (side, ids)
  where own.ids <> '{}'
  union all
  select
    uuid_send(followers_of.id),
    'followers'::private.follow_side,
    (select string_agg(uuid_send(member.id), '') from unnest(followers_of.member_ids) as member (id))
  from followers_of
  where followers_of.member_ids <> '{}'
  union all
  select uuid_send(found.id), 'followees'::private.follow_side, found.members
  from (
    select near.id, (
      select string_agg(uuid_send(chosen.followee_id), '')
      from (
        select seen.followee_id
        from (
          (
            select follows.followee_id from public.follows
            where follows.follower_id = near.id and follows.followee_id >= near.first_id
            order by follows.followee_id
            limit most_seen
          )
          union all
          (
            select follows.followee_id from public.follows
            where follows.follower_id = near.id and follows.followee_id < near.first_id
            order by follows.followee_id
            limit most_seen
          )
          limit most_seen
        ) as seen
        where seen.followee_id not in (select never.id from never)
          and (not near.is_one_of_few or (select true from private.activity(seen.followee_id, since_id)))
        limit most_followees
      ) as chosen
    ) as members
    -- A sample that begins at a random id favours nobody. It is the same at every call, so lists stay stable.
    -- If the person follows few, people who are not active are left out here. In larger circles, enough others are left.
    from (
      select
        near.id, md5(near.id::text)::uuid as first_id,
        cardinality(followee_ids) <= few and near.id = any (followee_ids) as is_one_of_few
      from near
      offset 0
    ) as near
    offset 0
  ) as found
  where found.members is not null;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sync_user (
  cursors   jsonb,
  page_size integer
)
  RETURNS public.stream_page
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.viewer();
  page public.stream_page;
  stream private.streams;
  hidden_ids uuid[];
  group_ids bigint[];
begin
  page.stream := 'user:' || viewer_id;
  page.cursor := private.cursor_of(sync_user.cursors, page.stream);
  page.events := '[]';
  page.has_more := false;
  if sync_user.page_size is null or sync_user.page_size not between 1 and 500 then
    raise sqlstate 'PT400' using message = 'A page of events has 1 to 500', detail = 'page_size_range';
  end if;

  select streams.* into stream
  from private.streams
  where streams.user_id = viewer_id;
  if not found then
    perform private.refuse_deleted_account();
  end if;

  hidden_ids := array(select private.hidden_ids(viewer_id));
  page.start_over := page.cursor is null or page.cursor > stream.last_seq or page.cursor < stream.last_seq and not exists (
    select from private.stream_events
    where stream_events.user_id = viewer_id and stream_events.seq = page.cursor + 1
  );
  if page.start_over then
    page.cursor := stream.last_seq;
    group_ids := array(
      select listed.group_id
      from private.notifications_page(null, null, 20, null) as listed
    );
    page.snapshot := jsonb_build_object(
      'notifications', coalesce(
        (
          select jsonb_agg(payloads.payload order by (payloads.payload ->> 'id')::bigint desc)
          from private.group_payloads(stream, hidden_ids, group_ids) as payloads
        ),
        '[]'
      ),
      'unread', private.unread_numbers(stream)
    );
    return page;
  end if;

  -- Several events may be about one group. Each group is made once.
  with newer as materialized (
    select stream_events.seq, stream_events.kind, stream_events.subject
    from private.stream_events
    where stream_events.user_id = viewer_id and stream_events.seq > page.cursor
    order by stream_events.seq
    limit sync_user.page_size
  ),
  payload as materialized (
    select payloads.group_id, payloads.payload
    from (
      select array_agg(distinct newer.subject) as group_ids
      from newer
      where newer.kind = 'notification'
    ) as changed
    cross join lateral private.group_payloads(stream, hidden_ids, changed.group_ids) as payloads
  )
  select
    coalesce(max(newer.seq), page.cursor),
    coalesce(
      jsonb_agg(
        jsonb_build_object(
          'seq', newer.seq,
          'kind', newer.kind,
          'payload', private.event_payload(newer.kind, newer.subject, payload.payload, stream)
        )
        order by newer.seq
      ),
      '[]'
    )
  into page.cursor, page.events
  from newer
  left join payload on payload.group_id = newer.subject and newer.kind = 'notification';
  page.has_more := page.cursor < stream.last_seq;
  return page;
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
    perform private.refuse_deleted_account();
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.take_trend_changes (
  before_id bigint,
  most      integer
)
  RETURNS private.trend_batch
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  room integer := greatest(most, 0);
  batch private.trend_batch;
begin
  with first as materialized (
    (
      select ordinary.lane, ordinary.id, ordinary.cost, sum(ordinary.cost) over (order by ordinary.id) as ends_at
      from private.trend_changes as ordinary
      where ordinary.lane = 'ordinary' and ordinary.post_id < before_id
      order by ordinary.id
      limit room
    )
    union all
    (
      select bulk.lane, bulk.id, bulk.cost, sum(bulk.cost) over (order by bulk.id)
      from private.trend_changes as bulk
      where bulk.lane = 'bulk' and bulk.post_id < before_id
      order by bulk.id
      limit room
    )
  ),
  summed as (
    select
      first.lane, first.id, first.cost,
      sum(first.cost) over (order by first.ends_at, first.lane, first.id rows unbounded preceding) as ends_at
    from first
  ),
  chosen as (
    select summed.lane, summed.id
    from summed
    where summed.ends_at - summed.cost < room
  ),
  taken as (
    delete from private.trend_changes
    using chosen
    where trend_changes.lane = chosen.lane and trend_changes.id = chosen.id
    returning trend_changes.post_id, trend_changes.profile_id, trend_changes.cost
  )
  select
    array_agg(distinct taken.post_id) filter (where taken.profile_id is null),
    array_agg(distinct row(taken.post_id, taken.profile_id)::private.trend_fan)
      filter (where taken.profile_id is not null),
    coalesce(sum(taken.cost), 0)
  into batch.post_ids, batch.fans, batch.cost
  from taken;

  batch.has_more := batch.cost >= room and exists (
    select from private.trend_changes
    where trend_changes.lane = 'ordinary' and trend_changes.post_id < before_id
  );
  return batch;
end;
$function$;

CREATE OR REPLACE FUNCTION private.told_people (
  counts     integer[],
  long_level integer
)
  RETURNS integer[]
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN CASE WHEN (COALESCE((counts)[long_level], (counts)[1]) < 3) THEN ARRAY(SELECT (0 * window_of.people) FROM unnest(told_people.counts)
  WITH ORDINALITY window_of(people, level) ORDER BY window_of.level) ELSE counts END;

CREATE OR REPLACE FUNCTION private.trend_cost (
  entities jsonb
)
  RETURNS integer
  LANGUAGE sql
  IMMUTABLE
  PARALLEL SAFE
RETURN (1 + (jsonb_array_length(entities) / 10));

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
      ('bookmarks', 'user_id = $1 or post_id = any ($2)'),
      ('post_mentions', 'profile_id = $1'),
      ('list_members', 'profile_id = $1'),
      ('follows', 'follower_id = $1 or followee_id = $1'),
      ('follow_requests', 'requester_id = $1 or target_id = $1'),
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

CREATE OR REPLACE FUNCTION private.try_requests_to (
  profile_id uuid
)
  RETURNS boolean
  LANGUAGE sql
  SET search_path TO ''
BEGIN ATOMIC
 WITH asking
  AS MATERIALIZED (
          SELECT profiles.id
            FROM (public.follow_requests
              JOIN public.profiles ON ((profiles.id = follow_requests.requester_id)))
           WHERE (follow_requests.target_id = try_requests_to.profile_id)
          FOR KEY SHARE OF profiles SKIP LOCKED
         ), held AS MATERIALIZED (
          SELECT
            FROM public.follow_requests
           WHERE ((follow_requests.target_id = try_requests_to.profile_id) AND (follow_requests.requester_id IN ( SELECT asking.id
                    FROM asking)))
          FOR UPDATE OF follow_requests SKIP LOCKED
         )
  SELECT (( SELECT count(*) AS count
            FROM held) = ( SELECT count(*) AS count
            FROM public.follow_requests
           WHERE (follow_requests.target_id = try_requests_to.profile_id)));
END;

CREATE OR REPLACE FUNCTION private.unread()
  RETURNS public.unread_counts
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  SET search_path TO ''
  SET plan_cache_mode TO 'force_generic_plan'
  SET enable_bitmapscan TO 'off'
  AS $function$
declare
  viewer_id uuid := private.viewer();
  noted_ids bigint[];
  answer public.unread_counts;
begin
  select
    streams.unread, streams.requests, jsonb_build_object('user:' || streams.user_id, streams.last_seq), 0, 0,
    array(select noted.id from private.noted_conversations(viewer_id) as noted (id))
  into
    answer.notifications, answer.requests, answer.cursors, answer.messages, answer.message_requests, noted_ids
  from private.streams
  where streams.user_id = viewer_id;
  if not found then
    perform private.refuse_deleted_account();
  end if;
  if cardinality(noted_ids) > 0 then
    select totals.messages, totals.message_requests into answer.messages, answer.message_requests
    from private.chat_totals(viewer_id, noted_ids) as totals;
  end if;
  return answer;
end;
$function$;

CREATE OR REPLACE FUNCTION private.usable_invite (
  viewer_id uuid,
  code      text
)
  RETURNS private.group_invites
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  invite private.group_invites;
begin
  select group_invites.* into invite
  from private.group_invites
  where group_invites.code = usable_invite.code
    and (group_invites.expires_at is null or group_invites.expires_at > now())
    and (
      group_invites.uses_left is null or group_invites.uses_left > 0
      -- The answer of the person's own use may have got lost.
      or exists (
        select from private.conversation_members
        where conversation_members.conversation_id = group_invites.conversation_id
          and conversation_members.user_id = usable_invite.viewer_id
      )
      or (group_invites.needs_approval and exists (
        select from private.join_requests
        where join_requests.conversation_id = group_invites.conversation_id
          and join_requests.user_id = usable_invite.viewer_id
      ))
    )
    and not exists (
      select from private.former_members
      where former_members.conversation_id = group_invites.conversation_id
        and former_members.user_id = usable_invite.viewer_id
        and former_members.is_removed
    )
    and not exists (
      select from private.conversation_members
      cross join lateral private.block_between(usable_invite.viewer_id, conversation_members.user_id)
      where conversation_members.conversation_id = group_invites.conversation_id
        and conversation_members.role = 'owner'
    );
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such invite', detail = 'invite_not_found';
  end if;
  return invite;
end;
$function$;

CREATE OR REPLACE FUNCTION private.users_move_conversations()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  perform private.move_conversations(array(
    select conversations.id
    from private.conversations
    where conversations.id in (
      select members.conversation_id
      from private.conversation_members as members
      where members.user_id = new.id
    )
    order by conversations.id
    for no key update
  ));
  return null;
end;
$function$;

CREATE OR REPLACE FUNCTION public.unread()
  RETURNS SETOF public.unread_counts
  LANGUAGE sql
  STABLE
  ROWS 1
BEGIN ATOMIC
 SELECT counts.notifications,
     counts.requests,
     counts.cursors,
     counts.messages,
     counts.message_requests
    FROM private.unread() counts(notifications, requests, cursors, messages, message_requests);
END;

ALTER TABLE "private"."trend_changes"
  ADD CONSTRAINT "trend_changes_cost_check" CHECK ((cost > 0));

CREATE VIEW "private"."trust_people" WITH (security_invoker=on) AS  SELECT profiles.id,
    (profiles.created_at <= (now() - '168:00:00'::interval)) AS is_old,
    (profiles.created_at <= GREATEST((now() - '168:00:00'::interval), (( SELECT min(oldest.created_at) AS min
           FROM public.profiles oldest) + '24:00:00'::interval))) AS is_early,
    (trust_seeds.profile_id IS NOT NULL) AS is_seed,
    (profiles.created_at <= (( SELECT min(oldest.created_at) AS min
           FROM public.profiles oldest) + '24:00:00'::interval)) AS is_founder
   FROM (public.profiles
     LEFT JOIN private.trust_seeds ON ((trust_seeds.profile_id = profiles.id)))
  WHERE (NOT (EXISTS ( SELECT
           FROM auth.users
          WHERE ((users.id = profiles.id) AND (users.banned_until > now())))))
  ORDER BY profiles.created_at, profiles.id;

CREATE TRIGGER users_move_conversations
  AFTER UPDATE OF banned_until ON auth.users
  FOR EACH ROW
  WHEN (((new.banned_until IS NOT NULL) AND (new.banned_until IS DISTINCT FROM old.banned_until)))
  EXECUTE FUNCTION private.users_move_conversations();

CREATE TRIGGER "Follows_meet_blocks"
  AFTER INSERT ON public.follows REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT
  EXECUTE FUNCTION private.follows_meet_blocks();

CREATE TRIGGER profiles_hold_requests
  AFTER UPDATE OF is_private ON public.profiles
  FOR EACH ROW
  WHEN ((old.is_private AND (NOT new.is_private)))
  EXECUTE FUNCTION private.profiles_hold_requests();

CREATE TRIGGER profiles_wait_for_post
  BEFORE UPDATE OF is_private, is_searchable ON public.profiles
  FOR EACH ROW
  WHEN (((old.is_private <> new.is_private) OR (old.is_searchable <> new.is_searchable)))
  EXECUTE FUNCTION private.profiles_wait_for_post();

COMMENT ON COLUMN "private"."trend_changes"."cost" IS 'How much work it is: see private.trend_cost(). A refresh has a bound for it.';

COMMENT ON FUNCTION "private"."circle_trends"(public.trend_kind, public.trend_period, uuid[]) IS 'The terms that at least three people of a circle use in the window of a period. It reads the 5,000 people who were active last. expected is what there would be if the circle used the term as the network does. post_ids are the newest posts.';

COMMENT ON FUNCTION "private"."expand_people"(timestamp with time zone, integer) IS 'Takes up to most people from the queue, and puts each post and like of their seven days before a moment, and since then, into the lane bulk. Takes nobody while 1,000 changes wait there.';

COMMENT ON FUNCTION "private"."forget_interactions"(integer) IS 'Looks at the next interactions, up to most, and deletes those that are older than 90 days, whose post is deleted, or whose receiver is. If an older post is there still, it takes the place of the deleted one. Answers how many it deleted.';

COMMENT ON FUNCTION "private"."forget_places"(integer) IS 'Checks at most this number of places, deletes those that have nothing below them, and answers how many it checked.';

COMMENT ON FUNCTION "private"."leading_followers"(uuid, uuid, integer) IS 'Trusted followers of somebody with public accounts, other than the viewer: those who may lead to others (edge-functions/_shared/suggestions/lists.ts).';

COMMENT ON FUNCTION "private"."lock_follows"(uuid[], uuid[]) IS 'Locks the follows and requests, both ways, between the people of these blocks. The arrays have a place for each block.';

COMMENT ON FUNCTION "private"."me"() IS 'What public.me() answers. The error PT401 when the account is deleted.';

COMMENT ON FUNCTION "private"."more_people"(uuid, text[]) IS 'At most 160 people to suggest beside a list. tags are those that interest the viewer.';

COMMENT ON FUNCTION "private"."never_suggested_to"(uuid) IS 'The people that the viewer dismissed, asked to follow or muted, and those that a block hides from the viewer: at most 1,000 of each.';

COMMENT ON FUNCTION "private"."pool_part"(smallint, text, uuid, integer) IS 'Some people of a pool, in an order that stays the same for a viewer until the day ends.';

COMMENT ON FUNCTION "private"."posts_keep_place"() IS 'Keeps the places of deleted posts that have replies, and notes the places that may have none any more.';

COMMENT ON FUNCTION "private"."profiles_end_account"() IS 'Deletes the posts, likes and follows of a deleted profile, and what others keep of it.';

COMMENT ON FUNCTION "private"."profiles_hold_requests"() IS 'Locks the requests to follow an account that becomes public. It tries as long as keep_trying(). Then the error PT503, if others still change some of them.';

COMMENT ON FUNCTION "private"."profiles_wait_for_post"() IS 'Waits for a post that the author of an account writes at this moment, before a trusted backend changes whether its posts are open, or found by search.';

COMMENT ON FUNCTION "private"."refresh_trends"(timestamp with time zone, integer) IS 'Brings trends up to a moment, and looks at changes that cost up to most. Answers how many changes still wait, up to 100,000. Not 0 if the next refresh has something left to do.';

COMMENT ON FUNCTION "private"."refuse_deleted_account"() IS 'Raises the error PT401.';

COMMENT ON FUNCTION "private"."take_trend_changes"(bigint, integer) IS 'Takes changes of posts with lower ids from the queue, until they cost most.';

COMMENT ON FUNCTION "private"."told_people"(integer[], integer) IS 'The people of the windows, as everybody may know them: 0 everywhere if the long window has fewer than three, or the first one if the long one is null. A null stays null.';

COMMENT ON FUNCTION "private"."trend_cost"(jsonb) IS 'How much work a post is for a refresh: 1, and 1 more for every ten of its tags, links and mentions.';

COMMENT ON FUNCTION "private"."try_requests_to"(uuid) IS 'Locks all requests to follow somebody, and the people who ask. False if others hold some of them. Then what it got stays locked.';

COMMENT ON FUNCTION "private"."unread"() IS 'What public.unread() answers. The error PT401 when the account is deleted.';

COMMENT ON FUNCTION "private"."users_move_conversations"() IS 'Moves the topics of the conversations of a banned account, so that it hears nothing any more.';

COMMENT ON TABLE "private"."deleted_posts" IS 'The places of deleted posts. A place exists as long as it has replies, or places, below it, and for a moment longer.';

COMMENT ON TABLE "private"."place_checks" IS 'Places that may have nothing below them. A job looks at each.';

COMMENT ON VIEW "private"."trust_people" IS 'Everybody who can be trusted, the oldest accounts first. A banned account cannot.';

REVOKE ALL ON FUNCTION "private"."forget_places"(integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."forget_places"(integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."forget_places"(integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."leading_followers"(uuid, uuid, integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."leading_followers"(uuid, uuid, integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."leading_followers"(uuid, uuid, integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."lock_follows"(uuid[], uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."lock_follows"(uuid[], uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."lock_follows"(uuid[], uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."never_suggested_to"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."never_suggested_to"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."never_suggested_to"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."profiles_hold_requests"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."profiles_hold_requests"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."profiles_hold_requests"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."refuse_deleted_account"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."refuse_deleted_account"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."refuse_deleted_account"() TO "postgres";

REVOKE ALL ON FUNCTION "private"."told_people"(integer[], integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."told_people"(integer[], integer) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."told_people"(integer[], integer) TO "postgres";

REVOKE ALL ON FUNCTION "private"."trend_cost"(jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."trend_cost"(jsonb) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."trend_cost"(jsonb) TO "postgres";

REVOKE ALL ON FUNCTION "private"."try_requests_to"(uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."try_requests_to"(uuid) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."try_requests_to"(uuid) TO "postgres";

REVOKE ALL ON FUNCTION "private"."users_move_conversations"() FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."users_move_conversations"() FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."users_move_conversations"() TO "postgres";

SELECT cron.schedule_in_database('forget-places', '* * * * *', 'select private.forget_places()', 'postgres', NULL, true);

-- Data -----------------------------------------------------------------------

set local statement_timeout = 0;

-- Requests that an account left when it became public. Their requesters may have unfollowed it since.
delete from public.follow_requests
using public.profiles
where profiles.id = follow_requests.target_id and not profiles.is_private;

-- The job looks at the places that have nothing below them.
insert into private.place_checks (place_id)
select place.id
from private.deleted_posts as place
where not exists (select from public.posts where posts.reply_to_id = place.id)
  and not exists (select from private.deleted_posts as below where below.reply_to_id = place.id);

-- The job writes the posts of these authors to the index again.
insert into private.search_switches (author_id)
select distinct posts.author_id
from private.post_search
join public.posts on posts.id = post_search.post_id
join public.profiles on profiles.id = posts.author_id
where post_search.is_findable <> (posts.is_open and profiles.is_searchable)
on conflict do nothing;

-- Counts of requests that failed, because they would have fallen below 0.
update private.notice_queue
set due_at = now(), failures = 0
where notice_queue.requests <> 0 and notice_queue.due_at = 'infinity';

-- A job for a person waits for a day while the worker is away.
update pgboss.queue
set retention_seconds = 86400
where queue.name = 'suggestions';

-- The next computation writes each list again, because the old order may tell what private accounts follow.
update private.suggestion_turns
set fingerprint = null
where suggestion_turns.fingerprint is not null;

-- Every Supabase has pg_cron. A bare Postgres may not.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('forget-places', '* * * * *', 'select private.forget_places()');
  end if;
end;
$$;
