/**
 * Collects the garbage of a process that has become idle, and gives the memory back to the system. V8
 * collects only when the program needs memory. So without this, an idle process keeps the garbage of its last
 * busy moment. It works in a process that was started with --expose-gc, as cli.js does.
 */

/** The process is idle if it used less than this share of a core since the last look. */
const idleShare = 0.1;
/** Less is not worth the pause. */
const gainBytes = 6 * 2 ** 20;

/** @param lookMs how often we look */
export function collectWhenIdle(lookMs = 5000): Disposable {
  const { gc } = globalThis;
  let keptBytes = 0;
  let used = process.cpuUsage();
  const look = () => {
    const { user, system } = process.cpuUsage(used);
    used = process.cpuUsage();
    if ((user + system) / 1000 > lookMs * idleShare) return;
    if (heapBytes() < keptBytes + gainBytes) return;
    gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    keptBytes = heapBytes();
    // The collection itself is not work of the program.
    used = process.cpuUsage();
  };
  const timer = gc && setInterval(look, lookMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function heapBytes(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external;
}
