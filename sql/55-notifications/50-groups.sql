/*
 * groups
 *
 * How a group of notifications looks to its recipient: in a list, and in an event of the
 * stream. The recipient sees no person and no post that is hidden from them, even if a large
 * change has not been looked at yet (20-queue.sql).
 */

-- English, for clients that do not know a kind. The casts to text keep it immutable. Otherwise
-- Postgres would prepare it again for every event.
create function private.notification_text(kind public.notification_kind, actors public.author[], number_of_people bigint)
returns text
language sql
immutable
security invoker
return case
    when kind in ('draft_published', 'draft_failed', 'filtered_requests') then ''
    else coalesce(nullif(actors[1].display_name, ''), actors[1].username)
      || case
        when number_of_people = 2 then ' and 1 other '
        when number_of_people > 2 then ' and ' || (number_of_people - 1)::text || ' others '
        else ' '
      end
  end
  || case kind
    when 'follow' then 'followed you'
    when 'follow_request' then 'asked to follow you'
    when 'request_accepted' then 'accepted your request to follow'
    when 'like' then 'liked your post'
    when 'repost' then 'reposted your post'
    when 'reply' then 'replied to you'
    when 'quote' then 'quoted your post'
    when 'mention' then 'mentioned you'
    when 'edited' then 'edited a post that you took part in'
    when 'post' then 'wrote a post'
    when 'draft_published' then 'Your scheduled post was published'
    when 'draft_failed' then 'Your scheduled post could not be published'
    when 'filtered_requests' then number_of_people::text
      || case number_of_people when 1 then ' filtered request' else ' filtered requests' end || ' to follow you'
    else 'did something'
  end;

comment on function private.notification_text is 'A sentence that tells what a group of notifications tells.';
revoke all on function private.notification_text (public.notification_kind, public.author[], bigint)
  from public, anon, authenticated, service_role;

