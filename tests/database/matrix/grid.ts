/**
 * Reads grids, which are expectations for people to read, and asks their cells. A line has a
 * request, then the answers about the things of the public owner and of the private owner,
 * one letter for each relation. "-" means that the owner has no such thing. Every cell is
 * asked as through the API, and undone before the next one.
 */
import type { TransactionSql } from "postgres";
import type { Caller } from "../database.ts";
import { fill, type Relation, relations, type State, type World } from "./relations.ts";

/** The meaning of each letter. Tables and functions add letters of their own. */
export const legend: Record<string, string> = {
  "+": "row", // one or more; of a write: it is done
  ".": "nothing", // no row; of a write: it touches none
  x: "refused", // by Postgres: 42501
  y: "true",
  n: "false",
  _: "null",
  N: "post_not_found",
  P: "profile_not_found",
  C: "post_not_open",
  L: "not_signed_in",
  U: "23505", // it is there already
  V: "55000", // a view that cannot be written
  ...Object.fromEntries([..."0123456789"].map((digit) => [digit, digit])),
};

export type Letters = Record<string, string>;

export interface Line {
  asked: string[];
  answers: Record<State, string>;
}

const states: State[] = ["public", "private"];
const header = Object.keys(relations).join("");

export function parse(grid: string, letters: Letters = {}): Line[] {
  const lines = grid
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== "" && first !== header);
  return lines.map((words) => {
    const answers = { public: words.at(-2) ?? "", private: words.at(-1) ?? "" };
    for (const state of states) {
      const known = [...answers[state]].every((letter) => letter in letters || letter in legend);
      if (answers[state] !== "-" && (answers[state].length !== header.length || !known)) {
        throw new Error(`${words.join(" ")}: not a line of ${header}`);
      }
    }
    return { asked: words.slice(0, -2), answers };
  });
}

/** A line with what it asks, as SQL. */
export type Request = Line & { statement: string };

/**
 * Asks the cells of some lines. The cells of one person are savepoints in one request.
 * @returns a sentence for each cell whose answer differs
 */
export async function check(
  world: World,
  name: string,
  requests: Request[],
  letters: Letters = {},
): Promise<string[]> {
  const mismatches: string[] = [];
  for (const state of states) {
    const asked = requests.filter(({ answers }) => answers[state] !== "-");
    for (const [place, relation] of (Object.keys(relations) as Relation[]).entries()) {
      const outcomes = await outcomesOf(
        world.callers[state][relation],
        asked.map(({ statement }) => fill(statement, world.values[state][relation])),
      );
      world.cells += asked.length;
      for (const [line, { asked: words, answers }] of asked.entries()) {
        const letter = answers[state][place] as string;
        const expected = letters[letter] ?? legend[letter];
        const found = outcomes[line]?.word;
        if (found !== expected)
          mismatches.push(cell([name, ...words], state, relation, `${expected}`, `${found}`));
      }
    }
  }
  return mismatches;
}

/** The sentence about a cell whose answer differs. */
export function cell(words: string[], state: State, relation: Relation, expected: string, found: string) {
  return `${words.join(" ")}, ${state} owner, ${relations[relation]}: expected ${expected}, found ${found}`;
}

class Undo extends Error {}

export interface Outcome {
  /** A word of the legend, or the code of an error. If the statement selects an `answer`, that answer. */
  word: string;
  /** How many rows were read or changed. */
  rows: number;
}

/** Runs each statement by itself and undoes it. @returns the outcome of each */
export async function outcomesOf(ask: Caller, statements: string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await undone(() =>
    ask(async (sql) => {
      for (const statement of statements) outcomes.push(await outcomeOf(sql, statement));
      throw new Undo();
    }),
  );
  return outcomes;
}

async function outcomeOf(sql: TransactionSql, statement: string): Promise<Outcome> {
  const outcome = { word: "", rows: 0 };
  try {
    await undone(() =>
      sql.savepoint(async (inner) => {
        const results = await inner.unsafe(statement);
        // If there are several statements, the last one counts.
        const rows = (results.count === undefined ? results.at(-1) : results) as typeof results;
        const [first] = rows;
        outcome.rows = rows.count;
        outcome.word = rows.count > 0 ? "row" : "nothing";
        if (first && "answer" in first) outcome.word = String(first.answer);
        throw new Undo();
      }),
    );
  } catch (error) {
    const { code, detail } = error as { code?: string; detail?: string };
    if (!code) throw error;
    outcome.word = code === "42501" ? "refused" : code.startsWith("PT") && detail ? detail : code;
  }
  return outcome;
}

async function undone(work: () => Promise<unknown>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
}
