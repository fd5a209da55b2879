/*
 * everybody
 *
 * How a long-lived worker (edge-functions/jobs/everybody.ts) computes the lists of all people whose day
 * is over, in one pass. One worker at a time has the pass. A pass that ends early loses nothing:
 * whose list was not written is still due.
 */

-- Table ----------------------------------------------------------------------

create table private.suggestion_pass (
  is_only       boolean      primary key default true check (is_only),
  worker_id     uuid,
  leased_until  timestamptz  not null default '-infinity',
  began_at      timestamptz,
  ended_at      timestamptz,
  people        bigint       not null default 0,
  written       bigint       not null default 0,
  failed        bigint       not null default 0,
  mutual_share  real
);

comment on table  private.suggestion_pass is 'The last pass over everybody. One row.';
comment on column private.suggestion_pass.worker_id is 'The worker that has the pass. Null if none has.';
comment on column private.suggestion_pass.leased_until is 'Another worker may take the pass after this. Each batch makes it longer.';
comment on column private.suggestion_pass.people is 'How many lists the pass has computed.';
comment on column private.suggestion_pass.written is 'How many of them were new, and were written.';
comment on column private.suggestion_pass.failed is 'How many could not be written. They are tried again the next day.';
comment on column private.suggestion_pass.mutual_share is 'The share of follows whose followee follows back, from 0 to 1, as the last pass measured it. Null if no pass ever ran.';
revoke all on private.suggestion_pass from public, anon, authenticated, service_role;
insert into private.suggestion_pass default values;

-- The weights of the ranking depend on this share. Without a pass, it is estimated from the follows of
-- about ten pages. The sample is the same at each call, so that lists stay as they are. A small town
-- is read whole, as a pass does.
create function private.mutual_share()
returns real
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  pages constant float8 := pg_relation_size('public.follows') / current_setting('block_size')::float8;
begin
  return coalesce(
    (select suggestion_pass.mutual_share from private.suggestion_pass),
    (
      select avg((back.is_there is true)::integer)
      from (
        select follows.follower_id, follows.followee_id
        from public.follows tablesample system (100 * least(1, 10 / greatest(pages, 1))) repeatable (1)
        limit 2000
      ) as sample
      cross join lateral (
        select (
          select true from public.follows
          where follows.follower_id = sample.followee_id and follows.followee_id = sample.follower_id
        ) as is_there
      ) as back
    ),
    0
  );
end;
$$;

comment on function private.mutual_share is 'The share of follows whose followee follows back, from 0 to 1: of the last pass, or of about 1,000 follows.';
revoke all on function private.mutual_share () from public, anon, authenticated, service_role;

-- A pass ---------------------------------------------------------------------

-- A pass reads all follows. For a few people, the jobs of send_suggestions() are cheaper.
create function private.are_suggestions_due(enough integer)
returns boolean
language sql
stable
security invoker
return are_suggestions_due.enough <= (
  select count(*)
  from (
    select
    from private.suggestion_turns
    where suggestion_turns.due_at <= now()
    limit are_suggestions_due.enough
  ) as first
);

comment on function private.are_suggestions_due is 'Whether at least this number of people are due.';
revoke all on function private.are_suggestions_due (integer) from public, anon, authenticated, service_role;

create function private.begin_suggestion_pass(worker_id uuid, enough integer)
returns timestamptz
language sql
volatile
security invoker
begin atomic
  update private.suggestion_pass
  set worker_id = begin_suggestion_pass.worker_id, leased_until = now() + interval '5 minutes',
      began_at = now(), ended_at = null, people = 0, written = 0, failed = 0
  where suggestion_pass.leased_until < now() and private.are_suggestions_due(begin_suggestion_pass.enough)
  returning suggestion_pass.began_at;
end;

comment on function private.begin_suggestion_pass is 'Takes the pass, if at least this number of people are due and no other worker has it. Answers when it began, or null.';
revoke all on function private.begin_suggestion_pass (uuid, integer) from public, anon, authenticated, service_role;

create function private.end_suggestion_pass(worker_id uuid)
returns void
language sql
volatile
security invoker
begin atomic
  update private.suggestion_pass
  set worker_id = null, leased_until = '-infinity', ended_at = clock_timestamp()
  where suggestion_pass.worker_id = end_suggestion_pass.worker_id;
