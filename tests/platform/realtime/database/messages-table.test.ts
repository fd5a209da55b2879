import postgres from "postgres";
import { afterEach, expect, test } from "vitest";
import { as, denied, undone, urlOf, useSupabaseServer } from "../../postgres/supabase-server.ts";

const server = useSupabaseServer();
const aliceId = "a11ce000-0000-4000-8000-000000000001";

afterEach(async () => {
  await server.owner`delete from realtime.messages`;
});

const stored = () =>
  server.owner`select topic, event, payload, private, extension from realtime.messages order by inserted_at`;

test("realtime.messages has the columns, the owner and the rights of a hosted project's", async () => {
  const columns = await server.owner<{ column: string }[]>`
    select attname || ' ' || format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
      as column
    from pg_attribute
    where attrelid = 'realtime.messages'::regclass and attnum > 0
    order by attname
  `;
  expect(columns.map(({ column }) => column)).toEqual([
    "binary_payload bytea",
    "event text",
    "extension text not null",
    "id uuid not null",
    "inserted_at timestamp without time zone not null",
    "payload jsonb",
    "private boolean",
    "skip_broadcast boolean not null",
    "topic text not null",
    "updated_at timestamp without time zone not null",
  ]);
  expect(
    await server.owner`
      select relowner::regrole::text as owner, relrowsecurity as protected, relkind::text as kind
      from pg_class
      where oid = 'realtime.messages'::regclass
    `,
  ).toEqual([{ owner: "supabase_realtime_admin", protected: true, kind: "p" }]);
  const rights = await server.owner<{ role: string; rights: string }[]>`
    select role, string_agg(privilege, ' ' order by privilege) as rights
    from unnest(array['anon', 'authenticated', 'service_role', 'postgres']) as role,
      unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'trigger']) as privilege
    where has_table_privilege(role, 'realtime.messages', privilege)
    group by role
  `;
  expect(Object.fromEntries(rights.map(({ role, rights }) => [role, rights]))).toEqual({
    anon: "insert select update",
    authenticated: "insert select update",
    service_role: "insert select update",
    postgres: "delete insert select trigger truncate update",
  });
});

test("everybody may call the functions, which run as their caller and belong to the service", async () => {
  const functions = await server.owner`
    select proname as name, prosecdef as definer, proowner::regrole::text as owner,
      has_function_privilege('anon', oid, 'execute') as everybody
    from pg_proc
    where pronamespace = 'realtime'::regnamespace
    order by proname
  `;
  const common = { definer: false, owner: "supabase_realtime_admin", everybody: true };
  expect(functions).toEqual(
    ["broadcast_changes", "send", "send_binary", "topic"].map((name) => ({ name, ...common })),
  );
});

test("postgres makes, changes and drops policies of realtime.messages", async () => {
  const policies = () =>
    server.owner`select polname from pg_policy where polrelid = 'realtime.messages'::regclass`;
  await server.owner.unsafe(`
    create policy "members read" on realtime.messages for select to authenticated using (realtime.topic() = 'room');
    alter policy "members read" on realtime.messages using (true);
    alter policy "members read" on realtime.messages rename to "everybody reads";
  `);
  expect(await policies()).toEqual([{ polname: "everybody reads" }]);
  await server.owner.unsafe(`drop policy "everybody reads" on realtime.messages`);
  expect(await policies()).toEqual([]);
});

test("postgres makes and drops triggers of realtime.messages", async () => {
  await undone(server.owner, async (sql) => {
    await sql.unsafe(`
      create function public.noop() returns trigger language plpgsql as 'begin return null; end';
      create trigger noop after insert on realtime.messages for each row execute function public.noop();
    `);
    const triggers = () => sql`
      select from pg_trigger where tgrelid = 'realtime.messages'::regclass and tgname = 'noop'
    `;
    expect(await triggers()).toHaveLength(1);
    await sql.unsafe("drop trigger noop on realtime.messages");
    expect(await triggers()).toHaveLength(0);
  });
});

