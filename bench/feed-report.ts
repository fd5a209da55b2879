/** Writes the results of the scenario `feed` as tables, with the goals. */
import type { Page } from "./feed-contenders.ts";
import type { Graph } from "./graph.ts";
import { type Figures, type Ratio, ratio } from "./measure.ts";

/** The time limit of the naive query. A longer time counts as this. */
export const naiveLimitMs = 3000;

/** The most that a page may cost, in scans of the primary key. */
const mostScans: Record<string, number> = { "10": 8, "100": 8, "1,000": 15, "10,000": 30 };

/** The ways to read a page, in the order of the table. */
export const methods = [
  "home_feed",
  "home_feed again",
  "HTTP",
  "owner",
  "(a)",
  "(a0)",
  "(a1)",
  "(c)",
] as const;
export type Method = (typeof methods)[number];

export interface PageFigures {
  kind: string;
  page: Page;
  of: Record<Method, Figures>;
}

export interface NaiveFigures {
  kind: string;
  plain: { feed: Figures; naive: Figures; rls: Figures };
  indexed: { feed: Figures; naive: Figures };
}

/** One size of the network: its server and its results. */
export interface Network {
  graph: Graph;
  pages: PageFigures[];
  naive: NaiveFigures[];
  posting: [quiet: Figures, quietAgain: Figures, popular: Figures];
}

export function intro(loads: number[]): string {
  const [idle, loaded, after] = loads.map((load) => load.toFixed(1));
  return [
    "One client reads pages of 20 rows. There are eight readers for each number of followees, and 200 random",
    "readers, who take turns. Times are p50 / p95 / p99 in milliseconds, medians of 9 interleaved rounds of 100.",
    "A ratio is the median of the ratios within rounds, with the range of the middle half. Client, platforms and",
    "Postgres (4 GB of shared buffers, commits wait for the disk) share two cores with other programs. The load",
    `average was ${idle} at first, ${loaded} when the data was made, ${after} at the end. **A/A** compares home_feed`,
    "with itself. Its distance from 1 shows how exact the other ratios are.",
    "",
    "- **home_feed**: `public.home_feed` as `authenticated`. **HTTP**: the same through the platform.",
    "- **owner**: the same statements as the tables' owner, without a definer between.",
    "- **(a)**: the 20 newest posts of all people, by a scan of the primary key. The same function makes the rows.",
    "- **(a0)**: only this scan, with the table's own columns.",
    "- **(a1)**: this scan, with all columns of twenty cards, by a plain join. It asks no rule.",
    "- **(c)**: a timeline written ahead, only for these readers, made into the same rows. It checks no rule again.",
    "",
    "All of them run with the settings of home_feed.",
  ].join("\n");
}

const three = ({ p50Ms, p95Ms, p99Ms }: Figures) =>
  [p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(2)).join(" / ");
const two = ({ p50Ms, p95Ms }: Figures) => `${p50Ms.toFixed(2)} / ${p95Ms.toFixed(2)}`;
const ranged = ({ median, low, high }: Ratio) =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
const counted = (value: number) => value.toLocaleString("en");

