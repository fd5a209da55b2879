/*
 * feed contenders
 *
 * The functions that the benchmark compares with the home feed. They exist only in the
 * temporary database. Each is a definer behind a thin invoker, as home_feed() is. The same
 * private.feed_items() makes the rows of each. They differ in how they find the ids of a page.
 */

-- The 20 newest posts of all people, by primary key. It ignores follows and audiences.
create function private.bench_key_range(before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  ids bigint[];
begin
  perform private.check_page_size(page_size);
  select array_agg(page.id order by page.id desc) into ids
  from (
    select posts.id
    from public.posts
    where posts.id < coalesce(bench_key_range.before, 9223372036854775807)
    order by posts.id desc
    limit page_size
  ) as page;

  return query
  select items.*
  from private.feed_items(viewer_id, ids, ids) as items;
end;
$$;

create function public.bench_key_range(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.* from private.bench_key_range(bench_key_range.before, bench_key_range.page_size) as items;
end;

-- The same posts, with only the table's own columns.
create function private.bench_bare(before bigint, page_size integer)
returns table (id bigint, author_id uuid, content text, created_at timestamptz)
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
begin
  perform private.viewer();
  perform private.check_page_size(page_size);
  return query
  select posts.id, posts.author_id, posts.content, posts.created_at
  from public.posts
  where posts.id < coalesce(bench_bare.before, 9223372036854775807)
  order by posts.id desc
  limit page_size;
end;
$$;

create function public.bench_bare(before bigint default null, page_size integer default 20)
returns table (id bigint, author_id uuid, content text, created_at timestamptz)
language sql
stable
security invoker
rows 20
begin atomic
  select items.* from private.bench_bare(bench_bare.before, bench_bare.page_size) as items;
end;

-- The same posts, with all columns of a card: the author, the total counts, and what the viewer did.
-- It asks no rule. Nobody is hidden, nobody is mentioned, and no post is answered or quoted. So it
-- is what the rows of a feed cost at least.
create function private.bench_plain_cards(before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  ids bigint[] := array(
    select posts.id
    from public.posts
    where posts.id < coalesce(bench_plain_cards.before, 9223372036854775807)
    order by posts.id desc
    limit page_size
  );
begin
  perform private.check_page_size(page_size);
  return query
  select posts.id, (
    posts.id,
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    posts.title, posts.content, posts.content_warning, posts.language, posts.entities, '{}'::public.mention[],
    posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at,
    coalesce(counts.likes, 0), coalesce(counts.replies, 0), coalesce(counts.reposts, 0), coalesce(counts.quotes, 0),
    (select true from public.likes where likes.user_id = viewer_id and likes.post_id = posts.id) is true,
    (select true from public.bookmarks where bookmarks.user_id = viewer_id and bookmarks.post_id = posts.id) is true,
    (
      select true from public.posts as repost where repost.repost_of_id = posts.id and repost.author_id = viewer_id
    ) is true,
    posts.is_open
  )::public.card, null::public.author, null::public.author, null::public.card
  from public.posts
  join public.profiles on profiles.id = posts.author_id
  left join private.post_counts as counts on counts.post_id = posts.id
  where posts.id = any (ids)
  order by posts.id desc;
end;
$$;

create function public.bench_plain_cards(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.* from private.bench_plain_cards(bench_plain_cards.before, bench_plain_cards.page_size) as items;
end;

-- Makes the rows for the naive query. The naive query has default planner settings, but
-- its rows are made with the settings of home_feed().
create function private.bench_items(viewer_id uuid, ids bigint[])
returns setof public.feed_item
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
begin
  return query
  select items.*
  from private.feed_items(bench_items.viewer_id, ids, ids) as items;
end;
$$;

-- The query that a frontend would write, without the home feed's rules and without row-level security.
create function private.bench_naive(before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  before_time timestamptz := coalesce(
    (select posts.created_at from public.posts where posts.id = bench_naive.before), 'infinity'
  );
  ids bigint[];
begin
  perform private.check_page_size(page_size);
  select array_agg(page.id order by page.id desc) into ids
  from (
    select posts.id
    from public.posts
    where posts.author_id in (
        select follows.followee_id
        from public.follows
        where follows.follower_id = viewer_id
      )
      and posts.created_at < before_time
    order by posts.created_at desc
    limit page_size
  ) as page;

  return query
  select items.*
  from private.bench_items(viewer_id, ids) as items;
end;
$$;

create function public.bench_naive(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.* from private.bench_naive(bench_naive.before, bench_naive.page_size) as items;
end;

-- A timeline that is written when somebody posts, for each follower. Here it exists only for
-- the readers of the benchmark.
create table private.bench_timelines (
  user_id  uuid,
  post_id  bigint,
  primary key (user_id, post_id)
);

create function private.bench_timeline(before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  ids bigint[];
begin
  perform private.check_page_size(page_size);
  select array_agg(page.post_id order by page.post_id desc) into ids
  from (
    select timelines.post_id
    from private.bench_timelines as timelines
    where timelines.user_id = viewer_id
      and timelines.post_id < coalesce(bench_timeline.before, 9223372036854775807)
    order by timelines.post_id desc
    limit page_size
  ) as page;

  return query
  select items.*
  from private.feed_items(viewer_id, ids, ids) as items;
end;
$$;

create function public.bench_timeline(before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
stable
security invoker
rows 20
begin atomic
  select items.* from private.bench_timeline(bench_timeline.before, bench_timeline.page_size) as items;
end;

-- The same statements as home_feed(), with the rights of the caller. If postgres calls it, no
-- definer is between the query and the tables.
create function private.bench_owner(before bigint, page_size integer)
returns setof public.feed_item
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.viewer();
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(viewer_id) as hidden (id));
  page record;
begin
  perform private.check_page_size(page_size);
  page := private.feed_page(
    'home', null, viewer_id, hidden_ids, coalesce(bench_owner.before, 9223372036854775807), 0, page_size, false
  );
  return query
  select items.*
  from private.feed_items(viewer_id, page.item_ids, page.post_ids, hidden_ids) as items;
end;
$$;

-- Writes a reader's timeline of 51 pages. Returns the cursor of their 50th page, or of
-- their last full page.
create function private.bench_prepare(viewer_id uuid)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  below bigint := 9223372036854775807;
  added integer;
  rows integer := 0;
begin
  loop
    insert into private.bench_timelines (user_id, post_id)
    select bench_prepare.viewer_id, page.item_id
    from unnest((private.feed_page(
      'home', null, bench_prepare.viewer_id,
      array(select hidden.id from private.hidden_from(bench_prepare.viewer_id) as hidden (id)), below, 0, 100, false
    )).item_ids) as page (item_id);
    get diagnostics added = row_count;
    rows := rows + added;
    exit when rows >= 1020 or added < 100;
    below := (
      select min(timelines.post_id)
      from private.bench_timelines as timelines
      where timelines.user_id = bench_prepare.viewer_id
    );
  end loop;
  return (
    select timelines.post_id
    from private.bench_timelines as timelines
    where timelines.user_id = bench_prepare.viewer_id
    order by timelines.post_id desc
    offset greatest(0, least(49, rows / 20 - 1) * 20 - 1)
    limit 1
  );
end;
$$;

-- All contenders get the settings of private.feed(). They already have an empty search_path.
do $$
declare
  setting text;
  compared text;
begin
  for setting, compared in
    select unnested.setting, functions.name
    from pg_proc
    cross join unnest(pg_proc.proconfig) as unnested (setting)
    cross join (
      values ('bench_key_range (bigint, integer)'), ('bench_bare (bigint, integer)'),
        ('bench_plain_cards (bigint, integer)'), ('bench_timeline (bigint, integer)'), ('bench_owner (bigint, integer)'), ('bench_items (uuid, bigint[])')
    ) as functions (name)
    where pg_proc.oid = 'private.feed (public.feed, text, bigint, integer, bigint)'::regprocedure
      and unnested.setting not like 'search_path=%'
  loop
    execute format(
      'alter function private.%s set %s = %s',
      compared, split_part(setting, '=', 1), split_part(setting, '=', 2)
    );
  end loop;
end;
$$;

grant execute on function
  private.bench_key_range (bigint, integer), private.bench_bare (bigint, integer),
  private.bench_plain_cards (bigint, integer), public.bench_plain_cards (bigint, integer),
  private.bench_naive (bigint, integer), private.bench_timeline (bigint, integer),
  public.bench_key_range (bigint, integer), public.bench_bare (bigint, integer),
  public.bench_naive (bigint, integer), public.bench_timeline (bigint, integer)
  to authenticated;
