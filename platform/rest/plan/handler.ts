/** Finds the application's handler for a media type. */
import type { SelectItem } from "../request/select.ts";
import { key, type MediaHandler, type Name, type SchemaGraph } from "../schema/types.ts";

/**
 * A handler for exactly these rows comes before one for any rows. It knows the rows only as they are,
 * so it is not for a request that selects some columns.
 * @param target the table, or what a function returns: a type, or the function itself if it is one value
 * @param type the media type that the client accepts
 */
export function findHandler(
  { handlers }: SchemaGraph,
  target: Name,
  select: SelectItem[],
  type: string,
): MediaHandler | undefined {
  const [only, another] = select;
  const isWhole = only?.kind === "star" && another === undefined;
  const own = isWhole
    ? handlers.filter((handler) => handler.target && key(handler.target) === key(target))
    : [];
  return (
    own.find(({ media }) => media === "*/*") ??
    own.find(({ media }) => media === type) ??
    handlers.find((handler) => handler.target === null && handler.media === type)
  );
}
