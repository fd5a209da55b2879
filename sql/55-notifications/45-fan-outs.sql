/*
 * fan-outs
 *
 * One thing that may concern very many people: a post whose author has bells, an edit, the
 * end of a post, an account that becomes private. If it concerns at most 20 people, it is
 * put into the queue at once. Otherwise its author writes one row here. A job finds the
 * people, in the order of their ids and in batches (70-jobs.sql).
 */

create table private.fan_outs (
  id          bigint  primary key generated always as identity,
  kind        text    not null check (kind in ('post', 'edited', 'object', 'account')),
  actor_id    uuid    not null,
  object_id   bigint  not null default 0,
  after_id    uuid    not null default '00000000-0000-0000-0000-000000000000',
  after_post  bigint  not null default 0,
  due_at      timestamptz not null default now(),
  failures    integer not null default 0
);

comment on table  private.fan_outs is 'Things that concern many people, who are not all found yet.';
comment on column private.fan_outs.kind is 'post: the followers who are notified of the author''s posts. edited: the authors of reposts, replies and quotes. object: all who were notified of a post. account: all who were notified of the posts of an account.';
comment on column private.fan_outs.after_id is 'The people up to this one are found.';
comment on column private.fan_outs.after_post is 'For an account: its posts up to this one are found.';
comment on column private.fan_outs.due_at is 'When it was served last, or when it was due after a failure. The one that is due longest goes first.';
comment on column private.fan_outs.failures is 'How often it has failed since its last good batch. After 20 times it waits for somebody to look at it.';
revoke all on private.fan_outs from public, anon, authenticated, service_role;

-- The one that is due longest.
create index fan_outs_due_at_id_idx on private.fan_outs (due_at, id);

-- The distinct recipients of an object come from the index, one probe for each: a post may
-- have a million notifications for one person.
create function private.people_of(fan_out private.fan_outs, most integer)
returns setof uuid
language plpgsql
stable
security invoker
set search_path = ''
set enable_bitmapscan = off
rows 100
as $$
begin
  case fan_out.kind
    when 'post' then
      return query
      select follows.follower_id
      from public.follows
      where follows.followee_id = fan_out.actor_id
        and follows.notifies
        and follows.follower_id > fan_out.after_id
      order by follows.follower_id
      limit most;

    when 'edited' then
      return query
      select distinct author.id
      from (
        (
          select distinct posts.author_id
          from public.posts
          where posts.repost_of_id = fan_out.object_id and posts.author_id > fan_out.after_id
          order by posts.author_id
          limit most
        )
        union all
        (
          select distinct posts.author_id
          from public.posts
          where posts.reply_to_id = fan_out.object_id and posts.author_id > fan_out.after_id
          order by posts.author_id
          limit most
        )
        union all
        (
          select distinct posts.author_id
          from public.posts
          where posts.quote_of_id = fan_out.object_id and posts.author_id > fan_out.after_id
          order by posts.author_id
          limit most
        )
      ) as author (id)
      order by author.id
      limit most;

    when 'object' then
      return query
      with recursive person as (
        (
          select notifications.recipient_id as id
          from private.notifications
          where notifications.object_id = fan_out.object_id
            and notifications.object_id <> 0
            and notifications.recipient_id > fan_out.after_id
          order by notifications.recipient_id
          limit 1
        )
        union all
        select (
          select notifications.recipient_id
          from private.notifications
          where notifications.object_id = fan_out.object_id
            and notifications.object_id <> 0
            and notifications.recipient_id > person.id
          order by notifications.recipient_id
          limit 1
        )
        from person
        where person.id is not null
      )
      select person.id
      from person
      where person.id is not null
      limit most;
  end case;
end;
$$;

comment on function private.people_of is 'The next people that a fan-out concerns, in the order of their ids.';
revoke all on function private.people_of (private.fan_outs, integer) from public, anon, authenticated, service_role;

-- Puts people into the queue.
create function private.queue_people(fan_out private.fan_outs, people uuid[])
returns void
language sql
volatile
security invoker
begin atomic
  insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
  select
    person.id,
    case when (fan_out).kind <> 'object' then (fan_out).kind::public.notification_kind end,
    case when (fan_out).kind <> 'object' then (fan_out).actor_id end,
    (fan_out).object_id
  from unnest(queue_people.people) as person (id)
  where person.id <> (fan_out).actor_id or (fan_out).kind = 'object';
