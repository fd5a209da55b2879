/**
 * A function with a connection of its own for each request. It uses the platform's session, because the
 * driver itself would end the process when its connection is killed.
 */
import { createSession } from "../../../../../platform/database/session.ts";

Deno.serve(async () => {
  const session = createSession({ databaseUrl: Deno.env.get("SUPABASE_DB_URL"), name: "function" });
  try {
    await session.sql`select pg_sleep(0.05)`;
    return new Response("done");
  } catch {
    return new Response("try again", { status: 503, headers: { "retry-after": "1" } });
  } finally {
    await session.end(1000);
  }
});
