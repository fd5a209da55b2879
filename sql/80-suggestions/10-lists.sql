/*
 * suggestion lists
 *
 * For each person, the people that they may want to follow, as the worker computed them
 * (edge-functions/_shared/suggestions). A list holds more people than a page shows, because a list
 * gets old: each person on it is asked about again when the list is read (28-reading.sql).
 */

create type public.suggestion_kind as enum (
  'followed_by', 'follows_you', 'both_follow', 'followed_alongside', 'followers_follow', 'writes_about', 'new_here', 'many_follow'
);
comment on type public.suggestion_kind is 'Why somebody is suggested. followed_by: people you follow follow them. follows_you: they follow you. both_follow: you both follow the same people. followed_alongside: people who follow somebody also follow them. followers_follow: your followers follow them. writes_about: they write about a tag that you follow or write about. new_here: their account is younger than two weeks. many_follow: many people follow them.';

-- A source is the place of its kind in the enum. The worker writes 1 to 7. Only 26-more.sql knows 8.
create table private.suggestion_lists (
  viewer_id    uuid         primary key references public.profiles (id) on delete cascade,
  profile_ids  uuid[]       not null,
  sources      smallint[]   not null,
  scores       real[]       not null,
  computed_at  timestamptz  not null default now(),
  witness_ids  uuid[]       not null default '{}',

  constraint suggestion_lists_length check (
    cardinality(profile_ids) <= 60
    and cardinality(sources) = cardinality(profile_ids)
    and cardinality(scores) = cardinality(profile_ids)
  ),
  constraint suggestion_lists_sources check (sources <@ '{1,2,3,4,5,6,7}'::smallint[]),
  constraint suggestion_lists_scores check (0 <= all (scores)),
  constraint suggestion_lists_witness_ids check (cardinality(witness_ids) <= 36)
-- A row of 2.2 kB stays in one piece, so that reading it looks at one page.
) with (toast_tuple_target = 4080);

comment on table  private.suggestion_lists is 'The people to suggest to somebody, at most 60, the best first. The three arrays belong together.';
comment on column private.suggestion_lists.sources is 'What speaks most for each person: the place in public.suggestion_kind.';
comment on column private.suggestion_lists.computed_at is 'When the list last changed.';
comment on column private.suggestion_lists.witness_ids is 'Three people for each of the first twelve places: somebody the viewer followed, and two people who followed both that person and the one at the place. Null if the source is another one. 25-asking-again.sql asks again whether it is true.';
revoke all on private.suggestion_lists from public, anon, authenticated, service_role;

-- The lock of hold_person() skips an account that is being deleted. So a deletion never waits for
-- somebody who waits for it.
create function private.write_suggestion_list(
  viewer_id uuid, profile_ids uuid[], sources smallint[], scores real[], witness_ids uuid[] default '{}'
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.suggestion_lists (viewer_id, profile_ids, sources, scores, witness_ids)
  select
    write_suggestion_list.viewer_id, write_suggestion_list.profile_ids, write_suggestion_list.sources,
    write_suggestion_list.scores, write_suggestion_list.witness_ids
  from private.hold_person(write_suggestion_list.viewer_id)
  on conflict on constraint suggestion_lists_pkey do update
  set profile_ids = excluded.profile_ids, sources = excluded.sources, scores = excluded.scores, computed_at = now(),
      witness_ids = excluded.witness_ids
  where (suggestion_lists.profile_ids, suggestion_lists.sources, suggestion_lists.witness_ids)
    is distinct from (excluded.profile_ids, excluded.sources, excluded.witness_ids);
  return found;
end;
$$;

comment on function private.write_suggestion_list is 'Replaces the list of somebody, and answers whether it changed. If the people, their order, their sources and the witnesses are the same, or if the account is gone, it writes nothing.';
revoke all on function private.write_suggestion_list (uuid, uuid[], smallint[], real[], uuid[]) from public, anon, authenticated, service_role;
