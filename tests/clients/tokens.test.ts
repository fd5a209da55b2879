/** A sync whose token expires. The platform of this file gives tokens for a few seconds only. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createLog } from "../../platform/log.ts";
import { createPlatform, type Platform } from "../../platform/platform.ts";
import { type Person, signUp } from "../people.ts";
import { createDevice, type Device, patience } from "./device.ts";

/** supabase-js takes a token for expired 90 seconds before it is. So it refreshes this one for each request. */
const expiryS = 4;
const plenty = 1_000_000;

let platform: Platform;
let bob: Person;
beforeAll(async () => {
  platform = await createPlatform({
    ephemeralPorts: true,
    seed: false,
    config: {
      auth: {
        jwt_expiry: expiryS,
        email: { max_frequency: "1ms" },
        rate_limit: { token_refresh: plenty, sign_in_sign_ups: plenty, token_verifications: plenty },
      },
    },
    log: createLog((line) => process.stderr.write(`${line}\n`), "error"),
  });
  process.env.PLAZA_URL = platform.url;
  process.env.PLAZA_PUBLISHABLE_KEY = platform.keys.publishableKey;
  process.env.PLAZA_SECRET_KEY = platform.keys.secretKey;
  process.env.PLAZA_MAIL_URL = platform.mailUrl;
  bob = await signUp("bob");
});
afterAll(() => platform?.[Symbol.asyncDispose]());

const refreshes = ({ network }: Device) =>
  network.requests.filter((request) => request === "POST /auth/v1/token").length;
const kinds = ({ changes }: Device) =>
  changes.map((change) => (change.type === "event" ? change.kind : change.type));

test("the server closes the channel of an expired token, and the device joins again with a fresh one", async () => {
  const alice = await signUp("alice");
  const device = await createDevice(alice);
  await device.live();
  const before = refreshes(device);
  // The server closes it when the token expires.
  await vi.waitFor(() => expect(device.errors).toContain("CLOSED"), patience);
  await device.live();
  expect(refreshes(device)).toBeGreaterThan(before);
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  await vi.waitFor(() => expect(kinds(device)).toEqual(["replace", "notification"]), patience);
});

test("what happens while the token cannot be refreshed is there after the refresh, once", async () => {
  const alice = await signUp("alice");
  const device = await createDevice(alice);
  await device.live();
  const { data } = await device.client.auth.getSession();
  const expiresAtS = data.session?.expires_at ?? 0;
  device.network.refuse();
  await vi.waitFor(() => expect(device.states.at(-1)).toBe("offline"), patience);
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  await vi.waitFor(() => expect(Date.now() / 1000).toBeGreaterThan(expiresAtS), patience);
  device.network.heal();
  await device.live();
  await vi.waitFor(() => expect(kinds(device)).toEqual(["replace", "notification"]), patience);
});

test("without a valid token nothing is sent in nobody's name, and no write is lost", async () => {
  const alice = await signUp("alice");
  const refused: unknown[] = [];
  const device = await createDevice(alice, {
    timing: { callTimeoutMs: 300 },
    outbox: { onRefused: (entry) => void refused.push(entry) },
  });
  await device.live();
  // Only Auth is down. supabase-js tries again by itself, with pauses of 200, 400, 800 ms and so on.
  const answers = Array.from({ length: 5 }, () =>
    device.network.answer(503, {}, ({ path }) => path.startsWith("/auth/v1/token")),
  );
  const before = device.network.requests.length;
  await device.sync.send({ rpc: "write_post", args: { content: "with a token" } });
  device.sync.wake();
  await Promise.all(answers);
  const sent = device.network.requests.slice(before).filter((request) => !request.includes("/auth/"));
  expect(sent).toEqual([]);
  await vi.waitFor(async () => expect(await device.sync.pending()).toEqual([]), patience);
  await device.live();
  expect(refused).toEqual([]);
  const { data: posts } = await alice.client
    .from("posts")
    .select("content")
    .eq("author_id", alice.id)
    .throwOnError();
  expect(posts).toEqual([{ content: "with a token" }]);
});

test("refreshed tokens cause no further requests by themselves", async () => {
  const alice = await signUp("alice");
  const device = await createDevice(alice);
  await device.live();
  const { error } = await device.client.auth.refreshSession();
  expect(error).toBeNull();
  const syncs = () => device.network.requests.filter((request) => request.endsWith("/rpc/sync")).length;
  const [asked, joined] = [syncs(), device.network.counts.sockets];
  // A broadcast after the refresh. A request that the refresh caused would be there by now.
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  await vi.waitFor(() => expect(kinds(device).at(-1)).toBe("notification"), patience);
  expect([syncs() - asked, device.network.counts.sockets - joined]).toEqual([0, 0]);
});
