/**
 * One refresh of trends, in one transaction: Postgres counts what is new, this module scores the terms that could
 * trend, and Postgres writes what trends (sql/75-trends). The worker jobs/trends.ts does it each minute. Tests and
 * benchmarks do it at moments of their own.
 */
import type { PendingQuery, Row, TransactionSql } from "postgres";
import { between, type Forecast, forecasts } from "./baseline.ts";
import { busyness, score, trends, type Window } from "./score.ts";

/** The windows, by their places: the last hour, half day, day and week. */
type PerWindow<Value> = [hour: Value, halfDay: Value, day: Value, week: Value];

/** Each period has the window at its place, and the next longer one. */
const periods = ["hour", "day", "week"] as const;
type Period = (typeof periods)[number];

interface Candidate {
  kind: "tag" | "link";
  /** Empty for the network: all people who use any term of the kind. */
  term: string;
  people: PerWindow<number>;
  trending: Period[];
  /** Null until somebody has computed the forecasts of this hour. */
  last: PerWindow<Forecast> | null;
  next: PerWindow<Forecast> | null;
}

type Foreseen = Candidate & { last: PerWindow<Forecast>; next: PerWindow<Forecast> };

interface Candidates {
  /** The moment of the refresh, and the end of the last whole hour, as Postgres writes them. */
  at: string;
  hourAt: string;
  /** How much of the running hour is over. */
  share: number;
  terms: Candidate[];
}

/** What private.trend_facts has. */
interface Facts {
  observed: number;
  expected: number;
  spread: number;
  network_observed: number;
  network_expected: number;
}

export interface Refreshed {
  /** How many changes still have to be counted. The next refresh goes on with them. */
  waiting: number;
  /** How many terms were scored. */
  scored: number;
  began: number;
  ended: number;
}

/** What the changes of a call may cost: a few seconds also on a slow machine. Somebody's post may have a hundred terms. */
const costMost = 5_000;
/** Each call closes at most 24 hours. */
const callsMost = 10;
/** Long before the job's time is over. So what was counted is kept, and the next refresh goes on. */
const countingMaxMs = 10_000;
/** Hosted Supabase gives a request 2 s of CPU. The next minute computes the rest. */
const forecastsMost = 500;
/** If the counts end earlier than this, they are not scored. The trends of that time are over. */
const staleSeconds = 5 * 60;

/**
 * @param sql a transaction. If it fails, nothing has happened
 * @param at the moment, for tests. Now if absent
 */
export async function refreshTrends(sql: TransactionSql, at?: Date): Promise<Refreshed> {
  // The clock of Postgres, which wrote the posts.
  const moment = sql`coalesce(${at?.toISOString() ?? null}::timestamptz, now())`;
  const waiting = await count(sql, moment);
  const [row] = await sql<{ candidates: Candidates; age: number }[]>`
    select found as candidates, extract(epoch from ${moment} - (found ->> 'at')::timestamptz)::float8 as age
    from private.trend_candidates() as found
  `;
  const { candidates, age } = row as { candidates: Candidates; age: number };
  if (age > staleSeconds) return { waiting, scored: 0, began: 0, ended: 0 };

  const computed = await computeForecasts(sql, candidates);
  const foreseen = candidates.terms
    .map((term) => ({ ...term, ...computed.get(term) }))
    .filter((term): term is Foreseen => term.last !== null && term.next !== null);
  const scored = foreseen
    .filter(({ term }) => term !== "")
    .flatMap((term) => {
      const network = foreseen.find(({ kind, term: name }) => kind === term.kind && name === "");
      return network ? periods.map((_, place) => scoreTerm(term, network, place, candidates.share)) : [];
    });
  const written = scored.filter(({ trends, trended }) => trends || trended);
  const forecast = [...computed].map(([{ kind, term }, { last, next }]) => ({ kind, term, last, next }));
  const [done] = await sql<{ began: number; ended: number }[]>`
    select began, ended from private.write_trends(${json(sql, written)}, ${json(sql, forecast)})
  `;
  return { waiting, scored: foreseen.length, began: done?.began ?? 0, ended: done?.ended ?? 0 };
}

/** Counts what is new. @returns how much is left */
async function count(sql: TransactionSql, moment: PendingQuery<Row[]>): Promise<number> {
  const endsAtMs = performance.now() + countingMaxMs;
  for (let call = 1; ; call++) {
    const [row] = await sql<
      { waiting: number }[]
    >`select private.refresh_trends(${moment}, ${costMost}) as waiting`;
    const waiting = row?.waiting ?? 0;
    if (waiting === 0 || call === callsMost || performance.now() > endsAtMs) return waiting;
  }
}

/** @returns the forecasts that nobody has computed in this hour yet, as many as there is time for */
async function computeForecasts(sql: TransactionSql, { terms, hourAt }: Candidates) {
  const missing = terms.filter(({ last }) => last === null).slice(0, forecastsMost);
  const found = new Map<Candidate, Pick<Foreseen, "last" | "next">>();
  if (missing.length === 0) return found;
  const names = missing.map(({ kind, term }) => ({ kind, term }));
  const [row] = await sql<{ histories: PerWindow<number[] | null>[] }[]>`
    select private.trend_histories(${json(sql, names)}, ${hourAt}) as histories
  `;
  for (const [place, term] of missing.entries()) {
    const windows = (row?.histories[place] ?? []).map((history) => forecasts(history ?? []));
    found.set(term, {
      last: windows.map(({ last }) => last) as PerWindow<Forecast>,
      next: windows.map(({ now }) => now) as PerWindow<Forecast>,
    });
  }
  return found;
}

function scoreTerm(term: Foreseen, network: Foreseen, place: number, share: number) {
  const { kind, term: name, trending } = term;
  const period = periods[place] as Period;
  const [short, long] = [place, place + 1].map((window) => {
    const own = windowOf(term, window, share);
    const all = windowOf(network, window, share);
    return { own, all, adjusted: { ...own, people: own.people * busyness(all, own) } };
  }) as [Seen, Seen];
  const found = score(short.adjusted, long.adjusted);
  const trended = trending.includes(period);
  return {
    kind,
    term: name,
    period,
    trended,
    trends: trends(found, trended),
    score: found,
    short: factsOf(short),
    long: factsOf(long),
  };
}

interface Seen {
  own: Window;
  all: Window;
  /** As it would be on a network that is as busy as it is now. */
  adjusted: Window;
}

function windowOf({ people, last, next }: Foreseen, window: number, share: number): Window {
  const at = { last: last[window] as Forecast, now: next[window] as Forecast };
  return { observed: people[window] as number, ...between(at, share) };
}

function factsOf({ own, all }: Seen): Facts {
  return {
    observed: own.observed,
    expected: own.people,
    spread: own.spread,
    network_observed: all.observed,
    network_expected: all.people,
  };
}

const json = (sql: TransactionSql, value: unknown) => sql.json(value as Parameters<typeof sql.json>[0]);
