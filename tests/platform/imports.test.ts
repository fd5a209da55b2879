import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importCircles, readImports } from "./import-circles.ts";

const root = join(import.meta.dirname, "../..");
const patterns = [
  "clients/**/*.ts",
  "web/**/*.ts",
  "web/**/*.tsx",
  "platform/**/*.ts",
  "edge-functions/**/*.ts",
  "bench/**/*.ts",
  "sql/**/*.ts",
];

/** A folder with these files, removed after the test. */
async function treeOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plaza-imports-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, source] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), source);
  }
  return folder;
}

test("no file imports itself through others, not even for a type", async () => {
  expect(await importCircles(root, patterns)).toEqual([]);
});

test("the finder reads this repository's imports", async () => {
  const imports = await readImports(root, patterns);
  expect(imports.get("platform/main.ts")).toContain("platform/platform.ts");
  expect(imports.get("platform/realtime/index.ts")).toContain("platform/config.ts");
  expect([...imports.keys()].filter((file) => file.startsWith("edge-functions/"))).not.toEqual([]);
});

test("the finder tells the circle's files for every form of import", async () => {
  const forms = [
    `import { a } from "./a.ts";`,
    `import type { A } from "./a.ts";`,
    `import {\n  type A,\n  a,\n} from "./a.ts";`,
    `import * as a from './a.ts';`,
    `import "./a.ts";`,
    `export * from "./a.ts";`,
    `export type { A } from "./a.ts";`,
    `const a = await import("./a.ts");`,
    `type A = import("./a.ts").A;`,
  ];
  for (const form of forms) {
    const folder = await treeOf({
      "a.ts": `import { b } from "./deep/b.ts";`,
      "deep/b.ts": `import postgres from "postgres";\nimport { c } from "../c.ts";`,
      "c.ts": form,
      "apart.ts": `import { a } from "./a.ts";`,
    });
    const [circle = "", ...others] = await importCircles(folder, ["**/*.ts"]);
    expect(circle.split(" → ").slice(1).toSorted(), form).toEqual(["a.ts", "c.ts", "deep/b.ts"]);
    expect(others, form).toEqual([]);
  }
});

test("two ways to the same file are not a circle", async () => {
  const folder = await treeOf({
    "a.ts": `import { b } from "./b.ts";\nimport { c } from "./c.ts";`,
    "b.ts": `import { c } from "./c.ts";`,
    "c.ts": `// import { a } from "./a.ts";\nexport const c = 1;`,
  });
  expect(await importCircles(folder, ["**/*.ts"])).toEqual([]);
});
