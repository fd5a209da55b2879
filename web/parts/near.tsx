/**
 * A box of rows that is in the document only while it is near to what the reader sees. Else the box is empty, and as
 * tall as it was. Long feeds and conversations are made of such boxes.
 */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** The heights of boxes in pixels. Kept outside, so that a page that comes back is as tall as before. */
export interface Heights<Key> {
  get(key: Key): number | undefined;
  set(key: Key, heightPx: number): unknown;
}

interface NearProps<Key> {
  /** Names the box in `heights`. */
  of: Key;
  heights: Heights<Key>;
  /** The height to expect of a box that was never shown. */
  usualPx: number;
  /** Shown with the page. The others wait for their turn: one box in each frame. */
  isAtOnce: boolean;
  /** It stays in the document, wherever the reader is. */
  isHeld?: boolean;
  /** The box that scrolls, if it is not the window. It has `overflow-anchor: none`: this part holds its place. */
  scroller?: { current: HTMLElement | null };
  /** What is in it. Called only while it is near. */
  children: () => ComponentChildren;
}

/** How far above and below the visible part boxes are shown. */
export const nearPx = 1_500;
const rootMargin = `${nearPx}px 0px`;

export function Near<Key>(props: NearProps<Key>) {
  const { of, heights, usualPx, isAtOnce, isHeld = false, scroller, children } = props;
  const element = useRef<HTMLDivElement>(null);
  const isNear = useSignal(isAtOnce);
  const isShown = isNear.value || isHeld;
  const wasAway = useRef(!isShown);
  const now = useRef({ of, isShown });
  now.current = { of, isShown };

  useLayoutEffect(() => {
    const box = element.current;
    if (!box) return undefined;
    const remember = (heightPx: number) => now.current.isShown && heights.set(now.current.of, heightPx);
    const stop = watch(
      box,
      scroller?.current ?? null,
      ({ isIntersecting, boundingClientRect, rootBounds }) => {
        remember(boundingClientRect.height);
        if (!isIntersecting) {
          inTurn.delete(isNear);
          // What has the focus stays, or the focus would be lost.
          if (!box.contains(document.activeElement)) isNear.value = false;
        } else if (isVisible(boundingClientRect, rootBounds)) isNear.value = true;
        else if (!isNear.peek()) takeTurn(isNear);
      },
    );
    return () => {
      stop();
      inTurn.delete(isNear);
      remember(box.offsetHeight);
    };
  }, []);

  const px = heights.get(of) ?? usualPx;
  const shownPx = useRef(px);
  useLayoutEffect(() => {
    const box = element.current;
    const frame = scroller?.current;
    if (!box || !frame) return;
    const beforePx = shownPx.current;
    shownPx.current = box.offsetHeight;
    // It changed while it was away. What is below it stays where the reader sees it.
    const isAbove = box.getBoundingClientRect().bottom <= frame.getBoundingClientRect().top;
    if (isShown && wasAway.current && isAbove) frame.scrollTop += shownPx.current - beforePx;
    wasAway.current = !isShown;
  }, [isShown]);
  return (
    <div class="block" ref={element} style={isShown ? undefined : { blockSize: `${px}px` }}>
      {isShown && children()}
    </div>
  );
}

/** The part that the reader sees is `nearPx` smaller than what counts as near. */
function isVisible(box: DOMRectReadOnly, near: DOMRectReadOnly | null): boolean {
  return near === null || (box.bottom > near.top + nearPx && box.top < near.bottom - nearPx);
}

type Seen = (entry: IntersectionObserverEntry) => void;
const listeners = new WeakMap<Element, Seen>();
/** One observer for all boxes of the window, and one for those of each other box that scrolls. */
const observers = new WeakMap<object, IntersectionObserver>();

/** @returns how to stop */
function watch(box: Element, root: HTMLElement | null, seen: Seen): () => void {
  const observer = observers.get(root ?? document) ?? new IntersectionObserver(tell, { root, rootMargin });
  observers.set(root ?? document, observer);
  listeners.set(box, seen);
  observer.observe(box);
  return () => observer.unobserve(box);
}

function tell(entries: IntersectionObserverEntry[]): void {
  for (const entry of entries) listeners.get(entry.target)?.(entry);
}

/** Boxes that come near. To show all of them at once would hold up the frame. */
const inTurn = new Set<{ value: boolean }>();
let isRunning = false;

function takeTurn(isNear: { value: boolean }): void {
  inTurn.add(isNear);
  if (isRunning) return;
  isRunning = true;
  requestAnimationFrame(showNext);
}

function showNext(): void {
  const [next] = inTurn;
  isRunning = next !== undefined;
  if (!next) return;
  inTurn.delete(next);
  next.value = true;
  requestAnimationFrame(showNext);
}
