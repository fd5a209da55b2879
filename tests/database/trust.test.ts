/** Trust, and the people who count in trends: a recount in plain loops, and the promises of the rule. */
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { createDatabase, type Database, openTransaction, type Person, refusal } from "./database.ts";

let db: Database;
const people: Person[] = [];
const names = ["alice", "bob", "carol", "mallory", "erin", "frank", "grace", "heidi"];
beforeAll(async () => {
  db = await createDatabase();
  for (const name of names) people.push(await db.signUp(name));
});
afterAll(() => db?.[Symbol.asyncDispose]());

const id = (index: number): string => people[index]?.id ?? "";
const numberOf = (profileId: string) => people.findIndex((person) => person.id === profileId);

async function reset(): Promise<void> {
  await db.admin`delete from follows`;
  await db.admin`delete from blocks`;
  await db.admin`delete from mutes`;
  await db.admin`delete from posts`;
  await db.admin`delete from private.interactions`;
  await db.admin`delete from private.trust_seeds`;
  await db.admin`update auth.users set banned_until = null where banned_until is not null`;
  await db.admin`delete from private.trust`;
}

/** Nobody has to do with anybody. Alice is the oldest account, then bob, and so on. All are old. */
beforeEach(async () => {
  await reset();
  for (const [index] of people.entries()) {
    await db.admin`update profiles set created_at = now() - make_interval(days => ${60 - index}) where id = ${id(index)}`;
  }
});

const seed = (index: number, is = true) =>
  db.as("service_role")((sql) => sql`select set_trust_seed(${id(index)}, ${is})`);
/** As if the post were collected already. */
const answered = (one: number, other: number) => db.admin`
  insert into private.interactions (giver_id, receiver_id, post_id)
  values (${id(one)}, ${id(other)}, 1)
  on conflict do nothing`;
const follow = (one: number, other: number) =>
  db.admin`insert into follows (follower_id, followee_id) values (${id(one)}, ${id(other)}) on conflict do nothing`;
const befriend = async (one: number, other: number) => {
  await follow(one, other);
  await follow(other, one);
};
const ban = (index: number, until: Date | null) =>
  db.admin`update auth.users set banned_until = ${until} where id = ${id(index)}`;
const later = () => new Date(Date.now() + 1e9);

/** @returns the numbers of those who count */
const refresh = async (): Promise<number[]> => {
  const { counting } = await refreshTrust(db.owner);
  const rows = await db.admin`select profile_id from private.trust where counts`;
  expect(rows.length).toBeLessThanOrEqual(counting);
  return rows.map(({ profile_id }) => numberOf(profile_id)).sort();
};
const weights = async (): Promise<number[]> => {
  const rows = await db.admin`select id, private.trust_of(id) as weight from profiles`;
  return people.map((person) => rows.find((row) => row.id === person.id)?.weight);
};

interface Town {
  answers: [number, number][];
  follows: [number, number][];
  mutes: [number, number][];
  seeds: number[];
  banned: number[];
  young: number[];
}

