/**
 * A step on both sides: what it is in words, what must come of it by the rules, the
 * request to the API, and what then changes in the model.
 */
import { listMove, tagMove } from "./list-moves.ts";
import { peopleMove } from "./people-moves.ts";
import { postMove } from "./post-moves.ts";
import type { Stage } from "./stage.ts";
import type { Step } from "./steps.ts";

/** What supabase-js answers. */
export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: rows of any table
  data: any;
  error: { code: string; details: string; message: string } | null;
  status: number;
}

export interface Move {
  /** bob blocks alice */
  text: string;
  /** done, nothing (no row), what a function answers, or the code of a refusal. */
  expected: string;
  request: () => PromiseLike<Answer>;
  /** What changes when it came as expected. Absent where nothing does. */
  // biome-ignore lint/suspicious/noExplicitAny: rows of any table
  after?: (data: any) => void | Promise<void>;
}

/** The step here and now; null when there is nothing yet that it could be about. */
export const moveOf = (stage: Stage, step: Step): Move | null =>
  postMove(stage, step) ?? peopleMove(stage, step) ?? listMove(stage, step) ?? tagMove(stage, step);

/** What came of a request, in the words of Move.expected. */
export function outcome({ data, error }: Answer): string {
  if (error) return error.code.startsWith("PT") ? error.details : error.code;
  if (typeof data === "boolean" || typeof data === "string") return String(data);
  return Array.isArray(data) && data.length === 0 ? "nothing" : "done";
}
