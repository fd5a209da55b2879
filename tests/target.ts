/**
 * The server that the tests of the API and of the web client talk to. It is the deployment that the environment
 * names (PLAZA_URL and the keys), or else a platform that starts for this run. Vitest
 * calls this module before and after the suites.
 */
import { createLog } from "../platform/log.ts";
import { createPlatform } from "../platform/platform.ts";

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.PLAZA_URL) return undefined;
  const platform = await createPlatform({
    ephemeralPorts: true,
    seed: false,
    web: true,
    // People sign up twice without waiting a minute. The limits have their own tests.
    config: { auth: { email: { max_frequency: "1ms" } } },
    log: createLog((line) => process.stderr.write(`${line}\n`), "warn"),
  });
  process.env.PLAZA_URL = platform.url;
  process.env.PLAZA_PUBLISHABLE_KEY = platform.keys.publishableKey;
  process.env.PLAZA_ANON_KEY = platform.keys.anonKey;
  process.env.PLAZA_SECRET_KEY = platform.keys.secretKey;
  process.env.PLAZA_SERVICE_ROLE_KEY = platform.keys.serviceRoleKey;
  process.env.PLAZA_MAIL_URL = platform.mailUrl;
  process.env.PLAZA_DB_URL = platform.databaseUrl;
  process.env.PLAZA_WEB_URL = platform.webUrl;
  return async () => await platform[Symbol.asyncDispose]();
}
