/** The people who are trusted, and so count in trends: a recount in plain loops, and the promises of the rule. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
const people: Person[] = [];
const names = ["alice", "bob", "carol", "mallory", "erin", "frank", "grace", "heidi"];
beforeAll(async () => {
  db = await createDatabase();
  for (const name of names) people.push(await db.signUp(name));
});
afterAll(() => db?.[Symbol.asyncDispose]());

const id = (index: number): string => people[index]?.id ?? "";

/** Nobody follows anybody. Alice is the oldest account, then bob, and so on. All are old. */
beforeEach(async () => {
  await db.admin`delete from follows`;
  await db.admin`delete from private.trust_seeds`;
  await db.admin`update auth.users set banned_until = null where banned_until is not null`;
  await db.admin`delete from private.trust`;
  for (const [index] of people.entries()) {
    await db.admin`update profiles set created_at = now() - make_interval(days => ${60 - index}) where id = ${id(index)}`;
  }
});

const seed = (index: number, is = true) =>
  db.as("service_role")((sql) => sql`select set_trust_seed(${id(index)}, ${is})`);
const follow = (one: number, other: number) =>
  db.admin`insert into follows (follower_id, followee_id) values (${id(one)}, ${id(other)}) on conflict do nothing`;
const ban = (index: number, until: Date | null) =>
  db.admin`update auth.users set banned_until = ${until} where id = ${id(index)}`;
const later = () => new Date(Date.now() + 1e9);

const refresh = async (): Promise<number[]> => {
  const [row] = await db.owner`select private.refresh_trust() as amount`;
  const rows = await db.admin`select profile_id from private.trust`;
  expect(row?.amount).toBe(rows.length);
  return rows.map(({ profile_id }) => people.findIndex((person) => person.id === profile_id)).sort();
};

interface Town {
  follows: [number, number][];
  seeds: number[];
  banned: number[];
  young: number[];
}

/** The same in plain loops. Older people have lower numbers; the young ones come after the others. */
function recount({ follows, seeds, banned, young }: Town): number[] {
  const isBanned = (one: number) => banned.includes(one);
  const old = [...people.keys()].filter((one) => !young.includes(one));
  const first = (seeds.length > 0 ? seeds : old).filter((one) => !isBanned(one));
  const followees = people.map((_, one) => [
    ...new Set(
      follows.filter(([from, to]) => from === one && to !== one && !isBanned(to)).map(([, to]) => to),
    ),
  ]);
  let has = people.map((_, one) => (first.includes(one) ? 10n ** 15n / BigInt(first.length) : 0n));
  const received = people.map(() => 0n);
  for (let round = 0; round < 5; round++) {
    const next = people.map(() => 0n);
    for (const [one, amount] of has.entries()) {
      for (const to of followees[one] ?? []) {
        next[to] = (next[to] ?? 0n) + amount / BigInt(followees[one]?.length ?? 1);
      }
    }
    has = next;
    for (const [one, amount] of has.entries()) received[one] = (received[one] ?? 0n) + amount;
  }
  const total = received.reduce((sum, amount) => sum + amount, 0n);
  const place = (one: number) => one + (young.includes(one) ? people.length : 0);
  const ranked = [...received.entries()].sort(
    ([a, one], [b, other]) => Number(other - one) || place(a) - place(b),
  );
  const candidates: number[] = [];
  let before = 0n;
  for (const [one, amount] of ranked) {
    if (amount > 0n && before * 10n < total * 8n && !young.includes(one)) candidates.push(one);
    before += amount;
  }
  const trusted = new Set(first);
  const votes = (voter: number) => (seeds.includes(voter) ? 2 : 1);
  for (let size = -1; size < trusted.size; ) {
    size = trusted.size;
    for (const one of candidates) {
      const voters = [...trusted].filter((voter) => followees[voter]?.includes(one));
      if (voters.reduce((sum, voter) => sum + votes(voter), 0) >= 2) trusted.add(one);
    }
  }
  return [...trusted].sort();
}

const who = fc.nat(names.length - 1);
const town: fc.Arbitrary<Town> = fc.record({
  follows: fc.array(
    fc.tuple(who, who).filter(([one, other]) => one !== other),
    { maxLength: 24 },
  ),
  seeds: fc.uniqueArray(who, { maxLength: 3 }),
  banned: fc.uniqueArray(who, { maxLength: 2 }),
  young: fc.uniqueArray(who, { maxLength: 2 }),
});

test("in any town, the trusted are those of a recount", async () => {
  let some = 0;
  await fc.assert(
    fc.asyncProperty(town, async (town) => {
      await db.admin`delete from follows`;
      await db.admin`delete from private.trust_seeds`;
      await db.admin`update auth.users set banned_until = null where banned_until is not null`;
      for (const [index] of people.entries()) {
        const days = town.young.includes(index) ? 6 - index / 10 : 60 - index;
        await db.admin`update profiles set created_at = now() - make_interval(secs => ${days * 86_400}) where id = ${id(index)}`;
      }
      for (const [one, other] of town.follows) await follow(one, other);
      for (const one of town.seeds) await seed(one);
      for (const one of town.banned) await ban(one, later());
      const trusted = await refresh();
      // Without seeds, the oldest accounts are the seeds: here everybody.
      expect(trusted).toEqual(recount(town));
      some += +(trusted.length > town.seeds.length && trusted.length < people.length);
    }),
    { numRuns: 60 },
  );
  expect(some).toBeGreaterThan(10);
}, 120_000);

