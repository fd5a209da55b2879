/** Budgets: what a person may do in a minute, an hour and a day, and in one statement. */
import postgres, { type TransactionSql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database, openTransaction, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let auth: postgres.Sql;
let names = 0;
beforeAll(async () => {
  db = await createDatabase();
  auth = postgres(databaseUrl(db.port, db.name, "supabase_auth_admin"), { max: 2, onnotice() {} });
});
beforeEach(async () => {
  names++;
  alice = await db.signUp(`alice_${names}`, undefined, { limited: true });
  bob = await db.signUp(`bob_${names}`);
});
afterAll(async () => {
  await auth?.end();
  await db?.[Symbol.asyncDispose]();
});

/** Lets a person do an action this often in a minute, an hour and a day. */
const allow = (action: string, minute: number, hour = minute, day = hour, who = alice) =>
  db.as("service_role")(
    (sql) => sql`select set_limits(${who.id}, ${minute}, ${hour}, ${day}, ${action}) as changed`,
  );
/** Acts as if this much time had passed. */
const later = (interval: string) =>
  db.admin`
    update private.usage
    set minute_until = minute_until - ${interval}::interval, hour_until = hour_until - ${interval}::interval,
      day_until = day_until - ${interval}::interval
  `;
const limit = async (action: string, who = alice) =>
  (await who.asks((sql) => sql`select * from limits() where action = ${action}`))[0];

/** A refusal as PostgREST answers it. */
async function limited(request: Promise<unknown>) {
  const { code, message, detail } = await refusal(request);
  expect(code, message).toBe("PGRST");
  return { body: JSON.parse(message), ...JSON.parse(detail as string) };
}

const posting =
  (n = 1, who = alice) =>
  () =>
    who.asks((sql) => sql`insert into posts (content) select 'x' from generate_series(1, ${n}::int)`);
const muting = (from: number, to: number, who = alice) =>
  who.asks(
    (sql) => sql`
      insert into mutes (muted_id)
      select id from profiles where username like 'crowd\\_%' order by username offset ${from} limit ${to - from}
    `,
  );

describe("alice, over her budget", () => {
  test("gets 429, the time when she may go on, and Retry-After", async () => {
    await allow("post", 2, 9);
    await posting()();
    await posting()();
    const { body, status, headers } = await limited(posting()());
    expect(body).toMatchObject({ code: "PT429", details: "rate_limited" });
    expect(status).toBe(429);
    expect(body.hint).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Number(headers["Retry-After"])).toBeGreaterThan(0);
    expect(Number(headers["Retry-After"])).toBeLessThanOrEqual(60);
    const seconds = (Date.parse(body.hint) - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(62);
    expect(await db.admin`select from posts where author_id = ${alice.id}`).toHaveLength(2);
    // Bob has a budget of his own.
    await posting(3, bob)();
  });

  test("goes on when the minute, the hour and the day are over", async () => {
    await allow("post", 1, 2, 3);
    await posting()();
    await limited(posting()());
    await later("1 minute");
    await posting()();
    await later("1 minute");
    const hour = await limited(posting()());
    expect(Number(hour.headers["Retry-After"])).toBeGreaterThan(3000);
    await later("1 hour");
    await posting()();
    await later("1 hour");
    const day = await limited(posting()());
    expect(Number(day.headers["Retry-After"])).toBeGreaterThan(70_000);
    await later("1 day");
    await posting()();
  });

  test("spends nothing on a write that fails", async () => {
    await allow("post", 1);
    expect(await refusal(alice.asks((sql) => sql`insert into posts (content) values ('')`))).toMatchObject({
      detail: "content_length",
    });
    await posting()();
  });

  test("reads her own budget, and nobody else's", async () => {
    await allow("like", 20, 30, 100);
    expect(await limit("like")).toEqual({
      action: "like",
      allowed: 20,
      per: "minute",
      left: 20,
      resets_at: null,
    });
    const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('x') returning id`);
    await alice.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
    expect(await limit("like")).toMatchObject({
      allowed: 20,
      per: "minute",
      left: 19,
      resets_at: expect.any(Date),
    });
    await db.admin`update private.usage set hour_used = 15 where profile_id = ${alice.id}`;
    expect(await limit("like")).toMatchObject({ allowed: 30, per: "hour", left: 15 });
    expect(await limit("like", bob)).toMatchObject({ left: 1_000_000 });
    const actions = await db.admin`select action from private.limits`;
    const hers = await alice.asks((sql) => sql`select action from limits()`);
    expect(hers.map((row) => row.action).sort()).toEqual(actions.map((row) => row.action).sort());
  });
});

describe("the amounts", () => {
  test("are smaller for an account younger than a day, or than seven days if nobody trusted has to do with it", async () => {
    const [post] = await db.admin`select * from private.limits where action = 'post'`;
    expect(await limit("post")).toMatchObject({ allowed: post?.newcomer_per_minute });
    await db.admin`update profiles set created_at = now() - interval '25 hours' where id = ${alice.id}`;
    expect(await limit("post")).toMatchObject({ allowed: post?.newcomer_per_minute });
    await db.admin`insert into private.trust (profile_id, weight, counts) values (${alice.id}, 0.01, false)`;
    expect(await limit("post")).toMatchObject({ allowed: post?.per_minute });
    await db.admin`delete from private.trust`;
    expect(await limit("post")).toMatchObject({ allowed: post?.newcomer_per_minute });
    await db.admin`update profiles set created_at = now() - interval '169 hours' where id = ${alice.id}`;
    expect(await limit("post")).toMatchObject({ allowed: post?.per_minute });
    const odd = await db.admin`
      select action from private.limits
      where newcomer_per_minute > per_minute or newcomer_per_hour > per_hour or newcomer_per_day > per_day
        or per_minute > per_hour or per_hour > per_day
        or newcomer_per_minute > newcomer_per_hour or newcomer_per_hour > newcomer_per_day`;
    expect([...odd]).toEqual([]);
  });

  test("can be changed for one person by the service role, and changed back", async () => {
    const usual = await limit("post");
    await allow("post", 7);
    expect(await limit("post")).toMatchObject({ allowed: 7 });
    await db.as("service_role")((sql) => sql`select set_limits(${alice.id})`);
    expect(await limit("post")).toEqual(usual);
    const [all] = await db.as("service_role")(
      (sql) => sql`select set_limits(${alice.id}, 5, 5, 5) as changed`,
    );
    const [actions] = await db.admin`select count(*) from private.limits`;
    expect(all?.changed).toBe(actions?.count);
    expect(await limit("search")).toMatchObject({ allowed: 5 });
  });
});

describe("what counts", () => {
  /** For each action, a request that spends one of it. */
  const acts: Record<string, (sql: TransactionSql, post: number) => Promise<unknown>> = {
    post: (sql) => sql`insert into posts (content) values ('x')`,
    reply: (sql, post) => sql`insert into posts (content, reply_to_id) values ('x', ${post})`,
    quote: (sql, post) => sql`insert into posts (content, quote_of_id) values ('x', ${post})`,
    repost: (sql, post) => sql`insert into posts (repost_of_id) values (${post})`,
    edit: (sql) => sql`update posts set content = 'y' where content = 'mine'`,
    like: (sql, post) => sql`insert into likes (post_id) values (${post})`,
    bookmark: (sql, post) => sql`insert into bookmarks (post_id) values (${post})`,
    draft: (sql) => sql`insert into drafts (content) values ('x')`,
    follow: (sql) => sql`select follow(${bob.id})`,
    follow_request: (sql) => sql`select follow((select id from profiles where username = 'closed'))`,
    tag_follow: (sql) => sql`insert into tag_follows (tag) values ('garden')`,
    block: (sql) => sql`insert into blocks (blocked_id) select id from profiles where username = 'closed'`,
    mute: (sql) => sql`insert into mutes (muted_id) values (${bob.id})`,
    list: (sql) => sql`insert into lists (name) values ('x')`,
    list_member: (sql) => sql`insert into list_members select id, ${bob.id} from lists where name = 'mine'`,
    profile: (sql) => sql`update profiles set bio = 'x' where id = ${alice.id}`,
    privacy: (sql) => sql`update profiles set is_private = true where id = ${alice.id}`,
    metadata: () => auth`update auth.users set raw_user_meta_data = '{"a": 1}' where id = ${alice.id}`,
    setting: (sql) => sql`insert into notification_preferences (kind) values ('like')`,
    mark_read: (sql) => sql`select mark_read(0)`,
    search: (sql) => sql`select private.spend('search')`,
    suggestion: (sql) => sql`select dismiss_suggestion(${bob.id})`,
    conversation: (sql) => sql`select create_group('x')`,
    membership: (sql) => sql`select create_invite(${room.id})`,
    message: (sql) => sql`select send_message(${room.id}, gen_random_uuid()::text, 'x')`,
    message_edit: (sql) => sql`select edit_message(${room.message}, 'y')`,
    reaction: (sql) => sql`select react(${room.message}, '👍')`,
  };
  /** A group of alice's, with one message. */
  let room: { id: string; message: string };
  const openRoom = async () => {
    const [row] = await alice.asks(async (sql) => {
      const [group] = await sql`select create_group('room') as id`;
      return await sql`select ${group?.id}::text as id, (send_message(${group?.id}, gen_random_uuid()::text, 'x')).id::text as message`;
    });
    room = row as typeof room;
  };
  let closed: Person;
  beforeAll(async () => {
    closed = await db.signUp("closed");
    await closed.asks((sql) => sql`update profiles set is_private = true where id = ${closed.id}`);
  });

  test("every action is one of these", async () => {
    const actions = await db.admin`select action from private.limits`;
    expect(actions.map((row) => row.action).sort()).toEqual(Object.keys(acts).sort());
  });

  test.each(Object.keys(acts))("%s", async (action) => {
    const act = acts[action] as (sql: TransactionSql, post: number) => Promise<unknown>;
    const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('x') returning id`);
    await alice.asks((sql) => sql`insert into posts (content) values ('mine')`);
    await alice.asks((sql) => sql`insert into lists (name) values ('mine')`);
    await openRoom();
    await db.admin`delete from private.usage`;
    // Undoes the action by hand, so that alice can do it again.
    const again = async () => {
      await db.admin`update posts set content = 'mine' where content = 'y'`;
      await db.admin`delete from posts where author_id = ${alice.id} and content <> 'mine'`;
      for (const table of [
        "likes",
        "bookmarks",
        "mutes",
        "blocks",
        "follows",
        "follow_requests",
        "tag_follows",
        "notification_preferences",
        "private.suggestion_dismissals",
      ])
        await db.admin.unsafe(`delete from ${table}`);
      await db.admin`delete from list_members`;
      await openRoom();
      await db.admin`update profiles set is_private = false where id = ${alice.id}`;
      await auth`update auth.users set raw_user_meta_data = '{}' where id = ${alice.id}`;
    };
    await alice.asks((sql) => act(sql, post?.id));
    const spent = await db.admin`select action, day_used from private.usage where profile_id = ${alice.id}`;
    const expected = [{ action, day_used: 1 }];
    if (action === "privacy") expected.push({ action: "profile", day_used: 1 });
    expect([...spent].sort((a, b) => b.action.localeCompare(a.action))).toEqual(
      expected.sort((a, b) => b.action.localeCompare(a.action)),
    );

    await again();
    await db.admin`delete from private.usage`;
    await allow(action, 0);
    const refused = await refusal(alice.asks((sql) => act(sql, post?.id)));
    if (action === "metadata") expect(refused).toMatchObject({ code: "PT429", detail: "rate_limited" });
    else expect(JSON.parse(refused.message)).toMatchObject({ details: "rate_limited" });
  });

  test("the service role, anonymous readers and accepted followers spend nothing", async () => {
    await db.as("service_role")(
      (sql) =>
        sql`insert into posts (author_id, content) select ${alice.id}, 'x' from generate_series(1, 150)`,
    );
    await db.as("anon")((sql) => sql`select private.spend('search')`);
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    await bob.asks((sql) => sql`select follow(${alice.id})`);
    await db.admin`delete from private.usage`;
    await alice.asks((sql) => sql`select accept_follow_request(${bob.id})`);
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(1);
    expect(await db.admin`select from private.usage`).toHaveLength(0);
  });

  test("alice has no budget for follows, and going public still accepts all requests", async () => {
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    for (const who of [bob, closed]) await who.asks((sql) => sql`select follow(${alice.id})`);
    await allow("follow", 0);
    await alice.asks((sql) => sql`update profiles set is_private = false where id = ${alice.id}`);
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(2);
  });

  test("every row of a statement counts, and counts once", async () => {
    await db.admin`
      insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
      select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
        jsonb_build_object('username', 'crowd_' || lpad(n::text, 3, '0'))
      from generate_series(1, 110) as n`;
    await allow("mute", 60);
    await muting(0, 40);
    expect(await limit("mute")).toMatchObject({ left: 20 });
    await limited(muting(40, 61));
    await muting(40, 60);
    expect(await limit("mute")).toMatchObject({ left: 0 });

    await later("1 minute");
    await allow("mute", 1000);
    const edit = () => alice.asks((sql) => sql`update mutes set muted_until = now() + interval '1 day'`);
    await edit();
    const used = () => db.admin`select day_used from private.usage where profile_id = ${alice.id}`;
    expect(await used()).toEqual([{ day_used: 120 }]);
    // 100 rows are tried. Only the rows that are written cost something.
    await alice.asks(
      (sql) => sql`
        insert into mutes (muted_id) select id from profiles where username like 'crowd\\_%' limit 100
        on conflict do nothing`,
    );
    const [row] = await used();
    expect(row?.day_used).toBeGreaterThanOrEqual(160);
    expect(row?.day_used).toBeLessThanOrEqual(161);
  });
});

