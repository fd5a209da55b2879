/**
 * A device of a person: a client with a sync, behind a network that can fail. It keeps what a frontend
 * keeps, and everything that it was told.
 */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { expect, onTestFinished, vi } from "vitest";
import { type Change, createSync, type Sync, type SyncOptions, type SyncState } from "../../clients/sync.ts";
import { type Person, target } from "../people.ts";
import { createFaultyNetwork, type FaultyNetwork } from "./faulty-network.ts";

/** Bounds a test that hangs. */
export const patience = { timeout: 30_000, interval: 20 };

export interface Device {
  client: SupabaseClient;
  network: FaultyNetwork;
  sync: Sync;
  /** What `apply` got, in order. */
  changes: Change[];
  /** The states that `onState` told, in order. */
  states: SyncState[];
  errors: string[];
  /** The groups of notifications that this device shows, by `group_id`, and the unread numbers. */
  groups: Map<number, Record<string, unknown>>;
  unread: unknown;
  live(): Promise<void>;
}

const backOff = { baseMs: 20, maxMs: 200 };
/** Everything is sooner than for people, except the checks: tests that want one say so. */
const quick = { ...backOff, checkEveryMs: 3_600_000, checkAfterJoinMs: 3_600_000 };

/** A new device where this person signs in. @param options replace those of the sync */
export async function createDevice(person: Person, options: Partial<SyncOptions> = {}): Promise<Device> {
  const { url, publishableKey } = target();
  const network = await createFaultyNetwork(url);
  const client = createClient(network.url, publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false, storageKey: crypto.randomUUID() },
    realtime: { reconnectAfterMs: () => 50 },
  });
  const { error } = await client.auth.signInWithPassword({ email: person.email, password: person.password });
  if (error) throw error;
  const device: Omit<Device, "sync"> = {
    client,
    network,
    changes: [],
    states: [],
    errors: [],
    groups: new Map(),
    unread: undefined,
    live: () => vi.waitFor(() => expect(device.states.at(-1)).toBe("live"), patience),
  };
  const sync = createSync(client, {
    apply: (change) => applyTo(device, change),
    onState: (state) => void device.states.push(state),
    onError: (error) => void device.errors.push(error.message),
    ...options,
    timing: { ...quick, ...options.timing },
    outbox: { backOff, ...options.outbox },
  });
  onTestFinished(async () => {
    await sync.stop();
    await client.removeAllChannels();
    await network[Symbol.asyncDispose]();
  });
  return Object.assign(device, { sync });
}

/** What a frontend does with a change: docs/how-to/stay-in-sync.md. */
export function applyTo(device: Omit<Device, "sync">, change: Change): void {
  device.changes.push(change);
  if (change.type === "gone") device.groups.clear();
  if (change.type === "replace") {
    const { notifications, unread } = change.snapshot as { notifications: Group[]; unread: unknown };
    device.groups = new Map(notifications.map((group) => [group.group_id, group]));
    device.unread = unread;
  }
  if (change.type !== "event") return;
  const { unread, ...payload } = change.payload as { unread: unknown } & Group;
  device.unread = unread ?? device.unread;
  if (change.kind === "notification") {
    if (payload.count === 0) device.groups.delete(payload.group_id);
    else device.groups.set(payload.group_id, payload);
  }
  if (change.kind === "read") {
    for (const group of device.groups.values()) {
      if ((group.id as number) <= (change.payload.up_to as number)) group.is_read = true;
    }
  }
}

interface Group extends Record<string, unknown> {
  group_id: number;
  count: number;
}

/** The numbers of the events that a device applied since its last snapshot. They are one row without a gap. */
export function expectInOrder({ changes }: Pick<Device, "changes">): void {
  let cursor: number | undefined;
  for (const change of changes) {
    if (change.type === "replace") cursor = change.cursor;
    if (change.type !== "event") continue;
    expect(change.seq).toBe((cursor ?? Number.NaN) + 1);
    cursor = change.seq;
  }
}
