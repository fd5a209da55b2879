/**
 * Reads along on a connection to learn the results of its statements. If a message has several
 * statements, pg_cron reports the tag or the number of rows of the last statement. The driver does
 * not keep all of that.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */
export interface Answers {
  /** Takes what the server sends, in pieces of any size. */
  read(piece: Buffer): void;
  /** Forgets the earlier statements. */
  reset(): void;
  /** The last statement's result, for example `DELETE 3` or `2 rows`. */
  last(): string;
  /** Whether a statement asked to copy from or to the client. */
  copies(): boolean;
}

const headerBytes = 5;
/** Tags are short; a longer one is cut. */
const tagMaxBytes = 256;

export function createAnswers(): Answers {
  let header = Buffer.alloc(0);
  let tag: Buffer[] = [];
  let tagBytes = 0;
  /** Bytes of the current message that are still to come. */
  let rest = 0;
  let last = "";
  let rows: number | undefined;
  let copies = false;

  function begin(type: string): void {
    if (type === "T") rows = 0;
    else if (type === "D" && rows !== undefined) rows++;
    else if (type === "I") last = rowsText(0);
    else if (type === "G" || type === "H" || type === "W") copies = true;
    else if (type === "C") [tag, tagBytes] = [[], 0];
  }

  function keep(piece: Buffer): void {
    if (tagBytes < tagMaxBytes) tag.push(piece);
    tagBytes += piece.length;
  }

  function end(type: string): void {
    if (type !== "C") return;
    const text = Buffer.concat(tag).toString("utf8", 0, tagMaxBytes).replace(/\0.*$/s, "");
    last = rows === undefined ? text : rowsText(rows);
    rows = undefined;
  }

  return {
    read(piece) {
      let at = 0;
      while (at < piece.length) {
        if (header.length < headerBytes) {
          const more = piece.subarray(at, at + headerBytes - header.length);
          header = Buffer.concat([header, more]);
          at += more.length;
          if (header.length < headerBytes) return;
          rest = header.readUInt32BE(1) - 4;
          begin(typeOf(header));
        }
        const body = piece.subarray(at, at + rest);
        if (typeOf(header) === "C") keep(body);
        at += body.length;
        rest -= body.length;
        if (rest > 0) return;
        end(typeOf(header));
        header = Buffer.alloc(0);
      }
    },
    reset() {
      last = "";
      rows = undefined;
      copies = false;
    },
    last: () => last,
    copies: () => copies,
  };
}

const typeOf = (header: Buffer) => String.fromCharCode(header[0] ?? 0);

const rowsText = (rows: number) => (rows === 1 ? "1 row" : `${rows} rows`);
