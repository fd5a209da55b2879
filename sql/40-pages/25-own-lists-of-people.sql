/*
 * own lists of people
 *
 * Lists of people that only the viewer sees: those that the viewer blocks or mutes, and the
 * requests to follow that the viewer received or sent. Newest first. The cursor is the id of
 * the last row. The rows are those of 20-lists-of-people.sql.
 */

-- Definer, because a block also hides the blocked person's profile from the person who
-- blocks.
create function private.blocked_people(before bigint, page_size integer, after bigint)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(blocked_people.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.blocked_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    select blocks.id, blocks.blocked_id
    from public.blocks
    where blocks.blocker_id = viewer_id
      and blocks.id < coalesce(blocked_people.before, 9223372036854775807)
      and blocks.id > coalesce(blocked_people.after, 0)
      and blocks.blocked_id not in (select private.blocker_ids(viewer_id))
    order by blocks.id desc
    limit blocked_people.page_size
  ) as listed;
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.blocked_people is 'What public.blocked_people() answers.';
revoke all on function private.blocked_people (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.blocked_people (bigint, integer, bigint) to authenticated;

create function public.blocked_people(before bigint default null, page_size integer default 20, after bigint default null)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.blocked_people(blocked_people.before, blocked_people.page_size, blocked_people.after) as listed;
end;

comment on function public.blocked_people is 'The people you block, newest first. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.blocked_people (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.blocked_people (bigint, integer, bigint) to authenticated;

-- Definer, here and below, as follow_list(). A block deletes the requests between the two people.
create function private.request_list(sent boolean, before bigint, page_size integer, after bigint)
returns setof public.person
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  are_sent boolean := coalesce(request_list.sent, false);
  below bigint := coalesce(request_list.before, 9223372036854775807);
  above bigint := coalesce(request_list.after, 0);
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(request_list.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.profile_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    (
      select asked.id, asked.requester_id
      from public.follow_requests as asked
      where not are_sent
        and asked.target_id = viewer_id
        and asked.id < below and asked.id > above
        and asked.requester_id not in (select private.hidden_ids(viewer_id))
      order by asked.id desc
      limit request_list.page_size
    )
    union all
    (
      select asked.id, asked.target_id
      from public.follow_requests as asked
      where are_sent
        and asked.requester_id = viewer_id
        and asked.id < below and asked.id > above
        and asked.target_id not in (select private.hidden_ids(viewer_id))
      order by asked.id desc
      limit request_list.page_size
    )
  ) as listed (id, profile_id);
  return query
  select listed.*
  from private.people(viewer_id, row_ids, profile_ids) as listed;
end;
$$;

comment on function private.request_list is 'What public.follow_requests() answers.';
revoke all on function private.request_list (boolean, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.request_list (boolean, bigint, integer, bigint) to authenticated;

create function public.follow_requests(
  sent boolean default false,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.request_list(
    follow_requests.sent, follow_requests.before, follow_requests.page_size, follow_requests.after
  ) as listed;
end;

comment on function public.follow_requests is 'The people who ask to follow you, newest first, or with sent the people that you ask. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.follow_requests (boolean, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.follow_requests (boolean, bigint, integer, bigint) to authenticated;

create type public.muted_person as (
  id                   bigint,
  profile              public.author,
  is_private           boolean,
  is_following         boolean,
  is_requested         boolean,
  follows_you          boolean,
  muted_until          timestamptz,
  hides_notifications  boolean
);

comment on type public.muted_person is 'A person that you mute, as in other lists of people, and how long you mute them.';
comment on column public.muted_person.muted_until is 'The end of the mute. Null: it lasts until you delete it.';

create function private.muted_people(before bigint, page_size integer, after bigint)
returns setof public.muted_person
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  row_ids bigint[];
  profile_ids uuid[];
begin
  perform private.check_page_size(muted_people.page_size);

  select array_agg(listed.id order by listed.id desc), array_agg(listed.muted_id order by listed.id desc)
  into row_ids, profile_ids
  from (
    select mutes.id, mutes.muted_id
    from public.mutes
    where mutes.muter_id = viewer_id
      and mutes.id < coalesce(muted_people.before, 9223372036854775807)
      and mutes.id > coalesce(muted_people.after, 0)
      and (mutes.muted_until is null or mutes.muted_until > now())
      and mutes.muted_id not in (select private.hidden_ids(viewer_id))
    order by mutes.id desc
    limit muted_people.page_size
  ) as listed;
  return query
  select listed.*, mutes.muted_until, mutes.hides_notifications
  from private.people(viewer_id, row_ids, profile_ids) as listed
  join public.mutes on mutes.muter_id = viewer_id and mutes.muted_id = (listed.profile).id
  order by listed.id desc;
end;
$$;

comment on function private.muted_people is 'What public.muted_people() answers.';
revoke all on function private.muted_people (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.muted_people (bigint, integer, bigint) to authenticated;

create function public.muted_people(before bigint default null, page_size integer default 20, after bigint default null)
returns setof public.muted_person
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.muted_people(muted_people.before, muted_people.page_size, muted_people.after) as listed;
end;

comment on function public.muted_people is 'The people you mute now, newest first, and until when. To turn the page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.muted_people (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.muted_people (bigint, integer, bigint) to authenticated;
