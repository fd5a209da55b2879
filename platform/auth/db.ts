/** Types for talking to the database. */
import type postgres from "postgres";

/** A pool of connections, or a transaction on one of them. */
// biome-ignore lint/complexity/noBannedTypes: this is how postgres.js says "no custom types"
export type Db = postgres.ISql<{}>;

/** A JSON object, as in a column of type jsonb. */
export type Json = Record<string, unknown>;
