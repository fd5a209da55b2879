/**
 * One step on both sides: the step in words, the result that the rules demand, the
 * request to the API, and the change in the model.
 */
import { chatMove } from "./chat-moves.ts";
import { listMove, tagMove } from "./list-moves.ts";
import { nameMove } from "./name-moves.ts";
import { noticeMove } from "./notice-moves.ts";
import { peopleMove } from "./people-moves.ts";
import { postMove } from "./post-moves.ts";
import { at, type Stage } from "./stage.ts";
import type { Step } from "./steps.ts";

/** An answer from supabase-js. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: rows of any table
  data: any;
  error: { code: string; details: string; message: string } | null;
  status: number;
}

export interface Move {
  /** The step in words: "bob blocks alice". */
  text: string;
  /** "done", "nothing" (no row changed), the answer of a function, or the code of a refusal. */
  expected: string;
  request: () => PromiseLike<Answer>;
  /** Changes the model after the expected answer. Absent if the step changes nothing. */
  // biome-ignore lint/suspicious/noExplicitAny: rows of any table
  after?: (data: any) => void | Promise<void>;
}

/** The step as it is at this point of the history. Null if there is nothing yet that it could act on. */
export const moveOf = (stage: Stage, step: Step): Move | null =>
  actors(step).every((n) => stage.world.people.some(({ id }) => id === at(stage, n)))
    ? (postMove(stage, step) ??
      peopleMove(stage, step) ??
      nameMove(stage, step) ??
      noticeMove(stage, step) ??
      chatMove(stage, step) ??
      listMove(stage, step) ??
      tagMove(stage, step))
    : null;

/** The numbers of those who act in this step. They have to be people. */
function actors(step: Step): number[] {
  if ("by" in step) return step.by === null ? [] : [step.by];
  return "pair" in step ? [step.pair.by, step.pair.to] : [];
}

/** The result of a request, in the words of Move.expected. */
export function outcome({ data, error }: Answer): string {
  if (error) return error.code.startsWith("PT") ? error.details : error.code;
  if (typeof data === "boolean" || typeof data === "string") return String(data);
  return Array.isArray(data) && data.length === 0 ? "nothing" : "done";
}
