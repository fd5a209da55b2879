/**
 * Turns a committed change into frames for the subscribers that may hear of it, in the
 * order of the commits. Changes that wait are evaluated together. A change that needs
 * nothing from the database server is delivered at once.
 */
import type { Log } from "../../../log.ts";
import { DatabaseError } from "../../database-side.ts";
import { isTransient } from "../errors.ts";
import type { RowChange } from "../pgoutput.ts";
import { addGenerated, generatedExpressions } from "./generated.ts";
import type { Interest, Interests, Member, Target } from "./interests.ts";
import { type Check, type Judge, tooSlow, type Verdict } from "./judge.ts";
import {
  type ChangeRecord,
  errorData,
  filtered,
  frameData,
  jsonKey,
  readChange,
  unknownJson,
} from "./record.ts";
import type { Table } from "./tables.ts";
import { jsonExpression } from "./values.ts";

export interface EvaluatorOptions {
  interests: Interests;
  judge: Judge;
  /** The table as it is now, if it is published. Read again when it may have changed. */
  table(id: number): Table | undefined | Promise<Table | undefined>;
  limits: EvaluatorLimits;
  /**
   * Told how many changes were dropped, because too many waited or they could not be evaluated. Must
   * not throw.
   */
  dropped(count: number): void;
  log: Log;
}

export interface EvaluatorLimits {
  /** The most changes that wait, and the most bytes of their values. */
  pendingMax: number;
  pendingBytesMax: number;
  /** The most bytes of a change's values. Above it, frames contain only the small values. */
  recordBytesMax: number;
}

export interface Evaluator {
  change(change: RowChange): void;
  /** Drops the changes that wait. */
  stop(): void;
}

/** The most changes that are evaluated together. */
const batchMax = 50;
/** While the database cannot be reached, changes wait and are tried again, within their bound. */
const retry = { pauseMs: 200, triesMax: 150 };

/** How often a batch is looked at again, because subscribers got other tokens while it was judged. */
const roundsMax = 5;

interface ReadChange {
  change: RowChange;
  record: ChangeRecord;
}

/** One change, and who may hear of it by what is known so far. */
interface Case extends ReadChange {
  /** The interests whose filters it has passed so far, and what the server still has to be asked. */
  open: { interest: Interest; asks: string[] }[];
  /** The interests that get an error instead of the row. */
  refused: Map<Interest, string>;
}

/** What the server has said about a batch. */
interface Known {
  answers: Map<string, string | null | undefined>;
  /** The verdicts about each change, by `checkKey`. */
  verdicts: Map<RowChange, Map<string, Verdict>>;
  /** The number of the interests' additions when the batch was first looked at. */
  since: number | undefined;
}

