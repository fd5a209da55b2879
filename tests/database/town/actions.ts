/**
 * What people of the town do, one request each, as the API would send it. town.ts runs them.
 * Each takes a few people and a few posts, which may be deleted by now.
 */
import type { TransactionSql } from "postgres";

export interface Choice {
  /** A number from 0 to sides - 1. */
  roll(sides: number): number;
  /** The person who sends the request, and their other username. */
  me: { id: string; names: [string, string] };
  /** One to three people. One of them may be the sender. */
  ids: string[];
  username: string;
  /** Up to six of the newest posts, in any order. */
  posts: number[];
  post: number | null;
}

export type Action = (sql: TransactionSql, choice: Choice) => Promise<unknown>;

/** Inserts posts, and answers their ids. */
const post =
  (values: (choice: Choice) => Record<string, unknown> | Record<string, unknown>[]): Action =>
  (sql, choice) =>
    sql`insert into posts ${sql([values(choice)].flat())} returning id as post`;

export const actions: Record<string, Action> = {
  follow: (sql, { ids }) => sql`select follow(${ids[0] as string})`,
  "follow many": (sql, { ids }) =>
    sql`insert into follows (followee_id) select unnest(${ids}::uuid[]) on conflict do nothing`,
  unfollow: (sql, { me, ids }) =>
    sql`delete from follows where follower_id = ${me.id} and followee_id = any (${ids}::uuid[])`,
  "ask to follow": (sql, { ids }) =>
    sql`insert into follow_requests (target_id) select unnest(${ids}::uuid[]) on conflict do nothing`,
  "take a request back": (sql, { me }) => sql`delete from follow_requests where requester_id = ${me.id}`,
  accept: (sql, { ids }) => sql`select accept_follow_request(${ids[0] as string})`,
  decline: (sql, { ids }) => sql`select decline_follow_request(${ids[0] as string})`,
  "remove a follower": (sql, { ids }) => sql`select remove_follower(${ids[0] as string})`,

  block: (sql, { ids }) =>
    sql`insert into blocks (blocked_id) select unnest(${ids}::uuid[]) on conflict do nothing`,
  unblock: (sql, { me }) => sql`delete from blocks where blocker_id = ${me.id}`,
  mute: (sql, { ids }) => sql`
    insert into mutes (muted_id) select distinct unnest(${ids}::uuid[])
    on conflict (muter_id, muted_id) do update set hides_notifications = false`,
  unmute: (sql, { me }) => sql`delete from mutes where muter_id = ${me.id}`,

  "switch privacy": (sql, { me }) => sql`update profiles set is_private = not is_private where id = ${me.id}`,
  "switch search": (sql, { me }) =>
    sql`update profiles set is_searchable = not is_searchable where id = ${me.id}`,
  rename: (sql, { me, roll }) =>
    sql`update profiles set username = ${me.names[roll(2)] as string}, bio = 'new' where id = ${me.id}`,
  "edit a bio": (sql, { me, roll }) =>
    sql`update profiles set bio = ${`bio ${roll(99)}`} where id = ${me.id}`,

  write: post(({ username }) => ({ content: `#town by @${username}` })),
  "write three": post(({ username }) => [
    { content: "a #town", audience: "followers" },
    { content: "b", audience: "everyone" },
    { content: `c @${username}`, audience: "mentioned" },
  ]),
  reply: post(({ post, username }) => ({ content: `#town @${username}`, reply_to_id: post })),
  "reply to few": post(({ post }) => ({ content: "psst", audience: "mentioned", reply_to_id: post })),
  "reply to two": post(({ posts, post }) => [
    { content: "one", reply_to_id: post },
    { content: "two", reply_to_id: posts[0] ?? null },
  ]),
  quote: post(({ post, posts }) => ({ content: "q", quote_of_id: post, reply_to_id: posts[0] ?? null })),
  repost: post(({ post }) => ({ repost_of_id: post })),
  edit: (sql, { me, posts, username }) => sql`
    update posts set content = ${`#other @${username}`}, title = 'edited'
    where author_id = ${me.id} and id = any (${posts}::bigint[]) and repost_of_id is null`,
  "delete posts": (sql, { me, posts }) =>
    sql`delete from posts where author_id = ${me.id} and id = any (${posts}::bigint[])`,
  "delete old posts": (sql, { me }) => sql`
    delete from posts where id in (select id from posts where author_id = ${me.id} order by id limit 3)`,

  like: (sql, { posts }) =>
    sql`insert into likes (post_id) select unnest(${posts}::bigint[]) on conflict do nothing`,
  unlike: (sql, { me, posts }) =>
    sql`delete from likes where user_id = ${me.id} and post_id = any (${posts}::bigint[])`,
  bookmark: (sql, { post }) => sql`insert into bookmarks (post_id) values (${post}) on conflict do nothing`,
  "forget a bookmark": (sql, { me, posts }) =>
    sql`delete from bookmarks where user_id = ${me.id} and post_id = any (${posts}::bigint[])`,
  "follow tags": (sql) =>
    sql`insert into tag_follows (tag) values ('town'), ('other') on conflict do nothing`,
  "unfollow tags": (sql, { me }) => sql`delete from tag_follows where user_id = ${me.id}`,

  "make a list": (sql, { roll }) =>
    sql`insert into lists (name, is_private) values ('town', ${roll(2) === 0})`,
  "put people on a list": (sql, { me, ids }) => sql`
    insert into list_members (list_id, profile_id)
    select lists.id, unnest(${ids}::uuid[]) from lists where owner_id = ${me.id} on conflict do nothing`,
  "take people off a list": (sql, { ids }) =>
    sql`delete from list_members where profile_id = any (${ids}::uuid[])`,
  "delete a list": (sql, { me }) =>
    sql`delete from lists where id in (select id from lists where owner_id = ${me.id} order by created_at limit 2)`,

  draft: (sql, { post, roll }) => sql`
    insert into drafts (content, reply_to_id, quote_of_id, publish_at)
    values ('a', ${post}, null, now()), ('b #town', null, ${roll(2) === 0 ? post : null}, now())`,
  "edit drafts": (sql, { me }) =>
    sql`update drafts set content = 'c', publish_at = now() where author_id = ${me.id}`,
  "publish a draft": (sql, { me }) => sql`
    select publish_draft(id) from (select id from drafts where author_id = ${me.id} limit 1) as draft`,
  "delete drafts": (sql, { me }) =>
    sql`delete from drafts where id in (select id from drafts where author_id = ${me.id} limit 3)`,

  "ring a bell": (sql, { me, ids }) =>
    sql`update follows set notifies = not notifies where follower_id = ${me.id} and followee_id = any (${ids}::uuid[])`,
  "ring all bells": (sql, { me }) => sql`update follows set notifies = true where follower_id = ${me.id}`,
  "mute with notifications": (sql, { ids }) => sql`
    insert into mutes (muted_id) select distinct unnest(${ids}::uuid[])
    on conflict (muter_id, muted_id) do update set hides_notifications = true`,
  "mute threads": (sql, { posts }) =>
    sql`insert into thread_mutes (post_id) select unnest(${posts}::bigint[]) on conflict do nothing`,
  "unmute threads": (sql, { me }) => sql`delete from thread_mutes where user_id = ${me.id}`,
  "set preferences": (sql, { roll }) => sql`
    insert into notification_preferences (kind, from_whom, delivery)
    select kind, ${["everyone", "established", "following", "nobody"][roll(4)] as string}::notification_source,
      ${["off", "quiet", "loud"][roll(3)] as string}::notification_delivery
    from unnest(${["like", "mention", "reply", "follow_request"].slice(roll(4))}::notification_kind[]) as kind
    on conflict (user_id, kind) do update set from_whom = excluded.from_whom, delivery = excluded.delivery`,
  "forget preferences": (sql, { me }) => sql`delete from notification_preferences where user_id = ${me.id}`,
  "mark everything as read": (sql) => sql`select mark_read(max(id)) from notifications()`,
  "mark a group as read": (sql) => sql`select mark_group_read(id) from notifications() limit 1`,
  "mark a group as unread": (sql) => sql`select mark_group_unread(id) from notifications() limit 1`,
  "read notifications": (sql) =>
    sql`select count(*) from notifications() as page cross join lateral notification_actors(page.group_id)`,
  "count the unread": (sql) => sql`select * from unread()`,
  sync: (sql, { me, roll }) =>
    sql`select * from sync(jsonb_build_object(${`user:${me.id}`}::text, ${roll(40)}::bigint), ${1 + roll(20)})`,

  "read suggestions": (sql) => sql`select count(*) from suggestions()`,
  "dismiss a suggestion": (sql, { ids }) => sql`select dismiss_suggestion(${ids[0] as string})`,
  "see suggestions": (sql, { ids }) => sql`select suggestions_seen(${ids}::uuid[])`,
  "hide suggestions": (sql, { roll }) => sql`
    insert into suggestions_settings (hides_suggestions) values (${roll(4) === 0})
    on conflict (user_id) do update set hides_suggestions = excluded.hides_suggestions`,

  "read the feed": (sql) => sql`select count(*) from home_feed()`,
  "search people": (sql) => sql`select count(*) from search_people('town')`,
};
