import { afterEach, expect, test } from "vitest";
import { silent } from "../../../../platform/log.ts";
import { createDatabaseSide } from "../../../../platform/realtime/database/index.ts";
import { makePartitions } from "../../../../platform/realtime/database/partitions.ts";
import type { Extension, Identity } from "../../../../platform/realtime/database-side.ts";
import { urlOf } from "../../postgres/supabase-server.ts";
import { alice, anon, bob, listen, person, service, useDatabaseSide } from "./side.ts";

const server = useDatabaseSide();
const both: Extension[] = ["broadcast", "presence"];
const all = { broadcast: true, presence: true };
const none = { broadcast: false, presence: false };

const policy = (name: string, rest: string) =>
  server.owner.unsafe(`create policy "${name}" on realtime.messages ${rest}`);

afterEach(async () => {
  const policies =
    await server.owner`select polname from pg_policy where polrelid = 'realtime.messages'::regclass`;
  for (const { polname } of policies)
    await server.owner.unsafe(`drop policy "${polname}" on realtime.messages`);
});

test("without a policy nobody receives or sends, and the service role does both", async () => {
  for (const identity of [alice, anon]) {
    expect(await server.side.mayRead("room", identity, both)).toEqual(none);
    expect(await server.side.mayWrite("room", identity, both)).toEqual(none);
  }
  expect(await server.side.mayRead("room", service, both)).toEqual(all);
  expect(await server.side.mayWrite("room", service, both)).toEqual(all);
});

test("policies decide by topic, extension and claims", async () => {
  await policy(
    "alice reads",
    `for select to authenticated using (
      realtime.topic() = 'room' and extension = 'broadcast' and (select auth.uid()) = '${alice.claims.sub}'
    )`,
  );
  await policy(
    "bob writes",
    `for insert to authenticated with check (
      topic = 'room' and extension = 'presence' and (select auth.jwt() ->> 'sub') = '${bob.claims.sub}'
    )`,
  );
  expect(await server.side.mayRead("room", alice, both)).toEqual({ broadcast: true, presence: false });
  expect(await server.side.mayRead("room", bob, both)).toEqual(none);
  expect(await server.side.mayRead("another", alice, both)).toEqual(none);
  expect(await server.side.mayRead("room", anon, both)).toEqual(none);
  expect(await server.side.mayWrite("room", bob, both)).toEqual({ broadcast: false, presence: true });
  expect(await server.side.mayWrite("room", alice, both)).toEqual(none);
});

test("the answer grants only extensions that were asked for", async () => {
  expect(await server.side.mayRead("room", service, ["broadcast"])).toEqual({
    broadcast: true,
    presence: false,
  });
  expect(await server.side.mayWrite("room", service, ["presence"])).toEqual({
    broadcast: false,
    presence: true,
  });
});

test("a policy sees the row that the specification names, and the whole identity", async () => {
  const identity: Identity = {
    ...person(alice.claims.sub as string, "authenticated", { team: 'it\'s \\ "ours"' }),
  };
  await policy(
    "particulars",
    `for select to authenticated using (
      private is false
      and event is null
      and payload is null
      and topic = 'room'
      and (select auth.jwt() ->> 'team') = 'it''s \\ "ours"'
      and current_setting('request.jwt.claim.sub') = '${alice.claims.sub}'
      and current_setting('request.jwt.claim.role') = 'authenticated'
      and current_setting('request.headers')::json ->> 'user-agent' = 'test'
      and current_user = 'authenticated'
    )`,
  );
  expect(await server.side.mayRead("room", identity, ["broadcast"])).toMatchObject({ broadcast: true });
});

test("a topic may contain any characters", async () => {
  await policy("quoted", `for select to authenticated using (realtime.topic() = 'it''s \\ "a" room; --$1')`);
  expect(await server.side.mayRead(`it's \\ "a" room; --$1`, alice, ["broadcast"])).toMatchObject({
    broadcast: true,
  });
  expect(await server.side.mayRead("no\0body", service, both)).toEqual(none);
});

test("a changed policy applies to the next question", async () => {
  for (let times = 0; times < 8; times++) {
    await server.side.mayRead("room", alice, both);
    await server.side.mayWrite("room", alice, both);
  }
  await policy("reads", "for select to authenticated using (true)");
  await policy("writes", "for insert to authenticated with check (true)");
  expect(await server.side.mayRead("room", alice, both)).toEqual(all);
  expect(await server.side.mayWrite("room", alice, both)).toEqual(all);
  await server.owner.unsafe(`alter policy reads on realtime.messages using (extension = 'presence')`);
  expect(await server.side.mayRead("room", alice, both)).toEqual({ broadcast: false, presence: true });
});

