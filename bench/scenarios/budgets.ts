/**
 * What a budget costs somebody who keeps it: a post, a like and a hundred likes, with the
 * triggers of budgets and without them, through the gateway and rest and as raw SQL. Two
 * platforms with the same people and posts take turns; from one the triggers are removed.
 */
import { Agent, request } from "node:http";
import { SignJWT } from "jose";
import postgres from "postgres";
import { byTurns, type Contender, type Figures, ratio } from "../measure.ts";
import { startPlatform } from "../platform-process.ts";

const people = 200;
const posts = 10_000;
const rounds = 41;
const batch = 60;
const bulkRows = 100;

export async function run(): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const [without, with_] = [await createSide(stack, false), await createSide(stack, true)];
  const inPairs = (of: keyof Side) => without[of].flatMap((one, n) => [one, with_[of][n] as Contender]);
  const figures = [
    ...(await byTurns(inPairs("single"), rounds, batch)),
    ...(await byTurns(inPairs("bulk"), rounds, batch / 3)),
  ];
  return table(figures);
}

interface Side {
  single: Contender[];
  bulk: Contender[];
}

/** A platform of its own, and what somebody does there. */
async function createSide(stack: AsyncDisposableStack, hasBudgets: boolean): Promise<Side> {
  const platform = stack.use(await startPlatform());
  const admin = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  stack.defer(() => admin.end());
  await admin.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select gen_random_uuid(), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
      from generate_series(1, ${people}) as n;
    insert into public.posts (author_id, title, content)
      select (array(select id from public.profiles order by id))[1 + n % ${people}], 'Post ' || n, repeat('word ', 40)
      from generate_series(1, ${posts}) as n;
    select public.set_limits(id, 1000000000, 1000000000, 1000000000) from public.profiles;
  `);
  if (!hasBudgets) {
    await admin.unsafe(withoutBudgets);
    await withoutCharge(admin);
  }
  await admin`analyze`;
  const [person] = await admin`select id from public.profiles where username = 'person_1'`;
  const ids = (await admin`select id from public.posts order by id`).map(({ id }) => String(id));

  const nowS = Math.floor(Date.now() / 1000);
  const claims = {
    sub: person?.id,
    role: "authenticated",
    aud: "authenticated",
    iat: nowS,
    exp: nowS + 7200,
  };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(platform.jwtSecret));
  const raw = postgres(platform.databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { role: "authenticated", "request.jwt.claims": JSON.stringify(claims) },
  });
  stack.defer(() => raw.end());
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  stack.defer(() => agent.destroy());
  const send = poster(platform.url, agent, {
    apikey: platform.publishableKey,
    authorization: `Bearer ${token}`,
  });

  let next = 0;
  /** Posts that are not liked yet; when there are none, all likes are taken back. */
  const unliked = async (count: number): Promise<string[]> => {
    if (next + count > ids.length) {
      await admin`delete from public.likes`;
      next = 0;
    }
    next += count;
    return ids.slice(next - count, next);
  };
  const contenders = (
    of: Record<string, (picked: string[]) => Promise<unknown>>,
    count: number,
  ): Contender[] =>
    Object.entries(of).map(([name, act]) => {
      let picked: string[] = [];
      return {
        name,
        before: async () => {
          picked = await unliked(count);
        },
        run: () => act(picked),
      };
    });

  const content = "A post of ordinary length, with a #tag, for everybody who follows its author.";
  return {
    single: contenders(
      {
        "post, HTTP": () => send("/rest/v1/posts", { content }),
        "like, HTTP": ([id]) => send("/rest/v1/likes", { post_id: Number(id) }),
        "post, SQL": () => raw`insert into public.posts (content) values (${content})`,
        "like, SQL": ([id]) => raw`insert into public.likes (post_id) values (${id as string})`,
      },
      1,
    ),
    bulk: contenders(
      {
        [`${bulkRows} likes, SQL`]: (picked) =>
          raw`insert into public.likes (post_id) select unnest(${picked}::bigint[])`,
      },
      bulkRows,
    ),
  };
}

/** As if there were none: no triggers of budgets, and turns and posts that spend nothing. */
const withoutBudgets = `
  drop trigger afford_insert on public.likes;
  drop trigger afford_delete on public.likes;
  drop trigger settle_insert on public.likes;
  create or replace function private.take_turn() returns trigger language plpgsql security definer
  set search_path = '' as $$
  begin
    if auth.uid() is not null then
      perform private.take_own_turn(auth.uid());
    end if;
    return null;
  end;
  $$;
`;

/** posts_prepare() without the lines that spend. */
async function withoutCharge(admin: postgres.Sql): Promise<void> {
  const [prepare] = await admin`select pg_get_functiondef('private.posts_prepare'::regproc) as source`;
  const source = prepare?.source.replace(/ {2}-- A person's post spends[\s\S]*?\n {2}end if;\n\n/, "");
  if (source === prepare?.source) throw new Error("posts_prepare() spends in other words by now");
  await admin.unsafe(source);
}

function poster(url: string, agent: Agent, headers: Record<string, string>) {
  return (path: string, body: unknown) =>
    new Promise<void>((resolve, reject) => {
      const sending = request(
        url + path,
        {
          method: "POST",
          agent,
          headers: { ...headers, "content-type": "application/json", prefer: "return=minimal" },
        },
        (response) => {
          response.resume();
          response.once("end", () =>
            response.statusCode === 201 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`)),
          );
        },
      );
      sending.once("error", reject);
      sending.end(JSON.stringify(body));
    });
}

function table(figures: Figures[]): string {
  const lines: string[] = [];
  for (let n = 0; n < figures.length; n += 2) {
    const [without, with_] = [figures[n], figures[n + 1]] as [Figures, Figures];
    const { median, low, high } = ratio(with_, without);
    lines.push(
      `| ${without.name} | ${without.p50Ms.toFixed(2)} | ${with_.p50Ms.toFixed(2)} | ${median.toFixed(2)} ` +
        `| ${low.toFixed(2)}–${high.toFixed(2)} |`,
    );
  }
  return [
    `${people} people, ${posts} posts, one client, medians of ${rounds} interleaved rounds of ${batch} requests`,
    `(${batch / 3} of ${bulkRows} rows). Postgres waits for the disk at every commit. Platform, Postgres and load share the cores.`,
    "",
    "| | without, p50 ms | with, p50 ms | with ÷ without | half of the rounds |",
    "|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
