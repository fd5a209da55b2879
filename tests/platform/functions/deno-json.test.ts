import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const read = async (name: string) =>
  JSON.parse(await readFile(resolve(import.meta.dirname, "../../..", name), "utf8"));

/** Without a network Deno takes packages from node_modules, and only if the version fits. */
test("deno.json names the same versions that package.json installs", async () => {
  const { imports } = (await read("deno.json")) as { imports: Record<string, string> };
  const { dependencies } = (await read("package.json")) as { dependencies: Record<string, string> };
  expect(Object.keys(imports)).toContain("zod");
  for (const target of Object.values(imports)) {
    const [, name = "", version] = /^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(target) ?? [];
    expect({ [name]: version }).toEqual({ [name]: dependencies[name] });
  }
});
