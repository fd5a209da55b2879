/**
 * Counts again what triggers keep. A test calls it as a superuser, after its changes. Every
 * answer is a list of differences, and it is empty when the counts are right. First it looks at
 * the notifications that wait, and at the places of deleted posts.
 */
import type { Sql } from "postgres";
import { noticeQuestions } from "./recount-notifications.ts";

const questions: Record<string, string> = {
  follow_counts: `
    select username, counted.*
    from profiles left join private.follow_counts as counted on profile_id = profiles.id
    where (followers, following) is distinct from (
      (select count(*) from follows where followee_id = profiles.id),
      (select count(*) from follows where follower_id = profiles.id)
    )`,
  author_counts: `
    select username, counted.*
    from profiles left join private.author_counts as counted on author_id = profiles.id
    cross join lateral (
      select
        count(*) filter (where audience = 'everyone') as everyone,
        count(*) filter (where audience = 'followers') as followers,
        count(*) filter (where audience = 'mentioned') as mentioned
      from posts where posts.author_id = profiles.id and repost_of_id is null
    ) as recount
    where (for_everyone, for_followers, for_mentioned) is distinct from (everyone, followers, mentioned)`,
  post_counts: `
    select counted.*
    from private.post_counts as counted
    where (likes, replies, reposts, quotes) is distinct from (
      (select count(*) from likes where likes.post_id = counted.post_id),
      (select count(*) from posts where reply_to_id = counted.post_id),
      (select count(*) from posts where repost_of_id = counted.post_id),
      (select count(*) from posts where quote_of_id = counted.post_id)
    )`,
  "post_counts of what is not there": `
    select post_id from private.post_counts
    where not exists (select from posts where posts.id = post_id)`,
  "posts without post_counts": `
    select target.id
    from posts cross join unnest(array[reply_to_id, quote_of_id, repost_of_id]) as target (id)
    join posts as existing on existing.id = target.id
    where not exists (select from private.post_counts where post_id = target.id)
    union all
    select post_id from likes
    where not exists (select from private.post_counts where post_counts.post_id = likes.post_id)`,
  "posts that everyone sees, or not": `
    select posts.id, posts.is_open
    from posts
    join profiles on profiles.id = posts.author_id
    left join (posts as original join profiles as original_author on original_author.id = original.author_id)
      on original.id = posts.repost_of_id
    where posts.is_open is distinct from (
      posts.audience = 'everyone' and not profiles.is_private
      and (original.id is null or (original.audience = 'everyone' and not original_author.is_private))
    )
    union all
    select post_id, is_open from post_tags
    where is_open is distinct from (select is_open from posts where posts.id = post_id)`,
  "posts that everyone finds, or not": `
    select post_id, is_findable
    from private.post_search
    join posts on posts.id = post_id
    join profiles on profiles.id = posts.author_id
    where is_findable <> (is_open and is_searchable)
      and not exists (select from private.search_switches where search_switches.author_id = posts.author_id)`,
  limited_posts: `
    with wanted as (
      select place, posts.id as post_id, posts.author_id
      from posts
      join profiles on profiles.id = posts.author_id
      cross join lateral (
        select 'reply:' || reply_to_id where reply_to_id is not null
        union all select 'quote:' || quote_of_id where quote_of_id is not null
        union all select 'repost:' || repost_of_id where repost_of_id is not null
        union all select 'tag:' || tag from post_tags where post_id = posts.id
        union all select case when reply_to_id is null then 'by:' else 'replies-by:' end || posts.author_id
          where audience = 'mentioned'
      ) as limited (place)
      where is_private or audience <> 'everyone'
    ), kept as (
      select place, post_id, author_id from private.limited_posts
      where place !~ '^shown-by:'
    )
    (table wanted except table kept) union all (table kept except table wanted)`,
  "limited reposts on a profile's page": `
    with wanted as (
      select 'shown-by:' || posts.author_id as place,
        posts.id as post_id, original.author_id, original.audience
      from posts join posts as original on original.id = posts.repost_of_id
      where not original.is_open and (original.author_id <> posts.author_id or original.audience = 'mentioned')
    ), kept as (
      select place, post_id, author_id, audience from private.limited_posts
      where place ~ '^shown-by:'
    )
    (table wanted except table kept) union all (table kept except table wanted)`,
  addressed_posts: `
    with wanted as (
      select place, profile_id, limited_posts.post_id, limited_posts.author_id
      from private.limited_posts
      join posts on posts.id = limited_posts.post_id
      join post_mentions on post_mentions.post_id = coalesce(repost_of_id, posts.id)
      where limited_posts.audience = 'mentioned'
    ), kept as (select place, profile_id, post_id, author_id from private.addressed_posts)
    (table wanted except table kept) union all (table kept except table wanted)`,
  limited_counts: `
    with wanted as (
      select place, count(*) as amount from private.limited_posts
      where place ~ '^(reply|quote|repost):' group by place
    )
    (table wanted except table private.limited_counts) union all (table private.limited_counts except table wanted)`,
  "places that are there, or that nothing hangs below": `
    select id from private.deleted_posts as place
    where exists (select from posts where posts.id = place.id)
      or not exists (select from posts where reply_to_id = place.id)
        and not exists (select from private.deleted_posts as below where below.reply_to_id = place.id)`,
  "replies that hang in the air": `
    select id, reply_to_id from posts
    where reply_to_id is not null
      and not exists (select from posts as parent where parent.id = posts.reply_to_id)
      and not exists (select from private.deleted_posts as place where place.id = posts.reply_to_id)
    union all
    select id, reply_to_id from private.deleted_posts as place
    where reply_to_id is not null
      and not exists (select from posts as parent where parent.id = place.reply_to_id)
      and not exists (select from private.deleted_posts as above where above.id = place.reply_to_id)`,
  post_tags: `
    with wanted as (
      select id as post_id, entity ->> 'tag' as tag
      from posts cross join lateral jsonb_array_elements(entities) as entity
      where entity ->> 'type' = 'tag'
    ), kept as (select post_id, tag from post_tags)
    (table wanted except table kept) union all (table kept except table wanted)`,
  "follows or requests across a block": `
    select blocker_id, blocked_id from blocks
    where exists (
      select from follows
      where (follower_id, followee_id) in ((blocker_id, blocked_id), (blocked_id, blocker_id))
    ) or exists (
      select from follow_requests
      where (requester_id, target_id) in ((blocker_id, blocked_id), (blocked_id, blocker_id))
    )`,
  "requests of what needs none": `
    select requester_id, target_id from follow_requests
    where not exists (select from profiles where id = target_id and is_private)
      or exists (select from follows where (follower_id, followee_id) = (requester_id, target_id))`,
  ...noticeQuestions,
};

/** Looks at all changes that wait in the queue of notifications. */
export async function deliverWaiting(admin: Sql): Promise<void> {
  for (;;) {
    await admin.unsafe("call private.deliver_waiting_notices()");
    const [waits] = await admin`
      select
        (select count(*) from private.notice_queue) + (select count(*) from private.fan_outs) as rows`;
    if (Number(waits?.rows) === 0) return;
  }
}

/** @returns the wrong rows for each question; `{}` when all rows are right */
export async function differences(admin: Sql): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  await deliverWaiting(admin);
  await admin`select private.forget_places()`;
  for (const [question, sql] of Object.entries(questions)) {
    const rows = await admin.unsafe(sql);
    if (rows.length > 0) found[question] = [...rows].slice(0, 5);
  }
  return found;
}
