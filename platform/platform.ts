/**
 * Supabase in one process. It starts every service in order, connects them, and stops
 * them in the reverse order. The commands, the tests and the benchmarks use it.
 */
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Auth, createAuth } from "./auth/index.ts";
import { type Config, type ConfigOverrides, loadConfig, settingsWithoutEffect } from "./config.ts";
import { createCron } from "./cron/index.ts";
import { dataDirOf, keepPlace } from "./data-dir.ts";
import { developmentConfig } from "./development.ts";
import { type Env, envFiles, functionsEnv } from "./env.ts";
import type { PlatformError } from "./errors.ts";
import { createFunctions, type Functions } from "./functions/index.ts";
import { createGateway, isLoopback } from "./gateway/index.ts";
import { type Claim, claim, type Instance } from "./instance.ts";
import { createKeys, type KeyOptions, type Keys } from "./keys.ts";
import { type Log, silent } from "./log.ts";
import { createMail } from "./mail/index.ts";
import { type MemoryPlan, type MemorySize, memoryPlan } from "./memory.ts";
import { createNet } from "./net/index.ts";
import { freePorts, keepPorts, type Ports } from "./ports.ts";
import { bootstrapDatabase } from "./postgres/bootstrap.ts";
import { contents } from "./postgres/data-folder.ts";
import { installExtensions } from "./postgres/extensions.ts";
import { checkGivenServer } from "./postgres/given-server.ts";
import { type HeadStart, migrate, startAhead } from "./postgres/migrate.ts";
import { refuseLogins, seedLogins } from "./postgres/seed-logins.ts";
import { startServer, superuser } from "./postgres/server.ts";
import { writeVaultSecrets } from "./postgres/vault-secrets.ts";
import { limitsOf } from "./realtime/environment.ts";
import { createRealtime } from "./realtime/index.ts";
import type { RealtimeLimits } from "./realtime/limits.ts";
import { createRest } from "./rest/index.ts";
import { loadSecrets } from "./secrets.ts";
import { readSigningKeys } from "./signing-keys.ts";
import { insideOf } from "./state.ts";
import { createWeb, hasWeb } from "./web/index.ts";

export interface PlatformOptions {
  /** The folder that holds supabase/config.toml. This repository if absent. */
  projectDir?: string;
  /** The folder that survives restarts. If absent, a temporary folder, which is removed at the end. */
  stateDir?: string;
  /** Delete the embedded database in the state folder first. Keys and secrets stay, unless they are damaged. */
  afresh?: boolean;
  /**
   * The URL of an existing server, as its superuser. It replaces the embedded server. An empty database
   * becomes a Supabase database. One that is a Supabase database already is used as it is.
   */
  databaseUrl?: string;
  /** The address of the gateway. Everything else listens only on loopback. */
  host?: string;
  /**
   * Use free ports instead of the configured ones: those of the state folder's last start, if they
   * are still free. Tests need it beside a running platform.
   */
  ephemeralPorts?: boolean;
  /** API keys and JWT secret. If absent, the CLI's local ones, which are publicly known. */
  keys?: Omit<KeyOptions, "signingKeys">;
  /** Settings that replace those of supabase/config.toml and of development.ts. */
  config?: ConfigOverrides;
  /** Values for `env(NAME)` and secrets for functions. They replace those of the project's .env files. */
  env?: Env;
  /** Replace Realtime's limits and shares: the defaults, and those that `env` sets. */
  realtimeLimits?: Partial<RealtimeLimits>;
  /**
   * Whether an empty database gets seed.sql. If absent, only on loopback: everybody knows the passwords of its
   * people. Beyond it, a start refuses a database where such a password works.
   */
  seed?: boolean;
  /** Whether to serve the web client, if the project has one and its site is on this machine. By default not. */
  web?: boolean;
  /** What to plan with: memory.ts. `small` if absent. */
  memory?: MemorySize;
  /** Cancels the start: createPlatform stops what it has started, and throws the signal's reason. */
  signal?: AbortSignal;
  log?: Log;
  /** Is called with the next step while the platform starts. */
  progress?: (step: string) => void;
}

