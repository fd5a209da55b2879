/** When a sync asks without a broadcast: the page is seen again, the network is back, the device slept. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { onWake } from "../../clients/wake.ts";
import { type Person, signUp } from "../people.ts";
import { createDevice, patience } from "./device.ts";

/** A browser, as far as the module looks at it. Signing up needs none, so it comes first. */
let page: EventTarget & { visibilityState: string };
let browser: EventTarget;
let alice: Person;
let bob: Person;
beforeEach(async () => {
  [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  browser = new EventTarget();
  vi.stubGlobal("document", page);
  vi.stubGlobal("window", browser);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function show(state: "visible" | "hidden"): void {
  page.visibilityState = state;
  page.dispatchEvent(new Event("visibilitychange"));
}

describe("onWake", () => {
  test("wakes when the page is seen again and when the network is back, until its end", () => {
    const woken: string[] = [];
    const end = onWake(60_000, { wake: () => void woken.push("wake"), check: () => {} });
    show("hidden");
    expect(woken).toHaveLength(0);
    show("visible");
    browser.dispatchEvent(new Event("online"));
    browser.dispatchEvent(new Event("pageshow"));
    expect(woken).toHaveLength(3);
    end();
    show("visible");
    browser.dispatchEvent(new Event("online"));
    browser.dispatchEvent(new Event("pageshow"));
    expect(woken).toHaveLength(3);
  });

  test("checks about once a minute, and wakes when a timer is late or the clock was set back", () => {
    vi.useFakeTimers();
    const told: string[] = [];
    const end = onWake(60_000, { wake: () => void told.push("wake"), check: () => void told.push("check") });
    vi.advanceTimersByTime(10 * 60_000);
    expect(told.length).toBeGreaterThanOrEqual(9);
    expect(told.length).toBeLessThanOrEqual(11);
    expect(new Set(told)).toEqual(new Set(["check"]));
    // The device sleeps for an hour: its clock goes on, its timers do not.
    for (const sleptMs of [3_600_000, -3_600_000]) {
      told.length = 0;
      vi.setSystemTime(Date.now() + sleptMs);
      vi.advanceTimersByTime(3 * 66_000);
      expect(told.slice(0, 3)).toEqual(["wake", "check", "check"]);
    }
    end();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a device that missed a broadcast", () => {
  async function missing() {
    const device = await createDevice(alice);
    await device.live();
    device.network.drop(() => true);
    await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
    await vi.waitFor(() => expect(device.network.counts.dropped).toBe(1), patience);
    expect(device.changes).toHaveLength(1);
    return device;
  }

  test("finds it when the page is seen again", async () => {
    const device = await missing();
    show("hidden");
    show("visible");
    await vi.waitFor(() => expect(device.changes).toHaveLength(2), patience);
  });

  test("finds it when the network is back", async () => {
    const device = await missing();
    browser.dispatchEvent(new Event("online"));
    await vi.waitFor(() => expect(device.changes).toHaveLength(2), patience);
  });
});

test("a frozen network: each request is given up in time, and afterwards the device is in step", async () => {
  const device = await createDevice(alice, { timing: { callTimeoutMs: 200 } });
  await device.live();
  device.network.freeze();
  device.sync.wake();
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  await vi.waitFor(() => expect(device.errors).toContain("The request took too long"), patience);
  expect(device.states.at(-1)).toBe("offline");
  device.network.heal();
  await device.live();
  await vi.waitFor(() => expect(device.changes).toHaveLength(2), patience);
});
