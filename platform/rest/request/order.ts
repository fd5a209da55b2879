/** Parses the `order` parameter: columns, JSON paths, columns of to-one embeds. */
import {
  atEnd,
  type Cursor,
  createCursor,
  expect,
  type Field,
  fail,
  field,
  fieldName,
  match,
  peek,
  skipSpace,
  take,
} from "./cursor.ts";

export interface OrderTerm {
  /** The embed that the column belongs to. */
  relation?: string | undefined;
  field: Field;
  direction?: "asc" | "desc" | undefined;
  nulls?: "first" | "last" | undefined;
}

/** @throws RestError PGRST100 */
export function parseOrder(text: string): OrderTerm[] {
  const cursor = createCursor("order", text);
  const terms: OrderTerm[] = [];
  do terms.push(term(cursor));
  while (take(cursor, ","));
  return terms;
}

function term(cursor: Cursor): OrderTerm {
  skipSpace(cursor);
  const relation = match(cursor, /(?=(?:"(?:[^"\\]|\\[\s\S])*"|[\p{L}0-9_ $-]+)\()/uy)
    ? fieldName(cursor)
    : undefined;
  if (relation !== undefined) expect(cursor, "(");
  const of = field(cursor);
  if (relation !== undefined) expect(cursor, ")");
  const direction = match(cursor, /\.(asc|desc)(?=[.,\s]|$)/y)?.[1] as "asc" | "desc" | undefined;
  const nulls = match(cursor, /\.nulls(first|last)(?=[,\s]|$)/y)?.[1] as "first" | "last" | undefined;
  skipSpace(cursor);
  if (!atEnd(cursor) && !peek(cursor, ",")) {
    if (take(cursor, ".")) {
      fail(cursor, direction ? '"nullsfirst" or "nullslast"' : '"asc", "desc", "nullsfirst" or "nullslast"');
    }
    fail(cursor, '"," or end of input');
  }
  return { relation, field: of, direction, nulls };
}
