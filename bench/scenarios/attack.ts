/**
 * What a page costs when others have filled the tables. Each flood is compared with the
 * same town without it, side by side on one server. The floods are 50,000 newest posts that
 * the reader does not see, a post with 36,000 replies, somebody who follows 6,000 people,
 * and a card of a post with 20,000 limited replies.
 */
import postgres from "postgres";
import { superuser } from "../../platform/postgres/server.ts";
import { databaseUrl, onAdmin, startDatabaseServer } from "../../sql/tools/server.ts";
import { byTurns, type Contender, ratio } from "../measure.ts";

const people = 300;
const posts = 20_000;
const flood = Number(process.env.PLAZA_BENCH_FLOOD ?? 50_000);

/** The accounts that flood: how many, and how their posts are limited. */
const floods = {
  "one private account": { authors: 1, audience: "everyone", isPrivate: true },
  "100 private accounts": { authors: 100, audience: "everyone", isPrivate: true },
  "one account, for followers": { authors: 1, audience: "followers", isPrivate: false },
  "one account, for others": { authors: 1, audience: "mentioned", isPrivate: false },
} as const;

type Town = postgres.Sql;

export async function run(): Promise<string> {
  await using server = await startDatabaseServer();
  const make = async (name: string, fill: (sql: Town) => Promise<void>) => {
    await onAdmin(server.port, `create database ${name} template plaza owner postgres`);
    const sql = postgres(databaseUrl(server.port, name, superuser), { max: 1, onnotice() {} });
    try {
      await populate(sql);
      await fill(sql);
      // As autovacuum leaves a table some time after a flood.
      await sql.unsafe("vacuum (analyze)");
    } finally {
      await sql.end();
    }
    return name;
  };
  const plain = await make("plain", async () => {});
  const lines: string[] = [];
  for (const [index, [name, how]] of Object.entries(floods)
    .slice(0, Number(process.env.PLAZA_BENCH_FLOODS ?? 4))
    .entries()) {
    const flooded = await make(`flooded_${index}`, (sql) => addFlood(sql, how));
    lines.push(
      `### ${flood.toLocaleString("en")} newest posts by ${name}`,
      "",
      await compare(server.port, plain, flooded),
    );
    await onAdmin(server.port, `drop database ${flooded} with (force)`);
  }
  const large = await make("large", addLargeOnes);
  lines.push("### Large ones", "", await compareLarge(server.port, large));
  return lines.join("\n");
}

/** A town whose reader follows 100, with a thread of 500 replies and a post with 500 quotes. */
async function populate(sql: Town): Promise<void> {
  await sql.unsafe(`
    select setseed(0.5);
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now() - interval '30 days'
      from generate_series(1, ${people}) as n;
    insert into public.follows (follower_id, followee_id)
      select md5('person 1')::uuid, md5('person ' || n)::uuid from generate_series(101, 200) as n;
    insert into public.posts (id, author_id, content)
      select private.new_id(now() - interval '20 days' + n * interval '1 minute'),
        md5('person ' || 1 + floor(random() * 200))::uuid,
        case when n % 10 = 0 then '#garden ' else '' end || case when n % 2 = 0 then 'beta ' else 'alpha ' end || n
      from generate_series(1, ${posts}) as n;
    insert into public.posts (id, author_id, content) values (1, md5('person 150')::uuid, 'The one that is answered');
    insert into public.posts (id, author_id, content) values (2, md5('person 150')::uuid, 'The one that is quoted');
    insert into public.posts (author_id, content, reply_to_id)
      select md5('person ' || 1 + n % 200)::uuid, 'reply ' || n, 1 from generate_series(1, 500) as n;
    insert into public.posts (author_id, content, quote_of_id)
      select md5('person ' || 1 + n % 200)::uuid, 'quote ' || n, 2 from generate_series(1, 500) as n;
    insert into public.posts (author_id, content)
      select md5('person ' || 201)::uuid, 'page of the flooder ' || n from generate_series(1, 40) as n;
    insert into public.posts (author_id, content, reply_to_id)
      select md5('person ' || 201)::uuid, 'answer of the flooder ' || n, 2 from generate_series(1, 40) as n;
  `);
}

