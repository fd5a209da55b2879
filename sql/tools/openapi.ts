/** Describes a database's API in OpenAPI 3, for the tools in this folder and the tests. */
import postgres from "postgres";
import { describeApi } from "../../platform/rest/openapi/index.ts";
import { toVersion3 } from "../../platform/rest/openapi/version-3.ts";
import { loadSchema } from "../../platform/rest/schema/load.ts";
import type { Statement } from "../../platform/rest/sql/text.ts";

/** The file in which tools find the description of the API. */
export const openapiPath = "supabase/openapi.json";

/** Where the API of the local platform is. Another deployment has its own address. */
const server = "http://127.0.0.1:54321/rest/v1";

/**
 * @param url of a database, with the login role authenticator
 * @returns JSON, which ends with a line break
 */
export async function generateOpenapi(url: string): Promise<string> {
  const sql = postgres(url, { max: 1, fetch_types: false, connection: { search_path: "" }, onnotice() {} });
  try {
    const ask = async ({ text, values }: Statement) => {
      const [row] = await sql.unsafe(text, values, { prepare: false });
      return String(row?.value);
    };
    const graph = await loadSchema(ask, { schemas: ["public"], extraSearchPath: ["public", "extensions"] });
    await sql`set role authenticated`;
    const document = describeApi.document(graph, "public", await ask(describeApi.statement("public")));
    return `${JSON.stringify(toVersion3(document, [server]), null, 2)}\n`;
  } finally {
    await sql.end();
  }
}
