/**
 * What a list knows about the reason followed_alongside: alice follows bob, and carol and dave follow bob and erin. It is
 * asked again at each reading. When it is not true any more, or not for alice to see, Postgres searches for another one.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Database, Person } from "./database.ts";
import { giveList, suggestionsOf, untrue } from "./suggestion-claims.ts";
import { createSuggestionTown, type SuggestionTown } from "./suggestion-town.ts";

let town: SuggestionTown;
let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let dave: Person;
let erin: Person;
let frank: Person;
let grace: Person;
let heidi: Person;
beforeAll(async () => {
  town = await createSuggestionTown();
  db = town.db;
  ({ alice, bob, carol, dave, erin, frank, grace, heidi } = town.people);
});
afterAll(() => town?.[Symbol.asyncDispose]());

/** Bob is what the list names. The search would name frank: four people follow both him and erin. */
beforeEach(async () => {
  await town.reset();
  await town.follow(alice, bob, frank);
  for (const one of [carol, dave]) await town.follow(one, bob);
  for (const one of [carol, dave, grace, heidi]) await town.follow(one, erin, frank);
  await giveList(db, alice, [[erin, "followed_alongside"]], [bob, carol, dave]);
});

test("the page names the person that the list knows", async () => {
  expect(await town.read(alice)).toEqual(["erin: followed_alongside bob"]);
  expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
});

const ends: Record<string, () => Promise<unknown>> = {
  "alice does not follow bob any more": () => town.unfollow(alice, bob),
  "carol does not follow bob any more": () => town.unfollow(carol, bob),
  "dave does not follow bob any more": () => town.unfollow(dave, bob),
  "carol does not follow erin any more": () => town.unfollow(carol, erin),
  "dave does not follow erin any more": () => town.unfollow(dave, erin),
  "carol's account is private": () => db.admin`update profiles set is_private = true where id = ${carol.id}`,
  "carol blocks alice": () => carol.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`),
  "alice blocks dave": () => alice.asks((sql) => sql`insert into blocks (blocked_id) values (${dave.id})`),
  "alice mutes bob": () => alice.asks((sql) => sql`insert into mutes (muted_id) values (${bob.id})`),
};
test.each(Object.entries(ends))("the page names frank when %s", async (_, end) => {
  expect(await town.read(alice)).toEqual(["erin: followed_alongside bob"]);
  await end();
  expect(await town.read(alice)).toEqual(["erin: followed_alongside frank"]);
  expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
  for (const one of [carol, dave, grace, heidi]) await town.unfollow(one, frank);
  expect(await town.read(alice)).toEqual([]);
});

test("one witness twice is not two", async () => {
  await giveList(db, alice, [], []);
  await giveList(db, alice, [[erin, "followed_alongside"]], [bob, carol, carol]);
  expect(await town.read(alice)).toEqual(["erin: followed_alongside frank"]);
});

test("what the list knows follows a person who moves down", async () => {
  await town.follow(bob, grace);
  await giveList(
    db,
    alice,
    [
      [erin, "followed_alongside", 0.9],
      [grace, "followed_by", 0.8],
    ],
    [bob, carol, dave, null, null, null],
  );
  expect(await town.read(alice)).toEqual(["erin: followed_alongside bob", "grace: followed_by bob"]);
  await db.admin`
    insert into private.suggestion_views (viewer_id, profile_ids, days, last_days)
    values (${alice.id}, array[${erin.id}]::uuid[], '{5}', array[current_date - 1])`;
  expect(await town.read(alice)).toEqual(["grace: followed_by bob", "erin: followed_alongside bob"]);
});
