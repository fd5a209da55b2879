/**
 * Which jobs are due: what time does to them, apart from clocks and databases.
 * A due job waits in a queue until it is taken, and is in it at most once.
 */
import type { Schedule } from "./schedule.ts";

export interface Job {
  id: string;
  /** Another one makes the job begin anew. */
  text: string;
  schedule: Schedule;
}

/** The same moment by two clocks. */
export interface Moment {
  /** Since 1970; may jump when somebody sets it. */
  wallMs: number;
  /** Since whenever; never jumps. Intervals are counted by it. */
  steadyMs: number;
}

export interface Agenda {
  /** The jobs there are now. Those that it knows keep their place in time. */
  replace(jobs: Job[], now: Moment): void;
  /** Queues what has become due. */
  advance(now: Moment): void;
  /** The job that has waited longest and is not `busy`, taken off the queue. */
  take(busy: { has(id: string): boolean }): string | undefined;
  has(id: string): boolean;
  /** Until something may become due; at most a second, for the clock may be set. */
  restMs(now: Moment): number;
}

interface Entry extends Job {
  /** The last minute that has been looked at for it. */
  minute: number;
  /** By the steady clock, of an interval. */
  dueMs: number;
}

/** A clock that is further off has been set: what lies between is neither made up for nor awaited. */
const driftMaxMin = 5;
const restMaxMs = 1000;
const minuteMs = 60_000;

export function createAgenda(): Agenda {
  let entries = new Map<string, Entry>();
  let started = false;
  const queue = new Set<string>();

  return {
    replace(jobs, now) {
      const before = entries;
      entries = new Map(
        jobs.map((job) => {
          const known = before.get(job.id);
          return [job.id, known?.text === job.text ? known : begin(job, now)];
        }),
      );
      for (const id of queue) if (!entries.has(id)) queue.delete(id);
      if (started) return;
      started = true;
      for (const { id, schedule } of jobs) if (schedule.kind === "start") queue.add(id);
    },
    advance(now) {
      for (const entry of entries.values()) if (isDue(entry, now)) queue.add(entry.id);
    },
    take(busy) {
      for (const id of queue) {
        if (busy.has(id)) continue;
        queue.delete(id);
        return id;
      }
      return undefined;
    },
    has: (id) => entries.has(id),
    restMs(now) {
      if (entries.size === 0) return restMaxMs;
      let restMs = minuteMs - (now.wallMs % minuteMs);
      for (const { schedule, dueMs } of entries.values()) {
        if (schedule.kind === "interval") restMs = Math.min(restMs, dueMs - now.steadyMs);
      }
      return Math.min(Math.max(restMs, 1), restMaxMs);
    },
  };
}

function begin(job: Job, now: Moment): Entry {
  return {
    ...job,
    minute: Math.floor(now.wallMs / minuteMs),
    dueMs: job.schedule.kind === "interval" ? now.steadyMs + job.schedule.everyMs : 0,
  };
}

/** Answers once for all that has passed since the last call. */
function isDue(entry: Entry, now: Moment): boolean {
  const { schedule } = entry;
  if (schedule.kind === "start") return false;
  if (schedule.kind === "interval") {
    if (now.steadyMs < entry.dueMs) return false;
    entry.dueMs += schedule.everyMs;
    if (entry.dueMs <= now.steadyMs) entry.dueMs = now.steadyMs + schedule.everyMs;
    return true;
  }
  const minute = Math.floor(now.wallMs / minuteMs);
  const passed = minute - entry.minute;
  // A clock that was put back a little: those minutes have had their turn.
  if (passed <= 0 && passed >= -driftMaxMin) return false;
  const first = passed > 0 && passed <= driftMaxMin ? entry.minute + 1 : minute;
  entry.minute = minute;
  for (let each = first; each <= minute; each++) if (schedule.matches(each)) return true;
  return false;
}
