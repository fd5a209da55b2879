/**
 * What every endpoint is given: the service's parts, and one call's facts.
 */
import { isIP } from "node:net";
import type postgres from "postgres";
import { z } from "zod";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { AuthError, badRequest } from "./errors.ts";
import type { Hooks } from "./hooks/hooks.ts";
import type { Mailer } from "./mail/mailer.ts";
import type { Pace } from "./pace.ts";
import type { Passwords } from "./passwords.ts";
import type { Limits } from "./rate-limit.ts";
import type { Redirects } from "./redirects.ts";

export interface Context {
  sql: postgres.Sql;
  config: Config["auth"];
  keys: Keys;
  /** With /auth/v1, without a slash at its end. */
  externalUrl: string;
  passwords: Passwords;
  hooks: Hooks;
  mailer: Mailer;
  limits: Limits;
  redirects: Redirects;
  pace: Pace;
  log: Log;
}

export interface Call {
  request: Request;
  url: URL;
  /** Of the client; empty when the gateway gave none. */
  ip: string;
  userAgent: string;
  /** Where the client wants its user sent: an allowed URL, else the site's. */
  redirectTo: string;
  /** @throws AuthError bad_json, request_entity_too_large */
  body<T>(schema: z.ZodType<T>): Promise<T>;
}

const bodyMaxBytes = 1024 * 1024;

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
  let text = "";
  let sizeBytes = 0;
  const decoder = new TextDecoder();
  for await (const chunk of request.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > bodyMaxBytes) {
      throw new AuthError(
        413,
        "request_entity_too_large",
        `Request body too large (max ${bodyMaxBytes} bytes)`,
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("bad_json", "Could not parse request body as JSON");
  }
}

/** A string as Go reads it: absent and null are empty. */
export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
/** A JSON object, or nothing. */
export const record = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((value) => value ?? undefined);

/** An answer in JSON; answers carry people's data, so nothing may cache them. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
