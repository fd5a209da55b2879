/*
 * profile page
 *
 * The page of a profile in one row: its columns, its counts, and what the person is to the
 * viewer. The counts are those of 10-people/45-follow-counts.sql and
 * 20-posts/50-author-counts.sql.
 */

-- Types ----------------------------------------------------------------------

create type public.profile_page as (
  id             uuid,
  username       text,
  display_name   text,
  bio            text,
  avatar_url     text,
  links          text[],
  is_private     boolean,
  shows_likes    boolean,
  created_at     timestamptz,
  followers      bigint,
  following      bigint,
  posts          bigint,
  is_following   boolean,
  is_requested   boolean,
  follows_you    boolean,
  requests_you   boolean,
  is_blocked     boolean,
  is_muted       boolean,
  muted_until    timestamptz,
  notifies       boolean
);

comment on type public.profile_page is 'A profile with its counts and what the person is to you. posts is null when you may not look into the account. All counts are null when you block the person.';
comment on column public.profile_page.avatar_url is 'An https address, or null.';
comment on column public.profile_page.followers is 'Null when you block the person.';
comment on column public.profile_page.following is 'Null when you block the person.';
comment on column public.profile_page.posts is 'Null when you block the person, or may not look into the account.';
comment on column public.profile_page.muted_until is 'The end of your mute. Null when you do not mute the person, or the mute lasts until you delete it.';
comment on column public.profile_page.notifies is 'Whether you are notified of each new post of the person. Only if you follow them.';

-- API ------------------------------------------------------------------------

-- Definer, because it shows the profile of a person that the viewer blocks, so that the
-- viewer can unblock them. Row-level security hides that profile.
create function private.profile(username text)
returns setof public.profile_page
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  viewer_id uuid := auth.uid();
begin
  return query
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.shows_likes, profiles.created_at,
    counts.followers, counts.following,
    case when not relation.is_blocked then private.author_posts(viewer_id, profiles.id) end,
    exists (
      select from public.follows
      where follows.follower_id = viewer_id and follows.followee_id = profiles.id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = viewer_id and follow_requests.target_id = profiles.id
    ),
    exists (
      select from public.follows
      where follows.follower_id = profiles.id and follows.followee_id = viewer_id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = profiles.id and follow_requests.target_id = viewer_id
    ),
    relation.is_blocked,
    muted.muted_id is not null,
    muted.muted_until,
    exists (
      select from public.follows
      where follows.follower_id = viewer_id and follows.followee_id = profiles.id and follows.notifies
    )
  from public.profiles
  cross join lateral (
    select exists (
      select from public.blocks
      where blocks.blocker_id = viewer_id and blocks.blocked_id = profiles.id
    ) as is_blocked
  ) as relation
  left join lateral private.follow_counts_of(viewer_id, profiles.id) as counts on not relation.is_blocked
  left join public.mutes as muted
    on not relation.is_blocked
    and muted.muter_id = viewer_id and muted.muted_id = profiles.id
    and (muted.muted_until is null or muted.muted_until > now())
  where profiles.id = private.person_named(profile.username)
    and profiles.id not in (select private.blocker_ids(viewer_id));
end;
$$;

comment on function private.profile is 'What public.profile() answers.';
revoke all on function private.profile (text) from public, anon, authenticated, service_role;
grant execute on function private.profile (text) to anon, authenticated;

create function public.profile(username text)
returns setof public.profile_page
language sql
stable
security invoker
rows 1
begin atomic
  select page.*
  from private.profile(profile.username) as page;
end;

comment on function public.profile is 'A profile''s page by its username, in any case. A name that somebody gave up leads to them while it is held for them. No row when there is no such person, or you cannot see them.';
revoke all on function public.profile (text) from public, anon, authenticated, service_role;
grant execute on function public.profile (text) to anon, authenticated;