export interface Platform extends AsyncDisposable {
  /** The origin of the API. */
  url: string;
  /** The database for the role `postgres`, with its password. */
  databaseUrl: string;
  /** The database for the superuser `supabase_admin`. It is for tests and repairs, not for applications. */
  adminUrl: string;
  mailUrl: string;
  /** The web client. Undefined if it is not served. */
  webUrl: string | undefined;
  /** The folder of the embedded database, if there is one. */
  dataDir: string | undefined;
  keys: Keys;
  /** The names and values that `supabase status -o env` prints, and the sign-ins of the seed. */
  env: Record<string, string>;
  /** Resolves if the database has ended for good and nobody asked it to. A database that crashes starts again. */
  failed: Promise<PlatformError>;
}

/** The embedded server's password. The server listens only on loopback. `supabase start` has the same password. */
const localPassword = "postgres";

/** @throws PlatformError, see docs/errors.md. Then every service that had started is stopped again. */
export async function createPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const { log = silent, progress = () => {}, signal } = options;
  const projectDir = resolve(options.projectDir ?? join(import.meta.dirname, ".."));
  const memory = memoryPlan(options.memory ?? "small");
  await using starting = new AsyncDisposableStack();

  // First, so that a wrong folder stays as it is.
  const unused = await settingsWithoutEffect(projectDir);
  const stateDir = options.stateDir === undefined ? await temporaryDir(starting) : resolve(options.stateDir);
  await mkdir(stateDir, { recursive: true });
  const instance: Instance = { pid: process.pid, env: {} };
  const held = starting.use(await claim(stateDir, () => instance));

  // Before the secrets: without them, the state folder is new.
  const dataDir = options.databaseUrl === undefined ? await dataDirOf(stateDir, options.afresh) : undefined;

  // These folders hold only what the CLI and Deno make again. A reset cures damage there too.
  const caches = options.afresh ? ["supabase-cli", "deno"] : [];
  for (const name of caches) await rm(join(stateDir, name), { recursive: true, force: true });

  const secrets = await loadSecrets(stateDir, options.afresh);
  const env: Env = {
    SEND_EMAIL_HOOK_SECRETS: secrets.sendEmailHook,
    // The address inside Docker's containers, which net/ replaces by our own.
    JOBS_URL: "http://kong:8000/functions/v1/jobs",
    JOBS_SECRET: secrets.jobs,
    ...(await envFiles(projectDir, options.env ?? process.env)),
    ...(options.env ?? process.env),
  };
  const ports: Partial<Ports> = options.ephemeralPorts ? await freePorts(stateDir) : {};
  const host = options.host ?? "127.0.0.1";
  const { web: _, ...portSettings } = ports;
  const overrides = [developmentConfig(host, env), options.config ?? {}, portSettings];
  const config = await loadConfig(projectDir, env, ...overrides);
  if (unused.length > 0) log("info", `config.toml: nothing here acts on ${unused.join(", ")}`);
  const keys = await createKeys({
    jwtSecret: env.JWT_SECRET,
    publishableKey: env.PUBLISHABLE_KEY,
    secretKey: env.SECRET_KEY,
    ...options.keys,
    signingKeys:
      config.auth.signing_keys_path === undefined
        ? [secrets.signingKey]
        : await readSigningKeys(resolve(projectDir, "supabase", config.auth.signing_keys_path)),
  });

  // Take the ports first. Then we know about a taken port before anything slow starts.
  const mail = starting.use(
    await createMail({
      smtpPort: config.local_smtp.smtp_port,
      httpPort: config.local_smtp.port,
      log: log.child("mail"),
    }),
  );
  const web =
    options.web && hasWeb(projectDir) && isLoopback(new URL(config.auth.site_url).hostname)
      ? starting.use(
          await createWeb({
            dir: join(projectDir, "web"),
            port: ports.web?.port ?? portOf(config.auth.site_url),
            log: log.child("web"),
          }),
        )
      : undefined;
  // Mails lead to the client, wherever it is.
  if (web && options.ephemeralPorts) config.auth.site_url = web.url;
  // The inbox is for this machine only, so others do not hear of it.
  const inbox = { name: "Mail inbox", url: mail.url, about: "every mail that the platform sent" };
  const gateway = starting.use(
    await createGateway({
      host,
      port: config.api.port,
      keys,
      places: isLoopback(host) ? [inbox] : [],
      log: log.child("gateway"),
    }),
  );

  // Vite builds while Postgres starts.
  const opened = web?.open({ url: gateway.url, key: keys.publishableKey });
  const migration = {
    projectDir,
    homeDir: join(stateDir, "supabase-cli"),
    seed: (options.seed ?? isLoopback(host)) && config.db.seed.enabled,
    env,
    signal,
    log: log.child("migrate"),
  };
  let headStart: Promise<HeadStart | undefined> | undefined;
  const initialising = () => {
    // If it fails, migrate() does all of it.
    headStart = startAhead(migration, `postgresql://postgres:${localPassword}@127.0.0.1/postgres`).catch(
      () => undefined,
    );
    starting.defer(async () => (await headStart)?.[Symbol.asyncDispose]());
  };
  const database = await startDatabase(
    { ...options, initialising, lost: held.lost },
    config,
    memory,
    stateDir,
    dataDir,
    log,
    progress,
    starting,
  );
  const adminRole = new URL(database.adminUrl).username;
  signal?.throwIfAborted();
  progress("Preparing the database");
  await bootstrapDatabase(database.adminUrl, {
    password: database.password,
    jwtExpiryS: config.auth.jwt_expiry,
    exposeNewTables: config.api.auto_expose_new_tables ?? true,
    log: log.child("bootstrap"),
  });
  signal?.throwIfAborted();
  // Before the migrations, as the CLI does: a migration may read a secret.
  await writeVaultSecrets(database.url("postgres"), config.db.vault, log.child("vault"));
  progress("Applying migrations");
  {
    // Its port closes when the migrations are done.
    await using ahead = await headStart;
    await migrate({ ...migration, databaseUrl: database.url("postgres"), headStart: ahead });
  }

  const logins = await seedLogins(projectDir, config.db.seed.sql_paths, database.url("postgres"));
  if (logins && !isLoopback(host) && !options.seed)
    await refuseLogins(logins, database.url("postgres"), host);

  progress("Starting the services");
  const functionsUrl = `${gateway.url}/functions/v1`;
  const rest = starting.use(
    await createRest({
      databaseUrl: database.nearUrl("authenticator"),
      config: config.api,
      keys,
      poolSize: memory.restSessions,
      log: log.child("rest"),
    }),
  );
  const auth: Auth = starting.use(
    await createAuth({
      databaseUrl: database.nearUrl("supabase_auth_admin"),
      config: config.auth,
      keys,
      limited: !isLoopback(host),
      externalUrl: config.auth.external_url ?? `${gateway.url}/auth/v1`,
      smtp: { host: "127.0.0.1", port: mail.smtpPort },
      resolveHookUrl: (uri) => ownUrl(uri, gateway.url),
      // A hook that is a function of ours needs no way through the gateway.
      postHook: (url, init) => {
        if (!String(url).startsWith(functionsUrl)) return fetch(url, init);
        const request = new Request(String(url).replace(functionsUrl, gateway.url), init);
        // fetch would add it too. With it, the request goes to the function in one piece.
        request.headers.set("content-length", String(Buffer.byteLength(String(init?.body ?? ""))));
        return functions.fetch(request);
      },
      othersActive: () => gateway.servedOthers("auth", 200),
      log: log.child("auth"),
    }),
  );
  const functions: Functions = starting.use(
    await createFunctions({
      projectDir,
      stateDir,
      functions: config.edge_runtime.enabled ? config.functions : {},
      folders: config.edge_runtime.enabled,
      limits: memory.functions,
      env: await functionsEnv({
        projectDir,
        config,
        keys,
        env,
        gatewayUrl: gateway.url,
        databaseUrl: database.url("postgres"),
        smtpPort: mail.smtpPort,
        log: log.child("functions"),
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
      databaseUrl: database.nearUrl(adminRole),
      keys,
      config: config.realtime,
      limits: { ...limitsOf(env), ...options.realtimeLimits },
      log: log.child("realtime"),
    });
    gateway.mount("realtime", starting.use(realtime));
  }
  starting.use(
    createNet({
      databaseUrl: database.nearUrl("postgres"),
      resolveUrl: (url) => ownUrl(url, gateway.url),
      log: log.child("net"),
    }),
  );
  // The last one, because a job may call any other service.
  starting.use(createCron({ databaseUrl: database.nearUrl(adminRole), log: log.child("cron") }));

  await opened;
  signal?.throwIfAborted();
  instance.env = {
    API_URL: gateway.url,
    REST_URL: `${gateway.url}/rest/v1`,
    FUNCTIONS_URL: `${gateway.url}/functions/v1`,
    DB_URL: database.url("postgres"),
    MAILPIT_URL: mail.url,
    ...(web && { SITE_URL: web.url }),
    PUBLISHABLE_KEY: keys.publishableKey,
    SECRET_KEY: keys.secretKey,
    JWT_SECRET: keys.jwtSecret,
    ANON_KEY: keys.anonKey,
    SERVICE_ROLE_KEY: keys.serviceRoleKey,
    ...(logins && { SEED_EMAILS: logins.emails.join(", "), SEED_PASSWORD: logins.password }),
  };
  if (options.ephemeralPorts) {
    await keepPorts(stateDir, {
      api: { port: portOf(gateway.url) },
      db: { port: portOf(database.adminUrl) },
      local_smtp: { port: portOf(mail.url), smtp_port: mail.smtpPort },
      ...(web && { web: { port: portOf(web.url) } }),
    });
  }
  const running = starting.move();
  return {
    url: gateway.url,
    databaseUrl: database.url("postgres"),
    adminUrl: database.adminUrl,
    mailUrl: mail.url,
    webUrl: web?.url,
    dataDir,
    keys,
    env: instance.env,
    failed: database.failed,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === "https:" ? 443 : 80));
}

