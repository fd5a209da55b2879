/*
 * timelines
 *
 * A timeline is one page made from the posts of many authors. Home and the feeds of lists
 * are timelines. newest_posts() finds candidates, and timeline() applies the rules to them.
 */

-- Candidates -----------------------------------------------------------------

/*
 * Finds the newest posts of many authors and tags. The authors are those that a person
 * follows, and some more. There are two ways:
 *
 * - Two phases. First it reads the newest post of every author below the cursor, with one
 *   index probe each, and keeps the newest of these. They are the heads. Then it reads only
 *   the authors of the heads, because only they can have posts among the newest. If there
 *   are enough heads, no post older than the oldest head can be among them either.
 * - A scan of everybody's posts, newest first. It looks up which of their authors are
 *   followed, or reads the list if it is shorter. It also reads the posts of all others. So it
 *   is for long lists, whose authors write a large share of all posts.
 *
 * The first scan measures how large the share is at the cursor, and the next one reads as many
 * posts as the share promises. A scan that reads 12 posts for each author takes about as long as
 * the probes. So it goes on only if it will find enough within that many. A wrong guess costs
 * about twice as much as the better way.
 */
create function private.newest_posts(
  viewer_id uuid, follower_id uuid, author_ids uuid[], authors integer, tags text[], unwanted_ids uuid[],
  below bigint, above bigint, wanted integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  room bigint := authors * 12::bigint;
  -- The longer the list, the larger its share.
  reach bigint := case when authors < 2000 then least(authors / 4, 250) else 100 end;
  scanned bigint := 0;
  read_rows bigint;
  lowest_id bigint;
  batch bigint[];
  found bigint[] := '{}';
  scanned_id bigint := below;
  complete boolean := false;
begin
  if authors >= 200 then
    loop
      with recent as materialized (
        select posts.id, posts.author_id
        from public.posts
        where posts.id < scanned_id and posts.id > above
        order by posts.id desc
        limit reach
      )
      select
        counted.amount, counted.lowest_id,
        array(
          select recent.id
          from recent
          where recent.author_id in (
              select follows.followee_id
              from public.follows
              where follows.follower_id = newest_posts.follower_id
                and follows.followee_id = any (array(select recent.author_id from recent))
                and follows.followee_id <> all (unwanted_ids)
              union all
              select unnest(author_ids)
            )
          order by recent.id desc
        )
      into read_rows, lowest_id, batch
      from (select count(*) as amount, min(recent.id) as lowest_id from recent) as counted;
      found := found || batch;
      scanned := scanned + read_rows;
      scanned_id := lowest_id;
      complete := read_rows < reach or cardinality(found) >= wanted;
      exit when complete or cardinality(found) = 0;
      -- A quarter more than it should need.
      reach := (wanted - cardinality(found)) * scanned * 5 / (cardinality(found) * 4) + 10;
      exit when scanned + reach > room;
      if reach >= authors then
        -- More authors than the list has. So now it reads the list, and the posts until it has enough.
        found := found || array(
          select recent.id
          from (
            select posts.id, posts.author_id
            from public.posts
            where posts.id < scanned_id and posts.id > above
            order by posts.id desc
            limit room - scanned
          ) as recent
          -- "is true" makes Postgres ask this of each post in order. Otherwise it would make
          -- a join.
          where (recent.author_id in (
            select follows.followee_id
            from public.follows
            where follows.follower_id = newest_posts.follower_id and follows.followee_id <> all (unwanted_ids)
            union all
            select unnest(author_ids)
          )) is true
          order by recent.id desc
          limit wanted - cardinality(found)
        );
        complete := cardinality(found) >= wanted;
        exit;
      end if;
    end loop;
    found := found[1:wanted];
  end if;

  if not complete then
    with head as materialized (
      select newest.author_id, newest.id
      from (
        select follows.followee_id
        from public.follows
        where follows.follower_id = newest_posts.follower_id and follows.followee_id <> all (unwanted_ids)
        union all
        select unnest(author_ids)
      ) as author (id)
      cross join lateral (
        select posts.author_id, posts.id
        from public.posts
        where posts.author_id = author.id and posts.id < below and posts.id > above
        order by posts.id desc
        limit 1
      ) as newest
      order by newest.id desc
      limit wanted
    )
    select coalesce(array_agg(candidate.id order by candidate.id desc), '{}') into found
    from (
      select theirs.id
      from head
      cross join lateral (
        select posts.id
        from public.posts
        where posts.author_id = head.author_id
          and posts.id <= head.id
          and posts.id > above
          and posts.id >= (
            select case when count(*) = wanted then min(lowest.id) else 0 end
            from head as lowest
          )
        order by posts.id desc
        limit wanted
      ) as theirs
      order by theirs.id desc
      limit wanted
    ) as candidate;
  end if;

  if cardinality(tags) > 0 then
    found := array(
      select tagged.post_id
      from unnest(tags) as followed (tag)
      cross join lateral (
        select post_tags.post_id
        from public.post_tags
        where post_tags.tag = followed.tag
          and post_tags.is_open
          and post_tags.post_id < below
          and post_tags.post_id > private.above_page(found, above, wanted, false)
          -- Not a join, so that Postgres reads the tag in order.
          and (cardinality(unwanted_ids) = 0 or (
            select posts.author_id <> all (unwanted_ids) from public.posts where posts.id = post_tags.post_id
          ))
        order by post_tags.post_id desc
        limit wanted
      ) as tagged
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
    found := array(
      select limited.id
      from unnest(tags) as followed (tag)
      cross join lateral private.limited_page(
        newest_posts.viewer_id, 'tag:' || followed.tag, below,
        private.above_page(found, above, wanted, false), wanted, unwanted_ids
      ) as limited (id)
      union
      select unnest(found)
      order by 1 desc
      limit wanted
    );
  end if;
  return found;
end;
$$;

comment on function private.newest_posts is 'The ids of the newest posts and reposts by the people that follower_id follows, by author_ids, or with these tags, between two ids, newest first. As many as wanted, or all there are. Posts by the followed people and posts with the tags are left out if their authors are among unwanted_ids. Posts with the tags are among them only if the viewer sees them. authors: about how many authors there are.';
revoke all on function private.newest_posts (uuid, uuid, uuid[], integer, text[], uuid[], bigint, bigint, integer) from public, anon, authenticated, service_role;

-- Rules ----------------------------------------------------------------------

-- A post that quotes a muted person is not shown. But if the viewer does not see the quoted
-- post, the quote shows nothing of it, and the post is shown. Its absence would reveal who
-- wrote the quoted post.
create function private.quotes_muted(viewer_id uuid, quote_of_id bigint, muted_ids uuid[])
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return cardinality(quotes_muted.muted_ids) > 0 and exists (
    select from public.posts
    where posts.id = quotes_muted.quote_of_id
      and posts.author_id = any (quotes_muted.muted_ids)
      and private.sees_post(quotes_muted.viewer_id, posts.id)
  );
end;
$$;

comment on function private.quotes_muted is 'Whether a quoted or answered post is by a person that the viewer mutes, and the viewer sees it.';
revoke all on function private.quotes_muted (uuid, bigint, uuid[]) from public, anon, authenticated, service_role;

/*
 * Home and the feed of a list show posts by a set of people. In home, the set is the viewer
 * and the people they follow. In a list, it is the members whose accounts the viewer may
 * look into. Muted people are never in the set. Home also shows posts with the tags that
 * the viewer follows. These rules decide which of the posts are shown:
 *
 *   - The viewer sees the post. The viewer mutes neither its author nor the author of the
 *     post that it quotes.
 *   - A reply is shown when the viewer sees the post that it answers, and that post is by
 *     the viewer or by somebody in the set.
 *   - A repost by somebody in the set is shown when the feed does not have the post itself,
 *     and the post does not answer somebody that the viewer mutes. If several people
 *     reposted a post, the first repost is shown. So a post comes once, and always in the
 *     same place.
 *
 * "(select true from …)" asks whether the viewer follows somebody. The planner would turn
 * exists(…) into a join, and read everybody that the viewer follows, for a few questions.
 */
create function private.timeline(
  viewer_id uuid, list_id uuid, hidden_ids uuid[], below bigint, above bigint, page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  muted_ids uuid[];
  unwanted_ids uuid[];
  -- In home, the viewer. In a list, null.
  reader_id uuid;
  author_ids uuid[];
  authors integer;
  tags text[] := '{}';
  wanted integer := timeline.page_size * 3 / 2 + 1;
  batch bigint[];
  page bigint[] := '{}';
begin
  if timeline.list_id is null then
    reader_id := timeline.viewer_id;
    author_ids := array[timeline.viewer_id];
    select
      array(select muted.id from private.muted_by(timeline.viewer_id) as muted (id)),
      array(select tag_follows.tag from public.tag_follows where tag_follows.user_id = timeline.viewer_id),
      (select counts.following from private.follow_counts as counts where counts.profile_id = timeline.viewer_id)
    into muted_ids, tags, authors;
    unwanted_ids := hidden_ids || muted_ids;
  else
    muted_ids := array(select muted.id from private.muted_by(timeline.viewer_id) as muted (id));
    unwanted_ids := hidden_ids || muted_ids;
    author_ids := array(
      select list_members.profile_id
      from public.list_members
      where list_members.list_id = timeline.list_id
        and list_members.profile_id <> all (unwanted_ids)
        and exists (select from private.lets_in(timeline.viewer_id, list_members.profile_id))
    );
    authors := cardinality(author_ids);
  end if;

  loop
    batch := private.newest_posts(
      timeline.viewer_id, reader_id, author_ids, authors, tags, unwanted_ids, below, above, wanted
    );
    page := page || array(
      select entry.id
      from unnest(batch) with ordinality as candidate (id, place)
      cross join lateral (
        select * from public.posts where posts.id = candidate.id offset 0
      ) as entry
      left join lateral (
        select * from public.posts where posts.id = entry.repost_of_id offset 0
      ) as original on true
      cross join lateral (
        select
          coalesce(original.id, entry.id) as id,
          coalesce(original.author_id, entry.author_id) as author_id,
          coalesce(original.audience, entry.audience) as audience,
          coalesce(original.is_open, entry.is_open) as is_open,
          coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id,
          coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
      ) as shown
      where shown.author_id <> all (unwanted_ids)
        and (
          select true
          from private.is_for(timeline.viewer_id, shown.id, shown.author_id, shown.audience, shown.is_open)
        ) is true
        and (shown.quote_of_id is null or not private.quotes_muted(timeline.viewer_id, shown.quote_of_id, muted_ids))
        and (
          original.id is null
          or shown.reply_to_id is null
          or not private.quotes_muted(timeline.viewer_id, shown.reply_to_id, muted_ids)
        )
        and (original.id is null) = (
          -- Whether the feed has the post itself. It has every candidate that is not a
          -- repost, except for some replies.
          (
            original.id is null
            or shown.author_id = any (author_ids)
            or (reader_id is not null and (
              select true from public.follows
              where follows.follower_id = timeline.viewer_id and follows.followee_id = shown.author_id
            ) is true)
            or (cardinality(tags) > 0 and exists (
              select from public.post_tags
              where post_tags.post_id = shown.id and post_tags.tag = any (tags)
            ))
          )
          and (shown.reply_to_id is null or (
            select parent.author_id = timeline.viewer_id or (
              (
                parent.author_id = any (author_ids)
                or (reader_id is not null and parent.author_id <> all (muted_ids) and (
                  select true from public.follows
                  where follows.follower_id = timeline.viewer_id and follows.followee_id = parent.author_id
                ) is true)
              )
              and (
                select true
                from private.is_for(
                  timeline.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
                )
              ) is true
            )
            from public.posts as parent
            where parent.id = shown.reply_to_id
          ) is true)
        )
        -- Whether an earlier repost is shown. It reads the smaller of two: the reposts of
        -- the post, or the set.
        and (original.id is null or not case
          when reader_id is not null and authors > (
            select post_counts.reposts
            from private.post_counts
            where post_counts.post_id = original.id
          ) then exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              and earlier.id < entry.id
              and earlier.author_id <> all (muted_ids)
              and (earlier.author_id = timeline.viewer_id or (
                select true from public.follows
                where follows.follower_id = timeline.viewer_id and follows.followee_id = earlier.author_id
              ) is true)
          )
          else exists (
            select from public.posts as earlier
            where earlier.repost_of_id = original.id
              -- Postgres reads the people that the viewer follows only if it gets here.
              and earlier.author_id = any (author_ids || array(
                select follows.followee_id
                from public.follows
                where follows.follower_id = reader_id and follows.followee_id <> all (muted_ids)
              ))
              and earlier.id < entry.id
          )
        end)
      order by candidate.place
      limit timeline.page_size - cardinality(page)
    );
    exit when cardinality(page) >= timeline.page_size or cardinality(batch) < wanted;
    below := batch[wanted];
    wanted := least(wanted * 2, 1000);
  end loop;
  return page;
end;
$$;

comment on function private.timeline is 'The ids of a page of home (when list_id is null) or of the feed of a list: posts and reposts between two ids, newest first. hidden_ids: the people who are hidden from the viewer.';
revoke all on function private.timeline (uuid, uuid, uuid[], bigint, bigint, integer) from public, anon, authenticated, service_role;
