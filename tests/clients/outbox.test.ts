/** The outbox: what alice writes while she is offline is done once and in order, also if answers get lost. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { nextOf } from "../../clients/groups.ts";
import { type OutboxEntry, OutboxFullError, type OutboxStorage, type Write } from "../../clients/sync.ts";
import { type Person, service, signUp } from "../people.ts";
import { createDevice, type Device, patience } from "./device.ts";

let alice: Person;
let bob: Person;
beforeAll(async () => {
  [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
});

interface Told {
  done: string[];
  refused: string[];
}

/** Notes which entries were done and refused: the content of a post, or the table. */
function listening(): Told & {
  outbox: { onDone(e: OutboxEntry): void; onRefused(e: OutboxEntry, error: unknown): void };
} {
  const told: Told = { done: [], refused: [] };
  const outbox = {
    onDone: (entry: OutboxEntry) => void told.done.push(nameOf(entry)),
    onRefused: (entry: OutboxEntry, error: unknown) =>
      void told.refused.push(`${nameOf(entry)}: ${(error as { details: string }).details}`),
  };
  return { ...told, outbox };
}

function nameOf({ write }: OutboxEntry): string {
  if ("rpc" in write) return String(write.args?.content ?? write.rpc);
  if ("upsert" in write) return `upsert ${write.upsert}`;
  if ("update" in write) return `update ${write.update}`;
  return `delete ${write.delete}`;
}

const post = (content: string) => ({ rpc: "write_post", args: { content } });
const writesPost = ({ path }: { path: string }) => path.endsWith("/rpc/write_post");

/** What alice wrote, oldest first: those of these contents. */
async function written(...contents: string[]): Promise<string[]> {
  const { data } = await service()
    .from("posts")
    .select("content")
    .eq("author_id", alice.id)
    .in("content", contents)
    .order("id")
    .throwOnError();
  return data.map(({ content }) => content);
}

const emptied = (device: Device) =>
  vi.waitFor(async () => expect(await device.sync.pending()).toEqual([]), patience);

