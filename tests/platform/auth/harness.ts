/**
 * A database, Auth servers on it that listen on real sockets, and the people who use
 * them.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { type Auth, createAuth } from "../../../platform/auth/index.ts";
import { type ConfigOverrides, loadConfig } from "../../../platform/config.ts";
import { createKeys, type Keys } from "../../../platform/keys.ts";
import { silent } from "../../../platform/log.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { startServer } from "../../../platform/postgres/server.ts";
import { hookSecret, listen, type Receiver, type SentMail, startReceiver } from "./receiver.ts";

type AuthConfig = NonNullable<ConfigOverrides["auth"]>;

export interface TestAuth {
  /** The server's address, without /auth/v1. */
  url: string;
  keys: Keys;
  /** Calls the service directly, without a socket. */
  direct: Auth;
  /** supabase-js as an app uses it. Each client has its own memory. */
  client(flowType?: "implicit" | "pkce"): SupabaseClient;
  admin(): SupabaseClient;
  /** Sends a request that supabase-js would not send. The path has no /auth/v1. */
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
}

interface SendOptions {
  body?: unknown;
  token?: string;
  ip?: string;
  headers?: Record<string, string>;
}

interface StartOptions {
  /** Where Auth's own mailer connects to. Nothing listens there by default. */
  smtpPort?: number;
  /** Whether [auth.rate_limit] holds, as it does beyond loopback. It does by default. */
  limited?: boolean;
  /** Ours by default. */
  keys?: Keys;
}

export interface Harness extends AsyncDisposable {
  /** Connects as a superuser. */
  sql: postgres.Sql;
  receiver: Receiver;
  start(config?: AuthConfig, options?: StartOptions): Promise<TestAuth>;
}

const password = "postgres";