-- In SQL and not a definer, here and below, so that the planner puts it into the query around
-- it. hidden_ids are those of the recipient. The limits make Postgres look up each group, and
-- never read all groups of the recipient.
create function private.listed_groups(stream private.streams, hidden_ids uuid[], group_ids bigint[])
returns table (
  id bigint, group_id bigint, kind public.notification_kind, count bigint, actors public.author[], object_id bigint,
  draft_id uuid, is_read boolean, is_quiet boolean, happened_at timestamptz, fallback text
)
language sql
stable
security invoker
rows 20
begin atomic
  select
    listed.latest_id, listed.group_id, listed.kind, listed.shown, newest.actors, listed.object_id, listed.draft_id,
    not listed.is_marked_unread and listed.latest_id <= greatest(listed.read_up_to, (listed_groups.stream).read_up_to),
    listed.is_quiet, newest.happened_at,
    private.notification_text(listed.kind, newest.actors, listed.shown)
  from unnest(listed_groups.group_ids) as wanted (id)
  cross join lateral (
    select notification_groups.*
    from private.notification_groups
    where notification_groups.recipient_id = (listed_groups.stream).user_id
      and notification_groups.group_id = wanted.id
    limit 1
  ) as listed
  cross join lateral (
    select
      array_agg(
        (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
        order by member.id desc
      ) as actors,
      max(member.created_at) as happened_at
    from (
      select notifications.id, notifications.actor_id, notifications.created_at
      from private.notifications
      where notifications.recipient_id = (listed_groups.stream).user_id
        and notifications.group_id = listed.group_id
        and notifications.withdrawn_at is null and not notifications.is_muted
        and notifications.actor_id <> all (listed_groups.hidden_ids)
      order by notifications.id desc
      limit 3
    ) as member
    join public.profiles on profiles.id = member.actor_id
  ) as newest
  where newest.actors is not null
    and (
      listed.object_id = 0
      -- Their recipient wrote the post, and sees it as long as it is there.
      or listed.kind in ('like', 'repost', 'draft_published')
        and exists (select from public.posts where posts.id = listed.object_id)
      or listed.kind not in ('like', 'repost', 'draft_published')
        and private.sees_post((listed_groups.stream).user_id, listed.object_id)
    );
end;

comment on function private.listed_groups is 'How these groups look to their recipient. A group that shows nothing is left out.';
revoke all on function private.listed_groups (private.streams, uuid[], bigint[])
  from public, anon, authenticated, service_role;

create function private.unread_numbers(stream private.streams)
returns jsonb
language sql
stable
security invoker
return jsonb_build_object('notifications', stream.unread, 'requests', stream.requests);

comment on function private.unread_numbers is 'What every event says about unread things.';
revoke all on function private.unread_numbers (private.streams) from public, anon, authenticated, service_role;

-- In SQL and not a definer, here and below, so that the planner puts it into the query around it.
create function private.group_payload(
  id bigint, group_id bigint, kind public.notification_kind, count bigint, actors public.author[], object_id bigint,
  draft_id uuid, is_read boolean, is_quiet boolean, happened_at timestamptz, fallback text
)
returns jsonb
language sql
stable
security invoker
return jsonb_build_object(
  'group_id', group_id, 'id', id, 'kind', kind, 'count', count,
  'actors', to_jsonb(actors), 'post_id', nullif(object_id, 0), 'draft_id', draft_id,
  'is_read', is_read, 'is_quiet', is_quiet, 'happened_at', happened_at,
  'fallback', fallback
);

comment on function private.group_payload is 'A group as events and snapshots tell it.';
revoke all on function private.group_payload (
  bigint, bigint, public.notification_kind, bigint, public.author[], bigint, uuid, boolean, boolean, timestamptz, text
) from public, anon, authenticated, service_role;

create function private.group_payloads(stream private.streams, hidden_ids uuid[], group_ids bigint[])
returns table (group_id bigint, payload jsonb)
language sql
stable
security invoker
rows 20
begin atomic
  select
    listed.group_id,
    private.group_payload(
      listed.id, listed.group_id, listed.kind, listed.count, listed.actors, listed.object_id, listed.draft_id,
      listed.is_read, listed.is_quiet, listed.happened_at, listed.fallback
    )
  from private.listed_groups(group_payloads.stream, group_payloads.hidden_ids, group_payloads.group_ids) as listed;
end;

comment on function private.group_payloads is 'Groups as events and snapshots tell them. A group that shows nothing is left out.';
revoke all on function private.group_payloads (private.streams, uuid[], bigint[])
  from public, anon, authenticated, service_role;

create function private.notification_payload(group_id bigint, listed jsonb, stream private.streams)
returns jsonb
language sql
stable
security invoker
return coalesce(listed, jsonb_build_object('group_id', group_id, 'count', 0))
  || jsonb_build_object('unread', private.unread_numbers(stream));

comment on function private.notification_payload is 'What an event of the kind notification says now. listed is the payload of the group, or null.';
revoke all on function private.notification_payload (bigint, jsonb, private.streams)
  from public, anon, authenticated, service_role;

-- Plpgsql, because the payload of a conversation is made in a later chapter (57-chat/55-lists.sql).
create function private.event_payload(kind private.event_kind, subject bigint, listed jsonb, stream private.streams)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  if event_payload.kind = 'notification' then
    return private.notification_payload(event_payload.subject, event_payload.listed, stream);
  end if;
  return case event_payload.kind
    when 'read' then jsonb_build_object('up_to', event_payload.subject)
    when 'conversation' then private.conversation_payload(stream.user_id, event_payload.subject)
    else '{}'
  end || jsonb_build_object('unread', private.unread_numbers(stream));
end;
$$;

comment on function private.event_payload is 'What an event of a stream says now. listed is the payload of its group, or null.';
revoke all on function private.event_payload (private.event_kind, bigint, jsonb, private.streams)
  from public, anon, authenticated, service_role;
