/**
 * Writes supabase/database.types.ts from sql/: the types of the API, for frontends in
 * TypeScript. You run it as `npm run types:generate`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl, projectDir, startDatabaseServer } from "./server.ts";
import { generateTypes, typesPath } from "./supabase-cli.ts";

if (process.argv.length > 2) {
  const helping = process.argv.includes("--help") || process.argv.includes("-h");
  console.log(
    `${helping ? "" : `Unknown: ${process.argv.slice(2).join(" ")}\n`}Usage: npm run types:generate`,
  );
  process.exit(helping ? 0 : 1);
}

await using server = await startDatabaseServer();
await writeFile(join(projectDir, typesPath), await generateTypes(databaseUrl(server.port, "plaza")));
console.log(`${typesPath} now matches sql/.`);
