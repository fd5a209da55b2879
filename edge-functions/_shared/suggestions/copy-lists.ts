/**
 * Writes lists in the binary format of COPY, which Postgres reads many times faster than text. The columns are those
 * of the temporary table in everybody.ts.
 */
import { Buffer } from "node:buffer";
import { idBytes } from "./people-index.ts";
import type { Candidate } from "./suggest.ts";
import { type Witnesses, witnessedMost } from "./witnesses.ts";

export interface ComputedList {
  viewer: number;
  list: Candidate[];
  fingerprint: bigint;
  witnesses: (Witnesses | undefined)[];
}

/** Oids of the types of the elements, which are the same in every Postgres. */
const oids = { uuid: 2950, smallint: 21, real: 700 };
const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** A number of fields, an id, four heads of arrays, a fingerprint and the witnesses. */
const rowBytes = 2 + 4 + idBytes + 4 * (4 + 20) + 4 + 8 + witnessedMost * 3 * (4 + idBytes);
const candidateBytes = 3 * 4 + idBytes + 2 + 4;

/** What a COPY in this format begins and ends with. */
export const copyHead = Buffer.concat([signature, Buffer.alloc(8)]);
export const copyTail = Buffer.from([0xff, 0xff]);

export interface CopyRows {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where each row ends. */
  ends: number[];
}

/**
 * @param ids the ids of all people, in the order of their numbers
 * @returns a row for each list
 */
export function copyRowsOf(lists: ComputedList[], ids: Uint8Array): CopyRows {
  const candidates = lists.reduce((sum, { list }) => sum + list.length, 0);
  const bytes = Buffer.from(new ArrayBuffer(lists.length * rowBytes + candidates * candidateBytes));
  const ends: number[] = [];
  let at = 0;

  const writeId = (person: number) => {
    at = bytes.writeInt32BE(idBytes, at);
    const from = person * idBytes;
    // A view of 16 bytes would take longer than they do.
    for (let byte = 0; byte < idBytes; byte++) bytes[at + byte] = ids[from + byte] as number;
    at += idBytes;
  };
  /** Its length is written afterwards, because null takes fewer bytes. */
  const writeArray = (oid: number, length: number, hasNulls: boolean, writeElements: () => void) => {
    const start = at;
    at = bytes.writeInt32BE(length > 0 ? 1 : 0, at + 4);
    at = bytes.writeInt32BE(hasNulls ? 1 : 0, at);
    at = bytes.writeInt32BE(oid, at);
    if (length > 0) {
      at = bytes.writeInt32BE(length, at);
      at = bytes.writeInt32BE(1, at);
      writeElements();
    }
    bytes.writeInt32BE(at - start - 4, start);
  };
  for (const { viewer, list, fingerprint, witnesses } of lists) {
    at = bytes.writeInt16BE(6, at);
    writeId(viewer);
    writeArray(oids.uuid, list.length, false, () => {
      for (const { person } of list) writeId(person);
    });
    writeArray(oids.smallint, list.length, false, () => {
      for (const { source } of list) {
        at = bytes.writeInt32BE(2, at);
        at = bytes.writeInt16BE(source, at);
      }
    });
    writeArray(oids.real, list.length, false, () => {
      for (const { score } of list) {
        at = bytes.writeInt32BE(4, at);
        at = bytes.writeFloatBE(score, at);
      }
    });
    at = bytes.writeInt32BE(8, at);
    at = bytes.writeBigInt64BE(fingerprint, at);
    const hasNulls = witnesses.includes(undefined);
    writeArray(oids.uuid, 3 * witnesses.length, hasNulls, () => {
      for (const three of witnesses) {
        if (three) for (const person of three) writeId(person);
        else for (let one = 0; one < 3; one++) at = bytes.writeInt32BE(-1, at);
      }
    });
    ends.push(at);
  }
  return { bytes: bytes.subarray(0, at), ends };
}
