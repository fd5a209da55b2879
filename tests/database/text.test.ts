/** Tags, mentions and links in a text: examples in many scripts, and a comparison with twitter-text. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import postgres from "postgres";
import twitter from "twitter-text";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseUrl, onAdmin, sources } from "../../sql/tools/server.ts";
import { createDatabase, type Database, refusal } from "./database.ts";

interface Entity {
  type: "tag" | "mention" | "link";
  field: "title" | "content";
  start: number;
  end: number;
  tag?: string;
  username?: string;
  url?: string;
}

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The entities of many contents, asked for at once. */
async function entitiesOf(contents: string[], sql: postgres.Sql = db.admin): Promise<Entity[][]> {
  const rows = await sql`
    select private.text_entities('', content) as entities
    from unnest(${contents}::text[]) with ordinality as contents (content, n)
    order by n
  `;
  return rows.map((row) => row.entities);
}
const entitiesIn = async (content: string) => (await entitiesOf([content]))[0] as Entity[];
/** What a client would highlight. */
const marked = async (content: string) =>
  (await entitiesIn(content)).map(({ start, end }) => content.slice(start, end));
const namesOf = async (tags: string[], sql: postgres.Sql = db.admin): Promise<(string | null)[]> => {
  const rows = await sql`
    select private.tag_name(tag) as name from unnest(${tags}::text[]) with ordinality as tags (tag, n) order by n
  `;
  return rows.map((row) => row.name);
};

describe("what is found in a post", () => {
  test("says what it is and where, in title and content", async () => {
    const title = "For @Bob: #Garden";
    const content = "🌱 #Été with @alice, see https://example.org/a?b=c.";
    const [row] = await db.admin`select private.text_entities(${title}, ${content}) as entities`;
    expect(row?.entities).toEqual([
      { type: "mention", field: "title", start: 4, end: 8, username: "Bob" },
      { type: "tag", field: "title", start: 10, end: 17, tag: "garden" },
      { type: "tag", field: "content", start: 3, end: 7, tag: "été" },
      { type: "mention", field: "content", start: 13, end: 19, username: "alice" },
      { type: "link", field: "content", start: 25, end: 50, url: "https://example.org/a?b=c" },
    ]);
  });

  test("is nothing where there is no sign of it", async () => {
    for (const content of ["", "plain words, 50% off & more", "a\u0001b\n\tc"]) {
      expect(await entitiesIn(content)).toEqual([]);
    }
    const [row] = await db.admin`select private.text_entities(null, null) as entities`;
    expect(row?.entities).toEqual([]);
  });

  test("counts UTF-16 code units, after all kinds of characters", async () => {
    const content = "𠮷👩\u200d🌾🇩🇪\u0001e\u0301 #𐐷𐐷 𝒜 @alice 🌱https://example.com/é 🌱#done";
    expect(await marked(content)).toEqual(["#𐐷𐐷", "@alice", "https://example.com/é", "#done"]);
  });

  test("is at most 50 of each, the first ones of the post", async () => {
    const [row] = await db.admin`
      select private.text_entities(
        repeat('#title ', 20),
        (select string_agg(format('#n%s @user%s https://example.com/%s', n, n, n), ' ') from generate_series(1, 60) as n)
      ) as entities
    `;
    const entities: Entity[] = row?.entities;
    const kept = (type: string) => entities.filter((entity) => entity.type === type);
    expect(kept("tag")).toHaveLength(50);
    expect(kept("tag").at(-1)?.tag).toBe("n30");
    expect(kept("mention").map((mention) => mention.username)).toEqual(
      Array.from({ length: 50 }, (_, n) => `user${n + 1}`),
    );
    expect(kept("link").at(-1)?.url).toBe("https://example.com/50");
    expect(kept("link")).toHaveLength(50);
  });
});

