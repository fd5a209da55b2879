/**
 * The state of a history while it is played: the model's world, and the people who act
 * in the real one. The functions here turn the numbers of a step into the people, posts
 * and words that they mean at this point.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import {
  type Draft,
  emptyWorld,
  everybody,
  type Made,
  type PersonId,
  type Piece,
  type Post,
  type Text,
  type Viewer,
  type World,
} from "./model.ts";
import type { Client } from "./notice-sync.ts";
import type { Member, Population } from "./population.ts";
import { seenPost } from "./seeing.ts";
import type { Pair, RawDraft, RawEdit, RawName, RawPiece, RawText } from "./steps.ts";

export interface Stage {
  world: World;
  population: Population;
  /** People and newcomers as they were at the start. The numbers of a step count through them. */
  everybody: Member[];
  /** What the people's clients know from sync(). */
  clients: Map<PersonId, Client>;
}

/** All of one length, so one can replace another and nothing else in a text moves. */
export const words = ["apple", "lemon", "melon"];
export const tags = ["garden", "café", "plaza"];

/** @returns the stage on which nothing has happened yet */
export function createStage(population: Population): Stage {
  const { people, newcomers } = population;
  const held = people.map(({ id, names }) => ({ by: id, username: names[1] }));
  return {
    world: emptyWorld(people, newcomers, held),
    population,
    everybody: [...people, ...newcomers],
    clients: new Map(),
  };
}

// Numbers ------------------------------------------------------------------------

const member = ({ everybody }: Stage, n: number): Member => everybody[n % everybody.length] as Member;

/** A person or a newcomer. */
export const at = (stage: Stage, n: number): PersonId => member(stage, n).id;

/** The username that somebody has now, or the other one of their two. */
export function usernameAt(stage: Stage, { of, isOther }: RawName): string {
  const { id, names } = member(stage, of);
  const now = everybody(stage.world).find((one) => one.id === id)?.username as string;
  return isOther ? (names.find((name) => name !== now) as string) : now;
}

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

export function piecesOf(stage: Stage, raw: RawPiece[]): Piece[] {
  return raw.map((piece) => {
    if ("word" in piece) return { word: wordOf(stage, piece.word) };
    if ("mention" in piece) {
      const name = usernameAt(stage, piece.mention);
      return { mention: name, written: `@${piece.loud ? name.toUpperCase() : name}` };
    }
    const tag = tagOf(stage, piece.tag);
    return { tag, written: `#${piece.loud ? tag.toUpperCase() : tag}` };
  });
}

const textOf = (stage: Stage, { title, content, warning }: RawText): Text => ({
  title: piecesOf(stage, title),
  content: piecesOf(stage, content),
  warning: warning ? "careful" : "",
});

/** The text after an edit. */
export function editedText(stage: Stage, text: Text, how: RawEdit): Text {
  if (how === "reworded") return reworded(stage, text);
  if (how === "shorter") return { ...text, content: text.content.slice(text.content.length > 1 ? 1 : 0) };
  if ("add" in how) return { ...text, content: [...text.content, ...piecesOf(stage, [how.add])] };
  return textOf(stage, how);
}

/** The same text with other words, as if somebody corrected a mistake. */
function reworded(stage: Stage, { title, content, warning }: Text): Text {
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
  const found = [...population.people, ...population.newcomers].find(({ id }) => id === viewer);
  if (!found) throw new Error(`nobody is ${viewer}`);
  return found.client;
}

/** A text as its author writes it. */
export const written = (text: Piece[]): string =>
  text.map((piece) => ("word" in piece ? piece.word : piece.written)).join(" ");

/** The columns of posts and drafts. */
export const textColumns = ({ title, content, warning }: Text) => ({
  title: written(title),
  content: written(content),
  content_warning: warning,
});

export const draftColumns = (draft: Draft) => ({
  ...textColumns(draft),
  language: draft.language,
  audience: draft.audience,
  reply_to_id: draft.replyTo,
  quote_of_id: draft.quoteOf,
});

// Words --------------------------------------------------------------------------

export const nameOf = ({ world }: Stage, viewer: Viewer): string =>
  viewer === null ? "somebody" : (everybody(world).find(({ id }) => id === viewer)?.name as string);

/** Posts are called p1, p2, … in the order in which they were written. */
export const label = ({ world }: Stage, id: number): string =>
  `p${world.posts.findIndex((one) => one.id === id) + 1}`;

export function spoken(stage: Stage, text: Text | Draft): string {
  const about = [`“${written([...text.title, ...text.content])}”`];
  if ("audience" in text && text.audience !== "everyone") about.push(`for ${text.audience}`);
  if ("replyTo" in text && text.replyTo !== null) about.push(`in reply to ${label(stage, text.replyTo)}`);
  if ("quoteOf" in text && text.quoteOf !== null) about.push(`quoting ${label(stage, text.quoteOf)}`);
  return about.join(" ");
}

/** Replaces ids and usernames with the names that the tests use, and removes tokens. */
export function readable({ world, population, everybody }: Stage, text: string): string {
  const names: [string, string][] = [
    ...everybody.flatMap(({ id, name, names: [first, second] }): [string, string][] => [
      [id, name],
      [first, name],
      [first.toUpperCase(), name.toUpperCase()],
      [second, `${name}2`],
      [second.toUpperCase(), `${name.toUpperCase()}2`],
    ]),
    ...world.posts.map(({ id }, n): [string, string] => [String(id), `p${n + 1}`]),
    ...world.lists.map(({ id }, n): [string, string] => [id, `list ${n + 1}`]),
    [population.token, ""],
    [population.token.toUpperCase(), ""],
  ];
  return names.reduce((said, [id, name]) => said.replaceAll(id, name), text);
}
