/*
 * causes
 *
 * The triggers that put into the queue what may have changed somebody's notifications. They
 * are all here, and they only say where to look (20-queue.sql). Most run once for each
 * statement. All are definers, because nobody may write to the queue.
 */

-- Likes ----------------------------------------------------------------------

-- A post that is being deleted is no longer found. posts_cause_end() looks at it.
create function private.likes_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  -- Nobody waits for the stream of somebody whose post many people like at this moment.
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id, is_left)
  select
    posts.author_id, 'like', changed.user_id, changed.post_id,
    tg_op = 'INSERT' and coalesce(private.is_told_enough(streams), false)
  from changed
  join public.posts on posts.id = changed.post_id
  left join private.streams on streams.user_id = posts.author_id
  where posts.author_id <> changed.user_id;
  return null;
end;
$$;

comment on function private.likes_cause is 'Queues likes and ended likes for the author of the post.';
revoke all on function private.likes_cause () from public, anon, authenticated, service_role;

create trigger likes_cause
  after insert on public.likes
  referencing new table as changed
  for each statement
  execute function private.likes_cause();

create trigger likes_cause_end
  after delete on public.likes
  referencing old table as changed
  for each statement
  execute function private.likes_cause();

-- Follows --------------------------------------------------------------------

-- A follow that the followee inserts is an accepted request.
create function private.follows_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    insert into private.notice_queue (recipient_id, kind, actor_id)
    select
      case when changed.followee_id = auth.uid() then changed.follower_id else changed.followee_id end,
      case when changed.followee_id = auth.uid() then 'request_accepted' else 'follow' end::public.notification_kind,
      case when changed.followee_id = auth.uid() then changed.followee_id else changed.follower_id end
    from changed;
  else
    -- The follower may lose sight of posts, too.
    insert into private.notice_queue (recipient_id, kind, actor_id)
    select concerned.recipient_id, concerned.kind, concerned.actor_id
    from changed
    cross join lateral (
      values
        (changed.followee_id, 'follow'::public.notification_kind, changed.follower_id),
        (changed.follower_id, null, changed.followee_id)
    ) as concerned (recipient_id, kind, actor_id);
  end if;
  return null;
end;
$$;

comment on function private.follows_cause is 'Queues follows, accepted requests and ended follows.';
revoke all on function private.follows_cause () from public, anon, authenticated, service_role;

create trigger follows_cause
  after insert on public.follows
  referencing new table as changed
  for each statement
  execute function private.follows_cause();

create trigger follows_cause_end
  after delete on public.follows
  referencing old table as changed
  for each statement
  execute function private.follows_cause();

create function private.follow_requests_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, requests)
  select changed.target_id, 'follow_request', changed.requester_id, case tg_op when 'INSERT' then 1 else -1 end
  from changed;
  return null;
end;
$$;

comment on function private.follow_requests_cause is 'Queues requests and ended requests, and counts them.';
revoke all on function private.follow_requests_cause () from public, anon, authenticated, service_role;

create trigger follow_requests_cause
  after insert on public.follow_requests
  referencing new table as changed
  for each statement
  execute function private.follow_requests_cause();

create trigger follow_requests_cause_end
  after delete on public.follow_requests
  referencing old table as changed
  for each statement
  execute function private.follow_requests_cause();

-- Posts ----------------------------------------------------------------------

create function private.posts_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  author_id uuid;
  post_id bigint;
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select
    target.author_id,
    reference.kind,
    added.author_id,
    case reference.kind when 'repost' then target.id else added.id end
  from added
  -- A post may answer and quote the same person, who may want to hear only of quotes.
  cross join lateral (
    values
      ('repost'::public.notification_kind, added.repost_of_id),
      ('reply', added.reply_to_id),
      ('quote', added.quote_of_id)
  ) as reference (kind, post_id)
  join public.posts as target on target.id = reference.post_id
  where target.author_id <> added.author_id;

  for author_id, post_id in
    select added.author_id, added.id
    from added
    where added.reply_to_id is null and added.repost_of_id is null
      -- The order makes Postgres use the index. Otherwise it may read all follows, if it
      -- believes that most people follow this author.
      and (
        select true
        from public.follows
        where follows.followee_id = added.author_id and follows.notifies
        order by follows.follower_id
        limit 1
      ) is true
  loop
    perform private.fan_out('post', author_id, post_id);
  end loop;
  return null;
end;
$$;

comment on function private.posts_cause is 'Queues replies, quotes and reposts for the authors of the posts they refer to, and new posts for the followers who are notified of them.';
revoke all on function private.posts_cause () from public, anon, authenticated, service_role;

create trigger posts_cause
  after insert on public.posts
  referencing new table as added
  for each statement
  execute function private.posts_cause();

-- A reply to few addresses the author it answers. It is a reply, and no mention.
create function private.post_mentions_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select changed.profile_id, 'mention', posts.author_id, posts.id
  from changed
  join public.posts on posts.id = changed.post_id
  where posts.author_id <> changed.profile_id and changed.usernames <> '{}';
  return null;
end;
$$;

comment on function private.post_mentions_cause is 'Queues mentions for the people they mean.';
revoke all on function private.post_mentions_cause () from public, anon, authenticated, service_role;

create trigger post_mentions_cause
  after insert on public.post_mentions
  referencing new table as changed
  for each statement
  execute function private.post_mentions_cause();

-- A person who is no longer mentioned may lose sight of the post, and of a reply to them.
create function private.post_mentions_cause_end()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.notice_queue (recipient_id, object_id)
  select changed.profile_id, posts.id
  from changed
  join public.posts on posts.id = changed.post_id;
  return null;
end;
$$;

