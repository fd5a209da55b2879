/**
 * Measures realtime in two ways. First, the time from a commit until a socket gets the
 * message. Second, a comparison with a bare `ws` server that only sends messages on:
 * deliveries per CPU-second, and memory per idle socket. Each server has its own process.
 */
import { once } from "node:events";
import { SignJWT } from "jose";
import postgres from "postgres";
import { WebSocket } from "ws";
import { median, quantile } from "../measure.ts";
import { type Kind, type Sockets, startSockets } from "../realtime-server.ts";

const receivers = 1_000;
const idle = 2_000;
const held = 5_000;
const opening = 100;
const topic = "realtime:bench";

export async function run(): Promise<string> {
  return [await latency(), await fanOut(), await memory()].join("\n\n");
}

/** The times until the commit is acknowledged and until the socket gets its frame, for the same insert. */
async function latency(): Promise<string> {
  await using server = await startSockets("realtime");
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  await sql.unsafe(`
    create policy "all hear the bench" on realtime.messages for select to authenticated using (true);
    create table public.bench_rows (id bigint generated always as identity primary key, body text);
    alter table public.bench_rows enable row level security;
    grant select on public.bench_rows to authenticated;
    create policy "all read the bench" on public.bench_rows for select to authenticated using (true);
    alter publication supabase_realtime add table public.bench_rows;
  `);
  const body = "x".repeat(200);
  const message = await timed(
    server,
    { private: true, broadcast: { replication_ready: true } },
    () => sql`select realtime.send(jsonb_build_object('body', ${body}::text), 'says', 'bench', true)`,
  );
  const changes = [{ event: "INSERT", schema: "public", table: "bench_rows" }];
  const change = await timed(
    server,
    { postgres_changes: changes },
    () => sql`insert into public.bench_rows (body) values (${body})`,
  );
  await sql.end();
  const line = (name: string, times: number[], ack?: number[]) => {
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
    const more = ack
      ? ` | ${(p50 - quantile(ack, 0.5)).toFixed(2)} | ${(p99 - quantile(ack, 0.99)).toFixed(2)} |`
      : " | | |";
    return `| ${name} | ${p50.toFixed(2)} | ${p99.toFixed(2)}${more}`;
  };
  return [
    `Insert to socket: ${message.ack.length} inserts one after another, one subscriber, commits waiting for the disk.`,
    "Goal: the socket at most 0.5 ms (p50) and 3 ms (p99) after the acknowledgement.",
    "",
    "| | p50 ms | p99 ms | p50 − ack | p99 − ack |",
    "|---|---|---|---|---|",
    line("realtime.send, acknowledged", message.ack),
    line("realtime.send, heard", message.heard, message.ack),
    line("row, acknowledged", change.ack),
    line("row, heard through postgres_changes", change.heard, change.ack),
  ].join("\n");
}

async function timed(
  server: Sockets,
  config: object,
  insert: () => Promise<unknown>,
): Promise<{ ack: number[]; heard: number[] }> {
  const token = await new SignJWT({ role: "authenticated", sub: crypto.randomUUID() })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(server.jwtSecret));
  const socket = await open(server.url);
  const ready = new Promise<void>((resolve) => {
    socket.on("message", (data) => {
      if (data.toString().includes('"system"')) resolve();
    });
  });
  await join(socket, config, token);
  await ready;
  const [ack, heard]: [number[], number[]] = [[], []];
  const warm = 200;
  for (let round = 0; round < 1_000 + warm; round++) {
    const arrived = once(socket, "message").then(() => performance.now());
    const startMs = performance.now();
    const acknowledged = insert().then(() => performance.now());
    const [ackMs, heardMs] = await Promise.all([acknowledged, arrived]);
    if (round < warm) continue;
    ack.push(ackMs - startMs);
    heard.push(heardMs - startMs);
  }
  socket.terminate();
  return { ack: ack.toSorted((a, b) => a - b), heard: heard.toSorted((a, b) => a - b) };
}

/** Sends bursts in turns. Each server gets the same load, one after the other, round by round. */
async function fanOut(): Promise<string> {
  const kinds: Kind[] = ["ws", "realtime"];
  const rates: Record<Kind, number[]> = { ws: [], realtime: [] };
  await using stack = new AsyncDisposableStack();
  const crowds = await Promise.all(kinds.map(async (kind) => stack.use(await gather(kind))));
  for (const crowd of crowds) await crowd.burst(20);
  for (let round = 0; round < 6; round++) {
    for (const crowd of round % 2 === 0 ? crowds : crowds.toReversed()) {
      rates[crowd.kind].push(await crowd.burst(50));
    }
  }
  const line = (kind: Kind) => {
    const range = [Math.min(...rates[kind]), Math.max(...rates[kind])].map(Math.round).join("–");
    const ratio = median(rates[kind]) / median(rates.ws);
    return `| ${kind} | ${Math.round(median(rates[kind]))} | ${range} | ${ratio.toFixed(2)} |`;
  };
  return [
    `Fan-out to ${receivers} receivers, 200 bytes of JSON, 6 interleaved rounds of 50 messages.`,
    "Goal: at least 0.7 of the deliveries per CPU-second of the server that does nothing else.",
    "",
    "| | deliveries per CPU-second | range | ÷ ws |",
    "|---|---|---|---|",
    line("ws"),
    line("realtime"),
  ].join("\n");
}

