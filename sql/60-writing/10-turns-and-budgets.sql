/*
 * turns and budgets
 *
 * What it takes to write, for every table that people write: their turn
 * (00-foundations/30-turns.sql), at most 100 rows in a statement, and a budget
 * (10-people/12-budgets.sql). Budgets are spent by inserts and updates. To delete is
 * free, and to insert again what was deleted is not.
 */

-- Functions ------------------------------------------------------------------

-- take_turn() spends for the first row of a statement and learns how many more fit. So
-- many rows pass without being looked at, and settle() spends for them at the end. A
-- statement within the budget thus updates its row of usage once or twice. A statement
-- beyond it ends at the first row that does not fit, which is the only one that comes
-- here. The turn keeps others away from the budget meanwhile. Definer, because budgets
-- are nobody's to write.
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

comment on function private.afford is 'Refuses rows of a person beyond 100 in a statement, or beyond their budget for the action that is its argument.';
revoke all on function private.afford () from public, anon, authenticated, service_role;

-- Definer, because budgets are nobody's to write.
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

comment on function private.settle is 'Spends what the rows after the first of a statement cost.';
revoke all on function private.settle () from public, anon, authenticated, service_role;

-- Definer, because budgets are nobody's to write.
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

comment on function private.profiles_afford_privacy is 'Refuses to make an account private or public more often than its budget allows: all its posts, followers and requests are touched.';
revoke all on function private.profiles_afford_privacy () from public, anon, authenticated, service_role;

-- Auth writes for the person, with no claims to say so. Definer, because Auth has no
-- rights here.
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

-- afford comes first in the alphabet among the triggers of a row: a row beyond the budget
-- is refused before anything else is looked at. A new post spends in posts_prepare(), which
-- knows whether it is a reply, a quote or a repost. The conditions are written out:
-- Postgres would prepare a function in them anew for every statement.
do $$
declare
  -- Counts the row, and holds when it does not fit.
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
      ('follows',         'follow',         null),
      ('follow_requests', 'follow_request', null),
      ('lists',           'list',           'list'),
      ('list_members',    'list_member',    null),
      ('posts',           null,             'edit'),
      ('likes',           'like',           null),
      ('bookmarks',       'bookmark',       null),
      ('tag_follows',     'tag_follow',     null),
      ('drafts',          'draft',          'draft')
  loop
    -- Blocks wait in a queue of their own: see blocks_end_follows().
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

create trigger profiles_afford_privacy
  before update of is_private on public.profiles
  for each row
  when (old.is_private <> new.is_private)
  execute function private.profiles_afford_privacy();

create trigger users_afford_metadata
  before update of raw_user_meta_data on auth.users
  for each row
  when (old.raw_user_meta_data is distinct from new.raw_user_meta_data)
  execute function private.users_afford_metadata();

-- An account that goes takes rows of many people with it, as the service role's writes do.
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
