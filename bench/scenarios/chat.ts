/**
 * What a message costs: in a pair and in a group of 500, beside a commit that writes one row. How
 * many fit into a second, in one conversation and in 1,000. What pages cost with few and with many
 * messages stored. All of it is SQL as a person sends it, on one server.
 */
import postgres, { type Sql } from "postgres";
import { byTurns, type Contender, type Figures, ratio, throughput } from "../measure.ts";
import { startPlatform } from "../platform-process.ts";

const crowd = 500;
const conversations = 1_000;
const few = 10_000;
const many = Number(process.env.BENCH_MESSAGES ?? 10_000_000);
const rounds = 21;
const batch = 40;
const clients = 16;
const durationMs = 10_000;
const text = "A message of ordinary length, as people write them all day long.";

interface Client {
  sql: Sql;
}

export async function run(): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform());
  const admin = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  stack.defer(() => admin.end());
  const connect = (person: string, max: number) => {
    const claims = JSON.stringify({ sub: person, role: "authenticated" });
    const sql = postgres(platform.databaseUrl, {
      max,
      onnotice: () => {},
      connection: { role: "authenticated", "request.jwt.claims": claims },
    });
    stack.defer(() => sql.end());
    return sql;
  };

  await admin.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select gen_random_uuid(), '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
      from generate_series(0, ${crowd}) as n;
    select public.set_limits(id, 1000000000, 1000000000, 1000000000) from public.profiles;
    create table public.floor (id bigint generated always as identity primary key, body text);
    alter table public.floor enable row level security;
    create policy "all write the floor" on public.floor for insert to authenticated with check (true);
    grant insert (body) on public.floor to authenticated;
  `);
  const ids = (await admin`select id from public.profiles order by username`).map(({ id }) => id as string);
  const [writer, other] = ids as [string, string];
  const alice = connect(writer, 1);
  const pair = await start(alice, (sql) => sql`select direct_conversation(${other}) as id`);
  const group = await start(alice, (sql) => sql`select create_group('Crowd', ${ids.slice(1, crowd)}) as id`);
  await admin`update private.conversation_members set is_accepted = true`;

  const sent = await byTurns(
    [
      { name: "one row, committed", run: () => alice`insert into floor (body) values (${text})` },
      { name: "message in a pair", run: () => send(alice, pair) },
      { name: `message in a group of ${crowd}`, run: () => send(alice, group) },
    ],
    rounds,
    batch,
  );

  // Each client is a person of their own: one person's writes wait for each other.
  const people: Client[] = ids.slice(1, clients + 1).map((person) => ({ sql: connect(person, 1) }));
  const rooms = await Promise.all(
    people.map(({ sql }) =>
      Promise.all(
        Array.from({ length: Math.ceil(conversations / clients) }, () =>
          start(sql, (own) => own`select create_group('Room', '{}') as id`),
        ),
      ),
    ),
  );
  let turn = 0;
  const next = () => turn++ % clients;
  const perSecond = {
    floor: await throughput(
      { name: "", run: () => (people[next()] as Client).sql`insert into floor (body) values (${text})` },
      clients,
      durationMs,
    ),
    one: await throughput(
      { name: "", run: () => send((people[next()] as Client).sql, group) },
      clients,
      durationMs,
    ),
    all: await throughput(
      {
        name: "",
        run: () => {
          const n = next();
          const own = rooms[n] as number[];
          return send((people[n] as Client).sql, own[Math.floor(Math.random() * own.length)] as number);
        },
      },
      clients,
      durationMs,
    ),
  };

  const pages = async () => {
    await admin`vacuum analyze private.messages`;
    return byTurns(
      [
        { name: "history, 50 messages", run: () => alice`select * from messages(${pair})` },
        { name: "conversations, 20 rows", run: () => alice`select * from conversations()` },
        { name: "unread", run: () => alice`select * from unread()` },
      ] satisfies Contender[],
      rounds,
      batch,
    );
  };
  for (let n = 0; n < 30; n += 1) {
    const id = await start(alice, (sql) => sql`select create_group(${`List ${n}`}, '{}') as id`);
    await send(alice, id);
  }
  await store(admin, few, pair, other);
  const small = await pages();
  await store(admin, many - few, pair, other);
  const large = await pages();

  const ms = (figures: Figures) => `${figures.p50Ms.toFixed(2)} | ${figures.p95Ms.toFixed(2)}`;
  return [
    "Until acknowledged, one client. Goal: a group at most 1.5 times a pair.",
    "",
    "| | p50 ms | p95 ms | ÷ a pair |",
    "|---|---|---|---|",
    ...sent.map(
      (one) => `| ${one.name} | ${ms(one)} | ${ratio(one, sent[1] as Figures).median.toFixed(2)} |`,
    ),
    "",
    `Messages a second, ${clients} clients: ${Math.round(perSecond.one)} into one conversation, ` +
      `${Math.round(perSecond.all)} over ${conversations}, beside ${Math.round(perSecond.floor)} commits of one row.`,
    "",
    `Pages with ${few} messages stored and with ${many}. Goal: at most 1.3 times.`,
    "",
    "| | few: p50 ms | p95 | many: p50 ms | p95 | many ÷ few |",
    "|---|---|---|---|---|---|",
    ...small.map((one, n) => {
      const other = large[n] as Figures;
      return `| ${one.name} | ${ms(one)} | ${ms(other)} | ${(other.p50Ms / one.p50Ms).toFixed(2)} |`;
    }),
  ].join("\n");
}

async function start(sql: Sql, work: (sql: Sql) => Promise<{ id?: unknown }[]>): Promise<number> {
  const [row] = await work(sql);
  return Number(row?.id);
}

const send = (sql: Sql, id: number) => sql`select send_message(${id}, ${crypto.randomUUID()}, ${text})`;

/** Writes old messages into the pair, and into a conversation beside it, without sending them. */
async function store(admin: Sql, count: number, pair: number, sender: string) {
  await admin.unsafe(`
    insert into private.conversations (id, kind, member_count) values (1, 'group', 1) on conflict do nothing;
    insert into private.messages (id, conversation_id, seq, sender_id, content)
      select -n - (select count(*) from private.messages where id < 0), case when n % 2 = 0 then 1 else ${pair} end,
        (select coalesce(max(seq), 0) from private.messages where conversation_id = case when n % 2 = 0 then 1 else ${pair} end)
          + (n + 1) / 2, '${sender}', '${text}'
      from generate_series(1, ${count}) as n;
    update private.conversations
      set last_seq = (select max(seq) from private.messages where conversation_id = conversations.id)
      where id in (1, ${pair});
    update private.conversation_members set read_seq = 1000000000 where conversation_id = ${pair};
  `);
}
