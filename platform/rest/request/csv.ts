/** Reads CSV request bodies (RFC 4180) as rows of text. */

/**
 * @returns one object for each line, with the names of the first line as keys. The bare word NULL
 *   is null. Undefined if lines differ in length or a quote is not closed
 */
export function parseCsv(text: string): Record<string, string | null>[] | undefined {
  const lines = records(text);
  const header = lines?.shift();
  if (!lines || !header) return undefined;
  const names = header.map((cell) => cell ?? "NULL");
  if (lines.some((line) => line.length !== names.length)) return undefined;
  return lines.map((line) => Object.fromEntries(names.map((name, index) => [name, line[index] ?? null])));
}

function records(text: string): (string | null)[][] | undefined {
  const all: (string | null)[][] = [];
  let record: (string | null)[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let at = 0;
  while (at < text.length || record.length > 0) {
    cell.lastIndex = at;
    const found = cell.exec(text);
    if (!found) return undefined;
    at = cell.lastIndex;
    const [, quoted, plain, separator] = found;
    record.push(
      quoted === undefined ? (plain === "NULL" ? null : (plain ?? "")) : quoted.replaceAll('""', '"'),
    );
    if (separator === ",") continue;
    all.push(record);
    record = [];
  }
  return all;
}
