/**
 * The threads that hash passwords (password-worker.ts). bcrypt takes tens of milliseconds per
 * password. In the main thread that would stop all other answers. With all cores, it would make
 * readers wait for a core. So there are as many threads as cores, and one fewer while others are served.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { clientGone, crowded, internal } from "./errors.ts";
import type { Reply, Request } from "./password-worker.ts";

export interface HashThreads extends AsyncDisposable {
  /** The number of threads. They start when there is work for them, and stay. */
  readonly size: number;
  /**
   * Makes a hash, or compares the password with `hash`.
   * @param signal of the client. If the client leaves before a thread has the job, nobody does it
   * @throws AuthError over_request_rate_limit, request_timeout if the client left, unexpected_failure if
   *   the thread ends
   */
  run(password: string, hash?: string, signal?: AbortSignal): Promise<string | boolean>;
}

/** The most jobs, waiting or at work. With more, clients would give up before their answer. */
const jobsMax = 500;
/** Jobs of one thread: one at work, and the next, so that it need not wait for the main thread. */
const threadJobsMax = 2;

interface Job {
  password: string;
  hash: string | undefined;
  resolve(result: string | boolean): void;
  reject(error: Error): void;
}

/** @param othersActive whether others are served now */
export function createHashThreads(
  othersActive: () => boolean = () => false,
  cores = availableParallelism(),
): HashThreads {
  const threads: Thread[] = [];
  /** First come, first served. */
  const waiting = new Set<Job>();
  const jobs = () => threads.reduce((sum, thread) => sum + thread.jobs, waiting.size);

  /** Gives jobs to threads. Each thread asks for more when it has done one. */
  function share(): void {
    const threadsMax = Math.max(1, Math.min(4, othersActive() ? cores - 1 : cores));
    while (waiting.size > 0) {
      const usable = threads.slice(0, threadsMax);
      let thread = usable.find((candidate) => candidate.jobs === 0);
      if (!thread && usable.length < threadsMax) {
        const started = startThread(share, () => {
          threads.splice(threads.indexOf(started), 1);
          share();
        });
        threads.push(started);
        thread = started;
      }
      thread ??= usable.find((candidate) => candidate.jobs < threadJobsMax);
      if (!thread) return;
      const [next] = waiting;
      waiting.delete(next as Job);
      thread.run(next as Job);
    }
  }

  return {
    get size() {
      return threads.length;
    },
    async run(password, hash, signal) {
      if (jobs() >= jobsMax) throw crowded();
      if (signal?.aborted) throw clientGone();
      const { promise, resolve, reject } = Promise.withResolvers<string | boolean>();
      const job: Job = { password, hash, resolve, reject };
      const leave = () => {
        if (waiting.delete(job)) reject(clientGone());
      };
      signal?.addEventListener("abort", leave, { once: true });
      waiting.add(job);
      share();
      return promise.finally(() => signal?.removeEventListener("abort", leave));
    },
    async [Symbol.asyncDispose]() {
      for (const job of waiting) job.reject(internal("Error hashing password"));
      waiting.clear();
      await Promise.all([...threads].map((thread) => thread.stop()));
    },
  };
}

interface Thread {
  /** The number of jobs, waiting or at work. */
  readonly jobs: number;
  run(job: Job): void;
  stop(): Promise<void>;
}

/**
 * @param done called after every job
 * @param ended called once, when the thread takes no more jobs
 */
function startThread(done: () => void, ended: () => void): Thread {
  const worker = new Worker(new URL("./password-worker.ts", import.meta.url));
  const jobs = new Map<number, Job>();
  let lastId = 0;
  let cause: unknown;
  worker.unref();
  worker.on("message", ({ id, result }: Reply) => {
    jobs.get(id)?.resolve(result);
    jobs.delete(id);
    done();
    if (jobs.size === 0) worker.unref();
  });
  worker.on("error", (error) => {
    cause = error;
  });
  worker.on("exit", () => {
    for (const job of jobs.values()) job.reject(internal("Error hashing password", cause));
    jobs.clear();
    ended();
  });
  return {
    get jobs() {
      return jobs.size;
    },
    run(job) {
      const id = ++lastId;
      jobs.set(id, job);
      // A working thread keeps the process alive. An idle one does not.
      worker.ref();
      const { password, hash } = job;
      worker.postMessage({ id, password, ...(hash === undefined ? {} : { hash }) } satisfies Request);
    },
    async stop() {
      await worker.terminate();
    },
  };
}
