/**
 * Reads Accept headers and chooses among the representations that rest can give: its own, and those
 * for which the application has a media type handler.
 */
import { errors } from "../errors.ts";
import type { MediaHandler } from "../schema/types.ts";

export interface Media {
  /** "own" is the application's own: its handler makes the body. */
  kind: "json" | "object" | "csv" | "openapi" | "own";
  /** Whether keys whose value is null are left out. */
  stripNulls: boolean;
  contentType: string;
  handler?: MediaHandler | undefined;
  /** The client asks for the plan of Postgres in place of the body: `explain` with this. */
  explain?: string | undefined;
}

/** A media type of the Accept header. */
export interface Accepted {
  type: string;
  parameters: string[];
}

/** The representations that rest can give besides its own. */
export interface Offers {
  /** The application's handler for a media type. */
  handler(type: string): MediaHandler | undefined;
  plans: boolean;
}

const utf8 = "; charset=utf-8";
const jsonType = "application/json";

export const json: Media = { kind: "json", stripNulls: false, contentType: jsonType + utf8 };
const csv: Media = { kind: "csv", stripNulls: false, contentType: `text/csv${utf8}` };
const openapi: Media = {
  kind: "openapi",
  stripNulls: false,
  contentType: `application/openapi+json${utf8}`,
};

/** Media types that PostgREST sends with a charset. Others go out as the application named them. */
const withCharset = new Set([jsonType, "text/csv", "text/plain", "text/xml", "application/geo+json"]);

/** @returns what the client accepts, the most wanted first */
export function parseAccept(header: string | null): Accepted[] {
  if (header === null || header.trim() === "") return [{ type: "*/*", parameters: [] }];
  return splitOutsideQuotes(header, ",")
    .map((part) => {
      const [type = "", ...parameters] = splitOutsideQuotes(part, ";").map((piece) =>
        piece.trim().toLowerCase(),
      );
      const quality = Number(parameters.find((piece) => piece.startsWith("q="))?.slice(2) ?? 1);
      return {
        type,
        parameters: parameters.filter((piece) => piece !== ""),
        quality: Number.isNaN(quality) ? 0 : quality,
      };
    })
    .sort((a, b) => b.quality - a.quality)
    .map(({ type, parameters }) => ({ type, parameters }));
}

function splitOutsideQuotes(text: string, separator: "," | ";"): string[] {
  const parts = [""];
  let inQuotes = false;
  for (const character of text) {
    if (character === '"') inQuotes = !inQuotes;
    if (character === separator && !inQuotes) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

/** @throws RestError PGRST107 */
export function negotiate(accepted: Accepted[], offers: Offers): Media {
  for (const each of accepted) {
    const media = offered(each, offers);
    if (media) return media;
  }
  throw notAvailable(accepted);
}

/** For the API's description. @throws RestError PGRST107 */
export function negotiateRoot(accepted: Accepted[]): Media {
  const known = ["*/*", jsonType, "application/openapi+json"];
  if (accepted.some(({ type }) => known.includes(type))) return openapi;
  throw notAvailable(accepted);
}

function notAvailable(accepted: Accepted[]): Error {
  return errors.mediaType(accepted.map(({ type, parameters }) => [type, ...parameters].join(";")));
}

/** A handler cannot replace the types of PostgREST's own, whose names begin with application/vnd.pgrst. */
function offered({ type, parameters }: Accepted, offers: Offers): Media | undefined {
  const stripNulls = parameters.includes("nulls=stripped");
  switch (type) {
    case "application/vnd.pgrst.array+json":
    case "application/vnd.pgrst.array":
      if (stripNulls) return vendored("json", "application/vnd.pgrst.array+json", true);
      return offered({ type: jsonType, parameters }, offers);
    case "application/vnd.pgrst.object+json":
    case "application/vnd.pgrst.object":
      return vendored("object", "application/vnd.pgrst.object+json", stripNulls);
    case "application/vnd.pgrst.plan":
    case "application/vnd.pgrst.plan+text":
    case "application/vnd.pgrst.plan+json":
      return plan(type, parameters, offers);
  }
  const handler = offers.handler(type);
  if (handler) {
    const name = handler.media === "*/*" ? "application/octet-stream" : handler.media;
    return {
      kind: "own",
      stripNulls: false,
      contentType: name + (withCharset.has(name) ? utf8 : ""),
      handler,
    };
  }
  if (type === "*/*" || type === "application/*" || type === jsonType) return json;
  return type === "text/csv" ? csv : undefined;
}

function vendored(kind: "json" | "object", name: string, stripNulls: boolean): Media {
  return { kind, stripNulls, contentType: `${name}${stripNulls ? ";nulls=stripped" : ""}${utf8}` };
}

const planOptions = ["analyze", "verbose", "settings", "buffers", "wal"];

/** `application/vnd.pgrst.plan+json; for="application/json"; options=analyze|verbose` */
function plan(type: string, parameters: string[], offers: Offers): Media | undefined {
  if (!offers.plans) return undefined;
  const value = (name: string) =>
    parameters
      .find((piece) => piece.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', "");
  const [wanted = "", ...own] = splitOutsideQuotes(value("for") ?? "", ";").map((piece) => piece.trim());
  const of = offered({ type: wanted === "" ? jsonType : wanted, parameters: own }, offers);
  if (!of || of.explain) return undefined;
  const format = type.endsWith("+json") ? "json" : "text";
  const options = (value("options") ?? "").split("|").filter((option) => planOptions.includes(option));
  const shown = options.length > 0 ? `; options=${options.join("|")}` : "";
  const name = of.contentType.replace(utf8, "");
  return {
    ...of,
    contentType: `application/vnd.pgrst.plan+${format}; for="${name}"${shown}${utf8}`,
    explain: [`format ${format}`, ...options].join(", "),
  };
}
