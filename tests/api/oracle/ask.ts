/** A question to the API, and what the model answers. */
import { type Answer, outcome } from "./moves.ts";
import type * as plainly from "./questions.ts";

/** What answers for the model: a test gives it wrong ones. */
export type Answers = typeof plainly;

export interface Question {
  /** home, thread, … */
  kind: string;
  /** bob asks for home */
  text: string;
  ask: () => Promise<unknown>;
  expected: () => unknown;
}

/** The rows of an answer, each in this form; or the code of its error. */
export async function rowsOf(
  request: PromiseLike<Answer>,
  // biome-ignore lint/suspicious/noExplicitAny: rows of any table or function
  form: (row: any) => unknown,
): Promise<unknown> {
  const answer = await request;
  return answer.error ? outcome(answer) : answer.data.map(form);
}
