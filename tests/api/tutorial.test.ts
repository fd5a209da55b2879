import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Window } from "happy-dom";
import { expect, test } from "vitest";
import { signUp, target } from "../people.ts";

const root = join(import.meta.dirname, "../..");

test("the tutorial's page shows the public feed, signs alice in, and posts for her", async () => {
  const alice = await signUp("alice");
  await alice.client.from("posts").insert({ content: "A post for everyone." }).throwOnError();
  const tutorial = await readFile(join(root, "docs/tutorial/first-page.md"), "utf8");
  const html = /```html\n([\s\S]+?)```/.exec(tutorial)?.[1] ?? "";
  const [markup = "", script = ""] = html.split(/<script type="module">|<\/script>/);
  const { url, publishableKey } = target();
  const code = script.replace("http://127.0.0.1:54321", url).replace(/sb_publishable_[\w-]+/, publishableKey);
  expect(code).toContain(url);

  const window = new Window({ url: "http://127.0.0.1:3000/" });
  // The page's script runs here, so that it finds supabase-js. Its page is the window's.
  const dir = await mkdtemp(join(root, "node_modules/.tutorial-"));
  const before = { document: globalThis.document, FormData: globalThis.FormData };
  Object.assign(globalThis, { document: window.document, FormData: window.FormData });
  try {
    window.document.write(markup);
    await writeFile(join(dir, "page.mjs"), code);
    await import(/* @vite-ignore */ pathToFileURL(join(dir, "page.mjs")).href);
    const form = (id: string) => window.document.querySelector(`#${id}`) as unknown as HTMLFormElement;
    const problem = () => window.document.querySelector("#problem")?.textContent;
    const posts = () => [...window.document.querySelectorAll("#feed li")].map((item) => item.textContent);
    const submit = (id: string, values: Record<string, string>) => {
      for (const [name, value] of Object.entries(values)) {
        const input = window.document.querySelector(`#${id} [name=${name}]`);
        (input as unknown as HTMLInputElement).value = value;
      }
      form(id).dispatchEvent(new window.Event("submit", { cancelable: true }) as unknown as Event);
    };
    expect(form("write").hidden).toBe(true);
    expect(posts()).toContain(`${alice.username}:  A post for everyone.`);

    submit("sign-in", { email: alice.email, password: "not hers" });
    await expect.poll(problem, { timeout: 10_000 }).toContain("Invalid login");
    submit("sign-in", { email: alice.email, password: alice.password });
    await expect.poll(() => form("write").hidden, { timeout: 10_000 }).toBe(false);

    submit("write", { content: "   " });
    await expect.poll(problem, { timeout: 10_000 }).toContain("10,000 characters");
    submit("write", { content: "The tutorial works." });
    await expect.poll(posts, { timeout: 10_000 }).toContain(`${alice.username}:  The tutorial works.`);
    expect(problem()).toBe("");
  } finally {
    Object.assign(globalThis, before);
    await window.happyDOM.close();
    await rm(dir, { recursive: true });
  }
});
