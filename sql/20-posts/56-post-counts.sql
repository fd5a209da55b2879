/*
 * post counts
 *
 * How many likes, replies, reposts and quotes a post has. Triggers keep totals, which are
 * always equal to a recount. A viewer reads the total without likes and posts by people who
 * are hidden from them, and without limited posts that are not for them. The counts of
 * limited posts are in 52-limited-posts.sql.
 */

-- Table ----------------------------------------------------------------------

-- A post without a row has nothing to count. There is no foreign key: the row of a deleted
-- post is deleted after the reposts of the post (posts_count_targets_down).
create table private.post_counts (
  post_id  bigint  primary key,
  likes    bigint  not null default 0 check (likes >= 0),
  replies  bigint  not null default 0 check (replies >= 0),
  reposts  bigint  not null default 0 check (reposts >= 0),
  quotes   bigint  not null default 0 check (quotes >= 0)
) with (fillfactor = 50);

comment on table private.post_counts is 'How many likes, replies, reposts and quotes a post has, by anybody and for any audience.';
revoke all on private.post_counts from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, because nobody may write counts. A post without counts gets a row.
create function private.posts_count_targets()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.post_counts as counts (post_id, replies, reposts, quotes)
  select
    target.post_id,
    count(*) filter (where target.post_id = added.reply_to_id),
    count(*) filter (where target.post_id = added.repost_of_id),
    count(*) filter (where target.post_id = added.quote_of_id)
  from added
  cross join lateral (
    select distinct reference.post_id
    from unnest(array[added.reply_to_id, added.repost_of_id, added.quote_of_id]) as reference (post_id)
    where reference.post_id is not null
  ) as target
  group by target.post_id
  order by target.post_id
  on conflict (post_id) do update
  set replies = counts.replies + excluded.replies,
      reposts = counts.reposts + excluded.reposts,
      quotes = counts.quotes + excluded.quotes;
  return null;
end;
$$;

comment on function private.posts_count_targets is 'Adds new posts to the counts of the posts that they answer, repost and quote.';
revoke all on function private.posts_count_targets () from public, anon, authenticated, service_role;

create trigger posts_count_targets
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_count_targets();

-- Definer, because nobody may write counts. The reposts of a deleted post are already
-- deleted. The counts of the post itself are deleted here.
create function private.posts_count_targets_down()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from private.post_counts
  where post_counts.post_id in (
    select removed.id from removed
    union all
    select posts.id
    from removed
    join public.posts on posts.id in (removed.reply_to_id, removed.repost_of_id, removed.quote_of_id)
  )
  order by post_counts.post_id
  for update;

  delete from private.post_counts
  using removed
  where post_counts.post_id = removed.id;

  update private.post_counts
  set replies = post_counts.replies - change.replies,
      reposts = post_counts.reposts - change.reposts,
      quotes = post_counts.quotes - change.quotes
  from (
    select
      target.post_id,
      count(*) filter (where target.post_id = removed.reply_to_id) as replies,
      count(*) filter (where target.post_id = removed.repost_of_id) as reposts,
      count(*) filter (where target.post_id = removed.quote_of_id) as quotes
    from removed
    cross join lateral (
      select distinct reference.post_id
      from unnest(array[removed.reply_to_id, removed.repost_of_id, removed.quote_of_id]) as reference (post_id)
      where reference.post_id is not null
    ) as target
    group by target.post_id
  ) as change
  where post_counts.post_id = change.post_id
    and exists (select from public.posts where posts.id = change.post_id);
  return null;
end;
$$;

comment on function private.posts_count_targets_down is 'Takes deleted posts off the counts of the posts that they answered, reposted and quoted, and deletes their own counts.';
revoke all on function private.posts_count_targets_down () from public, anon, authenticated, service_role;

create trigger posts_count_targets_down
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_count_targets_down();

-- Definer, because nobody may write counts. If the post is deleted with its likes, its
-- counts are deleted too (posts_count_targets_down), and nothing is subtracted here.
create function private.likes_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    insert into private.post_counts as counts (post_id, likes)
    select changed.post_id, count(*)
    from changed
    group by changed.post_id
    order by changed.post_id
    on conflict (post_id) do update
    set likes = counts.likes + excluded.likes;
    return null;
  end if;

  perform
  from private.post_counts
  where post_counts.post_id in (
    select changed.post_id
    from changed
    join public.posts on posts.id = changed.post_id
  )
  order by post_counts.post_id
  for no key update;

  update private.post_counts
  set likes = post_counts.likes - change.likes
  from (
    select changed.post_id, count(*) as likes
    from changed
    join public.posts on posts.id = changed.post_id
    group by changed.post_id
  ) as change
  where post_counts.post_id = change.post_id;
  return null;
end;
$$;

comment on function private.likes_count is 'Keeps post_counts equal to a count of likes.';
revoke all on function private.likes_count () from public, anon, authenticated, service_role;

create trigger likes_count_inserted
  after insert on public.likes
  referencing new table as changed
  for each statement
  execute function private.likes_count();

create trigger likes_count_deleted
  after delete on public.likes
  referencing old table as changed
  for each statement
  execute function private.likes_count();

-- API ------------------------------------------------------------------------

