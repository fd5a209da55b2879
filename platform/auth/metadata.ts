/**
 * What clients write about a user: user_metadata and app_metadata. Both go into the
 * database as jsonb and into every access token, so they have to fit into both.
 * Every endpoint that takes metadata reads it here.
 */

import type { Json } from "./db.ts";
import { invalid } from "./errors.ts";
import { mergeMetadata } from "./users.ts";

/**
 * Of user_metadata as JSON. An access token carries it in a header, in Base64, beside
 * 1 KB of other claims, and a server that takes 8 KB of headers has to take it.
 * On hosted Supabase the database has these bounds: private.before_user_created() and
 * private.users_check_metadata().
 */
const maxBytes = 4096;
/**
 * Of user_metadata and app_metadata together, as the database keeps them. Auth itself adds the
 * address and the user's id to user_metadata, so this is a little more than a client may send.
 */
const togetherMaxBytes = 4800;
/** As deep as objects and arrays may be in each other. */
const maxDepth = 32;

/**
 * Metadata that a client sent.
 * @returns it, with U+FFFD in place of lone surrogates, as GoTrue has them
 * @throws AuthError validation_failed (400), when the database could not keep it or a token not carry it
 */
export function readMetadata(data: Json | undefined): Json {
  const metadata = readValue(data ?? {}, 1) as Json;
  checkSize(metadata);
  return metadata;
}

/**
 * A user's metadata with changes laid over it; null takes a key away.
 * @param beside the user's other metadata: app_metadata if this is user_metadata, or the other way round
 * @throws AuthError validation_failed (400), as readMetadata, also when only all together is too large
 */
export function changeMetadata(metadata: Json | null, changes: Json | undefined, beside: Json | null): Json {
  const changed = mergeMetadata(metadata, readMetadata(changes));
  // Metadata from before this bound may be too large. It can only become smaller.
  if (sizeBytes(changed) > sizeBytes(metadata ?? {})) {
    checkSize(changed);
    checkTogether(changed, beside);
  }
  return changed;
}

/** @throws AuthError validation_failed (400), when one token cannot carry both */
export function checkTogether(one: Json, other: Json | null): void {
  if (sizeBytes(one) + sizeBytes(other ?? {}) <= togetherMaxBytes) return;
  throw invalid(
    `user_metadata and app_metadata together have at most ${togetherMaxBytes} bytes as JSON (metadata_size)`,
  );
}

function readValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") return readString(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) throw invalid(`Metadata is nested at most ${maxDepth} deep`);
  if (Array.isArray(value)) return value.map((item) => readValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [readString(key), readValue(item, depth + 1)]),
  );
}

function readString(value: string): string {
  if (value.includes("\0")) throw invalid("Metadata cannot have the character U+0000");
  return value.toWellFormed();
}

function checkSize(metadata: Json): void {
  if (sizeBytes(metadata) > maxBytes)
    throw invalid(`Metadata has at most ${maxBytes} bytes as JSON (metadata_size)`);
}

const sizeBytes = (metadata: Json) => Buffer.byteLength(JSON.stringify(metadata));