test("the right to make policies gives postgres no other rights of the services", async () => {
  const refused = [
    "alter table realtime.messages disable row level security",
    "alter table realtime.messages add column mine text",
    "alter table realtime.messages owner to postgres",
    "drop table realtime.messages cascade",
    "create index on realtime.messages (topic)",
    "comment on table realtime.messages is 'mine'",
    "create or replace function realtime.topic() returns text language sql return 'mine'",
    "drop function realtime.send(jsonb, text, text, boolean)",
    "create function realtime.mine() returns text language sql return 'mine'",
    "drop owned by supabase_realtime_admin",
    "reassign owned by supabase_realtime_admin to postgres",
    "set role supabase_realtime_admin",
    "grant supabase_realtime_admin to postgres",
    "alter publication supabase_realtime_messages_publication add table auth.users",
    "drop event trigger lend_service_roles",
    "alter event trigger lend_service_roles disable",
    "select platform.lend_service_roles()",
  ];
  for (const statement of refused) {
    // Also in the transaction that makes a policy, where postgres had the roles a moment ago.
    await expect(
      undone(server.owner, async (sql) => {
        await sql.unsafe("create policy mine on realtime.messages for select to authenticated using (true)");
        await sql.unsafe(statement);
      }),
      statement,
    ).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|0A000)$/) });
  }
  expect(
    await server.owner`
      select rolname from pg_roles
      where rolname like 'supabase\\_%\\_admin' and pg_has_role('postgres', oid, 'member')
    `,
  ).toEqual([]);
  expect(
    await server.admin`
      select to_regclass('realtime.messages') is not null
        and to_regprocedure('realtime.send(jsonb, text, text, boolean)') is not null
        and to_regrole('supabase_realtime_admin') is not null
        and exists (select from pg_event_trigger where evtname = 'lend_service_roles' and evtenabled = 'O') as present
    `,
  ).toEqual([{ present: true }]);
});

test("after a policy that cannot be made, postgres is a member of no other role", async () => {
  await expect(
    server.owner.unsafe("create policy broken on realtime.messages for select using (no_such_column)"),
  ).rejects.toMatchObject({ code: "42703" });
  await server.owner.unsafe(`
    do $$
    begin
      create policy broken on realtime.messages for select using (no_such_column);
    exception
      when undefined_column then null;
    end
    $$;
  `);
  expect(
    await server.owner`
      select from pg_auth_members where roleid = 'supabase_realtime_admin'::regrole and member = 'postgres'::regrole
    `,
  ).toHaveLength(0);
});

test("other roles cannot make policies on the tables of the services", async () => {
  for (const role of ["authenticated", "service_role"]) {
    await expect(
      as(server, role, {}, (sql) =>
        sql.unsafe("create policy mine on realtime.messages for select using (true)"),
      ),
    ).rejects.toMatchObject(denied);
  }
});

test("send stores a private message with an id, and keeps an id that the payload has", async () => {
  await server.owner`select realtime.send('{"n": 1}', 'greeting', 'room')`;
  await server.owner`select realtime.send('{"id": "mine"}', 'greeting', 'room', false)`;
  const [first, second] =
    await server.owner`select id, payload, private from realtime.messages order by inserted_at`;
  expect(first).toMatchObject({ payload: { n: 1, id: first?.id }, private: true });
  expect(second).toMatchObject({ payload: { id: "mine" }, private: false });
});

test("send sets the topic for the rest of the transaction, for policies and later statements", async () => {
  await undone(server.owner, async (sql) => {
    expect(await sql`select realtime.topic()`).toEqual([{ topic: null }]);
    await sql`select realtime.send('{}', 'greeting', 'room')`;
    expect(await sql`select realtime.topic()`).toEqual([{ topic: "room" }]);
  });
});

