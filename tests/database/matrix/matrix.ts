/**
 * The matrix. It compares the catalog with the expectations, and the answers with the
 * expectations. Every function returns the differences as sentences. So a test can also show
 * that it finds differences (sabotage.test.ts).
 */

import type { Caller } from "../database.ts";
import { chatGroupFunctions } from "./chat-group-functions.ts";
import { chatMessageFunctions } from "./chat-message-functions.ts";
import type { FunctionExpectations, TableExpectations } from "./expectations.ts";
import { feedFunctions } from "./feed-functions.ts";
import { type Asked, check, type Outcome, outcomesOf, parse } from "./grid.ts";
import { jobTables } from "./job-tables.ts";
import { notificationFunctions } from "./notification-functions.ts";
import { notificationTables } from "./notification-tables.ts";
import { peopleFunctions } from "./people-functions.ts";
import { peopleTables } from "./people-tables.ts";
import { postFunctions } from "./post-functions.ts";
import { postTables } from "./post-tables.ts";
import { fill, type Relation, relations, type State, type World } from "./relations.ts";
import { suggestionFunctions, suggestionTables } from "./suggestions.ts";
import { checkTopics } from "./topics.ts";
import { trendFunctions } from "./trend-functions.ts";

export const tables: Record<string, TableExpectations> = {
  ...peopleTables,
  ...postTables,
  ...notificationTables,
  ...suggestionTables,
  ...jobTables,
};
export const functions: Record<string, FunctionExpectations> = {
  ...peopleFunctions,
  ...postFunctions,
  ...feedFunctions,
  ...notificationFunctions,
  ...trendFunctions,
  ...suggestionFunctions,
};
/** They have their own relations and their own test: chat.test.ts. */
export const chatFunctions: Record<string, FunctionExpectations> = {
  ...chatGroupFunctions,
  ...chatMessageFunctions,
};

export const operations = ["select", "insert", "update", "delete"] as const;
export type Operation = (typeof operations)[number];

