/** Only alice may listen to the topic of her stream, and no client may speak there. */
import { createClient, type RealtimeChannel, type SupabaseClient } from "@supabase/supabase-js";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { guest, type Person, signUp, target } from "../people.ts";

const patience = { timeout: 30_000, interval: 10 };
const asPrivate = { config: { private: true, broadcast: { ack: true } } };

let alice: Person;
let bob: Person;
let post: number;
beforeAll(async () => {
  [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  const written = await alice.client
    .from("posts")
    .insert({ content: "hi" })
    .select("id")
    .single()
    .throwOnError();
  post = written.data?.id;
});
afterEach(() => Promise.all([alice, bob].map(({ client }) => client.removeAllChannels())));

const topicOf = ({ id }: Person) => `user:${id}`;
const refused = (person: Person) =>
  `Unauthorized: You do not have permissions to read from this Channel topic: ${topicOf(person)}`;

async function join(
  client: SupabaseClient,
  person: Person,
): Promise<{ channel: RealtimeChannel; heard: string[] }> {
  const heard: string[] = [];
  const channel = client.channel(topicOf(person), asPrivate);
  channel.on("broadcast", { event: "*" }, ({ payload }) => void heard.push(payload.kind));
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) =>
      status === "SUBSCRIBED" ? resolve() : reject(error ?? new Error(status)),
    );
  });
  return { channel, heard };
}

/** bob does something that alice is told of. */
async function bobLikes(): Promise<void> {
  await bob.client.from("likes").insert({ post_id: post }).throwOnError();
  await bob.client.from("likes").delete().match({ user_id: bob.id, post_id: post }).throwOnError();
}

test("alice hears her own stream, and bob and a guest are refused", async () => {
  const { channel, heard } = await join(alice.client, alice);
  const [nobody, again] = [guest(), guest()];
  const signedIn = await again.auth.signInWithPassword({ email: bob.email, password: bob.password });
  expect(signedIn.error).toBeNull();
  const prefix = { ...alice, id: alice.id.slice(0, 8) };
  await Promise.all([
    expect(join(bob.client, alice)).rejects.toThrow(refused(alice)),
    expect(join(nobody, alice)).rejects.toThrow(refused(alice)),
    // A rule that compares only the beginning would let him in.
    expect(join(again, prefix)).rejects.toThrow(refused(prefix)),
  ]);
  await Promise.all([bob.client.removeAllChannels(), again.removeAllChannels()]);
  // bob may listen to his own.
  await join(bob.client, bob);
  await bob.client.removeAllChannels();
  await bobLikes();
  await vi.waitFor(() => expect(heard).toEqual(["notification", "notification"]), patience);
  await alice.client.removeChannel(channel);
  await nobody.removeAllChannels();
});

test("the public topic with the same name tells nothing of the stream", async () => {
  const own = await join(alice.client, alice);
  const heard: unknown[] = [];
  const channel = bob.client.channel(topicOf(alice));
  channel.on("broadcast", { event: "*" }, (message) => void heard.push(message));
  await new Promise<void>((resolve) => {
    channel.subscribe((status) => status === "SUBSCRIBED" && resolve());
  });
  await bobLikes();
  await vi.waitFor(() => expect(own.heard).toHaveLength(2), patience);
  // bob hears what is said in the public topic. So he would have heard the others before.
  await alice.client.channel(`public ${alice.id}`).unsubscribe();
  const speaker = guest().channel(topicOf(alice));
  await speaker.httpSend("event", { kind: "public" });
  await vi.waitFor(() => expect(heard).toHaveLength(1), patience);
  expect(own.heard).toHaveLength(2);
  await Promise.all([bob.client.removeAllChannels(), alice.client.removeAllChannels()]);
});

test("nobody can speak in alice's topic: not bob, not a guest, and not alice", async () => {
  const { channel, heard } = await join(alice.client, alice);
  const forged = { seq: 1_000_000, kind: "forged", payload: {} };
  const message = { type: "broadcast", event: "event", payload: forged } as const;
  // From the socket.
  void channel.send(message);
  // Over HTTP, which answers before it asks the policies.
  for (const { client } of [alice, bob]) {
    const { channel: speaker } =
      client === alice.client ? { channel } : { channel: client.channel(topicOf(alice), asPrivate) };
    await speaker.httpSend("event", forged).catch(() => {});
  }
  const anonymous = guest();
  await anonymous
    .channel(topicOf(alice), asPrivate)
    .httpSend("event", forged)
    .catch(() => {});
  // The service role may. So the request as such reaches her.
  const { url, secretKey } = target();
  const expected = ["notification", "notification"];
  if (secretKey) {
    const admin = createClient(url, secretKey, { auth: { persistSession: false } });
    await admin.channel(topicOf(alice), asPrivate).httpSend("event", { ...forged, kind: "by the service" });
    expected.unshift("by the service");
  }
  await bobLikes();
  await vi.waitFor(() => expect(heard).toEqual(expected), patience);
  await alice.client.removeAllChannels();
});

test("nobody can write the messages of Realtime themselves", async () => {
  const { error } = await bob.client
    .schema("realtime")
    .from("messages")
    .insert({ topic: topicOf(alice), extension: "broadcast", event: "event", private: true, payload: {} });
  expect(error?.code).toBe("PGRST106");
});

test("after alice has signed out, her client is refused", async () => {
  const { heard } = await join(alice.client, alice);
  await bobLikes();
  await vi.waitFor(() => expect(heard).toEqual(["notification", "notification"]), patience);
  await alice.client.auth.signOut({ scope: "local" });
  await alice.client.removeAllChannels();
  await expect(join(alice.client, alice)).rejects.toThrow(refused(alice));
  await alice.client.removeAllChannels();
  // Her account and her topic are still there.
  const { auth } = alice.client;
  const { error } = await auth.signInWithPassword({ email: alice.email, password: alice.password });
  expect(error).toBeNull();
  await join(alice.client, alice);
  await alice.client.removeAllChannels();
});
