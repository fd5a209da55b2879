/**
 * The gateway, Rest, Auth and Realtime in a process of their own, so that a test can kill them all at
 * once (`kill -9`). Postgres is not in this process. town.ts starts it.
 */
import { createAuth } from "../../../platform/auth/index.ts";
import { loadConfig } from "../../../platform/config.ts";
import { createGateway } from "../../../platform/gateway/index.ts";
import { createKeys } from "../../../platform/keys.ts";
import { silent } from "../../../platform/log.ts";
import { createRealtime } from "../../../platform/realtime/index.ts";
import { createRest } from "../../../platform/rest/index.ts";
import { projectDir } from "../../../sql/tools/server.ts";
import type { ServicesOptions } from "./town.ts";

const { databasePort, port, signingKey } = JSON.parse(process.argv[2] as string) as ServicesOptions;
const databaseUrl = (role: string) => `postgresql://${role}:postgres@127.0.0.1:${databasePort}/postgres`;

const keys = await createKeys({ signingKeys: [signingKey] });
const config = await loadConfig(projectDir, { SEND_EMAIL_HOOK_SECRETS: "" });
const gateway = await createGateway({ host: "127.0.0.1", port, keys, log: silent });
gateway.mount(
  "rest",
  await createRest({ databaseUrl: databaseUrl("authenticator"), config: config.api, keys, log: silent }),
);
gateway.mount(
  "auth",
  await createAuth({
    databaseUrl: databaseUrl("supabase_auth_admin"),
    // Nobody signs up here, so no hook sends a mail.
    config: {
      ...config.auth,
      hook: { ...config.auth.hook, send_email: { enabled: false, uri: "", secrets: "" } },
    },
    keys,
    limited: false,
    externalUrl: `${gateway.url}/auth/v1`,
    smtp: { host: "127.0.0.1", port: 1 },
    resolveHookUrl: (uri) => uri,
    log: silent,
  }),
);

const startRealtime = () =>
  createRealtime({
    databaseUrl: databaseUrl("supabase_admin"),
    keys,
    config: config.realtime,
    limits: {
      connections: 10_000,
      userShare: Number.POSITIVE_INFINITY,
      addressShare: Number.POSITIVE_INFINITY,
      anonymousShare: Number.POSITIVE_INFINITY,
      joinsPerS: 100_000,
      eventsPerS: 1_000_000,
      connectBackoffMs: 20,
      joinBackoffMs: 20,
      drainMs: 100,
    },
    log: silent,
  });
let realtime = await startRealtime();
gateway.mount("realtime", realtime);

process.on("message", async (message) => {
  if (message !== "restart realtime") return;
  await realtime[Symbol.asyncDispose]();
  realtime = await startRealtime();
  gateway.mount("realtime", realtime);
  process.send?.("restarted");
});
// The test has ended.
process.on("disconnect", () => process.exit());
process.send?.(gateway.url);
