/** A platform on a server that is there already, and that has another Supabase's database. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { createPlatform } from "../../platform/platform.ts";
import { serverUser } from "../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../platform/postgres/bootstrap.ts";
import { checkGivenServer } from "../../platform/postgres/given-server.ts";
import {
  bootstrapOptions,
  connect,
  createDatabase,
  startWithExtensions,
  urlOf,
  useSupabaseServer,
} from "./postgres/supabase-server.ts";

const server = useSupabaseServer();

/**
 * A database that has what Supabase's services make, and no sign of our bootstrap. The schema `supautils`
 * has what the extension of that name does on Supabase: postgres may drop triggers of auth.users.
 */
async function anotherSupabase(name: string): Promise<string> {
  await createDatabase(server, name);
  await bootstrapDatabase(urlOf(server, "supabase_admin", name), bootstrapOptions);
  const sql = connect(server, "supabase_admin", name);
  await sql.unsafe("drop table platform.bootstrap; alter schema platform rename to supautils");
  await sql.end();
  return urlOf(server, "supabase_admin", name);
}

const change = async (name: string, statement: string) => {
  const sql = connect(server, "supabase_admin", name);
  await sql.unsafe(statement);
  await sql.end();
};

test("the platform runs on another Supabase's database, and leaves its schemas as they are", async () => {
  const databaseUrl = await anotherSupabase("other");
  await using platform = await createPlatform({ ephemeralPorts: true, databaseUrl });
  const options = { auth: { persistSession: false } };
  const service = createClient(platform.url, platform.keys.secretKey, options);
  const { data } = await service.from("profiles").select("username").eq("username", "alice").throwOnError();
  expect(data).toEqual([{ username: "alice" }]);
  const alice = createClient(platform.url, platform.keys.publishableKey, options);
  const signedIn = await alice.auth.signInWithPassword({
    email: "alice@example.com",
    password: "plaza-demo",
  });
  expect(signedIn.error).toBeNull();
  const heard: unknown[] = [];
  await new Promise<void>((done) => {
    service
      .channel("room", { config: { private: true } })
      .on("broadcast", { event: "says" }, (message) => void heard.push(message.payload))
      .subscribe((status) => {
        if (status === "SUBSCRIBED") done();
      });
  });
  await change("other", `select realtime.send('{"text": "hello"}', 'says', 'room', true)`);
  await vi.waitFor(() => expect(heard).toMatchObject([{ text: "hello" }]));
  await service.removeAllChannels();
  const sql = connect(server, "supabase_admin", "other");
  expect(await sql`select to_regnamespace('platform') is null as untouched`).toEqual([{ untouched: true }]);
  await sql.end();
});

test("a Supabase database that lacks something is refused by what it lacks", async () => {
  const databaseUrl = await anotherSupabase("partial");
  await checkGivenServer(databaseUrl);
  await change(
    "partial",
    "drop table realtime.messages; drop table auth.one_time_tokens; drop function realtime.topic()",
  );
  const refused = createPlatform({ ephemeralPorts: true, databaseUrl });
  await expect(refused).rejects.toMatchObject({ name: "PlatformError", code: "database_unfit" });
  await expect(refused).rejects.toThrow(
    /auth\.one_time_tokens\.token_hash, the column realtime\.messages\.binary_payload, the function realtime\.topic\(\)/,
  );
});

test("on a Supabase database the user must be the superuser", async () => {
  await anotherSupabase("hosted");
  await expect(checkGivenServer(urlOf(server, "postgres", "hosted"))).rejects.toMatchObject({
    code: "database_needs_superuser",
    message: expect.stringMatching(/postgres is not its superuser.*supabase db push/),
  });
});

test("a server whose roles have other passwords is refused by the roles' names", async () => {
  const databaseUrl = await anotherSupabase("passwords");
  await change("passwords", "alter role authenticator password 'another'");
  try {
    await expect(checkGivenServer(databaseUrl)).rejects.toMatchObject({
      code: "database_roles_refused",
      message: expect.stringMatching(/refuses authenticator \(/),
    });
  } finally {
    await change("passwords", "alter role authenticator password 'postgres'");
  }
  await checkGivenServer(databaseUrl);
});

test("a malformed URL, a closed port and a wrong password each get an error that does not show the password", async () => {
  for (const url of ["somewhere", "http://supabase_admin:sesame@host/db", "postgresql://host/db"]) {
    await expect(checkGivenServer(url)).rejects.toMatchObject({ code: "database_url_invalid" });
  }
  const wrong = urlOf(server, "supabase_admin", "postgres", "sesame");
  for (const url of [wrong, "postgresql://supabase_admin:sesame@127.0.0.1:1/postgres"]) {
    const error = await checkGivenServer(url).catch((cause) => cause);
    expect(error).toMatchObject({ code: "database_unreachable" });
    expect(error.message).toMatch(/password authentication failed|ECONNREFUSED/);
    expect(error.message).not.toContain("sesame");
  }
  await checkGivenServer(urlOf(server, "supabase_admin"));
});

test("a server without logical replication is refused by the setting that it needs", async () => {
  const dataDir = join(server.dir, "replica");
  const plain = await startWithExtensions(dataDir);
  const url = urlOf(plain, "supabase_admin");
  await checkGivenServer(url);
  await plain[Symbol.asyncDispose]();
  // Our own start sets wal_level. So this one starts the server's program itself.
  const settings = ["wal_level=replica", `port=${plain.port}`, "unix_socket_directories="];
  const child = spawn(
    plain.binaries.postgres,
    ["-D", dataDir, ...settings.flatMap((setting) => ["-c", setting])],
    { ...(await serverUser()), cwd: "/", stdio: "ignore" },
  );
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGINT");
    await ended;
  });
  await vi.waitFor(
    () =>
      expect(checkGivenServer(url)).rejects.toMatchObject({
        code: "database_unfit",
        message: expect.stringContaining("wal_level = logical"),
      }),
    { timeout: 20_000, interval: 100 },
  );
});
