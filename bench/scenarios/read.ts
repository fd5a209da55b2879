/**
 * Measures what HTTP adds to one row by key and to the home feed. It reads them through
 * the gateway and rest, and by the same statements over one prepared connection, in the
 * same role with the same claims. It also measures an HTTP request for a page that the
 * gateway does not have.
 */
import { Agent, get } from "node:http";
import { SignJWT } from "jose";
import postgres from "postgres";
import { byTurns, type Contender, type Figures, throughput } from "../measure.ts";
import { startPlatform } from "../platform-process.ts";

const people = 200;
const followees = 100;
const posts = 20_000;
const clients = 16;

export async function run(): Promise<string> {
  await using platform = await startPlatform();
  const admin = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  await admin.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select gen_random_uuid(), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
      from generate_series(1, ${people}) as n;
    insert into public.posts (author_id, title, content)
      select (array(select id from public.profiles order by id))[1 + n % ${people}], 'Post ' || n, repeat('word ', 40)
      from generate_series(1, ${posts}) as n;
    insert into public.follows (follower_id, followee_id)
      select reader.id, followee.id
      from (select id from public.profiles where username = 'person_1') as reader,
        (select id from public.profiles where username <> 'person_1' order by username limit ${followees}) as followee;
    analyze;
  `);
  const [reader] = await admin`select id from public.profiles where username = 'person_1'`;
  const [post] = await admin`select max(id)::text as id from public.posts`;
  await admin.end();
  const nowS = Math.floor(Date.now() / 1000);
  const claims = {
    sub: reader?.id,
    role: "authenticated",
    aud: "authenticated",
    iat: nowS,
    exp: nowS + 3600,
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(platform.jwtSecret));

  const raw = rawConnection(platform.databaseUrl, claims, 1);
  const rawMany = rawConnection(platform.databaseUrl, claims, clients);
  const agent = new Agent({ keepAlive: true });
  const headers = { apikey: platform.publishableKey, authorization: `Bearer ${token}` };
  const ask = (path: string, status: number) => () =>
    new Promise<void>((resolve, reject) => {
      get(platform.url + path, { agent, headers }, (response) => {
        response.resume();
        response.once("end", () =>
          response.statusCode === status ? resolve() : reject(new Error(`${path}: ${response.statusCode}`)),
        );
      }).once("error", reject);
    });
  const byKey = (sql: postgres.Sql) => () => sql`select * from public.posts where id = ${post?.id}`;
  const feed = (sql: postgres.Sql) => () => sql`select * from public.home_feed()`;

  const pairs = [
    [
      { name: "row by key, raw", run: byKey(raw), many: byKey(rawMany) },
      { name: "row by key, HTTP", run: ask(`/rest/v1/posts?id=eq.${post?.id}`, 200) },
    ],
    [
      { name: "home feed, raw", run: feed(raw), many: feed(rawMany) },
      { name: "home feed, HTTP", run: ask("/rest/v1/rpc/home_feed", 200) },
    ],
    [{ name: "nothing, HTTP", run: ask("/nothing", 404) }],
  ].flat();
  const figures = await byTurns(pairs, 15, 100);
  const rates: number[] = [];
  for (const { name, run, many } of pairs) rates.push(await rate(name, many ?? run));
  await Promise.all([raw.end(), rawMany.end()]);
  agent.destroy();
  return table(figures, rates);
}

/** Sessions that stay in the reader's role. So a statement costs only itself and one round trip. */
function rawConnection(url: string, claims: object, max: number): postgres.Sql {
  return postgres(url, {
    max,
    onnotice: () => {},
    connection: { role: "authenticated", "request.jwt.claims": JSON.stringify(claims) },
  });
}

async function rate(name: string, run: Contender["run"]): Promise<number> {
  await throughput({ name, run }, clients, 500);
  return throughput({ name, run }, clients, 3000);
}

function table(figures: Figures[], rates: number[]): string {
  const lines = figures.map((figure, index) => {
    const base = figures[index - (index % 2)] as Figures;
    const baseRate = rates[index - (index % 2)] as number;
    return (
      `| ${figure.name} | ${figure.p50Ms.toFixed(2)} | ${figure.p95Ms.toFixed(2)} | ${figure.p99Ms.toFixed(2)} ` +
      `| ${(figure.p50Ms / base.p50Ms).toFixed(1)} | ${Math.round(rates[index] as number)} ` +
      `| ${((rates[index] as number) / baseRate).toFixed(2)} |`
    );
  });
  return [
    `${people} people, ${posts} posts, a reader with ${followees} followees. Latency with one client, medians of 15`,
    `interleaved rounds of 100; rate with ${clients} clients. Platform, Postgres and load share the two cores.`,
    "",
    "| | p50 ms | p95 ms | p99 ms | p50 ÷ raw | per second | rate ÷ raw |",
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