export function report({ graph, pages, naive, posting }: Network): string[] {
  const [quiet] = posting;
  return [
    `## ${counted(graph.users)} people`,
    `${counted(graph.follows)} follows (median ${graph.medianFollowees} followees, most followers ` +
      `${counted(graph.mostFollowers)}), ${counted(graph.posts)} posts over 90 days, ${counted(graph.likes)} likes; ` +
      `made in ${Math.round(graph.loadS)} s.`,
    [
      "| followees | page | home_feed | HTTP | owner | (a) | (a0) | (a1) | (c) |",
      "|---|---|---|---|---|---|---|---|---|",
      ...pages.map(
        ({ kind, page, of }) =>
          `| ${kind} | ${page} | ${three(of.home_feed)} | ${three(of.HTTP)} | ${three(of.owner)} ` +
          `| ${three(of["(a)"])} | ${three(of["(a0)"])} | ${three(of["(a1)"])} | ${three(of["(c)"])} |`,
      ),
    ].join("\n"),
    [
      "| followees | page | home_feed ÷ (a) | ÷ (a0) | ÷ (a1) | ÷ (c) | ÷ owner | A/A |",
      "|---|---|---|---|---|---|---|---|",
      ...pages.map(({ kind, page, of }) => {
        const to = (method: Method) => ranged(ratio(of.home_feed, of[method]));
        return (
          `| ${kind} | ${page} | ${to("(a)")} | ${to("(a0)")} | ${to("(a1)")} | ${to("(c)")} | ${to("owner")} ` +
          `| ${ranged(ratio(of["home_feed again"], of.home_feed))} |`
        );
      }),
    ].join("\n"),
    [
      "**(b)** is `author_id in (select followee_id …) order by created_at desc limit 20`. It runs without row-level",
      "security and makes the same rows, without and with an index on `created_at`. The schema has no such index.",
      "It also runs with row-level security, as a client would send it, and then reads only posts and authors. First",
      `page, p50 / p95 (of eight readers, the slowest), fewer rounds. A time over ${naiveLimitMs / 1000} s counts as ${naiveLimitMs / 1000} s.`,
      "",
      "| followees | (b) | with index | under RLS | (b) ÷ home_feed | with index | under RLS |",
      "|---|---|---|---|---|---|---|",
      ...naive.map(({ kind, plain, indexed }) => {
        const times = (one: Figures, feed: Figures) => ratio(one, feed).median.toFixed(1);
        return (
          `| ${kind} | ${two(plain.naive)} | ${two(indexed.naive)} | ${two(plain.rls)} ` +
          `| ${times(plain.naive, plain.feed)} | ${times(indexed.naive, indexed.feed)} | ${times(plain.rls, plain.feed)} |`
        );
      }),
    ].join("\n"),
    [
      "Posting: the time from an insert until its commit is acknowledged, 60 interleaved rounds of 20. The author with",
      "10 followers is there twice, to show the noise.",
      "",
      "| author's followers | p50 / slowest of 20, ms | ÷ 10 followers |",
      "|---|---|---|",
      ...posting.map(
        (figures, index) =>
          `| ${index < 2 ? 10 : counted(graph.mostFollowers)} | ${two(figures)} | ${ranged(ratio(figures, quiet))} |`,
      ),
    ].join("\n"),
  ];
}

export function goals(networks: Network[]): string {
  const lines: string[] = [];
  const verdict = (holds: boolean) => (holds ? "met" : "missed");
  const most = (size: string, what: string, limit: number, ratios: [name: string, ratio: Ratio][]) => {
    const all = ratios.map(([name, found]) => `${name}: ${ranged(found)}`).join(", ");
    const holds = ratios.every(([, { median }]) => median <= limit);
    lines.push(`| ${size} | ${what} at most ${limit} | ${all} | ${verdict(holds)} |`);
  };

  for (const { graph, pages, naive, posting } of networks) {
    const size = counted(graph.users);
    for (const [kind, scans] of Object.entries(mostScans)) {
      const both = pages.filter((row) => row.kind === kind);
      most(
        size,
        `${kind} followees, ÷ (a)`,
        scans,
        both.map(({ page, of }) => [`page ${page}`, ratio(of.home_feed, of["(a)"])]),
      );
    }
    const random = naive.find(({ kind }) => kind === "random") as NaiveFigures;
    for (const [name, one, feed] of [
      ["(b)", random.plain.naive, random.plain.feed],
      ["(b) with an index that the schema lacks", random.indexed.naive, random.indexed.feed],
      ["(b) under RLS", random.plain.rls, random.plain.feed],
    ] as const) {
      const times = ratio(one, feed);
      lines.push(
        `| ${size} | random reader, ${name} ÷ home_feed at least 50 | ${ranged(times)} | ${verdict(times.median >= 50)} |`,
      );
    }
    const first = pages.filter(({ page }) => page === 1);
    most(
      size,
      "÷ owner",
      1.25,
      first.map(({ kind, of }) => [kind, ratio(of.home_feed, of.owner)]),
    );
    const [quiet, , popular] = posting;
    const acknowledged = ratio(popular, quiet);
    lines.push(
      `| ${size} | posting, most followed ÷ 10 followers 0.9 to 1.1 | ${ranged(acknowledged)} ` +
        `| ${verdict(acknowledged.median >= 0.9 && acknowledged.median <= 1.1)} |`,
    );
  }
  const [small, large] = networks;
  if (small && large) {
    const grown = large.pages.flatMap(({ kind, page, of }, place): [string, Ratio][] =>
      page === 1 ? [[kind, ratio(of.home_feed, (small.pages[place] as PageFigures).of.home_feed)]] : [],
    );
    most("both", "larger ÷ smaller", 1.3, grown);
  }
  return ["| people | goal | measured | |", "|---|---|---|---|", ...lines].join("\n");
}
