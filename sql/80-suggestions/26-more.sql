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

-- A pool is the same for everybody. So each viewer has it in another order, and each day. The place of a person depends on
-- nobody else: somebody who comes to the pool or leaves it moves nobody.
create function private.pool_part(source smallint, language text, viewer_id uuid, most integer)
returns uuid[]
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return array(
    select pooled.id
    from private.suggestion_pools
    cross join unnest(suggestion_pools.profile_ids) as pooled (id)
    where suggestion_pools.source = pool_part.source and suggestion_pools.language = pool_part.language
    order by uuid_hash_extended(pooled.id, private.suggestion_draw(pool_part.viewer_id)), pooled.id
    limit pool_part.most
  );
end;
$$;

comment on function private.pool_part is 'Some people of a pool, in an order that stays the same for a viewer until the day ends.';
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

-- Many popular people, because the viewer may have dismissed or muted the first ones. Usually a page asks about few of them.
--
-- The newest trusted followers among 200: a ring does not hide the others. Of ten tags, the newest 50 posts of each. Trusted people only, so that a tag cannot be flooded by
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
    select newest.follower_id
    from (
      select follows.follower_id, follows.id
      from public.follows
      where follows.followee_id = viewer_id
      order by follows.id desc
      limit 200
    ) as newest
    cross join lateral private.trusted(newest.follower_id)
    order by newest.id desc
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
  known uuid[] := private.pool_part(8::smallint, language, viewer_id, 20) || private.pool_part(8::smallint, '', viewer_id, 100);
begin
  return (
    followers || writers || known,
    array_fill(2::smallint, array[cardinality(followers)]) || array_fill(6::smallint, array[cardinality(writers)])
      || array_fill(8::smallint, array[cardinality(known)]),
    '{}'
  )::private.suggestion_candidates;
end;
$$;

comment on function private.more_people is 'At most 160 people to suggest beside a list. tags are those that interest the viewer.';
revoke all on function private.more_people (uuid, text[]) from public, anon, authenticated, service_role;
