/*
 * threads
 *
 * A thread is a post with the posts that it answers, up to the first one, and with the
 * replies below it. One call reads it. A deleted post keeps its place when the viewer sees a
 * post below it (20-posts/24-places.sql). So does a post that the viewer does not see. The
 * two look the same.
 */

create type public.thread_post as (
  id           bigint,
  reply_to_id  bigint,
  depth        integer,
  post         public.card,
  reply_to     public.author,
  quoted       public.card
);

comment on type public.thread_post is 'A row of a thread. depth is 0 for the post itself, negative for the posts that it answers, and positive for replies. post is null when the post is deleted, or you cannot see it.';
comment on column public.thread_post.reply_to_id is 'The post it answers, or null.';
comment on column public.thread_post.post is 'Null when the post is deleted, or you cannot see it.';
comment on column public.thread_post.reply_to is 'The author of the post that it answers, or null.';
comment on column public.thread_post.quoted is 'The post that it quotes, or null.';

/*
 * Definer, because it also walks through posts that the viewer does not see. The walk is
 * bounded. Upwards it reads at most 100 posts. Downwards it reads level by level, each in
 * the order of writing, until max_depth, or until it has 500 replies that the viewer sees.
 *
 * The viewer may see a reply below a post that they do not see: below a deleted post, a
 * limited one, or one by a hidden person. So the walk also goes through such places, if
 * they have replies, at most 500 of them. They do not count towards the 500 replies. So the
 * limit cannot reveal that they exist, and nobody can fill a thread with replies that the
 * viewer does not see. Below one post, the walk looks for such places among its first 500
 * limited replies and among 500 replies by hidden people.
 */
create function private.thread(post_id bigint, max_depth integer, after bigint)
returns setof public.thread_post
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_bitmapscan = off
rows 50
as $$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  most_seen integer := 500;
  most_unseen integer := 500;
  root_id bigint;
  ids bigint[];
  parents bigint[];
  depths integer[];
  seen_ids bigint[];
  level_ids bigint[];
  level_parents bigint[];
  level_seen_ids bigint[];
  depth integer := 0;
begin
  if thread.max_depth is null or thread.max_depth not between 1 and 50 then
    raise sqlstate 'PT400' using message = 'A thread is read 1 to 50 replies deep', detail = 'max_depth_range';
  end if;

  select coalesce(posts.repost_of_id, posts.id) into root_id
  from public.posts
  where posts.id = thread.post_id and private.sees_post(viewer_id, posts.id);
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
  seen_ids := array(select above.id from unnest(ids) as above (id) where private.sees_post(viewer_id, above.id));

  -- Downwards, a level at a time.
  level_ids := array[root_id];
  while cardinality(level_ids) > 0 and depth < thread.max_depth and most_seen > 0 loop
    depth := depth + 1;
    with child as materialized (
      select reply.id, parent.id as parent_id, reply.is_seen
      from unnest(level_ids) as parent (id)
      cross join lateral (
        (
          select posts.id, true
          from public.posts
          where posts.reply_to_id = parent.id and posts.is_open and posts.author_id <> all (hidden_ids)
          order by posts.id
          limit most_seen
        )
        union all
        (
          -- Most posts have no limited replies, or few.
          select limited.id, true
          from private.limited_counts
          cross join lateral (
            select limited_posts.post_id
            from private.limited_posts
            where limited_counts.amount <= private.few_posts()
              and limited_posts.place = limited_counts.place
              and limited_posts.author_id <> all (hidden_ids)
              and (
                select true
                from private.is_for(
                  viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
                )
              ) is true
            union all
            select page.id
            from private.limited_page(
              viewer_id, limited_counts.place, 9223372036854775807, 0, most_seen, hidden_ids
            ) as page (id)
            where limited_counts.amount > private.few_posts()
          ) as limited (id)
          where limited_counts.place = 'reply:' || parent.id
        )
        union all
        (
          select place.id, false
          from (
            (
              select deleted_posts.id, false
              from private.deleted_posts
              where deleted_posts.reply_to_id = parent.id
              order by deleted_posts.id
              limit most_unseen
            )
            union all
            (
              select
                limited_posts.post_id,
                limited_posts.author_id <> all (hidden_ids) and (
                  select true
                  from private.is_for(
                    viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
                  )
                ) is true
              from private.limited_posts
              where limited_posts.place = 'reply:' || parent.id
              order by limited_posts.post_id
              limit 500
            )
            union all
            (
              select posts.id, false
              from public.posts
              where cardinality(hidden_ids) > 0
                and posts.reply_to_id = parent.id
                and posts.author_id = any (hidden_ids)
                and posts.is_open
              limit 500
            )
          ) as place (id, is_seen)
          where not place.is_seen and (
            exists (select from public.posts as reply where reply.reply_to_id = place.id)
            or exists (select from private.deleted_posts where deleted_posts.reply_to_id = place.id)
          )
        )
      ) as reply (id, is_seen)
    ),
    kept as (
      (select child.* from child where child.is_seen order by child.id limit most_seen)
      union all
      (select child.* from child where not child.is_seen order by child.id limit most_unseen)
    )
    select
      coalesce(array_agg(kept.id order by kept.id), '{}'),
      coalesce(array_agg(kept.parent_id order by kept.id), '{}'),
      coalesce(array_agg(kept.id) filter (where kept.is_seen), '{}')
    into level_ids, level_parents, level_seen_ids
    from kept;

    ids := ids || level_ids;
    parents := parents || level_parents;
    depths := depths || array_fill(depth, array[cardinality(level_ids)]);
    seen_ids := seen_ids || level_seen_ids;
    most_seen := most_seen - cardinality(level_seen_ids);
    most_unseen := most_unseen - (cardinality(level_ids) - cardinality(level_seen_ids));
  end loop;

  return query
  with recursive place as materialized (
    select walked.id, walked.reply_to_id, walked.depth
    from unnest(ids, parents, depths) as walked (id, reply_to_id, depth)
  ),
  -- The order of reading: each post before its replies, older replies first.
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
  -- A post keeps its place when the viewer sees it, or something below it.
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
  where thread.after is null or place.id > thread.after or item.id is null
  order by least(place.depth, 0), branch.path;
end;
$$;

comment on function private.thread is 'What public.thread() answers.';
revoke all on function private.thread (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.thread (bigint, integer, bigint) to anon, authenticated;

create function public.thread(post_id bigint, max_depth integer default 10, after bigint default null)
returns setof public.thread_post
language sql
stable
security invoker
rows 50
begin atomic
  select thread.*
  from private.thread(thread.post_id, thread.max_depth, thread.after) as thread;
end;

comment on function public.thread is 'A post, the posts that it answers (up to 100) and the replies below it (up to 500, and max_depth deep, which is 1 to 50), in the order of reading. With after, only the posts with a greater id, and the places of posts that you do not see. No row when there is no such post, or you cannot see it. If a post has more replies than the thread shows, replies() has them all.';
revoke all on function public.thread (bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.thread (bigint, integer, bigint) to anon, authenticated;
