/**
 * What every endpoint is given: the parts of the service (`Context`) and the
 * request (`Call`).
 */
import { isIP } from "node:net";
import { z } from "zod";
import { readText } from "../body.ts";
import type { Config } from "../config.ts";
import type { PoolSql } from "../database/pool.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { AuthError, badRequest } from "./errors.ts";
import type { Hooks } from "./hooks/hooks.ts";
import type { Mailer } from "./mail/mailer.ts";
import type { MailFrequency } from "./mail-frequency.ts";
import type { Pace } from "./pace.ts";
import type { Passwords } from "./passwords.ts";
import type { Limits } from "./rate-limit.ts";
import type { Redirects } from "./redirects.ts";

export interface Context {
  sql: PoolSql;
  config: Config["auth"];
  keys: Keys;
  /** The address of Auth as clients reach it: with /auth/v1, without a slash at the end. */
  externalUrl: string;
  passwords: Passwords;
  hooks: Hooks;
  mailer: Mailer;
  limits: Limits;
  mailFrequency: MailFrequency;
  redirects: Redirects;
  pace: Pace;
  log: Log;
}

export interface Call {
  request: Request;
  url: URL;
  /** The client's address. Empty when the gateway gave none. */
  ip: string;
  userAgent: string;
  /** Where the client wants its user to land. The site's URL when the wanted one is not allowed. */
  redirectTo: string;
  /** @throws AuthError bad_json, request_entity_too_large */
  body<T>(schema: z.ZodType<T>): Promise<T>;
}

/** In bytes. A larger body is refused. */
export const bodyMaxBytes = 1024 * 1024;

export function createCall(request: Request, redirects: Redirects): Call {
  const url = new URL(request.url);
  let parsed: Promise<unknown> | undefined;
  return {
    request,
    url,
    ip: clientAddress(request.headers.get("x-forwarded-for") ?? ""),
    userAgent: (request.headers.get("user-agent") ?? "").slice(0, 1024),
    redirectTo: redirects.choose(
      request.headers.get("redirect_to") ?? url.searchParams.get("redirect_to"),
      request.headers.get("referer"),
    ),
    async body(schema) {
      parsed ??= readJson(request);
      const result = schema.safeParse(await parsed);
      if (!result.success) {
        throw badRequest(
          "bad_json",
          `Could not parse request body as JSON: ${z.prettifyError(result.error).split("\n")[0]}`,
        );
      }
      return result.data;
    },
  };
}

function clientAddress(forwardedFor: string): string {
  return (
    forwardedFor
      .split(",")
      .map((part) => part.trim())
      .find((part) => isIP(part) !== 0) ?? ""
  );
}

/** An empty body reads as an empty object. */
async function readJson(request: Request): Promise<unknown> {
  const tooLarge = () =>
    new AuthError(413, "request_entity_too_large", `Request body too large (max ${bodyMaxBytes} bytes)`);
  // HTTP allows no more bytes than announced. The server reads such a body without a stream, which is faster.
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  const text =
    announced <= bodyMaxBytes ? await request.text() : await readText(request, bodyMaxBytes, tooLarge);
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("bad_json", "Could not parse request body as JSON");
  }
}

/** Reads a text field as Go does: absent and null become the empty text. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
/** Reads an optional JSON object: null becomes undefined. */
export const record = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => value ?? undefined);

/** An answer in JSON. Answers hold personal data, so nobody may cache them. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
