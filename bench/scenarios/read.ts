/**
 * What HTTP adds: one row by key and the home feed, through the gateway and
 * rest, beside the same statements sent raw over one prepared connection in
 * the same role with the same claims.
 */
import postgres from "postgres";
import { createPlatform } from "../../platform/platform.ts";
import { byTurns, type Contender, type Figures, throughput } from "../measure.ts";

const people = 200;
const followees = 100;
const posts = 20_000;
const clients = 16;

export async function run(): Promise<string> {
  await using platform = await createPlatform({ ephemeralPorts: true, seed: false });
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
  const token = await platform.keys.sign(claims);

  const raw = rawConnection(platform.databaseUrl, claims, 1);
  const rawMany = rawConnection(platform.databaseUrl, claims, clients);
  const get = (path: string) => async () => {
    const response = await fetch(`${platform.url}/rest/v1/${path}`, {
      headers: { apikey: platform.keys.publishableKey, authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(await response.text());
    return response.text();
  };
  const byKey = (sql: postgres.Sql) => () => sql`select * from public.posts where id = ${post?.id}`;
  const feed = (sql: postgres.Sql) => () => sql`select * from public.home_feed()`;

  const figures = await byTurns(
    [
      { name: "row by key, raw", run: byKey(raw) },
      { name: "row by key, HTTP", run: get(`posts?id=eq.${post?.id}`) },
      { name: "home feed, raw", run: feed(raw) },
      { name: "home feed, HTTP", run: get("rpc/home_feed") },
    ],
    15,
    100,
  );
  const rates = [
    await rate("row by key, raw", byKey(rawMany)),
    await rate("row by key, HTTP", get(`posts?id=eq.${post?.id}`)),
    await rate("home feed, raw", feed(rawMany)),
    await rate("home feed, HTTP", get("rpc/home_feed")),
  ];
  await Promise.all([raw.end(), rawMany.end()]);
  return table(figures, rates);
}

/** Sessions in the reader's role for good: a statement costs itself and one round trip. */
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
    `interleaved rounds of 100; rate with ${clients} clients in the same process as the platform.`,
    "",
    "| | p50 ms | p95 ms | p99 ms | p50 ÷ raw | per second | rate ÷ raw |",
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
