/**
 * The types of expectations. People write them by hand, from the rules, as grids that a
 * reviewer of authorization can read:
 *
 *                       asfrbBmM@oS    asfrbBmM@oS
 *   select  followers   ..+...++.++    ..+...++.++
 *
 * This grid says who reads the posts for followers: the post by a public owner, then the one
 * by a private owner. Every column is a relation to the owner (relations.ts, which also makes
 * the {things} of both). Every letter is an answer (legend, in grid.ts):
 *
 *   + a row, or done    . no row, or nothing done    x refused by Postgres
 *   U exists already    V a view that nobody writes
 *   N post_not_found    P profile_not_found   C post_not_open   L not_signed_in
 *   y true   n false    _ null   0-9 a number
 *
 * A table or function may add letters. {me} is the person who asks.
 */
import type { Letters } from "./grid.ts";

export interface TableExpectations {
  /** Rows, as conditions. */
  things: Record<string, string>;
  /** Rows to insert. */
  inserts: Record<string, string>;
  /** The columns that an update sets, with values. */
  update: string;
  letters?: Letters;
  /** Lines of an operation, a thing or an insert, and the answers. */
  grid: string;
}

export interface FunctionExpectations {
  /** Calls. If one selects an `answer`, that is its answer. If not, it finds a row or none. */
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
