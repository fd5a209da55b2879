/**
 * What suggestions cost in a town of 200,000 people and 11 million follows. It measures a pass over everybody beside batch
 * SQL, the refresh of one person, reading a list beside a read by primary key, and what the trigger adds to a follow.
 * PLAZA_BENCH_USERS=20000 makes a smaller town, PLAZA_BENCH_ROUNDS=3 takes fewer rounds,
 * PLAZA_BENCH_PARTS=everybody,refreshes,reading,following names the parts, and PLAZA_BENCH_VERBOSE=1 prints each part
 * when it is done.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { refreshSuggestions } from "../../edge-functions/_shared/suggestions/refresh.ts";
import { byTurns, type Contender, type Figures, median, quantile, ratio } from "../measure.ts";
import type { MeasuredPass } from "../suggestion-pass.ts";
import { type SuggestionTown, startSuggestionTown } from "../suggestion-town.ts";

const people = Number(process.env.PLAZA_BENCH_USERS ?? 200_000);
const threads = availableParallelism();
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 15);
/** People of one statement of batch SQL, and statements of a round. Three-step paths take many times longer. */
const batches = {
  walks: { people: 500, statements: 2 },
  friends: { people: 500, statements: 2 },
  paths: { people: 1, statements: 2 },
};
const parts = {
  everybody: measureEverybody,
  refreshes: measureRefreshes,
  reading: measureReading,
  following: measureFollowing,
};
const asked = (process.env.PLAZA_BENCH_PARTS?.split(",") ?? Object.keys(parts)) as (keyof typeof parts)[];
/** A statement that takes longer is ended, and counts as if it had been ready then. So SQL looks faster than it is. */
const statementMaxMs = 30_000;

export async function run(): Promise<string> {
  await using town = await startSuggestionTown(people);
  const sql = connect(town.url("owner"));
  try {
    await sql.unsafe(await readFile(join(import.meta.dirname, "../suggestion-batch.sql"), "utf8")).simple();
    const measured: string[] = [];
    for (const part of asked) measured.push(said(await parts[part](town, sql)));
    return [
      `A town of ${number(town.people)} people with ${number(town.follows)} follows (graph.sql), filled in ${Math.round(town.seconds)} s. The server has 4 GB of ` +
        `shared buffers and waits for the disk at each commit. Load of the machine: ${loadavg()[0]?.toFixed(1)}.`,
      ...measured,
    ].join("\n\n");
  } finally {
    await sql.end();
  }
}

// Everybody -----------------------------------------------------------------------------

async function measureEverybody(town: SuggestionTown, sql: postgres.Sql): Promise<string> {
  const rates: Record<keyof typeof batches, number[]> = { walks: [], friends: [], paths: [] };
  const measureSql = async () => {
    for (const kind of ["walks", "friends", "paths"] as const)
      rates[kind].push(...(await batchRates(sql, kind)));
  };
  // Batch SQL before, between and after the passes, so that a noisy moment affects both.
  await measureSql();
  const first = await pass(town);
  await measureSql();
  // A day on which one in ten people followed somebody.
  await sql`
    update private.suggestion_turns set due_at = now() - interval '1 hour'`;
  await sql`
    insert into follows (follower_id, followee_id)
    select follower.id, followee.id
    from (
      select id, md5(id::text)::uuid as near
      from profiles
      where abs(hashtextextended(id::text, 1)) % 10 = 0
      offset 0
    ) as follower
    cross join lateral (
      select id from profiles where id > follower.near order by id limit 1
    ) as followee
    where follower.id <> followee.id
    on conflict do nothing`;
  await sql`update private.suggestion_turns set changed_at = null`;
  const second = await pass(town);
  await measureSql();

  const [walks, friends, paths] = [median(rates.walks), median(rates.friends), median(rates.paths)];
  const row = (name: string, { people, written, seconds, cpuSeconds, memoryMiB }: MeasuredPass) => {
    const rate = people / seconds;
    return (
      `| ${name} | ${number(people)} | ${number(written)} | ${seconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${Math.round(memoryMiB)} | ` +
      `${number(Math.round(rate))} | ${(rate / walks).toFixed(0)} | ${(rate / friends).toFixed(1)} | ${(rate / paths).toFixed(0)} |`
    );
  };
  return [
    "## Everybody",
    "",
    `A pass reads all people and follows, computes lists of 60 in ${threads} threads, and writes those that have changed. Batch SQL writes lists too, in one`,
    `connection. The SQL to compare with takes the same walks as the core with the same bounds, and makes similar lists. It does a little less`,
    `(suggestion-batch.sql). The others only count people in common, or add up all three-step paths. A statement of SQL gets ${statementMaxMs / 1000} s at most.`,
    "",
    "| | people | lists written | s | CPU of the worker, s | its memory, MiB | people a second | beside the same walks in SQL | beside people in common in SQL | beside three-step paths in SQL |",
    "|---|---|---|---|---|---|---|---|---|---|",
    row("the first pass", first),
    row("a day later", second),
    `| SQL: the same walks | | | | | | ${walks.toFixed(0)} (${range(rates.walks)}) | 1 | | |`,
    `| SQL: people in common | | | | | | ${friends.toFixed(0)} (${range(rates.friends)}) | | 1 | |`,
    `| SQL: three-step paths | | | | | | ${paths.toFixed(1)} (${range(rates.paths)}) | | | 1 |`,
  ].join("\n");
}

