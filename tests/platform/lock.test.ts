/** The lock file is good for every machine, not only for the one that wrote it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

interface Entry {
  optionalDependencies?: Record<string, string>;
}

test("package-lock.json has the native packages of all machines", async () => {
  const text = await readFile(join(import.meta.dirname, "../../package-lock.json"), "utf8");
  const { packages }: { packages: Record<string, Entry> } = JSON.parse(text);
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(packages["node_modules/@node-rs/bcrypt"]?.optionalDependencies).toHaveProperty(
    "@node-rs/bcrypt-darwin-arm64",
  );
  expect(
    missing,
    "package-lock.json has lost these packages. They are native code for other machines, and without their " +
      "entries `npm ci` does not install them there. `npm install` removes them: it keeps only what this machine " +
      "can use. Put the lines back that `git diff main -- package-lock.json` shows as removed.",
  ).toEqual([]);
});
