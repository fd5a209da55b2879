/**
 * Suggestions in random towns, against the rules in plain loops: exactly those are shown who may be shown and whose
 * reason is true, and every reason is true for the viewer, who asks the tables of the API.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";
import {
  giveList,
  type Kind,
  peopleLike,
  type Suggestion,
  suggestionsOf,
  untrue,
} from "./suggestion-claims.ts";

let db: Database;
const people: Person[] = [];
const names = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan"];
beforeAll(async () => {
  db = await createDatabase();
  for (const name of names) people.push(await db.signUp(name));
});
afterAll(() => db?.[Symbol.asyncDispose]());

const runs = Number(process.env.PLAZA_SUGGESTION_TOWNS ?? 60);
const id = (index: number): string => (people[index] as Person).id;

type Pair = [number, number];
interface Town {
  follows: Pair[];
  requests: Pair[];
  /** The first person blocks the second. */
  blocks: Pair[];
  mutes: Pair[];
  dismissals: Pair[];
  private: number[];
  undiscoverable: number[];
  banned: number[];
  untrusted: number[];
  /** Accounts of the last two weeks. */
  young: number[];
  /** They have old accounts, and did nothing for a month. */
  idle: number[];
  /** They have a post about #tea. Everybody follows this tag. */
  writers: number[];
  /** The list of alice. */
  list: [number, Kind][];
  /** What her list says about followed_alongside, true or not. */
  witnesses: (number | null)[];
}

const who = fc.nat(names.length - 1);
const pair: fc.Arbitrary<Pair> = fc.tuple(who, who).filter(([one, other]) => one !== other);
const pairs = (maxLength: number) =>
  fc.uniqueArray(pair, { maxLength, selector: ([one, other]) => `${one} ${other}` });
const few = fc.uniqueArray(who, { maxLength: 3 });
const towns: fc.Arbitrary<Town> = fc
  .record({
    follows: fc.uniqueArray(pair, {
      minLength: 12,
      maxLength: 50,
      selector: ([one, other]) => `${one} ${other}`,
    }),
    requests: pairs(3),
    blocks: pairs(3),
    mutes: pairs(4),
    dismissals: pairs(4),
    private: few,
    undiscoverable: fc.uniqueArray(who, { maxLength: 1 }),
    banned: fc.uniqueArray(who, { maxLength: 1 }),
    untrusted: few,
    young: few,
    idle: fc.uniqueArray(who, { maxLength: 2 }),
    writers: few,
    list: fc.uniqueArray(
      fc.tuple(
        who,
        fc.constantFrom<Kind>(
          "followed_by",
          "follows_you",
          "both_follow",
          "followed_alongside",
          "followers_follow",
          "writes_about",
          "new_here",
        ),
      ),
      { minLength: 4, maxLength: 9, selector: ([one]) => one },
    ),
    witnesses: fc.array(fc.option(who, { freq: 20 }), { maxLength: 27 }),
  })
  .map((town) => {
    // A block ends follows and requests between the two.
    const apart = ([one, other]: Pair) => !isHidden(town, one, other);
    const follows = town.follows.filter(apart);
    return {
      ...town,
      follows,
      requests: town.requests.filter(
        (request) =>
          apart(request) && !follows.some(([one, other]) => one === request[0] && other === request[1]),
      ),
    };
  });

const has = (list: Pair[], one: number, other: number) => list.some(([a, b]) => a === one && b === other);
const isHidden = ({ blocks }: { blocks: Pair[] }, one: number, other: number) =>
  has(blocks, one, other) || has(blocks, other, one);
const looksInto = (town: Town, viewer: number, one: number) =>
  !isHidden(town, viewer, one) &&
  (viewer === one || !town.private.includes(one) || has(town.follows, viewer, one));
/** The rule about a follow, as docs/reference/api.md has it. */
const seesFollow = (town: Town, viewer: number, one: number, other: number) =>
  has(town.follows, one, other) &&
  (viewer === one || viewer === other || (looksInto(town, viewer, one) && looksInto(town, viewer, other)));

