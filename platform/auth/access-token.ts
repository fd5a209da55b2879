/**
 * Access tokens: a JWT with Supabase's claims. A custom_access_token hook may
 * rewrite the claims. Source: supabase/auth internal/tokens/service.go.
 */

import { z } from "zod";
import type { Claims } from "../keys.ts";
import type { Call, Context } from "./context.ts";
import type { Db } from "./db.ts";
import { AuthError } from "./errors.ts";
import type { FlowMethod } from "./flow-state.ts";
import { hookMetadata } from "./hooks/hooks.ts";
import type { User } from "./users.ts";

/** How somebody proved who they are. A token says it in its claim `amr`. */
export type Method = "password" | "otp" | "anonymous" | "token_refresh" | FlowMethod;

/** @throws AuthError the hook's own error, or unexpected_failure when the hook's claims do not fit a token */
export async function signAccessToken(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  sessionId: string,
  method: Method,
): Promise<{ token: string; expiresAtS: number }> {
  const issuedAtS = Math.floor(Date.now() / 1000);
  const amr = await sql<{ method: string; timestamp: number }[]>`
    select authentication_method as method, extract(epoch from updated_at)::int as timestamp
    from auth.mfa_amr_claims
    where session_id = ${sessionId}
    order by updated_at desc
  `;
  const claims: Claims = {
    iss: context.config.jwt_issuer ?? context.externalUrl,
    sub: user.id,
    aud: user.aud,
    exp: issuedAtS + context.config.jwt_expiry,
    iat: issuedAtS,
    email: user.email ?? "",
    phone: user.phone ?? "",
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    role: user.role,
    aal: "aal1",
    amr: [...amr],
    session_id: sessionId,
    is_anonymous: user.is_anonymous,
  };
  if (!context.hooks.has("custom_access_token")) {
    return { token: await context.keys.sign(claims), expiresAtS: claims.exp as number };
  }
  const output = await context.hooks.run("custom_access_token", sql, {
    metadata: hookMetadata("custom_access_token", call.ip),
    user_id: user.id,
    claims,
    authentication_method: method,
  });
  const rewritten = checkClaims(output.claims);
  return { token: await context.keys.sign(rewritten as Claims), expiresAtS: rewritten.exp };
}

const json = z.record(z.string(), z.unknown());

/** The claims that a token must have so that the other services can read it. */
const claimsSchema = z.looseObject({
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number().int(),
  iat: z.number().int(),
  sub: z.string(),
  email: z.string(),
  phone: z.string(),
  role: z.string(),
  aal: z.string(),
  session_id: z.string(),
  is_anonymous: z.boolean(),
  jti: z.string().optional(),
  iss: z.string().optional(),
  nbf: z.number().int().optional(),
  app_metadata: json.optional(),
  user_metadata: json.optional(),
  amr: z.array(z.union([z.string(), json])).optional(),
});

function checkClaims(claims: unknown): z.infer<typeof claimsSchema> {
  if (claims === undefined) throw new AuthError(500, "", "output claims field is missing");
  const result = claimsSchema.safeParse(claims);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `- ${issue.path.join(".")}: ${issue.message}\n`);
  throw new AuthError(500, "", `output claims do not conform to the expected schema: \n${problems.join("")}`);
}
