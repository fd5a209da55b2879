/** Turns an error of Postgres or of the driver into an HTTP answer. Nothing else does. */
import { type Trouble, troubleOf } from "../../database/trouble.ts";
import { errors, later, RestError } from "../errors.ts";

/** The fields of an error as Postgres sends them. `code` is the SQLSTATE. */
export interface PostgresFault {
  code: string;
  message: string;
  detail?: string | undefined;
  hint?: string | undefined;
}

const troubles: Record<Trouble, () => RestError> = {
  unreachable: errors.unreachable,
  lost: errors.connectionLost,
  full: errors.diskFull,
  busy: errors.poolBusy,
};

/** @returns undefined if the error does not come from the state of the database */
export function fromTrouble(cause: unknown): RestError | undefined {
  const trouble = troubleOf(cause);
  return trouble && troubles[trouble]();
}

/**
 * @param anonymous whether the request ran as the anonymous role. The status is then 401 instead of
 *   403, because it may help to sign in
 */
export function fromPostgres(fault: PostgresFault, anonymous: boolean): RestError {
  if (fault.code === "PGRST") return raised(fault);
  const status = statusOf(fault, anonymous);
  return new RestError(
    status,
    fault.code,
    fault.message,
    fault.detail ?? null,
    fault.hint ?? null,
    status === 401 ? [["WWW-Authenticate", "Bearer"]] : status === 503 ? later : [],
  );
}

/** https://docs.postgrest.org/en/stable/references/errors.html#status-codes */
function statusOf({ code, message }: PostgresFault, anonymous: boolean): number {
  switch (code) {
    case "23503":
    case "23505":
      return 409;
    case "25006":
      return 405;
    case "21000":
      return message.endsWith("requires a WHERE clause") ? 400 : 500;
    case "22023":
      return message.startsWith("role") && message.endsWith("does not exist") ? 401 : 400;
    case "42883":
      return message.startsWith("function xmlagg(") ? 406 : 404;
    case "42P01":
      return 404;
    case "42P17":
      return 500;
    case "42501":
      return anonymous ? 401 : 403;
    case "53400":
      return 500;
    case "57P01":
      return 503;
    case "P0001":
      return 400;
  }
  if (code.startsWith("PT")) {
    const status = Number(code.slice(2));
    // Response accepts no other status. PostgREST answers 500 too if the number is not a status.
    return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 500;
  }
  return statusByClass[code.slice(0, 2)] ?? 400;
}

const statusByClass: Record<string, number> = {
  "08": 503,
  "09": 500,
  "0L": 403,
  "0P": 403,
  "25": 500,
  "28": 403,
  "2D": 500,
  "38": 500,
  "39": 500,
  "3B": 500,
  "40": 500,
  "53": 503,
  "54": 500,
  "55": 500,
  "57": 500,
  "58": 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
};

/** An error of `raise sqlstate 'PGRST'`. Its message and detail are JSON and describe the whole response. */
function raised({ message, detail }: PostgresFault): RestError {
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  const body = parseObject(message);
  if (typeof body?.code !== "string" || typeof body.message !== "string") {
    return errors.raisedJson(
      `Invalid JSON value for MESSAGE: '${message}'`,
      "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
    );
  }
  const hint =
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
  if (detail === undefined) return errors.raisedJson("DETAIL is missing in the RAISE statement", hint);
  const control = parseObject(detail);
  const headers = control?.headers;
  const status = control?.status;
  if (
    typeof status !== "number" ||
    !Number.isInteger(status) ||
    typeof headers !== "object" ||
    headers === null ||
    !Object.values(headers).every((value) => typeof value === "string")
  ) {
    return errors.raisedJson(`Invalid JSON value for DETAIL: '${detail}'`, hint);
  }
  return new RestError(
    status >= 200 && status <= 599 ? status : 500,
    body.code,
    body.message,
    text(body.details),
    text(body.hint),
    Object.entries(headers as Record<string, string>),
  );
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