describe("a statement of alice's", () => {
  const tooMany = { code: "PT400", detail: "too_many_rows" };

  test("writes, changes or deletes at most 100 rows", async () => {
    await db.as("service_role")((sql) => sql`select set_limits(${alice.id}, 10000, 10000, 10000)`);
    expect(await refusal(posting(101)())).toMatchObject(tooMany);
    await posting(100)();
    expect(await limit("post")).toMatchObject({ left: 9900 });
    await posting(1)();
    const edit = (limit: number) =>
      alice.asks(
        (sql) => sql`
          update posts set content = 'y'
          where id in (select id from posts where author_id = ${alice.id} limit ${limit})`,
      );
    expect(await refusal(edit(101))).toMatchObject(tooMany);
    expect((await edit(100)).count).toBe(100);
    const remove = (limit: number) =>
      alice.asks(
        (sql) => sql`
          delete from posts where id in (select id from posts where author_id = ${alice.id} limit ${limit})`,
      );
    expect(await refusal(remove(101))).toMatchObject(tooMany);
    expect((await remove(100)).count).toBe(100);
    expect(await db.admin`select from posts where author_id = ${alice.id}`).toHaveLength(1);
  });

  test("that deletes one post deletes all its likes and reposts, even more than 100", async () => {
    const [post] = await alice.asks((sql) => sql`insert into posts (content) values ('x') returning id`);
    await db.admin`
      insert into likes (user_id, post_id)
      select id, ${post?.id} from profiles where username like 'crowd\\_%'`;
    expect(await db.admin`select from likes where post_id = ${post?.id}`).toHaveLength(110);
    await alice.asks((sql) => sql`delete from posts where id = ${post?.id}`);
    expect(await db.admin`select from likes where post_id = ${post?.id}`).toHaveLength(0);
  });

  test("of the service role has no such limit, except for blocks", async () => {
    const block = (n: number) =>
      db.as("service_role")(
        (sql) => sql`
          insert into blocks (blocker_id, blocked_id)
          select a.id, b.id from profiles as a cross join profiles as b
          where a.id < b.id and a.username like 'crowd\\_%' and b.username like 'crowd\\_%'
          limit ${n}`,
      );
    expect(await refusal(block(1001))).toMatchObject(tooMany);
    expect((await block(1000)).count).toBe(1000);
    await db.admin`delete from blocks`;
  });
});

