/** When something happened: "5 min" at first, and a date after a week. Screen readers and the pointer get all of it. */
import { signal } from "@preact/signals";
import { firstShown } from "../app/first.ts";
import { dateLocale, t } from "../app/messages.ts";

/** The time, renewed each half minute. All times on the page share it. */
const nowMs = signal(Date.now());
setInterval(() => {
  if (document.visibilityState === "visible") nowMs.value = Date.now();
}, 30_000);

/** The words of a whole date need a format that takes as long to make as some posts to draw. So they come after those. */
const areFirstShown = signal(false);
void firstShown().then(() => {
  areFirstShown.value = true;
});

export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={areFirstShown.value ? format("full").format(date) : undefined}>
      {ago(date, Math.max(nowMs.value, Date.now()))}
    </time>
  );
}

/** The date and the time, for a page about one thing. */
export function FullTime({ at }: { at: string }) {
  return <time dateTime={at}>{format("medium").format(new Date(at))}</time>;
}

/** To make a format takes long, and a timeline has many times. Each is made once for each way to write dates. */
const formats = new Map<string, Intl.DateTimeFormat>();
const styles = {
  full: { dateStyle: "full", timeStyle: "short" },
  medium: { dateStyle: "medium", timeStyle: "short" },
  day: { day: "numeric", month: "short" },
  dayOfYear: { day: "numeric", month: "short", year: "numeric" },
} as const;

function format(style: keyof typeof styles): Intl.DateTimeFormat {
  const key = `${dateLocale.value} ${style}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(dateLocale.value, styles[style]);
  formats.set(key, made);
  return made;
}

/** Our own words: the browser's format for them takes longer to make than five posts to draw. */
function ago(date: Date, now: number): string {
  const minutes = Math.max(0, Math.floor((now - date.getTime()) / 60_000));
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 1) return t("ago_now");
  if (hours < 1) return t("ago_minutes", { minutes });
  if (days < 1) return t("ago_hours", { hours });
  if (days < 2) return t("ago_yesterday");
  if (days < 7) return t("ago_days", { days });
  return format(date.getFullYear() === new Date(now).getFullYear() ? "day" : "dayOfYear").format(date);
}