/**
 * Person 201 and the next ones write, for others, where everybody looks. Without triggers,
 * which would take minutes: what they keep is filled in afterwards.
 */
async function addFlood(sql: Town, how: (typeof floods)[keyof typeof floods]): Promise<void> {
  const author = `md5('person ' || 201 + n % ${how.authors})::uuid`;
  await sql.unsafe("set session_replication_role = replica");
  if (how.isPrivate) {
    await sql.unsafe(`
      update public.profiles set is_private = true
      where username in (select 'person_' || n from generate_series(201, ${200 + how.authors}) as n);
      update public.posts set is_open = false
      where author_id in (select id from public.profiles where is_private)`);
  }
  await sql.unsafe("create temporary table flood (id bigint)");
  for (const reference of ["null, null", "1, null", "null, 2"]) {
    await sql.unsafe(`
      with added as (
        insert into public.posts (author_id, content, entities, audience, reply_to_id, quote_of_id)
        select ${author}, '@person_300 #garden beta flood ' || n,
          '[{"type": "mention", "field": "content", "start": 0, "end": 11, "username": "person_300"},
            {"type": "tag", "field": "content", "start": 12, "end": 19, "tag": "garden"}]',
          '${how.audience}', ${reference}
        from generate_series(1, ${flood}) as n
        returning id
      )
      insert into flood select id from added`);
  }
  await sql.unsafe(`
    insert into public.post_tags (post_id, tag) select id, 'garden' from flood;
    insert into public.post_mentions (post_id, profile_id, usernames)
      select id, md5('person 300')::uuid, '{person_300}' from flood;
    truncate private.limited_posts, private.limited_counts, private.post_counts;
    insert into private.limited_posts (place, post_id, author_id, audience)
      select place, post_id, author_id, audience
      from private.limited_places(array(select id from public.posts where not is_open));
    insert into private.limited_counts (place, amount)
      select place, count(*) from private.limited_posts where place ~ '^(reply|quote|repost):' group by place;
    insert into private.post_counts (post_id, replies, quotes)
      select 1, (select count(*) from public.posts where reply_to_id = 1), 0
      union all
      select 2, (select count(*) from public.posts where reply_to_id = 2),
        (select count(*) from public.posts where quote_of_id = 2)`);
  await sql.unsafe("set session_replication_role = origin");
}

const pages: Record<string, string> = {
  public_feed: "select * from public_feed()",
  "count_newer('public')": "select count_newer('public', 0)",
  "tag_feed('garden')": "select * from tag_feed('garden')",
  "count_newer('tag')": "select count_newer('tag', 0, 'garden')",
  replies: "select * from replies(1)",
  quotes: "select * from quotes(2)",
  thread: "select * from thread(1)",
  profile_feed: "select * from profile_feed(md5('person 201')::uuid)",
  profile_replies: "select * from profile_replies(md5('person 201')::uuid)",
  profile: "select * from profile('person_201')",
  "search_people('person')": "select * from search_people('person')",
  "posts?order=id.desc&limit=20": "select * from posts order by id desc limit 20",
};

async function compare(port: number, plain: string, flooded: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const rows: string[] = [
    "| page | reader | p50 ms without | p50 ms with | ratio |",
    "|---|---|---|---|---|",
  ];
  for (const [reader, role, id] of [
    ["anonymous", "anon", null],
    ["signed in", "authenticated", "person 1"],
  ] as const) {
    const [before, after] = await Promise.all(
      [plain, flooded].map((name) => connect(stack, port, name, role, id)),
    );
    for (const [page, query] of Object.entries(pages)) {
      rows.push(await row(page, reader, of(before as Town, query), of(after as Town, query)));
    }
  }
  return `${rows.join("\n")}\n`;
}

