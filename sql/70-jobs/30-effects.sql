/*
 * effects
 *
 * A job may run more than once: its worker is killed, or takes too long, and another one gets it.
 * So each effect has a key. The worker writes the key first, in the transaction of the effect. A
 * second run with the key waits for the first one, and then does nothing.
 */

create table private.job_effects (
  queue    text         not null,
  key      text         not null check (octet_length(key) <= 512),
  done_at  timestamptz  not null default now(),

  primary key (queue, key)
);

comment on table  private.job_effects is 'What jobs have done. Kept for 30 days.';
comment on column private.job_effects.key is 'Names the effect. It is the id of the job, unless the worker chooses another one.';
revoke all on private.job_effects from public, anon, authenticated, service_role;

-- The effects that are too old.
create index job_effects_done_at_idx on private.job_effects (done_at);

create function private.begin_effect(queue text, key text)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  insert into private.job_effects (queue, key)
  values (begin_effect.queue, begin_effect.key)
  on conflict do nothing;
  return found;
end;
$$;

comment on function private.begin_effect is 'Writes the key of an effect down. False if the effect took place already. It waits for a transaction that has the same key.';
revoke all on function private.begin_effect (text, text) from public, anon, authenticated, service_role;
