/**
 * What to say about an error. docs/errors.md has the codes: those of the product are in `details`, those of
 * Auth in `code`. A message with the key `error_<code>` says it in the person's language. For a code without one,
 * the server's sentence is shown, which is English.
 */
import { dateLocale, isKey, t } from "./messages.ts";

/** What supabase-js answers or throws, as far as it is used here. */
export interface Failure {
  message?: string;
  details?: string | null;
  hint?: string | null;
  code?: string | null;
  status?: number;
  name?: string;
}

/** The code of an error, or undefined. */
export function codeOf(error: unknown): string | undefined {
  const { details, code, message } = (error ?? {}) as Failure;
  if (details && /^[a-z_]+$/.test(details)) return details;
  // Auth ends its sentence with our code.
  return /\(([a-z_]+)\)$/.exec(message ?? "")?.[1] ?? code ?? undefined;
}

/** No answer came: the network failed, or it took too long. */
export function isOffline(error: unknown): boolean {
  const { message = "", name = "", status } = (error ?? {}) as Failure;
  if (name === "AuthRetryableFetchError") return status === 0 || status === undefined;
  return (
    /fetch|network|load failed|timed? ?out|abort/i.test(`${name} ${message}`) &&
    !codeOf(error)?.match(/^[a-z]+_/)
  );
}

/** @returns a sentence for the person */
export function wordsOf(error: unknown): string {
  const failure = (error ?? {}) as Failure;
  if (isOffline(error)) return t("error_network");
  const code = codeOf(error);
  if (code === "rate_limited" && failure.hint) return t("error_wait_until", { time: clock(failure.hint) });
  if (code === "username_changed_recently" && failure.hint)
    return t("error_username_wait", { time: clock(failure.hint) });
  const key = `error_${code}`;
  if (isKey(key)) return t(key);
  if (failure.message && code && /^[a-z]+(_[a-z]+)+$/.test(code))
    return failure.message.replace(/ \([a-z_]+\)$/, "");
  return t("error_unexpected");
}

function clock(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(
    dateLocale.value,
    isToday ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" },
  );
}
