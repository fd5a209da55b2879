/** Nobody can take the whole pool. Mallory sends many heavy requests, and alice reads on. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGateway } from "../../../platform/gateway/index.ts";
import { silent } from "../../../platform/log.ts";
import { type Answer, createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ poolSize: 10 });
  // Posts with two computed columns: `stuck` waits for a lock that a test holds, `dawdles` sleeps.
  // The function `be_stuck` waits too, and counts its calls.
  await town.sql.unsafe(`
    create sequence public.calls;
    create function public.stuck(public.posts) returns boolean language sql volatile
      return pg_catalog.pg_advisory_xact_lock_shared(1) is not null;
    create function public.be_stuck() returns bigint language plpgsql volatile security definer as $$
    begin
      perform pg_catalog.pg_advisory_xact_lock_shared(1);
      return pg_catalog.nextval('public.calls');
    end $$;
    create function public.dawdles(public.posts) returns boolean language sql volatile
      return pg_catalog.pg_sleep(30) is not null;
    grant execute on function public.stuck, public.be_stuck, public.dawdles to anon, authenticated, service_role;
    notify pgrst, 'reload schema'`);
});
afterAll(() => town?.[Symbol.asyncDispose]());

type Headers = Record<string, string>;
const from = (address: string): Headers => ({ "x-forwarded-for": address });

const cheapPage = "/posts?select=id,title&order=id&limit=3";
const heavyPage = "/posts?select=id&id=eq.1&stuck=is.true";

/** Keeps every heavy request from ending, until it is released. */
async function holdHeavy(): Promise<{ release(): Promise<void> }> {
  const connection = await town.sql.reserve();
  await connection`select pg_advisory_lock(1)`;
  return {
    async release() {
      await connection`select pg_advisory_unlock(1)`;
      connection.release();
    },
  };
}

interface Heavy {
  /** How many requests have an answer by now. */
  ended(): number;
  all: Promise<Answer[]>;
}

/** @param who the headers of each request */
function sendHeavy(who: Headers[]): Heavy {
  let ended = 0;
  const all = who.map(async (headers) => {
    const answer = await town.request("GET", heavyPage, { headers });
    ended++;
    return answer;
  });
  return { ended: () => ended, all: Promise.all(all) };
}

/** How many heavy statements run in the database. */
async function running(): Promise<number> {
  const [row] = await town.sql`
    select count(*)::int as count
    from pg_catalog.pg_locks
    where locktype = 'advisory' and not granted`;
  return row?.count;
}

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, n) => make(n));

const bursts: [who: string, heavy: () => Headers[], runs: number][] = [
  ["a stranger's 40", () => times(40, () => from("203.0.113.9")), 3],
  ["40 strangers'", () => times(40, (n) => from(`203.0.113.${n}`)), 5],
  ["one IPv6 network's 40", () => times(40, (n) => from(`2001:db8:1:2::${n}`)), 3],
  ["mallory's 40", () => times(40, () => town.as.mallory), 5],
  ["the service role's 40", () => times(40, () => town.as.service), 5],
  [
    "mallory's and a stranger's 40",
    () => times(40, (n) => (n % 2 ? town.as.mallory : from("203.0.113.9"))),
    7,
  ],
];
test.for(bursts)("%s heavy requests make alice wait for none of them", async ([, who, runs]) => {
  const lock = await holdHeavy();
  const heavy = sendHeavy(who());
  try {
    await expect.poll(running).toBe(runs);
    // Half of them together and half one by one, while no heavy request can end.
    const together = await Promise.all(
      times(20, () => town.request("GET", cheapPage, { headers: town.as.alice })),
    );
    const oneByOne: Answer[] = [];
    for (let count = 0; count < 20; count++) {
      oneByOne.push(await town.request("GET", cheapPage, { headers: town.as.alice }));
    }
    expect(new Set([...together, ...oneByOne].map(({ status }) => status))).toEqual(new Set([200]));
    expect(heavy.ended()).toBe(0);
    expect(await running()).toBe(runs);
  } finally {
    await lock.release();
  }
  // The heavy requests get their turns too. No request of such a burst is refused.
  expect((await heavy.all).map(({ status, json }) => ({ status, json }))).toEqual(
    times(40, () => ({ status: 200, json: [{ id: 1 }] })),
  );
});

test("a stranger reads beside another stranger's 40 heavy requests", async () => {
  const lock = await holdHeavy();
  const heavy = sendHeavy(times(40, () => from("203.0.113.9")));
  try {
    await expect.poll(running).toBe(3);
    const answer = await town.request("GET", cheapPage, { headers: from("198.51.100.7") });
    expect(answer.status).toBe(200);
    expect(heavy.ended()).toBe(0);
  } finally {
    await lock.release();
  }
  await heavy.all;
});

test("a stranger with 200 waiting requests is refused at once, and told when to come back", async () => {
  const lock = await holdHeavy();
  const heavy = sendHeavy(times(210, () => from("203.0.113.9")));
  try {
    await expect.poll(() => heavy.ended()).toBe(7);
    expect((await town.request("GET", cheapPage, { headers: from("198.51.100.7") })).status).toBe(200);
    expect((await town.request("GET", cheapPage, { headers: town.as.alice })).status).toBe(200);
  } finally {
    await lock.release();
  }
  const answers = await heavy.all;
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused).toHaveLength(7);
  for (const { status, headers, json } of refused) {
    expect({ status, json }).toEqual({
      status: 429,
      json: {
        code: "PGRST003",
        message: "Too many of your requests are waiting for a connection.",
        details: null,
        hint: "Send fewer requests at the same time.",
      },
    });
    expect(headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  }
});

test("a client who leaves takes its waiting requests along", async () => {
  await using gateway = await createGateway({ host: "127.0.0.1", port: 0, keys: town.keys, log: silent });
  const signals: AbortSignal[] = [];
  gateway.mount("rest", {
    fetch(request) {
      signals.push(request.signal);
      return town.rest.fetch(request);
    },
  });
  const lock = await holdHeavy();
  const client = new AbortController();
  const ask = (signal?: AbortSignal) =>
    fetch(`${gateway.url}/rest/v1/rpc/be_stuck`, {
      method: "POST",
      headers: { apikey: town.keys.publishableKey },
      signal,
    });
  const stay = times(3, () => ask());
  await expect.poll(running).toBe(3);
  const leave = times(5, () => ask(client.signal).catch((error: Error) => error.name));
  await expect.poll(() => signals.length).toBe(8);
  client.abort();
  expect(await Promise.all(leave)).toEqual(times(5, () => "AbortError"));
  await expect.poll(() => signals.filter(({ aborted }) => aborted).length).toBe(5);
  await lock.release();
  expect((await Promise.all(stay)).map(({ status }) => status)).toEqual([200, 200, 200]);
  // Those three ran, and none of the five.
  expect(await (await ask()).json()).toBe(4);
});

test("every role has the time that hosted Supabase gives it", async () => {
  const timeout = async (headers: Headers) =>
    ((await town.request("GET", "/rpc/who", { headers })).json as { timeout: string }).timeout;
  expect(await timeout({})).toBe("3s");
  expect(await timeout(town.as.alice)).toBe("8s");
  expect(await timeout(town.as.service)).toBe("8s");
});

test("a heavy query that a stranger composes ends with the role's time", async () => {
  const answer = await town.request("GET", "/posts?dawdles=is.true");
  expect(answer.json).toMatchObject({
    code: "57014",
    message: "canceling statement due to statement timeout",
  });
});
