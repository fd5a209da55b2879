/** Starts the platform of serve.ts, and stops it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import postgres from "postgres";

export interface Town extends AsyncDisposable {
  url: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string;
  adminUrl: string;
  /** A connection of the superuser, for one step of a test. The caller ends it. */
  admin(): postgres.Sql;
  process: ChildProcess;
  /** What the platform wrote to its log and to its error output. */
  lines: string[];
}

export async function createTown(): Promise<Town> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "serve.ts")], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => void lines.push(line));
  const started = once(createInterface({ input: child.stdout }), "line");
  const ended = once(child, "exit").then(() => {
    throw new Error(`The platform did not start:\n${lines.join("\n")}`);
  });
  ended.catch(() => {});
  const [line] = (await Promise.race([started, ended])) as [string];
  const env = JSON.parse(line);
  return {
    url: env.API_URL,
    publishableKey: env.PUBLISHABLE_KEY,
    secretKey: env.SECRET_KEY,
    jwtSecret: env.JWT_SECRET,
    adminUrl: env.ADMIN_URL,
    admin: () => postgres(env.ADMIN_URL, { max: 1, onnotice: () => {}, fetch_types: false }),
    process: child,
    lines,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.stdin.end();
      await exit;
    },
  };
}
