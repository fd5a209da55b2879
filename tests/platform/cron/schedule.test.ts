import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSchedule } from "../../../platform/cron/schedule.ts";
import { useSupabaseServer } from "../postgres/supabase-server.ts";

const server = useSupabaseServer();

const minuteOf = (iso: string) => Date.parse(`${iso}Z`) / 60_000;

function due(schedule: string, iso: string): boolean {
  const parsed = parseSchedule(schedule);
  if (parsed?.kind !== "minutes") throw new Error(`${schedule} has no minutes`);
  return parsed.matches(minuteOf(iso));
}

// 25 November 2026 is a Wednesday.
test.each([
  ["* * * * *", "2026-11-25T13:37", true],
  ["30 4 * * *", "2026-11-25T04:30", true],
  ["30 4 * * *", "2026-11-25T05:30", false],
  ["*/15 * * * *", "2026-11-25T05:45", true],
  ["*/15 * * * *", "2026-11-25T05:50", false],
  ["0 0-6,22-23 * * *", "2026-11-25T22:00", true],
  ["0 0-6,22-23 * * *", "2026-11-25T21:00", false],
  ["5-35/10 * * * *", "2026-11-25T05:25", true],
  ["5-35/10 * * * *", "2026-11-25T05:45", false],
  ["0 0 * NOV *", "2026-11-25T00:00", true],
  ["0 0 * jan-mar *", "2026-11-25T00:00", false],
  ["0 0 * * mon-FRI", "2026-11-25T00:00", true],
  ["0 0 * * sat,sun", "2026-11-25T00:00", false],
  ["0 0 * * 0", "2026-11-29T00:00", true],
  ["0 0 * * 7", "2026-11-29T00:00", true],
  ["0 0 * * 5-7", "2026-11-29T00:00", true],
  ["0 0 * * 5-7", "2026-11-25T00:00", false],
  // A step beyond the end reaches only the first value.
  ["*/99 * * * *", "2026-11-25T05:00", true],
  ["*/99 * * * *", "2026-11-25T05:39", false],
  ["0 0 $ * *", "2026-11-30T00:00", true],
  ["0 0 $ * *", "2026-11-29T00:00", false],
  ["0 0 $ * *", "2027-02-28T00:00", true],
  ["0 0 $ * *", "2028-02-28T00:00", false],
  ["0 0 $ * *", "2028-02-29T00:00", true],
  [" 0  10\t* * * ", "2026-11-25T10:00", true],
  ["@hourly", "2026-11-25T10:00", true],
  ["@hourly", "2026-11-25T10:01", false],
  ["@daily", "2026-11-25T00:00", true],
  ["@midnight", "2026-11-25T10:00", false],
  ["@weekly", "2026-11-29T00:00", true],
  ["@weekly", "2026-11-25T00:00", false],
  ["@monthly", "2026-12-01T00:00", true],
  ["@yearly", "2026-12-01T00:00", false],
  ["@annually", "2027-01-01T00:00", true],
])("'%s' at %s: %s", (schedule, iso, expected) => {
  expect(due(schedule, iso)).toBe(expected);
});

test("a day of the month or a day of the week is enough, unless one of them begins with a star", () => {
  expect(due("0 0 1 * mon", "2026-11-23T00:00")).toBe(true);
  expect(due("0 0 1 * mon", "2026-12-01T00:00")).toBe(true);
  expect(due("0 0 1 * mon", "2026-11-25T00:00")).toBe(false);
  expect(due("0 0 $ * mon", "2026-12-31T00:00")).toBe(true);
  expect(due("0 0 */2 * mon", "2026-11-23T00:00")).toBe(true);
  expect(due("0 0 */2 * mon", "2026-11-30T00:00")).toBe(false);
  expect(due("0 0 */2 * mon", "2026-11-25T00:00")).toBe(false);
});

