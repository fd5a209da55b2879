/** A platform for `requests`, with people and posts, and what they ask of it. */
import { join } from "node:path";
import { SignJWT } from "jose";
import postgres from "postgres";
import { processCpuMs, serverCpuMs } from "./cpu.ts";
import { connectHttp, encode } from "./http-client.ts";
import type { RemotePlatform } from "./platform-process.ts";

export const people = 2000;
export const posts = 20_000;
export const followees = 100;
/** People who act. The first half acts through HTTP, the second half by SQL. */
const actors = 40;
export const clients = 16;

export const kinds = ["row by key", "own profile", "home feed", "like", "follow", "post"] as const;
export type Kind = (typeof kinds)[number];

export interface Side extends AsyncDisposable {
  /** Runs one operation. @param client which of `clients` connections takes it */
  http(kind: Kind, client: number): Promise<unknown>;
  /** An answer without any service. */
  nothing(client: number): Promise<unknown>;
  /** The same by one prepared statement, in the role and with the claims of its person. */
  sql(kind: Kind, client: number): Promise<unknown>;
  nodeMs(): number;
  postgresMs(): number;
}

/** @param dir the checkout whose platform runs */
export async function createSide(dir: string): Promise<Side> {
  await using stack = new AsyncDisposableStack();
  const { startPlatform } = await import(join(dir, "bench", "platform-process.ts"));
  const platform: RemotePlatform = stack.use(await startPlatform());
  const admin = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  stack.defer(() => admin.end());
  await admin.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select gen_random_uuid(), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
      from generate_series(1, ${people}) as n;
    select public.set_limits(id, 1000000000, 1000000000, 1000000000) from public.profiles;
    insert into public.posts (author_id, title, content)
      select (array(select id from public.profiles order by username))[1 + n % ${people}], 'Post ' || n, repeat('word ', 40)
      from generate_series(1, ${posts}) as n;
    insert into public.follows (follower_id, followee_id)
      select actor.id, followee.id
      from (select id from public.profiles order by username limit ${actors}) as actor,
        (select id from public.profiles order by username desc limit ${followees}) as followee;
    analyze;
  `);
  const ids = async (text: string) => (await admin.unsafe(text)).map(({ id }) => String(id));
  const persons = await ids("select id from public.profiles order by username");
  const names = (await admin`select username from public.profiles order by username`).map(
    ({ username }) => username,
  );
  const postIds = await ids("select id from public.posts order by id");
  const [backend] = await admin`select pg_backend_pid() as pid`;
  const nowS = Math.floor(Date.now() / 1000);
  const claimsOf = (person: number) => ({
    sub: persons[person],
    role: "authenticated",
    aud: "authenticated",
    iat: nowS,
    exp: nowS + 36_000,
  });
  const tokens = await Promise.all(
    Array.from({ length: actors / 2 }, (_, person) =>
      new SignJWT(claimsOf(person))
        .setProtectedHeader({ alg: "HS256" })
        .sign(new TextEncoder().encode(platform.jwtSecret)),
    ),
  );
  const https = await Promise.all(Array.from({ length: clients }, () => connectHttp(platform.url)));
  for (const client of https) stack.use(client);
  const sqls = Array.from({ length: clients }, (_, client) => {
    const claims = JSON.stringify(claimsOf(actors / 2 + client));
    const sql = postgres(platform.databaseUrl, {
      max: 1,
      onnotice: () => {},
      connection: { role: "authenticated", "request.jwt.claims": claims },
    });
    stack.defer(() => sql.end());
    return sql;
  });

  const content = "A post of ordinary length, with a #tag, for everybody who follows its author.";
  /** Each client has its own person, who never does the same thing twice. */
  const turns = new Map<string, number>();
  const turnOf = (kind: Kind, person: number): number => {
    const name = `${kind} ${person}`;
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    return turn;
  };
  const nth = (list: string[], turn: number) => list[turn % list.length] as string;
  const stranger = (turn: number) => nth(persons.slice(actors, people - followees), turn);

  function request(kind: Kind, person: number): Buffer {
    const turn = turnOf(kind, person);
    const headers = {
      apikey: platform.publishableKey,
      authorization: `Bearer ${tokens[person]}`,
      accept: "*/*",
      "accept-language": "*",
      "user-agent": "node",
      "x-client-info": "supabase-js-node/2.119.1",
    };
    const write = { ...headers, prefer: "return=minimal" };
    switch (kind) {
      case "row by key":
        return encode("GET", `/rest/v1/posts?select=*&id=eq.${nth(postIds, turn)}`, headers);
      case "own profile":
        return encode("POST", "/rest/v1/rpc/profile", headers, JSON.stringify({ username: names[person] }));
      case "home feed":
        return encode("POST", "/rest/v1/rpc/home_feed", headers, "{}");
      case "like":
        return encode("POST", "/rest/v1/likes", write, JSON.stringify({ post_id: nth(postIds, turn) }));
      case "follow":
        return encode("POST", "/rest/v1/follows", write, JSON.stringify({ followee_id: stranger(turn) }));
      case "post":
        return encode("POST", "/rest/v1/posts", write, JSON.stringify({ content }));
    }
  }
  const nothing = encode("GET", "/nothing", {});

  function statement(kind: Kind, client: number): Promise<unknown> {
    const sql = sqls[client] as postgres.Sql;
    const person = actors / 2 + client;
    const turn = turnOf(kind, person);
    switch (kind) {
      case "row by key":
        return sql`select * from public.posts where id = ${nth(postIds, turn)}`;
      case "own profile":
        return sql`select * from public.profile(${names[person]})`;
      case "home feed":
        return sql`select * from public.home_feed()`;
      case "like":
        return sql`insert into public.likes (post_id) values (${nth(postIds, turn)})`;
      case "follow":
        return sql`insert into public.follows (followee_id) values (${stranger(turn)})`;
      case "post":
        return sql`insert into public.posts (content) values (${content})`;
    }
  }

  async function expectStatus(client: number, bytes: Buffer, wanted: number): Promise<void> {
    const status = await https[client]?.send(bytes);
    if (status !== wanted) throw new Error(`${status} for ${bytes.toString("utf8", 0, 80)}`);
  }

  const running = stack.move();
  return {
    http: (kind, client) =>
      expectStatus(client, request(kind, client), ["like", "follow", "post"].includes(kind) ? 201 : 200),
    nothing: (client) => expectStatus(client, nothing, 404),
    sql: statement,
    nodeMs: () => processCpuMs(platform.pid),
    postgresMs: () => serverCpuMs(backend?.pid),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
