/**
 * Takes away rows that nothing can use any more, a few at a time.
 * Source: supabase/auth internal/models/cleanup.go.
 */
import type { Context } from "./context.ts";

const everyMs = 5 * 60_000;
const rowsMax = 1000;

/** Starts at once, and keeps no process alive. */
export function startCleanup(context: Pick<Context, "sql" | "config" | "log">): Disposable {
  const run = () =>
    cleanUp(context).catch((cause) => context.log("warn", `cleanup failed: ${(cause as Error).message}`));
  const timer = setInterval(run, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Used refresh tokens stay for a day, so that their reuse is noticed. */
export async function cleanUp({ sql, config }: Pick<Context, "sql" | "config">): Promise<void> {
  await sql`
    delete from auth.refresh_tokens
    where id in (
      select id from auth.refresh_tokens
      where revoked and updated_at < now() - interval '24 hours'
      limit ${rowsMax}
      for update skip locked
    )
  `;
  await sql`
    delete from auth.flow_state
    where id in (
      select id from auth.flow_state
      where created_at < now() - interval '24 hours'
      limit ${rowsMax}
      for update skip locked
    )
  `;
  await sql`
    delete from auth.one_time_tokens
    where id in (
      select id from auth.one_time_tokens
      where expires_at < now() - interval '24 hours'
      limit ${rowsMax}
      for update skip locked
    )
  `;
  const { timebox, inactivity_timeout: inactivity } = config.sessions;
  await sql`
    delete from auth.sessions
    where id in (
      select id from auth.sessions
      where not_after < now() - interval '24 hours'
        or created_at < now() - interval '24 hours' - make_interval(secs => ${timebox ? timebox / 1000 : null})
        or coalesce(refreshed_at at time zone 'UTC', created_at)
          < now() - interval '24 hours' - make_interval(secs => ${inactivity ? inactivity / 1000 : null})
      limit ${rowsMax}
      for update skip locked
    )
  `;
}
