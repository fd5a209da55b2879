/**
 * When a job is due, from the text of its schedule. Takes what the extension
 * takes (`cron._is_schedule`) and reads it as pg_cron does: Vixie cron's five
 * fields in GMT, `$` for a month's last day, @names, '[1-59] seconds'.
 */
import { Cron } from "croner";

export type Schedule =
  /** Once, when the service starts. */
  | { kind: "start" }
  /** `everyMs` after it is first seen, and so on. */
  | { kind: "interval"; everyMs: number }
  /** In the minutes that match; a minute is a whole number of them since 1970. */
  | { kind: "minutes"; matches(minute: number): boolean };

const names: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Of the fields, in order: a longer step reaches no second value. */
const stepMax = [60, 24, 31, 12, 7];

/** @returns undefined for what is no schedule */
export function parseSchedule(text: string): Schedule | undefined {
  const trimmed = text.trim();
  if (trimmed === "@reboot" || trimmed === "@restart") return { kind: "start" };
  const seconds = /^([1-9]|[1-5]\d)\s+seconds?$/i.exec(trimmed);
  if (seconds) return { kind: "interval", everyMs: Number(seconds[1]) * 1000 };
  const fields = (names[trimmed] ?? trimmed).split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [, , days = "", , weekdays = ""] = fields;
  const pattern = fields.map((field, index) =>
    field === "$" && index === 2
      ? "L"
      : field.replace(/\/(\d+)/g, (_, step) => `/${Math.min(Number(step), stepMax[index] ?? 1)}`),
  );
  let cron: Cron;
  try {
    cron = new Cron(pattern.join(" "), {
      mode: "5-part",
      utcOffset: 0,
      // Both must match where one begins with a star, even as `*/2`; else either.
      domAndDow: days.startsWith("*") || weekdays.startsWith("*"),
    });
  } catch {
    return undefined;
  }
  return { kind: "minutes", matches: (minute) => cron.match(new Date(minute * 60_000)) };
}
