/**
 * Notifications in one form: as the API answers them, and as the model expects them. The
 * model learns the ids of the API from the answers. From then on an id must mean the same.
 * In place of an id stands the place in the model's list of groups or notices.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Notice, type PersonId, person, post, type Viewer } from "./model.ts";
import { outcome } from "./moves.ts";
import { groupsOf, type ShownGroup } from "./notices.ts";
import { cardFrom, cardOf } from "./rows.ts";
import { as, type Stage } from "./stage.ts";

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
type Answered = any;

/** Reads every page. @returns the rows, or the code of the error */
export async function readAll(
  client: SupabaseClient,
  call: string,
  args: object,
  size: number,
): Promise<Answered> {
  const read: Answered[] = [];
  for (;;) {
    const answer = await client.rpc(call, { ...args, before: read.at(-1)?.id, page_size: size });
    if (answer.error) return outcome(answer);
    read.push(...answer.data);
    if (answer.data.length < size || read.length > 1000) return read;
  }
}

/** Reads all notifications of a person, and lets the model learn the ids. */
export async function learn(stage: Stage, of: Viewer): Promise<Answered> {
  const rows = await readAll(as(stage, of), "notifications", {}, 100);
  if (of === null || !Array.isArray(rows)) return rows;
  const shown = groupsOf(stage.world, of);
  for (const [n, row] of rows.entries()) if (shown[n]) bind(stage.world, shown[n], row);
  return rows;
}

/** The ids of this group and of its newest notification, if the row is about the same. */
function bind({ notices }: Stage["world"], { group }: ShownGroup, row: Answered): void {
  if (group.kind !== row.kind || group.object !== (row.post?.id ?? null)) return;
  group.id ??= row.group_id;
  const latest = notices[group.latest] as Notice;
  latest.id ??= row.id;
}

// Names instead of ids -----------------------------------------------------------

// Two people may have the same id for different things.
const groupPlace = ({ world }: Stage, viewer: Viewer, id: number): number =>
  world.groups.findIndex((one) => one.of === viewer && one.id === id);

const noticePlace = ({ world }: Stage, viewer: Viewer, id: number): number =>
  world.notices.findIndex((one) => one.to === viewer && one.id === id);

/** False if a page is not in the order of its ids. */
const isInOrder = (ids: number[]): boolean => ids.every((id, n) => n === 0 || id < (ids[n - 1] as number));

/** A page of notifications(). */
export function pageFrom(stage: Stage, viewer: Viewer, rows: Answered): unknown {
  if (!Array.isArray(rows)) return rows;
  if (!isInOrder(rows.map(({ id }) => id))) return rows.map(({ id }) => `${id} is not in order`);
  return rows.map((row) => ({
    ...groupFrom(stage, viewer, row),
    post: cardFrom(row.post),
    hasFallback: row.fallback.length > 0,
  }));
}

export const rowOf = (stage: Stage, viewer: PersonId, shown: ShownGroup) => {
  const about = post(stage.world, shown.group.object);
  return {
    ...groupOf(stage, shown),
    post: about ? cardOf(stage.world, viewer, about) : null,
    hasFallback: true,
  };
};

/** What a row and an event have in common. */
export const groupFrom = (stage: Stage, viewer: Viewer, row: Answered) => ({
  group: groupPlace(stage, viewer, row.group_id),
  latest: noticePlace(stage, viewer, row.id),
  kind: row.kind,
  draft: row.draft_id,
  count: row.count,
  actors: row.actors.map(({ id }: { id: PersonId }) => nameOf(stage, id)),
  isRead: row.is_read,
  isQuiet: row.is_quiet,
});

export const groupOf = (stage: Stage, { group, notices, isRead }: ShownGroup) => ({
  group: stage.world.groups.indexOf(group),
  latest: group.latest,
  kind: group.kind,
  draft: group.draft,
  count: notices.length,
  actors: notices.slice(0, 3).map(({ by }) => nameOf(stage, by)),
  isRead,
  isQuiet: group.isQuiet,
});

const nameOf = ({ world }: Stage, id: PersonId): string => person(world, id).name;

/** A page of notification_actors(). */
export const actorsFrom = (rows: Answered): unknown => {
  if (!Array.isArray(rows)) return rows;
  const inOrder = isInOrder(rows.map(({ id }) => id));
  return rows.map(({ profile }) => (inOrder ? profile.username : `${profile.username} is not in order`));
};

export const actorsOf = ({ world }: Stage, { notices }: ShownGroup) =>
  notices.map(({ by }) => person(world, by).username);
