/** Turns what a subscriber wants into interests in tables that exist, or into the reason why not. */
import type { DatabaseError } from "../../database-side.ts";
import type { Connections } from "../connections.ts";
import { compile, type Evaluate } from "./conditions.ts";
import { RefusedError } from "./filter.ts";
import type { InterestDefinition } from "./interests.ts";
import { asProject, atMost, type JudgeLimits } from "./judge.ts";
import { describeParameters, type Wanted } from "./parameters.ts";
import type { Catalog, Table } from "./tables.ts";

export interface WantedEntry {
  id: number;
  wanted: Wanted;
}

export interface Definition {
  id: number;
  definition: InterestDefinition;
}

/** @throws RefusedError (for the subscriber), DatabaseError */
export async function define(
  connections: Connections,
  entries: WantedEntry[],
  role: string,
  catalog: Catalog,
  limits: Pick<JudgeLimits, "filterTimeoutMs">,
): Promise<Definition[]> {
  const found: Definition[] = [];
  const evaluate = evaluation(connections, limits.filterTimeoutMs);
  for (const { id, wanted } of entries) {
    const matching = matchingTables(wanted, catalog);
    if (matching.length === 0) {
      throw new RefusedError(
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the " +
          `given connect parameters: [${describeParameters(wanted)}]`,
      );
    }
    try {
      if (!catalog.roles.has(role)) throw new RefusedError(`role "${role}" does not exist`);
      for (const table of matching) {
        found.push({ id, definition: await defineOne(evaluate, wanted, table, role) });
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      throw new RefusedError(
        "Unable to subscribe to changes with given parameters. An exception happened so please check your " +
          `connect parameters: [${describeParameters(wanted)}]. Exception: ${error.message}`,
      );
    }
  }
  return found;
}

/** A text of everything that the definitions depend on. While it stays equal, they stay valid. */
export function basisOf(entries: WantedEntry[], role: string, catalog: Catalog): string {
  const matching = new Set(entries.flatMap(({ wanted }) => matchingTables(wanted, catalog)));
  const versions = [...matching].map(({ versions }) => versions.get(role));
  return `${catalog.roles.has(role)} ${versions.join()}`;
}

function matchingTables({ schema, table }: Wanted, catalog: Catalog): Table[] {
  return [...catalog.tables.values()].filter(
    (each) => (schema === "*" || each.schema === schema) && (table === "*" || each.name === table),
  );
}

async function defineOne(
  evaluate: Evaluate,
  { type, filters, select }: Wanted,
  table: Table,
  role: string,
): Promise<InterestDefinition> {
  const readable = table.readable.get(role) ?? new Set<string>();
  const missing = select?.find((name) => !readable.has(name));
  if (missing !== undefined) throw new RefusedError(`invalid column for select ${missing}`);
  const conditions = await compile(filters, table, readable, evaluate);
  const key = JSON.stringify([table.versions.get(role), role, type, filters, select]);
  return { tableId: table.id, role, type, conditions, select, key };
}

function evaluation(connections: Connections, timeoutMs: number): Evaluate {
  return (expressions) =>
    connections
      .use(async (connection) => {
        const [, , [row] = []] = await connection.send([
          asProject,
          atMost(timeoutMs),
          `select ${expressions.join(", ")}`,
        ]);
        return row as (string | null)[];
      })
      .catch((error: DatabaseError) => {
        if (error.code !== "RlsPolicyError" && error.code !== "QueryCanceled") throw error;
        const { code, message } = error.cause as { code?: string; message: string };
        throw new RefusedError(`ERROR ${code} ${message}`);
      });
}
