import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { bundledMain, makeBundle } from "../../platform/bundle.ts";
import { folder, said, watch } from "./command-line.ts";

/*
 * The platform's modules as a few files: platform/bundle.ts.
 */

const root = join(import.meta.dirname, "../..");
const key = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";

const node = async (...words: string[]) => (await promisify(execFile)(process.execPath, words)).stdout;

/** A checkout with a small program in place of the platform. */
async function smallCheckout() {
  const dir = await folder("plaza-bundle-");
  await mkdir(join(dir, "platform"));
  await mkdir(join(dir, "node_modules"));
  for (const name of ["cli.js", "builds.ts", "bundle.ts", "bundle-modules.ts"])
    await cp(join(root, "platform", name), join(dir, "platform", name));
  await symlink(join(root, "node_modules/vite"), join(dir, "node_modules/vite"));
  const write = (file: string, text: string) => writeFile(join(dir, file), text);
  await write("package.json", '{"type":"module"}');
  await write("package-lock.json", "{}");
  await write("platform/shared.ts", "export const word: string = 'first';");
  await write(
    "platform/main.ts",
    `import { readFileSync } from "node:fs";
    import { word } from "./shared.ts";
    const { other } = await import("./platform.ts");
    const stack = new Error().stack ?? "";
    const text = readFileSync(new URL("text.txt", import.meta.url), "utf8");
    console.log(JSON.stringify({ word, other, text, dir: import.meta.dirname, bundled: stack.includes("bundles") }));`,
  );
  await write(
    "platform/platform.ts",
    "import { word } from './shared.ts';\nexport const other = word + '!';",
  );
  await write("platform/text.txt", "beside");
  const bundle = join(dir, "platform/bundle.ts");
  return {
    dir,
    write,
    /** What the program says when cli.js starts it. */
    run: async () => JSON.parse(await node(join(dir, "platform/cli.js"))),
    make: () => node("-e", `import(${JSON.stringify(bundle)}).then(({ makeBundle }) => makeBundle())`),
    bundles: () => readdir(join(dir, "node_modules/.cache/plaza/bundles")),
    compiled: () => readdir(join(dir, "node_modules/.cache/plaza/compiled")).catch(() => []),
  };
}

test("cli.js runs the bundle while it fits the sources, and else the sources", async () => {
  const { dir, write, run, make, bundles, compiled } = await smallCheckout();
  const said = { word: "first", other: "first!", text: "beside" };
  expect(await run()).toEqual({ ...said, dir: join(dir, "platform"), bundled: false });
  expect(await compiled()).not.toEqual([]);
  await make();
  // Node keeps the compiled modules of one bundle only.
  expect(await compiled()).toEqual([]);
  expect(await run()).toEqual({ ...said, dir: join(dir, "platform"), bundled: true });
  await write("platform/shared.ts", "export const word: string = 'second';");
  expect(await run()).toMatchObject({ word: "second", other: "second!", bundled: false });
  await make();
  expect(await run()).toMatchObject({ word: "second", other: "second!", bundled: true });
  // The packages may have changed.
  await write("package-lock.json", "{ }");
  expect(await run()).toMatchObject({ bundled: false });
  await make();
  for (const word of ["third", "fourth"]) {
    await write("platform/shared.ts", `export const word: string = '${word}';`);
    await make();
  }
  expect(await bundles()).toHaveLength(3);
  expect(await run()).toMatchObject({ word: "fourth", bundled: true });
});

test("a bundle serves its own checkout only, also if two share node_modules", async () => {
  const { dir, make, run } = await smallCheckout();
  await make();
  const other = await folder("plaza-bundle-");
  await cp(join(dir, "platform"), join(other, "platform"), { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) await cp(join(dir, name), join(other, name));
  await symlink(join(dir, "node_modules"), join(other, "node_modules"));
  const answer = JSON.parse(await node(join(other, "platform/cli.js")));
  expect(answer).toMatchObject({ dir: join(other, "platform"), bundled: false });
  expect(await run()).toMatchObject({ dir: join(dir, "platform"), bundled: true });
});

test("a bundle of sources that changed meanwhile is thrown away", async () => {
  const { write, make, run, bundles } = await smallCheckout();
  const making = make();
  // The sources were hashed before.
  await vi.waitFor(bundles, { timeout: 10_000, interval: 5 });
  await write("platform/shared.ts", "export const word: string = 'second';");
  await making;
  expect(await bundles()).toEqual([]);
  await write("platform/shared.ts", "export const word: string = 'first';");
  expect(await run()).toMatchObject({ word: "first", bundled: false });
});

test("sources that cannot be bundled leave nothing behind, and still run as far as they can", async () => {
  const { write, run, make, bundles } = await smallCheckout();
  await make();
  const made = await bundles();
  await write("platform/platform.ts", "import { nobody } from './nowhere.ts';\nexport const other = nobody;");
  await expect(make()).rejects.toThrow("nowhere");
  expect(await bundles()).toEqual(made);
  await expect(run()).rejects.toThrow("nowhere");
});

test("a platform from the bundle finds what lies beside its modules", async () => {
  await makeBundle();
  const main = bundledMain() as string;
  expect(await node(main, "--help")).toBe(await node(join(root, "platform/main.ts"), "--help"));
  const stateDir = await folder();
  const { child, ended, output } = await said(
    watch(process.execPath, [main, "start", "--free-ports", "--no-web", "--state-dir", stateDir]),
  );
  const env = JSON.parse(await node(main, "status", "-o", "json", "--state-dir", stateDir));
  // The thread that checks passwords.
  const signedIn = await fetch(`${env.API_URL}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: key, "content-type": "application/json" },
    body: JSON.stringify({ email: "alice@example.com", password: "plaza-demo" }),
  });
  expect(signedIn.status, output()).toBe(200);
  // The page of the inbox.
  const inbox = await fetch(env.MAILPIT_URL);
  expect(inbox.status).toBe(200);
  expect(await inbox.text()).toContain(
    (await readFile(join(root, "platform/mail/page/inbox.html"), "utf8")).slice(0, 100),
  );
  // The program that an edge function runs in. It refuses a caller without the jobs' secret by itself.
  const answer = await fetch(`${env.API_URL}/functions/v1/jobs`, {
    method: "POST",
    headers: { apikey: env.SECRET_KEY },
  });
  expect(answer.status, await answer.text()).toBe(401);
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
});