interface Crowd extends AsyncDisposable {
  kind: Kind;
  /** Sends this number of messages to everybody. @returns the server's deliveries per CPU-second */
  burst(messages: number): Promise<number>;
}

async function gather(kind: Kind): Promise<Crowd> {
  const server = await startSockets(kind);
  let arrived = 0;
  let due = 0;
  let done = () => {};
  const sockets = await openMany(server.url, receivers + 1, kind === "realtime");
  const [sender, ...others] = sockets as [WebSocket, ...WebSocket[]];
  for (const socket of others) {
    socket.on("message", () => {
      if (++arrived === due) done();
    });
  }
  const frame = pushFrame({ text: "x".repeat(189) });
  return {
    kind,
    async burst(messages) {
      arrived = 0;
      const before = await server.cpuS();
      // Send a few at a time, as people do. Each set is delivered before the next is sent.
      for (let sent = 0; sent < messages; sent += 5) {
        due = arrived + 5 * receivers;
        const delivered = new Promise<void>((resolve) => {
          done = resolve;
        });
        for (let i = 0; i < 5; i++) sender.send(frame);
        await delivered;
      }
      return (messages * receivers) / ((await server.cpuS()) - before);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function memory(): Promise<string> {
  const bare = await idleBytes("ws", idle, false);
  const connected = await idleBytes("realtime", idle, false);
  const joined = await idleBytes("realtime", idle, true);
  const many = await idleBytes("realtime", held, true);
  const line = (name: string, { heap, rss }: { heap: number; rss: number }) =>
    `| ${name} | ${kib(heap)} | ${kib(heap - bare.heap)} | ${kib(rss)} | ${kib(rss - bare.rss)} |`;
  return [
    `Memory per idle socket, ${idle} of them (${held} in the last row, all answering a heartbeat).`,
    "Goal: at most 10 KiB beyond ws itself.",
    "",
    "| | heap KiB | beyond ws | resident KiB | beyond ws |",
    "|---|---|---|---|---|",
    line("ws", bare),
    line("realtime, connected", connected),
    line("realtime, on a channel", joined),
    line(`realtime, ${held} on a channel`, many),
  ].join("\n");
}

const kib = (bytes: number) => (bytes / 1024).toFixed(1);

async function idleBytes(kind: Kind, count: number, joins: boolean): Promise<{ heap: number; rss: number }> {
  await using server = await startSockets(kind);
  // The first sockets also pay for the things that all sockets share.
  const first = await openMany(server.url, opening, joins);
  const before = await server.memory();
  const sockets = await openMany(server.url, count, joins);
  const after = await server.memory();
  if (joins) await Promise.all(sockets.map(beat));
  for (const socket of [...first, ...sockets]) socket.terminate();
  return {
    heap: (after.heapBytes - before.heapBytes) / count,
    rss: (after.rssBytes - before.rssBytes) / count,
  };
}

async function openMany(url: string, count: number, joins: boolean): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const some = await Promise.all(
      Array.from({ length: Math.min(opening, count - sockets.length) }, async () => {
        const socket = await open(url);
        if (joins) await join(socket, {});
        return socket;
      }),
    );
    sockets.push(...some);
  }
  return sockets;
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await once(socket, "open");
  return socket;
}

async function join(socket: WebSocket, config: object, token?: string): Promise<void> {
  const payload = { config: { presence: { enabled: false }, ...config }, access_token: token };
  socket.send(JSON.stringify(["1", "1", topic, "phx_join", payload]));
  const [reply] = await once(socket, "message");
  if (!reply.toString().includes('"ok"')) throw new Error(`not joined: ${reply}`);
}

async function beat(socket: WebSocket): Promise<void> {
  const answered = once(socket, "message");
  socket.send('[null,"2","phoenix","heartbeat",{}]');
  await answered;
}

/** A broadcast in the form in which clients send it. @see platform/realtime/protocol.ts */
function pushFrame(payload: object): Buffer {
  const fields = ["1", "", topic, "says", ""].map((text) => Buffer.from(text));
  const head = Uint8Array.of(3, ...fields.map(({ length }) => length), 1);
  return Buffer.concat([head, ...fields, Buffer.from(JSON.stringify(payload))]);
}
