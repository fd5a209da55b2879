/*
 * asking again
 *
 * A list was computed earlier, so the rules are asked again for each person who is about to be
 * shown: who may be suggested, and whether the reason that the list knows is still true.
 *
 * A private account is suggested only to the people that it follows: nobody else sees a reason.
 * All sources but 1 need trust. Anybody can cause them, with follows, tags or new accounts. Only source 1 needs somebody that
 * the viewer chose to follow.
 *
 * Most suggestions have the reason followed_alongside. To search for it takes a look at hundreds of follows. So the
 * worker writes down what it found, the witnesses (10-lists.sql). If they do not hold, 22-reasons.sql searches for others.
 */

-- Postgres asks about all of them in one statement, because each statement costs as much as some looks at an index.
-- What concerns the viewer looks up the viewer in the first column of an index, and the others in the second one. So it
-- never reads everybody that the viewer follows or blocks.
--
-- Witnesses have public accounts. So the viewer may look into them, unless a block hides the two from each other. Two
-- witnesses follow the same two people, which is four keys of the primary key of follows.
--
-- With a limit, a part is not a join: Postgres looks up one person after the other. In a small town it would read everybody.
create function private.suggestible(
  viewer_id uuid, profile_ids uuid[], sources smallint[], witness_ids uuid[], places integer[]
)
returns private.suggestion_ground[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.suggestible is 'Which of these people, by their places, may be suggested to the viewer now: not the viewer, not followed, requested, blocked either way, muted or dismissed, discoverable, confirmed, not banned, active in the last 30 days. The viewer is null when nobody is signed in. people has who makes the reason followed_alongside, as the list of the viewer knows it. Null if it knows nobody, or if that is not true any more, or not for the viewer to see.';
revoke all on function private.suggestible (uuid, uuid[], smallint[], uuid[], integer[]) from public, anon, authenticated, service_role;

-- Workers ask it before they compute a list, so that nobody takes a place who is refused anyway. What changes less often than
-- once a day is enough for them, so each part has a bound.
create function private.never_suggested_to(viewer_id uuid)
returns setof uuid
language sql
stable
security invoker
rows 10
begin atomic
  (
    select dismissal.profile_id
    from private.suggestion_dismissals as dismissal
    where dismissal.user_id = never_suggested_to.viewer_id and dismissal.dismissed_until > now()
    limit 1000
  )
  union
  (
    select follow_requests.target_id
    from public.follow_requests
    where follow_requests.requester_id = never_suggested_to.viewer_id
    limit 1000
  )
  union
  (
    select mutes.muted_id
    from public.mutes
    where mutes.muter_id = never_suggested_to.viewer_id and (mutes.muted_until is null or mutes.muted_until > now())
    limit 1000
  )
  union
  (
    select hidden.id
    from private.hidden_from(never_suggested_to.viewer_id) as hidden (id)
    limit 1000
  );
end;

comment on function private.never_suggested_to is 'The people that the viewer dismissed, asked to follow or muted, and those that a block hides from the viewer: at most 1,000 of each.';
revoke all on function private.never_suggested_to (uuid) from public, anon, authenticated, service_role;
