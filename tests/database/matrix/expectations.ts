/**
 * What an expectation is. They are written from the rules by hand, as grids that a
 * reviewer of authorization reads:
 *
 *                       asfrbBmM@oS    asfrbBmM@oS
 *   select  followers   ..+...++.++    ..+...++.++
 *
 * says who reads the post for followers of a public owner, and of a private one.
 * Every column is a relation to the owner (relations.ts, where the {things} of
 * both come from); every letter is an answer (legend, in grid.ts):
 *
 *   + a row, or done    . no row, or nothing done    x refused by Postgres
 *   U there already     V a view that is not written
 *   N post_not_found    P profile_not_found   C post_not_open   L not_signed_in
 *   y true   n false    _ null   0-9 a number
 *
 * and what a table or function adds. {me} is who asks.
 */
import type { Letters } from "./grid.ts";

export interface TableExpectations {
  /** Rows, as conditions. */
  things: Record<string, string>;
  /** Rows to insert. */
  inserts: Record<string, string>;
  /** What an update sets. */
  update: string;
  letters?: Letters;
  /** Lines of an operation, a thing or an insert, and the answers. */
  grid: string;
}

export interface FunctionExpectations {
  /** What selects an `answer` is answered with it; other calls find a row, or none. */
  calls: Record<string, string>;
  letters?: Letters;
  /** Lines of a call and the answers. */
  grid: string;
}

/** Rows of a feed, each by the id of the post or repost. */
export const rows = (call: string, ids: string[]) =>
  Object.fromEntries(ids.map((id) => [id, `select from ${call} where id = {${id}}`]));

/** A row of a feed, by the id of the post that it shows. */
export const shown = (call: string, id: string) => `select from ${call} where (post).id = {${id}}`;

/** A row of a feed whose post mentions somebody. */
export const mentioning = (call: string, id: string, username: string) => `
  select from ${call} as item cross join unnest((item.post).mentions) as mention
  where item.id = {${id}} and mention.username = '${username}'`;

/** A row of a list of people. */
export const person = (call: string, id: string) => `select from ${call} where (profile).id = {${id}}`;
