/** clients/sync.ts against a real platform, over a network that fails: nothing is lost, twice or out of order. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { createSync } from "../../clients/sync.ts";
import { type Person, service, signUp } from "../people.ts";
import { createDevice, type Device, expectInOrder, patience } from "./device.ts";

let bob: Person;
let carol: Person;
beforeAll(async () => {
  [bob, carol] = await Promise.all([signUp("bob"), signUp("carol")]);
});

/** A new alice, so that each test begins with an empty stream. */
const newAlice = () => signUp("alice");

/** Bob does something that alice hears of: one event. */
async function follow(alice: Person, who = bob): Promise<void> {
  await who.client.rpc("follow", { profile_id: alice.id }).throwOnError();
}
async function unfollow(alice: Person, who = bob): Promise<void> {
  await who.client.from("follows").delete().eq("followee_id", alice.id).throwOnError();
}

/** The number of the newest event of this person. */
async function newest(person: Person): Promise<number> {
  const { data } = await person.client.rpc("unread").single().throwOnError();
  return (data as { cursors: Record<string, number> }).cursors[`user:${person.id}`] as number;
}

/** Waits until the device has everything, and compares it with what a new device would get. */
async function expectInStep(device: Device, person: Person): Promise<void> {
  await vi.waitFor(async () => {
    expect(device.sync.cursors()).toEqual({ [`user:${person.id}`]: await newest(person) });
  }, patience);
  const { data } = await person.client.rpc("sync").throwOnError();
  const { snapshot } = (
    data as { snapshot: { notifications: unknown[]; unread: unknown } }[]
  )[0] as never as {
    snapshot: { notifications: Record<string, unknown>[]; unread: unknown };
  };
  const groups = snapshot.notifications.map(({ unread: _, ...group }) => group);
  const shown = [...device.groups.values()].toSorted((a, b) => Number(b.id) - Number(a.id));
  expect(shown.map(({ unread: _, ...group }) => group)).toEqual(groups);
  expect(device.unread).toEqual(snapshot.unread);
  expectInOrder(device);
}

const kinds = ({ changes }: Device) =>
  changes.map((change) => (change.type === "event" ? change.kind : change.type));
const calls = ({ network }: Device, name: string) =>
  network.requests.filter((request) => request === `POST /rest/v1/rpc/${name}`).length;

describe("a device that hears everything", () => {
  test("begins with a snapshot, and applies each broadcast without asking", async () => {
    const alice = await newAlice();
    await follow(alice);
    const device = await createDevice(alice);
    await device.live();
    expect(device.states).toEqual(["catching up", "live"]);
    const asked = calls(device, "sync");
    await unfollow(alice);
    await follow(alice, carol);
    await vi.waitFor(() => expect(device.changes).toHaveLength(3), patience);
    expect(kinds(device)).toEqual(["replace", "notification", "notification"]);
    await expectInStep(device, alice);
    expect(calls(device, "sync")).toBe(asked);
    expect(device.states).toEqual(["catching up", "live"]);
  });

  test("goes on from the cursor that an earlier page kept", async () => {
    const alice = await newAlice();
    const stream = `user:${alice.id}`;
    const cursor = await newest(alice);
    await follow(alice);
    const device = await createDevice(alice, { cursors: { [stream]: cursor } });
    await device.live();
    expect(device.changes).toMatchObject([{ type: "event", stream, seq: cursor + 1, kind: "notification" }]);
  });

  test("two devices of alice hear the same, also that the other one has read", async () => {
    const alice = await newAlice();
    const devices = await Promise.all([createDevice(alice), createDevice(alice)]);
    const [phone, laptop] = devices;
    await Promise.all(devices.map((device) => device.live()));
    await follow(alice);
    for (const device of devices) await expectInStep(device, alice);
    const [[group] = []] = [[...phone.groups.values()]];
    await phone.client.rpc("mark_read", { up_to: group?.id }).throwOnError();
    await vi.waitFor(() => expect(kinds(laptop).at(-1)).toBe("read"), patience);
    expect(laptop.unread).toEqual({ notifications: 0, requests: 0 });
    for (const device of devices) await expectInStep(device, alice);
  });
});

