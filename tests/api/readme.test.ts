import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

test("the README's frontend signs two people up and reads alice's post in bob's home feed", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const code = /```js\n([\s\S]+?)```/.exec(readme)?.[1] ?? "";
  const script = code
    .replace("http://127.0.0.1:54321", process.env.PLAZA_URL as string)
    .replace("http://127.0.0.1:54324", process.env.PLAZA_MAIL_URL as string)
    .replace(/sb_publishable_[\w-]+/, process.env.PLAZA_PUBLISHABLE_KEY as string);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    timeout: 50_000,
  });
  expect(stdout).toContain("The plaza is open.");
  expect(stdout).toMatch(/^alice_\d+: Hello\. /m);
});