describe("a tag", () => {
  test.each([
    ["Latin, composed", "un #été", ["#été"]],
    ["Latin, decomposed", "un #e\u0301te\u0301!", ["#e\u0301te\u0301"]],
    ["Vietnamese", "#Việt_Nam", ["#Việt_Nam"]],
    ["Turkish", "#İSTANBUL #ığdır", ["#İSTANBUL", "#ığdır"]],
    ["Catalan", "#col·lecció", ["#col·lecció"]],
    ["Cyrillic", "Новый #сад, #Ёлка", ["#сад", "#Ёлка"]],
    ["Greek", "#κήπος;", ["#κήπος"]],
    ["Arabic, right to left", "في #حديقة،", ["#حديقة"]],
    ["Persian with its joiner", "#گل\u200cها", ["#گل\u200cها"]],
    ["Hebrew with geresh", "#ג׳ירפה", ["#ג׳ירפה"]],
    ["Hindi with virama", "#क्षेत्र #हिन्दी।", ["#क्षेत्र", "#हिन्दी"]],
    ["Tamil", "#தமிழ்", ["#தமிழ்"]],
    ["Thai", "#สวนผัก", ["#สวนผัก"]],
    ["Japanese, with its long vowel and sign", "今日。＃ガーデニング、", ["＃ガーデニング"]],
    [
      "full-width punctuation",
      [..."。、！？：；，．（）「」『』【】［］｛｝＂＇＆＊／＼｜…‥。｡､｢｣"]
        .map((sign) => `#タグ${sign}`)
        .join(" "),
      Array(34).fill("#タグ"),
    ],
    ["Korean", "#한국어 #정원", ["#한국어", "#정원"]],
    ["Chinese", "#花园。#北京", ["#花园", "#北京"]],
    ["beyond U+FFFF", "#𠮷野家 #𐐷", ["#𠮷野家", "#𐐷"]],
    ["beside emoji", "🌱#garden🌱 ❤️#love #🌱", ["#garden", "#love"]],
    ["digits with a letter", "#2026 #2026a #a2026 #٣ #٣أ #_ #_a", ["#2026a", "#a2026", "#٣أ", "#_a"]],
    ["what stops it", "#a-b #a.b #a'b #a!b (#a) #a\u00a0b", ["#a", "#a", "#a", "#a", "#a", "#a"]],
    ["what it can't follow", "a#b &#b é#b 7#b 字#b _#b", []],
    ["entities of HTML", "&#x27; &amp;#fine", ["#fine"]],
    ["signs in a row", "##a #a#b #a＃ #", ["#a"]],
    ["a scheme after it", "#https://example.com #a://b", []],
    ["keycaps and emoji signs", "#\ufe0f\u20e3 #\ufe0fa #\u20e3", []],
    [
      "in a link",
      "https://example.com/#a https://example.com/?q=#a https://example.com#a",
      ["https://example.com/#a", "https://example.com/?q=#a", "https://example.com#a"],
    ],
    [
      "in an address without http://",
      "example.com/#a and example.com/a/#b, www.example.co.uk/x?y#z example.com/日本/#c",
      [],
    ],
    ["after one", "example.com/a #b example.com #c", ["#b", "#c"]],
    ["in an e-mail address", "a#b@example.com", []],
  ])("%s: %s", async (_, content, found) => {
    expect(await marked(content)).toEqual(found);
  });

  test("has at most 100 characters", async () => {
    expect(await marked(`#${"字".repeat(100)} #${"e\u0301".repeat(100)}`)).toHaveLength(2);
    expect(await marked(`#${"字".repeat(101)} #${"e\u0301".repeat(101)}`)).toEqual([]);
  });

  test("is made of letters, marks and digits of every script", async () => {
    const points = Array.from({ length: 0x323b0 }, (_, point) => point).filter(
      (point) => point > 0 && /[^\p{Cn}\p{Co}\p{Cs}]/u.test(String.fromCodePoint(point)),
    );
    const [row] = await db.admin`
      select
        array_agg(point order by point) filter (
          where chr(point) ~ ('^[' || private.tag_characters() || '\uFE0E\uFE0F]$')
        ) as characters,
        array_agg(point order by point) filter (where private.tag_name(chr(point)) is not null) as letters
      from unnest(${points}::integer[]) as point
    `;
    const all = (pattern: RegExp) => points.filter((point) => pattern.test(String.fromCodePoint(point)));
    const bmp = (found: number[]) => found.filter((point) => point <= 0xffff);
    expect(bmp(row?.characters)).toEqual(
      bmp(
        all(
          /\p{L}|\p{M}|\p{Nd}|\u200c|\u200d|[_\u00b7\u05be\u05f3\u05f4\u0f0b\u0f0c\u3003\u301c\u309b\u309c\u30a0\u30fb\ua67e\uff5e]/u,
        ),
      ),
    );
    // Alone after a sign, U+20E3 makes an emoji of it. A letter that cannot be seen makes no tag.
    expect(bmp(row?.letters)).toEqual(
      bmp(all(/(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{M}]/u)).filter((point) => point !== 0x20e3),
    );
    // Beyond, the marks of musical notation and of sign writing are missing, and two sets of drawn digits.
    const astral = new Set<number>(row?.characters);
    const missing = all(/[\p{L}\p{M}\p{Nd}]/u).filter((point) => point > 0xffff && !astral.has(point));
    expect(
      missing.filter((point) => ![0x1cc, 0x1cf, 0x1d1, 0x1d2, 0x1da, 0x1fb].includes(point >> 8)),
    ).toEqual([]);
    // And no emoji.
    expect(all(/\p{Emoji_Presentation}/u).filter((point) => astral.has(point))).toEqual([]);
  });
});