test("questions to policies store nothing and are never heard", async () => {
  await policy("writes", "for insert to authenticated with check (true)");
  using heard = listen(server);
  await server.side.mayRead("room", service, both);
  await server.side.mayWrite("room", alice, both);
  await server.side.mayWrite("room", bob, both);
  await server.owner`select realtime.send('{"last": true}', 'end', 'room')`;
  expect(await heard.until(({ event }) => event === "end")).toHaveLength(1);
  expect(await server.owner`delete from realtime.messages returning event`).toEqual([{ event: "end" }]);
});

test("a select policy that fails lets nobody receive; an insert policy that fails is an error", async () => {
  await policy("reads", "for select to authenticated using (1 / (length(realtime.topic()) - 4) > -9)");
  await policy("writes", "for insert to authenticated with check (1 / (length(realtime.topic()) - 4) > 0)");
  expect(await server.side.mayRead("rooms", alice, both)).toEqual(all);
  expect(await server.side.mayRead("room", alice, both)).toEqual(none);
  expect(await server.side.mayWrite("rooms", alice, both)).toEqual(all);
  await expect(server.side.mayWrite("room", alice, both)).rejects.toMatchObject({
    name: "DatabaseError",
    code: "RlsPolicyError",
    message: expect.not.stringContaining("division"),
  });
  // The connection works for the next question.
  expect(await server.side.mayWrite("rooms", alice, both)).toEqual(all);
});

test("a token cannot name a role that requests may not have", async () => {
  for (const role of ["postgres", "supabase_admin", "supabase_realtime_admin", "nobody", ""]) {
    const mallory = { ...alice, role, claims: { ...alice.claims, role } };
    expect(await server.side.mayRead("room", mallory, both), role).toEqual(none);
    await expect(server.side.mayWrite("room", mallory, both), role).rejects.toMatchObject({
      code: "RlsPolicyError",
    });
  }
  expect(
    await server.admin`select rolname from pg_roles where rolname = 'supabase_realtime_admin'`,
  ).toHaveLength(1);
});

test("a policy that gives up its role does not become a superuser, also for a role of the project", async () => {
  await server.owner.unsafe(`
    create role members;
    grant members to authenticator;
    grant usage on schema realtime to members;
    grant select, insert on realtime.messages to members;
    create function public.climb() returns boolean language plpgsql as $$
    begin
      perform set_config('role', 'none', true);
      return current_setting('is_superuser') = 'off';
    end
    $$;
  `);
  await policy("reads", "for select to authenticated, members using (public.climb())");
  await policy("writes", "for insert to authenticated, members with check (public.climb())");
  for (const identity of [alice, person("a member", "members")]) {
    expect(await server.side.mayRead("room", identity, both)).toEqual(all);
    expect(await server.side.mayWrite("room", identity, both)).toEqual(all);
  }
  await server.owner.unsafe(`
    drop function public.climb() cascade;
    revoke usage on schema realtime from members;
    revoke select, insert on realtime.messages from members;
    drop role members;
  `);
});

test("a project's trigger on the messages does not act as a superuser", async () => {
  await server.owner.unsafe(`
    create table public.seen (who text);
    grant insert on public.seen to public;
    create function public.spy() returns trigger language plpgsql as $$
    begin
      if current_setting('is_superuser') = 'on' then
        raise 'a superuser';
      end if;
      return new;
    end
    $$;
    create trigger spy before insert on realtime.messages for each row execute function public.spy();
  `);
  expect(await server.side.mayRead("room", service, both)).toEqual(all);
  await expect(
    server.admin`insert into realtime.messages (topic, extension) values ('room', 'broadcast')`,
  ).rejects.toThrow("a superuser");
  await server.owner.unsafe(
    "drop trigger spy on realtime.messages; drop function public.spy(); drop table public.seen",
  );
});

test("a policy that takes too long is cancelled, and a full queue is refused at once", async () => {
  await using side = await createDatabaseSide({
    databaseUrl: urlOf(server, "supabase_admin"),
    log: silent,
    limits: { probeConnections: 1, probeQueueMax: 1, statementTimeoutMs: 500 },
  });
  await policy("slow", "for insert to authenticated with check (pg_sleep(5) is not null)");
  const slow = side.mayWrite("room", alice, ["broadcast"]);
  const waiting = side.mayWrite("room", service, ["broadcast"]);
  await expect(side.mayWrite("room", service, ["broadcast"])).rejects.toMatchObject({
    code: "IncreaseConnectionPool",
  });
  await expect(slow).rejects.toMatchObject({ code: "QueryCanceled" });
  expect(await waiting).toMatchObject({ broadcast: true });
});

test("without today's partition the error is MissingPartition", async () => {
  const today = `realtime.messages_${new Date().toISOString().slice(0, 10).replaceAll("-", "_")}`;
  await server.admin.unsafe(`drop table ${today}`);
  await expect(server.side.mayRead("room", alice, both)).rejects.toMatchObject({ code: "MissingPartition" });
  await expect(server.side.mayWrite("room", service, both)).rejects.toMatchObject({
    code: "MissingPartition",
  });
  await server.admin.unsafe(makePartitions);
  expect(await server.side.mayRead("room", service, both)).toEqual(all);
});
