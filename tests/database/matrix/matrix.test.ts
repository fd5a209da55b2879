/**
 * Authorization, every cell of it: each relation (relations.ts) asks every table,
 * view and function of the API (the *-tables.ts, *-functions.ts) for every operation, and
 * is answered as expected. What is in the catalog and not in the matrix fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "../database.ts";
import {
  checkCatalog,
  checkFunction,
  checkProofs,
  checkSweeps,
  checkTable,
  functions,
  operations,
  tables,
} from "./matrix.ts";
import { createWorld, relations, type World } from "./relations.ts";

let db: Database;
let world: World;
beforeAll(async () => {
  db = await createDatabase();
  world = await createWorld(db);
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  const [ofTables, ofFunctions, ofRelations] = [tables, functions, relations].map(
    (all) => Object.keys(all).length,
  );
  console.log(
    `matrix: ${world?.cells} cells (${ofTables} tables and views, ${ofFunctions} functions, ${ofRelations} relations)`,
  );
});

test("every table, view and function of the API has its expectations", async () => {
  expect(await checkCatalog(world)).toEqual([]);
});

describe.each(Object.keys(tables))("%s", (table) => {
  test("what is denied to some is there", async () => {
    expect(await checkProofs(world, table)).toEqual([]);
  });

  test("a write of all rows touches none that its sender does not see", async () => {
    expect(await checkSweeps(world, table)).toEqual([]);
  });

  test.each(operations)("%s", async (operation) => {
    expect(await checkTable(world, table, operation)).toEqual([]);
  });
});

test.each(Object.keys(functions))("%s", async (name) => {
  expect(await checkFunction(world, name)).toEqual([]);
});
