/**
 * Writes supabase/openapi.json from sql/: the API in OpenAPI 3, as a signed-in person may use it. You run
 * it as `npm run openapi`.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateOpenapi, openapiPath } from "./openapi.ts";
import { databaseUrl, projectDir, startDatabaseServer } from "./server.ts";

await using server = await startDatabaseServer();
await writeFile(
  join(projectDir, openapiPath),
  await generateOpenapi(databaseUrl(server.port, "plaza", "authenticator")),
);
console.log(`${openapiPath} now matches sql/.`);
