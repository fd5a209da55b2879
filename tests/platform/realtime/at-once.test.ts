/** What happens right after SUBSCRIBED is heard. A frontend need not wait for anything else. */
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, hearing, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
  await town.sql.unsafe(`
    create table public.notes (id bigserial primary key, owner text not null, body text not null);
    alter table public.notes enable row level security;
    grant select on public.notes to authenticated;
    create policy "people read their own notes" on public.notes for select to authenticated
      using (owner = (auth.jwt() ->> 'sub'));
    create table public.news (id bigserial primary key, body text not null);
    grant select on public.news to anon, authenticated;
    alter publication supabase_realtime add table public.notes, public.news;
  `);
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const rounds = 20;
const each = Array.from({ length: rounds }, (_, round) => round);

interface Change {
  eventType: string;
  new: { body?: string };
}

const write = (owner: string, body: string) =>
  town.sql`insert into public.notes (owner, body) values ('mallory', ${body}), (${owner}, ${body})`;
const publish = (body: string) => town.sql`insert into public.news (body) values (${body})`;
const bodies = (changes: Change[]) => changes.map((change) => change.new.body);

/** Subscribes to a table, and acts in the callback that gets SUBSCRIBED, as a frontend does. */
async function actAtOnce(
  client: SupabaseClient,
  follows: { event?: string; table: string; filter?: string },
  act: () => Promise<unknown>,
): Promise<{ changes: Change[]; channel: RealtimeChannel }> {
  const channel = client.channel(freshRoom(), { config: { broadcast: { ack: true } } });
  const changes: Change[] = [];
  channel.on("postgres_changes", { event: "*", schema: "public", ...follows } as never, (change: Change) => {
    changes.push(change);
  });
  await new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") act().then(resolve, reject);
      else if (status !== "CLOSED") reject(error ?? new Error(status));
    });
  });
  return { changes, channel };
}

test("alice hears of the note that she writes as soon as she is subscribed, each time on a new socket", async () => {
  for (const round of each) {
    const body = `socket ${round}`;
    const client = await town.client("alice");
    const { changes } = await actAtOnce(client, { event: "INSERT", table: "notes" }, () =>
      write("alice", body),
    );
    await vi.waitFor(() => expect(bodies(changes)).toEqual([body]), patience);
  }
});

test("alice hears of it on each new channel of one socket, with a filter and without", async () => {
  const client = await town.client("alice");
  for (const round of each) {
    const body = `channel ${round}`;
    const filter = round % 2 === 0 ? `body=like.channel ${round}` : undefined;
    const { changes } = await actAtOnce(client, { event: "INSERT", table: "notes", filter }, () =>
      write("alice", body),
    );
    await vi.waitFor(() => expect(bodies(changes)).toEqual([body]), patience);
  }
});

test("many people subscribe at the same time, and each hears of the own note and no other", async () => {
  const people = each.map((index) => `person ${index}`);
  const clients = await Promise.all(people.map((name) => town.client(name)));
  const all = await Promise.all(
    people.map((name, index) =>
      actAtOnce(clients[index] as SupabaseClient, { table: "notes" }, () => write(name, name)),
    ),
  );
  await vi.waitFor(
    () => expect(all.map(({ changes }) => bodies(changes))).toEqual(people.map((name) => [name])),
    patience,
  );
});

test("a guest hears of an insert, an update and a delete right after SUBSCRIBED", async () => {
  for (const round of each) {
    const body = `news ${round}`;
    const { changes } = await actAtOnce(
      await town.client(),
      { table: "news", filter: undefined },
      async () => {
        await publish(body);
        await town.sql`update public.news set body = ${`${body}!`} where body = ${body}`;
        await town.sql`delete from public.news where body = ${`${body}!`}`;
      },
    );
    await vi.waitFor(() => expect(changes).toHaveLength(3), patience);
    expect(changes.map(({ eventType }) => eventType)).toEqual(["INSERT", "UPDATE", "DELETE"]);
  }
});

test("a client of version 1.0.0 hears of it too", async () => {
  const client = await town.client("alice", { vsn: "1.0.0" });
  const { changes } = await actAtOnce(client, { table: "notes" }, () => write("alice", "old client"));
  await vi.waitFor(() => expect(bodies(changes)).toEqual(["old client"]), patience);
});

test("a guest who signs in hears of the own note that is written right after", async () => {
  for (const round of each) {
    let token: string | undefined;
    const body = `signed in ${round}`;
    const client = await town.client(undefined, { accessToken: async () => token ?? town.keys.anonKey });
    const { changes, channel } = await actAtOnce(client, { table: "notes" }, async () => {});
    token = await town.token("alice");
    await client.realtime.setAuth();
    // Resolves with the server's answer. The server handles frames in order, so then it has the token.
    await channel.send({ type: "broadcast", event: "says", payload: {} });
    await write("alice", body);
    await vi.waitFor(() => expect(bodies(changes)).toEqual([body]), patience);
  }
});

test("a member hears what the database sends right after SUBSCRIBED, also on a server that has just started", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true } });
  for (const round of each.slice(0, 10)) {
    await using server = await town.another({});
    const channel = (await server.client("alice")).channel(room, { config: { private: true } });
    const heard = hearing(channel);
    await joined(channel);
    await town.sql`select realtime.send(${town.sql.json({ round })}, 'says', ${room}, true)`;
    await vi.waitFor(() => expect(heard).toMatchObject([{ payload: { round } }]), patience);
  }
});

test("while the stream starts again, a join waits for it and then misses nothing", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true } });
  const channel = (await town.client("alice")).channel(room, { config: { private: true } });
  const heard = hearing(channel);
  let isJoined = false;
  let joining: Promise<unknown> = Promise.resolve();
  // A new stream begins only when the transactions end that run now.
  await town.sql.begin(async (open) => {
    await open`select pg_current_xact_id()`;
    const [cut] =
      await open`select active_pid as pid, pg_terminate_backend(active_pid) from pg_replication_slots`;
    await vi.waitFor(async () => {
      const [next] = await town.sql`
        select from pg_stat_activity where application_name = 'realtime_replication' and pid <> ${cut?.pid}`;
      expect(next).toBeDefined();
    }, patience);
    joining = joined(channel).then(() => {
      isJoined = true;
    });
    await vi.waitFor(() => expect(town.realtime.counts().channels).toBe(1), patience);
    await (await town.raw()).heartbeat();
    expect(isJoined).toBe(false);
  });
  await joining;
  await town.sql`select realtime.send('{"text": "at once"}', 'says', ${room}, true)`;
  await vi.waitFor(() => expect(heard).toMatchObject([{ payload: { text: "at once" } }]), patience);
});

test("bob hears what carol says and sees her come right after he is subscribed", async () => {
  const [bob, carol] = [await town.client("bob"), await town.client("carol")];
  for (const round of each) {
    const room = freshRoom();
    const [hers, his] = [carol.channel(room, { config: { presence: { key: "carol" } } }), bob.channel(room)];
    const heard = hearing(his);
    his.on("presence", { event: "sync" }, () => {});
    await joined(hers);
    await joined(his);
    await hers.send({ type: "broadcast", event: "says", payload: { round } });
    await hers.track({ round });
    await vi.waitFor(() => {
      expect(heard).toMatchObject([{ payload: { round } }]);
      expect(his.presenceState()).toMatchObject({ carol: [{ round }] });
    }, patience);
  }
});
