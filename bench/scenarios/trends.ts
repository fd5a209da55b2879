/**
 * How well trends are noticed: labelled windows of series, beside Mastodon's formula and a seasonal z-score. The
 * threshold for a series is chosen on the other series only.
 */
import { parseArgs } from "node:util";
import { entersAt } from "../../edge-functions/_shared/trends/score.ts";
import { median } from "../measure.ts";
import { falseAlarmRate, leaveOneOut, type Outcome, outcome, type Result, sum } from "../trend-alarms.ts";
import { type Detector, mastodon, plaza, zScore } from "../trend-detectors.ts";
import { readSeries, type Series } from "../trend-series.ts";

/** False alarms per series and week. */
const rates = [0.5, 1, 2];

interface Found {
  detector: Detector;
  scores: Float64Array[];
  /** For each rate, for each series. */
  results: Result[][];
}

/** @param options --series FILE --windows FILE */
export async function run(options: string[]): Promise<string> {
  const { values } = parseArgs({
    args: options,
    options: { series: { type: "string" }, windows: { type: "string" } },
  });
  if (!values.series || !values.windows)
    throw new Error("Usage: npm run bench -- trends --series FILE --windows FILE");
  const all = await readSeries(values.series, values.windows);
  const found = [plaza, mastodon, zScore].map((detector): Found => {
    const scores = all.map((series) => detector.scores(series));
    return { detector, scores, results: leaveOneOut(all, scores, rates) };
  });
  const windows = sum(all.map((series) => series.windows.length));
  return [
    [
      `${all.length} series, ${windows} labelled windows. A window is hit when an alarm is on in it. An alarm ends when the`,
      "score stays below half of the threshold for six hours. An alarm that is on for a day counts as another one. The",
      "first day of a series does not count. The threshold for a series is the lowest that keeps the rate on all other",
      "series together, so the rate that comes out differs a little. The delay is the median from the start of the",
      "window, over all windows that the detector hits. A label starts long before what it marks.",
      "",
      "The lengths of Plaza's windows, how it combines them, and the six hours were chosen by comparing variants on five",
      "series of this benchmark (AAPL, CRM, FB, IBM, PFE). So the result on these five flatters Plaza a little. Other",
      "series decide.",
    ].join("\n"),
    [
      "| false alarms a series and week | detector | windows hit | alarm began in | false alarms that came out | delay, minutes |",
      "|---|---|---|---|---|---|",
      ...rates.flatMap((rate, place) =>
        found.map(
          ({ detector, results }) =>
            `| ${rate} | ${detector.name} | ${figures(results[place] as Result[], windows)} |`,
        ),
      ),
    ].join("\n"),
    [
      "Windows that two detectors both hit: the median of how many minutes Plaza is earlier. Negative: later.",
      "",
      "| false alarms | Mastodon | seasonal z-score |",
      "|---|---|---|",
      ...rates.map((rate, place) => {
        const [ours, ...others] = found.map(({ results }) => results[place] as Result[]) as [
          Result[],
          ...Result[][],
        ];
        return `| ${rate} | ${others.map((theirs) => earlier(ours, theirs)).join(" | ")} |`;
      }),
    ].join("\n"),
    shipped(all, found[0] as Found, windows),
    [
      `Each series at ${rates[1]}: windows hit, then false alarms.`,
      "",
      `| series | ${found.map(({ detector }) => detector.name).join(" | ")} |`,
      `|---|${"---|".repeat(found.length)}`,
      ...all.map(
        ({ name, windows: labelled }, index) =>
          `| ${name} | ${found.map(({ results }) => one(results[1]?.[index] as Result, labelled.length)).join(" | ")} |`,
      ),
    ].join("\n"),
  ].join("\n\n");
}

function delays(outcomes: Outcome[]): number[] {
  return outcomes.flatMap(({ delaysMin }) => delaysMin.filter((delay) => delay !== undefined));
}

function figures(outcomes: Outcome[], windows: number): string {
  const found = delays(outcomes);
  const delay = found.length > 0 ? Math.round(median(found)) : "–";
  const began = sum(outcomes.map((one) => one.began));
  return `${found.length} of ${windows} | ${began} | ${falseAlarmRate(outcomes).toFixed(2)} | ${delay}`;
}

function earlier(ours: Outcome[], theirs: Outcome[]): string {
  const differences = ours.flatMap(({ delaysMin }, series) =>
    delaysMin.flatMap((delay, window) => {
      const other = theirs[series]?.delaysMin[window];
      return delay === undefined || other === undefined ? [] : [other - delay];
    }),
  );
  if (differences.length === 0) return "–";
  return `${Math.round(median(differences))} (${differences.length} windows)`;
}

function one({ delaysMin, falseAlarms }: Outcome, windows: number): string {
  return `${delays([{ delaysMin } as Outcome]).length} of ${windows}, ${falseAlarms}`;
}

function shipped(all: Series[], { scores }: Found, windows: number): string {
  const outcomes = all.map((series, index) => outcome(series, scores[index] as Float64Array, entersAt));
  const [hit, , rate, delay] = figures(outcomes, windows).split(" | ");
  return (
    `With the threshold of the product (${entersAt}), which is meant for thousands of tags, Plaza hits ${hit}, with ` +
    `${rate} false alarms a series and week and a delay of ${delay} minutes.`
  );
}