test("intervals and starts are read, and other texts are not a schedule", () => {
  expect(parseSchedule("1 second")).toEqual({ kind: "interval", everyMs: 1000 });
  expect(parseSchedule(" 59  SECONDS ")).toEqual({ kind: "interval", everyMs: 59_000 });
  expect(parseSchedule("@reboot")).toEqual({ kind: "start" });
  for (const text of [
    "",
    "60 seconds",
    "0 seconds",
    "@fortnightly",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
  ]) {
    expect(parseSchedule(text), text).toBeUndefined();
  }
});

/** The text of a field, and the values that Vixie cron reads in it. */
interface Field {
  text: string;
  values: Set<number>;
}

function field(low: number, high: number, names: string[] = []): fc.Arbitrary<Field> {
  const number = fc.integer({ min: low, max: high });
  const written = (value: number) =>
    fc.constantFrom(String(value), String(value).padStart(2, "0"), names[value - low] ?? String(value));
  const one = number.chain((value) => written(value).map((text) => ({ text, values: [value] })));
  const spread = (from: number, to: number, step: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
      (value) => (value - from) % step === 0,
    );
  const step = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 99 }));
  const stepText = (every: number) => (every ? `/${every}` : "");
  const star = step.map((every) => ({ text: `*${stepText(every)}`, values: spread(low, high, every || 1) }));
  const range = fc
    .tuple(number, number, step)
    .map(([a, b, every]) => ({ from: Math.min(a, b), to: Math.max(a, b), every }))
    .chain(({ from, to, every }) =>
      fc.tuple(written(from), written(to)).map(([first, last]) => ({
        text: `${first}-${last}${stepText(every)}`,
        values: spread(from, to, every || 1),
      })),
    );
  return fc.array(fc.oneof(one, star, range), { minLength: 1, maxLength: 3 }).map((items) => ({
    text: items.map(({ text }) => text).join(","),
    values: new Set(items.flatMap(({ values }) => values)),
  }));
}

const nth = (values: Set<number>, index: number) => [...values][index % values.size] ?? 0;

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
// Without `sun`: as the end of a range it would come before every other day.
const weekdays = ["0", "mon", "tue", "WED", "thu", "fri", "Sat", "7"];
const schedules = fc.tuple(
  field(0, 59),
  field(0, 23),
  field(1, 31),
  field(1, 12, months),
  field(0, 7, weekdays),
);
const minutes = fc.integer({ min: minuteOf("2024-01-01T00:00"), max: minuteOf("2032-12-31T23:59") });

test("five fields that the extension accepts are read as Vixie cron reads them", async () => {
  await server.owner.unsafe("create extension if not exists pg_cron");
  const taken: string[] = [];
  fc.assert(
    fc.property(schedules, fc.array(minutes, { minLength: 20, maxLength: 20 }), (fields, moments) => {
      const text = fields.map((each) => each.text).join(" ");
      taken.push(text);
      const parsed = parseSchedule(text);
      if (parsed?.kind !== "minutes") throw new Error(`not understood: ${text}`);
      const [minute, hour, day, month, weekday] = fields;
      const anyDay = day.text.startsWith("*") || weekday.text.startsWith("*");
      for (const [index, moment] of moments.entries()) {
        const date = new Date(moment * 60_000);
        // Half of the moments get a matching time of day. Otherwise few would be due.
        if (index % 2) date.setUTCHours(nth(hour.values, index), nth(minute.values, index));
        const onDay = day.values.has(date.getUTCDate());
        const onWeekday =
          weekday.values.has(date.getUTCDay()) || (date.getUTCDay() === 0 && weekday.values.has(7));
        const expected =
          minute.values.has(date.getUTCMinutes()) &&
          hour.values.has(date.getUTCHours()) &&
          month.values.has(date.getUTCMonth() + 1) &&
          (anyDay ? onDay && onWeekday : onDay || onWeekday);
        expect(parsed.matches(date.getTime() / 60_000), `${text} at ${date.toISOString()}`).toBe(expected);
      }
    }),
    { numRuns: 1000 },
  );
  const [refused] = await server.admin`
    select array_agg(text) as texts from jsonb_array_elements_text(${server.admin.json(taken)}) as text
    where not cron._is_schedule(text)
  `;
  expect(refused?.texts).toBeNull();
});
