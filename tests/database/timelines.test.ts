/** The newest posts of many authors: probes and a scan find the same ones. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "./database.ts";

let db: Database;
/** The authors who write most come first. There are 3,000 posts, and the first hundred authors wrote nine in ten. */
let authors: string[];
const reader = "11111111-1111-4111-8111-111111111111";
beforeAll(async () => {
  db = await createDatabase();
  await db.admin.begin(async (sql) => {
    // The authors need ids, and no profiles.
    await sql`set local session_replication_role = replica`;
    await sql`select setseed(0.5)`;
    await sql`
      insert into posts (id, author_id, content)
      select n, md5(case when random() < 0.9 then floor(random() * 100) else 100 + floor(random() * 500) end::text)::uuid, n::text
      from generate_series(1, 3000) as n
    `;
    // The reader follows all of them.
    await sql`
      insert into follows (follower_id, followee_id)
      select ${reader}, md5(n::text)::uuid from generate_series(0, 599) as n
    `;
    await sql`insert into post_tags (post_id, tag, is_open) select id, 'garden', true from posts where id % 7 = 0`;
  });
  const rows = await db.admin`select md5(n::text)::uuid as id from generate_series(0, 599) as n`;
  authors = rows.map((row) => row.id);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const edge = fc.integer({ min: 0, max: 3001 });
/** The people that somebody follows: busy or quiet authors, and from a few people to nearly all. */
const following = fc
  .tuple(fc.nat({ max: 400 }), fc.integer({ min: 0, max: 599 }))
  .map(([first, many]) => authors.slice(first, first + many));

/** In a list the authors are named. In home they are followed, except those who are unwanted. */
test("equal a sorted list, named or followed, for few authors and for many, with tags and without", async () => {
  const sizes = { few: 0, many: 0 };
  await fc.assert(
    fc.asyncProperty(
      following,
      fc.boolean(),
      fc.boolean(),
      edge,
      edge,
      fc.integer({ min: 1, max: 80 }),
      async (ids, followed, tagged, a, b, wanted) => {
        const [above, below] = [Math.min(a, b), Math.max(a, b)];
        const tags = tagged ? ["garden"] : [];
        const named = followed ? [] : ids;
        const unwanted = followed ? authors.filter((id) => !ids.includes(id)) : [];
        const [found] = await db.admin`
        select private.newest_posts(
          null, ${followed ? reader : null}, ${named}::uuid[], ${ids.length}, ${tags}::text[], ${unwanted}::uuid[],
          ${below}, ${above}, ${wanted}
        ) as ids
      `;
        const expected = await db.admin`
        select id from posts
        where id < ${below} and id > ${above}
          and (author_id = any (${ids}::uuid[]) or (
            id in (select post_id from post_tags where tag = any (${tags}::text[]))
            and author_id <> all (${unwanted}::uuid[])
          ))
        order by id desc limit ${wanted}
      `;
        expect(found?.ids.map(Number)).toEqual(expected.map((row) => row.id));
        sizes[ids.length >= 200 ? "many" : "few"]++;
      },
    ),
    { numRuns: 200 },
  );
  expect(sizes.few).toBeGreaterThan(0);
  expect(sizes.many).toBeGreaterThan(0);
});
