/*
 * lists
 *
 * A list is a group of people that its owner puts together. Each list is a feed
 * (30-feeds/30-feeds.sql). Only the owner sees a list, unless it is public. The owner need
 * not follow the people on it, and these see the list only when it is public.
 */

-- Tables ---------------------------------------------------------------------

create table public.lists (
  id          uuid         primary key default gen_random_uuid(),
  owner_id    uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  name        text         not null,
  is_private  boolean      not null default true,
  created_at  timestamptz  not null default now(),

  constraint lists_name_format check (private.rule(
    char_length(name) between 1 and 50 and private.is_name(name),
    'list_name_format', 'A list''s name is one line of 1 to 50 characters, with something to see and without direction marks'
  ))
);

comment on table  public.lists is 'Lists of people, at most 100 for each owner.';
comment on column public.lists.id is 'Random.';
comment on column public.lists.owner_id is 'The person who owns it. When left out, it is you.';
comment on column public.lists.name is '1 to 50 characters, on one line.';
comment on column public.lists.is_private is 'True: only its owner sees the list. False: everybody who may look into the owner''s account sees it.';

-- The lists of an owner.
create index lists_owner_id_idx on public.lists (owner_id);

create table public.list_members (
  list_id     uuid         not null references public.lists (id) on delete cascade,
  profile_id  uuid         not null references public.profiles (id) on delete cascade,
  created_at  timestamptz  not null default now(),

  -- The people on a list.
  primary key (list_id, profile_id)
);

comment on table  public.list_members is 'The people on a list, at most 1,000. If you can read the list and the person''s profile, you can read this.';
comment on column public.list_members.list_id is 'The list.';

-- The rows that are deleted with an account.
create index list_members_profile_id_idx on public.list_members (profile_id);

-- Rules ----------------------------------------------------------------------

-- Definer, because it asks whether the viewer may look into the owner's account.
create function private.sees_list(viewer_id uuid, owner_id uuid, is_private boolean)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return coalesce(sees_list.owner_id = sees_list.viewer_id, false)
    or (not sees_list.is_private and private.looks_into(sees_list.viewer_id, sees_list.owner_id));
end;
$$;

comment on function private.sees_list is 'Whether the viewer sees a list. It is their own, or it is public and they may look into the owner''s account.';
revoke all on function private.sees_list (uuid, uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function private.sees_list (uuid, uuid, boolean) to anon, authenticated;

alter table public.lists enable row level security;
alter table public.list_members enable row level security;

create policy "people read their lists and public lists of accounts they see"
  on public.lists for select
  to anon, authenticated
  using (private.sees_list((select auth.uid()), owner_id, is_private));

create policy "people create lists in their own name"
  on public.lists for insert
  to authenticated
  with check (owner_id = (select auth.uid()));

create policy "people change their own lists"
  on public.lists for update
  to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "people delete their own lists"
  on public.lists for delete
  to authenticated
  using (owner_id = (select auth.uid()));

create policy "people who read a list read its members who are not hidden"
  on public.list_members for select
  to anon, authenticated
  using (
    exists (select from public.lists where lists.id = list_members.list_id)
    and exists (select from public.profiles where profiles.id = list_members.profile_id)
  );

create policy "owners put people on their lists"
  on public.list_members for insert
  to authenticated
  with check (exists (
    select from public.lists
    where lists.id = list_members.list_id and lists.owner_id = (select auth.uid())
  ));

create policy "owners take people off their lists"
  on public.list_members for delete
  to authenticated
  using (
    exists (
      select from public.lists
      where lists.id = list_members.list_id and lists.owner_id = (select auth.uid())
    )
    and exists (select from public.profiles where profiles.id = list_members.profile_id)
  );

revoke all on public.lists, public.list_members from public, anon, authenticated, service_role;
grant select on public.lists, public.list_members to anon, authenticated, service_role;
grant insert (owner_id, name, is_private) on public.lists to authenticated, service_role;
grant update (name, is_private) on public.lists to authenticated, service_role;
grant insert (list_id, profile_id) on public.list_members to authenticated, service_role;
grant delete on public.lists, public.list_members to authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Definer, so that it counts all rows, whether the viewer sees them or not. It counts no lists of others: the
-- policy refuses a list in their name.
create function private.lists_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if new.owner_id = coalesce(auth.uid(), new.owner_id)
    and (select count(*) from public.lists where lists.owner_id = new.owner_id) >= 100
  then
    raise sqlstate 'PT409' using message = 'You have 100 lists already, and cannot have more', detail = 'lists_full';
  end if;
  return new;
end;
$$;

comment on function private.lists_check is 'Refuses more than 100 lists for one person.';
revoke all on function private.lists_check () from public, anon, authenticated, service_role;

create trigger lists_check
  before insert on public.lists
  for each row
  execute function private.lists_check();

create function private.refuse_list()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  raise sqlstate 'PT404' using message = 'There is no such list', detail = 'list_not_found';
end;
$$;

comment on function private.refuse_list is 'Raises the error PT404.';
revoke all on function private.refuse_list () from public, anon, authenticated, service_role;

-- Definer, because nobody may read the blocks of others. A list that the person does not see
-- is answered like a missing one. For a list of another person that they see, it checks
-- nothing. The policy refuses that in any case.
create function private.list_members_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  owner_id uuid;
  is_private boolean;
begin
  select lists.owner_id, lists.is_private into owner_id, is_private
  from public.lists
  where lists.id = new.list_id;
  if owner_id is null
    or (auth.uid() is not null and not private.sees_list(auth.uid(), owner_id, is_private))
  then
    perform private.refuse_list();
  end if;

  if owner_id = coalesce(auth.uid(), owner_id) then
    perform private.find_profile(owner_id, new.profile_id);
    -- Hidden people do not count. Otherwise the owner could tell a block from a deleted account.
    if (
      select count(*)
      from public.list_members
      where list_members.list_id = new.list_id
        and list_members.profile_id <> new.profile_id
        and list_members.profile_id not in (select private.hidden_ids(owner_id))
    ) >= 1000 then
      raise sqlstate 'PT409' using message = 'A list has at most 1,000 people', detail = 'list_full';
    end if;
  end if;
  return new;
end;
$$;

comment on function private.list_members_check is 'Refuses a person who does not exist or who is hidden from the owner, and refuses more than 1,000 people on a list.';
revoke all on function private.list_members_check () from public, anon, authenticated, service_role;

create trigger list_members_check
  before insert on public.list_members
  for each row
  execute function private.list_members_check();

create trigger "Keep_person"
  after insert on public.list_members
  for each row
  execute function private.keep_person();

-- 30-blocks.sql says why its trigger has a capital letter.
create function private.keep_list()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform from public.lists where lists.id = new.list_id for key share skip locked;
  if not found then
    perform private.refuse_list();
  end if;
  return null;
end;
$$;

comment on function private.keep_list is 'Keeps the list of a new member until the transaction ends.';
revoke all on function private.keep_list () from public, anon, authenticated, service_role;

create trigger "Keep_list"
  after insert on public.list_members
  for each row
  execute function private.keep_list();
