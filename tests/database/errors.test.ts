/** docs/errors.md lists exactly the codes that sql/ raises, and the columns that clients may write. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDir, sources } from "../../sql/tools/server.ts";
import { createDatabase } from "./database.ts";

/** The four ways in which sql/ names a code. */
const raising = [
  /detail = '(\w+)'/g, // raise sqlstate 'PT4xx' using …, detail = 'code'
  /\n\s+'(\w+)', '[A-Z][^\n]*'\n\s*\)\)/g, // private.rule(…, 'code', 'Message')
  /\(4\d\d, '(\w+)', /g, // a private.problem
  /'details', '(\w+)'/g, // raise sqlstate 'PGRST' using …, with headers
];

test("every code that sql/ raises is listed, and every listed code is raised", async () => {
  const sql = (await sources()).map((file) => file.text).join("\n");
  const raised = raising.flatMap((pattern) => {
    const found = [...sql.matchAll(pattern)].map((match) => match[1]);
    expect(found, String(pattern)).not.toEqual([]);
    return found;
  });

  const page = await readFile(join(projectDir, "docs/errors.md"), "utf8");
  const product = page.split(/^## /m).find((section) => section.startsWith("Product"));
  const rows = [...(product ?? "").matchAll(/^\| ((?:`[a-z]\w+`(?:, )?)+) \| \d{3} \|/gm)];
  const listed = rows.flatMap(([, codes]) => [...(codes as string).matchAll(/\w+/g)].map(String));

  expect([...new Set(raised)].sort()).toEqual([...listed].sort());
  // The patterns find every raise. A simpler search counts the same number.
  const rules = sql.match(/private\.rule\(\n/g)?.length ?? 0;
  const raises = sql.match(/raise sqlstate/g)?.length ?? 0;
  const problems = sql.match(/::private\.problem\n/g)?.length ?? 0;
  // private.rule raises the code it was given, and search_day what it words itself.
  expect(raised).toHaveLength(rules + raises - 2 + problems);
});

test("the page lists the columns that a client may write, as they are granted", async () => {
  await using db = await createDatabase();
  const page = await readFile(join(projectDir, "docs/errors.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` \| ([^|\d]*)\| ([^|]*)\|$/gm);
  const names = (cell: string) => [...cell.matchAll(/\w+/g)].map(String).sort();
  const listed = [...rows].map(([, table, insert, update]) => ({
    table,
    insert: names(insert as string),
    update: names(update as string),
  }));
  const granted = await db.admin`
    select
      relname::text as table,
      coalesce(array_agg(attname::text order by attname collate "C") filter (where insertable), '{}') as insert,
      coalesce(array_agg(attname::text order by attname collate "C") filter (where updatable), '{}') as update
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    cross join lateral (
      select
        has_column_privilege('authenticated', attrelid, attnum, 'insert') as insertable,
        has_column_privilege('authenticated', attrelid, attnum, 'update') as updatable
    ) as right_of
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped
      and (insertable or updatable)
    group by relname
  `;
  const byTable = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
  expect(byTable(listed)).toEqual(byTable(granted));
});
