/**
 * Who may read and write what: every table and function of the API, every
 * caller, every operation, against what the catalog says there is. Something
 * new without expectations here fails.
 *
 * Alice has a profile, a post edited once and the counts of both; bob follows
 * her, which is his row in follows; carol is a stranger to both.
 */
import type { TransactionSql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Caller, createDatabase, type Database, type Person, type Role } from "./database.ts";

/** How a request ends: with the row, without it, or refused (42501). */
type Outcome = "row" | "nothing" | "refused";
const relations = ["anon", "stranger", "follower", "owner", "service_role"] as const;
type Relation = (typeof relations)[number];
const operations = ["select", "insert", "update", "delete"] as const;
type Operation = (typeof operations)[number];

interface Expectation {
  /** The one row that the requests are about. */
  row: string;
  /** Of requests in the owner's name. */
  insert: string;
  update: string;
  outcomes: Record<Operation, Record<Relation, Outcome>>;
  /** The columns that a role may write; reading is of whole tables. */
  columns: Partial<Record<Role, { insert?: string[]; update?: string[] }>>;
}

const everyone = (outcome: Outcome): Record<Relation, Outcome> => ({
  anon: outcome,
  stranger: outcome,
  follower: outcome,
  owner: outcome,
  service_role: outcome,
});
/** People are refused what is not theirs to ask, and find nothing where rows are not theirs. */
const ownerOnly = (others: Outcome): Record<Relation, Outcome> => ({
  anon: "refused",
  stranger: others,
  follower: others,
  owner: "row",
  service_role: "row",
});
const readOnly = {
  select: everyone("row"),
  insert: everyone("refused"),
  update: everyone("refused"),
  delete: everyone("refused"),
};

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let dave: Person;
let tables: Record<string, Expectation>;

beforeAll(async () => {
  db = await createDatabase();
  [alice, bob, carol, dave] = [
    await db.signUp("alice"),
    await db.signUp("bob"),
    await db.signUp("carol"),
    await db.signUp("dave"),
  ];
  await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  const [post] = await alice.asks(
    (sql) => sql`insert into posts (title, content) values ('Hello', 'First') returning id`,
  );
  await alice.asks((sql) => sql`update posts set content = 'Second' where id = ${post?.id}`);

  const profileColumns = ["avatar_url", "bio", "display_name", "links", "username"];
  tables = {
    profiles: {
      row: `id = '${alice.id}'`,
      insert: `(id, username) values ('${alice.id}', 'alice')`,
      update: "bio = 'changed'",
      outcomes: {
        select: everyone("row"),
        insert: everyone("refused"),
        update: ownerOnly("nothing"),
        delete: everyone("refused"),
      },
      columns: { authenticated: { update: profileColumns }, service_role: { update: profileColumns } },
    },
    follows: {
      // Bob's, who is the owner here; alice stands for the follower's other side.
      row: `follower_id = '${bob.id}' and followee_id = '${alice.id}'`,
      insert: `(follower_id, followee_id) values ('${bob.id}', '${dave.id}')`,
      update: `followee_id = '${dave.id}'`,
      outcomes: {
        select: everyone("row"),
        insert: ownerOnly("refused"),
        update: everyone("refused"),
        delete: ownerOnly("nothing"),
      },
      columns: {
        authenticated: { insert: ["followee_id", "follower_id"] },
        service_role: { insert: ["followee_id", "follower_id"] },
      },
    },
    follow_counts: {
      row: `profile_id = '${alice.id}'`,
      insert: `(profile_id) values ('${alice.id}')`,
      update: "followers = 1000000",
      outcomes: readOnly,
      columns: {},
    },
    posts: {
      row: `id = ${post?.id}`,
      insert: `(author_id, content) values ('${alice.id}', 'In her name')`,
      update: "content = 'changed'",
      outcomes: {
        select: everyone("row"),
        insert: ownerOnly("refused"),
        update: ownerOnly("nothing"),
        delete: ownerOnly("nothing"),
      },
      columns: {
        authenticated: { insert: ["author_id", "content", "title"], update: ["content", "title"] },
        service_role: { insert: ["author_id", "content", "title"], update: ["content", "title"] },
      },
    },
    post_versions: {
      row: `post_id = ${post?.id}`,
      insert: `(post_id, version, title, content, created_at, replaced_at)
        values (${post?.id}, 2, '', 'Never said', now(), now())`,
      update: "content = 'Never said'",
      outcomes: readOnly,
      columns: {},
    },
    author_counts: {
      row: `author_id = '${alice.id}'`,
      insert: `(author_id) values ('${alice.id}')`,
      update: "posts = 1000000",
      outcomes: readOnly,
      columns: {},
    },
  };
});