describe("the name of a tag", () => {
  test.each([
    ["été", ["#ÉTÉ", "＃Été", "e\u0301te\u0301", "#E\u0301TE\u0301"]],
    ["garden", ["garden", "#garden", "＃GARDEN", "#gArDeN"]],
    ["ガーデン", ["#ガーデン", "＃ガーデン", "#カ\u3099ーテ\u3099ン"]],
    ["οδοσ", ["#ΟΔΟΣ", "#οδος", "#οδοσ"]],
    ["istanbul", ["#İSTANBUL", "#ISTANBUL", "#ıstanbul", "#I\u0307stanbul"]],
    ["straße", ["#Straße", "#STRAẞE"]],
    ["strasse", ["#STRASSE"]],
    ["ｇａｒｄｅｎ", ["#ＧＡＲＤＥＮ"]],
    ["сад", ["#САД"]],
    ["𐐷", ["#𐐏"]],
    ["한국", ["#한국", "#\u1112\u1161\u11ab\u1100\u116e\u11a8"]],
    ["क्षेत्र", ["#क्षेत्र"]],
    [null, ["", "#", "##a", "#a b", " a", "a#", "2026", "#2026", "_", "#\ufe0fa", "a-b", "🌱", "a\n"]],
    [null, ["#\u3164", "#\u115f\u1160", "#2026\uffa0", "#_\u180b", "#タグ。"]],
  ])("%s is how %j are called", async (name, tags) => {
    expect(await namesOf(tags)).toEqual(tags.map(() => name));
  });

  test("is null for null", async () => {
    const [row] = await db.admin`select private.tag_name(null) as name`;
    expect(row?.name).toBeNull();
  });

  test("is its own name, and that of other spellings", async () => {
    // Letters that have one capital, of one character.
    const letters = [..."abcxyzéñåøœæþžșțđİıàảữжщёїґђαλωήόσςабвԱբგდꭰ𐐷𐓘कखग字ガがシ한국אבحด7٣_·ー"].concat(
      "e\u0301",
      "\u200d",
      "s\u0307\u0323",
    );
    const tag = fc
      .array(fc.constantFrom(...letters), { minLength: 1, maxLength: 12 })
      .map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(fc.array(tag, { minLength: 1, maxLength: 50 }), async (tags) => {
        const names = await namesOf(tags);
        const same = async (change: (tag: string) => string) =>
          expect(await namesOf(tags.map(change))).toEqual(names);
        await same((tag) => `#${tag}`);
        await same((tag) => tag.normalize("NFD"));
        await same((tag) => tag.normalize("NFC"));
        await same((tag) => tag.toUpperCase());
        await same((tag) => tag.toUpperCase().toLowerCase());
        expect(await namesOf(names.map((name) => name ?? ""))).toEqual(names);
        expect(names).toEqual(names.map((name) => name?.normalize("NFC") ?? null));
      }),
    );
  });
});

