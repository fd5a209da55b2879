/**
 * The comment of a column of a type or a view says null if, and only if, the column can be
 * null. The types of frontends depend on it (sql/tools/strict-types.ts). The test calls every
 * function in a town that has everything, as everybody, and looks for nulls.
 */
import { expect, test } from "vitest";
import { chatCalls, chatIn } from "./chat-town.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

interface Column {
  of: string;
  name: string;
  says_null: boolean;
  /** The type of the column, or of the elements of its array, if the product has it. */
  type: string | null;
}

const columnsOf = (db: Database) => db.admin<Column[]>`
  select
    relname as of, attname as name, col_description(attrelid, attnum) ~* '\\mnull\\M' is true as says_null,
    (
      select composite.relname
      from pg_type
      join pg_class as composite on composite.oid in (pg_type.typrelid, (
        select element.typrelid from pg_type as element where element.oid = pg_type.typelem
      ))
      where pg_type.oid = atttypid and composite.relnamespace = 'public'::regnamespace
    ) as type
  from pg_attribute
  join pg_class on pg_class.oid = attrelid
  where relnamespace = 'public'::regnamespace and relkind in ('v', 'c') and attnum > 0 and not attisdropped
`;

/** What a function of the API answers: its type, and calls that answer rows. */
const calls: [type: string, call: string][] = [
  ["feed_item", "home_feed()"],
  ["feed_item", "public_feed()"],
  ["feed_item", "profile_feed(username => 'alice')"],
  ["feed_item", "profile_replies(username => 'bob')"],
  ["thread_post", "thread((select min(id) from posts where content = 'root'))"],
  ["profile_page", "profile('alice')"],
  ["profile_page", "profile('bob')"],
  ["profile_page", "profile('carol')"],
  ["person", "followers(username => 'alice')"],
  ["muted_person", "muted_people()"],
  ["own_profile", "me()"],
  ["allowance", "limits()"],
  ["visibility", "explain_visibility(1)"],
  ["visibility", "explain_visibility((select max(id) from posts))"],
  ["username_answer", "username_available('alice')"],
  ["username_answer", "username_available('quartz')"],
  ["trending_tag", "trending_tags()"],
  ["trending_tag", "trending_tags(scope => 'network')"],
  ["trending_link", "trending_links()"],
  ["trending_link", "trending_links(scope => 'network')"],
  ["trending_post", "trending_posts()"],
  ["suggestion", "suggestions()"],
  ["suggestion", "people_like((select id from profiles where username = 'alice'))"],
  ["author_counts", "author_counts"],
  ["follow_counts", "follow_counts"],
  ["post_counts", "post_counts"],
  ["notification", "notifications()"],
  ["notification_actor", "notification_actors((select max(group_id) from notifications()))"],
  ["stream_page", "sync()"],
  ["stream_page", "sync(jsonb_build_object('user:' || auth.uid(), 0))"],
  ["unread_counts", "unread()"],
  ...chatCalls,
];

async function town(db: Database): Promise<Person[]> {
  const people = [];
  for (const name of ["alice", "bob", "carol", "mallory"]) people.push(await db.signUp(name));
  const [alice, bob, carol, mallory] = people as [Person, Person, Person, Person];
  const write = async (who: Person, content: string, more: Record<string, unknown> = {}) => {
    const [row] = await who.asks((sql) => sql`insert into posts ${sql({ content, ...more })} returning id`);
    return row?.id as number;
  };
  await alice.asks(
    (sql) => sql`update profiles set avatar_url = 'https://example.com/a.png' where id = ${alice.id}`,
  );
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  const root = await write(alice, "root", { language: "en" });
  const reply = await write(bob, "Yes @alice", { reply_to_id: root });
  const deleted = await write(carol, "deleted", { reply_to_id: reply });
  await write(bob, "below", { reply_to_id: deleted });
  await write(alice, "look", { quote_of_id: root });
  await bob.asks((sql) => sql`insert into posts (repost_of_id) values (${root})`);
  await alice.asks((sql) => sql`update posts set title = 'New' where id = ${root}`);
  await carol.asks((sql) => sql`delete from posts where id = ${deleted}`);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
  await carol.asks((sql) => sql`update profiles set is_private = true where id = ${carol.id}`);
  await bob.asks(
    (sql) => sql`insert into mutes (muted_id, muted_until) values (${carol.id}, now() + interval '1 hour')`,
  );
  await carol.asks((sql) => sql`insert into mutes (muted_id) values (${bob.id})`);
  await mallory.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  await alice.asks((sql) => sql`insert into drafts (content) values ('later')`);
  await db.admin`update drafts set failed_at = now(), failure = 'post_not_found'`;
  await chatIn(people as [Person, Person, Person, Person], root);
  await trends(db, alice, root);
  return people;
}

/** Alice follows three people. They use a tag and a link, and like a post. Nobody says a language. */
async function trends(db: Database, alice: Person, post: number): Promise<void> {
  for (const name of ["dave", "erin", "frank"]) {
    const who = await db.signUp(name);
    await who.asks((sql) => sql`insert into posts (content) values ('#tea https://example.com/tea')`);
    await who.asks((sql) => sql`insert into likes (post_id) values (${post})`);
    await alice.asks((sql) => sql`insert into follows (followee_id) values (${who.id})`);
  }
  await db.owner`insert into private.trust (profile_id) select id from profiles`;
  await db.owner`select private.refresh_trends()`;
  await db.owner`
    insert into private.trends (kind, term, period, since_at, scored_at, score, short, long)
    select kind, term, 'day', now(), now(), 7, facts, facts
    from private.trend_counts
    cross join (values ('(9,1,0.2,20,10)'::private.trend_facts)) as seen (facts)
    where term <> ''
  `;
}

test("a column of a type or view is null only if its comment says so, and then it can be", async () => {
  await using db = await createDatabase();
  const callers = [...(await town(db)).map((who) => who.asks), db.as("anon")];
  const columns = await columnsOf(db);
  const seen = new Set<string>();
  const nulls = new Set<string>();
  const look = (type: string, value: Record<string, unknown>) => {
    for (const column of columns.filter((one) => one.of === type)) {
      const found = value[column.name];
      const name = `${type}.${column.name}`;
      seen.add(name);
      if (found === null) nulls.add(name);
      for (const part of [found].flat()) {
        if (column.type && part) look(column.type, part as Record<string, unknown>);
      }
    }
  };
  const asked = callers.flatMap((ask) => calls.map(([type, call]) => ({ ask, type, call })));
  asked.push({ ask: db.as("service_role"), type: "job_health", call: "job_health" });
  for (const { ask, type, call } of asked) {
    const rows = await ask((sql) =>
      sql.unsafe(`select to_jsonb(answer) as row from ${call} as answer`),
    ).catch((error) => {
      // Not for this role, or only for people.
      if (["42501", "PT401"].includes(error.code)) return [];
      throw error;
    });
    for (const { row } of rows) look(type, row);
  }
  const all = columns.map((column) => `${column.of}.${column.name}`);
  expect([...seen].sort()).toEqual(all.sort());
  const said = columns.filter((column) => column.says_null).map((column) => `${column.of}.${column.name}`);
  expect([...nulls].sort()).toEqual(said.sort());
});
