/** A job for one person and a pass over everybody rank by the same numbers, although a job reads only what is around the person. */
import postgres from "postgres";
import { expect, test } from "vitest";
import { computeEverybody } from "../../edge-functions/_shared/suggestions/everybody.ts";
import { refreshSuggestions } from "../../edge-functions/_shared/suggestions/refresh.ts";
import { createDatabase, type Database } from "../database/database.ts";

interface List {
  viewer_id: string;
  profile_ids: string[];
  sources: number[];
  scores: number[];
}

test("a job gives the same list as a pass, in a town that the job reads whole", async () => {
  await using db = await createDatabase();
  const sql = postgres(db.url, { max: 3, prepare: false, onnotice() {} });
  try {
    await fill(db);
    // No pass has measured the share of mutual follows yet. It is read from the follows.
    const [share] = await db.owner`
      select avg((exists (
        select from follows as back
        where back.follower_id = follows.followee_id and back.followee_id = follows.follower_id
      ))::integer)::float8 as mutual, private.mutual_share()::float8 as estimate
      from follows`;
    // Between these two, the weights depend on it: model.ts.
    expect(share?.mutual).toBeGreaterThan(0.2);
    expect(share?.mutual).toBeLessThan(0.55);
    expect(share?.estimate).toBeCloseTo(share?.mutual, 5);
    const byJobs = await computedBy(db, () => refreshAll(sql));

    expect(await computeEverybody(sql, { least: 1 })).toMatchObject({ failed: 0 });
    const byPass = await computedBy(db, async () => {});
    expect(byPass.filter(({ profile_ids }) => profile_ids.length > 10).length).toBeGreaterThan(40);
    expectSame(byJobs, byPass);

    // A town whose pass measured something else: its jobs follow the pass, not the sample.
    await db.owner`update private.suggestion_pass set mutual_share = 0`;
    const afterwards = await computedBy(db, () => refreshAll(sql));
    expect(afterwards.map(({ profile_ids }) => profile_ids)).not.toEqual(
      byPass.map(({ profile_ids }) => profile_ids),
    );
  } finally {
    await sql.end();
  }
}, 120_000);

/** 60 people in groups. Nobody has more than 30 followers, as many as a job reads. Some follow back, and some have trust. */
async function fill(db: Database): Promise<void> {
  await db.admin`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
      'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
    from generate_series(1, 60) as n`;
  await db.owner`
    insert into follows (follower_id, followee_id)
    select md5('person ' || one)::uuid, md5('person ' || other)::uuid
    from generate_series(1, 60) as one
    cross join generate_series(1, 60) as other
    where one <> other
      and abs(hashtextextended(one || ' ' || other, 0)) % 100 < case when one % 4 = other % 4 then 50 else 30 / other end`;
  await db.owner`delete from private.trust`;
  await db.owner`
    insert into private.trust (profile_id, weight)
    select md5('person ' || n)::uuid, n / 60.0 from generate_series(1, 60, 2) as n`;
}

async function refreshAll(sql: postgres.Sql): Promise<void> {
  const people = await sql`select id from profiles order by id`;
  for (const { id } of people) await sql.begin((transaction) => refreshSuggestions(transaction, id));
}

/** @returns the lists of everybody, and leaves none behind */
async function computedBy(db: Database, compute: () => Promise<void>): Promise<List[]> {
  await compute();
  const rows = await db.owner<List[]>`
    delete from private.suggestion_lists returning viewer_id, profile_ids, sources, scores`;
  await db.owner`
    update private.suggestion_turns set changed_at = null, due_at = now() - interval '1 hour', fingerprint = null`;
  return rows.toSorted((one, other) => (one.viewer_id < other.viewer_id ? -1 : 1));
}

function expectSame(lists: List[], others: List[]): void {
  const withoutScores = ({ scores: _, ...list }: List) => list;
  expect(lists.map(withoutScores)).toEqual(others.map(withoutScores));
  for (const [place, { scores }] of lists.entries())
    for (const [rank, score] of scores.entries())
      expect(score).toBeCloseTo(others[place]?.scores[rank] as number, 5);
}