/** @returns the objects without expectations, and the expectations without objects */
export async function checkCatalog({ db }: World): Promise<string[]> {
  const relations = await db.admin<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
  `;
  const procedures = await db.admin<{ name: string }[]>`
    select oid::regprocedure::text as name from pg_proc where pronamespace = 'public'::regnamespace
  `;
  return [
    ...differences("table", relations, Object.keys(tables)),
    ...differences("function", procedures, [...Object.keys(functions), ...Object.keys(chatFunctions)]),
  ];
}

function differences(kind: string, rows: Iterable<{ name: string }>, expected: string[]): string[] {
  const found = new Set([...rows].map(({ name }) => name));
  return [
    ...[...found]
      .filter((name) => !expected.includes(name))
      .map((name) => `${kind} ${name}: has no expectations`),
    ...expected.filter((name) => !found.has(name)).map((name) => `${kind} ${name}: is not there`),
  ];
}

/** Asks for one operation on the rows of one table or view. */
export async function checkTable(world: World, name: string, operation: Operation): Promise<string[]> {
  const table = tables[name] as TableExpectations;
  const lines = parse(table.grid, table.letters).filter(({ asked: [first] }) => first === operation);
  if (lines.length === 0) return [`table ${name}: has no expectations of ${operation}`];
  const requests = lines.map((line) => ({
    ...line,
    statement: statementOf(name, table, operation, line.asked[1] as string),
  }));
  return check(world, name, requests, table.letters);
}

function statementOf(name: string, table: TableExpectations, operation: Operation, thing: string): string {
  const row = (operation === "insert" ? table.inserts : table.things)[thing];
  if (!row) throw new Error(`${name}: a grid names ${thing}, which is not one`);
  return {
    select: `select * from public.${name} where ${row}`,
    insert: `insert into public.${name} ${row}`,
    update: `update public.${name} set ${table.update} where ${row}`,
    delete: `delete from public.${name} where ${row}`,
  }[operation];
}

/** Asks the calls of one function. */
export const checkFunction = (world: World, name: string): Promise<string[]> =>
  checkCalls(world, name, functions[name] as FunctionExpectations);

/** Asks the calls of one function of chat, or of another function about conversations. */
export async function checkCalls(
  world: Asked,
  name: string,
  { calls, grid, letters }: FunctionExpectations,
): Promise<string[]> {
  const lines = parse(grid, letters, world.cast);
  const requests = lines.map((line) => {
    const statement = calls[line.asked[0] as string];
    if (!statement) throw new Error(`${name}: a grid names ${line.asked[0]}, which is not a call`);
    return { ...line, statement };
  });
  const forgotten = Object.keys(calls).filter((call) => !lines.some(({ asked: [first] }) => first === call));
  return [
    ...forgotten.map((call) => `function ${name}: has no expectations of ${call}`),
    ...(await check(world, name.replace(/\(.*/, "()"), requests, letters)),
  ];
}

/**
 * A statement about all rows does not need the right to read them. Only the policy of the
 * write holds. The statement must not change a row that its sender cannot read.
 */
export async function checkSweeps(world: World, name: string): Promise<string[]> {
  const { update } = tables[name] as TableExpectations;
  const mismatches: string[] = [];
  for (const write of [`update public.${name} set ${update}`, `delete from public.${name}`]) {
    for (const [relation, ask] of Object.entries(world.callers.public) as [Relation, Caller][]) {
      const statements = [write, `${write} where ${name}.* is distinct from null`].map((statement) =>
        fill(statement, world.values.public[relation]),
      );
      const [swept, seen] = await outcomesOf(ask, statements);
      world.cells++;
      if (swept?.word !== seen?.word || swept?.rows !== seen?.rows) {
        mismatches.push(
          `${name} ${write.slice(0, 6)} of all, ${relations[relation]}: ${tell(swept)}, of what they see ${tell(seen)}`,
        );
      }
    }
  }
  return mismatches;
}

const tell = (outcome?: Outcome) => `${outcome?.word} (${outcome?.rows})`;

/**
 * Proves, as a superuser, that the denied things exist. Each condition finds one row. An
 * insert that everybody is refused can be done by the superuser.
 */
export async function checkProofs({ db, values }: World, name: string): Promise<string[]> {
  const table = tables[name] as TableExpectations;
  const superuser = ((work) => db.admin.begin(work)) as Caller;
  const views = await db.admin`select from pg_views where schemaname = 'public' and viewname = ${name}`;
  const lines = parse(table.grid, table.letters);
  const mismatches = [...Object.keys(table.things), ...Object.keys(table.inserts)]
    .filter((thing) => !lines.some(({ asked }) => asked[1] === thing))
    .map((thing) => `table ${name}: has no expectations of ${thing}`);

  for (const { asked, answers } of lines) {
    const [operation, thing] = asked as [Operation, string];
    for (const [state, letters] of Object.entries(answers) as [State, string][]) {
      // An insert that somebody may do is its own proof. Nobody inserts into a view.
      if (letters === "-" || (operation === "insert" && (letters.includes("+") || views.count > 0))) continue;
      const asks = operation === "insert" ? "insert" : "select";
      const statements = Object.values(values[state]).map((values) =>
        fill(statementOf(name, table, asks, thing), values),
      );
      for (const { word, rows } of await outcomesOf(superuser, [...new Set(statements)])) {
        const isThere = asks === "insert" ? word !== "refused" : rows === 1;
        if (!isThere) mismatches.push(`${name} ${asked.join(" ")}, ${state} owner: ${word} (${rows})`);
      }
    }
  }
  return mismatches;
}

/** Everything that is there. */
export async function checkAll(world: World): Promise<string[]> {
  const mismatches = await checkCatalog(world);
  const gone = (kind: string, name: string) => mismatches.includes(`${kind} ${name}: is not there`);
  for (const name of Object.keys(tables).filter((name) => !gone("table", name))) {
    for (const operation of operations) mismatches.push(...(await checkTable(world, name, operation)));
    mismatches.push(...(await checkSweeps(world, name)));
  }
  for (const name of Object.keys(functions).filter((name) => !gone("function", name))) {
    mismatches.push(...(await checkFunction(world, name)));
  }
  mismatches.push(...(await checkTopics(world)));
  return mismatches;
}