export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { interests, judge, limits, log } = options;
  let pending: RowChange[] = [];
  let pendingBytes = 0;
  let droppedCount = 0;
  let waitingCount = 0;
  let running = false;
  let stopped = false;

  async function run(): Promise<void> {
    running = true;
    while (pending.length > 0 && !stopped) {
      const waiting = pending;
      pending = [];
      for (let at = 0; at < waiting.length && !stopped; at += batchMax) {
        const batch = waiting.slice(at, at + batchMax);
        try {
          const judged = judgeBatch(batch);
          if (judged instanceof Promise) await judged;
        } catch (error) {
          log("error", `changes could not be judged: ${(error as Error).stack}`);
          droppedCount += batch.length;
        }
        for (const { bytes } of batch) pendingBytes -= bytes;
        waitingCount -= batch.length;
      }
      if (droppedCount > 0) {
        log("warn", `${droppedCount} changes were dropped`);
        options.dropped(droppedCount);
        droppedCount = 0;
      }
    }
    running = false;
  }

  /** Awaits only what is needed, so that a single change is delivered as soon as it is read. */
  function judgeBatch(batch: RowChange[]): void | Promise<void> {
    const tables = batch.map(({ relation }) => options.table(relation.id));
    const reading = tables.filter((table) => table instanceof Promise);
    if (reading.length > 0) {
      // It asks for the tables again, and hears there why they cannot be read.
      for (const table of reading) table.catch(() => {});
      return judgeWithPatience(batch);
    }
    const read = batch.flatMap((change, index) => readFor(change, tables[index] as Table | undefined));
    if (read.some(({ record }) => generatedExpressions(record).length > 0)) return judgeWithPatience(batch);
    const cases = read.flatMap(open);
    if (cases.every((each) => !needsServer(each))) {
      for (const each of cases) conclude(each);
      return undefined;
    }
    return judgeWithPatience(batch);
  }

  async function judgeWithPatience(batch: RowChange[]): Promise<void> {
    for (let tries = 0; !stopped; tries++) {
      try {
        return await judgeByServer(batch);
      } catch (error) {
        const wait = error instanceof DatabaseError && isTransient(error) && tries < retry.triesMax;
        if (!wait) throw error;
        await new Promise((resolve) => setTimeout(resolve, retry.pauseMs));
      }
    }
  }

  async function judgeByServer(batch: RowChange[]): Promise<void> {
    const known: Known = { answers: new Map(), verdicts: new Map(), since: undefined };
    for (let round = 1; ; round++) {
      const tables = await Promise.all(batch.map(({ relation }) => options.table(relation.id)));
      const read = batch.flatMap((change, index) => readFor(change, tables[index]));
      const generated = read.flatMap(({ record }) => generatedExpressions(record));
      // The tables may have changed meanwhile, so they are looked at again.
      if ((await learn(known, generated, judge.evaluate)) && round < roundsMax) continue;
      for (const { record } of read) addGenerated(record, known.answers);
      const { additions } = interests;
      known.since ??= additions;
      const cases = read.flatMap(open);
      await ask(cases, known);
      if (stopped) return;
      // A subscriber may have got another token meanwhile. Then its new rights have to be asked about.
      if (interests.additions !== additions && round < roundsMax) continue;
      for (const each of cases) conclude(each, known.verdicts.get(each.change));
      return;
    }
  }

  /** Asks the server what is not known yet. Leaves out subscribers that joined after the first question. */
  async function ask(cases: Case[], known: Known): Promise<void> {
    const { answers, verdicts, since = 0 } = known;
    const all = interests.additions === since;
    const inTime = ({ targets }: Member) =>
      all || targets.keys().some((target) => interests.since(target) <= since);
    if (!all) {
      for (const each of cases)
        each.open = each.open.filter(({ interest }) => interest.members.values().some(inTime));
    }
    await learn(known, cases.flatMap(filters), judge.filter);
    for (const each of cases) {
      endSlow(each, answers);
      each.open = each.open.filter(({ asks }) => asks.every((ask) => answers.get(ask) === "true"));
    }
    await learn(known, cases.flatMap(values), judge.evaluate);
    for (const each of cases) settle(each, answers);

    const checks: { change: RowChange; name: string; check: Check }[] = [];
    for (const { change, record, open } of cases) {
      if (!needsPolicy(record)) continue;
      const key = record.table.primaryKey.map((name) => record.row.get(name) ?? "");
      const asked = new Set(verdicts.get(change)?.keys());
      for (const { interest } of open) {
        const { role } = interest;
        for (const member of interest.members.values()) {
          const name = checkKey(role, member.claims);
          if (asked.has(name) || !inTime(member)) continue;
          asked.add(name);
          checks.push({ change, name, check: { table: record.table, role, claims: member.claims, key } });
        }
      }
    }
    if (checks.length === 0) return;
    const transactions = [...new Set(checks.map(({ change }) => change.transaction.id))];
    const results = await judge.see(
      checks.map(({ check }) => check),
      transactions,
    );
    checks.forEach(({ change, name }, index) => {
      const own = verdicts.get(change) ?? new Map<string, Verdict>();
      verdicts.set(change, own.set(name, results[index] as Verdict));
    });
  }

  function readFor(change: RowChange, table: Table | undefined): ReadChange[] {
    if (!table || !interests.has(table.id)) return [];
    return [{ change, record: readChange(change, table, limits.recordBytesMax) }];
  }

  function open({ change, record }: ReadChange): Case[] {
    const { table } = record;
    const values = filtered(record);
    const each: Case = { change, record, open: [], refused: new Map() };
    const wanted = (interest: Interest) => interest.type === undefined || interest.type === record.type;
    const errors = new Map<string, string>();
    for (const role of record.type === "DELETE" ? [] : interests.roles(table.id)) {
      const error = unidentified(table, role);
      if (error) errors.set(role, error);
    }
    if (errors.size > 0) {
      for (const interest of interests.all(table.id)) {
        const error = errors.get(interest.role);
        if (error && wanted(interest)) each.refused.set(interest, error);
      }
    }
    for (const interest of interests.candidates(table.id, values)) {
      if (!wanted(interest) || each.refused.has(interest)) continue;
      const asks: string[] = [];
      const passes = interest.conditions.every(({ column, test, ask }) => {
        const value = values.get(column);
        if (value === undefined) return false;
        if (ask) asks.push(`(${ask(value)})::text`);
        return test?.(value) ?? true;
      });
      if (passes) each.open.push({ interest, asks });
    }
    return each.open.length > 0 || each.refused.size > 0 ? [each] : [];
  }

  /** Ends the subscriptions whose filter takes too long, so that it delays the changes of others only once. */
  function endSlow({ open }: Case, answers: Known["answers"]): void {
    for (const { interest, asks } of open) {
      if (!asks.some((ask) => answers.get(ask) === tooSlow)) continue;
      for (const { targets } of [...interest.members.values()]) {
        for (const target of [...targets.keys()]) target.end(filterTooSlow);
      }
    }
  }

  function conclude({ record, open, refused }: Case, verdicts?: Map<string, Verdict>): void {
    const frames = new Map<string, Map<Target, number[]>>();
    const collect = (data: string, targets: Map<Target, number[]>) => {
      const frame = frames.get(data) ?? new Map<Target, number[]>();
      frames.set(data, frame);
      for (const [target, ids] of targets) frame.set(target, [...(frame.get(target) ?? []), ...ids]);
    };
    for (const [interest, error] of refused) {
      for (const { targets } of interest.members.values()) collect(errorData(record, error), targets);
    }
    const rows = new Map<string, string>();
    for (const { interest } of open) {
      const { role, select } = interest;
      const key = JSON.stringify([role, select]);
      const readable = record.table.readable.get(role) ?? new Set();
      for (const { claims, targets } of interest.members.values()) {
        // Without a verdict, it joined after the policies were asked. It hears of later changes.
        const verdict = needsPolicy(record) ? verdicts?.get(checkKey(role, claims)) : "visible";
        if (verdict === "failed") collect(errorData(record, policyFailed), targets);
        if (verdict !== "visible") continue;
        const data = rows.get(key) ?? frameData(record, readable, select);
        rows.set(key, data);
        collect(data, targets);
      }
    }
    for (const [data, targets] of frames) {
      for (const [target, ids] of targets) {
        try {
          target.deliver(ids, data);
        } catch (error) {
          log("error", `a change could not be delivered: ${(error as Error).message}`);
        }
      }
    }
  }

  return {
    change(change) {
      if (stopped || !interests.has(change.relation.id)) return;
      if (waitingCount >= limits.pendingMax || pendingBytes + change.bytes > limits.pendingBytesMax) {
        droppedCount++;
        return;
      }
      pending.push(change);
      pendingBytes += change.bytes;
      waitingCount++;
      if (running) return;
      void run();
    },
    stop() {
      stopped = true;
      pending = [];
    },
  };
}

