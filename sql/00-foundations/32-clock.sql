/*
 * clock
 *
 * How long a statement of a person may hold what others need. A client can make a statement last
 * for seconds: it calls a function, and filters the answer with a slow pattern. Without the clock,
 * one member of a group could keep its conversation locked for 8 s, again and again.
 */

-- When the clock runs out, Postgres ends the session, and undoes the transaction. Postgres has no other
-- timeout that begins in the middle of a statement. Those who wait for the same lock came later, so their
-- clocks run out later.
-- Statements without a person have no clock: some of them write rows of many people.
create function private.start_clock(seconds integer)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  setting text;
begin
  if auth.uid() is not null then
    -- A clock that runs keeps its time when the setting changes. So this one stops first.
    setting := set_config('transaction_timeout', '0', true);
    setting := set_config('transaction_timeout', start_clock.seconds || 's', true);
  end if;
end;
$$;

comment on function private.start_clock is 'Ends the session of a person after this time, unless the transaction ends before. Call it before you lock what others need.';
revoke all on function private.start_clock (integer) from public, anon, authenticated, service_role;