const statementEnded = "57014";

/** @returns people a second of each statement */
async function batchRates(sql: postgres.Sql, kind: keyof typeof batches): Promise<number[]> {
  const found: number[] = [];
  for (let statement = 0; statement < batches[kind].statements; statement++) {
    const ids = await somePeople(sql, batches[kind].people);
    const startMs = performance.now();
    await sql
      .begin(async (transaction) => {
        await transaction`select set_config('statement_timeout', ${String(statementMaxMs)}, true)`;
        await transaction`select ${transaction(`private.bench_${kind}`)}(${ids}::uuid[])`;
      })
      .catch((error) => {
        if ((error as { code?: string }).code !== statementEnded) throw error;
      });
    found.push((1000 * ids.length) / (performance.now() - startMs));
  }
  return found;
}

async function pass(town: SuggestionTown): Promise<MeasuredPass> {
  const file = join(import.meta.dirname, "../suggestion-pass.ts");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    file,
    town.url("owner"),
    String(threads),
  ]);
  process.stderr.write(stderr + stdout);
  return JSON.parse(stdout);
}

// One person ----------------------------------------------------------------------------

async function measureRefreshes(_town: SuggestionTown, sql: postgres.Sql): Promise<string> {
  const kinds = [
    { name: "random people", ids: await somePeople(sql, 300) },
    { name: "people who follow 1,000 or more", ids: await busyPeople(sql) },
  ];
  const [backend] = await sql`select pg_backend_pid() as pid`;
  const rows: string[] = [];
  for (const { name, ids } of kinds) {
    for (const id of ids.slice(0, 20)) await sql.begin((transaction) => refreshSuggestions(transaction, id));
    const times: number[] = [];
    const ownCpu = process.cpuUsage();
    const postgresMs = await cpuMsOf(backend?.pid);
    for (const id of ids) {
      // A new list each time, as after a follow.
      await sql`delete from private.suggestion_lists where viewer_id = ${id}`;
      const startMs = performance.now();
      await sql.begin((transaction) => refreshSuggestions(transaction, id));
      times.push(performance.now() - startMs);
    }
    const { user, system } = process.cpuUsage(ownCpu);
    const spentMs = (await cpuMsOf(backend?.pid)) - postgresMs;
    times.sort((one, other) => one - other);
    rows.push(
      `| ${name} | ${ids.length} | ${((user + system) / 1000 / ids.length).toFixed(1)} | ${(spentMs / ids.length).toFixed(1)} | ` +
        `${quantile(times, 0.5).toFixed(1)} | ${quantile(times, 0.95).toFixed(1)} |`,
    );
  }
  return [
    "## One person",
    "",
    "After a follow: reading the neighbourhood, ranking, and writing the list, in one transaction.",
    "",
    "| who | refreshes | CPU of the function, ms | CPU of Postgres, ms | time p50, ms | p95 |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** @returns the CPU time of a process of Postgres. Linux counts it in steps of 10 ms */
async function cpuMsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

// Reading -------------------------------------------------------------------------------

async function measureReading(town: SuggestionTown, sql: postgres.Sql): Promise<string> {
  const ids = await somePeople(sql, 500);
  const api = connect(town.url("owner"));
  await api`set role authenticated`;
  const reader = (name: string, query: (id: string) => Promise<unknown>): Contender => {
    let turn = 0;
    let id = "";
    return {
      name,
      async before() {
        id = ids[turn++ % ids.length] as string;
        const claims = JSON.stringify({ sub: id, role: "authenticated" });
        await api`select set_config('request.jwt.claims', ${claims}, false)`;
      },
      run: () => query(id),
    };
  };
  const contenders = [
    reader("a profile by its primary key", (id) => api`select * from profiles where id = ${id}`),
    reader(
      "ten profiles by their primary keys",
      () => api`select * from profiles where id = any (${ids.slice(0, 10)}::uuid[])`,
    ),
    reader("suggestions()", () => api`select * from suggestions()`),
  ];
  const owner: Contender[] = [
    {
      name: "the list by its primary key, as the owner",
      run: () =>
        sql`select * from private.suggestion_lists where viewer_id = ${ids[Math.floor(Math.random() * ids.length)] as string}`,
    },
  ];
  const figures = await byTurns([...contenders, ...owner], rounds, 100);
  await api.end();
  const keys = figures.slice(0, 2) as [Figures, Figures];
  const beside = (one: Figures, other: Figures) => {
    const { median: middle, low, high } = ratio(one, other);
    return `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  };
  return [
    "## Reading suggestions",
    "",
    "A page has ten people, and names others in its reasons. Everything is read as the viewer, under row level security, and without HTTP.",
    "",
    "| | p50, ms | p95, ms | beside one profile, by rounds | beside ten profiles |",
    "|---|---|---|---|---|",
    ...figures.map(
      (one) =>
        `| ${one.name} | ${one.p50Ms.toFixed(2)} | ${one.p95Ms.toFixed(2)} | ${beside(one, keys[0])} | ${beside(one, keys[1])} |`,
    ),
  ].join("\n");
}

// Following -----------------------------------------------------------------------------

async function measureFollowing(town: SuggestionTown): Promise<string> {
  const connections: postgres.Sql[] = [];
  const contenders: Contender[] = [];
  for (const kind of ["with", "without"] as const) {
    const sql = connect(await town.writingUrl(kind));
    connections.push(sql);
    const rows = await sql`select id from profiles order by id`;
    let count = 0;
    const pair = () => {
      const follower = Math.floor(count / (rows.length - 1)) % rows.length;
      const followee = (follower + 1 + (count % (rows.length - 1))) % rows.length;
      return [rows[follower]?.id as string, rows[followee]?.id as string] as const;
    };
    contenders.push({
      name: kind,
      run: () => {
        const [follower, followee] = pair();
        count++;
        return sql.begin(async (transaction) => {
          const claims = JSON.stringify({ sub: follower, role: "authenticated" });
          await transaction`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`;
          await transaction`insert into follows (followee_id) values (${followee})`;
        });
      },
    });
  }
  const figures = await byTurns(contenders, 2 * rounds + 1, 100);
  for (const sql of connections) await sql.end();
  const [withTrigger, without] = figures as [Figures, Figures];
  const than = ratio(withTrigger, without);
  return [
    "## Following",
    "",
    "A person follows another one, in a transaction of its own, with the trigger of suggestions and without it.",
    "",
    "| with, ms | without, ms | ratio, by rounds |",
    "|---|---|---|",
    `| ${withTrigger.p50Ms.toFixed(2)} | ${without.p50Ms.toFixed(2)} | ${than.median.toFixed(3)} (${than.low.toFixed(3)}–${than.high.toFixed(3)}) |`,
  ].join("\n");
}

/** Prints a part when it is done, if PLAZA_BENCH_VERBOSE is set. */
function said(part: string): string {
  if (process.env.PLAZA_BENCH_VERBOSE) console.error(part);
  return part;
}

// Helpers -------------------------------------------------------------------------------

/** Random people who follow somebody. */
async function somePeople(sql: postgres.Sql, amount: number): Promise<string[]> {
  const rows = await sql`
    select profile_id from private.follow_counts where following > 0 order by random() limit ${amount}`;
  return rows.map((row) => row.profile_id);
}

async function busyPeople(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql`
    select profile_id from private.follow_counts where following >= 1000 order by random() limit 100`;
  return rows.map((row) => row.profile_id);
}

const number = (value: number) => value.toLocaleString("en");
const range = (values: number[]) => `${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)}`;

function connect(url: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice() {}, connection: { statement_timeout: 3_600_000 } });
}
