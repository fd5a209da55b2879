/*
 * posts by id
 *
 * One post, or some posts whose ids a client has from somewhere else: from an address, from
 * Realtime, from a notification. They come as rows of a feed, so a client shows them as it
 * shows a feed.
 */

-- Definer, because it builds the rows that feeds have, as private.feed() does.
create function private.posts_by_ids(ids bigint[])
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  seen_ids bigint[];
begin
  if cardinality(posts_by_ids.ids) > 100 then
    raise sqlstate 'PT400' using message = 'Ask for at most 100 posts', detail = 'too_many_ids';
  end if;

  select array_agg(wanted.id order by wanted.place) into seen_ids
  from (
    select named.id, min(named.place) as place
    from unnest(posts_by_ids.ids) with ordinality as named (id, place)
    group by named.id
  ) as wanted
  where private.sees_post(viewer_id, wanted.id);

  return query
  select items.*
  from private.feed_items(viewer_id, seen_ids, seen_ids) as items;
end;
$$;

comment on function private.posts_by_ids is 'What public.posts_by_ids() and public.post() answer.';
revoke all on function private.posts_by_ids (bigint[]) from public, anon, authenticated, service_role;
grant execute on function private.posts_by_ids (bigint[]) to anon, authenticated;

create function public.posts_by_ids(ids bigint[])
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.*
  from private.posts_by_ids(posts_by_ids.ids) as items;
end;

comment on function public.posts_by_ids is 'The posts and reposts with these ids, at most 100, as rows of a feed. They come in the order of the ids, each once. A post that is deleted, or that you cannot see, is left out.';
revoke all on function public.posts_by_ids (bigint[]) from public, anon, authenticated, service_role;
grant execute on function public.posts_by_ids (bigint[]) to anon, authenticated;

create function public.post(post_id bigint)
returns setof public.feed_item
language sql
stable
security invoker
rows 1
begin atomic
  select items.*
  from private.posts_by_ids(array[post.post_id]) as items;
end;

comment on function public.post is 'One post or repost, as a row of a feed. No row when there is no such post, or you cannot see it.';
revoke all on function public.post (bigint) from public, anon, authenticated, service_role;
grant execute on function public.post (bigint) to anon, authenticated;
