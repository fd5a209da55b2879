/** How values and names get into SQL text here, and what the server's answers look like. */

/** What a connection answers, statement by statement: rows of columns as text. */
export type Rows = (string | null)[][];

/**
 * A string constant, whatever standard_conforming_strings is.
 * @throws RangeError for a null character, which no text of Postgres can hold
 */
export function literal(value: string): string {
  if (value.includes("\0")) throw new RangeError("Text cannot contain a null character");
  const quoted = value.replaceAll("'", "''");
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

/** A name as it is, whatever it contains. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function textArray(values: string[]): string {
  return `array[${values.map(literal).join(",")}]::text[]`;
}
