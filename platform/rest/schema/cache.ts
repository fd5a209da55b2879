/**
 * Keeps the schema graph fresh: loaded at the start, again on
 * `notify pgrst` and whenever the listening connection had to be replaced.
 * Requests always find a whole graph, the old one or the new one.
 */
import postgres from "postgres";
import type { Log } from "../../log.ts";
import type { Statement } from "../sql/text.ts";
import { loadSchema } from "./load.ts";
import type { SchemaGraph } from "./types.ts";

export interface SchemaCache extends AsyncDisposable {
  current(): SchemaGraph;
  /**
   * Resolves when every change that was announced before the call is in
   * current(), or after two seconds.
   */
  settle(): Promise<void>;
  /** Names that Postgres knows time zones by; asked for once. */
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
  let listening = false;
  let wanted = 0;
  let loaded = 0;
  let working: Promise<void> | undefined;

  const sql = postgres(options.databaseUrl, {
    max: 1,
    fetch_types: false,
    idle_timeout: undefined,
    max_lifetime: null,
    backoff: () => 0.1,
    connection: { application_name: "rest schema cache", search_path: "" },
    onnotice: () => {},
    onnotify: (channel: string, payload: string) => {
      if (channel !== "pgrst") return;
      if (payload === "" || payload === "reload schema" || payload === "reload config") refresh();
    },
    onclose: () => {
      listening = false;
      if (!ended) refresh();
    },
  } as postgres.Options<Record<string, never>>);

  const ask = async ({ text, values }: Statement): Promise<string> => {
    const [row] = await sql.unsafe(text, values, { prepare: false });
    return String(row?.value);
  };

  async function load(): Promise<SchemaGraph> {
    if (!listening) {
      await sql.unsafe("listen pgrst");
      listening = true;
    }
    return loadSchema(ask, options);
  }

  let graph = await load();

  /** One loader at a time; announcements that come while it works make it go round again. */
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

  let barrier: Promise<unknown> | undefined;
  let zones: Promise<Set<string>> | undefined;

  return {
    current: () => graph,
    async settle() {
      const settled = (async () => {
        // A connection hears what was announced before its query by the time it is answered.
        // One under way may have started too early for this request: wait, then ask anew.
        await barrier?.catch(() => {});
        barrier ??= sql.unsafe("select 1").then(
          () => {
            barrier = undefined;
          },
          () => {
            barrier = undefined;
          },
        );
        await barrier;
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
      zones ??= ask({
        text: "select json_agg(name)::text as value from pg_timezone_names",
        values: [],
      }).then((names) => new Set(JSON.parse(names) as string[]));
      zones.catch(() => {
        zones = undefined;
      });
      return zones;
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      await sql.end({ timeout: 2 });
      await working;
    },
  };
}
