/**
 * Deletes rows that nobody can use any more, a few at a time.
 * Source: supabase/auth internal/models/cleanup.go.
 */
import type { Context } from "./context.ts";

const everyMs = 5 * 60_000;
const rowsMax = 1000;

/** Runs at once and then every five minutes. Its timer does not keep the process alive. */
export function startCleanup(context: Pick<Context, "sql" | "config" | "log">): Disposable {
  const run = () =>
    cleanUp(context).catch((cause) => context.log("warn", `cleanup failed: ${(cause as Error).message}`));
  const timer = setInterval(run, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Deletes useless rows once. Used refresh tokens stay for a day, so that a second use is noticed. */
export async function cleanUp({ sql, config }: Pick<Context, "sql" | "config">): Promise<void> {
  const { timebox, inactivity_timeout: inactivity } = config.sessions;
  const useless = {
    refresh_tokens: sql`revoked and updated_at < now() - interval '24 hours'`,
    flow_state: sql`created_at < now() - interval '24 hours'`,
    one_time_tokens: sql`expires_at < now() - interval '24 hours'`,
    sessions: sql`
      not_after < now() - interval '24 hours'
      or created_at < now() - interval '24 hours' - make_interval(secs => ${timebox ? timebox / 1000 : null})
      or coalesce(refreshed_at at time zone 'UTC', created_at)
        < now() - interval '24 hours' - make_interval(secs => ${inactivity ? inactivity / 1000 : null})
    `,
  };
  for (const [table, condition] of Object.entries(useless)) {
    await sql`
      delete from auth.${sql(table)}
      where id in (
        select id from auth.${sql(table)}
        where ${condition}
        limit ${rowsMax}
        for update skip locked
      )
    `;
  }
}
