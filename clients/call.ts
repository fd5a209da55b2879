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

/** What all requests of one sync have in common. */
export interface Calling {
  /** For everything, also for the refresh of an expired token. */
  timeoutMs: number;
  /** Ends the requests when the sync stops. */
  stopped: AbortSignal;
  /** Whether there is a valid token of the person whose sync it is. */
  isSignedIn(): Promise<boolean>;
  /** Gets a new token. The server refuses the one in use, although by the clock of the device it is valid. */
  renewToken(): Promise<unknown>;
}

/** Nobody waits longer than this, even if the server asks for more. */
const longestRetryAfterMs = 15 * 60_000;

/**
 * Sends a request. Never rejects. While the token cannot be refreshed, supabase-js would send it in
 * nobody's name. So then it is not sent.
 */
export async function call(query: Query, calling: Calling): Promise<Answer> {
  const { timeoutMs, stopped, isSignedIn, renewToken } = calling;
  let retryAfterMs = 0;
  noteHeaders(query, (headers) => {
    retryAfterMs = Math.min(longestRetryAfterMs, 1_000 * Number(headers.get("retry-after") ?? 0) || 0);
  });
  const ending = new AbortController();
  const send = async () => {
    if (!(await isSignedIn())) throw new Error("There is no valid token now");
    return query.abortSignal(ending.signal);
  };
  try {
    const { data, error, status } = await within(timeoutMs, stopped, send);
    // The caller tries again after a pause. So a token is renewed at most that often.
    if (status === 401) await within(timeoutMs, stopped, renewToken).catch(() => {});
    return { data, error, status, retryAfterMs };
  } catch (error) {
    return { data: null, error: { message: (error as Error).message }, status: 0, retryAfterMs };
  } finally {
    ending.abort();
  }
}

/** @throws Error when the work takes too long, or everything is stopped. The work may go on unnoticed. */
export async function within<T>(timeoutMs: number, stopped: AbortSignal, work: () => Promise<T>): Promise<T> {
  let end = () => {};
  const ended = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error("The request took too long")), timeoutMs);
    const stop = () => reject(new Error("Stopped"));
    stopped.addEventListener("abort", stop);
    end = () => {
      clearTimeout(timer);
      stopped.removeEventListener("abort", stop);
    };
    if (stopped.aborted) stop();
  });
  try {
    return await Promise.race([ended, work()]);
  } finally {
    end();
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
