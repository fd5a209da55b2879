/** How a statement of a person ends, also if Postgres ends its session. */
import postgres from "postgres";
import { databaseUrl } from "../../sql/tools/server.ts";
import type { Database, Person } from "./database.ts";

export const ended = "Postgres ended the session";

/** Sends a statement of a person as one message, because Postgres may end the session. @returns how it ends */
export async function outcomeOf(db: Database, person: Person, statement: string): Promise<string> {
  const sql = postgres(databaseUrl(db.port, db.name, "authenticator"), {
    max: 1,
    onnotice() {},
  });
  const claims = JSON.stringify({ sub: person.id, role: "authenticated" });
  const settings = `select set_config('role', 'authenticated', true), set_config('request.jwt.claims', '${claims}', true)`;
  try {
    await sql.unsafe(`begin; ${settings}; ${statement}; commit`);
    return "done";
  } catch (error) {
    const { code, detail, message } = error as postgres.PostgresError;
    return code === "CONNECTION_CLOSED" ? ended : (detail ?? message);
  } finally {
    // The driver may not have heard yet that the session is gone.
    await sql.end({ timeout: 0 });
  }
}
