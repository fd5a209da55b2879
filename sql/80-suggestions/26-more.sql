/*
 * more people
 *
 * The people to suggest when a list ends, or when there is none yet: people who follow the viewer,
 * people who write about the viewer's tags, and people that many follow. So somebody who follows
 * nobody gets suggestions too. 28-reading.sql asks the rules about each of them.
 */

create type private.suggestion_candidates as (
  profile_ids  uuid[],
  sources      smallint[],
  witness_ids  uuid[]
);

comment on type   private.suggestion_candidates is 'People, the best first, and the source of each.';
comment on column private.suggestion_candidates.witness_ids is 'Three for each person, as in private.suggestion_lists. Nobody knows those of the people after its end.';

-- Not negative, so that mod() of it is a place.
create function private.suggestion_draw(viewer_id uuid)
returns integer
language sql
stable
security invoker
return hashtext(suggestion_draw.viewer_id::text || private.suggestion_day()::text) & 2147483647;

comment on function private.suggestion_draw is 'A number that is different for each viewer and each day.';
revoke all on function private.suggestion_draw (uuid) from public, anon, authenticated, service_role;

-- A pool is the same for everybody. So each viewer begins at another place of it, and each day.
create function private.pool_part(source smallint, language text, viewer_id uuid, most integer)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  pool uuid[] := (
    select suggestion_pools.profile_ids
    from private.suggestion_pools
    where suggestion_pools.source = pool_part.source and suggestion_pools.language = pool_part.language
  );
  start integer;
begin
  if pool is null then
    return '{}';
  end if;
  start := mod(private.suggestion_draw(viewer_id), cardinality(pool));
  return (pool[start + 1:] || pool[:start])[:most];
end;
$$;

comment on function private.pool_part is 'Some people of a pool. They stay the same for a viewer until the day ends or the pool changes.';
revoke all on function private.pool_part (smallint, text, uuid, integer) from public, anon, authenticated, service_role;

-- First those who write in the viewer's language, then anybody. Without newcomers, nobody asks what the language is.
create function private.newcomers(viewer_id uuid, most integer)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  anybody uuid[] := private.pool_part(7::smallint, '', viewer_id, most);
begin
  if anybody = '{}' then
    return anybody;
  end if;
  return (
    private.pool_part(7::smallint, private.usual_language(viewer_id), viewer_id, 4) || anybody
  )[:most];
end;
$$;

comment on function private.newcomers is 'Newcomers to suggest. They stay the same for a viewer until the day ends or a pool changes.';
revoke all on function private.newcomers (uuid, integer) from public, anon, authenticated, service_role;

-- Of ten tags, the newest 50 posts of each. Trusted people only, so that a tag cannot be flooded by
-- made-up accounts: they take places among the 50, but nobody sees them.
create function private.more_people(viewer_id uuid, tags text[])
returns private.suggestion_candidates
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  language text := private.usual_language(viewer_id);
  followers uuid[] := array(
    select follows.follower_id
    from public.follows
    where follows.followee_id = viewer_id
    order by follows.id desc
    limit 20
  );
  writers uuid[] := array(
    select posts.author_id
    from unnest(more_people.tags[:10]) as wanted (tag)
    cross join lateral (
      select post_tags.post_id
      from public.post_tags
      where post_tags.tag = wanted.tag and post_tags.is_open
      order by post_tags.post_id desc
      limit 50
    ) as tagged
    cross join lateral (
      select * from public.posts where posts.id = tagged.post_id offset 0
    ) as posts
    cross join lateral private.trusted(posts.author_id)
    group by posts.author_id
    order by count(distinct wanted.tag) desc, count(*) desc, max(posts.id) desc
    limit 20
  );
  known uuid[] := private.pool_part(8::smallint, language, viewer_id, 20) || private.pool_part(8::smallint, '', viewer_id, 20);
begin
  return (
    followers || writers || known,
    array_fill(2::smallint, array[cardinality(followers)]) || array_fill(6::smallint, array[cardinality(writers)])
      || array_fill(8::smallint, array[cardinality(known)]),
    '{}'
  )::private.suggestion_candidates;
end;
$$;

comment on function private.more_people is 'At most 80 people to suggest beside a list. tags are those that interest the viewer.';
revoke all on function private.more_people (uuid, text[]) from public, anon, authenticated, service_role;
