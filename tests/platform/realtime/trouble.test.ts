import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, hearing, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ limits: { joinStreamMs: 1_500, joinChangesMs: 1_500 } });
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

test("while the stream is down, the joins of a socket share one wait, and the next outage has a wait of its own", async () => {
  await town.sql.unsafe(`
    create table public.headlines (id bigint primary key);
    grant select on public.headlines to anon;
    alter publication supabase_realtime add table public.headlines`);
  const client = await town.client();
  const ready = { config: { broadcast: { replication_ready: true } } };
  const streams = async () => {
    const channel = client.channel(freshRoom(), ready);
    const told: object[] = [];
    channel.on("system", {}, (message) => void told.push(message));
    await joined(channel);
    const message = "Replication connection established";
    await vi.waitFor(() => expect(told).toContainEqual(expect.objectContaining({ message })), patience);
  };
  /** A new stream begins only when the transactions end that run now. */
  const whileDown = async (work: () => Promise<unknown>) => {
    await streams();
    await town.sql.begin(async (open) => {
      await open`select pg_current_xact_id()`;
      const [cut] =
        await open`select active_pid as pid, pg_terminate_backend(active_pid) from pg_replication_slots`;
      await vi.waitFor(async () => {
        const [next] = await town.sql`
          select from pg_stat_activity where application_name = 'realtime_replication' and pid <> ${cut?.pid}`;
        expect(next).toBeDefined();
      }, patience);
      await work();
    });
  };

  const channels = Array.from({ length: 15 }, () => client.channel(freshRoom()));
  for (const channel of channels.slice(0, 3)) {
    channel.on("postgres_changes", { event: "*", schema: "public", table: "headlines" }, () => {});
  }
  // If each join waited for itself, the client would give up the last ones.
  await whileDown(() => Promise.all(channels.map(joined)));

  const room = freshRoom();
  const later = await town.raw();
  await whileDown(async () => {
    const { channels: before } = town.realtime.counts();
    later.send("1", "1", `realtime:${room}`, "phx_join", {});
    await vi.waitFor(() => expect(town.realtime.counts().channels).toBe(before + 1), patience);
    await (await town.raw()).heartbeat();
    expect(later.frames).toEqual([]);
  });
  await later.reply("1");
  await town.sql`select realtime.send('{"text": "at once"}', 'says', ${room}, false)`;
  expect((await later.event("broadcast")).payload.payload).toMatchObject({ text: "at once" });
  await town.everybodyLeaves();
});
