/** Puts the newer answers of a thread where they belong, so that nothing is read twice. */
import type { CompositeTypes } from "../../supabase/database.types.ts";

export type ThreadRow = CompositeTypes<"thread_post">;

/** @returns what `thread(after)` needs to answer only what is new */
export function newestIn(rows: ThreadRow[]): number {
  return rows.reduce((most, { id }) => Math.max(most, id), 0);
}

/**
 * @param newer the answer of `thread(after)`
 * @returns all rows in the order of reading. Undefined if one of them belongs to a post that is not known here: then
 * read the thread again
 */
export function withNewer(known: ThreadRow[], newer: ThreadRow[]): ThreadRow[] | undefined {
  const rows = [...new Map([...known, ...newer].map((row) => [row.id, row])).values()];
  const answers = new Map<number | null, ThreadRow[]>();
  for (const row of rows.toSorted((a, b) => a.id - b.id))
    if (row.depth > 0) answers.set(row.reply_to_id, [...(answers.get(row.reply_to_id) ?? []), row]);
  const inOrder = (id: number): ThreadRow[] =>
    (answers.get(id) ?? []).flatMap((row) => [row, ...inOrder(row.id)]);
  const top = rows.filter(({ depth }) => depth <= 0).toSorted((a, b) => a.depth - b.depth);
  const found = [...top, ...inOrder(top.at(-1)?.id ?? 0)];
  return found.length === rows.length ? found : undefined;
}
