/** supabase/database.types.ts, which gives frontends their types, matches sql/. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { expect, expectTypeOf, test } from "vitest";
import { projectDir } from "../../sql/tools/server.ts";
import { generateTypes, typesPath } from "../../sql/tools/supabase-cli.ts";
import type { Database } from "../../supabase/database.types.ts";
import { createDatabase } from "./database.ts";

test("the committed types are those of the database", async () => {
  await using db = await createDatabase();
  const committed = await readFile(join(projectDir, typesPath), "utf8");
  expect(committed, "run: npm run types:generate").toBe(await generateTypes(db.url));
  await db.owner`alter table posts add column mood text`;
  expect(await generateTypes(db.url)).not.toBe(committed);
});

// tsc checks it. No request is sent.
test("a frontend's tables, functions and feeds are typed", () => {
  const plaza = createClient<Database>("http://127.0.0.1:1", "key");
  const feed = () => plaza.rpc("home_feed", { page_size: 10 }).throwOnError();
  type Item = Awaited<ReturnType<typeof feed>>["data"][number];
  expectTypeOf<Item["id"]>().toEqualTypeOf<number | null>();
  expectTypeOf<NonNullable<Item["post"]>["content"]>().toEqualTypeOf<string | null>();
  expectTypeOf<Database["public"]["Tables"]["posts"]["Row"]["audience"]>().toEqualTypeOf<
    "everyone" | "followers" | "mentioned"
  >();
});
