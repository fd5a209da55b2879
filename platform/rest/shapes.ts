/**
 * Remembers what was prepared for requests of the same shape. Two requests have the same shape if they differ only
 * in the values of their filters and in their body's values: `id=eq.1` and `id=eq.2`. So a client's usual requests
 * are parsed and planned once. Nothing here belongs to a person: neither who asks nor a value is kept.
 *
 * To learn a shape, rest prepares a request that has marks in place of the values. It then looks which parameter
 * of the statement has which mark.
 */
import { randomUUID } from "node:crypto";
import type { PlainRequest } from "../plain-http.ts";
import type { Prepared } from "./prepare.ts";
import type { Payload } from "./request/body.ts";
import type { ApiRequest } from "./request/index.ts";
import type { SchemaGraph } from "./schema/types.ts";

/** The text of a request's URL, method and headers that its statement depends on, without values. */
export interface Shape {
  key: string;
  path: string;
  /** The query, with `hole` in place of each value. */
  search: string;
  values: string[];
}

export interface Shapes {
  /** @returns the request that a shape was learned from, to read the body. It has marks in place of the values */
  headOf(graph: SchemaGraph, shape: Shape): ApiRequest | undefined;
  /** @returns what a request of this shape does, with its values */
  find(shape: Shape, payload: Payload | undefined): Prepared | undefined;
  /** @param prepare prepares a request for this URL, with this payload */
  learn(
    graph: SchemaGraph,
    shape: Shape,
    payload: Payload | undefined,
    prepare: (url: string, payload?: Payload) => Prepared,
  ): void;
}

/** In characters. A shape that is not used gives its place to new ones. */
const totalMax = 4_000_000;
const keyMax = 16_384;
/** Roughly what a shape costs besides its texts. */
const overhead = 2000;

const hole = "\0";
/** This process made it up, so no client can send it. It has only characters that no encoding changes. */
const word = randomUUID().replaceAll("-", "");
const mark = (index: number | "body") => `${word}x${index}x`;
const marks = new RegExp(`${word}x(\\d+|body)x`);

/** A filter with one of these operators. All the text after the operator is the value. */
const filter = /^(\w+)=((?:not\.)?(?:eq|neq|gte?|lte?)\.)(.*)$/s;
const reserved = new Set(["select", "order", "limit", "offset", "columns", "on_conflict", "and", "or"]);

/** The headers that the statement or the answer depends on. */
const headerNames = ["accept", "prefer", "accept-profile", "content-profile", "content-type", "range"];

/** @returns undefined if requests like this are not remembered */
export function shapeOf({ method, url, headers }: PlainRequest): Shape | undefined {
  if (url.length > keyMax || method === "OPTIONS") return undefined;
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  if (path === "/" || url.includes("#") || url.includes(hole)) return undefined;
  let search = "";
  const values: string[] = [];
  if (at >= 0) {
    for (const pair of url.slice(at + 1).split("&")) {
      const [, name = "", operator = "", value] = filter.exec(pair) ?? [];
      const isValue = value !== undefined && !reserved.has(name);
      if (isValue) values.push(decoded(value));
      search += `${search === "" ? "" : "&"}${isValue ? `${name}=${operator}${hole}` : pair}`;
    }
  }
  // A header has no line break, so different requests have different keys.
  let key = `${method}\n${path}\n${search}`;
  for (const name of headerNames) key += `\n${headers.get(name) ?? hole}`;
  return key.length > keyMax ? undefined : { key, path, search, values };
}

function decoded(value: string): string {
  return /[%+]/.test(value) ? (new URLSearchParams(`v=${value}`).get("v") ?? "") : value;
}

/** The memory of one shape with one kind of body. */
interface Recipe {
  prepared: Prepared;
  /** For each parameter of the statement: the number of a value, the body, or a text that is always the same. */
  sources: ({ from: number | "body" } | { text: string | null })[];
  /** The pieces of the canonical query between the values, and the numbers of these. */
  canonical: { pieces: string[]; order: number[] };
}

interface Entry {
  recipes: Map<string, Recipe>;
  size: number;
  /** The clock when it was used last. It counts uses. */
  usedAt: number;
}

