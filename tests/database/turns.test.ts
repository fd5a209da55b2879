/**
 * Turns: the writes of one person wait for each other, and for nobody else's. Writes
 * without a person come one after the other, and never deadlock.
 */
import postgres from "postgres";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let service: postgres.Sql;
let auth: postgres.Sql;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  const connect = (role: string, max: number) =>
    postgres(databaseUrl(db.port, db.name, role), { max, onnotice() {} });
  service = connect("authenticator", 48);
  auth = connect("supabase_auth_admin", 4);
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await Promise.all([service?.end(), auth?.end()]);
  await db?.[Symbol.asyncDispose]();
});

interface Request extends AsyncDisposable {
  sql: postgres.ReservedSql;
  pid: number;
}

/** A request of a person or of the service role. It stays open until it commits. */
async function begin(who?: Person): Promise<Request> {
  const sql = await db.admin.reserve();
  await sql`begin`;
  const [backend] = await sql`select pg_backend_pid() as pid`;
  const role = who ? "authenticated" : "service_role";
  await sql`select set_config('role', ${role}, true),
    set_config('request.jwt.claims', ${JSON.stringify({ role, ...(who && { sub: who.id }) })}, true)`;
  return {
    sql,
    pid: backend?.pid,
    async [Symbol.asyncDispose]() {
      await sql`rollback`;
      sql.release();
    },
  };
}

const toWait = ({ pid }: Request) =>
  vi.waitFor(async () => {
    const found = await db.owner`select from pg_locks where pid = ${pid} and not granted`;
    expect(found).not.toHaveLength(0);
  });

/** Two people who shared a turn when there were 1,024 turns for everybody. */
async function neighbours(): Promise<[Person, Person]> {
  const seen = new Map<number, Person>();
  for (let n = 0; ; n++) {
    const person = await db.signUp(`neighbour_${n}`);
    const [turn] = await db.admin`select (hashtextextended(${person.id}, 0) & 1023)::integer as old`;
    const other = seen.get(turn?.old);
    if (other) return [other, person];
    seen.set(turn?.old, person);
  }
}

test("a neighbour's like does not wait for somebody's long request", async () => {
  const [one, other] = await neighbours();
  const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('x') returning id`);
  await using long = await begin(one);
  await long.sql`insert into posts (content) select 'bulk' from generate_series(1, 100)`;
  await long.sql`insert into follows (followee_id) values (${alice.id})`;
  // The like is written while the other transaction is still open.
  await other.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
  await other.asks((sql) => sql`insert into posts (content) values ('mine')`);
  const [open] =
    await db.admin`select xact_start is not null as is_open from pg_stat_activity where pid = ${long.pid}`;
  expect(open?.is_open).toBe(true);
  expect(await db.admin`select from posts where content = 'bulk'`).toHaveLength(0);
  await long.sql`commit`;
  expect(await db.admin`select from posts where content = 'bulk'`).toHaveLength(100);
}, 60_000);

test("a like does not wait for a long request of the service role either", async () => {
  const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('x') returning id`);
  await using long = await begin();
  await long.sql`insert into posts (author_id, content) select ${bob.id}, 'import' from generate_series(1, 500)`;
  await alice.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
  await alice.asks((sql) => sql`insert into posts (content) values ('mine')`);
  expect(await db.admin`select from posts where content = 'import'`).toHaveLength(0);
  await long.sql`commit`;
});

test("alice's second request waits for her first", async () => {
  await using first = await begin(alice);
  await using second = await begin(alice);
  await first.sql`insert into posts (content) values ('first')`;
  const waiting = second.sql`insert into posts (content) values ('second')`.then(() => second.sql`commit`);
  await toWait(second);
  await first.sql`commit`;
  await waiting;
  expect(await db.admin`select from posts where content in ('first', 'second')`).toHaveLength(2);
});

