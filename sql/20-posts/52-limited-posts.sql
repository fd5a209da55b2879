/*
 * limited posts
 *
 * A limited post is a post that is not open. This file lists limited posts by their
 * places. A place is a list of posts that a page may show, such as the replies to a post
 * or the posts with a tag. A page reads open posts from an index that holds only open
 * posts. It adds the limited posts that are for the viewer, from here. So the posts that
 * the viewer may not see do not make a page slower
 * (docs/decisions/0008-a-page-costs-what-it-shows.md).
 *
 * Most places have few limited posts. Of up to 200, each is asked about. In a place with
 * more, the posts of the people that the viewer follows are looked up by author, and the
 * posts that address the viewer by mention.
 *
 * The file also keeps the counts of limited replies, quotes and reposts, which
 * 55-post-counts.sql subtracts. And it changes is_open of posts when an account becomes
 * private or public.
 */

-- Tables ---------------------------------------------------------------------

create table private.limited_posts (
  place      text             not null,
  post_id    bigint           not null,
  -- The author and the audience decide who sees the post. They are copied here because
  -- they never change. For shown-by, and for a repost in by, they belong to the post that
  -- the repost shows.
  author_id  uuid             not null,
  audience   public.audience  not null,
  -- The place and the author in one column. With two columns, the planner believes that
  -- nearly all posts of a place are by the author it looks for, and takes the wrong index.
  author_place  text  not null generated always as (place || ' ' || author_id::text) stored,

  -- The limited posts of a place, newest first.
  primary key (place, post_id),
  constraint limited_posts_place_format check (place ~ '^((reply|quote|repost):\d+|tag:.+|(by|replies-by|shown-by):[0-9a-f-]{36})$')
);

comment on table private.limited_posts is 'Posts that not everyone sees, once for each place. reply:5, quote:5 and repost:5 refer to post 5. tag:garden has the tag garden. by:, replies-by: and shown-by: are on the page of the author with that id. There is no foreign key: posts_unlimit() deletes the rows with the post.';
revoke all on private.limited_posts from public, anon, authenticated, service_role;

-- The limited posts of a place by one author, newest first.
create index limited_posts_author_place_post_id_idx on private.limited_posts (author_place, post_id desc)
  include (audience);
-- The posts of a place that address somebody, newest first.
create index limited_posts_place_post_id_mentioned_idx on private.limited_posts (place, post_id desc)
  where audience = 'mentioned';
-- The places of a post. It is a hash index, because Postgres cannot read that in order.
-- The planner would walk through an ordered index to find the newest posts of a place.
create index limited_posts_post_id_idx on private.limited_posts using hash (post_id);

create table private.limited_counts (
  place   text    primary key,
  amount  bigint  not null check (amount >= 0)
) with (fillfactor = 50);

comment on table private.limited_counts is 'How many limited posts the places of replies, quotes and reposts have. Without a row, a place has none.';
revoke all on private.limited_counts from public, anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

/*
 * The places of a post that is not open:
 *
 *   - A reply or a quote is in the place of the post it refers to.
 *   - A repost is there too, but only if the account that reposted is private. A repost by
 *     a public account is counted for everybody.
 *   - A post with tags is in the place of each tag.
 *   - An author's page shows open posts to a viewer who does not follow the author. It adds
 *     the posts that address the viewer (by, replies-by), and the reposts of limited posts
 *     by others that are for the viewer (shown-by).
 */
create function private.limited_places(ids bigint[])
returns table (place text, post_id bigint, author_id uuid, audience public.audience)
language plpgsql
stable
security invoker
set search_path = ''
rows 1
as $$
begin
  return query
  select limited.place, posts.id, decider.author_id, decider.audience
  from public.posts
  join public.profiles on profiles.id = posts.author_id
  left join public.posts as original on original.id = posts.repost_of_id
  cross join lateral (
    select 'reply:' || posts.reply_to_id, false where posts.reply_to_id is not null
    union all
    select 'quote:' || posts.quote_of_id, false where posts.quote_of_id is not null
    union all
    select 'repost:' || posts.repost_of_id, false where posts.repost_of_id is not null and profiles.is_private
    union all
    select 'tag:' || post_tags.tag, false from public.post_tags where post_tags.post_id = posts.id
    union all
    select case when posts.reply_to_id is null then 'by:' else 'replies-by:' end || posts.author_id, true
    where posts.audience = 'mentioned' or (original.author_id = posts.author_id and original.audience = 'mentioned')
    union all
    select 'shown-by:' || posts.author_id, true
    where original.author_id <> posts.author_id and not original.is_open
  ) as limited (place, of_original)
  -- The post that decides who sees it. For a repost on an author's page, it is the post
  -- that the repost shows.
  cross join lateral (
    select original.author_id, original.audience where limited.of_original and original.id is not null
    union all
    select posts.author_id, posts.audience where not limited.of_original or original.id is null
  ) as decider
  where posts.id = any (limited_places.ids) and not posts.is_open;