describe("offline", () => {
  test("writes wait, and are done in order when the network is back", async () => {
    const { done, refused, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    device.network.refuse();
    await vi.waitFor(() => expect(device.states.at(-1)).toBe("offline"), patience);
    const { data: bobs } = await bob.client
      .from("posts")
      .insert({ content: "likeable" })
      .select("id")
      .single()
      .throwOnError();
    await device.sync.send(post("first"));
    await device.sync.send({ upsert: "likes", values: { post_id: bobs.id } });
    await device.sync.send({ rpc: "follow", args: { profile_id: bob.id } });
    await device.sync.send({ update: "profiles", values: { bio: "At sea" }, match: { id: alice.id } });
    await device.sync.send({ delete: "likes", match: { post_id: bobs.id, user_id: alice.id } });
    await device.sync.send(post("last"));
    expect((await device.sync.pending()).map(nameOf)).toEqual([
      "first",
      "upsert likes",
      "follow",
      "update profiles",
      "delete likes",
      "last",
    ]);
    expect(await written("first", "last")).toEqual([]);
    device.network.heal();
    await emptied(device);
    expect(done).toEqual(["first", "upsert likes", "follow", "update profiles", "delete likes", "last"]);
    expect(refused).toEqual([]);
    expect(await written("first", "last")).toEqual(["first", "last"]);
    const { data: me } = await alice.client.rpc("me").throwOnError();
    expect(me).toMatchObject({ bio: "At sea", following: 1 });
    const { data: likes } = await alice.client.from("likes").select().eq("user_id", alice.id).throwOnError();
    expect(likes).toEqual([]);
  });

  test("a full outbox refuses the next write, and says so", async () => {
    const device = await createDevice(alice, { outbox: { limit: 2 } });
    await device.live();
    device.network.refuse();
    for (const content of ["one of two", "two of two"]) await device.sync.send(post(content));
    const refused = await device.sync.send(post("one too many")).catch((error) => error);
    expect(refused).toBeInstanceOf(OutboxFullError);
    device.network.heal();
    await emptied(device);
    await device.sync.send(post("room again"));
    await emptied(device);
    expect(await written("one of two", "two of two", "one too many", "room again")).toEqual([
      "one of two",
      "two of two",
      "room again",
    ]);
  });

  test("a write that is too large is refused at once", async () => {
    const device = await createDevice(alice);
    await expect(device.sync.send(post("x".repeat(100_001)))).rejects.toThrow(RangeError);
    expect(await device.sync.pending()).toEqual([]);
  });
});

describe("an answer that gets lost", () => {
  test("a post whose answer is lost three times is written once", async () => {
    const { done, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    const lost = [1, 2, 3].map(() => device.network.loseAnswer(writesPost));
    const { key } = await device.sync.send(post("lost and found"));
    await Promise.all(lost);
    await emptied(device);
    expect(done).toEqual(["lost and found"]);
    expect(await written("lost and found")).toEqual(["lost and found"]);
    expect(device.network.requests.filter((line) => line.endsWith("/rpc/write_post"))).toHaveLength(4);
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("every kind of write may be repeated", async () => {
    const { done, refused, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    const { data: bobs } = await bob.client
      .from("posts")
      .insert({ content: "likeable" })
      .select("id")
      .single()
      .throwOnError();
    const writes = [
      { upsert: "likes", values: { post_id: bobs.id } },
      { upsert: "bookmarks", values: { post_id: bobs.id } },
      { rpc: "follow", args: { profile_id: bob.id } },
      { rpc: "write_post", args: { repost_of_id: bobs.id } },
      { rpc: "mark_read", args: { up_to: 1 } },
      { update: "profiles", values: { bio: "Twice" }, match: { id: alice.id } },
      { delete: "likes", match: { post_id: bobs.id, user_id: alice.id } },
    ];
    for (const write of writes) {
      const before = done.length;
      const lost = device.network.loseAnswer(
        ({ method, path }) => method !== "GET" && !path.endsWith("/sync"),
      );
      await device.sync.send(write);
      await lost;
      await vi.waitFor(() => expect(done.length + refused.length).toBe(before + 1), patience);
    }
    expect(refused).toEqual([]);
    expect(device.network.counts.lost).toBe(writes.length);
    const { data: mine } = await alice.client
      .from("posts")
      .select("id")
      .eq("repost_of_id", bobs.id)
      .throwOnError();
    expect(mine).toHaveLength(1);
  });
});

describe("an answer that says no", () => {
  test("a refused write is dropped and told, and the next one goes on", async () => {
    const { done, refused, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    device.network.refuse();
    await device.sync.send(post("   "));
    await device.sync.send(post("after the refusal"));
    device.network.heal();
    await emptied(device);
    expect(refused).toEqual(["   : content_length"]);
    expect(done).toEqual(["after the refusal"]);
  });

  test.each([503, 429])("%i is tried again, and not before Retry-After", async (status) => {
    const { done, refused, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    const answered = device.network.answer(status, { "retry-after": "1" }, writesPost);
    await device.sync.send(post(`patient ${status}`));
    await answered;
    const answeredMs = performance.now();
    // Nothing makes it come back sooner.
    device.sync.wake();
    await emptied(device);
    expect(performance.now() - answeredMs).toBeGreaterThan(900);
    expect([done, refused]).toEqual([[`patient ${status}`], []]);
    expect(await written(`patient ${status}`)).toHaveLength(1);
  });

  test("a write that always makes the server fail does not hold up the others for ever", async () => {
    const { done, refused, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    const answers = Array.from({ length: 20 }, () => device.network.answer(500, {}, writesPost));
    await device.sync.send(post("poison"));
    await device.sync.send(post("after the poison"));
    await Promise.all(answers);
    await emptied(device);
    expect([done, refused]).toEqual([["after the poison"], ["poison: undefined"]]);
  });
});

describe("a spent budget", () => {
  const tooOften = JSON.stringify({
    code: "PT429",
    details: "rate_limited",
    hint: "2030-01-01T00:00:00Z",
    message: "",
  });

  test("holds up the writes of its own kind, and no other", async () => {
    const carol = await signUp("carol");
    const amounts = { per_minute: 1, per_hour: 100, per_day: 100 };
    await service()
      .rpc("set_limits", { profile_id: carol.id, action: "post", ...amounts })
      .throwOnError();
    const { done, refused, outbox } = listening();
    const device = await createDevice(carol, { outbox });
    await device.live();
    const { data: bobs } = await bob.client.rpc("write_post", { content: "likeable" }).throwOnError();
    await device.sync.send(post("within"));
    await device.sync.send(post("beyond"));
    await device.sync.send(post("behind it"));
    await device.sync.send({ upsert: "likes", values: { post_id: bobs.id } });
    await device.sync.send({ rpc: "follow", args: { profile_id: bob.id } });
    await vi.waitFor(() => expect(done).toEqual(["within", "upsert likes", "follow"]), patience);
    expect((await device.sync.pending()).map(nameOf)).toEqual(["beyond", "behind it"]);
    expect(refused).toEqual([]);
    // The one behind it was not asked for.
    const asked = () => device.network.requests.filter((line) => line.endsWith("/rpc/write_post")).length;
    expect(asked()).toBe(2);
    // Nothing makes them come back sooner.
    device.sync.wake();
    await device.sync.send({ upsert: "bookmarks", values: { post_id: bobs.id } });
    await vi.waitFor(() => expect(done).toContain("upsert bookmarks"), patience);
    expect(asked()).toBe(2);
  });

  test("ends, and then the writes that waited are done in order", async () => {
    const { done, outbox } = listening();
    const device = await createDevice(alice, { outbox });
    await device.live();
    const answered = device.network.answer(429, { "retry-after": "1" }, writesPost, tooOften);
    await device.sync.send(post("too often 1"));
    await answered;
    const answeredMs = performance.now();
    await device.sync.send(post("too often 2"));
    await device.sync.send({ rpc: "mark_read", args: { up_to: 1 } });
    await emptied(device);
    expect(performance.now() - answeredMs).toBeGreaterThan(900);
    expect(done).toEqual(["mark_read", "too often 1", "too often 2"]);
    expect(await written("too often 1", "too often 2")).toEqual(["too often 1", "too often 2"]);
  });

  test("lets a frontend take the write back", async () => {
    const { done, outbox } = listening();
    const taken: unknown[] = [];
    const onTooOften = (entry: OutboxEntry, { hint }: { hint?: string | null }) =>
      taken.push([nameOf(entry), hint]) > 0;
    const device = await createDevice(alice, { outbox: { ...outbox, onTooOften } });
    await device.live();
    const answered = device.network.answer(429, { "retry-after": "600" }, writesPost, tooOften);
    await device.sync.send(post("taken back"));
    await device.sync.send(post("not taken back"));
    await answered;
    await emptied(device);
    expect(taken).toEqual([["taken back", "2030-01-01T00:00:00Z"]]);
    expect(done).toEqual(["not taken back"]);
    expect(await written("taken back", "not taken back")).toEqual(["not taken back"]);
  });

  test("lets nothing overtake a write that it may need", () => {
    const draft = { delete: "drafts", match: { id: "1" } };
    const repost = { rpc: "write_post", args: { repost_of_id: 1 } };
    const unrepost = { delete: "posts", match: { repost_of_id: 1, author_id: "a" } };
    const follow = { rpc: "follow", args: { profile_id: "b" } };
    const bell = { update: "follows", values: { notifies: true }, match: { followee_id: "b" } };
    const unblock = { delete: "blocks", match: { blocked_id: "b" } };
    const like = { upsert: "likes", values: { post_id: 1 } };
    const unlisted = { rpc: "of_somebody_else" };
    const next = (held: string, ...writes: Write[]) =>
      nextOf(
        writes.map((write, index) => ({ key: `${index}`, write, sentAtMs: 0 })),
        [held],
      )?.write;
    expect(next("posts", post("a"), draft, repost)).toBe(repost);
    expect(next("reposts", repost, unrepost, post("a"))).toMatchObject(post("a"));
    expect(next("blocks", unblock, follow, bell)).toBeUndefined();
    expect(next("follows", follow, bell, unblock)).toBe(unblock);
    expect(next("likes", like, unlisted, follow)).toBeUndefined();
    expect(next("others", unlisted, like)).toBeUndefined();
  });
});

describe("a stored outbox", () => {
  function storage(): OutboxStorage & { items: Map<string, string> } {
    const items = new Map<string, string>();
    return {
      items,
      getItem: async (key) => items.get(key) ?? null,
      setItem: async (key, value) => void items.set(key, value),
    };
  }

  test("is sent by the next page, and a lost answer of the page before does no harm", async () => {
    const disk = storage();
    const before = await createDevice(alice, { outbox: { storage: disk } });
    await before.live();
    const lost = before.network.loseAnswer(writesPost);
    const { key } = await before.sync.send(post("from the page before"));
    await lost;
    before.network.refuse();
    await before.sync.stop();
    expect(await written("from the page before")).toHaveLength(1);
    expect([...disk.items.keys()]).toEqual([`plaza.outbox.${alice.id}`]);

    const { done, outbox } = listening();
    const keys: string[] = [];
    const next = await createDevice(alice, {
      outbox: {
        storage: disk,
        onDone(entry) {
          outbox.onDone(entry);
          keys.push(entry.key);
        },
      },
    });
    await emptied(next);
    expect([done, keys]).toEqual([["from the page before"], [key]]);
    expect(await written("from the page before")).toHaveLength(1);
  });

  test("belongs to one person: bob on the same machine does not send what alice wrote", async () => {
    const disk = storage();
    const hers = await createDevice(alice, { outbox: { storage: disk } });
    await hers.live();
    hers.network.refuse();
    await hers.sync.send(post("for alice only"));
    await hers.sync.stop();
    const his = await createDevice(bob, { outbox: { storage: disk } });
    await his.live();
    expect(await his.sync.pending()).toEqual([]);
    const again = await createDevice(alice, { outbox: { storage: disk } });
    await emptied(again);
    expect(await written("for alice only")).toHaveLength(1);
  });

  test("that is damaged counts as empty, and is told", async () => {
    const disk = storage();
    disk.items.set(`plaza.outbox.${alice.id}`, "[{");
    const device = await createDevice(alice, { outbox: { storage: disk } });
    await device.live();
    expect(await device.sync.pending()).toEqual([]);
    expect(device.errors).toContain("The stored outbox is damaged");
    await device.sync.send(post("on a clean page"));
    await emptied(device);
  });

  test("is shared by two tabs: everything is sent, and nothing twice", async () => {
    const disk = storage();
    const tabs = await Promise.all([1, 2].map(() => createDevice(alice, { outbox: { storage: disk } })));
    await Promise.all(tabs.map((tab) => tab.live()));
    const contents = ["tab 1", "tab 2"];
    for (const tab of tabs) tab.network.refuse();
    for (const [index, tab] of tabs.entries()) await tab.sync.send(post(contents[index] as string));
    for (const tab of tabs) tab.network.heal();
    await Promise.all(tabs.map(emptied));
    expect((await written(...contents)).toSorted()).toEqual(contents);
  });
});
