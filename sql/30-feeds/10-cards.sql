/*
 * cards
 *
 * A card is a post as a page shows it: with its author, its counts, the people it mentions,
 * and what the viewer did with it. So a client does not have to ask for anything more.
 * Feeds, threads and searches find ids. The functions here turn ids into rows, always in
 * the same way.
 */

-- Types ----------------------------------------------------------------------

create type public.mention as (
  username  text,
  profile   public.author
);

comment on type public.mention is 'A person that a post addresses: the username as it stands in the text, in lower case, and the person as they are now. A reply with audience mentioned also addresses the author it answers. If the text does not name them, the username is the one they have now, in lower case.';

create type public.card as (
  id               bigint,
  author           public.author,
  title            text,
  content          text,
  content_warning  text,
  language         text,
  entities         jsonb,
  mentions         public.mention[],
  audience         public.audience,
  reply_to_id      bigint,
  quote_of_id      bigint,
  created_at       timestamptz,
  edited_at        timestamptz,
  likes            bigint,
  replies          bigint,
  reposts          bigint,
  quotes           bigint,
  liked            boolean,
  bookmarked       boolean,
  reposted         boolean,
  is_open          boolean
);

comment on type public.card is 'A post as a page shows it. is_open says whether everyone sees it. The counts count what you may know about. liked, bookmarked and reposted say what you did.';
comment on column public.card.language is 'A BCP 47 tag, or null.';
comment on column public.card.reply_to_id is 'The post it answers, or null.';
comment on column public.card.quote_of_id is 'The post it quotes, or null.';
comment on column public.card.edited_at is 'The time of the last edit, or null.';

create type public.feed_item as (
  id           bigint,
  post         public.card,
  reposted_by  public.author,
  reply_to     public.author,
  quoted       public.card
);

comment on type public.feed_item is 'A row of a feed. id is the cursor. reposted_by is the person who reposted the post, or null. reply_to is the author of the post that it answers, and quoted is the post that it quotes. Both are null when there is no such post, or you cannot see it.';
comment on column public.feed_item.reposted_by is 'The person who reposted the post, or null.';
comment on column public.feed_item.reply_to is 'The author of the post that it answers, or null.';
comment on column public.feed_item.quoted is 'The post that it quotes, or null.';

-- Cards ----------------------------------------------------------------------

-- A function of its own, because few posts address somebody.
create function private.mentions_of(post_id bigint, hidden_ids uuid[])
returns public.mention[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select (
      named.username,
      (mentioned.id, mentioned.username, mentioned.display_name, mentioned.avatar_url)::public.author
    )::public.mention
    from public.post_mentions
    join public.profiles as mentioned on mentioned.id = post_mentions.profile_id
    cross join lateral unnest(
      case
        when post_mentions.usernames = '{}' then array[lower(mentioned.username)]
        else post_mentions.usernames
      end
    ) as named (username)
    where post_mentions.post_id = mentions_of.post_id and mentioned.id <> all (mentions_of.hidden_ids)
    order by named.username
  );
end;
$$;

comment on function private.mentions_of is 'The people that a post addresses, without those who are hidden.';
revoke all on function private.mentions_of (bigint, uuid[]) from public, anon, authenticated, service_role;

-- In SQL and not a definer, so that the planner puts it into the query around it. It says
-- "(select true …) is true" and not exists(…): for that, Postgres would read everything that
-- the viewer ever liked. It asks about likes and reposts only if the post has some.
create function private.cards_of(viewer_id uuid, post_ids bigint[], hidden_ids uuid[])
returns table (id bigint, card public.card)
language sql
stable
security invoker
rows 20
begin atomic
  select
    posts.id,
    (
      posts.id,
      (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
      posts.title, posts.content, posts.content_warning, posts.language, posts.entities,
      case when posts.audience = 'mentioned' or posts.entities @> '[{"type": "mention"}]' then private.mentions_of(posts.id, cards_of.hidden_ids) else '{}' end,
      posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at,
      counts.likes, counts.replies, counts.reposts, counts.quotes,
      case when counts.likes > 0 then (
        select true from public.likes
        where likes.user_id = cards_of.viewer_id and likes.post_id = posts.id
      ) is true else false end,
      case when (
        select true from public.bookmarks where bookmarks.user_id = cards_of.viewer_id limit 1
      ) then (
        select true from public.bookmarks
        where bookmarks.user_id = cards_of.viewer_id and bookmarks.post_id = posts.id
      ) is true else false end,
      case when counts.reposts > 0 then (
        select true from public.posts as repost
        where repost.repost_of_id = posts.id and repost.author_id = cards_of.viewer_id
      ) is true else false end,
      posts.is_open
    )::public.card
  from private.counts_of(cards_of.viewer_id, cards_of.post_ids, cards_of.hidden_ids) as counts
  join public.posts on posts.id = counts.post_id
  join public.profiles on profiles.id = posts.author_id;
end;

comment on function private.cards_of is 'The cards of posts, in any order. Give each id once, and only posts that the viewer sees. hidden_ids: the people who are hidden from the viewer.';
revoke all on function private.cards_of (uuid, bigint[], uuid[]) from public, anon, authenticated, service_role;

-- Plpgsql, because Postgres keeps its plan. It is not a definer, because only definers call
-- it.
create function private.cards(viewer_id uuid, post_ids bigint[])
returns table (id bigint, card public.card)
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(cards.viewer_id) as hidden (id));
begin
  return query
  select found.id, found.card
  from private.cards_of(cards.viewer_id, cards.post_ids, hidden_ids) as found;
