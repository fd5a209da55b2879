/*
 * notification preferences
 *
 * The kinds of events that somebody is notified of, and the people who may cause them. A
 * person has a row for each kind that they changed. A preference counts at the moment when
 * something happens. It changes no earlier notification. The preference for mentions also decides who may mention the person
 * (people_named in 20-posts/30-tags-and-mentions.sql).
 */

-- Types ----------------------------------------------------------------------

-- One person gets at most one notification of reply, quote, mention and post about one post.
-- The order here is the order in which they are preferred (55-notifications/44-delivery.sql).
create type public.notification_kind as enum (
  'follow', 'follow_request', 'request_accepted', 'like', 'repost', 'reply', 'quote', 'mention', 'edited', 'post',
  'draft_published', 'draft_failed', 'filtered_requests'
);
comment on type public.notification_kind is 'What a notification tells. edited: a post was edited that you reposted, quoted or answered. post: somebody wrote a post whose follow has notifies. draft_published and draft_failed: a scheduled draft of yours. filtered_requests: requests to follow you by people outside your preference.';

create type public.notification_source as enum ('everyone', 'established', 'following', 'nobody');
comment on type public.notification_source is 'Whose doings notify somebody. established: accounts that are at least 7 days old, and the people you follow. following: the people you follow.';

create type public.notification_delivery as enum ('off', 'quiet', 'loud');
comment on type public.notification_delivery is 'How a notification arrives. off: not at all. quiet: it is listed and not counted. loud: it is listed and counted.';

-- Table ----------------------------------------------------------------------

create table public.notification_preferences (
  user_id    uuid                          not null default auth.uid() references public.profiles (id) on delete cascade,
  kind       public.notification_kind      not null,
  from_whom  public.notification_source    not null default 'everyone',
  delivery   public.notification_delivery  not null default 'loud',

  -- The preferences of somebody.
  primary key (user_id, kind),
  constraint notification_preferences_kind check (private.rule(
    kind <> 'filtered_requests',
    'preference_kind', 'The preference for follow_request says which requests are filtered'
  ))
);

comment on table  public.notification_preferences is 'Your preferences, a row for each kind of notification that you changed. Without a row, a kind is loud and from everyone, but edited is quiet. Delete a row to go back to that. Only you see them.';
comment on column public.notification_preferences.user_id is 'The person. When left out, it is you.';
comment on column public.notification_preferences.kind is 'The kind of notification.';
comment on column public.notification_preferences.from_whom is 'Whose doings notify you. A request to follow you by anybody else waits in the quiet group filtered_requests. A name written by anybody else does not mention you.';
comment on column public.notification_preferences.delivery is 'How it arrives.';

alter table public.notification_preferences enable row level security;

create policy "people read their own preferences"
  on public.notification_preferences for select
  to authenticated
  using (user_id = (select auth.uid()));

create policy "people set their own preferences"
  on public.notification_preferences for insert
  to authenticated
  with check (user_id = (select auth.uid()));

create policy "people change their own preferences"
  on public.notification_preferences for update
  to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

create policy "people delete their own preferences"
  on public.notification_preferences for delete
  to authenticated
  using (user_id = (select auth.uid()));

revoke all on public.notification_preferences from public, anon, authenticated, service_role;
grant select, delete on public.notification_preferences to authenticated, service_role;
grant insert (user_id, kind, from_whom, delivery) on public.notification_preferences to authenticated, service_role;
grant update (user_id, kind, from_whom, delivery) on public.notification_preferences to authenticated, service_role;

-- Rules ----------------------------------------------------------------------

-- Each word is cast. A cast of the whole keeps the planner from putting it into the query around it.
create function private.default_delivery(kind public.notification_kind)
returns public.notification_delivery
language sql
immutable
security invoker
return case default_delivery.kind
    when 'edited' then 'quiet'::public.notification_delivery
    else 'loud'::public.notification_delivery
  end;

comment on function private.default_delivery is 'How a kind arrives when somebody has no preference for it.';
revoke all on function private.default_delivery (public.notification_kind) from public, anon, authenticated, service_role;

create function private.notification_preference(user_id uuid, kind public.notification_kind)
returns public.notification_preferences
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  preference public.notification_preferences;
begin
  select notification_preferences.* into preference
  from public.notification_preferences
  where notification_preferences.user_id = notification_preference.user_id
    and notification_preferences.kind = notification_preference.kind;
  if not found then
    preference.user_id := notification_preference.user_id;
    preference.kind := notification_preference.kind;
    preference.from_whom := 'everyone';
    preference.delivery := private.default_delivery(notification_preference.kind);
  end if;
  return preference;
end;
$$;

comment on function private.notification_preference is 'The preference of somebody for a kind, or the default.';
revoke all on function private.notification_preference (uuid, public.notification_kind)
  from public, anon, authenticated, service_role;

create function private.comes_from(user_id uuid, from_whom public.notification_source, actor_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return comes_from.from_whom = 'everyone'
    or comes_from.actor_id = comes_from.user_id
    or comes_from.from_whom = 'established' and exists (
      select from public.profiles
      where profiles.id = comes_from.actor_id and profiles.created_at <= now() - interval '7 days'
    )
    or comes_from.from_whom in ('established', 'following') and exists (
      select from public.follows
      where follows.follower_id = comes_from.user_id and follows.followee_id = comes_from.actor_id
    );
end;
$$;

comment on function private.comes_from is 'Whether a person is one of those whose doings notify somebody.';
revoke all on function private.comes_from (uuid, public.notification_source, uuid)
  from public, anon, authenticated, service_role;
