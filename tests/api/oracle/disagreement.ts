/** Finds a history after which the API and the model disagree, and makes it short. */
import fc from "fast-check";
import { type Disagreement, newTally, type Plan, play } from "./play.ts";
import { fresh, type Population } from "./population.ts";
import { plainerThan, shortest } from "./shrink.ts";
import type { Step } from "./steps.ts";

/** The most steps of a history. On average a history has half as many. */
const stepsOfHistory = 120;

/**
 * @param histories makes histories. Its number is the most steps of one
 * @param seed a number that repeats the same histories
 * @returns the failure of the shortest history that fails, or null if no history fails
 */
export async function firstDisagreement(
  population: Population,
  histories: (longest: number) => fc.Arbitrary<Step[]>,
  plan: Plan,
  { steps, seed }: { steps: number; seed: number },
): Promise<Disagreement | null> {
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
