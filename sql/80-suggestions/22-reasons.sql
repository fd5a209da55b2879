/*
 * reasons
 *
 * Why somebody is suggested. A reason is computed from what is there now, and only from what the
 * viewer may read. Follows that the viewer may not see are neither named nor counted. So a count
 * tells nothing about hidden people.
 *
 * The candidates are public (25-asking-again.sql), and no block hides them. So the viewer sees a follow
 * between a candidate and somebody whose account they may look into. They may look into everybody
 * that they follow.
 *
 * The work is bounded. What it asks of the viewer is in 21-known-by.sql. It reads the first 50
 * followers of a candidate, and the newest 50 posts. The first followers, because nobody who follows later
 * can change them.
 */

create type public.suggestion_reason as (
  kind    public.suggestion_kind,
  people  public.author[],
  others  integer,
  tag     text
);

comment on type   public.suggestion_reason is 'Why somebody is suggested. people: up to two people that the reason names. others: how many more there are. Only people whose follow you may see are named and counted.';
comment on column public.suggestion_reason.tag is 'The tag of the kind writes_about. Null for the other kinds.';

create type private.suggestion_ground as (
  place   integer,
  people  uuid[],
  others  integer,
  tag     text
);

comment on type private.suggestion_ground is 'What a reason says about the person at a place.';

-- Grounds --------------------------------------------------------------------

-- Each look at the primary key asks about one follower and all who may be followed. They are neighbours in the index.
-- Without the limits, it would be a join, and Postgres might read everybody that a person follows.
create function private.direct_grounds(
  viewer_id uuid, profile_ids uuid[], sources smallint[], followee_ids uuid[], follower_ids uuid[]
)
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
declare
  followed_by uuid[] := '{}';
  both_follow uuid[] := '{}';
  followers_follow uuid[] := '{}';
  muted_ids uuid[];
begin
  for place in 1..cardinality(direct_grounds.profile_ids) loop
    case direct_grounds.sources[place]
      when 1 then followed_by := followed_by || direct_grounds.profile_ids[place];
      when 3 then both_follow := both_follow || direct_grounds.profile_ids[place];
      when 5 then followers_follow := followers_follow || direct_grounds.profile_ids[place];
      else null;
    end case;
  end loop;

  muted_ids := array(
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = direct_grounds.viewer_id
      and mutes.muted_id = any (direct_grounds.followee_ids || direct_grounds.follower_ids)
      and (mutes.muted_until is null or mutes.muted_until > now())
  );

  return query
  select
    array_position(direct_grounds.profile_ids, found.profile_id),
    (array_agg(found.person_id order by found.id desc))[:2],
    greatest(count(*) - 2, 0)::integer,
    null::text
  from (
    select pair.followee_id as profile_id, mine.id as person_id, true as is_followed, pair.id
    from unnest(direct_grounds.followee_ids) as mine (id)
    cross join lateral (
      select follows.followee_id, follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = any (followed_by)
      limit 200
    ) as pair
    where followed_by <> '{}'
    union all
    select candidate.id as profile_id, pair.followee_id as person_id, true as is_followed, pair.id
    from unnest(both_follow) as candidate (id)
    cross join lateral (
      select follows.followee_id, follows.id from public.follows
      where follows.follower_id = candidate.id and follows.followee_id = any (direct_grounds.followee_ids)
      limit 200
    ) as pair
    union all
    select pair.followee_id as profile_id, mine.id as person_id, false as is_followed, pair.id
    from unnest(direct_grounds.follower_ids) as mine (id)
    cross join lateral (
      select follows.followee_id, follows.id from public.follows
      where follows.follower_id = mine.id and follows.followee_id = any (followers_follow)
      limit 200
    ) as pair
    where followers_follow <> '{}'
  ) as found
  where (found.is_followed or exists (select from private.lets_in(direct_grounds.viewer_id, found.person_id)))
    and found.person_id <> all (muted_ids)
  group by found.profile_id;
end;
$$;

comment on function private.direct_grounds is 'The grounds of the kinds followed_by, both_follow and followers_follow. The newest follows are named first. People that the viewer mutes are neither named nor counted.';
revoke all on function private.direct_grounds (uuid, uuid[], smallint[], uuid[], uuid[]) from public, anon, authenticated, service_role;

-- Two people at least have to follow both, and the viewer has to see it. Somebody who follows more than
-- 1,000 people tells nothing about two of them.
create function private.alongside_grounds(viewer_id uuid, profile_ids uuid[], sources smallint[], followee_ids uuid[])
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
declare
  -- So many that one person most likely comes twice among them.
  most_pairs constant integer := 8 + cardinality(alongside_grounds.followee_ids) / 5;
  -- Postgres sorts the list for each look at the index. That costs little if it is sorted already.
  sorted_ids uuid[] := array(select mine.id from unnest(alongside_grounds.followee_ids) as mine (id) order by mine.id);
