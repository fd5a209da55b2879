import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { silent } from "../../platform/log.ts";
import { bootstrapDatabase } from "../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../platform/postgres/extensions.ts";
import { type PostgresServer, startServer } from "../../platform/postgres/server.ts";

let dir: string;
let server: PostgresServer;
let admin: Sql;
let owner: Sql;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-extensions-"));
  await chmod(dir, 0o755);
  server = await startServer({
    dataDir: join(dir, "data"),
    port: 0,
    password: "postgres",
    durable: false,
    log: silent,
  });
  await installExtensions(server.binaries.home);
  await bootstrapDatabase(url("supabase_admin"), { password: "postgres", jwtExpiryS: 3600, log: silent });
  admin = connect("supabase_admin");
  owner = connect("postgres");
});
afterAll(async () => {
  await Promise.all([admin?.end(), owner?.end()]);
  await server?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const url = (user: string) => `postgresql://${user}:postgres@127.0.0.1:${server.port}/postgres`;
const connect = (user: string) => postgres(url(user), { max: 1, onnotice() {} });

/** The statement's rows as an API role. */
const as = (role: string, statement: string) =>
  owner.begin(async (sql) => {
    await sql.unsafe(`set local role ${role}`);
    return sql.unsafe(statement);
  });

const denied = { code: "42501" };

test("a project starts with the extensions that hosted ones start with", async () => {
  expect(
    await owner`
      select extname, extnamespace::regnamespace::text as schema, extowner::regrole::text as owner
      from pg_extension
      order by extname
    `,
  ).toEqual([
    { extname: "pg_stat_statements", schema: "extensions", owner: "supabase_admin" },
    { extname: "pgcrypto", schema: "extensions", owner: "supabase_admin" },
    { extname: "plpgsql", schema: "pg_catalog", owner: "supabase_admin" },
    { extname: "supabase_vault", schema: "vault", owner: "supabase_admin" },
    { extname: "uuid-ossp", schema: "extensions", owner: "supabase_admin" },
  ]);
  expect(
    await as("authenticated", "select extensions.digest('plaza', 'sha256') is not null as works"),
  ).toEqual([{ works: true }]);
});

test("postgres creates every extension that hosted Supabase lets it create, and no other", async () => {
  const available = await owner<{ name: string }[]>`
    select name from pg_available_extensions where installed_version is null order by name
  `;
  const created: string[] = [];
  for (const { name } of available) {
    await owner
      .begin(async (sql) => {
        const schema = name === "pg_cron" ? "pg_catalog" : "extensions";
        await sql.unsafe(`create extension "${name}" with schema ${schema} cascade`);
        created.push(name);
        throw "undo";
      })
      .catch((error) => {
        if (error === "undo") return;
        // Untrusted, or in need of an extension that is: 42501; or of a library that is absent.
        expect(error.code, `${name}: ${error.message}`).toBe("42501");
      });
  }
  expect(created).toEqual([
    ...["autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int", "dict_xsyn"],
    ...[
      "earthdistance",
      "fuzzystrmatch",
      "hstore",
      "insert_username",
      "intarray",
      "isn",
      "ltree",
      "moddatetime",
    ],
    ...["pg_buffercache", "pg_cron", "pg_net", "pg_prewarm", "pg_trgm", "pg_walinspect", "pgrowlocks"],
    ...["pgstattuple", "pgtap", "postgres_fdw", "refint", "seg", "sslinfo", "tablefunc", "tcn"],
    ...["tsm_system_rows", "tsm_system_time", "unaccent"],
  ]);
  expect(available.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["file_fdw", "lo", "pageinspect", "plperl", "pg_surgery"]),
  );
});

describe("installing", () => {
  let home: string;
  let folder: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "plaza-home-"));
    folder = join(home, "share", "postgresql", "extension");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "plperl.control"), "default_version = '1.0'\ntrusted = true\n");
    await writeFile(join(folder, "postgres_fdw.control"), "default_version = '1.1'\nrelocatable = true\n");
    onTestFinished(() => rm(home, { recursive: true }));
  });

  const contents = async () => {
    const names = (await readdir(folder)).sort();
    return Promise.all(
      names.map(async (name) => {
        const { mtimeMs, ino } = await stat(join(folder, name));
        return { name, text: await readFile(join(folder, name), "utf8"), mtimeMs, ino };
      }),
    );
  };

  test("adds the stand-ins and pgTAP, and trusts what hosted Supabase trusts", async () => {
    await installExtensions(home);
    const files = new Map((await contents()).map(({ name, text }) => [name, text]));
    expect([...files.keys()]).toEqual([
      "pg_cron--1.6.4.sql",
      "pg_cron.control",
      "pg_net--0.20.6.sql",
      "pg_net.control",
      expect.stringMatching(/^pgtap--[\d.]+\.sql$/),
      "pgtap.control",
      "plperl.control",
      "postgres_fdw.control",
      "supabase_vault--0.3.1.sql",
      "supabase_vault.control",
    ]);
    expect(files.get("plperl.control")).toBe("default_version = '1.0'\n");
    expect(files.get("postgres_fdw.control")).toBe(
      "default_version = '1.1'\nrelocatable = true\ntrusted = true\n",
    );
    for (const name of ["pg_cron", "pg_net", "pgtap", "supabase_vault"])
      expect(files.get(`${name}.control`)).toMatch(/^trusted = true$/m);
  });

  test("a second time, or many at once, touches nothing", async () => {
    await installExtensions(home);
    const before = await contents();
    await Promise.all([1, 2, 3].map(() => installExtensions(home)));
    expect(await contents()).toEqual(before);
  });

  test("many at once, from the start, leave whole files and nothing else", async () => {
    await Promise.all([1, 2, 3, 4].map(() => installExtensions(home)));
    const parallel = (await contents()).map(({ name, text }) => ({ name, text }));
    await installExtensions(home);
    expect((await contents()).map(({ name, text }) => ({ name, text }))).toEqual(parallel);
  });

  test("a file that cannot be written is named in the error", async () => {
    await mkdir(join(folder, "pg_net--0.20.6.sql", "in the way"), { recursive: true });
    await expect(installExtensions(home)).rejects.toMatchObject({
      name: "PlatformError",
      code: "extensions_unwritable",
      message: expect.stringContaining("pg_net--0.20.6.sql"),
    });
    expect((await readdir(folder)).filter((name) => /\.(sql|control)\./.test(name))).toEqual([]);
  });
});

