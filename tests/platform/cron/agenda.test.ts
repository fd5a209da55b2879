import { expect, test } from "vitest";
import { type Agenda, createAgenda, type Moment } from "../../../platform/cron/agenda.ts";
import { parseSchedule } from "../../../platform/cron/schedule.ts";

const nobody = new Set<string>();
const start = Date.parse("2026-11-25T12:00:30Z");
const minuteMs = 60_000;

/** A moment on both clocks, which agree unless somebody set the wall clock. */
const at = (passedMs: number, setMs = 0): Moment => ({
  wallMs: start + passedMs + setMs,
  steadyMs: 1000 + passedMs,
});

function jobs(schedules: Record<string, string>) {
  return Object.entries(schedules).map(([id, text]) => {
    const schedule = parseSchedule(text);
    if (!schedule) throw new Error(text);
    return { id, text, schedule };
  });
}

function agendaOf(schedules: Record<string, string>): Agenda {
  const agenda = createAgenda();
  agenda.replace(jobs(schedules), at(0));
  return agenda;
}

/** The jobs that are due at this moment. */
function due(agenda: Agenda, moment: Moment): string[] {
  agenda.advance(moment);
  const ids: string[] = [];
  for (let id = agenda.take(nobody); id !== undefined; id = agenda.take(nobody)) ids.push(id);
  return ids;
}

test("a job is due once in its minute, and not in the minute in which it was scheduled", () => {
  const agenda = agendaOf({ each: "* * * * *", second: "2 12 * * *" });
  expect(due(agenda, at(10_000))).toEqual([]);
  expect(due(agenda, at(29_999))).toEqual([]);
  expect(due(agenda, at(30_000))).toEqual(["each"]);
  expect(due(agenda, at(30_001))).toEqual([]);
  expect(due(agenda, at(90_000))).toEqual(["each", "second"]);
  expect(due(agenda, at(100_000))).toEqual([]);
});

test("seconds are counted from when the job is first seen", () => {
  const agenda = agendaOf({ ten: "10 seconds" });
  expect(due(agenda, at(9999))).toEqual([]);
  expect(due(agenda, at(10_005))).toEqual(["ten"]);
  expect(due(agenda, at(19_999))).toEqual([]);
  expect(due(agenda, at(20_000))).toEqual(["ten"]);
  // One run makes up for all the missed ones. Then the seconds are counted from this run.
  expect(due(agenda, at(95_000))).toEqual(["ten"]);
  expect(due(agenda, at(104_999))).toEqual([]);
  expect(due(agenda, at(105_000))).toEqual(["ten"]);
});

test("a due job is queued only once, and waits while a run of it is busy", () => {
  const agenda = agendaOf({ slow: "1 second", other: "2 seconds" });
  for (let second = 1; second <= 5; second++) agenda.advance(at(second * 1000));
  expect(agenda.take(new Set(["slow"]))).toBe("other");
  expect(agenda.take(new Set(["slow"]))).toBeUndefined();
  expect(agenda.take(nobody)).toBe("slow");
  expect(agenda.take(nobody)).toBeUndefined();
});

test("the job that has waited longest is first", () => {
  const agenda = agendaOf({ a: "3 seconds", b: "2 seconds", c: "1 second" });
  for (let second = 1; second <= 3; second++) agenda.advance(at(second * 1000));
  expect(due(agenda, at(3000))).toEqual(["c", "b", "a"]);
});

test("a replaced job keeps its due time unless its schedule changed", () => {
  const agenda = agendaOf({ same: "10 seconds", other: "10 seconds", gone: "10 seconds" });
  agenda.advance(at(10_000));
  agenda.replace(jobs({ same: "10 seconds", other: "5 seconds" }), at(12_000));
  expect(due(agenda, at(12_000))).toEqual(["same", "other"]);
  expect(due(agenda, at(17_000))).toEqual(["other"]);
  expect(due(agenda, at(20_000))).toEqual(["same"]);
  expect(agenda.has("gone")).toBe(false);
});

test("@reboot is due only at the start", () => {
  const agenda = createAgenda();
  agenda.replace(jobs({ early: "@reboot" }), at(0));
  expect(due(agenda, at(0))).toEqual(["early"]);
  agenda.replace(jobs({ early: "@reboot", late: "@reboot" }), at(1000));
  expect(due(agenda, at(minuteMs))).toEqual([]);
});

test("after a pause of up to five minutes a job runs once for all of them", () => {
  const agenda = agendaOf({ each: "* * * * *", missed: "2 12 * * *" });
  expect(due(agenda, at(5 * minuteMs))).toEqual(["each", "missed"]);
  expect(due(agenda, at(5 * minuteMs + 1))).toEqual([]);
});

test("after a longer pause no missed minute is made up for", () => {
  const agenda = agendaOf({ each: "* * * * *", missed: "0 13 * * *", now: "0 20 * * *" });
  expect(due(agenda, at(8 * 60 * minuteMs - 30_000))).toEqual(["each", "now"]);
  expect(due(agenda, at(8 * 60 * minuteMs))).toEqual([]);
});

test("a clock set back a little repeats no minute; set back further, it counts on from there", () => {
  const agenda = agendaOf({ each: "* * * * *" });
  expect(due(agenda, at(minuteMs))).toEqual(["each"]);
  expect(due(agenda, at(minuteMs + 1000, -minuteMs))).toEqual([]);
  expect(due(agenda, at(2 * minuteMs, -minuteMs))).toEqual([]);
  expect(due(agenda, at(3 * minuteMs, -minuteMs))).toEqual(["each"]);
  expect(due(agenda, at(3 * minuteMs, -60 * minuteMs))).toEqual(["each"]);
  expect(due(agenda, at(3 * minuteMs, -60 * minuteMs))).toEqual([]);
  expect(due(agenda, at(4 * minuteMs, -60 * minuteMs))).toEqual(["each"]);
});

test("setting the clock does not change schedules in seconds", () => {
  const agenda = agendaOf({ ten: "10 seconds" });
  expect(due(agenda, at(5000, 24 * 60 * minuteMs))).toEqual([]);
  expect(due(agenda, at(10_000, -24 * 60 * minuteMs))).toEqual(["ten"]);
});

test("the agenda says how long no job can become due, at most a second", () => {
  expect(agendaOf({}).restMs(at(0))).toBe(1000);
  expect(agendaOf({ each: "* * * * *" }).restMs(at(0))).toBe(1000);
  expect(agendaOf({ each: "* * * * *" }).restMs(at(29_900))).toBe(100);
  expect(agendaOf({ one: "1 second" }).restMs(at(400))).toBe(600);
  expect(agendaOf({ one: "1 second" }).restMs(at(5000))).toBe(1);
});
