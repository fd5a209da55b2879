import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

test("docs/errors.md lists every error of the platform's commands, and no other", async () => {
  const names = await readdir(join(root, "platform"), { recursive: true });
  const sources = await Promise.all(
    names
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFile(join(root, "platform", name), "utf8")),
  );
  const thrown = sources.flatMap((source) =>
    [...source.matchAll(/(?:new PlatformError|fail)\(\s*"(\w+)"/g)].map(([, code]) => code as string),
  );
  expect(thrown.length).toBeGreaterThan(10);

  const page = (await readFile(join(root, "docs/errors.md"), "utf8")).split("## Platform")[1] ?? "";
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const documented = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, code]) => code),
  );
  const usage = "usage";
  expect(documented.sort()).toEqual([...new Set(thrown)].filter((code) => code !== usage).sort());
});
