/**
 * What the tests of notifications have in common: how people act, what they are told, and
 * how time passes. A group of notifications is a sentence here: "like 2: carol, bob".
 */
import type { Database, Person } from "./database.ts";
import { deliverWaiting } from "./recount.ts";

export interface Group {
  id: number;
  group_id: number;
  kind: string;
  count: number;
  actors: { username: string }[];
  post: { id: number } | null;
  draft_id: string | null;
  is_read: boolean;
  is_quiet: boolean;
  happened_at: string;
  fallback: string;
}

export interface StreamEvent {
  seq: number;
  kind: string;
  payload: Record<string, unknown> & { unread: { notifications: number; requests: number } };
}

export interface StreamPage {
  stream: string;
  start_over: boolean;
  cursor: number;
  has_more: boolean;
  events: StreamEvent[];
  snapshot: { notifications: Record<string, unknown>[]; unread: Record<string, number> } | null;
}

/** Signs up people whose usernames are these. */
export async function signUpAll(db: Database, ...names: string[]): Promise<Person[]> {
  return Promise.all(names.map((name) => db.signUp(name)));
}

/** Writes a post. @returns its id */
export async function write(who: Person, content: string, more: Record<string, unknown> = {}) {
  const [row] = await who.asks((sql) => sql`insert into posts ${sql({ content, ...more })} returning id`);
  return row?.id as number;
}

/** Reposts a post. @returns the id of the repost */
export async function repost(who: Person, postId: number) {
  const [row] = await who.asks(
    (sql) => sql`insert into posts (repost_of_id) values (${postId}) returning id`,
  );
  return row?.id as number;
}

export const remove = (who: Person, postId: number) =>
  who.asks((sql) => sql`delete from posts where id = ${postId}`);
export const edit = (who: Person, postId: number, content: string) =>
  who.asks((sql) => sql`update posts set content = ${content} where id = ${postId}`);
export const like = (who: Person, postId: number) =>
  who.asks((sql) => sql`insert into likes (post_id) values (${postId})`);
export const unlike = (who: Person, postId: number) =>
  who.asks((sql) => sql`delete from likes where post_id = ${postId} and user_id = ${who.id}`);
export const follow = (who: Person, other: Person) => who.asks((sql) => sql`select follow(${other.id})`);
export const unfollow = (who: Person, other: Person) =>
  who.asks((sql) => sql`delete from follows where follower_id = ${who.id} and followee_id = ${other.id}`);
export const block = (who: Person, other: Person) =>
  who.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`);
export const unblock = (who: Person, other: Person) =>
  who.asks((sql) => sql`delete from blocks where blocked_id = ${other.id}`);
export const mute = (who: Person, other: Person, more: Record<string, unknown> = {}) =>
  who.asks((sql) => sql`insert into mutes ${sql({ muted_id: other.id, ...more })}`);
export const unmute = (who: Person, other: Person) =>
  who.asks((sql) => sql`delete from mutes where muted_id = ${other.id}`);
export const setPrivate = (who: Person, isPrivate: boolean) =>
  who.asks((sql) => sql`update profiles set is_private = ${isPrivate} where id = ${who.id}`);
/** Follows somebody, and is notified of each new post of theirs. */
export const ring = (who: Person, other: Person) =>
  who.asks((sql) => sql`insert into follows (followee_id, notifies) values (${other.id}, true)`);
export const prefer = (who: Person, kind: string, more: Record<string, unknown>) =>
  who.asks(
    (sql) => sql`
      insert into notification_preferences ${sql({ kind, ...more })}
      on conflict (user_id, kind) do update set from_whom = excluded.from_whom, delivery = excluded.delivery`,
  );
export const muteThread = (who: Person, postId: number) =>
  who.asks((sql) => sql`insert into thread_mutes (post_id) values (${postId})`);
/** Auth deletes the account. */
export const deleteAccount = (db: Database, who: Person) =>
  db.admin`delete from auth.users where id = ${who.id}`;

/** A page of groups. */
export async function groups(
  who: Person,
  { before = null, after = null, page_size = 100, kinds = null }: Partial<Page> = {},
): Promise<Group[]> {
  const rows = await who.asks(
    (sql) => sql`
      select to_jsonb(answer) as row
      from notifications(${before}, ${after}, ${page_size}, ${kinds}::notification_kind[]) as answer`,
  );
  return rows.map(({ row }) => row);
}

interface Page {
  before: number | null;
  after: number | null;
  page_size: number;
  kinds: string[] | null;
}

/** What somebody is told, a sentence for each group, newest first. */
export async function told(who: Person, page: Partial<Page> = {}): Promise<string[]> {
  return (await groups(who, page)).map(
    ({ kind, count, actors }) => `${kind} ${count}: ${actors.map(({ username }) => username).join(", ")}`,
  );
}

export async function unread(who: Person) {
  const [row] = await who.asks((sql) => sql`select to_jsonb(answer) as row from unread() as answer`);
  return row?.row as { notifications: number; requests: number; cursors: Record<string, number> };
}

/** How many groups are unread and counted. */
export const unreadCount = async (who: Person) => (await unread(who)).notifications;

export async function markRead(who: Person, upTo: number | null) {
  const [row] = await who.asks((sql) => sql`select mark_read(${upTo}) as unread`);
  return row?.unread as number;
}

export async function markGroup(who: Person, id: number | null, as: "read" | "unread") {
  const call = `mark_group_${as}`;
  const [row] = await who.asks((sql) => sql`select ${sql(call)}(${id}) as marked`);
  return row?.marked as boolean;
}

/** The people of a group, as usernames. */
export async function actors(who: Person, groupId: number, before: number | null = null, pageSize = 100) {
  const rows = await who.asks(
    (sql) => sql`
      select to_jsonb(answer) as row from notification_actors(${groupId}, ${before}, ${pageSize}) as answer`,
  );
  return rows.map(({ row }) => row as { id: number; profile: { username: string } });
}

/** What sync() answers about somebody's own stream. Without a cursor it starts over. */
export async function sync(who: Person, cursor?: number, pageSize = 200): Promise<StreamPage> {
  const cursors = cursor === undefined ? {} : { [`user:${who.id}`]: cursor };
  const rows = await who.asks(
    (sql) => sql`select to_jsonb(answer) as row from sync(${sql.json(cursors)}, ${pageSize}) as answer`,
  );
  if (rows.length !== 1) throw new Error(`sync() answered ${rows.length} rows`);
  return rows[0]?.row;
}

/** The newest number of somebody's stream. */
export async function cursorOf(who: Person): Promise<number> {
  return (await unread(who)).cursors[`user:${who.id}`] as number;
}

/** The events that something adds to somebody's stream. */
export async function eventsOf(who: Person, work: () => Promise<unknown>): Promise<StreamEvent[]> {
  const before = await cursorOf(who);
  await work();
  const { events, start_over, has_more } = await sync(who, before, 500);
  if (start_over || has_more) throw new Error("Too many events for this test");
  return events;
}

/** Runs the job until nothing waits. */
export const deliver = ({ admin }: Database) => deliverWaiting(admin);

/** Acts as if this much time had passed since all that is told now happened. */
export async function letTimePass({ admin }: Database, interval: string) {
  await admin`
    update private.notifications
    set created_at = created_at - ${interval}::interval, withdrawn_at = withdrawn_at - ${interval}::interval`;
  await admin`update private.stream_events set created_at = created_at - ${interval}::interval`;
}
