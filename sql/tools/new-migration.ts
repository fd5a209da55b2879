/**
 * Writes the migration that is missing between supabase/migrations and sql/. You run it as
 * `npm run migration -- <name>`. It builds a database from each, on a server of its own,
 * and the supabase CLI compares the two. Read the migration before you keep it.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl, onAdmin, onDatabase, projectDir, startDatabaseServer } from "./server.ts";
import { plain, supabase } from "./supabase-cli.ts";

const name = process.argv[2] ?? "";
const usage = "Usage: npm run migration -- <name>   (lowercase letters, digits and underscores)";
if (name === "--help" || name === "-h") {
  console.log(usage);
  process.exit();
}
if (!/^[a-z0-9_]{1,80}$/.test(name)) {
  console.error(`"${name}" cannot be the name of a migration.\n${usage}`);
  process.exit(1);
}

await using server = await startDatabaseServer();
await onAdmin(server.port, "create database migrated template supabase owner postgres");
const migrated = plain(databaseUrl(server.port, "migrated"));
const wanted = plain(databaseUrl(server.port, "plaza"));
await supabase("db", "push", "--yes", "--include-all", `--remote=${migrated}`);
// A job is stored with the name of its database. That difference does not count.
for (const name of ["migrated", "plaza"])
  await onDatabase(server.port, name, "update cron.job set database = 'postgres'");
const { diff } = await supabase("db", "diff", "--from", migrated, "--to", wanted);

if (typeof diff !== "string") throw new Error("supabase db diff gave no diff");
if (diff.trim() === "") {
  console.log("sql/ and supabase/migrations already say the same.");
} else {
  const version = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const path = join("supabase/migrations", `${version}_${name}.sql`);
  await writeFile(join(projectDir, path), `${diff.trim()}\n`, { flag: "wx" });
  console.log(`${path}: read it, and add what a comparison cannot know (data, renames, order).`);
}
