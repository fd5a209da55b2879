/*
 * sync of conversations
 *
 * The news of the conversations that a client names. New messages and the other events of
 * a conversation have one row of numbers (57-chat/25-log.sql).
 */

create type public.stream_page as (
  stream      text,
  start_over  boolean,
  cursor      bigint,
  has_more    boolean,
  events      jsonb,
  snapshot    jsonb
);

comment on type public.stream_page is 'The newer events of a stream. cursor is what to ask with the next time. has_more: ask again at once. start_over: drop what you know of the stream and take the snapshot, because the cursor is missing, too old or unknown here. Otherwise snapshot is null.';
comment on column public.stream_page.snapshot is 'The stream as it is at the cursor. Null when events lead there.';

create function private.conversation_snapshot(
  conversation private.conversations, member private.conversation_members
)
returns jsonb
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
  newest constant integer := 50;
begin
  return jsonb_build_object(
    'conversation', to_jsonb(private.conversation_row(conversation, member)),
    'messages', coalesce(
      (
        select jsonb_agg(to_jsonb(listed) order by listed.seq)
        from private.messages_for(member, private.message_page(member, null, null, true, newest)) as listed
      ),
      '[]'
    ),
    'receipts', coalesce(
      (select jsonb_agg(to_jsonb(listed)) from private.receipts_seen_by(member) as listed), '[]'
    )
  );
end;
$$;

comment on function private.conversation_snapshot is 'A conversation with its newest 50 messages and its receipts.';
revoke all on function private.conversation_snapshot (private.conversations, private.conversation_members)
  from public, anon, authenticated, service_role;

-- An event that the member may not read keeps its number, and says nothing.
create function private.sync_conversation(
  conversation private.conversations, member private.conversation_members, after_seq bigint, page_size integer
)
returns public.stream_page
language plpgsql
stable
security invoker
set search_path = ''
as $$
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
$$;

comment on function private.sync_conversation is 'The news of a conversation, as a member sees it.';
revoke all on function private.sync_conversation (
  private.conversations, private.conversation_members, bigint, integer
) from public, anon, authenticated, service_role;

-- Definer, because nobody may read conversations.
create function private.sync_conversations(cursors jsonb, page_size integer)
returns setof public.stream_page
language plpgsql
stable
security definer
set search_path = ''
rows 5
as $$
declare
  most constant integer := 100;
  viewer_id uuid := private.viewer();
  named record;
begin
  if (select count(*) from jsonb_object_keys(sync_conversations.cursors)) > most + 1 then
    raise sqlstate 'PT400' using message = 'Name up to 100 conversations', detail = 'cursors_number';
  end if;
  if private.is_locked_out(viewer_id) then
    return;
  end if;
  for named in
    select own as member, conversations as conversation, private.cursor_of(sync_conversations.cursors, key.name) as seq
    from jsonb_object_keys(sync_conversations.cursors) as key (name)
    join private.conversation_members as own on own.user_id = viewer_id
      and own.conversation_id = substring(key.name from '^conversation:([0-9]{1,18})$')::bigint
      and not own.is_declined
    join private.conversations on conversations.id = own.conversation_id
    order by conversations.id
  loop
    return next private.sync_conversation(named.conversation, named.member, named.seq, sync_conversations.page_size);
  end loop;
end;
$$;

comment on function private.sync_conversations is 'The news of the conversations that the cursors name.';
revoke all on function private.sync_conversations (jsonb, integer) from public, anon, authenticated, service_role;
grant execute on function private.sync_conversations (jsonb, integer) to authenticated;
