/**
 * Writes supabase/database.types.ts, the types of the API for frontends in
 * TypeScript, from what sql/ says: `npm run types:generate`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateTypes, typesPath } from "../tests/database/cli.ts";
import { databaseUrl, projectDir, startTestServer } from "../tests/database/server.ts";

await using server = await startTestServer();
await writeFile(join(projectDir, typesPath), await generateTypes(databaseUrl(server.port, "plaza")));
console.log(`${typesPath} says what sql/ says.`);
