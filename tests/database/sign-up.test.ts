/** From a sign-up to a person: the hook, the reservation of the username, mails, confirmation, the sweep. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Auth, connectAuth } from "./auth.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let auth: Auth;
let alice: Person;
beforeAll(async () => {
  db = await createDatabase();
  auth = connectAuth(db);
  alice = await db.signUp("alice");
  await alice.asks((sql) => sql`update profiles set username = 'alice_2' where id = ${alice.id}`);
});
afterAll(async () => {
  await auth?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

const available = async (username: string, ask = db.as("anon")) =>
  ask(
    async (sql) => (await sql`select (username_available(${username})).available as yes`)[0]?.yes as boolean,
  );
/** Undefined while there is no profile. */
const usernameOf = async (id: string) =>
  (await db.admin`select username from profiles where id = ${id}`)[0]?.username as string | undefined;
/** As if the sign-up had been so long ago. */
const letPass = (id: string, interval: string) => db.admin`
  update private.sign_ups
  set reserved_until = reserved_until - ${interval}::interval, mailed_at = mailed_at - ${interval}::interval
  where user_id = ${id}
`;

describe("the hook", () => {
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
    const [row] = await auth.sql`
      select private.before_user_created(${auth.sql.json(event as postgres.JSONValue)}) as answer`;
    return row?.answer;
  }

  test.each([{ username: "new_here" }, { username: null }, {}, null])("lets %j sign up", async (metadata) => {
    expect(await hook(metadata)).toEqual({});
  });

  test("lets somebody sign up with a name that is taken, held or reserved by another", async () => {
    await auth.signUp({ username: "waiting" });
    for (const username of ["alice_2", "ALICE_2", "alice", "waiting"]) {
      expect(await available(username), username).toBe(false);
      expect(await hook({ username }), username).toEqual({});
    }
  });

  test.each([
    ["admin", "The username admin is reserved (username_reserved)"],
    ["", "A username has 3 to 30 letters, digits and underscores (username_format)"],
    ["<script>", "A username has 3 to 30 letters, digits and underscores (username_format)"],
    [["alice"], "A username has 3 to 30 letters, digits and underscores (username_format)"],
    [{ $ne: 1 }, "A username has 3 to 30 letters, digits and underscores (username_format)"],
  ])("refuses %j: %s", async (username, message) => {
    expect(await hook({ username })).toEqual({ error: { http_code: 400, message } });
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

  test("answers nobody but Auth", async () => {
    for (const role of ["anon", "authenticated", "service_role"] as const) {
      expect(
        await refusal(db.as(role)((sql) => sql`select private.before_user_created('{}')`)),
      ).toMatchObject({ code: "42501" });
    }
    expect(await hook({})).toEqual({});
  });
});

describe("a sign-up", () => {
  test("becomes a person when the address is confirmed", async () => {
    const id = await auth.signUp({ username: "Bob", display_name: "Bob the Builder" });
    expect(await usernameOf(id)).toBeUndefined();
    await auth.confirm(id);
    const [profile] = await db.admin`select username, display_name from profiles where id = ${id}`;
    expect(profile).toEqual({ username: "Bob", display_name: "Bob the Builder" });
    expect(await db.admin`select from private.sign_ups where user_id = ${id}`).toHaveLength(0);
  });

  test("becomes a person by a confirmed phone too, and only once", async () => {
    const id = await auth.signUp({ username: "by_phone" });
    await auth.sql`update auth.users set phone_confirmed_at = now() where id = ${id}`;
    await auth.confirm(id);
    expect(await usernameOf(id)).toBe("by_phone");
  });

  test("of an anonymous user is nobody until an address is confirmed", async () => {
    const id = await auth.create({ username: "hidden" });
    await auth.sql`update auth.users set is_anonymous = true, email = null where id = ${id}`;
    expect(await usernameOf(id)).toBeUndefined();
    expect(await available("hidden")).toBe(true);
    await auth.confirm(id);
    expect(await usernameOf(id)).toBe("hidden");
  });

  test("that an administrator made and nobody mailed reserves nothing", async () => {
    const id = await auth.create({ username: "imported" });
    expect(await available("imported")).toBe(true);
    expect(await db.admin`select from private.sign_ups where user_id = ${id}`).toHaveLength(0);
    await auth.recover(id);
    await auth.confirm(id);
    expect(await usernameOf(id)).toBe("imported");
  });

  test.each([undefined, "admin", "<b>", "x".repeat(500_000), ["a", "b"]])(
    "that slipped past the hook gets a provisional name: case %#",
    async (username) => {
      const id = await auth.signUp({ username });
      await auth.confirm(id);
      expect(await usernameOf(id)).toMatch(/^user_[0-9a-f]{12}$/);
      const renamed = await db.as(
        "authenticated",
        id,
      )((sql) => sql`update profiles set username = ${`n_${id.slice(0, 8)}`} where id = ${id}`);
      expect(renamed.count).toBe(1);
    },
  );
});

describe("the username of a sign-up", () => {
  test("is reserved for a day", async () => {
    const id = await auth.signUp({ username: "Dora" });
    expect(await available("dora")).toBe(false);
    expect(await available("DORA", alice.asks)).toBe(false);
    const refused = await refusal(
      alice.asks((sql) => sql`update profiles set username = 'dora' where id = ${alice.id}`),
    );
    // Word for word as for a name that somebody has.
    expect(refused).toMatchObject({
      code: "PT409",
      detail: "username_taken",
      message: "The username dora is taken",
    });
    const late = await auth.signUp({ username: "dora" });
    await auth.confirm(late);
    expect(await usernameOf(late)).toMatch(/^user_/);

    await letPass(id, "23 hours 59 minutes");
    expect(await available("dora")).toBe(false);
    await letPass(id, "1 minute");
    expect(await available("dora")).toBe(true);
  });

  test("is still theirs after the day, when nobody took it", async () => {
    const id = await auth.signUp({ username: "slow" });
    await letPass(id, "2 days");
    await auth.confirm(id);
    expect(await usernameOf(id)).toBe("slow");
  });

  test("goes to the next who wants it after the day", async () => {
    const first = await auth.signUp({ username: "wanted" });
    await letPass(first, "1 day");
    const second = await auth.signUp({ username: "Wanted" });
    await auth.confirm(first);
    expect(await usernameOf(first)).toMatch(/^user_/);
    await auth.confirm(second);
    expect(await usernameOf(second)).toBe("Wanted");
  });

  test("goes to one of many who sign up at the same moment, and all of them can be confirmed", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => auth.create({ username: "rush" })));
    await Promise.all(ids.map((id) => auth.mail(id)));
    const [reserved] = await db.admin`select user_id from private.sign_ups where username = 'rush'`;
    const waiting = await db.admin`select from private.sign_ups where user_id = any(${ids})`;
    expect(waiting).toHaveLength(8);

    await Promise.all(ids.map((id) => auth.confirm(id)));
    const names = await Promise.all(ids.map(usernameOf));
    expect(names.filter((name) => name === "rush")).toHaveLength(1);
    expect(await usernameOf(reserved?.user_id)).toBe("rush");
    expect(names.filter((name) => name?.startsWith("user_"))).toHaveLength(7);
  });

  test("goes to one of many who are confirmed at the same moment, where nobody reserved it", async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => auth.create({ username: "no_rush" })));
    await Promise.all(ids.map((id) => auth.confirm(id)));
    const names = await Promise.all(ids.map(usernameOf));
    expect(names.filter((name) => name === "no_rush")).toHaveLength(1);
    expect(names.filter((name) => name?.startsWith("user_"))).toHaveLength(7);
  });
});

