/**
 * Bounds on what one function may use. Defaults are hosted Supabase's where it
 * names one (supabase.com/docs/guides/functions/limits), else chosen here.
 */
export interface FunctionLimits {
  /** V8 heap; a process whose whole memory exceeds this by more than its own baseline is ended too. */
  memoryMb: number;
  /** Until the response's head, and between two chunks of its body: 504 IDLE_TIMEOUT. */
  idleTimeoutMs: number;
  /** For one request from arrival to last byte, and for background tasks once their process is to stop. */
  wallClockMs: number;
  /** Until the function listens: 503 BOOT_ERROR. */
  startTimeoutMs: number;
  /** A process that does not answer a health check for this long while it has requests is ended. */
  unresponsiveMs: number;
  /** When the platform stops: from SIGTERM to SIGKILL. */
  stopTimeoutMs: number;
  /** A process without requests is stopped after this time. */
  idleStopMs: number;
  /** The longest pause between two starts of a function that keeps failing. */
  restartPauseMaxMs: number;
  requestBodyMaxBytes: number;
  /** Requests that one function works on at a time. */
  concurrentMax: number;
  /** Requests that wait for a free place; further ones are refused. */
  queuedMax: number;
  /** Replaced processes that may still be finishing their work. */
  drainingMax: number;
  /** Lines of a function's output per `logWindowMs`; further ones are counted, not kept. */
  logLinesMax: number;
  logWindowMs: number;
  logLineMaxChars: number;
}

export const defaultLimits: FunctionLimits = {
  memoryMb: 256,
  idleTimeoutMs: 150_000,
  wallClockMs: 400_000,
  startTimeoutMs: 30_000,
  unresponsiveMs: 10_000,
  stopTimeoutMs: 5_000,
  idleStopMs: 300_000,
  restartPauseMaxMs: 30_000,
  requestBodyMaxBytes: 20 * 1024 * 1024,
  concurrentMax: 100,
  queuedMax: 500,
  drainingMax: 3,
  logLinesMax: 1_000,
  logWindowMs: 10_000,
  logLineMaxChars: 10_000,
};
