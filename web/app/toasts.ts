/** Short notes at the edge of the page. `parts/toasts.tsx` shows them, and tells them to screen readers. */
import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  isError: boolean;
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
/** What the live region says. Only for counts and the like: most changes need no words. */
export const announced = signal("");

const mostToasts = 3;
const shownMs = 6_000;
let nextId = 1;

/** The same words are shown once. Each action stays: it may be about something else. */
export function toast(text: string, options: { isError?: boolean; action?: Toast["action"] } = {}): void {
  const id = nextId++;
  const { isError = false, action } = options;
  const others = toasts.value.filter((each) => each.text !== text || each.action || action);
  toasts.value = [...others, { id, text, isError, action }].slice(-mostToasts);
  // An error, or one with something to do, stays longer. A person needs time to read and to reach it.
  setTimeout(() => dismiss(id), isError || action ? 2 * shownMs : shownMs);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

export function announce(text: string): void {
  announced.value = text;
}
