/**
 * Ursula signed up and has not confirmed, so she is nobody. The matrix has many questions about
 * an owner. Here they are asked about ursula. Each answer must be the one about somebody who
 * never signed up. Once she confirms, the answers differ.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Auth, connectAuth } from "./auth.ts";
import { createDatabase, type Database } from "./database.ts";
import { outcomesOf } from "./matrix/grid.ts";
import { functions, tables } from "./matrix/matrix.ts";
import { createWorld, fill, type Relation, type World } from "./matrix/relations.ts";

let db: Database;
let auth: Auth;
let world: World;
let ursula: string;
beforeAll(async () => {
  db = await createDatabase();
  world = await createWorld(db);
  auth = connectAuth(db);
  ursula = await auth.signUp({ username: "ursula", display_name: "Ursula" });
});
afterAll(async () => {
  await auth?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

/** Statements of the matrix that name a person. The things of the owner stay alice's. */
function statements(): string[] {
  const ofTables = Object.entries(tables).flatMap(([name, { things, inserts, update }]) => [
    ...Object.values(things).flatMap((row) => [
      `select * from public.${name} where ${row}`,
      `update public.${name} set ${update} where ${row}`,
      `delete from public.${name} where ${row}`,
    ]),
    ...Object.values(inserts).map((row) => `insert into public.${name} ${row}`),
  ]);
  const ofFunctions = Object.entries(functions).flatMap(([name, { calls }]) =>
    // Whether a name can be had is the one thing that an unconfirmed account changes.
    name.startsWith("username_available") ? [] : Object.values(calls),
  );
  return [...ofTables, ...ofFunctions].filter((statement) => /\{(owner|name|me)\}/.test(statement));
}

const uuid = (id: string) => `'${id}'::uuid`;

/** The answers to every question about somebody: to anonymous, to carol and to the service role. */
async function answersAbout(id: string, username: string) {
  const about = { owner: uuid(id), name: `'${username}'` };
  const answers: Record<string, unknown> = {};
  for (const relation of ["a", "s", "S"] as Relation[]) {
    const values = { ...world.values.public[relation], ...about };
    const asked = statements();
    const outcomes = await outcomesOf(
      world.callers.public[relation],
      asked.map((statement) => fill(statement, values)),
    );
    for (const [place, statement] of asked.entries()) answers[`${relation}: ${statement}`] = outcomes[place];
  }
  return answers;
}

test("every answer about ursula is the one about somebody who never signed up", async () => {
  expect(await answersAbout(ursula, "ursula")).toEqual(await answersAbout(randomUUID(), "nobody_at_all"));
});

test("alice mentions nobody by writing @ursula, and ursula is in no row of any table", async () => {
  const alice = world.callers.public.o;
  const [post] = await alice(
    (sql) => sql`insert into posts (content) values ('hello @ursula and @heidi') returning id`,
  );
  const mentioned = await db.admin`
    select profiles.username from post_mentions join profiles on profiles.id = profile_id
    where post_id = ${post?.id}`;
  expect(mentioned.map((row) => row.username)).toEqual(["heidi"]);

  const columns = await db.admin<{ table: string; column: string }[]>`
    select attrelid::regclass::text as table, attname as column
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace in ('public'::regnamespace, 'private'::regnamespace) and relkind in ('r', 'p')
      and atttypid = 'uuid'::regtype and attnum > 0 and not attisdropped
  `;
  const found: string[] = [];
  for (const { table, column } of columns) {
    const rows = await db.admin.unsafe(`select from ${table} where "${column}" = '${ursula}' limit 1`);
    if (rows.length > 0) found.push(`${table}.${column}`);
  }
  // Where her name is reserved; nobody can read it.
  expect(found).toEqual(["private.sign_ups.user_id"]);
  expect(columns.length).toBeGreaterThan(10);
});

test("with a token, ursula reads what a token of nobody reads, and writes nothing", async () => {
  const asked = statements();
  const as = (id: string) =>
    outcomesOf(
      db.as("authenticated", id),
      asked.map((statement) => fill(statement, { ...world.values.public.s, me: uuid(id) })),
    );
  expect(await as(ursula)).toEqual(await as(randomUUID()));
});

test("once ursula confirms, she is found, followed and mentioned", async () => {
  await auth.confirm(ursula);
  const [of, ofNobody] = [
    await answersAbout(ursula, "ursula"),
    await answersAbout(randomUUID(), "nobody_at_all"),
  ];
  const differing = Object.keys(of).filter(
    (statement) => JSON.stringify(of[statement]) !== JSON.stringify(ofNobody[statement]),
  );
  for (const asked of [
    "a: select * from public.profiles where id = {owner}",
    "a: select from profile({name})",
    "s: select follow({owner}) as answer",
    "s: select from search_people({name}) where (profile).id = {owner}",
    "s: select followers as answer from profiles, follow_counts(profiles) where id = {owner}",
  ]) {
    expect(differing).toContain(asked);
  }
  const carol = world.callers.public.s;
  const [post] = await carol((sql) => sql`insert into posts (content) values ('@ursula') returning id`);
  expect(
    await db.admin`select from post_mentions where post_id = ${post?.id} and profile_id = ${ursula}`,
  ).toHaveLength(1);
});
