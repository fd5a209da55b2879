/*
 * reading trends
 *
 * What people read about tags and links that trend. Each trend comes with the numbers that made it
 * one, and with up to three posts that the viewer may see. A trend of which the viewer sees no
 * post is left out.
 */

-- Types ----------------------------------------------------------------------

create type public.trending_tag as (
  tag          text,
  people       integer,
  expected     double precision,
  probability  double precision,
  since        timestamptz,
  language     text,
  posts        public.card[]
);

comment on type public.trending_tag is 'A tag that trends. people: how many people use it. Only people who count are counted. expected: how many people are expected. probability: how likely it is that chance alone brings these people. posts: up to three of the newest posts, by different people.';
comment on column public.trending_tag.since is 'When it began to trend. Null for the scope network.';
comment on column public.trending_tag.language is 'The language that most of the people write in, without a region. Null if nobody says it.';

create type public.trending_link as (
  url          text,
  people       integer,
  expected     double precision,
  probability  double precision,
  since        timestamptz,
  language     text,
  posts        public.card[]
);

comment on type public.trending_link is 'A link that trends, without its fragment. The other columns are those of trending_tag.';
comment on column public.trending_link.since is 'When it began to trend. Null for the scope network.';
comment on column public.trending_link.language is 'The language that most of the people write in, without a region. Null if nobody says it.';

-- Samples --------------------------------------------------------------------

-- Between two refreshes somebody may close a post, or delete it. So the post is asked again.
create function private.trend_samples(kind public.trend_kind, term text, post_ids bigint[], hidden_ids uuid[])
returns bigint[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select posts.id
    from (
      select newest.post_id
      from (
        select trend_people.post_id
        from private.trend_people
        where trend_samples.post_ids is null
          and trend_people.kind = trend_samples.kind and trend_people.term = trend_samples.term
          -- For the index: see 30-counts.sql.
          and trend_people.post_id > 0
        order by trend_people.post_id desc
        limit 100
      ) as newest
      union all
      select post_id
      from unnest(trend_samples.post_ids) as post_id
    ) as sample
    join public.posts on posts.id = sample.post_id and posts.is_open
    join public.profiles on profiles.id = posts.author_id and profiles.is_discoverable
    where posts.author_id <> all (trend_samples.hidden_ids)
    order by posts.id desc
    limit 3
  );
end;
$$;

comment on function private.trend_samples is 'Up to three of the newest posts with a term, each by somebody else, without these people: among post_ids, or if that is null, among the newest 100.';
revoke all on function private.trend_samples (public.trend_kind, text, bigint[], uuid[]) from public, anon, authenticated, service_role;

-- Lists ----------------------------------------------------------------------

