/*
 * witnesses
 *
 * Most suggestions have the reason followed_alongside. To search for it takes a look at hundreds of follows. So the
 * worker writes down what it found (10-lists.sql), and reading only asks whether it is still true and whether the
 * viewer may see it. If not, alongside_grounds() searches for another reason of this kind.
 */

-- The witnesses have public accounts. So the viewer may look into them, unless a block hides the two from each other. The
-- four follows are four keys of the primary key: two followers, and two people whom each of them follows.
create function private.witnessed(
  viewer_id uuid, profile_ids uuid[], sources smallint[], witness_ids uuid[], places integer[]
)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  followed_ids uuid[];
  left_out uuid[];
  -- Those who cannot be witnesses.
  silent_ids uuid[];
begin
  if cardinality(witnessed.witness_ids) = 0 then
    return '{}';
  end if;
  select
    array(
      select follows.followee_id
      from public.follows
      where follows.follower_id = witnessed.viewer_id and follows.followee_id = any (witnessed.witness_ids)
    ),
    array(
      select hidden.id
      from private.hidden_from(witnessed.viewer_id) as hidden (id)
      where hidden.id = any (witnessed.witness_ids)
      union all
      select mutes.muted_id
      from public.mutes
      where mutes.muter_id = witnessed.viewer_id and mutes.muted_id = any (witnessed.witness_ids)
        and (mutes.muted_until is null or mutes.muted_until > now())
    ),
    array(
      select profiles.id
      from public.profiles
      where profiles.id = any (witnessed.witness_ids) and profiles.is_private
    )
  into followed_ids, left_out, silent_ids;
  silent_ids := silent_ids || left_out;

  return array(
    select case
      when candidate.source = 4
        and alike.id = any (followed_ids) and alike.id <> all (left_out)
        and one.id <> other.id and one.id <> all (silent_ids) and other.id <> all (silent_ids)
        and (
          select count(*) from public.follows
          where follows.follower_id in (one.id, other.id) and follows.followee_id in (alike.id, candidate.id)
        ) = 4
      then alike.id
    end
    from unnest(witnessed.places) with ordinality as asked (place, turn)
    cross join lateral (
      select witnessed.profile_ids[asked.place] as id, witnessed.sources[asked.place] as source, 3 * asked.place as last
    ) as candidate
    cross join lateral (select witnessed.witness_ids[candidate.last - 2] as id) as alike
    cross join lateral (select witnessed.witness_ids[candidate.last - 1] as id) as one
    cross join lateral (select witnessed.witness_ids[candidate.last] as id) as other
    order by asked.turn
  );
end;
$$;

comment on function private.witnessed is 'For each of these places, the person who makes the reason followed_alongside, as the list of the viewer knows it. Null if it is not true any more, or not for the viewer to see. An empty array if the list knows nothing.';
revoke all on function private.witnessed (uuid, uuid[], smallint[], uuid[], integer[]) from public, anon, authenticated, service_role;
