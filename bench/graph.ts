/**
 * Starts a temporary server with a power-law social graph. It has Supabase's parts and the
 * project's migrations. graph.sql fills it without triggers, and the indexes are made
 * afterwards. Then the counts are checked against a recount. At last the server restarts
 * with the settings of a production server.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createLog } from "../platform/log.ts";
import { bootstrapDatabase } from "../platform/postgres/bootstrap.ts";
import { installExtensions } from "../platform/postgres/extensions.ts";
import { migrate } from "../platform/postgres/migrate.ts";
import { startServer, superuser } from "../platform/postgres/server.ts";
import { loadSecrets } from "../platform/secrets.ts";

export interface GraphServer extends AsyncDisposable {
  /** The database, for the superuser. */
  adminUrl: string;
  /** The database, for postgres, which owns the product's objects. */
  databaseUrl: string;
  graph: Graph;
}

export interface Graph {
  users: number;
  follows: number;
  posts: number;
  likes: number;
  medianFollowees: number;
  /** The number of followers of the most followed author. */
  mostFollowers: number;
  /** How long it took to make, index and check the data, in seconds. */
  loadS: number;
  /** Eight readers for each number of followees. */
  readers: Map<number, string[]>;
  /** 200 random people who follow somebody. */
  anyReaders: string[];
  /** The most followed author. The quiet author has ten followers. */
  popularAuthor: string;
  quietAuthor: string;
}

const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");

/** The settings of a server with this memory. See README.md. */
const settings = { shared_buffers: "4GB", max_wal_size: "16GB", checkpoint_timeout: "30min" };

export async function startGraphServer(users: number): Promise<GraphServer> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const start = (durable: boolean) =>
    startServer({ dataDir: join(dir, "data"), port: 0, password, durable, log });
  const url = (port: number, role: string) => `postgresql://${role}:${password}@127.0.0.1:${port}/postgres`;

  {
    await using server = await start(false);
    await installExtensions(server.binaries.home);
    await configure(url(server.port, superuser));
  }
  let graph: Graph;
  {
    await using server = await start(false);
    const adminUrl = url(server.port, superuser);
    await bootstrapDatabase(adminUrl, { password, jwtExpiryS: 3600, log });
    await migrate({
      projectDir: join(import.meta.dirname, ".."),
      databaseUrl: url(server.port, "postgres"),
      homeDir: join(dir, "supabase-cli"),
      seed: false,
      env: { SEND_EMAIL_HOOK_SECRETS: (await loadSecrets(dir)).sendEmailHook },
      log,
    });
    graph = await loadGraph(adminUrl, users);
  }
  const server = stack.use(await start(true));
  const owned = stack.move();
  return {
    adminUrl: url(server.port, superuser),
    databaseUrl: url(server.port, "postgres"),
    graph,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function configure(adminUrl: string): Promise<void> {
  const sql = connect(adminUrl);
  for (const [name, value] of Object.entries(settings))
    await sql.unsafe(`alter system set ${name} = '${value}'`);
  await sql.end();
}

/**
 * Fills the empty database with this number of people, 25 posts per person, and at most five
 * likes per post.
 *
 * @throws Error if a count differs from a recount
 */
export async function loadGraph(adminUrl: string, users: number): Promise<Graph> {
  const startMs = performance.now();
  const sql = connect(adminUrl);
  const other = connect(adminUrl);
  try {
    await sql.unsafe("alter system set autovacuum = off").simple();
    await sql.unsafe("select pg_reload_conf()");
    const indexes = await takeIndexes(sql);
    await sql.unsafe("set session_replication_role = replica");
    const variables: Record<string, number> = { users, posts: users * 25, likes: 1_200_000 };
    const text = await readFile(join(import.meta.dirname, "graph.sql"), "utf8");
    for (const section of text.split(/^(?=-- \w+ -{5,}$)/m).slice(1)) {
      const filled = section.replace(/(?<!:):([a-z]+)\b/g, (_, name) => String(variables[name]));
      await timed(section.split(" ", 2)[1] as string, () => sql.unsafe(filled).simple());
    }
    await sql.unsafe("set session_replication_role = origin");
    await timed("Indexes", () => makeIndexes([sql, other], indexes));
    await timed("Vacuum", () => sql.unsafe("vacuum (analyze)"));
    await timed("Recount", () => recount(sql));
    const facts = await describe(sql, users);
    await sql.unsafe("drop schema bench cascade");
    await sql.unsafe("alter system reset autovacuum");
    await sql.unsafe("select pg_reload_conf()");
    return { ...facts, loadS: (performance.now() - startMs) / 1000 };
  } finally {
    await Promise.all([sql.end(), other.end()]);
  }
}

function connect(adminUrl: string): postgres.Sql {
  return postgres(adminUrl, {
    max: 1,
    onnotice: () => {},
    connection: {
      statement_timeout: 3_600_000,
      work_mem: "1GB",
      maintenance_work_mem: "2GB",
      synchronous_commit: "off",
      max_parallel_maintenance_workers: 1,
    },
  });
}

async function timed(name: string, work: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  await work();
  if (process.env.PLAZA_BENCH_VERBOSE) {
    console.error(`${name}: ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  }
}

/**
 * Drops the indexes and keys that are faster to make again after the load. posts_pkey stays: its ids
 * come in order, and other tables refer to it. @returns the statements that make them again
 */
async function takeIndexes(sql: postgres.Sql): Promise<string[]> {
  const constraints = await sql`
    select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where contype = 'p' and conrelid in (
      'public.follows'::regclass, 'public.likes'::regclass, 'public.post_tags'::regclass
    )`;
  const indexes = await sql`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index
    join pg_class on pg_class.oid = indrelid
    where indrelid in (
      'public.follows'::regclass, 'public.posts'::regclass, 'public.likes'::regclass,
      'public.post_tags'::regclass, 'public.post_mentions'::regclass, 'public.profiles'::regclass
    ) and not exists (select from pg_constraint where conindid = indexrelid)`;
  for (const { table, name } of constraints) await sql.unsafe(`alter table ${table} drop constraint ${name}`);
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  return [
    ...indexes.map(({ definition }) => definition),
    ...constraints.map(
      ({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition}`,
    ),
  ];
}

/** Makes the indexes on several connections, because one index uses only one core. */
async function makeIndexes(connections: postgres.Sql[], definitions: string[]): Promise<void> {
  const queue = [...definitions];
  await Promise.all(
    connections.map(async (sql) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await sql.unsafe(next);
    }),
  );
}

