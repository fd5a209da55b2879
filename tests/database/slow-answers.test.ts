/**
 * A client can ask for an answer that takes long to read, for example with embeds in embeds. Until
 * the answer has been read, a write to a table holds nothing that others need. A function and a deletion
 * hold it for 3 seconds at most.
 */

import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";
import { ended, outcomeOf } from "./outcome.ts";

let db: Database;
let people = 0;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const newcomer = () => db.signUp(`slow_${++people}`);
const gate = 4711;

/** A write of a person whose answer is not read before the gate opens. */
async function slowly(person: Person, write: string): Promise<{ end(): Promise<string> }> {
  const admin = await db.admin.reserve();
  await admin`select pg_advisory_lock(${gate})`;
  const outcome = outcomeOf(
    db,
    person,
    `with made as (${write}) select pg_advisory_xact_lock_shared(${gate}) from made`,
  );
  let opened = false;
  const end = async () => {
    if (!opened) {
      opened = true;
      await admin`select pg_advisory_unlock(${gate})`;
      admin.release();
    }
    return outcome;
  };
  // Also if the test has failed. Otherwise the next one would wait for the gate.
  onTestFinished(async () => {
    await end();
  });
  try {
    await expect
      .poll(async () => {
        const [found] = await db.admin`
          select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database
          where locktype = 'advisory' and objid = ${gate} and not granted and datname = current_database()`;
        return found?.count;
      })
      .toBe(1);
  } catch (error) {
    throw new Error(`the write ended: ${await end()}`, { cause: error });
  }
  return { end };
}

/** What somebody else does meanwhile. It fails if it waits for long. */
const quickly = (person: Person, statement: string) =>
  person.asks(async (sql) => {
    await sql`set local statement_timeout = '5s'`;
    return (await sql.unsafe(statement)).count;
  });

async function write(author: Person): Promise<number> {
  const [post] = await author.asks((sql) =>
    sql.unsafe(`insert into posts (content) values ('A post.') returning id`),
  );
  return post?.id as number;
}

describe("a post can be deleted while somebody", () => {
  const writes: [string, (id: number) => string][] = [
    ["likes it", (id) => `insert into likes (post_id) values (${id}) returning post_id`],
    ["bookmarks it", (id) => `insert into bookmarks (post_id) values (${id}) returning post_id`],
    ["mutes its thread", (id) => `insert into thread_mutes (post_id) values (${id}) returning post_id`],
    [
      "answers it",
      (id) => `insert into posts (content, reply_to_id) values ('An answer.', ${id}) returning id`,
    ],
    ["quotes it", (id) => `insert into posts (content, quote_of_id) values ('A quote.', ${id}) returning id`],
    ["reposts it", (id) => `insert into posts (repost_of_id) values (${id}) returning id`],
  ];
  test.each(writes)("%s", async (_, statement) => {
    const [author, other] = [await newcomer(), await newcomer()];
    const [id, kept] = [await write(author), await write(author)];
    const slow = await slowly(other, statement(id));
    expect(await quickly(author, `delete from posts where id = ${id}`)).toBe(1);
    expect(await slow.end()).toBe("post_not_found");
    // Without the deletion, the same write is done.
    expect(await (await slowly(other, statement(kept))).end()).toBe("done");
  });
});

test("a post can be edited while somebody reposts it", async () => {
  const [author, other] = [await newcomer(), await newcomer()];
  const id = await write(author);
  const slow = await slowly(other, `insert into posts (repost_of_id) values (${id}) returning id`);
  expect(await quickly(author, `update posts set content = 'Edited.' where id = ${id}`)).toBe(1);
  expect(await slow.end()).toBe("done");
});

test("an account can become private while somebody reposts a post of it, and the repost is refused", async () => {
  const [author, other] = [await newcomer(), await newcomer()];
  const id = await write(author);
  const slow = await slowly(other, `insert into posts (repost_of_id) values (${id}) returning id`);
  expect(await quickly(author, `update profiles set is_private = true where id = '${author.id}'`)).toBe(1);
  expect(await slow.end()).toBe("post_not_found");
  expect(await db.admin`select from posts where repost_of_id = ${id}`).toHaveLength(0);
});

