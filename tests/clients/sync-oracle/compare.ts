/** A quiet moment: what each device knows has to be what a fresh snapshot says. */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { checkSaid, compareChat, type FreshChat, freshChat } from "./chat-compare.ts";
import type { Report } from "./devices.ts";
import { repairAll } from "./faults.ts";
import type { Desk, Person, Stage } from "./stage.ts";

/**
 * How long a device may take to come back, when all is well again. If a refresh of its token failed,
 * supabase-js asks for no other one for a minute.
 */
const patienceMs = Number(process.env.PLAZA_SYNC_PATIENCE_MS ?? 90_000);

type Group = Record<string, unknown> & { group_id: number; id: number };

/** What the API says to somebody who asks now. */
interface Snapshot {
  seq: number;
  groups: Group[];
  unread: { notifications: number; requests: number };
  chat: FreshChat;
}

/** @returns what is wrong, or null. The first word is the same for failures of one kind. */
export async function quietly(stage: Stage, nudge: boolean): Promise<string | null> {
  await repairAll(stage);
  await Promise.all(stage.desks.map(({ writing }) => writing));
  await untilServersAnswer(stage);
  if (stage.problems.length > 0) return `problem: ${stage.problems.splice(0).join("\n")}`;
  const first = await Promise.all(stage.desks.map(({ device }) => emptyOutbox(device)));
  const stuck = first.findIndex(({ pending }) => pending > 0);
  if (stuck >= 0) return wrong(stage, stuck, "outbox", `is not empty: ${told(first[stuck] as Report)}`);
  await workOffQueue(stage);
  const snapshots = await Promise.all(
    stage.people.map((person, n) => {
      const open = stage.desks.flatMap(({ owner }, at) => (owner === n ? (first[at] as Report).wanted : []));
      return snapshotOf(person, [...new Set(open)]);
    }),
  );
  const found = await Promise.all(stage.desks.map((desk, n) => checkDesk(stage, desk, n, snapshots, nudge)));
  stage.tally.quiet++;
  return found.find((one) => one !== null) ?? (await checkWrites(stage));
}

