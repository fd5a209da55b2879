/**
 * Runs prepared statements over a line, several of them in one message. Postgres runs such a message as one
 * transaction, so it costs one round trip. The driver sends each statement in a message of its own, and parses
 * every row, which costs more than the statement. session.ts uses this beside the driver.
 * https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */

/** A part of a message. */
export type Step =
  /** Makes a prepared statement. The server finds the types of its parameters. */
  | { kind: "prepare"; name: string; text: string }
  /** Runs a prepared statement. Values are texts. */
  | { kind: "execute"; name: string; values: readonly (string | null)[] }
  /** Drops a prepared statement, also if there is none of this name. */
  | { kind: "drop"; name: string };

/** The columns of a row, as texts of Postgres. They share the memory of the message that brought them. */
export type WireRow = (Buffer | null)[];

/** An error of Postgres, with the same fields as the driver's. */
export class ServerError extends Error {
  override readonly name = "PostgresError";
  readonly code: string;
  readonly severity: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;

  constructor(fields: Map<string, string>) {
    super(fields.get("M") ?? "");
    this.code = fields.get("C") ?? "";
    this.severity = fields.get("V") ?? "";
    this.detail = fields.get("D");
    this.hint = fields.get("H");
  }
}

/** The message with these steps, which ends the transaction too. */
export function encodeSteps(steps: readonly Step[]): Buffer {
  let size = syncBytes;
  const sizes: number[] = [];
  for (const step of steps) {
    size += frameBytes + Buffer.byteLength(step.name);
    if (step.kind === "prepare") size += Buffer.byteLength(step.text);
    if (step.kind !== "execute") continue;
    size += executeBytes;
    for (const value of step.values) {
      const bytes = value === null ? -1 : Buffer.byteLength(value);
      sizes.push(bytes);
      size += 4 + Math.max(0, bytes);
    }
  }
  const writer = new Writer(Buffer.allocUnsafe(size));
  let next = 0;
  for (const step of steps) {
    const start = writer.begin(types[step.kind]);
    switch (step.kind) {
      case "prepare":
        writer.text(step.name);
        writer.text(step.text);
        writer.int16(0);
        break;
      case "drop":
        writer.byte(letter("S"));
        writer.text(step.name);
        break;
      case "execute":
        // To a portal without a name. Parameters and columns are texts.
        writer.byte(0);
        writer.text(step.name);
        writer.int16(0);
        writer.int16(step.values.length);
        for (const value of step.values) writer.value(value, sizes[next++] as number);
        writer.int16(0);
        writer.end(start);
        // All its rows.
        writer.end(writer.begin(letter("E")), 5);
        continue;
    }
    writer.end(start);
  }
  writer.end(writer.begin(letter("S")));
  return writer.bytes.subarray(0, writer.at);
}

const letter = (text: string) => text.charCodeAt(0);
const types = { prepare: letter("P"), execute: letter("B"), drop: letter("C") };
const syncBytes = 5;
/** At least what a message has besides its texts. */
const frameBytes = 16;
const executeBytes = 16;

class Writer {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  int16(value: number): void {
    this.at = this.bytes.writeUInt16BE(value, this.at);
  }

  text(value: string): void {
    this.at += this.bytes.write(value, this.at);
    this.byte(0);
  }

  /** @param bytes of the text; -1 for null */
  value(text: string | null, bytes: number): void {
    this.at = this.bytes.writeInt32BE(bytes, this.at);
    if (text !== null) this.at += this.bytes.write(text, this.at);
  }

  /** @returns where the message's length goes */
  begin(type: number): number {
    this.byte(type);
    this.at += 4;
    return this.at - 4;
  }

  /** @param zeros bytes to add */
  end(start: number, zeros = 0): void {
    this.bytes.fill(0, this.at, this.at + zeros);
    this.at += zeros;
    this.bytes.writeInt32BE(this.at - start, start);
  }
}

export interface Answers {
  /**
   * Takes what the server sends, in pieces of any size.
   * @returns true when the server is ready for the next message
   */
  read(piece: Buffer): boolean;
  /** The rows of each executed statement. @throws ServerError */
  result(): WireRow[][];
}

/** Reads the answers to one message. */
export function createAnswers(): Answers {
  const results: WireRow[][] = [];
  let rows: WireRow[] = [];
  let error: ServerError | undefined;
  let pieces: Buffer[] = [];
  let bytes = 0;
  /** Fewer bytes than this have no whole message. */
  let wanted = 5;

  /** @returns true for the last message */
  function take(type: number, message: Buffer): boolean {
    switch (type) {
      case 0x44: // DataRow
        rows.push(readRow(message));
        return false;
      case 0x43: // CommandComplete
      case 0x49: // EmptyQueryResponse
        results.push(rows);
        rows = [];
        return false;
      case 0x45: // ErrorResponse
        error ??= new ServerError(readFields(message));
        return false;
      default:
        return type === 0x5a; // ReadyForQuery
    }
  }

  return {
    read(piece) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes < wanted) return false;
      let whole = pieces.length === 1 ? piece : Buffer.concat(pieces);
      while (whole.length >= 5) {
        const end = 1 + whole.readUInt32BE(1);
        if (whole.length < end) break;
        if (take(whole[0] as number, whole.subarray(5, end))) return true;
        whole = whole.subarray(end);
      }
      pieces = [whole];
      bytes = whole.length;
      wanted = bytes >= 5 ? 1 + whole.readUInt32BE(1) : 5;
      return false;
    },
    result() {
      if (error) throw error;
      return results;
    },
  };
}

function readRow(message: Buffer): WireRow {
  const row: WireRow = [];
  const count = message.readUInt16BE(0);
  for (let n = 0, at = 2; n < count; n++) {
    const length = message.readInt32BE(at);
    at += 4;
    row.push(length < 0 ? null : message.subarray(at, at + length));
    if (length > 0) at += length;
  }
  return row;
}

/** Each field is a letter and a text that ends with a zero. */
function readFields(message: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; message[at]; ) {
    const end = message.indexOf(0, at + 1);
    fields.set(String.fromCharCode(message[at] as number), message.toString("utf8", at + 1, end));
    at = end + 1;
  }
  return fields;
}
