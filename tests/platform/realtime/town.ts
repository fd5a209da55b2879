/**
 * A database with rooms and members, and Realtime on it behind a gateway. Tests use
 * supabase-js for what people do, and raw sockets for what supabase-js hides.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type RealtimeChannel, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { vi } from "vitest";
import { createGateway } from "../../../platform/gateway/index.ts";
import { createKeys, type Keys } from "../../../platform/keys.ts";
import { createLog, silent } from "../../../platform/log.ts";
import { findBinaries, serverUser } from "../../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../../platform/postgres/extensions.ts";
import { startServer } from "../../../platform/postgres/server.ts";
import { createRealtime, type Realtime } from "../../../platform/realtime/index.ts";
import type { RealtimeLimits } from "../../../platform/realtime/limits.ts";
import { createSigningKey } from "../../../platform/signing-keys.ts";
import { openRaw, type RawOptions, type RawSocket } from "./raw-socket.ts";

export interface Town extends Server {
  /** Connects as a superuser. */
  sql: postgres.Sql;
  /** Gives people rights in a private room. */
  admit(room: string, members: Record<string, Partial<Rights>>): Promise<void>;
  /** Stops the database and starts it again on the same port. */
  restartDatabase(between?: () => Promise<void>): Promise<void>;
  /** Starts another server on the same database, with other limits. */
  another(options: ServerOptions): Promise<Server>;
}

/** Realtime behind a gateway, and its clients. */
export interface Server extends AsyncDisposable {
  url: string;
  keys: Keys;
  realtime: Realtime;
  /** @param forS seconds until it expires */
  token(name: string, forS?: number, claims?: object): Promise<string>;
  /** A frontend, signed in as somebody or as nobody. */
  client(name?: string, options?: ClientOptions): Promise<SupabaseClient>;
  raw(options?: RawOptions): Promise<RawSocket>;
  /** Disconnects all clients, and waits until the server has noticed. */
  everybodyLeaves(): Promise<void>;
}

export interface ServerOptions {
  /** Replace the limits. Without them, limits are large and errors come without a pause. */
  limits?: Partial<RealtimeLimits>;
  privateOnly?: boolean;
}

export interface Rights {
  hears: boolean;
  speaks: boolean;
  /** The rights for presence: to see others, and to be seen. */
  sees: boolean;
  shows: boolean;
}

export interface ClientOptions {
  vsn?: "1.0.0" | "2.0.0";
  /** Replaces the token for `name`. Called whenever the client wants a token. */
  accessToken?: () => Promise<string>;
  heartbeatIntervalMs?: number;
}

const generous: Partial<RealtimeLimits> = {
  connections: 10_000,
  // No shares: the clients of a test all come from one address.
  userShare: Number.POSITIVE_INFINITY,
  addressShare: Number.POSITIVE_INFINITY,
  anonymousShare: Number.POSITIVE_INFINITY,
  joinsPerS: 100_000,
  eventsPerS: 1_000_000,
  presenceEventsPerS: 1_000_000,
  presenceCalls: 100_000,
  connectBackoffMs: 20,
  joinBackoffMs: 20,
};

const password = "postgres";

const fixture = `
  create table public.members (
    room text,
    name text,
    hears boolean not null,
    speaks boolean not null,
    sees boolean not null,
    shows boolean not null,
    primary key (room, name)
  );
  grant select on public.members to authenticated;
  create policy "members hear what they may hear" on realtime.messages for select to authenticated
    using (exists (
      select 1 from public.members
      where room = realtime.topic() and name = (auth.jwt() ->> 'sub')
        and case extension when 'broadcast' then hears when 'presence' then sees else false end
    ));
  create policy "members say what they may say" on realtime.messages for insert to authenticated
    with check (exists (
      select 1 from public.members
      where room = realtime.topic() and name = (auth.jwt() ->> 'sub')
        and case extension when 'broadcast' then speaks when 'presence' then shows else false end
    ));
`;

const log = process.env.LOG ? createLog((line) => console.error(line), "debug") : silent;

