/**
 * Reads the text of a schedule: when is the job due? It accepts what the extension
 * accepts (`cron._is_schedule`) and reads it as pg_cron does: Vixie cron's five
 * fields in GMT, `$` for the last day of a month, @names, '[1-59] seconds'.
 */
import { Cron } from "croner";

export type Schedule =
  /** Due once, when the service starts. */
  | { kind: "start" }
  /** Due `everyMs` after the job is first seen, and then again and again. */
  | { kind: "interval"; everyMs: number }
  /** Due in the minutes that match. A minute is a whole number, counted since 1970. */
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

/** For each field in order. A longer step reaches no second value. */
const stepMax = [60, 24, 31, 12, 7];

/** @returns undefined if the text is not a schedule */
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
      // If one of the two begins with a star, even as `*/2`, both must match. Otherwise one is enough.
      domAndDow: days.startsWith("*") || weekdays.startsWith("*"),
    });
  } catch {
    return undefined;
  }
  return { kind: "minutes", matches: (minute) => cron.match(new Date(minute * 60_000)) };
}