/** The same page of something large beside something small, in one database. */
async function addLargeOnes(sql: Town): Promise<void> {
  await sql.unsafe(`
    set session_replication_role = replica;
    insert into public.posts (author_id, content, reply_to_id, is_open)
      select md5('person ' || 1 + n % 200)::uuid, 'reply ' || n, 2, true from generate_series(1, 36000) as n;
    insert into public.posts (id, author_id, content, is_open)
      values (3, md5('person 150')::uuid, 'ten limited replies', true),
        (4, md5('person 150')::uuid, '20,000 limited replies', true);
    insert into public.posts (author_id, content, reply_to_id, audience)
      select md5('person ' || 201 + n % 10)::uuid, 'limited ' || n, 3, 'followers' from generate_series(1, 10) as n;
    insert into public.posts (author_id, content, reply_to_id, audience)
      select md5('person ' || 201 + n % 10)::uuid, 'limited ' || n, 4, 'followers' from generate_series(1, 20000) as n;
    truncate private.limited_posts, private.limited_counts;
    insert into private.limited_posts (place, post_id, author_id, audience)
      select place, post_id, author_id, audience
      from private.limited_places(array(select id from public.posts where not is_open));
    insert into private.limited_counts (place, amount)
      select place, count(*) from private.limited_posts where place ~ '^(reply|quote|repost):' group by place;
    insert into private.post_counts (post_id, replies)
      select reply_to_id, count(*) from public.posts where reply_to_id is not null group by 1
      on conflict (post_id) do update set replies = excluded.replies;
    set session_replication_role = origin;
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select md5('other ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'other_' || n || '@example.com', jsonb_build_object('username', 'other_' || n), now() - interval '30 days'
      from generate_series(1, 6000) as n;
    insert into public.follows (follower_id, followee_id)
      select md5('person 2')::uuid, md5('other ' || n)::uuid from generate_series(1, 6000) as n;
  `);
}

async function compareLarge(port: number, name: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const sql = await connect(stack, port, name, "authenticated", "person 1");
  const card = (id: number) => `select * from post_counts where post_id = ${id}`;
  return `${[
    "| page | reader | p50 ms small | p50 ms large | ratio |",
    "|---|---|---|---|---|",
    await row(
      "thread, 500 and 36,500 replies",
      "signed in",
      of(sql, "select * from thread(1)"),
      of(sql, "select * from thread(2)"),
    ),
    await row(
      "thread one deep, 500 and 36,500 replies",
      "signed in",
      of(sql, "select * from thread(1, 1)"),
      of(sql, "select * from thread(2, 1)"),
    ),
    await row(
      "following, of 100 and of 6,000",
      "signed in",
      of(sql, "select * from following(md5('person 1')::uuid)"),
      of(sql, "select * from following(md5('person 2')::uuid)"),
    ),
    await row(
      "counts of a card, 10 and 20,000 limited replies",
      "signed in",
      of(sql, card(3)),
      of(sql, card(4)),
    ),
  ].join("\n")}\n`;
}

async function connect(
  stack: AsyncDisposableStack,
  port: number,
  name: string,
  role: string,
  person: string | null,
): Promise<Town> {
  const sql = postgres(databaseUrl(port, name), { max: 1, onnotice() {} });
  stack.defer(() => sql.end());
  const [who] = await sql`select md5(${person})::uuid as id`;
  const claims = JSON.stringify(person === null ? { role } : { role, sub: who?.id });
  await sql`select set_config('request.jwt.claims', ${claims}, false), set_config('role', ${role}, false)`;
  await sql`set statement_timeout = '20s'`;
  return sql;
}

const of = (sql: Town, query: string): Contender => ({
  name: query,
  run: () => sql.unsafe(query, [], { prepare: true }),
});

async function row(page: string, reader: string, small: Contender, large: Contender): Promise<string> {
  const [one, other] = await byTurns([small, large], 7, 10);
  if (!one || !other) throw new Error("two contenders give two figures");
  const { median, low, high } = ratio(other, one);
  const [a, b] = [one.p50Ms, other.p50Ms].map((ms) => ms.toFixed(2));
  return `| ${page} | ${reader} | ${a} | ${b} | ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}) |`;
}