export async function createTown(options: ServerOptions = {}): Promise<Town> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "plaza-realtime-"));
  await chmod(folder, 0o755);
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  await installExtensions((await findBinaries(await serverUser())).home);
  const start = (port: number) =>
    startServer({ dataDir: join(folder, "data"), port, password, durable: false, log: silent });
  let server = await start(0);
  starting.defer(() => server[Symbol.asyncDispose]());
  const databaseUrl = `postgres://supabase_admin:${password}@127.0.0.1:${server.port}/postgres`;
  await bootstrapDatabase(databaseUrl, { password, jwtExpiryS: 3600, log: silent });
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {}, backoff: () => 0.1 });
  starting.defer(() => sql.end({ timeout: 1 }));
  await sql.unsafe(fixture);

  const first = starting.use(await createServer(databaseUrl, options));
  const running = starting.move();
  return {
    ...first,
    sql,
    another: (more) => createServer(databaseUrl, more),
    async admit(room, members) {
      for (const [name, rights] of Object.entries(members)) {
        const row = { room, name, hears: false, speaks: false, sees: false, shows: false, ...rights };
        await sql`
          insert into public.members ${sql(row)}
          on conflict (room, name) do update set
            hears = excluded.hears, speaks = excluded.speaks, sees = excluded.sees, shows = excluded.shows`;
      }
    },
    async restartDatabase(between) {
      const { port } = server;
      await server[Symbol.asyncDispose]();
      try {
        await between?.();
      } finally {
        server = await start(port);
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function createServer(databaseUrl: string, options: ServerOptions): Promise<Server> {
  await using starting = new AsyncDisposableStack();
  const keys = await createKeys({ signingKeys: [await signingKey] });
  const gateway = starting.use(
    await createGateway({ host: "127.0.0.1", port: 0, keys, log: log.child("gateway") }),
  );
  const realtime = starting.use(
    await createRealtime({
      databaseUrl,
      keys,
      config: { private_only: options.privateOnly ?? false },
      limits: { ...generous, ...options.limits },
      log,
    }),
  );
  gateway.mount("realtime", realtime);

  const clients: SupabaseClient[] = [];
  const sockets: RawSocket[] = [];
  starting.defer(async () => {
    for (const socket of sockets.splice(0)) socket.ws.terminate();
    await Promise.all(clients.splice(0).map((client) => client.realtime.disconnect()));
  });
  const token: Server["token"] = (name, forS = 3600, claims = {}) => {
    const nowS = Math.floor(Date.now() / 1000);
    return keys.sign({ sub: name, role: "authenticated", iat: nowS, exp: nowS + forS, ...claims });
  };
  const running = starting.move();
  return {
    url: gateway.url,
    keys,
    realtime,
    token,
    async client(name, { vsn = "2.0.0", accessToken, ...realtimeOptions } = {}) {
      const own = name === undefined ? undefined : await token(name);
      const client = createClient(gateway.url, keys.publishableKey, {
        accessToken: accessToken ?? (own === undefined ? undefined : async () => own),
        auth: { persistSession: false, autoRefreshToken: false },
        realtime: { vsn, timeout: 20_000, ...realtimeOptions },
      });
      if (name !== undefined || accessToken) await client.realtime.setAuth();
      clients.push(client);
      return client;
    },
    async raw(rawOptions) {
      const socket = await openRaw(gateway.url, { apikey: keys.publishableKey, ...rawOptions });
      sockets.push(socket);
      return socket;
    },
    async everybodyLeaves() {
      for (const socket of sockets.splice(0)) socket.ws.terminate();
      await Promise.all(clients.splice(0).map((client) => client.realtime.disconnect()));
      await vi.waitFor(() => {
        const held = realtime.counts();
        const left = Object.entries(held).filter(([, count]) => count > 0);
        if (left.length > 0) throw new Error(`The server still holds ${JSON.stringify(held)}`);
      }, patience);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const signingKey = createSigningKey();

/** For vi.waitFor. It only bounds a test that hangs. */
export const patience = { timeout: 30_000, interval: 20 };

/** The name of a room that no other test uses. */
export function freshRoom(): string {
  return `room-${crypto.randomUUID()}`;
}

/** Subscribes. @throws Error with the server's reason when that fails */
export function joined(channel: RealtimeChannel): Promise<RealtimeChannel> {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve(channel);
      else reject(error ?? new Error(status));
    });
  });
}

/** Collects what a channel hears of an event from now on. */
export function hearing(channel: RealtimeChannel, event = "*"): Record<string, unknown>[] {
  const heard: Record<string, unknown>[] = [];
  channel.on("broadcast", { event }, (message) => void heard.push(message));
  return heard;
}

/** Says one more thing and waits until it is heard. Then nothing else is still on its way. */
export async function settled(
  heard: Record<string, unknown>[],
  say: (mark: string) => Promise<unknown>,
): Promise<void> {
  const mark = crypto.randomUUID();
  await say(mark);
  await vi.waitFor(() => {
    if (!heard.some((message) => JSON.stringify(message).includes(mark))) throw new Error("not heard yet");
  }, patience);
  const index = heard.findIndex((message) => JSON.stringify(message).includes(mark));
  heard.splice(index, 1);
}
