/** docs/reference names every function of the API. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDatabase } from "./database.ts";

const folder = join(import.meta.dirname, "../../docs/reference");

test("the reference names every function that clients may call", async () => {
  await using db = await createDatabase();
  const callable = await db.admin<{ name: string }[]>`
    select distinct proname::text as name
    from pg_proc
    where pronamespace = 'public'::regnamespace
      and prorettype <> 'trigger'::regtype
      and has_function_privilege('authenticated', oid, 'execute')
    order by name`;
  expect(callable.length).toBeGreaterThan(50);
  const pages = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")),
  );
  const named = new Set(pages.join("\n").match(/\w+/g));
  expect(callable.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
});
