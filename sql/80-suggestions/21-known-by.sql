/*
 * what the viewer is known by
 *
 * The people that the viewer follows, the followers of the viewer, and their tags: what reasons compare
 * candidates with (22-reasons.sql). Each has a bound.
 */

create function private.newest_followees(viewer_id uuid)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select follows.followee_id
    from public.follows
    where follows.follower_id = newest_followees.viewer_id
    order by follows.id desc
    limit 200
  );
end;
$$;

comment on function private.newest_followees is 'The newest 200 people that the viewer follows.';
revoke all on function private.newest_followees (uuid) from public, anon, authenticated, service_role;

create function private.newest_followers(viewer_id uuid)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select follows.follower_id
    from public.follows
    where follows.followee_id = newest_followers.viewer_id
    order by follows.id desc
    limit 200
  );
end;
$$;

comment on function private.newest_followers is 'The newest 200 followers of the viewer.';
revoke all on function private.newest_followers (uuid) from public, anon, authenticated, service_role;

-- Somebody follows at most 100 tags (20-posts/34-tag-follows.sql).
create function private.tags_of_interest(viewer_id uuid)
returns text[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select tag_follows.tag
    from public.tag_follows
    where tag_follows.user_id = tags_of_interest.viewer_id
    union
    select post_tags.tag
    from (
      select posts.id
      from public.posts
      where posts.author_id = tags_of_interest.viewer_id
      order by posts.id desc
      limit 20
    ) as written
    join public.post_tags on post_tags.post_id = written.id
  );
end;
$$;

comment on function private.tags_of_interest is 'The tags that the viewer follows, and those in the newest 20 posts of the viewer.';
revoke all on function private.tags_of_interest (uuid) from public, anon, authenticated, service_role;
