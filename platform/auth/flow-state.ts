/**
 * PKCE. The client keeps a secret. Before a mail goes out, the secret's hash is stored
 * in auth.flow_state. The mail's link brings a code. Code and secret together get a
 * session. Source: RFC 7636; supabase/auth internal/models/flow_state.go.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Db } from "./db.ts";
import { badRequest, invalid, notFound, unprocessable } from "./errors.ts";

export interface Pkce {
  codeChallenge: string;
  codeChallengeMethod: "s256" | "plain";
}

export type FlowMethod = "email/signup" | "magiclink" | "recovery" | "email_change" | "invite";

export interface FlowState {
  id: string;
  user_id: string;
  authentication_method: FlowMethod;
  code_challenge: string;
  code_challenge_method: string;
  provider_type: string;
  created_at: Date;
  auth_code_issued_at: Date | null;
}

/** How long a code is valid after the link was opened. */
const expiryMs = 300_000;

/** Reads the challenge and its method. A client sends both or neither. @throws AuthError validation_failed */
export function readPkce(params: {
  code_challenge: string;
  code_challenge_method: string;
}): Pkce | undefined {
  const { code_challenge: codeChallenge, code_challenge_method: method } = params;
  if ((codeChallenge === "") !== (method === "")) {
    throw invalid("PKCE flow requires code_challenge_method and code_challenge");
  }
  if (codeChallenge === "") return undefined;
  if (codeChallenge.length < 43 || codeChallenge.length > 128) {
    throw invalid("code challenge has to be between 43 and 128 characters");
  }
  if (!/^[a-zA-Z._~0-9-]+$/.test(codeChallenge)) {
    throw invalid(
      "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes",
    );
  }
  const codeChallengeMethod = method.toLowerCase();
  if (codeChallengeMethod !== "s256" && codeChallengeMethod !== "plain") {
    throw invalid(`unsupported code_challenge method "${method.slice(0, 20)}"`);
  }
  return { codeChallenge, codeChallengeMethod };
}

export async function createFlowState(
  sql: Db,
  userId: string,
  pkce: Pkce,
  method: FlowMethod,
): Promise<void> {
  const providerType = method === "email/signup" ? "email" : method;
  await sql`
    insert into auth.flow_state (
      id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
      authentication_method, created_at, updated_at
    )
    values (
      ${crypto.randomUUID()}, ${userId}, ${crypto.randomUUID()}, ${pkce.codeChallengeMethod},
      ${pkce.codeChallenge}, ${providerType}, ${method}, now(), now()
    )
  `;
}

/** Gives the code that the link's redirect brings to the client. @throws AuthError flow_state_not_found */
export async function issueAuthCode(sql: Db, userId: string, method: FlowMethod): Promise<string> {
  const [row] = await sql<{ auth_code: string }[]>`
    update auth.flow_state
    set auth_code_issued_at = now(), updated_at = now()
    where id = (
      select id from auth.flow_state
      where user_id = ${userId} and authentication_method = ${method}
      order by created_at desc
      limit 1
    )
    returning auth_code
  `;
  if (!row) throw unprocessable("flow_state_not_found", "No valid flow state found for user.");
  return row.auth_code;
}

/**
 * Uses up a code. A second caller waits for the first one and then finds no code.
 * @throws AuthError flow_state_not_found, flow_state_expired, bad_code_verifier
 */
export async function spendAuthCode(sql: Db, code: string, verifier: string): Promise<FlowState> {
  const [state] = await sql<FlowState[]>`
    select * from auth.flow_state where auth_code = ${code} and user_id is not null for update
  `;
  if (!state) throw notFound("flow_state_not_found", "invalid flow state, no valid flow state found");
  // A mail may lie unread for long, so the time of a magic link starts when it is opened.
  const startedAt =
    (state.authentication_method === "magiclink" && state.auth_code_issued_at) || state.created_at;
  if (Date.now() > startedAt.getTime() + expiryMs) {
    throw unprocessable("flow_state_expired", "invalid flow state, flow state has expired");
  }
  if (!proves(state, verifier)) {
    throw badRequest("bad_code_verifier", "code challenge does not match previously saved code verifier");
  }
  await sql`delete from auth.flow_state where id = ${state.id}`;
  return state;
}

function proves(state: FlowState, verifier: string): boolean {
  const shown =
    state.code_challenge_method === "s256"
      ? createHash("sha256").update(verifier).digest("base64url")
      : verifier;
  const [a, b] = [Buffer.from(shown), Buffer.from(state.code_challenge)];
  return a.length === b.length && timingSafeEqual(a, b);
}
