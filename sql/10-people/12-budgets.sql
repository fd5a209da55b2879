/*
 * budgets
 *
 * How much one person may do in a minute, an hour and a day.
 * 60-writing/10-turns-and-budgets.sql says what the writes of each table cost.
 * docs/decisions/0006-budgets.md says where the amounts come from.
 *
 * The service role, background jobs and people who are not signed in spend nothing.
 */

-- Tables ---------------------------------------------------------------------

create table private.limits (
  action               text     primary key,
  per_minute           integer  not null check (per_minute >= 0),
  per_hour             integer  not null check (per_hour >= 0),
  per_day              integer  not null check (per_day >= 0),
  newcomer_per_minute  integer  not null check (newcomer_per_minute >= 0),
  newcomer_per_hour    integer  not null check (newcomer_per_hour >= 0),
  newcomer_per_day     integer  not null check (newcomer_per_day >= 0)
);

comment on table private.limits is 'How often a person may do each action. The newcomer amounts are for newcomers: see is_newcomer(). A change here reaches everybody within an hour.';
revoke all on private.limits from public, anon, authenticated, service_role;

insert into private.limits (
  action, per_minute, per_hour, per_day, newcomer_per_minute, newcomer_per_hour, newcomer_per_day
)
values
  ('post',            20,   150,   500,    5,   30,    60),
  ('reply',           20,   200,   800,    6,   40,   100),
  ('quote',           10,    60,   300,    3,   15,    40),
  ('repost',          30,   300,  1000,   10,   60,   150),
  ('edit',            20,   100,   300,   10,   50,   100),
  ('like',            60,   600,  3000,   20,  150,   400),
  ('bookmark',        60,   600,  3000,   30,  200,   500),
  ('draft',           60,   600,  3000,   30,  300,  1000),
  ('follow',          30,   100,   400,   10,   40,    80),
  ('follow_request',  20,    60,   200,    5,   20,    40),
  ('tag_follow',      30,   100,   300,   30,   60,   100),
  ('block',          100,  1000,  3000,   50,  200,   500),
  ('mute',           100,  1000,  3000,   50,  200,   500),
  ('list',            10,    60,   200,    5,   20,    40),
  ('list_member',    100,  1000,  3000,  100,  200,   400),
  ('profile',         10,    60,   200,   10,   30,    60),
  ('privacy',          2,     5,    10,    2,    3,     5),
  ('metadata',         5,    20,    50,    5,   10,    20),
  ('setting',         60,   300,  1000,   60,  300,  1000),
  ('mark_read',      120,  2000, 20000,  120, 2000, 20000),
  ('suggestion',      60,   600,  3000,   60,  600,  3000),
  ('message',        120,  2000, 10000,   20,  200,   600),
  ('message_edit',    60,   600,  3000,   20,  200,   600),
  ('reaction',       120,  1500,  6000,   30,  300,  1000),
  ('conversation',    20,   100,   300,    5,   20,    40),
  ('membership',     600,  2000,  5000,   60,  200,   500),
  ('search',          60,  1000,  5000,   40,  300,  1000);

create table private.limit_overrides (
  profile_id  uuid     not null references public.profiles (id) on delete cascade,
  action      text     not null,
  per_minute  integer  not null check (per_minute >= 0),
  per_hour    integer  not null check (per_hour >= 0),
  per_day     integer  not null check (per_day >= 0),

  primary key (profile_id, action)
);

comment on table private.limit_overrides is 'Other amounts for one person, larger or smaller. set_limits() writes them.';
revoke all on private.limit_overrides from public, anon, authenticated, service_role;

-- A minute begins with the first action in it and ends 60 seconds later. Hours and days
-- work the same way. The allowed amounts are copied here for an hour, so a write within
-- the budget updates one row and reads no other row. Every page keeps free space: there
-- Postgres can put the new version of a row, and need not write to the index.
-- There is no foreign key, because it could cause a deadlock. A write locks its row of
-- usage before the profile. Deleting an account locks the profile first
-- (profiles_end_usage).
create table private.usage (
  profile_id     uuid         not null,
  action         text         not null,
  minute_used    integer      not null default 0,
  minute_until   timestamptz  not null default now(),
  hour_used      integer      not null default 0,
  hour_until     timestamptz  not null default now(),
  day_used       integer      not null default 0,
  day_until      timestamptz  not null default now(),
  per_minute     integer      not null,
  per_hour       integer      not null,
  per_day        integer      not null,
  amounts_until  timestamptz  not null,

  primary key (profile_id, action)
) with (fillfactor = 50);