const filterTooSlow = "The subscription has ended, because its filter takes too long";
const policyFailed = "Error 500: Internal Server Error, RLS policy evaluation failed";

/** The error when nobody with the role can be told of the row, else undefined. */
function unidentified(table: Table, role: string): string | undefined {
  if (table.primaryKey.length === 0) return "Error 400: Bad Request, no primary key";
  const readable = table.readable.get(role);
  return table.primaryKey.every((name) => readable?.has(name)) ? undefined : "Error 401: Unauthorized";
}

/** Whether policies have to be asked. They cannot be asked about a deleted row. */
function needsPolicy({ table, type }: ChangeRecord): boolean {
  return table.rowSecurity && type !== "DELETE";
}

function needsServer(each: Case): boolean {
  const policies = needsPolicy(each.record) && each.open.length > 0;
  return policies || filters(each).length > 0 || values(each).length > 0;
}

/** The filters that the server has to evaluate. */
function filters({ open }: Case): string[] {
  return open.flatMap(({ asks }) => asks);
}

/** The values that the server has to write as JSON. */
function values({ record, open }: Case): string[] {
  if (open.length === 0) return [];
  return unknownJson(record).map(({ column, text }) => jsonExpression(column, text));
}

function settle(each: Case, answers: Known["answers"]): void {
  for (const { column, text } of unknownJson(each.record)) {
    const json = answers.get(jsonExpression(column, text));
    if (typeof json === "string") each.record.json.set(jsonKey(column, text), json);
  }
}

/** Asks for the results that are not known yet. @returns whether there were any */
async function learn({ answers }: Known, expressions: string[], answer: Judge["evaluate"]): Promise<boolean> {
  const unknown = [...new Set(expressions)].filter((each) => !answers.has(each));
  if (unknown.length === 0) return false;
  const results = await answer(unknown);
  for (const [index, each] of unknown.entries()) answers.set(each, results[index]);
  return true;
}

function checkKey(role: string, claims: string): string {
  return `${role} ${claims}`;
}
