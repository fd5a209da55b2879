/**
 * How good are the lists that people get? It measures the lists of a pass, of jobs for one person, and of the next day, when
 * a pass keeps most of them. Beside them is the core with thorough limits. A fifth of the edges of a graph is held out,
 * as in the scenario suggestions.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import postgres from "postgres";
import { inDegree, outDegree } from "../../edge-functions/_shared/suggestions/graph.ts";
import { thorough } from "../../edge-functions/_shared/suggestions/limits.ts";
import { refreshSuggestions } from "../../edge-functions/_shared/suggestions/refresh.ts";
import { createSuggester } from "../../edge-functions/_shared/suggestions/suggest.ts";
import { directed } from "../../edge-functions/_shared/suggestions/weights.ts";
import { createMeasuring, type Quality } from "../suggestion-measures.ts";
import type { MeasuredPass } from "../suggestion-pass.ts";
import { randoms, readEdges, type Split, split } from "../suggestion-split.ts";
import { startSuggestionTown } from "../suggestion-town.ts";

/** The number of people who get a list by a job. */
const jobs = 1000;
const seed = 1;

/** By the number of the person. */
type Lists = Map<number, ArrayLike<number>>;

function optionsOf(args: string[]) {
  const options = { graph: { type: "string" }, directed: { type: "boolean", default: false } } as const;
  return parseArgs({ args, options }).values;
}

/** @returns the name of the file with the results: each graph has its own */
export function resultOf(args: string[]): string {
  return `suggestion-lists-${basename(optionsOf(args).graph ?? "", ".gz").replace(/\.\w+$/, "")}`;
}

/** @param args --graph FILE [--directed] */
export async function run(args: string[]): Promise<string> {
  const options = optionsOf(args);
  if (!options.graph) throw new Error("Usage: npm run bench -- suggestion-lists --graph FILE [--directed]");
  const edges = await readEdges(options.graph, options.directed);
  const parts = split(edges, options.directed, 0.2, seed);
  const { graph } = parts;
  const from = new Int32Array(graph.out.length);
  for (let person = 0; person < graph.people; person++)
    from.fill(person, graph.outStarts[person], graph.outStarts[person + 1]);

  await using town = await startSuggestionTown({ people: graph.people, from, to: graph.out });
  const sql = postgres(town.url("owner"), { max: 1, onnotice() {} });
  try {
    const pass = () => passOf(town.url("owner"));
    const asked = parts.hidden.flatMap((others, person) =>
      others.length > 0 && outDegree(graph, person) > 0 ? [person] : [],
    );
    const random = randoms(seed);
    const some = asked
      .map((person) => ({ person, order: random() }))
      .sort((one, other) => one.order - other.order)
      .slice(0, jobs)
      .map(({ person }) => person);

    const { suggest } = createSuggester(graph, directed, { limits: thorough });
    const whole: Lists = new Map(
      asked.map((person) => [person, suggest(person, 60).map((one) => one.person)]),
    );
    await pass();
    const passed = await listsOf(sql);
    for (const person of some)
      await sql.begin((transaction) => refreshSuggestions(transaction, idOf(person)));
    const refreshed = await listsOf(sql);
    const row = (name: string, lists: Lists, people: number[], { hidden } = parts) =>
      rowOf(name, qualityOf(parts, hidden, lists, people), people.length);
    const rows = [
      row("thorough limits", whole, asked),
      row("the pass over everybody", passed, asked),
      row("thorough limits, of those with a job", whole, some),
      row("the pass, of those with a job", passed, some),
      row("a job for one person", refreshed, some),
    ];

    // All have the lists of the pass again. Then one in ten follows somebody who was held out, and a day ends.
    await sql`delete from private.suggestion_lists`;
    await due(sql);
    await pass();
    const left = parts.hidden.map((others) => [...others]);
    const follows = asked
      .filter((_, place) => place % 10 === 0)
      .map((person) => [person, left[person]?.pop() as number]);
    await sql`
      insert into follows (follower_id, followee_id)
      select * from unnest(${follows.map(([one]) => idOf(one as number))}::uuid[], ${follows.map(([, other]) => idOf(other as number))}::uuid[])
      on conflict do nothing`;
    await due(sql);
    const later = await pass();
    const kept = await listsOf(sql);
    await sql`delete from private.suggestion_lists`;
    await due(sql);
    await pass();
    const fresh = await listsOf(sql);
    const still = asked.filter((person) => (left[person] as number[]).length > 0);
    const after = { ...parts, hidden: left };
    rows.push(
      row("a day later, kept or written again", kept, still, after),
      row("a day later, all written again", fresh, still, after),
    );
    return [
      `${graph.people} people, ${graph.out.length} follows. 20% of the edges are held out, with one seed. The weights are those for follows.`,
      "Somebody who was followed meanwhile does not count among the first ten, as on a page.",
      `A day later, ${follows.length} people follow one of those held out. The pass wrote ${later.written} of ${later.people} lists again (${((100 * later.written) / later.people).toFixed(1)}%).`,
      "",
      "| | people | hits@10 | recall@20 | MAP |",
      "|---|---|---|---|---|",
      ...rows,
    ].join("\n");
  } finally {
    await sql.end();
  }
}

async function passOf(url: string): Promise<MeasuredPass> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, "../suggestion-pass.ts"),
    url,
    "2",
  ]);
  return JSON.parse(stdout);
}

const due = (sql: postgres.Sql) =>
  sql`update private.suggestion_turns set due_at = now() - interval '1 hour', changed_at = null`;

/** The people of each list, without those that its owner follows by now. */
async function listsOf(sql: postgres.Sql): Promise<Lists> {
  const rows = await sql<{ viewer: string; people: string[] }[]>`
    select viewers.username as viewer, array(
      select profiles.username
      from unnest(list.profile_ids) with ordinality as listed (id, place)
      join profiles on profiles.id = listed.id
      where not exists (
        select from follows where follows.follower_id = list.viewer_id and follows.followee_id = listed.id
      )
      order by listed.place
    ) as people
    from private.suggestion_lists as list
    join profiles as viewers on viewers.id = list.viewer_id`;
  const number = (name: string) => Number(name.slice("person_".length));
  return new Map(rows.map(({ viewer, people }) => [number(viewer), people.map(number)]));
}

function qualityOf({ graph }: Split, hidden: number[][], lists: Lists, people: number[]): Quality {
  const measuring = createMeasuring(graph.people, (person) => inDegree(graph, person));
  for (const person of people) measuring.add(lists.get(person) ?? [], new Set(hidden[person]));
  return measuring.result();
}

const rowOf = (name: string, { hits, recall, map }: Quality, people: number) =>
  `| ${name} | ${people} | ${hits.toFixed(3)} | ${recall.toFixed(3)} | ${map.toFixed(3)} |`;

function idOf(person: number): string {
  const hex = createHash("md5").update(`person ${person}`).digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
