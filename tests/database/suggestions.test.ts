/** Suggestions: who is never among them, why somebody is, and in which order. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { giveList, type Kind, peopleLike, suggestionsOf, told, untrue } from "./suggestion-claims.ts";

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
  db = await createDatabase();
  const names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];
  everybody = [];
  for (const name of names) everybody.push(await db.signUp(name));
  [alice, bob, carol, dave, erin, frank, grace, heidi] = everybody as [
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Old accounts that are trusted, and nothing between them. */
beforeEach(async () => {
  for (const table of [
    "follows",
    "follow_requests",
    "blocks",
    "mutes",
    "posts",
    "tag_follows",
    "suggestions_settings",
  ]) {
    await db.admin.unsafe(`delete from ${table}`);
  }
  for (const table of ["lists", "views", "dismissals", "pools"]) {
    await db.admin.unsafe(`delete from private.suggestion_${table}`);
  }
  await db.admin`
    update profiles set is_private = false, is_discoverable = true, created_at = now() - interval '20 days'`;
  await db.admin`update auth.users set banned_until = null, email_confirmed_at = now(), deleted_at = null`;
  await db.admin`delete from private.trust`;
  await db.admin`insert into private.trust (profile_id) select id from profiles`;
});

const follow = async (who: Person, ...others: Person[]) => {
  for (const { id } of others) {
    await db.admin`insert into follows (follower_id, followee_id) values (${who.id}, ${id})`;
  }
};
const unfollow = (who: Person, { id }: Person) =>
  db.admin`delete from follows where follower_id = ${who.id} and followee_id = ${id}`;
const write = (who: Person, content: string, more: Record<string, string> = {}) =>
  who.asks((sql) => sql`insert into posts ${sql({ content, ...more })}`);
