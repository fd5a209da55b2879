/*
 * settings of chat
 *
 * People decide who writes to them first, who adds them to groups, and what others learn of
 * them. A person without a row has the defaults.
 */

create type public.who_may as enum ('everyone', 'following', 'nobody');
comment on type public.who_may is 'The people who are allowed something: everyone, the people that you follow, or nobody.';

create table private.chat_settings (
  user_id         uuid            primary key references public.profiles (id) on delete cascade,
  who_writes      public.who_may  not null default 'everyone',
  who_adds        public.who_may  not null default 'everyone',
  shows_receipts  boolean         not null default true,
  shows_presence  boolean         not null default true
);

comment on table  private.chat_settings is 'What people allow others in chat.';
comment on column private.chat_settings.who_writes is 'The people who may begin a conversation with them.';
comment on column private.chat_settings.who_adds is 'The people who may add them to groups.';
revoke all on private.chat_settings from public, anon, authenticated, service_role;

create function private.chat_settings_of(user_id uuid)
returns private.chat_settings
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  own private.chat_settings;
begin
  select chat_settings.* into own
  from private.chat_settings
  where chat_settings.user_id = chat_settings_of.user_id;
  if not found then
    own := (chat_settings_of.user_id, 'everyone', 'everyone', true, true);
  end if;
  return own;
end;
$$;

comment on function private.chat_settings_of is 'The settings of a person, or the defaults.';
revoke all on function private.chat_settings_of (uuid) from public, anon, authenticated, service_role;

create function private.is_followed(user_id uuid, by_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return exists (
    select from public.follows
    where follows.follower_id = is_followed.by_id and follows.followee_id = is_followed.user_id
  );
end;
$$;

comment on function private.is_followed is 'Whether one person follows another.';
revoke all on function private.is_followed (uuid, uuid) from public, anon, authenticated, service_role;

create function private.lets(owner_id uuid, rule public.who_may, actor_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return lets.owner_id = lets.actor_id
    or lets.rule = 'everyone'
    or lets.rule = 'following' and private.is_followed(lets.actor_id, lets.owner_id);
end;
$$;

comment on function private.lets is 'Whether a rule of somebody allows something to a person.';
revoke all on function private.lets (uuid, public.who_may, uuid) from public, anon, authenticated, service_role;

-- API ------------------------------------------------------------------------

create type public.chat_settings as (
  who_writes      public.who_may,
  who_adds        public.who_may,
  shows_receipts  boolean,
  shows_presence  boolean
);

comment on type public.chat_settings is 'The people who may write to you first, and those who may add you to groups. Whether others see what you have read, and whether they see that you are online or typing. If you switch receipts off, you do not see those of others.';

-- Definer, here and below, because nobody may read or write the table.
create function private.my_chat_settings()
returns public.chat_settings
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  own private.chat_settings := private.chat_settings_of(viewer_id);
begin
  return (own.who_writes, own.who_adds, own.shows_receipts, own.shows_presence)::public.chat_settings;
end;
$$;

comment on function private.my_chat_settings is 'What public.chat_settings() answers.';
revoke all on function private.my_chat_settings () from public, anon, authenticated, service_role;
grant execute on function private.my_chat_settings () to authenticated;

create function public.chat_settings()
returns public.chat_settings
language sql
stable
security invoker
return private.my_chat_settings();

comment on function public.chat_settings is 'Your settings of chat.';
revoke all on function public.chat_settings () from public, anon, authenticated, service_role;
grant execute on function public.chat_settings () to authenticated;

create function private.set_chat_settings(
  who_writes public.who_may, who_adds public.who_may, shows_receipts boolean, shows_presence boolean
)
returns public.chat_settings
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  own private.chat_settings;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'setting', 1);
  own := private.chat_settings_of(viewer_id);
  insert into private.chat_settings as known (user_id, who_writes, who_adds, shows_receipts, shows_presence)
  values (
    viewer_id,
    coalesce(set_chat_settings.who_writes, own.who_writes),
    coalesce(set_chat_settings.who_adds, own.who_adds),
    coalesce(set_chat_settings.shows_receipts, own.shows_receipts),
    coalesce(set_chat_settings.shows_presence, own.shows_presence)
  )
  on conflict on constraint chat_settings_pkey do update
  set who_writes = excluded.who_writes, who_adds = excluded.who_adds,
      shows_receipts = excluded.shows_receipts, shows_presence = excluded.shows_presence;
  if set_chat_settings.shows_receipts <> own.shows_receipts then
    perform private.switch_receipts(viewer_id);
  end if;
  return private.my_chat_settings();
end;
$$;

comment on function private.set_chat_settings is 'What public.set_chat_settings() does.';
revoke all on function private.set_chat_settings (public.who_may, public.who_may, boolean, boolean)
  from public, anon, authenticated, service_role;
grant execute on function private.set_chat_settings (public.who_may, public.who_may, boolean, boolean) to authenticated;

create function public.set_chat_settings(
  who_writes public.who_may default null,
  who_adds public.who_may default null,
  shows_receipts boolean default null,
  shows_presence boolean default null
)
returns public.chat_settings
language sql
volatile
security invoker
return private.set_chat_settings(
  set_chat_settings.who_writes, set_chat_settings.who_adds, set_chat_settings.shows_receipts,
  set_chat_settings.shows_presence
);

comment on function public.set_chat_settings is 'Changes your settings of chat. What you leave out stays.';
revoke all on function public.set_chat_settings (public.who_may, public.who_may, boolean, boolean)
  from public, anon, authenticated, service_role;
grant execute on function public.set_chat_settings (public.who_may, public.who_may, boolean, boolean) to authenticated;
