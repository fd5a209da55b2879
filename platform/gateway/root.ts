/**
 * The page at the API's root: what is there, for a person who opens the project's URL, and the
 * same as JSON for programs. It names no secret, because nobody needs a key to read it.
 */
import type { Context } from "hono";

/** A place that the page names. */
export interface Place {
  name: string;
  /** A full URL, or a path of the API. */
  url: string;
  /** What a browser opens. null: nothing can be read there. Left out: the URL itself. */
  link?: string | null;
  about: string;
}

/** The API's own places. A link has the publishable key where the path needs one: a browser sends no header. */
export function apiPlaces(publishableKey: string): Place[] {
  const opened = (url: string) => ({ url, link: `${url}?apikey=${encodeURIComponent(publishableKey)}` });
  return [
    {
      name: "REST",
      ...opened("/rest/v1/"),
      about: "tables and functions; the path itself answers an OpenAPI document",
    },
    {
      name: "Auth",
      ...opened("/auth/v1/settings"),
      about: "sign-up, sign-in and users; this path answers the settings",
    },
    {
      name: "Keys",
      url: "/auth/v1/.well-known/jwks.json",
      about: "the public keys that verify users' tokens",
    },
    { name: "Edge Functions", url: "/functions/v1/", link: null, about: "a function is under its name" },
    { name: "Realtime", url: "/realtime/v1/websocket", link: null, about: "channels, over a websocket" },
  ];
}

const words =
  "This is the API of a Plaza project. Most paths need an API key in the header apikey. " +
  "npm run status prints the keys.";

/** Answers HTML to a browser and JSON to everybody else. */
export function root(context: Context, places: Place[]): Response {
  context.header("Vary", "Accept");
  if (!context.req.header("accept")?.includes("text/html")) {
    return context.json({
      message: words,
      places: places.map(({ name, url, about }) => ({ name, url, about })),
    });
  }
  context.header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  const rows = places.map(
    ({ name, url, link = url, about }) =>
      `<tr><th scope="row">${escaped(name)}<td>${linked(url, link)}<td>${escaped(about)}`,
  );
  return context.html(
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plaza API</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
  th, td { text-align: left; vertical-align: top; padding: 0.3rem 1rem 0.3rem 0; overflow-wrap: anywhere }
</style>
<h1>Plaza API</h1>
<p>${escaped(words)}</p>
<table>
${rows.join("\n")}
</table>
</html>
`,
  );
}

function linked(url: string, link: string | null): string {
  return link === null ? escaped(url) : `<a href="${escaped(link)}">${escaped(url)}</a>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
