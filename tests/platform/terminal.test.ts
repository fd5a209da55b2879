import { PassThrough } from "node:stream";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { type MemorySize, memoryPlan } from "../../platform/memory.ts";
import { readCommandLine } from "../../platform/terminal/command-line.ts";
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

test("on a terminal a step shows at once, and a quick one disappears", () => {
  const out = Object.assign(new PassThrough().setEncoding("utf8"), { isTTY: true });
  const progress = createProgress(out);
  progress.step("Something quick");
  expect(out.read()).toBe("Something quick …");
  progress.end();
  expect(out.read()).toBe("\r\x1b[K");
});

test("the table shows the people of the seed, and nothing about them if there are none", () => {
  const env = { API_URL: "http://127.0.0.1:1" };
  expect(asTable(env)).not.toContain("seed");
  const people = ["alice", "bob", "carol", "dave", "erin"].map((name) => `${name}@example.com`);
  const table = asTable({ ...env, SEED_EMAILS: people.join(", "), SEED_PASSWORD: "plaza-demo" });
  for (const shown of [...people, "plaza-demo"]) expect(table).toContain(shown);
  expect(new Set(table.split("\n").map((line) => line.length)).size).toBe(1);
  expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

const read = (words: string) => readCommandLine(words.split(" ").filter(Boolean));

test("a command line is a command and its options", () => {
  expect(read("start --free-ports --host 0.0.0.0")).toEqual({
    kind: "command",
    command: "start",
    flags: { "free-ports": true, host: "0.0.0.0" },
  });
  expect(read("status -o env")).toEqual({ kind: "command", command: "status", flags: { output: "env" } });
});

test("help names every command, and the help of a command only its own options", () => {
  for (const words of ["--help", "-h"]) {
    const { kind, text } = read(words) as { kind: string; text: string };
    expect(kind).toBe("help");
    for (const name of ["start", "status", "reset", "--state-dir", "--free-ports", "--output"])
      expect(text).toContain(name);
  }
  const { kind, text } = read("status --help") as { kind: string; text: string };
  expect(kind).toBe("help");
  expect(text).toContain("--output");
  expect(text).not.toContain("--free-ports");
});

test("there are two sizes of memory", () => {
  for (const memory of ["small", "large"]) {
    expect(readCommandLine(["start", "--memory", memory])).toMatchObject({
      kind: "command",
      flags: { memory },
    });
    expect(memoryPlan(memory as MemorySize, 4).restSessions).toBeGreaterThan(5);
  }
  const mistake = readCommandLine(["start", "--memory=huge"]);
  expect(mistake).toMatchObject({ kind: "mistake", text: expect.stringContaining("small, large") });
  expect(readCommandLine(["status", "--memory=large"])).toMatchObject({ kind: "mistake" });
});

test("a mistake names the wrong word, and what there is", () => {
  for (const [words, wrong, right] of [
    ["", "Say what to do", "start"],
    ["dance", '"dance"', "start"],
    ["start now", '"now"', "--free-ports"],
    ["start --loudly", "--loudly", "--verbose"],
    ["status --free-ports", "--free-ports", "--output"],
    ["start --constructor", "--constructor", "--verbose"],
    ["start --host", "--host needs a value", "ADDRESS"],
    ["start --free-ports=yes", "--free-ports takes no value", "--verbose"],
  ] as const) {
    const { kind, text } = read(words) as { kind: string; text: string };
    expect(kind, words).toBe("mistake");
    expect(text.split("\n")[0], words).toContain(wrong);
    expect(text, words).toContain(right);
    expect(text, words).toContain("Usage:");
  }
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
