/** Drafts: only their authors see them. They become posts by hand or at their time. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "mallory"].map((name) => db.signUp(name)));
  [alice, bob, mallory] = people as [Person, Person, Person];
  await bob.asks((sql) => sql`select follow(${alice.id})`);
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

const insert = async (into: "drafts" | "posts", values: Record<string, unknown>, by = alice) => {
  const [row] = await by.asks((sql) => sql`insert into ${sql(into)} ${sql(values)} returning id`);
  return row?.id;
};
const publish = async (id: string, by = alice) =>
  (await by.asks((sql) => sql`select publish_draft(${id}) as id`))[0]?.id as number;
/** What pg_cron runs: how many were published. */
const run = async () => (await db.owner`select private.publish_due_drafts() as published`)[0]?.published;
const draft = async (id: string) =>
  (await db.admin`select failed_at, failure from drafts where id = ${id}`)[0] ?? null;
const posts = (content: string) => db.admin`select * from posts where content = ${content}`;
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000);

describe("a draft of alice's", () => {
  test("can be read, edited, published and deleted only by her", async () => {
    const id = await insert("drafts", { content: "secret" });
    const touches = async (by: Person) => [
      (await by.asks((sql) => sql`select from drafts where id = ${id}`)).length,
      (await by.asks((sql) => sql`update drafts set content = 'hm' where id = ${id}`)).count,
    ];
    expect(await touches(bob)).toEqual([0, 0]);
    expect(await refusal(publish(id, bob))).toMatchObject({ code: "PT404", detail: "draft_not_found" });
    expect((await bob.asks((sql) => sql`delete from drafts where id = ${id}`)).count).toBe(0);
    const forged = insert("drafts", { content: "hers", author_id: alice.id }, bob);
    expect(await refusal(forged)).toMatchObject({ code: "42501" });

    expect(await touches(alice)).toEqual([1, 1]);
    expect((await alice.asks((sql) => sql`delete from drafts where id = ${id}`)).count).toBe(1);
  });

  test("becomes the post that it describes, and is deleted", async () => {
    const parent = await insert("posts", { content: "parent" }, bob);
    const said = {
      title: "Title",
      content: "hello @bob #garden",
      content_warning: "flowers",
      language: "en",
      audience: "mentioned",
      reply_to_id: parent,
    };
    const id = await insert("drafts", said);
    const post = await publish(id);
    const [row] = await bob.asks((sql) => sql`select * from posts where id = ${post}`);
    expect(row).toMatchObject({ ...said, author_id: alice.id, edited_at: null });
    expect(row?.entities).toHaveLength(2);
    expect(await refusal(publish(id))).toMatchObject({ code: "PT404", detail: "draft_not_found" });
  });

  test("may have an id of her own, so that a repeated request makes no second one", async () => {
    const id = crypto.randomUUID();
    const keep = (by: Person, content: string) =>
      by.asks(
        (sql) => sql`insert into drafts (id, content) values (${id}, ${content}) on conflict (id) do nothing`,
      );
    expect((await keep(alice, "kept once")).count).toBe(1);
    expect((await keep(alice, "kept twice")).count).toBe(0);
    // The id of somebody else's draft makes nothing, and changes nothing.
    expect((await keep(bob, "not his")).count).toBe(0);
    expect(await db.admin`select content, author_id from drafts where id = ${id}`).toMatchObject([
      { content: "kept once", author_id: alice.id },
    ]);
    await alice.asks((sql) => sql`delete from drafts where id = ${id}`);
  });

  test.each(["by its time", "by hand"])(
    "that was published %s is not written again when its request is repeated",
    async (how) => {
      const id = crypto.randomUUID();
      const content = `published once, ${how}`;
      const values = { id, content, publish_at: secondsAgo(1) };
      const keep = (by: Person) =>
        by.asks((sql) => sql`insert into drafts ${sql(values)} on conflict (id) do nothing`);
      expect((await keep(alice)).count).toBe(1);
      if (how === "by hand") await publish(id);
      else await run();
      expect(await posts(content)).toHaveLength(1);
      expect((await keep(alice)).count).toBe(0);
      await run();
      expect(await posts(content)).toHaveLength(1);
      // Nobody learns whether an id of hers was published, by an insert in her name.
      for (const probe of [id, crypto.randomUUID()]) {
        const forged = bob.asks(
          (sql) =>
            sql`insert into drafts ${sql({ ...values, id: probe, author_id: alice.id })} on conflict do nothing`,
        );
        expect(await refusal(forged)).toMatchObject({ code: "42501" });
      }
      // It says nothing about an id of somebody else.
      expect((await keep(bob)).count).toBe(1);
      await bob.asks((sql) => sql`delete from drafts where id = ${id}`);
    },
  );

  test("is published, also if its id is the key of another post", async () => {
    const id = randomUUID();
    await insert("drafts", { id, content: "drafted" });
    await alice.asks((sql) => sql`select from write_post(content => 'sent', client_id => ${id})`);
    await publish(id);
    expect(await posts("drafted")).toHaveLength(1);
    expect(await draft(id)).toBeNull();
  });

  test("may be unfinished, but then she cannot publish it", async () => {
    const id = await insert("drafts", { title: "Untold" });
    expect(await refusal(publish(id))).toMatchObject({ code: "PT400", detail: "content_length" });
    expect(await draft(id)).toEqual({ failed_at: null, failure: null });
  });

  test("is no longer than a post", async () => {
    for (const values of [
      { title: "x".repeat(201) },
      { content: "x".repeat(10_001) },
      { content_warning: "x".repeat(201) },
    ]) {
      expect(await refusal(insert("drafts", values))).toMatchObject({
        code: "PT400",
        detail: "draft_length",
      });
    }
    await insert("drafts", { title: "x".repeat(200), content: "x".repeat(10_000) });
  });

  test("is one of at most 100", async () => {
    const many = (n: number) =>
      mallory.asks((sql) => sql`insert into drafts (content) select 'x' from generate_series(1, ${n}::int)`);
    const refused = { code: "PT409", detail: "drafts_full" };
    await many(50);
    expect(await refusal(many(51))).toMatchObject(refused);
    await many(49);
    const id = crypto.randomUUID();
    const last = () =>
      mallory.asks((sql) => sql`insert into drafts (id, content) values (${id}, 'x') on conflict do nothing`);
    expect((await last()).count).toBe(1);
    expect(await refusal(many(1))).toMatchObject(refused);
    // The answer got lost, and the client sends it again. There is room for what is there already.
    expect((await last()).count).toBe(0);
    await mallory.asks((sql) => sql`delete from drafts`);
    await insert("drafts", { content: "room again" }, mallory);
  });
});

