/**
 * Counts of limited posts, when nearly all rows of a table are about one person. Postgres believes that everybody has as
 * many, and would start more processes to count them. That takes longer than the count.
 */
import postgres from "postgres";
import { expect, test } from "vitest";
import { superuser } from "../../platform/postgres/server.ts";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase } from "./database.ts";

test("a count for bob starts no other processes, when 200,000 limited posts are for alice", async () => {
  await using db = await createDatabase();
  const [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  await db.admin`
    insert into private.addressed_posts (place, profile_id, post_id, author_id)
    select 'tag:garden', ${alice.id}, n, ${alice.id} from generate_series(1, 200000) as n`;
  await db.admin`vacuum analyze private.addressed_posts`;
  const plans: string[] = [];
  const sql = postgres(databaseUrl(db.port, db.name, superuser), {
    max: 1,
    onnotice: ({ message }) => plans.push(String(message)),
  });
  try {
    await sql`load 'auto_explain'`;
    await sql`
      select set_config(name, setting, false)
      from (values
        ('auto_explain.log_min_duration', '0'), ('auto_explain.log_nested_statements', 'on'),
        ('auto_explain.log_level', 'notice')
      ) as settings (name, setting)`;
    const [count] = await sql`
      select private.many_limited_seen(${bob.id}, 'tag:garden', '{}') as amount`;
    expect(count).toEqual({ amount: "0" });
  } finally {
    await sql.end();
  }
  const plan = plans.find((text) => text.includes("addressed_posts_pkey"));
  expect(plan).toBeDefined();
  expect(plan).not.toContain("Gather");
});
