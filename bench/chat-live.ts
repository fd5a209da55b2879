/**
 * Messages of the scenario chat on the way to sockets: how soon every member has one, what it costs
 * beside bare `ws`, and the memory of sockets in rooms.
 */
import { setTimeout } from "node:timers/promises";
import { openRoom } from "./chat-room.ts";
import { actAs, groups, line, pair, people, rounds, send } from "./chat-town.ts";
import { median, quantile, roundsOf } from "./measure.ts";
import type { Town } from "./notification-town.ts";
import { type Memory, type Sockets, startSockets } from "./realtime-server.ts";
import { openCrowd } from "./ws-crowd.ts";

const batch = 20;
const crowd = 500;
const idle = Number(process.env.PLAZA_BENCH_SOCKETS ?? 5_000);

// To the sockets -------------------------------------------------------------------

export async function toSockets(town: Town): Promise<string> {
  const msBetween = 50;
  const warm = 20;
  await using server = await startSockets("realtime", town.adminUrl);
  using stack = new DisposableStack();
  const sql = await actAs(town, 1);
  const rooms = [];
  for (const size of [2, 50, crowd]) {
    const id =
      size === 2 ? await pair(town, 1, 2) : ((await groups(town, 1, [people(2, size - 1)]))[0] as string);
    const room = stack.use(await openRoom(server, town, id, people(1, size)));
    rooms.push({
      size,
      id,
      room,
      ack: [] as number[],
      heard: [] as number[],
      middle: [] as number[],
      last: [] as number[],
    });
  }
  for (let round = 0; round < warm + rounds * batch; round++) {
    for (const { id, room, ack, heard, middle, last } of rooms) {
      await setTimeout(msBetween);
      const arrived = room.hear(1);
      const startMs = performance.now();
      const acknowledged = send(sql, id).then(() => performance.now());
      const [ackMs, { atMs }] = await Promise.all([acknowledged, arrived]);
      if (round < warm) continue;
      ack.push(ackMs - startMs);
      heard.push(...atMs.map((ms) => ms - startMs));
      middle.push((atMs[Math.floor(atMs.length / 2)] as number) - ackMs);
      last.push((atMs.at(-1) as number) - ackMs);
    }
  }
  await sql.end();
  const p = (times: number[], q: number) =>
    quantile(
      times.toSorted((a, b) => a - b),
      q,
    ).toFixed(2);
  return [
    "## To the sockets",
    `${rounds * batch} messages into each room, one room after the other, one every ${msBetween} ms. Every member has a socket, also who sends. The load reads all`,
    "sockets in one thread. Goal: in a room of 50, the socket in the middle at most 1 ms after the acknowledgement.",
    "",
    "| members | acknowledged, p50 ms | heard, p50 ms | heard, p99 ms | the middle one − acknowledged, p50 | the last one − acknowledged, p50 |",
    "|---|---|---|---|---|---|",
    ...rooms.map(({ size, ack, heard, middle, last }) =>
      line(size, p(ack, 0.5), p(heard, 0.5), p(heard, 0.99), p(middle, 0.5), p(last, 0.5)),
    ),
  ].join("\n");
}

// Fan-out --------------------------------------------------------------------------

/**
 * Bare ws sends frames of the same length to as many sockets. It also sends one message at a time.
 * Several at once would share the writes to a socket, but every message of a conversation is a
 * commit of its own.
 */
export async function fanOut(town: Town): Promise<string> {
  const messages = 50;
  const turns = Math.max(2, Math.ceil(rounds / 3));
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startSockets("realtime", town.adminUrl));
  const id = (await groups(town, 1, [people(2, crowd - 1)]))[0] as string;
  const room = stack.use(await openRoom(server, town, id, people(1, crowd)));
  const sql = await actAs(town, 1);
  stack.defer(() => sql.end());
  const say = async () => {
    const [{ bytes }] = await Promise.all([room.hear(1), send(sql, id)]);
    return bytes;
  };
  const bytes = await say();
  const bare = stack.use(await openCrowd(crowd, bytes));

  const newsBefore = room.news();
  let sent = 0;
  const perCpuS = async (from: Sockets, once: () => Promise<unknown>) => {
    const before = await from.cpuS();
    for (let done = 0; done < messages; done++) await once();
    return (messages * crowd) / ((await from.cpuS()) - before);
  };
  const kinds: Record<string, () => Promise<number>> = {
    ws: () => perCpuS(bare.server, bare.send),
    "messages of a conversation": () => {
      sent += messages;
      return perCpuS(server, say);
    },
  };
  const found = await roundsOf(kinds, turns);
  const news = (room.news() - newsBefore) / sent / crowd;
  const floor = found.ws as number[];
  return [
    "## Fan-out",
    `${crowd} members, frames of ${bytes} bytes, medians of ${turns} interleaved rounds of ${messages} messages. Each message is sent when all have`,
    `the one before. The CPU is that of the process with the sockets. It also sent ${news.toFixed(2)} \`news\` for each message and member, which do not count as deliveries.`,
    "Goal: at least 0.7 of bare `ws`.",
    "",
    "| | deliveries per CPU-second | ÷ ws |",
    "|---|---|---|",
    ...Object.entries(found).map(([name, each]) =>
      line(
        name,
        Math.round(median(each)),
        median(each.map((perS, n) => perS / (floor[n] as number))).toFixed(2),
      ),
    ),
  ].join("\n");
}

// Memory ---------------------------------------------------------------------------

export async function memory(town: Town): Promise<string> {
  const size = 50;
  const owners = people(0, Math.ceil(idle / size)).map((room) => 1 + room * size);
  const ids: string[] = [];
  for (const owner of owners) ids.push(...(await groups(town, owner, [people(owner + 1, size - 1)])));
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startSockets("realtime", town.adminUrl));
  const open = async (room: number) => {
    const owner = owners[room] as number;
    stack.use(await openRoom(server, town, ids[room] as string, people(owner, size)));
  };
  // The first room also pays for the things that all sockets share.
  await open(0);
  const before = await server.memory();
  for (let room = 1; room < owners.length; room++) await open(room);
  const after = await server.memory();
  const opened = (owners.length - 1) * size;

  const first = stack.use(await openCrowd(size, 0));
  const bareBefore = await first.server.memory();
  await first.open(opened);
  const bareAfter = await first.server.memory();
  const row = (name: string, from: Memory, to: Memory) =>
    line(
      name,
      ((to.heapBytes - from.heapBytes) / opened / 1024).toFixed(1),
      ((to.rssBytes - from.rssBytes) / opened / 1024).toFixed(1),
      Math.round(to.rssBytes / 2 ** 20),
    );
  return [
    "## Memory",
    `${owners.length * size} sockets in rooms of ${size}, on the topic of the room and on that of the person.`,
    "",
    "| | heap, KiB a socket | resident, KiB a socket | the process, MiB |",
    "|---|---|---|---|",
    row("ws", bareBefore, bareAfter),
    row("the platform", before, after),
  ].join("\n");
}
