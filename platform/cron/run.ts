/**
 * One run of a job. It sends the command as one message to a session that it has for itself. It can
 * ask the session to stop, and gives it up if it does not.
 */
import { failureMessage } from "./errors.ts";
import type { JobSessions } from "./sessions.ts";
import type { Outcome } from "./store.ts";

export interface RunOptions {
  sessions: JobSessions;
  database: string;
  username: string;
  /** One statement or several. */
  command: string;
  timeoutMs: number;
  /** Called when the session exists. The command starts after its promise. */
  started(pid: number): Promise<void>;
}

export interface Run {
  /** Never rejects. */
  outcome: Promise<Outcome>;
  /**
   * Cancels the command. If that does not help, it ends the session.
   *
   * @param message the outcome's message, instead of the server's words
   */
  cancel(message?: string): void;
  /** Cancels a moment later, unless the run has ended by itself. */
  cancelSoon(message: string): void;
}

/** How long a cancelled command may take before its session is ended. */
const patienceMs = 2000;
/** The moment before cancelSoon() cancels: a job that unschedules itself can end by itself. */
const soonMs = 1000;

export function startRun(options: RunOptions): Run {
  const { sessions, command } = options;
  const quit = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  let cancelCommand: (() => Promise<void>) | undefined;
  let cancelled: { message: string | undefined } | undefined;
  let doomed = false;
  let ended = false;

  function cancel(message?: string): void {
    if (cancelled || ended) return;
    cancelled = { message };
    if (!cancelCommand) {
      quit.abort();
      return;
    }
    void cancelCommand();
    timers.push(setTimeout(() => quit.abort(), patienceMs));
  }

  async function run(): Promise<Outcome> {
    try {
      await using lent = await sessions.lend(options, quit.signal);
      const { session, answers } = lent;
      await options.started(lent.pid);
      quit.signal.throwIfAborted();
      timers.push(setTimeout(cancel, options.timeoutMs));
      answers.reset();
      // Rows are only counted. None is kept.
      const asked = session.sql
        .unsafe(command)
        .simple()
        .raw()
        .forEach(() => {});
      cancelCommand = session.cancel;
      try {
        await asked;
      } finally {
        // A request to cancel may arrive late. It must not meet the next run.
        ended = true;
        if (!cancelled) lent.reuse();
      }
      if (!answers.copies()) return { status: "succeeded", message: answers.last() };
      quit.abort();
      return { status: "failed", message: "COPY not supported" };
    } catch (cause) {
      if (cancelled?.message !== undefined) return { status: "failed", message: cancelled.message };
      if (cancelCommand) return { status: "failed", message: failureMessage(cause, command) };
      if (cancelled) return { status: "failed", message: "job canceled" };
      return { status: "failed", message: "connection failed", reason: (cause as Error).message };
    }
  }

  return {
    outcome: run().finally(() => {
      for (const timer of timers) clearTimeout(timer);
    }),
    cancel,
    cancelSoon(message) {
      if (doomed) return;
      doomed = true;
      timers.push(setTimeout(cancel, soonMs, message));
    },
  };
}
