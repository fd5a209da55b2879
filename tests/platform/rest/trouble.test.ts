/** What clients get when the database is in trouble, and how their statements end. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createPool, type Work } from "../../../platform/rest/database/pool.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ poolSize: 2 });
  await town.sql.unsafe(`
    create function public.nap(seconds float) returns text language plpgsql volatile as $$
      begin perform pg_sleep(seconds); return 'awake'; end $$;
    create function public.nap_stable(seconds float) returns text language plpgsql stable as $$
      begin perform pg_sleep(seconds); return 'awake'; end $$;
    create function public.fill_disk() returns void language plpgsql as $$
      begin raise sqlstate '53100' using
        message = 'could not extend file "base/5/16384": No space left on device',
        hint = 'Check free disk space.'; end $$;
    create function public.mend_nothing() returns int language sql as 'select 1';
    grant execute on all functions in schema public to authenticated`);
  // The schema graph is loaded again.
  await vi.waitFor(async () => expect((await call("mend_nothing")).status).toBe(200), { timeout: 10_000 });
});
afterAll(() => town[Symbol.asyncDispose]());

const call = (name: string, body: object = {}) =>
  town.request("POST", `/rpc/${name}`, { headers: town.as.alice, body });

/** The backends of rest that work, and what they do. */
async function working(): Promise<number[]> {
  const rows = await town.sql`
    select pid from pg_stat_activity where application_name = 'rest' and state = 'active'`;
  return rows.map(({ pid }) => pid);
}

async function oneWorks(): Promise<number> {
  await vi.waitFor(async () => expect(await working()).toHaveLength(1), { timeout: 10_000 });
  const [pid] = await working();
  return pid as number;
}

test("a client who leaves ends its statement, and the connection serves the next client", async () => {
  const client = new AbortController();
  const asked = town.rest.fetch(
    new Request("http://town/rpc/nap", {
      method: "POST",
      headers: { ...town.as.alice, "content-type": "application/json" },
      body: JSON.stringify({ seconds: 7 }),
      signal: client.signal,
    }),
  );
  const pid = await oneWorks();
  const startedMs = performance.now();
  client.abort();
  expect((await asked).status).toBe(499);
  await vi.waitFor(async () => expect(await working()).toEqual([]));
  expect(performance.now() - startedMs).toBeLessThan(3000);
  const again = call("nap", { seconds: 0.5 });
  expect(await oneWorks()).toBe(pid);
  expect((await again).json).toBe("awake");
});

test("a read whose backend is killed is sent again; a write gets 503 and may be tried again", async () => {
  const read = town.request("GET", "/rpc/nap_stable?seconds=0.5", { headers: town.as.alice });
  await town.sql`select pg_terminate_backend(${await oneWorks()})`;
  expect(await read).toMatchObject({ status: 200, json: "awake" });

  const write = call("nap", { seconds: 0.5 });
  await town.sql`select pg_terminate_backend(${await oneWorks()})`;
  const answer = await write;
  expect(answer).toMatchObject({ status: 503, json: { code: "PGRST001" } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await call("nap", { seconds: 0 })).toMatchObject({ status: 200, json: "awake" });
});

test("a full disk is 503, without the name of a file", async () => {
  const answer = await call("fill_disk");
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(answer.json).toEqual({
    code: "53100",
    message: "The database's disk is full, so it cannot do this now.",
    details: null,
    hint: null,
  });
});

describe("time", () => {
  const openPool = () =>
    createPool({
      databaseUrl: town.databaseUrl,
      size: 1,
      limits: { leastMs: 1500, waitingMs: 500, mostMs: 30_000 },
    });
  const work = (text: string, statementTimeoutMs: number): Work => ({
    settings: {
      text: "select set_config('statement_timeout', $1, true)",
      values: [String(statementTimeoutMs)],
      preRequest: undefined,
      searchPath: "public",
      statementTimeoutMs,
    },
    planKey: "test",
    statement: { text, values: [] },
    repeatable: true,
    caller: "alice",
    anonymous: false,
    request: { signal: new AbortController().signal },
    rollback: false,
  });

  test("a request ends even if its backend does not answer at all", async () => {
    await using pool = openPool();
    const pidOf = async () => Number((await pool.run(work("select pg_backend_pid()", 1000))).row[0]);
    const pid = await pidOf();
    process.kill(pid, "SIGSTOP");
    try {
      const startedMs = performance.now();
      await expect(pool.run(work("select 1", 1000))).rejects.toMatchObject({
        status: 503,
        body: { code: "PGRST001", details: "The database did not answer in time." },
        headers: [["Retry-After", expect.stringMatching(/^[1-9]\d*$/)]],
      });
      expect(performance.now() - startedMs).toBeGreaterThan(1400);
      expect(await pidOf()).not.toBe(pid);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  test("a statement with a longer timeout of its own has its time", async () => {
    await using pool = openPool();
    const nap = "select 'awake' from pg_sleep(2)";
    expect(String((await pool.run(work(nap, 3000))).row[0])).toBe("awake");
    await expect(pool.run(work(nap, 1000))).rejects.toMatchObject({ body: { code: "57014" } });
  });
});