test("an account can become public while somebody asks to follow it, and the request is refused", async () => {
  const [author, other] = [await newcomer(), await newcomer()];
  await quickly(author, `update profiles set is_private = true where id = '${author.id}'`);
  const ask = `insert into follow_requests (target_id) values ('${author.id}') returning target_id`;
  const slow = await slowly(other, ask);
  expect(await quickly(author, `update profiles set is_private = false where id = '${author.id}'`)).toBe(1);
  expect(await slow.end()).toBe("follow_needs_no_request");
  await quickly(author, `update profiles set is_private = true where id = '${author.id}'`);
  expect(await (await slowly(other, ask)).end()).toBe("done");
});

describe("an account can be deleted while somebody", () => {
  const writes: [string, (id: string) => string][] = [
    ["follows it", (id) => `insert into follows (followee_id) values ('${id}') returning followee_id`],
    ["mutes it", (id) => `insert into mutes (muted_id) values ('${id}') returning muted_id`],
    ["blocks it", (id) => `insert into blocks (blocked_id) values ('${id}') returning blocked_id`],
    [
      "puts it on a list",
      (id) => `insert into list_members (list_id, profile_id) select lists.id, '${id}' from lists
        where owner_id = auth.uid() returning profile_id`,
    ],
  ];
  test.each(writes)("%s", async (_, statement) => {
    const [doomed, kept, other] = [await newcomer(), await newcomer(), await newcomer()];
    await other.asks((sql) => sql`insert into lists (name) values ('A list')`);
    const slow = await slowly(other, statement(doomed.id));
    await db.admin.begin(async (sql) => {
      await sql`set local statement_timeout = '5s'`;
      await sql`delete from auth.users where id = ${doomed.id}`;
    });
    expect(await slow.end()).toBe("profile_not_found");
    expect(await (await slowly(other, statement(kept.id))).end()).toBe("done");
  });
});

test("a list can be deleted while its owner puts somebody on it", async () => {
  const [owner, member] = [await newcomer(), await newcomer()];
  await owner.asks((sql) => sql`insert into lists (name) values ('A list')`);
  const add = `insert into list_members (list_id, profile_id) select lists.id, '${member.id}' from lists
    where owner_id = auth.uid() returning profile_id`;
  const slow = await slowly(owner, add);
  await db.admin.begin(async (sql) => {
    await sql`set local statement_timeout = '5s'`;
    await sql`delete from lists where owner_id = ${owner.id}`;
  });
  expect(await slow.end()).toBe("list_not_found");
});

describe("a person can be blocked while they", () => {
  const writes: [string, (blocker: Person) => Promise<string>, string][] = [
    [
      "follow the other",
      async ({ id }) => `insert into follows (followee_id) values ('${id}') returning followee_id`,
      "profile_not_found",
    ],
    [
      "ask to follow the other",
      async (blocker) => {
        await quickly(blocker, `update profiles set is_private = true where id = '${blocker.id}'`);
        return `insert into follow_requests (target_id) values ('${blocker.id}') returning target_id`;
      },
      "profile_not_found",
    ],
    ["write a post", async () => "insert into posts (content) values ('A post.') returning id", "done"],
  ];
  test.each(writes)("%s", async (_, statement, outcome) => {
    const [blocker, blocked] = [await newcomer(), await newcomer()];
    const slow = await slowly(blocked, await statement(blocker));
    expect(await quickly(blocker, `insert into blocks (blocked_id) values ('${blocked.id}')`)).toBe(1);
    expect(await slow.end()).toBe(outcome);
    const bonds = await db.admin`
      select from follows where ${blocked.id} in (follower_id, followee_id)
      union all select from follow_requests where ${blocked.id} in (requester_id, target_id)`;
    expect(bonds).toHaveLength(0);
  });
});

