import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { push } from "./raw-socket.ts";
import { createTown, freshRoom, hearing, joined, patience, settled, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const says = (text: string) => ({ type: "broadcast", event: "says", payload: { text } }) as const;
const all = { hears: true, speaks: true, sees: true, shows: true };

test("a member hears a private room; a stranger and a guest are not let in", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, bob: { hears: true } });
  const [alice, bob] = await Promise.all([town.client("alice"), town.client("bob")]);
  const [from, to] = [alice, bob].map((client) => client.channel(room, { config: { private: true } }));
  if (!from || !to) throw new Error();
  const heard = hearing(to);
  await Promise.all([joined(from), joined(to)]);
  await from.send(says("hello"));
  await vi.waitFor(() => expect(heard).toHaveLength(1), patience);
  for (const name of ["carol", undefined]) {
    const channel = (await town.client(name)).channel(room, { config: { private: true } });
    await expect(joined(channel)).rejects.toThrow("Unauthorized: You do not have permissions to read");
  }
});

test("the service role is let in everywhere", async () => {
  const room = freshRoom();
  const token = town.keys.serviceRoleKey;
  const client = await town.client(undefined, { accessToken: async () => token });
  await joined(client.channel(room, { config: { private: true } }));
});

test("a member who may not speak gets no reply and no error, and nobody hears it", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, mallory: { hears: true } });
  const topic = `realtime:${room}`;
  const alice = (await town.client("alice")).channel(room, { config: { private: true } });
  const heard = hearing(alice);
  await joined(alice);
  const mallory = await town.raw({ apikey: await town.token("mallory") });
  await mallory.join(topic, { private: true, broadcast: { self: true, ack: true } }, { ref: "1" });
  mallory.send("1", "2", topic, "broadcast", says("let me"));
  mallory.ws.send(push(topic, "says", { text: "let me" }, { joinRef: "1", ref: "3" }));
  await mallory.heartbeat();
  expect(mallory.frames).toEqual([]);
  const bob = (await town.client("alice")).channel(room, { config: { private: true } });
  await joined(bob);
  await settled(heard, (mark) => bob.send(says(mark)));
  expect(heard).toEqual([]);
});

test("a member who may see but not hear is let in, and hears nothing", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, bob: { sees: true } });
  const topic = `realtime:${room}`;
  const bob = await town.raw({ apikey: await town.token("bob") });
  expect((await bob.join(topic, { private: true, presence: { enabled: true } })).payload.status).toBe("ok");
  const without = await town.raw({ apikey: await town.token("bob") });
  expect((await without.join(topic, { private: true })).payload.status).toBe("error");
  const alice = await town.raw({ apikey: await town.token("alice") });
  await alice.join(topic, { private: true, broadcast: { ack: true } }, { ref: "1" });
  alice.send("1", "2", topic, "broadcast", says("psst"));
  await alice.reply("2");
  await bob.event("presence_state");
  await bob.heartbeat();
  expect(bob.frames).toEqual([]);
});

test("a right is asked once and kept until the channel gets another token", async () => {
  const room = freshRoom();
  const topic = `realtime:${room}`;
  await town.admit(room, { alice: all });
  const alice = await town.raw({ apikey: await town.token("alice") });
  await alice.join(topic, { private: true, broadcast: { ack: true } }, { ref: "1" });
  alice.send("1", "2", topic, "broadcast", says("first"));
  expect((await alice.reply("2")).payload.status).toBe("ok");
  await town.admit(room, { alice: { hears: true } });
  alice.send("1", "3", topic, "broadcast", says("still"));
  expect((await alice.reply("3")).payload.status).toBe("ok");
  alice.send("1", null, topic, "access_token", { access_token: await town.token("alice", 3601) });
  alice.send("1", "4", topic, "broadcast", says("no more"));
  await alice.heartbeat();
  expect(alice.frames).toEqual([]);
  await town.admit(room, { alice: all });
  alice.send("1", null, topic, "access_token", { access_token: await town.token("alice", 3602) });
  alice.send("1", "5", topic, "broadcast", says("again"));
  expect((await alice.reply("5")).payload.status).toBe("ok");
});

test("policies can read the topic, the extension, the claims and the headers", async () => {
  await town.sql.unsafe(`
    create policy "the well informed hear" on realtime.messages for select to anon
      using (
        realtime.topic() = 'informed' and extension = 'broadcast'
        and auth.jwt() ->> 'city' = 'Plaza'
        and current_setting('request.headers')::json ->> 'x-team' = 'blue'
      )`);
  const config = { private: true };
  const claims = { role: "anon", city: "Plaza" };
  const headers = { "x-team": "blue" };
  const reply = async (given: object, sent: Record<string, string>) => {
    const socket = await town.raw({ apikey: await town.token("alice", 60, given), headers: sent });
    return (await socket.join("realtime:informed", config)).payload.status;
  };
  expect(await reply(claims, headers)).toBe("ok");
  expect(await reply({ ...claims, city: "Elsewhere" }, headers)).toBe("error");
  expect(await reply(claims, { "x-team": "red" })).toBe("error");
});

test("a policy that raises lets nobody in and lets nobody speak", async () => {
  const room = freshRoom();
  await town.sql.unsafe(`
    create function public.fail() returns boolean language plpgsql as $$ begin raise 'no'; end $$;
    create policy "a broken one" on realtime.messages for select to authenticated
      using (case when realtime.topic() = 'broken' then public.fail() else false end);
    create policy "a broken other" on realtime.messages for insert to authenticated
      with check (case when realtime.topic() = '${room}' then public.fail() else false end)`);
  const mallory = await town.raw({ apikey: await town.token("mallory") });
  expect((await mallory.join("realtime:broken", { private: true })).payload.response.reason).toBe(
    "Unauthorized: You do not have permissions to read from this Channel topic: broken",
  );
  await town.admit(room, { alice: { hears: true } });
  const alice = await town.raw({ apikey: await town.token("alice") });
  const topic = `realtime:${room}`;
  await alice.join(topic, { private: true, broadcast: { ack: true } }, { ref: "1" });
  alice.send("1", "2", topic, "broadcast", says("hello"));
  await alice.heartbeat();
  expect(alice.frames).toEqual([]);
  alice.send("1", "3", topic, "presence", { event: "track", payload: {} });
  expect((await alice.reply("3")).payload).toEqual({ status: "error", response: {} });
});