describe("a second mail to an unconfirmed address", () => {
  const sendings: [string, (id: string) => Promise<void>][] = [
    ["by another sign-up or a resend", (id) => auth.mail(id)],
    ["for a forgotten password", (id) => auth.recover(id)],
    ["by an invitation", (id) => auth.invite(id)],
  ];

  test.each(sendings)("%s drops what was chosen before", async (_, send) => {
    const id = await auth.signUp({ username: "trudy", display_name: "Trudy", avatar: "x" }, "trudys hash");
    expect(await auth.user(id)).toMatchObject({ encrypted_password: "trudys hash" });
    expect(await available("trudy")).toBe(false);

    await send(id);
    expect(await auth.user(id)).toMatchObject({
      encrypted_password: null,
      raw_user_meta_data: {},
      raw_app_meta_data: { provider: "email", providers: ["email"], needs_password: true },
    });
    expect(await available("trudy")).toBe(true);

    await auth.confirm(id);
    expect(await usernameOf(id)).toMatch(/^user_/);
    await auth.setPassword(id, "the owners hash");
    expect((await auth.user(id)).raw_app_meta_data).toEqual({ provider: "email", providers: ["email"] });
  });

  test("asks nobody for a password who had none", async () => {
    const id = await auth.signUp({ username: "by_link" }, "");
    await auth.mail(id);
    expect((await auth.user(id)).raw_app_meta_data).not.toHaveProperty("needs_password");
  });

  test("leaves an invited account what its administrator wrote", async () => {
    const id = await auth.create({ username: "invited" });
    await auth.invite(id);
    await auth.invite(id);
    await auth.mail(id);
    expect((await auth.user(id)).raw_user_meta_data).toEqual({ username: "invited" });
    await auth.confirm(id);
    expect(await usernameOf(id)).toBe("invited");
  });

  test("is not what a password set by an administrator looks like", async () => {
    const id = await auth.signUp({ username: "kept" });
    await auth.setPassword(id, "an administrators hash");
    expect((await auth.user(id)).encrypted_password).toBe("an administrators hash");
  });

  test("changes nothing of a confirmed account", async () => {
    const id = await auth.signUp({ username: "settled" }, "her hash");
    await auth.confirm(id);
    await auth.recover(id);
    await auth.mail(id);
    expect(await auth.user(id)).toMatchObject({
      encrypted_password: "her hash",
      raw_user_meta_data: { username: "settled", email_verified: true },
    });
  });
});

