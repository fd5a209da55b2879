/** When something happened: "5 min" at first, and a date after a week. Screen readers and the pointer get all of it. */
import { signal } from "@preact/signals";
import { language } from "../app/messages.ts";

/** The time, renewed each half minute. All times on the page share it. */
const nowMs = signal(Date.now());
setInterval(() => {
  if (document.visibilityState === "visible") nowMs.value = Date.now();
}, 30_000);

export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={format("full").format(date)}>
      {ago(date, Math.max(nowMs.value, Date.now()))}
    </time>
  );
}

/** The date and the time, for a page about one thing. */
export function FullTime({ at }: { at: string }) {
  return <time dateTime={at}>{format("medium").format(new Date(at))}</time>;
}

/** To make a format takes long, and a timeline has many times. Each is made once for each language. */
const formats = new Map<string, Intl.DateTimeFormat>();
const relatives = new Map<string, Intl.RelativeTimeFormat>();

function format(dateStyle: "full" | "medium"): Intl.DateTimeFormat {
  const key = `${language.value} ${dateStyle}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(language.value, { dateStyle, timeStyle: "short" });
  formats.set(key, made);
  return made;
}

function ago(date: Date, now: number): string {
  const minutes = Math.max(0, Math.floor((now - date.getTime()) / 60_000));
  const made =
    relatives.get(language.value) ??
    new Intl.RelativeTimeFormat(language.value, { numeric: "auto", style: "short" });
  relatives.set(language.value, made);
  const relative = (value: number, unit: Intl.RelativeTimeFormatUnit) => made.format(-value, unit);
  if (minutes < 1) return relative(0, "second");
  if (minutes < 60) return relative(minutes, "minute");
  if (minutes < 24 * 60) return relative(Math.floor(minutes / 60), "hour");
  if (minutes < 7 * 24 * 60) return relative(Math.floor(minutes / 60 / 24), "day");
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString(language.value, {
    day: "numeric",
    month: "short",
    year: isThisYear ? undefined : "numeric",
  });
}
