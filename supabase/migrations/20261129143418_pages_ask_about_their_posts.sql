/*
 * A page asks the rule of visibility only about the posts that it shows.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;

-- Rows are filled and indexes built for as long as it takes.
set local statement_timeout = 0;

SET local check_function_bodies = off;

CREATE OR REPLACE FUNCTION private.feed_items (
  viewer_id uuid,
  item_ids  bigint[],
  post_ids  bigint[]
)
  RETURNS SETOF public.feed_item
  LANGUAGE plpgsql
  STABLE
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  card_ids bigint[];
begin
  -- The posts that the page shows, and the posts they quote, if the viewer sees these.
  with shown as (
    select coalesce(original.id, entry.id) as id, coalesce(original.quote_of_id, entry.quote_of_id) as quote_of_id
    from unnest(feed_items.post_ids) as wanted (id)
    join public.posts as entry on entry.id = wanted.id
    left join public.posts as original on original.id = entry.repost_of_id
  )
  select array_agg(distinct card.id) into card_ids
  from (
    select shown.id from shown
    union all
    -- Without a join: Postgres could ask the rule for every post there is, and join afterwards.
    select shown.quote_of_id
    from shown
    where shown.quote_of_id is not null
      and private.sees_post(feed_items.viewer_id, shown.quote_of_id)
  ) as card;

  return query
  with card as materialized (
    select cards.id, cards.card
    from private.cards(feed_items.viewer_id, card_ids) as cards
  )
  select
    item.id,
    shown.card,
    case when entry.repost_of_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = entry.author_id
    ) end,
    case when (shown.card).reply_to_id is not null then (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.posts as parent
      join public.profiles on profiles.id = parent.author_id
      where parent.id = (shown.card).reply_to_id
        and private.sees_post(feed_items.viewer_id, parent.id)
    ) end,
    quoted.card
  from unnest(feed_items.item_ids, feed_items.post_ids) with ordinality as item (id, post_id, place)
  join public.posts as entry on entry.id = item.post_id
  join card as shown on shown.id = coalesce(entry.repost_of_id, entry.id)
  left join card as quoted on quoted.id = (shown.card).quote_of_id
  order by item.place;
end;
$function$;
