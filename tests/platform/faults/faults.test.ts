/**
 * Nothing kills the platform. While people use every service, backends of Postgres and workers of Deno
 * are killed by chance. PLAZA_SEED and PLAZA_FAULTS_SECONDS choose another storm.
 */
import { createClient } from "@supabase/supabase-js";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { memoryPlan } from "../../../platform/memory.ts";
import { seed } from "../../seed.ts";
import { type Load, patienceMs, startLoad } from "./load.ts";
import { type Kills, storm } from "./storm.ts";
import { createTown, type Town } from "./town.ts";

const seconds = Number(process.env.PLAZA_FAULTS_SECONDS ?? 20);
const patience = { timeout: 30_000, interval: 200 };
const alice = { email: "alice@example.com", password: "plaza-demo" };

let town: Town;
let load: Load;
let kills: Kills;

beforeAll(
  async () => {
    town = await createTown();
    const sql = town.admin();
    await sql`create extension if not exists pg_net`;
    const own = `${town.url}/functions/v1/own-connection`;
    await sql`
      select cron.schedule('tick', '1 second', ${`select pg_sleep(0.2), net.http_get('${own}')`})`;
    await sql`alter publication supabase_realtime add table posts`;
    await sql`create policy "Everybody hears" on realtime.messages for select to authenticated using (true)`;
    await sql.end();
    load = await startLoad(town);
    kills = await storm(town, seed, seconds);
    await load.stop();
    const sum = Object.values(load.counts).reduce((total, count) => total + count, 0);
    console.log(
      `seed ${seed}, ${seconds} s, ${sum} answers, slowest ${load.slowestMs} ms`,
      { answers: load.counts, kills },
      `${load.posts.length} posts written`,
    );
  },
  120_000 + seconds * 1000,
);
afterAll(() => town?.[Symbol.asyncDispose]());

test("the platform is still there, after kills in every service", () => {
  const { exitCode, signalCode } = town.process;
  expect({ exitCode, signalCode }, town.lines.slice(-20).join("\n")).toEqual({
    exitCode: null,
    signalCode: null,
  });
  for (const service of [
    "rest",
    "auth",
    "realtime_replication",
    "realtime_probes",
    "pg_cron scheduler",
    "pg_net",
    "worker",
  ]) {
    expect(kills[service], service).toBeGreaterThan(0);
  }
  for (const answer of ["rest 200", "rest 201", "auth 200", "functions 200", "realtime SUBSCRIBED"]) {
    expect(load.counts[answer], answer).toBeGreaterThan(0);
  }
});

test("people got 503 with Retry-After or an answer, in time, and never 500", () => {
  expect(load.problems).toEqual([]);
  expect(load.slowestMs).toBeLessThan(patienceMs);
  expect(load.counts["rest 503"], "nobody noticed the storm").toBeGreaterThan(0);
});

test("every post that was answered with 201 is there", async () => {
  const sql = town.admin();
  const [row] = await sql`
    select count(*)::integer from posts where id = any(${`{${load.posts.join(",")}}`}::bigint[])`;
  await sql.end();
  expect(row?.count).toBe(load.posts.length);
});

test("the pools have all their connections again", async () => {
  const secret = new TextEncoder().encode(town.jwtSecret);
  const token = (sub: string) =>
    new SignJWT({ sub, role: "authenticated" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("5m")
      .sign(secret);
  const { auth } = createClient(town.url, town.publishableKey, { auth: { persistSession: false } });
  const { data } = await auth.signInWithPassword(alice);
  const [blocker, watcher] = [town.admin(), town.admin()];
  const answers: Promise<Response>[] = [];
  await blocker.begin(async (sql) => {
    // Now every request waits in the database, each with a connection of its own.
    await sql`lock table public.profiles, auth.users in access exclusive mode`;
    for (let person = 0; person < 10; person++) {
      const headers = {
        apikey: town.publishableKey,
        authorization: `Bearer ${await token(crypto.randomUUID())}`,
      };
      answers.push(fetch(`${town.url}/rest/v1/profiles?select=username&limit=1`, { headers }));
    }
    for (let request = 0; request < 20; request++) {
      const headers = {
        apikey: town.publishableKey,
        authorization: `Bearer ${data.session?.access_token}`,
      };
      answers.push(fetch(`${town.url}/auth/v1/user`, { headers }));
    }
    await vi.waitFor(async () => {
      const rows = await watcher`
        select application_name as service, count(*)::integer
        from pg_stat_activity
        where wait_event_type = 'Lock' and application_name in ('rest', 'auth')
        group by 1
        order by 1`;
      expect([...rows]).toEqual([
        { service: "auth", count: 20 },
        { service: "rest", count: memoryPlan("small").restSessions },
      ]);
    }, patience);
  });
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  await Promise.all([blocker.end(), watcher.end()]);
});

test("jobs run, requests are sent, functions answer and Realtime hears changes again", async () => {
  const sql = town.admin();
  const [started] = await sql`select now() as at`;
  await vi.waitFor(async () => {
    const runs = await sql`
      select from cron.job_run_details where status = 'succeeded' and start_time > ${started?.at}`;
    expect(runs.length).toBeGreaterThan(0);
    const responses = await sql`
      select from net._http_response where status_code = 200 and created > ${started?.at}`;
    expect(responses.length).toBeGreaterThan(0);
  }, patience);

  await vi.waitFor(async () => {
    expect((await fetch(`${town.url}/functions/v1/own-connection`)).status).toBe(200);
  }, patience);

  const client = createClient(town.url, town.publishableKey, { auth: { persistSession: false } });
  await client.auth.signInWithPassword(alice);
  const heard: string[] = [];
  client
    .channel("posts")
    .on("postgres_changes", { event: "INSERT", schema: "public", table: "posts" }, ({ new: post }) => {
      heard.push(post.content);
    })
    .subscribe();
  await vi.waitFor(async () => {
    await sql`
      insert into posts (author_id, content)
      select id, 'We are back' from profiles where username = 'alice'`;
    expect(heard).toContain("We are back");
  }, patience);
  await client.removeAllChannels();
  await sql.end();
});
