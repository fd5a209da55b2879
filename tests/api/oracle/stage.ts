/**
 * The state of a history while it is played: the model's world, and the people who act
 * in the real one. The functions here turn the numbers of a step into the people, posts
 * and words that they mean at this point.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type Draft,
  emptyWorld,
  type Made,
  type PersonId,
  type Piece,
  type Post,
  person,
  type Text,
  type Viewer,
  type World,
} from "./model.ts";
import type { Population } from "./population.ts";
import { seenPost } from "./questions.ts";
import type { Pair, RawDraft, RawPiece, RawText } from "./steps.ts";

export interface Stage {
  world: World;
  population: Population;
}

/** All of one length, so one can replace another and nothing else in a text moves. */
export const words = ["apple", "lemon", "melon"];
export const tags = ["garden", "café", "plaza"];

/** @returns the stage on which nothing has happened yet */
export const createStage = (population: Population): Stage => ({
  world: emptyWorld(population.people),
  population,
});

// Numbers ------------------------------------------------------------------------

export const at = ({ world }: Stage, n: number): PersonId =>
  (world.people[n % world.people.length] as { id: PersonId }).id;

/** Counts back from the last row, in circles. A pinned (negative) number means the row that this step made. */
export const newest = <T extends Made>(rows: T[], n: number): T | undefined =>
  n < 0 ? rows.find(({ madeBy }) => madeBy === -1 - n) : rows.at(-1 - (n % rows.length));

/** From this number on, any post may be meant. Below it, a post that the acting person sees, if there is one. */
export const anyPost = 32;

export function postRow({ world }: Stage, by: PersonId, n: number): Post | undefined {
  const seen = n < 0 || n >= anyPost ? [] : world.posts.filter(({ id }) => seenPost(world, by, id));
  return newest(seen.length > 0 ? seen : world.posts, n);
}

export const postId = (stage: Stage, by: PersonId, n: number | null): number | null =>
  n === null ? null : (postRow(stage, by, n)?.id ?? null);

/** The two people of an existing row, or else any two people. */
export const pairOf = (
  stage: Stage,
  { row, by, to }: Pair,
  rows: (Made & { by: PersonId; to: PersonId })[],
): { by: PersonId; to: PersonId } =>
  (row === null ? undefined : newest(rows, row)) ?? { by: at(stage, by), to: at(stage, to) };

export const wordOf = ({ population }: Stage, n: number): string => `${words[n]}${population.token}`;
export const tagOf = ({ population }: Stage, n: number): string => `${tags[n]}${population.token}`;

function piecesOf(stage: Stage, raw: RawPiece[]): Piece[] {
  return raw.map((piece) => {
    if ("word" in piece) return { word: wordOf(stage, piece.word) };
    if ("mention" in piece) return { mention: at(stage, piece.mention) };
    const tag = tagOf(stage, piece.tag);
    return { tag, written: `#${piece.loud ? tag.toUpperCase() : tag}` };
  });
}

export const textOf = (stage: Stage, { title, content, warning }: RawText): Text => ({
  title: piecesOf(stage, title),
  content: piecesOf(stage, content),
  warning: warning ? "careful" : "",
});

/** The same text with other words, as if somebody corrected a mistake. */
export function reworded(stage: Stage, { title, content, warning }: Text): Text {
  const other = (piece: Piece): Piece => {
    if (!("word" in piece)) return piece;
    const n = words.findIndex((_, place) => wordOf(stage, place) === piece.word);
    return { word: wordOf(stage, (n + 1) % words.length) };
  };
  return { title: title.map(other), content: content.map(other), warning: warning ? "" : "careful" };
}

export const draftOf = (stage: Stage, by: PersonId, raw: RawDraft): Draft => ({
  ...textOf(stage, raw),
  language: raw.language,
  audience: raw.audience,
  replyTo: postId(stage, by, raw.replyTo),
  quoteOf: postId(stage, by, raw.quoteOf),
});

// Requests -----------------------------------------------------------------------

/** The client of this person, or the client of a guest. */
export function as({ population }: Stage, viewer: Viewer): SupabaseClient {
  if (viewer === null) return population.guest;
  const found = population.people.find(({ id }) => id === viewer);
  if (!found) throw new Error(`nobody is ${viewer}`);
  return found.client;
}

/** A text as its author writes it. */
export const written = (world: World, text: Piece[]): string =>
  text
    .map((piece) => {
      if ("word" in piece) return piece.word;
      return "tag" in piece ? piece.written : `@${person(world, piece.mention).username}`;
    })
    .join(" ");

/** The columns of posts and drafts. */
export const textColumns = (world: World, { title, content, warning }: Text) => ({
  title: written(world, title),
  content: written(world, content),
  content_warning: warning,
});

export const draftColumns = (world: World, draft: Draft) => ({
  ...textColumns(world, draft),
  language: draft.language,
  audience: draft.audience,
  reply_to_id: draft.replyTo,
  quote_of_id: draft.quoteOf,
});

// Words --------------------------------------------------------------------------

export const nameOf = ({ world }: Stage, viewer: Viewer): string =>
  viewer === null ? "somebody" : person(world, viewer).name;

/** Posts are called p1, p2, … in the order in which they were written. */
export const label = ({ world }: Stage, id: number): string =>
  `p${world.posts.findIndex((one) => one.id === id) + 1}`;

export function spoken(stage: Stage, text: Text | Draft): string {
  const about = [`“${written(stage.world, [...text.title, ...text.content])}”`];
  if ("audience" in text && text.audience !== "everyone") about.push(`for ${text.audience}`);
  if ("replyTo" in text && text.replyTo !== null) about.push(`in reply to ${label(stage, text.replyTo)}`);
  if ("quoteOf" in text && text.quoteOf !== null) about.push(`quoting ${label(stage, text.quoteOf)}`);
  return about.join(" ");
}

/** Replaces ids and usernames with the names that the tests use, and removes tokens. */
export function readable({ world, population }: Stage, text: string): string {
  const names: [string, string][] = [
    ...world.people.flatMap(({ id, username, name }): [string, string][] => [
      [id, name],
      [username, name],
    ]),
    ...world.posts.map(({ id }, n): [string, string] => [String(id), `p${n + 1}`]),
    ...world.lists.map(({ id }, n): [string, string] => [id, `list ${n + 1}`]),
    [population.token, ""],
    [population.token.toUpperCase(), ""],
  ];
  return names.reduce((said, [id, name]) => said.replaceAll(id, name), text);
}