create function private.language_asked(language text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
  if not private.is_language(language_asked.language) then
    raise sqlstate 'PT400' using
      message = 'A language is a BCP 47 tag of at most 64 characters, such as en, pt-BR or zh-Hant', detail = 'language_format';
  end if;
  return lower(private.trend_language(language_asked.language));
end;
$$;

comment on function private.language_asked is 'The language of a request as trends have it, without a region. Null for null. The error PT400 unless it is a language.';
revoke all on function private.language_asked (text) from public, anon, authenticated, service_role;

-- Definer, because nobody may read the tables of trends. The samples of a trend are looked up when
-- it is its turn. So a page that is full looks no further.
create function private.trending(
  kind public.trend_kind, period public.trend_period, language text, scope public.trend_scope, page_size integer
)
returns table (
  term text, people integer, expected double precision, probability double precision, since timestamptz,
  trend_language text, cards public.card[]
)
language plpgsql
stable
security definer
set search_path = ''
rows 10
as $$
declare
  viewer_id uuid := auth.uid();
  wanted text := private.language_asked(trending.language);
  level integer := private.shown_level(trending.period);
  hidden_ids uuid[];
begin
  perform private.check_page_size(trending.page_size);
  if trending.scope = 'network' then
    viewer_id := private.viewer();
  end if;
  hidden_ids := array(
    select private.hidden_ids(viewer_id)
    union
    select private.muted_ids(viewer_id)
  );

  return query
  with listed as (
    select
      trends.term, (shown.facts).observed as people, private.expected_people(shown.facts) as expected, trends.score,
      trends.since_at, trends.language, null::bigint[] as post_ids
    from private.trends
    cross join lateral (
      select case when level = 1 then trends.short else trends.long end as facts
    ) as shown
    where trending.scope = 'everybody' and trends.kind = trending.kind and trends.period = trending.period
    union all
    select circle.term, circle.people, circle.expected, circle.score, null, circle.language, circle.post_ids
    from private.circle_trends(
      trending.kind, trending.period,
      case when trending.scope = 'network' then private.circle_ids(viewer_id, hidden_ids) end
    ) as circle
    where trending.scope = 'network'
  ),
  ranked as materialized (
    select listed.*, row_number() over (order by listed.score desc, listed.people desc, listed.term) as place
    from listed
    where (wanted is null or listed.language = wanted)
      and not exists (
        select
        from private.trend_hides
        where trend_hides.kind = trending.kind and trend_hides.term = listed.term
      )
    order by place
  ),
  sampled as (
    select ranked.*, private.trend_samples(trending.kind, ranked.term, ranked.post_ids, hidden_ids) as sample_ids
    from ranked
    order by ranked.place
  ),
  shown as materialized (
    select sampled.*
    from sampled
    where sampled.sample_ids <> '{}'
    order by sampled.place
    limit trending.page_size
  ),
  card as materialized (
    select cards.id, cards.card
    from private.cards(
      viewer_id, array(select distinct post_id from shown cross join unnest(shown.sample_ids) as post_id)
    ) as cards
  )
  select
    shown.term, shown.people, shown.expected, 10 ^ -least(shown.score, 300), shown.since_at, shown.language,
    array(
      select card.card
      from unnest(shown.sample_ids) with ordinality as sample (post_id, place)
      join card on card.id = sample.post_id
      order by sample.place
    )
  from shown
  order by shown.place;
end;
$$;

comment on function private.trending is 'What public.trending_tags() and public.trending_links() answer.';
revoke all on function private.trending (public.trend_kind, public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function private.trending (public.trend_kind, public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

-- API ------------------------------------------------------------------------

create function public.trending_tags(
  period public.trend_period default 'day',
  language text default null,
  scope public.trend_scope default 'everybody',
  page_size integer default 10
)
returns setof public.trending_tag
language sql
stable
security invoker
rows 10
begin atomic
  select
    trending.term, trending.people, trending.expected, trending.probability, trending.since, trending.trend_language,
    trending.cards
  from private.trending(
    'tag', trending_tags.period, trending_tags.language, trending_tags.scope, trending_tags.page_size
  ) as trending;
end;

comment on function public.trending_tags is 'The tags that more people use than one would expect, the most surprising first. period: hour, day or week. language: only trends in which most people write in it; a region does not matter. scope: everybody, or network for the people you follow and those that they follow. page_size is 1 to 100.';
revoke all on function public.trending_tags (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function public.trending_tags (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;

create function public.trending_links(
  period public.trend_period default 'day',
  language text default null,
  scope public.trend_scope default 'everybody',
  page_size integer default 10
)
returns setof public.trending_link
language sql
stable
security invoker
rows 10
begin atomic
  select
    trending.term, trending.people, trending.expected, trending.probability, trending.since, trending.trend_language,
    trending.cards
  from private.trending(
    'link', trending_links.period, trending_links.language, trending_links.scope, trending_links.page_size
  ) as trending;
end;

comment on function public.trending_links is 'The links that more people post than one would expect, as trending_tags() does for tags.';
revoke all on function public.trending_links (public.trend_period, text, public.trend_scope, integer) from public, anon, authenticated, service_role;
grant execute on function public.trending_links (public.trend_period, text, public.trend_scope, integer) to anon, authenticated;
