/*
 * witnesses
 *
 * Most suggestions have the reason followed_alongside. To search for it takes a look at hundreds of follows. So the
 * worker writes down what it found (10-lists.sql), and reading only asks whether it is still true and whether the
 * viewer may see it. If not, alongside_grounds() searches for another reason of this kind.
 */

-- The witnesses have public accounts. So the viewer may look into them, unless a block hides the two from each other. Each
-- of the four follows is one look at the primary key. Without the limit, Postgres might read everybody that a witness
-- follows.
create function private.witnessed(viewer_id uuid, profile_ids uuid[], sources smallint[])
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  listed_ids uuid[];
  witness_ids uuid[];
  followed_ids uuid[];
  left_out uuid[];
  seen_ids uuid[];
begin
  select list.profile_ids, list.witness_ids into listed_ids, witness_ids
  from private.suggestion_lists as list
  where list.viewer_id = witnessed.viewer_id and list.witness_ids <> '{}';
  if not found then
    return '{}';
  end if;
  left_out := array(
    select hidden.id
    from private.hidden_from(witnessed.viewer_id) as hidden (id)
    where hidden.id = any (witness_ids)
    union all
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = witnessed.viewer_id and mutes.muted_id = any (witness_ids)
      and (mutes.muted_until is null or mutes.muted_until > now())
  );
  followed_ids := array(
    select follows.followee_id
    from public.follows
    where follows.follower_id = witnessed.viewer_id and follows.followee_id = any (witness_ids)
  );
  seen_ids := array(
    select profiles.id
    from public.profiles
    where profiles.id = any (witness_ids) and profiles.is_private is false
  );

  return array(
    select case when alike.may_be and one_candidate.is_there and other_candidate.is_there and one_alike.is_there and other_alike.is_there then alike.id end
    from (
      select
        candidate.place, candidate.id as candidate_id, listed.id, listed.one_id, listed.other_id,
        candidate.source = 4 and listed.one_id <> listed.other_id and listed.id = any (followed_ids)
          and listed.one_id = any (seen_ids) and listed.other_id = any (seen_ids)
          and listed.id <> all (left_out) and listed.one_id <> all (left_out) and listed.other_id <> all (left_out) as may_be
      from unnest(witnessed.profile_ids, witnessed.sources) with ordinality as candidate (id, source, place)
      cross join lateral (select 3 * array_position(listed_ids, candidate.id) as last) as found
      cross join lateral (
        select witness_ids[found.last - 2] as id, witness_ids[found.last - 1] as one_id, witness_ids[found.last] as other_id
      ) as listed
      offset 0
    ) as alike
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.one_id and follows.followee_id = alike.candidate_id
      limit 1
    ) as one_candidate on true
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.other_id and follows.followee_id = alike.candidate_id
      limit 1
    ) as other_candidate on true
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.one_id and follows.followee_id = alike.id
      limit 1
    ) as one_alike on true
    left join lateral (
      select true as is_there from public.follows
      where follows.follower_id = alike.other_id and follows.followee_id = alike.id
      limit 1
    ) as other_alike on true
    order by alike.place
  );
end;
$$;

comment on function private.witnessed is 'For each of these people, the person who makes the reason followed_alongside, as the list of the viewer knows it. Null if it is not true any more, or not for the viewer to see. An empty array if the list knows nothing.';
revoke all on function private.witnessed (uuid, uuid[], smallint[]) from public, anon, authenticated, service_role;
