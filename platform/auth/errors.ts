/**
 * GoTrue's error answers: an HTTP status, a stable code and a message. Their form
 * depends on the API version that the client asked for.
 * Source: supabase/auth internal/api/errors.go, apiversions.go, apierrors/.
 */
import { type Trouble, troubleOf } from "../database/trouble.ts";
import type { Log } from "../log.ts";

export class AuthError extends Error {
  readonly status: number;
  /**
   * Empty when a hook made the error. GoTrue then answers "unknown", or "unexpected_failure" with
   * status 500.
   */
  readonly code: string;
  /** Only with weak_password: the reasons, "length" and "characters". */
  readonly reasons: string[] | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options?: ErrorOptions & { reasons?: string[] },
  ) {
    super(message, options);
    this.name = "AuthError";
    this.status = status;
    this.code = code;
    this.reasons = options?.reasons;
  }
}

/** The token endpoint's OAuth 2 error body (RFC 6749 section 5.2). */
export class OAuthError extends Error {
  readonly error: string;

  constructor(error: string, description = "") {
    super(description);
    this.name = "OAuthError";
    this.error = error;
  }
}

export const badRequest = (code: string, message: string) => new AuthError(400, code, message);
export const invalid = (message: string) => new AuthError(400, "validation_failed", message);
export const forbidden = (code: string, message: string) => new AuthError(403, code, message);
export const notFound = (code: string, message: string) => new AuthError(404, code, message);
export const unprocessable = (code: string, message: string) => new AuthError(422, code, message);
export const tooManyRequests = (code: string, message: string) => new AuthError(429, code, message);
export const internal = (message: string, cause?: unknown) =>
  new AuthError(500, "unexpected_failure", message, { cause });

/** The same request may work a moment later. supabase-js tries some of its requests again by itself. */
export const unavailable = (message: string, cause?: unknown) =>
  new AuthError(503, "unexpected_failure", message, { cause });

/** Nobody reads this answer. */
export const clientGone = () => new AuthError(499, "request_timeout", "The client left.");

/** A queue is full. The same request may work a moment later. */
export const crowded = () => new Crowded(429, "over_request_rate_limit", "Request rate limit reached");
class Crowded extends AuthError {}

const troubles: Record<Trouble, string> = {
  unreachable: "The database is away. Try again in a moment.",
  lost: "The connection to the database was lost. Try again in a moment.",
  full: "The database's disk is full, so it cannot do this now.",
  busy: "Too many requests wait for the database. Try again in a moment.",
};

const retryAfterS = 2;

export const emailTaken = (cause?: unknown) =>
  new AuthError(422, "email_exists", "A user with this email address has already been registered", { cause });
export const isEmailTaken = (error: unknown) => error instanceof AuthError && error.code === "email_exists";

const versionHeader = "x-supabase-api-version";
const version2024 = "2024-01-01";

/** @param request whose X-Supabase-Api-Version header chooses the shape of the body */
export function errorResponse(error: unknown, request: Request, log: Log): Response {
  const wanted = request.headers.get(versionHeader) ?? "";
  const modern = /^\d{4}-\d{2}-\d{2}$/.test(wanted) && wanted >= version2024;
  const headers = new Headers({ "content-type": "application/json", "cache-control": "no-store" });
  if (modern) headers.set(versionHeader, version2024);
  const respond = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers });

  if (error instanceof OAuthError) {
    return respond(400, {
      error: error.error,
      ...(error.message === "" ? {} : { error_description: error.message }),
    });
  }
  const trouble = troubleOf(error);
  const known = trouble
    ? unavailable(troubles[trouble], error)
    : isNotText(error)
      ? invalid("Text cannot have the character U+0000")
      : error instanceof AuthError
        ? error
        : internal("Unexpected failure, please check server logs for more information", error);
  const errorId = crypto.randomUUID();

  const raised = raisedByDatabase(known.cause);
  if (known.status === 503 || raised?.status === 503 || known instanceof Crowded)
    headers.set("retry-after", String(retryAfterS));
  if (raised && (raised.status < 500 || raised.status === 503)) {
    const { message, detail = "unknown" } = raised.body;
    return respond(raised.status, modern ? { code: detail, message } : raised.body);
  }
  if (known.status >= 500) log("error", `${errorId} ${known.message}${because(known.cause)}`);
  if (raised && !modern) return respond(raised.status, raised.body);

  if (known.code !== "") headers.set("x-sb-error-code", known.code);
  const code = known.code || (known.status === 500 ? "unexpected_failure" : "unknown");
  return respond(known.status, {
    ...(modern
      ? { code, message: known.message }
      : {
          code: known.status,
          error_code: code,
          msg: known.message,
          ...(known.status >= 500 ? { error_id: errorId } : {}),
        }),
    ...(known.reasons ? { weak_password: { reasons: known.reasons } } : {}),
  });
}

/** Whether Postgres refused a text that a client sent: it has U+0000. Nothing else in a JavaScript string can be at fault. */
function isNotText(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return code === "22021" || cause?.code === "22021";
}

interface Raised {
  status: number;
  body: { code: string; message: string; hint?: string; detail?: string };
}

/**
 * A trigger may raise an error that is meant for people: P0001, or PTxyz with an HTTP
 * status. As in GoTrue, clients that ask for no API version get it as it is. Others get 500 from
 * GoTrue. We give them the status, the message and the code in `detail`, if the status is 4xx or 503.
 * GoTrue also shows violated constraints. We do not, because the detail of such an error
 * holds the values of other people.
 */
function raisedByDatabase(cause: unknown): Raised | undefined {
  if (!(cause instanceof Error) || !("code" in cause) || typeof cause.code !== "string") return undefined;
  const raised = cause as Error & { code: string; detail?: string; hint?: string };
  const status = raised.code === "P0001" ? 500 : Number(/^PT([45]\d\d)$/.exec(raised.code)?.[1]);
  if (!status) return undefined;
  const { code, message, hint, detail } = raised;
  return { status, body: { code, message, ...(hint ? { hint } : {}), ...(detail ? { detail } : {}) } };
}

/** The text for the operator's log. It leaves out a database error's detail, which may hold addresses. */
function because(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  const code = "code" in cause ? ` ${String(cause.code)}` : "";
  return ` (${cause.name}${code}: ${cause.message.replace(/\s+/g, " ")})`;
}
