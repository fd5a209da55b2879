import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig, settingsWithoutEffect } from "../../platform/config.ts";
import { developmentConfig } from "../../platform/development.ts";
import { functionsEnv } from "../../platform/env.ts";
import { createKeys } from "../../platform/keys.ts";
import { createLog } from "../../platform/log.ts";

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-config-"));
  await mkdir(join(dir, "supabase"));
});
afterAll(() => rm(dir, { recursive: true }));

const config = async (toml: string, env = {}, overrides = {}) => {
  await writeFile(join(dir, "supabase", "config.toml"), toml);
  return loadConfig(dir, env, overrides);
};

test("an empty file gives the CLI's defaults", async () => {
  const { api, db, auth } = await config("");
  expect(api).toMatchObject({ port: 54321, max_rows: 1000, schemas: ["public", "graphql_public"] });
  expect(db.port).toBe(54322);
  expect(auth).toMatchObject({ jwt_expiry: 3600, minimum_password_length: 6 });
  expect(auth.rate_limit).toMatchObject({
    token_refresh: 150,
    sign_in_sign_ups: 30,
    token_verifications: 30,
  });
});

test("durations are in Go's notation", async () => {
  const { auth } = await config('[auth.email]\nmax_frequency = "1m30s"\n[auth.sessions]\ntimebox = "24h"');
  expect(auth.email.max_frequency).toBe(90_000);
  expect(auth.sessions.timebox).toBe(86_400_000);
  await expect(config('[auth.email]\nmax_frequency = "soon"')).rejects.toMatchObject({
    code: "config_invalid",
  });
});

test("env(NAME) gets its value, and the error names a missing variable", async () => {
  const toml = '[auth.hook.send_email]\nenabled = true\nuri = "http://x"\nsecrets = "env(HOOK)"';
  expect((await config(toml, { HOOK: "v1,whsec_a" })).auth.hook.send_email.secrets).toBe("v1,whsec_a");
  await expect(config(toml)).rejects.toMatchObject({
    code: "config_env_missing",
    message: expect.stringContaining("HOOK"),
  });
});

test("a text stands for a number, a yes or no, and a list, as for the CLI", async () => {
  const found = await config(
    `
    [api]
    port = "env(A_PORT)"
    [db.seed]
    sql_paths = "./x.sql"
    [auth]
    enable_signup = "env(A_FALSE)"
    enable_anonymous_sign_ins = "true"
    additional_redirect_urls = "env(LIST)"
    minimum_password_length = 4
    [auth.email]
    otp_length = 4
    [functions.hello]
    verify_jwt = "env(A_FALSE)"
    [edge_runtime.secrets]
    GIVEN = "env(A_PORT)"
    MISSING = "env(NOT_SET)"`,
    { A_PORT: "1234", A_FALSE: "false", LIST: "https://a,https://b" },
  );
  expect(found.api.port).toBe(1234);
  expect(found.db.seed.sql_paths).toEqual(["./x.sql"]);
  expect(found.auth).toMatchObject({
    enable_signup: false,
    enable_anonymous_sign_ins: true,
    additional_redirect_urls: ["https://a", "https://b"],
    // The Auth server raises these.
    minimum_password_length: 6,
    email: { otp_length: 6 },
  });
  expect(found.functions.hello?.verify_jwt).toBe(false);

  const lines: string[] = [];
  const env = await functionsEnv({
    ...{ projectDir: dir, config: found, keys: await createKeys(), env: {} },
    ...{ gatewayUrl: "http://a", databaseUrl: "", smtpPort: 1 },
    log: createLog((line) => lines.push(line)),
  });
  expect(env.GIVEN).toBe("1234");
  expect(env).not.toHaveProperty("MISSING");
  expect(lines.join()).toMatch(/MISSING .*NOT_SET/);
});

test("what the CLI refuses is refused here too", async () => {
  for (const [toml, name] of [
    ['[auth]\npassword_requirements = "foo"', "auth.password_requirements"],
    ['[auth]\nsite_url = ""', "auth.site_url"],
    ['[auth]\nenable_signup = "perhaps"', "auth.enable_signup"],
  ] as const) {
    await expect(config(toml)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringContaining(name),
    });
  }
});

