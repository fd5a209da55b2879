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

-- In SQL and not a definer, so that the planner puts it into the query around it. It says
-- "(select true …) is true" and not exists(…): for that, Postgres would read everything that
-- the viewer ever liked. It asks about likes and reposts only if the post has some. With "offset 0"
-- Postgres looks up each post by its key, here and below. It may believe that a table is empty, and
-- without it would read the whole table for each post.
create function private.card_of(viewer_id uuid, post_id bigint, hidden_ids uuid[])
returns table (id bigint, card public.card, reply_to_id bigint, quote_of_id bigint)
language sql
stable
security invoker
rows 1
begin atomic
  select
    posts.id,
    (
      posts.id,
      (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
      posts.title, posts.content, posts.content_warning, posts.language, posts.entities,
      case when posts.audience = 'mentioned' or posts.entities @> '[{"type": "mention"}]' then array(
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
        where post_mentions.post_id = posts.id and mentioned.id <> all (card_of.hidden_ids)
        order by named.username
      ) else '{}' end,
      posts.audience, posts.reply_to_id, posts.quote_of_id, posts.created_at, posts.edited_at,
      counts.likes, counts.replies, counts.reposts, counts.quotes,
      case when counts.likes > 0 then (
        select true from public.likes
        where likes.user_id = card_of.viewer_id and likes.post_id = posts.id
      ) is true else false end,
      case when (
        select true from public.bookmarks where bookmarks.user_id = card_of.viewer_id limit 1
      ) then (
        select true from public.bookmarks
        where bookmarks.user_id = card_of.viewer_id and bookmarks.post_id = posts.id
      ) is true else false end,
      case when counts.reposts > 0 then (
        select true from public.posts as repost
        where repost.repost_of_id = posts.id and repost.author_id = card_of.viewer_id
      ) is true else false end,
      posts.is_open
    )::public.card,
    posts.reply_to_id,
    posts.quote_of_id
  from private.counts_of(card_of.viewer_id, card_of.post_id, card_of.hidden_ids) as counts
  cross join lateral (
    select * from public.posts where posts.id = counts.post_id offset 0
  ) as posts
  cross join lateral (
    select * from public.profiles where profiles.id = posts.author_id offset 0
  ) as profiles;
end;

comment on function private.card_of is 'The card of a post. Give only a post that the viewer sees. hidden_ids: the people who are hidden from the viewer.';
revoke all on function private.card_of (uuid, bigint, uuid[]) from public, anon, authenticated, service_role;

-- Plpgsql, because Postgres keeps its plan. It is one plan, here and below, for any number of
-- posts: to plan takes longer than to make the rows. It is not a definer, because only definers
-- call it.
create function private.cards(viewer_id uuid, post_ids bigint[])
returns table (id bigint, card public.card)
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 20
as $$
declare
  hidden_ids uuid[] := array(select hidden.id from private.hidden_from(cards.viewer_id) as hidden (id));
begin
  return query
  select found.id, found.card
  from unnest(cards.post_ids) as wanted (id)
  cross join lateral private.card_of(cards.viewer_id, wanted.id, hidden_ids) as found;
end;
$$;

comment on function private.cards is 'The cards of posts, in any order. Give each id once, and only posts that the viewer sees.';
revoke all on function private.cards (uuid, bigint[]) from public, anon, authenticated, service_role;

-- The rule about the answered post is a column of its query and not a condition. So Postgres asks
-- it about that one post. With a condition, it could ask the rule about every post there is. Few
-- posts quote another one. If none of a page does, Postgres does not look for quoted posts.
create function private.feed_items(
  viewer_id uuid, item_ids bigint[], post_ids bigint[], hidden_ids uuid[] default null
)
returns setof public.feed_item
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 20
as $$
begin
  if hidden_ids is null then
    hidden_ids := array(select hidden.id from private.hidden_from(feed_items.viewer_id) as hidden (id));
  end if;

  return query
  with page as materialized (
    select
      item.place, item.id, shown.card, shown.reply_to_id, shown.quote_of_id,
      case when entry.repost_of_id is not null then entry.author_id end as reposter_id
    from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
    cross join lateral (
      select * from public.posts where posts.id = item.post_id offset 0
    ) as entry
    cross join lateral private.card_of(
      feed_items.viewer_id, coalesce(entry.repost_of_id, entry.id), feed_items.hidden_ids
    ) as shown
  ),
  quoted as materialized (
    select cards.id, cards.card
    from private.cards(feed_items.viewer_id, array(
      select named.id
      from (select distinct page.quote_of_id from page where page.quote_of_id is not null) as named (id)
      where private.sees_post(feed_items.viewer_id, named.id)
    )) as cards
  )
  select
    page.id,
    page.card,
    case when page.reposter_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = page.reposter_id
    ) end,
    case when page.reply_to_id is not null then (
      select case when parent.author_id <> all (feed_items.hidden_ids) and (
        select true
        from private.is_for(
          feed_items.viewer_id, parent.id, parent.author_id, parent.audience, parent.is_open
        )
      ) then (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author end
      from public.posts as parent
      join public.profiles on profiles.id = parent.author_id
      where parent.id = page.reply_to_id
    ) end,
    case when page.quote_of_id is not null then (
      select quoted.card from quoted where quoted.id = page.quote_of_id
    ) end
  from page
  order by page.place;
end;
$$;

comment on function private.feed_items is 'The rows of a feed for these posts and reposts, in the order given. Give only posts that the viewer sees. hidden_ids: the people who are hidden from the viewer. Without it, they are looked up.';
revoke all on function private.feed_items (uuid, bigint[], bigint[], uuid[]) from public, anon, authenticated, service_role;
