/**
 * What trust costs: a refresh for everybody, in CPU of this process and of Postgres, and what it takes to collect a new
 * post, beside writing it. PLAZA_BENCH_EDGES=1000000 measures one size.
 */
import { readFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { superuser } from "../../platform/postgres/server.ts";
import { databaseUrl, onAdmin, startDatabaseServer } from "../../sql/tools/server.ts";

const sizes = process.env.PLAZA_BENCH_EDGES?.split(",").map(Number) ?? [1_000_000, 5_000_000];
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 3);
const writes = 3000;
/** What Linux counts the CPU of a process in. */
const ticksPerSecond = 100;

export async function run(): Promise<string> {
  await using server = await startDatabaseServer();
  const rows: string[] = [];
  for (const size of sizes) {
    const name = `town_${size}`;
    await onAdmin(server.port, `create database ${name} template plaza owner postgres`);
    const url = (role: string) => databaseUrl(server.port, name, role);
    await fill(url(superuser), size);
    rows.push(...(await measureRefreshes(url("postgres"), size)));
    await onAdmin(server.port, `drop database ${name} with (force)`);
  }
  await onAdmin(server.port, "create database writing template plaza owner postgres");
  const posting = await measureCollecting(
    databaseUrl(server.port, "writing", superuser),
    databaseUrl(server.port, "writing"),
  );
  return [
    [
      "A refresh of trust for everybody, including the reads from Postgres and the writes. It reads edges: half are",
      "interactions, and half are follows, which are returned. There are 25 edges a person. In the first refresh everybody is",
      "new. Before each later one, one person in a thousand has answered somebody else. The medians of",
      `${rounds}. Load of the machine: ${loadavg()[0]?.toFixed(1)}.`,
    ].join("\n"),
    [
      "| people | edges | refresh | CPU here, s | CPU of Postgres, s | CPU for a million edges, s | rows written | memory here, MB |",
      "|---|---|---|---|---|---|---|---|",
      ...rows,
    ].join("\n"),
    posting,
  ].join("\n\n");
}

async function fill(url: string, edges: number): Promise<void> {
  const variables: Record<string, number> = {
    people: edges / 25,
    interactions: edges / 2,
    friends: edges / 4,
  };
  const text = await readFile(join(import.meta.dirname, "../trust-town.sql"), "utf8");
  const sql = connect(url);
  await sql.unsafe(text.replace(/(?<!:):([a-z]+)\b/g, (_, name) => String(variables[name]))).simple();
  await sql`vacuum (analyze)`;
  await sql.end();
}

async function measureRefreshes(url: string, size: number): Promise<string[]> {
  // Workers of Postgres would be other processes, whose CPU nobody counts here.
  const sql = connect(url, { max_parallel_workers_per_gather: 0 });
  const [backend] = await sql`select pg_backend_pid() as pid`;
  const once = async () => {
    const [here, there] = [process.cpuUsage(), await cpuOf(backend?.pid)];
    const found = await refreshTrust(sql);
    const { user, system } = process.cpuUsage(here);
    return { ...found, hereS: (user + system) / 1e6, thereS: (await cpuOf(backend?.pid)) - there };
  };
  const first = await once();
  const later: Awaited<ReturnType<typeof once>>[] = [];
  for (let round = 0; round < rounds; round++) {
    await sql`
      insert into private.interactions (giver_id, receiver_id, post_id)
      select
        md5('person ' || n)::uuid,
        md5('person ' || 1 + abs(hashint8extended(n, ${100 + round})) % ${size / 25}::bigint)::uuid, 1
      from generate_series(${round + 1}::bigint, ${size / 25}::bigint, 1000) as n
      on conflict do nothing
    `;
    later.push(await once());
  }
  later.sort((one, other) => one.hereS + one.thereS - other.hereS - other.thereS);
  const middle = later[Math.floor(later.length / 2)] ?? first;
  await sql.end();
  const memory = Math.round(process.memoryUsage.rss() / 2 ** 20);
  return [["first", first] as const, ["later", middle] as const].map(
    ([name, { people, read, hereS, thereS, written }]) =>
      `| ${people.toLocaleString("en")} | ${read.toLocaleString("en")} | ${name} | ${hereS.toFixed(2)} | ${thereS.toFixed(2)} | ` +
      `${((hereS + thereS) / (read / 1e6)).toFixed(2)} | ${written.toLocaleString("en")} | ${memory} |`,
  );
}

/** @returns the CPU that a process of Linux has used, in seconds */
async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name may have spaces. It is in brackets, and the state follows.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Writing a reply runs nothing of trust. A job reads it later. */
async function measureCollecting(adminUrl: string, url: string): Promise<string> {
  const admin = connect(adminUrl);
  const people = Array.from({ length: 200 }, (_, n) => `md5('person ${n + 1}')::uuid`);
  await admin.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    select id, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', id || '@example.com',
      jsonb_build_object('username', 'person_' || n), now()
    from unnest(array[${people.join(",")}]) with ordinality as person (id, n);
    select private.set_limits(id, 1000000000, 1000000000, 1000000000, null) from public.profiles;
    insert into public.posts (author_id, content) select id, 'Hello' from public.profiles;
  `);
  const ids = (await admin`select id from profiles`).map(({ id }) => id as string);
  const posts = (await admin`select id::text as id from posts`).map(({ id }) => id as string);
  const api = connect(url);
  const writeMs = await timeMs(async () => {
    for (let one = 0; one < writes; one++) {
      await api.begin(async (sql) => {
        const claims = JSON.stringify({ sub: ids[one % ids.length], role: "authenticated" });
        await sql`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`;
        await sql`insert into posts (content, reply_to_id) values ('Hello', ${posts[(one * 7 + Math.floor(one / 200) * 13) % posts.length] ?? null}::bigint)`;
      });
    }
  });
  const [triggers] = await admin`
    select count(*)::integer as amount
    from pg_trigger
    join pg_proc on pg_proc.oid = tgfoid
    where tgrelid in ('posts'::regclass, 'likes'::regclass, 'follows'::regclass) and prosrc like '%interactions%'
  `;
  const collectMs = await timeMs(() => api`select private.collect_interactions(now() + interval '1 hour')`);
  const forgetMs = await timeMs(() => api`select private.forget_interactions()`);
  const [kept] = await admin`select count(*)::integer as amount from private.interactions`;
  await Promise.all([admin.end(), api.end()]);
  return [
    `A reply, written by a person in a transaction of its own, takes ${(writeMs / writes).toFixed(2)} ms. Trust adds nothing to it: it has`,
    `${triggers?.amount} triggers on posts, likes and follows. A job collects it later, in ${((1000 * collectMs) / (writes + posts.length)).toFixed(0)} µs, 1/${Math.round(writeMs / writes / (collectMs / (writes + posts.length)))} of that.`,
    `To look whether an interaction is still there takes ${((1000 * forgetMs) / kept?.amount).toFixed(0)} µs.`,
  ].join("\n");
}

async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

const connect = (url: string, connection: Record<string, string | number> = {}) =>
  postgres(url, { max: 1, onnotice() {}, connection: { statement_timeout: 3_600_000, ...connection } });
