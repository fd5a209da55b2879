/**
 * What a client knows that reads its stream with sync(). Each person has one. It starts with
 * the snapshot at the beginning of the history, and applies every later event in order.
 */
import type { Answers, Question } from "./ask.ts";
import type { PersonId, Viewer } from "./model.ts";
import { outcome } from "./moves.ts";
import { groupFrom, groupOf, learn } from "./notice-answers.ts";
import { as, type Stage } from "./stage.ts";

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
type Answered = any;

export interface Client {
  cursor: number;
  /** The payload of the newest event about each group. */
  groups: Map<number, Answered>;
  unread: Answered;
}

/** The newest groups that a snapshot has. */
const snapshotSize = 20;

/** The client of a person before anything happens. */
const newClient = (): Client => ({ cursor: 0, groups: new Map(), unread: { notifications: 0, requests: 0 } });

/** Opens a client for each person. Nobody has notifications yet. */
export async function openClients(stage: Stage): Promise<void> {
  await Promise.all(
    stage.everybody.map(async ({ id }) => {
      if (!stage.world.people.some((one) => one.id === id)) return;
      const { data } = await as(stage, id).rpc("sync").throwOnError();
      const [{ cursor, snapshot }] = data;
      if (snapshot.notifications.length > 0) throw new Error("a history begins with notifications");
      stage.clients.set(id, { ...newClient(), cursor, unread: snapshot.unread });
    }),
  );
}

/** @returns the question what this viewer's client knows after it has read all events */
export function sync(stage: Stage, viewer: Viewer, answers: Answers): Question {
  const { world } = stage;
  return {
    kind: "sync",
    text: "what is new",
    ask: async () => {
      await learn(stage, viewer);
      if (viewer === null) return outcome(await as(stage, viewer).rpc("sync"));
      const trouble = await catchUp(stage, viewer);
      if (trouble) return trouble;
      const { groups, unread, cursor } = stage.clients.get(viewer) as Client;
      const { data } = await as(stage, viewer).rpc("sync", { cursors: {} }).throwOnError();
      const newestFirst = [...groups.values()].toSorted((a, b) => b.id - a.id);
      return {
        applied: newestFirst.map((one) => groupFrom(stage, viewer, one)),
        unread,
        snapshot: data[0].snapshot.notifications.map((one: Answered) => groupFrom(stage, viewer, one)),
        snapshotUnread: data[0].snapshot.unread,
        isAtEnd: data[0].cursor === cursor,
      };
    },
    expected: () => {
      if (viewer === null) return "42501";
      const shown = answers.groupsOf(world, viewer).map((one) => groupOf(stage, one));
      const unread = answers.unreadOf(world, viewer);
      return {
        applied: shown,
        unread,
        snapshot: shown.slice(0, snapshotSize),
        snapshotUnread: unread,
        isAtEnd: true,
      };
    },
  };
}

/** Reads and applies all events after the client's cursor. @returns what is wrong with them, or null */
async function catchUp(stage: Stage, viewer: PersonId): Promise<string | null> {
  const stream = `user:${viewer}`;
  const client = stage.clients.get(viewer) ?? newClient();
  stage.clients.set(viewer, client);
  for (;;) {
    const page_size = 1 + (client.cursor % 4) * 10;
    const { data } = await as(stage, viewer)
      .rpc("sync", { cursors: { [stream]: client.cursor }, page_size })
      .throwOnError();
    const [answer, ...others] = data;
    if (others.length > 0 || answer.stream !== stream) return "the answer is about other streams";
    if (answer.start_over) return "sync starts over";
    if (answer.events.length > page_size) return "the page is too long";
    for (const event of answer.events) {
      if (event.seq !== client.cursor + 1) return `after ${client.cursor} comes ${event.seq}`;
      client.cursor = event.seq;
      apply(client, event);
    }
    if (answer.cursor !== client.cursor) return "the cursor is not that of the last event";
    if (!answer.has_more) return null;
    if (answer.events.length === 0) return "there is more, and no event";
  }
}

function apply(client: Client, { kind, payload }: { kind: string; payload: Answered }): void {
  client.unread = payload.unread;
  if (kind === "notification") {
    if (payload.count === 0) client.groups.delete(payload.group_id);
    else client.groups.set(payload.group_id, payload);
  }
  if (kind !== "read") return;
  for (const [id, group] of client.groups) {
    if (group.id <= payload.up_to) client.groups.set(id, { ...group, is_read: true });
  }
}
