/*
 * Where chat and blocks meet: a choice to keep deleted texts counts as it was before a block, an owner may leave when they
 * see nobody else, and an invite may be used again by the same person. A published draft is not written again. A draft
 * that fails again is unread again.
 *
 * Written by comparing the migrations before it with sql/.
 */

-- Earlier versions lack the collation pg_c_utf8, and would accept everything until the
-- first sign-up fails.
do $$
begin
  if current_setting('server_version_num')::integer < 170000 then
    raise exception 'Plaza needs Postgres 17 or newer. This is Postgres %.', current_setting('server_version')
      using hint = 'Upgrade the database first. Nothing was changed.';
  end if;
end;
$$;


SET local check_function_bodies = off;

DROP FUNCTION "private"."conversation_for_all"(bigint);

CREATE OR REPLACE FUNCTION private.add_people (
  conversation private.conversations,
  actor_id     uuid,
  profile_ids  uuid[]
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  most_named constant integer := 20;
  added uuid[] := '{}';
  accepted uuid[] := '{}';
  person uuid;
  settings private.chat_settings;
begin
  for person in
    select distinct wanted.id
    from unnest(profile_ids) as wanted (id)
    -- A hidden member is answered like somebody whose account is deleted.
    where not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id and conversation_members.user_id = wanted.id
    ) or exists (select from private.block_between(actor_id, wanted.id))
    order by 1
  loop
    perform private.require_profile(actor_id, person);
    settings := private.chat_settings_of(person);
    if not private.lets(person, settings.who_adds, actor_id) then
      raise sqlstate 'PT403' using
        message = 'One of these people does not let you add them to groups', detail = 'adding_not_welcome';
    end if;
    added := added || person;
    if private.is_followed(actor_id, person) then
      accepted := accepted || person;
    end if;
  end loop;
  if cardinality(added) = 0 then
    return;
  end if;

  perform private.insert_members(conversation, added, accepted);
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id and join_requests.user_id = any (added);
  conversation := private.after_coming(conversation, added);
  if cardinality(added) <= most_named then
    foreach person in array added loop
      perform private.add_change(conversation, 'added', actor_id, person);
    end loop;
  else
    perform private.add_change(conversation, 'added', actor_id, null, cardinality(added)::text);
  end if;
  perform private.append_conversation_event(conversation);
end;
$function$;