end;
$$;

comment on function private.limited_places is 'The rows that private.limited_posts must have for these posts.';
revoke all on function private.limited_places (bigint[]) from public, anon, authenticated, service_role;

create function private.few_posts()
returns integer
language sql
immutable
parallel safe
security invoker
return 200;

comment on function private.few_posts is 'The most limited posts of a place that are asked about one by one.';
revoke all on function private.few_posts () from public, anon, authenticated, service_role;

-- Every plan must use indexes. If one person wrote most of the rows, the statistics mislead
-- the planner, and it would read the whole table.
create function private.limited_page(viewer_id uuid, place text, below bigint, above bigint, most integer)
returns setof bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
rows 5
as $$
declare
  few constant integer := private.few_posts();
  read_rows integer;
  few_ids bigint[];
begin
  if viewer_id is null then
    return;
  end if;
  -- sees_post() asks about blocks and reposts too, but it is slow. So it is only asked about
  -- posts that are for the viewer. On an author's page a repost may be for them because of
  -- the post that it shows.
  select
    count(*),
    array_agg(newest.post_id) filter (where private.admits(
      limited_page.viewer_id, newest.author_id, newest.audience, false,
      (
        select true from public.follows
        where follows.follower_id = limited_page.viewer_id and follows.followee_id = newest.author_id
      ) is true,
      limited_page.place like 'by:%' or (
        select true from public.post_mentions
        where post_mentions.profile_id = limited_page.viewer_id and post_mentions.post_id = newest.post_id
      ) is true
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id, limited_posts.author_id, limited_posts.audience
    from private.limited_posts
    where limited_posts.place = limited_page.place
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;
  if read_rows < few then
    return query
    select one.id
    from (
      select candidate.id
      from unnest(few_ids) as candidate (id)
      order by candidate.id desc
      -- It is asked about one after the other, until there are enough.
      offset 0
    ) as one
    where private.sees_post(limited_page.viewer_id, one.id)
    limit most;
    return;
  end if;

  -- If few posts of the place address people, each is asked whether it mentions the viewer.
  -- If there are more, the viewer's mentions are read instead.
  select
    count(*),
    array_agg(newest.post_id) filter (where limited_page.place like 'by:%' or (
      select true from public.post_mentions
      where post_mentions.profile_id = limited_page.viewer_id and post_mentions.post_id = newest.post_id
    ))
  into read_rows, few_ids
  from (
    select limited_posts.post_id
    from private.limited_posts
    where limited_posts.place = limited_page.place and limited_posts.audience = 'mentioned'
      and limited_posts.post_id < below and limited_posts.post_id > above
    order by limited_posts.post_id desc
    limit few
  ) as newest;

  return query
  select found.post_id
  from (
    (
      select theirs.post_id
      from (
        select limited_page.viewer_id
        union all
        select follows.followee_id from public.follows where follows.follower_id = limited_page.viewer_id
      ) as author (id)
      cross join lateral (
        select limited_posts.post_id
        from private.limited_posts
        where limited_posts.author_place = limited_page.place || ' ' || author.id::text
          and (limited_posts.audience <> 'mentioned' or author.id = limited_page.viewer_id)
          and limited_posts.post_id < below and limited_posts.post_id > above
        order by limited_posts.post_id desc
        limit most
      ) as theirs
      order by theirs.post_id desc
      limit most
    )
    union
    (
      select one.id
      from (
        select candidate.id
        from unnest(few_ids) as candidate (id)
        where read_rows < few
        order by candidate.id desc
        offset 0
      ) as one
      where private.sees_post(limited_page.viewer_id, one.id)
      limit most
    )
    union
    (
      -- The posts that address the viewer. Read from the newest, until there are enough.
      select addressed.post_id
      from (
        select post_mentions.post_id
        from public.post_mentions
        where read_rows = few
          and post_mentions.profile_id = limited_page.viewer_id
          and post_mentions.post_id < below and post_mentions.post_id > above
          and (
            select limited_posts.audience = 'mentioned'
            from private.limited_posts
            where limited_posts.place = limited_page.place and limited_posts.post_id = post_mentions.post_id
          )
        order by post_mentions.post_id desc
        offset 0
      ) as addressed
      where private.sees_post(limited_page.viewer_id, addressed.post_id)
      limit most
    )
    union
    (
      -- On the page of an author, the author's reposts of such posts. This is a subquery, so
      -- that every plan starts with the viewer's mentions.
      select repost.id
      from (
        select (
          select posts.id
          from public.posts
          where posts.repost_of_id = post_mentions.post_id
            and posts.author_id = (select original.author_id from public.posts as original where original.id = post_mentions.post_id)
        )
        from public.post_mentions
        where read_rows = few
          and limited_page.place like 'by:%'
          and post_mentions.profile_id = limited_page.viewer_id
          -- The author may repost a reply. It is on the other page.
          and (
            select limited_posts.audience = 'mentioned'
            from private.limited_posts
            where limited_posts.place in (limited_page.place, 'replies-' || limited_page.place)
              and limited_posts.post_id = post_mentions.post_id
          )
        offset 0
      ) as repost (id)
      where repost.id < below and repost.id > above and private.sees_post(limited_page.viewer_id, repost.id)
      order by repost.id desc
      limit most
    )
  ) as found (post_id)
  order by found.post_id desc
  limit most;
end;
$$;

comment on function private.limited_page is 'The ids of the newest limited posts of a place that the viewer sees, between two ids, newest first. At most as many as most; all, when most is null.';
revoke all on function private.limited_page (uuid, text, bigint, bigint, integer) from public, anon, authenticated, service_role;

-- A followee is never hidden, because a block ends follows. So only the mentions ask about
-- hidden people in a place with many posts. Every plan must use indexes, as above.
create function private.limited_seen(viewer_id uuid, place text, amount bigint, hidden_ids uuid[])
returns bigint
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  if viewer_id is null then
    return 0;
  elsif amount <= private.few_posts() then
    return (
      select count(*)
      from private.limited_posts
      where limited_posts.place = limited_seen.place
        and limited_posts.author_id <> all (limited_seen.hidden_ids)
        and exists (
          select from private.is_for(
            limited_seen.viewer_id, limited_posts.post_id, limited_posts.author_id, limited_posts.audience, false
          )
        )
    );
  end if;
  return (
    select coalesce(sum(theirs.amount), 0)
    from (
      select limited_seen.viewer_id
      union all
      select follows.followee_id from public.follows where follows.follower_id = limited_seen.viewer_id
    ) as author (id)
    cross join lateral (
      select count(*) as amount
      from private.limited_posts
      where limited_posts.author_place = limited_seen.place || ' ' || author.id::text
        and (limited_posts.audience <> 'mentioned' or author.id = limited_seen.viewer_id)
    ) as theirs
  ) + (
    select count(*)
    from public.post_mentions
    where post_mentions.profile_id = limited_seen.viewer_id
      and (
        select limited_posts.audience = 'mentioned'
          and limited_posts.author_id <> limited_seen.viewer_id
          and limited_posts.author_id <> all (limited_seen.hidden_ids)
        from private.limited_posts
        where limited_posts.place = limited_seen.place and limited_posts.post_id = post_mentions.post_id
      )
  );
end;
$$;

comment on function private.limited_seen is 'How many limited posts of a place the viewer sees. amount is how many the place has.';
revoke all on function private.limited_seen (uuid, text, bigint, uuid[]) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, here and below, because nobody may write limited posts and their counts.
create function private.limited_posts_count()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    insert into private.limited_counts as counts (place, amount)
    select changed.place, count(*)
    from changed
    where changed.place ~ '^(reply|quote|repost):'
    group by changed.place
    order by changed.place
    on conflict (place) do update
    set amount = counts.amount + excluded.amount;
    return null;
  end if;

  perform
  from private.limited_counts
  where limited_counts.place in (select changed.place from changed)
  order by limited_counts.place
  for update;

  update private.limited_counts
  set amount = limited_counts.amount - change.amount
  from (
    select changed.place, count(*) as amount
    from changed
    group by changed.place
  ) as change
  where limited_counts.place = change.place;
  delete from private.limited_counts
  where limited_counts.place in (select changed.place from changed) and limited_counts.amount = 0;
  return null;
end;
$$;

comment on function private.limited_posts_count is 'Keeps limited_counts equal to a count of limited replies, quotes and reposts.';
revoke all on function private.limited_posts_count () from public, anon, authenticated, service_role;

create trigger limited_posts_count_inserted
  after insert on private.limited_posts
  referencing new table as changed
  for each statement
  execute function private.limited_posts_count();

create trigger limited_posts_count_deleted
  after delete on private.limited_posts
  referencing old table as changed
  for each statement
  execute function private.limited_posts_count();

create function private.posts_limit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids bigint[] := array(select added.id from added where not added.is_open);
begin
  if cardinality(ids) > 0 then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    on conflict do nothing;
  end if;
  return null;
end;
$$;

comment on function private.posts_limit is 'Adds the places of new posts that are not open.';
revoke all on function private.posts_limit () from public, anon, authenticated, service_role;

create trigger posts_limit
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_limit();

create function private.posts_unlimit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (select from removed where not removed.is_open) then
    delete from private.limited_posts
    where limited_posts.post_id in (select removed.id from removed where not removed.is_open);
  end if;
  return null;
end;
$$;

comment on function private.posts_unlimit is 'Deletes the places of deleted posts.';
revoke all on function private.posts_unlimit () from public, anon, authenticated, service_role;

create trigger posts_unlimit
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_unlimit();

-- When an edit removes a tag, the post leaves the place of the tag. When an edit adds one,
-- the post gets that place.
create function private.post_tags_limit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if not exists (select from changed where not changed.is_open) then
    return null;
  elsif tg_op = 'INSERT' then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select 'tag:' || changed.tag, posts.id, posts.author_id, posts.audience
    from changed
    join public.posts on posts.id = changed.post_id
    where not changed.is_open
    on conflict do nothing;
  else
    delete from private.limited_posts
    using changed
    where limited_posts.place = 'tag:' || changed.tag and limited_posts.post_id = changed.post_id;
  end if;
  return null;
end;
$$;

comment on function private.post_tags_limit is 'Adds and deletes the places of limited posts when their tags change.';
revoke all on function private.post_tags_limit () from public, anon, authenticated, service_role;

create trigger post_tags_limit_inserted
  after insert on public.post_tags
  referencing new table as changed
  for each statement
  execute function private.post_tags_limit();

create trigger post_tags_limit_deleted
  after delete on public.post_tags
  referencing old table as changed
  for each statement
  execute function private.post_tags_limit();

/*
 * A person may delete several posts in one statement, in any order. If this function waited
 * for one of them while it holds another, the two could wait for each other for ever. So it
 * never waits while it holds a post. It releases all of them and tries again.
 */
create function private.lock_posts_of(profile_id uuid, to_delete boolean)
returns bigint[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_tries constant integer := 200;
  ids bigint[];
begin
  for try in 1..most_tries loop
    ids := array(
      select posts.id from public.posts where posts.author_id = lock_posts_of.profile_id
      union
      select repost.id
      from public.posts
      join public.posts as repost on repost.repost_of_id = posts.id
      where posts.author_id = lock_posts_of.profile_id
    );
    begin
      if to_delete then
        perform from public.posts where posts.id = any (ids) order by posts.id for update nowait;
      else
        perform from public.posts where posts.id = any (ids) order by posts.id for no key update nowait;
      end if;
      return ids;
    exception when lock_not_available then
      perform pg_sleep(0.02);
    end;
  end loop;
  raise sqlstate 'PT503' using
    message = 'Somebody is changing some of these posts at this moment. Try again', detail = 'posts_busy';
end;
$$;

comment on function private.lock_posts_of is 'Locks all posts of somebody, and the reposts of these posts, and returns their ids. It tries for about 4 seconds. Then the error PT503, if others still change some of them.';
revoke all on function private.lock_posts_of (uuid, boolean) from public, anon, authenticated, service_role;

/*
 * An account becomes private or public. lock_posts_of() first locks its posts and the
 * reposts of them. Another account may change at the same moment. Each later statement then
 * sees what that account committed. Tags get the is_open of their posts.
 */
create function private.profiles_open_posts()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  ids bigint[] := private.lock_posts_of(new.id, false);
begin
  update public.posts
  set is_open = not new.is_private
  where posts.author_id = new.id
    and posts.repost_of_id is null
    and posts.audience = 'everyone'
    and posts.is_open = new.is_private;

  update public.posts
  set is_open = not posts.is_open
  from public.posts as original, public.profiles as author
  where posts.id = any (ids)
    and original.id = posts.repost_of_id
    and author.id = posts.author_id
    and posts.is_open <> (original.is_open and not author.is_private);

  update public.post_tags
  set is_open = posts.is_open
  from public.posts
  where posts.id = post_tags.post_id
    and posts.author_id = new.id
    and post_tags.is_open <> posts.is_open;

  if new.is_private then
    insert into private.limited_posts (place, post_id, author_id, audience)
    select limited.place, limited.post_id, limited.author_id, limited.audience
    from private.limited_places(ids) as limited
    order by limited.place
    on conflict do nothing;
  else
    delete from private.limited_posts
    where limited_posts.post_id = any (ids)
      and (limited_posts.place, limited_posts.post_id) not in (
        select still.place, still.post_id from private.limited_places(ids) as still
      );
  end if;
  return null;
end;
$$;

comment on function private.profiles_open_posts is 'Sets is_open of the posts of an account that becomes public or private, and of the reposts of them.';
revoke all on function private.profiles_open_posts () from public, anon, authenticated, service_role;

create trigger profiles_open_posts
  after update of is_private on public.profiles
  for each row
  when (old.is_private <> new.is_private)
  execute function private.profiles_open_posts();
