/*
 * changes
 *
 * What trends have to look at. Triggers write a row here for each post and like that changes.
 * private.refresh_trends() takes the rows, and looks at the tables of that moment. So a row
 * says where to look and not what to find, and may be looked at late or twice. A slow
 * transaction loses nothing: its rows are seen when it commits.
 */

-- Table ----------------------------------------------------------------------

create type private.trend_lane as enum ('ordinary', 'bulk', 'person');
comment on type private.trend_lane is 'ordinary: changes of a few posts. bulk: one of many changes that came together, such as all posts of an account. person: all posts and likes of somebody.';

create table private.trend_changes (
  lane        private.trend_lane  not null,
  id          bigint              generated always as identity,
  post_id     bigint,
  profile_id  uuid,
  cost        smallint            not null default 1 check (cost > 0),

  -- The rows of a lane, in order.
  primary key (lane, id)
);

comment on table  private.trend_changes is 'What trends have to look at. With a post only: the post. With both: what this person does with the post (like, reply, quote, repost). With a person only: everything that the person did in the last week.';
comment on column private.trend_changes.post_id is 'The post, or null.';
comment on column private.trend_changes.profile_id is 'The person, or null.';
comment on column private.trend_changes.cost is 'How much work it is: see private.trend_cost(). A refresh has a bound for it.';
revoke all on private.trend_changes from public, anon, authenticated, service_role;

-- A post may have a hundred terms. Each of them is a use that a refresh writes.
create function private.trend_cost(entities jsonb)
returns integer
language sql
immutable
parallel safe
security invoker
return 1 + jsonb_array_length(trend_cost.entities) / 10;

comment on function private.trend_cost is 'How much work a post is for a refresh: 1, and 1 more for every ten of its tags, links and mentions.';
revoke all on function private.trend_cost (jsonb) from public, anon, authenticated, service_role;

-- Triggers -------------------------------------------------------------------

/*
 * These triggers run with every post and like. So they only read the rows of the
 * statement. Posts that are older than eight days count in no trend. If refreshes pause for more than
 * a day, the hours of the pause may count an old post that was deleted meanwhile.
 *
 * One person may change thousands of posts at once. If the changes of a statement cost more than 100,
 * they wait in a lane of their own and do not delay the changes of others.
 *
 * Definer, here and below, because nobody may write the queue.
 */
create function private.posts_change_trends()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id, cost)
  select
    case when sum(change.cost) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    change.post_id,
    change.profile_id,
    change.cost
  from changed
  cross join lateral (
    -- Without tags, links and mentions, a new post changes nothing. A deleted one may have fans.
    select changed.id, null::uuid, private.trend_cost(changed.entities)
    where changed.repost_of_id is null and (tg_op = 'DELETE' or changed.entities <> '[]')
    union all
    select target.id, changed.author_id, 1
    from unnest(array[changed.reply_to_id, changed.quote_of_id, changed.repost_of_id]) as target (id)
    where target.id >= oldest_id and changed.is_open
  ) as change (post_id, profile_id, cost)
  where changed.id >= oldest_id and (changed.is_open or tg_op = 'DELETE');
  return null;
end;
$$;

comment on function private.posts_change_trends is 'Has trends look at new and deleted posts, and at the posts that they answer, quote and repost.';
revoke all on function private.posts_change_trends () from public, anon, authenticated, service_role;

create trigger posts_change_trends_inserted
  after insert on public.posts
  referencing new table as changed
  for each statement
  execute function private.posts_change_trends();

create trigger posts_change_trends_deleted
  after delete on public.posts
  referencing old table as changed
  for each statement
  execute function private.posts_change_trends();

create function private.posts_change_trends_again()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id, cost)
  select
    case when sum(change.cost) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    change.post_id,
    change.profile_id,
    change.cost
  from before
  join after on after.id = before.id
  cross join lateral (
    select after.id, null::uuid, greatest(private.trend_cost(before.entities), private.trend_cost(after.entities))
    where after.repost_of_id is null
      and (before.title, before.content, before.language, before.is_open)
        is distinct from (after.title, after.content, after.language, after.is_open)
    union all
    select target.id, after.author_id, 1
    from unnest(array[after.reply_to_id, after.quote_of_id, after.repost_of_id]) as target (id)
    where target.id >= oldest_id and before.is_open <> after.is_open
  ) as change (post_id, profile_id, cost)
  where after.id >= oldest_id;
  return null;
end;
$$;

comment on function private.posts_change_trends_again is 'Has trends look at posts whose text or language changed, and at posts that were opened or closed.';
revoke all on function private.posts_change_trends_again () from public, anon, authenticated, service_role;

create trigger posts_change_trends_again
  after update on public.posts
  referencing old table as before new table as after
  for each statement
  execute function private.posts_change_trends_again();

create function private.likes_change_trends()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  oldest_id bigint := private.first_id(now() - interval '192 hours');
begin
  insert into private.trend_changes (lane, post_id, profile_id)
  select
    case when count(*) over () > 100 then 'bulk' else 'ordinary' end::private.trend_lane,
    changed.post_id,
    changed.user_id
  from changed
  where changed.post_id >= oldest_id;
  return null;
end;
$$;

comment on function private.likes_change_trends is 'Has trends look at posts that somebody likes, or does not like any more.';
revoke all on function private.likes_change_trends () from public, anon, authenticated, service_role;

create trigger likes_change_trends_inserted
  after insert on public.likes
  referencing new table as changed
  for each statement
  execute function private.likes_change_trends();

create trigger likes_change_trends_deleted
  after delete on public.likes
  referencing old table as changed
  for each statement
  execute function private.likes_change_trends();

create function private.profiles_change_trends()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into private.trend_changes (lane, profile_id)
  values ('person', new.id);
  return null;
end;
$$;

comment on function private.profiles_change_trends is 'Has trends look at the posts and likes of somebody who switches is_discoverable.';
revoke all on function private.profiles_change_trends () from public, anon, authenticated, service_role;

create trigger profiles_change_trends
  after update of is_discoverable on public.profiles
  for each row
  when (old.is_discoverable <> new.is_discoverable)
  execute function private.profiles_change_trends();