test("a message that cannot be sent is a warning, and the transaction goes on", async () => {
  const warnings: string[] = [];
  const sql = postgres(urlOf(server, "postgres"), {
    max: 1,
    onnotice: ({ message }) => warnings.push(String(message)),
  });
  await sql.begin(async (transaction) => {
    await transaction`create table public.work (done boolean)`;
    await transaction`select realtime.send('"text"', 'greeting', 'room')`;
    await transaction`select realtime.send('{}', 'greeting', null)`;
    await transaction.unsafe("set local role authenticated");
    await transaction`select realtime.send('{}', 'greeting', 'room')`;
    await transaction`select realtime.send_binary('\\x01', 'greeting', 'room')`;
  });
  expect(warnings).toHaveLength(4);
  for (const warning of warnings) expect(warning).toMatch(/^WarnSendingBroadcastMessage: /);
  expect(warnings[2]).toContain("row-level security");
  expect(await stored()).toEqual([]);
  await sql`drop table public.work`;
  await sql.end();
});

test("alice can send where an insert policy lets her", async () => {
  await server.owner.unsafe(`
    create policy "members write" on realtime.messages for insert to authenticated
      with check (realtime.topic() = 'room' and (select auth.uid()) = '${aliceId}')
  `);
  const claims = JSON.stringify({ sub: aliceId });
  const send = (topic: string) =>
    server.owner.begin(async (sql) => {
      await sql`select set_config('request.jwt.claims', ${claims}, true), set_config('role', 'authenticated', true)`;
      await sql`select realtime.send('{}', 'greeting', ${topic})`;
    });
  await send("room");
  await send("another room");
  expect((await stored()).map(({ topic }) => topic)).toEqual(["room"]);
  await server.owner.unsafe(`drop policy "members write" on realtime.messages`);
});

test("send_binary stores bytes, and a message has one payload only", async () => {
  await server.owner`select realtime.send_binary('\\x00ff', 'file', 'room')`;
  expect(
    await server.owner`select payload, encode(binary_payload, 'hex') as bytes from realtime.messages`,
  ).toEqual([{ payload: null, bytes: "00ff" }]);
  await expect(
    server.owner`
      insert into realtime.messages (topic, extension, payload, binary_payload) values ('room', 'broadcast', '{}', '')
    `,
  ).rejects.toMatchObject({ constraint_name: "messages_payload_exclusive" });
});

test("broadcast_changes sends the old and the new row from a trigger, privately", async () => {
  await server.owner.unsafe(`
    create table public.notes (id integer primary key, body text);
    create function public.announce() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      perform realtime.broadcast_changes('notes', tg_op, tg_op, tg_table_name, tg_table_schema, new, old, tg_level);
      return null;
    end
    $$;
    create trigger announce after insert or update or delete on public.notes
      for each row execute function public.announce();
    insert into public.notes values (1, 'a');
    update public.notes set body = 'b';
    delete from public.notes;
  `);
  const common = { table: "notes", schema: "public" };
  const [one, two, three] = [null, { id: 1, body: "a" }, { id: 1, body: "b" }];
  const messages = await stored();
  expect(
    messages.map(({ event, private: isPrivate, payload }) => ({ event, isPrivate, ...payload })),
  ).toMatchObject([
    { event: "INSERT", isPrivate: true, operation: "INSERT", record: two, old_record: one, ...common },
    { event: "UPDATE", isPrivate: true, operation: "UPDATE", record: three, old_record: two, ...common },
    { event: "DELETE", isPrivate: true, operation: "DELETE", record: one, old_record: three, ...common },
  ]);
  await server.owner.unsafe("drop table public.notes; drop function public.announce()");
});

test("broadcast_changes fails in a statement trigger, and for an operation other than a change", async () => {
  const call = (operation: string, level: string) =>
    server.owner`
      select realtime.broadcast_changes('t', 'e', ${operation}, 'a', 'b', null::record, null::record, ${level})
    `;
  await expect(call("INSERT", "STATEMENT")).rejects.toThrow(/for each row, not for each statement/);
  await expect(call("TRUNCATE", "ROW")).rejects.toThrow(
    "Failed to process the row: Unexpected operation type: TRUNCATE",
  );
});
