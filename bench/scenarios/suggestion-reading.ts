/**
 * What reading suggestions costs, beside ten profiles by their primary keys with the same columns: by a prepared statement,
 * through HTTP, and by the first statement of a new connection. The lists are those of a real pass. It needs Linux, which
 * tells the CPU of a process.
 */
import { loadavg } from "node:os";
import { SignJWT } from "jose";
import postgres from "postgres";
import { computeEverybody } from "../../edge-functions/_shared/suggestions/everybody.ts";
import { serverCpuMs } from "../cpu.ts";
import { connectHttp, encode } from "../http-client.ts";
import { byTurns, type Contender, type Figures, median, ratio } from "../measure.ts";
import { type RemotePlatform, startPlatform } from "../platform-process.ts";

const people = Number(process.env.PLAZA_BENCH_USERS ?? 4000);
/** People live in villages, and mostly follow people of their own. */
const village = 100;
const followees = 40;
const readers = 200;
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 9);
const batch = 100;
const newConnections = 40;
const columns = ["id", "username", "display_name", "avatar_url", "is_private"];

/** What somebody reads. `keys` are ten people. */
interface Reading {
  name: string;
  statement(sql: postgres.Sql, keys: string[]): Promise<unknown>;
  request(keys: string[], headers: Record<string, string>): Buffer;
}

const readings: Reading[] = [
  {
    name: "a profile by its primary key",
    statement: (sql, [key]) => sql`select ${sql(columns)} from profiles where id = ${key as string}`,
    request: ([key], headers) =>
      encode("GET", `/rest/v1/profiles?select=${columns.join()}&id=eq.${key}`, headers),
  },
  {
    name: "ten profiles by their primary keys",
    statement: (sql, keys) => sql`select ${sql(columns)} from profiles where id in ${sql(keys)}`,
    request: (keys, headers) =>
      encode("GET", `/rest/v1/profiles?select=${columns.join()}&id=in.(${keys.join()})`, headers),
  },
  {
    name: "suggestions()",
    statement: (sql) => sql`select * from suggestions()`,
    request: (_, headers) => encode("GET", "/rest/v1/rpc/suggestions", headers),
  },
];

export async function run(): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform());
  const admin = postgres(platform.adminUrl, { max: 3, onnotice() {} });
  stack.defer(() => admin.end());
  const ids = await fill(platform, admin);
  const some = (amount: number) =>
    Array.from({ length: amount }, () => ids[Math.floor(Math.random() * ids.length)] as string);
  const sql = postgres(platform.databaseUrl, {
    max: 1,
    onnotice() {},
    connection: { role: "authenticated" },
  });
  stack.defer(() => sql.end());
  const http = stack.use(await connectHttp(platform.url));
  const tokens = await Promise.all(ids.slice(0, readers).map((id) => tokenOf(platform, id)));

  const byStatement = readings.map((reading): Contender => {
    let turn = 0;
    return {
      name: reading.name,
      before: () => become(sql, ids[turn++ % readers] as string),
      run: () => reading.statement(sql, some(10)),
    };
  });
  const byRequest = readings.map((reading): Contender => {
    let turn = 0;
    return {
      name: reading.name,
      async run() {
        const headers = {
          apikey: platform.publishableKey,
          authorization: `Bearer ${tokens[turn++ % readers]}`,
        };
        const status = await http.send(reading.request(some(10), headers));
        if (status !== 200) throw new Error(`${reading.name}: ${status}`);
      },
    };
  });
  const [backend] = await admin`select pg_backend_pid() as pid`;
  const cpuOf = async ({ before, run }: Contender) => {
    const calls = 500;
    const others = async () => {
      const startMs = serverCpuMs(backend?.pid);
      for (let call = 0; call < calls; call++) await before?.();
      return serverCpuMs(backend?.pid) - startMs;
    };
    const idleMs = before ? await others() : 0;
    const startMs = serverCpuMs(backend?.pid);
    for (let call = 0; call < calls; call++) {
      await before?.();
      await run();
    }
    return (1000 * (serverCpuMs(backend?.pid) - startMs - idleMs)) / calls;
  };
  const sections = [
    `${people} people who follow about ${followees} others. A page has ten people with their reasons. The load of the machine was ${loadavg()[0]?.toFixed(1)} at first.`,
  ];
  for (const [title, contenders] of [
    ["By a prepared statement, as the viewer", byStatement],
    ["Through HTTP", byRequest],
  ] as const) {
    const figures = await byTurns(contenders, rounds, batch);
    const cpu: number[] = [];
    for (const contender of contenders) cpu.push(await cpuOf(contender));
    sections.push(table(title, figures, cpu));
  }
  sections.push(await firstOfAll(platform, ids));
  return sections.join("\n\n");
}

