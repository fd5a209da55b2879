/*
 * hours
 *
 * How many people used a term at the end of each hour. It never changes afterwards. The
 * score of a trend compares a term with its hours of the last weeks.
 */

create table private.trend_hours (
  kind         public.trend_kind  not null,
  term         text                not null,
  ended_at     timestamptz         not null,
  in_hour      integer             not null,
  in_half_day  integer             not null,
  in_day       integer             not null,
  in_week      integer             not null,

  -- The past of a term.
  primary key (kind, term, ended_at)
);

comment on table  private.trend_hours is 'The counts of the terms at the end of each hour, for 57 days. A term with fewer than three people in the last 24 hours has no row. The network always has one.';
comment on column private.trend_hours.ended_at is 'The end of the hour.';
comment on column private.trend_hours.in_hour is 'In the last hour.';
comment on column private.trend_hours.in_half_day is 'In the last 12 hours.';
comment on column private.trend_hours.in_day is 'In the last 24 hours.';
comment on column private.trend_hours.in_week is 'In the last seven days.';
revoke all on private.trend_hours from public, anon, authenticated, service_role;

-- The hours that are too old.
create index trend_hours_ended_at_idx on private.trend_hours (ended_at);

create function private.close_trend_hour(ended_at timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.trend_hours (kind, term, ended_at, in_hour, in_half_day, in_day, in_week)
  select
    trend_counts.kind, trend_counts.term, close_trend_hour.ended_at,
    trend_counts.in_hour, trend_counts.in_half_day, trend_counts.in_day, trend_counts.in_week
  from private.trend_counts
  where trend_counts.in_day >= 3 and trend_counts.term <> ''
  union all
  select
    network.kind, '', close_trend_hour.ended_at,
    coalesce(trend_counts.in_hour, 0), coalesce(trend_counts.in_half_day, 0),
    coalesce(trend_counts.in_day, 0), coalesce(trend_counts.in_week, 0)
  from unnest(enum_range(null::public.trend_kind)) as network (kind)
  left join private.trend_counts on trend_counts.kind = network.kind and trend_counts.term = '';

  delete from private.trend_hours
  where trend_hours.ended_at <= close_trend_hour.ended_at - interval '1368 hours';
end;
$$;

comment on function private.close_trend_hour is 'Writes the counts of this moment as the end of an hour, and deletes the hour of 57 days ago.';
revoke all on function private.close_trend_hour (timestamptz) from public, anon, authenticated, service_role;