describe("a mention", () => {
  test.each([
    ["as it was written", "@alice, @Bob_2! (@carol) ＠dave", ["@alice", "@Bob_2", "@carol", "＠dave"]],
    ["3 to 30 characters", `@ab @abc @${"a".repeat(30)} @${"a".repeat(31)}`, ["@abc", `@${"a".repeat(30)}`]],
    [
      "what stops it",
      "@alice's @alice-b @alice.b @alice:b @alice字",
      ["@alice", "@alice", "@alice", "@alice", "@alice"],
    ],
    ["what it can't follow", "a@bob 7@bob _@bob !@bob #@bob $@bob %@bob &@bob *@bob @@bob", []],
    [
      "what it can",
      ".@bob é@bob 字@bob /@bob -@bob 🌱@bob",
      ["@bob", "@bob", "@bob", "@bob", "@bob", "@bob"],
    ],
    ["accents after it", "@alicé @alice\u0301", []],
    ["signs and schemes after it", "@alice@bob @alice＠ @http://example.com", []],
    ["in an e-mail address", "alice@example.com a.b+c@example.org", []],
    [
      "in a link",
      "https://example.com/@alice https://alice:secret@example.com",
      ["https://example.com/@alice"],
    ],
    ["in an address without http://", "example.com/@alice", []],
    ["beside a slash: there are no lists", "@alice/photos @bob/@carol", ["@alice", "@bob", "@carol"]],
    ["shared by hand", "RT @alice RT:@bob RT@carol", ["@alice", "@bob"]],
  ])("%s: %s", async (_, content, found) => {
    expect(await marked(content)).toEqual(found);
  });
});

