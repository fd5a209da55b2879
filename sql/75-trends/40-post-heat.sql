/*
 * post heat
 *
 * How many people who count like, repost, answer or quote a post: its fans. The score grows with
 * the logarithm of the fans and with the time of writing. So a score stays right when time
 * passes, and newer posts come first.
 */

-- Tables ---------------------------------------------------------------------

create table private.post_fans (
  post_id     bigint  not null,
  profile_id  uuid    not null,

  primary key (post_id, profile_id)
);

comment on table private.post_fans is 'The people who count and like, repost, answer or quote a post, without its author. For posts of the last seven days. A deleted post may keep some until then.';
revoke all on private.post_fans from public, anon, authenticated, service_role;

create table private.post_heat (
  post_id   bigint            primary key,
  people    integer           not null check (people > 0),
  score     double precision,
  language  text
);

comment on table  private.post_heat is 'The posts of the last seven days that have fans.';
comment on column private.post_heat.people is 'How many fans the post has.';
comment on column private.post_heat.score is 'The order of trending posts. Null: the post cannot trend. It is limited, or its author is banned or not discoverable.';
comment on column private.post_heat.language is 'The language of the post, without script and region, or null.';
revoke all on private.post_heat from public, anon, authenticated, service_role;

-- The posts with the highest scores, of all and of a language. A trend has at least three people.
create index post_heat_score_idx on private.post_heat (score desc) where score is not null and people >= 3;
create index post_heat_language_score_idx on private.post_heat (language, score desc)
  where score is not null and people >= 3;

-- A post gains as much from ten times as many people as from 12.5 hours.
create function private.heat_score(people integer, post_id bigint)
returns double precision
language sql
immutable
parallel safe
security invoker
return log(greatest(heat_score.people, 1)::double precision)
  + extract(epoch from private.id_time(heat_score.post_id))::double precision / 45000;

comment on function private.heat_score is 'The score of a post with this number of fans.';
revoke all on function private.heat_score (integer, bigint) from public, anon, authenticated, service_role;

-- Refresh --------------------------------------------------------------------

-- Replies, quotes and reposts count if they are open, because everybody may read them.
create function private.is_fan(profile_id uuid, post_id bigint)
returns boolean
language sql
stable
security invoker
return exists (select from private.trust where trust.profile_id = is_fan.profile_id and trust.counts)
  and exists (
    select from public.profiles where profiles.id = is_fan.profile_id and profiles.is_discoverable
  )
  and (
    exists (select from public.likes where likes.user_id = is_fan.profile_id and likes.post_id = is_fan.post_id)
    or exists (
      select from public.posts
      where posts.reply_to_id = is_fan.post_id and posts.author_id = is_fan.profile_id and posts.is_open
    )
    or exists (
      select from public.posts
      where posts.quote_of_id = is_fan.post_id and posts.author_id = is_fan.profile_id and posts.is_open
    )
    or exists (
      select from public.posts
      where posts.repost_of_id = is_fan.post_id and posts.author_id = is_fan.profile_id and posts.is_open
    )
  );

comment on function private.is_fan is 'Whether a person counts, and likes, answers, quotes or reposts a post.';
revoke all on function private.is_fan (uuid, bigint) from public, anon, authenticated, service_role;

create function private.refresh_post_heat(
  at timestamptz, post_ids bigint[], fans private.trend_fan[], most integer
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
declare
  oldest_id bigint := private.first_id(refresh_post_heat.at - interval '168 hours');
begin
  delete from private.post_fans
  where (post_fans.post_id, post_fans.profile_id) in (
    select oldest.post_id, oldest.profile_id
    from private.post_fans as oldest
    where oldest.post_id < oldest_id
    order by oldest.post_id, oldest.profile_id
    limit most
  );
  delete from private.post_heat
  where post_heat.post_id in (
    select oldest.post_id
    from private.post_heat as oldest
    where oldest.post_id < oldest_id
    order by oldest.post_id
    limit most
  );

  with compared as materialized (
    select
      fan.post_id, fan.profile_id,
      known.post_id is not null as was_fan, private.is_fan(fan.profile_id, posts.id) as is_fan
    from unnest(refresh_post_heat.fans) as fan
    left join private.post_fans as known on known.post_id = fan.post_id and known.profile_id = fan.profile_id
    left join public.posts
      on posts.id = fan.post_id and posts.author_id <> fan.profile_id and posts.id >= oldest_id
  ),
  removed as (
    delete from private.post_fans
    using compared
    where compared.was_fan and not compared.is_fan
      and post_fans.post_id = compared.post_id
      and post_fans.profile_id = compared.profile_id
  ),
  added as (
    insert into private.post_fans (post_id, profile_id)
    select compared.post_id, compared.profile_id
    from compared
    where compared.is_fan and not compared.was_fan
  ),
  looked as (
    select changed.post_id, sum(changed.people)::integer as people
    from (
      select wanted.id as post_id, 0 as people
      from unnest(refresh_post_heat.post_ids) as wanted (id)
      union all
      select compared.post_id, compared.is_fan::integer - compared.was_fan::integer
      from compared
      where compared.is_fan <> compared.was_fan
    ) as changed
    group by changed.post_id
  ),
  heat as materialized (
    select
      looked.post_id,
      coalesce(known.people, 0) + looked.people as people,
      posts.id is not null and posts.id >= oldest_id as is_kept,
      posts.is_open and profiles.is_discoverable and not private.is_locked_out(posts.author_id) as is_shown,
      private.trend_language(posts.language) as language
    from looked
    left join private.post_heat as known on known.post_id = looked.post_id
    left join public.posts on posts.id = looked.post_id and posts.repost_of_id is null
    left join public.profiles on profiles.id = posts.author_id
  ),
  forgotten as (
    delete from private.post_heat
    using heat
    where post_heat.post_id = heat.post_id and (heat.people = 0 or not heat.is_kept)
  )
  insert into private.post_heat as known (post_id, people, score, language)
  select
    heat.post_id, heat.people,
    case when heat.is_shown then private.heat_score(heat.people, heat.post_id) end,
    heat.language
  from heat
  where heat.people > 0 and heat.is_kept
  on conflict (post_id) do update
  set people = excluded.people, score = excluded.score, language = excluded.language
  where (known.people, known.score, known.language)
    is distinct from (excluded.people, excluded.score, excluded.language);
end;
$$;

comment on function private.refresh_post_heat is 'Looks at what these people do with posts, and writes the heat of these posts. Deletes up to most rows of each table that are older than seven days.';
revoke all on function private.refresh_post_heat (timestamptz, bigint[], private.trend_fan[], integer) from public, anon, authenticated, service_role;