end;
$$;

comment on function private.cards is 'What cards_of() answers, for functions that do not know who is hidden from the viewer.';
revoke all on function private.cards (uuid, bigint[]) from public, anon, authenticated, service_role;

/*
 * Two statements make the rows of a page. The first finds which posts the page shows: the posts
 * of the feed, the originals of reposts, and the quoted posts that the viewer sees. The second
 * makes a card of each.
 */
create function private.feed_items(
  viewer_id uuid, item_ids bigint[], post_ids bigint[], hidden_ids uuid[] default null
)
returns setof public.feed_item
language plpgsql
stable
security invoker
set search_path = ''
rows 20
as $$
declare
  -- One element for each row of the page.
  shown_ids bigint[];
  reposter_ids uuid[];
  answered_ids uuid[];
  quoted_ids bigint[];
begin
  hidden_ids := coalesce(hidden_ids, array(select hidden.id from private.hidden_from(feed_items.viewer_id) as hidden (id)));

  with entry as materialized (
    select
      item.place, item.id,
      case when original.id is not null then entry.author_id end as reposter_id,
      coalesce(original.id, entry.id) as shown_id,
      coalesce(original.reply_to_id, entry.reply_to_id) as reply_to_id,
      coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
    from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
    join public.posts as entry on entry.id = item.post_id
    left join public.posts as original on original.id = entry.repost_of_id
  ),
  -- The posts that these answer and quote, first all and then those that the viewer sees. In one
  -- step, Postgres could ask the rule about every post there is.
  referred as materialized (
    select posts.id, posts.author_id, posts.audience, posts.is_open
    from public.posts
    where posts.id = any (array(
      select entry.reply_to_id from entry where entry.reply_to_id is not null
      union all
      select entry.quote_of_id from entry where entry.quote_of_id is not null
    ))
  ),
  seen as materialized (
    select referred.id, referred.author_id
    from referred
    where referred.author_id <> all (feed_items.hidden_ids)
      and (
        select true
        from private.is_for(
          feed_items.viewer_id, referred.id, referred.author_id, referred.audience, referred.is_open
        )
      ) is true
  )
  select
    array_agg(entry.id order by entry.place),
    array_agg(entry.shown_id order by entry.place),
    array_agg(entry.reposter_id order by entry.place),
    array_agg(case when entry.reply_to_id is not null then (
      select seen.author_id from seen where seen.id = entry.reply_to_id
    ) end order by entry.place),
    array_agg(case when entry.quote_of_id is not null then (
      select seen.id from seen where seen.id = entry.quote_of_id
    ) end order by entry.place)
  into item_ids, shown_ids, reposter_ids, answered_ids, quoted_ids
  from entry;

  post_ids := array(
    select shown.id from unnest(shown_ids) as shown (id)
    union
    select quoted.id from unnest(quoted_ids) as quoted (id) where quoted.id is not null
  );

  return query
  with card as materialized (
    select cards.id, cards.card
    from private.cards_of(feed_items.viewer_id, feed_items.post_ids, feed_items.hidden_ids) as cards
  )
  select
    item.id,
    shown.card,
    case when item.reposter_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = item.reposter_id
    ) end,
    case when item.answered_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = item.answered_id
    ) end,
    case when item.quoted_id is not null then (
      select quoted.card from card as quoted where quoted.id = item.quoted_id
    ) end
  from unnest(item_ids, shown_ids, reposter_ids, answered_ids, quoted_ids)
    with ordinality as item (id, shown_id, reposter_id, answered_id, quoted_id, place)
  join card as shown on shown.id = item.shown_id
  order by item.place;
end;
$$;

comment on function private.feed_items is 'The rows of a feed for these posts and reposts, in the order given. Give only posts that the viewer sees. hidden_ids: the people who are hidden from the viewer. Without it, they are looked up.';
revoke all on function private.feed_items (uuid, bigint[], bigint[], uuid[]) from public, anon, authenticated, service_role;