describe("a link", () => {
  test.each([
    [
      "has a scheme",
      "http://example.com HTTPS://Example.COM/",
      ["http://example.com", "HTTPS://Example.COM/"],
    ],
    [
      "no other, and none is added",
      "ftp://example.com example.com www.example.com //example.com mailto:a@b.co",
      [],
    ],
    [
      "has a host with a domain",
      "http://localhost http://a http://127.0.0.1/ http://a.b http://.com http://-a.com http://",
      [],
    ],
    ["has a port", "http://example.com:8080/a", ["http://example.com:8080/a"]],
    ["has no user", "https://example.com@evil.example/ https://a:b@example.com/", []],
    [
      "ends before punctuation",
      "https://example.com/a. https://example.com/a, “https://example.com/a”! https://example.com/?a=b?",
      ["https://example.com/a", "https://example.com/a", "https://example.com/a", "https://example.com/?a=b"],
    ],
    [
      "keeps closed parentheses",
      "(https://example.org/a_(b)) https://example.org/a_(b_(c)d)e https://example.org/a(b " +
        "(https://example.org/水_(曖昧さ回避)) (https://example.org/?a=(b)) https://example.org/?a=b(c",
      [
        "https://example.org/a_(b)",
        "https://example.org/a_(b_(c)d)e",
        "https://example.org/a",
        "https://example.org/水_(曖昧さ回避)",
        "https://example.org/?a=(b)",
        "https://example.org/?a=b",
      ],
    ],
    [
      "keeps the letters of every script in its path",
      "https://example.org/été/сад https://ja.wikipedia.org/wiki/日本 です https://th.wikipedia.org/wiki/ประเทศไทย " +
        "https://ar.wikipedia.org/wiki/سوريا، https://hi.wikipedia.org/wiki/हिन्दी। https://fa.example.org/گل\u200cها",
      [
        "https://example.org/été/сад",
        "https://ja.wikipedia.org/wiki/日本",
        "https://th.wikipedia.org/wiki/ประเทศไทย",
        "https://ar.wikipedia.org/wiki/سوريا",
        "https://hi.wikipedia.org/wiki/हिन्दी",
        "https://fa.example.org/گل\u200cها",
      ],
    ],
    [
      "and in its query and fragment",
      "https://example.com/?q=日本語&é=1#見出し https://example.com?q=сад#ก https://example.com#見出し!",
      [
        "https://example.com/?q=日本語&é=1#見出し",
        "https://example.com?q=сад#ก",
        "https://example.com#見出し",
      ],
    ],
    [
      "keeps percent signs",
      "https://ja.wikipedia.org/wiki/%E6%97%A5%E6%9C%AC?a=%20b#%E3%81%82. https://example.com/50%",
      ["https://ja.wikipedia.org/wiki/%E6%97%A5%E6%9C%AC?a=%20b#%E3%81%82", "https://example.com/50"],
    ],
    [
      "ends before full-width punctuation",
      [..."。、！？：；，．（）「」『』【】…｡､"].map((sign) => `https://example.jp/日本${sign}と`).join(" "),
      Array(19).fill("https://example.jp/日本"),
    ],
    ["ends before a letter of another script in its host", "http://example.jpです", ["http://example.jp"]],
    [
      "is nothing more when nothing follows its signs",
      "https://example.com? https://example.com# https://example.com/? https://example.com/(",
      ["https://example.com", "https://example.com", "https://example.com/", "https://example.com/"],
    ],
    [
      "has an international host",
      "http://пример.рф/a http://例え.jp http://xn--80ak6aa92e.com http://भारत.भारत",
      ["http://пример.рф/a", "http://例え.jp", "http://xn--80ak6aa92e.com", "http://भारत.भारत"],
    ],
    [
      "can't follow a letter or a sign",
      "ahttp://example.com 7http://example.com #http://example.com @http://example.com",
      [],
    ],
    [
      "follows anything else",
      "字http://example.com 🌱http://example.com <http://example.com>",
      ["http://example.com", "http://example.com", "http://example.com"],
    ],
    [
      "has no quotation marks",
      "http://example.com\"onclick http://a\"b.com <a href='http://example.com/'>",
      ["http://example.com", "http://example.com/"],
    ],
    ["knows no list of domains", "https://plaza.newdomain/", ["https://plaza.newdomain/"]],
  ])("%s: %s", async (_, content, found) => {
    expect(await marked(content)).toEqual(found);
  });
});

