/*
 * neighbourhoods
 *
 * What the edge function reads to compute the suggestions of one person: the follows around them, a
 * bounded number of them however many there are. Ids are in binary, because the function
 * reads up to 20,700 of them. A worker that computes for everybody reads all follows instead
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

/*
 * The 100 newest followees and 100 newest followers of the person. 50 followees of each of these. The 30 newest
 * followers of each followee. And 50 followees of the 150 people who follow the most of the same
 * people. That is at most 20,700 follows.
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
  followee_ids uuid[];
  follower_ids uuid[];
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
  return query
  with followers_of as materialized (
    select
      followee.id,
      array(
        select follows.follower_id from public.follows
        where follows.followee_id = followee.id and follows.follower_id <> suggestion_neighbourhood.profile_id
        order by follows.id desc
        limit most_followers
      ) as member_ids
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
  near as (
    select near.id from unnest(followee_ids) as near (id)
    union
    select near.id from unnest(follower_ids) as near (id)
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
        (
          select follows.followee_id from public.follows
          where follows.follower_id = near.id and follows.followee_id >= near.first_id
          order by follows.followee_id
          limit most_followees
        )
        union all
        (
          select follows.followee_id from public.follows
          where follows.follower_id = near.id and follows.followee_id < near.first_id
          order by follows.followee_id
          limit most_followees
        )
        limit most_followees
      ) as chosen
    ) as members
    -- A sample that begins at a random id favours nobody. It is the same at every call, so lists stay stable.
    from (select near.id, md5(near.id::text)::uuid as first_id from near offset 0) as near
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
begin
  return (
    select string_agg(
      float4send(coalesce(trust.weight, 0)) || int4send(coalesce(follow_counts.following, 0)::integer)
        || int4send(coalesce(follow_counts.followers, 0)::integer)
        || int4send(
          (profiles.is_discoverable is true and (
            select true from public.follows
            where follows.follower_id = suggestion_facts.viewer_id and follows.followee_id = asked.id
          ) is null)::integer + 256 * (profiles.is_private is false)::integer
        ),
      '' order by asked.place
    )
    from (
      select place, encode(substr(suggestion_facts.profile_ids, 1 + 16 * place, 16), 'hex')::uuid as id
      from generate_series(0, length(suggestion_facts.profile_ids) / 16 - 1) as place
      offset 0
    ) as asked
    left join public.profiles on profiles.id = asked.id
    left join private.follow_counts on follow_counts.profile_id = asked.id
    left join private.trust on trust.profile_id = asked.id
  );
end;
$$;

comment on function private.suggestion_facts is 'What the ranking knows of each of these people besides the follows around the viewer: trust, how many they follow and how many follow them, whether they may be suggested to the viewer, and whether their account is public. 16 bytes for each id, and 16 for the answer. Zeros for somebody whose account has ended.';
revoke all on function private.suggestion_facts (uuid, bytea) from public, anon, authenticated, service_role;
