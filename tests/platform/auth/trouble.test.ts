/** What Auth answers when its database is away, or full. */
import { AuthRetryableFetchError } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createHarness, type Harness, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;
const patience = { timeout: 20_000 };
const alice = { email: "alice@example.com", password: "correct horse battery" };

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
  const { error } = await auth.admin().auth.admin.createUser({ ...alice, email_confirm: true });
  if (error) throw error;
});
afterAll(() => harness?.[Symbol.asyncDispose]());

const signIn = (headers?: Record<string, string>) =>
  auth.send("POST", "/token?grant_type=password", { body: alice, headers });

/** Auth cannot log in, and loses the sessions that it has. */
async function away(work: () => Promise<void>): Promise<void> {
  await harness.sql`alter role supabase_auth_admin nologin`;
  await harness.sql`
    select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'supabase_auth_admin'`;
  try {
    // A request may be the first to notice that its session has ended. It is told that the connection was lost.
    await vi.waitFor(
      async () => expect((await (await signIn()).json()).message).toContain("is away"),
      patience,
    );
    await work();
  } finally {
    await harness.sql`alter role supabase_auth_admin login`;
  }
}

/** There are several sessions. Each may be the one that a request finds ended. */
const isAwayOrLost = expect.stringMatching(
  /^The (database is away|connection to the database was lost)\. Try again in a moment\.$/,
);

test("while the database is away, Auth answers 503 and says when to try again; then it works again", async () => {
  expect((await signIn()).status).toBe(200);
  await away(async () => {
    const answer = await signIn({ "x-supabase-api-version": "" });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.json()).toEqual({
      code: 503,
      error_code: "unexpected_failure",
      msg: isAwayOrLost,
      error_id: expect.any(String),
    });
    const modern = await signIn();
    expect([modern.status, await modern.json()]).toEqual([
      503,
      { code: "unexpected_failure", message: isAwayOrLost },
    ]);
    for (const [method, path, body] of [
      ["POST", "/signup", { ...alice, email: "bob@example.com" }],
      ["POST", "/recover", { email: alice.email }],
      ["POST", "/otp", { email: alice.email }],
      ["POST", "/token?grant_type=refresh_token", { refresh_token: "abcdefghijkl" }],
      ["POST", "/verify", { type: "signup", token_hash: "x".repeat(56) }],
    ] as const) {
      expect([path, (await auth.send(method, path, { body })).status]).toEqual([path, 503]);
    }
    const { error } = await auth.client().auth.signInWithPassword(alice);
    expect(error).toBeInstanceOf(AuthRetryableFetchError);
  });
  await vi.waitFor(async () => expect((await signIn()).status).toBe(200), patience);
});

test("a session that is killed in the middle of a sign-in costs that sign-in a 503", async () => {
  // The sign-in waits for this lock, with its transaction open.
  const answer = await harness.sql.begin(async (sql) => {
    await sql`lock table auth.sessions in access exclusive mode`;
    const asked = signIn();
    await vi.waitFor(async () => {
      const killed = await harness.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where usename = 'supabase_auth_admin' and wait_event_type = 'Lock'`;
      expect(killed).toHaveLength(1);
    }, patience);
    return asked;
  });
  expect(answer.status).toBe(503);
  expect((await answer.json()).message).toBe(
    "The connection to the database was lost. Try again in a moment.",
  );
  expect((await signIn()).status).toBe(200);
});

test("a full disk is 503, without the name of a file", async () => {
  await harness.sql.unsafe(`
    create function public.fill_disk() returns trigger language plpgsql as $$
      begin raise sqlstate '53100' using
        message = 'could not extend file "base/5/16384": No space left on device'; end $$;
    create trigger fill_disk before insert on auth.users execute function public.fill_disk();
    create trigger fill_disk before insert on auth.sessions execute function public.fill_disk()`);
  const bob = { ...alice, email: "bob@example.com" };
  for (const answer of [await signIn(), await auth.send("POST", "/signup", { body: bob })]) {
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({
      code: "unexpected_failure",
      message: "The database's disk is full, so it cannot do this now.",
    });
  }
  await harness.sql.unsafe("drop trigger fill_disk on auth.users; drop trigger fill_disk on auth.sessions");
  expect((await signIn()).status).toBe(200);
  expect((await auth.send("POST", "/signup", { body: bob })).status).toBe(200);
});
