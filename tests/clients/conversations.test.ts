/** Conversations of clients/sync.ts against a real platform: they open, move, end, and lose nothing. */
import { beforeAll, expect, test, vi } from "vitest";
import type { Change } from "../../clients/sync.ts";
import { type Person, signUp } from "../people.ts";
import { createDevice, patience } from "./device.ts";

let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  [alice, bob, carol] = await Promise.all([signUp("alice"), signUp("bob"), signUp("carol")]);
  // They follow alice. So she may add them without a request.
  for (const { client } of [bob, carol]) {
    await client.from("follows").insert({ followee_id: alice.id }).throwOnError();
  }
});

const group = async (members: Person[]): Promise<number> => {
  const member_ids = members.map(({ id }) => id);
  return (await alice.client.rpc("create_group", { name: "Garden", member_ids }).throwOnError()).data;
};
const say = (person: Person, conversation_id: number, content: string) =>
  person.client
    .rpc("send_message", { conversation_id, client_id: crypto.randomUUID(), content })
    .throwOnError();

/** A device that keeps what is said in conversations, and checks that nothing is lost or twice. */
async function deviceOf(person: Person, failing: (change: Change) => boolean = () => false) {
  const texts: string[] = [];
  const changes: Change[] = [];
  const news: (number | null)[] = [];
  const cursors = new Map<string, number>();
  const device = await createDevice(person, {
    apply(change) {
      if (failing(change)) throw new Error("failed on purpose");
      if (!change.stream.startsWith("conversation:")) return;
      changes.push(change);
      if (change.type === "replace") cursors.set(change.stream, change.cursor);
      if (change.type !== "event") return;
      expect(change.seq).toBe((cursors.get(change.stream) ?? Number.NaN) + 1);
      cursors.set(change.stream, change.seq);
      const {
        content,
        change: what,
        seq,
      } = change.payload as { content: string; change: unknown; seq: number };
      if (change.kind === "message" && what === null && seq === change.seq) texts.push(content);
    },
    onNews: (id) => void news.push(id),
  });
  return { ...device, texts, changes, news };
}

test("bob's open conversation has everything once, also while it moves and his network is away", async () => {
  const id = await group([bob, carol]);
  await say(alice, id, "before");
  const device = await deviceOf(bob);
  device.sync.open(id);
  await device.live();
  expect(device.changes).toMatchObject([{ type: "replace", stream: `conversation:${id}` }]);
  await say(alice, id, "1");
  await vi.waitFor(() => expect(device.texts).toEqual(["1"]), patience);
  await carol.client.rpc("leave_conversation", { conversation_id: id }).throwOnError();
  await say(alice, id, "2");
  device.network.refuse();
  await say(alice, id, "3");
  device.network.heal();
  await say(alice, id, "4");
  await vi.waitFor(() => expect(device.texts).toEqual(["1", "2", "3", "4"]), patience);
  await device.live();
  expect(() => device.sync.open(id)).toThrow("open already");
});

test("bob hears nothing of a conversation that he closed, and opens it again", async () => {
  const id = await group([bob]);
  const device = await deviceOf(bob);
  const chat = device.sync.open(id);
  await device.live();
  await chat.close();
  await say(alice, id, "unheard");
  await vi.waitFor(() => expect(device.news).toContain(id), patience);
  expect(device.changes).toHaveLength(1);
  device.sync.open(id);
  await device.live();
  await vi.waitFor(() => expect(device.changes).toHaveLength(2), patience);
  expect(JSON.stringify(device.changes[1])).toContain("unheard");
});

test("bob is told that he was removed, and hears nothing more", async () => {
  const id = await group([bob]);
  const device = await deviceOf(bob);
  device.sync.open(id);
  await device.live();
  await say(alice, id, "heard");
  await vi.waitFor(() => expect(device.texts).toEqual(["heard"]), patience);
  await alice.client.rpc("remove_member", { conversation_id: id, profile_id: bob.id }).throwOnError();
  await say(alice, id, "secret");
  await vi.waitFor(() => expect(device.changes.at(-1)?.type).toBe("gone"), patience);
  expect(device.texts).toEqual(["heard"]);
  await device.live();
});

test("a message that bob deleted for himself goes, also if his device failed to apply that", async () => {
  const id = await group([bob]);
  const { data: message } = await say(alice, id, "not for bob");
  await say(alice, id, "for bob");
  let failures = 0;
  const device = await deviceOf(bob, (change) => {
    const fails = change.type === "event" && change.kind === "conversation" && failures === 0;
    if (fails && change.stream.startsWith("user:")) failures++;
    return fails;
  });
  device.sync.open(id);
  await device.live();
  expect(JSON.stringify(device.changes.at(-1))).toContain("not for bob");
  await bob.client.rpc("delete_message", { message_id: message.id }).throwOnError();
  await vi.waitFor(() => {
    const last = device.changes.findLast(({ type }) => type === "replace");
    expect(JSON.stringify(last)).not.toContain("not for bob");
    expect(JSON.stringify(last)).toContain("for bob");
  }, patience);
  expect(failures).toBe(1);
});

test("bob reads his list again when his page is back, because news may be lost", async () => {
  const device = await deviceOf(bob);
  await device.live();
  const before = device.news.length;
  device.sync.wake();
  expect(device.news.slice(before)).toEqual([null]);
});

test("messages that bob sends without a network are there once and in order", async () => {
  const id = await group([bob]);
  const device = await deviceOf(bob);
  device.sync.open(id);
  await device.live();
  device.network.refuse();
  for (const content of ["a", "b", "c"]) {
    await device.sync.send({ rpc: "send_message", args: { conversation_id: id, content } });
  }
  device.network.heal();
  void device.network.loseAnswer(({ path }) => path.includes("send_message"));
  await vi.waitFor(() => expect(device.texts).toEqual(["a", "b", "c"]), patience);
  await vi.waitFor(async () => expect(await device.sync.pending()).toEqual([]), patience);
  expect(device.texts).toEqual(["a", "b", "c"]);
});

test("carol and bob see that the other is there, and that bob types", async () => {
  const id = await group([bob, carol]);
  const [bobs, carols] = [await deviceOf(bob), await deviceOf(carol)];
  let here: string[] = [];
  let typing: string | undefined;
  const chat = bobs.sync.open(id, { onPresence() {}, onTyping() {} });
  carols.sync.open(id, {
    onPresence: (ids) => {
      here = ids;
    },
    onTyping: (profileId) => {
      typing = profileId;
    },
  });
  await vi.waitFor(() => {
    chat.typing();
    expect({ here, typing }).toEqual({ here: [bob.id], typing: bob.id });
  }, patience);
  await chat.close();
  await vi.waitFor(() => expect(here).toEqual([]), patience);
});
