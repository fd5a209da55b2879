/**
 * Bounds on what one function may use. A default is that of hosted Supabase if it
 * names one (supabase.com/docs/guides/functions/limits). The others are our choice.
 */
export interface FunctionLimits {
  /** V8's heap. A process is also ended if its whole memory is larger than this and Deno's own together. */
  memoryMb: number;
  /** The longest wait for the response's head, and between two chunks of its body: 504 IDLE_TIMEOUT. */
  idleTimeoutMs: number;
  /** For one request, from its arrival to the last byte. For background tasks, once their process has to stop. */
  wallClockMs: number;
  /** How long a function may take until it listens: 503 BOOT_ERROR. */
  startTimeoutMs: number;
  /** A process is ended if it does not answer a health check for this long. */
  unresponsiveMs: number;
  /** When the platform stops: the time from SIGTERM to SIGKILL. */
  stopTimeoutMs: number;
  /** A process without requests is stopped after this time. */
  idleStopMs: number;
  /** The longest pause between two starts of a function that keeps failing. */
  restartPauseMaxMs: number;
  requestBodyMaxBytes: number;
  /** Requests that one function works on at a time. */
  concurrentMax: number;
  /** Requests that wait for a free place. Further ones are refused. */
  queuedMax: number;
  /** Replaced processes that may still finish their work. */
  drainingMax: number;
  /** Lines of a function's output in each `logWindowMs`. Further ones are only counted. */
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
