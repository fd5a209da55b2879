import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silent } from "../../platform/log.ts";
import { newestBuild } from "../../platform/web/build.ts";
import { createWeb, type Web } from "../../platform/web/index.ts";

const dir = join(import.meta.dirname, "../../web");
const config = { url: "http://127.0.0.1:54321", key: 'sb_publishable_"quoted"' };

async function served(options: Partial<Parameters<typeof createWeb>[0]> = {}): Promise<Web> {
  const web = await createWeb({ dir, port: 0, log: silent, ...options });
  onTestFinished(() => web[Symbol.asyncDispose]());
  return web;
}

test("the page has the API's address and the key, and a policy that lets nothing else in", async () => {
  const web = await served();
  expect((await fetch(web.url)).status).toBe(503);
  await web.open(config);
  const answer = await fetch(`${web.url}/posts/17?x=1`);
  const html = await answer.text();
  expect(answer.status).toBe(200);
  expect(html).toContain(`<meta name="plaza-url" content="${config.url}"`);
  expect(html).toContain(`content="sb_publishable_&quot;quoted&quot;"`);
  expect(html).not.toMatch(/%PLAZA|style="/);
  // One script is in the page, and the policy names it. The others are files.
  const inPage = [...html.matchAll(/<script(?![^>]* src=)([^>]*)>(.*?)<\/script>/gs)];
  expect(inPage.map(([, attributes]) => attributes)).toEqual([""]);
  const hash = createHash("sha256")
    .update(inPage[0]?.[2] ?? "")
    .digest("base64");
  const policy = answer.headers.get("content-security-policy") ?? "";
  for (const rule of [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    `connect-src 'self' ${config.url} ws://127.0.0.1:54321`,
    "require-trusted-types-for 'script'",
    "frame-ancestors 'none'",
  ]) {
    expect(policy.split("; ")).toContain(rule);
  }
  expect(policy).not.toContain("unsafe");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(answer.headers.get("cache-control")).toBe("no-cache");
  // The browser asks for both files before it reads the page.
  const script = /<script type="module" crossorigin src="([^"]+)"/.exec(html)?.[1];
  const style = /<link rel="stylesheet" crossorigin href="([^"]+)"/.exec(html)?.[1];
  expect(answer.headers.get("link")).toBe(
    `<${script}>; rel=modulepreload, <${style}>; rel=preload; as=style; crossorigin`,
  );
  expect((await fetch(`${web.url}${script}`)).headers.get("link")).toBe(null);
});

test("files are packed and kept for ever, and a path leads nowhere else", async () => {
  const web = await served();
  await web.open(config);
  const html = await (await fetch(web.url)).text();
  const script = /src="(\/assets\/first[^"]+\.js)"/.exec(html)?.[1];
  const answer = await fetch(`${web.url}${script}`, { headers: { "accept-encoding": "gzip, deflate, br" } });
  expect(answer.headers.get("content-type")).toContain("text/javascript");
  // The best that the client understands.
  expect(answer.headers.get("content-encoding")).toBe("br");
  const gzipped = await fetch(`${web.url}${script}`, { headers: { "accept-encoding": "gzip" } });
  expect(gzipped.headers.get("content-encoding")).toBe("gzip");
  expect(answer.headers.get("cache-control")).toContain("immutable");
  const text = await answer.text();
  expect(text.length).toBeGreaterThan(50_000);
  expect(await gzipped.text()).toBe(text);
  const plain = await fetch(`${web.url}${script}`, { headers: { "accept-encoding": "identity" } });
  expect(plain.headers.get("content-encoding")).toBe(null);
  for (const path of [
    "/assets/nothing.js",
    "/..%2f..%2fpackage.json",
    "/assets/%2e%2e/%2e%2e/main.tsx",
    "/.git/config.x",
  ]) {
    expect([path, (await fetch(`${web.url}${path}`)).status]).toEqual([path, 404]);
  }
});

test("a path with a dot is a file if there is one, and else a page; a file that is missing is not found", async () => {
  const web = await served();
  await web.open(config);
  const answerOf = async (path: string) => {
    const answer = await fetch(web.url + path);
    return [path, answer.status, answer.headers.get("content-type")?.split(";")[0]];
  };
  for (const path of [
    "/tags/a.b",
    "/tags/v1.2.js",
    "/@name.x",
    "/@name.x/likes",
    "/posts/1.5",
    "/index.html",
  ])
    expect(await answerOf(path)).toEqual([path, 200, "text/html"]);
  expect(await (await fetch(`${web.url}/index.html`)).text()).toContain(config.url);
  expect(await answerOf("/icon.svg")).toEqual(["/icon.svg", 200, "image/svg+xml"]);
  expect(await answerOf("/sw.js")).toEqual(["/sw.js", 200, "text/javascript"]);
  for (const path of [
    "/assets/old.js",
    "/assets/old.css",
    "/assets/old",
    "/robots.txt",
    "/favicon.ico",
    "/.env",
  ])
    expect(await answerOf(path)).toEqual([path, 404, "text/plain"]);
});

