/** For the tests of rest: a database with fixture.sql, and a rest service over it. */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createKeys, type Keys } from "../../../platform/keys.ts";
import { silent } from "../../../platform/log.ts";
import { findBinaries, serverUser } from "../../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../../platform/postgres/extensions.ts";
import { startServer } from "../../../platform/postgres/server.ts";
import { createRest, type Rest } from "../../../platform/rest/index.ts";

export interface Town extends AsyncDisposable {
  rest: Rest;
  keys: Keys;
  /** Connections of the superuser. */
  sql: postgres.Sql;
  databaseUrl: string;
  /** The headers by which a request is alice's, bob's… or the service role's. */
  as: Record<"alice" | "bob" | "carol" | "mallory" | "service", Record<string, string>>;
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  restartServer(): Promise<void>;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON. Undefined if it is not JSON. */
  json: unknown;
}

const password = "postgres";

export async function createTown(
  options: {
    schemas?: string[];
    maxRows?: number;
    poolSize?: number;
    /** Another file of this folder with SQL that runs after fixture.sql. */
    fixture?: string;
  } = {},
): Promise<Town> {
  const folder = await mkdtemp(join(tmpdir(), "plaza-rest-"));
  await chmod(folder, 0o755);
  await installExtensions((await findBinaries(await serverUser())).home);
  const start = (port: number) =>
    startServer({ dataDir: join(folder, "data"), port, password, durable: false, log: silent });
  let server = await start(0);
  const url = (user: string) => `postgres://${user}:${password}@127.0.0.1:${server.port}/postgres`;
  await bootstrapDatabase(url("supabase_admin"), { password, jwtExpiryS: 3600, log: silent });
  const sql = postgres(url("supabase_admin"), { max: 2, onnotice: () => {}, backoff: () => 0.1 });
  await sql.unsafe(await readFile(new URL("fixture.sql", import.meta.url), "utf8"));
  if (options.fixture !== undefined) {
    await sql.unsafe(await readFile(new URL(options.fixture, import.meta.url), "utf8"));
  }
  const keys = await createKeys();
  const databaseUrl = url("authenticator");
  const rest = await createRest({
    databaseUrl,
    config: {
      port: 0,
      schemas: options.schemas ?? ["public"],
      extra_search_path: ["public", "extensions"],
      max_rows: options.maxRows ?? 1000,
    },
    keys,
    log: silent,
    poolSize: options.poolSize ?? 4,
  });
  const bearer = async (name: string, role: string) => ({
    authorization: `Bearer ${await keys.sign({
      sub: name,
      role,
      iat: Math.floor(Date.now() / 1000),
      exp: Math.floor(Date.now() / 1000) + 3600,
    })}`,
  });
  return {
    rest,
    keys,
    sql,
    databaseUrl,
    as: {
      alice: await bearer("alice", "authenticated"),
      bob: await bearer("bob", "authenticated"),
      carol: await bearer("carol", "authenticated"),
      mallory: await bearer("mallory", "authenticated"),
      service: await bearer("service", "service_role"),
    },
    async request(method, path, { headers = {}, body } = {}) {
      const encoded = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
      const response = await rest.fetch(
        new Request(`http://town${path}`, {
          method,
          headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
          body: encoded as string | undefined,
        }),
      );
      const text = await response.text();
      let json: unknown;
      try {
        json = JSON.parse(text);
      } catch {
        json = undefined;
      }
      return { status: response.status, headers: response.headers, text, json };
    },
    async restartServer() {
      const { port } = server;
      await server[Symbol.asyncDispose]();
      server = await start(port);
    },
    async [Symbol.asyncDispose]() {
      await rest[Symbol.asyncDispose]();
      await sql.end({ timeout: 1 });
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
