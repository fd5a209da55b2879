/**
 * Counts notifications again: the groups and streams from their rows, and the rows from what
 * causes them. Nothing may wait in the queue. recount.ts asks these questions.
 */
export const noticeQuestions: Record<string, string> = {
  "notices that wait": `
    select 'queue' as place, count(*) as rows from private.notice_queue having count(*) > 0
    union all
    select 'fan-outs', count(*) from private.fan_outs having count(*) > 0`,
  notification_groups: `
    select listed.group_id, listed.kind, listed.shown, recount.shown as counted
    from private.notification_groups as listed
    cross join lateral (
      select count(*) filter (where withdrawn_at is null and not is_muted) as shown,
        count(*) filter (where kind <> listed.kind and listed.kind <> 'filtered_requests') as others
      from private.notifications
      where notifications.recipient_id = listed.recipient_id and notifications.group_id = listed.group_id
    ) as recount
    where listed.shown <> recount.shown or recount.others > 0
      or (listed.place is not null) <> (recount.shown > 0)`,
  "places of groups": `
    select recipient_id, group_id from (
      select *,
        row_number() over (partition by recipient_id order by place desc) as by_place,
        row_number() over (partition by recipient_id order by latest_id desc) as by_latest
      from private.notification_groups where place is not null
    ) as listed
    where by_place <> by_latest`,
  "notifications without their group": `
    select recipient_id, id from private.notifications
    where withdrawn_at is null and not exists (
      select from private.notification_groups as listed
      where listed.recipient_id = notifications.recipient_id and listed.group_id = notifications.group_id
        and listed.object_id = notifications.object_id
    )`,
  streams: `
    select username, streams.*, recount.*
    from profiles left join private.streams on streams.user_id = profiles.id
    cross join lateral (
      select count(*) filter (
        where not is_quiet and exists (
          select from private.notifications
          where notifications.recipient_id = profiles.id and notifications.group_id = listed.group_id
            and withdrawn_at is null and not is_muted
        ) and (is_marked_unread or latest_id > greatest(listed.read_up_to, streams.read_up_to))
      ) as counted_unread
      from private.notification_groups as listed
      where listed.recipient_id = profiles.id
    ) as recount
    where (streams.unread, streams.requests) is distinct from (
      counted_unread, (select count(*) from follow_requests where target_id = profiles.id)
    )`,
  "ids that a stream does not know": `
    select user_id from private.streams
    where read_up_to > last_id or last_id < (
      select max(id) from private.notifications where recipient_id = streams.user_id
    )`,
  "gaps in streams": `
    select user_id, last_seq, recount.*
    from private.streams
    cross join lateral (
      select count(*) as events, coalesce(min(seq), 1) as first, coalesce(max(seq), 0) as last
      from private.stream_events where stream_events.user_id = streams.user_id
    ) as recount
    where events > 0 and (last <> last_seq or events <> last - first + 1)`,
  "what is left of deleted accounts": `
    select 'stream' as what, user_id from private.streams where not exists (select from profiles where id = user_id)
    union all
    select 'event', user_id from private.stream_events where not exists (select from profiles where id = user_id)
    union all
    select 'group', recipient_id from private.notification_groups
    where not exists (select from profiles where id = recipient_id)
    union all
    select 'notification', recipient_id from private.notifications
    where not exists (select from profiles where id = recipient_id)
      or withdrawn_at is null and not exists (select from profiles where id = actor_id)`,
  "notifications without a cause": `
    with caused as (
      select author_id as recipient_id, 'like' as kind, user_id as actor_id, post_id as object_id
      from likes join posts on posts.id = post_id
      union all
      select original.author_id, 'repost', posts.author_id, original.id
      from posts join posts as original on original.id = posts.repost_of_id
      where private.looks_into(original.author_id, posts.author_id)
      union all
      select followee_id, 'follow', follower_id, 0 from follows
      union all
      select follower_id, 'request_accepted', followee_id, 0 from follows
      union all
      select target_id, 'follow_request', requester_id, 0 from follow_requests
      union all
      select profile_id, 'mention', author_id, posts.id
      from post_mentions join posts on posts.id = post_id
      where private.sees_post(profile_id, posts.id)
      union all
      select live.recipient_id, live.kind::text, author_id, posts.id
      from private.notifications as live join posts on posts.id = live.object_id
      where live.kind in ('reply', 'quote', 'post', 'edited', 'draft_published')
        and private.sees_post(live.recipient_id, posts.id)
      union all
      select author_id, 'draft_failed', author_id, 0 from drafts where failed_at is not null
    )
    select recipient_id, kind::text, actor_id, object_id from private.notifications where withdrawn_at is null
    except
    select * from caused where not exists (
      select from blocks
      where (blocker_id, blocked_id) in ((recipient_id, actor_id), (actor_id, recipient_id))
    )`,
  "more than one notification about a post": `
    select recipient_id, object_id, count(*) from private.notifications
    where kind in ('reply', 'quote', 'mention', 'post') and withdrawn_at is null
    group by recipient_id, object_id having count(*) > 1`,
  "notifications that a mute hides, or not": `
    select recipient_id, actor_id, is_muted from private.notifications
    where withdrawn_at is null and is_muted <> exists (
      select from mutes
      where muter_id = recipient_id and muted_id = actor_id and hides_notifications
        and (muted_until is null or muted_until > now())
    )`,
  "tops of threads": `
    select posts.id, posts.thread_id
    from posts left join posts as answered on answered.id = posts.reply_to_id
    where (posts.reply_to_id is null and posts.thread_id is not null)
      or (answered.id is not null and posts.thread_id is distinct from coalesce(answered.thread_id, answered.id))`,
};
