/**
 * Decides which jobs are due. It knows nothing of clocks and databases: the caller tells the time.
 * A due job waits in a queue until it is taken. It is in the queue at most once.
 */
import type { Schedule } from "./schedule.ts";

export interface Job {
  id: string;
  /** The schedule's text. If it changes, the job starts again as a new one. */
  text: string;
  schedule: Schedule;
}

/** One moment on two clocks. */
export interface Moment {
  /** Since 1970. It jumps if somebody sets the clock. */
  wallMs: number;
  /** Since an unknown start. It never jumps, so intervals are counted by it. */
  steadyMs: number;
}

export interface Agenda {
  /** Sets the jobs that exist now. A job that was known before keeps its due time. */
  replace(jobs: Job[], now: Moment): void;
  /** Queues the jobs that have become due. */
  advance(now: Moment): void;
  /** Takes the job off the queue that has waited longest and is not `busy`. */
  take(busy: { has(id: string): boolean }): string | undefined;
  has(id: string): boolean;
  /** How long no job can become due. At most a second, because somebody may set the clock. */
  restMs(now: Moment): number;
}

interface Entry extends Job {
  /** The last minute that was checked for this job. */
  minute: number;
  /** When an interval is due, by the steady clock. */
  dueMs: number;
}

/**
 * If the clock is further off than this, somebody set it. The minutes between are then neither made up
 * nor awaited.
 */
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

/** Whether the job became due since the last call, once or more often. */
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
  // The clock was set back a little. These minutes had their turn already.
  if (passed <= 0 && passed >= -driftMaxMin) return false;
  const first = passed > 0 && passed <= driftMaxMin ? entry.minute + 1 : minute;
  entry.minute = minute;
  for (let each = first; each <= minute; each++) if (schedule.matches(each)) return true;
  return false;
}