async function emptyOutbox(device: Desk["device"]): Promise<Report> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const report = await device.ask("report");
    if (report.pending === 0 || performance.now() > deadlineMs) return report;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function untilServersAnswer({ people }: Stage): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const { status } = await (people[0] as Person).client.rpc("unread");
    if (status === 200) return;
    if (performance.now() > deadlineMs) throw new Error(`Rest answers ${status} after all repairs`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What pg_cron does every few seconds. */
async function workOffQueue({ town: { sql } }: Stage): Promise<void> {
  for (;;) {
    await sql`call private.deliver_waiting_notices()`;
    await sql`call private.deliver_chat()`;
    const [left] = await sql`
      select exists (select from private.notice_queue) or exists (select from private.fan_outs)
        or exists (select from private.conversation_bells)
        or exists (select from private.conversation_tellings)
        or exists (select from private.conversation_moves)
        or exists (select from private.receipt_switches) as any,
        exists (select from private.notice_queue where failures > 0)
        or exists (select from private.conversation_bells where failures > 0)
        or exists (select from private.conversation_tellings where failures > 0)
        or exists (select from private.conversation_moves where failures > 0)
        or exists (select from private.receipt_switches where failures > 0) as failed`;
    // The job would wait for its next try.
    if (left?.failed) throw new Error("A job has failed");
    if (!left?.any) return;
  }
}

async function snapshotOf(person: Person, open: number[]): Promise<Snapshot> {
  const { id, client } = person;
  const [page] = (await client.rpc("sync").throwOnError()).data;
  const [row] = (await client.rpc("unread").throwOnError()).data;
  const groups: Group[] = [];
  for (;;) {
    const before = groups.at(-1)?.id ?? null;
    const { data } = await client.rpc("notifications", { before, page_size: 100 }).throwOnError();
    groups.push(
      ...data.map(({ post, ...group }: Group & { post: { id: number } | null }) => ({
        ...group,
        post_id: post?.id ?? null,
      })),
    );
    if (data.length < 100) break;
  }
  const { notifications, requests } = row;
  const unread = { notifications, requests };
  // The three questions agree.
  expect(page).toMatchObject({ start_over: true, cursor: row.cursors[`user:${id}`], snapshot: { unread } });
  expect(page.snapshot.notifications).toEqual(groups.slice(0, 20));
  return { seq: page.cursor, groups, unread, chat: await freshChat(person, open) };
}

async function checkDesk(
  stage: Stage,
  desk: Desk,
  n: number,
  snapshots: Snapshot[],
  nudge: boolean,
): Promise<string | null> {
  const { device, owner, sent } = desk;
  const { seq, groups, unread, chat } = snapshots[owner] as Snapshot;
  const { wanted } = await device.ask("report");
  const readable = wanted.filter((id) => chat.rooms[id]);
  const cursors = Object.fromEntries(
    readable.map((id) => [id, (chat.rooms[id] as { cursor: number }).cursor]),
  );
  const { dropped } = device.network.counts;
  // News has no number. If some was dropped, only a new message, a join or a nudge makes a device read its list.
  const list = nudge || dropped === desk.dropped ? chat.list : undefined;
  if (nudge) desk.dropped = dropped;
  const report = await device.ask("settle", { seq, cursors, list, nudge, timeoutMs: patienceMs });
  const { tally, people } = stage;
  tally.comparisons++;
  tally.violations += report.violations.length;
  if (report.violations.length > 0)
    return wrong(stage, n, "order", `applied ${report.violations.join("; ")}`);
  if (report.state !== "live" || report.cursor !== seq) {
    return wrong(stage, n, "stuck", `does not come to ${seq}: ${told(report)}`);
  }
  const unsettled = sent.filter((key) => report.settled[key] !== 1);
  if (unsettled.length > 0 || Object.keys(report.settled).length !== sent.length) {
    return wrong(stage, n, "outbox", `settled ${JSON.stringify(report.settled)} of ${sent}`);
  }
  if (!isDeepStrictEqual(report.unread, unread)) {
    return wrong(
      stage,
      n,
      "unread",
      `knows ${JSON.stringify(report.unread)}, and it is ${JSON.stringify(unread)}`,
    );
  }
  const inChat = compareChat(stage, report, (people[owner] as Person).id, { ...chat, list });
  if (inChat) return wrong(stage, n, inChat.split("\n", 1)[0] as string, `${inChat}\n${told(report)}`);
  const saidWrong = await checkSaid(stage, desk, report);
  if (saidWrong) return wrong(stage, n, "outbox", saidWrong);
  const differences = compareGroups(report, groups);
  tally.groups += Object.keys(report.groups).length;
  return differences.length > 0 ? wrong(stage, n, "groups", differences.join("\n")) : null;
}

function compareGroups({ groups: known, knownFrom }: Report, groups: Group[]): string[] {
  const found: string[] = [];
  for (const group of groups) {
    const own = known[group.group_id];
    if (!own && group.id >= knownFrom) found.push(`  missing:  ${JSON.stringify(group)}`);
    if (own && !isDeepStrictEqual(own, { ...group })) {
      found.push(`  is:       ${JSON.stringify(sorted(own))}\n  should be:${JSON.stringify(sorted(group))}`);
    }
  }
  const listed = new Set(groups.map(({ group_id }) => String(group_id)));
  for (const [id, own] of Object.entries(known)) {
    if (!listed.has(id)) found.push(`  gone:     ${JSON.stringify(own)}`);
  }
  return found;
}

/** Each write was done once, and in order. */
async function checkWrites({ town: { sql }, desks, people }: Stage): Promise<string | null> {
  for (const [n, { owner, anchor, isMarked, written, device }] of desks.entries()) {
    const { id } = people[owner] as Person;
    if (isMarked !== null) {
      const [row] = await sql`
        select exists (select from bookmarks where user_id = ${id} and post_id = ${anchor}) as marked`;
      if (row?.marked !== isMarked)
        return `outbox: device ${n} wrote ${isMarked} last, and it is ${row?.marked}`;
    }
    if (written.length > 0) {
      const rows = await sql`
        select content from posts
        where author_id = ${id} and starts_with(content, ${`sent ${device.network.url} `})
        order by id`;
      const are = rows.map(({ content }) => content);
      if (!isDeepStrictEqual(are, written))
        return `outbox: device ${n} wrote\n${written.join("\n")}\nand there are\n${are.join("\n")}`;
    }
  }
  return null;
}

function told({ state, cursor, pending, log, refusals }: Report): string {
  return [JSON.stringify({ state, cursor, pending, refusals }), ...log].join("\n    ");
}

const wrong = ({ people, desks }: Stage, n: number, kind: string, what: string): string =>
  `${kind}: device ${n} of ${people[(desks[n] as Desk).owner]?.name}\n${what}`;

const sorted = (row: object): object =>
  Object.fromEntries(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)));
