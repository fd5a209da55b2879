/**
 * A small town: a few people send all kinds of requests at the same time, over 16 connections.
 * They meet all the time, because there are few of them and all work on the newest posts.
 * Meanwhile a trusted backend writes, jobs run, and accounts are deleted and made.
 */
import { setTimeout as sleep } from "node:timers/promises";
import postgres, { type TransactionSql } from "postgres";
import { databaseUrl } from "../../../sql/tools/server.ts";
import type { Database } from "../database.ts";
import { type Action, actions, type Choice } from "./actions.ts";
import { type Background, background } from "./background.ts";

export interface TownOptions {
  /** How many requests the people send. The others work until these are done. */
  requests: number;
  /** Decides what each connection asks. How the requests meet differs in each run. */
  seed: number;
}

export interface Townsperson {
  id: string;
  names: [string, string];
}

export interface Town {
  db: Database;
  people: Townsperson[];
  /** The ids of the newest posts. Some are deleted by now. */
  posts: number[];
  /** Notes the posts in an answer, so that others find them. */
  wrote(rows: { post?: number | string }[]): void;
  signUp(): Promise<Townsperson>;
}

export interface Report {
  /** How often each action succeeded. */
  succeeded: Record<string, number>;
  /** The errors that people got, and those of everybody else, with how often each came. */
  refused: { people: Record<string, number>; others: Record<string, number> };
  /** An example of each error. An error is `PT404 post_not_found`, or the code and words of Postgres. */
  examples: Record<string, string>;
  /** How long the slowest request of a person took. */
  slowestMs: number;
}

const connections = 16;
const population = 12;

export async function runTown(db: Database, { requests, seed }: TownOptions): Promise<Report> {
  const report: Report = {
    succeeded: {},
    refused: { people: {}, others: {} },
    examples: {},
    slowestMs: 0,
  };
  const town = await createTown(db);

  async function observe(
    who: keyof Report["refused"],
    name: string,
    work: () => Promise<unknown>,
  ): Promise<void> {
    try {
      const rows = await work();
      if (Array.isArray(rows)) town.wrote(rows);
      report.succeeded[name] = (report.succeeded[name] ?? 0) + 1;
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      const { code, message, detail, where } = error;
      const kind = `${code} ${code.startsWith("PT") ? detail : message}`;
      report.refused[who][kind] = (report.refused[who][kind] ?? 0) + 1;
      report.examples[kind] ??= `${name}: ${message}\n${detail}\n${where}`;
    }
  }

  let left = requests;
  async function person(roll: Choice["roll"]): Promise<void> {
    const names = Object.keys(actions);
    while (left-- > 0) {
      const name = names[roll(names.length)] as string;
      const me = town.people[roll(town.people.length)] as Townsperson;
      const choice = choose(town, me, roll);
      const start = performance.now();
      await observe("people", name, () =>
        db.as("authenticated", me.id)((sql) => (actions[name] as Action)(sql, choice)),
      );
      report.slowestMs = Math.max(report.slowestMs, performance.now() - start);
    }
  }

  async function beside({ role, works, pauseMs }: Background, roll: Choice["roll"]): Promise<void> {
    await using stack = new AsyncDisposableStack();
    const sql = postgres(databaseUrl(db.port, db.name, role), { max: 1, onnotice() {} });
    stack.defer(() => sql.end());
    const names = Object.keys(works);
    while (left > 0) {
      const name = names[roll(names.length)] as string;
      await observe("others", name, () =>
        sql.begin((transaction: TransactionSql) => works[name]?.(transaction, town, roll)),
      );
      await sleep(roll(pauseMs));
    }
  }

  await Promise.all([
    ...Array.from({ length: connections }, (_, n) => person(dice(seed * 1000 + n))),
    ...background.map((each, n) => beside(each, dice(seed * 1000 + 500 + n))),
  ]);
  return report;
}

async function createTown(db: Database): Promise<Town> {
  let signUps = 0;
  const town: Town = {
    db,
    people: [],
    posts: [],
    wrote(rows) {
      town.posts.unshift(...rows.flatMap(({ post }) => (post ? [Number(post)] : [])));
      town.posts.splice(12);
    },
    async signUp() {
      const name = `town_${++signUps}`;
      const { id } = await db.signUp(name);
      return { id, names: [name, `${name}_b`] };
    },
  };
  for (let n = 0; n < population; n++) town.people.push(await town.signUp());
  return town;
}

function choose({ people, posts }: Town, me: Townsperson, roll: Choice["roll"]): Choice {
  const anyone = () => people[roll(people.length)] as Townsperson;
  const some = Array.from({ length: 1 + roll(6) }, () => posts[roll(posts.length)]);
  return {
    roll,
    me,
    ids: Array.from({ length: 1 + roll(3) }, () => anyone().id),
    username: anyone().names[0],
    posts: [...new Set(some.filter((id) => id !== undefined))],
    post: some[0] ?? null,
  };
}

/** Makes numbers from a seed, so that you can repeat a failing run. */
function dice(seed: number): Choice["roll"] {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 8) % sides;
  };
}
