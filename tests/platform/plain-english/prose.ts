/**
 * Finds the sentences that people read in this repository's files: comments, docs, SQL's
 * `comment on`, names of policies, and the text of strings (errors, titles of tests).
 */
import { extname } from "node:path";

export interface Sentence {
  line: number;
  text: string;
  /** True for the text of a string. It may be a list, or SQL, so it has no longest sentence. */
  isShown: boolean;
}

interface Piece {
  at: number;
  text: string;
  isShown: boolean;
}

const quoted = String.raw`"(?:\\.|[^"\\\n])*"`;
const slashes = String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n[ \t]*\/\/[^\n]*)*`;
const dashes = String.raw`\/\*[\s\S]*?\*\/|--[^\n]*(?:\n[ \t]*--[^\n]*)*`;
const hashes = String.raw`(?<=^|\s)#[^\n]*(?:\n[ \t]*#[^\n]*)*`;

const ends: Record<string, RegExp> = {
  ".ts": new RegExp(`${slashes}|${quoted}|'(?:\\\\.|[^'\\\\\\n])*'|\`(?:\\\\.|[^\`\\\\])*\``, "g"),
  ".sql": new RegExp(`${dashes}|'(?:''|[^'])*'|"[^"\\n]*"`, "g"),
  ".toml": new RegExp(`${hashes}|${quoted}`, "g"),
  ".css": /\/\*[\s\S]*?\*\//g,
  ".html": /<!--[\s\S]*?-->|(?<=>)[^<>]+(?=<)/g,
};
const languages: Record<string, RegExp> = { ...ends, ".js": ends[".ts"] as RegExp };

/** The extensions of the files that this module reads. */
export const readable = [...Object.keys(languages), ".md"];

/** @returns the sentences of a file, each with the line on which its paragraph starts */
export function sentencesOf(path: string, source: string): Sentence[] {
  const pieces = extname(path) === ".md" ? [markdown(source)] : inCode(extname(path), source);
  return pieces.flatMap(({ at, text, isShown }) =>
    paragraphs(text).flatMap((paragraph) => {
      const line = source.slice(0, at + paragraph.at).split("\n").length;
      return split(paragraph.text).map((sentence) => ({ line, text: sentence, isShown }));
    }),
  );
}

function inCode(extension: string, source: string): Piece[] {
  const pattern = languages[extension] as RegExp;
  return [...source.matchAll(pattern)].flatMap(({ index: at, 0: found }): Piece[] => {
    if (/^(?:\/\*|\/\/|--|#|<!)/.test(found)) return [{ at, text: inComment(found), isShown: false }];
    // A text on `comment on` is a sentence of its own. Other strings may be lists, or SQL.
    const isComment = extension === ".sql" && /\bis\s+$/.test(source.slice(0, at));
    return /[a-z] [a-z]/i.test(found) ? [{ at, text: inString(found), isShown: !isComment }] : [];
  });
}

const marks = /^[ \t]*(?:\/\*+|\*\/|\*(?!\*)|\/\/|--+|#+|<!--)|\*\/|-->|-{3,}/gm;

/** Without the comment's marks. A line that is indented further is a part of its own, such as a table. */
function inComment(found: string): string {
  const indented = /^[ \t]*(?:\*|\/\/|--|#)? {5}(?=\S)/gm;
  return blank(
    found.replace(indented, (match) => `${match.slice(0, -1)}\v`),
    marks,
  );
}

/** Keeps the length of the text, so that places in it stay places in the file. */
function blank(text: string, pattern: RegExp): string {
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, " "));
}

function inString(found: string): string {
  const text = blank(found.replace(/^.|.$/g, " "), /\$\{[^{}]*\}/g);
  // Comments in SQL that a string holds are comments too.
  return blank(text, /--/g);
}

/** Leaves only the prose of a page: no code, and the cells of a table apart. */
function markdown(source: string): Piece {
  const withoutCode = blank(source, /^```[\s\S]*?^```|^(?: {4}|\t).*$|<[^>]+>/gm);
  const text = blank(withoutCode, /^#+ |\]\([^)]*\)|[*_]{2}/gm).replaceAll("|", "\n");
  return { at: 0, text, isShown: false };
}

/** Parts that end without a full stop: paragraphs, items of a list, tags of a docstring, indented lines. */
function paragraphs(text: string): { at: number; text: string }[] {
  const start = /\n[ \t]*\n|\n[ \t]*(?=(?:[-*] |\d+\. |@\w+))|\v|(?= @\w+ )/;
  let at = 0;
  const parts = [];
  for (const part of text.split(new RegExp(`(${start.source})`))) {
    if (/\S/.test(part)) parts.push({ at: at + part.search(/\S/), text: part });
    at += part.length;
  }
  return parts;
}

function split(paragraph: string): string[] {
  return paragraph
    .replace(/`[^`]*`/g, "code")
    .replace(/^\s*(?:[-*]|\d+\.)\s+/, "")
    .split(/(?<=[.!?])["”)]*\s+/)
    .map((sentence) => sentence.replace(/\s+/g, " ").trim())
    .filter(Boolean);
}
