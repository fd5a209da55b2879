/** Suggestions: who is never among them, and why somebody is. Their order is in suggestions-order.test.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Database, type Person, refusal } from "./database.ts";
import { giveList, type Kind, peopleLike, suggestionsOf, told, untrue } from "./suggestion-claims.ts";
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
let everybody: Person[];
beforeAll(async () => {
  town = await createSuggestionTown();
  db = town.db;
  ({ alice, bob, carol, dave, erin, frank, grace, heidi } = town.people);
  everybody = Object.values(town.people);
});
afterAll(() => town?.[Symbol.asyncDispose]());
beforeEach(() => town.reset());

const follow = (who: Person, ...others: Person[]) => town.follow(who, ...others);
const unfollow = (who: Person, other: Person) => town.unfollow(who, other);
const write = (who: Person, content: string, more: Record<string, string> = {}) =>
  who.asks((sql) => sql`insert into posts ${sql({ content, ...more })}`);
const read = (who = alice) => town.read(who);
const ids = (who = alice, size?: number) => town.namesOf(who, size);

describe("somebody is not shown, although the list has them, when", () => {
  const cases: Record<string, { start(): Promise<unknown>; end?(): Promise<unknown> }> = {
    "alice follows them": { start: () => follow(alice, erin), end: () => unfollow(alice, erin) },
    "alice blocks them": {
      start: () => alice.asks((sql) => sql`insert into blocks (blocked_id) values (${erin.id})`),
      end: () => alice.asks((sql) => sql`delete from blocks where blocked_id = ${erin.id}`),
    },
    "they block alice": {
      start: () => erin.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`),
      end: () => erin.asks((sql) => sql`delete from blocks where blocked_id = ${alice.id}`),
    },
    "alice mutes them": {
      start: () => alice.asks((sql) => sql`insert into mutes (muted_id) values (${erin.id})`),
      end: () => db.admin`update mutes set muted_until = now() - interval '1 second'`,
    },
    "alice dismisses them": {
      start: () => alice.asks((sql) => sql`select dismiss_suggestion(${erin.id})`),
      end: () => db.admin`update private.suggestion_dismissals set dismissed_until = now()`,
    },
    "they do not want to be suggested": {
      start: () => erin.asks((sql) => sql`update profiles set is_discoverable = false where id = ${erin.id}`),
      end: () => erin.asks((sql) => sql`update profiles set is_discoverable = true where id = ${erin.id}`),
    },
    "their account becomes private": {
      start: () => erin.asks((sql) => sql`update profiles set is_private = true where id = ${erin.id}`),
      end: () => erin.asks((sql) => sql`update profiles set is_private = false where id = ${erin.id}`),
    },
    "they are not confirmed any more": {
      start: () => db.admin`update auth.users set email_confirmed_at = null where id = ${erin.id}`,
      end: () => db.admin`update auth.users set email_confirmed_at = now() where id = ${erin.id}`,
    },
    "they are banned": {
      start: () =>
        db.admin`update auth.users set banned_until = now() + interval '1 day' where id = ${erin.id}`,
      end: () => db.admin`update auth.users set banned_until = now() where id = ${erin.id}`,
    },
    "Auth keeps a deleted account": {
      start: () => db.admin`update auth.users set deleted_at = now() where id = ${erin.id}`,
      end: () => db.admin`update auth.users set deleted_at = null where id = ${erin.id}`,
    },
    "they did nothing for 30 days": {
      start: () =>
        db.admin`update profiles set created_at = now() - interval '31 days' where id = ${erin.id}`,
      end: () => write(erin, "Back again"),
    },
    "the reason is not true any more": { start: () => unfollow(bob, erin), end: () => follow(bob, erin) },
    "alice ends her follow of the person who is the reason": {
      start: () => unfollow(alice, bob),
      end: () => follow(alice, bob),
    },
    "alice wants no suggestions": {
      start: () =>
        alice.asks((sql) => sql`insert into suggestions_settings (hides_suggestions) values (true)`),
      end: () => alice.asks((sql) => sql`update suggestions_settings set hides_suggestions = false`),
    },
  };

  test.each(Object.entries(cases))("%s", async (_, { start, end }) => {
    await follow(alice, bob);
    await follow(bob, erin);
    await giveList(db, alice, [[erin, "followed_by"]]);
    expect(await read()).toEqual(["erin: followed_by bob"]);
    await start();
    expect(await read()).toEqual([]);
    const [list] = await db.admin`select from private.suggestion_lists where viewer_id = ${alice.id}`;
    expect(list).toBeDefined();
    await end?.();
    expect(await read()).toEqual(["erin: followed_by bob"]);
  });

  test("alice asked to follow their private account, and until then it is shown because it follows her", async () => {
    await db.admin`update profiles set is_private = true where id = ${erin.id}`;
    await follow(erin, alice);
    await giveList(db, alice, [[erin, "follows_you"]]);
    expect(await suggestionsOf(alice)).toMatchObject([{ is_private: true, follows_you: true }]);
    await alice.asks((sql) => sql`select follow(${erin.id})`);
    expect(await read()).toEqual([]);
    await alice.asks((sql) => sql`delete from follow_requests`);
    expect(await read()).toEqual(["erin: follows_you"]);
  });

  test("it is alice herself", async () => {
    await follow(alice, bob);
    await follow(bob, alice, erin);
    await giveList(db, alice, [
      [alice, "followed_by"],
      [erin, "followed_by"],
    ]);
    expect(await ids()).toEqual(["erin"]);
  });

  test.each<[Kind, string]>([
    ["follows_you", "erin: follows_you"],
    ["new_here", "erin: new_here"],
    ["writes_about", "erin: writes_about #tea"],
  ])("they are not trusted, and the reason is %s", async (kind, line) => {
    await follow(erin, alice);
    await db.admin`update profiles set created_at = now() - interval '13 days' where id = ${erin.id}`;
    await write(erin, "#tea");
    await alice.asks((sql) => sql`insert into tag_follows (tag) values ('tea')`);
    await giveList(db, alice, [[erin, kind]]);
    const [found] = await read();
    expect(found).toContain(line);
    await db.admin`delete from private.trust where profile_id = ${erin.id}`;
    expect(await read()).toEqual([]);
  });
});

describe("the reason", () => {
  test("followed_by names the two who followed last, and counts the others", async () => {
    await follow(alice, bob, carol, dave, frank);
    await follow(bob, erin);
    await follow(carol, erin);
    await follow(dave, erin);
    await follow(grace, erin);
    await giveList(db, alice, [[erin, "followed_by"]]);
    expect(await read()).toEqual(["erin: followed_by dave, carol +1"]);
    expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
  });

  test("followed_by names nobody that alice mutes", async () => {
    await follow(alice, bob, carol);
    await follow(bob, erin);
    await follow(carol, erin);
    await alice.asks((sql) => sql`insert into mutes (muted_id) values (${carol.id})`);
    await giveList(db, alice, [[erin, "followed_by"]]);
    expect(await read()).toEqual(["erin: followed_by bob"]);
    await alice.asks((sql) => sql`insert into mutes (muted_id) values (${bob.id})`);
    expect(await read()).toEqual([]);
  });

  test("followed_by names a private account that alice follows, as she may look into it", async () => {
    await follow(alice, bob);
    await follow(bob, erin);
    await db.admin`update profiles set is_private = true where id = ${bob.id}`;
    await giveList(db, alice, [[erin, "followed_by"]]);
    expect(await read()).toEqual(["erin: followed_by bob"]);
    expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
  });

  test("follows_you is told beside another reason too", async () => {
    await follow(alice, bob);
    await follow(bob, erin);
    await follow(erin, alice);
    await giveList(db, alice, [[erin, "followed_by"]]);
    expect(await read()).toEqual(["erin: followed_by bob; follows_you"]);
  });

  test("both_follow names the people that both follow", async () => {
    await follow(alice, bob, carol);
    await follow(erin, bob, carol, dave);
    await giveList(db, alice, [[erin, "both_follow"]]);
    expect(await read()).toEqual(["erin: both_follow carol, bob"]);
    expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
  });

  test("followers_follow does not tell what a private follower follows", async () => {
    await follow(bob, alice, erin);
    await follow(carol, alice, erin);
    // So that they are not suggested themselves.
    await db.admin`delete from private.trust where profile_id in (${bob.id}, ${carol.id})`;
    await db.admin`update profiles set is_private = true where id = ${carol.id}`;
    await giveList(db, alice, [[erin, "followers_follow"]]);
    expect(await read()).toEqual(["erin: followers_follow bob"]);
    await db.admin`update profiles set is_private = true where id = ${bob.id}`;
    expect(await read()).toEqual([]);
    // Alice follows carol now, so she may see it.
    await follow(alice, carol);
    expect(await read()).toEqual(["erin: followers_follow carol"]);
  });

  test("followed_alongside needs two people that alice may look into", async () => {
    await follow(alice, bob);
    for (const one of [carol, dave, frank]) await follow(one, bob, erin);
    await giveList(db, alice, [[erin, "followed_alongside"]]);
    expect(await read()).toEqual(["erin: followed_alongside bob"]);
    expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
    await db.admin`update profiles set is_private = true where id = ${carol.id}`;
    expect(await read()).toEqual(["erin: followed_alongside bob"]);
    await dave.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    expect(await read()).toEqual([]);
  });

  test("writes_about names a tag that alice follows or writes, in a post that everybody sees", async () => {
    await write(erin, "#tea and #coffee");
    await write(erin, "#coffee");
    await write(frank, "Secret #tea", { audience: "followers" });
    await giveList(db, alice, [
      [erin, "writes_about"],
      [frank, "writes_about"],
    ]);
    expect(await read()).toEqual([]);
    await write(alice, "#tea");
    expect(await read()).toEqual(["erin: writes_about #tea"]);
    await alice.asks((sql) => sql`insert into tag_follows (tag) values ('coffee')`);
    expect(await read()).toEqual(["erin: writes_about #coffee"]);
    expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
  });

  test("new_here ends after two weeks", async () => {
    await giveList(db, alice, [[erin, "new_here"]]);
    expect(await read()).toEqual([]);
    await db.admin`update profiles set created_at = now() - interval '13 days' where id = ${erin.id}`;
    expect(await read()).toEqual(["erin: new_here"]);
  });
});

describe("somebody without a list", () => {
  test("who follows nobody gets those who follow her, write about her tags, are followed by many, or are new", async () => {
    await follow(bob, alice);
    await write(carol, "#tea", { language: "en" });
    await alice.asks((sql) => sql`insert into tag_follows (tag) values ('tea')`);
    for (const one of [bob, carol, erin, frank]) await follow(one, dave);
    await db.admin`update profiles set created_at = now() - interval '9 days' where id = ${grace.id}`;
    expect(await read()).toEqual(["bob: follows_you", "carol: writes_about #tea"]);
    await db.owner`select private.refresh_suggestion_pools()`;
    expect((await read()).sort()).toEqual([
      "bob: follows_you",
      "carol: writes_about #tea",
      "dave: many_follow +4",
      "grace: new_here",
    ]);
    expect(await untrue(alice, await suggestionsOf(alice))).toEqual([]);
  });

  test("gets nobody twice", async () => {
    await follow(bob, alice);
    await write(bob, "#tea");
    await alice.asks((sql) => sql`insert into tag_follows (tag) values ('tea')`);
    expect(await read()).toEqual(["bob: follows_you"]);
  });

  test("is not told about a hidden follower by a number", async () => {
    for (const one of [bob, carol, erin]) await follow(one, dave);
    await db.owner`select private.refresh_suggestion_pools()`;
    expect(await read()).toEqual(["dave: many_follow +3"]);
    await erin.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    expect(await read()).toEqual([]);
    expect(await read(frank)).toEqual(["dave: many_follow +3"]);
  });

  test("gets people of her language before others", async () => {
    for (const one of [bob, carol, erin]) await follow(one, dave, frank);
    await follow(grace, dave);
    await write(frank, "Moin", { language: "de-DE" });
    await write(alice, "Moin", { language: "de" });
    await db.owner`select private.refresh_suggestion_pools()`;
    const [first] = await ids();
    expect(first).toBe("frank");
    expect((await ids()).sort()).toEqual(["dave", "frank"]);
  });

  test("who is not signed in is asked to sign in", async () => {
    const error = await refusal(db.as("anon")((sql) => sql`select from suggestions()`));
    expect(error).toMatchObject({ code: "42501" });
  });
});

describe("the pools", () => {
  test("have only trusted, discoverable, public and active people, and none who are banned", async () => {
    for (const one of everybody.slice(1, 7)) {
      for (const other of everybody.slice(1, 4)) if (one !== other) await follow(other, one);
    }
    const pool = async () => {
      await db.owner`select private.refresh_suggestion_pools()`;
      const [row] = await db.owner`select profile_ids from private.suggestion_pools where source = 8`;
      return (row?.profile_ids ?? [])
        .map((id: string) => everybody.find((one) => one.id === id)?.username)
        .sort();
    };
    // Those followed by all three: erin, frank and grace.
    expect(await pool()).toEqual(["erin", "frank", "grace"]);
    await db.admin`delete from private.trust where profile_id = ${erin.id}`;
    await db.admin`update auth.users set banned_until = now() + interval '1 day' where id = ${frank.id}`;
    expect(await pool()).toEqual(["grace"]);
    await db.admin`update profiles set is_discoverable = false where id = ${grace.id}`;
    expect(await pool()).toEqual([]);
  });
});

test("two worlds: mallory is told as much when eve blocks him as when she deletes her account", async () => {
  const answers: unknown[] = [];
  for (const world of ["block", "deletion"]) {
    const [mallory, eve] = [await db.signUp(`mallory_${world}`), await db.signUp(`eve_${world}`)];
    await db.admin`insert into private.trust (profile_id) values (${mallory.id}), (${eve.id})`;
    await follow(mallory, eve, bob);
    await follow(eve, carol, dave);
    await follow(bob, carol);
    // Grace is followed by eve and others who follow bob.
    for (const one of [eve, erin]) await follow(one, bob, grace);
    await follow(frank, eve, heidi);
    await giveList(db, mallory, [
      [eve, "new_here"],
      [carol, "followed_by"],
      [dave, "followed_by"],
      [grace, "followed_alongside"],
      [heidi, "followers_follow"],
    ]);
    const page = async () => [
      (await suggestionsOf(mallory)).map(told),
      (await peopleLike(mallory.asks, eve)).map(told),
      (await peopleLike(mallory.asks, grace)).map(told),
    ];
    const before = await page();
    if (world === "block")
      await eve.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
    else await db.admin`delete from auth.users where id = ${eve.id}`;
    const after = await page();
    expect(after).not.toEqual(before);
    const dismissed = await refusal(mallory.asks((sql) => sql`select dismiss_suggestion(${eve.id})`));
    await mallory.asks((sql) => sql`select suggestions_seen(${[eve.id]}::uuid[])`);
    answers.push([before, after, dismissed.message, dismissed.detail, await page()]);
    await db.admin`delete from auth.users where id in (${mallory.id}, ${eve.id})`;
    await db.admin`delete from follows`;
  }
  expect(JSON.stringify(answers[0]).replaceAll("_block", "")).toBe(
    JSON.stringify(answers[1]).replaceAll("_deletion", ""),
  );
  expect(JSON.stringify(answers[0])).toContain("carol: followed_by bob, eve_block");
});

test("what people keep about others is deleted with either account", async () => {
  const [gone, keeper] = [await db.signUp("gone"), await db.signUp("keeper")];
  await keeper.asks((sql) => sql`select dismiss_suggestion(${gone.id})`);
  await gone.asks(
    (sql) => sql`select dismiss_suggestion(${keeper.id}), suggestions_seen(${[keeper.id]}::uuid[])`,
  );
  await giveList(db, gone, [[keeper, "new_here"]]);
  await db.admin`delete from auth.users where id = ${gone.id}`;
  for (const table of ["lists", "views"]) {
    expect(await db.admin.unsafe(`select from private.suggestion_${table}`), table).toHaveLength(0);
  }
  expect(await db.admin`select from private.suggestion_dismissals`).toHaveLength(0);
});

test("who dismisses somebody again while they are dismissed does not make it longer", async () => {
  const [viewer, person] = [await db.signUp("dismisses"), await db.signUp("dismissed")];
  const dismiss = async () =>
    (await viewer.asks((sql) => sql`select dismiss_suggestion(${person.id}) as until`))[0]?.until;
  expect(await dismiss()).toEqual(await dismiss());
});
