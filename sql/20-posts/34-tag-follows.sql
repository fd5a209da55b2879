/*
 * tag follows
 *
 * The tags that people follow. Posts with these tags are in the home feed (30-feeds), also
 * posts by strangers. The rules for the names of tags are in 10-text.sql.
 */

create table public.tag_follows (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  tag         text         not null,
  created_at  timestamptz  not null default now(),

  -- The tags that somebody follows.
  primary key (user_id, tag)
);

comment on table  public.tag_follows is 'The tags that people follow, at most 100 each. Posts with them are in your home feed. Only you see which tags you follow.';
comment on column public.tag_follows.user_id is 'The person who follows. When left out, it is you.';
comment on column public.tag_follows.tag is 'You may write it with the sign or without, in any case. It is kept in lower case and without the sign.';
alter table public.tag_follows enable row level security;

create policy "people read the tags they follow"
  on public.tag_follows for select
  to authenticated
  using (user_id = (select auth.uid()));

create policy "people follow tags in their own name"
  on public.tag_follows for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people unfollow tags in their own name"
  on public.tag_follows for delete
  to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.tag_follows from public, anon, authenticated, service_role;
grant select, delete on public.tag_follows to authenticated, service_role;
grant insert (user_id, tag) on public.tag_follows to authenticated, service_role;

create function private.tag_follows_check()
returns trigger
language plpgsql
security invoker
set search_path = ''
as $$
begin
  new.tag := private.tag_name(new.tag);
  if new.tag is null then
    raise sqlstate 'PT400' using
      message = 'A tag has letters, digits and underscores, and at least one letter', detail = 'tag_format';
  elsif (
    select count(*)
    from public.tag_follows
    where tag_follows.user_id = new.user_id and tag_follows.tag <> new.tag
  ) >= 100 then
    raise sqlstate 'PT409' using message = 'You follow 100 tags already, and cannot follow more', detail = 'tag_follows_full';
  end if;
  return new;
end;
$$;

comment on function private.tag_follows_check is 'Writes a tag as posts have it, and refuses more than 100 tags for one person.';
revoke all on function private.tag_follows_check () from public, anon, authenticated, service_role;

create trigger tag_follows_check
  before insert on public.tag_follows
  for each row
  execute function private.tag_follows_check();