test("the build is the same under tests as for people, and does not know where it was made", async () => {
  const web = await served();
  await web.open(config);
  const files: Record<string, { file: string }> = await (await fetch(`${web.url}/files.json`)).json();
  const scripts = Object.values(files).filter(({ file }) => file.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(20);
  for (const { file } of scripts)
    expect([file, (await (await fetch(`${web.url}/${file}`)).text()).includes(dir)]).toEqual([file, false]);
});

test("the first load is at most 90 kB, packed, and home needs only 40 kB of it", async () => {
  const web = await served();
  await web.open(config);
  const html = await (await fetch(web.url)).text();
  const named = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path as string);
  expect(named.map((path) => path.replace(/-[\w-]{8}\./, "."))).toEqual([
    "/icon.svg",
    "/assets/first.js",
    "/assets/first.css",
  ]);
  const home = (await bytesOf(web, "/")) + (await sum(named.map((path) => bytesOf(web, path))));
  expect(home).toBeGreaterThan(20_000);
  expect(home).toBeLessThanOrEqual(40_000);
  // supabase-js comes after the first posts.
  const files: Record<string, { file: string }> = await (await fetch(`${web.url}/files.json`)).json();
  const supabase = `/${files["app/supabase.ts"]?.file}`;
  expect(named).not.toContain(supabase);
  const all = home + (await bytesOf(web, supabase));
  expect(all).toBeGreaterThan(60_000);
  expect(all).toBeLessThanOrEqual(90_000);
});

test("the linter refuses every way in which a text becomes HTML", async () => {
  const lines = [
    "element.innerHTML = text;",
    "element.innerHTML += text;",
    "element.outerHTML = text;",
    "frame.srcdoc = text;",
    'element.insertAdjacentHTML("beforeend", text);',
    "element.setHTMLUnsafe(text);",
    "range.createContextualFragment(text);",
    "document.write(text);",
    "document.writeln(text);",
    "new DOMParser().parseFromString(text, type);",
    "Object.assign(element, { innerHTML: text });",
    "render(<p innerHTML={text} />);",
    "render(<iframe srcdoc={text} />);",
    "render(<p dangerouslySetInnerHTML={{ __html: text }} />);",
  ];
  const root = join(dir, "..");
  const folder = await mkdtemp(join(tmpdir(), "plaza-lint-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const rules = JSON.parse(await readFile(join(root, "biome.json"), "utf8"));
  const plugins = rules.plugins.map((path: string) => join(root, path));
  await writeFile(join(folder, "biome.json"), JSON.stringify({ linter: rules.linter, plugins }));
  await writeFile(join(folder, "page.tsx"), [...lines, "element.textContent = text;"].join("\n"));
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  const given = ["lint", "--max-diagnostics=100", "--colors=off", "page.tsx"];
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [biome, ...given], { cwd: folder }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  const refused = said.matchAll(/^page\.tsx:(\d+):\d+ (?:plugin|lint\/security\/)/gm);
  expect(new Set([...refused].map(([, line]) => lines[Number(line) - 1]))).toEqual(new Set(lines));
});

async function bytesOf(web: Web, path: string): Promise<number> {
  const answer = await fetch(web.url + path, { headers: { "accept-encoding": "gzip" } });
  await answer.arrayBuffer();
  return Number(answer.headers.get("content-length"));
}

async function sum(numbers: Promise<number>[]): Promise<number> {
  return (await Promise.all(numbers)).reduce((a, b) => a + b, 0);
}

test("npm run web builds the client again when a source changes", { timeout: 60_000 }, async () => {
  // In a copy, with the same packages.
  const root = join(dir, "..");
  const copy = await mkdtemp(join(tmpdir(), "plaza-web-"));
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  const isSource = (path: string) => !/\/web\/(built|dist)$/.test(path);
  for (const part of ["web", "clients", "platform", "supabase", "package.json", "package-lock.json"])
    await cp(join(root, part), join(copy, part), { recursive: true, filter: isSource });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));

  const { scripts } = JSON.parse(await readFile(join(copy, "package.json"), "utf8"));
  expect(scripts.web).toBe("node web/build.ts watch");
  const program = spawn(process.execPath, ["web/build.ts", "watch"], { cwd: copy });
  let said = "";
  program.stdout.on("data", (text) => {
    said += text;
  });
  onTestFinished(async () => {
    program.kill();
    await once(program, "exit");
  });
  const timeout = 20_000;
  await expect.poll(() => said, { timeout }).toContain("Waiting for changes.");
  const before = await newestBuild(join(copy, "web"));
  const words = join(copy, "web/messages/en.ts");
  await writeFile(words, (await readFile(words, "utf8")).replace(/"Home"/, '"Agora"'));
  await expect.poll(() => said.split("Built in").length, { timeout }).toBe(3);
  const after = (await newestBuild(join(copy, "web"))) as string;
  expect(after).not.toBe(before);
  const firsts = (await readdir(join(after, "assets"))).filter((name) => /^first-[\w-]{8}\.js$/.test(name));
  expect(await readFile(join(after, "assets", firsts[0] as string), "utf8")).toContain("Agora");
});

test("a client that cannot be built leaves the platform running, and says so", async () => {
  const lines: string[] = [];
  const log = Object.assign((_: string, line: string) => void lines.push(line), {
    child: () => log,
  }) as typeof silent;
  const web = await served({ dir: join(dir, "no-such-folder"), log });
  await web.open(config);
  const answer = await fetch(web.url);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("could not be built");
  expect(lines.join()).toContain("no-such-folder");
});

test("if another program has the site's port, the start says which setting it is", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void other.close());
  await expect.poll(() => other.address()).not.toBe(null);
  const { port } = other.address() as { port: number };
  await expect(served({ port })).rejects.toMatchObject({
    code: "port_taken",
    message: expect.stringContaining("site_url"),
  });
});
