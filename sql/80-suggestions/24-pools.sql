/*
 * pools
 *
 * People to suggest when there is no list, or when it ends: those that many people follow, and
 * newcomers. They are trusted, so nobody gets in with made-up accounts. There is a pool for each
 * language that people write in, and one for everybody, whose language is empty.
 */

create table private.suggestion_pools (
  source       smallint  not null check (source in (7, 8)),
  language     text      not null,
  profile_ids  uuid[]    not null check (cardinality(profile_ids) <= 200),

  primary key (source, language)
-- A row of 3.2 kB stays in one piece, as in private.suggestion_lists.
) with (toast_tuple_target = 4080);

comment on table  private.suggestion_pools is 'Newcomers (7) and people that many follow (8), by language. refresh_suggestion_pools() writes it.';
comment on column private.suggestion_pools.language is 'Without a region, as trends have it. Empty: the pool for everybody.';
revoke all on private.suggestion_pools from public, anon, authenticated, service_role;

create function private.usual_language(profile_id uuid)
returns text
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return (
    select mode() within group (order by lower(private.trend_language(written.language)))
    from (
      select posts.language
      from public.posts
      where posts.author_id = usual_language.profile_id
      order by posts.id desc
      limit 20
    ) as written
    where written.language is not null
  );
end;
$$;

comment on function private.usual_language is 'The language of most of the newest 20 posts of somebody, without a region. Null if none of them says it.';
revoke all on function private.usual_language (uuid) from public, anon, authenticated, service_role;

-- It looks at the 5,000 trusted people with the most followers, and at the 1,000 newest of them. Followers
-- are multiplied by trust, as in the search of people. Two refreshes at once would write the same, so the
-- second one does nothing.
create function private.refresh_suggestion_pools()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  since_id bigint := private.first_id(now() - interval '30 days');
  written integer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('suggestion pools', 0)) then
    return 0;
  end if;

  with known as materialized (
    select profiles.id, profiles.created_at, coalesce(counts.followers, 0) as followers, trust.weight
    from private.trust
    join public.profiles on profiles.id = trust.profile_id
    left join private.follow_counts as counts on counts.profile_id = profiles.id
    where trust.weight >= 0.05 and profiles.is_discoverable and profiles.is_private is false
  ),
  candidate as (
    (
      select 8 as source, known.id, (known.followers * known.weight)::bigint as rank
      from known
      where known.followers >= 3
      order by rank desc, known.id
      limit 5000
    )
    union all
    (
      select 7, known.id, extract(epoch from known.created_at)::bigint
      from known
      where known.created_at > now() - interval '14 days'
      order by known.created_at desc, known.id
      limit 1000
    )
  ),
  spoken as materialized (
    select candidate.source, candidate.id, candidate.rank, private.usual_language(candidate.id) as language
    from candidate
    join auth.users on users.id = candidate.id
    where users.deleted_at is null
      and (users.banned_until is null or users.banned_until <= now())
      and (select true from private.activity(candidate.id, since_id))
  ),
  ranked as (
    select
      spoken.source, spoken_by.language, spoken.id,
      row_number() over (partition by spoken.source, spoken_by.language order by spoken.rank desc, spoken.id) as place
    from spoken
    cross join lateral (
      select '' as language
      union all
      select spoken.language
      where spoken.language is not null
    ) as spoken_by
  ),
  pool as materialized (
    select ranked.source, ranked.language, array_agg(ranked.id order by ranked.place) as profile_ids
    from ranked
    where ranked.place <= 200
    group by ranked.source, ranked.language
  ),
  ended as (
    delete from private.suggestion_pools
    where not exists (
      select from pool
      where pool.source = suggestion_pools.source and pool.language = suggestion_pools.language
    )
  )
  insert into private.suggestion_pools (source, language, profile_ids)
  select pool.source, pool.language, pool.profile_ids
  from pool
  on conflict on constraint suggestion_pools_pkey do update
  set profile_ids = excluded.profile_ids
  where suggestion_pools.profile_ids <> excluded.profile_ids;
  get diagnostics written = row_count;
  return written;
end;
$$;

comment on function private.refresh_suggestion_pools is 'Computes the pools, and answers how many changed.';
revoke all on function private.refresh_suggestion_pools () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule(
      'refresh-suggestion-pools', '6-59/10 * * * *',
      'set statement_timeout = ''2min''; select private.refresh_suggestion_pools()'
    );
  end if;
end;
$$;
