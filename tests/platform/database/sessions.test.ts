/** Sessions that are lost, and the pools that replace them. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  createDatabasePool,
  type DatabasePoolOptions,
  LastStatements,
} from "../../../platform/database/pool.ts";
import { createSession, type Session } from "../../../platform/database/session.ts";
import { createSlot } from "../../../platform/database/slot.ts";
import { troubleOf } from "../../../platform/database/trouble.ts";
import { silent } from "../../../platform/log.ts";
import { type PostgresServer, startServer } from "../../../platform/postgres/server.ts";

let dir: string;
let server: PostgresServer;
let admin: Session;
let databaseUrl: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-sessions-"));
  await chmod(dir, 0o755);
  const dataDir = join(dir, "data");
  server = await startServer({ dataDir, port: 0, password: "postgres", durable: false, log: silent });
  databaseUrl = `postgresql://supabase_admin:postgres@127.0.0.1:${server.port}/postgres`;
  admin = createSession({ databaseUrl, name: "admin" });
  await admin.sql`create table notes (id integer, note text)`;
});
afterAll(async () => {
  await admin?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => admin.sql`truncate notes`);

const pidOf = async (sql: Pick<Session["sql"], "unsafe">): Promise<number> =>
  (await sql.unsafe("select pg_backend_pid() as pid"))[0]?.pid;
/** Resolves when the backend has gone. */
const kill = (pid: number) => admin.sql`select pg_terminate_backend(${pid}, 10000)`;
const openPool = (more: Partial<DatabasePoolOptions> = {}) =>
  createDatabasePool({ databaseUrl, name: "pool", size: 3, waitingMax: 10, waitMs: 10_000, ...more });
const lost = { code: expect.stringMatching(/^CONNECTION_|^ECONNRESET$|^EPIPE$/) };

test("a session that is killed stays lost, and says so for every query", async () => {
  await using session = createSession({ databaseUrl, name: "session" });
  const pid = await pidOf(session.sql);
  const asked = session.sql`select pg_sleep(10)`;
  const refused = expect(asked).rejects.toMatchObject(lost);
  await kill(pid);
  await refused;
  expect(await session.whenLost).toMatchObject(lost);
  for (let time = 0; time < 3; time++) await expect(session.sql`select 1`).rejects.toMatchObject(lost);
  expect(troubleOf(session.lost)).toBe("lost");
});

test("a transaction whose session is killed does not go on elsewhere", async () => {
  await using pool = openPool({ size: 1 });
  const note = (id: number) => pool.sql`insert into notes values (${id}, 'outside')`;
  await expect(
    pool.sql.begin(async (sql) => {
      await sql`insert into notes values (1, 'inside')`;
      await kill(await pidOf(sql));
      await sql`insert into notes values (2, 'inside')`.catch(() => {});
      await sql`insert into notes values (3, 'inside')`;
    }),
  ).rejects.toMatchObject(lost);
  await note(4);
  expect([...(await pool.sql`select id from notes order by id`)]).toEqual([{ id: 4 }]);
});

test("a transaction is done as a whole or not at all, also if its author looks away from a failure", async () => {
  await using pool = openPool({ size: 1 });
  const kept = async () => (await pool.sql`select id from notes order by id`).map(({ id }) => id);
  const note = (sql: Pick<Session["sql"], "unsafe">, id: number) =>
    sql.unsafe("insert into notes values ($1, 'inside')", [id]);
  await pool.sql.begin(async (sql) => {
    await Promise.all([note(sql, 1), note(sql, 2)]);
    // Others do not see it yet.
    expect([...(await admin.sql`select id from notes`)]).toEqual([]);
  });
  expect(await kept()).toEqual([1, 2]);

  const cause = new Error("the author changed their mind");
  const changed = pool.sql.begin(async (sql) => {
    await note(sql, 3);
    throw cause;
  });
  await expect(changed).rejects.toBe(cause);
  const ignored = pool.sql.begin(async (sql) => {
    await note(sql, 4);
    await sql`insert into nowhere values (4)`.catch(() => {});
  });
  await expect(ignored).rejects.toThrow("A statement of the transaction failed");
  expect(await kept()).toEqual([1, 2]);

  // The last statements are sent together with COMMIT.
  const last = (id: number, text: string) =>
    pool.sql.begin(async (sql) => {
      await note(sql, id);
      return new LastStatements(async () => (await sql.unsafe(text).execute()).length);
    });
  expect(await last(5, "select id from notes")).toBe(3);
  await expect(last(6, "select id from nowhere")).rejects.toMatchObject({ code: "42P01" });
  expect(await kept()).toEqual([1, 2, 5]);
});

