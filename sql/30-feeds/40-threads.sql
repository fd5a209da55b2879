/*
 * threads
 *
 * A post with what it answers and the replies below it.
 */

create type public.thread_post as (
  id           bigint,
  reply_to_id  bigint,
  depth        integer,
  post         public.card,
  reply_to     public.author,
  quoted       public.card
);

comment on type public.thread_post is 'A row of a thread. depth is 0 for the post itself, negative for what it answers, positive for replies; post is null where there is one no more, or none for you.';

/*
 * Definer, because places are walked past the rules. The walk is bounded: 100
 * posts up; down by levels, each in the order of writing, until max_depth or 500
 * posts. What has no replies and is not seen takes no place in it, so that the
 * bound tells nothing of it.
 */
create function private.thread(post_id bigint, max_depth integer)
returns setof public.thread_post
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 50
as $$
declare
  viewer_id uuid := auth.uid();
  root_id bigint;
  ids bigint[];
  parents bigint[];
  depths integer[];
  level_ids bigint[];
  level_parents bigint[];
  seen_ids bigint[];
  depth integer := 0;
  most integer;
begin
  if thread.max_depth is null or thread.max_depth not between 1 and 50 then
    raise sqlstate 'PT400' using message = 'A thread is read 1 to 50 replies deep', detail = 'max_depth_range';
  end if;

  select coalesce(posts.repost_of_id, posts.id) into root_id
  from public.posts
  where posts.id = thread.post_id
    and private.sees_post(viewer_id, posts.id);
  if root_id is null then
    return;
  end if;

  -- Upwards.
  with recursive ancestor as (
    select posts.id, posts.reply_to_id, 0 as depth
    from public.posts
    where posts.id = root_id
    union all
    select place.id, place.reply_to_id, ancestor.depth - 1
    from ancestor
    cross join lateral (
      select posts.id, posts.reply_to_id
      from public.posts
      where posts.id = ancestor.reply_to_id
      union all
      select deleted_posts.id, deleted_posts.reply_to_id
      from private.deleted_posts
      where deleted_posts.id = ancestor.reply_to_id
    ) as place
    where ancestor.depth > -100
  )
  select array_agg(ancestor.id), array_agg(ancestor.reply_to_id), array_agg(ancestor.depth)
  into ids, parents, depths
  from ancestor;

  -- Downwards, a level at a time.
  most := cardinality(ids) + 500;
  level_ids := array[root_id];
  while cardinality(level_ids) > 0 and depth < thread.max_depth and cardinality(ids) < most loop
    depth := depth + 1;
    select coalesce(array_agg(child.id), '{}'), coalesce(array_agg(child.reply_to_id), '{}')
    into level_ids, level_parents
    from (
      select place.id, place.reply_to_id
      from (
        select posts.id, posts.reply_to_id
        from public.posts
        where posts.reply_to_id = any (level_ids)
          and (
            private.sees_post(viewer_id, posts.id)
            or exists (select from public.posts as reply where reply.reply_to_id = posts.id)
            or exists (select from private.deleted_posts where deleted_posts.reply_to_id = posts.id)
          )
        union all
        select deleted_posts.id, deleted_posts.reply_to_id
        from private.deleted_posts
        where deleted_posts.reply_to_id = any (level_ids)
      ) as place
      order by place.id
      limit most - cardinality(ids)
    ) as child;
    ids := ids || level_ids;
    parents := parents || level_parents;
    depths := depths || array_fill(depth, array[cardinality(level_ids)]);
  end loop;

  seen_ids := array(
    select posts.id
    from public.posts
    where posts.id = any (ids)
      and private.sees_post(viewer_id, posts.id)
  );

  return query
  with recursive place as materialized (
    select walked.id, walked.reply_to_id, walked.depth
    from unnest(ids, parents, depths) as walked (id, reply_to_id, depth)
  ),
  -- In the order of reading: each post before its replies, older replies first.
  branch as (
    select place.id, place.reply_to_id, place.depth, array[place.id] as path
    from place
    where place.depth = 0
    union all
    select place.id, place.reply_to_id, place.depth, branch.path || place.id
    from branch
    join place on place.reply_to_id = branch.id and place.depth = branch.depth + 1
  ),
  item as materialized (
    select items.id, items.post, items.reply_to, items.quoted
    from private.feed_items(viewer_id, seen_ids, seen_ids) as items
  ),
  -- What has something seen below it keeps its place.
  kept as (
    select distinct ancestor.id
    from branch
    join item on item.id = branch.id
    cross join lateral unnest(branch.path) as ancestor (id)
    union
    select place.id
    from place
    where place.depth < 0
  )
  select place.id, place.reply_to_id, place.depth, item.post, item.reply_to, item.quoted
  from place
  join kept on kept.id = place.id
  left join branch on branch.id = place.id
  left join item on item.id = place.id
  order by least(place.depth, 0), branch.path;
end;
$$;

comment on function private.thread is 'What public.thread() answers.';
revoke all on function private.thread (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.thread (bigint, integer) to anon, authenticated;

create function public.thread(post_id bigint, max_depth integer default 10)
returns setof public.thread_post
language sql
stable
security invoker
rows 50
begin atomic
  select thread.*
  from private.thread(thread.post_id, thread.max_depth) as thread;
end;

comment on function public.thread is 'A post, what it answers (up to 100) and the replies below it (max_depth deep, 1 to 50, and up to 500), in the order of reading: no row when there is no such post for you. Where a post has more replies than rows, replies() has them all.';
revoke all on function public.thread (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.thread (bigint, integer) to anon, authenticated;
