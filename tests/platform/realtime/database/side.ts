/** The database's side of Realtime for the tests of one file, and people who listen to it. */
import { afterAll, beforeAll } from "vitest";
import { silent } from "../../../../platform/log.ts";
import { createDatabaseSide, type DatabaseLimits } from "../../../../platform/realtime/database/index.ts";
import type {
  ChangeParameters,
  ChangeSubscription,
  DatabaseSide,
  Identity,
  StoredMessage,
} from "../../../../platform/realtime/database-side.ts";
import { type SupabaseServer, urlOf, useSupabaseServer } from "../../postgres/supabase-server.ts";

export interface TestSide extends SupabaseServer {
  side: DatabaseSide;
}

/** Filled before the first test of the file. */
export function useDatabaseSide(limits?: Partial<DatabaseLimits>): TestSide {
  const use = useSupabaseServer() as TestSide;
  beforeAll(async () => {
    use.side = await createDatabaseSide({
      databaseUrl: urlOf(use, "supabase_admin"),
      log: silent,
      ...(limits && { limits }),
    });
    await use.side.streaming(30_000);
  });
  afterAll(() => use.side?.[Symbol.asyncDispose]());
  return use;
}

export function person(sub: string, role = "authenticated", more: object = {}): Identity {
  return { role, claims: { sub, role, ...more }, headers: { "user-agent": "test" } };
}

export const alice = person("a11ce000-0000-4000-8000-000000000001");
export const bob = person("b0b00000-0000-4000-8000-000000000001");
export const anon: Identity = { role: "anon", claims: { role: "anon" }, headers: {} };
export const service: Identity = { role: "service_role", claims: { role: "service_role" }, headers: {} };

/** What somebody has heard so far, and a way to wait for more. */
export interface Heard<T> {
  all: T[];
  /** Waits for the first message that matches. @returns what was heard up to it */
  until(fits: (item: T) => boolean): Promise<T[]>;
}

export function hearing<T>(): Heard<T> & { add(item: T): void } {
  const waiting = new Set<() => void>();
  const all: T[] = [];
  return {
    all,
    add(item) {
      all.push(item);
      for (const look of [...waiting]) look();
    },
    until: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          const at = all.findIndex(fits);
          if (at < 0) return;
          waiting.delete(look);
          resolve(all.slice(0, at + 1));
        };
        waiting.add(look);
        look();
      }),
  };
}

export function listen({ side }: TestSide): Heard<StoredMessage> & Disposable {
  const heard = hearing<StoredMessage>();
  const listener = side.onMessage((message) => heard.add(message));
  return { ...heard, [Symbol.dispose]: () => listener[Symbol.dispose]() };
}

export interface Frame {
  ids: number[];
  schema: string;
  table: string;
  type: "INSERT" | "UPDATE" | "DELETE";
  commit_timestamp: string;
  columns: { name: string; type: string }[];
  record?: Record<string, unknown>;
  old_record?: Record<string, unknown>;
  errors: string[] | null;
}

export interface Follower extends Heard<Frame>, AsyncDisposable {
  told: Heard<{ status: "ok" | "error"; message: string }>;
  subscription: ChangeSubscription;
}

/** Follows changes. The entries have the ids 1, 2, … */
export async function follow(
  { side }: { side: DatabaseSide },
  identity: Identity,
  ...entries: Partial<ChangeParameters>[]
): Promise<Follower> {
  const heard = hearing<Frame>();
  const told = hearing<{ status: "ok" | "error"; message: string }>();
  const subscription = await side.subscribe({
    identity,
    entries: entries.map((parameters, index) => ({
      id: index + 1,
      parameters: { event: "*", schema: "public", ...parameters },
    })),
    deliver: (ids, data) => heard.add({ ids, ...JSON.parse(data) }),
    tell: (status, message) => told.add({ status, message }),
  });
  return { ...heard, told, subscription, [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose]() };
}
