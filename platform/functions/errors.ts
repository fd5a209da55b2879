/**
 * The errors that the host itself answers with. Codes, statuses and messages are Supabase's
 * (supabase.com/docs/guides/functions/error-codes), except WORKER_LOST. They come as a JSON body and the header
 * sb-error-code. Details go only to the log.
 */
const statuses = {
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  PAYLOAD_TOO_LARGE: 413,
  UNAUTHORIZED_NO_AUTH_HEADER: 401,
  UNAUTHORIZED_INVALID_JWT_FORMAT: 401,
  UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM: 401,
  UNAUTHORIZED_LEGACY_JWT: 401,
  UNAUTHORIZED_ASYMMETRIC_JWT: 401,
  BOOT_ERROR: 503,
  WORKER_ERROR: 500,
  WORKER_LOST: 503,
  WORKER_RESOURCE_LIMIT: 546,
  IDLE_TIMEOUT: 504,
} as const;

export type FunctionErrorCode = keyof typeof statuses;

const messages = {
  NOT_FOUND: "Requested function was not found",
  METHOD_NOT_ALLOWED: "Method not allowed",
  PAYLOAD_TOO_LARGE: "Request body is too large",
  BOOT_ERROR: "Function failed to start (please check logs)",
  WORKER_ERROR: "Function exited due to an error (please check logs)",
  WORKER_RESOURCE_LIMIT: "Function failed due to not having enough compute resources (please check logs)",
} as const satisfies Partial<Record<FunctionErrorCode, string>>;

/** Thrown inside the host. At its border, `toResponse` turns it into a response. */
export class FunctionError extends Error {
  readonly code: FunctionErrorCode;
  /** When the client may try again. Undefined if that would not help. */
  readonly retryAfterS: number | undefined;

  constructor(code: keyof typeof messages);
  constructor(code: FunctionErrorCode, message: string, retryAfterS?: number);
  constructor(code: FunctionErrorCode, message?: string, retryAfterS?: number) {
    super(message ?? (messages as Record<string, string>)[code]);
    this.name = "FunctionError";
    this.code = code;
    this.retryAfterS = retryAfterS;
  }

  /** Any origin may read the response, so a script in a browser learns why its call failed. */
  toResponse(): Response {
    const headers = new Headers({
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "sb-error-code",
      "sb-error-code": this.code,
    });
    if (this.retryAfterS !== undefined) headers.set("retry-after", String(this.retryAfterS));
    return Response.json(
      { code: this.code, message: this.message },
      { status: statuses[this.code], headers },
    );
  }
}

export const bootError = (retryAfterMs: number) =>
  new FunctionError("BOOT_ERROR", messages.BOOT_ERROR, Math.max(1, Math.ceil(retryAfterMs / 1000)));

/** Somebody ended the process. The code is not to blame, and the next request gets a new process. */
export const workerLost = () =>
  new FunctionError("WORKER_LOST", "The process of the function was ended. Try again.", 1);

export const overloaded = () => new FunctionError("WORKER_RESOURCE_LIMIT", messages.WORKER_RESOURCE_LIMIT, 1);

export const idleTimeout = (limitMs: number) =>
  new FunctionError("IDLE_TIMEOUT", `Request idle timeout limit (${limitMs / 1000}s) reached`);
