/** What `npm run status` says about background work: a line for each queue, and one for each trouble. */
import postgres from "postgres";

/** A busy database must not hold up a person at a terminal. */
const patienceS = 3;

interface Row {
  kind: "queue" | "maintenance" | "schedule";
  name: string;
  waiting: number;
  running: number;
  failed: number;
  dead: number;
  succeeded_at: Date | null;
  oldest_at: Date | null;
  lost_doorbells: number;
}

/**
 * @param databaseUrl as the role postgres
 * @returns lines for people. If the database does not answer, a line that says so
 */
export async function jobHealth(databaseUrl: string | undefined): Promise<string> {
  if (databaseUrl === undefined) return "";
  const sql = postgres(databaseUrl, {
    max: 1,
    connect_timeout: patienceS,
    connection: { statement_timeout: patienceS * 1000 },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    onnotice() {},
  });
  try {
    const rows = await sql<Row[]>`select * from public.job_health order by kind, name`;
    return healthLines(rows, Date.now()).join("\n");
  } catch (error) {
    // An older project has no such view.
    return (error as { code?: string }).code === "42P01"
      ? ""
      : `Background work: not known (${(error as Error).message})`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** A job of pg_cron has a line only if it failed, or gave something up. */
export function healthLines(rows: readonly Row[], nowMs: number): string[] {
  const lines = rows
    .filter((row) => row.kind !== "schedule" || row.failed > 0 || row.dead > 0)
    .map((row) => {
      const facts = [
        row.kind === "queue" && `${row.waiting} waiting`,
        row.kind === "queue" && `${row.running} running`,
        row.oldest_at && `the oldest for ${ago(row.oldest_at, nowMs)}`,
        row.failed > 0 && `${row.failed} failed in 24 hours`,
        row.dead > 0 && `${row.dead} ${row.kind === "queue" ? "in dead-letters" : "given up"}`,
        row.lost_doorbells > 0 && `${row.lost_doorbells} doorbells without answer`,
        row.succeeded_at ? `last success ${ago(row.succeeded_at, nowMs)} ago` : "no success yet",
      ].filter((fact) => typeof fact === "string");
      return `  ${row.kind} ${row.name}: ${facts.join(", ")}`;
    });
  return ["Background work:", ...lines];
}

function ago(at: Date, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - at.getTime()) / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
