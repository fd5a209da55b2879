/*
 * settings of a conversation
 *
 * The name, picture and rules of a group, and after which time messages disappear.
 */

create function private.count_members(conversation private.conversations, hidden_ids uuid[])
returns integer
language plpgsql
stable
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.count_members is 'How many members a conversation has, without some people.';
revoke all on function private.count_members (private.conversations, uuid[]) from public, anon, authenticated, service_role;

create function private.conversation_for(conversation_id bigint, hidden_ids uuid[])
returns jsonb
language sql
stable
security invoker
return (
  select jsonb_build_object(
    'id', conversations.id, 'kind', conversations.kind, 'name', groups.name, 'description', groups.description,
    'picture_url', groups.picture_url, 'history', groups.history, 'is_locked', coalesce(groups.is_locked, false),
    'keeps_deleted', coalesce(groups.keeps_deleted, false),
    'expires_after', extract(epoch from conversations.expires_after)::integer,
    'member_count', private.count_members(conversations, conversation_for.hidden_ids)
  )
  from private.conversations
  left join private.groups on groups.conversation_id = conversations.id
  where conversations.id = conversation_for.conversation_id
);

comment on function private.conversation_for is 'What a member reads of the settings of a conversation. hidden_ids: the people who are hidden from the member.';
revoke all on function private.conversation_for (bigint, uuid[]) from public, anon, authenticated, service_role;

create function private.append_conversation_event(conversation private.conversations)
returns private.conversations
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  -- If somebody is apart, members count differently. So each fetches it.
  return private.append_event(
    conversation, 'conversation', null, null,
    case when cardinality(private.apart_ids(conversation.id)) = 0 then private.conversation_for(conversation.id, '{}') end
  );
end;
$$;

comment on function private.append_conversation_event is 'Tells that the settings or members of a conversation changed.';
revoke all on function private.append_conversation_event (private.conversations)
  from public, anon, authenticated, service_role;

-- Definer, here and below, because nobody may write conversations.
create function private.update_group(
  conversation_id bigint, name text, description text, picture_url text, history public.shown_history,
  is_locked boolean, keeps_deleted boolean
)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
  before private.groups;
  after private.groups;
begin
  conversation := private.act_in(viewer_id, update_group.conversation_id, 'membership');
  perform private.require_group(conversation);
  own := private.member_of(viewer_id, conversation.id);
  perform private.require_role(own, 'admin');
  if update_group.keeps_deleted is not null then
    perform private.require_role(own, 'owner');
  end if;

  select groups.* into before
  from private.groups
  where groups.conversation_id = conversation.id;
  update private.groups
  set name = coalesce(update_group.name, groups.name),
      description = coalesce(update_group.description, groups.description),
      -- The empty text takes the picture away.
      picture_url = nullif(coalesce(update_group.picture_url, groups.picture_url), ''),
      history = coalesce(update_group.history, groups.history),
      is_locked = coalesce(update_group.is_locked, groups.is_locked),
      keeps_deleted = coalesce(update_group.keeps_deleted, groups.keeps_deleted)
  where groups.conversation_id = conversation.id
  returning groups.* into after;
  if before = after then
    return;
  end if;

  if before.name <> after.name then
    perform private.add_change(conversation, 'named', viewer_id, null, after.name);
  end if;
  if before.description <> after.description then
    perform private.add_change(conversation, 'described', viewer_id, null, after.description);
  end if;
  if before.picture_url is distinct from after.picture_url then
    perform private.add_change(conversation, 'pictured', viewer_id, null, coalesce(after.picture_url, ''));
  end if;
  if before.history <> after.history then
    perform private.add_change(conversation, 'history', viewer_id, null, after.history::text);
  end if;
  if before.is_locked <> after.is_locked then
    perform private.add_change(
      conversation, case when after.is_locked then 'locked' else 'unlocked' end::public.conversation_change, viewer_id
    );
  end if;
  perform private.append_conversation_event(conversation);
end;
$$;

comment on function private.update_group is 'What public.update_group() does.';
revoke all on function private.update_group (bigint, text, text, text, public.shown_history, boolean, boolean)
  from public, anon, authenticated, service_role;
grant execute on function private.update_group (bigint, text, text, text, public.shown_history, boolean, boolean)
  to authenticated;

create function public.update_group(
  conversation_id bigint,
  name text default null,
  description text default null,
  picture_url text default null,
  history public.shown_history default null,
  is_locked boolean default null,
  keeps_deleted boolean default null
)
returns void
language sql
volatile
security invoker
begin atomic
  select private.update_group(
    update_group.conversation_id, update_group.name, update_group.description, update_group.picture_url,
    update_group.history, update_group.is_locked, update_group.keeps_deleted
  );
end;

comment on function public.update_group is 'Changes a group: its owner and admins may. What you leave out stays. An empty picture_url takes the picture away. is_locked: only the owner and admins write. keeps_deleted, which only the owner changes: the messages of a deleted account stay, without a name.';
revoke all on function public.update_group (bigint, text, text, text, public.shown_history, boolean, boolean)
  from public, anon, authenticated, service_role;
grant execute on function public.update_group (bigint, text, text, text, public.shown_history, boolean, boolean)
  to authenticated;

create function private.expire_messages(conversation_id bigint, after_seconds integer)
returns void
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  longest constant integer := 31536000;
  viewer_id uuid := private.chat_viewer();
  conversation private.conversations;
  own private.conversation_members;
begin
  conversation := private.act_in(viewer_id, expire_messages.conversation_id, 'membership');
  own := private.member_of(viewer_id, conversation.id);
  if conversation.kind = 'group' then
    perform private.require_role(own, 'admin');
  end if;
  -- The other person hears of it, as of a message.
  perform private.may_write(conversation, own);
  if expire_messages.after_seconds not between 10 and longest then
    raise sqlstate 'PT400' using
      message = 'Messages disappear after 10 seconds to 365 days', detail = 'expiry_range';
  end if;
  if conversation.expires_after is not distinct from make_interval(secs => expire_messages.after_seconds) then
    return;
  end if;
  update private.conversations
  set expires_after = make_interval(secs => expire_messages.after_seconds)
  where conversations.id = conversation.id
  returning conversations.* into conversation;
  perform private.add_change(
    conversation, 'expiry', viewer_id, null, coalesce(expire_messages.after_seconds::text, '')
  );
  perform private.append_conversation_event(conversation);
end;
$$;

comment on function private.expire_messages is 'What public.expire_messages() does.';
revoke all on function private.expire_messages (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function private.expire_messages (bigint, integer) to authenticated;

create function public.expire_messages(conversation_id bigint, after_seconds integer)
returns void
language sql
volatile
security invoker
begin atomic
  select private.expire_messages(expire_messages.conversation_id, expire_messages.after_seconds);
end;

comment on function public.expire_messages is 'Lets the text of new messages disappear after 10 seconds to 365 days. Null: it stays. In a group, its owner and admins decide.';
revoke all on function public.expire_messages (bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.expire_messages (bigint, integer) to authenticated;
