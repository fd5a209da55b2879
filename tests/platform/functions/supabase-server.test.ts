/** @supabase/server inside a function. With verify_jwt off, the function itself decides who may call. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKeys, type Keys } from "../../../platform/keys.ts";
import { createProject, entry, type Project, type Served, serve } from "./project.ts";

let project: Project;
let served: Served;
let keys: Keys;

beforeAll(async () => {
  keys = await createKeys();
  project = await createProject();
  await project.write(
    "members/index.ts",
    `import { withSupabase } from "@supabase/server";
     export default {
       fetch: withSupabase({ auth: ["user", "publishable", "secret"] }, (_request, context) =>
         Promise.resolve(Response.json({ mode: context.authMode, user: context.userClaims?.id ?? null })),
       ),
     };`,
  );
  served = await serve(
    project,
    { members: entry("members/index.ts") },
    {
      keys,
      env: {
        SUPABASE_URL: "http://127.0.0.1:54321",
        SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
        SUPABASE_JWKS: JSON.stringify(keys.jwks),
      },
    },
  );
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await project?.[Symbol.asyncDispose]();
});

const call = async (headers: Record<string, string>) => {
  const response = await served.get("/members", { headers });
  return [response.status, await response.json()];
};

test("the function knows alice by the token that the project's key signed", async () => {
  const alice = crypto.randomUUID();
  const token = await keys.sign({
    sub: alice,
    role: "authenticated",
    aud: "authenticated",
    exp: Math.floor(Date.now() / 1000) + 3600,
  });
  const headers = { authorization: `Bearer ${token}`, apikey: keys.publishableKey };
  expect(await call(headers)).toEqual([200, { mode: "user", user: alice }]);
});

test("the function knows a caller without a user by the API key", async () => {
  expect(await call({ apikey: keys.publishableKey })).toEqual([200, { mode: "publishable", user: null }]);
  expect(await call({ apikey: keys.secretKey })).toEqual([200, { mode: "secret", user: null }]);
});

test("mallory is refused: she has no key of the project and no token that its key signed", async () => {
  const other = await createKeys();
  const forged = await other.sign({ sub: crypto.randomUUID(), role: "authenticated" });
  const attempts: Record<string, string>[] = [
    {},
    { apikey: "sb_secret_guessed" },
    { authorization: `Bearer ${forged}` },
  ];
  for (const headers of attempts) {
    const [status] = await call(headers);
    expect(status).toBe(401);
  }
});
