/** Types for talking to the database. */
import type { Queries } from "../database/pool.ts";

/** The pool of sessions, or a transaction on one of them. */
export type Db = Queries;

/** A JSON object, as in a column of type jsonb. */
export type Json = Record<string, unknown>;