describe("a device that misses something", () => {
  test("while its socket was cut: it joins again and asks", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    device.network.refuse();
    await vi.waitFor(() => expect(device.states.at(-1)).toBe("offline"), patience);
    await follow(alice);
    await follow(alice, carol);
    device.network.heal();
    await device.live();
    await expectInStep(device, alice);
    expect(kinds(device)).toEqual(["replace", "notification", "notification"]);
  });

  test("because a frame was cut in the middle", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    const cut = device.network.cutInMidFrame();
    await follow(alice);
    await cut;
    await expectInStep(device, alice);
    expect(kinds(device)).toEqual(["replace", "notification"]);
  });

  test("because broadcasts were dropped: the next one shows the gap", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    const asked = calls(device, "sync");
    const cursor = await newest(alice);
    device.network.drop(({ payload }) => Number(payload.seq) <= cursor + 2);
    await follow(alice);
    await unfollow(alice);
    expect(device.changes).toHaveLength(1);
    await follow(alice, carol);
    await expectInStep(device, alice);
    expect(device.network.counts.dropped).toBe(2);
    expect(kinds(device)).toEqual(["replace", "notification", "notification", "notification"]);
    // Usually one question is enough. An event may come a moment before it can be read.
    expect(calls(device, "sync")).toBeGreaterThan(asked);
    // A gap is not a failure.
    expect(device.states).not.toContain("offline");
  });

  test("and no later broadcast comes: the regular check finds it, and asks only then", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice, { timing: { checkEveryMs: 200 } });
    await device.live();
    const asked = calls(device, "sync");
    await vi.waitFor(() => expect(calls(device, "unread")).toBeGreaterThan(2), patience);
    expect(calls(device, "sync")).toBe(asked);
    device.network.drop(() => true);
    await follow(alice);
    await expectInStep(device, alice);
    expect(device.network.counts.dropped).toBe(1);
    expect(calls(device, "sync")).toBe(asked + 1);
  });

  test("just before it joined: a check after the join finds it", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice, { timing: { checkAfterJoinMs: 300 } });
    // Nothing that is sent from now on is heard.
    device.network.drop(() => true);
    await device.live();
    await follow(alice);
    await expectInStep(device, alice);
    expect(calls(device, "unread")).toBeGreaterThan(0);
  });

  test("and is woken: it asks at once", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    device.network.drop(() => true);
    await follow(alice);
    await vi.waitFor(() => expect(device.network.counts.dropped).toBe(1), patience);
    device.sync.wake();
    await expectInStep(device, alice);
  });
});

describe("a broadcast while sync() is asked", () => {
  test("is held back, and applied in order afterwards", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    // The answer of the next call gets lost, so the device asks again after a pause.
    const lost = device.network.loseAnswer(({ path }) => path.includes("/rpc/sync"));
    device.sync.wake();
    await follow(alice);
    await lost;
    await follow(alice, carol);
    await unfollow(alice);
    await expectInStep(device, alice);
    expect(kinds(device)).toEqual(["replace", "notification", "notification", "notification"]);
  });

  test("a page of one event at a time brings all of them", async () => {
    const alice = await newAlice();
    const cursor = await newest(alice);
    await follow(alice);
    await follow(alice, carol);
    await unfollow(alice);
    const device = await createDevice(alice, {
      cursors: { [`user:${alice.id}`]: cursor },
      timing: { pageSize: 1 },
    });
    await device.live();
    await expectInOrderFrom(device, cursor);
    expect(kinds(device)).toEqual(["notification", "notification", "notification"]);
  });
});

async function expectInOrderFrom({ changes }: Device, cursor: number): Promise<void> {
  const seqs = changes.map((change) => (change.type === "event" ? change.seq : Number.NaN));
  expect(seqs).toEqual(changes.map((_, index) => cursor + 1 + index));
}

