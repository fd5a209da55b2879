/** Translates errors of the driver and the server into Realtime's error codes. */
import { troubleOf } from "../../database/trouble.ts";
import { DatabaseError } from "../database-side.ts";

/** https://supabase.com/docs/guides/realtime/error_codes */
const codes: Record<string, [code: string, message: string]> = {
  "53300": ["DatabaseLackOfConnections", "Database can't accept more connections, Realtime won't connect"],
  "57P03": ["InitializingProjectConnection", "Realtime is initializing the project connection"],
  "53100": ["UnableToConnectToProject", "The database's disk is full"],
  "57014": ["QueryCanceled", "The query was cancelled: it took too long"],
  "23514": ["MissingPartition", "The table realtime.messages has no partition for today"],
};

/** Whether the connection is lost or could not be made. Then nobody knows whether the work was done. */
export function isUnreachable(cause: unknown): boolean {
  const trouble = troubleOf(cause);
  return trouble === "lost" || trouble === "unreachable";
}

/** Every other error of the server comes from policies and triggers. */
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

/** Whether trying again makes sense, because the database cannot be reached or is too busy. */
export function isTransient(error: DatabaseError): boolean {
  return error.code !== "RlsPolicyError";
}
