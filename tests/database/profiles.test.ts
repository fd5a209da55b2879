/** Profiles: made when an account is confirmed, changed by their owner; and usernames. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Auth, connectAuth } from "./auth.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let auth: Auth;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  db = await createDatabase();
  auth = connectAuth(db);
  alice = await db.signUp("alice");
  bob = await db.signUp("bob");
});
afterAll(async () => {
  await auth?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

const rename = (person: Person, username: string) =>
  person.asks(
    (sql) => sql`update profiles set username = ${username} where id = ${person.id} returning username`,
  );
const available = (username: string, ask = db.as("anon")) =>
  ask(
    async (sql) => (await sql`select (username_available(${username})).available as yes`)[0]?.yes as boolean,
  );
/** As if the last changes of username had been so long ago. */
const letPass = (interval: string) => db.admin`
  update private.held_usernames
  set held_at = held_at - ${interval}::interval, held_until = held_until - ${interval}::interval
`;

describe("an account", () => {
  test("comes with a profile and counts of zero", async () => {
    const erin = await db.signUp("Erin", { username: "Erin", display_name: "Erin Ó Briain" });
    const [row] = await db.as("anon")(
      (sql) => sql`
        select username, display_name, bio, avatar_url, links, followers, following, posts
        from profiles
        join follow_counts on profile_id = profiles.id
        join author_counts on author_id = profiles.id
        where profiles.id = ${erin.id}
      `,
    );
    expect(row).toEqual({
      username: "Erin",
      display_name: "Erin Ó Briain",
      bio: "",
      avatar_url: null,
      links: [],
      followers: 0,
      following: 0,
      posts: 0,
    });
  });

  test("without a username gets one, and changes it at once", async () => {
    const nameless = await db.signUp("", {});
    expect(nameless.username).toMatch(/^user_[0-9a-f]{12}$/);
    expect(await rename(nameless, "no_longer_nameless")).toEqual([{ username: "no_longer_nameless" }]);
  });

  test("gets a display name that fits", async () => {
    const long = await db.signUp("long", { username: "long", display_name: `two\nlines ${"x".repeat(60)}` });
    const [row] = await db.admin`select display_name from profiles where id = ${long.id}`;
    expect(row?.display_name).toBe(`two lines ${"x".repeat(40)}`);
  });

  test.each([
    ["cut after a whole emoji", "👨‍👩‍👧‍👦".repeat(10), "👨‍👩‍👧‍👦".repeat(7)],
    ["on one line", "one\u2028two\u0085three", "one two three"],
    ["without characters that control the direction of writing", "a\u202eb\u2066c\u2069\u200f", "abc"],
    ["empty when there is nothing to see", "  \u200b\u3164 ", ""],
  ])("gets a display name %s", async (_, written, kept) => {
    const { id } = await db.signUp("", { display_name: written });
    const [row] = await db.admin`select display_name from profiles where id = ${id}`;
    expect(row?.display_name).toBe(kept);
  });

  test("that is deleted takes everything of its own along, and nothing of others", async () => {
    const frank = await db.signUp("frank");
    await frank.asks((sql) => sql`insert into follows (followee_id) values (${bob.id})`);
    await bob.asks((sql) => sql`insert into follows (followee_id) values (${frank.id})`);
    const [post] = await frank.asks((sql) => sql`insert into posts (content) values ('x') returning id`);
    await frank.asks((sql) => sql`update posts set content = 'y' where id = ${post?.id}`);
    await rename(frank, "frank_2");
    await bob.asks((sql) => sql`insert into posts (content) values ('still here')`);

    await db.admin`delete from auth.users where id = ${frank.id}`;

    const [left] = await db.admin`
      select
        (select count(*) from profiles where id = ${frank.id}) as profiles,
        (select count(*) from posts where author_id = ${frank.id}) as posts,
        (select count(*) from post_versions where post_id = ${post?.id}) as versions,
        (select count(*) from follows where ${frank.id} in (follower_id, followee_id)) as follows,
        (select count(*) from private.held_usernames where profile_id = ${frank.id}) as names
    `;
    expect(left).toEqual({ profiles: 0, posts: 0, versions: 0, follows: 0, names: 0 });
    const [counts] = await db.admin`
      select followers, following, posts
      from follow_counts join author_counts on author_id = profile_id
      where profile_id = ${bob.id}
    `;
    expect(counts).toEqual({ followers: 0, following: 0, posts: 1 });
  });

  test("that is deleted leaves its names held for 30 days: the last one, and those it held", async () => {
    const gina = await db.signUp("gina");
    await rename(gina, "gina_2");
    await letPass("10 days");
    await db.admin`delete from auth.users where id = ${gina.id}`;
    const free = async () => [await available("gina"), await available("Gina_2")];

    expect(await free()).toEqual([false, false]);
    // Bob gets the same answer as for a name that somebody has.
    for (const username of ["gina", "gina_2", "alice"]) {
      expect(await available(username, bob.asks)).toBe(false);
      expect(await refusal(rename(bob, username))).toMatchObject({
        code: "PT409",
        detail: "username_taken",
        message: `The username ${username} is taken`,
      });
    }
    expect((await db.signUp("gina")).username).toMatch(/^user_/);

    await letPass("20 days 1 second");
    expect(await free()).toEqual([true, false]);
    await letPass("10 days");
    expect(await free()).toEqual([true, true]);
    expect((await db.signUp("gina_2")).username).toBe("gina_2");
  });

  test("that is gone holds its name when somebody else gave it up before", async () => {
    const first = await db.signUp("handed_on");
    await rename(first, "handed_over");
    await letPass("31 days");
    const second = await db.signUp("handed_on");
    await db.admin`delete from auth.users where id = ${second.id}`;
    expect(await available("handed_on")).toBe(false);
    expect(await available("handed_on", first.asks)).toBe(false);
  });
});

