/**
 * Stops a statement that nobody waits for any more: its client has left, or its time is over. If
 * the server does not stop it, the session is given up.
 */
import type { Session } from "../../database/session.ts";
import { troubleOf } from "../../database/trouble.ts";
import { errors, type RestError } from "../errors.ts";

export interface Watch {
  /** The reason why the statement was stopped, or `cause` if it failed by itself. */
  reason(cause: unknown): unknown;
  /** Ends the watch. If it returns a promise, a request to stop may meet the session's next statement before that. */
  end(): Promise<void> | undefined;
}

/** Most statements end sooner. They do not pay for looking whether the client has left. */
const lookAfterMs = 100;
/** How long a stopped statement may take to end. */
const patienceMs = 1000;

/** @param deadlineMs the time by performance.now() when the statement must have ended */
export function watch(session: Session, request: Pick<Request, "signal">, deadlineMs: number): Watch {
  const leftMs = () => Math.max(0, deadlineMs - performance.now());
  let timer = setTimeout(look, Math.min(lookAfterMs, leftMs()));
  let signal: AbortSignal | undefined;
  let stopped: RestError | undefined;
  let cancelling: Promise<void> | undefined;

  function look(): void {
    timer = setTimeout(() => stop(errors.late()), leftMs());
    signal = request.signal;
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  }

  function leave(): void {
    stop(errors.clientGone());
  }

  function stop(why: RestError): void {
    if (stopped) return;
    stopped = why;
    clearTimeout(timer);
    cancelling = session.cancel();
    timer = setTimeout(() => session.cut(why), patienceMs);
  }

  return {
    reason(cause) {
      const byUs = cause === stopped || (cause as { code?: string }).code === "57014" || troubleOf(cause);
      return stopped && byUs ? stopped : cause;
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      return cancelling;
    },
  };
}
