/** What the driver and the server say, in the words of Realtime's error codes. */
import { DatabaseError } from "../database-side.ts";

/** https://supabase.com/docs/guides/realtime/error_codes */
const codes: Record<string, [code: string, message: string]> = {
  "53300": ["DatabaseLackOfConnections", "Database can't accept more connections, Realtime won't connect"],
  "57P03": ["InitializingProjectConnection", "Realtime is initializing the project connection"],
  "57014": ["QueryCanceled", "The query was cancelled: it took too long"],
  "23514": ["MissingPartition", "The table realtime.messages has no partition for today"],
};

/** The connection is gone, or never was: nothing can be said of what was asked. */
const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "57P01",
  "57P02",
  "57P05",
  "28P01",
  "28000",
  "3D000",
]);

export function isUnreachable(cause: unknown): boolean {
  return unreachable.has((cause as { code?: string })?.code ?? "");
}

/** Everything else that the server says comes from what policies and triggers do. */
export function toDatabaseError(cause: unknown): DatabaseError {
  if (cause instanceof DatabaseError) return cause;
  const { code = "", message = String(cause) } = cause as { code?: string; message?: string };
  const known = codes[code];
  if (known && (code !== "23514" || message.includes("no partition"))) {
    return new DatabaseError(...known, { cause });
  }
  if (isUnreachable(cause)) {
    return new DatabaseError(
      "UnableToConnectToProject",
      "Realtime was unable to connect to the project database",
      {
        cause,
      },
    );
  }
  return new DatabaseError("RlsPolicyError", "The database failed to evaluate the policies", { cause });
}

/** Worth trying again: the database is away or too busy. */
export function isTransient(error: DatabaseError): boolean {
  return error.code !== "RlsPolicyError";
}
