/** One request to the REST API, with a time-out. sync.ts and outbox.ts send all their requests here. */

/** What supabase-js returns from `rpc()` and `from()`, as far as this module uses it. */
export interface Query extends PromiseLike<{ data: unknown; error: Refusal | null; status: number }> {
  abortSignal(signal: AbortSignal): Query;
}

/** An error of the API. `details` has the product's code: docs/errors.md. */
export interface Refusal {
  message: string;
  code?: string;
  details?: string | null;
  hint?: string | null;
}

export interface Answer {
  data: unknown;
  error: Refusal | null;
  /** The HTTP status. 0: there was no answer. The server may have done the request all the same. */
  status: number;
  /** The header `Retry-After` in milliseconds, or 0. */
  retryAfterMs: number;
}

/** Nobody waits longer than this, whatever the server asks for. */
const longestRetryAfterMs = 15 * 60_000;

/**
 * Sends a request. Never rejects.
 * @param timeoutMs for everything, also for the refresh of an expired token, which supabase-js does first
 * @param stopped ends the request when its caller stops
 */
export async function call(query: Query, timeoutMs: number, stopped: AbortSignal): Promise<Answer> {
  let retryAfterMs = 0;
  if (stopped.aborted) return { data: null, error: { message: "Stopped" }, status: 0, retryAfterMs };
  noteHeaders(query, (headers) => {
    retryAfterMs = Math.min(longestRetryAfterMs, 1_000 * Number(headers.get("retry-after") ?? 0) || 0);
  });
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, timeoutMs);
  stopped.addEventListener("abort", end);
  try {
    const ended = new Promise<never>((_, reject) => {
      ending.signal.addEventListener("abort", () => reject(new Error("The request took too long")));
    });
    const { data, error, status } = await Promise.race([query.abortSignal(ending.signal), ended]);
    return { data, error, status, retryAfterMs };
  } catch (error) {
    return { data: null, error: { message: (error as Error).message }, status: 0, retryAfterMs };
  } finally {
    clearTimeout(timer);
    stopped.removeEventListener("abort", end);
  }
}

/**
 * supabase-js answers no headers. So this looks at the answer of the `fetch` that a query uses. A query
 * without one is left as it is. Then nobody sees `Retry-After`, and the usual back-off holds.
 */
function noteHeaders(query: Query, note: (headers: Headers) => void): void {
  const inside = query as unknown as { fetch?: typeof fetch };
  const send = inside.fetch;
  if (typeof send !== "function") return;
  inside.fetch = async (...request) => {
    const response = await send(...request);
    note(response.headers);
    return response;
  };
}
