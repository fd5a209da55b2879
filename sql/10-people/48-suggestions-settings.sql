/*
 * settings of suggestions
 *
 * Whether somebody wants suggestions of people to follow (80-suggestions). Whether others are
 * told to follow them is profiles.is_discoverable.
 */

create table public.suggestions_settings (
  user_id            uuid     primary key default auth.uid() references public.profiles (id) on delete cascade,
  hides_suggestions  boolean  not null default false
);

comment on table  public.suggestions_settings is 'Your settings of suggestions. Without a row, you get suggestions. Only you see it.';
comment on column public.suggestions_settings.user_id is 'The person. When left out, it is you.';
comment on column public.suggestions_settings.hides_suggestions is 'Whether you want no suggestions. Then suggestions() and people_like() answer nothing, and clients leave them out.';

alter table public.suggestions_settings enable row level security;

create policy "people read their own settings of suggestions"
  on public.suggestions_settings for select
  to authenticated
  using (user_id = (select auth.uid()));

create policy "people set their own settings of suggestions"
  on public.suggestions_settings for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people change their own settings of suggestions"
  on public.suggestions_settings for update
  to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

create policy "people delete their own settings of suggestions"
  on public.suggestions_settings for delete
  to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.suggestions_settings from public, anon, authenticated, service_role;
grant select, delete on public.suggestions_settings to authenticated, service_role;
grant insert (user_id, hides_suggestions) on public.suggestions_settings to authenticated, service_role;
grant update (user_id, hides_suggestions) on public.suggestions_settings to authenticated, service_role;

create function private.hides_suggestions(viewer_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return exists (
    select from public.suggestions_settings
    where suggestions_settings.user_id = hides_suggestions.viewer_id and suggestions_settings.hides_suggestions
  );
end;
$$;

comment on function private.hides_suggestions is 'Whether the viewer wants no suggestions.';
revoke all on function private.hides_suggestions (uuid) from public, anon, authenticated, service_role;
