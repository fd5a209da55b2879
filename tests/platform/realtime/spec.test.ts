import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const here = import.meta.dirname;
const spec = await readFile(join(here, "../../../platform/realtime/SPEC.md"), "utf8");

/** The names of a file's tests. */
async function testsOf(file: string): Promise<string[]> {
  const text = await readFile(join(here, file), "utf8");
  return [...text.matchAll(/^test\("(.+?)", /gm)].map(([, name]) => name as string);
}

test("every promise of the spec names a test, and every test outside database/ is a promise", async () => {
  const promised = new Map<string, string[]>();
  let file = "";
  for (const line of spec.split("\n")) {
    const section = /^### .*?\(`([\w-]+\.test\.ts)`/.exec(line)?.[1];
    if (section) {
      file = section;
      promised.set(file, []);
    }
    if (!/^\d+\. /.test(line)) continue;
    const name = /`([^`]+)`$/.exec(line)?.[1];
    expect(name, `a test's name at the end of "${line}"`).toBeDefined();
    promised.get(file)?.push(name as string);
  }
  const others = ["protocol.test.ts", "spec.test.ts"];
  const files = (await readdir(here)).filter((name) => name.endsWith(".test.ts") && !others.includes(name));
  expect([...promised.keys()].toSorted()).toEqual(files.toSorted());
  for (const [name, promises] of promised) expect(promises, name).toEqual(await testsOf(name));
});

test("the promises are numbered without gaps", () => {
  const numbers = [...spec.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
