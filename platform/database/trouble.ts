/**
 * Tells errors that say nothing about the request from all others: the database is away, or has no
 * room. The same request may work a moment later.
 */

/**
 * unreachable: no session could be made, so nothing was done. lost: the session broke, so nobody knows
 * whether the work was done. full: the server has no room on its disk. busy: too many callers wait for a
 * session.
 */
export type Trouble = "unreachable" | "lost" | "full" | "busy";

const troubles: Record<string, Trouble> = {
  ECONNREFUSED: "unreachable",
  ENOTFOUND: "unreachable",
  ENOENT: "unreachable",
  EHOSTUNREACH: "unreachable",
  CONNECT_TIMEOUT: "unreachable",
  "53300": "unreachable",
  "57P03": "unreachable",
  "28000": "unreachable",
  "28P01": "unreachable",
  "3D000": "unreachable",
  ECONNRESET: "lost",
  EPIPE: "lost",
  ETIMEDOUT: "lost",
  CONNECTION_CLOSED: "lost",
  CONNECTION_ENDED: "lost",
  CONNECTION_DESTROYED: "lost",
  "57P01": "lost",
  "57P02": "lost",
  "57P05": "lost",
  "53100": "full",
  POOL_BUSY: "busy",
};

/** @param cause an error of the driver, the server or a pool, or another error with such a cause */
export function troubleOf(cause: unknown): Trouble | undefined {
  for (let error = cause, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const { code = "", severity } = error as { code?: string; severity?: string };
    // Functions can raise almost any code. Only a fatal error of the server ends the session.
    const raised = severity === "ERROR" && code !== "53100";
    const trouble = raised ? undefined : (troubles[code] ?? (code.startsWith("08") ? "lost" : undefined));
    if (trouble) return trouble;
  }
  return undefined;
}

/** The error of a caller that waited too long for a session, or that found too many callers waiting. */
export const poolBusy = () =>
  Object.assign(new Error("Too many callers wait for a session of the database"), { code: "POOL_BUSY" });
