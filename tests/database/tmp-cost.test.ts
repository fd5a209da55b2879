import { expect, test } from "vitest";
import { direct, group, history, one, rows, say } from "./chat.ts";
import { createDatabase, type Person } from "./database.ts";

test("cost", { timeout: 600_000 }, async () => {
  await using db = await createDatabase();
  const [a, b] = [await db.signUp("alice"), await db.signUp("bob")];
  const crowd: Person[] = [];
  for (let n = 0; n < 499; n++) crowd.push(await db.signUp(`crowd_${n}`));
  const pair = await direct(a, b);
  const t0 = performance.now();
  const big = await group(a, "Big", crowd);
  console.log("create group of 500:", (performance.now() - t0).toFixed(0), "ms");
  await db.admin`update private.conversation_members set is_accepted = true`;
  const time = async (name: string, times: number, work: () => Promise<unknown>) => {
    for (let n = 0; n < 20; n++) await work();
    const all: number[] = [];
    for (let n = 0; n < times; n++) {
      const s = performance.now();
      await work();
      all.push(performance.now() - s);
    }
    all.sort((x, y) => x - y);
    console.log(name, "p50", all[times >> 1]?.toFixed(2), "p95", all[Math.floor(times * 0.95)]?.toFixed(2));
  };
  await time("begin/commit", 200, () => a.asks((sql) => sql`select 1`));
  for (let k = 0; k < 2; k++) {
    await time("send pair", 300, () => say(a, pair, "hello there, this is a usual message of usual length"));
    await time("send 500", 300, () => say(a, big, "hello there, this is a usual message of usual length"));
  }
  const prof = await a.asks(async (sql) => {
    await sql`select 1`;
    return sql.unsafe(
      `explain (analyze, costs off, timing on) select send_message(${pair}, 'x${Date.now()}', 'hello there')`,
    );
  });
  console.log(prof.map((r) => r["QUERY PLAN"]).join("\n"));
  const s = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async (_, i) => {
      for (let n = 0; n < 50; n++) await say(crowd[i] as Person, big, "concurrent words");
    }),
  );
  console.log("400 messages by 8 in one group:", (performance.now() - s).toFixed(0), "ms");
  for (let n = 0; n < 30; n++) await say(b, await group(b, `g${n}`, [a]), "hi");
  await db.admin`update private.conversation_members set is_accepted = true`;
  await time("messages page 50", 100, () => history(a, big));
  await time("conversations 20", 100, () => rows(a, "conversations()"));
  await time("unread", 100, () => one(a, "unread()"));
  await time("unread crowd", 100, () => one(crowd[100] as Person, "unread()"));
  await time("sync", 100, () => rows(crowd[100] as Person, "sync($1)", { [`conversation:${big}`]: 900 }));
  await time("read pair", 100, () => one(b, "mark_conversation_read($1, 1)", pair));
  expect(1).toBe(1);
});
