/** The order of suggestions, dismissals, lists as they are written, and the people like somebody. */
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
beforeAll(async () => {
  town = await createSuggestionTown();
  db = town.db;
  ({ alice, bob, carol, dave, erin, frank, grace, heidi } = town.people);
});
afterAll(() => town?.[Symbol.asyncDispose]());
beforeEach(() => town.reset());

const follow = (who: Person, ...others: Person[]) => town.follow(who, ...others);
const unfollow = (who: Person, other: Person) => town.unfollow(who, other);
const read = (who = alice) => town.read(who);
const ids = (who = alice, size?: number) => town.namesOf(who, size);

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

  test("remembers the last 300 people that alice saw", async () => {
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
    // A newcomer who writes in alice's language comes first.
    const [anybody] = page.filter((name) => name.startsWith("new_"));
    const chosen = newcomers.find(({ username }) => username !== anybody) as Person;
    for (const one of [alice, chosen])
      await one.asks((sql) => sql`insert into posts (content, language) values ('Bom dia', 'pt-BR')`);
    for (const one of newcomers.filter((other) => other !== chosen))
      await one.asks((sql) => sql`insert into posts (content, language) values ('Guten Tag', 'de')`);
    await db.owner`select private.refresh_suggestion_pools()`;
    expect((await ids()).filter((name) => name.startsWith("new_"))).toEqual([chosen.username]);
    await alice.asks((sql) => sql`delete from posts`);
    expect((await ids()).filter((name) => name.startsWith("new_"))).toEqual([anybody]);
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
    expect(await giveList(db, alice, [[erin, "both_follow"]], [null, null, null])).toBe(true);
    expect(await giveList(db, alice, [[erin, "both_follow"]], [null, null, null])).toBe(false);
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

  test("are people that two of his followers follow", async () => {
    await town();
    expect((await like()).sort()).toEqual(["dave: followed_alongside bob", "erin: followed_alongside bob"]);
    expect(await untrue(alice, await peopleLike(alice.asks, bob))).toEqual([]);
    expect(await peopleLike(db.as("anon"), bob)).toHaveLength(2);
    expect(await peopleLike(alice.asks, bob, 1)).toHaveLength(1);
  });

  test("are not people that alice follows, blocks, mutes or dismissed, or who do not want it", async () => {
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

  test("are told only by followers that alice may look into, and who are trusted", async () => {
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