describe("a username", () => {
  test.each(["al", "a".repeat(31), "al-ice", "al ice", "älice", "alice\n", "", "'; drop table profiles; --"])(
    "%j is refused as a username",
    async (username) => {
      const refused = await refusal(rename(bob, username));
      expect(refused).toMatchObject({ code: "PT400", detail: "username_format" });
      expect(await available(username)).toBe(false);
    },
  );

  test.each(["abc", "a".repeat(30), "Al_1ce", "___"])("%j is a username", async (username) => {
    expect(await available(username)).toBe(true);
    const person = await db.signUp(username);
    expect(person.username).toBe(username);
  });

  test.each(["admin", "Support", "HOME"])("%s is reserved", async (username) => {
    expect(await refusal(rename(bob, username))).toMatchObject({
      code: "PT400",
      detail: "username_reserved",
    });
    expect(await available(username)).toBe(false);
  });

  test("is taken in any case of letters", async () => {
    expect(await refusal(rename(bob, "ALICE"))).toMatchObject({
      code: "PT409",
      detail: "username_taken",
      message: "The username ALICE is taken",
    });
    expect(await available("Alice")).toBe(false);
    expect(await available("Alice", alice.asks)).toBe(true);
  });

  test("changes its case freely, as often as its owner likes", async () => {
    const cased = await db.signUp("cased");
    for (const username of ["Cased", "CASED", "cased"]) {
      expect(await rename(cased, username)).toEqual([{ username }]);
    }
    const held = await db.admin`select from private.held_usernames where profile_id = ${cased.id}`;
    expect(held).toHaveLength(0);
  });

  test("that is saved unchanged costs nothing", async () => {
    const same = await db.signUp("same");
    await rename(same, "same_2");
    expect(await rename(same, "same_2")).toEqual([{ username: "same_2" }]);
  });

  test("that dave gives up is held for him, and he can take it back at once", async () => {
    const dave = await db.signUp("dave");
    await rename(dave, "david");
    expect(await available("dave")).toBe(false);
    expect(await refusal(rename(bob, "Dave"))).toMatchObject({ code: "PT409", detail: "username_taken" });
    expect((await db.signUp("dave")).username).toMatch(/^user_/);

    expect(await available("dave", dave.asks)).toBe(true);
    expect(await rename(dave, "dave")).toEqual([{ username: "dave" }]);
    expect(await available("david")).toBe(false);
  });

  test("that somebody gave up is free again after 30 days", async () => {
    const gone = await db.signUp("wanted");
    await rename(gone, "unwanted");
    await letPass("29 days");
    expect(await available("wanted")).toBe(false);
    await letPass("1 day 1 second");
    expect(await available("wanted")).toBe(true);
    const next = await db.signUp("Wanted");
    expect(next.username).toBe("Wanted");
    // The former owner has no claim left. The next owner's hold replaces the old one.
    expect(await refusal(rename(gone, "wanted"))).toMatchObject({ detail: "username_taken" });
    await rename(next, "wanted_2");
    expect(await refusal(rename(gone, "wanted"))).toMatchObject({ detail: "username_taken" });
    expect(await rename(next, "wanted")).toEqual([{ username: "wanted" }]);
  });

  test("can be changed to a new one every 7 days", async () => {
    const mallory = await db.signUp("mallory");
    await rename(mallory, "mallory_1");
    const refused = await refusal(rename(mallory, "mallory_2"));
    expect(refused).toMatchObject({ code: "PT429", detail: "username_changed_recently" });
    expect(refused.hint).toMatch(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    expect(await available("mallory_2")).toBe(true);

    await letPass("7 days");
    expect(await rename(mallory, "mallory_2")).toEqual([{ username: "mallory_2" }]);
    const held = await db.admin`
      select username from private.held_usernames where profile_id = ${mallory.id} order by username
    `;
    expect(held.map((row) => row.username)).toEqual(["mallory", "mallory_1"]);
  });

  test("that somebody else held until a moment ago is a new one, for which mallory waits", async () => {
    const gone = await db.signUp("held_by_gone");
    await db.admin`delete from auth.users where id = ${gone.id}`;
    await letPass("31 days");
    const taker = await db.signUp("taker");
    await rename(taker, "taker_1");
    expect(await refusal(rename(taker, "held_by_gone"))).toMatchObject({
      detail: "username_changed_recently",
    });
  });

  test("is held with five others at most, also by somebody who takes each back from time to time", async () => {
    const hoarder = await db.signUp("hoarder");
    const names = ["hoarder"];
    let last: string | undefined;
    for (let week = 1; week <= 9; week++) {
      await letPass("7 days");
      const held =
        await db.admin`select username from private.held_usernames where profile_id = ${hoarder.id}`;
      for (const { username } of held) await rename(hoarder, username);
      last = held.at(-1)?.username;
      await letPass("7 days 1 second");
      names.push(`hoarder_${week}`);
      await rename(hoarder, `hoarder_${week}`);
    }
    const free = await Promise.all(names.map((name) => available(name)));
    // The current one and five others.
    expect(free.filter((isFree) => !isFree)).toHaveLength(6);
    // The name that was given up last is not the one that is let go.
    expect(await available(last as string)).toBe(false);
  });

  test("that two people want goes to the first; the second, who waited, reads that it is taken", async () => {
    const [first, second, waiting] = [
      await db.signUp("first_of_two"),
      await db.signUp("second_of_two"),
      // Nobody reserved the name for them: an administrator made the account.
      await auth.create({ username: "prize" }),
    ];
    const outcomes = await first.asks(async (sql) => {
      await sql`update profiles set username = 'prize' where id = ${first.id}`;
      const others = { renamed: refusal(rename(second, "PRIZE")), confirmed: auth.confirm(waiting) };
      const blocked = () => db.admin`
        select from pg_stat_activity where datname = ${db.name} and wait_event_type = 'Lock'`;
      await expect.poll(async () => (await blocked()).length).toBe(2);
      return others;
    });
    expect(await outcomes.renamed).toMatchObject({
      code: "PT409",
      detail: "username_taken",
      message: "The username PRIZE is taken",
    });
    await outcomes.confirmed;
    const [confirmed] = await db.admin`select username from profiles where id = ${waiting}`;
    expect(confirmed?.username).toMatch(/^user_/);
  });

  test("goes to one of many who want it at the same moment", async () => {
    const people = await Promise.all(Array.from({ length: 8 }, (_, n) => db.signUp(`racer_${n}`)));
    const attempts = await Promise.allSettled(people.map((person) => rename(person, "winner")));
    expect(attempts.filter((attempt) => attempt.status === "fulfilled")).toHaveLength(1);
    for (const attempt of attempts) {
      if (attempt.status === "rejected") {
        expect(attempt.reason).toMatchObject({
          code: "PT409",
          detail: "username_taken",
          message: "The username winner is taken",
        });
      }
    }
    const [row] = await db.admin`select count(*) from profiles where lower(username) = 'winner'`;
    expect(row?.count).toBe(1);
  });

  test("is checked by the table itself too, where the trigger is off", async () => {
    // The trigger off: what is left is the guard.
    const admin = await db.admin.reserve();
    try {
      await admin`set session_replication_role = replica`;
      const bad = admin`update profiles set username = 'b!' where id = ${bob.id}`;
      expect(await refusal(bad)).toMatchObject({
        code: "23514",
        constraint_name: "profiles_username_format",
      });
      const taken = admin`update profiles set username = 'ALICE' where id = ${bob.id}`;
      expect(await refusal(taken)).toMatchObject({ code: "23505", constraint_name: "profiles_username_key" });
    } finally {
      await admin`reset session_replication_role`;
      admin.release();
    }
  });
});

describe("what people say of themselves", () => {
  const save = (values: Record<string, unknown>) =>
    alice.asks((sql) => sql`update profiles set ${sql(values)} where id = ${alice.id} returning *`);

  test("is stored as it came", async () => {
    const values = {
      display_name: "<b>Älice</b> 🌱",
      bio: "Line one\nline two <script>",
      avatar_url: "https://example.com/a.png?size=2#x",
      links: ["https://example.com", "https://münchen.example/straße?x=1"],
    };
    expect((await save(values))[0]).toMatchObject(values);
    expect((await save({ display_name: "", bio: "", avatar_url: null, links: [] }))[0]).toMatchObject({
      avatar_url: null,
    });
  });

  const url = (length: number) => `https://example.com/${"x".repeat(length - 20)}`;

  test.each([
    ["display_name_format", { display_name: "x".repeat(51) }],
    ["display_name_format", { display_name: "two\nlines" }],
    ["bio_length", { bio: "x".repeat(501) }],
    ["avatar_url_format", { avatar_url: "http://example.com/a.png" }],
    ["avatar_url_format", { avatar_url: "javascript:alert(1)" }],
    ["avatar_url_format", { avatar_url: "https://" }],
    ["avatar_url_format", { avatar_url: 'https://example.com/"onload="x' }],
    ["avatar_url_format", { avatar_url: "https://plaza.example@evil.example/" }],
    ["avatar_url_format", { avatar_url: "https://example.com/\u0007" }],
    ["avatar_url_format", { avatar_url: url(501) }],
    ["links_format", { links: ["https://example.com", "ftp://example.com"] }],
    ["links_format", { links: [url(201)] }],
    ["links_format", { links: Array(6).fill("https://example.com") }],
    ["links_format", { links: ["https://example.com", null] }],
  ])("breaks the rule %s with %j", async (detail, values) => {
    expect(await refusal(save(values))).toMatchObject({ code: "PT400", detail });
  });

  test("fits when it is as long as allowed", async () => {
    await save({ display_name: "é".repeat(50), bio: "x".repeat(500), avatar_url: url(500) });
    await save({ links: Array(5).fill(url(200)) });
  });
});
