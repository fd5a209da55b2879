/**
 * A throw-away server for the scenarios suggestion-speed and suggestion-lists. Its town has the people and follows of
 * graph.sql or of an edge list, and the tables of sql/, and nobody writes posts. `writing` is a small copy without them, to measure what a follow costs.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createLog } from "../platform/log.ts";
import { bootstrapDatabase } from "../platform/postgres/bootstrap.ts";
import { installExtensions } from "../platform/postgres/extensions.ts";
import { startServer, superuser } from "../platform/postgres/server.ts";
import { build } from "../sql/tools/server.ts";
import type { Edges } from "./suggestion-split.ts";

export interface SuggestionTown extends AsyncDisposable {
  people: number;
  follows: number;
  /** How long it took to fill, in seconds. */
  seconds: number;
  url(role: "owner" | "admin"): string;
  /** A small database of 300 people, with the triggers of suggestions or without them. Somebody's budget is endless. */
  writingUrl(kind: "with" | "without"): Promise<string>;
}

const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");
const settings = { shared_buffers: "4GB", max_wal_size: "16GB", checkpoint_timeout: "30min", jit: "off" };
const writers = 300;

/** @param source how many people graph.sql makes, or the follows of a town whose people are known */
export async function startSuggestionTown(source: number | Edges): Promise<SuggestionTown> {
  const people = typeof source === "number" ? source : source.people;
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const start = (durable: boolean) =>
    startServer({ dataDir: join(dir, "data"), port: 0, password, durable, log });
  const startMs = performance.now();
  let follows: number;
  {
    await using server = await start(false);
    await installExtensions(server.binaries.home);
    await on(urlOf(server.port, "postgres", superuser), async (sql) => {
      for (const [name, value] of Object.entries(settings))
        await sql.unsafe(`alter system set ${name} = '${value}'`);
    });
  }
  {
    await using server = await start(false);
    const url = (name: string, role: string) => urlOf(server.port, name, role);
    const onServer = (statement: string) => on(url("postgres", superuser), (sql) => sql.unsafe(statement));
    await onServer("create database town");
    await bootstrapDatabase(url("town", superuser), { password, jwtExpiryS: 3600, log });
    await onServer("alter database town owner to postgres");
    await build(url("town", "postgres"));
    for (const kind of ["with", "without"]) await onServer(`create database writing_${kind} template town`);
    await on(url("town", superuser), (sql) => fill(sql, source));
    [follows] = (await on(
      url("town", superuser),
      (sql) => sql`select count(*)::integer from public.follows`,
    ).then((rows) => rows.map((row) => row.count as number))) as [number];
  }
  const seconds = (performance.now() - startMs) / 1000;
  process.stderr.write(`${people} people with ${follows} follows in ${Math.round(seconds)} s\n`);
  // From here on, a commit waits for the disk.
  const server = stack.use(await start(true));

  const owned = stack.move();
  return {
    people,
    follows,
    seconds,
    url: (role) => urlOf(server.port, "town", role === "owner" ? "postgres" : superuser),
    async writingUrl(kind) {
      await on(urlOf(server.port, `writing_${kind}`, superuser), (sql) => prepareWriting(sql, kind));
      return urlOf(server.port, `writing_${kind}`, "postgres");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const urlOf = (port: number, name: string, role: string) =>
  `postgresql://${role}:${password}@127.0.0.1:${port}/${name}`;

async function on<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    onnotice() {},
    connection: { statement_timeout: 3_600_000, work_mem: "512MB", maintenance_work_mem: "1GB" },
  });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** Makes the people and follows, without triggers. Indexes are made afterwards. */
async function fill(sql: postgres.Sql, source: number | Edges): Promise<void> {
  await sql`set session_replication_role = replica`;
  await sql`set synchronous_commit = off`;
  const indexes = await sql`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index
    where indrelid = 'public.follows'::regclass and not indisprimary`;
  await sql`alter table public.follows drop constraint follows_pkey`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  if (typeof source === "number") await makeGraph(sql, source);
  else await copyGraph(sql, source);
  await sql`alter table public.follows add primary key (follower_id, followee_id)`;
  for (const { definition } of indexes) await sql.unsafe(definition);
  await sql`
    insert into private.follow_counts (profile_id, followers, following)
    select profiles.id, coalesce(followers.count, 0), coalesce(following.count, 0)
    from profiles
    left join (select followee_id as id, count(*) from follows group by followee_id) as followers using (id)
    left join (select follower_id as id, count(*) from follows group by follower_id) as following using (id)`;
  await sql`
    insert into private.suggestion_turns (profile_id, due_at)
    select id, now() - interval '1 hour' from profiles`;
  // Everybody may be suggested: confirmed, with a young account, which counts as active, and with trust.
  await sql`update auth.users set email_confirmed_at = now()`;
  await sql`update public.profiles set created_at = now() - interval '20 days'`;
  await sql`insert into private.trust (profile_id) select id from public.profiles`;
  // Everybody was here this week.
  await sql`
    insert into auth.sessions (id, user_id, created_at, updated_at)
    select gen_random_uuid(), id, now() - interval '1 year', now() - random() * interval '7 days' from profiles`;
  await sql`drop schema if exists bench cascade`;
  await sql`vacuum (analyze)`;
}

/** The people and follows of graph.sql. */
async function makeGraph(sql: postgres.Sql, people: number): Promise<void> {
  const text = await readFile(join(import.meta.dirname, "graph.sql"), "utf8");
  for (const section of text.split(/^(?=-- \w+ -{5,}$)/m).slice(1)) {
    if (/^-- (Chance|People|Follows) /.test(section))
      await sql.unsafe(section.replace(/(?<!:):users\b/g, String(people))).simple();
  }
}

/** The id of person n, from 0, is md5('person ' || n). */
async function copyGraph(sql: postgres.Sql, { people, from, to }: Edges): Promise<void> {
  await sql`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data)
    select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
      'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n)
    from generate_series(0, ${people - 1}::integer) as n`;
  await sql`
    insert into profiles (id, username)
    select md5('person ' || n)::uuid, 'person_' || n from generate_series(0, ${people - 1}::integer) as n`;
  // In any order of time.
  await sql`
    insert into follows (follower_id, followee_id, id)
    select md5('person ' || one)::uuid, md5('person ' || other)::uuid,
      private.new_id(now() - interval '40 days') + row_number() over (order by hashint8extended(one, other))
    from unnest(${[...from]}::integer[], ${[...to]}::integer[]) as follow (one, other)`;
}

async function prepareWriting(sql: postgres.Sql, kind: "with" | "without"): Promise<void> {
  await sql`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
      'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
    from generate_series(1, ${writers}) as n`;
  await sql`select private.set_limits(id, 1000000000, 1000000000, 1000000000, null) from profiles`;
  const triggers = await sql`
    select tgname as name from pg_trigger
    where tgrelid = 'public.follows'::regclass and tgname like 'follows_turn_suggestions%'`;
  if (triggers.length !== 2) throw new Error("there are no triggers to measure");
  if (kind === "without")
    for (const { name } of triggers) await sql`alter table follows disable trigger ${sql(name)}`;
}
