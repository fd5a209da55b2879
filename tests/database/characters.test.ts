/** The rules for all texts: what is blank, what is one line, what is a name, and where a text is cut. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseUrl, onAdmin, sources } from "../../sql/tools/server.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
beforeAll(async () => {
  db = await createDatabase();
  alice = await db.signUp("alice");
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The answers of a private function about each text. */
async function ask<T>(call: string, texts: string[], sql: postgres.Sql = db.admin): Promise<T[]> {
  const rows = await sql`
    select ${sql.unsafe(`private.${call}`)} as answer
    from unnest(${texts}::text[]) with ordinality as texts (string, n)
    order by n
  `;
  return rows.map((row) => row.answer);
}
/** Every character of Unicode, without U+0000, which Postgres cannot store. */
const points = Array.from({ length: 0x110000 }, (_, point) => point).filter(
  (point) => point > 0 && !(point >= 0xd800 && point <= 0xdfff),
);
/** The characters for which an SQL condition on c holds. */
const pointsWhere = async (condition: string): Promise<number[]> => {
  const [row] = await db.admin.unsafe(`
    select array_agg(point order by point) as points
    from generate_series(1, 1114111) as point
    cross join lateral (select case when point not between 55296 and 57343 then chr(point) end as c)
    where ${condition}
  `);
  return row?.points;
};
const pointsLike = (pattern: RegExp) => points.filter((point) => pattern.test(String.fromCodePoint(point)));

describe("a blank text", () => {
  test("has only characters that nobody can see", async () => {
    // The last few are format characters that are drawn: signs of numbers, years and verses.
    const blank =
      /(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800\u{16fe4}\u{1d159}]/u;
    expect(await pointsWhere("private.is_blank(c)")).toEqual(pointsLike(blank));
  });

  test("has no other characters, in any mixture", async () => {
    const unit = fc.constantFrom(
      ...[" ", "\n", "\t", "\u200b", "\u2060", "\u3164", "\u2800", "\ufe0f", "\u{e0041}", "\u0085", "\u202e"],
      ...["a", "字", "\u0301", ".", "🌱", "0"],
    );
    const text = fc.array(unit, { maxLength: 6 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 50, size: "max" }), async (texts) => {
        expect(await ask("is_blank(string)", texts)).toEqual(
          texts.map((text) => !/a|字|\u0301|\.|🌱|0/u.test(text)),
        );
      }),
    );
  });
});

describe("one line", () => {
  test("has no line separator and no control", async () => {
    expect(await pointsWhere("not private.is_one_line(c)")).toEqual(pointsLike(/[\p{Cc}\p{Zl}\p{Zp}]/u));
  });
});

describe("a name", () => {
  test("has no character that controls the direction of writing", async () => {
    const found = await pointsWhere("not private.is_name('a' || c) and private.is_line('a' || c)");
    expect(found).toEqual(pointsLike(/\p{Bidi_Control}/u));
  });

  test("is made from any text", async () => {
    const unit = fc.oneof(
      fc.constantFrom(
        "\u2028",
        "\u0085",
        "\n",
        "\u202e",
        "\u2066",
        "\u200f",
        "\u200b",
        " ",
        "👨‍👩‍👧‍👦",
        "e\u0301",
      ),
      fc.string({ unit: "grapheme", maxLength: 3 }).map((string) => string.replaceAll("\0", "")),
    );
    const text = fc.array(unit, { maxLength: 40 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 50, size: "max" }), async (texts) => {
        const names = await ask<string>("to_name(string, 50)", texts);
        expect(await ask("is_name(string) and char_length(string) <= 50", names)).toEqual(
          names.map(() => true),
        );
        // A name stays as it is.
        expect(await ask("to_name(string, 50)", names)).toEqual(names);
      }),
    );
  });
});