const read = async (who = alice, size = 10) => (await suggestionsOf(who, size)).map(told);
const ids = async (who = alice, size = 10) =>
  (await suggestionsOf(who, size)).map(({ profile }) => profile.username);

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

  test("followed_by names nobody whom alice mutes", async () => {
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

  test("both_follow names whom both follow", async () => {
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

  test("followed_alongside needs two people whom alice may look into", async () => {
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

describe("dismissals", () => {
  const days = async () => {
    const [row] = await db.admin`
      select round(extract(epoch from dismissed_until - now()) / 86400)::int as days from private.suggestion_dismissals`;
    return row?.days;
  };
  const dismiss = (who: Person, { id }: Person) =>
    who.asks((sql) => sql`select dismiss_suggestion(${id}) as until`);

  test("last 30 days, and twice as long each time", async () => {
    for (const expected of [30, 60, 120, 240]) {
      const [row] = await dismiss(alice, erin);
      expect(row?.until).toBeInstanceOf(Date);
      expect(await days()).toBe(expected);
      // The same again changes nothing.
      await dismiss(alice, erin);
      expect(await days()).toBe(expected);
      await db.admin`update private.suggestion_dismissals set dismissed_until = now()`;
    }
    await db.admin`update private.suggestion_dismissals set times = 30000`;
    await dismiss(alice, erin);
    expect(await days()).toBe(30 * 512);
  });

  test("are refused for a person who is hidden, in the words for a person who does not exist", async () => {
    await erin.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    const hidden = await refusal(dismiss(alice, erin));
    const nobody = await refusal(dismiss(alice, { ...erin, id: "99999999-9999-4999-8999-999999999999" }));
    expect(hidden).toMatchObject({ code: "PT404", detail: "profile_not_found", message: nobody.message });
  });
});

describe("the order", () => {
  /** Everybody is followed by the same people, so each reason is true. */
  const manyReasons = async () => {
    await follow(alice, bob);
    for (const one of [carol, dave, erin, frank, grace, heidi]) {
      await follow(bob, one);
      await follow(one, bob);
    }
  };

  test("is that of the list", async () => {
    await manyReasons();
    await giveList(db, alice, [
      [dave, "followed_by"],
      [carol, "both_follow"],
      [erin, "followed_by"],
    ]);
    expect(await read()).toEqual([
      "dave: followed_by bob",
      "carol: both_follow bob",
      "erin: followed_by bob",
    ]);
    expect(await ids(alice, 2)).toEqual(["dave", "carol"]);
  });

  test("has at most two of one source in a row, as long as the list has another", async () => {
    await manyReasons();
    await giveList(db, alice, [
      [carol, "followed_by"],
      [dave, "followed_by"],
      [erin, "followed_by"],
      [frank, "followed_by"],
      [grace, "both_follow"],
      [heidi, "both_follow"],
    ]);
    expect(await ids()).toEqual(["carol", "dave", "grace", "erin", "frank", "heidi"]);
    // The reason of grace ends. So heidi takes her place.
    await unfollow(grace, bob);
    expect(await ids()).toEqual(["carol", "dave", "heidi", "erin", "frank"]);
  });

  test("is the same all day, and two reads are equal", async () => {
    await manyReasons();
    await giveList(db, alice, [
      [carol, "followed_by", 0.5],
      [dave, "both_follow", 0.5],
      [erin, "followed_by", 0.5],
    ]);
    const first = await suggestionsOf(alice);
    expect(first).toHaveLength(3);
    await alice.asks((sql) => sql`select suggestions_seen(${[carol.id, dave.id]}::uuid[])`);
    expect(await suggestionsOf(alice)).toEqual(first);
  });

  test("moves somebody down who was seen on five days, from the sixth day on", async () => {
    await manyReasons();
    await giveList(db, alice, [
      [carol, "followed_by", 0.9],
      [dave, "followed_by", 0.6],
      [erin, "followed_by", 0.3],
    ]);
    const seen = async (...people: Person[]) => {
      await alice.asks((sql) => sql`select suggestions_seen(${people.map(({ id }) => id)}::uuid[])`);
      // Twice a day counts once.
      await alice.asks((sql) => sql`select suggestions_seen(${people.map(({ id }) => id)}::uuid[])`);
    };
    const nextDay = () =>
      db.admin`
        update private.suggestion_views
        set last_days = array(select day - 1 from unnest(last_days) with ordinality as d (day, n) order by n)`;
    for (let day = 1; day <= 5; day++) {
      await seen(carol);
      expect(await ids(), `day ${day}`).toEqual(["carol", "dave", "erin"]);
      await nextDay();
    }
    expect(await ids()).toEqual(["dave", "carol", "erin"]);
    for (let day = 6; day <= 10; day++) {
      await seen(carol);
      await nextDay();
    }
    expect(await ids()).toEqual(["dave", "erin", "carol"]);
    const [view] = await db.admin`select profile_ids, days from private.suggestion_views`;
    expect(view).toEqual({ profile_ids: [carol.id], days: [10] });
  });

  test("remembers the last 300 people whom alice saw", async () => {
    const strangers = (from: number) =>
      Array.from({ length: 100 }, (_, n) => `00000000-0000-4000-8000-${String(from + n).padStart(12, "0")}`);
    await alice.asks((sql) => sql`select suggestions_seen(${[carol.id]}::uuid[])`);
    await db.admin`update private.suggestion_views set last_days = array[current_date - 3]`;
    for (const from of [0, 100, 200]) {
      await alice.asks((sql) => sql`select suggestions_seen(${strangers(from)}::uuid[])`);
    }
    const [view] = await db.admin`select profile_ids from private.suggestion_views`;
    expect(view?.profile_ids).toHaveLength(300);
    expect(view?.profile_ids).not.toContain(carol.id);
    const tooMany = alice.asks((sql) => sql`select suggestions_seen(${[...strangers(0), carol.id]}::uuid[])`);
    expect(await refusal(tooMany)).toMatchObject({ code: "PT400", detail: "too_many_ids" });
  });

  test("has one newcomer in ten, at a place that the day decides", async () => {
    const crowd: Person[] = [];
    for (let one = 0; one < 14; one++) crowd.push(await db.signUp(`listed_${one}`));
    const newcomers: Person[] = [];
    for (let one = 0; one < 4; one++) newcomers.push(await db.signUp(`new_${one}`));
    await db.admin`
      insert into private.trust (profile_id)
      select unnest(${[...crowd, ...newcomers].map(({ id }) => id)}::uuid[])`;
    await db.admin`update profiles set created_at = now() - interval '20 days' where username like 'listed%'`;
    await follow(alice, bob);
    for (const one of crowd) await follow(bob, one);
    await giveList(
      db,
      alice,
      crowd.map((one) => [one, "followed_by"]),
    );
    expect((await ids()).every((name) => name.startsWith("listed_"))).toBe(true);
    await db.owner`select private.refresh_suggestion_pools()`;
    const page = await ids();
    expect(page.filter((name) => name.startsWith("new_"))).toHaveLength(1);
    expect(page.filter((name) => name.startsWith("listed_"))).toHaveLength(9);
    expect(await ids()).toEqual(page);
    expect(page.slice(0, 5)).toEqual(await ids(alice, 5));
    // Trust is asked again.
    await db.admin`delete from private.trust where profile_id = any (${newcomers.map(({ id }) => id)}::uuid[])`;
    expect((await ids()).every((name) => name.startsWith("listed_"))).toBe(true);
    await db.admin`delete from auth.users where id = any (${[...crowd, ...newcomers].map(({ id }) => id)}::uuid[])`;
  });
});

describe("a list", () => {
  test("is written only when it changed, and not for an account that is gone", async () => {
    expect(await giveList(db, alice, [[erin, "followed_by"]])).toBe(true);
    expect(await giveList(db, alice, [[erin, "followed_by", 0.2]])).toBe(false);
    expect(await giveList(db, alice, [[erin, "both_follow"]])).toBe(true);
    expect(await giveList(db, alice, [])).toBe(true);
    expect(await giveList(db, { ...alice, id: "99999999-9999-4999-8999-999999999999" }, [])).toBe(false);
  });

  test("has at most 60 people, and only sources that there are", async () => {
    const long = Array.from({ length: 61 }, () => [erin, "followed_by"] as [Person, Kind]);
    expect((await refusal(giveList(db, alice, long))).constraint_name).toBe("suggestion_lists_length");
    const odd = db.owner`
      select private.write_suggestion_list(${alice.id}, ${[erin.id]}::uuid[], ${[8]}::smallint[], ${[1]}::real[])`;
    expect((await refusal(odd)).constraint_name).toBe("suggestion_lists_sources");
  });
});

describe("people like bob", () => {
  /** Two trusted people follow bob, dave and erin. One of them also follows frank. */
  const town = async () => {
    await follow(carol, bob, dave, erin, frank);
    await follow(grace, bob, dave, erin);
  };
  const like = async (who = alice) => (await peopleLike(who.asks, bob)).map(told);

  test("are those whom two of his followers follow", async () => {
    await town();
    expect((await like()).sort()).toEqual(["dave: followed_alongside bob", "erin: followed_alongside bob"]);
    expect(await untrue(alice, await peopleLike(alice.asks, bob))).toEqual([]);
    expect(await peopleLike(db.as("anon"), bob)).toHaveLength(2);
    expect(await peopleLike(alice.asks, bob, 1)).toHaveLength(1);
  });

  test("are not people whom alice follows, blocks, mutes or dismissed, or who do not want it", async () => {
    await town();
    await follow(alice, dave);
    expect(await like()).toEqual(["erin: followed_alongside bob"]);
    await alice.asks((sql) => sql`select dismiss_suggestion(${erin.id})`);
    expect(await like()).toEqual([]);
    expect(await like(heidi)).toHaveLength(2);
    await erin.asks((sql) => sql`update profiles set is_discoverable = false where id = ${erin.id}`);
    expect(await like(heidi)).toEqual(["dave: followed_alongside bob"]);
    await heidi.asks((sql) => sql`insert into suggestions_settings (hides_suggestions) values (true)`);
    expect(await like(heidi)).toEqual([]);
  });

  test("are told only by followers whom alice may look into, and who are trusted", async () => {
    await town();
    await db.admin`update profiles set is_private = true where id = ${grace.id}`;
    expect(await like()).toEqual([]);
    await follow(heidi, grace);
    expect(await like(heidi)).toHaveLength(2);
    await db.admin`update profiles set is_private = false where id = ${grace.id}`;
    expect(await like()).toHaveLength(2);
    await db.admin`delete from private.trust where profile_id = ${grace.id}`;
    expect(await like()).toEqual([]);
  });

  test("are nobody when alice may not look into his account", async () => {
    await town();
    await db.admin`update profiles set is_private = true where id = ${bob.id}`;
    expect(await like()).toEqual([]);
    await follow(alice, bob);
    expect(await like()).toHaveLength(2);
    await db.admin`update profiles set is_private = false where id = ${bob.id}`;
    expect(await like(heidi)).toHaveLength(2);
    await bob.asks((sql) => sql`insert into blocks (blocked_id) values (${heidi.id})`);
    expect(await like(heidi)).toEqual([]);
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
