/** A whole platform on a disk that is full for a while. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import postgres from "postgres";
import { expect, test } from "vitest";
import { folder, refused, run, started } from "./command-line.ts";
import { smallDisk } from "./small-disk.ts";

test("a platform whose disk is full stays, says so, and goes on when there is room", async (context) => {
  const disk = smallDisk(await folder(), 400);
  if (!disk) return context.skip("this user may not mount a small disk");
  const stateDir = join(disk.dir, "state");
  const plaza = await started(stateDir);
  const asked = run(stateDir, "status", "-o", "env");
  expect(await asked.ended).toBe(0);
  const env = parseEnv(asked.output()) as Record<"API_URL" | "DB_URL" | "PUBLISHABLE_KEY", string>;
  const read = () =>
    fetch(`${env.API_URL}/rest/v1/profiles?select=username&username=eq.alice`, {
      headers: { apikey: env.PUBLISHABLE_KEY },
    });
  expect(await (await read()).json()).toEqual([{ username: "alice" }]);

  await disk.fill();
  await refused(run(stateDir, "backup", join(await folder(), "backup")), "disk_full");
  const url = new URL(env.DB_URL);
  url.username = "supabase_admin";
  const log = "select pg_logical_emit_message(false, 'fill', repeat('x', 1000000))";
  // Write until Postgres finds no room for its log, and ends.
  while (!plaza.output().includes("The disk has no room")) {
    const sql = postgres(url.href, { max: 1, onnotice: () => {}, connect_timeout: 2 });
    await sql.unsafe(log).catch(() => {});
    await sql.end({ timeout: 1 });
  }
  const answer = await read();
  expect(answer.ok).toBe(false);
  expect(plaza.child.exitCode).toBeNull();

  await disk.free();
  await expect.poll(() => read().then((response) => response.status), { timeout: 60_000 }).toBe(200);
  expect(plaza.output()).not.toMatch(/^\s+at .*:\d+/m);
  expect(await readFile(join(stateDir, "plaza.log"), "utf8")).toContain("Postgres runs again");
  plaza.child.kill("SIGTERM");
  expect(await plaza.ended).toBe(0);

  await disk.fill();
  await refused(run(stateDir, "start", "--free-ports"), "disk_full");
}, 180_000);