const recounts = {
  follow_counts: `
    select id, coalesce(followers.count, 0), coalesce(following.count, 0)
    from public.profiles
    left join (select followee_id, count(*) from public.follows group by 1) as followers on followee_id = id
    left join (select follower_id, count(*) from public.follows group by 1) as following on follower_id = id`,
  author_counts: `
    select profiles.id, count(posts.id) filter (where audience = 'everyone'),
      count(posts.id) filter (where audience = 'followers'), count(posts.id) filter (where audience = 'mentioned')
    from public.profiles
    left join public.posts on posts.author_id = profiles.id and repost_of_id is null
    group by profiles.id`,
  post_counts: `
    select post_id, sum(likes), sum(replies), sum(reposts), sum(quotes)
    from (
      select post_id, 1 as likes, 0 as replies, 0 as reposts, 0 as quotes from public.likes
      union all
      select reply_to_id, 0, 1, 0, 0 from public.posts where reply_to_id is not null
      union all
      select repost_of_id, 0, 0, 1, 0 from public.posts where repost_of_id is not null
      union all
      select quote_of_id, 0, 0, 0, 1 from public.posts where quote_of_id is not null
    ) as reference
    group by post_id`,
  limited_counts: `
    select place, count(*)
    from (
      select 'reply:' || reply_to_id, author_id, audience from public.posts where reply_to_id is not null
      union all
      select 'quote:' || quote_of_id, author_id, audience from public.posts where quote_of_id is not null
      union all
      select 'repost:' || repost_of_id, author_id, audience from public.posts where repost_of_id is not null
    ) as reference (place, author_id, audience)
    join public.profiles on profiles.id = author_id
    where is_private or audience <> 'everyone'
    group by place`,
};

async function recount(sql: postgres.Sql): Promise<void> {
  for (const [table, query] of Object.entries(recounts)) {
    const [found] = await sql.unsafe(`
      with kept as (select * from private.${table}), counted as (${query})
      select count(*)::integer as wrong, (select count(*)::integer from kept) as rows
      from ((table kept except all table counted) union all (table counted except all table kept)) as difference`);
    if (found?.wrong !== 0 || found?.rows === 0)
      throw new Error(`${table}: ${found?.wrong} of ${found?.rows} differ.`);
  }
  // The entities that graph.sql wrote must be those that the product finds in the text.
  const [text] = await sql`
    select count(*)::integer as wrong
    from (select * from public.posts where repost_of_id is null order by hashint8(id) limit 500) as sample
    where entities <> private.text_entities(title, content)`;
  if (text?.wrong !== 0) throw new Error(`Entities of ${text?.wrong} posts differ.`);
}

async function describe(sql: postgres.Sql, users: number): Promise<Omit<Graph, "loadS">> {
  const [facts] = await sql`
    select
      (select count(*)::integer from public.follows) as follows,
      (select count(*)::integer from public.posts) as posts,
      (select count(*)::integer from public.likes) as likes,
      (select max(followers)::integer from private.follow_counts) as most_followers,
      (select percentile_disc(0.5) within group (order by following)::integer from private.follow_counts)
        as median_followees,
      array(
        select profile_id from private.follow_counts join bench.people on id = profile_id
        where following > 0 and n not in (select n from bench.readers)
        order by hashint8extended(n, -30) limit 200
      ) as any_readers`;
  const readers = await sql`
    select readers.followees, array_agg(people.id) as ids,
      bool_and(counts.following = readers.followees) as exact
    from bench.readers join bench.people using (n) join private.follow_counts as counts on profile_id = id
    group by readers.followees order by 1`;
  const authors = await sql`
    select people.id, counts.followers = authors.followers as exact
    from bench.authors join bench.people using (n) join private.follow_counts as counts on profile_id = id
    order by authors.followers`;
  if (![...readers, ...authors].every(({ exact }) => exact))
    throw new Error("A reader or an author has a wrong number of follows.");
  return {
    users,
    follows: facts?.follows,
    posts: facts?.posts,
    likes: facts?.likes,
    medianFollowees: facts?.median_followees,
    mostFollowers: facts?.most_followers,
    readers: new Map(readers.map(({ followees, ids }) => [followees, ids])),
    anyReaders: facts?.any_readers,
    quietAuthor: authors[0]?.id,
    popularAuthor: authors[1]?.id,
  };
}
