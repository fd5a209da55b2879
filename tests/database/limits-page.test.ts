/** docs/reference/limits.md says what the database and the platform really allow. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../platform/config.ts";
import { createDatabase, type Database } from "./database.ts";

const root = join(import.meta.dirname, "../..");
let db: Database;
let page: string;
beforeAll(async () => {
  db = await createDatabase();
  page = await readFile(join(root, "docs/reference/limits.md"), "utf8");
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The cells of the table under a heading, without its head. */
function table(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(1).map((row) =>
    row
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.replaceAll("`", "")),
  );
}

const numbers = (text: string) =>
  text.match(/\d[\d,]*/g)?.map((found) => Number(found.replaceAll(",", ""))) ?? [];

test("the amounts of every action are those of the database", async () => {
  const limits = await db.admin`
    select action, per_minute, per_hour, per_day, newcomer_per_minute, newcomer_per_hour, newcomer_per_day
    from private.limits order by action`;
  const shown = table("What a person may do").map(([action, ...amounts]) => [
    action,
    ...amounts.flatMap(numbers),
  ]);
  expect(shown.sort()).toEqual(limits.map((row) => Object.values(row)));
  expect(shown.length).toBeGreaterThan(10);
});

test("the constraint or function that keeps a limit has its number", async () => {
  const rows = table("What fits");
  expect(rows.length).toBeGreaterThan(15);
  for (const [what, limit = "", keeper = ""] of rows) {
    const definitions = await db.admin<{ text: string }[]>`
      select pg_get_constraintdef(oid) as text from pg_constraint where conname = ${keeper}
      union all
      select pg_get_functiondef(oid) from pg_proc
      where proname = ${keeper} and pronamespace = 'private'::regnamespace`;
    const kept = definitions.map(({ text }) => text).join("\n");
    // Messages and comments name the number too. The rule itself must have it.
    const rule = kept.replace(/'(''|[^'])*'|--.*/g, "");
    const inPattern = kept.match(/\{(\d+),(\d+)\}/)?.slice(1) ?? [];
    for (const number of numbers(limit)) {
      expect([...numbers(rule), ...inPattern.map(Number)], `${what}: ${keeper}`).toContain(number);
    }
  }
});

/** Where each part keeps its limits. */
const sources: Record<string, string[]> = {
  rest: ["rest/request/body.ts", "rest/index.ts", "rest/database/fair-queue.ts"],
  auth: ["auth/context.ts"],
  realtime: ["realtime/limits.ts"],
  functions: ["functions/limits.ts"],
  mail: ["mail/index.ts"],
};

test("the limits of the embedded platform are those of its code and of config.toml", async () => {
  const config = await loadConfig(root, { SEND_EMAIL_HOOK_SECRETS: "v1,whsec_a" });
  const rows = table("The embedded platform");
  expect(rows.length).toBeGreaterThan(20);
  for (const [, , setting = "", value = ""] of rows) {
    const [part = "", ...path] = setting.split(".");
    const found =
      part === "config"
        ? path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config)
        : await constant(sources[part] ?? [], path.join("."));
    expect(numbers(value), setting).toEqual([found]);
  }
});

/** The value that a source file gives to a name: `name = 32 * 1024`, `name: 10_000` or `name ?? 10`. */
async function constant(files: string[], name: string): Promise<number | undefined> {
  for (const file of files) {
    const text = await readFile(join(root, "platform", file), "utf8");
    const product = new RegExp(`\\b${name}(?: =|:| \\?\\?) ([\\d_]+(?: \\* [\\d_]+)*)`).exec(text)?.[1];
    if (product)
      return product.split(" * ").reduce((result, factor) => result * Number(factor.replaceAll("_", "")), 1);
  }
  return undefined;
}
