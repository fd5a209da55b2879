import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLogFile } from "../../platform/log-file.ts";

test("two processes write into one log, and no line is written over", async () => {
  const dir = await mkdtemp(join(tmpdir(), "plaza-log-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "plaza.log");
  const running = createLogFile(path);
  running.write("the platform began");
  createLogFile(path).append("another process was refused");
  running.write("the platform goes on");
  running.close();
  expect(await readFile(path, "utf8")).toBe(
    "the platform began\nanother process was refused\nthe platform goes on\n",
  );
});
