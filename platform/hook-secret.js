// @ts-check
/*
 * `npm ci` runs this. It gives a fresh checkout the one secret that supabase/config.toml takes from
 * the environment, so that every `npx supabase …` works at once. The secret is random and stays
 * in .env, which git ignores. This is JavaScript because Node 20 may run it.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const name = "SEND_EMAIL_HOOK_SECRETS";
const root = process.argv[2] ?? join(import.meta.dirname, "..");

/** The files that the CLI reads. @param {string} file */
const namesIt = (file) =>
  existsSync(join(root, file)) &&
  new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, "m").test(readFileSync(join(root, file), "utf8"));

const stage = process.env.SUPABASE_ENV || "development";
const files = [".env", ".env.local", `.env.${stage}`, `.env.${stage}.local`];
const known =
  process.env[name] !== undefined || [...files, ...files.map((file) => `supabase/${file}`)].some(namesIt);

if (!known) {
  const path = join(root, ".env");
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const separator = before === "" || before.endsWith("\n") ? "" : "\n";
  const secret = `v1,whsec_${randomBytes(32).toString("base64")}`;
  try {
    appendFileSync(path, `${separator}${name}=${secret}\n`, { mode: 0o600 });
  } catch (error) {
    // An install into a read-only folder is still an install.
    console.warn(`Cannot write ${path}: ${/** @type {Error} */ (error).message}`);
  }
}
