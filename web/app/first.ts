/** The first posts of home, which boot.ts asked for before this script was there. */

/** The script of supabase-js waits for the first posts, but not longer than this. */
const patienceMs = 1_500;

/**
 * Resolves when the first posts are on the screen, or boot.ts asked for nothing. What the first second does not need
 * waits for it: a like that is clicked at once does not wait for the rest of the start.
 */
export function firstShown(): Promise<void> {
  shown ??= show();
  return shown;
}

let shown: Promise<void> | undefined;

async function show(): Promise<void> {
  const { answer } = window.plazaFirst ?? {};
  if (!answer) return;
  const enough = new Promise((resolve) => setTimeout(resolve, patienceMs));
  await Promise.race([answer.then(nextFrame).then(idle), enough]);
}

/** After the posts are drawn: a frame begins, and ends. A page in the background has no frames. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** When the browser has nothing to do. Safari cannot tell. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve());
    else setTimeout(resolve);
  });
}

/** @returns the rows, once, if they are here already */
export function firstRows<Row>(rpc: string): Row[] | undefined {
  const first = window.plazaFirst;
  if (first?.rpc !== rpc || !first.rows) return undefined;
  delete window.plazaFirst;
  return first.rows as Row[];
}

/**
 * Takes the answer, once.
 * @param rpc the function whose rows are wanted
 * @returns its rows. Undefined if boot.ts did not ask for them, or was refused: then ask in the usual way
 */
export async function takeFirst<Row>(rpc: string): Promise<Row[] | undefined> {
  const first = window.plazaFirst;
  if (first?.rpc !== rpc) return undefined;
  delete window.plazaFirst;
  return (await first.answer) as Row[] | undefined;
}
