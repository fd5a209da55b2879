/*
 * taking
 *
 * How a refresh takes changes from the queue (15-changes.sql): in order, the two lanes in turns, and
 * a person as all that they did in the last week.
 */

create type private.trend_fan as (
  post_id     bigint,
  profile_id  uuid
);

comment on type private.trend_fan is 'A post, and a person who may do something with it.';

create type private.trend_batch as (
  post_ids   bigint[],
  fans       private.trend_fan[],
  cost       integer,
  has_more   boolean
);

comment on type private.trend_batch is 'Changes that were taken from the queue: posts, and what people do with posts. has_more: the lane ordinary has more of them.';

/*
 * The two lanes take turns, by what their changes cost. So a change in one lane waits for at most as much work of
 * the other, however many terms somebody's posts have. The last change may cost more than is left.
 * Changes of posts from `before_id` on stay in the queue.
 */
create function private.take_trend_changes(before_id bigint, most integer)
returns private.trend_batch
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  room integer := greatest(most, 0);
  batch private.trend_batch;
begin
  with first as materialized (
    (
      select ordinary.lane, ordinary.id, ordinary.cost, sum(ordinary.cost) over (order by ordinary.id) as ends_at
      from private.trend_changes as ordinary
      where ordinary.lane = 'ordinary' and ordinary.post_id < before_id
      order by ordinary.id
      limit room
    )
    union all
    (
      select bulk.lane, bulk.id, bulk.cost, sum(bulk.cost) over (order by bulk.id)
      from private.trend_changes as bulk
      where bulk.lane = 'bulk' and bulk.post_id < before_id
      order by bulk.id
      limit room
    )
  ),
  summed as (
    select
      first.lane, first.id, first.cost,
      sum(first.cost) over (order by first.ends_at, first.lane, first.id rows unbounded preceding) as ends_at
    from first
  ),
  chosen as (
    select summed.lane, summed.id
    from summed
    where summed.ends_at - summed.cost < room
  ),
  taken as (
    delete from private.trend_changes
    using chosen
    where trend_changes.lane = chosen.lane and trend_changes.id = chosen.id
    returning trend_changes.post_id, trend_changes.profile_id, trend_changes.cost
  )
  select
    array_agg(distinct taken.post_id) filter (where taken.profile_id is null),
    array_agg(distinct row(taken.post_id, taken.profile_id)::private.trend_fan)
      filter (where taken.profile_id is not null),
    coalesce(sum(taken.cost), 0)
  into batch.post_ids, batch.fans, batch.cost
  from taken;

  batch.has_more := batch.cost >= room and exists (
    select from private.trend_changes
    where trend_changes.lane = 'ordinary' and trend_changes.post_id < before_id
  );
  return batch;
end;
$$;

comment on function private.take_trend_changes is 'Takes changes of posts with lower ids from the queue, until they cost most.';
revoke all on function private.take_trend_changes (bigint, integer) from public, anon, authenticated, service_role;

-- It finds the posts and likes that are committed by now. Each later one has a row of its own. While the lane
-- bulk has much to do, people wait. So somebody who changes again and again cannot make the queue grow.
create function private.expand_people(at timestamptz, most integer)
returns integer
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  most_waiting constant integer := 1000;
  oldest_id bigint := private.first_id(expand_people.at - interval '168 hours');
  people uuid[];
begin
  if (
    select count(*)
    from (select from private.trend_changes where trend_changes.lane = 'bulk' limit most_waiting) as bulk
  ) = most_waiting then
    return 0;
  end if;

  with taken as (
    delete from private.trend_changes
    where trend_changes.lane = 'person' and trend_changes.id in (
      select first.id
      from private.trend_changes as first
      where first.lane = 'person'
      order by first.id
      limit most
    )
    returning trend_changes.profile_id
  )
  select array_agg(distinct taken.profile_id) into people
  from taken;

  insert into private.trend_changes (lane, post_id, profile_id, cost)
  select 'bulk', change.post_id, change.profile_id, change.cost
  from unnest(people) as person (id)
  cross join lateral (
    select posts.id, null::uuid, private.trend_cost(posts.entities)
    from public.posts
    where posts.author_id = person.id and posts.id >= oldest_id and posts.repost_of_id is null
    union all
    select target.id, person.id, 1
    from public.posts
    cross join unnest(array[posts.reply_to_id, posts.quote_of_id, posts.repost_of_id]) as target (id)
    where posts.author_id = person.id and posts.id >= oldest_id and target.id >= oldest_id
    union all
    select likes.post_id, person.id, 1
    from public.likes
    where likes.user_id = person.id and likes.id >= oldest_id and likes.post_id >= oldest_id
  ) as change (post_id, profile_id, cost);
  return cardinality(people);
end;
$$;

comment on function private.expand_people is 'Takes up to most people from the queue, and puts each post and like of their seven days before a moment, and since then, into the lane bulk. Takes nobody while 1,000 changes wait there.';
revoke all on function private.expand_people (timestamptz, integer) from public, anon, authenticated, service_role;