describe("twitter-text", () => {
  // Signs, and what makes them mean something or nothing.
  const fragments = [
    ..."##＃@@＠   \n\u3000\u00a0.,!?:/()[]'\"-_&%$+~=*;|…。、«”–",
    ..."://¶//¶&amp;¶a¶b1¶Z¶7¶42¶the¶RT¶alice¶bob_2¶garden¶localhost¶é¶e\u0301¶ñandú¶ß¶Ünï".split("¶"),
    ..."ж¶сад¶Привет¶λόγος¶ς¶حديقة¶گل\u200cها¶גן¶ג׳¶क्षेत्र¶हिन्दी¶தமிழ்¶สวน¶ไทย¶にわ¶ガーデン¶日本語".split("¶"),
    ..."ー¶・¶한국¶中文¶·¶٣¶४¶𠮷¶𐐷¶𝒜¶🌱¶👩\u200d🌾¶🇩🇪¶❤️¶\ufe0f¶\u20e3¶\u200d¶\u0301".split("¶"),
    ..."#tag¶ ＃tag¶@carol¶ @carol¶#a\u0301b¶http://¶https://¶HTTP://¶/path¶/p?q¶?q=1¶.com/¶.org".split("¶"),
    ...[
      "http://example.com",
      "https://sub.example.org/path",
      "http://example.com:8080/",
      "https://example.com/a.",
    ],
    ...[
      "https://example.co.uk/a_(b)",
      "http://a_b.example.com",
      "https://example.com?a=1",
      "http://localhost/",
    ],
    ...["http://пример.рф/", "http://例え.jp/", "http://xn--80ak6aa92e.com/", "http://127.0.0.1/"],
    ...["https://example.com/#frag", "https://example.com/@alice", "https://example.com/?q=#x&y=@z"],
    ...["example.com", "example.com/", " example.com/#foo", " www.example.org/@bob", "foo_bar.com"],
    ...["bob@example.com", " a.b+c@example.org"],
  ];

  /** What else twitter-text finds for reasons that we don't share: such a text compares nothing. */
  const differences: [why: string, pattern: RegExp][] = [
    ["a username of theirs ends after 20 characters", /[@＠]\w{21}/],
    ["a list of theirs", /[@＠]\w+\/[a-z]/i],
    ["RT@alice", /rt:?[@＠]/i],
    [
      "a domain that may not be on their list",
      /\.(?!(com|org|jp|uk|рф)(?![\p{L}\p{M}\p{N}]|[^\0-\x7f]))[\p{L}\p{N}][^\s./]/u,
    ],
    ["a symbol where a domain would be", /\.[^\s\0-\x7fр]/],
    ["punctuation in a host", /["“”«»…–＃＠、。·][^\s/]*\.[a-z]|:\/\/[^\s/]*["“”«»…–＃＠、。·]/],
    ["no http:// and glued to a letter: where does it begin?", /[^\s\0-\x7f][-.]*\w[\w-]*(\.[\w-]+)+\//],
    ["a variation selector, which the first of two tags takes from the second", /[^\s]\ufe0f[#＃]/],
    ["a variation selector, which does not count as a letter here", /[#＃][\d_·٣४\p{Cf}]*\ufe0f/u],
    [
      "a path with letters that are neither Latin nor Cyrillic",
      /\.\S*\/\S*(?![\p{Script=Latin}\p{Script=Cyrillic}\d])[\p{L}\p{M}\p{N}·・\u200d]/u,
    ],
    [
      "a query with letters that are not ASCII, with parentheses, or with + or & at its end",
      /\?\S*(?:[()+&]|[^\0-\x7f])/,
    ],
    ["punctuation before a query", /[^\p{L}\p{M}\p{N}\s=_#/+)-]\?/u],
    ["a question mark in parentheses", /\([^\s)]*\?/],
    ["a fragment after the host", /:\/\/[^\s/?#]*\.[^\s/?#]*[#＃]/],
  ];

  const { extractUrl } = (twitter as unknown as { regexen: { extractUrl: RegExp } }).regexen;
  /** An address that it passed over or shortened, or dropped for what overlaps: the rest of it stays unread. */
  function passedOver(content: string): boolean {
    const ends = new Set(twitter.extractUrlsWithIndices(content).map((link) => link.indices[1]));
    const kept = twitter.extractEntitiesWithIndices(content).filter((entity) => "url" in entity);
    const tried = [...content.matchAll(extractUrl)];
    return tried.length !== kept.length || tried.some((match) => !ends.has(match.index + match[0].length));
  }

  const comparable = fc
    .array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 10 })
    .map((parts) => parts.join(""))
    .filter((content) => !differences.some(([, pattern]) => pattern.test(content)) && !passedOver(content));

  function theirs(content: string): string[] {
    return twitter.extractEntitiesWithIndices(content).flatMap((entity) => {
      const [start, end] = entity.indices;
      const what = `${start}-${end} ${content.slice(start, end)}`;
      if ("hashtag" in entity) return `tag ${what}`;
      if ("screenName" in entity) return entity.screenName.length >= 3 ? `mention ${what}` : [];
      return "url" in entity && /^https?:/i.test(entity.url) ? `link ${what}` : [];
    });
  }

  test("finds the same", { timeout: 120_000 }, async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(comparable, { minLength: 1, maxLength: 100, size: "max" }),
        async (contents) => {
          const ours = (await entitiesOf(contents)).map((entities, n) =>
            entities.map(
              ({ type, start, end }) =>
                `${type} ${start}-${end} ${(contents[n] as string).slice(start, end)}`,
            ),
          );
          expect(ours).toEqual(contents.map(theirs));
          found += ours.flat().length;
        },
      ),
    );
    // It has looked at something.
    expect(found).toBeGreaterThan(1000);
  });

  test("or not, an entity is what its range says, and overlaps no other", async () => {
    const anything = fc
      .array(fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: "grapheme", maxLength: 3 })), {
        maxLength: 12,
      })
      .map((parts) => parts.join("").replaceAll("\0", ""));
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 100 }), async (contents) => {
        const found = (await entitiesOf(contents)).flatMap((entities, n) => {
          let last = 0;
          return entities.map((entity) => {
            expect(entity.start).toBeGreaterThanOrEqual(last);
            last = entity.end;
            return { ...entity, slice: (contents[n] as string).slice(entity.start, entity.end) };
          });
        });
        const tags = found.filter((entity) => entity.type === "tag");
        expect(tags.filter((tag) => !/^[#＃]/.test(tag.slice))).toEqual([]);
        expect(tags.map((tag) => tag.tag)).toEqual(await namesOf(tags.map((tag) => tag.slice)));
        for (const { type, slice, username, url } of found) {
          if (type === "mention") expect(slice).toMatch(new RegExp(`^[@＠]${username}$`));
          if (type === "link") expect(slice).toBe(url);
        }
      }),
    );
  });
});

