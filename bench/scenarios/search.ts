/**
 * Search for posts among 100,000 and a million, for somebody who is not signed in and for
 * readers who follow a hundred and a thousand people: beside reading 20 cards by id. And
 * the same with 50,000 newest posts that match and that nobody sees. PLAZA_BENCH_POSTS
 * names one size.
 */
import { createHash } from "node:crypto";
import { loadavg } from "node:os";
import postgres from "postgres";
import { byTurns, type Contender, type Figures } from "../measure.ts";
import { startTownServer, type TownServer } from "../search-town.ts";

const sizes = process.env.PLAZA_BENCH_POSTS?.split(",").map(Number) ?? [100_000, 1_000_000];
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 9);
const batch = 25;

const queries: [kind: string, query: string][] = [
  ["a word in every second post", "evenly"],
  ["in one of a thousand", "thousandth"],
  ["in one post", "singular"],
  ["in none", "nowhere"],
  ["two words, each common", "evenly sevenths"],
  ["a common and a rare one, never together", "evenly thousandth"],
  ["a phrase of common words, rare itself", '"side by"'],
  ["from:", "from:person_4"],
  ["from: and a word", "from:person_4 evenly"],
  ["a tag", "#topic13"],
  ["a tag and a word", "#topic13 sevenths"],
  ["a word and not another", "evenly -sevenths"],
  ["a rare word and not a common one", "thousandth -evenly"],
  ["not the word itself", "evenly -evenly"],
  ["a word until a day", "thousandth until:2026-02-20"],
  ["a word between two days", "sevenths since:2026-02-01 until:2026-02-03"],
  ["either word", "singular or thousandth"],
];

interface Viewer {
  name: string;
  id: string | null;
}