describe("pg_cron", () => {
  beforeAll(() => owner.unsafe("create extension pg_cron"));
  afterAll(() => owner.unsafe("drop extension pg_cron"));
  beforeEach(() => admin`delete from cron.job`);

  const jobs = () =>
    owner`select jobname, schedule, command, username, database, active from cron.job order by jobid`;

  test("schedule keeps a job, and by the same name changes it", async () => {
    const [first] = await owner`select cron.schedule('tidy', '0 10 * * *', 'select 1') as id`;
    const [again] = await owner`select cron.schedule('tidy', '30 seconds', 'select 2') as id`;
    expect(again).toEqual(first);
    expect(await jobs()).toEqual([
      {
        jobname: "tidy",
        schedule: "30 seconds",
        command: "select 2",
        username: "postgres",
        database: "postgres",
        active: true,
      },
    ]);
    await owner`select cron.schedule('0 10 * * *', 'select 3')`;
    await owner`select cron.schedule('0 10 * * *', 'select 3')`;
    expect(await jobs()).toHaveLength(3);
  });

  test("unschedule takes a name or an id, and an unknown one is an error", async () => {
    await owner`select cron.schedule('tidy', '0 10 * * *', 'select 1')`;
    const [{ id } = { id: 0 }] = await owner`select cron.schedule('@daily', 'select 2') as id`;
    expect(await owner`select cron.unschedule('tidy')`).toEqual([{ unschedule: true }]);
    expect(await owner`select cron.unschedule(${id}::bigint)`).toEqual([{ unschedule: true }]);
    expect(await jobs()).toEqual([]);
    await expect(owner`select cron.unschedule('tidy')`).rejects.toThrow(/valid entry for job 'tidy'/);
    await expect(owner`select cron.unschedule(${id}::bigint)`).rejects.toThrow(/valid entry for job \d+/);
  });

  test("alter_job changes what it is given", async () => {
    const [{ id } = { id: 0 }] = await owner`select cron.schedule('tidy', '0 10 * * *', 'select 1') as id`;
    await owner`select cron.alter_job(${id}, schedule => '5 seconds', active => false)`;
    expect(await jobs()).toMatchObject([{ schedule: "5 seconds", command: "select 1", active: false }]);
    await expect(owner`select cron.alter_job(${id})`).rejects.toThrow(/no updates specified/);
    await expect(owner`select cron.alter_job(${id}, schedule => 'often')`).rejects.toMatchObject({
      code: "22023",
    });
    await expect(owner`select cron.alter_job(${id}, username => 'anon')`).rejects.toThrow(
      /must be superuser/,
    );
    await expect(owner`select cron.alter_job(0, active => true)`).rejects.toThrow(
      /does not exist or you don't own it/,
    );
  });

  test("schedule_in_database names a database, and for another role takes a superuser", async () => {
    await owner`select cron.schedule_in_database('tidy', '@hourly', 'vacuum', 'template1')`;
    expect(await jobs()).toMatchObject([{ jobname: "tidy", database: "template1", username: "postgres" }]);
    const elsewhere = (sql: Sql, role: string) =>
      sql`select cron.schedule_in_database('theirs', '@hourly', 'vacuum', 'postgres', ${role})`;
    await expect(elsewhere(owner, "supabase_auth_admin")).rejects.toThrow(/superuser/);
    await expect(elsewhere(admin, "anon")).rejects.toThrow(/can not log in/);
    await expect(elsewhere(admin, "nobody")).rejects.toThrow(/does not exist/);
    await elsewhere(admin, "supabase_auth_admin");
    expect(await jobs()).toMatchObject([{ jobname: "tidy" }, { username: "supabase_auth_admin" }]);
  });

  test("a job belongs to whom the scheduling code runs as", async () => {
    await owner.unsafe(`
      create schema private;
      create function private.schedule_tidy() returns bigint
      language sql security definer
      return cron.schedule('tidy', '@daily', 'select 1');
      grant usage on schema private to authenticated;
    `);
    await as("authenticated", "select private.schedule_tidy()");
    expect(await jobs()).toMatchObject([{ jobname: "tidy", username: "postgres" }]);
    await expect(
      as("authenticated", "select cron.schedule('mine', '@daily', 'select 1')"),
    ).rejects.toMatchObject(denied);
    await owner.unsafe("drop schema private cascade");
  });

  test.each([
    "* * * * *",
    "*/15 0-6,22-23 * * 1-5",
    "0 0 1 jan sun",
    "0 0 $ * *",
    "5 4 31 12 7",
    "0-59/10 * * * MON-fri",
    "@reboot",
    " 0  10\t* * * ",
    "1 second",
    "59 SECONDS",
  ])("'%s' is a schedule", async (schedule) => {
    await owner`select cron.schedule(${schedule}, 'select 1')`;
    expect(await jobs()).toMatchObject([{ schedule }]);
  });

  test.each([
    "",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * 32 * *",
    "* * * 13 *",
    "* * * * 8",
    "1/5 * * * *",
    "*/0 * * * *",
    "5-1 * * * *",
    "a * * * *",
    "1,,2 * * * *",
    "* * * jam *",
    "@fortnightly",
    "0 seconds",
    "60 seconds",
    "5 minutes",
    "x".repeat(1000),
  ])("'%s' is none", async (schedule) => {
    await expect(owner`select cron.schedule(${schedule}, 'select 1')`).rejects.toMatchObject({
      code: "22023",
      message: expect.stringContaining("invalid schedule"),
      hint: expect.stringContaining("[1-59] seconds"),
    });
    expect(await jobs()).toEqual([]);
  });

  test("postgres reads jobs and clears runs, and changes jobs by the functions alone", async () => {
    await owner`select cron.schedule('tidy', '@daily', 'select 1')`;
    await admin`insert into cron.job_run_details (command) values ('select 1')`;
    for (const statement of [
      "insert into cron.job (schedule, command) values ('@daily', 'select 1')",
      "update cron.job set command = 'select 2'",
      "delete from cron.job",
      "create trigger t before insert on cron.job for each row execute function suppress_redundant_updates_trigger()",
      "create trigger t before insert on cron.job_run_details for each row execute function suppress_redundant_updates_trigger()",
      "alter table cron.job add column x integer",
      "create table cron.mine ()",
    ]) {
      await expect(owner.unsafe(statement), statement).rejects.toMatchObject(denied);
    }
    expect(await jobs()).toHaveLength(1);
    expect(await owner`delete from cron.job_run_details returning command`).toHaveLength(1);
    await expect(as("service_role", "select from cron.job")).rejects.toMatchObject(denied);
  });

  test("a changed job is announced", async () => {
    const listener = connect("postgres");
    const heard = new Promise<string>((resolve, reject) => {
      listener
        .listen("pg_cron", resolve)
        .then(() => owner`select cron.schedule('tidy', '@daily', 'select 1')`)
        .catch(reject);
    });
    expect(await heard).toBe("");
    await listener.end();
  });
});

