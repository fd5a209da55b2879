/**
 * Sessions for runs. To open a session costs more than most jobs, so one is kept for the next run. In
 * between it is reset, so a run finds nothing of the earlier one. It is kept for a minute, so that
 * changed settings of its role soon count.
 */
import { endsWithin } from "../ends-within.ts";
import { type JobSession, openSession, type SessionOptions } from "./session.ts";

/** A session that belongs to one run until it is disposed of. */
export interface LentSession extends Pick<JobSession, "pid" | "session" | "answers">, AsyncDisposable {
  /** The run ended by itself, so another run may have the session. Otherwise it is closed. */
  reuse(): void;
}

export interface JobSessions extends AsyncDisposable {
  /**
   * @param signal ends the session at once, until it is disposed of. The server notices within a second
   * @throws the error of the driver or the server, or that the user may not log in
   */
  lend(job: Omit<SessionOptions, "databaseUrl">, signal: AbortSignal): Promise<LentSession>;
}

interface Kept {
  username: string;
  opened: JobSession;
  /** Settles when the run that has it is done with it. Undefined while nobody has it. */
  busy: Promise<void> | undefined;
  /** Closes it, at once or after the run that has it. */
  expired: boolean;
}

/** Jobs often become due at one moment. A run waits this long for the kept session before it opens another. */
const waitMs = 100;
const resetMs = 1000;

/** @param databaseUrl with a superuser. Only sessions in this database are kept, because other databases could not be dropped */
export function createJobSessions(databaseUrl: string, keepMs = 60_000): JobSessions {
  const home = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  let kept: Kept | undefined;
  let expiry: NodeJS.Timeout | undefined;

  async function expire(session: Kept): Promise<void> {
    session.expired = true;
    if (session.busy) return;
    if (kept === session) kept = undefined;
    await session.opened[Symbol.asyncDispose]();
  }

  function keep(opened: JobSession, username: string): Kept {
    const session: Kept = { username, opened, busy: undefined, expired: false };
    kept = session;
    clearTimeout(expiry);
    expiry = setTimeout(() => void expire(session), keepMs).unref();
    return session;
  }

  /** The kept session, if it is free or soon becomes free. It is busy until `done`. */
  async function take(username: string, done: Promise<void>): Promise<Kept | undefined> {
    const endMs = performance.now() + waitMs;
    while (kept?.username === username && !kept.expired) {
      if (!kept.busy) {
        if (kept.opened.session.lost) {
          await expire(kept);
          continue;
        }
        kept.busy = done;
        return kept;
      }
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || !(await endsWithin(kept.busy, leftMs))) return undefined;
    }
    return undefined;
  }

  return {
    async lend({ database, username }, signal) {
      const atHome = database === home;
      const { promise: whenDone, resolve: done } = Promise.withResolvers<void>();
      let session = atHome ? await take(username, whenDone) : undefined;
      const opened = session?.opened ?? (await openSession({ databaseUrl, database, username }, signal));
      const cut = () => opened.session.cut(new Error("the run was given up"));
      signal.addEventListener("abort", cut);
      if (signal.aborted) cut();
      if (!session && atHome && opened.loggedIn && !kept) {
        session = keep(opened, username);
        session.busy = whenDone;
      }
      let reusable = false;
      return {
        pid: opened.pid,
        session: opened.session,
        answers: opened.answers,
        reuse() {
          reusable = true;
        },
        async [Symbol.asyncDispose]() {
          try {
            if (session && reusable && (await isReset(opened)) && !session.expired) return;
            if (session && kept === session) kept = undefined;
            await opened[Symbol.asyncDispose]();
          } finally {
            signal.removeEventListener("abort", cut);
            if (session) session.busy = undefined;
            done();
          }
        },
      };
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(expiry);
      if (kept) await expire(kept);
    },
  };
}

/** Whether the session is as new. It is not if its run left a transaction open, or if the session is lost. */
async function isReset({ session }: JobSession): Promise<boolean> {
  let reset = false;
  const asked = session.sql
    .unsafe("discard all")
    .simple()
    .then(
      () => {
        reset = true;
      },
      () => {},
    );
  await endsWithin(asked, resetMs);
  return reset;
}
