/**
 * Plays a history on both sides and compares them: the result of every step, and again
 * and again what everybody sees. The first disagreement ends the history. Its message
 * tells the history in words.
 */
import { isDeepStrictEqual } from "node:util";
import type { Sql } from "postgres";
import type { Answers, Question } from "./ask.ts";
import { questionsOf } from "./compare.ts";
import type { Viewer } from "./model.ts";
import { moveOf, outcome } from "./moves.ts";
import { openClients } from "./notice-sync.ts";
import { notify } from "./notices.ts";
import type { Population } from "./population.ts";
import * as plainly from "./questions.ts";
import { pinned } from "./shrink.ts";
import { createStage, readable, type Stage } from "./stage.ts";
import type { Numbered } from "./steps.ts";

/** How many requests run at the same time. */
const concurrency = 8;

export interface Plan {
  /** Steps between two comparisons. */
  every: number;
  /** How many questions each viewer asks each time: the home feed, then the other kinds in turn; or all. */
  questions: number | "all";
  /** Ask questions of these kinds, and no others. If it is one kind, ask all of it. */
  kinds?: string[];
  /** Only a disagreement with this key counts. The run asks nothing else, so it is quick. */
  only?: string;
  /** Answers in place of the model's. Wrong ones prove that the comparison notices. */
  answers?: Answers;
  /** play() adds to these numbers. */
  tally: { steps: number; questions: number; comparisons: number };
}

export interface Disagreement extends Error {
  /** The question that the two answer differently. The same question in another history has the same key. */
  key: string;
  /** The steps in words. */
  history: string[];
  /** The steps, as play() returns them. */
  steps: Numbered[];
}

export const newTally = (): Plan["tally"] => ({ steps: 0, questions: 0, comparisons: 0 });

/**
 * @param population people who have done nothing yet
 * @returns the stage at the end, and the steps that could be taken. Each step keeps its
 *   meaning if you leave out others.
 * @throws Disagreement
 */
export async function play(
  population: Population,
  steps: Numbered[],
  plan: Plan,
): Promise<{ stage: Stage; steps: Numbered[]; history: string[] }> {
  const stage = createStage(population);
  const history: string[] = [];
  let compared = 0;
  const taken: Numbered[] = [];
  if (asksForNotices(plan, population)) await openClients(stage);
  for (const [place, step] of steps.entries()) {
    const move = moveOf(stage, step);
    if (!move) continue;
    const n = step.n ?? place;
    taken.push({ ...pinned(stage, step), n });
    plan.tally.steps++;
    const answer = await move.request();
    const got = outcome(answer);
    history.push(move.expected === "done" ? move.text : `${move.text}: ${move.expected}`);
    if (got !== move.expected) {
      const key = `to ${step.do}`;
      if (plan.only && plan.only !== key) break;
      const said = answer.error ? `${got}, ${answer.error.message}` : got;
      const message = `That should be ${move.expected}, and is ${said}`;
      throw disagreement(stage, history, { key, message, steps: taken });
    }
    if (!answer.error && got !== "nothing") await move.after?.(answer.data);
    if (population.owner) await deliverLeft(population.owner);
    notify(stage.world);
    for (const made of Object.values(stage.world).flat()) made.madeBy ??= n;
    if (history.length < compared + plan.every) continue;
    compared = history.length;
    await compareAll(stage, history, plan, taken);
  }
  // At the end everybody asks everything.
  await compareAll(stage, history, { ...plan, questions: plan.questions && "all" }, taken);
  return { stage, steps: taken, history };
}

/**
 * Who had many events in a second gets the next ones from the job. A short history is played again
 * and again with the same people, so that happens here. Conversations hear of switched receipts from a
 * job too. That takes a number of each, so it happens before the next step.
 */
async function deliverLeft(owner: Sql): Promise<void> {
  for (;;) {
    const [switched] = await owner`select from private.receipt_switches limit 1`;
    if (!switched) break;
    // It does nothing while cron runs it.
    await owner.unsafe("call private.deliver_chat()");
  }
  for (;;) {
    const [left] = await owner`select from private.notice_queue where is_left limit 1`;
    if (!left) return;
    // It does nothing while cron runs it.
    await owner.unsafe("call private.deliver_waiting_notices()");
  }
}