describe("a scheduled draft", () => {
  test("becomes a post when its time has come, once", async () => {
    await insert("drafts", { content: "now", publish_at: secondsAgo(1) });
    const later = await insert("drafts", { content: "later", publish_at: secondsAgo(-3600) });
    await insert("drafts", { content: "never by itself" });
    expect(await run()).toBe(1);
    expect(await run()).toBe(0);
    expect(await posts("now")).toMatchObject([{ author_id: alice.id, audience: "everyone" }]);
    expect([await posts("later"), await posts("never by itself")]).toEqual([[], []]);
    expect(await bob.asks((sql) => sql`select from home_feed() where (post).content = 'now'`)).toHaveLength(
      1,
    );
    await alice.asks((sql) => sql`update drafts set publish_at = now() where id = ${later}`);
    expect(await run()).toBe(1);
  });

  test("is published only by the owner of the schedule", async () => {
    for (const asks of [alice.asks, db.as("anon"), db.as("service_role")]) {
      const denied = await refusal(asks((sql) => sql`select private.publish_due_drafts()`));
      expect(denied).toMatchObject({ code: "42501" });
    }
  });

  test("that fails stays, says why, and does not delay the others", async () => {
    const parent = await insert("posts", { content: "soon gone" }, bob);
    const mallorys = await insert("posts", { content: "of mallory" }, mallory);
    const due = (seconds: number, values: Record<string, unknown>) =>
      insert("drafts", { publish_at: secondsAgo(seconds), ...values });
    const failing = {
      post_not_found: await due(9, { content: "to bob", reply_to_id: parent }),
      "post_not_found ": await due(8, { content: "to mallory", quote_of_id: mallorys }),
      content_length: await due(7, { content: " " }),
    };
    await due(5, { content: "and the last" });
    await bob.asks((sql) => sql`delete from posts where id = ${parent}`);
    await mallory.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);

    expect(await run()).toBe(1);
    expect(await posts("and the last")).toHaveLength(1);
    for (const [code, id] of Object.entries(failing)) {
      expect(await draft(id)).toEqual({ failed_at: expect.any(Date), failure: code.trim() });
    }
    expect(await run()).toBe(0);
  });

  test("that failed is tried again after an edit", async () => {
    const id = await insert("drafts", { content: "", publish_at: secondsAgo(1) });
    expect(await run()).toBe(0);
    expect(await draft(id)).toMatchObject({ failure: "content_length" });
    await alice.asks((sql) => sql`update drafts set content = 'second try' where id = ${id}`);
    expect(await draft(id)).toEqual({ failed_at: null, failure: null });
    expect(await run()).toBe(1);
    expect(await posts("second try")).toHaveLength(1);
  });

  test("waits for a run, which publishes up to 100: as many for each author, the earliest first", async () => {
    const authors = [await db.signUp("writer_1"), await db.signUp("writer_2")];
    for (const writer of authors) {
      await writer.asks(
        (sql) => sql`
          insert into drafts (content, publish_at)
          select 'due ' || n, now() - n * interval '1 second' from generate_series(1, 60) as n`,
      );
    }
    expect(await run()).toBe(100);
    const left = await db.admin`select content from drafts where publish_at < now() and failed_at is null`;
    expect(left).toHaveLength(20);
    expect(new Set(left.map((row) => row.content))).toEqual(
      new Set(Array.from({ length: 10 }, (_, n) => `due ${n + 1}`)),
    );
    expect(await run()).toBe(20);
    expect(await run()).toBe(0);
  });

  test("is published by a job of pg_cron", async () => {
    const jobs = await db.admin`
      select schedule, command from cron.job where jobname = 'publish-due-drafts'`;
    expect([...jobs]).toEqual([{ schedule: "10 seconds", command: "select private.publish_due_drafts()" }]);
  });
});
