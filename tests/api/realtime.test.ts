import type { RealtimeChannel } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { guest, type Person, signUp } from "../people.ts";

let alice: Person;
let bob: Person;
beforeAll(async () => {
  [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
});
afterAll(() => Promise.all([alice, bob].map(({ client }) => client.removeAllChannels())));

const patience = { timeout: 30_000 };
const freshRoom = () => `room-${crypto.randomUUID()}`;
const joined = (channel: RealtimeChannel) =>
  new Promise<RealtimeChannel>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === "SUBSCRIBED") resolve(channel);
      else reject(error ?? new Error(status));
    });
  });

test("bob hears what alice says in a public room, from a channel and over HTTP", async () => {
  const room = freshRoom();
  const heard: unknown[] = [];
  const to = bob.client.channel(room);
  to.on("broadcast", { event: "says" }, ({ payload }) => void heard.push(payload));
  const from = alice.client.channel(room, { config: { broadcast: { ack: true } } });
  await Promise.all([joined(from), joined(to)]);
  expect(await from.send({ type: "broadcast", event: "says", payload: { text: "hello" } })).toBe("ok");
  await vi.waitFor(() => expect(heard).toEqual([{ text: "hello" }]), patience);
  expect(await from.httpSend("says", { text: "again" })).toEqual({ success: true });
  await vi.waitFor(() => expect(heard).toEqual([{ text: "hello" }, { text: "again" }]), patience);
});

test("a guest sees who is present until they leave", async () => {
  const room = freshRoom();
  const client = guest();
  const watcher = client.channel(room);
  watcher.on("presence", { event: "sync" }, () => {});
  await joined(watcher);
  const present = alice.client.channel(room, { config: { presence: { key: alice.username } } });
  await joined(present);
  expect(await present.track({ mood: "fine" })).toBe("ok");
  await vi.waitFor(
    () => expect(watcher.presenceState()).toMatchObject({ [alice.username]: [{ mood: "fine" }] }),
    patience,
  );
  await alice.client.removeChannel(present);
  await vi.waitFor(() => expect(watcher.presenceState()).toEqual({}), patience);
  await client.removeAllChannels();
});

test("a private room that no policy opens is closed to bob and to a guest", async () => {
  const room = freshRoom();
  const client = guest();
  await Promise.all(
    [bob.client, client].map(async (person) => {
      const channel = person.channel(room, { config: { private: true } });
      await expect(joined(channel)).rejects.toThrow(
        `Unauthorized: You do not have permissions to read from this Channel topic: ${room}`,
      );
      await person.removeChannel(channel);
    }),
  );
  // The public room with the same name is open.
  await joined(bob.client.channel(room));
  await client.removeAllChannels();
});