test("two requests race for the last unit, and exactly one passes", async () => {
  for (const [action, act] of Object.entries({
    post: (sql: TransactionSql) => sql`insert into posts (content) values ('x')`,
    block: (sql: TransactionSql) =>
      sql`insert into blocks (blocked_id) values (${bob.id}) on conflict do nothing`,
    search: (sql: TransactionSql) => sql`select private.spend('search')`,
  })) {
    await allow(action, 4);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => alice.asks(act)));
    expect(
      outcomes.filter(({ status }) => status === "fulfilled"),
      action,
    ).toHaveLength(4);
    for (const outcome of outcomes)
      if (outcome.status === "rejected") expect(outcome.reason.code).toBe("PGRST");
    expect(await limit(action)).toMatchObject({ left: 0 });
  }
});

test("a deleted account leaves no usage behind, even if its owner writes at this moment", async () => {
  await using stack = new AsyncDisposableStack();
  const writing = await openTransaction(db.admin, stack);
  await writing`select set_config('role', 'authenticated', true),
    set_config('request.jwt.claims', ${JSON.stringify({ sub: alice.id, role: "authenticated" })}, true)`;
  await writing`insert into posts (content) values ('one')`;
  const leaving = auth`delete from auth.users where id = ${alice.id}`.then((result) => result.count);
  await vi.waitFor(async () => {
    const waiting = await db.admin`
      select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`;
    expect(waiting).not.toHaveLength(0);
  });
  await writing`insert into posts (content) values ('two')`;
  await writing`commit`;
  expect(await leaving).toBe(1);
  expect(await db.admin`select from private.usage where profile_id = ${alice.id}`).toHaveLength(0);
});