export async function createHarness(): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-auth-"));
  await chmod(dir, 0o755);
  const server = await startServer({
    dataDir: join(dir, "data"),
    port: 0,
    password,
    durable: false,
    log: silent,
  });
  const url = (role: string) => `postgres://${role}:${password}@127.0.0.1:${server.port}/postgres`;
  const ownKeys = await createKeys();
  await bootstrapDatabase(url("supabase_admin"), {
    password,
    jwtExpiryS: 3600,
    log: silent,
  });
  const sql = postgres(url("supabase_admin"), { max: 2, onnotice: () => {} });
  const receiver = await startReceiver();
  const project = join(dir, "project");
  await mkdir(join(project, "supabase"), { recursive: true });
  await writeFile(join(project, "supabase", "config.toml"), "");
  const running: { auth: Auth; http: Server }[] = [];

  return {
    sql,
    receiver,
    async start(config = {}, { smtpPort = 1, limited = true, keys = ownKeys } = {}) {
      const loaded = await loadConfig(project, {}, { auth: merge(defaults, config) });
      const http = createServer();
      const base = await listen(http);
      const auth = await createAuth({
        databaseUrl: url("supabase_auth_admin"),
        config: loaded.auth,
        keys,
        limited,
        externalUrl: `${base}/auth/v1`,
        smtp: { host: "127.0.0.1", port: smtpPort },
        resolveHookUrl: (uri) => uri.replace("http://receiver.test", receiver.url),
        log: silent,
      });
      http.on("request", getRequestListener(withoutPrefix(auth)));
      running.push({ auth, http });
      return testAuth(base, keys, auth);
    },
    async [Symbol.asyncDispose]() {
      for (const { auth, http } of running) {
        http.closeAllConnections();
        await new Promise((resolve) => http.close(resolve));
        await auth[Symbol.asyncDispose]();
      }
      await receiver[Symbol.asyncDispose]();
      await sql.end();
      await server[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Users confirm by mail, the hook gets the mails, and no test reaches a limit by accident. */
const defaults: AuthConfig = {
  site_url: "http://127.0.0.1:3000",
  additional_redirect_urls: ["https://plaza.example/**", "plaza://callback"],
  minimum_password_length: 8,
  rate_limit: {
    sign_in_sign_ups: 1_000_000,
    token_refresh: 1_000_000,
    token_verifications: 1_000_000,
    anonymous_users: 1_000_000,
    email_sent: 1_000_000,
  },
  email: { enable_confirmations: true, max_frequency: "0s" },
  hook: { send_email: { enabled: true, uri: "http://receiver.test/send-email", secrets: hookSecret } },
};

function merge<T extends object>(base: T, over: object): T {
  const merged: Record<string, unknown> = Object.fromEntries(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const known = merged[key];
    const deep = isTable(known) && isTable(value);
    merged[key] = deep ? merge(known, value) : value;
  }
  return merged as T;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Does what the gateway does. Every request has an address of its own unless it names one. */
function withoutPrefix(auth: Auth): (request: Request) => Promise<Response> {
  return (request) => {
    const url = new URL(request.url);
    url.pathname = url.pathname.replace("/auth/v1", "");
    const headers = new Headers(request.headers);
    headers.set("x-forwarded-for", headers.get("x-test-ip") ?? "203.0.113.1");
    return auth.fetch(new Request(url, { ...pick(request), headers }));
  };
}

function pick(request: Request): RequestInit {
  const withBody = request.method !== "GET" && request.method !== "HEAD";
  return {
    method: request.method,
    ...(withBody ? { body: request.body, duplex: "half" } : {}),
  } as RequestInit;
}

function testAuth(url: string, keys: Keys, direct: Auth): TestAuth {
  const connect = (key: string, flowType: "implicit" | "pkce") =>
    createClient(url, key, {
      auth: {
        flowType,
        persistSession: true,
        storage: memory(),
        autoRefreshToken: false,
        detectSessionInUrl: false,
      },
    });
  return {
    url,
    keys,
    direct,
    client: (flowType = "implicit") => connect(keys.anonKey, flowType),
    admin: () =>
      createClient(url, keys.serviceRoleKey, { auth: { persistSession: false, autoRefreshToken: false } }),
    send(method, path, { body, token, ip, headers = {} } = {}) {
      return fetch(`${url}/auth/v1${path}`, {
        method,
        redirect: "manual",
        headers: {
          "x-supabase-api-version": "2024-01-01",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(ip ? { "x-test-ip": ip } : {}),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
    },
  };
}

function memory() {
  const items = new Map<string, string>();
  return {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

let people = 0;

/** A new person: a name, an address and a password that no other test uses. */
export function person(name: string): { email: string; password: string } {
  people++;
  return { email: `${name}.${people}@plaza.test`, password: `${name}'s password ${people}` };
}

/** Signs somebody up and confirms their address with the link's hash. */
export async function member(
  auth: TestAuth,
  receiver: Receiver,
  name: string,
  flowType: "implicit" | "pkce" = "implicit",
) {
  const who = person(name);
  const client = auth.client(flowType);
  const signedUp = await auth.client().auth.signUp(who);
  if (signedUp.error) throw signedUp.error;
  const { token_hash } = receiver.last(who.email).email_data;
  const verified = await client.auth.verifyOtp({ type: "signup", token_hash });
  if (verified.error) throw verified.error;
  const session = verified.data.session;
  if (!session) throw new Error("no session");
  return { ...who, client, session, id: session.user.id };
}

/** Opens a link. @returns the redirect's URL and the parameters in its fragment */
export async function follow(auth: TestAuth, mail: SentMail, hash = mail.email_data.token_hash) {
  const query = new URLSearchParams({
    token: hash,
    type: mail.email_data.email_action_type,
    redirect_to: mail.email_data.redirect_to,
  });
  const response = await auth.send("GET", `/verify?${query}`);
  const location = new URL(response.headers.get("location") ?? "about:blank");
  return {
    status: response.status,
    location,
    fragment: new URLSearchParams(location.hash.slice(1)),
  };
}
