/**
 * The oracle of chat. Six people and a newcomer do random things with conversations, and follow
 * and block each other. After every ten steps the test compares what everybody reads there with
 * the naive model (chats.ts). oracle.test.ts tells how the comparison works, and has the other
 * things that people do.
 *
 * PLAZA_CHAT_ORACLE_STEPS: how many steps, 300 by default. PLAZA_SEED: a number that
 * repeats the same histories. Nothing is compared if the environment names no database
 * (PLAZA_DB_URL), because the conversations of earlier histories could not be deleted.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { seed } from "../../seed.ts";
import type { Answers } from "./ask.ts";
import * as rules from "./chats.ts";
import { firstDisagreement } from "./disagreement.ts";
import { newTally } from "./play.ts";
import { createPopulation, type Population } from "./population.ts";
import * as plainly from "./questions.ts";
import { chatHistories } from "./steps.ts";

const { env } = process;
const wantedSteps = Number(env.PLAZA_CHAT_ORACLE_STEPS ?? 300);

/** How many questions each person asks after ten steps. */
const questions = 6;
const kinds = [
  "conversations",
  "conversation",
  "messages",
  "conversation_members",
  "receipts",
  "invites",
  "join_requests",
  "sync of a conversation",
  "search_messages",
  "message_versions",
  "unread messages",
  "chat_settings",
];

describe.skipIf(!env.PLAZA_DB_URL)("chat", () => {
  let population: Population;
  beforeAll(async () => {
    population = await createPopulation();
  });
  const look = (answers: Partial<Answers>, steps: number, only = kinds) => {
    const tally = newTally();
    const plan = { every: 10, questions, kinds: only, answers: { ...plainly, ...answers }, tally };
    return firstDisagreement(population, chatHistories, plan, { steps, seed }).then((found) => ({
      found,
      tally,
    }));
  };

  test("after any history of conversations everybody reads what the rules say", async () => {
    const startedMs = Date.now();
    const { found, tally } = await look({}, wantedSteps);
    const seconds = Math.round((Date.now() - startedMs) / 1000);
    console.log(
      `oracle of chat: ${tally.steps} steps, ${tally.questions} questions, seed ${seed}, ${seconds} s`,
    );
    if (found) throw found;
    expect(tally.questions).toBeGreaterThan(0);
  }, 3_600_000);

  test.each<[string, string, Partial<Answers>]>([
    [
      "blocks",
      "unread messages",
      { chatTotals: (world, viewer) => rules.chatTotals({ ...world, blocks: [] }, viewer) },
    ],
    ["that receipts are mutual", "receipts", { showsReceipts: () => true }],
  ])(
    "a model that forgets %s is found out by a history of a few steps",
    async (_, kind, wrong) => {
      const { found } = await look(wrong, 3000, [kind]);
      expect(found?.key).toContain(kind);
      expect(found?.history.length, found?.message).toBeLessThanOrEqual(8);
    },
    300_000,
  );
});
