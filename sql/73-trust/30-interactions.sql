/*
 * interactions
 *
 * The people that somebody answered, quoted or reposted in the last 90 days. One row for two people,
 * with the latest post. A job collects what is new every ten minutes, in the order of ids. So writing a post
 * costs nothing more. Another job deletes what is over.
 */

-- Tables ---------------------------------------------------------------------

-- No foreign keys: they would cost a lookup for each row, and forget_interactions() looks anyway.
create table private.interactions (
  giver_id     uuid    not null,
  receiver_id  uuid    not null,
  post_id      bigint  not null,

  primary key (giver_id, receiver_id)
);

comment on table  private.interactions is 'The people that somebody answered, quoted or reposted in the last 90 days.';
comment on column private.interactions.giver_id is 'The person who answered, quoted or reposted.';
comment on column private.interactions.receiver_id is 'The person whose post it was.';
comment on column private.interactions.post_id is 'The latest post with which the giver did so.';
revoke all on private.interactions from public, anon, authenticated, service_role;

create table private.interaction_state (
  only_row         boolean  primary key default true check (only_row),
  collected_to_id  bigint   not null default private.first_id(now() - interval '2160 hours'),
  checked_giver    uuid     not null default '00000000-0000-0000-0000-000000000000',
  checked_receiver uuid     not null default '00000000-0000-0000-0000-000000000000'
);

comment on table  private.interaction_state is 'One row: how far the two jobs are.';
comment on column private.interaction_state.collected_to_id is 'Posts with lower ids were collected.';
comment on column private.interaction_state.checked_giver is 'With checked_receiver: forget_interactions() goes on after this row.';
revoke all on private.interaction_state from public, anon, authenticated, service_role;

insert into private.interaction_state default values;

-- Jobs -----------------------------------------------------------------------

-- A post gets its id before it is committed. Five minutes are longer than a request may take, so no
-- post appears behind the mark. An import that takes longer, or that writes old ids, is not collected.
create function private.collect_interactions(at timestamptz default now(), most integer default 100000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  from_id bigint;
  last_id bigint;
  read integer;
begin
  -- Another run waits here.
  select interaction_state.collected_to_id into from_id
  from private.interaction_state
  for update;

  select max(batch.id), count(*) into last_id, read
  from (
    select posts.id
    from public.posts
    where posts.id >= from_id
      and posts.id < private.first_id(collect_interactions.at - interval '5 minutes')
    order by posts.id
    limit collect_interactions.most
  ) as batch;
  if read = 0 then
    return 0;
  end if;

  insert into private.interactions as known (giver_id, receiver_id, post_id)
  select posts.author_id, target.author_id, max(posts.id)
  from public.posts
  cross join unnest(array[posts.reply_to_id, posts.quote_of_id, posts.repost_of_id]) as reference (id)
  join public.posts as target on target.id = reference.id
  where posts.id between from_id and last_id
    and target.author_id <> posts.author_id
  group by posts.author_id, target.author_id
  on conflict (giver_id, receiver_id) do update
  set post_id = excluded.post_id
  where known.post_id < excluded.post_id;

  update private.interaction_state
  set collected_to_id = last_id + 1;
  return read;
end;
$$;

comment on function private.collect_interactions is 'Collects the interactions of up to most new posts, and answers how many posts it read.';
revoke all on function private.collect_interactions (timestamptz, integer) from public, anon, authenticated, service_role;

-- A post that is deleted soon must not leave trust behind. So each row is looked at again and again. If the latest
-- post is gone, an older one of the giver may be there still. Only the newest 1,000 posts of the giver are read, and once
-- for all rows of a giver.
create function private.forget_interactions(most integer default 100000)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_posts constant integer := 1000;
  oldest_id bigint := private.first_id(now() - interval '2160 hours');
  state private.interaction_state;
  ends_at private.interactions;
  forgotten integer;
begin
  select interaction_state.* into state
  from private.interaction_state
  for update;

  with looked_at as materialized (
    select interactions.*, row_number() over (order by interactions.giver_id, interactions.receiver_id) as place
    from private.interactions
    where (interactions.giver_id, interactions.receiver_id) > (state.checked_giver, state.checked_receiver)
    order by interactions.giver_id, interactions.receiver_id
    limit forget_interactions.most
  ),
  gone as materialized (
    select looked_at.giver_id, looked_at.receiver_id, looked_at.post_id
    from looked_at
    left join public.posts on posts.id = looked_at.post_id
    left join public.profiles on profiles.id = looked_at.receiver_id
    where looked_at.post_id < oldest_id or posts.id is null or profiles.id is null
  ),
  older as materialized (
    select giver.giver_id, target.author_id as receiver_id, max(own.id) as post_id
    -- A row that is 90 days old has no younger post.
    from (select distinct gone.giver_id from gone where gone.post_id >= oldest_id) as giver
    cross join lateral (
      select posts.id, posts.reply_to_id, posts.quote_of_id, posts.repost_of_id
      from public.posts
      where posts.author_id = giver.giver_id and posts.id between oldest_id and state.collected_to_id - 1
      order by posts.id desc
      limit most_posts
    ) as own
    cross join unnest(array[own.reply_to_id, own.quote_of_id, own.repost_of_id]) as reference (id)
    join public.posts as target on target.id = reference.id
    group by giver.giver_id, target.author_id
  ),
  updated as (
    update private.interactions
    set post_id = older.post_id
    from gone
    join older using (giver_id, receiver_id)
    where interactions.giver_id = gone.giver_id and interactions.receiver_id = gone.receiver_id
  ),
  deleted as (
    delete from private.interactions
    using gone
    left join older using (giver_id, receiver_id)
    where interactions.giver_id = gone.giver_id
      and interactions.receiver_id = gone.receiver_id
      and older.post_id is null
    returning interactions.giver_id
  )
  select amount.deleted, last.giver_id, last.receiver_id
  into forgotten, ends_at.giver_id, ends_at.receiver_id
  from (select count(*) as deleted from deleted) as amount
  left join looked_at as last on last.place = forget_interactions.most;

  -- If fewer were left, the next run begins again.
  update private.interaction_state
  set checked_giver = coalesce(ends_at.giver_id, '00000000-0000-0000-0000-000000000000'),
      checked_receiver = coalesce(ends_at.receiver_id, '00000000-0000-0000-0000-000000000000');
  return forgotten;
end;
$$;

comment on function private.forget_interactions is 'Looks at the next interactions, up to most, and deletes those that are older than 90 days, whose post is deleted, or whose receiver is. If an older post is there still, it takes the place of the deleted one. Answers how many it deleted.';
revoke all on function private.forget_interactions (integer) from public, anon, authenticated, service_role;
