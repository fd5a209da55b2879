/** The client as static files, at a host that only serves them, by the rules of `_headers` and `_redirects`. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { signUp, target } from "../people.ts";
import { closeBrowser, complaintsOf, device } from "./browser.ts";

afterAll(closeBrowser);

const types: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/** Makes the files as the how-to says. @returns their folder */
async function built(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plaza-site-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { url, publishableKey } = target();
  const env = { ...process.env, PLAZA_URL: url, PLAZA_PUBLISHABLE_KEY: publishableKey };
  const program = join(import.meta.dirname, "../../web/build.ts");
  await promisify(execFile)(process.execPath, [program, folder], { env });
  return folder;
}

/** A host as Netlify and Cloudflare Pages are. @returns its address */
async function hosted(folder: string): Promise<string> {
  const text = (name: string) => readFile(join(folder, name), "utf8");
  // A line without a space in front is the pattern of the headers that follow.
  const rules = (await text("_headers")).split(/\n(?=\/)/).map((rule) => {
    const [pattern = "", ...lines] = rule.trim().split("\n");
    return {
      fits: (path: string) =>
        pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern,
      headers: lines.map((line) => line.trim().split(/:\s*(.*)/s, 2) as [string, string]),
    };
  });
  const [from, fallback = "", status] = (await text("_redirects")).trim().split(" ");
  expect([from, status]).toEqual(["/*", "200"]);
  const server = createServer(async (request, response) => {
    const path = decodeURI(new URL(request.url ?? "/", "http://host").pathname);
    const file = path === "/" ? "/index.html" : path;
    const found = await readFile(join(folder, file)).catch(() => undefined);
    for (const { fits, headers } of rules)
      if (fits(path)) for (const [name, value] of headers) response.setHeader(name, value);
    response.setHeader("content-type", types[extname(found ? file : fallback)] ?? "text/plain");
    response.end(found ?? (await readFile(join(folder, fallback))));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("alice signs in at a host of static files, and opens the link to a profile there", async () => {
  const [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  await alice.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  await bob.client.rpc("write_post", { content: "Also from here" }).throwOnError();
  const baseURL = await hosted(await built());
  const { page, context } = await device({ baseURL });
  await page.goto(`/sign-in?to=${encodeURIComponent(`/@${bob.username}`)}`);
  await page.getByLabel("E-mail").fill(alice.email);
  await page.getByLabel("Password", { exact: true }).fill(alice.password);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Also from here").waitFor();
  const answer = await page.reload();
  expect(answer?.status()).toBe(200);
  expect(answer?.headers()).toMatchObject({
    "content-security-policy": expect.stringContaining("require-trusted-types-for 'script'"),
    "x-frame-options": "DENY",
  });
  await page.getByText("Also from here").waitFor();
  const home = await page.goto("/");
  expect(home?.headers().link).toMatch(/rel=modulepreload.*as=style/);
  await page.getByText("Also from here").waitFor();
  expect(complaintsOf(context)).toEqual([]);
});
