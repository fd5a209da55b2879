/** Where the database of a state folder is. Only root's database may be outside it, so only root runs these tests. */
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { describe, expect, onTestFinished, test } from "vitest";
import { dataDirOf, keepPlace } from "../../platform/data-dir.ts";
import { createPlatform } from "../../platform/platform.ts";
import { secretsPath } from "../../platform/state.ts";
import { stop } from "../../platform/stop.ts";

/** A state folder in a folder that everybody may enter. */
async function folder(): Promise<{ parent: string; stateDir: string }> {
  const parent = await mkdtemp(join(tmpdir(), "plaza-place-"));
  await chmod(parent, 0o711);
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const stateDir = join(parent, "state");
  await mkdir(stateDir);
  return { parent, stateDir };
}

/** What a database leaves there. It goes with the test. */
async function database(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await writeFile(join(dataDir, "PG_VERSION"), "17\n");
  onTestFinished(() => rm(dirname(dataDir), { recursive: true, force: true }));
}

describe.runIf(process.getuid?.() === 0)("as root", () => {
  test("a database in a folder that is closed later is refused, and not replaced by an empty one", async () => {
    const { parent, stateDir } = await folder();
    const inside = await dataDirOf(stateDir);
    expect(inside).toBe(join(stateDir, "postgres/data"));
    await database(inside);
    await chmod(parent, 0o700);
    for (const replaces of [false, true]) {
      await expect(dataDirOf(stateDir, replaces)).rejects.toMatchObject({
        code: "data_unreachable",
        message: expect.stringContaining(`chmod a+x ${parent}`),
      });
    }
    await chmod(parent, 0o711);
    expect(await dataDirOf(stateDir)).toBe(inside);
  });

  test("the database of an earlier version in /var/lib/plaza is found, also when the folder is open now", async () => {
    const { parent, stateDir } = await folder();
    await chmod(parent, 0o700);
    const apart = await dataDirOf(stateDir);
    expect(apart).toMatch(/^\/var\/lib\/plaza\//);
    await database(apart);
    await writeFile(secretsPath(stateDir), "{}");
    expect(await dataDirOf(stateDir)).toBe(apart);
    await chmod(parent, 0o711);
    expect(await dataDirOf(stateDir)).toBe(apart);
  });

  test("a new folder with an old name does not get the old database, unless it is told to", async () => {
    const { parent, stateDir } = await folder();
    await chmod(parent, 0o700);
    const apart = await dataDirOf(stateDir);
    await database(apart);
    expect(await dataDirOf(stateDir)).toBe(join(`${dirname(apart)}-2`, "data"));
    // A reset or a restore replaces it.
    expect(await dataDirOf(stateDir, true)).toBe(apart);
    await writeFile(join(stateDir, "data-dir"), apart);
    expect(await dataDirOf(stateDir)).toBe(apart);
  });

  test("a copy of a state folder leaves the database to the first one, and a lost database is named", async () => {
    const { parent, stateDir } = await folder();
    await chmod(parent, 0o700);
    const apart = await dataDirOf(stateDir);
    await database(apart);
    await keepPlace(stateDir, apart);
    const copy = join(parent, "copy");
    await cp(stateDir, copy, { recursive: true });
    await expect(dataDirOf(copy)).rejects.toMatchObject({
      code: "data_elsewhere",
      message: expect.stringContaining(stateDir),
    });
    // Nothing of the first one is stopped or replaced.
    await writeFile(join(apart, "postmaster.pid"), "1\n");
    expect(await stop(copy)).toBeUndefined();
    expect(await readFile(join(apart, "postmaster.pid"), "utf8")).toBe("1\n");
    expect(await dataDirOf(copy, true)).not.toBe(apart);

    await rm(dirname(apart), { recursive: true });
    await expect(dataDirOf(stateDir)).rejects.toMatchObject({ code: "data_damaged" });
    expect(await dataDirOf(stateDir, true)).toBe(apart);
  });

  test("a platform in a private folder keeps its data when the folder gets another name", async () => {
    const { parent, stateDir } = await folder();
    await chmod(parent, 0o700);
    // Without migrations, it starts sooner.
    const projectDir = join(parent, "project");
    await mkdir(join(projectDir, "supabase"), { recursive: true });
    await writeFile(join(projectDir, "supabase/config.toml"), "[realtime]\nenabled = false\n");
    const start = (dir: string) => createPlatform({ projectDir, stateDir: dir, ephemeralPorts: true });
    const query = async (url: string, text: string) => {
      const sql = postgres(url, { max: 1, onnotice: () => {} });
      await sql.unsafe(text).finally(() => sql.end());
    };
    let dataDir: string | undefined;
    {
      await using first = await start(stateDir);
      dataDir = first.dataDir as string;
      onTestFinished(() => rm(dirname(dataDir as string), { recursive: true, force: true }));
      await query(first.adminUrl, "create table public.mine ()");
    }
    const renamed = join(parent, "renamed");
    await rename(stateDir, renamed);
    {
      await using second = await start(renamed);
      expect(second.dataDir).toBe(dataDir);
      await query(second.adminUrl, "select from public.mine");
    }
    // The old name is free, and its database is not.
    await mkdir(stateDir);
    for (const replaces of [false, true]) {
      expect(await dataDirOf(stateDir, replaces)).toBe(join(`${dirname(dataDir)}-2`, "data"));
    }
  });
});
