/**
 * Tests authorization, cell by cell. Somebody in each relation (relations.ts) asks every
 * table, view, function and topic of the API for every operation, and gets the expected answer
 * (*-tables.ts, *-functions.ts, topics.ts). An object that the catalog has and the matrix lacks fails.
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
import { checkTopics } from "./topics.ts";

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
  test("has the rows that it denies to some people", async () => {
    expect(await checkProofs(world, table)).toEqual([]);
  });

  test("a write of all rows changes none that its sender does not see", async () => {
    expect(await checkSweeps(world, table)).toEqual([]);
  });

  test.each(operations)("%s", async (operation) => {
    expect(await checkTable(world, table, operation)).toEqual([]);
  });
});

test("the topics of Realtime", async () => {
  expect(await checkTopics(world)).toEqual([]);
});

test.each(Object.keys(functions))("%s", async (name) => {
  expect(await checkFunction(world, name)).toEqual([]);
});
