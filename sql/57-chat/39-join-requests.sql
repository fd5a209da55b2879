/*
 * requests to join
 *
 * The people who used an invite that needs approval. The owner and admins answer them.
 */

create table private.join_requests (
  conversation_id  bigint       not null references private.conversations (id) on delete cascade,
  user_id          uuid         not null references public.profiles (id) on delete cascade,
  created_at       timestamptz  not null default now(),

  primary key (conversation_id, user_id)
);

comment on table private.join_requests is 'Who asks to join a group.';
revoke all on private.join_requests from public, anon, authenticated, service_role;

create index join_requests_user_id_idx on private.join_requests (user_id);

-- API ------------------------------------------------------------------------

-- Definer, here and below, because nobody may read or write the tables.
create function private.join_requests(conversation_id bigint)
returns setof public.author
language plpgsql
stable
security definer
set search_path = ''
rows 20
as $$
declare
  most constant integer := 100;
  viewer_id uuid := private.chat_viewer();
begin
  perform private.require_role(private.member_of(viewer_id, join_requests.conversation_id), 'admin');
  return query
  select profiles.id, profiles.username, profiles.display_name, profiles.avatar_url
  from private.join_requests as waiting
  join public.profiles on profiles.id = waiting.user_id
  where waiting.conversation_id = join_requests.conversation_id
    and profiles.id not in (select private.hidden_ids(viewer_id))
  order by waiting.created_at, profiles.id
  limit most;
end;
$$;

comment on function private.join_requests is 'What public.join_requests() answers.';
revoke all on function private.join_requests (bigint) from public, anon, authenticated, service_role;
grant execute on function private.join_requests (bigint) to authenticated;

create function public.join_requests(conversation_id bigint)
returns setof public.author
language sql
stable
security invoker
rows 20
begin atomic
  select asking.*
  from private.join_requests(join_requests.conversation_id) as asking;
end;

comment on function public.join_requests is 'The first 100 people who ask to join your group. For its owner and admins.';
revoke all on function public.join_requests (bigint) from public, anon, authenticated, service_role;
grant execute on function public.join_requests (bigint) to authenticated;

create function private.answer_join_request(conversation_id bigint, profile_id uuid, accepts boolean)
returns boolean
language plpgsql
volatile
security definer
set search_path = ''
as $$
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
$$;

comment on function private.answer_join_request is 'What public.answer_join_request() does.';
revoke all on function private.answer_join_request (bigint, uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function private.answer_join_request (bigint, uuid, boolean) to authenticated;

create function public.answer_join_request(conversation_id bigint, profile_id uuid, accepts boolean)
returns boolean
language sql
volatile
security invoker
return private.answer_join_request(
  answer_join_request.conversation_id, answer_join_request.profile_id, answer_join_request.accepts
);

comment on function public.answer_join_request is 'Lets somebody who asks into your group, or refuses. False when they do not ask.';
revoke all on function public.answer_join_request (bigint, uuid, boolean) from public, anon, authenticated, service_role;
grant execute on function public.answer_join_request (bigint, uuid, boolean) to authenticated;
