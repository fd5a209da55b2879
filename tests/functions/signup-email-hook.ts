/** Runs the Send Email hook on real Deno, and plays the part of Auth. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import { createFunctions, type Functions } from "../../platform/functions/index.ts";
import { createLog } from "../../platform/log.ts";

export const oldSecret = `v1,whsec_${btoa("the-old-secret-of-thirty-two-bytes")}`;
export const newSecret = `v1,whsec_${btoa("the-new-secret-of-thirty-two-bytes")}`;
export const strangeSecret = `v1,whsec_${btoa("a-secret-that-nobody-has-agreed-on")}`;
export const sender = {
  SEND_EMAIL_HOOK_SECRETS: `${oldSecret}|${newSecret}`,
  MAIL_FROM: "Plaza <hello@plaza.example>",
};

export interface Hook extends AsyncDisposable {
  /** Signs a payload as Auth does, and posts it. */
  post(payload: unknown, signing?: { secret?: string; at?: Date; id?: string }): Promise<Response>;
  fetch: Functions["fetch"];
  log: string[];
}

/** Starts the function on real Deno, with these environment variables. */
export async function startHook(env: Record<string, string>): Promise<Hook> {
  const stateDir = await mkdtemp(join(tmpdir(), "plaza-hook-"));
  const log: string[] = [];
  const functions = await createFunctions({
    projectDir: join(import.meta.dirname, "../.."),
    stateDir,
    functions: {
      "signup-email": {
        enabled: true,
        verify_jwt: false,
        entrypoint: "../edge-functions/signup-email/index.ts",
        import_map: "../deno.json",
      },
    },
    env,
    keys: { verify: () => Promise.reject(new Error("the hook takes no JWT")) },
    log: createLog((line) => log.push(line)),
  });
  return {
    log,
    fetch: functions.fetch,
    post(payload, { secret = newSecret, at = new Date(), id = crypto.randomUUID() } = {}) {
      const body = JSON.stringify(payload);
      const signature = new Webhook(secret.slice("v1,".length)).sign(id, at, body);
      return functions.fetch(
        new Request("http://127.0.0.1/signup-email", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
            "webhook-signature": signature,
          },
          body,
        }),
      );
    },
    async [Symbol.asyncDispose]() {
      await functions[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** Expects an error in the form that Auth reads. Its status is 200, because Auth reads no other answer. */
export async function expectHookError(response: Response): Promise<void> {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  expect(await response.json()).toEqual({
    error: { http_code: 500, message: expect.stringMatching(/try again/) },
  });
}
