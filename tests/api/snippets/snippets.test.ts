/**
 * Every TypeScript block of the README and of docs/ compiles against the types that frontends
 * use, and runs against a real platform. STYLE.md says what a block may assume.
 */
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Person } from "../../people.ts";
import { type Assumed, createBob, createStage } from "./assumed.ts";
import { type Block, blocksOf, findBlocks, moduleOf, projectDir } from "./blocks.ts";

/** A folder in the project, so that the modules find its packages. Git ignores it. */
const dir = join(projectDir, "tests/api/.snippets");
const pathOf = ({ page, line }: Block) => join(dir, `${page.replaceAll("/", "-")}-${line}.ts`);

/** The compiler must find both mistakes, and nothing else on this page. */
const mistaken = blocksOf(
  "mistaken.md",
  [
    "# A page",
    "```ts",
    'import { createClient } from "@supabase/supabase-js";',
    'await supabase.from("posts").insert({ contents: "Hello" });',
    "```",
    "",
    "```ts refused",
    'const { data } = await supabase.rpc("me").throwOnError();',
    "const never: null = data.username;",
    "```",
    "",
  ].join("\n"),
);

const blocks = await findBlocks();
let bob: Person;
beforeAll(async () => {
  // What the blocks print is for their readers.
  vi.spyOn(console, "log").mockImplementation(() => {});
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  const config = {
    extends: "../../../tsconfig.json",
    // A block shows one thing, and need not use everything that it names.
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
    include: ["*.ts"],
  };
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify(config));
  for (const block of [...blocks, ...mistaken]) await writeFile(pathOf(block), moduleOf(block));
  bob = await createBob();
});
afterAll(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

test("every block compiles, and a mistake in a block does not", async () => {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
  );
  const output = await promisify(execFile)(process.execPath, [compiler, "-p", dir], { cwd: dir }).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
  const errors = output.split("\n").filter((line) => /^\S.*error TS/.test(line));
  expect(errors.map((error) => error.replace(/: error TS\d+: .*/, ""))).toEqual([
    "mistaken.md-3.ts(4,39)",
    "mistaken.md-8.ts(9,7)",
  ]);
});

test("there are blocks to run", () => {
  expect(blocks.length).toBeGreaterThan(10);
  expect(mistaken.map(({ line, isRefused }) => [line, isRefused])).toEqual([
    [3, false],
    [8, true],
  ]);
});

describe.each(blocks)("$page:$line", (block) => {
  test("runs", async () => {
    await using stage = await createStage(bob);
    const run: { default: (assumed: Assumed) => Promise<void> } = await import(pathOf(block));
    await run.default(stage.assumed);
    if (block.isRefused) expect(stage.refused).not.toEqual([]);
    else expect(stage.refused).toEqual([]);
  });
});
