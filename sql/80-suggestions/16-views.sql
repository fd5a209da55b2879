/*
 * views
 *
 * Which suggestions somebody has seen. The client says so, because reading writes nothing. A person
 * who was seen on five days and is not followed comes later in the list (27-order.sql).
 */

-- One row for a viewer, so that reading looks up one row. The arrays belong together, and the person
-- who was seen last is last.
create table private.suggestion_views (
  viewer_id    uuid        primary key references public.profiles (id) on delete cascade,
  profile_ids  uuid[]      not null,
  days         smallint[]  not null,
  last_days    date[]      not null,

  constraint suggestion_views_length check (
    cardinality(profile_ids) <= 300
    and cardinality(days) = cardinality(profile_ids)
    and cardinality(last_days) = cardinality(profile_ids)
  )
);

comment on table  private.suggestion_views is 'The last 300 people that somebody saw among their suggestions.';
comment on column private.suggestion_views.days is 'On how many days each person was seen.';
comment on column private.suggestion_views.last_days is 'The last of these days.';
revoke all on private.suggestion_views from public, anon, authenticated, service_role;

create function private.suggestion_day()
returns date
language sql
stable
security invoker
return (now() at time zone 'UTC')::date;

comment on function private.suggestion_day is 'The day for which a page of suggestions stays as it is, in UTC.';
revoke all on function private.suggestion_day () from public, anon, authenticated, service_role;

-- Definer, because nobody may write views. A person who does not exist harms nobody: it is only
-- compared with people on the viewer's own list.
create function private.suggestions_seen(profile_ids uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  most constant integer := 300;
  most_days constant smallint := 1000;
  person_id uuid := private.viewer();
  today date := private.suggestion_day();
begin
  if cardinality(suggestions_seen.profile_ids) > 100 then
    raise sqlstate 'PT400' using message = 'A request names at most 100 people', detail = 'too_many_ids';
  end if;
  perform private.take_own_turn(person_id);
  perform private.charge(person_id, 'suggestion', 1);

  insert into private.suggestion_views (viewer_id, profile_ids, days, last_days)
  with known as (
    select view.id, view.days, view.last_day, view.place
    from private.suggestion_views
    cross join unnest(suggestion_views.profile_ids, suggestion_views.days, suggestion_views.last_days)
      with ordinality as view (id, days, last_day, place)
    where suggestion_views.viewer_id = person_id
  ),
  seen as (
    select distinct seen.id
    from unnest(suggestions_seen.profile_ids) as seen (id)
    where seen.id is not null
  ),
  merged as (
    select
      coalesce(known.id, seen.id) as id,
      case
        when seen.id is null or known.last_day = today then known.days
        else least(coalesce(known.days, 0) + 1, most_days)
      end as days,
      case when seen.id is null then known.last_day else today end as last_day,
      known.place
    from known
    full join seen on seen.id = known.id
  ),
  kept as (
    select merged.*
    from merged
    order by merged.last_day desc, merged.place desc nulls first, merged.id
    limit most
  )
  select
    person_id,
    coalesce(array_agg(kept.id order by kept.last_day, kept.place nulls last, kept.id), '{}'),
    coalesce(array_agg(kept.days::smallint order by kept.last_day, kept.place nulls last, kept.id), '{}'),
    coalesce(array_agg(kept.last_day order by kept.last_day, kept.place nulls last, kept.id), '{}')
  from kept
  on conflict on constraint suggestion_views_pkey do update
  set profile_ids = excluded.profile_ids, days = excluded.days, last_days = excluded.last_days;
  -- Somebody who was away for long has no list. They are back.
  perform private.wake_suggestions(person_id);
end;
$$;

comment on function private.suggestions_seen is 'What public.suggestions_seen() does.';
revoke all on function private.suggestions_seen (uuid[]) from public, anon, authenticated, service_role;
grant execute on function private.suggestions_seen (uuid[]) to authenticated;

create function public.suggestions_seen(profile_ids uuid[])
returns void
language sql
volatile
security invoker
return private.suggestions_seen(suggestions_seen.profile_ids);

comment on function public.suggestions_seen is 'Says that you saw these suggestions, at most 100. It counts once a day for each person. Somebody you saw on five days and did not follow comes later in your suggestions from the next day on.';
revoke all on function public.suggestions_seen (uuid[]) from public, anon, authenticated, service_role;
grant execute on function public.suggestions_seen (uuid[]) to authenticated;
