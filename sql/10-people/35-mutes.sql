/*
 * mutes
 *
 * A mute keeps the posts and reposts of somebody out of the home, public, tag and list
 * feeds of the person who mutes. Quotes and reposts do not bring these posts back
 * (30-feeds). Nothing else changes, and the muted person cannot find out.
 */

create table public.mutes (
  muter_id             uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  muted_id             uuid         not null references public.profiles (id) on delete cascade,
  muted_until          timestamptz,
  hides_notifications  boolean      not null default true,
  created_at           timestamptz  not null default now(),
  id                   bigint       not null default private.new_id(),

  -- Whether somebody mutes somebody.
  primary key (muter_id, muted_id),
  constraint mutes_not_oneself check (private.rule(
    muter_id <> muted_id,
    'mute_yourself', 'You cannot mute yourself'
  ))
);

comment on table  public.mutes is 'The people you mute. Their posts and reposts stay out of your feeds. Only you see your mutes.';
comment on column public.mutes.muter_id is 'The person who mutes. When left out, it is you.';
comment on column public.mutes.muted_id is 'The person who is muted.';
comment on column public.mutes.muted_until is 'The end of the mute. Null: it lasts until you delete it.';
comment on column public.mutes.hides_notifications is 'Whether notifications of them are hidden as well.';
comment on column public.mutes.id is 'Made from the time of the mute. muted_people() orders and pages by it.';

-- The mutes that are deleted with an account.
create index mutes_muted_id_idx on public.mutes (muted_id);
-- The people that somebody mutes, newest first.
create index mutes_muter_id_id_idx on public.mutes (muter_id, id desc);

-- In SQL and not a definer, so that the planner puts it into the query around it.
create function private.muted_by(viewer_id uuid)
returns setof uuid
language sql
stable
security invoker
rows 5
begin atomic
  select mutes.muted_id
  from public.mutes
  where mutes.muter_id = muted_by.viewer_id
    and (mutes.muted_until is null or mutes.muted_until > now());
end;

comment on function private.muted_by is 'The people that the viewer mutes now.';
revoke all on function private.muted_by (uuid) from public, anon, authenticated, service_role;

create function private.muted_ids(viewer_id uuid)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = ''
rows 5
as $$
begin
  return query
  select muted.id
  from private.muted_by(muted_ids.viewer_id) as muted (id);
end;
$$;

comment on function private.muted_ids is 'What muted_by() answers.';
revoke all on function private.muted_ids (uuid) from public, anon, authenticated, service_role;

alter table public.mutes enable row level security;

create policy "people read their own mutes of people who are not hidden"
  on public.mutes for select
  to authenticated
  using (
    muter_id = (select auth.uid())
    and muted_id not in (select private.hidden_ids((select auth.uid())))
  );

create policy "people mute others in their own name"
  on public.mutes for insert
  to authenticated
  with check (muter_id = (select auth.uid()));

create policy "people change the mutes that they read"
  on public.mutes for update
  to authenticated
  using (
    muter_id = (select auth.uid())
    and muted_id not in (select private.hidden_ids((select auth.uid())))
  )
  with check (muter_id = (select auth.uid()));

create policy "people delete the mutes that they read"
  on public.mutes for delete
  to authenticated
  using (
    muter_id = (select auth.uid())
    and muted_id not in (select private.hidden_ids((select auth.uid())))
  );

revoke all on public.mutes from public, anon, authenticated, service_role;
grant select, delete on public.mutes to authenticated, service_role;
grant insert (muter_id, muted_id, muted_until, hides_notifications) on public.mutes to authenticated, service_role;
grant update (muter_id, muted_id, muted_until, hides_notifications) on public.mutes to authenticated, service_role;

-- Definer, because nobody may read the blocks of others.
create function private.mutes_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.find_profile(coalesce(auth.uid(), new.muter_id), new.muted_id);
  return new;
end;
$$;

comment on function private.mutes_check is 'Refuses to mute a person who does not exist, or who is hidden.';
revoke all on function private.mutes_check () from public, anon, authenticated, service_role;

create trigger mutes_check
  before insert or update on public.mutes
  for each row
  execute function private.mutes_check();

create trigger "Keep_person"
  after insert or update on public.mutes
  for each row
  execute function private.keep_person();
