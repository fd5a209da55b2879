/** The Before User Created hook, called as Auth calls it: as supabase_auth_admin, with its payload. */
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database, refusal } from "./database.ts";

let db: Database;
let auth: postgres.Sql;
beforeAll(async () => {
  db = await createDatabase();
  auth = postgres(databaseUrl(db.port, db.name, "supabase_auth_admin"), { max: 1 });
  const alice = await db.signUp("alice");
  await alice.asks((sql) => sql`update profiles set username = 'alice_2' where id = ${alice.id}`);
});
afterAll(async () => {
  await auth?.end();
  await db?.[Symbol.asyncDispose]();
});

async function hook(metadata: unknown): Promise<unknown> {
  const event = {
    metadata: {
      uuid: "8b34dcdd-9df1-4c10-850a-b3277c653040",
      time: "2026-11-23T12:00:00Z",
      name: "before-user-created",
      ip_address: "127.0.0.1",
    },
    user: {
      id: "ff7fc9ae-3b1b-4642-9241-64adb9848a03",
      aud: "authenticated",
      role: "",
      email: "new@example.com",
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: metadata,
      identities: [],
      is_anonymous: false,
    },
  };
  const [row] =
    await auth`select private.before_user_created(${auth.json(event as postgres.JSONValue)}) as answer`;
  return row?.answer;
}

describe("a sign-up", () => {
  test.each([{ username: "new_here" }, { username: null }, {}, null])("with %j goes on", async (metadata) => {
    expect(await hook(metadata)).toEqual({});
  });

  test.each([
    ["alice_2", 409, "The username alice_2 is taken (username_taken)"],
    ["ALICE_2", 409, "The username ALICE_2 is taken (username_taken)"],
    // Given up a moment ago: held for alice, and nobody need know.
    ["alice", 409, "The username alice is taken (username_taken)"],
    ["admin", 400, "The username admin is reserved (username_reserved)"],
    ["", 400, "A username has 3 to 30 letters, digits and underscores (username_format)"],
    ["<script>", 400, "A username has 3 to 30 letters, digits and underscores (username_format)"],
    [["alice"], 400, "A username has 3 to 30 letters, digits and underscores (username_format)"],
    [{ $ne: 1 }, 400, "A username has 3 to 30 letters, digits and underscores (username_format)"],
  ])("as %j is refused with %i: %s", async (username, http_code, message) => {
    expect(await hook({ username })).toEqual({ error: { http_code, message } });
  });

  test("with metadata that is too large for a token is refused", async () => {
    const refused = {
      error: {
        http_code: 400,
        message: "The metadata of an account has at most 4,096 bytes (metadata_size)",
      },
    };
    expect(await hook({ username: "too_long", about: "x".repeat(4096) })).toEqual(refused);
    expect(await hook({ about: "字".repeat(1400) })).toEqual(refused);
    expect(await hook({ username: "long", about: "x".repeat(4000) })).toEqual({});
  });

  test("that was refused can be tried again with another name", async () => {
    expect(await hook({ username: "alice_2" })).toHaveProperty("error");
    expect(await hook({ username: "alice_3" })).toEqual({});
    expect((await db.signUp("alice_3")).username).toBe("alice_3");
  });

  test("that slips past the hook is still refused, and leaves no user behind", async () => {
    expect(await refusal(db.signUp("alice_2"))).toMatchObject({ code: "PT409", detail: "username_taken" });
    const users = await db.admin`select from auth.users where raw_user_meta_data ->> 'username' = 'alice_2'`;
    expect(users).toHaveLength(0);
  });

  test("is asked about by nobody but Auth", async () => {
    for (const role of ["anon", "authenticated", "service_role"] as const) {
      expect(
        await refusal(db.as(role)((sql) => sql`select private.before_user_created('{}')`)),
      ).toMatchObject({
        code: "42501",
      });
    }
    expect(await hook({})).toEqual({});
  });
});
