/**
 * Reads grids, which are expectations for people to read, and asks their cells. A line has a
 * request, then the answers about the things of the public owner and of the private owner,
 * one letter for each relation. "-" means that the owner has no such thing. Every cell is
 * asked as through the API, and undone before the next one.
 */
import type { TransactionSql } from "postgres";
import type { Caller } from "../database.ts";
import { fill, relations } from "./relations.ts";

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

/** The columns of a grid: the letters of the people, and the two states that they are asked about. */
export interface Cast {
  /** The words for each letter. */
  relations: Record<string, string>;
  /** The words for each state. */
  states: Record<string, string>;
}

/** The relations to an owner. Chat has its own (chat-relations.ts). */
const owners: Cast = { relations, states: { public: "public owner", private: "private owner" } };

/** The people who are asked. */
export interface Asked {
  /** The relations to an owner, unless it says otherwise. */
  cast?: Cast;
  /** By state and letter. */
  callers: Record<string, Record<string, Caller>>;
  values: Record<string, Record<string, Record<string, string>>>;
  cells: number;
}

export interface Line {
  asked: string[];
  /** By state, a letter for each relation. */
  answers: Record<string, string>;
}

export function parse(grid: string, letters: Letters = {}, cast = owners): Line[] {
  const header = Object.keys(cast.relations).join("");
  const lines = grid
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== "" && first !== header);
  return lines.map((words) => {
    const answers = words.slice(-2);
    for (const line of answers) {
      const known = [...line].every((letter) => letter in letters || letter in legend);
      if (line !== "-" && (line.length !== header.length || !known)) {
        throw new Error(`${words.join(" ")}: not a line of ${header}`);
      }
    }
    const states = Object.keys(cast.states);
    return {
      asked: words.slice(0, -2),
      answers: Object.fromEntries(states.map((state, n) => [state, answers[n] ?? ""])),
    };
  });
}

/** A line with what it asks, as SQL. */
export type Request = Line & { statement: string };

/**
 * Asks the cells of some lines. The cells of one person are savepoints in one request.
 * @returns a sentence for each cell whose answer differs
 */
export async function check(
  world: Asked,
  name: string,
  requests: Request[],
  letters: Letters = {},
): Promise<string[]> {
  const mismatches: string[] = [];
  const { cast = owners } = world;
  for (const state of Object.keys(cast.states)) {
    const asked = requests.filter(({ answers }) => answers[state] !== "-");
    for (const [place, relation] of Object.keys(cast.relations).entries()) {
      const values = world.values[state]?.[relation] ?? {};
      const outcomes = await outcomesOf(
        world.callers[state]?.[relation] as Caller,
        asked.map(({ statement }) => fill(statement, values)),
      );
      world.cells += asked.length;
      for (const [line, { asked: words, answers }] of asked.entries()) {
        const letter = answers[state]?.[place] as string;
        const expected = letters[letter] ?? legend[letter];
        const found = outcomes[line]?.word;
        if (found !== expected)
          mismatches.push(cell([name, ...words], state, relation, `${expected}`, `${found}`, cast));
      }
    }
  }
  return mismatches;
}

/** The sentence about a cell whose answer differs. */
export function cell(
  words: string[],
  state: string,
  relation: string,
  expected: string,
  found: string,
  cast = owners,
) {
  const about = `${words.join(" ")}, ${cast.states[state]}, ${cast.relations[relation]}`;
  return `${about}: expected ${expected}, found ${found}`;
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
