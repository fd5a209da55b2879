/**
 * Writes the generated part of sql/70-jobs/10-pg-boss.sql: the tables and functions of the pinned
 * pg-boss. You run it as `npm run pg-boss`, after you changed the version in package.json. A test
 * compares the file with the package.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getConstructionPlans } from "pg-boss";
import { projectDir } from "./server.ts";

const path = join(projectDir, "sql/70-jobs/10-pg-boss.sql");
const [begins, ends] = ["-- Generated: begins\n", "-- Generated: ends\n"];

/**
 * What pg-boss itself runs to install. A migration is a transaction already, so this leaves out the
 * transaction and its lock. It also leaves out the tables for the statistics of today and tomorrow:
 * we keep no statistics, and a migration must not depend on the day.
 */
export function constructionPlans(): string {
  const statements = getConstructionPlans("pgboss");
  const cut = (text: string, part: RegExp) => {
    if (!part.test(text)) throw new Error(`pg-boss has changed: its plans have no ${part}`);
    return text.replace(part, "");
  };
  return [
    /^\s*BEGIN;\n/,
    /^\s*SET LOCAL lock_timeout = \d+;\n/,
    /^\s*SET LOCAL idle_in_transaction_session_timeout = \d+;\n/,
    /^\s*SELECT pg_advisory_xact_lock\(.*\);\n/,
    /\n;\n\s+DO \$\$\s+DECLARE\s+d date;[\s\S]+?END;\s+\$\$\s+;\n/,
    /\s*COMMIT;\s*$/,
  ]
    .reduce(cut, statements)
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The generated part of the file. */
export async function generatedPart(): Promise<string> {
  const { generated } = split(await readFile(path, "utf8"));
  return generated;
}

function split(text: string) {
  const start = text.indexOf(begins) + begins.length;
  const end = text.indexOf(ends);
  if (start < begins.length || end < start) throw new Error(`${path} has no generated part`);
  return {
    before: text.slice(0, start),
    generated: text.slice(start, end).trimEnd(),
    after: text.slice(end),
  };
}

if (import.meta.main) {
  const { before, after } = split(await readFile(path, "utf8"));
  await writeFile(path, `${before}${constructionPlans()}\n${after}`);
}
