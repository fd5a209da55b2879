/**
 * Supabase in one process: starts every service in order, wires them, and
 * stops them in reverse. The commands, the tests and the benchmarks all come
 * through here.
 */
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Auth, createAuth } from "./auth/index.ts";
import { type Config, type ConfigOverrides, loadConfig } from "./config.ts";
import { createCron } from "./cron/index.ts";
import { developmentConfig } from "./development.ts";
import { type Env, envFiles, functionsEnv } from "./env.ts";
import { PlatformError } from "./errors.ts";
import { createFunctions } from "./functions/index.ts";
import { createGateway, isLoopback } from "./gateway/index.ts";
import { claim, type Instance } from "./instance.ts";
import { createKeys, type KeyOptions, type Keys } from "./keys.ts";
import { type Log, silent } from "./log.ts";
import { createMail } from "./mail/index.ts";
import { reachable, serverUser } from "./postgres/binaries.ts";
import { bootstrapDatabase } from "./postgres/bootstrap.ts";
import { installExtensions } from "./postgres/extensions.ts";
import { migrate } from "./postgres/migrate.ts";
import { startServer, superuser } from "./postgres/server.ts";
import { createRealtime } from "./realtime/index.ts";
import type { RealtimeLimits } from "./realtime/limits.ts";
import { createRest } from "./rest/index.ts";
import { loadSecrets } from "./secrets.ts";

export interface PlatformOptions {
  /** Holds supabase/config.toml. This repository when absent. */
  projectDir?: string;
  /** Survives restarts. A temporary folder, removed at the end, when absent. */
  stateDir?: string;
  /** Without the embedded database that the state folder holds; keys and secrets stay. */
  afresh?: boolean;
  /** An existing server, as its superuser, instead of the embedded one. */
  databaseUrl?: string;
  /** Where the gateway listens; everything else stays on loopback. */
  host?: string;
  /** Any free ports instead of the configured ones: for tests beside a running platform. */
  ephemeralPorts?: boolean;
  /** API keys and JWT secret; the CLI's well-known local ones when absent. */
  keys?: Omit<KeyOptions, "signingKey">;
  /** Laid over supabase/config.toml, and over what development.ts changes in it. */
  config?: ConfigOverrides;
  /** Where `env(NAME)` values and functions' secrets come from, over the project's .env files. */
  env?: Env;
  /** Over Supabase's defaults for a server of one's own, which have no place in config.toml. */
  realtimeLimits?: Partial<RealtimeLimits>;
  /** Whether an empty database gets seed.sql. */
  seed?: boolean;
  log?: Log;
  /** Told what happens next while the platform starts. */
  progress?: (step: string) => void;
}

export interface Platform extends AsyncDisposable {
  /** The API's origin. */
  url: string;
  /** As the role `postgres`, with password. */
  databaseUrl: string;
  /** As the superuser `supabase_admin`: for tests and repairs, not for applications. */
  adminUrl: string;
  mailUrl: string;
  keys: Keys;
  /** The names and values that `supabase status -o env` prints. */
  env: Record<string, string>;
  /** Resolves when the database ends without being asked to. */
  failed: Promise<PlatformError>;
}

/** Of the embedded server, which listens on loopback only; `supabase start` uses the same. */
const localPassword = "postgres";

