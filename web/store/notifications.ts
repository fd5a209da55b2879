/**
 * The person's notifications: a feed that is in step with their stream. A group that is new or changed goes to
 * the top at once, because it has the newest id. A group that the person read on another device is read here.
 */
import type { Change } from "../../clients/sync.ts";
import { type Notification, plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { onChange } from "../app/sync.ts";
import { type Feed, feedOf } from "./feeds.ts";
import { keep } from "./posts.ts";

/** The choices: everything, or only words to this person. */
export const filters = {
  all: null,
  mentions: ["reply", "quote", "mention"],
  people: ["follow", "follow_request", "request_accepted", "filtered_requests"],
} as const satisfies Record<string, Notification["kind"][] | null>;
export type Filter = keyof typeof filters;

export function notificationFeed(filter: Filter): Feed<Notification> {
  watch();
  const kinds = filters[filter];
  return feedOf<Notification>(`notifications:${filter}`, {
    read: (cursors) => plaza.rpc("notifications", { ...cursors, kinds: kinds ? [...kinds] : null }),
    seen: (rows) => {
      for (const { post } of rows) if (post) keep(post);
    },
    isStored: filter === "all",
  });
}

/** Reads all that is shown, and everything older. */
export async function readAll(): Promise<void> {
  const newest = Math.max(...feeds().map(({ blocks }) => blocks.value[0]?.[0]?.id ?? 0));
  if (newest === 0) return;
  await plaza.rpc("mark_read", { up_to: newest }).throwOnError();
  readUpTo(newest);
}

/** Marks one group as read or unread. It shows at once, and is taken back if that fails. */
export async function markGroup({ id, group_id }: Notification, isRead: boolean): Promise<void> {
  change(group_id, (group) => ({ ...group, is_read: isRead }));
  const { error } = await plaza.rpc(isRead ? "mark_group_read" : "mark_group_unread", { id });
  if (!error) return;
  change(group_id, (group) => ({ ...group, is_read: !isRead }));
  throw error;
}

const feeds = () => (Object.keys(filters) as Filter[]).map(notificationFeed);

function change(groupId: number, to: (group: Notification) => Notification): void {
  for (const { blocks } of feeds()) {
    blocks.value = blocks.value.map((rows) =>
      rows.some(({ group_id }) => group_id === groupId)
        ? rows.map((row) => (row.group_id === groupId ? to(row) : row))
        : rows,
    );
  }
}

function readUpTo(upTo: number): void {
  for (const { blocks } of feeds())
    blocks.value = blocks.value.map((rows) =>
      rows.map((row) => (row.id <= upTo ? { ...row, is_read: true } : row)),
    );
}

let isWatching = false;

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  onChange(heard);
}

function heard(change_: Change): void {
  if (change_.stream !== `user:${userId.value}`) return;
  if (change_.type === "replace") {
    // The snapshot has the newest groups without their posts. A feed that was shown reads its page again.
    for (const feed of feeds()) if (feed.state.peek() !== "new") void feed.restart();
  }
  if (change_.type !== "event") return;
  if (change_.kind === "read") readUpTo(Number(change_.payload.up_to));
  if (change_.kind === "notification") void put(change_.payload as unknown as Heard);
}

/** A group as the stream tells it: with the id of its post. */
type Heard = Omit<Notification, "post"> & { post_id: number | null };

async function put(group: Heard): Promise<void> {
  if (group.count === 0) {
    for (const feed of feeds()) feed.drop(({ group_id }) => group_id === group.group_id);
    return;
  }
  const shown = feeds()
    .flatMap(({ blocks }) => blocks.value.flat())
    .find(({ group_id }) => group_id === group.group_id);
  let post = shown?.post ?? null;
  if (group.post_id !== null && post?.id !== group.post_id) {
    const { data } = await plaza.rpc("posts_by_ids", { ids: [group.post_id] });
    post = data?.[0]?.post ?? null;
  }
  const row: Notification = { ...group, post };
  for (const filter of Object.keys(filters) as Filter[]) {
    const kinds = filters[filter] as readonly string[] | null;
    if (kinds && !kinds.includes(group.kind)) continue;
    const feed = notificationFeed(filter);
    // A feed that nobody looked at yet reads its first page later.
    if (feed.state.peek() === "new") continue;
    const place = feed.blocks
      .peek()
      .flat()
      .find(({ group_id }) => group_id === row.group_id);
    if (place && place.id > row.id) continue;
    if (place?.id === row.id) change(row.group_id, () => row);
    else {
      feed.drop(({ group_id }) => group_id === row.group_id);
      feed.add(row);
    }
  }
}
