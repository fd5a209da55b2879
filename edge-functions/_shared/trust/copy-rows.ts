/** Reads very many rows: COPY in binary, without an object for each row. */
import type { Sql, TransactionSql } from "postgres";

/** 11 bytes say that it is COPY. Then come flags, and the length of nothing. */
const headerBytes = 19;

/**
 * @param query its columns are never null, and each has the same number of bytes in every row
 * @param columns how many bytes each column has. A uuid has 16, a boolean 1
 * @param onRow gets the bytes of a row, and where each column begins
 * @throws Error if a row looks different, and the error of Postgres if the query is wrong
 */
export async function copyRows(
  sql: Sql | TransactionSql,
  query: string,
  columns: number[],
  onRow: (bytes: DataView, places: number[]) => void,
): Promise<void> {
  const rowBytes = columns.reduce((sum, bytes) => sum + 4 + bytes, 2);
  const offsets = columns.map((_, place) =>
    columns.slice(0, place).reduce((sum, bytes) => sum + 4 + bytes, 2 + 4),
  );
  const places = [...offsets];
  const stream = await sql.unsafe(`copy (${query}) to stdout (format binary)`).readable();
  // Postgres sends one message for each row, and the library one chunk for each message. The first has the header
  // too. An iterator would wait for a promise with every row.
  await new Promise<void>((resolve, reject) => {
    let isFirst = true;
    stream.on("data", (chunk: Uint8Array) => {
      const start = isFirst ? headerBytes : 0;
      isFirst = false;
      const bytes = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (bytes.byteLength < start + 2 || bytes.getInt16(start) === -1) return;
      if (bytes.byteLength !== start + rowBytes || bytes.getInt16(start) !== columns.length) {
        stream.destroy(
          new Error(`a row of ${chunk.byteLength} bytes, where ${start + rowBytes} were expected`),
        );
        return;
      }
      for (let column = 0; column < offsets.length; column++)
        places[column] = start + (offsets[column] as number);
      onRow(bytes, places);
    });
    stream.on("end", resolve);
    stream.on("error", reject);
    stream.on("close", resolve);
  });
}
