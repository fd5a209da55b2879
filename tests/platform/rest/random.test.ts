/** Random requests that select, embed, spread, filter, order and group. rest answers them without a fault of its own. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { seed } from "../../seed.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ fixture: "corners.sql" });
  await town.sql`alter role authenticator set pgrst.db_aggregates_enabled to 'true'`;
  await town.sql`notify pgrst, 'reload config'`;
});
afterAll(() => town?.[Symbol.asyncDispose]());

interface Source {
  key: string;
  columns: string[];
  /** What it can embed, with the source that this leads to. */
  embeds: [target: string, name: string, leadsTo: string][];
  /** A change that a PATCH may make. */
  change: object;
}

const embed = (target: string, leadsTo = target): Source["embeds"][number] => [
  target,
  target.split("!")[0] as string,
  leadsTo,
];
const sources: Record<string, Source> = {
  users: {
    key: "id",
    columns: ["id", "name"],
    embeds: [embed("tasks"), embed("users_tasks")],
    change: { name: "x" },
  },
  tasks: {
    key: "id",
    columns: ["id", "name", "project_id"],
    embeds: [embed("users"), embed("projects"), embed("users_tasks")],
    change: { name: "x" },
  },
  projects: { key: "id", columns: ["id", "name"], embeds: [embed("tasks")], change: { name: "x" } },
  users_tasks: {
    key: "user_id",
    columns: ["user_id", "task_id"],
    embeds: [embed("users"), embed("tasks")],
    change: {},
  },
  people: {
    key: "id",
    columns: ["id", "handle", "mood", "settings", "settings->>theme", "shout"],
    embeds: [
      embed("posts!author_id", "posts"),
      embed("boss_id", "people"),
      embed("people!boss_id", "people"),
      embed("newest_post", "posts"),
      embed("colleagues", "people"),
    ],
    change: { name: "x" },
  },
  posts: {
    key: "id",
    columns: ["id", "title", "tags", "score", "during"],
    embeds: [embed("people!author_id", "people"), embed("likes")],
    change: { body: "x" },
  },
  likes: {
    key: "person_id",
    columns: ["person_id", "post_id"],
    embeds: [embed("people"), embed("posts")],
    change: {},
  },
  colours: {
    key: "r",
    columns: ["r", "g", "p", "colour_name"],
    embeds: [embed("pixels"), embed("pixels_of", "pixels")],
    change: { g: 1 },
  },
  pixels: {
    key: "id",
    columns: ["id", "pgrst_row", "r"],
    embeds: [embed("colours")],
    change: { pgrst_row: "x" },
  },
};

/** Numbers from 0 to below 1 that depend only on the seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the random SQL of a client may be refused with. Any other code is a fault of ours. */
const allowed = new Set([
  "PGRST116", // not one row
  "PGRST118", // ordered by a to-many embed
  "PGRST127", // an aggregate in a to-many spread
  "42702", // the same column twice in a spread
  "42703", // a mutation filtered by its embed
  "42712", // the same embed twice
  "42803", // a column beside a count that is not grouped
  "42846", // a computed column of groups
  "42883", // no max of this type
]);

test("any request is answered, or refused in words that PostgREST has", async () => {
  const status = async () => (await town.request("GET", "/tasks?select=count()")).status;
  await expect.poll(status, { timeout: 10_000 }).toBe(200);
  const random = generator(seed);
  const chance = (of: number) => random() < of;
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)] as T;

  function select(source: Source, depth: number, path: string, parameters: string[]): string {
    const items: string[] = [];
    for (let index = 0; index < 1 + random() * 3; index++) {
      const column = pick(source.columns);
      const kind = random();
      const alias = `a${depth}${index}`;
      if (kind < 0.15) items.push("*");
      else if (kind < 0.5) items.push(column);
      else if (kind < 0.6) items.push(`${alias}:${column}`);
      else if (kind < 0.67) {
        items.push(`${alias}:${pick(["count()", "count", `${column}.count()`, `${column}::text.min()`])}`);
      } else if (depth < 3) {
        const [target, plainName, leadsTo] = pick(source.embeds);
        const inner = sources[leadsTo] as Source;
        const spread = chance(0.3);
        const name = spread ? plainName : alias;
        if (!spread && chance(0.2)) parameters.push(`${path}${name}=${pick(["is.null", "not.is.null"])}`);
        if (chance(0.3)) parameters.push(`${path}${name}.order=${pick(inner.columns)}`);
        if (chance(0.2)) parameters.push(`${path}${name}.limit=1`);
        if (chance(0.2)) parameters.push(`${path}order=${name}(${pick(inner.columns)})`);
        const shown = chance(0.1) ? "" : select(inner, depth + 1, `${path}${name}.`, parameters);
        items.push(`${spread ? "..." : `${alias}:`}${target}${chance(0.2) ? "!inner" : ""}(${shown})`);
      }
    }
    return items.join(",");
  }

  let answered = 0;
  for (let round = 0; round < 2000; round++) {
    const [table, source] = pick(Object.entries(sources));
    const parameters: string[] = [];
    parameters.unshift(`select=${select(source, 0, "", parameters)}`);
    const patches = chance(0.3);
    if (patches) parameters.push(`${source.key}=gt.0`);
    const accept = pick([
      "application/json",
      "text/csv",
      "application/vnd.pgrst.object+json",
      "application/vnd.lines",
    ]);
    const path = `/${table}?${parameters.join("&")}`;
    const prefer = pick(["return=representation", "return=representation, count=exact"]);
    const answer = await town.request(patches ? "PATCH" : "GET", path, {
      headers: { ...town.as.alice, accept, prefer },
      body: patches ? source.change : undefined,
    });
    if (answer.status < 300) answered++;
    else {
      const what = `PLAZA_SEED=${seed} round ${round}: ${patches ? "PATCH" : "GET"} ${path} (${accept}): ${answer.text}`;
      expect(answer.status, what).toBeLessThan(500);
      expect([...allowed], what).toContain((answer.json as { code: string }).code);
    }
  }
  expect(answered).toBeGreaterThan(500);
});
