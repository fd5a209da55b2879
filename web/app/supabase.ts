/**
 * The client of supabase-js. It is most of the script, and home shows its first posts without it. So it is a file of
 * its own, which `plaza.ts` loads. Only that file imports this one.
 */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { backOffMs } from "../../clients/back-off.ts";
import type { Database } from "../../supabase/database.types.ts";
import { apiUrl, publishableKey, sessionKey } from "./config.ts";

export { createSync } from "../../clients/sync.ts";

/** No request waits longer. */
const timeoutMs = 20_000;

export const supabase: SupabaseClient<Database> = createClient<Database>(apiUrl, publishableKey, {
  auth: { storageKey: sessionKey, detectSessionInUrl: false },
  realtime: { reconnectAfterMs: backOffMs, transport: WebSocket },
  global: {
    fetch(input, init) {
      const bound = AbortSignal.timeout(timeoutMs);
      const signal = init?.signal ? AbortSignal.any([init.signal, bound]) : bound;
      return fetch(input, { ...init, signal });
    },
  },
});
