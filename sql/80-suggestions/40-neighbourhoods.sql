/*
 * neighbourhoods
 *
 * What the edge function reads to compute the suggestions of one person: the follows around them, a
 * bounded number of them however many there are. Ids are in binary, because the function
 * reads up to 20,700 of them. To choose these, Postgres looks at up to 24,000 followers and 175,000 follows, and far fewer if few are
 * refused. A worker that computes for everybody reads all follows instead
 * (edge-functions/_shared/suggestions/everybody.ts).
 */

create type private.follow_side as enum ('followees', 'followers');
comment on type private.follow_side is 'followees: the people that somebody follows. followers: the people who follow them.';

create type private.neighbours as (
  owner_id  bytea,
  side      private.follow_side,
  members   bytea
);

comment on type private.neighbours is 'Some of the followees or followers of a person. members has 16 bytes for each id.';

-- The newest followers. If most of the newest ones are not trusted, the others are the first: nobody who follows later can
-- push those out. So a ring of made-up accounts does not hide the others. Followers with a private account are left out: the
-- order of the list must not tell what they do. At most 240 followers are looked at.
create function private.leading_followers(profile_id uuid, viewer_id uuid, most integer)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
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
$$;

comment on function private.leading_followers is 'Trusted followers of somebody with public accounts, other than the viewer: those who may lead to others (edge-functions/_shared/suggestions/lists.ts).';
revoke all on function private.leading_followers (uuid, uuid, integer) from public, anon, authenticated, service_role;

/*
 * The 100 newest followees of the person, and 100 followers. 50 followees of each of these. 30 followers of each followee. And
 * 50 followees of the 150 people who follow the most of the same people. That is at most 20,700 follows.
 * leading_followers() chooses the followers. Of somebody's followees, those are left out who may not be suggested to the person.
 */
create function private.suggestion_neighbourhood(profile_id uuid)
returns setof private.neighbours
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 1000
as $$
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
$$;

comment on function private.suggestion_neighbourhood is 'The follows around a person, at most 20,700 of them.';
revoke all on function private.suggestion_neighbourhood (uuid) from public, anon, authenticated, service_role;

-- Facts ----------------------------------------------------------------------

-- Sixteen bytes for each person: trust (real), following and followers (integers), and four bytes for two flags. The last
-- byte says whether they may be suggested, the one before it whether their account is public. Rows would take the
-- function many times longer to read.
create function private.suggestion_facts(viewer_id uuid, profile_ids bytea)
returns bytea
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
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
$$;

comment on function private.suggestion_facts is 'What the ranking knows of each of these people besides the follows around the viewer: trust, how many they follow and how many follow them, whether they may be suggested to the viewer, and whether their account is public. 16 bytes for each id, and 16 for the answer. Zeros for somebody whose account has ended.';
revoke all on function private.suggestion_facts (uuid, bytea) from public, anon, authenticated, service_role;