-- The total, minus open posts by hidden people, minus all limited posts, plus the limited
-- posts that are for the viewer. Somebody who may look into the account that reposted sees
-- the repost, because they see the post that it shows. In SQL and not a definer, so that the
-- planner puts it into the query around it. With "offset 0" it computes each number once.
create function private.counts_of(viewer_id uuid, post_id bigint, hidden_ids uuid[])
returns setof private.post_counts
language sql
stable
security invoker
rows 1
begin atomic
  select
    wanted.id,
    coalesce(counts.likes, 0) - case when cardinality(counts_of.hidden_ids) > 0 and counts.likes > 0 then (
      select count(*)
      from public.likes
      where likes.post_id = wanted.id and likes.user_id = any (counts_of.hidden_ids)
    ) else 0 end,
    coalesce(counts.replies, 0) - case when cardinality(counts_of.hidden_ids) > 0 and counts.replies > 0 then (
      select count(*)
      from public.posts
      where posts.reply_to_id = wanted.id and posts.author_id = any (counts_of.hidden_ids) and posts.is_open
    ) else 0 end - case when counts.replies > 0 then coalesce((
      select limited_counts.amount - private.limited_seen(
        counts_of.viewer_id, limited_counts.place, limited_counts.amount, counts_of.hidden_ids
      )
      from private.limited_counts
      where limited_counts.place = 'reply:' || wanted.id
    ), 0) else 0 end,
    coalesce(counts.reposts, 0) - case when cardinality(counts_of.hidden_ids) > 0 and counts.reposts > 0 then (
      select count(*)
      from public.posts
      join public.profiles on profiles.id = posts.author_id and not profiles.is_private
      where posts.repost_of_id = wanted.id and posts.author_id = any (counts_of.hidden_ids)
    ) else 0 end - case when counts.reposts > 0 then coalesce((
      select limited_counts.amount - private.limited_seen(
        counts_of.viewer_id, limited_counts.place, limited_counts.amount, counts_of.hidden_ids
      )
      from private.limited_counts
      where limited_counts.place = 'repost:' || wanted.id
    ), 0) else 0 end,
    coalesce(counts.quotes, 0) - case when cardinality(counts_of.hidden_ids) > 0 and counts.quotes > 0 then (
      select count(*)
      from public.posts
      where posts.quote_of_id = wanted.id and posts.author_id = any (counts_of.hidden_ids) and posts.is_open
    ) else 0 end - case when counts.quotes > 0 then coalesce((
      select limited_counts.amount - private.limited_seen(
        counts_of.viewer_id, limited_counts.place, limited_counts.amount, counts_of.hidden_ids
      )
      from private.limited_counts
      where limited_counts.place = 'quote:' || wanted.id
    ), 0) else 0 end
  from (select counts_of.post_id) as wanted (id)
  left join private.post_counts as counts on counts.post_id = wanted.id
  offset 0;
end;

comment on function private.counts_of is 'How many likes, replies, reposts and quotes of a post the viewer may know about. hidden_ids: the people who are hidden from the viewer.';
revoke all on function private.counts_of (uuid, bigint, uuid[]) from public, anon, authenticated, service_role;

-- Definer, because the totals also count rows that the viewer does not see. One plan for any
-- number of posts, because to plan takes longer than to count.
create function private.post_counts_of(viewer_id uuid, post_ids bigint[])
returns setof private.post_counts
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 20
as $$
declare
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(post_counts_of.viewer_id) as hidden (id));
begin
  return query
  select counts.*
  from unnest(post_counts_of.post_ids) as wanted (id)
  cross join lateral private.counts_of(post_counts_of.viewer_id, wanted.id, hidden_ids) as counts;
end;
$$;

comment on function private.post_counts_of is 'How many likes, replies, reposts and quotes of posts the viewer may know about. One row for each post.';
revoke all on function private.post_counts_of (uuid, bigint[]) from public, anon, authenticated, service_role;
grant execute on function private.post_counts_of (uuid, bigint[]) to anon, authenticated, service_role;

create view public.post_counts
with (security_invoker = on)
as
select posts.id as post_id, counts.likes, counts.replies, counts.reposts, counts.quotes
from public.posts
cross join lateral private.post_counts_of((select auth.uid()), array[posts.id]) as counts;

comment on view   public.post_counts is 'How many likes, replies, reposts and quotes of a post you may know about. The service role reads the counts of somebody who is not signed in.';
comment on column public.post_counts.likes is 'How many people like it.';
comment on column public.post_counts.replies is 'How many replies to it you can see. Replies to its replies are not counted.';
comment on column public.post_counts.reposts is 'How many reposts of it you can see.';
comment on column public.post_counts.quotes is 'How many posts that quote it you can see.';
revoke all on public.post_counts from public, anon, authenticated, service_role;
grant select on public.post_counts to anon, authenticated, service_role;

create function public.post_counts(post public.posts)
returns setof public.post_counts
language sql
stable
security invoker
rows 1
begin atomic
  select post_counts.*
  from public.post_counts
  where post_counts.post_id = post.id;
end;

comment on function public.post_counts is 'Embeds the counts in posts: select=*,post_counts(likes,replies,reposts,quotes).';
revoke all on function public.post_counts (public.posts) from public, anon, authenticated, service_role;
grant execute on function public.post_counts (public.posts) to anon, authenticated, service_role;
