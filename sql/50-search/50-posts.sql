/*
 * search posts
 *
 * Posts by their words, tags, authors and days, newest first. A search reads about as many
 * rows as it shows, whoever wrote the others:
 *
 *   - Posts that everyone may find are read from the newest back.
 *   - Posts that not everyone may find are looked up by their authors: the viewer, and
 *     those whom the viewer follows. Of a full page, only as far back as it reaches.
 */

create function private.search_open_posts(
  viewer_id uuid, hidden_ids uuid[], wanted tsquery, exact tsquery, since_id bigint, before_id bigint, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  newest record;
begin
  newest := private.search_newest(hidden_ids, wanted, exact, since_id, before_id, page_size);
  if newest.last_id is null then
    return newest.post_ids;
  end if;
  return newest.post_ids || private.search_back(
    viewer_id, hidden_ids, true, wanted, exact, since_id, newest.last_id, (newest.first_id - newest.last_id) * 8,
    page_size - cardinality(newest.post_ids)
  );
end;
$$;

comment on function private.search_open_posts is 'The newest posts that are wanted, of those that everyone may find and no block hides.';
revoke all on function private.search_open_posts (uuid, uuid[], tsquery, tsquery, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

-- Whom a viewer follows is asked for by name, fifty at a time.
create function private.search_authors(
  viewer_id uuid, hidden_ids uuid[], author_ids uuid[], wanted tsquery, exact tsquery, since_id bigint, before_id bigint, page_size integer
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
      viewer_id, hidden_ids, false, wanted && authors, exact, since_id, before_id, before_id - since_id, page_size
    );
  end loop;
  return found;
end;
$$;

comment on function private.search_authors is 'Of the posts that not everyone may find, the newest that are wanted, by these authors for their followers, or by the viewer, or addressed to the viewer. In any order.';
revoke all on function private.search_authors (uuid, uuid[], uuid[], tsquery, tsquery, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

/*
 * Strangers may have filled the newest time with posts that match and that the viewer does
 * not see. So the fifty who wrote last, of those whom the viewer follows, are asked for by
 * name, back to where there would be more than fifty. Before that, few of the posts that
 * not everyone finds have a rare word: whoever wrote them, they are read, and the rule
 * says which are for the viewer. If they are too many, all authors are asked for by name.
 */
create function private.search_circle(
  viewer_id uuid, hidden_ids uuid[], wanted tsquery, exact tsquery, from_id uuid, since_id bigint, before_id bigint, page_size integer
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
    where follows.follower_id = viewer_id and (from_id is null or follows.followee_id = from_id)
  ) as writer
  where writer.last_id >= since_id;

  middle_id := greatest(since_id, last_ids[51] + 1);
  found := private.search_authors(viewer_id, hidden_ids, author_ids[:50], wanted, exact, middle_id, before_id, page_size);
  if middle_id = since_id or cardinality(found) >= page_size then
    return found;
  end if;

  select count(*), array_agg(match.post_id) filter (where (
    select true
    from public.posts
    join public.profiles on profiles.id = posts.author_id
    cross join lateral private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    where posts.id = match.post_id
      and (posts.author_id = viewer_id or profiles.is_searchable)
      and posts.author_id <> all (hidden_ids)
  ))
  into read_rows, fitting
  from private.search_limited(wanted, exact, since_id, middle_id, most) as match;
  if read_rows = most then
    fitting := private.search_authors(viewer_id, hidden_ids, author_ids, wanted, exact, since_id, middle_id, page_size);
  end if;
  return found || fitting;
end;
$$;

comment on function private.search_circle is 'Of the posts that not everyone may find, at least the newest page of those that are wanted and that the viewer wrote, is addressed by, or sees as a follower. In any order.';
revoke all on function private.search_circle (uuid, uuid[], tsquery, tsquery, uuid, bigint, bigint, integer)
  from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

-- Definer, because the index knows of posts that the viewer does not see.
create function private.search_posts(query text, before bigint, page_size integer)
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
  circle_ids bigint[];
begin
  perform private.check_page_size(search_posts.page_size);
  search := private.read_search(search_posts.query);
  if search.wanted is null then
    return;
  end if;
  -- The ids that there are, so that lengths of time can be reckoned; in steps of 50 days.
  select
    greatest(search.since_id, (min(post_search.post_id) >> 44) << 44),
    least(search.until_id, search_posts.before, ((max(post_search.post_id) >> 44) + 1) << 44)
  into since_id, before_id
  from private.post_search;
  if since_id >= before_id or not exists (select from private.post_search) then
    return;
  end if;

  -- What the index says of an account that has just switched may be old.
  post_ids := private.search_open_posts(
    viewer_id, hidden_ids || array(select search_switches.author_id from private.search_switches limit 1000),
    search.wanted, search.exact, since_id, before_id, search_posts.page_size
  );
  if viewer_id is not null then
    -- Of the others only those count that come before the last of a full page.
    if cardinality(post_ids) = search_posts.page_size then
      since_id := post_ids[search_posts.page_size];
    end if;
    -- On its own: within the query below, the planner would run it as well.
    circle_ids := private.search_circle(
      viewer_id, hidden_ids, search.wanted, search.exact, search.from_id, since_id, before_id, search_posts.page_size
    );
    post_ids := array(
      select found.id
      from unnest(post_ids || circle_ids) as found (id)
      order by found.id desc
      limit search_posts.page_size
    );
  end if;

  -- Whatever the index says, who sees a post is said by its own rule.
  post_ids := array(
    select posts.id
    from unnest(post_ids) with ordinality as found (id, place)
    join public.posts on posts.id = found.id
    where exists (
      select from private.is_for(viewer_id, posts.id, posts.author_id, posts.audience, posts.is_open)
    )
    order by found.place
  );
  return query
  select items.*
  from private.feed_items(viewer_id, post_ids, post_ids) as items;
end;
$$;

comment on function private.search_posts is 'What public.search_posts() answers.';
revoke all on function private.search_posts (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.search_posts (text, bigint, integer) to anon, authenticated;

-- Volatile, because a search by somebody who is signed in is counted.
create function public.search_posts(query text, before bigint default null, page_size integer default 20)
returns setof public.feed_item
language sql
volatile
security invoker
rows 20
begin atomic
  select private.spend('search');
  select items.*
  from private.search_posts(search_posts.query, search_posts.before, search_posts.page_size) as items;
end;

comment on function public.search_posts is 'Posts by their words, "phrases" and -unwanted words, either or, #tags, from:somebody, since:2026-01-31 and until:2026-12-31 (days in UTC; until is exclusive), newest first. Give the id of the last row as before to turn the page; page_size is 1 to 100.';
revoke all on function public.search_posts (text, bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.search_posts (text, bigint, integer) to anon, authenticated;