/** The same in plain loops. Older people have lower numbers; the young ones come after the others. */
function recount({ answers, follows, mutes, seeds, banned, young }: Town) {
  const isBanned = (one: number) => banned.includes(one);
  const old = [...people.keys()].filter((one) => !young.includes(one));
  const first = (seeds.length > 0 ? seeds : old).filter((one) => !isBanned(one));
  const includes = (pairs: [number, number][], one: number, other: number) =>
    pairs.some(([from, to]) => from === one && to === other);
  const shares = people.map((_, one) => {
    const others = [...people.keys()].filter(
      (other) => other !== one && !isBanned(one) && !isBanned(other) && !includes(mutes, one, other),
    );
    const lists = [
      others.filter((other) => includes(answers, one, other)),
      others.filter((other) => includes(follows, one, other) && includes(follows, other, one)),
    ].filter((list) => list.length > 0);
    const found = new Map<number, number>();
    for (const list of lists)
      for (const to of list) found.set(to, (found.get(to) ?? 0) + 1 / list.length / lists.length);
    return found;
  });
  const beginners = first.filter((one) => shares[one]?.size);
  let moving = people.map((_, one) => (beginners.includes(one) ? 1 / beginners.length : 0));
  const kept = people.map(() => 0);
  for (const stays of [1 / 5, 1 / 4, 1 / 3, 1 / 2, 1]) {
    const next = people.map(() => 0);
    for (const [one, amount] of moving.entries())
      for (const [to, share] of shares[one] ?? []) next[to] = (next[to] ?? 0) + amount * share;
    moving = next.map((amount, one) => {
      kept[one] = (kept[one] ?? 0) + amount * stays;
      return amount * (1 - stays);
    });
    // Who passes nothing on gives it back.
    for (const [one, amount] of [...moving.entries()].filter(([one]) => !shares[one]?.size)) {
      for (const to of beginners) moving[to] = (moving[to] ?? 0) + amount / beginners.length;
      moving[one] = 0;
    }
  }
  const total = kept.reduce((sum, amount) => sum + amount, 0);
  const unit = Math.min(
    ...kept.filter((amount) => {
      const more = kept.filter((other) => other > amount + 1e-12).reduce((sum, other) => sum + other, 0);
      return amount > 0 && more < 0.8 * total - 1e-12;
    }),
  );
  const candidates = old.filter((one) => (kept[one] ?? 0) >= unit - 1e-12);
  const counts = new Set(first);
  for (let size = -1; size < counts.size; ) {
    size = counts.size;
    for (const one of candidates) {
      const voters = [...counts].filter((voter) => shares[voter]?.has(one));
      const votes = voters.map((voter) => (seeds.includes(voter) ? 2 : 1) as number);
      if (votes.reduce((sum, vote) => sum + vote, 0) >= 2) counts.add(one);
    }
  }
  const exact = kept.map((amount, one) => (first.includes(one) ? 1 : total ? Math.min(1, amount / unit) : 0));
  return { counts: [...counts].sort(), exact };
}

const who = fc.nat(names.length - 1);
const pairs = (most: number) =>
  fc.array(
    fc.tuple(who, who).filter(([one, other]) => one !== other),
    { maxLength: most },
  );
const town: fc.Arbitrary<Town> = fc.record({
  answers: pairs(16),
  follows: pairs(24),
  mutes: pairs(3),
  seeds: fc.uniqueArray(who, { maxLength: 3 }),
  banned: fc.uniqueArray(who, { maxLength: 2 }),
  young: fc.uniqueArray(who, { maxLength: 2 }),
});

test("in any town, those who count and the weights are those of a recount", async () => {
  let some = 0;
  await fc.assert(
    fc.asyncProperty(town, async (town) => {
      await reset();
      for (const [index] of people.entries()) {
        const days = town.young.includes(index) ? 6 - index / 10 : 60 - index;
        await db.admin`update profiles set created_at = now() - make_interval(secs => ${days * 86_400}) where id = ${id(index)}`;
      }
      for (const [one, other] of town.answers) await answered(one, other);
      for (const [one, other] of town.follows) await follow(one, other);
      for (const [one, other] of town.mutes)
        await db.admin`insert into mutes (muter_id, muted_id) values (${id(one)}, ${id(other)}) on conflict do nothing`;
      for (const one of town.seeds) await seed(one);
      for (const one of town.banned) await ban(one, later());
      const counting = await refresh();
      const expected = recount(town);
      // Without seeds, the oldest accounts are the seeds: here everybody.
      expect(counting).toEqual(expected.counts);
      for (const [one, weight] of (await weights()).entries()) {
        const exact = expected.exact[one] ?? 0;
        // Rounded down to the next of the steps, each of which is 16% less.
        expect(weight).toBeLessThanOrEqual(exact + 1e-6);
        expect(weight).toBeGreaterThanOrEqual(exact * 2 ** -0.2501 - 1e-6);
      }
      some += +(counting.length > town.seeds.length && counting.length < people.length);
    }),
    { numRuns: 60 },
  );
  expect(some).toBeGreaterThan(10);
}, 120_000);