comment on table private.usage is 'How often a person did an action in the current minute, hour and day. One row for each person and action.';
revoke all on private.usage from public, anon, authenticated, service_role;

-- In plpgsql, because 73-trust comes later.
create function private.is_newcomer(profile_id uuid, created_at timestamptz)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return is_newcomer.created_at > now() - interval '24 hours'
    or (is_newcomer.created_at > now() - interval '168 hours' and private.trust_of(is_newcomer.profile_id) = 0);
end;
$$;

comment on function private.is_newcomer is 'Whether an account is younger than a day, or younger than seven days and nobody trusted has had to do with it.';
revoke all on function private.is_newcomer (uuid, timestamptz) from public, anon, authenticated, service_role;

create view private.allowances
with (security_invoker = on)
as
select
  profiles.id as profile_id,
  limits.action,
  coalesce(own.per_minute, case when account.is_new then limits.newcomer_per_minute else limits.per_minute end)
    as per_minute,
  coalesce(own.per_hour, case when account.is_new then limits.newcomer_per_hour else limits.per_hour end)
    as per_hour,
  coalesce(own.per_day, case when account.is_new then limits.newcomer_per_day else limits.per_day end)
    as per_day
from public.profiles
cross join private.limits
cross join lateral (select private.is_newcomer(profiles.id, profiles.created_at)) as account (is_new)
left join private.limit_overrides as own on own.profile_id = profiles.id and own.action = limits.action;

comment on view private.allowances is 'How often each person may do each action: their own amounts, or the amounts for newcomers or for everybody else.';
revoke all on private.allowances from public, anon, authenticated, service_role;

-- Definer, because nobody may write usage. This function skips a row that is locked:
-- waiting for it could cause a deadlock. forget_usage() deletes that row later.
create function private.profiles_end_usage()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  delete from private.usage
  where usage.profile_id = old.id and usage.action in (
    select free.action
    from private.usage as free
    where free.profile_id = old.id
    for update skip locked
  );
  return old;
end;
$$;

comment on function private.profiles_end_usage is 'Deletes the usage of a person when their account is deleted.';
revoke all on function private.profiles_end_usage () from public, anon, authenticated, service_role;

create trigger profiles_end_usage
  before delete on public.profiles
  for each row
  execute function private.profiles_end_usage();

create function private.forget_usage()
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  forgotten integer;
begin
  with old as (
    select usage.profile_id, usage.action
    from private.usage
    where usage.day_until < now()
    limit 100000
    for update skip locked
  )
  delete from private.usage
  using old
  where usage.profile_id = old.profile_id and usage.action = old.action;
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

comment on function private.forget_usage is 'Deletes up to 100,000 rows of usage whose day is over, and answers how many it deleted.';
revoke all on function private.forget_usage () from public, anon, authenticated, service_role;

-- Spending -------------------------------------------------------------------

-- PostgREST sends headers with an error only if its code is PGRST. Auth does not know that
-- code. So Auth, and every other caller without a person, gets PT429.
create function private.refuse_rate(action text, resets_at timestamptz)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  refusal text := format('You did this too often for now (%s)', refuse_rate.action);
  -- Rounded up, so that a person who waits until then is not refused again.
  from_when text := to_char(
    date_trunc('second', refuse_rate.resets_at + interval '999999 microseconds') at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS"Z"'
  );
  seconds integer := greatest(1, ceil(extract(epoch from refuse_rate.resets_at - clock_timestamp())));
begin
  if auth.uid() is null then
    raise sqlstate 'PT429' using message = refusal, detail = 'rate_limited', hint = from_when;
  end if;
  raise sqlstate 'PGRST' using
    message = jsonb_build_object('code', 'PT429', 'message', refusal, 'details', 'rate_limited', 'hint', from_when),
    detail = jsonb_build_object('status', 429, 'headers', jsonb_build_object('Retry-After', seconds::text));