interface Database {
  adminUrl: string;
  /** The password of every login role. On an existing server it is the superuser's password. */
  password: string;
  url(role: string): string;
  /** For sessions of the services (database/): they try the Unix socket first, if there is one. */
  nearUrl(role: string): string;
  failed: Promise<PlatformError>;
}

async function startDatabase(
  options: PlatformOptions & { initialising: () => void; lost: Claim["lost"] },
  config: Config,
  memory: MemoryPlan,
  stateDir: string,
  dataDir: string | undefined,
  log: Log,
  progress: (step: string) => void,
  starting: AsyncDisposableStack,
): Promise<Database> {
  if (dataDir === undefined) {
    const databaseUrl = options.databaseUrl as string;
    await checkGivenServer(databaseUrl);
    return databaseAt(databaseUrl, new Promise(() => {}));
  }
  progress("Starting Postgres");
  await keepPlace(stateDir, dataDir);
  log("info", `the database is in ${dataDir}`);
  const inside = insideOf(stateDir);
  if (dataDir !== inside && (await contents(inside)) !== "nothing")
    log("warn", `${inside} has another database, which is not used`);
  const server = await startServer({
    dataDir,
    port: config.db.port,
    password: localPassword,
    afresh: options.afresh,
    durable: options.stateDir !== undefined,
    settings: memory.postgres,
    sessionMemoryMb: memory.sessionMemoryMb,
    initialising: options.initialising,
    lost: options.lost,
    beforeStart: (binaries) => installExtensions(binaries.home),
    signal: options.signal,
    recovering: () => progress("Postgres repairs the database after a crash"),
    log: log.child("postgres"),
  });
  starting.use(server);
  const failed = server.ended.then(
    (reason) =>
      new Promise<PlatformError>((tell) => {
        if (reason) tell(reason);
      }),
  );
  const adminUrl = `postgresql://${superuser}:${localPassword}@127.0.0.1:${server.port}/postgres`;
  return databaseAt(adminUrl, failed, server.socketDir);
}