test.each(["the post first", "the switch first"])(
  "a post that the service role writes for alice while she becomes private is limited: %s",
  async (order) => {
    const carol = await db.signUp(`carol_${order.replace(/\W/g, "_")}`);
    const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('?') returning id`);
    const write = (sql: postgres.ReservedSql) =>
      sql`insert into posts (author_id, content, reply_to_id) values (${carol.id}, '!', ${post?.id})`;
    const close = (sql: postgres.ReservedSql) =>
      sql`update profiles set is_private = true where id = ${carol.id}`;
    const [one, two] = order === "the post first" ? [write, close] : [close, write];
    await using first = await begin(one === write ? undefined : carol);
    await using second = await begin(two === write ? undefined : carol);
    await one(first.sql);
    const waiting = two(second.sql).then(() => second.sql`commit`);
    await toWait(second);
    await first.sql`commit`;
    await waiting;
    expect(await db.admin`select from private.limited_posts where author_id = ${carol.id}`).toHaveLength(1);
    expect(await differences(db.admin)).toEqual({});
  },
);

test.each(["the post first", "the switch first"])(
  "a post that alice writes while the service role makes her private is limited: %s",
  async (order) => {
    const carol = await db.signUp(`dora_${order.replace(/\W/g, "_")}`);
    const write = (sql: postgres.ReservedSql) => sql`insert into posts (content) values ('mine')`;
    const close = (sql: postgres.ReservedSql) =>
      sql`update profiles set is_private = true where id = ${carol.id}`;
    const [one, two] = order === "the post first" ? [write, close] : [close, write];
    await using first = await begin(one === write ? carol : undefined);
    await using second = await begin(two === write ? carol : undefined);
    await one(first.sql);
    const waiting = two(second.sql).then(() => second.sql`commit`);
    await toWait(second);
    await first.sql`commit`;
    await waiting;
    expect(await db.admin`select is_open from posts where author_id = ${carol.id}`).toEqual([
      { is_open: false },
    ]);
  },
);

test.each([
  ["on", "the post first"],
  ["on", "the switch first"],
  ["off", "the post first"],
  ["off", "the switch first"],
])("the service role switches is_searchable %s while the author writes a post: %s", async (to, order) => {
  const author = await db.signUp(`author_${to}_${order.slice(4, 8)}`);
  await db.admin`update profiles set is_searchable = ${to === "off"} where id = ${author.id}`;
  const write = (sql: postgres.ReservedSql) => sql`insert into posts (content) values ('mine')`;
  const change = (sql: postgres.ReservedSql) =>
    sql`update profiles set is_searchable = ${to === "on"} where id = ${author.id}`;
  const [one, two] = order === "the post first" ? [write, change] : [change, write];
  await using first = await begin(one === write ? author : undefined);
  await using second = await begin(two === write ? author : undefined);
  await one(first.sql);
  const waiting = two(second.sql).then(() => second.sql`commit`);
  await Promise.race([waiting, toWait(second)]);
  await first.sql`commit`;
  await waiting;
  expect(await db.admin`select is_findable from private.post_search where author_id = ${author.id}`).toEqual([
    { is_findable: to === "on" },
  ]);
});

test("a quote does not wait for the profiles that the service role changes", async () => {
  const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('?') returning id`);
  await using long = await begin();
  await long.sql`update profiles set bio = 'by the house' where id in (${alice.id}, ${bob.id})`;
  await alice.asks((sql) => sql`insert into posts (content, quote_of_id) values ('!', ${post?.id})`);
  await alice.asks((sql) => sql`insert into posts (repost_of_id) values (${post?.id})`);
  expect(await db.admin`select from profiles where bio = 'by the house'`).toHaveLength(0);
  await long.sql`commit`;
  expect(await db.admin`select from profiles where bio = 'by the house'`).toHaveLength(2);
});

test.each(["the follow first", "the block first"])(
  "the service role imports bob's follow of alice while she blocks him: %s",
  async (order) => {
    const [her, him] = [
      await db.signUp(`her_${order.slice(4, 6)}`),
      await db.signUp(`him_${order.slice(4, 6)}`),
    ];
    const follow = (sql: postgres.ReservedSql) =>
      sql`insert into follows (follower_id, followee_id) values (${him.id}, ${her.id})`;
    const block = (sql: postgres.ReservedSql) => sql`insert into blocks (blocked_id) values (${him.id})`;
    const [one, two] = order === "the follow first" ? [follow, block] : [block, follow];
    await using first = await begin(one === block ? her : undefined);
    await using second = await begin(two === block ? her : undefined);
    await one(first.sql);
    const waiting = two(second.sql).then(
      () => second.sql`commit`,
      (error) => error,
    );
    await toWait(second);
    await first.sql`commit`;
    const outcome = await waiting;
    if (two === follow) expect(outcome).toMatchObject({ code: "PT404", detail: "profile_not_found" });
    expect(await db.admin`select from blocks where blocker_id = ${her.id}`).toHaveLength(1);
    expect(await db.admin`select from follows where followee_id = ${her.id}`).toHaveLength(0);
  },
);