test("a pool has all its sessions again after all were killed, busy and idle ones", async () => {
  await using pool = openPool();
  const three = () =>
    Promise.all([1, 2, 3].map(() => pool.sql`select pg_backend_pid() as pid from pg_sleep(0.3)`));
  const pids = (await three()).map(([row]) => row?.pid as number);
  expect(new Set(pids).size).toBe(3);
  const busy = pool.sql`select pg_sleep(10)`;
  const refused = expect(busy).rejects.toMatchObject(lost);
  for (const pid of pids) await kill(pid);
  await refused;
  expect(await three()).toHaveLength(3);
  const [row] = await admin.sql`
    select count(*)::integer from pg_stat_activity where application_name = 'pool'`;
  expect(row?.count).toBe(3);
});

test("a session that rests ends after a while, and one in use does not", async () => {
  await using slot = createSlot(() => ({ session: createSession({ databaseUrl, name: "slot" }) }), 1e9, 200);
  const alive = async (pid: number) =>
    (await admin.sql`select from pg_stat_activity where pid = ${pid}`).length === 1;
  const first = await pidOf((await slot.take()).session.sql);
  slot.rest();
  expect(await pidOf((await slot.take()).session.sql)).toBe(first);
  // It was taken again, so its time does not end it.
  await (await slot.take()).session.sql`select pg_sleep(0.5)`;
  expect(await alive(first)).toBe(true);
  slot.rest();
  await expect.poll(() => alive(first)).toBe(false);
  expect(await pidOf((await slot.take()).session.sql)).not.toBe(first);
});

test("queries of a pool have parts, names, lists and objects", async () => {
  await using pool = openPool();
  const { sql } = pool;
  const row = { id: 7, note: undefined };
  await sql`insert into ${sql("notes")} ${sql(row)}`;
  const [found] = await sql`
    select id, note, ${sql.json({ a: [1] })}::jsonb as json, 'b"' = any(${["a", 'b"']}) as listed
    from notes
    where ${sql`id = ${7}`}`;
  expect(found).toEqual({ id: 7, note: null, json: { a: [1] }, listed: true });
});

test("a query that finds too many others waiting, or waits too long, is refused", async () => {
  await using pool = openPool({ size: 1, waitingMax: 1, waitMs: 100 });
  const [long, waits, full] = [
    pool.sql`select pg_sleep(0.5)`.execute(),
    pool.sql`select 1`.execute(),
    pool.sql`select 2`.execute(),
  ];
  await expect(full).rejects.toMatchObject({ code: "POOL_BUSY" });
  await expect(waits).rejects.toMatchObject({ code: "POOL_BUSY" });
  await long;
  expect([...(await pool.sql`select 3 as three`)]).toEqual([{ three: 3 }]);
});

test("a cancelled statement ends, and the session works on; one that is cut does not", async () => {
  await using session = createSession({ databaseUrl, name: "session" });
  const pid = await pidOf(session.sql);
  const works = () =>
    vi.waitFor(async () => {
      const [row] = await admin.sql`select state from pg_stat_activity where pid = ${pid}`;
      expect(row?.state).toBe("active");
    });
  const first = expect(session.sql`select pg_sleep(10)`).rejects.toMatchObject({ code: "57014" });
  await works();
  await session.cancel();
  await first;
  expect(await pidOf(session.sql)).toBe(pid);

  const cause = new Error("nobody waits any more");
  const second = expect(session.sql`select pg_sleep(10)`).rejects.toBe(cause);
  await works();
  session.cut(cause);
  await second;
});

test("a server that is away, or that has no TLS where we want it, is unreachable", async () => {
  const connect = async (url: string) => {
    await using session = createSession({ databaseUrl: url, name: "session" });
    return troubleOf(await session.sql`select 1`.catch((error) => error));
  };
  expect(await connect("postgresql://supabase_admin:postgres@127.0.0.1:1/postgres")).toBe("unreachable");
  expect(await connect(`${databaseUrl}?sslmode=require`)).toBe("unreachable");
  expect(await connect(`${databaseUrl}?sslmode=prefer`)).toBeUndefined();
});

