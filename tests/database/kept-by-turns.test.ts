/**
 * A function, or a change of a row about somebody, may keep what belongs to them for 3 seconds. People who take turns
 * must not keep it for longer.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";
import { outcomeOf } from "./outcome.ts";

let db: Database;
let people = 0;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const newcomer = () => db.signUp(`turn_${++people}`);
async function write(author: Person): Promise<number> {
  const [post] = await author.asks((sql) => sql`insert into posts (content) values ('A post.') returning id`);
  return post?.id as number;
}

describe("two people who take turns do not keep", () => {
  /** Each of them does something, waits, takes it back, and starts again. One of them has always done it. */
  async function inTurns(doing: { person: Person; statement: string }[], atOnce = doing.length) {
    let stopped = false;
    const outcomes = new Set<string>();
    const stop = async () => {
      stopped = true;
      await running;
      return outcomes;
    };
    const [first, ...others] = doing as [(typeof doing)[0], (typeof doing)[0]];
    const round = async ({ person, statement }: typeof first) => {
      while (!stopped) {
        const slow = `with made as (${statement}) select pg_sleep(1) from made`;
        outcomes.add(await outcomeOf(db, person, `${slow}; rollback`));
      }
    };
    const sleeping = (count: number) =>
      expect
        .poll(async () => {
          const [found] = await db.admin`
            select count(*) from pg_stat_activity
            where datname = current_database() and wait_event = 'PgSleep' and query like '%with made%'`;
          return found?.count;
        })
        .toBe(count);
    const begin = round(first);
    await sleeping(1);
    const half = await db.admin`select pg_sleep(0.5)`;
    const running = Promise.all([begin, half, ...others.map(round)]);
    onTestFinished(async () => {
      await stop();
    });
    await sleeping(atOnce);
    return { stop };
  }

  const admin = (statement: string) =>
    db.admin.begin(async (sql) => {
      await sql`set local statement_timeout = '20s'`;
      return (await sql.unsafe(statement)).count;
    });
  const own = (person: Person, statement: string) =>
    person.asks(async (sql) => {
      await sql`set local statement_timeout = '8s'`;
      return (await sql.unsafe(statement)).count;
    });

  test.each([
    ["answer it", (id: number) => `select * from write_post('An answer.', reply_to_id => ${id})`],
    ["quote it", (id: number) => `select * from write_post('A quote.', quote_of_id => ${id})`],
    ["repost it", (id: number) => `select * from write_post(repost_of_id => ${id})`],
  ])("a post from being deleted: they %s", async (_, statement) => {
    const [author, one, other] = [await newcomer(), await newcomer(), await newcomer()];
    const id = await write(author);
    // The second one waits for the counts of the post, and keeps the post meanwhile.
    const turns = await inTurns(
      [one, other].map((person) => ({ person, statement: statement(id) })),
      1,
    );
    expect(await own(author, `delete from posts where id = ${id}`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  test("a post from being edited: they repost it", async () => {
    const [author, one, other] = [await newcomer(), await newcomer(), await newcomer()];
    const id = await write(author);
    const statement = `select * from write_post(repost_of_id => ${id})`;
    const turns = await inTurns(
      [one, other].map((person) => ({ person, statement })),
      1,
    );
    expect(await own(author, `update posts set content = 'Edited.' where id = ${id}`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  test("a post from being deleted: they send it", async () => {
    const [author, one, other, friend] = [
      await newcomer(),
      await newcomer(),
      await newcomer(),
      await newcomer(),
    ];
    const id = await write(author);
    const turns = [];
    for (const person of [one, other]) {
      const [made] = await person.asks((sql) => sql`select direct_conversation(${friend.id}) as id`);
      const statement = `select * from send_message(${made?.id}, gen_random_uuid()::text, 'Look.', post_id => ${id})`;
      turns.push({ person, statement });
    }
    const attack = await inTurns(turns);
    expect(await own(author, `delete from posts where id = ${id}`)).toBe(1);
    expect([...(await attack.stop())]).toContain("done");
  });

  test("an account from becoming private: they repost its post", async () => {
    const [author, one, other] = [await newcomer(), await newcomer(), await newcomer()];
    const id = await write(author);
    const statement = `select * from write_post(repost_of_id => ${id})`;
    const turns = await inTurns(
      [one, other].map((person) => ({ person, statement })),
      1,
    );
    expect(await own(author, `update profiles set is_private = true where id = '${author.id}'`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  test("a profile from being changed: they ask to follow it", async () => {
    const [owner, one, other] = [await newcomer(), await newcomer(), await newcomer()];
    await own(owner, `update profiles set is_private = true where id = '${owner.id}'`);
    const statement = `select follow('${owner.id}')`;
    const turns = await inTurns([one, other].map((person) => ({ person, statement })));
    expect(await own(owner, `update profiles set display_name = 'New' where id = '${owner.id}'`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  test.each([
    ["follow it", ({ id }: Person) => `select follow('${id}')`],
    ["write to it", ({ id }: Person) => `select direct_conversation('${id}')`],
    ["mention it", ({ username }: Person) => `select * from write_post('Hello @${username}.')`],
  ])("an account from being deleted: they %s", async (_, statement) => {
    const [doomed, one, other] = [await newcomer(), await newcomer(), await newcomer()];
    const turns = await inTurns(
      [one, other].map((person) => ({ person, statement: statement(doomed) })),
      1,
    );
    expect(await admin(`delete from auth.users where id = '${doomed.id}'`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  // A second request of the same person waits for the first one. So nothing is free in between.
  const rows: [string, (id: string, post: number) => string, (id: string, post: number) => string][] = [
    [
      "change a mute",
      (id) => `insert into mutes (muted_id) values ('${id}')`,
      (id) => `update mutes set muted_until = null where muted_id = '${id}' returning muted_id`,
    ],
    [
      "end a mute",
      (id) => `insert into mutes (muted_id) values ('${id}')`,
      (id) => `delete from mutes where muted_id = '${id}' returning muted_id`,
    ],
    [
      "change a follow",
      (id) => `insert into follows (followee_id) values ('${id}')`,
      (id) => `update follows set notifies = true where followee_id = '${id}' returning followee_id`,
    ],
    [
      "end a block",
      (id) => `insert into blocks (blocked_id) values ('${id}')`,
      (id) => `delete from blocks where blocked_id = '${id}' returning blocked_id`,
    ],
    [
      "end a like",
      (_, post) => `insert into likes (post_id) values (${post})`,
      (_, post) => `delete from likes where post_id = ${post} returning post_id`,
    ],
    [
      "end a repost",
      (_, post) => `insert into posts (repost_of_id) values (${post})`,
      (_, post) => `delete from posts where repost_of_id = ${post} returning id`,
    ],
  ];
  test.each(rows)("an account from being deleted: they %s again and again", async (_, make, statement) => {
    const [doomed, one] = [await newcomer(), await newcomer()];
    const post = await write(doomed);
    await own(one, make(doomed.id, post));
    const again = { person: one, statement: statement(doomed.id, post) };
    const turns = await inTurns([again, again], 1);
    expect(await admin(`delete from auth.users where id = '${doomed.id}'`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  test("an account from becoming private, or a post from being deleted: many end their reposts again and again", async () => {
    const author = await newcomer();
    const post = await write(author);
    const doing = [];
    for (const _ of Array(5)) {
      const person = await newcomer();
      await own(person, `insert into posts (repost_of_id) values (${post})`);
      const again = { person, statement: `delete from posts where repost_of_id = ${post} returning id` };
      doing.push(again, again);
    }
    const turns = await inTurns(doing, 5);
    expect(await own(author, `update profiles set is_private = true where id = '${author.id}'`)).toBe(1);
    expect(await own(author, `delete from posts where id = ${post}`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });

  test.each([
    ["posts", "insert into posts (content) values ('A post.') returning id"],
    ["write_post()", "select * from write_post('A post.')"],
    ["a changed profile", "update profiles set display_name = 'New' where id = auth.uid() returning id"],
  ])("their own account from being deleted by a moderator, with %s", async (_, statement) => {
    const doomed = await newcomer();
    const turns = await inTurns(
      [doomed, doomed].map((person) => ({ person, statement })),
      1,
    );
    expect(await admin(`delete from auth.users where id = '${doomed.id}'`)).toBe(1);
    expect([...(await turns.stop())]).toContain("done");
  });
});