afterAll(() => db?.[Symbol.asyncDispose]());

function caller(table: string, relation: Relation): Caller {
  if (relation === "anon") return db.as("anon");
  if (relation === "service_role") return db.as("service_role");
  if (relation === "stranger") return carol.asks;
  const [owner, follower] = table === "follows" ? [bob, alice] : [alice, bob];
  return relation === "owner" ? owner.asks : follower.asks;
}

class Undo extends Error {}

/** What becomes of a request, undone afterwards. */
async function outcomeOf(ask: Caller, work: (sql: TransactionSql) => Promise<number>): Promise<Outcome> {
  let rows = 0;
  try {
    await ask(async (sql) => {
      rows = await work(sql);
      throw new Undo();
    });
  } catch (error) {
    if (error instanceof Undo) return rows > 0 ? "row" : "nothing";
    if ((error as { code?: string }).code === "42501") return "refused";
    throw error;
  }
  throw new Error("unreachable");
}

function request(table: string, operation: Operation): (sql: TransactionSql) => Promise<number> {
  const { row, insert, update } = tables[table] as Expectation;
  const statement = {
    select: `select * from public.${table} where ${row}`,
    insert: `insert into public.${table} ${insert}`,
    update: `update public.${table} set ${update} where ${row}`,
    delete: `delete from public.${table} where ${row}`,
  }[operation];
  return async (sql) => (await sql.unsafe(statement)).count;
}

const names = ["profiles", "follows", "follow_counts", "posts", "post_versions", "author_counts"];

test("every table of the API has its expectations", async () => {
  const found = await db.admin`
    select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
  `;
  expect(found.map((row) => row.relname).sort()).toEqual([...names].sort());
  expect(Object.keys(tables).sort()).toEqual([...names].sort());
});

describe.each(names)("%s", (table) => {
  test("the row that is denied to some exists", async () => {
    const { row } = tables[table] as Expectation;
    const found = await db.admin.unsafe(`select from public.${table} where ${row}`);
    expect(found).toHaveLength(1);
  });

  for (const relation of relations) {
    test(`${relation} reads and writes it as promised`, async () => {
      const { outcomes } = tables[table] as Expectation;
      const ask = caller(table, relation);
      const found: Partial<Record<Operation, Outcome>> = {};
      const promised: Partial<Record<Operation, Outcome>> = {};
      for (const operation of operations) {
        found[operation] = await outcomeOf(ask, request(table, operation));
        promised[operation] = outcomes[operation][relation];
      }
      expect(found).toEqual(promised);
    });
  }

  test("only the promised columns can be written", async () => {
    const { columns } = tables[table] as Expectation;
    const granted = await db.admin`
      select role, privilege, array_agg(attname::text order by attname) as columns
      from pg_attribute
      cross join unnest(array['anon', 'authenticated', 'service_role']) as role
      cross join unnest(array['insert', 'update']) as privilege
      where attrelid = ${`public.${table}`}::regclass and attnum > 0 and not attisdropped
        and has_column_privilege(role, attrelid, attnum, privilege)
      group by role, privilege
    `;
    const found: Record<string, Record<string, string[]>> = {};
    for (const row of granted) found[row.role] = { ...found[row.role], [row.privilege]: row.columns };
    expect(found).toEqual(columns);
  });

  test("nobody can empty it or hang a trigger or a key on it", async () => {
    const granted = await db.admin`
      select role, privilege
      from unnest(array['anon', 'authenticated', 'service_role']) as role
      cross join unnest(array['truncate', 'references', 'trigger', 'maintain']) as privilege
      where has_table_privilege(role, ${`public.${table}`}::regclass, privilege)
    `;
    expect([...granted]).toEqual([]);
  });
});

