/*
 * thread mutes
 *
 * A person who mutes a thread is not notified of what happens in it
 * (55-notifications/30-rules.sql). Nothing else changes, and nobody else can find out.
 */

create table public.thread_mutes (
  user_id     uuid         not null default auth.uid() references public.profiles (id) on delete cascade,
  post_id     bigint       not null,
  thread_id   bigint       not null,
  created_at  timestamptz  not null default now(),

  -- The threads that somebody mutes.
  primary key (user_id, post_id)
);

comment on table  public.thread_mutes is 'The threads you mute: a row with any post of the thread. You are not notified of what happens in it. Insert to mute, delete to end it. Only you see your mutes.';
comment on column public.thread_mutes.user_id is 'The person who mutes. When left out, it is you.';
comment on column public.thread_mutes.post_id is 'A post of the thread. It may be deleted by now.';
comment on column public.thread_mutes.thread_id is 'The post at the top of the thread.';

-- Whether somebody mutes a thread.
create index thread_mutes_user_id_thread_id_idx on public.thread_mutes (user_id, thread_id);

alter table public.thread_mutes enable row level security;

create policy "people read their own muted threads"
  on public.thread_mutes for select
  to authenticated
  using (user_id = (select auth.uid()));

create policy "people mute threads in their own name"
  on public.thread_mutes for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people delete their own muted threads"
  on public.thread_mutes for delete
  to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.thread_mutes from public, anon, authenticated, service_role;
grant select, delete on public.thread_mutes to authenticated, service_role;
grant insert (user_id, post_id) on public.thread_mutes to authenticated, service_role;

-- Definer, because it looks up a post that the person may not see.
create function private.thread_mutes_check()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  post public.posts := private.find_post(coalesce(auth.uid(), new.user_id), new.post_id);
begin
  new.post_id := post.id;
  new.thread_id := coalesce(post.thread_id, post.id);
  return new;
end;
$$;

comment on function private.thread_mutes_check is 'Refuses to mute the thread of a post that the person does not see, and finds the top of the thread.';
revoke all on function private.thread_mutes_check () from public, anon, authenticated, service_role;

create trigger thread_mutes_check
  before insert on public.thread_mutes
  for each row
  execute function private.thread_mutes_check();

create trigger "Keep_post"
  after insert on public.thread_mutes
  for each row
  execute function private.keep_post();
