/** What counts as one tag, one link, one voice and one language in trends. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database } from "./database.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const alice = "00000000-0000-0000-0000-00000000000a";
const bob = "00000000-0000-0000-0000-00000000000b";
const terms = async (content: string): Promise<string[]> => {
  const rows = await db.admin`
    select kind || ':' || term as term from unnest(private.trend_terms(private.text_entities('', ${content})))`;
  return rows.map(({ term }) => term).sort();
};
const voice = async (content: string, author = alice, title = ""): Promise<string> =>
  (await db.admin`select private.trend_voice(${title}, ${content}, ${author}) as voice`)[0]?.voice;

test.each([
  ["HTTPS://Example.COM/Path?Q=1#part", "https://example.com/Path?Q=1"],
  ["http://example.com", "http://example.com"],
  ["https://Example.com#top", "https://example.com"],
  ["https://Example.com?Q", "https://example.com?Q"],
  ["https://BÜCHER.example/Ä", "https://bücher.example/Ä"],
  ["https://example.com:8080/a//b", "https://example.com:8080/a//b"],
])("the link %s is counted as %s", async (url, counted) => {
  expect((await db.admin`select private.trend_link(${url}) as link`)[0]?.link).toBe(counted);
});

test("a post with tags uses each once and the empty tag, and a post with links the empty link", async () => {
  expect(await terms("#Tea and #tea and #coffee")).toEqual(["tag:", "tag:coffee", "tag:tea"]);
  expect(await terms("see https://a.example/x#1 and https://A.example/x#2")).toEqual([
    "link:",
    "link:https://a.example/x",
  ]);
  expect(await terms("hello @alice")).toEqual([]);
});

test("a link of more than 500 characters is not counted", async () => {
  const link = (length: number) => "https://example.com/".padEnd(length, "a");
  expect(await terms(link(500))).toEqual(["link:", `link:${link(500)}`]);
  expect(await terms(link(501))).toEqual([]);
});

test("people who post the same words are one voice, also with other tags, links and signs", async () => {
  const text = "Everybody should look at this right now";
  const one = await voice(`${text} #tea https://a.example/1`);
  expect(one).not.toBe(alice);
  for (const other of [
    `${text} #coffee`,
    `  ${text.toUpperCase()}!!! @carol 1234`,
    `${text}\n\nhttps://b.example/2`,
    text.replaceAll(" ", "  ").replaceAll("E", "Ｅ"),
  ]) {
    expect(await voice(other, bob), other).toBe(one);
  }
  expect(await voice("look at this right now #tea", bob, "Everybody should")).toBe(one);
  expect(await voice(`${text} please`, bob)).not.toBe(one);
});

test("a text of fewer than 24 letters is the voice of its author", async () => {
  const letters = "abcdefghijklmnopqrstuvwx";
  expect(await voice(`${letters.slice(1)} #tea`)).toBe(alice);
  expect(await voice(`${letters.slice(1)} #tea`, bob)).toBe(bob);
  expect(await voice(letters)).toBe(await voice(letters, bob));
});

test("a score does not change with time: ten times as many fans count as much as 12.5 hours", async () => {
  const [row] = await db.admin`
    with post as (select private.first_id('2026-11-29T12:00Z') as id, private.first_id('2026-11-30T00:30Z') as later_id)
    select
      private.heat_score(10, id) - private.heat_score(1, later_id) as difference,
      private.heat_score(0, id) - private.heat_score(1, id) as least,
      private.id_time(id) = '2026-11-29T12:00Z' as is_time
    from post`;
  expect(row?.difference).toBeCloseTo(0, 9);
  expect(row?.least).toBe(0);
  expect(row?.is_time).toBe(true);
});
