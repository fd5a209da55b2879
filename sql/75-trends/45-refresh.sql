/*
 * refresh
 *
 * Brings the tables of this chapter up to a moment. A refresh takes what changed from the queue
 * (15-changes.sql), and what time moved from one window to the next. It never reads the history.
 * It writes in one transaction. So a refresh that is killed changes nothing. Apart from the queue, only
 * refreshes write these tables, one at a time. So they wait for nobody, and nobody waits for them.
 */

-- State ----------------------------------------------------------------------

create table private.trend_state (
  only_row      boolean      primary key default true check (only_row),
  refreshed_at  timestamptz  not null default now(),
  closed_at     timestamptz  not null default date_trunc('hour', now(), 'UTC')
);

comment on table  private.trend_state is 'One row: how far trends are.';
comment on column private.trend_state.refreshed_at is 'The moment of the last refresh. The windows end here.';
comment on column private.trend_state.closed_at is 'The end of the last hour that trend_hours has.';
revoke all on private.trend_state from public, anon, authenticated, service_role;

insert into private.trend_state default values;

-- Posts and likes that were there before the triggers.
insert into private.trend_changes (lane, profile_id)
select 'person', profiles.id
from public.profiles;

-- Refresh --------------------------------------------------------------------

-- With exists(), the planner would read all rows of a table to find that none is too old.
create function private.have_trend_uses_expired(at timestamptz)
returns boolean
language sql
stable
security invoker
return coalesce(
    (select min(trend_uses.post_id) from private.trend_uses)
      < private.first_id(have_trend_uses_expired.at - private.trend_window(4)),
    false
  )
  or coalesce(
    (select min(post_fans.post_id) from private.post_fans)
      < private.first_id(have_trend_uses_expired.at - private.trend_window(4)),
    false
  );

comment on function private.have_trend_uses_expired is 'Whether there are uses or fans of posts that are older than seven days at that time.';
revoke all on function private.have_trend_uses_expired (timestamptz) from public, anon, authenticated, service_role;

-- One step to a moment. Answers whether more is left to do before this moment is complete.
create function private.step_trends(moment timestamptz, batch private.trend_batch, most integer)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  aged private.trend_key[];
begin
  aged := private.aged_trend_voices(moment, most);
  perform private.refresh_trend_counts(
    moment,
    private.refresh_trend_people(private.refresh_trend_uses(moment, batch.post_ids, most)) || aged
  );
  perform private.refresh_post_heat(moment, batch.post_ids, batch.fans, most);

  return batch.has_more or cardinality(aged) >= most or private.have_trend_uses_expired(moment);
end;
$$;

comment on function private.step_trends is 'Looks at a batch of changes, and moves the windows to a moment. True if more is left to do for this moment.';
revoke all on function private.step_trends (timestamptz, private.trend_batch, integer) from public, anon, authenticated, service_role;

/*
 * An hour is closed when everything of it in the lane ordinary was looked at. The lane bulk may
 * be long, and does not delay an hour. After a pause, the hours are closed one after the other,
 * each with the posts that were written before its end.
 *
 * Changes of posts that were written after `at` wait in the queue for a later refresh.
 */
create function private.refresh_trends(at timestamptz default now(), most integer default 20000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_hours constant integer := 24;
  room integer := greatest(refresh_trends.most, 1);
  state private.trend_state;
  target timestamptz;
  moment timestamptz;
  batch private.trend_batch;
  has_more boolean;
  closed integer := 0;
  waiting integer;
begin
  -- The next refresh waits here until this one ends.
  select trend_state.* into state
  from private.trend_state
  for update;
  target := greatest(refresh_trends.at, state.refreshed_at);
  -- From the last refresh on: the hours since then are still open.
  perform private.expand_people(state.refreshed_at, greatest(room / 20, 1));

  loop
    moment := least(target, state.closed_at + interval '1 hour');
    batch := private.take_trend_changes(private.first_id(moment), room);
    room := room - batch.cost;
    has_more := private.step_trends(moment, batch, greatest(refresh_trends.most, 1));
    exit when has_more or moment < state.closed_at + interval '1 hour';

    perform private.close_trend_hour(moment);
    state.closed_at := moment;
    closed := closed + 1;
    exit when closed = most_hours;
  end loop;

  -- The first changes of a database that has posts already are many. The planner must know by then
  -- that these tables are not empty.
  if refresh_trends.most - room >= 1000
    and (select pg_class.reltuples from pg_catalog.pg_class where pg_class.oid = 'private.trend_voices'::regclass) < 1000
  then
    analyze private.trend_uses, private.trend_people, private.trend_voices, private.trend_counts;
  end if;

  update private.trend_state
  set refreshed_at = moment, closed_at = state.closed_at;

  select count(*) into waiting
  from (
    select
    from private.trend_changes
    where trend_changes.lane <> 'person' and trend_changes.post_id < private.first_id(target)
      or trend_changes.lane = 'person'
    limit 100000
  ) as change;
  return greatest(waiting, (has_more or moment < target)::integer);
end;
$$;

comment on function private.refresh_trends is 'Brings trends up to a moment, and looks at changes that cost up to most. Answers how many changes still wait, up to 100,000. Not 0 if the next refresh has something left to do.';
revoke all on function private.refresh_trends (timestamptz, integer) from public, anon, authenticated, service_role;
