/**
 * A town for tests of trends. Its trends begin three days ago. People write at moments of their own, and a refresh
 * is that of the worker, at any moment. So hours pass without anybody waiting for them.
 */
import { type Refreshed, refreshTrends } from "../../edge-functions/_shared/trends/refresh.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

/** What a post has beside its author and its text. */
export interface Post {
  language?: string;
  reply_to_id?: number;
  repost_of_id?: number;
}

export interface CrowdTown extends AsyncDisposable {
  db: Database;
  /** People who count. */
  crowd: Person[];
  /** The moment that is this number of minutes after the beginning. The beginning is the start of an hour. */
  at(minutes: number): Date;
  /** Each of these people writes the text, one second after the other. @returns the ids of the posts */
  write(people: Person[], minutes: number, content: string, post?: Post): Promise<number[]>;
  refresh(minutes: number): Promise<Refreshed>;
  /** Refreshes again and again, and at the end. */
  refreshUntil(minutes: number, stepMinutes: number): Promise<void>;
}

const hourMs = 3_600_000;

/** @param size how many people count */
export async function createCrowdTown(size: number): Promise<CrowdTown> {
  const db = await createDatabase();
  const start = Math.floor(Date.now() / hourMs) * hourMs - 72 * hourMs;
  const at = (minutes: number) => new Date(start + minutes * 60_000);
  let refreshed = 0;
  const crowd: Person[] = [];
  for (let one = 0; one < size; one++) crowd.push(await db.signUp(`crowd_${one}`));
  await db.owner`insert into private.trust (profile_id) select unnest(${crowd.map(({ id }) => id)}::uuid[])`;
  await db.owner`delete from private.trend_changes`;
  await db.owner`update private.trend_state set refreshed_at = ${at(0)}, closed_at = ${at(0)}`;

  const town: CrowdTown = {
    db,
    crowd,
    at,
    async write(people, minutes, content, post = {}) {
      // The time of a post is in its id.
      const rows = await db.admin`
        insert into posts (id, author_id, content, created_at, language, reply_to_id, repost_of_id)
        select
          private.new_id(time), author_id, ${content}, time, ${post.language ?? null}, ${post.reply_to_id ?? null},
          ${post.repost_of_id ?? null}
        from unnest(${people.map(({ id }) => id)}::uuid[]) with ordinality as writer (author_id, place)
        cross join lateral (
          select ${at(minutes)}::timestamptz + (writer.place - 1) * interval '1 second' as time
        ) as written
        order by writer.place
        returning id
      `;
      return rows.map(({ id }) => id);
    },
    async refresh(minutes) {
      refreshed = minutes;
      return db.owner.begin((sql) => refreshTrends(sql, at(minutes))) as Promise<Refreshed>;
    },
    async refreshUntil(minutes, stepMinutes) {
      for (let now = refreshed + stepMinutes; now < minutes; now += stepMinutes) await town.refresh(now);
      await town.refresh(minutes);
    },
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
  return town;
}