const mayBeShown = (town: Town, viewer: number, one: number, kind: Kind) =>
  one !== viewer &&
  !has(town.follows, viewer, one) &&
  !has(town.requests, viewer, one) &&
  !isHidden(town, viewer, one) &&
  !has(town.mutes, viewer, one) &&
  !has(town.dismissals, viewer, one) &&
  !town.undiscoverable.includes(one) &&
  !town.banned.includes(one) &&
  (!town.idle.includes(one) || town.writers.includes(one)) &&
  (!town.private.includes(one) || kind === "follows_you") &&
  (!town.untrusted.includes(one) || kind === "followed_by");

/** The people that the reason may name in this town, or true when it names nobody. Null: it is not true. */
function truth(town: Town, viewer: number, one: number, kind: Kind): number[] | true | null {
  const sees = (a: number, b: number) => seesFollow(town, viewer, a, b);
  const those = (is: (x: number) => boolean) => {
    const found = [...names.keys()].filter((x) => !has(town.mutes, viewer, x) && is(x));
    return found.length > 0 ? found : null;
  };
  switch (kind) {
    case "followed_by":
      return those((x) => sees(viewer, x) && sees(x, one));
    case "both_follow":
      return those((x) => sees(viewer, x) && sees(one, x));
    case "followers_follow":
      return those((x) => sees(x, viewer) && sees(x, one));
    case "followed_alongside":
      return those(
        (x) => sees(viewer, x) && [...names.keys()].filter((w) => sees(w, x) && sees(w, one)).length >= 2,
      );
    case "follows_you":
      return sees(one, viewer) || null;
    case "writes_about":
      return (town.writers.includes(one) && !town.private.includes(one)) || null;
    case "new_here":
      return (town.young.includes(one) && !town.idle.includes(one)) || null;
    case "many_follow":
      return null;
  }
}

async function build(town: Town): Promise<void> {
  await db.admin.begin(async (sql) => {
    // Without triggers: they would refuse pairs of people who block each other, and spend budgets.
    await sql`set local session_replication_role = replica`;
    for (const table of [
      "follows",
      "follow_requests",
      "blocks",
      "mutes",
      "posts",
      "post_tags",
      "tag_follows",
    ]) {
      await sql.unsafe(`delete from ${table}`);
    }
    await sql`delete from private.suggestion_dismissals`;
    await sql`delete from private.trust`;
    const ids = (list: number[]) => list.map(id);
    const both = (list: Pair[]) =>
      [list.map(([one]) => id(one)), list.map(([, other]) => id(other))] as const;
    const write = async (into: string, list: Pair[], more = "", values = "") => {
      const [one, other] = both(list);
      await sql.unsafe(
        `insert into ${into} ${more ? `select one, other, ${values}` : "select one, other"}
         from unnest($1::uuid[], $2::uuid[]) as pair (one, other)`,
        [one as string[], other as string[]],
      );
    };
    // Nobody followed anybody in the last 30 days.
    await write(
      "follows (follower_id, followee_id, id)",
      town.follows,
      "id",
      "private.new_id(now() - interval '40 days')",
    );
    await write("follow_requests (requester_id, target_id)", town.requests);
    await write("blocks (blocker_id, blocked_id)", town.blocks);
    await write("mutes (muter_id, muted_id)", town.mutes);
    await write(
      "private.suggestion_dismissals (user_id, profile_id, times, dismissed_until)",
      town.dismissals,
      "times",
      "1, now() + interval '1 day'",
    );
    await sql`
      update profiles set
        is_private = id = any (${ids(town.private)}::uuid[]),
        is_discoverable = id <> all (${ids(town.undiscoverable)}::uuid[]),
        created_at = now() - case
          when id = any (${ids(town.idle)}::uuid[]) then interval '60 days'
          when id = any (${ids(town.young)}::uuid[]) then interval '5 days'
          else interval '20 days'
        end`;
    await sql`
      update auth.users
      set banned_until = case when id = any (${ids(town.banned)}::uuid[]) then now() + interval '1 day' end`;
    await sql`
      insert into private.trust (profile_id)
      select id from profiles where id <> all (${ids(town.untrusted)}::uuid[])`;
    await sql`insert into tag_follows (user_id, tag) select id, 'tea' from profiles`;
    await sql`
      with written as (
        insert into posts (author_id, content, is_open)
        select id, '#tea', not is_private from profiles where id = any (${ids(town.writers)}::uuid[])
        returning id, is_open
      )
      insert into post_tags (post_id, tag, is_open)
      select id, 'tea', is_open from written`;
  });
  await giveList(
    db,
    people[0] as Person,
    town.list.map(([one, kind]) => [people[one] as Person, kind]),
    town.witnesses.map((one) => (one === null ? null : (people[one] as Person))),
  );
}

