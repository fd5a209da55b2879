/*
 * history
 *
 * Pages of a conversation: its newest messages, those before or after a number, those around
 * one, and those from a day on.
 */

-- Definer, here and below, because nobody may read messages.
create function private.messages(conversation_id bigint, before bigint, after bigint, around bigint, page_size integer)
returns setof public.message
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
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
$$;

comment on function private.messages is 'What public.messages() answers.';
revoke all on function private.messages (bigint, bigint, bigint, bigint, integer)
  from public, anon, authenticated, service_role;
grant execute on function private.messages (bigint, bigint, bigint, bigint, integer) to authenticated;

create function public.messages(
  conversation_id bigint,
  before bigint default null,
  after bigint default null,
  around bigint default null,
  page_size integer default 50
)
returns setof public.message
language sql
stable
security invoker
rows 20
begin atomic
  select listed.*
  from private.messages(
    messages.conversation_id, messages.before, messages.after, messages.around, messages.page_size
  ) as listed;
end;

comment on function public.messages is 'Messages of a conversation, in the order of seq: the newest ones, the ones before or after a seq, or the ones around it. page_size is 1 to 100.';
revoke all on function public.messages (bigint, bigint, bigint, bigint, integer)
  from public, anon, authenticated, service_role;
grant execute on function public.messages (bigint, bigint, bigint, bigint, integer) to authenticated;

create function private.message(message_id bigint)
returns setof public.message
language plpgsql
stable
security definer
set search_path = ''
rows 1
as $$
declare
  viewer_id uuid := private.chat_viewer();
begin
  return query
  select seen.*
  from private.messages as wanted
  join private.conversation_members as own
    on own.conversation_id = wanted.conversation_id and own.user_id = viewer_id
  cross join lateral private.messages_for(
    own, private.message_page(own, wanted.seq - 1, wanted.seq + 1, false, 1)
  ) as seen
  where wanted.id = message.message_id;
end;
$$;

comment on function private.message is 'What public.message() answers.';
revoke all on function private.message (bigint) from public, anon, authenticated, service_role;
grant execute on function private.message (bigint) to authenticated;

create function public.message(message_id bigint)
returns setof public.message
language sql
stable
security invoker
rows 1
begin atomic
  select shown.*
  from private.message(message.message_id) as shown;
end;

comment on function public.message is 'A message by its id, with its conversation and its seq. messages(around) shows what was said around it. No row when there is no such message, or you cannot see it.';
revoke all on function public.message (bigint) from public, anon, authenticated, service_role;
grant execute on function public.message (bigint) to authenticated;

-- There is no index of times. Numbers follow time, so this halves the range some 40 times.
create function private.seq_at(conversation_id bigint, at timestamptz)
returns bigint
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  viewer_id uuid := private.chat_viewer();
  own private.conversation_members := private.member_of(viewer_id, seq_at.conversation_id);
  -- The message is after low, and not after high.
  low bigint := own.from_seq;
  high bigint := 1 + (
    select conversations.last_seq from private.conversations where conversations.id = own.conversation_id
  );
  middle bigint;
  probe record;
begin
  while high - low > 1 loop
    middle := (low + high) / 2;
    select messages.seq, messages.created_at into probe
    from private.messages
    where messages.conversation_id = own.conversation_id and messages.seq > low and messages.seq <= middle
    order by messages.seq desc
    limit 1;
    if found and probe.created_at >= seq_at.at then
      high := probe.seq;
    else
      low := middle;
    end if;
  end loop;
  return (
    select messages.seq
    from private.messages
    where messages.conversation_id = own.conversation_id and messages.seq >= high
    order by messages.seq
    limit 1
  );
end;
$$;

comment on function private.seq_at is 'What public.message_seq_at() answers.';
revoke all on function private.seq_at (bigint, timestamptz) from public, anon, authenticated, service_role;
grant execute on function private.seq_at (bigint, timestamptz) to authenticated;

create function public.message_seq_at(conversation_id bigint, at timestamptz)
returns bigint
language sql
stable
security invoker
return private.seq_at(message_seq_at.conversation_id, message_seq_at.at);

comment on function public.message_seq_at is 'The seq of the first message since a time, or null. Give it to messages(around).';
revoke all on function public.message_seq_at (bigint, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.message_seq_at (bigint, timestamptz) to authenticated;

-- Versions -------------------------------------------------------------------

create type public.message_version as (
  version      integer,
  content      text,
  replaced_at  timestamptz
);

comment on type public.message_version is 'What a message said before an edit.';

create function private.message_versions(message_id bigint)
returns setof public.message_version
language plpgsql
stable
security definer
set search_path = ''
rows 5
as $$
declare
  most constant integer := 100;
  viewer_id uuid := private.chat_viewer();
  shown public.message;
begin
  select seen.* into shown
  from private.messages as edited
  join private.conversation_members on conversation_members.conversation_id = edited.conversation_id
    and conversation_members.user_id = viewer_id and conversation_members.from_seq < edited.seq
  cross join lateral private.messages_for(conversation_members, array[edited.id]) as seen
  where edited.id = message_versions.message_id
    and not exists (
      select from private.hidden_messages
      where hidden_messages.user_id = viewer_id and hidden_messages.message_id = edited.id
    );
  if shown.id is null or shown.is_deleted then
    return;
  end if;
  return query
  select versions.version, versions.content, versions.replaced_at
  from private.message_versions as versions
  where versions.message_id = shown.id
  order by versions.version desc
  limit most;
end;
$$;

comment on function private.message_versions is 'What public.message_versions() answers.';
revoke all on function private.message_versions (bigint) from public, anon, authenticated, service_role;
grant execute on function private.message_versions (bigint) to authenticated;

create function public.message_versions(message_id bigint)
returns setof public.message_version
language sql
stable
security invoker
rows 5
begin atomic
  select listed.*
  from private.message_versions(message_versions.message_id) as listed;
end;

comment on function public.message_versions is 'What a message said before, newest first, at most 100.';
revoke all on function public.message_versions (bigint) from public, anon, authenticated, service_role;
grant execute on function public.message_versions (bigint) to authenticated;
