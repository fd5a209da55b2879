/**
 * Writes supabase/database.types.ts, the types of the API for frontends in
 * TypeScript, from what sql/ says: `npm run types:generate`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databaseUrl, projectDir, startDatabaseServer } from "./server.ts";
import { generateTypes, typesPath } from "./supabase-cli.ts";

await using server = await startDatabaseServer();
await writeFile(join(projectDir, typesPath), await generateTypes(databaseUrl(server.port, "plaza")));
console.log(`${typesPath} says what sql/ says.`);
