/** docs/reference/streams.md lists every event, kind and field, as the database has them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectDir } from "../../sql/tools/server.ts";
import { createDatabase, type Database } from "./database.ts";
import * as act from "./notices.ts";

let db: Database;
let page: string;
beforeAll(async () => {
  db = await createDatabase();
  page = await readFile(join(projectDir, "docs/reference/streams.md"), "utf8");
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The text under a heading, down to the next heading of this or a higher level. */
function section(heading: string): string {
  const level = heading.split(" ")[0]?.length ?? 0;
  const [, text = ""] = page.split(`\n${heading}\n`);
  return text.split(new RegExp(`^#{1,${level}} `, "m"))[0] as string;
}

/** The first cells of the table whose head begins with this cell, without code marks. */
function firstCells(text: string, head: string): string[] {
  const [, table = ""] = text.split(`\n| ${head} |`);
  const rows = (table.split("\n\n")[0] as string).split("\n").slice(2);
  return rows.map((row) => (row.split(" | ")[0] as string).replace(/^\| /, "").replaceAll("`", ""));
}

const labels = async (type: string) =>
  (await db.owner`select unnest(enum_range(null::${db.owner.unsafe(type)}))::text as label`).map(
    ({ label }) => label as string,
  );
const columns = async (type: string) =>
  (
    await db.owner`
      select attname::text as name from pg_attribute
      where attrelid = ${type}::regclass and attnum > 0 and not attisdropped
      order by attnum`
  ).map(({ name }) => name as string);

test("every kind of event has its section", async () => {
  const headings = [...section("## Events").matchAll(/^### (\w+)$/gm)].map(([, kind]) => kind);
  expect(headings.toSorted()).toEqual((await labels("private.event_kind")).toSorted());
});

test("every kind of notification has its row", async () => {
  const kinds = firstCells(section("### notification"), "`kind` | the actor");
  expect(kinds.toSorted()).toEqual((await labels("public.notification_kind")).toSorted());
});

test("the tables have the columns of sync(), and the page names those of unread()", async () => {
  expect(firstCells(section("## sync()"), "column")).toEqual(await columns("public.stream_page"));
  for (const name of await columns("public.unread_counts")) {
    expect(section("## unread()")).toContain(`\`${name}\``);
  }
});

test("the payload of bob's like has exactly the fields of the page, and no hidden column", async () => {
  const [alice, bob] = await act.signUpAll(db, "alice", "bob");
  if (!alice || !bob) throw new Error("nobody is there");
  const post = await act.write(alice, "hers");
  const [event] = await act.eventsOf(alice, () => act.like(bob, post));
  const { payload } = event as act.StreamEvent;
  const fields = [...firstCells(section("### notification"), "field"), "unread"];
  expect(Object.keys(payload).toSorted()).toEqual(fields.toSorted());
  expect(Object.keys(payload.unread).toSorted()).toEqual(
    firstCells(section("## Events"), "field of `unread`").toSorted(),
  );
  const [, listed = ""] = section("### notification").match(/^\| `actors` \|.*`{(.*)}`/m) ?? [];
  const [actor] = payload.actors as object[];
  expect(Object.keys(actor as object).toSorted()).toEqual(listed.split(", ").toSorted());
});

test("the functions of the page take what clients send them", async () => {
  const functions = await db.owner`
    select proname::text as name, pg_get_function_arguments(oid) as takes
    from pg_proc
    where pronamespace = 'public'::regnamespace
      and proname in ('sync', 'unread', 'notifications', 'notification_actors', 'mark_read', 'mark_group_read')`;
  expect(Object.fromEntries(functions.map(({ name, takes }) => [name, takes]))).toEqual({
    sync: "cursors jsonb DEFAULT '{}'::jsonb, page_size integer DEFAULT 200",
    unread: "",
    notifications:
      "before bigint DEFAULT NULL::bigint, after bigint DEFAULT NULL::bigint, page_size integer DEFAULT 20, " +
      "kinds notification_kind[] DEFAULT NULL::notification_kind[]",
    notification_actors: "group_id bigint, before bigint DEFAULT NULL::bigint, page_size integer DEFAULT 20",
    mark_read: "up_to bigint",
    mark_group_read: "id bigint",
  });
  expect(section("## sync()")).toContain("`page_size` is 1 to 500, by default 200.");
});