/** @throws PlatformError, see docs/errors.md; whatever had started is stopped again. */
export async function createPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const { log = silent, progress = () => {} } = options;
  const projectDir = resolve(options.projectDir ?? join(import.meta.dirname, ".."));
  await using starting = new AsyncDisposableStack();

  const stateDir = options.stateDir === undefined ? await temporaryDir(starting) : resolve(options.stateDir);
  await mkdir(stateDir, { recursive: true });
  const instance: Instance = { pid: process.pid, env: {} };
  starting.use(await claim(stateDir, () => instance));

  const secrets = await loadSecrets(stateDir);
  const env: Env = {
    SEND_EMAIL_HOOK_SECRETS: secrets.sendEmailHook,
    ...(await envFiles(projectDir)),
    ...(options.env ?? process.env),
  };
  const ports = options.ephemeralPorts
    ? { api: { port: 0 }, db: { port: 0 }, local_smtp: { port: 0, smtp_port: 0 } }
    : {};
  const host = options.host ?? "127.0.0.1";
  const overrides = [developmentConfig(host, env), options.config ?? {}, ports];
  const config = await loadConfig(projectDir, env, ...overrides);
  const keys = await createKeys({
    jwtSecret: env.JWT_SECRET,
    publishableKey: env.PUBLISHABLE_KEY,
    secretKey: env.SECRET_KEY,
    ...options.keys,
    signingKey: await signingKey(projectDir, config, secrets.signingKey),
  });

  // The ports first: a taken one is known before anything slow begins.
  const gateway = starting.use(
    await createGateway({ host, port: config.api.port, keys, log: log.child("gateway") }),
  );
  const mail = starting.use(
    await createMail({
      smtpPort: config.local_smtp.smtp_port,
      httpPort: config.local_smtp.port,
      log: log.child("mail"),
    }),
  );

  const database = await startDatabase(options, config, stateDir, log, progress, starting);
  progress("Preparing the database");
  await bootstrapDatabase(database.adminUrl, {
    password: database.password,
    jwtExpiryS: config.auth.jwt_expiry,
    log: log.child("bootstrap"),
  });
  progress("Applying migrations");
  await migrate({
    projectDir,
    databaseUrl: database.url("postgres"),
    homeDir: join(stateDir, "supabase-cli"),
    seed: (options.seed ?? true) && config.db.seed.enabled,
    env,
    log: log.child("migrate"),
  });

  progress("Starting the services");
  const rest = starting.use(
    await createRest({
      databaseUrl: database.url("authenticator"),
      config: config.api,
      keys,
      log: log.child("rest"),
    }),
  );
  const auth: Auth = starting.use(
    await createAuth({
      databaseUrl: database.url("supabase_auth_admin"),
      config: config.auth,
      keys,
      externalUrl: config.auth.external_url ?? `${gateway.url}/auth/v1`,
      smtp: { host: "127.0.0.1", port: mail.smtpPort },
      resolveHookUrl: (uri) => ownUrl(uri, gateway.url),
      log: log.child("auth"),
    }),
  );
  const functions = starting.use(
    await createFunctions({
      projectDir,
      stateDir,
      functions: config.edge_runtime.enabled ? config.functions : {},
      env: await functionsEnv({
        projectDir,
        config,
        keys,
        env,
        gatewayUrl: gateway.url,
        databaseUrl: database.url("postgres"),
        smtpPort: mail.smtpPort,
      }),
      keys,
      log: log.child("functions"),
    }),
  );
  gateway.mount("rest", rest);
  gateway.mount("auth", auth);
  gateway.mount("functions", functions);
  if (config.realtime.enabled) {
    const realtime = await createRealtime({
      databaseUrl: database.adminUrl,
      keys,
      config: config.realtime,
      limits: options.realtimeLimits,
      log: log.child("realtime"),
    });
    gateway.mount("realtime", starting.use(realtime));
  }
  // Last: a job may call any of the others.
  starting.use(createCron({ databaseUrl: database.adminUrl, log: log.child("cron") }));

  instance.env = {
    API_URL: gateway.url,
    REST_URL: `${gateway.url}/rest/v1`,
    FUNCTIONS_URL: `${gateway.url}/functions/v1`,
    DB_URL: database.url("postgres"),
    MAILPIT_URL: mail.url,
    PUBLISHABLE_KEY: keys.publishableKey,
    SECRET_KEY: keys.secretKey,
    JWT_SECRET: keys.jwtSecret,
    ANON_KEY: keys.anonKey,
    SERVICE_ROLE_KEY: keys.serviceRoleKey,
  };
  const running = starting.move();
  return {
    url: gateway.url,
    databaseUrl: database.url("postgres"),
    adminUrl: database.adminUrl,
    mailUrl: mail.url,
    keys,
    env: instance.env,
    failed: database.failed,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Database {
  adminUrl: string;
  /** Of every login role: an existing server's superuser lends its own. */
  password: string;
  url(role: string): string;
  failed: Promise<PlatformError>;
}

async function startDatabase(
  options: PlatformOptions,
  config: Config,
  stateDir: string,
  log: Log,
  progress: (step: string) => void,
  starting: AsyncDisposableStack,
): Promise<Database> {
  if (options.databaseUrl !== undefined) {
    return databaseAt(options.databaseUrl, new Promise(() => {}));
  }
  progress("Starting Postgres");
  let stopping = false;
  const server = await startServer({
    dataDir: join(await databaseDir(stateDir), "data"),
    port: config.db.port,
    password: localPassword,
    afresh: options.afresh,
    durable: options.stateDir !== undefined,
    beforeStart: (binaries) => installExtensions(binaries.home),
    log: log.child("postgres"),
  });
  starting.defer(async () => {
    stopping = true;
    await server[Symbol.asyncDispose]();
  });
  const failed = server.ended.then(
    () =>
      new Promise<PlatformError>((tell) => {
        if (!stopping) tell(new PlatformError("postgres_failed", "Postgres ended by itself; see the log."));
      }),
  );
  return databaseAt(`postgresql://${superuser}:${localPassword}@127.0.0.1:${server.port}/postgres`, failed);
}

function databaseAt(adminUrl: string, failed: Promise<PlatformError>): Database {
  const { password } = new URL(adminUrl);
  return {
    adminUrl,
    password: decodeURIComponent(password),
    failed,
    url(role) {
      const url = new URL(adminUrl);
      url.username = role;
      return url.href;
    },
  };
}

/**
 * Where Postgres keeps its files. As root the server runs as another user, who
 * may be unable to enter a checkout below somebody's private home.
 */
async function databaseDir(stateDir: string): Promise<string> {
  const user = await serverUser();
  if (user === undefined || (await reachable(stateDir, user))) return join(stateDir, "postgres");
  const name = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return join("/var/lib/plaza", name);
}

async function temporaryDir(stack: AsyncDisposableStack): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-"));
  // The server user has to get in; what is secret inside has its own mode.
  await chmod(dir, 0o711);
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The project's signing key where config.toml names one, else ours. */
async function signingKey(projectDir: string, config: Config, own: KeyOptions["signingKey"]) {
  const path = config.auth.signing_keys_path;
  if (path === undefined) return own;
  const [first] = JSON.parse(await readFile(resolve(projectDir, "supabase", path), "utf8"));
  return first as KeyOptions["signingKey"];
}

/**
 * Hooks are configured with the address that Docker's containers have for the
 * gateway; here that is the gateway itself, on whatever port it has.
 */
function ownUrl(uri: string, gatewayUrl: string): string {
  const url = new URL(uri);
  const own = url.hostname === "host.docker.internal" || url.hostname === "kong" || isLoopback(url.hostname);
  return own && url.pathname.startsWith("/functions/v1/") ? gatewayUrl + url.pathname + url.search : uri;
}