end;

comment on function private.queue_people is 'Puts people that a fan-out concerns into the queue.';
revoke all on function private.queue_people (private.fan_outs, uuid[]) from public, anon, authenticated, service_role;

create function private.fan_out(kind text, actor_id uuid, object_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most constant integer := 20;
  started private.fan_outs;
  people uuid[];
begin
  started.kind := fan_out.kind;
  started.actor_id := fan_out.actor_id;
  started.object_id := fan_out.object_id;
  started.after_id := '00000000-0000-0000-0000-000000000000';
  people := array(select private.people_of(started, most + 1));
  if cardinality(people) > most then
    insert into private.fan_outs (kind, actor_id, object_id)
    values (fan_out.kind, fan_out.actor_id, fan_out.object_id);
  elsif cardinality(people) > 0 then
    perform private.queue_people(started, people);
  end if;
end;
$$;

comment on function private.fan_out is 'Queues the people that something concerns: now if they are few, otherwise by a job.';
revoke all on function private.fan_out (text, uuid, bigint) from public, anon, authenticated, service_role;

-- What others were notified of by an account: of its posts, and of its reposts. most is a
-- number of posts.
create function private.fan_out_account(account_id uuid, after_post bigint, most integer)
returns bigint
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  last_post bigint;
  post record;
  seen integer := 0;
begin
  for post in
    select posts.id, posts.repost_of_id
    from public.posts
    where posts.author_id = fan_out_account.account_id and posts.id > fan_out_account.after_post
    order by posts.id
    limit most
  loop
    seen := seen + 1;
    last_post := post.id;
    if post.repost_of_id is null then
      perform private.fan_out('object', fan_out_account.account_id, post.id);
    else
      insert into private.notice_queue (recipient_id, kind, actor_id, object_id)
      select original.author_id, 'repost', fan_out_account.account_id, original.id
      from public.posts as original
      where original.id = post.repost_of_id and original.author_id <> fan_out_account.account_id;
    end if;
  end loop;
  return case when seen = most then last_post end;
end;
$$;

comment on function private.fan_out_account is 'Lets what others were notified of by the posts of an account be looked at: of the next posts. Answers the last of them, or null when there are no more.';
revoke all on function private.fan_out_account (uuid, bigint, integer) from public, anon, authenticated, service_role;

-- One batch. The caller holds the row.
create function private.continue_fan_out(fan_out private.fan_outs, most integer)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  people uuid[];
  last_post bigint;
begin
  if fan_out.kind = 'account' then
    last_post := private.fan_out_account(fan_out.actor_id, fan_out.after_post, most);
    update private.fan_outs
    set after_post = last_post, due_at = clock_timestamp(), failures = 0
    where fan_outs.id = fan_out.id and last_post is not null;
  else
    people := array(select private.people_of(fan_out, most));
    perform private.queue_people(fan_out, people);
    update private.fan_outs
    set after_id = people[most], due_at = clock_timestamp(), failures = 0
    where fan_outs.id = fan_out.id and cardinality(people) = most;
  end if;
  if not found then
    delete from private.fan_outs
    where fan_outs.id = fan_out.id;
  end if;
end;
$$;

comment on function private.continue_fan_out is 'Puts the next people of a fan-out into the queue. Deletes the fan-out after the last of them.';
revoke all on function private.continue_fan_out (private.fan_outs, integer) from public, anon, authenticated, service_role;

create function private.try_fan_out(fan_out private.fan_outs, most integer)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform private.continue_fan_out(fan_out, most);
exception when others then
  raise warning 'Fan-out % failed: % (%)', fan_out.id, sqlerrm, sqlstate;
  update private.fan_outs
  set failures = fan_out.failures + 1, due_at = private.next_try_at(fan_out.failures + 1)
  where fan_outs.id = fan_out.id;
end;
$$;

comment on function private.try_fan_out is 'Continues a fan-out. If that fails, only this is undone, and it is due again later.';
revoke all on function private.try_fan_out (private.fan_outs, integer) from public, anon, authenticated, service_role;