test("a follow and a block at one moment: the later one sees the earlier one", async () => {
  const [blocker, blocked] = [await newcomer(), await newcomer()];
  // The block has done its work, and is not committed.
  const done = Promise.withResolvers<void>();
  const commit = Promise.withResolvers<void>();
  const blocking = blocker.asks(async (sql) => {
    await sql`insert into blocks (blocked_id) values (${blocked.id})`;
    done.resolve();
    await commit.promise;
  });
  await done.promise;
  const following = blocked
    .asks((sql) => sql`insert into follows (followee_id) values (${blocker.id})`)
    .then(
      () => "done",
      (error) => error.detail,
    );
  await expect
    .poll(async () => {
      const [found] = await db.admin`
        select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database
        where locktype = 'advisory' and not granted and datname = current_database()`;
      return found?.count;
    })
    .toBe(1);
  commit.resolve();
  await blocking;
  expect(await following).toBe("profile_not_found");
});

test("an account that becomes public needs no lock for each request that it accepts", async () => {
  const owner = await newcomer();
  const locks = (requests: number) =>
    owner.asks(async (sql) => {
      await sql`update profiles set is_private = false where id = ${owner.id}`;
      const [found] = await sql`
        select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()`;
      expect(await sql`select from follows where followee_id = ${owner.id}`).toHaveLength(requests);
      return found?.count;
    });
  const close = () => quickly(owner, `update profiles set is_private = true where id = '${owner.id}'`);
  await close();
  const without = await locks(0);
  await close();
  for (let n = 0; n < 5; n++) {
    await quickly(await newcomer(), `insert into follow_requests (target_id) values ('${owner.id}')`);
  }
  expect(await locks(5)).toBe(without);
});

