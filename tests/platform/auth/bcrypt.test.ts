import { expect, test } from "vitest";
import { isBcrypt, loadBcrypt } from "../../../platform/auth/bcrypt.ts";
import { createHashThreads } from "../../../platform/auth/hash-threads.ts";

const missing = () => Promise.reject(new Error("Cannot find module '@node-rs/bcrypt-linux-x64-gnu'"));

test("native and JavaScript code read each other's hashes, and the second serves where the first is missing", async () => {
  const both = [await loadBcrypt(), await loadBcrypt(missing)];
  expect(both.map(({ native }) => native)).toEqual([true, false]);
  for (const maker of both) {
    for (const password of ["correct horse", "pässwörd 字", "x".repeat(72), " "]) {
      const hash = maker.hash(password);
      expect(hash).toMatch(/^\$2b\$10\$/);
      expect(isBcrypt(hash)).toBe(true);
      for (const reader of both) {
        expect(reader.matches(password, hash)).toBe(true);
        expect(reader.matches(password.slice(1), hash)).toBe(false);
        // GoTrue, which is written in Go, makes $2a$.
        expect(reader.matches(password, hash.replace("$2b$", "$2a$"))).toBe(true);
      }
    }
  }
});

test("a text that is not a bcrypt hash matches no password", async () => {
  const real = "$2b$10$4/QoQHySVC94tpo2PFILY.O7vy64hmtPnG/T9ONStiIv53L5tNrbG";
  expect(isBcrypt(real)).toBe(true);
  for (const text of [
    "",
    "plain",
    real.slice(1),
    `${real}x`,
    real.replace("$10$", "$99$"),
    real.replace("$2b$", "$2c$"),
  ]) {
    expect(isBcrypt(text)).toBe(false);
  }
  for (const bcrypt of [await loadBcrypt(), await loadBcrypt(missing)]) {
    expect(bcrypt.matches("plain", "plain")).toBe(false);
    expect(bcrypt.matches("", "")).toBe(false);
  }
});

test("hashing uses all cores, and one fewer while others are served", async () => {
  let othersActive = true;
  await using threads = createHashThreads(() => othersActive, 2);
  const hashes = Array.from({ length: 4 }, (_, n) => threads.run(`password ${n}`));
  expect(threads.size).toBe(1);
  await hashes[0];
  expect(threads.size).toBe(1);
  othersActive = false;
  await hashes[1];
  expect(threads.size).toBe(2);
  expect(await Promise.all(hashes)).toHaveLength(new Set(await Promise.all(hashes)).size);

  await using alone = createHashThreads(() => true, 1);
  expect(await alone.run("password", (await alone.run("password")) as string)).toBe(true);
});

test("a client that leaves before its turn costs no hash, and work that has begun goes on", async () => {
  await using threads = createHashThreads(() => true, 1);
  const leaving = new AbortController();
  const order: string[] = [];
  const run = (name: string, signal?: AbortSignal) =>
    threads.run(name, undefined, signal).then(
      () => order.push(name),
      (error) => order.push(`${name}: ${error.message}`),
    );
  // The thread gets two jobs at once. The others wait.
  const all = ["first", "second"].map((name) => run(name, leaving.signal));
  all.push(run("third", leaving.signal), run("fourth"));
  leaving.abort();
  all.push(run("fifth", leaving.signal));
  await Promise.all(all);
  expect(order.sort()).toEqual([
    "fifth: The client left.",
    "first",
    "fourth",
    "second",
    "third: The client left.",
  ]);
});
