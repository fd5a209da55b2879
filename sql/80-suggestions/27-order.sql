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
  today date := private.suggestion_day();
  list private.suggestion_lists;
  view private.suggestion_views;
  ordered private.suggestion_candidates;
begin
  select suggestion_lists.* into list
  from private.suggestion_lists
  where suggestion_lists.viewer_id = suggestion_order.viewer_id;
  select suggestion_views.* into view
  from private.suggestion_views
  where suggestion_views.viewer_id = suggestion_order.viewer_id;
  -- For most viewers, nobody moves down.
  if (5 > all (view.days)) is not false then
    return (coalesce(list.profile_ids, '{}'), coalesce(list.sources, '{}'))::private.suggestion_candidates;
  end if;

  select
    array_agg(scored.id order by scored.score desc, scored.place),
    array_agg(scored.source order by scored.score desc, scored.place)
  into ordered
  from (
    select
      listed.id, listed.source, listed.place,
      listed.score * 0.5 ^ (coalesce(view.days[seen.place] - (view.last_days[seen.place] = today)::integer, 0) / 5) as score
    from unnest(list.profile_ids, list.sources, list.scores) with ordinality as listed (id, source, score, place)
    cross join lateral (select array_position(view.profile_ids, listed.id) as place) as seen
  ) as scored;
  return (coalesce(ordered.profile_ids, '{}'), coalesce(ordered.sources, '{}'))::private.suggestion_candidates;
end;
$$;

comment on function private.suggestion_order is 'The list of the viewer, with those who were seen on five days or more moved down.';
revoke all on function private.suggestion_order (uuid) from public, anon, authenticated, service_role;
