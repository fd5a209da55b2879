/**
 * Keeps the focus near. If what has the focus leaves the page, such as the post of somebody who was just blocked,
 * the focus goes to the row that takes its place, or to the heading of the page.
 */

/** A row of a list. */
const rowOf = "article.row, li";
const reachable = "a[href], button:not(:disabled), input, textarea, select, summary, [tabindex='0']";

/** Where the focus is, and the next rows after it and before it in the same list. */
let focused: Element | undefined;
let others: Element[] = [];
const mostOthers = 20;

/** Call it once, when there is a page. */
export function watchFocus(): void {
  document.addEventListener("focusin", ({ target }) => remember(target as Element));
  new MutationObserver(() => {
    if (!focused || focused.isConnected || document.activeElement !== document.body) return;
    focused = undefined;
    const row = others.map(standing).find((each) => each !== null);
    const to = row?.matches("[tabindex]") ? row : row?.querySelector(reachable);
    ((to as HTMLElement | undefined) ?? document.querySelector("h1"))?.focus({ preventScroll: true });
  }).observe(document.body, { childList: true, subtree: true });
}

/** The row, or a new element for the same post or person. */
function standing(row: Element): Element | null {
  return row.isConnected ? row : row.id ? document.getElementById(row.id) : null;
}

function remember(target: Element): void {
  // A dialog goes away by itself, and gives the focus back to what opened it.
  if (target.closest("dialog")) return;
  focused = target;
  const row = target.closest(rowOf);
  const rows = row ? [...(row.closest("[role=feed], ul, ol, section")?.querySelectorAll(rowOf) ?? [])] : [];
  const at = row ? rows.indexOf(row) : -1;
  others = [
    ...rows.slice(at + 1, at + 1 + mostOthers),
    ...rows.slice(Math.max(0, at - mostOthers), Math.max(0, at)).toReversed(),
  ];
}
