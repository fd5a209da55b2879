/**
 * Decides where a user may land after a link in a mail. Allowed are the host of
 * site_url, loopback addresses and additional_redirect_urls. In these globs `*`
 * matches no "." and no "/". They are compared with the URL without its fragment. Any other URL is replaced by site_url, and so is a web address with
 * a name or password in it: "http://localhost:*" would match "http://localhost:x@evil".
 * Source: supabase/auth internal/utilities/request.go, gobwas/glob.
 */
export interface Redirects {
  /** Returns the first candidate that is allowed, normalised, or site_url if none is. */
  choose(...candidates: (string | null | undefined)[]): string;
}

const urlMaxLength = 4096;

export function createRedirects(siteUrl: string, globs: string[]): Redirects {
  const siteHost = URL.canParse(siteUrl) ? new URL(siteUrl).hostname : "";
  const patterns = globs.map(globToRegExp);

  const allowed = (candidate: string): string | undefined => {
    if (candidate.length > urlMaxLength || !URL.canParse(candidate)) return undefined;
    // We read a URL as a browser does: the host of "https://evil\.example.com" is "evil".
    const url = new URL(candidate);
    const href = normal(candidate, url);
    const web = url.protocol === "http:" || url.protocol === "https:";
    if (web && (isNumber(candidate) || url.username !== "" || url.password !== "")) return undefined;
    if (web && url.hostname === siteHost) return href;
    if (isAddress(url.hostname)) {
      if (!isLoopback(url.hostname)) return undefined;
      // An app in development may have a scheme of its own, such as exp://127.0.0.1:8081. Only this list lets it
      // in. GoTrue lets in every scheme here, also javascript:.
      if (web) return href;
    }
    const withoutFragment = href.split("#", 1)[0] as string;
    return patterns.some((pattern) => pattern.test(withoutFragment)) ? href : undefined;
  };

  return {
    choose(...candidates) {
      for (const candidate of candidates) {
        const url = candidate ? allowed(candidate) : undefined;
        if (url !== undefined) return url;
      }
      return siteUrl;
    },
  };
}

/** The URL in WHATWG's form, but without the "/" that WHATWG adds to a bare origin. */
function normal(text: string, url: URL): string {
  const origin = `${url.protocol}//${url.host}`;
  const bare = url.pathname === "/" && !text.startsWith(`${origin}/`);
  return bare ? url.href.replace(`${origin}/`, origin) : url.href;
}

/** Whether the host is an address written as a number, as in "http://2130706433". */
function isNumber(candidate: string): boolean {
  return /^[a-z]+:\/\/(?:[^/?#@\\]*@)?(?:0x[0-9a-f]+|\d+)(?:[:/?#]|$)/i.test(candidate);
}

function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.startsWith("[");
}

function isLoopback(host: string): boolean {
  return /^127\./.test(host) || host === "[::1]";
}

function globToRegExp(glob: string): RegExp {
  let source = "";
  let depth = 0;
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at] as string;
    if (char === "*" && glob[at + 1] === "*") {
      source += ".*";
      at++;
    } else if (char === "*") source += "[^./]*";
    else if (char === "?") source += "[^./]";
    else if (char === "\\" && at + 1 < glob.length) source += escapeChar(glob[++at] as string);
    else if (char === "[" && glob.indexOf("]", at + 2) > 0) {
      const end = glob.indexOf("]", at + 2);
      const set = glob.slice(at + 1, end).replace(/[\\\]^]/g, "\\$&");
      source += set.startsWith("!") ? `[^${set.slice(1)}]` : `[${set}]`;
      at = end;
    } else if (char === "{") {
      source += "(?:";
      depth++;
    } else if (char === "}" && depth > 0) {
      source += ")";
      depth--;
    } else if (char === "," && depth > 0) source += "|";
    else source += escapeChar(char);
  }
  return new RegExp(`^${source}${")".repeat(depth)}$`, "s");
}

function escapeChar(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
