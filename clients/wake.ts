/** Tells when a client may have missed something: the page is visible again, the network is back, time passed. */

export interface Wakened {
  /** Something may be missing. */
  wake(): void;
  /** The time for the regular check has come. */
  check(): void;
}

/** A timer that is so much late did not run: the device slept, or the browser held the page's timers. */
const lateMs = 30_000;

/**
 * Calls `check` about every `checkEveryMs`, and `wake` when the browser says so or time was lost.
 * @returns ends it
 */
export function onWake(checkEveryMs: number, { wake, check }: Wakened): () => void {
  let timer: ReturnType<typeof setTimeout>;
  let startedMs = Date.now();

  function start(): void {
    startedMs = Date.now();
    // Not all clients ask at the same moment.
    timer = setTimeout(
      () => {
        const passedMs = Date.now() - startedMs;
        start();
        // Somebody may also have set the clock.
        if (passedMs < 0 || passedMs > 1.1 * checkEveryMs + lateMs) wake();
        else check();
      },
      checkEveryMs * (0.9 + 0.2 * Math.random()),
    );
  }

  const seen = () => {
    if (globalThis.document?.visibilityState !== "hidden") wake();
  };
  const page = globalThis.document;
  const browser = globalThis.window;
  page?.addEventListener("visibilitychange", seen);
  // A page that comes back out of the browser's cache.
  browser?.addEventListener("pageshow", seen);
  browser?.addEventListener("online", wake);
  start();
  return () => {
    clearTimeout(timer);
    page?.removeEventListener("visibilitychange", seen);
    browser?.removeEventListener("pageshow", seen);
    browser?.removeEventListener("online", wake);
  };
}
