/*
 * search posts
 *
 * Search for posts by their words, tags, authors and days, newest first. A search reads
 * about as many rows as it shows, even if strangers write very many limited posts:
 *
 *   - It reads the posts that everyone may find from the newest back.
 *   - It looks up the other posts by their authors: the viewer and the people that the
 *     viewer follows. If the page is full already, it looks only as far back as the last
 *     post of the page.
 */

create function private.search_open_posts(
  viewer_id uuid, hidden_ids uuid[], search private.search, since_id bigint, before_id bigint, all_time bigint,
  page_size integer, out post_ids bigint[], out narrow tsquery
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  newest record;
begin
  newest := private.search_newest(
    hidden_ids, search.wanted, search.exact, search.terms, since_id, before_id, page_size
  );
  post_ids := newest.post_ids;
  narrow := newest.narrow;
  if newest.last_id is not null then
    post_ids := post_ids || private.search_back(
      viewer_id, hidden_ids, true, search.wanted, search.exact, narrow, since_id, newest.last_id,
      (newest.first_id - newest.last_id) * 8, all_time, page_size - cardinality(post_ids)
    );
  end if;
end;
$$;

comment on function private.search_open_posts is 'The newest wanted posts that everyone may find and no block hides. narrow: what to ask the index of the other posts in place of wanted (null: wanted).';
revoke all on function private.search_open_posts (uuid, uuid[], private.search, bigint, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

-- Asks the index for the posts of fifty authors at a time.
create function private.search_authors(
  viewer_id uuid, hidden_ids uuid[], author_ids uuid[], wanted tsquery, exact tsquery, narrow tsquery,
  since_id bigint, before_id bigint, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  authors tsquery;
  found bigint[] := '{}';
begin
  for authors in
    select string_agg(format('''from:%s''', author.id), ' | ')::tsquery && !!('''to:mentioned'''::tsquery)
    from (
      select writer.id, (writer.place - 1) / 50 as turn
      from unnest(author_ids) with ordinality as writer (id, place)
    ) as author
    group by author.turn
    union all
    select format('''from:%s'' | ''to:%s''', viewer_id, viewer_id)::tsquery
  loop
    found := found || private.search_back(
      viewer_id, hidden_ids, false, wanted && authors, exact, narrow && authors, since_id, before_id,
      before_id - since_id, null, page_size
    );
  end loop;
  return found;
end;
$$;

comment on function private.search_authors is 'The newest wanted posts that not everyone may find: posts of these authors for their followers, posts of the viewer, and posts that address the viewer. In any order.';
revoke all on function private.search_authors (uuid, uuid[], uuid[], tsquery, tsquery, tsquery, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

/*
 * Strangers may have written many new posts that match and that the viewer does not see.
 * So the search has two parts:
 *
 *   1. New posts: it takes the fifty followed people who wrote last, and asks the index
 *      for their posts. It goes back to the time when a fifty-first one wrote.
 *   2. Older posts: usually few limited posts have the words. It reads up to 200 posts of
 *      all authors, and the rule says which of them the viewer sees. If there are more, it
 *      asks the index for all followed people instead.
 */
create function private.search_circle(
  viewer_id uuid, hidden_ids uuid[], search private.search, narrow tsquery, since_id bigint, before_id bigint,
  page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  most constant integer := 200;
  author_ids uuid[];
  last_ids bigint[];
  middle_id bigint;
  found bigint[];
  read_rows integer;
  fitting bigint[];
begin
  select coalesce(array_agg(writer.id order by writer.last_id desc), '{}'), array_agg(writer.last_id order by writer.last_id desc)
  into author_ids, last_ids
  from (
    select follows.followee_id as id, (
      select post_search.post_id
      from private.post_search
      where post_search.author_id = follows.followee_id and not post_search.is_findable
        and post_search.post_id < before_id
      order by post_search.post_id desc
      limit 1
    ) as last_id
    from public.follows
    where follows.follower_id = viewer_id and (search.from_id is null or follows.followee_id = search.from_id)
  ) as writer
  where writer.last_id >= since_id;

  middle_id := greatest(since_id, last_ids[51] + 1);
  found := private.search_authors(
    viewer_id, hidden_ids, author_ids[:50], search.wanted, search.exact, narrow, middle_id, before_id, page_size
  );
  if middle_id = since_id or cardinality(found) >= page_size then
    return found;
  end if;

  select count(*), array_agg(match.post_id) filter (where match.matches and (
    select true
    from public.posts
    join public.profiles on profiles.id = posts.author_id
    cross join lateral private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    where posts.id = match.post_id
      and (posts.author_id = viewer_id or profiles.is_searchable)
      and posts.author_id <> all (hidden_ids)
  ))
  into read_rows, fitting
  from private.search_limited(
    private.search_within(coalesce(narrow, search.wanted), since_id, middle_id),
    case when narrow is null then search.exact end,
    case when narrow is not null then coalesce(search.wanted && search.exact, search.wanted) end,
    since_id, middle_id, most
  ) as match;
  if read_rows = most then
    fitting := private.search_authors(
      viewer_id, hidden_ids, author_ids, search.wanted, search.exact, narrow, since_id, middle_id, page_size
    );
  end if;
  return found || fitting;
end;
$$;

comment on function private.search_circle is 'A page, or more, of the newest wanted posts that not everyone may find. The viewer wrote them, is addressed by them, or sees them as a follower. In any order.';
revoke all on function private.search_circle (uuid, uuid[], private.search, tsquery, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

-- Definer, because the index also has posts that the viewer may not see.
create function private.search_posts(query text, before bigint, page_size integer, after bigint)
returns setof public.feed_item
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := auth.uid();
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  search private.search;
  since_id bigint;
  before_id bigint;
  post_ids bigint[];
  narrow tsquery;
  circle_ids bigint[];
  first_id bigint;
  end_id bigint;
begin
  perform private.check_page_size(search_posts.page_size);
  search := private.read_search(search_posts.query);
  if search.wanted is null then
    return;
  end if;
  -- From the oldest to the newest post, in steps of 50 days. So the first stretch of time
  -- has a useful length.
  select (min(post_search.post_id) >> 44) << 44, ((max(post_search.post_id) >> 44) + 1) << 44
  into first_id, end_id
  from private.post_search;
  since_id := greatest(search.since_id, first_id);
  before_id := least(search.until_id, search_posts.before, end_id);
  if since_id >= before_id or search_posts.after >= before_id - 1 or first_id is null then
    return;
  end if;
  since_id := greatest(since_id, search_posts.after + 1);

  -- The index may be out of date for accounts that have just switched. They are hidden
  -- here.
  select found.* into post_ids, narrow
  from private.search_open_posts(
    viewer_id, hidden_ids || array(select search_switches.author_id from private.search_switches limit 1000),
    search, since_id, before_id, end_id - first_id, search_posts.page_size
  ) as found;
  if viewer_id is not null then
    -- If the page is full, only limited posts that are newer than its last post can
    -- still come into it.
    if cardinality(post_ids) = search_posts.page_size then
      since_id := post_ids[search_posts.page_size];
    end if;
    -- A statement of its own. Inside the query below, the planner would run it to make an
    -- estimate, and then run it again.
    circle_ids := private.search_circle(
      viewer_id, hidden_ids, search, narrow, since_id, before_id, search_posts.page_size
    );
    post_ids := array(
      select found.id
      from unnest(post_ids || circle_ids) as found (id)
      order by found.id desc
      limit search_posts.page_size
    );
  end if;

  -- Only the rule of the post decides who sees it, and not the index.
  post_ids := array(
    select posts.id
    from unnest(post_ids) with ordinality as found (id, place)
    cross join lateral (
      select * from public.posts where posts.id = found.id offset 0
    ) as posts
    where exists (
      select from private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    )
    order by found.place
  );
  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids, hidden_ids) as items;
end;
$$;

comment on function private.search_posts is 'What public.search_posts() answers.';
revoke all on function private.search_posts (text, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function private.search_posts (text, bigint, integer, bigint) to anon, authenticated;

-- Volatile, because a viewer who is signed in spends for a search.
create function public.search_posts(
  query text,
  before bigint default null,
  page_size integer default 20,
  after bigint default null
)
returns setof public.feed_item
language sql
volatile
security invoker
rows 20
begin atomic
  select private.spend('search');
  select items.*
  from private.search_posts(
    search_posts.query, search_posts.before, search_posts.page_size, search_posts.after
  ) as items;
end;

comment on function public.search_posts is 'Posts, newest first. The query may have words, "phrases", -unwanted words, either or, #tags, from:somebody, since:2026-01-31 and until:2026-12-31. Days are in UTC, and the day of until is not included. For the next page, give the id of the last row as before. With after, only newer rows than the one with that id. page_size is 1 to 100.';
revoke all on function public.search_posts (text, bigint, integer, bigint) from public, anon, authenticated, service_role;
grant execute on function public.search_posts (text, bigint, integer, bigint) to anon, authenticated;