describe("pg_net", () => {
  beforeAll(() => owner.unsafe("create extension pg_net with schema extensions"));
  afterAll(() => owner.unsafe("drop extension pg_net"));
  beforeEach(() => admin`truncate net.http_request_queue, net._http_response`);

  const queue = () => owner`
    select method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds as timeout_ms
    from net.http_request_queue
    order by id
  `;

  test("requests are kept as they are to be sent, with the original's defaults", async () => {
    await owner`select net.http_get('http://plaza.test')`;
    await owner`select net.http_post('http://plaza.test/a', '{"title": "hello"}', headers => '{"x-key": "1"}')`;
    await owner`select net.http_delete('http://plaza.test/b', timeout_milliseconds => 100)`;
    expect(await queue()).toEqual([
      { method: "GET", url: "http://plaza.test", headers: {}, body: null, timeout_ms: 5000 },
      {
        method: "POST",
        url: "http://plaza.test/a",
        headers: { "x-key": "1", "Content-Type": "application/json" },
        body: '{"title": "hello"}',
        timeout_ms: 5000,
      },
      { method: "DELETE", url: "http://plaza.test/b", headers: {}, body: null, timeout_ms: 100 },
    ]);
    await expect(
      owner`select net.http_post('http://plaza.test', headers => '{"content-type": "text/plain"}')`,
    ).rejects.toThrow(/Content-Type header must be/);
  });

  test("parameters are encoded into the address", async () => {
    const params = { "a b": "ä&=/", c: "-._~" };
    for (const address of ["http://plaza.test", "http://plaza.test/p?x=1", "http://plaza.test/p?#part"])
      await owner`select net.http_get(${address}, params => ${owner.json(params)})`;
    const query = "c=-._~&a%20b=%C3%A4%26%3D%2F";
    expect((await queue()).map((request) => request.url)).toEqual([
      `http://plaza.test?${query}`,
      `http://plaza.test/p?x=1&${query}`,
      `http://plaza.test/p?${query}#part`,
    ]);
  });

  test.each(["plaza.test", "ftp://plaza.test", "http://", "file:///etc/passwd"])(
    "'%s' is no address",
    async (address) => {
      await expect(owner`select net.http_get(${address})`).rejects.toMatchObject({ code: "22023" });
    },
  );

  test("a request is announced when its transaction commits", async () => {
    const listener = connect("postgres");
    const heard = new Promise<string>((resolve, reject) => {
      listener
        .listen("pg_net", resolve)
        .then(() => owner`select net.http_get('http://plaza.test')`)
        .catch(reject);
    });
    expect(await heard).toBe("");
    await listener.end();
  });

  test("an answer is collected, and its absence is an error in the result", async () => {
    await admin`
      insert into net._http_response (id, status_code, headers, content)
      values (1, 200, '{"a": "b"}', 'hello')
    `;
    const collect = (id: number) => owner`
      select status, message, (response).status_code, (response).body from net.http_collect_response(${id})
    `;
    expect(await collect(1)).toEqual([{ status: "SUCCESS", message: "ok", status_code: 200, body: "hello" }]);
    expect(await collect(2)).toMatchObject([
      { status: "ERROR", message: "request matching request_id not found" },
    ]);
    await expect(owner`select net.check_worker_is_up()`).rejects.toThrow(/worker is not up/);
  });

  test("API roles may ask for a request, and neither write the queue nor hang a trigger on it", async () => {
    await as("anon", "select net.http_get('http://plaza.test')");
    expect(await queue()).toHaveLength(1);
    for (const statement of [
      "insert into net.http_request_queue (method, url, timeout_milliseconds) values ('GET', 'http://x', 1)",
      "delete from net.http_request_queue",
      "insert into net._http_response (id) values (1)",
    ]) {
      await expect(as("authenticated", statement), statement).rejects.toMatchObject(denied);
    }
    await expect(
      as(
        "authenticated",
        "create trigger t after insert on net._http_response for each row execute function suppress_redundant_updates_trigger()",
      ),
    ).rejects.toMatchObject(denied);
  });
});

