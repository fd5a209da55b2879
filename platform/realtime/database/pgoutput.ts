/**
 * Decodes the messages of the output plugin pgoutput, protocol version 1, with
 * values as text. https://www.postgresql.org/docs/17/protocol-logicalrep-message-formats.html
 */

export interface RelationColumn {
  name: string;
  typeId: number;
  /** Whether the column belongs to the replica identity. */
  key: boolean;
}

export interface Relation {
  id: number;
  schema: string;
  table: string;
  columns: RelationColumn[];
}

/** A value for each column: text, null, or undefined for a TOASTed value that did not change. */
export type Tuple = (string | null | undefined)[];

export interface RowChange {
  relation: Relation;
  type: "INSERT" | "UPDATE" | "DELETE";
  /** Absent for a delete. */
  row?: Tuple;
  /** Absent for an insert, and for an update that did not change a replica identity of key columns only. */
  old?: { kind: "key" | "full"; tuple: Tuple };
  transaction: Transaction;
  /** The size of its values, as sent. */
  bytes: number;
}

export interface Transaction {
  /** The lower 32 bits. */
  id: number;
  /** Microseconds since the Unix epoch. */
  committedUs: bigint;
}

export interface Handlers {
  /** Also sent for a known relation, when something about the table may have changed. */
  relation(relation: Relation): void;
  change(change: RowChange): void;
}

const postgresEpochUs = BigInt(Date.UTC(2000, 0, 1)) * 1000n;

/** Decodes one stream. It remembers the relations and the transaction that messages refer to. */
export function createDecoder(handlers: Handlers): (message: Buffer) => void {
  const relations = new Map<number, Relation>();
  let transaction: Transaction = { id: 0, committedUs: 0n };

  return (message) => {
    const type = String.fromCharCode(message[0] as number);
    if (type === "B") {
      transaction = {
        committedUs: message.readBigInt64BE(9) + postgresEpochUs,
        id: message.readUInt32BE(17),
      };
    } else if (type === "R") {
      const relation = readRelation(message);
      relations.set(relation.id, relation);
      handlers.relation(relation);
    } else if (type === "I" || type === "U" || type === "D") {
      const relation = relations.get(message.readUInt32BE(1));
      if (!relation) throw new Error(`pgoutput refers to an unknown relation ${message.readUInt32BE(1)}`);
      handlers.change(readChange(type, message, relation, transaction));
    }
    // Commit, origin, type, truncate and logical messages tell us nothing that we need.
  };
}

function readRelation(message: Buffer): Relation {
  let at = 5;
  const text = () => {
    const end = message.indexOf(0, at);
    const value = message.toString("utf8", at, end);
    at = end + 1;
    return value;
  };
  const id = message.readUInt32BE(1);
  const schema = text() || "pg_catalog";
  const table = text();
  at += 1; // The replica identity; its columns are flagged.
  const columns: RelationColumn[] = [];
  const count = message.readUInt16BE(at);
  at += 2;
  for (let index = 0; index < count; index++) {
    const key = (message[at++] as number) === 1;
    const name = text();
    columns.push({ key, name, typeId: message.readUInt32BE(at) });
    at += 8;
  }
  return { id, schema, table, columns };
}

const types = { I: "INSERT", U: "UPDATE", D: "DELETE" } as const;

function readChange(
  type: "I" | "U" | "D",
  message: Buffer,
  relation: Relation,
  transaction: Transaction,
): RowChange {
  const change: RowChange = { relation, type: types[type], transaction, bytes: message.length };
  let at = 5;
  while (at < message.length) {
    const part = String.fromCharCode(message[at++] as number);
    const count = message.readUInt16BE(at);
    at += 2;
    const tuple: Tuple = new Array(count);
    for (let index = 0; index < count; index++) {
      const form = String.fromCharCode(message[at++] as number);
      if (form === "t") {
        const length = message.readUInt32BE(at);
        at += 4;
        tuple[index] = message.toString("utf8", at, at + length);
        at += length;
      } else if (form === "n") {
        tuple[index] = null;
      } else if (form !== "u") {
        throw new Error(`pgoutput sent a value in the unknown form ${form}`);
      }
    }
    if (part === "N") change.row = tuple;
    else change.old = { kind: part === "K" ? "key" : "full", tuple };
  }
  return change;
}
