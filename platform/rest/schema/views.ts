/**
 * Finds the table column that a view's column shows, also through other views. It reads the target
 * lists of the views' rewrite rules.
 */

export interface ViewRow {
  oid: number;
  schema: string;
  name: string;
  /** Column names by attribute number. */
  columns: Record<string, string>;
  /** pg_rewrite.ev_action as text. */
  rule: string;
}

export interface ViewOrigins {
  view: ViewRow;
  /** The view's columns, by the `table oid:attribute number` of the column they show. */
  columns: Map<string, string[]>;
}

/** Views of views are followed this deep. */
const hopsMax = 32;

export function traceViews(views: ViewRow[]): ViewOrigins[] {
  const targets = new Map(views.map((view) => [view.oid, readTargets(view.rule)]));
  return views.map((view) => {
    const columns = new Map<string, string[]>();
    for (const target of targets.get(view.oid) ?? []) {
      const name = view.columns[target.number];
      let origin: Target | undefined = target;
      for (let hop = 0; origin && targets.has(origin.table) && hop < hopsMax; hop++) {
        const { table, column }: Target = origin;
        origin = targets.get(table)?.find((next) => next.number === column);
      }
      if (name === undefined || !origin || origin.table === 0) continue;
      const key = `${origin.table}:${origin.column}`;
      columns.set(key, [...(columns.get(key) ?? []), name]);
    }
    return { view, columns };
  });
}

interface Target {
  number: number;
  table: number;
  column: number;
}

/**
 * The entries of the outermost query's target list. The text is a tree of
 * `{NODE :field value …}` and `(list …)`. In names, special characters have a backslash before
 * them.
 */
function readTargets(rule: string): Target[] {
  const start = findAtDepth(rule, 0, 1, ":targetList (");
  if (start < 0) return [];
  const targets: Target[] = [];
  let depth = 0;
  let entryStart = 0;
  for (let at = start + ":targetList (".length; at < rule.length; at++) {
    const character = rule[at];
    if (character === "\\") at++;
    else if (character === "{") {
      if (depth++ === 0) entryStart = at;
    } else if (character === "}") {
      if (--depth === 0) {
        const target = readEntry(rule.slice(entryStart, at));
        if (target) targets.push(target);
      }
    } else if (character === ")" && depth === 0) break;
  }
  return targets;
}

/** `:resno`, `:resorigtbl` and `:resorigcol` stand at the end of the entry, after the expression. */
function readEntry(entry: string): Target | undefined {
  const found = /:resno (\d+) (?:[^{}]* )?:resorigtbl (\d+) :resorigcol (\d+) :resjunk false\s*$/.exec(entry);
  return found ? { number: Number(found[1]), table: Number(found[2]), column: Number(found[3]) } : undefined;
}

function findAtDepth(text: string, from: number, wanted: number, what: string): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (character === "}") depth--;
    else if (character === ":" && depth === wanted && text.startsWith(what, at)) return at;
  }
  return -1;
}
