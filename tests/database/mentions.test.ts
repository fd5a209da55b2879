/** Mentions: the people that a post addresses, across edits, renames and blocks, and since which version. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
beforeAll(async () => {
  db = await createDatabase();
  alice = await db.signUp("alice");
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The people of one test. Their names are in no other test. */
let bob: Person;
let carol: Person;
let tests = 0;
beforeEach(async () => {
  tests++;
  [bob, carol] = [await db.signUp(`bob_${tests}`), await db.signUp(`carol_${tests}`)];
});

const post = async (by: Person, values: Record<string, unknown>): Promise<number> => {
  const [row] = await by.asks((sql) => sql`insert into posts ${sql(values)} returning id`);
  return row?.id;
};
/** Writes a post for the people it mentions. */
const letter = (content: string, values: Record<string, unknown> = {}, by = alice) =>
  post(by, { content, audience: "mentioned", ...values });
const edit = async (id: number, content: string, by = alice) => {
  const rows = await by.asks(
    (sql) => sql`update posts set content = ${content} where id = ${id} returning id`,
  );
  expect(rows).toHaveLength(1);
};
const rename = async (person: Person, username: string) => {
  // Makes old name changes longer ago, so that people may change their names again.
  await db.admin`
    update private.held_usernames
    set held_at = held_at - interval '60 days', held_until = held_until - interval '60 days'
  `;
  await person.asks((sql) => sql`update profiles set username = ${username} where id = ${person.id}`);
};
/** Gives the old name of somebody to a new person. */
const succeed = async (person: Person, renamed: string): Promise<Person> => {
  const name = person.username;
  await rename(person, renamed);
  await db.admin`delete from private.held_usernames where username = ${name}`;
  return db.signUp(name);
};
const reads = async (who: Person, id: number) =>
  (await who.asks((sql) => sql`select from posts where id = ${id}`)).length === 1;
/** The versions that somebody reads, oldest first. */
const versions = async (who: Person, id: number) =>
  (
    await who.asks((sql) => sql`select version from post_versions where post_id = ${id} order by version`)
  ).map((row) => row.version as number);
/** The people in the mentions of a card: the id of each, by the name in the text. */
const mentions = async (who: Person, id: number) =>
  (
    await who.asks(
      (sql) => sql`
        select mention.username, (mention.profile).id
        from thread(${id}) as row cross join unnest((row.post).mentions) as mention
        where row.id = ${id}
      `,
    )
  ).map((row) => ({ [row.username]: row.id }));

describe("a name that stays in an edited text", () => {
  test("still means the same person after a rename, and shows nothing to the new owner of the name", async () => {
    const id = await letter(`@${bob.username} secret`);
    const stranger = await succeed(bob, `robert_${tests}`);
    await edit(id, `@${bob.username} secret, with a typo mended`);
    expect(await reads(bob, id)).toBe(true);
    expect(await versions(bob, id)).toEqual([1]);
    expect(await reads(stranger, id)).toBe(false);
    expect(await versions(stranger, id)).toEqual([]);
    expect(await mentions(alice, id)).toEqual([{ [bob.username]: bob.id }]);
    // A new post means the stranger.
    expect(await reads(stranger, await letter(`@${bob.username} hello`))).toBe(true);
  });

  test("is the same name in any case, in title or content", async () => {
    const id = await letter("see title", { title: `@${bob.username}` });
    await rename(bob, `robert_${tests}`);
    await alice.asks(
      (sql) =>
        sql`update posts set title = '', content = ${`now here, @${bob.username.toUpperCase()}`} where id = ${id}`,
    );
    expect(await reads(bob, id)).toBe(true);
    expect(await versions(bob, id)).toEqual([1]);
  });

  test("still means nobody if nobody had it", async () => {
    const name = `nobody_${tests}`;
    const id = await letter(`@${name} and @${bob.username}`);
    const stranger = await db.signUp(name);
    await edit(id, `@${name} or @${bob.username}`);
    expect(await reads(stranger, id)).toBe(false);
    // When the author removes it and writes it again, it means the person who has it then.
    await edit(id, `@${bob.username}`);
    await edit(id, `@${name} and @${bob.username}`);
    expect(await reads(stranger, id)).toBe(true);
    expect(await versions(stranger, id)).toEqual([]);
  });

  test("still means nobody if a block hid the person", async () => {
    await bob.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    const id = await letter(`@${bob.username}, are you there?`);
    await bob.asks((sql) => sql`delete from blocks`);
    await edit(id, `@${bob.username}, are you there now?`);
    expect(await reads(bob, id)).toBe(false);
    await edit(id, "nobody");
    await edit(id, `@${bob.username}!`);
    expect(await reads(bob, id)).toBe(true);
  });

  test("still means the same person after a block, who then reads the post again", async () => {
    const id = await letter(`@${bob.username} one`);
    await bob.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    await edit(id, `@${bob.username} two`);
    expect(await reads(bob, id)).toBe(false);
    await bob.asks((sql) => sql`delete from blocks`);
    expect(await reads(bob, id)).toBe(true);
    expect(await versions(bob, id)).toEqual([1]);
  });

  test("means nobody after the account is deleted, even when somebody else takes the name", async () => {
    const id = await letter(`@${bob.username} and @${carol.username}`);
    await db.admin`delete from auth.users where id = ${bob.id}`;
    await db.admin`delete from private.held_usernames where username = ${bob.username}`;
    const stranger = await db.signUp(bob.username);
    await edit(id, `@${bob.username}, @${carol.username}`);
    expect(await reads(stranger, id)).toBe(false);
    expect(await reads(carol, id)).toBe(true);
  });
});

