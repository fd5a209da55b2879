/** Writes values and names into SQL text, and gives the type of the server's answers. */

/** The answer to one statement: rows of columns as text. */
export type Rows = (string | null)[][];

/**
 * Writes a string constant. It is valid for both values of standard_conforming_strings.
 * @throws RangeError for a null character, which no text in Postgres can contain
 */
export function literal(value: string): string {
  if (value.includes("\0")) throw new RangeError("Text cannot contain a null character");
  const quoted = value.replaceAll("'", "''");
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

/** Writes a name, which may contain any characters. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function textArray(values: string[]): string {
  return `array[${values.map(literal).join(",")}]::text[]`;
}