export function createShapes(): Shapes {
  let graphOf: SchemaGraph | undefined;
  const entries = new Map<string, Entry>();
  let total = 0;
  let clock = 0;

  /** When all places are taken, the half that was not used for longer leaves. */
  function makeRoom(): void {
    if (total <= totalMax) return;
    for (const [key, { size }] of [...entries].sort(([, a], [, b]) => a.usedAt - b.usedAt)) {
      if (total <= totalMax / 2) return;
      entries.delete(key);
      total -= size;
    }
  }

  return {
    headOf(graph, { key }) {
      if (graph !== graphOf) {
        // Names may mean other things now.
        entries.clear();
        total = 0;
        graphOf = graph;
      }
      return entries.get(key)?.recipes.values().next().value?.prepared.request;
    },
    find({ key, values }, payload) {
      const entry = entries.get(key);
      const recipe = entry?.recipes.get(kindOf(payload));
      if (!entry || !recipe) return undefined;
      entry.usedAt = ++clock;
      return fill(recipe, values, payload);
    },
    learn(graph, shape, payload, prepare) {
      // The schema may have changed while the request ran. A form's pairs become arguments one by one.
      if (graph !== graphOf || payload?.kind === "arguments") return;
      const recipe = recipeOf(shape, payload, prepare);
      if (!recipe) return;
      const kind = kindOf(payload);
      const entry = entries.get(shape.key) ?? { recipes: new Map(), size: shape.key.length, usedAt: ++clock };
      const size = overhead + kind.length + recipe.prepared.built.statement.text.length;
      if (size > totalMax / 10 || entry.recipes.has(kind)) return;
      entry.recipes.set(kind, recipe);
      entry.size += size;
      total += entries.has(shape.key) ? size : entry.size;
      entries.set(shape.key, entry);
      makeRoom();
    },
  };
}

/** The part of a body that a statement depends on. */
function kindOf(payload: Payload | undefined): string {
  return payload ? `${payload.kind} ${payload.isObject} ${JSON.stringify(payload.keys)}` : "";
}

function recipeOf(
  { path, search, values }: Shape,
  payload: Payload | undefined,
  prepare: (url: string, payload?: Payload) => Prepared,
): Recipe | undefined {
  let next = 0;
  const marked = search.replaceAll(hole, () => mark(next++));
  let prepared: Prepared;
  try {
    prepared = prepare(
      marked === "" ? path : `${path}?${marked}`,
      payload && { ...payload, text: mark("body") },
    );
  } catch {
    // The request itself was answered. So its shape only is not remembered.
    return undefined;
  }
  const { statement, explain } = prepared.built;
  // The plan of a count has values of its own.
  if (explain || marks.test(statement.text)) return undefined;
  const sources: Recipe["sources"] = [];
  for (const text of statement.values) {
    const [whole, name] = marks.exec(text ?? "") ?? [];
    // A part of a longer value, such as an array.
    if (whole !== undefined && whole !== text) return undefined;
    sources.push(name === undefined ? { text } : { from: name === "body" ? name : Number(name) });
  }
  const parts = prepared.request.query.canonical.split(marks);
  const canonical = {
    pieces: parts.filter((_, index) => index % 2 === 0),
    order: parts.filter((_, index) => index % 2 === 1).map(Number),
  };
  return canonical.order.length === values.length ? { prepared, sources, canonical } : undefined;
}

function fill({ prepared, sources, canonical }: Recipe, values: string[], payload?: Payload): Prepared {
  const { request, built } = prepared;
  const { pieces, order } = canonical;
  let text = pieces[0] as string;
  for (let n = 0; n < order.length; n++) {
    text += `${encodeURIComponent(values[order[n] as number] as string)}${pieces[n + 1]}`;
  }
  const list = sources.map((source) => {
    if ("text" in source) return source.text;
    return source.from === "body" ? (payload?.text ?? null) : (values[source.from] as string);
  });
  return {
    ...prepared,
    request: { ...request, query: { ...request.query, canonical: text } },
    built: { statement: { text: built.statement.text, values: list } },
  };
}
