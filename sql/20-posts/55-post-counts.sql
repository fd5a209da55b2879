/*
 * post counts
 *
 * How often a post is liked, answered, reposted and quoted.
 */

-- Without a row there is nothing to count. No foreign key: a post's row goes after
-- the reposts of it have (posts_count_down).
create table private.post_counts (
  post_id  bigint  primary key,
  likes    bigint  not null default 0 check (likes >= 0),
  replies  bigint  not null default 0 check (replies >= 0),
  reposts  bigint  not null default 0 check (reposts >= 0),
  quotes   bigint  not null default 0 check (quotes >= 0)
) with (fillfactor = 50);

comment on table private.post_counts is 'How often a post is liked, answered, reposted and quoted, by whomever.';
revoke all on private.post_counts from public, anon, authenticated, service_role;

-- Counts include these; for a viewer who may not know of them they are taken off.
-- They are few, and finding them among all replies to a post takes long; so with
-- all that decides who may, which is of the post and never changes.
create table private.limited_posts (
  target_id  bigint           not null,
  relation   text             not null check (relation in ('reply', 'quote', 'repost')),
  post_id    bigint           not null references public.posts (id) on delete cascade,
  author_id  uuid             not null,
  audience   public.audience  not null,

  -- Those that refer to a post.
  primary key (target_id, relation, post_id)
);

comment on table private.limited_posts is 'Replies, quotes and reposts that not everyone may see: for a limited audience, or of a private account.';
revoke all on private.limited_posts from public, anon, authenticated, service_role;

-- What goes with a post.
create index limited_posts_post_id_idx on private.limited_posts (post_id);
-- What becomes visible with its author's account.
create index limited_posts_author_id_idx on private.limited_posts (author_id);

-- Definer, because nobody may write counts. What has none yet gets a row.
create function private.posts_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.limited_posts (target_id, relation, post_id, author_id, audience)
  select reference.target_id, reference.relation, added.id, added.author_id, added.audience
  from added
  join public.profiles on profiles.id = added.author_id
  cross join lateral (
    values (added.reply_to_id, 'reply'), (added.quote_of_id, 'quote'), (added.repost_of_id, 'repost')
  ) as reference (target_id, relation)
  where reference.target_id is not null
    and (profiles.is_private or added.audience <> 'everyone');

  perform
  from private.author_counts
  where author_counts.author_id in (select added.author_id from added where added.repost_of_id is null)
  order by author_counts.author_id
  for no key update;

  update private.author_counts
  set for_everyone = author_counts.for_everyone + change.for_everyone,
      for_followers = author_counts.for_followers + change.for_followers,
      for_mentioned = author_counts.for_mentioned + change.for_mentioned
  from (
    select
      added.author_id,
      count(*) filter (where added.audience = 'everyone') as for_everyone,
      count(*) filter (where added.audience = 'followers') as for_followers,
      count(*) filter (where added.audience = 'mentioned') as for_mentioned
    from added
    where added.repost_of_id is null
    group by added.author_id
  ) as change
  where author_counts.author_id = change.author_id;

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

comment on function private.posts_count is 'Counts new posts, and notes which of them are limited.';
revoke all on function private.posts_count () from public, anon, authenticated, service_role;

create trigger posts_count
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_count();

-- Definer, because nobody may write counts. Reposts of what goes have gone by now,
-- and what they counted for goes here: nothing is left to count.
create function private.posts_count_down()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform
  from private.author_counts
  where author_counts.author_id in (select removed.author_id from removed where removed.repost_of_id is null)
  order by author_counts.author_id
  for no key update;

  update private.author_counts
  set for_everyone = author_counts.for_everyone - change.for_everyone,
      for_followers = author_counts.for_followers - change.for_followers,
      for_mentioned = author_counts.for_mentioned - change.for_mentioned
  from (
    select
      removed.author_id,
      count(*) filter (where removed.audience = 'everyone') as for_everyone,
      count(*) filter (where removed.audience = 'followers') as for_followers,
      count(*) filter (where removed.audience = 'mentioned') as for_mentioned
    from removed
    where removed.repost_of_id is null
    group by removed.author_id
  ) as change
  where author_counts.author_id = change.author_id;

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

comment on function private.posts_count_down is 'Counts posts that are deleted.';
revoke all on function private.posts_count_down () from public, anon, authenticated, service_role;

create trigger posts_count_down
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_count_down();

-- Definer, because nobody may write counts. Of a post that goes there is nothing
-- to count (posts_count_down).
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

