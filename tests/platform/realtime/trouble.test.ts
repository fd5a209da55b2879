import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, hearing, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town[Symbol.asyncDispose]());

const says = (text: string) => ({ type: "broadcast", event: "says", payload: { text } }) as const;

test("while Postgres is away, public rooms work and private joins get the reason; afterwards everything works again", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true, speaks: true }, bob: { hears: true } });
  await town.sql.unsafe(`
    create table public.news (id bigint primary key);
    grant select on public.news to authenticated;
    alter publication supabase_realtime add table public.news`);
  const [alice, bob] = await Promise.all([town.client("alice"), town.client("bob")]);
  const config = { config: { private: true, broadcast: { replication_ready: true } } };
  const members = alice.channel(room, config);
  const [changes, told]: [unknown[], { message: string; status: string }[]] = [[], []];
  members.on("postgres_changes", { event: "INSERT", schema: "public", table: "news" }, (change) => {
    changes.push(change);
  });
  members.on("system", {}, (message) => void told.push(message as (typeof told)[number]));
  const heard = hearing(members);
  await joined(members);
  const isTold = (message: string) =>
    vi.waitFor(
      () => expect(told).toContainEqual(expect.objectContaining({ status: "ok", message })),
      patience,
    );
  await isTold("Subscribed to PostgreSQL");
  await isTold("Replication connection established");
  const open = [alice, bob].map((client) => client.channel("open"));
  const heardOpen = hearing(open[1] as (typeof open)[number]);
  await Promise.all(open.map(joined));

  await town.restartDatabase(async () => {
    await open[0]?.send(says("anybody?"));
    await vi.waitFor(() => expect(heardOpen).toHaveLength(1), patience);
    const denied = (await town.client("bob")).channel(room, { config: { private: true } });
    await expect(joined(denied)).rejects.toThrow(
      /^(UnableToConnectToProject|InitializingProjectConnection): /,
    );
    await denied.unsubscribe();
  });

  const back = bob.channel(room, config);
  const [heardBack, toldBack]: [Record<string, unknown>[], object[]] = [hearing(back), []];
  back.on("system", {}, (message) => void toldBack.push(message));
  // The client tries again by itself until the server lets it in.
  await new Promise<void>((resolve) => {
    back.subscribe((status) => {
      if (status === "SUBSCRIBED") resolve();
    });
  });
  await vi.waitFor(
    () =>
      expect(toldBack).toContainEqual(
        expect.objectContaining({ message: "Replication connection established" }),
      ),
    patience,
  );
  await town.sql`select realtime.send('{"text": "we are back"}', 'says', ${room}, true)`;
  for (const messages of [heard, heardBack]) {
    await vi.waitFor(() => expect(messages).toMatchObject([{ payload: { text: "we are back" } }]), patience);
  }
  // The changes are followed again. The client did nothing for it.
  let id = 0;
  await vi.waitFor(async () => {
    await town.sql`insert into public.news values (${++id})`;
    expect(changes.length).toBeGreaterThan(0);
  }, patience);
  expect(members.state).toBe("joined");
  await town.everybodyLeaves();
});

test("a replication stream that is cut starts again", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true } });
  const channel = (await town.client("alice")).channel(room, { config: { private: true } });
  const heard = hearing(channel);
  await joined(channel);
  await vi.waitFor(async () => {
    const cut = await town.sql`
      select pg_terminate_backend(active_pid) from pg_replication_slots where active`;
    expect(cut.length).toBeGreaterThan(0);
  }, patience);
  await vi.waitFor(async () => {
    await town.sql`select realtime.send('{"text": "again"}', 'says', ${room}, true)`;
    expect(heard.length).toBeGreaterThan(0);
  }, patience);
  await town.everybodyLeaves();
});