describe("a device that starts over", () => {
  test("because its cursor is ahead of the stream: the snapshot replaces what it has", async () => {
    const alice = await newAlice();
    await follow(alice);
    const device = await createDevice(alice, { cursors: { [`user:${alice.id}`]: 1_000_000 } });
    await device.live();
    expect(kinds(device)).toEqual(["replace"]);
    await expectInStep(device, alice);
    await unfollow(alice);
    await expectInStep(device, alice);
    expect(kinds(device)).toEqual(["replace", "notification"]);
  });

  test("because apply failed: the stream comes again as a snapshot", async () => {
    const alice = await newAlice();
    let isFailing = false;
    const failing: string[] = [];
    const device = await createDevice(alice, {
      onError: ({ message }) => void failing.push(message),
      apply(change) {
        if (isFailing && change.type === "event") {
          isFailing = false;
          throw new Error("The disk is full");
        }
        seen.push(change.type);
      },
    });
    const seen: string[] = [];
    await device.live();
    isFailing = true;
    await follow(alice);
    await vi.waitFor(() => expect(seen.slice(0, 2)).toEqual(["replace", "replace"]), patience);
    expect(failing).toContain("The disk is full");
    // The snapshot may be a moment older than the event. Then the event comes after it.
    await vi.waitFor(async () => {
      expect(device.sync.cursors()).toEqual({ [`user:${alice.id}`]: await newest(alice) });
    }, patience);
  });
});

describe("the end", () => {
  test("after stop nothing is applied, asked or joined any more", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice, { timing: { checkEveryMs: 100 } });
    await device.live();
    await device.sync.stop();
    expect(device.states.at(-1)).toBe("offline");
    expect(device.client.getChannels()).toEqual([]);
    const { requests } = device.network;
    const [asked, changes] = [requests.length, device.changes.length];
    await follow(alice);
    // Another device of hers hears it. So this one could have.
    const other = await createDevice(alice);
    await other.live();
    await vi.waitFor(() => expect(other.network.requests).not.toEqual([]), patience);
    device.sync.wake();
    expect([requests.length, device.changes.length]).toEqual([asked, changes]);
    await expect(device.sync.send({ rpc: "write_post", args: { content: "late" } })).rejects.toThrow(
      /stopped/,
    );
  });

  test("a client has one sync at a time, and another one after it", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    const again = () => createSync(device.client, { apply: (change) => void seen.push(change.type) });
    const seen: string[] = [];
    expect(again).toThrow(/has a sync already/);
    void device.sync.stop();
    const second = again();
    await vi.waitFor(() => expect(second.state()).toBe("live"), patience);
    expect(seen).toEqual(["replace"]);
    await second.stop();
  });

  test("signing out stops it", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    await device.client.auth.signOut({ scope: "local" });
    await vi.waitFor(() => expect(device.states.at(-1)).toBe("offline"), patience);
    await vi.waitFor(() => expect(device.client.getChannels()).toEqual([]), patience);
  });

  test("it waits for somebody to sign in", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.sync.stop();
    await device.client.auth.signOut({ scope: "local" });
    const seen: string[] = [];
    const sync = createSync(device.client, { apply: (change) => void seen.push(change.type) });
    expect(sync.state()).toBe("offline");
    await device.client.auth.signInWithPassword({ email: alice.email, password: alice.password });
    await vi.waitFor(() => expect(sync.state()).toBe("live"), patience);
    expect(seen).toEqual(["replace"]);
    await sync.stop();
  });

  test("a deleted account's device stays offline, and asks ever more rarely", async () => {
    const alice = await newAlice();
    const device = await createDevice(alice);
    await device.live();
    await service().auth.admin.deleteUser(alice.id);
    device.sync.wake();
    await vi.waitFor(() => expect(device.states.at(-1)).toBe("offline"), patience);
    expect(device.errors.join()).toMatch(/does not exist/);
  });
});
