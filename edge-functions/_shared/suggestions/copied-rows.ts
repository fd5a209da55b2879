/**
 * Reads what Postgres sends after `copy … to stdout (format binary)`. Postgres goes on while we read, and nothing becomes
 * text on the way. network.ts reads follows like this.
 */
import { Buffer } from "node:buffer";

/** A signature of 11 bytes, flags, and the length of an extension that nobody uses. */
const headBytes = 19;

/**
 * @param bytes in pieces of any size
 * @returns the fields of each row. Null is an empty field. They are parts of a larger buffer
 * @throws Error if the bytes end within a row
 */
export async function* copiedRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  let isBegun = false;
  let isEnded = false;
  // It reads on after the last row. Postgres may have more to say on this connection.
  for await (const piece of bytes) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    if (!isBegun) {
      if (rest.length < headBytes) continue;
      rest = rest.subarray(headBytes);
      isBegun = true;
    }
    for (;;) {
      const row = rowAt(rest);
      if (!row) break;
      rest = rest.subarray(row.end);
      if (row.fields) yield row.fields;
      else isEnded = true;
    }
  }
  if (!isEnded) throw new Error("The copy ended within a row");
}

/** @returns undefined if the row is not complete. Without fields, it is the end of all */
function rowAt(bytes: Buffer): { fields?: Buffer[]; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const amount = bytes.readInt16BE(0);
  if (amount < 0) return { end: 2 };
  const fields: Buffer[] = [];
  let at = 2;
  for (let field = 0; field < amount; field++) {
    if (bytes.length < at + 4) return undefined;
    const length = Math.max(0, bytes.readInt32BE(at));
    at += 4;
    if (bytes.length < at + length) return undefined;
    fields.push(bytes.subarray(at, at + length));
    at += length;
  }
  return { fields, end: at };
}