describe("the first minute after a sign-up", () => {
  const ageS = async (id: string) =>
    Math.round((Date.now() - (await auth.user(id)).confirmation_sent_at.getTime()) / 1000);
  const config = readFileSync(join(import.meta.dirname, "../../supabase/config.toml"), "utf8");
  const maxFrequencyS = Number(/^max_frequency = "(\d+)s"$/m.exec(config)?.[1]);

  test("Auth may mail the owner of the address after five seconds, when a stranger was first", async () => {
    const id = await auth.signUp({ username: "stranger_1" });
    // What Auth compares: the time of the last mail, and max_frequency.
    expect(maxFrequencyS - (await ageS(id))).toBe(5);
    await auth.mail(id);
    expect(await auth.user(id)).toMatchObject({ encrypted_password: null, raw_user_meta_data: {} });
  });

  test("after the second mail the address gets one a minute", async () => {
    const id = await auth.signUp({});
    await auth.mail(id);
    expect(await ageS(id)).toBe(0);
    await auth.mail(id);
    expect(await ageS(id)).toBe(0);
  });

  test("an invitation and the mail for a forgotten password have their real time", async () => {
    const invited = await auth.create({});
    await auth.invite(invited);
    expect(await ageS(invited)).toBe(0);
    const id = await auth.signUp({});
    await auth.recover(id);
    expect(Date.now() - (await auth.user(id)).recovery_sent_at.getTime()).toBeLessThan(2000);
  });
});

