/*
 * me
 *
 * Your own profile with its settings and counts, in one row: what a client asks for when it
 * starts. 10-profile-page.sql shows the profiles of others.
 */

create type public.own_profile as (
  id               uuid,
  username         text,
  display_name     text,
  bio              text,
  avatar_url       text,
  links            text[],
  is_private       boolean,
  is_searchable    boolean,
  is_discoverable  boolean,
  shows_likes      boolean,
  created_at       timestamptz,
  followers        bigint,
  following        bigint,
  posts            bigint,
  follow_requests  integer
);

comment on type   public.own_profile is 'Your own profile: its columns, with the settings among them, and its counts. follow_requests says how many people wait for your answer, up to 100.';
comment on column public.own_profile.avatar_url is 'An https address, or null.';

-- Definer, because nobody may read the totals of counts.
create function private.me()
returns public.own_profile
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.viewer();
  mine public.own_profile;
begin
  select
    profiles.id, profiles.username, profiles.display_name, profiles.bio, profiles.avatar_url, profiles.links,
    profiles.is_private, profiles.is_searchable, profiles.is_discoverable, profiles.shows_likes,
    profiles.created_at, counts.followers, counts.following, private.author_posts(viewer_id, profiles.id),
    (
      select count(*)
      from (
        select from public.follow_requests
        where follow_requests.target_id = viewer_id
        limit 100
      ) as waiting
    )
  into mine
  from public.profiles
  cross join lateral private.follow_counts_of(viewer_id, profiles.id) as counts
  where profiles.id = viewer_id;

  if mine.id is null then
    perform private.refuse_deleted_account();
  end if;
  return mine;
end;
$$;

comment on function private.me is 'What public.me() answers. The error PT401 when the account is deleted.';
revoke all on function private.me () from public, anon, authenticated, service_role;
grant execute on function private.me () to authenticated;

create function public.me()
returns public.own_profile
language sql
stable
security invoker
return private.me();

comment on function public.me is 'Your own profile with its settings and counts.';
revoke all on function public.me () from public, anon, authenticated, service_role;
grant execute on function public.me () to authenticated;