describe("a person with two names in a text, one from before a rename", () => {
  test("is addressed as long as one of them stays", async () => {
    const [before, after] = [bob.username, `robert_${tests}`];
    const id = await letter(`@${before}`);
    await rename(bob, after);
    await edit(id, `@${before} @${after}`);
    expect(await mentions(alice, id)).toEqual([{ [before]: bob.id }, { [after]: bob.id }]);
    await edit(id, `@${after}`);
    expect(await mentions(alice, id)).toEqual([{ [after]: bob.id }]);
    await rename(bob, `rob_${tests}`);
    await edit(id, `@${after} again`);
    expect(await reads(bob, id)).toBe(true);
    expect(await versions(bob, id)).toEqual([1, 2, 3]);
    await edit(id, "nobody");
    expect(await reads(bob, id)).toBe(false);
  });

  test("loses nothing when the new name replaces the old one", async () => {
    const id = await letter(`@${bob.username}`);
    await rename(bob, `robert_${tests}`);
    await edit(id, `@robert_${tests}`);
    expect(await mentions(alice, id)).toEqual([{ [`robert_${tests}`]: bob.id }]);
    expect(await versions(bob, id)).toEqual([1]);
  });
});

describe("a person that an edit adds", () => {
  test("reads a post for the people it mentions from that version on", async () => {
    const id = await letter(`@${bob.username}: about Carol`);
    await edit(id, `@${bob.username}: about Carol, again`);
    await edit(id, `@${bob.username} @${carol.username}: hello both`);
    expect(await versions(carol, id)).toEqual([]);
    await edit(id, `@${bob.username} @${carol.username}: hello you two`);
    expect(await versions(carol, id)).toEqual([3]);
    expect(await versions(bob, id)).toEqual([1, 2, 3]);
    expect(await versions(alice, id)).toEqual([1, 2, 3]);

    // An edit left carol out for a while. She does not read what was said then, or before.
    await edit(id, `@${bob.username}: without Carol`);
    expect(await versions(carol, id)).toEqual([]);
    await edit(id, `@${bob.username} @${carol.username}: with Carol`);
    await edit(id, `@${bob.username} @${carol.username}: still`);
    expect(await versions(carol, id)).toEqual([6]);
    expect(await versions(bob, id)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("reads all versions of a post for everyone or for followers", async () => {
    await carol.asks((sql) => sql`select follow(${alice.id})`);
    for (const audience of ["everyone", "followers"]) {
      const id = await post(alice, { content: "one", audience });
      await edit(id, `two @${carol.username}`);
      await edit(id, `three @${carol.username}`);
      expect(await versions(carol, id)).toEqual([1, 2]);
      expect(await versions(alice, id)).toEqual([1, 2]);
      // This proves that bob's answer follows from a rule: none of them addresses him.
      expect(await versions(bob, id)).toEqual(audience === "everyone" ? [1, 2] : []);
    }
  });

  test("is added to each post on its own when one statement edits several", async () => {
    const ids = [await letter(`@${bob.username} a`), await letter(`@${bob.username} b`)];
    await edit(ids[1] as number, `@${bob.username} c`);
    await alice.asks(
      (sql) => sql`update posts set content = content || ${` @${carol.username}`} where id = any (${ids})`,
    );
    const rows = await db.admin`
      select since_version from post_mentions
      where post_id = any (${ids}) and profile_id = ${carol.id} order by post_id
    `;
    expect(rows.map((row) => row.since_version)).toEqual([2, 3]);
  });
});

describe("a reply for the people it mentions", () => {
  test("addresses the author it answers, named or not", async () => {
    const asked = await post(bob, { content: "anybody?" });
    const id = await letter("me", { reply_to_id: asked });
    expect(await reads(bob, id)).toBe(true);
    expect(await reads(carol, id)).toBe(false);
    expect(await mentions(alice, id)).toEqual([{ [bob.username]: bob.id }]);
    const [row] = await bob.asks(
      (
        sql,
      ) => sql`select usernames, is_answered, since_version, entities from post_mentions join posts on id = post_id
        where post_id = ${id}`,
    );
    expect(row).toEqual({ usernames: [], is_answered: true, since_version: 1, entities: [] });

    await rename(bob, `Robert_${tests}`);
    expect(await mentions(alice, id)).toEqual([{ [`robert_${tests}`]: bob.id }]);
  });

  test("still addresses that author after edits, also when it names them for a while, and when the post is deleted", async () => {
    const asked = await post(bob, { content: "anybody?" });
    const id = await letter("me", { reply_to_id: asked });
    await edit(id, `@${bob.username} me`);
    expect(await mentions(alice, id)).toEqual([{ [bob.username]: bob.id }]);
    await edit(id, `@${carol.username} me`);
    await bob.asks((sql) => sql`delete from posts where id = ${asked}`);
    await edit(id, "me, too");
    expect(await reads(bob, id)).toBe(true);
    expect(await versions(bob, id)).toEqual([1, 2, 3]);
    expect(await reads(carol, id)).toBe(false);
  });

  test("to a repost addresses the author of the post that the repost shows", async () => {
    const asked = await post(bob, { content: "anybody?" });
    const repost = await post(carol, { repost_of_id: asked });
    const id = await letter("me", { reply_to_id: repost });
    expect([await reads(bob, id), await reads(carol, id)]).toEqual([true, false]);
  });

  test("addresses both the author and the people it names", async () => {
    const asked = await post(bob, { content: "anybody?" });
    const id = await letter(`@${bob.username} ask @${carol.username}`, { reply_to_id: asked });
    expect(await mentions(carol, id)).toEqual([{ [bob.username]: bob.id }, { [carol.username]: carol.id }]);
    await edit(id, `ask @${carol.username}`);
    expect([await reads(bob, id), await reads(carol, id)]).toEqual([true, true]);
  });

  test("to alice's own post addresses nobody, and a reply for everyone or followers adds nobody", async () => {
    const own = await post(alice, { content: "note" });
    expect(await mentions(alice, await letter("to self", { reply_to_id: own }))).toEqual([]);
    const asked = await post(bob, { content: "anybody?" });
    for (const audience of ["everyone", "followers"]) {
      const id = await post(alice, { content: "me", audience, reply_to_id: asked });
      expect(await db.admin`select from post_mentions where post_id = ${id}`).toHaveLength(0);
    }
  });

  test("does not address anybody across a block", async () => {
    const asked = await post(bob, { content: "anybody?" });
    const early = await letter("early", { reply_to_id: asked });
    await bob.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    expect(await refusal(letter("late", { reply_to_id: asked }))).toMatchObject({ detail: "post_not_found" });
    expect(await reads(bob, early)).toBe(false);
    expect(await mentions(alice, early)).toEqual([]);
    // The block may come between the check of the post and the insert of the mention. So the check is switched off.
    const rows = await db.admin.begin(async (sql) => {
      await sql`alter table posts disable trigger posts_prepare`;
      await sql`
        insert into posts (author_id, content, audience, reply_to_id)
        values (${alice.id}, 'meanwhile', 'mentioned', ${asked}), (${carol.id}, 'meanwhile', 'mentioned', ${asked})`;
      await sql`alter table posts enable trigger posts_prepare`;
      return sql`
        select posts.author_id, profile_id from post_mentions join posts on posts.id = post_id
        where content = 'meanwhile'`;
    });
    expect(rows).toEqual([{ author_id: carol.id, profile_id: bob.id }]);
  });
});
