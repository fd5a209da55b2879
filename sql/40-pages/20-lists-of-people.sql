/*
 * lists of people
 *
 * Pages of people: the followers of somebody, and the people that somebody follows. Newest
 * first. The cursor is the id of the last row. 25-own-lists-of-people.sql has those that only
 * the viewer sees.
 */

create type public.person as (
  id            bigint,
  profile       public.author,
  is_private    boolean,
  is_following  boolean,
  is_requested  boolean,
  follows_you   boolean
);

comment on type public.person is 'A row of a list of people. id is the cursor. The rest is the person, and what they are to you.';

create function private.people(viewer_id uuid, row_ids bigint[], profile_ids uuid[])
returns setof public.person
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
begin
  return query
  select
    listed.id,
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    profiles.is_private,
    exists (
      select from public.follows
      where follows.follower_id = people.viewer_id and follows.followee_id = profiles.id
    ),
    exists (
      select from public.follow_requests
      where follow_requests.requester_id = people.viewer_id and follow_requests.target_id = profiles.id
    ),
    exists (
      select from public.follows
      where follows.follower_id = profiles.id and follows.followee_id = people.viewer_id
    )
  from unnest(people.row_ids, people.profile_ids) with ordinality as listed (id, profile_id, place)
  join public.profiles on profiles.id = listed.profile_id
  order by listed.place;
end;
$$;

comment on function private.people is 'The rows for these people, in the order given. Give only people that the viewer sees.';
revoke all on function private.people (uuid, bigint[], uuid[]) from public, anon, authenticated, service_role;

-- Definer, because Postgres would ask row-level security about every row it reads. The
-- function asks the same rule itself. Bitmaps are off, as for feeds (30-feeds/30-feeds.sql).
create function private.follow_list(
  profile_id uuid, of_followers boolean, before bigint, page_size integer, after bigint
)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
set enable_bitmapscan = off
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  below bigint := coalesce(follow_list.before, 9223372036854775807);
  above bigint := coalesce(follow_list.after, 0);
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(follow_list.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select follows.id, follows.follower_id
      from public.follows
      where of_followers
        and follows.followee_id = follow_list.profile_id
        and follows.id < below and follows.id > above
        and private.sees_follow(viewer_id, follows.follower_id, follows.followee_id)
      order by follows.id desc
      limit follow_list.page_size
    )
    union all
    (
      select follows.id, follows.followee_id
      from public.follows
      where not of_followers
        and follows.follower_id = follow_list.profile_id
        and follows.id < below and follows.id > above
        and private.sees_follow(viewer_id, follows.follower_id, follows.followee_id)
      order by follows.id desc
      limit follow_list.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.follow_list is 'What public.followers() and public.following() answer.';
revoke all on function private.follow_list (uuid, boolean, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.follow_list (uuid, boolean, bigint, integer, bigint) to anon, authenticated;

create function public.followers(
  profile_id uuid default null,
  before bigint default null,
  page_size integer default 20,
  after bigint default null,
  username text default null
)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.follow_list(
    private.person_meant(followers.profile_id, followers.username), true,
    followers.before, followers.page_size, followers.after
  ) as listed;
end;

comment on function public.followers is 'The followers of somebody that you may know about, newest first. Give profile_id or username. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.followers (uuid, bigint, integer, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.followers (uuid, bigint, integer, bigint, text) to anon, authenticated;

create function public.following(
  profile_id uuid default null,
  before bigint default null,
  page_size integer default 20,
  after bigint default null,
  username text default null
)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.follow_list(
    private.person_meant(following.profile_id, following.username), false,
    following.before, following.page_size, following.after
  ) as listed;
end;

comment on function public.following is 'The people that somebody follows and that you may know about, newest first. Give profile_id or username. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.following (uuid, bigint, integer, bigint, text) from public, anon, authenticated, service_role;
grant execute on function public.following (uuid, bigint, integer, bigint, text) to anon, authenticated;