test.each(["all pass", "while an account is deleted: no deadlock"])(
  "48 bulk requests of the service role at once, with the same rows in 48 orders: %s",
  async (what) => {
    const leaves = what !== "all pass";
    const town = leaves ? "city" : "town";
    await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', ${town}::text || n)
    from generate_series(1, 46) as n`;
    const everybody = (
      await db.admin`select id from profiles where starts_with(username, ${town}) order by username`
    ).map(({ id }) => id);
    // The people who block take part in nothing else.
    const [people, blocking] = [everybody.slice(0, 40), everybody.slice(40)];
    await db.admin`
    insert into posts (author_id, content) select id, ${`bulk of ${town}`} from unnest(${people}::uuid[]) as id`;
    const posts = (await db.admin`select id from posts where content = ${`bulk of ${town}`}`).map(({ id }) =>
      Number(id),
    );
    const cases = {
      likes: (sql: postgres.TransactionSql, seed: number) => sql`
      insert into likes (user_id, post_id)
      select u, p from unnest(${people}::uuid[]) as u, unnest(${posts}::bigint[]) as p
      order by md5(${seed} || u::text || p) limit 300 on conflict do nothing`,
      follows: (sql: postgres.TransactionSql, seed: number) => sql`
      insert into follows (follower_id, followee_id)
      select a, b from unnest(${people}::uuid[]) as a, unnest(${people}::uuid[]) as b where a <> b
      order by md5(${seed} || a::text || b) limit 300 on conflict do nothing`,
      posts: (sql: postgres.TransactionSql, seed: number) => sql`
      insert into posts (author_id, content, reply_to_id, quote_of_id)
      select u, 'reply ' || ${seed}, p, ${posts[0] as number}
      from unnest(${people}::uuid[]) as u, unnest(${posts}::bigint[]) as p
      order by md5(${seed} || u::text || p) limit 60`,
      bios: (sql: postgres.TransactionSql, seed: number) => sql`
      update profiles set bio = ${`${seed}`}
      from (select u, md5(${seed} || u) from unnest(${people}::uuid[]) as u order by 2) as person
      where id = u`,
      blocks: (sql: postgres.TransactionSql, seed: number) => sql`
      insert into blocks (blocker_id, blocked_id)
      select a, b from unnest(${blocking}::uuid[]) as a, unnest(${blocking}::uuid[]) as b
      where a < b order by md5(${seed} || a || b) on conflict do nothing`,
      unlikes: (sql: postgres.TransactionSql, seed: number) => sql`
      delete from likes
      using (
        select u, p, md5(${seed} || u::text || p) from unnest(${people}::uuid[]) as u, unnest(${posts}::bigint[]) as p
        order by 3 limit 300
      ) as one
      where user_id = u and post_id = p`,
    };
    const names = Object.keys(cases) as (keyof typeof cases)[];
    const bulk = (n: number) =>
      service.begin(async (sql) => {
        await sql`select set_config('role', 'service_role', true),
        set_config('request.jwt.claims', '{"role": "service_role"}', true)`;
        return (await cases[names[n % names.length] as keyof typeof cases](sql, n)).count;
      });
    // At the same time people write, an account is deleted, and drafts that are due are published.
    const writers = await Promise.all([1, 2, 3].map((n) => db.signUp(`${town}_writer_${n}`)));
    for (const { asks } of writers) {
      await asks(
        (sql) => sql`
        insert into drafts (content, reply_to_id, publish_at)
        select 'due', p, now() from unnest(${posts.slice(0, 20)}::bigint[]) as p`,
      );
    }
    const beside = [
      ...writers.flatMap(({ asks }) =>
        posts.slice(0, 10).map((post) => async () => {
          await asks(
            (sql) =>
              sql`insert into posts (content, reply_to_id, quote_of_id) values ('x', ${post}, ${posts[39] as number})`,
          );
          await asks(
            (sql) =>
              sql`insert into likes (post_id) select unnest(${posts.slice(0, 10)}::bigint[]) on conflict do nothing`,
          );
        }),
      ),
      ...(leaves ? [() => auth`delete from auth.users where id = ${people[39]}`] : []),
      () => db.owner`select private.publish_due_drafts()`,
    ];
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 48 }, (_, n) => bulk(n)),
      ...beside.map((work) => work()),
    ]);
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [`${outcome.reason}`] : [],
    );
    // A request may reply to a post of the deleted account, or write in its name.
    expect(failures.filter((failure) => !leaves || !/There is no such|foreign key/.test(failure))).toEqual(
      [],
    );
    expect(await db.admin`select from likes`).not.toHaveLength(0);
    expect(await db.admin`select from posts where content = 'due'`).not.toHaveLength(0);
    expect(await differences(db.admin)).toEqual({});
  },
  120_000,
);

/** Two who ask two private accounts, one each: the first requester's id is the lower one, or the higher one. */
test.each(["lower", "higher"])(
  "the service role opens two accounts while somebody changes two of their requesters: the %s asks the first",
  async (order) => {
    const people = await Promise.all([1, 2, 3, 4].map((n) => db.signUp(`open_${order}_${n}`)));
    const [first, second, ...asking] = people as [Person, Person, Person, Person];
    const [lower, higher] = asking.toSorted((a, b) => (a.id < b.id ? -1 : 1)) as [Person, Person];
    const [one, two] = order === "lower" ? [lower, higher] : [higher, lower];
    await db.admin`update profiles set is_private = true where id in ${db.admin([first.id, second.id])}`;
    await one.asks((sql) => sql`select follow(${first.id})`);
    await two.asks((sql) => sql`select follow(${second.id})`);

    // What everybody does who follows one of them: both counts, in order.
    await using other = await begin();
    const count = (who: Person) =>
      other.sql`reset role`.then(
        () => other.sql`select from private.follow_counts where profile_id = ${who.id} for no key update`,
      );
    await count(lower);
    await using opening = await begin();
    const opened = opening.sql`
      update profiles set is_private = false where id in ${db.admin([first.id, second.id])}`.then(
      () => opening.sql`commit`,
    );
    await toWait(opening);
    expect(await count(higher)).toHaveLength(1);
    await other.sql`commit`;
    await opened;
    expect(
      await db.admin`select from follows where follower_id in ${db.admin([lower.id, higher.id])}`,
    ).toHaveLength(2);
  },
);
