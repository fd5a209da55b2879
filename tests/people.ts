/**
 * The people of the tests that use the API. They sign up through supabase-js and confirm
 * with the code from the e-mail that arrived. This needs only the URLs and keys of a
 * deployment, so it works with any deployment.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";

export interface Target {
  url: string;
  /** The key that a frontend carries: sb_publishable_… or the legacy anon key. */
  publishableKey: string;
  /** The key that bypasses row-level security: sb_secret_… or the legacy service_role key. */
  secretKey: string | undefined;
  /** Mailpit, or a server with the same API. */
  mailUrl: string;
}

export interface Person {
  /** Signed in as this person. */
  client: SupabaseClient;
  id: string;
  email: string;
  username: string;
  password: string;
}

/** The parts of Mailpit's message that tests read. */
export interface Mail {
  ID: string;
  Subject: string;
  Text: string;
  HTML: string;
}

const mailTimeoutMs = 20_000;

/**
 * The deployment under test: PLAZA_URL, PLAZA_PUBLISHABLE_KEY (or PLAZA_ANON_KEY),
 * PLAZA_SECRET_KEY (or PLAZA_SERVICE_ROLE_KEY), PLAZA_MAIL_URL.
 * @throws Error naming the variable that is missing
 */
export function target(): Target {
  const { env } = process;
  const needed = (name: string, value: string | undefined): string => {
    if (!value) throw new Error(`Set ${name}: see docs/how-to/test-a-deployment.md`);
    return value.replace(/\/+$/, "");
  };
  return {
    url: needed("PLAZA_URL", env.PLAZA_URL),
    publishableKey: needed("PLAZA_PUBLISHABLE_KEY", env.PLAZA_PUBLISHABLE_KEY ?? env.PLAZA_ANON_KEY),
    secretKey: env.PLAZA_SECRET_KEY ?? env.PLAZA_SERVICE_ROLE_KEY,
    mailUrl: needed("PLAZA_MAIL_URL", env.PLAZA_MAIL_URL),
  };
}

/** A frontend where nobody is signed in yet. */
export function guest(): SupabaseClient {
  const { url, publishableKey } = target();
  return connect(url, publishableKey);
}

/** A trusted backend. It bypasses row-level security and may administer accounts. */
export function service(): SupabaseClient {
  const { url, secretKey } = target();
  if (!secretKey) throw new Error("Set PLAZA_SECRET_KEY: see docs/how-to/test-a-deployment.md");
  return connect(url, secretKey);
}

function connect(url: string, key: string): SupabaseClient {
  return createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
}

/** A username that nobody had in an earlier run. @param name at most 15 letters */
export function freshUsername(name: string): string {
  return `${name}_${randomBytes(7).toString("hex")}`;
}

/** So much that no test ever meets it. */
const boundless = { per_minute: 1_000_000, per_hour: 1_000_000, per_day: 1_000_000 };

/**
 * Signs a person up, reads the e-mail, confirms, and leaves the person signed in. With a secret
 * key at hand, the person's budgets are too large to be met.
 * @param name what the test calls this person; the username starts with it
 */
export async function signUp(name: string, metadata: Record<string, unknown> = {}): Promise<Person> {
  const username = freshUsername(name);
  const email = `${username}@example.com`;
  const password = randomUUID();
  const client = guest();

  const signedUp = await client.auth.signUp({
    email,
    password,
    options: { data: { username, ...metadata } },
  });
  if (signedUp.error) throw signedUp.error;
  if (signedUp.data.session) throw new Error("signed in before the address was confirmed");

  const token = codeIn(await mailTo(email));
  const confirmed = await client.auth.verifyOtp({ email, token, type: "signup" });
  if (confirmed.error) throw confirmed.error;
  const id = confirmed.data.user?.id;
  if (!id || !confirmed.data.session) throw new Error("confirmed, but not signed in");
  await liftLimits(id);
  return { client, id, email, username, password };
}

/** With a secret key at hand, makes a person's budgets too large to be met. */
export async function liftLimits(id: string): Promise<void> {
  if (!target().secretKey) return;
  await service()
    .rpc("set_limits", { profile_id: id, ...boundless })
    .throwOnError();
}

/** Waits for a mail to this address, and returns the newest one. */
export async function mailTo(address: string): Promise<Mail> {
  const { mailUrl } = target();
  const deadline = Date.now() + mailTimeoutMs;
  const search = new URLSearchParams({ query: `to:"${address}"` });
  for (;;) {
    const found = await json<{ messages: { ID: string }[] }>(`${mailUrl}/api/v1/search?${search}`);
    const newest = found.messages[0];
    if (newest) return json<Mail>(`${mailUrl}/api/v1/message/${newest.ID}`);
    if (Date.now() > deadline) throw new Error(`No mail to ${address} within ${mailTimeoutMs / 1000} s`);
    await sleep(100);
  }
}

/** The one-time code of a mail. */
export function codeIn(mail: Mail): string {
  const code = /\b\d{6,10}\b/.exec(mail.Text)?.[0];
  if (!code) throw new Error(`No code in the mail "${mail.Subject}":\n${mail.Text}`);
  return code;
}

/** The link in a mail that leads back to Auth. */
export function linkIn(mail: Mail): URL {
  const link = /https?:\/\/[^\s<>"')\]]+\/auth\/v1\/verify\?[^\s<>"')\]]+/.exec(mail.Text)?.[0];
  if (!link) throw new Error(`No link in the mail "${mail.Subject}":\n${mail.Text}`);
  return new URL(link);
}

async function json<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
