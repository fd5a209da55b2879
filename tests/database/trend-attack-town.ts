/**
 * A town with six days of honest posts, and with the accounts of an attacker. For the tests of attacks on
 * trends. The test chooses the clock: ids of posts are made of times, and a refresh takes its moment.
 */
import type { Sql, TransactionSql } from "postgres";
import { refreshTrends } from "../../edge-functions/_shared/trends/refresh.ts";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { createDatabase, type Database } from "./database.ts";

const historyDays = 6;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface Town extends AsyncDisposable {
  db: Database;
  /** When the history ends. The test goes on from here. */
  nowMs: number;
  /** 800 honest people, 90 days old. They answer each other. */
  residents: string[];
  /** 60 residents who count. None of them has answered another one. */
  strangers: string[];
  /** 200 accounts of yesterday. They follow each other, and nobody else has to do with them. */
  fresh: string[];
  /** 200 accounts, 60 days old. They follow each other. A resident has answered each, and each time another one. */
  bought: string[];
}

export async function createTrendTown(): Promise<Town> {
  const db = await createDatabase();
  try {
    const { admin } = db;
    await makePeople(admin);
    await refreshTrust(admin);
    const [residents = [], fresh = [], bought = []] = await Promise.all(
      ["resident", "fresh", "bought"].map((name) => group(admin, name)),
    );
    // The last noon (UTC), so that every run finds the same hours behind it.
    const nowMs = Math.floor((Date.now() - dayMs / 2) / dayMs) * dayMs + dayMs / 2;
    const town = { nowMs, residents, fresh, bought, strangers: await findStrangers(admin, 60) };
    await writeHistory(admin, town);
    await admin`analyze`;
    return { ...town, db, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() };
  } catch (error) {
    await db[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs an attack, and undoes it. So each attack finds the same town. */
export async function attack(town: Town, work: (plot: Plot) => Promise<void>): Promise<void> {
  const undo = new Error("undo");
  await town.db.admin
    .begin(async (sql) => {
      await work(plotOf(sql, town.nowMs));
      throw undo;
    })
    .catch((error) => {
      if (error !== undo) throw error;
    });
}

/** What an attacker does, minute by minute. */
export interface Plot {
  sql: TransactionSql;
  /** Everybody posts once, one after the other within these minutes (1 if absent). @returns the ids of the posts */
  post(authors: string[], text: (place: number) => string, minutes?: number): Promise<number[]>;
  delete(posts: number[]): Promise<void>;
  /** Does what the job of each minute does. */
  refresh(): Promise<void>;
  pass(minutes: number): void;
  /** How many posts say a tag, whether their authors count or not. */
  uses(tag: string): Promise<number>;
  /** The people who count for a tag in the last hour. */
  people(tag: string): Promise<number>;
  /** The periods in which a stranger reads that the tag trends. */
  trendsIn(tag: string): Promise<string[]>;
}

function plotOf(sql: TransactionSql, nowMs: number): Plot {
  let clockMs = nowMs;
  return {
    sql,
    async post(authors, text, minutes = 1) {
      const posts = authors.map((author, place) => ({
        author,
        content: text(place),
        at: new Date(clockMs + (minutes * 60_000 * place) / authors.length).toISOString(),
      }));
      clockMs += minutes * 60_000;
      const rows = await sql`
        insert into posts (id, author_id, content)
        select private.new_id(post.at), post.author, post.content
        from jsonb_to_recordset(${sql.json(posts)}) as post (author uuid, content text, at timestamptz)
        returning id
      `;
      return rows.map(({ id }) => id);
    },
    async delete(posts) {
      await sql`delete from posts where id = any (${posts}::bigint[])`;
    },
    async refresh() {
      await refreshTrends(sql, new Date(clockMs));
    },
    pass(minutes) {
      clockMs += minutes * 60_000;
    },
    async uses(tag) {
      const [row] = await sql`select count(*) from private.trend_uses where kind = 'tag' and term = ${tag}`;
      return row?.count;
    },
    async people(tag) {
      const [row] = await sql`select in_hour from private.trend_counts where kind = 'tag' and term = ${tag}`;
      return row?.in_hour ?? 0;
    },
    async trendsIn(tag) {
      await sql`set local role anon`;
      const rows = await sql`
        select period
        from unnest(enum_range(null::trend_period)) as period
        cross join lateral trending_tags(period, page_size => 50) as trending
        where trending.tag = ${tag}
        order by period
      `;
      await sql`reset role`;
      return rows.map(({ period }) => period);
    },
  };
}

async function group(sql: Sql, name: string): Promise<string[]> {
  const rows = await sql`select id from profiles where username like ${`${name}%`} order by id`;
  return rows.map(({ id }) => id);
}

/**
 * 800 residents have answered ten people each: hundreds answered some people, and a few answered most. The attacker's
 * accounts all follow each other. Without triggers, because trends read nothing that they write.
 */
async function makePeople(sql: Sql): Promise<void> {
  await sql.begin(async (sql) => {
    await sql`
      create temporary table people on commit drop as
      select name, n, md5(name || ' ' || n)::uuid as id, now() - age as created_at
      from (
        values ('resident', 800, interval '90 days'), ('bought', 200, '60 days'), ('fresh', 200, '1 day')
      ) as groups (name, size, age)
      cross join lateral generate_series(1, size) as n
    `;
    await sql`
      insert into auth.users (id, instance_id, aud, role, email, email_confirmed_at, raw_user_meta_data)
      select
        id, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', name || n || '@example.com',
        created_at, jsonb_build_object('username', name || '_' || n)
      from people
    `;
    await sql`update profiles set created_at = people.created_at from people where people.id = profiles.id`;
    await sql`set local session_replication_role = replica`;
    await sql`
      insert into private.interactions (giver_id, receiver_id, post_id)
      select distinct giver.id, receiver.id, 1
      from people as giver
      cross join generate_series(1, 10) as choice
      -- A power of a number between 0 and 1: the low numbers are answered most.
      join people as receiver on receiver.name = 'resident'
        and receiver.n = 1 + floor(800 * ((abs(hashint8(giver.n * 100 + choice)) % 100000) / 100000.0) ^ 1.5)
      where giver.name = 'resident' and giver.id <> receiver.id
      union all
      select giver.id, receiver.id, 1
      from people as giver
      join people as receiver on receiver.name = 'bought' and receiver.n = giver.n - 100
      where giver.name = 'resident'
    `;
    await sql`
      insert into follows (follower_id, followee_id)
      select follower.id, followee.id
      from people as follower
      join people as followee on followee.name = follower.name and followee.id <> follower.id
      where follower.name <> 'resident'
    `;
  });
}

async function findStrangers(sql: Sql, size: number): Promise<string[]> {
  const counting =
    await sql`select profile_id as id from private.trust where counts order by md5(profile_id::text)`;
  const answers = await sql`select giver_id, receiver_id from private.interactions`;
  const known = new Map<string, Set<string>>();
  const add = (one: string, other: string) => known.set(one, (known.get(one) ?? new Set()).add(other));
  for (const { giver_id, receiver_id } of answers) {
    add(giver_id, receiver_id);
    add(receiver_id, giver_id);
  }
  const found: string[] = [];
  for (const { id } of counting) if (!found.some((one) => known.get(one)?.has(id))) found.push(id);
  if (found.length < size) throw new Error(`there are only ${found.length} strangers`);
  return found.slice(0, size);
}

/**
 * Every resident posts about every second day, a third in the evening hours. A quarter of the posts says #football, and
 * the others one of 30 tags. In these days, the attacker raises what is expected of two tags: the bought
 * accounts say #rival all the time, and three days ago, 60 hijacked accounts said #tag7 for a day.
 */
async function writeHistory(sql: Sql, town: Omit<Town, "db" | keyof AsyncDisposable>): Promise<void> {
  const startMs = town.nowMs - historyDays * dayMs;
  const posts: { author: string; at: Date; content: string }[] = [];
  const random = randomOf(1);
  for (let atMs = startMs; atMs < town.nowMs; atMs += hourMs / (isEvening(atMs) ? 32 : 13)) {
    const tag = random() < 0.25 ? "football" : `tag${Math.floor(30 * random())}`;
    const author = town.residents[Math.floor(random() * town.residents.length)] as string;
    posts.push({ author, at: new Date(atMs), content: `Post ${posts.length} about #${tag}` });
  }
  for (let atMs = startMs; atMs < town.nowMs; atMs += hourMs) {
    for (let count = 0; count < 20; count++) {
      const author = town.bought[Math.floor(random() * town.bought.length)] as string;
      posts.push({ author, at: new Date(atMs), content: `The #rival of ${posts.length}` });
    }
    const age = town.nowMs - atMs;
    if (age <= 3 * dayMs || age > 4 * dayMs) continue;
    for (const author of town.strangers)
      posts.push({ author, at: new Date(atMs), content: `The #tag7 of ${posts.length}` });
  }

  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`
      insert into posts (id, author_id, content, is_open, entities)
      select private.new_id(post.at), post.author, post.content, true, private.text_entities('', post.content)
      from jsonb_to_recordset(${sql.json(posts as never)}) as post (author uuid, content text, at timestamptz)
    `;
    await sql`insert into private.post_counts (post_id) select id from posts`;
    await sql`delete from private.trend_changes`;
    await sql`insert into private.trend_changes (lane, post_id) select 'ordinary', id from posts order by id`;
    await sql`update private.trend_state set refreshed_at = ${new Date(startMs)}, closed_at = ${new Date(startMs)}`;
  });
  // One refresh closes up to 24 hours.
  for (let left = 1; left > 0; ) {
    const [row] = await sql`select private.refresh_trends(${new Date(town.nowMs)}, 100000) as left`;
    left = row?.left;
  }
}

const isEvening = (ms: number) => new Date(ms).getUTCHours() >= 18;

/** The same numbers between 0 and 1 at every run (a linear congruential generator). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