end;

comment on function private.end_suggestion_pass is 'Gives the pass back.';
revoke all on function private.end_suggestion_pass (uuid) from public, anon, authenticated, service_role;

-- Writing --------------------------------------------------------------------

/*
 * The worker has copied a batch into the temporary table computed_suggestions. A person who got a job
 * after the pass began has a newer list, so theirs is not written. Profiles are locked first, as a
 * deletion does, and an account that is being deleted is left out. Then turns, so nobody is sent a
 * job meanwhile. Everything goes in the order of ids. A list that is equal to the old one is not in the table: the
 * worker knows the fingerprints. It names these people in `same_ids`.
 */
create function private.write_computed_suggestions(worker_id uuid, began_at timestamptz, same_ids uuid[])
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  held_ids uuid[];
  written_now integer;
begin
  held_ids := array(
    select profiles.id
    from public.profiles
    where profiles.id in (select computed.viewer_id from pg_temp.computed_suggestions as computed)
    order by profiles.id
    for key share skip locked
  );
  perform
  from private.suggestion_turns
  where suggestion_turns.profile_id = any (held_ids || same_ids)
  order by suggestion_turns.profile_id
  for no key update;

  update private.suggestion_turns
  set due_at = write_computed_suggestions.began_at + interval '1 day'
  where suggestion_turns.profile_id = any (same_ids)
    and suggestion_turns.due_at <= write_computed_suggestions.began_at
    and suggestion_turns.changed_at is null;

  with taken as (
    update private.suggestion_turns
    set due_at = write_computed_suggestions.began_at + interval '1 day', fingerprint = computed.fingerprint
    from pg_temp.computed_suggestions as computed
    where suggestion_turns.profile_id = computed.viewer_id
      and computed.viewer_id = any (held_ids)
      and suggestion_turns.due_at <= write_computed_suggestions.began_at
      and suggestion_turns.changed_at is null
    returning computed.viewer_id, computed.profile_ids, computed.sources, computed.scores, computed.witness_ids
  )
  insert into private.suggestion_lists (viewer_id, profile_ids, sources, scores, computed_at, witness_ids)
  select taken.viewer_id, taken.profile_ids, taken.sources, taken.scores, now(), taken.witness_ids
  from taken
  order by taken.viewer_id
  on conflict (viewer_id) do update
  set profile_ids = excluded.profile_ids, sources = excluded.sources, scores = excluded.scores,
      computed_at = excluded.computed_at, witness_ids = excluded.witness_ids
  where (suggestion_lists.profile_ids, suggestion_lists.sources, suggestion_lists.witness_ids)
    is distinct from (excluded.profile_ids, excluded.sources, excluded.witness_ids);
  get diagnostics written_now = row_count;

  update private.suggestion_pass
  set people = suggestion_pass.people + cardinality(same_ids) + computed.amount,
      written = suggestion_pass.written + written_now,
      leased_until = now() + interval '5 minutes'
  from (select count(*) as amount from pg_temp.computed_suggestions) as computed
  where suggestion_pass.worker_id = write_computed_suggestions.worker_id;
  if not found then
    raise exception 'Another worker has taken the pass' using errcode = 'object_not_in_prerequisite_state';
  end if;
  return written_now;
end;
$$;

comment on function private.write_computed_suggestions is 'Writes the lists of a batch, and says that everybody in it had their turn. Answers how many lists were new.';
revoke all on function private.write_computed_suggestions (uuid, timestamptz, uuid[]) from public, anon, authenticated, service_role;

create function private.skip_computed_suggestions(worker_id uuid, began_at timestamptz, profile_id uuid)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  update private.suggestion_turns
  set due_at = skip_computed_suggestions.began_at + interval '1 day'
  where suggestion_turns.profile_id = skip_computed_suggestions.profile_id;
  update private.suggestion_pass
  set failed = suggestion_pass.failed + 1
  where suggestion_pass.worker_id = skip_computed_suggestions.worker_id;
end;
$$;

comment on function private.skip_computed_suggestions is 'Says that the list of a person could not be written. It is tried again the next day.';
revoke all on function private.skip_computed_suggestions (uuid, timestamptz, uuid) from public, anon, authenticated, service_role;