end;
$$;

comment on function private.refuse_rate is 'Raises the error PT429: the budget for an action is used up until a time.';
revoke all on function private.refuse_rate (text, timestamptz) from public, anon, authenticated, service_role;

-- The row of usage stays locked until the end of the transaction. If two requests want
-- the last unit, the second waits, and is refused.
-- A person can have a valid token and no profile, because their account was deleted. They
-- spend nothing here. take_turn() refuses what they write.
create function private.charge(profile_id uuid, action text, amount integer)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  used private.usage;
  left_over integer;
begin
  loop
    update private.usage
    set minute_used = charge.amount + case when minute_until > now() then minute_used else 0 end,
        minute_until = case when minute_until > now() then minute_until else now() + interval '1 minute' end,
        hour_used = charge.amount + case when hour_until > now() then hour_used else 0 end,
        hour_until = case when hour_until > now() then hour_until else now() + interval '1 hour' end,
        day_used = charge.amount + case when day_until > now() then day_used else 0 end,
        day_until = case when day_until > now() then day_until else now() + interval '1 day' end
    where usage.profile_id = charge.profile_id and usage.action = charge.action and amounts_until > now()
    returning least(per_minute - minute_used, per_hour - hour_used, per_day - day_used) into left_over;
    exit when found;

    insert into private.usage (profile_id, action, per_minute, per_hour, per_day, amounts_until)
    select allowances.*, now() + interval '1 hour'
    from private.allowances
    where allowances.profile_id = charge.profile_id and allowances.action = charge.action
    on conflict on constraint usage_pkey do update
    set per_minute = excluded.per_minute, per_hour = excluded.per_hour, per_day = excluded.per_day,
        amounts_until = excluded.amounts_until;
    if not found then
      return 2147483647;
    end if;
  end loop;
  if left_over >= 0 then
    return left_over;
  end if;

  select usage.* into used
  from private.usage
  where usage.profile_id = charge.profile_id and usage.action = charge.action;
  perform private.refuse_rate(action, case
    when used.day_used > used.per_day then used.day_until
    when used.hour_used > used.per_hour then used.hour_until
    else used.minute_until
  end);
end;
$$;

comment on function private.charge is 'Takes an amount off a person''s budget for an action, and answers how much is left. If too little is left, it raises the error PT429.';
revoke all on function private.charge (uuid, text, integer) from public, anon, authenticated, service_role;

-- Definer, because nobody may write budgets. A crash may lose the last counts, which harms
-- nobody. So a request that writes nothing else does not wait for the disk.
create function private.spend(action text)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if auth.uid() is not null then
    perform set_config('synchronous_commit', 'off', true);
    perform private.charge(auth.uid(), action, 1);
  end if;
end;
$$;

comment on function private.spend is 'Takes one off the viewer''s budget, for a function that only reads. A viewer who is not signed in spends nothing. The calling function must be volatile.';
revoke all on function private.spend (text) from public, anon, authenticated, service_role;
grant execute on function private.spend (text) to anon, authenticated;

-- API ------------------------------------------------------------------------

create type public.limited_action as enum (
  'post', 'reply', 'quote', 'repost', 'edit', 'like', 'bookmark', 'draft', 'follow', 'follow_request',
  'tag_follow', 'block', 'mute', 'list', 'list_member', 'profile', 'privacy', 'metadata', 'setting', 'mark_read', 'message',
  'message_edit', 'reaction', 'conversation', 'membership', 'search', 'suggestion'
);
comment on type public.limited_action is 'The actions that have a budget: those of private.limits.';

create type public.budget_period as enum ('minute', 'hour', 'day');
comment on type public.budget_period is 'The times for which a budget holds.';

create type public.allowance as (
  action     public.limited_action,
  allowed    integer,
  per        public.budget_period,
  "left"     integer,
  resets_at  timestamptz
);

comment on type public.allowance is 'How often you may do an action. per is minute, hour or day: the one with the least left.';
comment on column public.allowance.resets_at is 'When all of it is there again. Null when you used nothing.';

