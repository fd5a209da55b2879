/** Reads very many rows: COPY in binary, without an object for each row. */
import type { Sql, TransactionSql } from "postgres";

/** 11 bytes say that it is COPY. Then come flags, and the length of nothing. */
const headerBytes = 19;

/** Where each column of a row begins, and how many bytes it has. The same object for each row. */
export interface Places {
  starts: number[];
  lengths: number[];
}

/**
 * @param query its columns are never null
 * @param onRow gets the bytes of a row. They are only valid until it returns
 * @throws Error if a row has another number of columns, and the error of Postgres if the query is wrong
 */
export async function copyRows(
  sql: Sql | TransactionSql,
  query: string,
  columns: number,
  onRow: (bytes: DataView, places: Places) => void,
): Promise<void> {
  const places: Places = { starts: new Array(columns).fill(0), lengths: new Array(columns).fill(0) };
  const stream = await sql.unsafe(`copy (${query}) to stdout (format binary)`).readable();
  // Postgres sends one message for each row, and the library one chunk for each message. The first has the header
  // too. An iterator would wait for a promise with every row.
  await new Promise<void>((resolve, reject) => {
    let isFirst = true;
    stream.on("data", (chunk: Uint8Array) => {
      let at = isFirst ? headerBytes : 0;
      isFirst = false;
      const bytes = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      // The end is -1, in a message of its own.
      if (at === bytes.byteLength || bytes.getInt16(at) === -1) return;
      const found = bytes.getInt16(at);
      at += 2;
      for (let column = 0; column < found; column++) {
        const length = bytes.getInt32(at);
        places.starts[column] = at + 4;
        places.lengths[column] = length;
        at += 4 + Math.max(0, length);
      }
      if (found !== columns || at !== bytes.byteLength || places.lengths.includes(-1)) {
        stream.destroy(new Error(`not a row of ${columns} columns without nulls`));
        return;
      }
      onRow(bytes, places);
    });
    stream.on("end", resolve);
    stream.on("error", reject);
  });
}