comment on function private.post_mentions_cause_end is 'Queues posts for people who are no longer mentioned in them.';
revoke all on function private.post_mentions_cause_end () from public, anon, authenticated, service_role;

create trigger post_mentions_cause_end
  after delete on public.post_mentions
  referencing old table as changed
  for each statement
  execute function private.post_mentions_cause_end();

create function private.posts_cause_edit()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform private.fan_out('edited', new.author_id, new.id);
  return null;
end;
$$;

comment on function private.posts_cause_edit is 'Queues an edit for the people who reposted, answered or quoted the post.';
revoke all on function private.posts_cause_edit () from public, anon, authenticated, service_role;

create trigger posts_cause_edit
  after update of title, content, content_warning on public.posts
  for each row
  when (
    (old.title, old.content, old.content_warning) is distinct from (new.title, new.content, new.content_warning)
  )
  execute function private.posts_cause_edit();

create function private.posts_cause_end()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  author_id uuid;
  post_id bigint;
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select original.author_id, 'repost', removed.author_id, original.id
  from removed
  join public.posts as original on original.id = removed.repost_of_id
  where original.author_id <> removed.author_id;

  for author_id, post_id in
    select removed.author_id, removed.id
    from removed
    where removed.repost_of_id is null
  loop
    perform private.fan_out('object', author_id, post_id);
  end loop;
  return null;
end;
$$;

comment on function private.posts_cause_end is 'Queues deleted posts for everybody who was notified of them, and ended reposts.';
revoke all on function private.posts_cause_end () from public, anon, authenticated, service_role;

create trigger posts_cause_end
  after delete on public.posts
  referencing old table as removed
  for each statement
  execute function private.posts_cause_end();

-- Drafts ---------------------------------------------------------------------

create function private.drafts_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.notice_queue (recipient_id, kind, actor_id, draft_id)
  values (old.author_id, 'draft_failed', old.author_id, old.id);
  return null;
end;
$$;

comment on function private.drafts_cause is 'Queues a draft that could not be published, or that will be tried again or is deleted.';
revoke all on function private.drafts_cause () from public, anon, authenticated, service_role;

create trigger drafts_cause
  after update on public.drafts
  for each row
  when ((old.failed_at is null) <> (new.failed_at is null))
  execute function private.drafts_cause();

create trigger drafts_cause_end
  after delete on public.drafts
  for each row
  when (old.failed_at is not null)
  execute function private.drafts_cause();

-- People ---------------------------------------------------------------------

create function private.blocks_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.notice_queue (recipient_id, actor_id)
  select concerned.recipient_id, concerned.actor_id
  from blocked
  cross join lateral (
    values (blocked.blocker_id, blocked.blocked_id), (blocked.blocked_id, blocked.blocker_id)
  ) as concerned (recipient_id, actor_id);
  return null;
end;
$$;

comment on function private.blocks_cause is 'Queues the two people of a block for each other.';
revoke all on function private.blocks_cause () from public, anon, authenticated, service_role;

create trigger blocks_cause
  after insert on public.blocks
  referencing new table as blocked
  for each statement
  execute function private.blocks_cause();

create table private.mute_ends (
  muter_id     uuid         not null,
  muted_id     uuid         not null,
  muted_until  timestamptz  not null,

  primary key (muter_id, muted_id)
);

comment on table private.mute_ends is 'Mutes that end by themselves. A job looks at the notifications then (70-jobs.sql).';
revoke all on private.mute_ends from public, anon, authenticated, service_role;

-- The mutes that have ended.
create index mute_ends_muted_until_idx on private.mute_ends (muted_until);

create function private.mutes_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if tg_op <> 'INSERT' then
    insert into private.notice_queue (recipient_id, actor_id)
    values (old.muter_id, old.muted_id);
    delete from private.mute_ends
    where mute_ends.muter_id = old.muter_id and mute_ends.muted_id = old.muted_id;
  end if;
  if tg_op <> 'DELETE' then
    insert into private.notice_queue (recipient_id, actor_id)
    values (new.muter_id, new.muted_id);
    if new.muted_until is not null and new.hides_notifications then
      insert into private.mute_ends (muter_id, muted_id, muted_until)
      values (new.muter_id, new.muted_id, new.muted_until)
      on conflict on constraint mute_ends_pkey do update
      set muted_until = excluded.muted_until;
    end if;
  end if;
  return null;
end;
$$;

comment on function private.mutes_cause is 'Queues the notifications of a person who is muted, or no longer muted. Notes when the mute ends by itself.';
revoke all on function private.mutes_cause () from public, anon, authenticated, service_role;

create trigger mutes_cause
  after insert or update or delete on public.mutes
  for each row
  execute function private.mutes_cause();

create function private.profiles_cause()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  most constant integer := 200;
  last_post bigint := private.fan_out_account(new.id, 0, most);
begin
  if last_post is not null then
    insert into private.fan_outs (kind, actor_id, after_post)
    values ('account', new.id, last_post);
  end if;
  return null;
end;
$$;

comment on function private.profiles_cause is 'Queues what others were notified of by an account that becomes private. After 200 posts, a job does the rest.';
revoke all on function private.profiles_cause () from public, anon, authenticated, service_role;

create trigger profiles_cause
  after update of is_private on public.profiles
  for each row
  when (new.is_private and not old.is_private)
  execute function private.profiles_cause();

create function private.profiles_cause_end()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.notice_queue (recipient_id, is_ended)
  values (old.id, true);
  return null;
end;
$$;

comment on function private.profiles_cause_end is 'Queues a deleted account, to delete its stream and its notifications.';
revoke all on function private.profiles_cause_end () from public, anon, authenticated, service_role;

create trigger profiles_cause_end
  after delete on public.profiles
  for each row
  execute function private.profiles_cause_end();