/** Whether a client reads along from the beginning. */
const asksForNotices = ({ kinds, only, questions }: Plan, { owner }: Population): boolean =>
  owner !== null &&
  questions !== 0 &&
  (only?.startsWith("sync: ") ?? (kinds === undefined || kinds.includes("sync")));

async function compareAll(stage: Stage, history: string[], plan: Plan, steps: Numbered[]): Promise<void> {
  const viewers: Viewer[] = [...stage.world.people.map(({ id }) => id), null];
  const turn = plan.tally.comparisons++;
  const asked = viewers.flatMap((viewer, n) => {
    const possible = questionsOf(stage, viewer, plan.answers ?? plainly);
    const all = plan.kinds ? possible.filter(({ kind }) => plan.kinds?.includes(kind)) : possible;
    if (plan.only) return all.filter((question) => keyOf(question) === plan.only);
    if (plan.kinds?.length === 1) return all;
    return plan.questions === "all" ? all : some(all, plan.questions, turn, n);
  });
  plan.tally.questions += asked.length;
  const failed = (await inParallel(asked, check)).find((result) => result !== null);
  if (failed) throw disagreement(stage, history, { ...failed, steps });
}

/** The question without the numbers of posts and lists, which differ from history to history. */
const keyOf = ({ kind, text }: Question): string =>
  `${kind}: ${text.replaceAll(/\b[pm]\d+|(list|talk) \d+/g, "…")}`;

/** The home feed, and one question of each kind whose turn it is. Prefers a question with a non-empty answer. */
function some(all: Question[], wanted: number, turn: number, viewer: number): Question[] {
  const home = all.filter(({ kind }) => kind === "home").slice(0, Math.min(wanted, 1));
  const kinds = [...Map.groupBy(all, ({ kind }) => kind).values()];
  const others = Array.from({ length: Math.max(0, Math.min(wanted - 1, kinds.length)) }, (_, n) => {
    const kind = kinds[((turn + viewer) * (wanted - 1) + n) % kinds.length] as Question[];
    const tries = [0, 1, 2].map((salt) => kind[scatter(turn, viewer, n, salt) % kind.length] as Question);
    return tries.find(({ expected }) => isTelling(expected())) ?? (tries[0] as Question);
  });
  return [...home, ...others];
}

const isTelling = (answer: unknown): boolean => (Array.isArray(answer) ? answer.length > 0 : answer !== 0);

/** A hash: the same numbers give the same result, and other numbers give any result. */
const scatter = (...numbers: number[]): number =>
  numbers.reduce((mixed, n) => {
    const next = Math.imul(mixed ^ (n + 0x9e3779b9), 0x85ebca6b);
    return (next ^ (next >>> 13)) >>> 0;
  }, 1);

/** @returns null when the two agree */
async function check(question: Question): Promise<{ key: string; message: string } | null> {
  const [got, wanted] = [await question.ask(), question.expected()];
  if (isDeepStrictEqual(got, wanted)) return null;
  return { key: keyOf(question), message: `${question.text}\n${difference(got, wanted)}` };
}

/** The rows that only one side has. If each side has the same rows in another order: all rows of both. */
function difference(got: unknown, wanted: unknown): string {
  const lines = (rows: unknown) => (Array.isArray(rows) ? rows : [rows]).map((row) => JSON.stringify(row));
  const [is, should] = [lines(got), lines(wanted)];
  const one = [
    ...should.filter((line) => !is.includes(line)).map((line) => `  missing:    ${line}`),
    ...is.filter((line) => !should.includes(line)).map((line) => `  unexpected: ${line}`),
  ];
  const both = [...should.map((line) => `  should be: ${line}`), ...is.map((line) => `  and is:    ${line}`)];
  return (one.length > 0 ? one : both).join("\n");
}

function disagreement(
  stage: Stage,
  history: string[],
  { message, ...about }: { key: string; message: string; steps: Numbered[] },
): Disagreement {
  const steps = history.map((step, n) => `  ${n + 1}. ${step}`);
  const told = ["The API and the rules disagree after", ...steps, message].join("\n");
  return Object.assign(new Error(readable(stage, told)), { ...about, history });
}

async function inParallel<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < items.length; n = next++) results[n] = await work(items[n] as T);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return results;
}