describe("functions", () => {
  /** Who may call what. Trigger functions and helpers of definers are for nobody. */
  const promised: Record<string, string[]> = {
    "public.username_available": ["anon", "authenticated"],
    "public.home_feed": ["authenticated"],
    "private.username_available": ["anon", "authenticated"],
    "private.home_feed": ["authenticated"],
    "private.before_user_created": ["supabase_auth_admin"],
    // What inserts and updates evaluate in their caller's name.
    "private.new_id": ["authenticated", "service_role"],
    "private.rule": ["authenticated", "service_role"],
    "private.is_https_url": ["authenticated", "service_role"],
    "private.are_links": ["authenticated", "service_role"],
  };

  test("can be called by those they are for, and by nobody else", async () => {
    const granted = await db.admin`
      select pronamespace::regnamespace || '.' || proname as name, array_agg(role order by role) as roles
      from pg_proc
      cross join unnest(array['anon', 'authenticated', 'service_role', 'supabase_auth_admin']) as role
      where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
        and has_function_privilege(role, pg_proc.oid, 'execute')
      group by name
    `;
    expect(Object.fromEntries(granted.map((row) => [row.name, row.roles]))).toEqual(promised);
  });
});

describe("beyond the rows", () => {
  test("nothing in private can be read or written by the API's roles", async () => {
    const granted = await db.admin`
      select role, relname, privilege
      from pg_class
      cross join unnest(array['anon', 'authenticated', 'service_role', 'supabase_auth_admin']) as role
      cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
      where relnamespace = 'private'::regnamespace and relkind in ('r', 'v', 'm', 'p')
        and has_table_privilege(role, pg_class.oid, privilege)
    `;
    expect([...granted]).toEqual([]);
    const [secret] = await db.admin`select count(*) from private.id_secret`;
    expect(secret?.count).toBe(1);
    expect(await outcomeOf(carol.asks, async (sql) => (await sql`table private.id_secret`).count)).toBe(
      "refused",
    );
  });

  test("mallory cannot hand her post to alice, nor take hers", async () => {
    const mallory = await db.signUp("mallory");
    const [post] = await mallory.asks(
      (sql) => sql`insert into posts (content) values ('mine') returning id, author_id`,
    );
    expect(post?.author_id).toBe(mallory.id);
    const give = (sql: TransactionSql) =>
      sql`update posts set author_id = ${alice.id} where id = ${post?.id}`.then((rows) => rows.count);
    expect(await outcomeOf(mallory.asks, give)).toBe("refused");
  });

  test("mallory cannot say when she wrote", async () => {
    const forge = (column: string, value: string) => async (sql: TransactionSql) =>
      (await sql.unsafe(`insert into posts (content, ${column}) values ('backdated', ${value})`)).count;
    for (const [column, value] of [
      ["id", "1"],
      ["created_at", "'2001-01-01'"],
      ["edited_at", "'2001-01-01'"],
    ] as const) {
      expect(await outcomeOf(carol.asks, forge(column, value)), column).toBe("refused");
    }
    const honest = async (sql: TransactionSql) =>
      (await sql`insert into posts (content) values ('now')`).count;
    expect(await outcomeOf(carol.asks, honest)).toBe("row");
  });
});
