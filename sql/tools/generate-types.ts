/**
 * Writes supabase/database.types.ts from sql/: the types of the API, for frontends in
 * TypeScript. You run it as `npm run types:generate`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl, projectDir, startDatabaseServer } from "./server.ts";
import { generateTypes, typesPath } from "./supabase-cli.ts";

await using server = await startDatabaseServer();
await writeFile(join(projectDir, typesPath), await generateTypes(databaseUrl(server.port, "plaza")));
console.log(`${typesPath} now matches sql/.`);
