/** POST /logout. Source: supabase/auth internal/api/logout.go. */
import { audit } from "./audit.ts";
import { requireUser } from "./authorize.ts";
import type { Call, Context } from "./context.ts";
import { invalid } from "./errors.ts";
import { endSessions, type LogoutScope } from "./sessions.ts";

export async function logout(context: Context, call: Call): Promise<Response> {
  const { user, session } = await requireUser(context, call);
  const scope = call.url.searchParams.get("scope") || "global";
  if (scope !== "global" && scope !== "local" && scope !== "others") {
    throw invalid(`Unsupported logout scope "${scope.slice(0, 20)}"`);
  }
  await context.sql.begin(async (sql) => {
    await audit(sql, user, "logout");
    if (session) await endSessions(sql, user.id, session.id, scope satisfies LogoutScope);
    else await sql`delete from auth.refresh_tokens where user_id = ${user.id}`;
  });
  return new Response(null, { status: 204 });
}
