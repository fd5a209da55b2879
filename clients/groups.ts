/**
 * Which writes of the outbox go on while another one waits, because the person did such a thing too often. The
 * writes of one group stay in order. Those of different groups do not need each other, because a row has no
 * id before the server has written it. A write that is not listed here may need any other one.
 */
import type { OutboxEntry, Write } from "./write.ts";

const groups: Record<string, readonly string[]> = {
  posts: ["write_post"],
  "changed posts": ["posts"],
  drafts: ["drafts", "publish_draft"],
  likes: ["likes"],
  bookmarks: ["bookmarks"],
  "muted threads": ["thread_mutes"],
  tags: ["tag_follows"],
  follows: [
    "follow",
    "follows",
    "follow_requests",
    "accept_follow_request",
    "decline_follow_request",
    "remove_follower",
  ],
  blocks: ["blocks"],
  mutes: ["mutes"],
  messages: ["send_message"],
  "changed messages": ["edit_message", "delete_message"],
  reactions: ["react", "unreact"],
  notifications: ["mark_read", "mark_group_read", "mark_group_unread"],
};
const groupOf = new Map(Object.entries(groups).flatMap(([group, all]) => all.map((each) => [each, group])));

/** What else a group needs. Who blocks somebody does not follow them. A draft may be published as a post. */
const needs: Record<string, string> = { follows: "blocks", drafts: "posts" };

/** The group of the writes that are not listed. */
const others = "others";

export function groupOfWrite(write: Write): string {
  const name =
    "rpc" in write
      ? write.rpc
      : "upsert" in write
        ? write.upsert
        : "update" in write
          ? write.update
          : write.delete;
  const row = "rpc" in write ? write.args : "delete" in write ? write.match : undefined;
  // A repost is a post of which the client knows the id: the id of what it shares.
  if (row?.repost_of_id && (name === "write_post" || name === "posts")) return "reposts";
  return groupOf.get(name) ?? others;
}

/**
 * @param entries oldest first
 * @param held the groups that wait
 * @returns the oldest entry that may be sent
 */
export function nextOf(entries: readonly OutboxEntry[], held: Iterable<string>): OutboxEntry | undefined {
  const waiting = new Set(held);
  return entries.find(({ write }) => {
    const group = groupOfWrite(write);
    const mustWait =
      waiting.has(group) ||
      waiting.has(others) ||
      waiting.has(needs[group] ?? group) ||
      (group === others && waiting.size > 0);
    if (mustWait) waiting.add(group);
    return !mustWait;
  });
}
