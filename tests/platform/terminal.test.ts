import { PassThrough } from "node:stream";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { createProgress } from "../../platform/terminal/progress.ts";
import { asEnv, asTable } from "../../platform/terminal/status.ts";

test("progress shows a step of more than a second, with its duration at the end, and no quick step", async () => {
  const out = new PassThrough().setEncoding("utf8");
  const shown = () => String(out.read() ?? "");
  const progress = createProgress(out);
  progress.step("Something quick");
  progress.step("Something slow");
  let text = "";
  await expect.poll(() => (text += shown()), { timeout: 5000 }).toContain("Something slow …");
  progress.step("Something after it");
  progress.end();
  text += shown();
  expect(text).toMatch(/^Something slow … \d+\.\d s\n$/);
});

test("the table and the lines for a shell have every value in full", () => {
  const env = {
    API_URL: "http://127.0.0.1:1",
    DB_URL: `postgresql://${"x".repeat(120)}`,
    SECRET_KEY: "sb_secret_x",
  };
  expect(parseEnv(asEnv(env))).toEqual(env);
  const lines = asTable(env).split("\n");
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  for (const value of Object.values(env)) expect(lines.some((line) => line.includes(value))).toBe(true);
});