describe("a message of several statements", () => {
  const prepare = (name: string, text: string) => ({ kind: "prepare", name, text }) as const;
  const execute = (name: string, ...values: (string | null)[]) =>
    ({ kind: "execute", name, values }) as const;
  const texts = (rows: (Buffer | null)[][]) => rows.map((row) => row.map((value) => value?.toString("utf8")));

  test("gives the rows of each statement, and prepared statements stay until they are dropped", async () => {
    await using session = createSession({ databaseUrl, name: "session" });
    const [pairs, nothing, echo] = await session.run([
      prepare("pairs", "select n, n * 2 from generate_series(1, $1::integer) as n"),
      execute("pairs", "2"),
      prepare("", "insert into notes values ($1, $2)"),
      execute("", "1", "é"),
      prepare("", "select $1::text, $2::text"),
      execute("", null, ""),
    ]);
    expect(texts(pairs ?? [])).toEqual([
      ["1", "2"],
      ["2", "4"],
    ]);
    expect(nothing).toEqual([]);
    expect(texts(echo ?? [])).toEqual([[undefined, ""]]);
    expect(await session.run([execute("pairs", "3")])).toHaveLength(1);
    await session.run([
      { kind: "drop", name: "pairs" },
      { kind: "drop", name: "never there" },
    ]);
    await expect(session.run([execute("pairs", "3")])).rejects.toMatchObject({ code: "26000" });
    expect([...(await session.sql`select note from notes`)]).toEqual([{ note: "é" }]);
  });

  test("is one transaction: settings last until its end, and an error undoes all of it", async () => {
    await using session = createSession({ databaseUrl, name: "session" });
    const set = [prepare("", "select set_config('search_path', 'nowhere', true)"), execute("")];
    const read = [prepare("", "select current_setting('search_path')"), execute("")];
    expect(texts((await session.run([...set, ...read]))[1] ?? [])).toEqual([["nowhere"]]);
    expect(texts((await session.run(read))[0] ?? [])).not.toEqual([["nowhere"]]);
    const insert = [prepare("", "insert into notes values (1, 'one')"), execute("")];
    const fail = [prepare("", "select 1 / (select 0)"), execute("")];
    await expect(session.run([...insert, ...fail])).rejects.toMatchObject({
      code: "22012",
      severity: "ERROR",
      message: "division by zero",
    });
    expect([...(await session.sql`select id from notes`)]).toEqual([]);
    await session.run(insert);
    expect([...(await session.sql`select id from notes`)]).toEqual([{ id: 1 }]);
  });

  test("may be answered with rows of any size", async () => {
    await using session = createSession({ databaseUrl, name: "session" });
    for (const length of [0, 1, 65_000, 3_000_000]) {
      const [rows] = await session.run([
        prepare("", "select repeat('x', $1), 'end' from generate_series(1, 2)"),
        execute("", String(length)),
      ]);
      expect(texts(rows ?? [])).toEqual(Array(2).fill(["x".repeat(length), "end"]));
    }
  });

  test("fails when its session is killed", async () => {
    await using session = createSession({ databaseUrl, name: "session" });
    const pid = await pidOf(session.sql);
    const asked = session.run([prepare("", "select pg_sleep(10)"), execute("")]);
    const refused = asked.catch((cause) => troubleOf(cause));
    await vi.waitFor(async () => {
      const [row] = await admin.sql`select state from pg_stat_activity where pid = ${pid}`;
      expect(row?.state).toBe("active");
    });
    await kill(pid);
    expect(await refused).toBe("lost");
    await session.whenLost;
    await expect(session.run([execute("")])).rejects.toMatchObject(lost);
  });
});

test("a session takes the server's Unix socket, and TCP if there is none", async () => {
  const addressVia = async (folder: string | undefined) => {
    const url = new URL(databaseUrl);
    url.searchParams.set("host", folder as string);
    await using session = createSession({ databaseUrl: url.href, name: "session" });
    return (await session.sql`select host(inet_client_addr()) as address`)[0]?.address;
  };
  expect(await addressVia(server.socketDir)).toBe(null);
  expect(await addressVia(join(dir, "nowhere"))).toBe("127.0.0.1");
});