describe("metadata", () => {
  const change = (id: string, metadata: Record<string, unknown>) =>
    auth.sql`update auth.users set raw_user_meta_data = ${auth.sql.json(metadata as postgres.JSONValue)} where id = ${id}`;
  const metadataOf = async (id: string) => (await auth.user(id)).raw_user_meta_data;

  test("of an account grows to what a token can carry, and not further", async () => {
    const id = await auth.signUp({ username: "large_1" });
    await auth.confirm(id);
    await change(id, { about: "x".repeat(4600) });
    expect(await refusal(change(id, { about: "x".repeat(4800) }))).toMatchObject({
      code: "PT400",
      detail: "metadata_size",
    });
    expect(await metadataOf(id)).toEqual({ about: "x".repeat(4600) });
    await auth.sql`update auth.users set raw_app_meta_data = ${auth.sql.json({ roles: "x".repeat(4000) })} where id = ${id}`;
    expect(await refusal(change(id, { about: "x".repeat(4601) }))).toMatchObject({ detail: "metadata_size" });
    await change(id, { about: "x".repeat(500) });
  });

  test("that is too large already may become smaller, and the address can be confirmed", async () => {
    const id = await auth.create({ about: "x".repeat(9000) });
    await auth.confirm(id);
    expect(await metadataOf(id)).toMatchObject({ email_verified: true });
    expect(await refusal(change(id, { about: "x".repeat(9001) }))).toMatchObject({ detail: "metadata_size" });
    await change(id, { about: "x".repeat(8000) });
  });
});

describe("the sweep", () => {
  const sweep = async () => (await db.owner`select private.sweep_sign_ups() as swept`)[0]?.swept as number;
  const exists = async (id: string) => (await db.admin`select from auth.users where id = ${id}`).length === 1;

  test("deletes an account a week after its last mail, unless it was confirmed", async () => {
    const [old, reminded, confirmed] = [
      await auth.signUp({ username: "old_one" }),
      await auth.signUp({ username: "reminded" }),
      await auth.signUp({ username: "confirmed" }),
    ];
    await auth.confirm(confirmed);
    // As if the row had been left behind.
    await db.admin`insert into private.sign_ups (user_id, mailed_at) values (${confirmed}, now() - interval '9 days')`;
    await letPass(old, "6 days 23 hours");
    await letPass(reminded, "6 days 23 hours");
    expect(await sweep()).toBe(0);
    await auth.mail(reminded);
    await letPass(old, "1 hour");
    await letPass(reminded, "1 hour");
    expect(await sweep()).toBe(1);
    expect([await exists(old), await exists(reminded), await exists(confirmed)]).toEqual([false, true, true]);
    await db.admin`delete from private.sign_ups where user_id = ${confirmed}`;
  });

  test("leaves an account that is being confirmed at this moment", async () => {
    const id = await auth.signUp({ username: "just_in_time" });
    await letPass(id, "8 days");
    await auth.sql.begin(async (sql) => {
      await sql`update auth.users set email_confirmed_at = now() where id = ${id}`;
      expect(await sweep()).toBe(0);
    });
    expect(await sweep()).toBe(0);
    expect(await usernameOf(id)).toBe("just_in_time");
  });

  test("deletes at most 1,000 accounts, and first those that wait longest", async () => {
    await db.admin`
      with people as (
        insert into auth.users (instance_id, id, aud, role)
        select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated'
        from generate_series(1, 1200)
        returning id
      )
      insert into private.sign_ups (user_id, mailed_at)
      select id, now() - interval '8 days' - row_number() over () * interval '1 second' from people
    `;
    expect(await sweep()).toBe(1000);
    const [left] = await db.admin`
      select count(*) from private.sign_ups where mailed_at < now() - interval '8 days 210 seconds'
    `;
    expect(left?.count).toBe(0);
    expect(await sweep()).toBe(200);
  });

  test("forgets held names whose time is over, and no others", async () => {
    await db.admin`
      insert into private.held_usernames (username, held_until)
      values ('long_gone', now() - interval '1 second'), ('still_held', now() + interval '1 minute')
    `;
    const [swept] = await db.owner`select private.sweep_held_usernames() as swept`;
    expect(swept?.swept).toBe(1);
    const left = await db.admin`
      select username from private.held_usernames where username in ('long_gone', 'still_held')
    `;
    expect(left.map((row) => row.username)).toEqual(["still_held"]);
  });

  test("is done by the clock", async () => {
    const jobs = await db.admin`
      select command from cron.job where jobname in ('sweep-held-usernames', 'sweep-sign-ups') order by 1
    `;
    expect(jobs.map((row) => row.command)).toEqual([
      "select private.sweep_held_usernames()",
      "select private.sweep_sign_ups()",
    ]);
  });
});