begin
  return query
  select candidate.place::integer, array[alike.person_id], 0, null::text
  from unnest(alongside_grounds.profile_ids, alongside_grounds.sources) with ordinality as candidate (id, source, place)
  cross join lateral (
    select pair.followee_id
    from (
      select shared.followee_id
      from (
        select follows.follower_id
        from public.follows
        where follows.followee_id = candidate.id
        order by follows.id
        limit 50
      ) as early
      cross join lateral (
        select follows.follower_id, follows.followee_id
        from public.follows
        where follows.follower_id = early.follower_id
          and follows.followee_id = any (sorted_ids)
          and (
            select counts.following <= 1000 from private.follow_counts as counts
            where counts.profile_id = early.follower_id
          )
        -- With a limit, it is not a join: Postgres asks about one follower after the other.
        limit 30
      ) as shared
      where exists (select from private.lets_in(alongside_grounds.viewer_id, shared.follower_id))
        and (select true from private.block_between(alongside_grounds.viewer_id, shared.follower_id) limit 1) is null
        and (
          select true from public.mutes
          where mutes.muter_id = alongside_grounds.viewer_id and mutes.muted_id = shared.followee_id
            and (mutes.muted_until is null or mutes.muted_until > now())
        ) is null
      limit most_pairs
    ) as pair
    group by pair.followee_id
    having count(*) >= 2
    order by count(*) desc, pair.followee_id
    limit 1
  ) as alike (person_id)
  where candidate.source = 4;
end;
$$;

comment on function private.alongside_grounds is 'The grounds of the kind followed_alongside: the person, among these, who shares most followers with the candidate.';
revoke all on function private.alongside_grounds (uuid, uuid[], smallint[], uuid[]) from public, anon, authenticated, service_role;

create function private.tag_grounds(profile_ids uuid[], sources smallint[], tags text[])
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
begin
  return query
  select candidate.place::integer, '{}'::uuid[], 0, said.tag
  from unnest(tag_grounds.profile_ids, tag_grounds.sources) with ordinality as candidate (id, source, place)
  cross join lateral (
    select post_tags.tag
    from (
      select posts.id, posts.is_open
      from public.posts
      where posts.author_id = candidate.id
      order by posts.id desc
      limit 50
    ) as written
    join public.post_tags on post_tags.post_id = written.id and post_tags.tag = any (tag_grounds.tags)
    where written.is_open
    group by post_tags.tag
    order by count(*) desc, post_tags.tag
    limit 1
  ) as said
  where candidate.source = 6;
end;
$$;

comment on function private.tag_grounds is 'The grounds of the kind writes_about: the tag, among these, that is in most of the newest 50 posts.';
revoke all on function private.tag_grounds (uuid[], smallint[], text[]) from public, anon, authenticated, service_role;

-- Three is the fewest that are many: below that, a number would tell who is hidden. Postgres has to know how many
-- people the viewer blocks, or it looks for each of them among the followers.
create function private.many_grounds(viewer_id uuid, profile_ids uuid[], sources smallint[])
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_custom_plan
rows 10
as $$
begin
  return query
  select candidate.place::integer, '{}'::uuid[], counts.followers::integer, null::text
  from unnest(many_grounds.profile_ids, many_grounds.sources) with ordinality as candidate (id, source, place)
  cross join lateral private.follow_counts_of(many_grounds.viewer_id, candidate.id) as counts
  where candidate.source = 8 and counts.followers >= 3;
end;
$$;

comment on function private.many_grounds is 'The grounds of the kind many_follow: how many.';
revoke all on function private.many_grounds (uuid, uuid[], smallint[]) from public, anon, authenticated, service_role;

create function private.plain_grounds(viewer_id uuid, profile_ids uuid[], sources smallint[])
returns setof private.suggestion_ground
language plpgsql
stable
security invoker
set search_path = ''
rows 10
as $$
begin
  return query
  select candidate.place::integer, '{}'::uuid[], 0, null::text
  from unnest(plain_grounds.profile_ids, plain_grounds.sources) with ordinality as candidate (id, source, place)
  where candidate.source = 7
    or candidate.source = 2 and exists (
      select from public.follows
      where follows.follower_id = candidate.id and follows.followee_id = plain_grounds.viewer_id
    );
  if 8 = any (plain_grounds.sources) then
    return query
    select * from private.many_grounds(plain_grounds.viewer_id, plain_grounds.profile_ids, plain_grounds.sources);
  end if;
end;
$$;

comment on function private.plain_grounds is 'The grounds of the kinds follows_you, new_here and many_follow, which name nobody.';
revoke all on function private.plain_grounds (uuid, uuid[], smallint[]) from public, anon, authenticated, service_role;
