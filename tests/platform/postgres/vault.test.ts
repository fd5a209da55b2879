import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { denied, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();

/** Runs the statement as an API role, and returns its rows. */
const as = (role: string, statement: string) =>
  server.owner.begin(async (sql) => {
    await sql.unsafe(`set local role ${role}`);
    return sql.unsafe(statement);
  });

beforeEach(() => server.admin`delete from vault.secrets`);

test("a secret is stored encrypted and read back through the view", async () => {
  const [{ id } = { id: "" }] =
    await server.owner`select vault.create_secret('s3cr3t ✓', 'key', 'of the mailer') as id`;
  const [stored] = await server.owner`select name, description, secret from vault.secrets where id = ${id}`;
  expect(stored).toMatchObject({ name: "key", description: "of the mailer" });
  expect(Buffer.from(stored?.secret, "base64").toString("latin1")).not.toContain("s3cr3t");
  expect(await server.owner`select decrypted_secret from vault.decrypted_secrets where name = 'key'`).toEqual(
    [{ decrypted_secret: "s3cr3t ✓" }],
  );
});

test("update_secret changes only the given fields", async () => {
  const [{ id } = { id: "" }] = await server.owner`select vault.create_secret('one', 'key') as id`;
  await server.owner`select vault.update_secret(${id}, new_description => 'kept')`;
  await server.owner`select vault.update_secret(${id}, 'two')`;
  expect(await server.owner`select name, description, decrypted_secret from vault.decrypted_secrets`).toEqual(
    [{ name: "key", description: "kept", decrypted_secret: "two" }],
  );
});

test("names are unique, and equal secrets do not look equal", async () => {
  await server.owner`select vault.create_secret('same', 'a'), vault.create_secret('same', 'b')`;
  expect(await server.owner`select distinct secret from vault.secrets`).toHaveLength(2);
  await expect(server.owner`select vault.create_secret('other', 'a')`).rejects.toMatchObject({
    code: "23505",
  });
});

test("a changed ciphertext is not decrypted, and neither is one from another row", async () => {
  await server.owner`select vault.create_secret('mine', 'a'), vault.create_secret('yours', 'b')`;
  await server.admin`
    update vault.secrets set (secret, nonce) = (select secret, nonce from vault.secrets where name = 'b')
    where name = 'a'
  `;
  const read = (name: string) =>
    server.owner`select decrypted_secret from vault.decrypted_secrets where name = ${name}`;
  await expect(read("a")).rejects.toThrow(/invalid ciphertext|decrypt/);
  expect(await read("b")).toEqual([{ decrypted_secret: "yours" }]);
});

test("the root key is in a file, in no table, and no SQL role reads it except the superuser", async () => {
  const key = (await readFile(join(server.dir, "data", "supabase_vault.key"), "utf8")).trim();
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(join(server.dir, "data"))).mode & 0o077).toBe(0);
  await expect(server.owner`select pg_read_file('supabase_vault.key')`).rejects.toMatchObject(denied);
  await expect(server.owner`select vault._derived_key('encrypt', '')`).rejects.toMatchObject(denied);
  await expect(server.owner`select vault._crypto_aead_det_encrypt('', '', 0)`).rejects.toMatchObject(denied);
});

test("anon and authenticated reach nothing, and service_role writes only through the functions", async () => {
  await server.owner`select vault.create_secret('s3cr3t', 'key')`;
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
  expect(await server.owner`delete from vault.secrets returning name`).toEqual([{ name: "key" }]);
});

test("the extension keeps the server's key if it is created again", async () => {
  await server.owner`select vault.create_secret('kept', 'key')`;
  const [row] = await server.admin`select * from vault.secrets`;
  await server.admin.unsafe("drop extension supabase_vault");
  await server.owner.unsafe("create extension supabase_vault with schema vault");
  await server.admin`insert into vault.secrets ${server.admin(row ?? {})}`;
  expect(await server.owner`select decrypted_secret from vault.decrypted_secrets`).toEqual([
    { decrypted_secret: "kept" },
  ]);
});
