/**
 * A platform in its own process, so that the load of a benchmark does not run on its
 * event loop. `startPlatform` forks it. It ends when its parent process ends.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createPlatform } from "../platform/platform.ts";

export interface RemotePlatform extends AsyncDisposable {
  pid: number;
  url: string;
  databaseUrl: string;
  adminUrl: string;
  publishableKey: string;
  jwtSecret: string;
}

/** Starts a platform on free ports. It is empty, or uses an existing server as its superuser. */
export async function startPlatform(existingUrl?: string): Promise<RemotePlatform> {
  const child = fork(import.meta.filename, existingUrl ? [existingUrl] : [], { stdio: "inherit" });
  const [facts] = await once(child, "message");
  return {
    ...facts,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

if (process.send) {
  const platform = await createPlatform({ databaseUrl: process.argv[2], ephemeralPorts: true, seed: false });
  process.once("disconnect", () => platform[Symbol.asyncDispose]().then(() => process.exit(0)));
  process.send({
    url: platform.url,
    databaseUrl: platform.databaseUrl,
    adminUrl: platform.adminUrl,
    publishableKey: platform.keys.publishableKey,
    jwtSecret: platform.keys.jwtSecret,
  });
}
