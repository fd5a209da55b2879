/**
 * The keyboard shortcuts. They do what a button does, and never anything else. `?` lists them. A person
 * can turn them off there: single letters are in the way of speech input.
 */
import { signal } from "@preact/signals";
import type { MessageKey } from "./messages.ts";
import { navigate } from "./router.ts";
import { isSignedIn } from "./session.ts";

export interface Shortcut {
  /** One key, or two that are pressed one after the other: `g h`. */
  keys: string;
  label: MessageKey;
  run: () => void;
}

const storedKey = "plaza.theme.shortcuts";
export const areShortcutsOn = signal(localStorage.getItem(storedKey) !== "off");
/** Whether the list is shown. */
export const isHelpOpen = signal(false);

/** How long the second key may take. */
const patienceMs = 1_500;

export const shortcuts: Shortcut[] = [
  { keys: "j", label: "key_next", run: () => move(1) },
  { keys: "k", label: "key_before", run: () => move(-1) },
  { keys: "Enter", label: "key_open", run: openRow },
  { keys: "l", label: "like", run: () => press(".post-action.heart") },
  { keys: "r", label: "reply", run: () => press(".post-action.reply") },
  { keys: "s", label: "repost", run: () => press(".post-action.repost") },
  { keys: "q", label: "quote", run: () => press(".post-action.quote") },
  { keys: "b", label: "bookmark", run: () => press(".post-action.bookmark") },
  {
    keys: ".",
    label: "key_newer",
    run: () => document.querySelector<HTMLElement>(".new-pill button")?.click(),
  },
  { keys: "n", label: "compose", run: () => go("/compose") },
  { keys: "/", label: "search", run: () => navigate("/search") },
  { keys: "g h", label: "home", run: () => navigate("/") },
  { keys: "g p", label: "public", run: () => navigate("/public") },
  { keys: "g n", label: "notifications", run: () => go("/notifications") },
  { keys: "g c", label: "chat", run: () => go("/chat") },
  { keys: "g b", label: "bookmarks", run: () => go("/bookmarks") },
  { keys: "?", label: "key_help", run: () => help(true) },
];

export function useShortcuts(isOn: boolean): void {
  areShortcutsOn.value = isOn;
  localStorage.setItem(storedKey, isOn ? "on" : "off");
}

export function help(isOpen: boolean): void {
  isHelpOpen.value = isOpen;
}

/** Call it once, at the start. */
export function watchKeys(): void {
  let before = "";
  let beforeAt = 0;
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTyping(event.target as Element) || document.querySelector("dialog[open]")) return;
    // The list itself can always be opened.
    if (!areShortcutsOn.value && event.key !== "?") return;
    const sequence = event.timeStamp - beforeAt < patienceMs ? `${before} ${event.key}` : "";
    const found =
      shortcuts.find(({ keys }) => keys === sequence) ?? shortcuts.find(({ keys }) => keys === event.key);
    before = event.key;
    beforeAt = event.timeStamp;
    if (!found || (found.keys === "Enter" && !isRow(document.activeElement))) return;
    event.preventDefault();
    found.run();
  });
}

function isTyping(target: Element): boolean {
  return target.closest("input, textarea, select, [contenteditable], [role=menu]") !== null;
}

function isRow(element: Element | null): boolean {
  return element?.matches("article.row") ?? false;
}

function go(to: string): void {
  if (isSignedIn.value) navigate(to);
}

function row(): Element | null {
  return document.activeElement?.closest("article.row") ?? document.querySelector("article.main-post");
}

function press(button: string): void {
  row()?.querySelector<HTMLElement>(button)?.click();
}

function openRow(): void {
  row()?.querySelector<HTMLElement>(".post-time, .person-name")?.click();
}

/** The focus goes to the next row, or to the one before. From elsewhere, to the first that is seen. */
function move(step: 1 | -1): void {
  focusRow(step);
}

/**
 * @param within the feed; by default all rows of the page
 * @returns whether there is such a row
 */
export function focusRow(step: 1 | -1, within: ParentNode = document): boolean {
  const rows = [...within.querySelectorAll<HTMLElement>("article.row")];
  const current = document.activeElement?.closest<HTMLElement>("article.row");
  const at = current ? rows.indexOf(current) : -1;
  const head = document.querySelector(".page-head")?.getBoundingClientRect().bottom ?? 0;
  const to = at >= 0 ? rows[at + step] : rows.find((each) => each.getBoundingClientRect().bottom > head + 8);
  if (!to) return false;
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "nearest" });
  return true;
}
