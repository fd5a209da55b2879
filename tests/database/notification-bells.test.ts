/** Bells: the followers who are notified of each new post, few or many, exactly once. */
import type postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createSession } from "../../platform/database/session.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

let db: Database;
let bob: Person;
let round = 0;
beforeAll(async () => {
  db = await createDatabase();
  // 300 people who need no requests of their own.
  await db.admin`
    insert into auth.users (
      instance_id, id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data
    )
    select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated',
      'fan' || n || '@example.com', now(), '{}', jsonb_build_object('username', 'fan_' || n)
    from generate_series(1, 300) as n`;
});
beforeEach(async () => {
  round++;
  bob = await db.signUp(`bob${round}`);
});
afterEach(async () => {
  expect(await differences(db.admin)).toEqual({});
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** This many fans follow bob, and ring his bell. */
const fans = async (many: number, of = bob) => {
  await db.admin`
    insert into follows (follower_id, followee_id, notifies)
    select id, ${of.id}, true from profiles where username like 'fan\\_%' order by id limit ${many}`;
  // He is told of his new followers.
  await act.deliver(db);
};
/** How many people are told of a post, and how often one of them is. */
const toldOf = async (post: number) => {
  const [row] = await db.admin`
    select count(*) as people, coalesce(max(times), 0) as most
    from (
      select count(*) as times from private.notifications
      where object_id = ${post} and kind = 'post' and withdrawn_at is null
      group by recipient_id
    ) as told`;
  return [row?.people, row?.most];
};
const once = (people: number) => [people, people > 0 ? 1 : 0];
const fanOuts = () => db.admin`select kind, object_id from private.fan_outs`;
const queued = async () => (await db.admin`select from private.notice_queue`).length;

describe("bob writes a post", () => {
  test.each([0, 1, 20])("%i fans are told at once", async (many) => {
    await fans(many);
    const post = await act.write(bob, "news");
    expect(await fanOuts()).toHaveLength(0);
    expect(await toldOf(post)).toEqual(once(many));
  });

  test.each([21, 100, 300])(
    "%i fans: his transaction writes one row, and the job tells each of them once",
    async (many) => {
      await fans(many);
      const post = await act.write(bob, "news");
      expect(await fanOuts()).toEqual([{ kind: "post", object_id: post }]);
      expect(await queued()).toBe(0);
      expect(await toldOf(post)).toEqual(once(0));
      await act.deliver(db);
      expect(await toldOf(post)).toEqual(once(many));
      await act.deliver(db);
      expect(await toldOf(post)).toEqual(once(many));
      expect(await fanOuts()).toHaveLength(0);
    },
  );

  test("a reply and a repost ring no bell", async () => {
    await fans(1);
    const carol = await db.signUp(`carol${round}`);
    const other = await act.write(carol, "other");
    const reply = await act.write(bob, "yes", { reply_to_id: other });
    await act.repost(bob, other);
    for (const id of [reply, other]) expect(await toldOf(id)).toEqual(once(0));
    const quote = await act.write(bob, "look", { quote_of_id: other });
    expect(await toldOf(quote)).toEqual(once(1));
  });

  test("carol follows him, and is told from the moment when she rings until she stops", async () => {
    const carol = await db.signUp(`carol${round}`);
    const rings = async (notifies: boolean) => {
      await carol.asks((sql) => sql`update follows set notifies = ${notifies} where followee_id = ${bob.id}`);
      // Her page of bob says it.
      const page = await carol.asks(
        (sql) => sql`
          select page.notifies from profiles, profile(profiles.username) as page where profiles.id = ${bob.id}`,
      );
      expect([...page]).toEqual([{ notifies }]);
    };
    await act.follow(carol, bob);
    await act.write(bob, "1");
    expect(await act.told(carol)).toEqual([]);
    await rings(true);
    const second = await act.write(bob, "2");
    expect((await act.groups(carol)).map((group) => group.post?.id)).toEqual([second]);
    await rings(false);
    await act.write(bob, "3");
    expect(await act.groups(carol)).toHaveLength(1);
  });

  test("only the people in its audience are told", async () => {
    await fans(1);
    const carol = await db.signUp(`carol${round}`);
    await act.ring(carol, bob);
    const post = await act.write(bob, `@${carol.username}`, { audience: "mentioned" });
    expect(await toldOf(post)).toEqual(once(0));
    expect(await act.told(carol)).toEqual([`mention 1: ${bob.username}`]);
  });
});

describe("the job", () => {
  const call = (sql: postgres.Sql | postgres.ReservedSql, time = "1 minute") =>
    sql.unsafe(`call private.deliver_waiting_notices('${time}')`);

  test("runs twice at the same time, and everybody is told once", async () => {
    await fans(300);
    const post = await act.write(bob, "news");
    await Promise.all([call(db.owner), call(db.admin), call(db.owner), act.write(bob, "more")]);
    await act.deliver(db);
    expect(await toldOf(post)).toEqual(once(300));
  });

  test("batches run at the same time in two transactions, and everybody is told once", async () => {
    await fans(300);
    const posts = [await act.write(bob, "1"), await act.write(bob, "2"), await act.write(bob, "3")];
    const work = async () => {
      for (;;) {
        const [row] = await db.admin`select private.deliver_batch() as goes_on`;
        if (!row?.goes_on) return;
      }
    };
    await Promise.all([work(), work(), work()]);
    await act.deliver(db);
    for (const post of posts) expect(await toldOf(post)).toEqual(once(300));
  });

  test("is killed in the middle, and the next run tells the rest, each once", async () => {
    await fans(300);
    const post = await act.write(bob, "news");
    const [lastFan] = await db.admin`
      select max(follower_id::text) as id from follows where followee_id = ${bob.id}`;
    // The job waits for the stream of the last fan. So it is in the middle when it is killed.
    const holder = await db.admin.reserve();
    await holder`begin`;
    await holder`select from private.streams where user_id = ${lastFan?.id} for update`;
    // The driver alone does not survive the end of its connection.
    await using worker = createSession({ databaseUrl: db.url, name: "worker" });
    const [{ pid }] = (await worker.sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    const run = call(worker.sql).then(
      () => "finished",
      () => "killed",
    );
    try {
      await vi.waitFor(
        async () => {
          const waits = await db.owner`select from pg_locks where pid = ${pid} and not granted`;
          expect(waits).not.toHaveLength(0);
        },
        { timeout: 20_000 },
      );
      const [soFar] = await toldOf(post);
      expect(soFar).toBeGreaterThan(0);
      expect(soFar).toBeLessThan(300);
      await db.admin`select pg_terminate_backend(${pid})`;
      expect(await run).toBe("killed");
    } finally {
      await holder`rollback`;
      holder.release();
    }
    await act.deliver(db);
    expect(await toldOf(post)).toEqual(once(300));
  });

  test("stops when its time is over, and goes on in the next run", async () => {
    await fans(300);
    const post = await act.write(bob, "news");
    await call(db.owner, "0 seconds");
    const [people] = await toldOf(post);
    expect(people).toBeGreaterThan(0);
    expect(people).toBeLessThan(300);
    await act.deliver(db);
    expect(await toldOf(post)).toEqual(once(300));
  });

  test("a post that is deleted under way is told to nobody, and leaves nothing", async () => {
    await fans(300);
    const post = await act.write(bob, "news");
    await call(db.owner, "0 seconds");
    expect((await toldOf(post))[0]).toBeGreaterThan(0);
    await act.remove(bob, post);
    await act.deliver(db);
    expect(await toldOf(post)).toEqual(once(0));
    const groups = await db.admin`select from private.notification_groups where object_id = ${post}`;
    expect(groups).toHaveLength(0);
  });

  test("an author who becomes private, or is deleted under way, is told to followers only, or to nobody", async () => {
    await fans(300);
    const post = await act.write(bob, "news");
    await call(db.owner, "0 seconds");
    await act.setPrivate(bob, true);
    await act.deliver(db);
    expect(await toldOf(post)).toEqual(once(300)); // Fans are followers.
    const second = await act.write(bob, "more");
    await call(db.owner, "0 seconds");
    await act.deleteAccount(db, bob);
    await act.deliver(db);
    for (const id of [post, second]) expect(await toldOf(id)).toEqual(once(0));
  });

  test("a fan-out to 300 does not delay one to 21", async () => {
    await fans(300);
    const carol = await db.signUp(`carol${round}`);
    await fans(21, carol);
    const large = await act.write(bob, "large");
    const small = await act.write(carol, "small");
    await db.admin`select private.deliver_batch(), private.deliver_batch()`;
    await db.admin`select private.deliver_batch()`;
    const [people] = await toldOf(small);
    expect(people).toBe(21);
    expect((await toldOf(large))[0]).toBeLessThan(300);
    await act.deliver(db);
  });
});

test("an edit reaches 300 people who answered, through the job, once each", async () => {
  const post = await act.write(bob, "first");
  await db.admin`
    insert into posts (author_id, content, reply_to_id)
    select id, 'yes', ${post} from profiles where username like 'fan\\_%'`;
  await act.deliver(db);
  await act.edit(bob, post, "second");
  expect(await fanOuts()).toEqual([{ kind: "edited", object_id: post }]);
  await act.deliver(db);
  const rows = await db.admin`
    select recipient_id from private.notifications where object_id = ${post} and kind = 'edited'`;
  expect(rows).toHaveLength(300);
  expect(new Set(rows.map(({ recipient_id }) => recipient_id)).size).toBe(300);
  await act.edit(bob, post, "third");
  await act.deliver(db);
  const again = await db.admin`
    select from private.notifications where object_id = ${post} and kind = 'edited'`;
  expect(again).toHaveLength(300);
});