describe("for three seconds at most,", () => {
  const group = async (...members: Person[]) => {
    const [owner, ...others] = members as [Person, ...Person[]];
    for (const other of others)
      await quickly(other, `insert into follows (followee_id) values ('${owner.id}')`);
    return owner.asks(async (sql) => {
      const [made] = await sql`
        select create_group('A group', ${others.map((other) => other.id)}::uuid[]) as id`;
      return made?.id as number;
    });
  };
  const say = (id: number, text: string) =>
    `select * from send_message(${id}, gen_random_uuid()::text, '${text}')`;

  test("a member holds a conversation", async () => {
    const [alice, bob] = [await newcomer(), await newcomer()];
    const id = await group(alice, bob);
    const slow = await slowly(bob, say(id, "Slow."));
    expect(await quickly(alice, say(id, "Quick."))).toBe(1);
    expect(await slow.end()).toBe(ended);
    // The same is done if the answer is read at once.
    expect(await (await slowly(bob, say(id, "Slow."))).end()).toBe("done");
  });

  test("several members hold a conversation one after the other, and nobody who came later waits for long", async () => {
    const [alice, bob, carol, dora] = [
      await newcomer(),
      await newcomer(),
      await newcomer(),
      await newcomer(),
    ];
    const id = await group(alice, bob, carol, dora);
    const slow = await slowly(bob, say(id, "Slow."));
    const others = [carol, dora].map((person) =>
      outcomeOf(db, person, `${say(id, "Slow, too.")}, pg_sleep(10)`),
    );
    // Somebody who comes a second after them has this second left in the end.
    const waiting = () => db.admin`
      select from pg_stat_activity
      where datname = current_database() and wait_event in ('tuple', 'transactionid')
        and clock_timestamp() > query_start + interval '1s'`;
    await expect.poll(async () => (await waiting()).length, { timeout: 3000 }).toBe(2);
    expect(await outcomeOf(db, alice, say(id, "Quick."))).toBe("done");
    expect([await slow.end(), ...(await Promise.all(others))]).toEqual([ended, ended, ended]);
  });

  test("somebody keeps a post that they answer with write_post()", async () => {
    const [author, other] = [await newcomer(), await newcomer()];
    const id = await write(author);
    const slow = await slowly(other, `select * from write_post('An answer.', reply_to_id => ${id})`);
    expect(await quickly(author, `delete from posts where id = ${id}`)).toBe(1);
    expect(await slow.end()).toBe(ended);
  });

  const like = (id: number) => `insert into likes (post_id) values (${id})`;
  const unlike = (id: number) => `delete from likes where post_id = ${id} returning post_id`;
  const repost = (id: number) => `insert into posts (repost_of_id) values (${id})`;
  const takeBack = (id: number) => `delete from posts where repost_of_id = ${id} returning id`;
  const deleteAccount = async ({ id }: Person) =>
    (await db.admin`delete from auth.users where id = ${id}`).count;
  const makePrivate = (author: Person) =>
    quickly(author, `update profiles set is_private = true where id = '${author.id}'`);
  test.each([
    ["likes of an account that is deleted", like, unlike, deleteAccount],
    ["reposts of an account that is deleted", repost, takeBack, deleteAccount],
    ["reposts of an account that becomes private", repost, takeBack, makePrivate],
  ])("somebody holds %s, one after the other", async (_, make, end, finish) => {
    const [author, other] = [await newcomer(), await newcomer()];
    const ids = [await write(author), await write(author), await write(author)];
    for (const id of ids) await quickly(other, make(id));
    const slow = await slowly(other, end(ids[0] as number));
    const rest = ids
      .slice(1)
      .map((id) => outcomeOf(db, other, `with gone as (${end(id)}) select pg_sleep(10) from gone`));
    expect(await finish(author)).toBe(1);
    expect(await slow.end()).toBe(ended);
    await Promise.all(rest);
  });

  test("a follower holds the follow that is removed", async () => {
    const [followee, follower] = [await newcomer(), await newcomer()];
    await quickly(follower, `insert into follows (followee_id) values ('${followee.id}')`);
    const slow = await slowly(follower, "update follows set notifies = true returning followee_id");
    expect(await quickly(followee, `select remove_follower('${follower.id}')`)).toBe(1);
    expect(await slow.end()).toBe(ended);
    expect(await db.admin`select from follows where follower_id = ${follower.id}`).toHaveLength(0);
  });

  test("somebody who takes a new username holds names that others want", async () => {
    const [slowOne, quickOne] = [await newcomer(), await newcomer()];
    const rename = (to: string) =>
      `update profiles set username = '${to}' where id = auth.uid() returning id`;
    const slow = await slowly(slowOne, rename("wanted_by_both"));
    expect(await quickly(quickOne, rename("wanted_by_both"))).toBe(1);
    expect(await slow.end()).toBe(ended);
  });

  test("but the job that publishes drafts in the name of their authors has its own time", async () => {
    const author = await newcomer();
    await author.asks(
      (sql) => sql`insert into drafts (content, publish_at) values ('A draft.', now() - interval '1 minute')`,
    );
    const [job] = await db.admin.begin(async (sql) => {
      await sql`select private.publish_due_drafts()`;
      return sql`select current_setting('transaction_timeout') as left`;
    });
    expect(job?.left).toBe("0");
    expect(await db.admin`select from posts where author_id = ${author.id}`).toHaveLength(1);
  });

  test("not longer than the transaction, and not without a person", async () => {
    const person = await newcomer();
    const setting = "select current_setting('transaction_timeout') as left";
    const inside = await db.admin.begin(async (sql) => {
      const [without] =
        await sql`select private.start_clock(3), current_setting('transaction_timeout') as left`;
      await sql`select set_config('request.jwt.claims', ${JSON.stringify({ sub: person.id })}, true)`;
      await sql`select private.start_clock(3)`;
      const [withPerson] = await sql.unsafe(setting);
      return [without?.left, withPerson?.left];
    });
    expect(inside).toEqual(["0", "3s"]);
    const [after] = await db.admin.unsafe(setting);
    expect(after?.left).toBe("0");
  });
});
