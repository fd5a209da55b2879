/** Which rows to answer with: `limit` and `offset`, and for GET the Range header within them. */
import { errors } from "../errors.ts";

export interface Range {
  offset: number;
  /** The most rows; undefined means all. */
  limit?: number | undefined;
}

/**
 * Reads a limit and an offset parameter. Text that is not a number is ignored, as by PostgREST.
 * @throws RestError 22003 if the offset is beyond Postgres' bigint
 */
export function parseRange(limit: string | undefined, offset: string | undefined): Range {
  const from = integer(offset) ?? 0n;
  if (offset !== undefined && from > bigintMax) throw errors.tooFar(offset.trim());
  const most = integer(limit);
  return { limit: most === undefined ? undefined : toNumber(most), offset: Math.max(0, toNumber(from)) };
}

const bigintMax = 2n ** 63n - 1n;

/** No more digits than this can matter. */
const digitsMax = 20;

function integer(text: string | undefined): bigint | undefined {
  const [, sign, digits] = /^(-?)0*(\d+)$/.exec(text?.trim() ?? "") ?? [];
  return digits === undefined ? undefined : BigInt(`${sign}${digits.slice(0, digitsMax)}`);
}

/** No table has as many rows as the largest safe integer, so a larger number means the same. */
function toNumber(value: bigint): number {
  return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
}

/**
 * The range of the whole request.
 * @param header of a GET request, `0-9` or `10-`
 * @throws RestError PGRST103
 */
export function topRange(parameters: Range, header: string | null): Range {
  if (parameters.limit !== undefined && parameters.limit < 0) {
    throw errors.range("Limit should be greater than or equal to zero.");
  }
  const [, first, last] = /^(?:items=)?(\d{1,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === undefined || parameters.limit === 0) return parameters;
  const from = Number(first);
  const to = last ? Number(last) : Number.POSITIVE_INFINITY;
  if (to < from) {
    throw errors.range(
      "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
    );
  }
  const offset = Math.max(parameters.offset, from);
  const end = Math.min(
    to + 1,
    parameters.limit === undefined ? Number.POSITIVE_INFINITY : parameters.offset + parameters.limit,
  );
  if (end <= offset && Number.isFinite(end)) {
    throw errors.range(
      "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
    );
  }
  return { offset, limit: Number.isFinite(end) ? end - offset : undefined };
}

/** Limits a range to the rows that one answer may have. */
export function restrict(range: Range, max: number): Range {
  return { offset: range.offset, limit: Math.min(range.limit ?? max, max) };
}

/** The header's text, for example `0-9/100`. `*` stands for an unknown total and for no rows. */
export function contentRange(lower: number, upper: number, total: number | undefined): string {
  const rows = total !== 0 && lower <= upper ? `${lower}-${upper}` : "*";
  return `${rows}/${total ?? "*"}`;
}
