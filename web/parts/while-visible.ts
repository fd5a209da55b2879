/** Does something again and again while somebody looks at the page. */

const longestMs = 5 * 60_000;

/**
 * Also does it when the page is seen again. After a failure, the pause doubles, up to five minutes.
 * @returns how to stop
 */
export function whileVisible(everyMs: number, act: () => Promise<unknown>): () => void {
  let pauseMs = everyMs;
  let timer = 0;
  let isRunning = false;
  let isStopped = false;

  async function run(): Promise<void> {
    if (isStopped || document.visibilityState !== "visible" || isRunning) return;
    isRunning = true;
    try {
      await act();
      pauseMs = everyMs;
    } catch {
      pauseMs = Math.min(longestMs, pauseMs * 2);
    }
    isRunning = false;
    plan();
  }

  function plan(): void {
    clearTimeout(timer);
    if (!isStopped) timer = window.setTimeout(run, pauseMs);
  }

  plan();
  const seen = () => void run();
  document.addEventListener("visibilitychange", seen);
  addEventListener("focus", seen);
  addEventListener("online", seen);
  return () => {
    isStopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", seen);
    removeEventListener("focus", seen);
    removeEventListener("online", seen);
  };
}