describe("alice is the seed", () => {
  beforeEach(async () => {
    await seed(0);
  });

  test("she follows bob, and he counts; mallory's crowd, which follows itself, does not", async () => {
    await follow(0, 1);
    for (const one of [3, 4, 5, 6, 7])
      for (const other of [3, 4, 5, 6, 7]) if (one !== other) await follow(one, other);
    for (const one of [3, 4, 5, 6, 7]) await follow(one, 0);
    expect(await refresh()).toEqual([0, 1]);
    // One honest follow lets trust in, but nobody counts before there is a second one.
    await follow(1, 3);
    expect(await refresh()).toEqual([0, 1]);
    await follow(0, 2);
    await follow(2, 3);
    expect(await refresh()).toEqual(expect.arrayContaining([0, 1, 2, 3]));
  });

  test("an account that is younger than seven days does not count, unless it is a seed", async () => {
    await follow(0, 1);
    await db.admin`update profiles set created_at = now() - interval '6 days 23 hours' where id in (${id(0)}, ${id(1)})`;
    expect(await refresh()).toEqual([0]);
    await db.admin`update profiles set created_at = now() - interval '7 days 1 minute' where id = ${id(1)}`;
    expect(await refresh()).toEqual([0, 1]);
  });

  test("a ban takes trust away at once, and the next refresh after its end gives it back", async () => {
    await follow(0, 1);
    expect(await refresh()).toEqual([0, 1]);
    await ban(1, later());
    expect(await db.admin`select from private.trust where profile_id = ${id(1)}`).toHaveLength(0);
    expect(await refresh()).toEqual([0]);
    await ban(1, new Date(Date.now() - 1000));
    expect(await refresh()).toEqual([0, 1]);
  });

  test("a ban that commits while trust is computed is not undone by it", async () => {
    await follow(0, 1);
    await using stack = new AsyncDisposableStack();
    const auth = await db.admin.reserve();
    stack.defer(() => auth.release());
    await auth`begin`;
    await auth`update auth.users set banned_until = ${later()} where id = ${id(1)}`;
    // The refresh does not see the ban yet. It waits for the lock before it writes.
    const refreshed = refresh();
    for (let waits = 0; waits === 0; ) {
      waits = (await db.admin`select from pg_locks where locktype = 'advisory' and not granted`).length;
    }
    await auth`commit`;
    expect(await refreshed).toEqual([0]);
    await ban(1, null);
    expect(await refresh()).toEqual([0, 1]);
  });

  test("those whose trust changed are looked at again, and nobody else", async () => {
    await follow(0, 1);
    await db.admin`delete from private.trend_changes`;
    const changed = async () => {
      const rows =
        await db.admin`delete from private.trend_changes where lane = 'person' returning profile_id`;
      return rows.map(({ profile_id }) => people.findIndex((person) => person.id === profile_id)).sort();
    };
    await refresh();
    expect(await changed()).toEqual([0, 1]);
    await refresh();
    expect(await changed()).toEqual([]);
    await db.admin`delete from follows`;
    await refresh();
    expect(await changed()).toEqual([1]);
  });

  test("nobody counts while she, the only seed, is banned", async () => {
    await follow(0, 1);
    expect(await refresh()).toEqual([0, 1]);
    await ban(0, later());
    expect(await refresh()).toEqual([]);
  });

  test("she stops being a seed when the service role says so", async () => {
    await seed(2);
    expect(await refresh()).toEqual([0, 2]);
    await seed(0, false);
    expect(await refresh()).toEqual([2]);
  });
});

test("a small network computes trust in every run, and a large one only at 04:23 UTC", async () => {
  const runs = async (time: string): Promise<boolean> => {
    await db.admin`delete from private.trust`;
    const [row] = await db.owner`select private.refresh_trust_if_due(${`2026-11-29T${time}Z`}) as is_done`;
    expect(await db.admin`select from private.trust limit 1`).toHaveLength(+row?.is_done);
    return row?.is_done;
  };
  expect([await runs("04:23"), await runs("12:03")]).toEqual([true, true]);
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`insert into profiles (id, username) select gen_random_uuid(), 'crowd_' || n from generate_series(1, 10000) n`;
  });
  expect([await runs("04:13"), await runs("04:23"), await runs("04:33"), await runs("12:03")]).toEqual([
    false,
    true,
    false,
    false,
  ]);
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`delete from profiles where username like 'crowd_%'`;
  });
});

test("nobody can name a person who does not exist, and only the service role names seeds", async () => {
  const stranger = "00000000-0000-0000-0000-000000000000";
  const missing = await refusal(db.as("service_role")((sql) => sql`select set_trust_seed(${stranger})`));
  expect([missing.code, missing.detail]).toEqual(["PT404", "profile_not_found"]);
  const denied = await refusal(
    people[3]?.asks((sql) => sql`select set_trust_seed(${id(3)})`) as Promise<unknown>,
  );
  expect(denied.code).toBe("42501");
  await seed(3);
  expect(await db.admin`select from private.trust_seeds where profile_id = ${id(3)}`).toHaveLength(1);
});