test("the answer is the same in databases of every locale", async () => {
  const contents = [
    "#ISPARTA #ısparta #İzmir @ALICE",
    "#ÉTÉ #été #e\u0301te\u0301 #ΟΔΟΣ",
    "HTTP://EXAMPLE.COM/I #हिन्दी #ガーデン",
  ];
  const expected = await entitiesOf(contents);
  const files = ["00-foundations/25-characters.sql", "20-posts/10-text.sql"];
  const found = (await sources()).filter(({ name }) => files.includes(name));
  expect(found).toHaveLength(files.length);
  const text = found.map((file) => file.text).join("\n");
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
      await sql.unsafe(`create schema private; ${text}`).simple();
      expect(await entitiesOf(contents, sql)).toEqual(expected);
    } finally {
      await sql.end();
      await onAdmin(db.port, `drop database ${name} with (force)`);
    }
  }
});

test("no text takes long to read", async () => {
  // The runs are much longer than a post may be. They take about a second. They would take a minute if a run were
  // read again from each of its characters. The texts full of entities are as long as a post.
  const runs =
    "#|@|a#|#a|#a#|http://|http://a.|a.|a.bc/|é|(|(a|http://a.bc/(|-|://|字|http://a.bc/字(|a.bc/?(字";
  const found = "#a |@abc |http://a.bc |#字。|🌱#a|#1 |http://a.bc/字?字#字。";
  await db.admin.begin(async (sql) => {
    await sql`set local statement_timeout = '6s'`;
    for (const [parts, length] of [
      [runs, 100_000],
      [found, 5_000],
    ] as const) {
      for (const part of parts.split("|")) {
        const run = part.repeat(length / [...part].length);
        await sql`select private.text_entities('', ${`${run}http://a.bc/${run}.com/#a`})`;
      }
    }
  });
});

test("people who may write can call tag_name(), and nobody can call text_entities()", async () => {
  for (const role of ["authenticated", "service_role"] as const) {
    const [row] = await db.as(role)((sql) => sql`select private.tag_name('#Garden') as name`);
    expect(row?.name).toBe("garden");
    const refused = await refusal(db.as(role)((sql) => sql`select private.text_entities('', '#Garden')`));
    expect(refused.code).toBe("42501");
  }
  const guest = await refusal(db.as("anon")((sql) => sql`select private.tag_name('#Garden')`));
  expect(guest.code).toBe("42501");
  expect(await marked("#Garden")).toEqual(["#Garden"]);
});