async function fill(platform: RemotePlatform, admin: postgres.Sql): Promise<string[]> {
  await admin`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
      'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
    from generate_series(0, ${people - 1}::integer) as n`;
  await admin`
    insert into follows (follower_id, followee_id)
    select md5('person ' || pair.one)::uuid, md5('person ' || pair.other)::uuid
    from (
      select distinct n as one, case
        when abs(hashint8extended(n, step)) % 5 = 0 then abs(hashint8extended(n, 100 + step)) % ${people}
        else ${village} * (n / ${village}) + abs(hashint8extended(n, 100 + step)) % ${village}
      end as other
      from generate_series(0, ${people - 1}::bigint) as n
      cross join generate_series(1, ${followees}::bigint) as step
    ) as pair
    where pair.one <> pair.other`;
  await admin`update profiles set created_at = now() - interval '20 days'`;
  await admin`insert into private.trust (profile_id) select id from profiles on conflict do nothing`;
  await admin`update private.suggestion_turns set due_at = now() - interval '1 hour', changed_at = null`;
  const owner = postgres(platform.databaseUrl, { max: 2, prepare: false, onnotice() {} });
  // The jobs of the platform may do some of them meanwhile.
  const pass = await computeEverybody(owner, { least: 1 });
  await owner.end();
  if (pass === undefined || pass.people < 0.9 * people) throw new Error(`a pass of ${pass?.people} lists`);
  await admin`vacuum (analyze)`;
  return (await admin`select id from profiles order by md5(id::text)`).map(({ id }) => id as string);
}

function tokenOf(platform: RemotePlatform, id: string): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT({ sub: id, role: "authenticated", aud: "authenticated", iat: nowS, exp: nowS + 36_000 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(platform.jwtSecret));
}

/** The next statements of this connection are those of this person. */
function become(sql: postgres.Sql, id: string): Promise<unknown> {
  return sql`select set_config('request.jwt.claims', ${JSON.stringify({ sub: id, role: "authenticated" })}, false)`;
}

/** Postgres knows no plans and no tables yet in a new connection. */
async function firstOfAll(platform: RemotePlatform, ids: string[]): Promise<string> {
  const times = readings.map((): number[] => []);
  for (let turn = 0; turn < newConnections * readings.length; turn++) {
    const index = turn % readings.length;
    const sql = postgres(platform.databaseUrl, {
      max: 1,
      onnotice() {},
      fetch_types: false,
      connection: { role: "authenticated" },
    });
    await become(sql, ids[turn % readers] as string);
    const startMs = performance.now();
    await readings[index]?.statement(sql, ids.slice(10, 20));
    times[index]?.push(performance.now() - startMs);
    await sql.end();
  }
  return [
    "## The first statement of a new connection",
    "",
    "| | median, ms |",
    "|---|---|",
    ...readings.map(({ name }, index) => `| ${name} | ${median(times[index] as number[]).toFixed(2)} |`),
  ].join("\n");
}

function table(title: string, figures: Figures[], cpuUs: number[]): string {
  const beside = (one: Figures, other: Figures) => {
    const { median: middle, low, high } = ratio(one, other);
    return `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  };
  return [
    `## ${title}`,
    "",
    "| | p50, ms | p95, ms | CPU of Postgres, µs | beside one profile, by rounds | beside ten profiles |",
    "|---|---|---|---|---|---|",
    ...figures.map(
      (one, index) =>
        `| ${one.name} | ${one.p50Ms.toFixed(2)} | ${one.p95Ms.toFixed(2)} | ${cpuUs[index]?.toFixed(0)} | ` +
        `${beside(one, figures[0] as Figures)} | ${beside(one, figures[1] as Figures)} |`,
    ),
  ].join("\n");
}
