/*
 * search for messages
 *
 * Search over your own conversations, with the words, phrases, tags, authors and days of the
 * search for posts (50-search/40-query.sql). A message has the lexemes of a post, and one more:
 * in:<conversation>.
 */

create table private.message_search (
  message_id  bigint    primary key references private.messages (id) on delete cascade,
  vector      tsvector  not null
);

comment on table private.message_search is 'Each message as search knows it.';
revoke all on private.message_search from public, anon, authenticated, service_role;

-- No pending list, because every search would read all of it.
create index message_search_vector_idx on private.message_search using gin (vector) with (fastupdate = off);

create function private.index_message(message private.messages)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  as_post public.posts;
begin
  if message.content = '' then
    delete from private.message_search
    where message_search.message_id = message.id;
    return;
  end if;
  as_post.id := message.id;
  as_post.author_id := message.sender_id;
  as_post.title := '';
  as_post.content := message.content;
  as_post.entities := message.entities;
  as_post.audience := 'everyone';
  insert into private.message_search (message_id, vector)
  values (
    message.id,
    private.post_vector(as_post) || format('''in:%s''', message.conversation_id)::tsvector
  )
  on conflict (message_id) do update
  set vector = excluded.vector;
end;
$$;

comment on function private.index_message is 'Writes a message to the index as it is now.';
revoke all on function private.index_message (private.messages) from public, anon, authenticated, service_role;

-- Definer, because nobody may read messages. A search costs more than a page, so it has a budget.
create function private.search_messages(query text, before bigint, page_size integer, conversation_id bigint)
returns setof public.message
language plpgsql
volatile
security definer
set search_path = ''
rows 20
as $$
declare
  viewer_id uuid := private.chat_viewer();
  wanted private.search;
  places tsquery;
  own private.conversation_members;
  found record;
begin
  perform private.check_page_size(search_messages.page_size);
  perform private.spend('search');
  wanted := private.read_search(search_messages.query);
  if search_messages.conversation_id is not null then
    own := private.member_of(viewer_id, search_messages.conversation_id);
  end if;
  select string_agg(format('''in:%s''', members.conversation_id), ' | ')::tsquery into places
  from private.conversation_members as members
  where members.user_id = viewer_id
    and not members.is_declined
    and (search_messages.conversation_id is null or members.conversation_id = search_messages.conversation_id);
  if wanted.wanted is null or places is null then
    return;
  end if;

  for found in
    select messages.id, members
    from private.message_search
    join private.messages on messages.id = message_search.message_id
    join private.conversation_members as members on members.conversation_id = messages.conversation_id
      and members.user_id = viewer_id
    join private.conversations on conversations.id = messages.conversation_id
    where message_search.vector @@ (wanted.wanted && places)
      and (wanted.exact is null or message_search.vector @@ wanted.exact)
      and message_search.message_id >= wanted.since_id
      and message_search.message_id < least(wanted.until_id, search_messages.before)
      and messages.seq > members.from_seq
      and messages.deleted_at is null
      and (messages.expires_at is null or messages.expires_at > now())
      and coalesce(messages.sender_id <> all (private.unheard_ids(conversations, members)), true)
      and not exists (
        select from private.hidden_messages
        where hidden_messages.user_id = viewer_id and hidden_messages.message_id = messages.id
      )
    order by messages.id desc
    limit search_messages.page_size
  loop
    return query
    select seen.*
    from private.messages_for(found.members, array[found.id]) as seen;
  end loop;
end;
$$;

comment on function private.search_messages is 'What public.search_messages() answers.';
revoke all on function private.search_messages (text, bigint, integer, bigint)
  from public, anon, authenticated, service_role;
grant execute on function private.search_messages (text, bigint, integer, bigint) to authenticated;

create function public.search_messages(
  query text, before bigint default null, page_size integer default 20, conversation_id bigint default null
)
returns setof public.message
language sql
volatile
security invoker
rows 20
begin atomic
  select found.*
  from private.search_messages(
    search_messages.query, search_messages.before, search_messages.page_size, search_messages.conversation_id
  ) as found;
end;

comment on function public.search_messages is 'Messages of your conversations that match, newest first, or of one conversation. The query is written like that of search_posts(). before is the id of the last message of the page before.';
revoke all on function public.search_messages (text, bigint, integer, bigint)
  from public, anon, authenticated, service_role;
grant execute on function public.search_messages (text, bigint, integer, bigint) to authenticated;
