/** Turns rows of realtime.messages from the replication stream into messages. */
import type { Log } from "../../log.ts";
import type { StoredMessage } from "../database-side.ts";
import type { Relation, Tuple } from "./pgoutput.ts";

/** pgoutput gives the name of the partition, not of the table. */
export function isMessages({ schema, table }: Relation): boolean {
  return schema === "realtime" && /^messages(_\d{4}_\d\d_\d\d)?$/.test(table);
}

/** @returns undefined for a row that is not to be broadcast */
export function toMessage(relation: Relation, tuple: Tuple, log: Log): StoredMessage | undefined {
  const row: Record<string, string | null | undefined> = {};
  relation.columns.forEach(({ name }, index) => {
    row[name] = tuple[index];
  });
  if (row.extension !== "broadcast" || row.skip_broadcast === "t") return undefined;
  const { id, topic, event, payload, binary_payload } = row;
  const content =
    typeof binary_payload === "string"
      ? { binary: Buffer.from(binary_payload.slice(2), "hex") }
      : typeof payload === "string"
        ? { json: payload }
        : undefined;
  if (!id || !topic || typeof event !== "string" || !content) {
    log("warn", `the message ${id} cannot be broadcast: it lacks a topic, an event or a payload`);
    return undefined;
  }
  return { id, topic, private: row.private === "t", event, payload: content };
}
