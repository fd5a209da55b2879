/**
 * A block reveals nothing. The same history happens to two populations. At its end alice
 * blocks mallory in the first population, and deletes her account in the second. From
 * then on mallory must get the same answers in both, with the same errors and statuses.
 * Only ids, usernames and times may differ. Alice's two names cannot be had in either: a
 * person who blocks keeps them, and those of a deleted account are held for 30 days.
 *
 * In chat, this holds for people who talk directly. In a group that both are in, a member who goes
 * is told to everybody, and a block is not: chat-blocks.test.ts has groups.
 *
 * PLAZA_ORACLE_PAIRS: how many histories, 4 by default. PLAZA_SEED: a number that
 * repeats the same histories.
 */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { service, target } from "../../people.ts";
import { seed } from "../../seed.ts";
import { type PersonId, tie } from "./model.ts";
import { newTally, type Plan, play } from "./play.ts";
import {
  createPopulation,
  deliverChats,
  fresh,
  type Population,
  settleChats,
  signUpAs,
} from "./population.ts";
import { plainerThan, shortest } from "./shrink.ts";
import { as, type Stage } from "./stage.ts";
import { directHistories, histories, type Numbered, peopleNames } from "./steps.ts";
import { type Transcript, transcript } from "./transcript.ts";

const { env } = process;
const pairs = Number(env.PLAZA_ORACLE_PAIRS ?? 4);

/** The most steps of a history. On average a history has half as many. */
const stepsOfHistory = 80;

type Ending = (stage: Stage, alice: PersonId, mallory: PersonId) => Promise<void>;

const blocks: Ending = async (stage, alice, mallory) => {
  if (tie(stage.world.blocks, alice, mallory)) return;
  await as(stage, alice).from("blocks").insert({ blocked_id: mallory }).throwOnError();
};

const unfollows: Ending = async (stage, alice, mallory) => {
  await as(stage, alice).from("follows").delete().eq("followee_id", mallory).throwOnError();
};

/** Needs the secret key. */
const leaves: Ending = async ({ population }, alice) => {
  const { error } = await service().auth.admin.deleteUser(alice);
  if (error) throw error;
  population.people = population.people.filter(({ id }) => id !== alice);
};

interface Difference {
  message: string;
  question: string;
  /** The steps that play() returned. */
  steps: Numbered[];
}

describe.skipIf(!target().secretKey)("to mallory", () => {
  let populations: Population[];
  let answers = 0;
  beforeAll(async () => {
    populations = await Promise.all([createPopulation(), createPopulation()]);
  });

  /** What mallory hears after such an end. Null if he blocks alice, because then she cannot block him. */
  async function hear(population: Population, history: Numbered[], ending: Ending) {
    if (!population.people.some(({ name }) => name === "alice")) {
      population.people.unshift(await signUpAs("alice", population.token));
    }
    // The comparison asks nothing before the end.
    const plan: Plan = { every: Number.POSITIVE_INFINITY, questions: 0, tally: newTally() };
    const played = await play(await fresh(population), history, plan);
    const { people, blocks } = played.stage.world;
    const [alice, mallory] = ["alice", "mallory"].map(
      (name) => people.find((one) => one.name === name)?.id as PersonId,
    ) as [PersonId, PersonId];
    if (tie(blocks, mallory, alice)) return null;
    await settleChats(population);
    await ending(played.stage, alice, mallory);
    if (population.owner) await deliverChats(population.owner);
    return { ...played, heard: await transcript(played.stage, mallory, alice) };
  }

  /** @param question if it is given, only this question counts */
  async function difference(
    history: Numbered[],
    ending: Ending,
    question?: string,
  ): Promise<Difference | null> {
    const [one, other] = await Promise.all([
      hear(populations[0] as Population, history, ending),
      hear(populations[1] as Population, history, leaves),
    ]);
    if (!one || !other) return null;
    answers += one.heard.length;
    const found = firstDifference(one.heard, other.heard, question);
    if (!found) return null;
    const steps = one.history.map((step, n) => `  ${n + 1}. ${step}`);
    const message = ["What mallory is told is not the same after", ...steps, ...found.lines].join("\n");
    return { message, question: found.question, steps: one.steps };
  }

  test.each<[string, typeof histories]>([
    ["what people post", histories],
    ["what they say to each other", directHistories],
  ])(
    "in %s, mallory cannot tell a block by alice from a deleted account",
    async (about, histories) => {
      const startedMs = Date.now();
      answers = 0;
      const property = fc.asyncProperty(histories(stepsOfHistory), async (history) => {
        const found = await difference(history, blocks);
        if (found) throw Object.assign(new Error(found.message), found);
      });
      const run = await fc.check(property, { seed, numRuns: pairs, endOnFailure: true });
      const seconds = Math.round((Date.now() - startedMs) / 1000);
      console.log(
        `non-interference, ${about}: ${pairs} histories, ${answers} answers, seed ${seed}, ${seconds} s`,
      );
      if (run.failed) {
        const found = run.errorInstance as Error & Partial<Difference>;
        if (!found.steps) throw found;
        const again = (history: Numbered[]) => difference(history, blocks, found.question);
        throw new Error((await shortest(found.steps, again, plainerThan))?.message ?? found.message);
      }
      expect(answers).toBeGreaterThan(0);
    },
    600_000,
  );

  test("the comparison notices if alice only unfollows him", async () => {
    const [alice, mallory] = ["alice", "mallory"].map((name) => peopleNames.indexOf(name)) as [
      number,
      number,
    ];
    const history: Numbered[] = [{ do: "follow", by: alice, to: mallory, call: true }];
    expect(await difference(history, unfollows)).not.toBeNull();
    expect(await difference(history, blocks)).toBeNull();
  });
});

function firstDifference(one: Transcript, other: Transcript, question?: string) {
  for (const [n, [asked, answer]] of one.entries()) {
    const others = other[n]?.[1];
    if (answer === others || (question && asked !== question)) continue;
    return { question: asked, lines: [asked, `  of the one:   ${answer}`, `  of the other: ${others}`] };
  }
  return null;
}
