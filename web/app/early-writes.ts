/**
 * Writes of the first moments, while supabase-js and the outbox are still on their way. They are kept here, so that
 * a like stays although the page is closed at once. The outbox takes them when it is there: sync.ts.
 */
import type { OutboxEntry } from "../../clients/sync.ts";

/** As many as the outbox takes. */
const most = 100;

/** session.ts keeps what begins with `plaza.outbox`. Each person has their own. */
function nameOf(userId: string): string {
  return `plaza.outbox-early.${userId}`;
}

/** Oldest first. */
export function earlyWrites(userId: string): OutboxEntry[] {
  try {
    const entries = JSON.parse(localStorage.getItem(nameOf(userId)) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}

/** @throws OutboxFullError, or the error of localStorage when it has no room */
export function keepEarly(userId: string, entry: OutboxEntry): void {
  const entries = earlyWrites(userId);
  if (entries.length >= most)
    throw Object.assign(new Error("Too many writes wait"), { name: "OutboxFullError" });
  localStorage.setItem(nameOf(userId), JSON.stringify([...entries, entry]));
}

export function dropEarly(userId: string, key: string): void {
  const left = earlyWrites(userId).filter((entry) => entry.key !== key);
  if (left.length > 0) localStorage.setItem(nameOf(userId), JSON.stringify(left));
  else localStorage.removeItem(nameOf(userId));
}
