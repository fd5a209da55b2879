/**
 * The oracle. Six people do random things through the API, everything that people can
 * do. A newcomer signs up, and may confirm and join them. Again and again the test compares
 * what everybody sees with a naive model, which is written only from the rules. If a
 * history fails, the message tells it in as few steps as possible.
 *
 *     model.ts         the model and its rules (actions.ts, mentions.ts)
 *     notices.ts       who is notified of what, and what is unread
 *     questions.ts     what a person sees of the model (seeing.ts)
 *     steps.ts         the steps of a history, as plain records
 *     *-moves.ts       a step on both sides: the request, and the change in the model
 *     compare.ts       the questions, each with the model's answer (feeds.ts, tables.ts,
 *                      notice-questions.ts, notice-sync.ts)
 *     play.ts          plays a history and compares
 *
 * After every ten steps each person and a guest ask 13 questions: the home feed, and
 * then some of the 48 kinds in turn. At the end of a history they ask everything.
 * Nobody asks for notifications if the environment names no database (PLAZA_DB_URL).
 * PLAZA_ORACLE_QUESTIONS: how many questions in between, or "all".
 * PLAZA_ORACLE_STEPS: how many steps, 2500 by default. PLAZA_ORACLE_SEED: a number that
 * repeats the same histories and questions.
 */
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Answers } from "./ask.ts";
import { type Disagreement, newTally, type Plan, play } from "./play.ts";
import { createPopulation, fresh, type Population } from "./population.ts";
import * as plainly from "./questions.ts";
import { plainerThan, shortest } from "./shrink.ts";
import { histories } from "./steps.ts";

const { env } = process;
const wantedSteps = Number(env.PLAZA_ORACLE_STEPS ?? 2500);
const questions = env.PLAZA_ORACLE_QUESTIONS === "all" ? "all" : Number(env.PLAZA_ORACLE_QUESTIONS ?? 13);
const seed = Number(env.PLAZA_ORACLE_SEED ?? Date.now() % 1_000_000_000);

/** The most steps of a history. On average a history has half as many. */
const stepsOfHistory = 120;

let population: Population;
beforeAll(async () => {
  population = await createPopulation();
});

/** @returns the failure of the shortest history that fails, or null if no history fails */
async function firstDisagreement(plan: Plan, steps: number): Promise<Disagreement | null> {
  const property = fc.asyncProperty(histories(stepsOfHistory), async (history) => {
    await play(await fresh(population), history, plan);
  });
  const numRuns = Math.ceil(steps / (stepsOfHistory / 2));
  const run = await fc.check(property, { seed, numRuns, endOnFailure: true });
  if (!run.failed) return null;
  const found = run.errorInstance as Disagreement;
  if (!found.key) throw found;
  // Ask only the question that was answered differently, and only at the end.
  const narrow: Plan = { ...plan, every: Number.POSITIVE_INFINITY, only: found.key, tally: newTally() };
  const shorter = await shortest(
    found.steps,
    async (candidate) =>
      play(await fresh(population), candidate, narrow).then(
        () => null,
        (error: Disagreement) => error,
      ),
    plainerThan,
  );
  return shorter ?? found;
}

test("after any history everybody sees what the rules say", async () => {
  const [tally, startedMs] = [newTally(), Date.now()];
  const found = await firstDisagreement({ every: 10, questions, tally }, wantedSteps);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  console.log(`oracle: ${tally.steps} steps, ${tally.questions} questions, seed ${seed}, ${seconds} s`);
  if (found) throw found;
  expect(tally.steps).toBeGreaterThan(0);
}, 3_600_000);

test.each<[string, string, Partial<Answers>]>([
  ["mutes", "home", { home: (world, viewer) => plainly.home({ ...world, mutes: [] }, viewer) }],
  [
    "blocks",
    "post_counts (rows)",
    { postCounts: (world, viewer, id) => plainly.postCounts({ ...world, blocks: [] }, viewer, id) },
  ],
  [
    "that most people do not show their likes",
    "likers",
    {
      likers: (world, viewer, id) =>
        plainly.likers(
          { ...world, people: world.people.map((one) => ({ ...one, showsLikes: true })) },
          viewer,
          id,
        ),
    },
  ],
  [
    "that a mute hides notifications",
    "notifications",
    { groupsOf: (world, viewer) => plainly.groupsOf({ ...world, mutes: [] }, viewer) },
  ],
  [
    "what people have read",
    "unread",
    {
      unreadOf: (world, viewer) =>
        plainly.unreadOf({ ...world, people: world.people.map((one) => ({ ...one, readUpTo: -1 })) }, viewer),
    },
  ],
])(
  "a model that forgets %s is found out by a history of a few steps",
  async (_, kind, wrong) => {
    const plan: Plan = { every: 10, questions, kind, answers: { ...plainly, ...wrong }, tally: newTally() };
    const found = await firstDisagreement(plan, 3000);
    expect(found?.key).toContain(kind);
    expect(found?.history.length, found?.message).toBeLessThanOrEqual(6);
  },
  300_000,
);
