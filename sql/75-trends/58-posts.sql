/*
 * trending posts
 *
 * The posts that many people like, answer, quote or repost, the newer ones before the older ones
 * (40-post-heat.sql). With the scope network: the posts by the people of the viewer's circle.
 */

create type public.trending_post as (
  id        bigint,
  post      public.card,
  reply_to  public.author,
  quoted    public.card,
  people    integer,
  score     double precision
);

comment on type public.trending_post is 'A post that trends, with the columns of a row of a feed. people: how many like, answer, quote or repost it, among those who count. score: the higher, the hotter.';
comment on column public.trending_post.reply_to is 'The author of the post that it answers, or null.';
comment on column public.trending_post.quoted is 'The post that it quotes, or null.';

-- A newer post needs fewer people for the same score. So a post of the period with the fewest
-- people has at least the score of one that is as old as the period, and no row below it is read.
-- It looks at the 2,000 hottest posts. So it costs the same however many the viewer does not see.
create function private.hot_posts(
  period public.trend_period, language text, circle_ids uuid[], hidden_ids uuid[], page_size integer
)
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = force_custom_plan
as $$
declare
  most constant integer := 2000;
  fewest constant integer := 3;
  first_id bigint := private.first_id(now() - private.trend_window(private.shown_level(hot_posts.period)));
  least_score double precision := private.heat_score(fewest, first_id);
begin
  return array(
    select heat.post_id
    from (
      select post_heat.post_id, post_heat.score
      from private.post_heat
      where post_heat.score >= least_score
        and post_heat.post_id >= first_id
        -- For the indexes: it is the constant above.
        and post_heat.people >= 3
        and (hot_posts.language is null or post_heat.language = hot_posts.language)
      order by post_heat.score desc
      limit most
    ) as heat
    join public.posts on posts.id = heat.post_id
    join public.profiles on profiles.id = posts.author_id
    where posts.is_open
      and profiles.is_discoverable
      and posts.author_id <> all (hot_posts.hidden_ids)
      and (hot_posts.circle_ids is null or posts.author_id = any (hot_posts.circle_ids))
      and not exists (
        select
        from private.trend_uses as uses
        join private.trend_hides as hide on hide.kind = uses.kind and hide.term = uses.term
        where uses.post_id = heat.post_id
      )
    order by heat.score desc, heat.post_id desc
    limit hot_posts.page_size
  );
end;
$$;

comment on function private.hot_posts is 'The hottest posts of a period that anybody may read, without posts by these people. If circle_ids is not null, only posts by its people. At least three people care for each. Only the 2,000 hottest posts of the period and language are looked at.';
revoke all on function private.hot_posts (public.trend_period, text, uuid[], uuid[], integer) from public, anon, authenticated, service_role;

-- Definer, because nobody may read the heat of posts.
create function private.trending_posts(
  period public.trend_period, language text, scope public.trend_scope, page_size integer
)
returns setof public.trending_post
language plpgsql
stable
security definer
set search_path = ''
rows 10
as $$
declare
  viewer_id uuid := auth.uid();
  wanted text := private.language_asked(trending_posts.language);
  blocked_ids uuid[];
  hidden_ids uuid[];
  circle_ids uuid[];
  post_ids bigint[];
begin
  perform private.check_page_size(trending_posts.page_size);
  if trending_posts.scope = 'network' then
    viewer_id := private.viewer();
  end if;
  blocked_ids := array(select private.hidden_ids(viewer_id));
  hidden_ids := blocked_ids || array(select private.muted_ids(viewer_id));
  if trending_posts.scope = 'network' then
    circle_ids := private.circle_ids(viewer_id, hidden_ids);
  end if;
  -- A person behind a block counts nowhere. Without them a post may leave the page, so some more are read.
  post_ids := private.hot_posts(
    trending_posts.period, wanted, circle_ids, hidden_ids,
    trending_posts.page_size + case when blocked_ids = '{}' then 0 else 20 end
  );

  return query
  with heat as materialized (
    select hot.id, counted.people, private.heat_score(counted.people, hot.id) as score
    from unnest(post_ids) as hot (id)
    join private.post_heat on post_heat.post_id = hot.id
    cross join lateral (
      select post_heat.people - case when blocked_ids = '{}' then 0 else (
        select count(*)::integer
        from private.post_fans
        where post_fans.post_id = hot.id and post_fans.profile_id = any (blocked_ids)
      ) end as people
    ) as counted
    where counted.people >= 3
    order by score desc, hot.id desc
    limit trending_posts.page_size
  )
  select item.id, item.post, item.reply_to, item.quoted, heat.people, heat.score
  from (select array_agg(heat.id) as ids from heat) as page
  cross join lateral private.feed_items(viewer_id, page.ids, page.ids) as item
  join heat on heat.id = item.id
  order by heat.score desc, heat.id desc;
end;
$$;

comment on function private.trending_posts is 'What public.trending_posts() answers.';
revoke all on function private.trending_posts (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function private.trending_posts (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

create function public.trending_posts(
  period public.trend_period default 'day',
  language text default null,
  scope public.trend_scope default 'everybody',
  page_size integer default 10
)
returns setof public.trending_post
language sql
stable
security invoker
rows 10
begin atomic
  select items.*
  from private.trending_posts(
    trending_posts.period, trending_posts.language, trending_posts.scope, trending_posts.page_size
  ) as items;
end;

comment on function public.trending_posts is 'The posts of the last hour, day or week that many people like, answer, quote or repost. Newer posts come before older ones with as many people. language: only posts in it; a region does not matter. scope: everybody, or network for posts by the people you follow and those that they follow. page_size is 1 to 100.';
revoke all on function public.trending_posts (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function public.trending_posts (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;
