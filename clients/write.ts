/** A write of the outbox, as data: outbox.ts sends it, and groups.ts says what it may need. */
type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };
type Row = Record<string, Json | undefined>;

/** One write, as data. */
export type Write =
  /** A function of the API. `write_post` and `send_message` get the entry's key as `client_id`. */
  | { rpc: string; args?: Row }
  /** New rows. A row that exists stays as it is. `onConflict`: the columns of the key, if not the primary key. */
  | { upsert: string; values: Row | Row[]; onConflict?: string }
  | { update: string; values: Row; match: Row }
  | { delete: string; match: Row };

export interface OutboxEntry {
  /** Made by the client. The same for every try. */
  key: string;
  write: Write;
  /** When the person did it, in milliseconds since 1970 on their clock. */
  sentAtMs: number;
}