-- Definer, because nobody may read the tables of budgets.
create function private.my_limits()
returns setof public.allowance
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
begin
  return query
  select distinct on (allowances.action)
    allowances.action::public.limited_action, span.allowed, span.per::public.budget_period,
    greatest(0, span.allowed - case when span.until > now() then span.used else 0 end),
    case when span.until > now() then span.until end
  from private.allowances
  left join private.usage on usage.profile_id = allowances.profile_id and usage.action = allowances.action
  cross join lateral (
    values
      ('minute', allowances.per_minute, usage.minute_used, usage.minute_until),
      ('hour', allowances.per_hour, usage.hour_used, usage.hour_until),
      ('day', allowances.per_day, usage.day_used, usage.day_until)
  ) as span (per, allowed, used, until)
  where allowances.profile_id = (select private.viewer())
  -- If two have the same left, take the one that resets later.
  order by allowances.action, 4, span.until desc nulls last;
end;
$$;

comment on function private.my_limits is 'What public.limits() answers.';
revoke all on function private.my_limits () from public, anon, authenticated, service_role;
grant execute on function private.my_limits () to authenticated;

create function public.limits()
returns setof public.allowance
language sql
stable
security invoker
rows 20
begin atomic
  select mine.*
  from private.my_limits() as mine;
end;

comment on function public.limits is 'Your budget. For each action: how often you may do it, how often is left, and when all of it is there again (null: you used nothing).';
revoke all on function public.limits () from public, anon, authenticated, service_role;
grant execute on function public.limits () to authenticated;

-- Definer, because the service role may not write the table of overrides.
create function private.set_limits(
  profile_id uuid, per_minute integer, per_hour integer, per_day integer, action text
)
returns integer
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  changed integer;
begin
  -- The locks of the person's own writes, in their order (00-foundations/30-turns.sql).
  perform pg_advisory_xact_lock(private.queue_key('blocks', profile_id));
  perform private.take_turns(profile_id);
  perform
  from public.profiles
  where profiles.id = set_limits.profile_id
  for key share;
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;

  if num_nulls(per_minute, per_hour, per_day) = 3 then
    delete from private.limit_overrides
    where limit_overrides.profile_id = set_limits.profile_id
      and (set_limits.action is null or limit_overrides.action = set_limits.action);
  else
    insert into private.limit_overrides (profile_id, action, per_minute, per_hour, per_day)
    select
      set_limits.profile_id, limits.action, set_limits.per_minute, set_limits.per_hour, set_limits.per_day
    from private.limits
    where set_limits.action is null or limits.action = set_limits.action
    on conflict on constraint limit_overrides_pkey do update
    set per_minute = excluded.per_minute, per_hour = excluded.per_hour, per_day = excluded.per_day;
  end if;
  get diagnostics changed = row_count;

  -- The copied amounts end now. So the new amounts hold at once, and not in an hour.
  update private.usage
  set amounts_until = '-infinity'
  where usage.profile_id = set_limits.profile_id;
  return changed;
end;
$$;

comment on function private.set_limits is 'What public.set_limits() does.';
revoke all on function private.set_limits (uuid, integer, integer, integer, text)
  from public, anon, authenticated, service_role;
grant execute on function private.set_limits (uuid, integer, integer, integer, text) to service_role;

create function public.set_limits(
  profile_id uuid,
  per_minute integer default null,
  per_hour integer default null,
  per_day integer default null,
  action public.limited_action default null
)
returns integer
language sql
volatile
security invoker
return private.set_limits(
  set_limits.profile_id, set_limits.per_minute, set_limits.per_hour, set_limits.per_day, set_limits.action::text
);

comment on function public.set_limits is 'Gives one person other amounts for an action. Without an action, it is every action. Without amounts, the person has the usual ones again. Answers how many actions changed. For the service role.';
revoke all on function public.set_limits (uuid, integer, integer, integer, public.limited_action)
  from public, anon, authenticated, service_role;
grant execute on function public.set_limits (uuid, integer, integer, integer, public.limited_action) to service_role;
