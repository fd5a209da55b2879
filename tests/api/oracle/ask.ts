/** A question to the API, and what the model answers. */
import { type Answer, outcome } from "./moves.ts";
import type * as plainly from "./questions.ts";

/** The functions that answer for the model. A test replaces some of them with wrong ones. */
export type Answers = typeof plainly;

export interface Question {
  /** home, thread, … */
  kind: string;
  /** The question in words: "bob asks for home". */
  text: string;
  ask: () => Promise<unknown>;
  expected: () => unknown;
}

/** Brings each row of an answer into one form. Returns the code of the error if there is one. */
export async function rowsOf(
  request: PromiseLike<Answer>,
  // biome-ignore lint/suspicious/noExplicitAny: rows of any table or function
  form: (row: any) => unknown,
): Promise<unknown> {
  const answer = await request;
  return answer.error ? outcome(answer) : answer.data.map(form);
}
