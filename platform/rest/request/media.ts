/** Reads Accept headers and chooses among the representations that rest can give. */
import { errors } from "../errors.ts";

export interface Media {
  kind: "json" | "object" | "csv" | "openapi";
  /** Whether keys whose value is null are left out. */
  stripNulls: boolean;
  contentType: string;
}

const json: Media = { kind: "json", stripNulls: false, contentType: "application/json; charset=utf-8" };
const stripped: Media = {
  kind: "json",
  stripNulls: true,
  contentType: "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8",
};
const object: Media = {
  kind: "object",
  stripNulls: false,
  contentType: "application/vnd.pgrst.object+json; charset=utf-8",
};
const objectStripped: Media = {
  kind: "object",
  stripNulls: true,
  contentType: "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8",
};
const csv: Media = { kind: "csv", stripNulls: false, contentType: "text/csv; charset=utf-8" };
const openapi: Media = {
  kind: "openapi",
  stripNulls: false,
  contentType: "application/openapi+json; charset=utf-8",
};

/**
 * Chooses the representation that the client prefers among those that exist.
 * @param root whether the client asks for the API's description, not for data
 * @throws RestError PGRST107
 */
export function negotiate(accept: string | null, root: boolean): Media {
  if (accept === null || accept === "*/*" || accept.trim() === "") return root ? openapi : json;
  const wanted = accept
    .split(",")
    .map((part) => {
      const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
      const quality = Number(parameters.find((piece) => piece.startsWith("q="))?.slice(2) ?? 1);
      return { type, parameters, quality: Number.isNaN(quality) ? 0 : quality };
    })
    .sort((a, b) => b.quality - a.quality);
  for (const { type, parameters } of wanted) {
    const media = offered(type, parameters.includes("nulls=stripped"), root);
    if (media) return media;
  }
  throw errors.mediaType(wanted.map(({ type, parameters }) => [type, ...parameters].join(";")));
}

function offered(type: string, stripNulls: boolean, root: boolean): Media | undefined {
  if (root)
    return ["*/*", "application/json", "application/openapi+json"].includes(type) ? openapi : undefined;
  switch (type) {
    case "*/*":
    case "application/*":
    case "application/json":
      return json;
    case "application/vnd.pgrst.array+json":
    case "application/vnd.pgrst.array":
      return stripNulls ? stripped : json;
    case "application/vnd.pgrst.object+json":
    case "application/vnd.pgrst.object":
      return stripNulls ? objectStripped : object;
    case "text/csv":
      return csv;
  }
  return undefined;
}
