/** Plays a history, and compares at every quiet moment and at the end. */
import { handIn, perform } from "./acts.ts";
import { roomAt } from "./chat-acts.ts";
import type { Visit } from "./chat-steps.ts";
import { quietly } from "./compare.ts";
import { breakSomething } from "./faults.ts";
import { createStage, type Desk, type House, type Stage, type Tally } from "./stage.ts";
import { type Act, type Fault, type Step, spoken, type Write } from "./steps.ts";

/** pg_cron starts the job of chat every second. Here it starts each time after this number of steps. */
const stepsOfJob = 10;
/** How many requests of people run at the same time. */
const mostRunning = 8;

export interface Disagreement extends Error {
  /** The failure in one word. The same failure in another history has the same one. */
  key: string;
  steps: Step[];
}

/** @throws Disagreement */
export async function play(house: House, steps: Step[], tally: Tally): Promise<void> {
  const stage = await createStage(house, tally);
  for (const [n, step] of steps.entries()) {
    tally.steps++;
    if (process.env.PLAZA_SYNC_TRACE) console.error(`${tally.steps}. ${spoken(step)}`);
    if (n % stepsOfJob === 0) stage.town.startJob();
    if (step.do === "quiet") await compare(stage, step.nudge, steps.slice(0, n + 1));
    else await take(stage, step);
  }
  await compare(stage, true, steps);
  await countUp(stage);
}

async function take(stage: Stage, step: Exclude<Step, { do: "quiet" }>): Promise<void> {
  const taken = begin(stage, step);
  if (!taken) return;
  // After it, somebody else has the devices.
  if (step.waits || step.do === "delete account") return await taken;
  // A device that falls asleep answers only at the next quiet moment.
  if ("device" in step) return void taken.catch(() => {});
  const running = taken.finally(() => stage.running.delete(running));
  stage.running.add(running);
  if (stage.running.size >= mostRunning) await Promise.race(stage.running);
}

function begin(stage: Stage, step: Exclude<Step, { do: "quiet" }>): Promise<void> | undefined {
  if (step.do.startsWith("outbox")) return handIn(stage, step as Write);
  if (step.do === "enter" || step.do === "exit" || step.do === "scroll back") return go(stage, step);
  if ("device" in step || !("by" in step || "post" in step || "room" in step || "message" in step))
    return breakSomething(stage, step as Fault);
  return perform(stage, step as Act);
}

/** Somebody opens or closes a conversation on a device, or reads back in it. */
function go(stage: Stage, { do: what, device, room }: Visit): Promise<void> | undefined {
  const id = roomAt(stage, room)?.id;
  if (id === undefined) return undefined;
  const order = what === "scroll back" ? "scrollBack" : what;
  const desk = stage.desks[device] as Desk;
  const done = desk.device.ask(order, id);
  done.catch((error) => void stage.problems.push(`${what}: ${error.message}`));
  // A device that sleeps does it when it wakes.
  return desk.device.isAsleep() ? undefined : done;
}

async function compare(stage: Stage, nudge: boolean, steps: Step[]): Promise<void> {
  const wrong = await quietly(stage, nudge);
  if (wrong === null) return;
  const told = steps.map((step, n) => `  ${n + 1}. ${spoken(step)}`);
  const names = stage.people.map(({ id, name }): [string, string] => [id, name]);
  const message = names.reduce((text, [id, name]) => text.replaceAll(id, name), wrong);
  const error = new Error(["A device and a fresh snapshot disagree after", ...told, message].join("\n"));
  throw Object.assign(error, { key: wrong.split(":", 1)[0], steps });
}

async function countUp({ desks, tally }: Stage): Promise<void> {
  for (const { device, sent } of desks) {
    const { counts, refusals } = await device.ask("report");
    tally.events += counts.events;
    tally.replaced += counts.replaced;
    tally.outbox.refused += refusals.length;
    tally.outbox.done += sent.length - refusals.length;
    tally.dropped += device.network.counts.dropped;
    tally.lost += device.network.counts.lost;
  }
}
