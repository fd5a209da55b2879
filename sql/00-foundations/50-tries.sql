/*
 * tries
 *
 * When a job of pg_cron tries again what failed. One thing that fails must not hold up the others. So
 * the job undoes only what it did for that thing, and goes on with the next one.
 */

-- 2 seconds after the first failure, then twice as long each time, up to an hour. After 20 failures
-- (about 10 hours) nobody tries again, until you set due_at to now(). docs/reference/jobs.md says how.
create function private.next_try_at(failures integer)
returns timestamptz
language sql
volatile
security invoker
return case
  when failures < 20 then clock_timestamp() + interval '1 second' * least(3600, 2 ^ failures)
  else 'infinity'
end;

comment on function private.next_try_at is 'When a job tries again what has failed this many times. Infinity after 20 times.';
revoke all on function private.next_try_at (integer) from public, anon, authenticated, service_role;
