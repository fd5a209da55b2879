/*
 * rules
 *
 * Which notifications there are: as long as a notification has its cause, and its recipient
 * may see what it tells, it lasts. And which of them are wanted when they happen.
 */

-- Nothing locks anything here. The caller holds the recipient's stream, and everybody who
-- changes one of these answers takes it afterwards. So the last one to hold it sees it all.
create function private.notice_holds(
  recipient_id uuid, kind public.notification_kind, actor_id uuid, object_id bigint, draft_id uuid
)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  case notice_holds.kind
    when 'like' then
      return exists (
        select from public.likes
        where likes.user_id = notice_holds.actor_id and likes.post_id = notice_holds.object_id
      ) and not exists (
        select from private.block_between(notice_holds.recipient_id, notice_holds.actor_id)
      );
    when 'follow' then
      return exists (
        select from public.follows
        where follows.follower_id = notice_holds.actor_id and follows.followee_id = notice_holds.recipient_id
      );
    when 'follow_request' then
      return exists (
        select from public.follow_requests
        where follow_requests.requester_id = notice_holds.actor_id
          and follow_requests.target_id = notice_holds.recipient_id
      );
    when 'request_accepted' then
      return exists (
        select from public.follows
        where follows.follower_id = notice_holds.recipient_id and follows.followee_id = notice_holds.actor_id
      );
    when 'repost' then
      return exists (
        select from public.posts
        where posts.repost_of_id = notice_holds.object_id and posts.author_id = notice_holds.actor_id
      ) and private.looks_into(notice_holds.recipient_id, notice_holds.actor_id);
    when 'mention' then
      return exists (
        select from public.post_mentions
        where post_mentions.profile_id = notice_holds.recipient_id and post_mentions.post_id = notice_holds.object_id
      ) and private.sees_post(notice_holds.recipient_id, notice_holds.object_id);
    when 'draft_failed' then
      return exists (
        select from public.drafts
        where drafts.id = notice_holds.draft_id and drafts.failed_at is not null
      );
    else
      return private.sees_post(notice_holds.recipient_id, notice_holds.object_id);
  end case;
end;
$$;

comment on function private.notice_holds is 'Whether the cause of a notification is there and its recipient may see it.';
revoke all on function private.notice_holds (uuid, public.notification_kind, uuid, bigint, uuid)
  from public, anon, authenticated, service_role;

create function private.mutes_notifications(user_id uuid, actor_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return exists (
    select from public.mutes
    where mutes.muter_id = mutes_notifications.user_id
      and mutes.muted_id = mutes_notifications.actor_id
      and mutes.hides_notifications
      and (mutes.muted_until is null or mutes.muted_until > now())
  );
end;
$$;

comment on function private.mutes_notifications is 'Whether somebody mutes a person at present, notifications included.';
revoke all on function private.mutes_notifications (uuid, uuid) from public, anon, authenticated, service_role;

create function private.mutes_thread_of(user_id uuid, post_id bigint)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return exists (
    select from public.thread_mutes
    where thread_mutes.user_id = mutes_thread_of.user_id
  ) and exists (
    select
    from public.posts
    left join public.posts as quoted on quoted.id = posts.quote_of_id
    join public.thread_mutes on thread_mutes.user_id = mutes_thread_of.user_id
      and thread_mutes.thread_id in (
        coalesce(posts.thread_id, posts.id), coalesce(quoted.thread_id, quoted.id)
      )
    where posts.id = mutes_thread_of.post_id
  );
end;
$$;

comment on function private.mutes_thread_of is 'Whether somebody mutes the thread of a post, or of the post that it quotes.';
revoke all on function private.mutes_thread_of (uuid, bigint) from public, anon, authenticated, service_role;

-- One person gets at most one of these about one post. If several happen together, the kind
-- that comes first in notification_kind is looked at first.
create function private.is_told_already(
  recipient_id uuid, kind public.notification_kind, actor_id uuid, object_id bigint
)
returns boolean
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
  return is_told_already.kind in ('reply', 'quote', 'mention', 'post') and exists (
    select from private.notifications
    where notifications.recipient_id = is_told_already.recipient_id
      and notifications.actor_id = is_told_already.actor_id
      and notifications.kind in ('reply', 'quote', 'mention', 'post')
      and notifications.kind <> is_told_already.kind
      and notifications.object_id = is_told_already.object_id
      and notifications.withdrawn_at is null
  );
end;
$$;

comment on function private.is_told_already is 'Whether the recipient has a notification of another of these kinds about the same post.';
revoke all on function private.is_told_already (uuid, public.notification_kind, uuid, bigint)
  from public, anon, authenticated, service_role;
