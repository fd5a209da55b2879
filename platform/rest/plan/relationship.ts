/** Finds the relationship that an embed names. */
import { errors } from "../errors.ts";
import { nearest } from "../schema/nearest.ts";
import { key, type Relationship, type SchemaGraph } from "../schema/types.ts";

/**
 * @param origin the name of the table or view that embeds
 * @param target the client's name for the embed: of a table, a constraint, a column or a function
 * @throws RestError PGRST200, PGRST201
 */
export function findRelationship(
  graph: SchemaGraph,
  schema: string,
  origin: string,
  target: string,
  hint: string | undefined,
): Relationship {
  const candidates = (graph.relationships.get(key({ schema, name: origin })) ?? []).filter(
    ({ foreign }) => foreign.schema === schema,
  );
  const found = candidates.filter((relationship) => matches(relationship, target, hint));
  const [only, second] = found;
  if (second) throw errors.ambiguousRelationship(origin, target, found);
  if (only) return only;
  throw errors.noRelationship(
    origin,
    target,
    hint,
    schema,
    suggest(graph, schema, origin, target, candidates),
  );
}

function matches(relationship: Relationship, target: string, hint: string | undefined): boolean {
  const { table, foreign, cardinality, columns, constraint, junction, computed, foreignIsView } =
    relationship;
  if (computed) return computed.name === target;
  const [pair] = columns;
  const from = columns.length === 1 ? pair?.[0] : undefined;
  const to = columns.length === 1 ? pair?.[1] : undefined;
  const named = foreign.name === target;
  if (table.schema === foreign.schema && table.name === foreign.name) {
    // A foreign key from a table to itself makes two relationships. The table's name means the many side,
    // and a hint is the key's column. The column's name alone means the one side. As in PostgREST, the
    // constraint's name means neither, and a many-to-many relationship to itself has no name.
    if (hint === undefined) return cardinality === "o2m" ? named : cardinality === "m2o" && target === from;
    return named && cardinality === "o2m" && hint === to;
  }
  if (hint === undefined) {
    if (named) return true;
    if (junction || foreignIsView) return false;
    return target === constraint || target === from;
  }
  if (!named) return false;
  if (junction) return hint === junction.table.name;
  return hint === constraint || hint === from || hint === to;
}

function suggest(
  graph: SchemaGraph,
  schema: string,
  origin: string,
  target: string,
  candidates: Relationship[],
): string | null {
  if (candidates.length === 0) {
    const parents = [...graph.relationships.values()].flatMap(([first]) =>
      first?.table.schema === schema ? [first.table.name] : [],
    );
    const parent = nearest(origin, parents, 0.33);
    return parent && parent !== origin ? `Perhaps you meant '${parent}' instead of '${origin}'.` : null;
  }
  const child = nearest(
    target,
    candidates.map(({ foreign }) => foreign.name),
    0.33,
  );
  return child && child !== target ? `Perhaps you meant '${child}' instead of '${target}'.` : null;
}