test("usage of a day that is over is deleted, and usage of today is not", async () => {
  await allow("post", 5);
  await posting()();
  await posting(1, bob)();
  await db.admin`update private.usage set day_until = now() - interval '1 second' where profile_id = ${bob.id}`;
  const left = async () =>
    (await db.admin`select profile_id from private.usage where action = 'post'`).map((row) => row.profile_id);
  expect(await left()).toEqual(expect.arrayContaining([alice.id, bob.id]));
  await db.owner`select private.forget_usage()`;
  expect(await left()).toContain(alice.id);
  expect(await left()).not.toContain(bob.id);
  expect(await limit("post")).toMatchObject({ left: 4 });
});

test("an account is deleted while its owner blocks, is blocked and posts, without a deadlock", async () => {
  for (let n = 0; n < 8; n++) {
    const [leaving, other] = [
      await db.signUp(`leaving_${names}_${n}`),
      await db.signUp(`other_${names}_${n}`, undefined, { limited: true }),
    ];
    await leaving.asks((sql) => sql`select follow(${other.id})`);
    const outcomes = await Promise.allSettled([
      leaving.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`),
      other.asks((sql) => sql`insert into blocks (blocked_id) values (${leaving.id})`),
      leaving.asks((sql) => sql`insert into posts (content) select 'x' from generate_series(1, 20)`),
      leaving.asks((sql) => sql`update profiles set is_private = not is_private where id = ${leaving.id}`),
      allow("post", 50, 50, 50, leaving),
      auth`delete from auth.users where id = ${leaving.id}`,
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(["PT401", "PT404"]).toContain(outcome.reason.code);
    }
    expect(outcomes[5]?.status).toBe("fulfilled");
  }
  // If somebody held a row when the account was deleted, forget_usage() deletes it a day later.
  const left = () => db.admin`select from private.usage where profile_id not in (select id from profiles)`;
  await db.admin`
    update private.usage set day_until = now() - interval '1 second'
    where profile_id not in (select id from profiles)`;
  await db.owner`select private.forget_usage()`;
  expect(await left()).toHaveLength(0);
});
