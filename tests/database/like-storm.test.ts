/**
 * Many people like and unlike a few posts at once, over 16 connections. Meanwhile accounts are
 * deleted: some of those people, and one of the authors. Nobody meets a deadlock or an error
 * that they cannot understand. At the end notifications equal the likes that are left.
 */
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const fans = 48;
const likesOfEach = 24;
/** A post is deleted, or an account, or somebody is changing them. Each has a code of the product. */
const understandable = /^(PT4\d\d \w+|PT503 (posts|profile)_busy)$/;

const signUpAll = async (name: string, number: number): Promise<Person[]> => {
  const people: Person[] = [];
  for (let n = 0; n < number; n++) people.push(await db.signUp(`${name}_${n}`));
  return people;
};

const write = async ({ asks }: Person, content: string): Promise<number> => {
  const [post] = await asks((sql) => sql`insert into posts (content) values (${content}) returning id`);
  return post?.id;
};

test(`${fans} people like posts of alice and mallory while accounts are deleted, and nobody meets a deadlock`, async () => {
  const [alice, mallory] = [await db.signUp("alice"), await db.signUp("mallory")];
  const likers = await signUpAll("fan", fans);
  const posts = [await write(alice, "one"), await write(alice, "two"), await write(mallory, "three")];

  const errors: string[] = [];
  let succeeded = 0;
  const note = async (request: Promise<unknown>) => {
    try {
      await request;
      succeeded++;
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      const { code, message, detail } = error;
      errors.push(`${code} ${code.startsWith("PT") ? detail : message}`);
    }
  };

  const storm = likers.map(async ({ id, asks }, place) => {
    for (let n = 0; n < likesOfEach; n++) {
      // In many orders, and several posts at once.
      const wanted = posts.filter((_, at) => (place + n + at) % 3 !== 0).toSorted(() => (n % 2 ? 1 : -1));
      await note(
        asks((sql) =>
          n % 3 === 2
            ? sql`delete from likes where user_id = ${id} and post_id = any (${wanted}::bigint[])`
            : sql`insert into likes (post_id) select unnest(${wanted}::bigint[]) on conflict do nothing`,
        ),
      );
    }
  });
  const reading = async () => {
    for (let n = 0; n < likesOfEach; n++) {
      await note(alice.asks((sql) => sql`select mark_read(max(id)) from notifications()`));
      await note(alice.asks((sql) => sql`select mark_group_unread(id) from notifications() limit 1`));
    }
  };
  const deletions = async () => {
    await using stack = new AsyncDisposableStack();
    const auth = postgres(databaseUrl(db.port, db.name, "supabase_auth_admin"), { max: 4, onnotice() {} });
    stack.defer(() => auth.end());
    const leavers = [...likers.filter((_, place) => place % 4 === 0), mallory];
    await Promise.all(leavers.map(({ id }) => note(auth`delete from auth.users where id = ${id}`)));
  };
  await Promise.all([...storm, reading(), deletions()]);

  expect(errors.filter((error) => !understandable.test(error))).toEqual([]);
  expect(succeeded).toBeGreaterThan(fans * 8);
  expect(await differences(db.admin)).toEqual({});

  // Nobody blocked, muted or chose anything. So each like that is left is in a group, and only those.
  const [left] = await db.admin`
    select count(*) as likes, count(*) filter (where post_id = any (${posts}::bigint[])) as hers
    from likes join posts on posts.id = post_id where author_id = ${alice.id}`;
  expect(left?.likes).toBeGreaterThan(fans / 4);
  const groups = await alice.asks((sql) => sql`select count, kind, (post).id as post from notifications()`);
  expect(new Set(groups.map(({ kind }) => kind))).toEqual(new Set(["like"]));
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(left?.hers);
}, 180_000);
