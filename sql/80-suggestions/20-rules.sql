/*
 * who may be suggested
 *
 * A list was computed earlier, so the rules are asked again for each person who is about to be
 * shown. Whether the reason is still true is in 22-reasons.sql.
 *
 * A private account is suggested only to the people that it follows: nobody else sees a reason.
 * The sources 2, 6, 7 and 8 need trust. Anybody can cause them, with follows, tags or new accounts.
 */

-- Postgres asks about all of them at once. Each part of left_out looks up the viewer in the first column of an index,
-- and the others in the second one. So it never reads everybody that the viewer follows or blocks.
create function private.suggestible(viewer_id uuid, profile_ids uuid[], sources smallint[], places integer[])
returns integer[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  since_at constant timestamptz := now() - interval '30 days';
  since_id constant bigint := private.first_id(since_at);
  asked_ids constant uuid[] := array(select suggestible.profile_ids[asked.place] from unnest(suggestible.places) as asked (place));
  left_out uuid[];
begin
  left_out := array(
    select follows.followee_id
    from public.follows
    where follows.follower_id = suggestible.viewer_id and follows.followee_id = any (asked_ids)
    union all
    select follow_requests.target_id
    from public.follow_requests
    where follow_requests.requester_id = suggestible.viewer_id and follow_requests.target_id = any (asked_ids)
    union all
    select hidden.id
    from private.hidden_from(suggestible.viewer_id) as hidden (id)
    where hidden.id = any (asked_ids)
    union all
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = suggestible.viewer_id and mutes.muted_id = any (asked_ids)
      and (mutes.muted_until is null or mutes.muted_until > now())
    union all
    select dismissal.profile_id
    from private.suggestion_dismissals as dismissal
    where dismissal.user_id = suggestible.viewer_id and dismissal.profile_id = any (asked_ids)
      and dismissal.dismissed_until > now()
  );
  return array(
    select asked.place
    from unnest(suggestible.places) with ordinality as asked (place, turn)
    cross join lateral (
      select suggestible.profile_ids[asked.place] as id, suggestible.sources[asked.place] as source
    ) as candidate
    join public.profiles on profiles.id = candidate.id
    join auth.users on users.id = candidate.id
    where candidate.id is distinct from suggestible.viewer_id
      and candidate.id <> all (left_out)
      and profiles.is_discoverable
      and (profiles.is_private is false or candidate.source = 2)
      and (candidate.source <> 7 or profiles.created_at > now() - interval '14 days')
      and users.confirmed_at is not null
      and users.deleted_at is null
      and (users.banned_until is null or users.banned_until <= now())
      and (candidate.source not in (2, 6, 7, 8) or (select true from private.trusted(candidate.id)))
      -- A young account is active. For the others, up to three indexes are asked.
      and (profiles.created_at > since_at or (select true from private.activity(candidate.id, since_id)))
    order by asked.turn
  );
end;
$$;

comment on function private.suggestible is 'Which of these people, by their places, may be suggested to the viewer now: not the viewer, not followed, requested, blocked either way, muted or dismissed, discoverable, confirmed, not banned, active in the last 30 days. The viewer is null when nobody is signed in.';
revoke all on function private.suggestible (uuid, uuid[], smallint[], integer[]) from public, anon, authenticated, service_role;
