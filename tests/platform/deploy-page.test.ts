import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { expect, test } from "vitest";

/* docs/how-to/deploy.md says for every value of config.toml how a self-hosted server gets it. */

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFile(join(root, path), "utf8");

/** Every setting below a table, as `auth.email.otp_length`, with its value. */
function settings(table: object, prefix: string): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]) =>
    typeof value === "object" && !Array.isArray(value)
      ? settings(value as object, `${prefix}.${key}`)
      : [[`${prefix}.${key}`, value] as [string, unknown]],
  );
}

test("the table for self-hosted servers has every setting of [auth] and [api], with its value", async () => {
  const { auth, api } = parse(await read("supabase/config.toml")) as { auth: object; api: { port?: number } };
  // The port is that of your own machine.
  delete api.port;
  const expected = new Map([...settings(auth, "auth"), ...settings(api, "api")]);
  expect(expected.size).toBeGreaterThan(20);

  const page = (await read("docs/how-to/deploy.md")).split("## Self-hosted Supabase\n")[1] ?? "";
  const named = [...page.matchAll(/^\| `((?:auth|api)\.[\w.]+)(?: = ([^`]+))?` \|/gm)];
  expect(named.map(([, name]) => name).sort()).toEqual([...expected.keys()].sort());
  for (const [, name = "", value] of named) {
    // A value that every deployment chooses itself is left out.
    if (value !== undefined) expect(parse(`value = ${value}`).value, name).toEqual(expected.get(name));
  }
});
