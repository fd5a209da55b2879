/*
 * who may be suggested
 *
 * A list was computed earlier, so the rules are asked again for each person who is about to be
 * shown. Whether the reason is still true is in 22-reasons.sql.
 *
 * A private account is suggested only to the people that it follows: nobody else sees a reason.
 * The sources 2, 6, 7 and 8 need trust. Anybody can cause them, with follows, tags or new accounts.
 */

-- Each rule looks up at most one row of an index. It says "(select true …) is null" because the
-- planner would turn exists(…) into a join, which could read everybody that the viewer follows.
create function private.suggestible(viewer_id uuid, profile_ids uuid[], sources smallint[])
returns integer[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  since_id bigint := private.first_id(now() - interval '30 days');
begin
  return array(
    select candidate.place
    from unnest(suggestible.profile_ids, suggestible.sources) with ordinality as candidate (id, source, place)
    join public.profiles on profiles.id = candidate.id
    join auth.users on users.id = candidate.id
    where candidate.id is distinct from suggestible.viewer_id
      and profiles.is_discoverable
      and (profiles.is_private is false or candidate.source = 2)
      and (candidate.source <> 7 or profiles.created_at > now() - interval '14 days')
      and users.confirmed_at is not null
      and users.deleted_at is null
      and (users.banned_until is null or users.banned_until <= now())
      and (
        select true from public.follows
        where follows.follower_id = suggestible.viewer_id and follows.followee_id = candidate.id
      ) is null
      and (
        select true from public.follow_requests
        where follow_requests.requester_id = suggestible.viewer_id and follow_requests.target_id = candidate.id
      ) is null
      and (
        select true from private.block_between(suggestible.viewer_id, candidate.id)
        limit 1
      ) is null
      and (
        select true from public.mutes
        where mutes.muter_id = suggestible.viewer_id and mutes.muted_id = candidate.id
          and (mutes.muted_until is null or mutes.muted_until > now())
      ) is null
      and (
        select true from private.suggestion_dismissals as dismissal
        where dismissal.user_id = suggestible.viewer_id and dismissal.profile_id = candidate.id
          and dismissal.dismissed_until > now()
      ) is null
      and (candidate.source not in (2, 6, 7, 8) or (select true from private.trusted(candidate.id)))
      and (select true from private.activity(candidate.id, since_id))
    order by candidate.place
  );
end;
$$;

comment on function private.suggestible is 'The places of those who may be suggested to the viewer now: not the viewer, not followed, requested, blocked either way, muted or dismissed, discoverable, confirmed, not banned, active in the last 30 days. The viewer is null when nobody is signed in.';
revoke all on function private.suggestible (uuid, uuid[], smallint[]) from public, anon, authenticated, service_role;