describe("a cut", () => {
  const family = "👨‍👩‍👧‍👦"; // 7 code points

  test.each([
    ["after the 7th of ten families", family.repeat(10), family.repeat(7)],
    ["before an accent that does not fit", `${"x".repeat(49)}e\u0301`, "x".repeat(49)],
    ["after one that does", `${"x".repeat(48)}e\u0301y`, `${"x".repeat(48)}e\u0301`],
    ["between flags", `x${"🇩🇪".repeat(25)}`, `x${"🇩🇪".repeat(24)}`],
    ["nowhere in a tower of accents", `e${"\u0301".repeat(60)}`, ""],
    ["nowhere when all fits", "x".repeat(50), "x".repeat(50)],
  ])("is %s", async (_, text, beginning) => {
    expect(await ask("cut(string, 50)", [text])).toEqual([beginning]);
  });

  /** Whole graphemes, one more at a time, as long as they fit. */
  function cut(text: string, max: number): string {
    let beginning = "";
    for (const { segment } of new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)) {
      if ([...(beginning + segment)].length > max) break;
      beginning += segment;
    }
    return beginning;
  }

  test("is where Intl.Segmenter would cut", async () => {
    const parts = [
      ..."ab é\n\r".split(""),
      "\r\n",
      "\u0301",
      "\u0308",
      "\u200d",
      "\u200c",
      "\ufe0f",
      ...[
        "👩",
        "👨",
        "👧",
        "🌾",
        "❤",
        "❤️",
        "🏳️",
        "🌈",
        "🏽",
        "👋🏽",
        "👩‍🌾",
        "👩🏽‍🚀",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "1️⃣",
        "©",
      ],
      ...["🇩", "🇪", "🇩🇪", "🇯🇵", "🏴\u{e0067}\u{e0062}\u{e007f}"],
      // Hangul: leading consonants, vowels, trailing ones, syllables with and without.
      ...[
        "\u1100",
        "\u1112",
        "\u1161",
        "\u116e",
        "\u11a8",
        "\u11ab",
        "가",
        "각",
        "한",
        "구",
        "\ua960",
        "\ud7b0",
        "\ud7cb",
      ],
      // Indic: consonants, viramas, signs, and Thai and Lao vowels.
      ...["क", "क्", "क्ष", "त्र", "कि", "\u093c", "\u093e", "ন্", "ক", "ક્", "త్", "త", "മ്", "മ", "த்", "த", "नी"],
      ...["ก", "กำ", "ที่", "ກຳ", "ស្", "ត", "က္", "က"],
      ...["か", "か\u3099", "字", "𠮷", "\u0627\u064e", "\u05d0\u05b7", "\u00ad", "\u2028"],
    ];
    const text = fc
      .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 14, size: "max" })
      .map((some) => some.join(""))
      // No language writes a vowel sign beside a virama or after an emoji; see 23-graphemes.sql.
      .filter(
        (some) =>
          !/\p{Mc}[\p{M}\u200c]*\u200d\p{Extended_Pictographic}/u.test(some) &&
          !/[\u094d\u09cd\u0acd\u0c4d\u0d4d\u1039\u17d2][\p{M}\u200d]*\p{Mc}|\p{Mc}[\p{M}\u200d]*[\u094d\u09cd\u0acd\u0c4d\u0d4d\u1039\u17d2]/u.test(
            some,
          ),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { minLength: 1, maxLength: 100, size: "max" }),
        fc.integer({ min: 0, max: 12 }),
        async (texts, max) => {
          expect(await ask(`cut(string, ${max})`, texts)).toEqual(texts.map((text) => cut(text, max)));
        },
      ),
    );
  });

  test("never falls between a character and a mark on it, of all there are", async () => {
    const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
    const joins = (pair: string) => [...segmenter.segment(pair)].length === 1;
    const assigned = pointsLike(/[^\p{Cn}\p{Co}]/u);
    const cuts = await pointsWhere("c <> chr(10) and private.cut('a' || c, 1) = ''");
    expect(cuts.filter((point) => /[^\p{Cn}]/u.test(String.fromCodePoint(point)))).toEqual(
      assigned.filter((point) => joins(`a${String.fromCodePoint(point)}`)),
    );
  });

  test("takes little time for any text", async () => {
    await db.admin.begin(async (sql) => {
      await sql`set local statement_timeout = '2s'`;
      for (const part of ["👩\u200d", "\u0301", "क्", "\u1100", "🇩", "a"]) {
        await sql`select private.cut(${part.repeat(100_000)}, 5000), private.to_name(${part.repeat(100_000)}, 50)`;
      }
    });
  });
});