describe("supabase_vault", () => {
  beforeEach(() => admin`delete from vault.secrets`);

  test("a secret is stored encrypted and read back through the view", async () => {
    const [{ id } = { id: "" }] =
      await owner`select vault.create_secret('s3cr3t ✓', 'key', 'of the mailer') as id`;
    const [stored] = await owner`select name, description, secret from vault.secrets where id = ${id}`;
    expect(stored).toMatchObject({ name: "key", description: "of the mailer" });
    expect(Buffer.from(stored?.secret, "base64").toString("latin1")).not.toContain("s3cr3t");
    expect(await owner`select decrypted_secret from vault.decrypted_secrets where name = 'key'`).toEqual([
      { decrypted_secret: "s3cr3t ✓" },
    ]);
  });

  test("update_secret changes what it is given", async () => {
    const [{ id } = { id: "" }] = await owner`select vault.create_secret('one', 'key') as id`;
    await owner`select vault.update_secret(${id}, new_description => 'kept')`;
    await owner`select vault.update_secret(${id}, 'two')`;
    expect(await owner`select name, description, decrypted_secret from vault.decrypted_secrets`).toEqual([
      { name: "key", description: "kept", decrypted_secret: "two" },
    ]);
  });

  test("names are unique, and equal secrets do not look equal", async () => {
    await owner`select vault.create_secret('same', 'a'), vault.create_secret('same', 'b')`;
    expect(await owner`select distinct secret from vault.secrets`).toHaveLength(2);
    await expect(owner`select vault.create_secret('other', 'a')`).rejects.toMatchObject({ code: "23505" });
  });

  test("a ciphertext that was changed, or moved to another row, is not decrypted", async () => {
    await owner`select vault.create_secret('mine', 'a'), vault.create_secret('yours', 'b')`;
    await admin`
      update vault.secrets set (secret, nonce) = (select secret, nonce from vault.secrets where name = 'b')
      where name = 'a'
    `;
    const read = (name: string) =>
      owner`select decrypted_secret from vault.decrypted_secrets where name = ${name}`;
    await expect(read("a")).rejects.toThrow(/invalid ciphertext|decrypt/);
    expect(await read("b")).toEqual([{ decrypted_secret: "yours" }]);
  });

  test("the root key is a file that no table holds and no SQL role but the superuser reads", async () => {
    const key = (await readFile(join(dir, "data", "supabase_vault.key"), "utf8")).trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(dir, "data"))).mode & 0o077).toBe(0);
    await expect(owner`select pg_read_file('supabase_vault.key')`).rejects.toMatchObject(denied);
    await expect(owner`select vault._derived_key('encrypt', '')`).rejects.toMatchObject(denied);
    await expect(owner`select vault._crypto_aead_det_encrypt('', '', 0)`).rejects.toMatchObject(denied);
  });

  test("anon and authenticated reach nothing, service_role what postgres reaches, and both only by the functions", async () => {
    await owner`select vault.create_secret('s3cr3t', 'key')`;
    for (const role of ["anon", "authenticated"]) {
      await expect(as(role, "select from vault.decrypted_secrets")).rejects.toMatchObject(denied);
      await expect(as(role, "select vault.create_secret('x')")).rejects.toMatchObject(denied);
    }
    expect(await as("service_role", "select decrypted_secret from vault.decrypted_secrets")).toEqual([
      { decrypted_secret: "s3cr3t" },
    ]);
    for (const role of ["service_role", "postgres"]) {
      await expect(as(role, "insert into vault.secrets (secret) values ('x')")).rejects.toMatchObject(denied);
      await expect(as(role, "update vault.secrets set secret = 'x'")).rejects.toMatchObject(denied);
    }
    expect(await owner`delete from vault.secrets returning name`).toEqual([{ name: "key" }]);
  });

  test("created anew, it keeps the server's key", async () => {
    await owner`select vault.create_secret('kept', 'key')`;
    const [row] = await admin`select * from vault.secrets`;
    await admin.unsafe("drop extension supabase_vault");
    await owner.unsafe("create extension supabase_vault with schema vault");
    await admin`insert into vault.secrets ${admin(row ?? {})}`;
    expect(await owner`select decrypted_secret from vault.decrypted_secrets`).toEqual([
      { decrypted_secret: "kept" },
    ]);
  });
});

test("pgTAP runs", async () => {
  await owner
    .begin(async (sql) => {
      await sql.unsafe("create extension pgtap with schema extensions");
      expect(await sql`select extensions.plan(1)`).toEqual([{ plan: "1..1" }]);
      expect(await sql`select extensions.has_table('auth', 'users', 'users are there')`).toEqual([
        { has_table: "ok 1 - users are there" },
      ]);
      throw "undo";
    })
    .catch((error) => expect(error).toBe("undo"));
});
