/*
 * seeds
 *
 * The accounts where trust begins. The service role names them. Without any, the oldest accounts
 * are the seeds. edge-functions/_shared/trust/seeds.ts says how many.
 */

-- Table ----------------------------------------------------------------------

create table private.trust_seeds (
  profile_id  uuid         primary key references public.profiles (id) on delete cascade,
  created_at  timestamptz  not null default now()
);

comment on table private.trust_seeds is 'The accounts where trust begins. If there are none, the oldest accounts are the seeds.';
revoke all on private.trust_seeds from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

-- Definer, because nobody may write seeds.
create function private.set_trust_seed(profile_id uuid, is_seed boolean)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
  if not exists (select from public.profiles where profiles.id = set_trust_seed.profile_id) then
    raise sqlstate 'PT404' using message = 'There is no such person', detail = 'profile_not_found';
  end if;
  if is_seed then
    insert into private.trust_seeds (profile_id)
    values (set_trust_seed.profile_id)
    on conflict do nothing;
  else
    delete from private.trust_seeds
    where trust_seeds.profile_id = set_trust_seed.profile_id;
  end if;
end;
$$;

comment on function private.set_trust_seed is 'What public.set_trust_seed() does.';
revoke all on function private.set_trust_seed (uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function private.set_trust_seed (uuid, boolean) to service_role;

create function public.set_trust_seed(profile_id uuid, is_seed boolean default true)
returns void
language sql
volatile
security invoker
begin atomic
  select private.set_trust_seed(set_trust_seed.profile_id, set_trust_seed.is_seed);
end;

comment on function public.set_trust_seed is 'Says that trust begins at an account, or not any more. If there are seeds, only they are seeds, and one of them is enough to vouch for somebody. It takes effect when trust is computed again: within ten minutes, or at 04:23 UTC if there are more than 10,000 people. Only for the service role.';
revoke all on function public.set_trust_seed (uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function public.set_trust_seed (uuid, boolean) to service_role;