/** The people on the page, and why: the list of the viewer, then those who follow the viewer or write about the tag. */
function expected(town: Town, viewer: number): Map<string, { kind: Kind; truth: number[] | true }> {
  const list = viewer === 0 ? town.list : [];
  const more: [number, Kind][] = [
    ...[...names.keys()]
      .filter((one) => has(town.follows, one, viewer))
      .map((one): [number, Kind] => [one, "follows_you"]),
    ...town.writers
      .filter((one) => !town.private.includes(one))
      .map((one): [number, Kind] => [one, "writes_about"]),
  ];
  const shown = new Map<string, { kind: Kind; truth: number[] | true }>();
  const met = new Set<number>();
  for (const [one, kind] of [...list, ...more]) {
    if (met.has(one)) continue;
    met.add(one);
    const is = truth(town, viewer, one, kind);
    if (is !== null && mayBeShown(town, viewer, one, kind))
      shown.set(names[one] as string, { kind, truth: is });
  }
  return shown;
}

function compare(town: Town, viewer: number, shown: Suggestion[]): void {
  const wanted = expected(town, viewer);
  expect(shown.map(({ profile }) => profile.username).sort()).toEqual([...wanted.keys()].sort());
  for (const { profile, reasons } of shown) {
    const { kind, truth: is } = wanted.get(profile.username) ?? {};
    expect(reasons[0]?.kind, profile.username).toBe(kind);
    const named = reasons[0]?.people.map(({ username }) => names.indexOf(username)) ?? [];
    if (is === true || is === undefined) expect(named).toEqual([]);
    else {
      expect(is).toEqual(expect.arrayContaining(named));
      const counted = kind === "followed_alongside" ? 1 : Math.min(2, is.length);
      expect(named).toHaveLength(counted);
      expect(reasons[0]?.others).toBe(kind === "followed_alongside" ? 0 : is.length - counted);
    }
  }
}

/** A third of one source in a row, although somebody of the list by another source comes later. */
function monotonous(town: Town, shown: Suggestion[]): boolean {
  const rows = shown
    .filter(({ profile }) => town.list.some(([one]) => names[one] === profile.username))
    .map(({ reasons }) => reasons[0]?.kind);
  return rows.some(
    (kind, n) =>
      n >= 2 &&
      kind === rows[n - 1] &&
      kind === rows[n - 2] &&
      rows.slice(n + 1).some((later) => later !== kind),
  );
}

test(`in ${runs} random towns, exactly those are shown who may be shown for a true reason`, async () => {
  let seen = 0;
  await fc.assert(
    fc.asyncProperty(towns, async (town) => {
      await build(town);
      for (const viewer of [0, 1, 2]) {
        const person = people[viewer] as Person;
        const shown = await suggestionsOf(person, 100);
        compare(town, viewer, shown);
        expect(await untrue(person, shown)).toEqual([]);
        if (viewer === 0) expect(monotonous(town, shown)).toBe(false);
        expect(await suggestionsOf(person, 100)).toEqual(shown);
        seen += shown.length;

        const like = await peopleLike(person.asks, people[3] as Person, 100);
        expect(await untrue(person, like)).toEqual([]);
        for (const { profile } of like) {
          expect(mayBeShown(town, viewer, names.indexOf(profile.username), "followed_alongside")).toBe(true);
        }
      }
    }),
    { numRuns: runs },
  );
  expect(seen).toBeGreaterThan(runs);
}, 600_000);
