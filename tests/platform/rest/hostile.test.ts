/** Mallory writes hostile text in all places of a request. It stays a value or a name. */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ poolSize: 2 });
});
afterAll(() => town?.[Symbol.asyncDispose]());

const attacks = [
  "'; delete from canary; --",
  "\\'; delete from canary; --",
  '"; delete from canary; --',
  "$1); delete from canary; --",
  "$$; delete from canary; $$",
  "') or 1=1 --",
  "/* x */ union select * from canary",
  "E'\\\\' || (select note from canary)",
  "U&'\\0027'",
  '{"a","b\'}',
  "(,)",
  "1::text)::text",
  "a.b->>'c'",
  "\u0000",
  "\ud800",
  "%00%27",
  "\n;\r\n--",
  "pgrst_source",
  "canary",
  "😀'\"\\",
];

const hostile = fc.oneof(
  fc.constantFrom(...attacks),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        "'",
        '"',
        "\\",
        ";",
        "--",
        "$1",
        "(",
        ")",
        ",",
        ".",
        "*",
        "!",
        "->",
        "::",
        ":",
        "a",
        "id",
      ),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join("")),
);
const quoted = hostile.map((text) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`);
const piece = fc.oneof(hostile, quoted);

const u = encodeURIComponent;
/** encodeURIComponent, but it also accepts lone surrogates. */
const url = (text: string) => u(text.toWellFormed());

/** All places of a request that can hold a client's text. */
const requests = fc.oneof(
  ...[
    (x: string) => ({ method: "GET", path: `/posts?title=eq.${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?title=like(any).${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?title=in.(${url(x)})` }),
    (x: string) => ({ method: "GET", path: `/posts?id=${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?id=is.${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?tags=cs.${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?${url(x)}=eq.1` }),
    (x: string) => ({ method: "GET", path: `/posts?or=(title.eq.${url(x)},${url(x)}.eq.1)` }),
    (x: string) => ({ method: "GET", path: `/posts?${url(x)}.or=(id.eq.1)` }),
    (x: string) => ({ method: "GET", path: `/posts?body=fts(${url(x)}).dog` }),
    (x: string) => ({ method: "GET", path: `/posts?body=wfts.${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?select=${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?select=${url(x)}:title` }),
    (x: string) => ({ method: "GET", path: `/posts?select=title::${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/people?select=settings->${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/people?select=id&settings->>${url(x)}=eq.1` }),
    (x: string) => ({ method: "GET", path: `/people?select=${url(x)}:posts!author_id(${url(x)}:title)` }),
    (x: string) => ({ method: "GET", path: `/people?select=id,posts!${url(x)}(id)` }),
    (x: string) => ({ method: "GET", path: `/people?select=id,...posts!author_id(${url(x)}:id)` }),
    (x: string) => ({ method: "GET", path: `/posts?order=${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/people?select=id&order=settings->>${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/posts?limit=${url(x)}&offset=${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/rpc/${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/rpc/vague?a=${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/rpc/greet?names=${url(x)}&names=${url(x)}` }),
    (x: string) => ({ method: "GET", path: `/rpc/search_posts?term=${url(x)}&select=id` }),
    (x: string) => ({ method: "GET", path: `/rpc/add?${url(x)}=1` }),
    (x: string) => ({ method: "POST", path: "/rpc/greet", body: JSON.stringify({ names: [x] }) }),
    (x: string) => ({ method: "POST", path: "/rpc/whole_json", body: x }),
    (x: string) => ({ method: "POST", path: "/rpc/whole_text", body: x, type: "text/plain" }),
    (x: string) => ({ method: "POST", path: "/keyless", body: JSON.stringify({ note: x }) }),
    (x: string) => ({ method: "POST", path: "/keyless", body: JSON.stringify({ [x]: 1 }) }),
    (x: string) => ({ method: "POST", path: "/keyless", body: `note\n${x}`, type: "text/csv" }),
    (x: string) => ({ method: "POST", path: `/keyless?columns=${url(x)}`, body: "{}" }),
    (x: string) => ({ method: "POST", path: "/keyless", body: x }),
    (x: string) => ({ method: "POST", path: "/keyless?columns=note", body: x }),
    (x: string) => ({
      method: "POST",
      path: `/people?on_conflict=${url(x)}`,
      body: "{}",
      prefer: "resolution=merge-duplicates",
    }),
    (x: string) => ({
      method: "PATCH",
      path: `/keyless?note=eq.${url(x)}`,
      body: JSON.stringify({ note: x }),
    }),
    (x: string) => ({ method: "DELETE", path: `/keyless?note=eq.${url(x)}&amount=gt.100000` }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", prefer: x }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", prefer: `timezone=${x}` }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", header: x }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", cookie: x }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", accept: x }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", profile: x }),
    (x: string) => ({ method: "GET", path: "/posts?limit=1", range: x }),
  ].map((make) => piece.map((text) => make(text) as HostileRequest)),
);

interface HostileRequest {
  method: string;
  path: string;
  body?: string;
  type?: string;
  prefer?: string;
  header?: string;
  cookie?: string;
  accept?: string;
  profile?: string;
  range?: string;
}

/** Keeps only the characters that HTTP allows in a header. */
const headerText = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, "?");

test("no text of a client becomes SQL, in any place of a request", async () => {
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, body, type, ...headers }) => {
      const named: Record<string, string | undefined> = {
        prefer: headers.prefer,
        "x-custom": headers.header,
        cookie: headers.cookie,
        accept: headers.accept,
        "accept-profile": headers.profile,
        range: headers.range,
      };
      const sent = Object.entries(named).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, headerText(value)] as const],
      );
      const answer = await town.request(method, path, {
        headers: {
          ...town.as.mallory,
          "content-type": type ?? "application/json",
          ...Object.fromEntries(sent),
        },
        body: body?.toWellFormed(),
      });
      const { code } = (answer.json ?? {}) as { code?: string };
      expect(`${answer.status} ${code}: ${answer.text}`).not.toMatch(
        /^5\d\d|42601|PGRSTX00|2BP01|26000|42P02/,
      );
    }),
    { numRuns: Number(process.env.HOSTILE_RUNS ?? 1500), endOnFailure: true },
  );
  expect(await town.sql`select id, note from canary`).toEqual([{ id: 1, note: "alive" }]);
});

test("values arrive as they were sent", async () => {
  await fc.assert(
    fc.asyncProperty(
      hostile.map((text) => text.toWellFormed().replaceAll("\0", "")),
      async (text) => {
        const answer = await town.request("POST", "/keyless?select=note", {
          headers: { ...town.as.mallory, prefer: "return=representation" },
          body: [{ note: text }],
        });
        expect(answer.json).toEqual([{ note: text }]);
        const found = await town.request("GET", `/rpc/vague_echo?value=${u(`=${text}`)}`);
        expect(found.json).toEqual(`=${text}`);
      },
    ),
    { numRuns: 150 },
  );
});
