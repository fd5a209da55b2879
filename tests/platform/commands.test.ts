import { appendFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import {
  type Command,
  folder,
  interrupt,
  processesOf,
  refused,
  run as runIn,
  said,
  watch,
} from "./command-line.ts";

/*
 * What a person does at a terminal, with real processes: start, look, stop, crash, start
 * again. Each test has its own state folder.
 */

const root = join(import.meta.dirname, "../..");
let stateDir: string;

beforeEach(async ({ onTestFinished }) => {
  stateDir = await folder("plaza commands ", onTestFinished);
});

const run = (...args: string[]) => runIn(stateDir, ...args);
const processes = () => processesOf(stateDir);
const started = (...args: string[]) => ready(run("start", "--free-ports", ...args));

async function ready(command: Command): Promise<Command & { env: Record<string, string> }> {
  return { ...(await said(command)), env: await status() };
}

async function status(): Promise<Record<string, string>> {
  const asked = run("status", "-o", "env");
  expect(await asked.ended).toBe(0);
  return parseEnv(asked.output()) as Record<string, string>;
}

const client = (env: Record<string, string>) =>
  createClient(env.API_URL as string, env.SECRET_KEY as string, { auth: { persistSession: false } });

async function usernames(env: Record<string, string>): Promise<string[]> {
  const { data, error } = await client(env).from("profiles").select("username").order("username");
  if (error) throw error;
  return data.map(({ username }) => username);
}

async function createUser(env: Record<string, string>, username: string): Promise<void> {
  const { error } = await client(env).auth.admin.createUser({
    email: `${username}@example.com`,
    password: "correct horse",
    email_confirm: true,
    user_metadata: { username },
  });
  if (error) throw error;
}

test("a start shows URLs and keys, a SIGTERM stops every child, and the next start has the same data", async () => {
  const first = await started();
  expect(first.output()).toContain(first.env.API_URL);
  expect(Object.keys(first.env)).toEqual(
    expect.arrayContaining([
      "API_URL",
      "DB_URL",
      "ANON_KEY",
      "SERVICE_ROLE_KEY",
      "PUBLISHABLE_KEY",
      "SECRET_KEY",
      "JWT_SECRET",
      "MAILPIT_URL",
    ]),
  );
  const town = await usernames(first.env);
  expect(town).toEqual(expect.arrayContaining(["alice", "bob", "carol"]));
  await createUser(first.env, "dora");
  expect((await processes()).length).toBeGreaterThan(1);

  first.child.kill("SIGTERM");
  expect(await first.ended).toBe(0);
  expect(await processes()).toEqual([]);
  const gone = run("status");
  expect(await gone.ended).toBe(1);
  expect(gone.output()).toContain("not_running");

  const second = await started();
  expect(await usernames(second.env)).toEqual([...town, "dora"].sort());
  second.child.kill("SIGINT");
  expect(await second.ended).toBe(0);
  expect(await processes()).toEqual([]);
});

test("npm start ends after a SIGTERM to npm, and after Ctrl-C, which signals every process of the terminal", async () => {
  const npmStart = () =>
    ready(watch("npm", ["start", "--", "--free-ports", "--state-dir", stateDir], { cwd: root }));
  const first = await npmStart();
  first.child.kill("SIGTERM");
  await first.ended;
  await expect.poll(processes, { timeout: 20_000 }).toEqual([]);

  const second = await npmStart();
  interrupt(second);
  await second.ended;
  await expect.poll(processes, { timeout: 20_000 }).toEqual([]);
});

test("a second start on the same folder is refused, and the first platform continues", async () => {
  const first = await started();
  const log = join(stateDir, "plaza.log");
  await appendFile(log, "what the first has told\n");
  const second = run("start", "--free-ports");
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain("already_running");
  expect(second.output()).toContain(String(first.child.pid));
  const reset = run("reset", "--free-ports");
  expect(await reset.ended).toBe(1);
  expect(reset.output()).toContain("already_running");
  expect(await readFile(log, "utf8")).toContain("what the first has told");
  expect(await usernames(first.env)).toContain("alice");
});

test("a suspended platform keeps its folder, and continues after it is resumed", async () => {
  const first = await started();
  first.child.kill("SIGSTOP");
  try {
    for (const command of ["start", "reset"]) {
      const second = run(command, "--free-ports");
      expect(await second.ended).toBe(1);
      expect(second.output()).toContain("already_running");
    }
  } finally {
    first.child.kill("SIGCONT");
  }
  expect(await usernames(first.env)).toContain("alice");
});

test("if several start at once after a kill -9, one gets the folder and the others are refused", async () => {
  const crashed = await started();
  crashed.child.kill("SIGKILL");
  await crashed.ended;

  const commands = Array.from({ length: 4 }, () => run("start", "--free-ports"));
  const losers = new Set<Command>();
  for (const command of commands) void command.ended.then(() => losers.add(command));
  await expect.poll(() => losers.size, { timeout: 60_000 }).toBe(3);
  for (const loser of losers) expect(loser.output()).toContain("already_running");
  const winner = commands.find((command) => !losers.has(command)) as Command;
  expect(await usernames((await ready(winner)).env)).toContain("alice");
});

test("after a kill -9 no process keeps running, and the next start recovers without help", async () => {
  const first = await started();
  await createUser(first.env, "dora");
  first.child.kill("SIGKILL");
  expect(await first.ended).toBe("SIGKILL");
  await expect.poll(processes, { timeout: 20_000 }).toEqual([]);

  const second = await started();
  expect(await usernames(second.env)).toContain("dora");
});

test("reset starts again from the migrations and the seed, with the same keys", async () => {
  const first = await started();
  await createUser(first.env, "dora");
  const { keys } = await jwks(first.env);
  first.child.kill("SIGTERM");
  await first.ended;

  const reset = run("reset", "--free-ports");
  await expect.poll(reset.output, { timeout: 60_000 }).toContain("╰");
  const env = await status();
  const town = await usernames(env);
  expect(town).toContain("alice");
  expect(town).not.toContain("dora");
  expect((await jwks(env)).keys).toEqual(keys);
});

const jwks = async (env: Record<string, string>) =>
  (await fetch(`${env.API_URL}/auth/v1/.well-known/jwks.json`)).json();

test("the error names a taken port and the option that changes it, and no process is left", async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void squatter.close());
  const { port } = squatter.address() as { port: number };
  const projectDir = join(stateDir, "project");
  await mkdir(join(projectDir, "supabase"), { recursive: true });

  for (const [section, option] of [
    ["api", "port"],
    ["db", "port"],
    ["local_smtp", "port"],
    ["local_smtp", "smtp_port"],
  ] as const) {
    const ports: Record<string, Record<string, number>> = {
      api: { port: 0 },
      db: { port: 0 },
      local_smtp: { port: 0, smtp_port: 0 },
    };
    (ports[section] as Record<string, number>)[option] = port;
    const toml = Object.entries(ports).map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join("")}`,
    );
    await writeFile(join(projectDir, "supabase", "config.toml"), toml.join("\n"));
    const start = run("start", "--project-dir", projectDir);
    expect(await start.ended).toBe(1);
    expect(start.output()).toContain("port_taken");
    expect(start.output()).toMatch(new RegExp(`${port}.*\\[${section}\\] ${option}`));
    expect(start.output()).toContain("npm start -- --free-ports");
    expect(await processes()).toEqual([]);
  }
});

test("only the owner can read the secrets in the state folder, and others hear whose platform it is", async () => {
  const { child, ended } = await started();
  if (process.getuid?.() === 0) {
    const nobody = { uid: 65534, gid: 65534 };
    const main = join(root, "platform/main.ts");
    for (const command of ["status", "stop"]) {
      const asked = watch(process.execPath, [main, command, "--state-dir", stateDir], nobody);
      expect(await refused(asked, "not_yours")).toContain(`process ${child.pid}`);
    }
  }
  child.kill("SIGTERM");
  await ended;
  for (const name of ["secrets.json", "plaza.log"]) {
    expect((await stat(join(stateDir, name))).mode & 0o077).toBe(0);
  }
});

test("an unknown command or option is named and ends with 1, and --help ends with 0", async () => {
  for (const [args, wrong] of [
    [["dance"], "dance"],
    [["start", "--loudly"], "--loudly"],
  ] as const) {
    const command = run(...args);
    expect(await command.ended).toBe(1);
    expect(command.output()).toContain(wrong);
    expect(command.output()).toContain("Usage:");
  }
  for (const args of [["--help"], ["start", "--help"], ["status", "-h"], ["reset", "--help"]]) {
    const command = run(...args);
    expect(await command.ended).toBe(0);
    expect(command.output()).toContain("Usage:");
  }
});

test("npm test and npm run bench name an unknown word or show their help, and start nothing", async () => {
  for (const [script, unknown] of [
    ["bench/main.ts", "dance"],
    ["sql/tools/new-migration.ts", "Two Words"],
  ] as const) {
    const refused = watch(process.execPath, [join(root, script), unknown]);
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain(unknown);
  }
  for (const script of [
    "bench/main.ts",
    "tests/main.ts",
    "sql/tools/new-migration.ts",
    "sql/tools/generate-types.ts",
  ]) {
    const helped = watch(process.execPath, [join(root, script), "--help"]);
    expect(await helped.ended).toBe(0);
    expect(helped.output()).toContain("Usage:");
  }
});

test("free ports stay the same for a state folder, and a taken one is replaced", async () => {
  const urls = ({ API_URL, DB_URL, MAILPIT_URL }: Record<string, string>) => [API_URL, DB_URL, MAILPIT_URL];
  const stop = async ({ child, ended }: Command) => {
    child.kill("SIGTERM");
    await ended;
  };
  const first = await started();
  await stop(first);
  const second = await started();
  expect(urls(second.env)).toEqual(urls(first.env));
  await stop(second);

  const squatter = createServer();
  const taken = Number(new URL(first.env.API_URL as string).port);
  await new Promise<void>((resolve) => squatter.listen(taken, "127.0.0.1", resolve));
  onTestFinished(() => void squatter.close());
  const third = await started();
  expect(third.env.API_URL).not.toBe(first.env.API_URL);
  expect(urls(third.env).slice(1)).toEqual(urls(first.env).slice(1));
});

test("the table shows the seed's people, and they can sign in", async () => {
  const { env, output } = await started();
  const emails = (env.SEED_EMAILS as string).split(", ");
  expect(emails).toHaveLength(6);
  for (const email of emails) {
    expect(output()).toContain(email);
    const { error } = await client(env).auth.signInWithPassword({
      email,
      password: env.SEED_PASSWORD as string,
    });
    expect(error).toBeNull();
  }
});
