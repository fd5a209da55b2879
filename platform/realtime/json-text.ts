/**
 * Parts of a JSON text as they were written. What clients send to each other is passed on like this. If
 * it were parsed and written again, it would change: JavaScript has no 9007199254740993 and no 1.0.
 */

/** The most levels of a payload. The parsers of other clients may fail on more. */
const depthMax = 4_000;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * The elements of a list.
 * @param text is valid JSON
 * @param most how many are wanted
 * @throws RangeError when it is nested too deeply
 */
export function elementsOf(text: string, most = Number.POSITIVE_INFINITY): string[] {
  return [...partsOf(text).take(most)];
}

/**
 * The values of an object, by name. The last one of a name counts, as in JSON.parse.
 * @param text is valid JSON
 * @throws RangeError when it is nested too deeply
 */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const part of partsOf(text)) {
    const nameEnd = endOfString(part, 0) + 1;
    const value = part.slice(part.indexOf(":", nameEnd) + 1);
    members.set(JSON.parse(part.slice(0, nameEnd)), value.trim());
  }
  return members;
}

/** @param text is valid JSON @throws RangeError when it is nested too deeply */
export function checkDepth(text: string): void {
  for (const _ of partsOf(text));
}

/** What stands between the outermost brackets and commas. */
function* partsOf(text: string): Generator<string> {
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at);
    } else if (code === openList || code === openObject) {
      if (++depth > depthMax) throw new RangeError("The payload is nested too deeply");
      if (depth === 1) start = at + 1;
    } else if (code === closeList || code === closeObject || code === comma) {
      const ends = depth === 1;
      if (code !== comma) depth--;
      if (!ends) continue;
      const part = text.slice(start, at).trim();
      if (part !== "") yield part;
      start = at + 1;
    }
  }
}

/** @param at where the string begins @returns where its last quote is */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text.charCodeAt(end) !== quote) {
    end += text.charCodeAt(end) === backslash ? 2 : 1;
  }
  return end;
}