const personId = (n: number) =>
  createHash("md5")
    .update(`person ${n}`)
    .digest("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
const viewers: Viewer[] = [
  { name: "anonymous", id: null },
  { name: "follows 100", id: personId(1) },
  { name: "follows 1,000", id: personId(2) },
];

export async function run(): Promise<string> {
  await using server = await startTownServer();
  const loads = [loadavg()[0] as number];
  const seconds: string[] = [];
  for (const posts of sizes) {
    seconds.push(
      `${posts.toLocaleString("en")} in ${Math.round(await server.createTown(town(posts), posts))} s`,
    );
  }
  const towns = sizes.map(town);
  const [smallest] = towns as [string];
  await server.flood("flooded_by_one", smallest, 1);
  await server.flood("flooded_by_hundred", smallest, 100);
  loads.push(loadavg()[0] as number);

  const bySize = await measure(server, towns);
  const flooded = await measure(server, [smallest, "flooded_by_one", "flooded_by_hundred"]);
  loads.push(loadavg()[0] as number);
  return [
    [
      `One client, pages of 20 rows; p50 / p95 in milliseconds, medians of ${rounds} interleaved rounds of ${batch}. **Cards** is`,
      "`private.cards` of the 20 newest posts by id, for the same viewer in the same rounds. Client and Postgres (4 GB of",
      `shared buffers) share two cores, with others: load average ${loads.map((load) => load.toFixed(1)).join(", ")} at first, when the data was made,`,
      `and at the end. Indexed: ${seconds.join(", ")}.`,
    ].join("\n"),
    ...viewers.flatMap((viewer, index) => [
      `## ${viewer.name}`,
      sizeTable(bySize[index] as Figures[][]),
      floodTable(flooded[index] as Figures[][]),
    ]),
    "## Goals",
    goals(bySize, flooded),
  ].join("\n\n");
}

const town = (posts: number) => `town_${posts}`;

/** For each viewer, for each database: cards, then the queries. */
async function measure(server: TownServer, databases: string[]): Promise<Figures[][][]> {
  await using stack = new AsyncDisposableStack();
  const found: Figures[][][] = [];
  for (const { id } of viewers) {
    const sets: Contender[][] = [];
    for (const database of databases) {
      const role = id === null ? "anon" : "authenticated";
      const connect = (login: string, connection: object) => {
        const sql = postgres(server.url(database, login), { max: 1, onnotice() {}, connection });
        stack.defer(() => sql.end());
        return sql;
      };
      const viewer = connect("authenticator", {
        role,
        "request.jwt.claims": JSON.stringify(id === null ? { role } : { role, sub: id }),
      });
      const owner = connect("postgres", {});
      const [newest] = await owner`
        select array(select id from public.posts where is_open order by id desc limit 20) as ids`;
      sets.push([
        { name: "cards", run: () => owner`select * from private.cards(${id}, ${newest?.ids})` },
        ...queries.map(([kind, query]) => ({
          name: kind,
          run: () => viewer`select * from public.search_posts(${query})`,
        })),
      ]);
    }
    const figures = await byTurns(
      (sets[0] as Contender[]).flatMap((_, place) => sets.map((set) => set[place] as Contender)),
      rounds,
      batch,
    );
    found.push(databases.map((_, index) => figures.filter((_, place) => place % databases.length === index)));
  }
  return found;
}

const two = ({ p50Ms, p95Ms }: Figures) => `${p50Ms.toFixed(2)} / ${p95Ms.toFixed(2)}`;
const times = (one: Figures, other: Figures, key: "p50Ms" | "p95Ms" = "p95Ms") => one[key] / other[key];

function sizeTable(sets: Figures[][]): string {
  const names = sizes.map((posts) => posts.toLocaleString("en"));
  const largest = sets.at(-1) as Figures[];
  return [
    `| query | ${names.join(" | ")} | p95 ÷ cards, ${names.at(-1)} | p95, ${names.at(-1)} ÷ ${names[0]} | p50 |`,
    `|---|${names.map(() => "---|").join("")}---|---|---|`,
    ...largest.map((figure, place) => {
      const first = (sets[0] as Figures[])[place] as Figures;
      return `| ${label(place)} | ${sets.map((set) => two(set[place] as Figures)).join(" | ")} | ${times(figure, largest[0] as Figures).toFixed(1)} | ${times(figure, first).toFixed(2)} | ${times(figure, first, "p50Ms").toFixed(2)} |`;
    }),
  ].join("\n");
}

function floodTable(sets: Figures[][]): string {
  const [without, ...floods] = sets as [Figures[], Figures[], Figures[]];
  return [
    `| query, of ${(sizes[0] as number).toLocaleString("en")} | without | 50,000 by one | by a hundred | p95, by one ÷ without | by a hundred | p50 | |`,
    "|---|---|---|---|---|---|---|---|",
    ...without.map((figure, place) => {
      const [one, hundred] = floods.map((set) => set[place]) as [Figures, Figures];
      return `| ${label(place)} | ${[figure, one, hundred].map(two).join(" | ")} | ${times(one, figure).toFixed(2)} | ${times(hundred, figure).toFixed(2)} | ${times(one, figure, "p50Ms").toFixed(2)} | ${times(hundred, figure, "p50Ms").toFixed(2)} |`;
    }),
  ].join("\n");
}

function label(place: number): string {
  const query = queries[place - 1];
  return query ? `${query[0]}: \`${query[1]}\`` : "cards";
}

/** Each goal, and everything that missed it. */
function goals(bySize: Figures[][][], flooded: Figures[][][]): string {
  const missed = { cards: [] as string[], size: [] as string[], flood: [] as string[] };
  for (const [index, { name }] of viewers.entries()) {
    const sets = bySize[index] as Figures[][];
    const largest = sets.at(-1) as Figures[];
    const floods = flooded[index] as Figures[][];
    for (let place = 1; place <= queries.length; place++) {
      const note = (list: string[], ratio: number, most: number) => {
        if (ratio > most) list.push(`${name}, ${label(place)}: ${ratio.toFixed(2)}`);
      };
      note(missed.cards, times(largest[place] as Figures, largest[0] as Figures), 10);
      note(missed.size, times(largest[place] as Figures, (sets[0] as Figures[])[place] as Figures), 1.5);
      for (const flood of floods.slice(1))
        note(missed.flood, times(flood[place] as Figures, (floods[0] as Figures[])[place] as Figures), 3);
    }
  }
  const goal = (text: string, list: string[]) =>
    `- ${text}: ${list.length === 0 ? "kept" : `missed ${list.length} times`}.${list.map((miss) => `\n  - ${miss}`).join("")}`;
  return [
    goal("each p95 of the largest size at most 10 times cards", missed.cards),
    goal("at most 1.5 times the smallest size", missed.size),
    goal("with 50,000 newest posts that nobody sees at most 3 times without", missed.flood),
  ].join("\n");
}
