/**
 * Asks for what the client's own script needs first, while that is still on its way: the first posts of home, and the
 * words of the person's language. It is in the page itself, a few hundred bytes, and imports nothing. `app/first.ts`
 * takes the posts, and `app/messages.ts` the language.
 */

declare global {
  interface Window {
    /** The language that the person chose, or else the first one of the browser that the client has. */
    plazaLanguage(): string;
    /** What boot.ts asked. Taken once. */
    plazaFirst?: {
      /** The function of the API. */
      rpc: "home_feed" | "public_feed";
      /** Its rows. Undefined if the API refused. It never fails. */
      answer: Promise<unknown[] | undefined>;
      /** The same, once they are here. */
      rows?: unknown[];
    };
  }
}

/** A token that ends so soon may be refused. supabase-js renews it then. */
const leastMs = 60_000;
/** No request waits longer. */
const timeoutMs = 20_000;

const value = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content;
if (location.pathname === "/") ask();

/** The files with the words of the languages that are not English. */
const words = new Map(
  value("plaza-words")
    ?.split(" ")
    .map((each) => each.split("=") as [string, string]),
);

window.plazaLanguage = () =>
  // The key is that of app/messages.ts.
  localStorage.getItem("plaza.language") ??
  navigator.languages.map((tag) => tag.split("-")[0] ?? "").find((tag) => tag === "en" || words.has(tag)) ??
  "en";

const file = words.get(window.plazaLanguage());
if (file)
  document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href: file }));

function ask(): void {
  const key = value("plaza-key") ?? "";
  let token: string | undefined;
  try {
    // The key is `sessionKey` of app/config.ts.
    const session = JSON.parse(localStorage.getItem("plaza.session") ?? "null");
    if (session && !(session.expires_at * 1_000 > Date.now() + leastMs)) return;
    token = session?.access_token;
  } catch {
    return;
  }
  const rpc = token ? "home_feed" : "public_feed";
  const answer = read(`${value("plaza-url")}/rest/v1/rpc/${rpc}`, {
    method: "POST",
    headers: { apikey: key, authorization: `Bearer ${token ?? key}`, "content-type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(timeoutMs),
  });
  const first: Window["plazaFirst"] = { rpc, answer };
  window.plazaFirst = first;
  void answer.then((rows) => {
    first.rows = rows;
  });
}

async function read(url: string, request: RequestInit): Promise<unknown[] | undefined> {
  try {
    const answer = await fetch(url, request);
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

export {};
