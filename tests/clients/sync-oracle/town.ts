/**
 * A deployment that a test can break: Postgres with the product built from sql/, and the services in a
 * process of their own. Its people come from the database, because a history needs new ones quickly.
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JWK } from "jose";
import postgres from "postgres";
import { createKeys, type Keys } from "../../../platform/keys.ts";
import { silent } from "../../../platform/log.ts";
import { findBinaries, serverUser } from "../../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../../platform/postgres/extensions.ts";
import { freePort, startServer } from "../../../platform/postgres/server.ts";
import { createSigningKey } from "../../../platform/signing-keys.ts";
import { build, databaseUrl } from "../../../sql/tools/server.ts";

export interface ServicesOptions {
  databasePort: number;
  port: number;
  signingKey: JWK;
}

/** Somebody who can sign in. Nobody but them has the name. */
export interface Account {
  id: string;
  username: string;
  email: string;
}

export interface Town extends AsyncDisposable {
  url: string;
  keys: Keys;
  /** Connects as a superuser. After a restart it is another one. */
  readonly sql: postgres.Sql;
  /** An account with a confirmed address, the password `password`, and budgets that nobody meets. */
  account(name: string): Promise<Account>;
  /** The job of chat, as pg_cron starts it. If Postgres is away, the next run does the rest. */
  startJob(): void;
  /** Realtime says goodbye to all sockets and starts again. What happens meanwhile it does not hear. */
  restartRealtime(): Promise<void>;
  /** Kills the process of all services, and starts another one at the same address. */
  killServices(): Promise<void>;
  /** Stops Postgres and starts it again. Open transactions are lost. */
  restartPostgres(): Promise<void>;
  /** Kills a backend, so that Postgres ends all others and recovers. */
  crashPostgres(): Promise<void>;
}

export const password = "correct horse battery";
/** bcrypt of the password with the lowest cost, because a history signs in many people. */
const passwordHash = "$2b$04$sUaz66DxylSCReG67Apjke1jHV9ajem61D0Rf7r/8N//iFN5C3lNm";

export async function createTown(): Promise<Town> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "plaza-sync-"));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  await installExtensions((await findBinaries(await serverUser())).home);
  const start = (port: number) =>
    startServer({ dataDir: join(folder, "data"), port, password: "postgres", durable: false, log: silent });
  let server = await start(0);
  starting.defer(() => server[Symbol.asyncDispose]());
  const { port: databasePort } = server;
  const adminUrl = databaseUrl(databasePort, "postgres", "supabase_admin");
  await bootstrapDatabase(adminUrl, { password: "postgres", jwtExpiryS: 3600, log: silent });
  await build(databaseUrl(databasePort, "postgres"));
  const connect = (max: number) =>
    postgres(adminUrl, { max, onnotice() {}, backoff: () => 0.1, fetch_types: false });
  let sql = connect(4);
  starting.defer(() => sql.end({ timeout: 1 }));
  const cron = connect(1);
  starting.defer(() => cron.end({ timeout: 1 }));
  let isWorking = false;
  /** If Postgres stops, postgres.js fails the next query of each old connection, too. */
  const reconnect = async () => {
    const old = sql;
    sql = connect(4);
    await Promise.all([anyBackend(sql), old.end({ timeout: 0 })]);
  };

  const signingKey = await createSigningKey();
  const options: ServicesOptions = { databasePort, port: await freePort(), signingKey };
  let services = await startServices(options);
  starting.defer(() => ended(services.process, () => services.process.disconnect()));
  /** One restart at a time. */
  let restarting: Promise<void> = Promise.resolve();
  const restart = (work: () => Promise<void>): Promise<void> => {
    restarting = restarting.then(work);
    return restarting;
  };

  const running = starting.move();
  return {
    url: services.url,
    keys: await createKeys({ signingKeys: [signingKey] }),
    get sql() {
      return sql;
    },
    async account(name) {
      const [id, username] = [randomUUID(), `${name}_${randomBytes(6).toString("hex")}`];
      const email = `${username}@example.com`;
      await sql`
        insert into auth.users (
          instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data,
          raw_user_meta_data, confirmation_token, recovery_token, email_change_token_new, email_change
        )
        values (
          '00000000-0000-0000-0000-000000000000', ${id}, 'authenticated', 'authenticated', ${email},
          ${passwordHash}, now(), '{}', ${JSON.stringify({ username })}::text::jsonb, '', '', '', ''
        )`;
      await sql`select public.set_limits(${id}, 1000000, 1000000, 1000000)`;
      return { id, username, email };
    },
    startJob() {
      if (isWorking) return;
      isWorking = true;
      cron`call private.deliver_chat()`
        .catch(() => {})
        .finally(() => {
          isWorking = false;
        });
    },
    restartRealtime: () =>
      restart(async () => {
        const restarted = once(services.process, "message");
        services.process.send("restart realtime");
        await restarted;
      }),
    killServices: () =>
      restart(async () => {
        await ended(services.process, () => services.process.kill("SIGKILL"));
        services = await startServices(options);
      }),
    restartPostgres: () =>
      restart(async () => {
        await server[Symbol.asyncDispose]();
        server = await start(databasePort);
        await reconnect();
      }),
    crashPostgres: () =>
      restart(async () => {
        process.kill(await anyBackend(sql), "SIGKILL");
        await reconnect();
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function startServices(options: ServicesOptions): Promise<{ process: ChildProcess; url: string }> {
  const child = fork(join(import.meta.dirname, "services.ts"), [JSON.stringify(options)], { execArgv: [] });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`The services ended with ${code}`);
  });
  failed.catch(() => {});
  const [url] = (await Promise.race([once(child, "message"), failed])) as [string];
  return { process: child, url };
}

async function ended(child: ChildProcess, end: () => void): Promise<void> {
  const exit = once(child, "exit");
  end();
  await exit;
}

/** Waits until Postgres answers. @returns the process of a connection */
async function anyBackend(sql: postgres.Sql): Promise<number> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    try {
      const [backend] = await sql`select pg_backend_pid() as pid`;
      return backend?.pid;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
