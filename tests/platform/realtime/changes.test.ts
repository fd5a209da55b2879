import type { RealtimeChannel } from "@supabase/supabase-js";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createTown, freshRoom, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
  await town.sql.unsafe(`
    create table public.notes (id bigint primary key, owner text not null, body text);
    alter table public.notes enable row level security;
    grant select on public.notes to authenticated;
    create policy "people read their own notes" on public.notes for select to authenticated
      using (owner = (auth.jwt() ->> 'sub'));
    create table public.hidden (id bigint primary key);
    alter publication supabase_realtime add table public.notes;
  `);
});
beforeEach(() => town.sql`truncate public.notes`.then(() => {}));
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

interface Change {
  eventType: string;
  new: Record<string, unknown>;
  old: Record<string, unknown>;
}

const notes = { schema: "public", table: "notes" } as const;
/** Joins a channel. Resolves when its changes are followed. */
const following = async (
  name: string,
  filter: { event?: "*" | "INSERT" | "UPDATE" | "DELETE"; filter?: string } = {},
) => {
  const client = await town.client(name);
  const channel = client.channel(freshRoom());
  const changes: Change[] = [];
  const told: Record<string, unknown>[] = [];
  channel.on("system", {}, (message) => void told.push(message));
  channel.on("postgres_changes", { event: "*", ...notes, ...filter } as never, (change: Change) => {
    changes.push(change);
  });
  await joined(channel);
  await subscribed(told, channel);
  return { client, channel, changes, told };
};
const subscribed = (told: object[], channel: RealtimeChannel) =>
  vi.waitFor(
    () =>
      expect(told).toContainEqual({
        extension: "postgres_changes",
        status: "ok",
        message: "Subscribed to PostgreSQL",
        channel: channel.subTopic,
      }),
    patience,
  );

test("alice hears of each change of her notes, bob only of changes of his", async () => {
  const [alice, bob] = await Promise.all([following("alice"), following("bob")]);
  await town.sql`insert into public.notes values (1, 'alice', 'a'), (2, 'bob', 'b')`;
  await town.sql`update public.notes set body = 'c' where id = 1`;
  await town.sql`insert into public.notes values (3, 'bob', 'last')`;
  await vi.waitFor(() => expect(alice.changes).toHaveLength(2), patience);
  expect(alice.changes).toMatchObject([
    { eventType: "INSERT", new: { id: 1, owner: "alice", body: "a" }, old: {} },
    { eventType: "UPDATE", new: { id: 1, owner: "alice", body: "c" }, old: { id: 1 } },
  ]);
  await vi.waitFor(() => expect(bob.changes).toHaveLength(2), patience);
  expect(bob.changes.map((change) => change.new.id)).toEqual([2, 3]);
  // A delete asks no policy, because there is no row left to ask about.
  await town.sql`delete from public.notes where id = 1`;
  for (const { changes } of [alice, bob]) {
    await vi.waitFor(
      () => expect(changes.at(-1)).toMatchObject({ eventType: "DELETE", old: { id: 1 } }),
      patience,
    );
  }
});

test("a join's reply repeats its changes as they were written, each with an id; equal ones get equal ids", async () => {
  const asked = [
    { event: "INSERT", schema: "public", table: "notes", filter: "id=eq.1", extra: { kept: [1] } },
    { event: "*", schema: "public" },
    { schema: "public", event: "*" },
  ];
  const socket = await town.raw({ apikey: await town.token("alice") });
  const config = { postgres_changes: [null, ...asked] };
  const { response } = (await socket.join(`realtime:${freshRoom()}`, config)).payload;
  expect(response.postgres_changes).toEqual(asked.map((entry) => ({ ...entry, id: expect.any(Number) })));
  const ids = response.postgres_changes.map(({ id }: { id: number }) => id);
  expect(ids.every((id: number) => Number.isInteger(id) && id > 0)).toBe(true);
  expect(ids[1]).toBe(ids[2]);
  expect(ids[0]).not.toBe(ids[1]);
  const again = (await socket.join(`realtime:${freshRoom()}`, config)).payload.response;
  expect(again).toEqual(response);
});

test("one change is sent once, with the ids of all entries that it matches", async () => {
  const topic = `realtime:${freshRoom()}`;
  const socket = await town.raw({ apikey: await town.token("alice") });
  const entries = [
    { event: "INSERT", ...notes },
    { event: "*", ...notes, filter: "id=gt.5" },
    { event: "DELETE", ...notes },
  ];
  const { response } = (await socket.join(topic, { postgres_changes: entries })).payload;
  const [first, second] = response.postgres_changes;
  await socket.event("system");
  await town.sql`insert into public.notes values (4, 'alice', 'a'), (6, 'alice', 'b')`;
  const one = await socket.event("postgres_changes");
  expect(one).toMatchObject({ joinRef: null, ref: null, payload: { ids: [first.id] } });
  expect(one.payload.data).toMatchObject({
    ...notes,
    type: "INSERT",
    commit_timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    record: { id: 4 },
    errors: null,
  });
  const two = await socket.event("postgres_changes");
  expect(two.payload.ids.toSorted()).toEqual([first.id, second.id].toSorted());
});