-- Definer, because nobody may write which posts are limited. The row of the
-- profile is locked: none of their posts is being written now (posts_prepare).
create function private.profiles_limit_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if new.is_private then
    insert into private.limited_posts (target_id, relation, post_id, author_id, audience)
    select reference.target_id, reference.relation, posts.id, posts.author_id, posts.audience
    from public.posts
    cross join lateral (
      values (posts.reply_to_id, 'reply'), (posts.quote_of_id, 'quote'), (posts.repost_of_id, 'repost')
    ) as reference (target_id, relation)
    where posts.author_id = new.id and reference.target_id is not null
    on conflict do nothing;
  else
    delete from private.limited_posts
    where limited_posts.author_id = new.id and limited_posts.audience = 'everyone';
  end if;
  return null;
end;
$$;

comment on function private.profiles_limit_posts is 'Keeps limited_posts when an account becomes private or public.';
revoke all on function private.profiles_limit_posts () from public, anon, authenticated, service_role;

create trigger profiles_limit_posts
  after update of is_private on public.profiles
  for each row
  when (old.is_private <> new.is_private)
  execute function private.profiles_limit_posts();

-- Definer, because counts are of the rows that the viewer does not see as well:
-- what is hidden from the viewer, or limited to others, is taken off. A repost is
-- seen by whoever sees its author's, because what it shows is the post itself.
create function private.post_counts_of(viewer_id uuid, post_ids bigint[])
returns setof private.post_counts
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  hidden_ids uuid[] := array(select private.hidden_ids(post_counts_of.viewer_id));
  hides boolean := cardinality(hidden_ids) > 0;
begin
  return query
  select
    wanted.id,
    coalesce(counts.likes, 0) - case when hides and counts.likes > 0 then (
      select count(*)
      from public.likes
      where likes.post_id = wanted.id and likes.user_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.replies, 0) - unseen.replies - case when hides and counts.replies > 0 then (
      select count(*)
      from public.posts
      where posts.reply_to_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.reposts, 0) - unseen.reposts - case when hides and counts.reposts > 0 then (
      select count(*)
      from public.posts
      where posts.repost_of_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end,
    coalesce(counts.quotes, 0) - unseen.quotes - case when hides and counts.quotes > 0 then (
      select count(*)
      from public.posts
      where posts.quote_of_id = wanted.id and posts.author_id = any (hidden_ids)
    ) else 0 end
  from unnest(post_counts_of.post_ids) as wanted (id)
  left join private.post_counts as counts on counts.post_id = wanted.id
  cross join lateral (
    select
      count(*) filter (where limited_posts.relation = 'reply') as replies,
      count(*) filter (where limited_posts.relation = 'repost') as reposts,
      count(*) filter (where limited_posts.relation = 'quote') as quotes
    from private.limited_posts
    where limited_posts.target_id = wanted.id
      and limited_posts.author_id <> all (hidden_ids)
      and limited_posts.author_id is distinct from post_counts_of.viewer_id
      and case limited_posts.audience
        when 'mentioned' then (
          select true from public.post_mentions
          where post_mentions.post_id = limited_posts.post_id
            and post_mentions.profile_id = post_counts_of.viewer_id
        )
        else (
          select true from public.follows
          where follows.follower_id = post_counts_of.viewer_id
            and follows.followee_id = limited_posts.author_id
        )
      end is not true
  ) as unseen;
end;
$$;

comment on function private.post_counts_of is 'How often posts are liked, answered, reposted and quoted, in the viewer''s world: a row for each.';
revoke all on function private.post_counts_of (uuid, bigint[]) from public, anon, authenticated, service_role;
grant execute on function private.post_counts_of (uuid, bigint[]) to anon, authenticated, service_role;

create view public.post_counts
with (security_invoker = on)
as
select posts.id as post_id, counts.likes, counts.replies, counts.reposts, counts.quotes
from public.posts
cross join lateral private.post_counts_of((select auth.uid()), array[posts.id]) as counts;

comment on view   public.post_counts is 'How often a post is liked, answered, reposted and quoted: as far as you may know. To the service role, as who is not signed in.';
comment on column public.post_counts.likes is 'How many like it.';
comment on column public.post_counts.replies is 'How many replies to it, not to its replies, you can see.';
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

comment on function public.post_counts is 'To embed them in posts: select=*,post_counts(likes,replies,reposts,quotes).';
revoke all on function public.post_counts (public.posts) from public, anon, authenticated, service_role;
grant execute on function public.post_counts (public.posts) to anon, authenticated, service_role;
