/*
 * turns and budgets
 *
 * What a person needs to write to a table: their turn (00-foundations/30-turns.sql), at
 * most 100 rows in a statement, and enough budget (10-people/12-budgets.sql). Inserts and
 * updates spend the budget. Deletes are free. Inserting a deleted row again is not free.
 */

-- Functions ------------------------------------------------------------------

-- take_turn() spends for the first row of a statement and learns how many more rows fit.
-- The trigger does not call this function for those rows. settle() spends for them at the
-- end. So a statement within the budget updates its row of usage once or twice.
-- The first row that does not fit calls this function, which ends the statement with an
-- error. The turn keeps the person's other requests away from the budget meanwhile.
-- Definer, because nobody may write budgets.
create function private.afford()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  rows_so_far integer := current_setting('plaza.' || lower(tg_op) || '_rows');
begin
  if rows_so_far > 100 then
    raise sqlstate 'PT400' using message = 'A request writes at most 100 rows', detail = 'too_many_rows';
  end if;
  perform private.charge(auth.uid(), tg_argv[0], rows_so_far - 1);
  return new;
end;
$$;

comment on function private.afford is 'Refuses the 101st row of a person''s statement, and the first row over their budget. Its argument is the action.';
revoke all on function private.afford () from public, anon, authenticated, service_role;

-- Definer, because nobody may write budgets.
create function private.settle()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  rows_written integer := (select count(*) from written);
begin
  if pg_trigger_depth() = 1 and auth.uid() is not null and rows_written > 1 then
    perform private.charge(auth.uid(), tg_argv[0], rows_written - 1);
  end if;
  return null;
end;
$$;

comment on function private.settle is 'Spends for the rows of a statement, except the first. take_turn() spent for that one.';
revoke all on function private.settle () from public, anon, authenticated, service_role;

-- Definer, because nobody may write budgets.
create function private.profiles_afford_privacy()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if auth.uid() is not null then
    perform private.charge(auth.uid(), 'privacy', 1);
  end if;
  return new;
end;
$$;

comment on function private.profiles_afford_privacy is 'Refuses to make an account private or public more often than its budget allows. Each switch changes its posts and its requests.';
revoke all on function private.profiles_afford_privacy () from public, anon, authenticated, service_role;

-- Auth writes for the person, and its connection has no claims that name them. So the
-- person is the row's id. Definer, because Auth has no rights here.
create function private.users_afford_metadata()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.charge(new.id, 'metadata', 1);
  return new;
end;
$$;

comment on function private.users_afford_metadata is 'Refuses to change the metadata of an account more often than its budget allows.';
revoke all on function private.users_afford_metadata () from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

-- Postgres runs the triggers of a row in alphabetical order, so afford runs first. It
-- refuses a row over the budget before another trigger works on it. A new post spends in
-- posts_prepare(), which knows whether it is a reply, a quote or a repost.
-- The conditions call no function of ours, because Postgres would prepare such a function
-- again for every statement.
do $$
declare
  -- Counts the row. True if the row does not fit.
  next_row constant text := $condition$
    set_config('plaza.%1$s_rows', (current_setting('plaza.%1$s_rows')::integer + 1)::text, true)::integer
      > current_setting('plaza.%1$s_room')::integer
  $condition$;
  many_rows constant text := $condition$ current_setting('plaza.%1$s_rows')::integer > 1 $condition$;
  writing record;
  cost record;
begin
  for writing in
    values
      ('profiles',        null,             'profile'),
      ('blocks',          'block',          null),
      ('mutes',           'mute',           'mute'),
      ('follows',         'follow',         'follow'),
      ('follow_requests', 'follow_request', null),
      ('lists',           'list',           'list'),
      ('list_members',    'list_member',    null),
      ('posts',           null,             'edit'),
      ('likes',           'like',           null),
      ('bookmarks',       'bookmark',       null),
      ('tag_follows',     'tag_follow',     null),
      ('thread_mutes',    'mute',           null),
      ('notification_preferences', 'setting', 'setting'),
      ('suggestions_settings', 'setting', 'setting'),
      ('drafts',          'draft',          'draft')
  loop
    -- Statements that block wait in a separate queue: see blocks_end_follows().
    execute format(
      'create trigger take_turn before insert or update or delete on public.%I
         for each statement execute function private.take_turn(%L, %L%s)',
      writing.column1, coalesce(writing.column2, ''), coalesce(writing.column3, ''),
      case writing.column1 when 'blocks' then ', ''blocks''' else '' end
    );
    for cost in
      values ('insert', writing.column2), ('update', writing.column3), ('delete', '')
    loop
      continue when cost.column2 is null;
      execute format(
        'create trigger afford_%1$s before %1$s on public.%2$I
           for each row when (%3$s) execute function private.afford(%4$L)',
        cost.column1, writing.column1, format(next_row, cost.column1), cost.column2
      );
      continue when cost.column1 = 'delete';
      execute format(
        'create trigger settle_%1$s after %1$s on public.%2$I referencing new table as written
           for each statement when (%3$s) execute function private.settle(%4$L)',
        cost.column1, writing.column1, format(many_rows, cost.column1), cost.column2
      );
    end loop;
  end loop;
end;
$$;

-- The rows that others need when they delete their account or a post: see share_with_owner().
do $$
declare
  queue record;
begin
  for queue in
    values
      ('follows',         'kept account'),
      ('follow_requests', 'kept account'),
      ('mutes',           'kept account'),
      ('blocks',          'kept account'),
      ('list_members',    'kept account'),
      ('likes',           'kept posts'),
      ('bookmarks',       'kept posts')
  loop
    execute format(
      'create trigger share_with_owner before update or delete on public.%I
         for each row execute function private.share_with_owner(%L)',
      queue.column1, queue.column2
    );
  end loop;
end;
$$;

create trigger share_with_owner
  before delete on public.posts
  for each row
  when (old.repost_of_id is not null)
  execute function private.share_with_owner('kept posts');

create trigger profiles_afford_privacy
  before update of is_private on public.profiles
  for each row
  when (old.is_private <> new.is_private)
  execute function private.profiles_afford_privacy();

-- Before the address is confirmed there is no profile, so nobody has a budget.
create trigger users_afford_metadata
  before update of raw_user_meta_data on auth.users
  for each row
  when (old.confirmed_at is not null and old.raw_user_meta_data is distinct from new.raw_user_meta_data)
  execute function private.users_afford_metadata();

-- Deleting an account deletes rows of many people, like writes of the service role.
create trigger take_turn
  before delete on auth.users
  for each statement
  execute function private.take_turn();

-- Every Supabase has pg_cron. A bare Postgres may not: see 20-posts/65-scheduled-posts.sql.
do $$
begin
  if exists (select from pg_extension where extname = 'pg_cron') then
    perform cron.schedule('forget-usage', '23 3 * * *', 'select private.forget_usage()');
  end if;
end;
$$;