test("a client is told that a change cannot be followed, and the channel stays", async () => {
  const socket = await town.raw({ apikey: await town.token("alice") });
  const topic = `realtime:${freshRoom()}`;
  const config = {
    broadcast: { self: true },
    postgres_changes: [{ event: "*", ...notes, filter: "nothing=eq.1" }],
  };
  expect((await socket.join(topic, config, { ref: "1" })).payload.status).toBe("ok");
  expect((await socket.event("system")).payload).toMatchObject({
    extension: "postgres_changes",
    status: "error",
  });
  socket.send("1", "2", topic, "broadcast", { type: "broadcast", event: "says", payload: {} });
  await socket.event("broadcast");
});

test("an entry without a schema or table, and columns that are not a list, are refused", async () => {
  const socket = await town.raw({ apikey: await town.token("alice") });
  const follow = async (entry: object) => {
    const topic = `realtime:${freshRoom()}`;
    await socket.join(topic, { postgres_changes: [entry] });
    return (await socket.event("system", topic)).payload;
  };
  const nothing = {
    status: "error",
    message: expect.stringMatching(
      /^No subscription params provided\. Please provide at least a `schema` or/,
    ),
  };
  for (const entry of [{ event: "*" }, { ...notes, table: 5 }, { ...notes, schema: ["public"] }]) {
    expect(await follow(entry), JSON.stringify(entry)).toMatchObject(nothing);
  }
  expect(await follow({ event: "*", ...notes, select: "id" })).toMatchObject({
    status: "error",
    message: expect.stringMatching(/^Error parsing `select` params: expected a list of column name strings/),
  });
  for (const entry of [{ table: "notes" }, { schema: "public", table: null }, { ...notes, select: ["id"] }]) {
    expect(await follow(entry), JSON.stringify(entry)).toMatchObject({ status: "ok" });
  }
});

test("a join that asks to wait is answered when its changes are followed", async () => {
  const client = await town.client("alice");
  const channel = client.channel(freshRoom(), { config: { postgres_changes_options: { wait: true } } });
  const changes: unknown[] = [];
  channel.on("postgres_changes", { event: "INSERT", ...notes }, (change) => void changes.push(change));
  await joined(channel);
  await town.sql`insert into public.notes values (1, 'alice', 'at once')`;
  await vi.waitFor(() => expect(changes).toHaveLength(1), patience);
});

test("a join that waits for changes that cannot be followed is refused, and leaves nothing behind", async () => {
  const client = await town.client("alice");
  const channel = client.channel(freshRoom(), { config: { postgres_changes_options: { wait: true } } });
  channel.on("postgres_changes", { event: "INSERT", ...notes, filter: "nothing=eq.1" }, () => {});
  await expect(joined(channel)).rejects.toThrow(/^RealtimeDisabledForConfiguration: /);
  await client.removeChannel(channel);
  await vi.waitFor(
    () => expect(town.realtime.counts()).toMatchObject({ channels: 0, subscriptions: 0 }),
    patience,
  );
});

test("a new token decides from now on which changes are seen", async () => {
  let token = await town.token("alice");
  const client = await town.client(undefined, { accessToken: async () => token });
  const channel = client.channel(freshRoom());
  const [changes, told]: [Change[], object[]] = [[], []];
  channel.on("system", {}, (message) => void told.push(message));
  channel.on("postgres_changes", { event: "*", ...notes }, (change) => void changes.push(change as Change));
  await joined(channel);
  await subscribed(told, channel);
  told.length = 0;
  token = await town.token("bob");
  await client.realtime.setAuth();
  await subscribed(told, channel);
  await town.sql`insert into public.notes values (1, 'alice', 'a'), (2, 'bob', 'b')`;
  await vi.waitFor(() => expect(changes.map((change) => change.new.id)).toEqual([2]), patience);
});

test("a token that comes while its channel is being subscribed decides too", async () => {
  const socket = await town.raw({ apikey: await town.token("alice") });
  const topic = `realtime:${freshRoom()}`;
  const config = { presence: { enabled: false }, postgres_changes: [{ event: "*", ...notes }] };
  socket.send("1", "1", topic, "phx_join", { config });
  socket.send("1", "2", topic, "access_token", { access_token: await town.token("bob") });
  // Once for each token.
  for (let time = 0; time < 2; time++) {
    expect((await socket.event("system")).payload.message).toBe("Subscribed to PostgreSQL");
  }
  await town.sql`insert into public.notes values (1, 'alice', 'a'), (2, 'bob', 'b')`;
  expect((await socket.event("postgres_changes")).payload.data.record.id).toBe(2);
});

test("a client that has left hears no more, and the server ends its subscription", async () => {
  const [alice, other] = await Promise.all([following("alice"), following("alice")]);
  expect(town.realtime.counts().subscriptions).toBe(2);
  await alice.channel.unsubscribe();
  await vi.waitFor(() => expect(town.realtime.counts().subscriptions).toBe(1), patience);
  await town.sql`insert into public.notes values (1, 'alice', 'a')`;
  await vi.waitFor(() => expect(other.changes).toHaveLength(1), patience);
  expect(alice.changes).toEqual([]);
});

test("a channel follows no more changes than allowed", async () => {
  const socket = await town.raw({ apikey: await town.token("alice") });
  const entries = Array.from({ length: 101 }, (_, index) => ({
    event: "*",
    ...notes,
    filter: `id=eq.${index}`,
  }));
  const { payload } = await socket.join("realtime:room", { postgres_changes: entries });
  expect(payload).toEqual({ status: "error", response: { reason: "Unknown Error on Channel" } });
  const fewer = await socket.join("realtime:room", { postgres_changes: entries.slice(1) });
  expect(fewer.payload.status).toBe("ok");
});
