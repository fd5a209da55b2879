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
 *     disagreement.ts  looks for a history that fails
 *
 * After every ten steps each person and a guest ask 13 questions: the home feed, and
 * then some of the 48 kinds in turn. At the end of a history they ask everything.
 * Nobody asks for notifications if the environment names no database (PLAZA_DB_URL).
 * Conversations have histories of their own (chat.test.ts).
 * PLAZA_ORACLE_QUESTIONS: how many questions in between, or "all".
 * PLAZA_ORACLE_STEPS: how many steps, 1250 by default. PLAZA_SEED: a number that
 * repeats the same histories and questions.
 */
import { beforeAll, expect, test } from "vitest";
import { seed } from "../../seed.ts";
import type { Answers } from "./ask.ts";
import { firstDisagreement } from "./disagreement.ts";
import { newTally, type Plan } from "./play.ts";
import { createPopulation, type Population } from "./population.ts";
import * as plainly from "./questions.ts";
import { histories } from "./steps.ts";

const { env } = process;
const wantedSteps = Number(env.PLAZA_ORACLE_STEPS ?? 1250);
const questions = env.PLAZA_ORACLE_QUESTIONS === "all" ? "all" : Number(env.PLAZA_ORACLE_QUESTIONS ?? 13);

let population: Population;
beforeAll(async () => {
  population = await createPopulation();
});

test("after any history everybody sees what the rules say", async () => {
  const [tally, startedMs] = [newTally(), Date.now()];
  const found = await firstDisagreement(
    population,
    histories,
    { every: 10, questions, tally },
    { steps: wantedSteps, seed },
  );
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
    const answers = { ...plainly, ...wrong };
    const plan: Plan = { every: 10, questions, kinds: [kind], answers, tally: newTally() };
    const found = await firstDisagreement(population, histories, plan, { steps: 3000, seed });
    expect(found?.key).toContain(kind);
    expect(found?.history.length, found?.message).toBeLessThanOrEqual(6);
  },
  300_000,
);
