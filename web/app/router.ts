/**
 * Which page is shown. A path is matched against `routes.ts`. Links are plain `<a href>`: one listener turns
 * clicks on them into `navigate()`. Going back brings back the place on the page.
 */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";

export type Params = Record<string, string>;
export interface PageProps {
  params: Params;
  query: URLSearchParams;
}
export type Page = ComponentType<PageProps>;
export interface Route {
  /** `/posts/:id`: a name after a colon takes one part of the path. */
  path: string;
  /** The page, or how to load it. A page that is loaded later is a file of its own. */
  page?: Page;
  load?: () => Promise<{ default: Page }>;
  /** Only for people who are signed in. Others are asked to sign in, and come back. */
  signedIn?: boolean;
}

/** The address without the origin: `/posts/1?x=y`. */
export const address = signal(here());
/** Grows with each navigation. The page heading takes the focus when it has changed. */
export const visits = signal(0);
/** The reader went back or forward to this page. It is shown as it was left. */
export let isReturn = false;

function here(): string {
  return location.pathname + location.search;
}

/** @param to a path on this site */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to === here()) {
    scrollTo({ top: 0 });
    return;
  }
  keepPlace();
  if (replace) history.replaceState({ y: 0, depth: depth() }, "", to);
  else history.pushState({ y: 0, depth: depth() + 1 }, "", to);
  arrive(0, false);
}

/** Goes to the page before, or to `otherwise` if there is none on this site. */
export function back(otherwise = "/"): void {
  if (depth() > 0) history.back();
  else navigate(otherwise, { replace: true });
}

/** How many pages of this site are before this one. The browser keeps it with the page, also over a reload. */
function depth(): number {
  return (history.state as { depth?: number } | null)?.depth ?? 0;
}

/**
 * Call it before something that takes long.
 * @returns leads on after it, but only if the person is still on this page. They may have gone elsewhere
 */
export function whileHere(): (leadOn: () => void) => void {
  const visit = visits.peek();
  return (leadOn) => {
    if (visits.peek() === visit) leadOn();
  };
}

function keepPlace(): void {
  history.replaceState({ ...history.state, y: scrollY }, "");
}

function arrive(y: number, returns: boolean): void {
  isReturn = returns;
  address.value = here();
  visits.value++;
  // The page may need some frames until it is tall enough.
  let frames = 0;
  const scroll = () => {
    scrollTo({ top: y, behavior: "instant" });
    if (Math.abs(scrollY - y) > 1 && frames++ < 20) requestAnimationFrame(scroll);
  };
  requestAnimationFrame(scroll);
}

/** Call it once, at the start. */
export function watchAddress(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", (event) => arrive((event.state as { y?: number } | null)?.y ?? 0, true));
  let keeping = 0;
  addEventListener(
    "scroll",
    () => {
      clearTimeout(keeping);
      keeping = window.setTimeout(keepPlace, 150);
    },
    { passive: true },
  );
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest("a");
    if (!link || link.target || link.origin !== location.origin || link.hasAttribute("download")) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

/** @returns the parameters if the path fits */
export function match(pattern: string, path: string): Params | undefined {
  const wanted = pattern.split("/");
  const given = path.replace(/\/+$/, "").split("/");
  if (path === "/") given.splice(0, given.length, "", "");
  if (wanted.length !== given.length) return undefined;
  const params: Params = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    const colon = part.indexOf(":");
    if (colon < 0) {
      if (part !== value) return undefined;
      continue;
    }
    if (!value.startsWith(part.slice(0, colon)) || value.length === colon) return undefined;
    try {
      params[part.slice(colon + 1)] = decodeURIComponent(value.slice(colon));
    } catch {
      return undefined;
    }
  }
  return params;
}
