/*
 * activity and trust
 *
 * Two questions that suggestions ask about many people: are they active, and are they trusted?
 */

-- It says "(select true …) is true" so that the planner looks up one row, and joins nothing.
create function private.is_active(profile_id uuid)
returns boolean
language sql
stable
security invoker
return (
    select true from public.posts
    where posts.author_id = is_active.profile_id and posts.id > private.first_id(now() - interval '30 days')
    limit 1
  ) is true
  or (
    select true from public.likes
    where likes.user_id = is_active.profile_id and likes.id > private.first_id(now() - interval '30 days')
    limit 1
  ) is true
  or (
    select true from public.follows
    where follows.follower_id = is_active.profile_id and follows.id > private.first_id(now() - interval '30 days')
    limit 1
  ) is true
  or (
    select profiles.created_at > now() - interval '30 days' from public.profiles
    where profiles.id = is_active.profile_id
  ) is true;

comment on function private.is_active is 'Whether somebody wrote, liked or followed something in the last 30 days, or made their account in this time.';
revoke all on function private.is_active (uuid) from public, anon, authenticated, service_role;

create function private.has_trust(profile_id uuid)
returns boolean
language sql
stable
security invoker
return (select true from private.trust where trust.profile_id = has_trust.profile_id) is true;

comment on function private.has_trust is 'Whether somebody is trusted: see private.trust.';
revoke all on function private.has_trust (uuid) from public, anon, authenticated, service_role;