describe("the rule of every field", () => {
  const blank = [
    "\u200b",
    "\u2060",
    "\u3164",
    "\ufeff",
    "\u00ad",
    "\u200e",
    "   ",
    "\u2800",
    "\ufe0f",
    "\u{e0041}",
    "\u115f",
  ];
  const lines = [
    "a\u2028b",
    "a\u2029b",
    "a\u0085b",
    "a\nb",
    "a\rb",
    "a\u000bb",
    "a\u000cb",
    "a\tb",
    "a\u009bb",
  ];
  const turned = ["a\u202eb", "a\u2066b", "a\u2069b", "a\u200eb", "a\u200fb", "a\u061cb"];
  const seen = ["a", " a ", "字", "🌱", "👨‍👩‍👧‍👦", "גן", "सं", "\u0301", "a\u200db"];

  const save = {
    display_name: (value: string) =>
      alice.asks((sql) => sql`update profiles set display_name = ${value} where id = ${alice.id}`),
    bio: (value: string) =>
      alice.asks((sql) => sql`update profiles set bio = ${value} where id = ${alice.id}`),
    list: (value: string) =>
      alice.asks(async (sql) => {
        await sql`delete from lists`;
        await sql`insert into lists (name) values (${value})`;
      }),
    renamed_list: (value: string) => alice.asks((sql) => sql`update lists set name = ${value}`),
    title: (value: string) =>
      alice.asks((sql) => sql`insert into posts (title, content) values (${value}, 'x')`),
    edited_title: (value: string) => alice.asks((sql) => sql`update posts set title = ${value}`),
    warning: (value: string) =>
      alice.asks((sql) => sql`insert into posts (content_warning, content) values (${value}, 'x')`),
    content: (value: string) => alice.asks((sql) => sql`insert into posts (content) values (${value})`),
    edited_content: (value: string) => alice.asks((sql) => sql`update posts set content = ${value}`),
    draft_title: (value: string) => alice.asks((sql) => sql`insert into drafts (title) values (${value})`),
    draft_language: (value: string) => alice.asks((sql) => sql`update drafts set language = ${value}`),
    draft_warning: (value: string) => alice.asks((sql) => sql`update drafts set content_warning = ${value}`),
  };
  beforeAll(async () => {
    await save.content("something to edit");
    await save.draft_title("something to edit");
    await save.list("something to rename");
  });

  test.each<[keyof typeof save, string, string[], string[]]>([
    ["display_name", "display_name_format", [...blank, ...lines, ...turned], [...seen, ""]],
    ["bio", "bio_length", blank, [...seen, "", ...lines, ...turned]],
    ["list", "list_name_format", [...blank, ...lines, ...turned, ""], seen],
    ["renamed_list", "list_name_format", [...blank, ...lines, ...turned, ""], seen],
    ["title", "title_format", [...blank, ...lines], [...seen, "", ...turned]],
    ["edited_title", "title_format", [...blank, ...lines], [...seen, "", ...turned]],
    ["warning", "content_warning_format", [...blank, ...lines], [...seen, "", ...turned]],
    ["content", "content_length", [...blank, "", "\n\u200b \u3164"], [...seen, ...lines, ...turned]],
    ["edited_content", "content_length", [...blank, ""], [...seen, ...lines, ...turned]],
    ["draft_title", "title_format", [...blank, ...lines], [...seen, "", ...turned]],
    ["draft_language", "language_format", ["", "e", "en_US", "x".repeat(36)], ["en", "i-klingon"]],
    ["draft_warning", "content_warning_format", [...blank, ...lines], [...seen, "", ...turned]],
  ])("%s: %s", async (field, detail, bad, good) => {
    for (const value of bad) {
      expect(await refusal(save[field](value)), JSON.stringify(value)).toMatchObject({
        code: "PT400",
        detail,
      });
    }
    for (const value of good) await save[field](value);
  });
});

test("every answer is the same in databases of every locale", async () => {
  const texts = [
    " ",
    "\u0085",
    "a\u00a0b",
    "\u3164",
    "İi",
    "EN-IN",
    "e\u0301".repeat(40),
    "👨‍👩‍👧‍👦".repeat(10),
    "한".repeat(60),
  ];
  const calls = ["is_blank(string)", "is_one_line(string)", "is_language(string)", "to_name(string, 50)"];
  const answers = (sql?: postgres.Sql) => Promise.all(calls.map((call) => ask(call, texts, sql)));
  const expected = await answers();
  const files = [
    "00-foundations/23-graphemes.sql",
    "00-foundations/25-characters.sql",
    "20-posts/12-languages.sql",
  ];
  const found = (await sources()).filter(({ name }) => files.includes(name));
  expect(found).toHaveLength(files.length);
  for (const locale of [
    "locale_provider icu icu_locale 'tr-TR' locale 'C'",
    "locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'",
    "locale_provider libc locale 'C'",
  ]) {
    const name = `test_${randomBytes(6).toString("hex")}`;
    await onAdmin(
      db.port,
      `create database ${name} template template0 encoding 'UTF8' ${locale} owner postgres`,
    );
    const sql = postgres(databaseUrl(db.port, name), { max: 1, onnotice() {} });
    try {
      await sql.unsafe(`create schema private; ${found.map(({ text }) => text).join("\n")}`).simple();
      expect(await answers(sql)).toEqual(expected);
    } finally {
      await sql.end();
      await onAdmin(db.port, `drop database ${name} with (force)`);
    }
  }
});