test("in a town of today, everybody who came on the first day counts, and later ones when somebody has to do with them", async () => {
  await db.admin`update profiles set created_at = now() - interval '30 hours'`;
  await db.admin`update profiles set created_at = now() - interval '1 hour' where id in (${id(6)}, ${id(7)})`;
  await answered(0, 6);
  expect(await refresh()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await weights()).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
});

describe("alice is the seed", () => {
  beforeEach(async () => {
    await seed(0);
  });

  test("she answers bob, and he counts; mallory's crowd, which is busy with itself, weighs nothing", async () => {
    const crowd = [3, 4, 5, 6, 7];
    await answered(0, 1);
    for (const one of crowd)
      for (const other of crowd) {
        if (one === other) continue;
        await follow(one, other);
        await answered(one, other);
      }
    for (const one of crowd) {
      await follow(one, 0);
      await answered(one, 0);
    }
    expect(await refresh()).toEqual([0, 1]);
    expect(await weights()).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    // One honest answer lets trust in, but nobody counts before there is a second one.
    await answered(1, 3);
    expect(await refresh()).toEqual([0, 1]);
    expect((await weights())[3]).toBeGreaterThan(0);
    await answered(0, 2);
    await answered(2, 3);
    expect(await refresh()).toEqual(expect.arrayContaining([0, 1, 2, 3]));
  });

  test("she follows bob, which says little; he follows her too, and counts", async () => {
    await follow(0, 1);
    expect(await refresh()).toEqual([0]);
    expect((await weights())[1]).toBe(0);
    await follow(1, 0);
    expect(await refresh()).toEqual([0, 1]);
  });

  test("what she answered counts for nothing if she blocks or mutes the person", async () => {
    for (const one of [1, 2, 3]) await answered(0, one);
    expect(await refresh()).toEqual([0, 1, 2, 3]);
    await people[0]?.asks((sql) => sql`insert into blocks (blocked_id) values (${id(1)})`);
    await people[0]?.asks((sql) => sql`insert into mutes (muted_id) values (${id(2)})`);
    await people[0]?.asks(
      (sql) => sql`insert into mutes (muted_id, muted_until) values (${id(3)}, now() + interval '1 hour')`,
    );
    expect(await refresh()).toEqual([0]);
    await db.admin`update mutes set muted_until = now() - interval '1 second' where muted_id = ${id(3)}`;
    expect(await refresh()).toEqual([0, 3]);
  });

  test("an account that is younger than seven days is trusted but does not count, unless it is a seed", async () => {
    await answered(0, 1);
    await db.admin`update profiles set created_at = now() - interval '6 days 23 hours' where id in (${id(0)}, ${id(1)})`;
    expect(await refresh()).toEqual([0]);
    expect((await weights())[1]).toBe(1);
    await db.admin`update profiles set created_at = now() - interval '7 days 1 minute' where id = ${id(1)}`;
    expect(await refresh()).toEqual([0, 1]);
  });

  test("a ban takes trust away at once, and the next refresh after its end gives it back", async () => {
    await answered(0, 1);
    expect(await refresh()).toEqual([0, 1]);
    await ban(1, later());
    expect((await weights())[1]).toBe(0);
    expect(await refresh()).toEqual([0]);
    await ban(1, new Date(Date.now() - 1000));
    expect(await refresh()).toEqual([0, 1]);
  });

  test.for(["ban", "deletion"] as const)(
    "a %s that commits while trust is computed is not undone by it",
    async (kind) => {
      await answered(0, 1);
      const dave = kind === "deletion" ? await db.signUp("dave") : undefined;
      if (dave)
        await db.admin`insert into private.interactions (giver_id, receiver_id, post_id) values (${id(0)}, ${dave.id}, 1)`;
      await using stack = new AsyncDisposableStack();
      const auth = await openTransaction(db.admin, stack);
      await auth`select pg_advisory_xact_lock(private.trust_lock())`;
      if (dave) await auth`delete from auth.users where id = ${dave.id}`;
      else await auth`update auth.users set banned_until = ${later()} where id = ${id(1)}`;
      // The refresh does not see it yet. It waits for the lock before it writes.
      const refreshed = refresh();
      await vi.waitFor(async () => {
        const waiting = await db.admin`
          select from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())`;
        expect(waiting).toHaveLength(1);
      });
      await auth`commit`;
      expect(await refreshed).toEqual(dave ? [0, 1] : [0]);
      if (dave)
        expect(await db.admin`select from private.trust where profile_id = ${dave.id}`).toHaveLength(0);
      await ban(1, null);
      expect(await refresh()).toEqual([0, 1]);
    },
  );

  test("what did not change is not written again, and trends look only at those who begin or cease to count", async () => {
    await answered(0, 1);
    await db.admin`delete from private.trend_changes`;
    const changed = async () => {
      const rows =
        await db.admin`delete from private.trend_changes where lane = 'person' returning profile_id`;
      return rows.map(({ profile_id }) => numberOf(profile_id)).sort();
    };
    await refresh();
    expect(await changed()).toEqual([0, 1]);
    const rows = () =>
      db.admin`select profile_id, weight, since_at, xmin::text from private.trust order by 1`;
    const before = await rows();
    expect((await refreshTrust(db.owner)).written).toBe(0);
    expect(await rows()).toEqual(before);
    expect(await changed()).toEqual([]);
    await answered(1, 3);
    await refresh();
    // He passes some on to mallory, and nobody else vouches for her.
    expect((await weights())[3]).toBeGreaterThan(0);
    expect(await changed()).toEqual([]);
    await db.admin`delete from private.interactions`;
    await refresh();
    expect(await changed()).toEqual([1]);
    expect(await weights()).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("nobody is trusted while she, the only seed, is banned", async () => {
    await answered(0, 1);
    expect(await refresh()).toEqual([0, 1]);
    await ban(0, later());
    expect(await refresh()).toEqual([]);
    expect(await db.admin`select from private.trust`).toHaveLength(0);
  });

  test("she stops being a seed when the service role says so", async () => {
    await seed(2);
    expect(await refresh()).toEqual([0, 2]);
    await seed(0, false);
    expect(await refresh()).toEqual([2]);
  });

  test("in a search, followers weigh as much as the person is trusted", async () => {
    const found = async () =>
      (await people[7]?.asks((sql) => sql`select (profile).username from search_people('o') limit 20`))
        ?.map((row) => row.username)
        .filter((name) => ["bob", "carol", "mallory"].includes(name as string));
    await db.admin`update profiles set display_name = 'omega' where username in ('bob', 'carol', 'mallory')`;
    // Mallory has followers of her own making, carol has one, and bob has none.
    for (const one of [4, 5, 6]) await follow(one, 3);
    await befriend(0, 2);
    expect(await found()).toEqual(["mallory", "carol", "bob"]);
    await refresh();
    expect(await found()).toEqual(["carol", "mallory", "bob"]);
  });
});

describe("interactions", () => {
  const posts = (one: number, columns: Record<string, unknown>, minutesAgo = 10) =>
    db.admin`
      insert into posts ${db.admin({ author_id: id(one), content: columns.repost_of_id ? "" : "Hello", ...columns })}
      returning id`.then(async ([row]) => {
      const [moved] = await db.admin`
        select private.first_id(now() - make_interval(mins => ${minutesAgo})) + ${row?.id}::bigint % 4096 as id`;
      await db.admin.begin(async (sql) => {
        await sql`set local session_replication_role = replica`;
        await sql`update posts set id = ${moved?.id} where id = ${row?.id}`;
      });
      return moved?.id as number;
    });
  const collect = async (most = 100_000) =>
    (await db.owner`select private.collect_interactions(most => ${most}) as read`)[0]?.read;
  const forget = async (most = 100_000) =>
    (await db.owner`select private.forget_interactions(${most}) as forgotten`)[0]?.forgotten;
  const kept = async () => {
    const rows = await db.admin`select giver_id, receiver_id from private.interactions`;
    return rows
      .map(({ giver_id, receiver_id }) => `${names[numberOf(giver_id)]} ${names[numberOf(receiver_id)]}`)
      .sort();
  };
  beforeEach(async () => {
    await db.admin`update private.interaction_state set collected_to_id = 0`;
  });

  test("are collected from answers, quotes and reposts, once they are five minutes old", async () => {
    const post = await posts(0, {});
    const hers = await posts(1, { reply_to_id: post });
    await posts(2, { quote_of_id: post });
    await posts(3, { repost_of_id: post });
    await posts(4, { reply_to_id: post, quote_of_id: hers });
    await posts(0, { reply_to_id: post });
    await posts(5, { reply_to_id: post }, 4);
    expect(await collect()).toBe(6);
    const all = ["bob alice", "carol alice", "erin alice", "erin bob", "mallory alice"];
    expect(await kept()).toEqual(all);
    expect(await collect()).toBe(0);
    const [row] = await db.owner`select private.collect_interactions(now() + interval '5 minutes') as read`;
    expect(row?.read).toBe(1);
    expect(await kept()).toEqual([...all, "frank alice"].sort());
  });

  test("are read in bounded steps, and the latest post is kept", async () => {
    const post = await posts(0, {});
    await posts(1, { reply_to_id: post }, 9);
    const last = await posts(1, { reply_to_id: post }, 8);
    expect([await collect(2), await collect(2), await collect(2)]).toEqual([2, 1, 0]);
    expect(await db.admin`select post_id from private.interactions`).toEqual([{ post_id: last }]);
  });

  test("go when the post goes, when the receiver goes, and after 90 days", async () => {
    const post = await posts(0, {});
    const gone = await posts(1, { reply_to_id: post });
    await posts(2, { reply_to_id: post });
    await posts(3, { reply_to_id: post });
    const dave = await db.signUp("dave");
    await collect();
    const stays = (await db.admin`select post_id from private.interactions where giver_id = ${id(2)}`)[0]
      ?.post_id;
    await db.admin`insert into private.interactions (giver_id, receiver_id, post_id) values (${id(2)}, ${dave.id}, ${stays})`;
    expect([await forget(), await kept()]).toEqual([
      0,
      ["bob alice", "carol alice", "carol undefined", "mallory alice"],
    ]);
    await db.admin`delete from posts where id = ${gone}`;
    await db.admin`delete from auth.users where id = ${dave.id}`;
    await db.admin`update private.interactions set post_id = private.first_id(now() - interval '91 days') where giver_id = ${id(3)}`;
    expect([await forget(), await kept()]).toEqual([3, ["carol alice"]]);
  });

  test("stay when the latest post goes and an older one is there still", async () => {
    const post = await posts(0, {});
    const his = await posts(2, {});
    const first = await posts(1, { reply_to_id: post }, 9);
    const second = await posts(1, { quote_of_id: post }, 8);
    await posts(1, { reply_to_id: his }, 7);
    await posts(3, { reply_to_id: post });
    const rows = () =>
      db.admin`select post_id from private.interactions where receiver_id = ${id(0)} order by post_id`;
    await collect();
    await db.admin`delete from posts where id = ${second} or author_id = ${id(3)}`;
    expect([await forget(), await kept(), [...(await rows())]]).toEqual([
      1,
      ["bob alice", "bob carol"],
      [{ post_id: first }],
    ]);
    await db.admin`delete from posts where id = ${first}`;
    expect([await forget(), await kept()]).toEqual([1, ["bob carol"]]);
  });

  test("are looked at in bounded steps, again and again", async () => {
    const post = await posts(0, {});
    for (const one of [1, 2, 3]) await posts(one, { reply_to_id: post });
    await collect();
    await db.admin`delete from posts where reply_to_id is not null`;
    const state = async () =>
      (await db.admin`select checked_giver::text from private.interaction_state`)[0]?.checked_giver;
    expect([await forget(2), await state()]).toEqual([2, expect.not.stringMatching(/^0/)]);
    expect([await forget(2), await state()]).toEqual([1, expect.stringMatching(/^0{8}-/)]);
    expect(await kept()).toEqual([]);
  });
});

test("nobody reads trust, and nobody computes it", async () => {
  await seed(0);
  await refresh();
  expect(await db.owner`select weight from private.trust`).toEqual([{ weight: 1 }]);
  for (const role of ["anon", "authenticated", "service_role"] as const) {
    const as = db.as(role, role === "authenticated" ? id(0) : undefined);
    for (const table of [
      "trust",
      "trust_people",
      "trust_answered",
      "trust_following",
      "trust_shunned",
      "interactions",
      "interaction_state",
    ]) {
      expect((await refusal(as((sql) => sql.unsafe(`select * from private.${table}`)))).code, table).toBe(
        "42501",
      );
    }
    for (const call of [`trust_of('${id(0)}')`, "collect_interactions()", "write_trust('{}', '{}', '{}')"]) {
      expect((await refusal(as((sql) => sql.unsafe(`select private.${call}`)))).code, call).toBe("42501");
    }
  }
});

test("a small network computes trust every ten minutes, and a large one only at 04:23 UTC", async () => {
  const sends = async (time: string): Promise<boolean> => {
    await db.admin`delete from pgboss.job`;
    const [row] = await db.owner`select private.send_trust_if_due(${`2026-11-29T${time}Z`}) as is_due`;
    expect(await db.admin`select from pgboss.job where name = 'trust'`).toHaveLength(+row?.is_due);
    return row?.is_due;
  };
  expect([await sends("04:23"), await sends("12:03")]).toEqual([true, true]);
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`insert into profiles (id, username) select gen_random_uuid(), 'crowd_' || n from generate_series(1, 10000) n`;
  });
  const found = [await sends("04:13"), await sends("04:23"), await sends("04:33"), await sends("12:03")];
  expect(found).toEqual([false, true, false, false]);
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`delete from profiles where username like 'crowd_%'`;
  });
});

