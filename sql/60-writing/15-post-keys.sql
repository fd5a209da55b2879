/*
 * post keys
 *
 * The answer of a request can get lost after its post was written. So a client may give each
 * post a key, and send the same request again: the post is written once. write_post() is in
 * 20-write-post.sql.
 *
 * The rows need no place in the order of locks (00-foundations/30-turns.sql): each belongs to
 * one person. A request writes it under the person's turn, and holds the profile already.
 */

-- A post has no foreign key here: the key of a deleted post stays. Without it, a repeated
-- request would write the post again.
create table private.post_keys (
  author_id   uuid         not null references public.profiles (id) on delete cascade,
  client_id   uuid         not null,
  post_id     bigint       not null,
  created_at  timestamptz  not null default now(),

  -- The post of a request that is repeated.
  primary key (author_id, client_id)
);

comment on table  private.post_keys is 'The keys that clients gave to their posts, for 30 days.';
comment on column private.post_keys.post_id is 'The post that the first request wrote. It may be deleted by now.';
revoke all on private.post_keys from public, anon, authenticated, service_role;

-- The keys that are too old.
create index post_keys_created_at_idx on private.post_keys (created_at);

create function private.forget_post_keys()
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
    select post_keys.author_id, post_keys.client_id
    from private.post_keys
    where post_keys.created_at < now() - interval '30 days'
    order by post_keys.created_at
    limit 10000
    for update skip locked
  )
  delete from private.post_keys
  using old
  where post_keys.author_id = old.author_id and post_keys.client_id = old.client_id;
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;

comment on function private.forget_post_keys is 'Deletes up to 10,000 keys that are older than 30 days, and answers how many.';
revoke all on function private.forget_post_keys () from public, anon, authenticated, service_role;

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('forget-post-keys', '*/5 * * * *', 'select private.forget_post_keys()');
  end if;
end;
$$;
