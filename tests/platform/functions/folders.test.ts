/** Functions that have a folder in supabase/functions and no entry in config.toml. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createProject, type Project, type Served, serve } from "./project.ts";

let project: Project;
let served: Served;
beforeAll(async () => {
  project = await createProject();
  await write("hello/index.ts", `Deno.serve(() => new Response("hello"));`);
  await write("off/index.ts", `Deno.serve(() => new Response("off"));`);
  served = await serve(project, { off: { enabled: false, verify_jwt: false } });
});
afterAll(async () => {
  await served[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

async function write(path: string, text: string): Promise<void> {
  const file = join(project.dir, "supabase", "functions", path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

const call = async (name: string, more: Partial<Served> = {}) => {
  const { keys, get } = { ...served, ...more };
  const response = await get(`/${name}`, { headers: { authorization: `Bearer ${keys.anonKey}` } });
  return { status: response.status, text: await response.text() };
};

test("a folder without an entry is served, to callers with a token", async () => {
  expect((await served.get("/hello")).status).toBe(401);
  expect(await call("hello")).toEqual({ status: 200, text: "hello" });
});

test("a function in a folder uses the deno.json beside it", async () => {
  await write("words/deno.json", `{ "imports": { "word": "./word.ts" } }`);
  await write("words/word.ts", `export const word = "plaza";`);
  await write("words/index.ts", `import { word } from "word"; Deno.serve(() => new Response(word));`);
  expect(await call("words")).toEqual({ status: 200, text: "plaza" });
});

test("a folder that is made later is served too", async () => {
  expect((await call("later")).status).toBe(404);
  await write("later/index.ts", `Deno.serve(() => new Response("here"));`);
  expect(await call("later")).toEqual({ status: 200, text: "here" });
});

test("a function that config.toml switches off is not served, and neither is a folder without a function", async () => {
  await write("_shared/index.ts", `Deno.serve(() => new Response("shared"));`);
  await write("no-index/other.ts", "");
  for (const name of ["off", "_shared", "no-index", "..", "%2e%2e", "constructor", ""]) {
    expect((await call(name)).status, name).toBe(404);
  }
  await using other = await serve(project, { off: { enabled: true, verify_jwt: false } });
  expect(await call("off", other)).toEqual({ status: 200, text: "off" });
});

test("no folder is served when functions are switched off", async () => {
  await using without = await serve(project, {}, { folders: false });
  expect((await call("hello", without)).status).toBe(404);
});