function databaseAt(adminUrl: string, failed: Promise<PlatformError>, socketDir?: string): Database {
  const { password } = new URL(adminUrl);
  const urlOf = (role: string) => {
    const url = new URL(adminUrl);
    url.username = role;
    return url;
  };
  return {
    adminUrl,
    password: decodeURIComponent(password),
    failed,
    url: (role) => urlOf(role).href,
    nearUrl(role) {
      const url = urlOf(role);
      if (socketDir !== undefined) url.searchParams.set("host", socketDir);
      return url.href;
    },
  };
}

async function temporaryDir(stack: AsyncDisposableStack): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-"));
  // The server's user has to get in. Secret files inside have their own mode.
  await chmod(dir, 0o711);
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The names of the gateway inside Docker's containers. */
const containerNames = new Set(["host.docker.internal", "api.supabase.internal", "kong"]);

/**
 * The address of a function, in a hook of config.toml or in a request of pg_net, may be the gateway's
 * address inside Docker's containers. Here we replace it by the real address and port of the gateway.
 */
function ownUrl(uri: string, gatewayUrl: string): string {
  const url = new URL(uri);
  const own = containerNames.has(url.hostname) || isLoopback(url.hostname);
  return own && url.pathname.startsWith("/functions/v1/") ? gatewayUrl + url.pathname + url.search : uri;
}