CREATE OR REPLACE FUNCTION private.answer_join_request (
  conversation_id bigint,
  profile_id      uuid,
  accepts         boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
begin
  if answer_join_request.accepts is null then
    raise sqlstate 'PT400' using message = 'Say whether you accept: true or false', detail = 'accepts_required';
  end if;
  conversation := private.act_in(
    viewer_id, answer_join_request.conversation_id, 'membership', array[answer_join_request.profile_id]
  );
  perform private.require_role(private.member_of(viewer_id, conversation.id), 'admin');
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id
    and join_requests.user_id = answer_join_request.profile_id
    and join_requests.user_id not in (select private.hidden_ids(viewer_id));
  if not found then
    return false;
  end if;
  if answer_join_request.accepts and exists (
    select from private.hold_person(answer_join_request.profile_id)
  ) then
    perform private.insert_members(
      conversation, array[answer_join_request.profile_id], array[answer_join_request.profile_id]
    );
    conversation := private.after_coming(conversation, array[answer_join_request.profile_id]);
    perform private.add_change(conversation, 'joined', answer_join_request.profile_id);
  end if;
  perform private.append_conversation_event(conversation);
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.append_conversation_event (
  conversation private.conversations
)
  RETURNS private.conversations
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
begin
  -- If somebody is apart, members count differently. So each fetches it.
  return private.append_event(
    conversation, 'conversation', null, null,
    case when cardinality(private.apart_ids(conversation.id)) = 0 then private.conversation_for(conversation.id, '{}') end
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_row (
  conversation private.conversations,
  own          private.conversation_members
)
  RETURNS public.conversation
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := own.user_id;
  hidden_ids uuid[] := array(select private.hidden_ids(viewer_id));
  unheard_ids uuid[] := private.unheard_ids(conversation, own);
  shown private.groups;
  row_of public.conversation;
  newest public.message;
begin
  select groups.* into shown
  from private.groups
  where groups.conversation_id = conversation.id;
  row_of.id := conversation.id;
  row_of.kind := conversation.kind;
  row_of.name := shown.name;
  row_of.description := coalesce(shown.description, '');
  row_of.picture_url := shown.picture_url;
  row_of.is_frozen := private.is_frozen(conversation);
  row_of.topic := case
    when own.is_accepted and not own.is_declined and not own.is_apart and not row_of.is_frozen
      then private.topic_of(conversation)
  end;
  row_of.role := own.role;
  row_of.members := array(
    select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
    from private.conversation_members as others
    join public.profiles on profiles.id = others.user_id
    where others.conversation_id = conversation.id
      and others.user_id <> viewer_id and others.user_id <> all (hidden_ids)
    order by others.user_id
    limit 5
  );
  row_of.member_count := private.count_members(conversation, hidden_ids);
  select seen.* into newest
  from private.message_rows(
    viewer_id, hidden_ids, unheard_ids, private.message_page(own, null, null, true, 1)
  ) as seen;
  row_of.last_message := case when newest.id is not null then newest end;
  row_of.last_seq := conversation.last_seq;
  row_of.read_seq := own.read_seq;
  row_of.unread := private.unread_messages(conversation, own, unheard_ids);
  row_of.mentions := case
    when row_of.unread = 0 then 0 else private.unread_mentions(conversation, own, unheard_ids)
  end;
  row_of.is_marked_unread := own.is_marked_unread;
  row_of.is_request := not own.is_accepted;
  row_of.is_locked := coalesce(shown.is_locked, false);
  row_of.history := shown.history;
  row_of.expires_after := extract(epoch from conversation.expires_after);
  row_of.muted_until := case when own.muted_until > now() then own.muted_until end;
  row_of.is_archived := own.is_archived;
  row_of.is_pinned := own.is_pinned;
  row_of.shows_receipts := own.shows_receipts;
  row_of.keeps_deleted := coalesce(shown.keeps_deleted, own.keeps_deleted);
  row_of.draft := own.draft;
  row_of.view := own.view;
  row_of.place := conversation.last_id;
  return row_of;
end;
$function$;

CREATE OR REPLACE FUNCTION private.count_members (
  conversation private.conversations,
  hidden_ids   uuid[]
)
  RETURNS integer
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
begin
  if cardinality(count_members.hidden_ids) = 0 then
    return conversation.member_count;
  end if;
  return conversation.member_count - (
    select count(*)
    from private.conversation_members as members
    where members.conversation_id = conversation.id and members.user_id = any (count_members.hidden_ids)
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.conversation_for (
  conversation_id bigint,
  hidden_ids      uuid[]
)
  RETURNS jsonb
  LANGUAGE sql
  STABLE
RETURN
  (SELECT jsonb_build_object('id', conversations.id, 'kind', conversations.kind, 'name', groups.name, 'description', groups.description, 'picture_url', groups.picture_url,
  'history',
  groups.history,
  'is_locked',
  COALESCE(groups.is_locked, false),
  'keeps_deleted',
  COALESCE(groups.keeps_deleted, false),
  'expires_after',
  (EXTRACT(epoch FROM conversations.expires_after))::integer,
  'member_count',
  private.count_members(conversations.*, conversation_for.hidden_ids)) AS jsonb_build_object FROM (private.conversations LEFT JOIN private.groups
  ON ((groups.conversation_id = conversations.id))) WHERE (conversations.id = conversation_for.conversation_id));

CREATE OR REPLACE FUNCTION private.delete_message (
  message_id   bigint,
  for_everyone boolean
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  message private.messages;
begin
  conversation := private.act_on_message(viewer_id, delete_message.message_id, 'message_edit');
  own := private.member_of(viewer_id, conversation.id);
  if not coalesce(delete_message.for_everyone, false) then
    insert into private.hidden_messages (user_id, message_id)
    select viewer_id, messages.id
    from private.messages
    where messages.id = delete_message.message_id and messages.seq > own.from_seq
    on conflict do nothing;
    if found then
      perform private.change_view(conversation.id, array[viewer_id]);
    end if;
    return;
  end if;

  select messages.* into message
  from private.messages
  where messages.id = delete_message.message_id and messages.deleted_at is not null
    and (messages.sender_id = viewer_id or conversation.kind = 'group' and own.role <= 'admin');
  if found then
    return;
  end if;
  -- What a hidden person says looks deleted. An admin who deletes it gets the answer of a deleted message, and
  -- the others do not read it any more. So nobody keeps their words in a group by blocking its admins.
  if conversation.kind = 'group' and own.role <= 'admin' then
    select messages.* into message
    from private.messages
    where messages.id = delete_message.message_id and messages.change is null
      and messages.sender_id = any (private.unheard_ids(conversation, own));
    if found then
      if not exists (
        select from private.conversation_members
        where conversation_members.conversation_id = conversation.id
          and conversation_members.user_id = message.sender_id
          and conversation_members.role <= own.role
      ) then
        perform private.erase_message(conversation, message);
      end if;
      return;
    end if;
  end if;
  message := private.require_message(own, delete_message.message_id);
  -- An admin also deletes what members say in their group.
  if message.sender_id is distinct from viewer_id and not (
    conversation.kind = 'group' and own.role <= 'admin' and not exists (
      select from private.conversation_members
      where conversation_members.conversation_id = conversation.id
        and conversation_members.user_id = message.sender_id
        and conversation_members.role <= own.role
    )
  ) then
    raise sqlstate 'PT403' using message = 'Only its sender deletes a message', detail = 'not_your_message';
  end if;
  perform private.erase_message(conversation, message);
end;
$function$;

CREATE OR REPLACE FUNCTION private.drafts_check()
  RETURNS TRIGGER
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
begin
  -- The policy refuses a draft in the name of somebody else. Nobody learns of the drafts of others here.
  if auth.uid() <> new.author_id then
    return new;
  end if;
  if exists (
    select from private.post_keys
    where post_keys.author_id = new.author_id and post_keys.client_id = new.id
  ) then
    return null;
  end if;
  -- A draft that is there already is inserted again when its answer got lost. It needs no room.
  if not exists (select from public.drafts where drafts.id = new.id and drafts.author_id = new.author_id)
    and (select count(*) from public.drafts where drafts.author_id = new.author_id) >= 100
  then
    raise sqlstate 'PT409' using message = 'You have 100 drafts, and no more fit', detail = 'drafts_full';
  end if;
  return new;
end;
$function$;

CREATE OR REPLACE FUNCTION private.invite (
  code text
)
  RETURNS SETOF public.invite_preview
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 1
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  found_invite private.group_invites := private.usable_invite(viewer_id, invite.code);
begin
  return query
  select
    conversations.id, groups.name, groups.description, groups.picture_url,
    private.count_members(conversations, array(select private.hidden_ids(viewer_id))), found_invite.needs_approval
  from private.conversations
  join private.groups on groups.conversation_id = conversations.id
  where conversations.id = found_invite.conversation_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.is_emoji (
  emoji text
)
  RETURNS boolean
  LANGUAGE sql
  IMMUTABLE
RETURN
  ((char_length(emoji) >= 1) AND (char_length(emoji) <= 30) AND (emoji ~ (('^(?:'::text || private.grapheme_pattern()) || ')$'::text)) AND (emoji ~
  (('^(?:[0-9#*]\uFE0F?\u20E3$|[\u00A9\u00AE\u203C\u2049\u2122\u2139\u2194-\u2199\u21A9\u21AA\u231A\u231B\u2328\u23CF'::text ||
  '\u23E9-\u23F3\u23F8-\u23FA\u24C2\u25AA\u25AB\u25B6\u25C0\u25FB-\u25FE\u2600-\u27BF\u2934\u2935\u2B05-\u2B07\u2B1B'::text) ||
  '\u2B1C\u2B50\u2B55\u3030\u303D\u3297\u3299\U0001F000-\U0001FFFD])'::text)));

CREATE OR REPLACE FUNCTION private.join_by_invite (
  code text
)
  RETURNS public.join_answer
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  invite private.group_invites;
  conversation private.conversations;
  own private.conversation_members;
begin
  perform private.take_own_turn(viewer_id);
  perform private.charge(viewer_id, 'membership', 1);
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  perform private.await_partings(array[viewer_id]);
  conversation := private.hold_conversation(invite.conversation_id);
  -- Others used it while this request waited, or a ban came.
  perform private.chat_viewer();
  invite := private.usable_invite(viewer_id, join_by_invite.code);
  select conversation_members.* into own
  from private.conversation_members
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id;
  if found then
    -- Somebody added them, and they have not answered yet.
    if not own.is_accepted then
      conversation := private.accept_member(conversation, own);
      perform private.add_change(conversation, 'joined', viewer_id);
    end if;
    return 'joined';
  end if;
  if invite.needs_approval then
    insert into private.join_requests (conversation_id, user_id)
    values (conversation.id, viewer_id)
    on conflict do nothing;
    if found then
      update private.group_invites
      set uses_left = group_invites.uses_left - 1
      where group_invites.code = invite.code;
      perform private.append_conversation_event(conversation);
    end if;
    return 'requested';
  end if;

  update private.group_invites
  set uses_left = group_invites.uses_left - 1
  where group_invites.code = invite.code;
  delete from private.join_requests
  where join_requests.conversation_id = conversation.id and join_requests.user_id = viewer_id;
  perform private.insert_members(conversation, array[viewer_id], array[viewer_id]);
  conversation := private.after_coming(conversation, array[viewer_id]);
  perform private.add_change(conversation, 'joined', viewer_id);
  perform private.append_conversation_event(conversation);
  return 'joined';
end;
$function$;

CREATE OR REPLACE FUNCTION private.leave_conversation (
  conversation_id bigint
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, leave_conversation.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  -- Only somebody that the owner sees, and who has accepted the group, can get it.
  if own.role = 'owner' and exists (
    select from private.conversation_members as others
    where others.conversation_id = conversation.id and others.user_id <> viewer_id and others.is_accepted
      and others.user_id not in (select private.hidden_ids(viewer_id))
  ) then
    raise sqlstate 'PT400' using
      message = 'Give the group to another member first', detail = 'owner_leaves';
  end if;
  perform private.end_membership(conversation, viewer_id, 'left', viewer_id);
end;
$function$;

CREATE OR REPLACE FUNCTION private.list_members (
  conversation_id bigint
)
  RETURNS SETOF public.conversation_member
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members := private.member_of(viewer_id, list_members.conversation_id);
begin
  return query
  select
    (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
    members.role,
    -- In a direct conversation, nobody learns whether the other accepted. In a group, its owner and admins
    -- learn it. A newcomer who follows the person that adds them has accepted at once, and follows may be private.
    members.is_accepted or own.role > 'admin' or exists (
      select from private.conversations
      where conversations.id = own.conversation_id and conversations.kind = 'direct'
    ),
    members.joined_at
  from private.conversation_members as members
  join public.profiles on profiles.id = members.user_id
  where members.conversation_id = own.conversation_id
    and members.user_id not in (select private.hidden_ids(viewer_id))
  order by members.role, lower(profiles.username);
end;
$function$;

CREATE OR REPLACE FUNCTION private.look_at_one (
  desk   private.desk,
  notice private.notice_queue
)
  RETURNS private.desk
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  holds boolean := private.notice_holds(
    notice.recipient_id, notice.kind, notice.actor_id, notice.object_id, notice.draft_id
  );
  known record;
  newest private.notification_groups;
  preference public.notification_preferences;
  is_welcome boolean;
  starts_muted boolean;
begin
  select
    notifications.id, notifications.group_id, notifications.is_muted, notifications.withdrawn_at,
    notifications.id is null and not exists (
      select from public.notification_preferences
      where notification_preferences.user_id = notice.recipient_id and notification_preferences.kind = notice.kind
    ) and not exists (
      select from public.mutes
      where mutes.muter_id = notice.recipient_id and mutes.muted_id = notice.actor_id
    ) and not exists (
      select from public.thread_mutes
      where thread_mutes.user_id = notice.recipient_id
    ) as is_plain,
    (
      select notification_groups
      from private.notification_groups
      where notification_groups.recipient_id = notice.recipient_id
        and notification_groups.object_id = notice.object_id
        and notification_groups.kind = notice.kind
      order by notification_groups.group_id desc
      limit 1
    ) as newest,
    (
      select (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author
      from public.profiles
      where profiles.id = notice.actor_id
    ) as actor
  into known
  from (select) as always
  left join private.notifications on notifications.recipient_id = notice.recipient_id
    and notifications.actor_id = notice.actor_id
    and notifications.kind = notice.kind
    and notifications.object_id = notice.object_id
    and notifications.draft_id is not distinct from notice.draft_id;

  if known.id is not null and known.withdrawn_at is null then
    if not holds then
      update private.notifications
      set withdrawn_at = now()
      where notifications.recipient_id = notice.recipient_id and notifications.id = known.id;
      if not known.is_muted then
        desk := private.regroup(desk, known.group_id, -1);
      end if;
    end if;
    return desk;
  elsif not holds or notice.kind in ('reply', 'quote', 'mention', 'post')
    and private.is_told_already(notice.recipient_id, notice.kind, notice.actor_id, notice.object_id)
  then
    return desk;
  elsif known.is_plain then
    -- It is new, and its recipient has no preference, mute or muted thread. So are most.
    return private.add_notification(
      desk, notice, known.actor, null, known.newest, notice.kind, private.default_delivery(notice.kind) = 'quiet', false
    );
  end if;

  preference := private.notification_preference(notice.recipient_id, notice.kind);
  is_welcome := private.comes_from(notice.recipient_id, preference.from_whom, notice.actor_id);
  if preference.delivery = 'off'
    or not is_welcome and notice.kind <> 'follow_request'
    or notice.kind in ('like', 'repost', 'reply', 'quote', 'mention', 'edited')
      and private.mutes_thread_of(notice.recipient_id, notice.object_id)
  then
    return desk;
  end if;
  starts_muted := private.mutes_notifications(notice.recipient_id, notice.actor_id);

  -- If it was withdrawn less than a day ago, it returns to its old place. So nobody can notify somebody again and
  -- again. But a draft fails again only if its author has edited it.
  if known.withdrawn_at > now() - interval '1 day' and notice.kind <> 'draft_failed' then
    perform
    from private.notification_groups
    where notification_groups.recipient_id = notice.recipient_id
      and notification_groups.group_id = known.group_id;
    if found then
      update private.notifications
      set withdrawn_at = null, is_muted = starts_muted
      where notifications.recipient_id = notice.recipient_id and notifications.id = known.id;
      if not starts_muted then
        desk := private.regroup(desk, known.group_id, 1);
      end if;
      return desk;
    end if;
  end if;

  if is_welcome then
    newest := known.newest;
  else
    select notification_groups.* into newest
    from private.notification_groups
    where notification_groups.recipient_id = notice.recipient_id
      and notification_groups.object_id = notice.object_id
      and notification_groups.kind = 'filtered_requests'
    order by notification_groups.group_id desc
    limit 1;
  end if;
  return private.add_notification(
    desk, notice, known.actor, known.id, newest,
    case when is_welcome then notice.kind else 'filtered_requests' end,
    preference.delivery = 'quiet' or not is_welcome,
    starts_muted
  );
end;
$function$;

CREATE OR REPLACE FUNCTION private.mark_group (
  id      bigint,
  is_read boolean
)
  RETURNS boolean
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  stream private.streams := private.hold_own_stream();
  before private.notification_groups;
  after private.notification_groups;
begin
  select notification_groups.* into before
  from private.notification_groups
  where notification_groups.recipient_id = stream.user_id
    and notification_groups.place is not null
    and notification_groups.group_id = coalesce(
      (
        select notifications.group_id
        from private.notifications
        where notifications.recipient_id = stream.user_id and notifications.id = mark_group.id
      ),
      -- The newest notification of a group may be forgotten, because it was withdrawn. The group keeps its id.
      (
        select newest.group_id
        from unnest(enum_range(null::public.notification_kind)) as every (kind)
        cross join lateral (
          select listed.group_id, listed.latest_id
          from private.notification_groups as listed
          where listed.recipient_id = stream.user_id and listed.kind = every.kind
            and listed.place <= mark_group.id
          order by listed.place desc
          limit 1
        ) as newest
        where newest.latest_id = mark_group.id
      ),
      mark_group.id
    );
  if not found then
    return false;
  end if;

  after := before;
  if mark_group.is_read then
    after.is_marked_unread := false;
    after.read_up_to := greatest(before.read_up_to, least(mark_group.id, before.latest_id));
  else
    after.is_marked_unread := true;
  end if;
  if (before.is_marked_unread, before.read_up_to) is distinct from (after.is_marked_unread, after.read_up_to) then
    update private.notification_groups
    set is_marked_unread = after.is_marked_unread, read_up_to = after.read_up_to
    where notification_groups.recipient_id = stream.user_id and notification_groups.group_id = after.group_id;
    stream.unread := stream.unread
      + private.counts(after, stream.read_up_to)::integer - private.counts(before, stream.read_up_to)::integer;
    perform private.append_events(stream, 'notification', array[after.group_id]);
  end if;
  return true;
end;
$function$;

CREATE OR REPLACE FUNCTION private.messages (
  conversation_id bigint,
  before          bigint,
  after           bigint,
  around          bigint,
  page_size       integer
)
  RETURNS SETOF public.message
  LANGUAGE plpgsql
  STABLE
  SECURITY DEFINER
  ROWS 20
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members;
  ids bigint[];
begin
  perform private.check_page_size(messages.page_size);
  if num_nonnulls(messages.before, messages.after, messages.around) > 1 then
    raise sqlstate 'PT400' using
      message = 'Ask for messages before, after or around a number', detail = 'page_direction';
  end if;
  own := private.member_of(viewer_id, messages.conversation_id);
  if messages.around is not null then
    -- The message itself is the last one of the first half.
    ids := private.message_page(own, null, least(messages.around, 9223372036854775806) + 1, true, (messages.page_size + 1) / 2);
    ids := array(select unnest(ids) order by 1)
      || private.message_page(own, messages.around, null, false, messages.page_size - cardinality(ids));
  elsif messages.after is not null then
    ids := private.message_page(own, messages.after, null, false, messages.page_size);
  else
    ids := private.message_page(own, null, messages.before, true, messages.page_size);
  end if;
  return query
  select listed.*
  from private.messages_for(own, ids) as listed
  order by listed.seq;
end;
$function$;

CREATE OR REPLACE FUNCTION private.name_members (
  message private.messages
)
  RETURNS void
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  kept_names text[] := array(
    select lower(entity.value ->> 'username')
    from jsonb_array_elements(message.entities) as entity
    where entity.value ->> 'type' = 'mention'
  );
begin
  delete from private.message_mentions
  where message_mentions.message_id = message.id and message_mentions.username <> all (kept_names);
  if cardinality(kept_names) = 0 then
    return;
  end if;
  insert into private.message_mentions (message_id, user_id, username)
  select distinct on (profiles.id) message.id, profiles.id, lower(entity.value ->> 'username')
  from jsonb_array_elements(message.entities) as entity
  join public.profiles on lower(profiles.username) = lower(entity.value ->> 'username')
  join private.conversation_members on conversation_members.conversation_id = message.conversation_id
    and conversation_members.user_id = profiles.id
  where entity.value ->> 'type' = 'mention'
    and not exists (
      select from private.message_mentions as kept
      where kept.message_id = message.id
        and (kept.username = lower(entity.value ->> 'username') or kept.user_id = profiles.id)
    )
    and profiles.id not in (select private.hidden_ids(message.sender_id))
    and exists (select from private.hold_person(profiles.id))
  order by profiles.id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.publish (
  draft public.drafts
)
  RETURNS bigint
  LANGUAGE plpgsql
  SET search_path TO ''
  AS $function$
declare
  post_id bigint;
begin
  insert into public.posts (
    author_id, title, content, content_warning, language, audience, reply_to_id, quote_of_id
  )
  values (
    draft.author_id, draft.title, draft.content, draft.content_warning, draft.language, draft.audience,
    draft.reply_to_id, draft.quote_of_id
  )
  returning posts.id into post_id;

  insert into private.post_keys (author_id, client_id, post_id)
  values (draft.author_id, draft.id, post_id)
  on conflict do nothing;
  delete from public.drafts
  where drafts.id = draft.id;
  return post_id;
end;
$function$;

CREATE OR REPLACE FUNCTION private.set_conversation (
  conversation_id bigint,
  muted_until     timestamp with time zone,
  is_archived     boolean,
  is_pinned       boolean,
  shows_receipts  boolean,
  keeps_deleted   boolean,
  draft           text
)
  RETURNS void
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path TO ''
  AS $function$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  before private.conversation_members;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, set_conversation.conversation_id, 'draft');
  before := private.member_of(viewer_id, conversation.id);
  -- The choice counts that was made before the block or the deletion.
  if private.is_frozen(conversation) then
    keeps_deleted := null;
  end if;
  update private.conversation_members
  set muted_until = coalesce(set_conversation.muted_until, conversation_members.muted_until),
      is_archived = coalesce(set_conversation.is_archived, conversation_members.is_archived),
      is_pinned = coalesce(set_conversation.is_pinned, conversation_members.is_pinned),
      shows_receipts = coalesce(set_conversation.shows_receipts, conversation_members.shows_receipts),
      view = conversation_members.view
        + (set_conversation.keeps_deleted is distinct from conversation_members.keeps_deleted)::integer
          * (set_conversation.keeps_deleted is not null)::integer,
      keeps_deleted = coalesce(set_conversation.keeps_deleted, conversation_members.keeps_deleted),
      draft = coalesce(set_conversation.draft, conversation_members.draft)
  where conversation_members.conversation_id = conversation.id and conversation_members.user_id = viewer_id
  returning conversation_members.* into own;
  if private.shows_receipts(own) <> private.shows_receipts(before) then
    perform private.append_pointer_event(conversation, own);
    -- It also says whether they see those of others.
    perform private.change_view(conversation.id, array[viewer_id]);
  else
    perform private.tell_own_devices(viewer_id, conversation.id);
  end if;
end;
$function$;

CREATE OR REPLACE FUNCTION private.sync_conversation (
  conversation private.conversations,
  member       private.conversation_members,
  after_seq    bigint,
  page_size    integer
)
  RETURNS public.stream_page
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  page public.stream_page;
  seqs bigint[];
  kinds text[];
  subjects bigint[];
  people uuid[];
  seen jsonb;
  hidden_ids uuid[] := array(select private.hidden_ids(member.user_id));
  sees_receipts boolean := private.shows_receipts(member);
begin
  page.stream := 'conversation:' || conversation.id;
  page.events := '[]';
  page.has_more := false;
  page.start_over := sync_conversation.after_seq is null or sync_conversation.after_seq > conversation.last_seq;
  if not page.start_over then
    select array_agg(entry.seq order by entry.seq), array_agg(entry.kind order by entry.seq),
      array_agg(entry.subject order by entry.seq), array_agg(entry.user_id order by entry.seq)
    into seqs, kinds, subjects, people
    from (
      (
        select messages.seq, 'message' as kind, messages.id as subject, null::uuid as user_id
        from private.messages
        where messages.conversation_id = conversation.id and messages.seq > sync_conversation.after_seq
        order by messages.seq
        limit sync_conversation.page_size
      )
      union all
      (
        select events.seq, events.kind::text, events.subject, events.user_id
        from private.conversation_events as events
        where events.conversation_id = conversation.id and events.seq > sync_conversation.after_seq
        order by events.seq
        limit sync_conversation.page_size
      )
      order by seq
      limit sync_conversation.page_size
    ) as entry;
    -- A number is missing: its event is forgotten.
    page.start_over := sync_conversation.after_seq < conversation.last_seq and (
      seqs is null
      or seqs[cardinality(seqs)] - sync_conversation.after_seq <> cardinality(seqs)
      or cardinality(seqs) < sync_conversation.page_size and seqs[cardinality(seqs)] < conversation.last_seq
      or 'start_over' = any (kinds)
    );
  end if;
  if page.start_over then
    page.cursor := conversation.last_seq;
    page.snapshot := private.conversation_snapshot(conversation, member);
    return page;
  end if;
  page.cursor := coalesce(seqs[cardinality(seqs)], sync_conversation.after_seq);
  page.has_more := page.cursor < conversation.last_seq;

  select jsonb_object_agg(listed.id, to_jsonb(listed)) into seen
  from private.messages_for(
    member,
    array(
      select distinct messages.id
      from unnest(subjects) as subject (id)
      join private.messages on messages.id = subject.id
      where messages.seq > member.from_seq
        and not exists (
          select from private.hidden_messages
          where hidden_messages.user_id = member.user_id and hidden_messages.message_id = messages.id
        )
    )
  ) as listed;

  select coalesce(
    jsonb_agg(
      case
        when payload.payload is null then jsonb_build_object('seq', entry.seq, 'kind', 'none', 'payload', '{}'::jsonb)
        else jsonb_build_object('seq', entry.seq, 'kind', entry.kind, 'payload', payload.payload)
      end
      order by entry.seq
    ),
    '[]'
  )
  into page.events
  from unnest(seqs, kinds, subjects, people) as entry (seq, kind, subject, user_id)
  cross join lateral (
    select case entry.kind
      when 'message' then seen -> entry.subject::text
      when 'conversation' then private.conversation_for(conversation.id, hidden_ids)
      when 'moved' then jsonb_build_object('topic', case
        when member.is_accepted and not member.is_apart and not private.is_frozen(conversation)
          then private.topic_of(conversation)
      end)
      when 'pointer' then (
        select private.pointer_of(others)
        from private.conversation_members as others
        where others.conversation_id = conversation.id and others.user_id = entry.user_id
          and others.user_id <> all (hidden_ids)
          and others.is_accepted and (others.user_id = member.user_id or sees_receipts)
      )
    end as payload
  ) as payload;
  return page;
end;
$function$;

CREATE OR REPLACE FUNCTION private.usable_invite (
  viewer_id uuid,
  code      text
)
  RETURNS private.group_invites
  LANGUAGE plpgsql
  STABLE
  SET search_path TO ''
  AS $function$
declare
  invite private.group_invites;
begin
  select group_invites.* into invite
  from private.group_invites
  where group_invites.code = usable_invite.code
    and (group_invites.expires_at is null or group_invites.expires_at > now())
    and (
      group_invites.uses_left is null or group_invites.uses_left > 0
      -- The answer of the person's own use may have got lost.
      or exists (
        select from private.conversation_members
        where conversation_members.conversation_id = group_invites.conversation_id
          and conversation_members.user_id = usable_invite.viewer_id
      )
      or exists (
        select from private.join_requests
        where join_requests.conversation_id = group_invites.conversation_id
          and join_requests.user_id = usable_invite.viewer_id
      )
    )
    and not exists (
      select from private.former_members
      where former_members.conversation_id = group_invites.conversation_id
        and former_members.user_id = usable_invite.viewer_id
        and former_members.is_removed
    )
    and not exists (
      select from private.conversation_members
      cross join lateral private.block_between(usable_invite.viewer_id, conversation_members.user_id)
      where conversation_members.conversation_id = group_invites.conversation_id
        and conversation_members.role = 'owner'
    );
  if not found then
    raise sqlstate 'PT404' using message = 'There is no such invite', detail = 'invite_not_found';
  end if;
  return invite;
end;
$function$;

COMMENT ON FUNCTION "private"."conversation_for"(bigint, uuid[]) IS 'What a member reads of the settings of a conversation. hidden_ids: the people who are hidden from the member.';

COMMENT ON FUNCTION "private"."count_members"(private.conversations, uuid[]) IS 'How many members a conversation has, without some people.';

COMMENT ON FUNCTION "private"."drafts_check"() IS 'Refuses a 101st draft, and leaves out one that was published.';

COMMENT ON FUNCTION "public"."leave_conversation"(bigint) IS 'Leaves a group. Its owner first gives it to another member (transfer_group), unless there is nobody to give it to. A group without members is deleted.';

REVOKE ALL ON FUNCTION "private"."conversation_for"(bigint, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."conversation_for"(bigint, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."conversation_for"(bigint, uuid[]) TO "postgres";

REVOKE ALL ON FUNCTION "private"."count_members"(private.conversations, uuid[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION "private"."count_members"(private.conversations, uuid[]) FROM "postgres";

GRANT EXECUTE ON FUNCTION "private"."count_members"(private.conversations, uuid[]) TO "postgres";
