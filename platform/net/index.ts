/**
 * Sends the requests that the stand-in for pg_net queues (postgres/extensions/), as pg_net 0.20 does.
 * People use it only through SQL: `net.http_post(…)`.
 */
import { createBell } from "../bell.ts";
import { endsWithin } from "../ends-within.ts";
import type { Log } from "../log.ts";
import { createDeliveries, type DeliveryLimits } from "./deliveries.ts";
import { createStore, expiredMax, type Settings, type Store } from "./store.ts";

export interface NetLimits extends DeliveryLimits {
  /** When the service stops, requests have this time to end. Then they are given up, and sent at the next start. */
  graceMs: number;
}

export interface NetOptions {
  /** The address of the database that holds the queue, for the role postgres. */
  databaseUrl: string;
  /** Puts the real address in place of one that only Supabase's containers know. */
  resolveUrl?: (url: string) => string;
  /** Replace the default limits. */
  limits?: Partial<NetLimits>;
  log: Log;
}

const mebibyte = 1024 * 1024;
const defaultLimits: NetLimits = {
  requestsMax: 200,
  bodyMaxBytes: 16 * mebibyte,
  readMaxBytes: 32 * mebibyte,
  responseMaxBytes: 8 * mebibyte,
  responsesMaxBytes: 64 * mebibyte,
  graceMs: 3000,
};
/**
 * The database announces a new request. It does not announce a created extension, an expired response, a
 * row that somebody inserted by hand, or that another worker has ended, so look again after this time.
 */
const lookAgainMs = { ours: 10_000, notOurs: 2000 };
const backoffMs = { least: 50, most: 5000 };
/** When the service stops, the last responses have this time to be written. */
const closeMs = 2000;

/** Connects and waits for the extension by itself. What fails is tried again. */
export function createNet(options: NetOptions): AsyncDisposable {
  const { databaseUrl, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const bell = createBell();
  let stopping = false;
  let drained = false;
  let store: Store | undefined;
  let era: string | undefined;
  const deliveries = createDeliveries({
    limits,
    resolveUrl: options.resolveUrl ?? ((url) => url),
    ended: bell.ring,
  });

  const working = (async () => {
    let attempts = 0;
    while (!drained) {
      const news: News = { changed: false, restart: false, lost: false };
      const tell = (what: keyof News) => () => {
        news[what] = true;
        bell.ring();
      };
      try {
        store = createStore({
          databaseUrl,
          changed: tell("changed"),
          restart: tell("restart"),
          lost: tell("lost"),
        });
        await serve(store, news, () => {
          attempts = 0;
        });
      } catch (cause) {
        const level = attempts === 0 && !stopping ? "warn" : "debug";
        log(level, `requests are not sent until the database is back: ${(cause as Error).message}`);
      } finally {
        const closing = store;
        store = undefined;
        await closing?.[Symbol.asyncDispose]();
      }
      // Another worker may send them now.
      deliveries.forget();
      const delayMs = Math.min(backoffMs.least * 2 ** attempts++, backoffMs.most);
      if (!stopping) await bell.wait(delayMs, () => stopping);
      else if (!drained) await bell.wait(delayMs, () => drained);
    }
  })();

  /**
   * Works until the service stops or is not needed, or until somebody asks for a new worker.
   * @throws the database's error, or that the database is away
   */
  async function serve(current: Store, news: News, reached: () => void): Promise<void> {
    let settings: Settings | undefined;
    let lookedMs = Number.NEGATIVE_INFINITY;
    /** Whether the queue may hold something that we have not read. */
    let more = false;
    const before = era;
    era = await current.era();
    if (before !== undefined && before !== era) deliveries.discard();
    while (!drained) {
      if (news.lost) throw new Error("the connection was lost");
      if (news.restart) {
        log("info", "somebody asked for a new worker");
        return;
      }
      const nowMs = performance.now();
      if (nowMs - lookedMs >= (settings ? lookAgainMs.ours : lookAgainMs.notOurs)) {
        lookedMs = nowMs;
        const keeper = await current.keeper();
        if (keeper === "library") {
          log("info", "the server sends the requests itself, with the pg_net library");
          drained = true;
          return;
        }
        if (keeper === "absent") deliveries.discard();
        settings = keeper === "us" ? await current.settings() : undefined;
        if (settings) {
          deliveries.set(settings);
          more = true;
          if ((await current.expire(settings.ttl)) === expiredMax) lookedMs = Number.NEGATIVE_INFINITY;
        }
      }
      if (settings) {
        if (news.changed) more = true;
        news.changed = false;
        await deliveries.write(current);
        if (more && !stopping && deliveries.idle()) {
          more = await deliveries.read(current);
          continue;
        }
      }
      reached();
      const restMs = lookedMs + (settings ? lookAgainMs.ours : lookAgainMs.notOurs) - performance.now();
      if (!drained) await bell.wait(Math.max(restMs, 1));
    }
    await deliveries.write(current);
  }

  return {
    async [Symbol.asyncDispose]() {
      stopping = true;
      deliveries.forget();
      await deliveries.drain(limits.graceMs);
      drained = true;
      bell.ring();
      // The store may still wait for something, for example a lock. End that wait.
      if (!(await endsWithin(working, closeMs))) store?.cut(new Error("the service stops"));
      await working;
    },
  };
}

/** What the connection told since the last look. */
interface News {
  changed: boolean;
  restart: boolean;
  lost: boolean;
}
