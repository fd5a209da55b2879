/**
 * Everybody in a small town does everything at once. There is no deadlock. A request fails only
 * for a reason that its sender can understand. The counts equal a recount.
 *
 * PLAZA_TOWN_REQUESTS sends more requests, and PLAZA_TOWN_SEED other ones.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "./database.ts";
import { differences } from "./recount.ts";
import { actions } from "./town/actions.ts";
import { background } from "./town/background.ts";
import { runTown } from "./town/town.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const requests = Number(process.env.PLAZA_TOWN_REQUESTS ?? 3000);
const seed = Number(process.env.PLAZA_TOWN_SEED ?? 1);

/** The errors that a person may get at a bad moment. Each has a code of the product. */
const understandable = /^PT4\d\d \w+$/;
/** A large change was going on. The person may send the request again. */
const again = /^PT503 (posts|profile)_busy$/;
/**
 * A block ended while the request waited for its turn. The policies still see the world as it
 * was when the request began.
 */
const outdated = /^42501 new row violates row-level security policy for table "(posts|mutes)"$/;
/** A trusted backend names accounts that are deleted by now. */
const unknownAccount = /^23503 .*"\w+_(follower|user|author|profile)_id_fkey"$/;

test(`a town sends ${requests} requests over 16 connections, and nobody meets a deadlock`, async () => {
  const { succeeded, refused, examples, slowestMs } = await runTown(db, { requests, seed });
  if (process.env.PLAZA_TOWN_REQUESTS) console.log({ refused, slowestMs });

  const others = (kinds: Record<string, number>, expected: RegExp[]) =>
    Object.keys(kinds).filter((kind) => !expected.some((pattern) => pattern.test(kind)));
  const unexpected = [
    ...others(refused.people, [understandable, again, outdated]),
    ...others(refused.others, [understandable, again, unknownAccount]),
  ];
  expect(unexpected.map((kind) => examples[kind])).toEqual([]);
  const busy = Object.entries(refused.people).filter(([kind]) => again.test(kind));
  expect(busy.reduce((sum, [, times]) => sum + times, 0)).toBeLessThan(requests / 200);
  expect(await differences(db.admin)).toEqual({});
  // Everything has succeeded at least once.
  const everything = [...Object.keys(actions), ...background.flatMap(({ works }) => Object.keys(works))];
  expect(everything.filter((name) => !succeeded[name])).toEqual([]);
}, 1_800_000);
