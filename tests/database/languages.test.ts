/** Language tags: which ones a post may have, and how they are kept. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let alice: Person;
beforeAll(async () => {
  db = await createDatabase();
  alice = await db.signUp("alice");
});
afterAll(() => db?.[Symbol.asyncDispose]());

const isLanguage = async (tags: string[]): Promise<boolean[]> => {
  const rows = await db.admin`
    select private.is_language(tag) as answer from unnest(${tags}::text[]) with ordinality as tags (tag, n) order by n
  `;
  return rows.map((row) => row.answer);
};

describe("a language", () => {
  const { constantFrom, string, tuple, array, option } = fc;
  const letters = (min: number, max = min) =>
    string({
      unit: constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
      minLength: min,
      maxLength: max,
    });
  const digits = (length: number) =>
    string({ unit: constantFrom(..."0123456789"), minLength: length, maxLength: length });
  const alphanum = (min: number, max = min) =>
    string({ unit: constantFrom(..."abcxyzABCXYZ0189"), minLength: min, maxLength: max });
  const some = (part: fc.Arbitrary<string>, min: number, max: number) =>
    array(part, { minLength: min, maxLength: max }).map((parts) => parts.map((one) => `-${one}`).join(""));
  const optional = (part: fc.Arbitrary<string>) =>
    option(part, { nil: undefined }).map((one) => (one ? `-${one}` : ""));
  const joined = (...parts: fc.Arbitrary<string>[]) => tuple(...parts).map((found) => found.join(""));
  const privateUse = joined(constantFrom("x", "X"), some(alphanum(1, 8), 1, 3));
  /** The grammar of RFC 5646 section 2.1. */
  const langtag = joined(
    fc.oneof(joined(letters(2, 3), some(letters(3), 0, 3)), letters(4, 8)),
    optional(letters(4)),
    optional(fc.oneof(letters(2), digits(3))),
    some(fc.oneof(alphanum(5, 8), joined(digits(1), alphanum(3))), 0, 2),
    some(joined(constantFrom(..."abcuUtT059"), some(alphanum(2, 8), 1, 2)), 0, 2),
    optional(privateUse),
  );
  test("is every well-formed tag of BCP 47, in any case", async () => {
    const tag = fc.oneof(langtag, privateUse).filter((one) => one.length <= 64);
    await fc.assert(
      fc.asyncProperty(array(tag, { minLength: 1, maxLength: 100 }), async (tags) => {
        const verdicts = await isLanguage(tags);
        expect(tags.filter((_, n) => !verdicts[n])).toEqual([]);
      }),
    );
  });

  test.each(
    [
      "en en-US EN-us zh-Hant-TW zh-cmn-Hans-CN sl-rozaj-biske de-CH-1901 es-419 en-US-u-hc-h12 de-u-co-phonebk",
      "sr-Latn-RS hy-Latn-IT-arevela x-anything de-x-private i-klingon sgn-BE-FR en-GB-oed zh-min-nan art-lojban root",
    ].flatMap((line) => line.split(" ")),
  )("%s are languages", async (tag) => {
    expect(await isLanguage([tag])).toEqual([true]);
  });

  test.each([
    ...[
      "",
      "e",
      "english-",
      "-en",
      "en--US",
      "e_n",
      "en_US",
      "toolonglang",
      "en-a",
      "en-x",
      "x",
      "x-",
      "en-u",
      "12",
    ],
    ...[
      "en-US-US",
      "de-419-DE",
      "a-DE",
      "ar-a-aaa-b",
      "i-nothing",
      "en-toolongpart",
      "en\n",
      " en",
      "en-é",
      "en-ſſ",
    ],
    `en${"-abcde".repeat(11)}`,
  ])("%j is not a language", async (tag) => {
    expect(await isLanguage([tag])).toEqual([false]);
  });

  test("has at most 64 characters", async () => {
    expect(await isLanguage([`en-x${"-abcde".repeat(10)}`, `en-x${"-abcde".repeat(10)}-`])).toEqual([
      true,
      false,
    ]);
    expect(await isLanguage([`en-x${"-abcd".repeat(12)}`, `en-x${"-abcd".repeat(12)}f`])).toEqual([
      true,
      false,
    ]);
  });

  test.each([
    ["EN-us", "en-US"],
    ["ZH-hANT-tw", "zh-Hant-TW"],
    ["en-us-U-HC-H12", "en-US-u-hc-h12"],
    ["AZ-latn-X-LATN", "az-Latn-x-latn"],
    ["en-CA-x-ca", "en-CA-x-ca"],
    ["SGN-be-fr", "sgn-BE-FR"],
    ["I-Klingon", "i-klingon"],
    ["X-Mine-US", "x-mine-us"],
    ["DE-ch-1901", "de-CH-1901"],
  ])("%s is kept as %s, in posts and in drafts", async (written, kept) => {
    for (const table of ["posts", "drafts"]) {
      const rows = await alice.asks(async (sql) => {
        const into = sql(table);
        const [row] =
          await sql`insert into ${into} (content, language) values ('x', ${written}) returning id, language`;
        const [none] = await sql`update ${into} set language = null where id = ${row?.id} returning language`;
        const [again] =
          await sql`update ${into} set language = ${written} where id = ${row?.id} returning language`;
        return [row?.language, none?.language, again?.language];
      });
      expect(rows).toEqual([kept, null, kept]);
    }
  });
});