test("env(NAME) in a section that nobody reads, or that is not enabled, needs no value", async () => {
  const { auth } = await config(`
    [studio]
    openai_api_key = "env(OPENAI_API_KEY)"
    [auth.external.apple]
    secret = "env(APPLE)"
    [auth.hook.send_email]
    enabled = false
    secrets = "env(HOOK)"`);
  expect(auth.hook.send_email).toEqual({ enabled: false, uri: "", secrets: "env(HOOK)" });
});

test("the settings without effect have names, without those for the CLI and for other machines", async () => {
  await config(`
    [api]
    port = 1
    unknown = 2
    [storage.buckets.images]
    public = true
    [auth.external.apple]
    enabled = true
    [auth.email]
    otp_length = 8
    [functions.hello]
    verify_jwt = false
    static_files = ["a"]
    [db.vault]
    project_url = "env(URL)"
    [remotes.production]
    project_id = "abc"`);
  expect(await settingsWithoutEffect(dir)).toEqual([
    "api.unknown",
    "storage.buckets.images",
    "auth.external.apple",
    "functions.hello.static_files",
  ]);
});

test("a setting from code replaces the setting of the file, and not the settings beside it", async () => {
  const { api } = await config("[api]\nport = 1234\nmax_rows = 10", {}, { api: { port: 0 } });
  expect(api).toMatchObject({ port: 0, max_rows: 10 });
});

test("config.toml has production's values, and only a laptop shortens the pause between mails", async () => {
  const root = join(import.meta.dirname, "../..");
  const env = { SEND_EMAIL_HOOK_SECRETS: "v1,whsec_a" };
  const { email } = (await loadConfig(root, env)).auth;
  expect(email).toMatchObject({
    max_frequency: 60_000,
    otp_length: 8,
    otp_expiry: 900,
    secure_password_change: true,
    enable_confirmations: true,
  });
  const onLaptop = await loadConfig(root, env, developmentConfig("127.0.0.1", {}));
  expect(onLaptop.auth.email).toEqual({ ...email, max_frequency: 1000 });
  for (const overrides of [
    developmentConfig("0.0.0.0", {}),
    developmentConfig("192.168.1.2", {}),
    developmentConfig("127.0.0.1", { PLAZA_DEVELOPMENT: "off" }),
  ]) {
    expect((await loadConfig(root, env, overrides)).auth.email).toEqual(email);
  }
});

test("the block for production in config.toml changes nothing here, and the CLI accepts it", async () => {
  const root = join(import.meta.dirname, "../..");
  const file = await readFile(join(root, "supabase/config.toml"), "utf8");
  const [ours, marked = ""] = file.split(/^# (?=\[remotes\.production\]$)/m) as [string, string];
  const production = marked.replace(/^# ?/gm, "").replace("SEND_EMAIL_HOOK_SECRETS", "UNSET_HERE");
  expect(production).toContain("UNSET_HERE");
  expect(production).toContain("[remotes.production.auth]");
  const env = { SEND_EMAIL_HOOK_SECRETS: `v1,whsec_${Buffer.alloc(32).toString("base64")}` };
  expect(await config(ours + production, env)).toEqual(await loadConfig(root, env));

  // The CLI says that it cannot connect, or what is wrong with the file.
  const listed = await promisify(execFile)(
    "supabase",
    [
      ...["migration", "list", "--remote=postgresql://postgres:postgres@127.0.0.1:1/postgres"],
      ...["--workdir", dir, "--output-format", "text"],
    ],
    { env: { ...process.env, ...env, SUPABASE_TELEMETRY_DISABLED: "1", SUPABASE_HOME: join(dir, "home") } },
  ).catch((error) => error);
  expect(listed.stderr).toContain("connect");
  expect(listed.stderr).not.toMatch(/invalid/i);
});

test("of several overrides the later ones go over the earlier ones", async () => {
  await writeFile(join(dir, "supabase", "config.toml"), "[api]\nport = 1234");
  const { api } = await loadConfig(dir, {}, { api: { port: 1, max_rows: 2 } }, { api: { port: 3 } });
  expect(api).toMatchObject({ port: 3, max_rows: 2 });
});

test("a broken or missing file is a clear error", async () => {
  await expect(config("[api\n")).rejects.toMatchObject({ code: "config_invalid" });
  await expect(config('[api]\nport = "many"')).rejects.toMatchObject({
    code: "config_invalid",
    message: expect.stringContaining("api.port"),
  });
  await expect(loadConfig(join(dir, "nowhere"), {})).rejects.toMatchObject({ code: "config_unreadable" });
});
