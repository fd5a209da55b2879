/*
 * activity and trust
 *
 * Two questions that suggestions ask about many people: are they active, and are they trusted?
 */

-- In SQL, not a definer and a set, here and below, so that the planner puts it into the query around
-- it. It says "(select true …) is true" so that the planner looks up one row, and joins nothing.
create function private.activity(profile_id uuid, since_id bigint)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  where (
      select true from public.posts
      where posts.author_id = activity.profile_id and posts.id > activity.since_id
      limit 1
    ) is true
    or (
      select true from public.likes
      where likes.user_id = activity.profile_id and likes.id > activity.since_id
      limit 1
    ) is true
    or (
      select true from public.follows
      where follows.follower_id = activity.profile_id and follows.id > activity.since_id
      limit 1
    ) is true
    or (
      select profiles.created_at > private.id_time(activity.since_id) from public.profiles
      where profiles.id = activity.profile_id
    ) is true;
end;

comment on function private.activity is 'One row when somebody wrote, liked or followed something since the time of this id, or made their account since then.';
revoke all on function private.activity (uuid, bigint) from public, anon, authenticated, service_role;

create function private.is_active(profile_id uuid)
returns boolean
language sql
stable
security invoker
return exists (select from private.activity(is_active.profile_id, private.first_id(now() - interval '30 days')));

comment on function private.is_active is 'Whether somebody wrote, liked or followed something in the last 30 days, or made their account in this time.';
revoke all on function private.is_active (uuid) from public, anon, authenticated, service_role;

-- A ring of made-up accounts shares what honest people passed to it, so each has far less than this.
create function private.trusted(profile_id uuid)
returns setof boolean
language sql
stable
security invoker
rows 1
begin atomic
  select true
  from private.trust
  where trust.profile_id = trusted.profile_id and trust.weight >= 0.05;
end;

comment on function private.trusted is 'One row when somebody is trusted enough to be suggested to strangers: a weight of a twentieth, see private.trust.';
revoke all on function private.trusted (uuid) from public, anon, authenticated, service_role;
