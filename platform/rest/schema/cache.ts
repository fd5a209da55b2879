/**
 * Keeps the schema graph fresh. It loads the graph at the start, after each
 * `notify pgrst`, and after the listening connection was replaced.
 * A request always finds a whole graph, the old one or the new one.
 */
import { createSession, type Session } from "../../database/session.ts";
import { createSlot } from "../../database/slot.ts";
import type { Log } from "../../log.ts";
import type { Statement } from "../sql/text.ts";
import { loadSchema } from "./load.ts";
import type { SchemaGraph } from "./types.ts";

export interface SchemaCache extends AsyncDisposable {
  current(): SchemaGraph;
  /**
   * Resolves when current() has every change that was announced before the call, or after
   * two seconds.
   */
  settle(): Promise<void>;
  /** The names of time zones in Postgres. The database is asked only once. */
  timezones(): Promise<Set<string>>;
}

export interface SchemaCacheOptions {
  databaseUrl: string;
  schemas: string[];
  extraSearchPath: string[];
  log: Log;
}

const settleMaxMs = 2000;
const retryMs = { first: 100, most: 5000 };

/** @throws the driver's error when the first load fails */
export async function createSchemaCache(options: SchemaCacheOptions): Promise<SchemaCache> {
  const { log } = options;
  let ended = false;
  let wanted = 0;
  let loaded = 0;
  let working: Promise<void> | undefined;

  const slot = createSlot(() => {
    const session = createSession({
      databaseUrl: options.databaseUrl,
      name: "rest schema cache",
      settings: { search_path: "" },
      notify(channel, payload) {
        if (channel !== "pgrst") return;
        if (payload === "" || payload === "reload schema" || payload === "reload config") refresh();
      },
    });
    void session.whenLost.then(() => {
      if (!ended && session.ready) refresh();
    });
    return { session, listening: false };
  });

  const ask =
    ({ sql }: Session) =>
    async ({ text, values }: Statement): Promise<string> => {
      const [row] = await sql.unsafe(text, values, { prepare: false });
      return String(row?.value);
    };

  async function load(): Promise<SchemaGraph> {
    const place = await slot.take();
    if (!place.listening) {
      await place.session.sql.unsafe("listen pgrst");
      place.listening = true;
    }
    // The queries read the whole catalog, and the server keeps 8 MB for a session that did that. So they have
    // sessions of their own, which end. Two, because a start waits for them.
    const open = () =>
      createSession({
        databaseUrl: options.databaseUrl,
        name: "rest schema reader",
        settings: { search_path: "" },
      });
    await using first = open();
    await using second = open();
    let count = 0;
    return await loadSchema((statement) => ask(count++ % 2 === 0 ? first : second)(statement), options);
  }

  let graph = await load().catch(async (cause) => {
    await slot[Symbol.asyncDispose]();
    throw cause;
  });

  /** There is one loader at a time. If an announcement comes while it works, it loads once more. */
  function refresh(): void {
    wanted++;
    working ??= (async () => {
      let waitMs = retryMs.first;
      while (loaded < wanted && !ended) {
        const target = wanted;
        try {
          graph = await load();
          loaded = target;
          log("debug", "schema cache reloaded");
        } catch (cause) {
          if (ended) break;
          log("warn", `schema cache not reloaded, trying again: ${(cause as Error).message}`);
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          waitMs = Math.min(waitMs * 2, retryMs.most);
        }
      }
      working = undefined;
    })();
  }

  async function hear(): Promise<void> {
    const { session } = await slot.take();
    await session.sql.unsafe("select 1");
  }

  async function readTimezones(): Promise<Set<string>> {
    const { session } = await slot.take();
    const text = "select json_agg(name)::text as value from pg_timezone_names";
    return new Set(JSON.parse(await ask(session)({ text, values: [] })) as string[]);
  }

  let barrier: Promise<unknown> | undefined;
  let zones: Promise<Set<string>> | undefined;

  return {
    current: () => graph,
    async settle() {
      const settled = (async () => {
        // When a query is answered, its connection has heard everything announced before the query.
        // A query that already runs may have started too early for this request. So wait for it, then
        // ask again.
        await barrier?.catch(() => {});
        barrier ??= hear().finally(() => {
          barrier = undefined;
        });
        await barrier.catch(() => {});
        await working;
      })();
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        settled,
        new Promise((resolve) => {
          timer = setTimeout(resolve, settleMaxMs);
        }),
      ]);
      clearTimeout(timer);
    },
    timezones() {
      zones ??= readTimezones();
      zones.catch(() => {
        zones = undefined;
      });
      return zones;
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      await slot[Symbol.asyncDispose]();
      await working;
    },
  };
}
