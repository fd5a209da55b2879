/*
 * order
 *
 * The list of the viewer as it is shown. Somebody that the viewer saw on five earlier days has half
 * the score, on ten a quarter, and so on.
 */

-- A view of today counts from tomorrow on. So it does not change the page of today.
create function private.suggestion_order(viewer_id uuid)
returns private.suggestion_candidates
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  today constant date := private.suggestion_day();
  listed private.suggestion_candidates;
  scores real[];
  seen_ids uuid[];
  seen_days smallint[];
  last_days date[];
  -- The places of the list, in the new order.
  places integer[];
begin
  select
    list.profile_ids, list.sources, list.witness_ids, list.scores, view.profile_ids, view.days, view.last_days
  into listed.profile_ids, listed.sources, listed.witness_ids, scores, seen_ids, seen_days, last_days
  from private.suggestion_lists as list
  left join private.suggestion_views as view on view.viewer_id = list.viewer_id
  where list.viewer_id = suggestion_order.viewer_id;
  if not found then
    return ('{}', '{}', '{}')::private.suggestion_candidates;
  end if;
  -- For most viewers, nobody moves down.
  if (5 > all (seen_days)) is not false then
    return listed;
  end if;

  places := array(
    select one.place::integer
    from unnest(listed.profile_ids, scores) with ordinality as one (id, score, place)
    cross join lateral (select array_position(seen_ids, one.id) as place) as seen
    order by
      one.score * 0.5 ^ (coalesce(seen_days[seen.place] - (last_days[seen.place] = today)::integer, 0) / 5) desc,
      one.place
  );
  return (
    array(select listed.profile_ids[one.place] from unnest(places) with ordinality as one (place, turn) order by one.turn),
    array(select listed.sources[one.place] from unnest(places) with ordinality as one (place, turn) order by one.turn),
    array(
      select listed.witness_ids[3 * (one.place - 1) + witness.number]
      from unnest(places) with ordinality as one (place, turn)
      cross join generate_series(1, 3) as witness (number)
      order by one.turn, witness.number
    )
  )::private.suggestion_candidates;
end;
$$;

comment on function private.suggestion_order is 'The list of the viewer, with those who were seen on five days or more moved down.';
revoke all on function private.suggestion_order (uuid) from public, anon, authenticated, service_role;