test("accounts that nobody has to do with do not become seeds of a small network by waiting for a week", async () => {
  await db.admin`update profiles set created_at = now() - interval '60 days'`;
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    // The people of the first day, those who came one by one afterwards, and strangers.
    await sql`insert into profiles (id, username, created_at)
      select gen_random_uuid(), 'later_' || n, now() - interval '50 days' from generate_series(1, 40) n
      union all
      select gen_random_uuid(), 'sock_' || n, now() - interval '8 days' from generate_series(1, 30) n`;
    await sql`insert into follows (follower_id, followee_id)
      select one.id, other.id from profiles as one join profiles as other on one.id <> other.id
      where one.username ~ '^sock_' and other.username ~ '^sock_'`;
  });
  const counting = async (name: string) =>
    (
      await db.admin`
        select count(*) from private.trust join profiles on profiles.id = trust.profile_id
        where trust.counts and profiles.username ~ ${`^${name}_`}`
    )[0]?.count;
  await refresh();
  expect([await counting("later"), await counting("sock")]).toEqual([2, 0]);

  // Everybody of the first day is one, and not a tenth only: a new network has nobody else.
  await db.admin`update profiles set created_at = now() - interval '60 days' where username ~ '^later_'`;
  await refresh();
  expect([await counting("later"), await counting("sock")]).toEqual([40, 0]);
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`delete from follows where follower_id in (select id from profiles where username ~ '^(later|sock)_')`;
    await sql`delete from profiles where username ~ '^(later|sock)_'`;
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
