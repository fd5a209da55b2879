import { afterAll, beforeAll, describe } from "vitest";
import { cases } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ maxRows: 3 });
});
afterAll(() => town?.[Symbol.asyncDispose]());

const ids = (...list: number[]) => list.map((id) => ({ id }));

describe("columns", () => {
  cases(
    () => town,
    [
      [
        "GET /passports",
        {
          json: [
            { person_id: 1, number: "A1" },
            { person_id: 2, number: "B2" },
          ],
        },
      ],
      [
        "GET /passports?select=*",
        {
          json: [
            { person_id: 1, number: "A1" },
            { person_id: 2, number: "B2" },
          ],
        },
      ],
      ["GET /people?select=id,handle&id=eq.1", { json: [{ id: 1, handle: "alice" }] }],
      ["GET /people?select=who:handle,id&id=eq.1", { json: [{ who: "alice", id: 1 }] }],
      [
        "GET /people?select=id::text,t:born::timestamptz&id=eq.1",
        { json: [{ id: "1", t: "1990-01-01T00:00:00+00:00" }] },
      ],
      ["GET /posts?select=score::double precision&id=eq.2", { json: [{ score: 2.25 }] }],
      ["GET /posts?select=score::int&id=eq.2", { json: [{ score: 2 }] }],
      ["GET /people?select=settings->theme&id=eq.1", { json: [{ theme: "dark" }] }],
      ["GET /people?select=settings->>n&id=eq.1", { json: [{ n: "5" }] }],
      ["GET /people?select=settings->list->1->k&id=eq.1", { json: [{ k: "v" }] }],
      ["GET /people?select=settings->list->0&id=eq.1", { json: [{ list: 1 }] }],
      ["GET /people?select=settings->list->-1->>k&id=eq.1", { json: [{ k: "v" }] }],
      ["GET /people?select=x:settings->>n::int&id=eq.1", { json: [{ x: 5 }] }],
      ["GET /posts?select=tags->0&id=eq.1", { json: [{ tags: "news" }] }],
      [
        "GET /people?select=handle,shout&id=eq.1",
        { who: "alice", json: [{ handle: "alice", shout: "ALICE!" }] },
      ],
      ["GET /people?select=handle,handle&id=eq.1", { text: '[{"handle":"alice","handle":"alice"}]' }],
      [
        'GET /odd names?select="a column",sélect,"q\\"uote","x,y"&limit=1',
        { json: [{ "a column": 1, sélect: "oui", 'q"uote': 'a"b', "x,y": "comma" }] },
      ],
      ['GET /odd%20names?select=al:"x,y"&"q\\"uote"=eq.a"b', { json: [{ al: "comma" }] }],
      [
        "GET /bigs",
        {
          text: '[{"id":9007199254740993,"n":12345678901234567890.123456789,"doc":{"a": 12345678901234567890}}]',
        },
      ],
      ["GET /posts?select=score&id=eq.4", { text: '[{"score":9007199254740993.25}]' }],
      [
        "GET /posts?select=created_at&id=eq.4",
        { json: [{ created_at: "2026-01-04T10:00:00.123456+00:00" }] },
      ],
      [
        "GET /posts?select=nope",
        {
          status: 400,
          json: { code: "42703", message: "column posts.nope does not exist", details: null, hint: null },
        },
      ],
      [
        "GET /posts?select=id,likes(nope)",
        { status: 400, like: { code: "42703", message: "column likes_1.nope does not exist" } },
      ],
      ["GET /posts?select=id::nope", { status: 400, like: { code: "42704" } }],
      ["GET /posts?select=count()", { status: 400, like: { code: "PGRST123" } }],
      ["GET /posts?select=score.sum()", { status: 400, like: { code: "PGRST123" } }],
    ],
  );
});

describe("filters", () => {
  const list: [string, number[]][] = [
    ["id=eq.1", [1]],
    ["id=neq.1", [2, 3, 4]],
    ["id=gt.2", [3, 4]],
    ["id=gte.2&id=lt.4", [2, 3]],
    ["id=lte.1", [1]],
    ["id=not.gt.2", [1, 2]],
    ["title=like.*own*", [1]],
    ["title=like.%25own%25", [1]],
    ["title=ilike.HELLO*", [1]],
    ["title=not.ilike.*o*", []],
    ["title=match.^[HB]", [1, 3]],
    ["title=imatch.^h", [1]],
    ["title=like(any).{Hello*,Bob*}", [1, 3]],
    ["title=like(all).{*o*,*w*}", [1, 3]],
    ["id=eq(any).{1,3}", [1, 3]],
    ["id=gt(all).{1,2}", [3, 4]],
    ["id=in.(1,3)", [1, 3]],
    ["id=in.()", []],
    ["id=not.in.(1,2)", [3, 4]],
    ['title=in.("Second, (thoughts)","Hello town")', [1, 2]],
    ['title=eq.It\'s "quoted" \\ 100%25', [4]],
    ['title=in.("It\'s \\"quoted\\" \\\\ 100%25")', [4]],
    ["editor_id=is.null", [2, 4]],
    ["editor_id=not.is.null", [1, 3]],
    ["editor_id=is.not_null", [1, 3]],
    ["published=is.true", [1, 2]],
    ["published=is.FALSE", [3]],
    ["published=is.unknown", [4]],
    ["published=not.is.true", [3, 4]],
    ["published=eq.true", [1, 2]],
    ["score=isdistinct.1.5", [2, 3, 4]],
    ["score=not.isdistinct.1.50", [1]],
    ["search=fts.fox", [1, 3]],
    ["search=fts(english).lazy%26dogs", [2]],
    ["search=plfts(english).the lazy dogs", [2]],
    ["search=phfts(english).brown fox", [1]],
    ["search=wfts(english).fox -brown", [3]],
    ["search=not.fts.fox", [2, 4]],
    ["body=fts(english).dog", [2, 3]],
    ["body=plfts.dogs", [2, 3]],
    ["tags=cs.{news}", [1, 3]],
    ["tags=cd.{news,fox}", [1, 3, 4]],
    ["tags=ov.{dogs,fox}", [1, 2]],
    ["tags=eq.{}", [4]],
    ["during=ov.[4,6)", [1, 2]],
    ["during=sl.[6,10)", [1]],
    ["during=sr.[1,5)", [2, 3]],
    ["during=nxr.[1,9)", [1, 2]],
    ["during=nxl.[5,6)", [2, 3]],
    ["during=adj.[9,20)", [2, 3]],
    ["during=cs.[6,7)", [2]],
    ["created_at=gte.2026-01-04T10:00:00.123456%2B00:00", [4]],
    ["or=(id.eq.1,id.eq.4)", [1, 4]],
    ["or=(id.eq.1,and(id.gt.2,title.not.like.*writes*))", [1, 4]],
    ["not.or=(id.eq.1,id.eq.4)", [2, 3]],
    ["and=(id.gt.1,id.lt.3)", [2]],
    ["not.and=(id.gt.1,id.lt.3)", [1, 3, 4]],
    ["or=(id.eq.1,not.and(id.gt.0,id.lt.4))", [1, 4]],
    ['or=(title.eq."Second, (thoughts)",id.in.(3,4))', [2, 3, 4]],
    ["or=(tags.cs.{news,fox},tags.ov.{dogs})", [1, 2]],
    ["or=(published.is.null,title.like.Hello*)", [1, 4]],
    ["or=( id.eq.1 , id.eq.2 )", [1, 2]],
    ["or=(search.fts(english).fox,id.eq.4)", [1, 3, 4]],
    ["id=gt.1&or=(id.eq.1,id.eq.2)", [2]],
    ["during=is.null", [4]],
    ["tags->>0=eq.dogs", [2]],
  ];
  cases(
    () => town,
    list.map(([filter, found]) => [
      `GET /posts?select=id&order=id&${filter}`,
      { json: ids(...found.slice(0, 3)) },
    ]),
  );
  cases(
    () => town,
    [
      ["GET /people?select=id&settings->>theme=eq.dark", { json: ids(1) }],
      ["GET /people?select=id&settings->n=eq.5", { json: ids(1) }],
      ["GET /people?select=id&settings->list->1->>k=eq.v", { json: ids(1) }],
      ["GET /people?select=id&settings->theme=is.null&order=id", { json: ids(3) }],
      ['GET /people?select=id&settings=cs.{"theme":"dark"}', { json: ids(1) }],
      ["GET /people?select=id&mood=eq.happy", { json: ids(1) }],
      ["GET /people?select=id&handle=eq.bob", { json: ids(2) }],
      ["GET /people?select=id&shout=eq.BOB!", { who: "alice", json: ids(2) }],
      ["GET /people?select=id&mood=eq.angry", { status: 400, like: { code: "22P02" } }],
      [
        "GET /people?select=id&id=eq.x",
        { status: 400, like: { code: "22P02", message: 'invalid input syntax for type integer: "x"' } },
      ],
      ["GET /posts?title=fts(nolang).x", { status: 400, like: { code: "42704" } }],
      [
        "GET /posts?nope=eq.1",
        { status: 400, like: { code: "42703", message: "column posts.nope does not exist" } },
      ],
      ["GET /posts?id=eq.%00", { status: 400, like: { code: "22021" } }],
      [
        "GET /posts?id=foo.1",
        {
          status: 400,
          json: {
            code: "PGRST100",
            message: '"failed to parse filter (foo.1)" (line 1, column 1)',
            details: 'unexpected "f" expecting "not" or operator (eq, gt, ...)',
            hint: null,
          },
        },
      ],
      ["GET /posts?id=1", { status: 400, like: { code: "PGRST100" } }],
      ["GET /posts?or=()", { status: 400, like: { code: "PGRST100" } }],
      ["GET /posts?or=(id.eq.1", { status: 400, like: { code: "PGRST100" } }],
      ["GET /posts?id=is.nope", { status: 400, like: { code: "PGRST100" } }],
      ["GET /posts?id=in.1,2", { status: 400, like: { code: "PGRST100" } }],
      [`GET /posts?or=${"(and".repeat(200)}`, { status: 400, like: { code: "PGRST100" } }],
    ],
  );
});

describe("embedding", () => {
  const alice = { handle: "alice" };
  cases(
    () => town,
    [
      [
        "GET /passports?select=number,people(handle)&person_id=eq.1",
        { json: [{ number: "A1", people: alice }] },
      ],
      [
        "GET /people?select=handle,passports(number)&order=id&limit=3",
        {
          json: [
            { handle: "alice", passports: { number: "A1" } },
            { handle: "bob", passports: { number: "B2" } },
            { handle: "carol", passports: null },
          ],
        },
      ],
      [
        "GET /posts?select=id,people!posts_author_id_fkey(handle)&id=eq.1",
        { json: [{ id: 1, people: alice }] },
      ],
      [
        "GET /posts?select=id,author:people!author_id(handle),editor:people!editor_id(handle)&id=eq.1",
        { json: [{ id: 1, author: alice, editor: { handle: "bob" } }] },
      ],
      ["GET /posts?select=id,author_id(handle)&id=eq.1", { json: [{ id: 1, author_id: alice }] }],
      [
        "GET /posts?select=id,posts_editor_id_fkey(handle)&id=eq.2",
        { json: [{ id: 2, posts_editor_id_fkey: null }] },
      ],
      [
        "GET /people?select=id,posts!author_id(id)&order=id",
        {
          json: [
            { id: 1, posts: ids(1, 2) },
            { id: 2, posts: ids(3) },
            { id: 3, posts: ids(4) },
          ],
        },
      ],
      ["GET /people?select=id,posts!author_id(*)&id=eq.4", { json: [{ id: 4, posts: [] }] }],
      [
        "GET /people?select=id,boss:boss_id(handle)&order=id&limit=2",
        {
          json: [
            { id: 1, boss: null },
            { id: 2, boss: alice },
          ],
        },
      ],
      ["GET /people?select=id,people(id)&id=eq.1", { json: [{ id: 1, people: ids(2, 3) }] }],
      ["GET /people?select=id,staff:people!boss_id(id)&id=eq.1", { json: [{ id: 1, staff: ids(2, 3) }] }],
      ["GET /people?select=id&order=id.desc&order=id.asc&limit=2", { json: ids(4, 3) }],
      ["GET /people?select=id&order=id&limit=2&nocache", { json: ids(1, 2) }],
      [
        "GET /people?select=id,liked:posts!likes(id)&id=eq.2&liked.order=id.desc&liked.order=id",
        { json: [{ id: 2, liked: ids(4, 1) }] },
      ],
      [
        "GET /people?select=id,liked:posts!likes(id)&id=eq.2&liked.order=id",
        { json: [{ id: 2, liked: ids(1, 4) }] },
      ],
      [
        "GET /posts?select=id,fans:people!likes(handle)&id=eq.1&fans.order=handle",
        { json: [{ id: 1, fans: [{ handle: "bob" }, { handle: "carol" }] }] },
      ],
      [
        "GET /posts?select=id,likes(people(handle))&id=eq.3",
        { json: [{ id: 3, likes: [{ people: alice }] }] },
      ],
      [
        "GET /likes?select=people(handle,posts!author_id(id)),posts(title)&person_id=eq.1",
        { json: [{ people: { handle: "alice", posts: ids(1, 2) }, posts: { title: "Bob writes" } }] },
      ],
      [
        "GET /people?select=id,posts!author_id!inner(id)&posts.title=like.Bob*",
        { json: [{ id: 2, posts: ids(3) }] },
      ],
      [
        "GET /people?select=id,posts!author_id!left(id)&posts.title=like.Bob*&order=id&limit=2",
        {
          json: [
            { id: 1, posts: [] },
            { id: 2, posts: ids(3) },
          ],
        },
      ],
      [
        "GET /posts?select=id,author:people!author_id!inner(handle)&author.handle=eq.bob",
        { json: [{ id: 3, author: { handle: "bob" } }] },
      ],
      ["GET /posts?select=id,people!author_id!inner()&people.handle=eq.bob", { json: ids(3) }],
      [
        "GET /people?select=id,liked:posts!likes!inner(id)&liked.id=eq.4",
        { json: [{ id: 2, liked: ids(4) }] },
      ],
      ["GET /people?select=handle,posts!author_id()&posts=is.null", { json: [{ handle: "mallory" }] }],
      [
        "GET /people?select=id,passports(number)&passports=not.is.null&order=id",
        {
          json: [
            { id: 1, passports: { number: "A1" } },
            { id: 2, passports: { number: "B2" } },
          ],
        },
      ],
      [
        "GET /people?select=id,posts!author_id(),passports()&or=(posts.is.null,passports.not.is.null)&order=id",
        { json: ids(1, 2, 4) },
      ],
      [
        "GET /people?select=id,posts!author_id(id)&posts.id=gt.1&id=eq.1",
        { json: [{ id: 1, posts: ids(2) }] },
      ],
      [
        "GET /people?select=id,posts!author_id(id)&posts.or=(id.eq.1,id.eq.3)&id=lt.3&order=id",
        {
          json: [
            { id: 1, posts: ids(1) },
            { id: 2, posts: ids(3) },
          ],
        },
      ],
      [
        "GET /people?select=id,posts!author_id(id)&posts.order=id.desc&posts.limit=1&id=eq.1",
        { json: [{ id: 1, posts: ids(2) }] },
      ],
      [
        "GET /people?select=id,posts!author_id(id)&posts.offset=1&posts.order=id&id=eq.1",
        { json: [{ id: 1, posts: ids(2) }] },
      ],
      [
        "GET /people?select=id,posts!author_id(id,likes(person_id))&posts.likes.person_id=eq.3&posts.id=eq.1&id=eq.1",
        { json: [{ id: 1, posts: [{ id: 1, likes: [{ person_id: 3 }] }] }] },
      ],
      [
        "GET /posts?select=id,...people!author_id(handle,who:name)&id=eq.1",
        { json: [{ id: 1, handle: "alice", who: "Alice" }] },
      ],
      [
        "GET /posts?select=id,...people!author_id(handle,passports(number))&id=eq.1",
        { json: [{ id: 1, handle: "alice", passports: { number: "A1" } }] },
      ],
      [
        "GET /people?select=id,...posts!author_id(titles:title)&id=in.(2,4)&order=id",
        {
          json: [
            { id: 2, titles: ["Bob writes"] },
            { id: 4, titles: [] },
          ],
        },
      ],
      [
        "GET /passports?select=number,...people(handle,...people!boss_id(boss:handle))&person_id=eq.2",
        { json: [{ number: "B2", handle: "bob", boss: ["mallory"] }] },
      ],
      [
        "GET /people?select=id,newest_post(id),colleagues(handle)&id=eq.2",
        { who: "alice", json: [{ id: 2, newest_post: { id: 3 }, colleagues: [{ handle: "carol" }] }] },
      ],
      [
        "GET /authors?select=full_name,posts!author_id(id)&order=person_id",
        {
          json: [
            { full_name: "Alice", posts: ids(1, 2) },
            { full_name: "Bob", posts: ids(3) },
          ],
        },
      ],
      ["GET /headlines?select=id,people!author_id(handle)&id=eq.1", { json: [{ id: 1, people: alice }] }],
      [
        "GET /headlines_twice?select=id,authors!posts_author_id_fkey(handle)&id=eq.1",
        { json: [{ id: 1, authors: alice }] },
      ],
      ["GET /headlines?select=id,likes(person_id)&id=eq.3", { json: [{ id: 3, likes: [{ person_id: 1 }] }] }],
      [
        "GET /headlines_twice?select=id,people!posts_author_id_fkey(handle)&id=eq.1",
        { json: [{ id: 1, people: alice }] },
      ],
      [
        "GET /posts?select=id,people(handle)",
        {
          status: 300,
          json: {
            code: "PGRST201",
            message: "Could not embed because more than one relationship was found for 'posts' and 'people'",
            details: [
              {
                cardinality: "many-to-one",
                embedding: "posts with people",
                relationship: "posts_author_id_fkey using posts(author_id) and people(id)",
              },
              {
                cardinality: "many-to-one",
                embedding: "posts with people",
                relationship: "posts_editor_id_fkey using posts(editor_id) and people(id)",
              },
              {
                cardinality: "many-to-many",
                embedding: "posts with people",
                relationship: "likes using likes_post_id_fkey(post_id) and likes_person_id_fkey(person_id)",
              },
            ],
            hint: "Try changing 'people' to one of the following: 'people!posts_author_id_fkey', 'people!posts_editor_id_fkey', 'people!likes'. Find the desired relationship in the 'details' key.",
          },
        },
      ],
      [
        "GET /posts?select=id,peeple(handle)",
        {
          status: 400,
          json: {
            code: "PGRST200",
            message: "Could not find a relationship between 'posts' and 'peeple' in the schema cache",
            details:
              "Searched for a foreign key relationship between 'posts' and 'peeple' in the schema 'public', but no matches were found.",
            hint: "Perhaps you meant 'people' instead of 'peeple'.",
          },
        },
      ],
      ["GET /posts?select=id,people!nohint(handle)", { status: 400, like: { code: "PGRST200", hint: null } }],
      [
        "GET /posts?select=id&people.id=eq.1",
        {
          status: 400,
          like: { code: "PGRST108", message: "'people' is not an embedded resource in this request" },
        },
      ],
      ["GET /posts?select=id,likes(*)&likes=eq.1", { status: 400, like: { code: "PGRST120" } }],
      [
        `GET /people?select=${"people(".repeat(60)}id${")".repeat(60)}`,
        { status: 400, like: { code: "PGRST100" } },
      ],
    ],
  );
});

describe("order and range", () => {
  cases(
    () => town,
    [
      ["GET /people?select=id&order=id.desc", { json: ids(4, 3, 2) }],
      ["GET /people?select=id&order=born.desc.nullslast", { json: ids(4, 1, 2) }],
      ["GET /people?select=id&order=born.nullsfirst", { json: ids(3, 2, 1) }],
      ["GET /people?select=id&order=mood.asc.nullsfirst,id.desc", { json: ids(3, 1, 4) }],
      ["GET /people?select=id&order=settings->>theme.desc.nullslast,id", { json: ids(2, 1, 3) }],
      ["GET /people?select=id&order=shout.desc", { who: "alice", json: ids(4, 3, 2) }],
      [
        "GET /posts?select=id,people!author_id(handle)&order=people(handle).desc,id&limit=2",
        {
          json: [
            { id: 4, people: { handle: "carol" } },
            { id: 3, people: { handle: "bob" } },
          ],
        },
      ],
      [
        "GET /posts?select=id,author:people!author_id(id)&order=author(name).desc,id.desc&limit=2",
        {
          json: [
            { id: 4, author: { id: 3 } },
            { id: 3, author: { id: 2 } },
          ],
        },
      ],
      ["GET /posts?select=id&order=people(handle)", { status: 400, like: { code: "PGRST108" } }],
      [
        "GET /posts?select=id,likes(*)&order=likes(person_id)",
        {
          status: 400,
          like: {
            code: "PGRST118",
            details: "'posts' and 'likes' do not form a many-to-one or one-to-one relationship",
          },
        },
      ],
      [
        "GET /posts?order=id.up",
        {
          status: 400,
          like: {
            code: "PGRST100",
            message: '"failed to parse order (id.up)" (line 1, column 4)',
            details: 'unexpected "u" expecting "asc", "desc", "nullsfirst" or "nullslast"',
          },
        },
      ],
      ["GET /people?select=id&order=id&limit=2", { json: ids(1, 2), sends: { "content-range": "0-1/*" } }],
      [
        "GET /people?select=id&order=id&limit=2&offset=2",
        { json: ids(3, 4), sends: { "content-range": "2-3/*" } },
      ],
      ["GET /people?select=id&order=id&limit=0", { json: [], sends: { "content-range": "*/*" } }],
      ["GET /people?select=id&order=id", { json: ids(1, 2, 3), sends: { "content-range": "0-2/*" } }],
      ["GET /people?select=id&order=id&limit=100", { json: ids(1, 2, 3) }],
      [
        "GET /people?select=id&order=id",
        { headers: { range: "1-2" }, json: ids(2, 3), sends: { "content-range": "1-2/*" } },
      ],
      [
        "GET /people?select=id&order=id",
        { headers: { range: "3-" }, json: ids(4), sends: { "content-range": "3-3/*" } },
      ],
      [
        "GET /people?select=id&order=id",
        { headers: { range: "3-2" }, status: 416, like: { code: "PGRST103" } },
      ],
      ["GET /people?select=id&order=id&limit=1", { headers: { range: "0-2" }, json: ids(1) }],
      [
        "GET /people?select=id&limit=-1",
        {
          status: 416,
          like: { code: "PGRST103", details: "Limit should be greater than or equal to zero." },
        },
      ],
      [
        "GET /people?select=id&order=id&limit=2",
        {
          prefer: "count=exact",
          status: 206,
          json: ids(1, 2),
          sends: { "content-range": "0-1/4", "preference-applied": "count=exact" },
        },
      ],
      [
        "GET /people?select=id&order=id&id=lt.3",
        { prefer: "count=exact", status: 200, json: ids(1, 2), sends: { "content-range": "0-1/2" } },
      ],
      [
        "GET /people?select=id&id=eq.77",
        { prefer: "count=exact", status: 200, json: [], sends: { "content-range": "*/0" } },
      ],
      [
        "GET /people?select=id&offset=9",
        {
          prefer: "count=exact",
          status: 416,
          json: {
            code: "PGRST103",
            message: "Requested range not satisfiable",
            details: "An offset of 9 was requested, but there are only 4 rows.",
            hint: null,
          },
        },
      ],
      ["GET /people?select=id&offset=9", { status: 200, json: [], sends: { "content-range": "*/*" } }],
      [
        "GET /people?select=id,posts!author_id!inner(id)&order=id",
        { prefer: "count=exact", status: 200, sends: { "content-range": "0-2/3" } },
      ],
      [
        "GET /people?select=id,posts!author_id()&posts=is.null",
        { prefer: "count=exact", status: 200, sends: { "content-range": "0-0/1" } },
      ],
      [
        "GET /people?select=id&limit=1",
        {
          prefer: "count=planned",
          status: 206,
          sends: { "content-range": "0-0/4", "preference-applied": "count=planned" },
        },
      ],
      [
        "GET /people?select=id&limit=1",
        { prefer: "count=estimated", status: 206, sends: { "content-range": "0-0/4" } },
      ],
      [
        "HEAD /people?select=id",
        { prefer: "count=exact", status: 206, text: "", sends: { "content-range": "0-2/4" } },
      ],
    ],
  );
});

describe("representations", () => {
  cases(
    () => town,
    [
      [
        "GET /people?select=id&id=eq.1",
        {
          sends: {
            "content-type": "application/json; charset=utf-8",
            "content-location": "/people?id=eq.1&select=id",
          },
        },
      ],
      [
        "GET /people?select=id&id=eq.1",
        {
          accept: "application/vnd.pgrst.object+json",
          json: { id: 1 },
          sends: { "content-type": "application/vnd.pgrst.object+json; charset=utf-8" },
        },
      ],
      [
        "GET /people?select=id",
        {
          accept: "application/vnd.pgrst.object+json",
          status: 406,
          json: {
            code: "PGRST116",
            message: "Cannot coerce the result to a single JSON object",
            details: "The result contains 3 rows",
            hint: null,
          },
        },
      ],
      [
        "GET /people?select=id&id=eq.77",
        {
          accept: "application/vnd.pgrst.object+json",
          status: 406,
          like: { code: "PGRST116", details: "The result contains 0 rows" },
        },
      ],
      [
        "GET /people?select=id,mood&id=eq.3",
        { accept: "application/vnd.pgrst.array+json;nulls=stripped", json: ids(3) },
      ],
      [
        "GET /people?select=id,mood&id=eq.3",
        { accept: "application/vnd.pgrst.object+json;nulls=stripped", json: { id: 3 } },
      ],
      [
        "GET /posts?select=id,title&id=in.(2,4)&order=id",
        {
          accept: "text/csv",
          text: 'id,title\n2,"Second, (thoughts)"\n4,"It\'s ""quoted"" \\\\ 100%"',
          sends: { "content-type": "text/csv; charset=utf-8" },
        },
      ],
      ["GET /posts?select=id&id=eq.77", { accept: "text/csv", text: "\n" }],
      ["GET /people?select=id&id=eq.1", { accept: "image/png, */*;q=0.1", json: ids(1) }],
      ["GET /people?select=id&id=eq.1", { accept: "text/csv;q=0.1, application/json", json: ids(1) }],
      [
        "GET /people?select=id",
        {
          accept: "image/png",
          status: 406,
          like: { code: "PGRST107", message: "None of these media types are available: image/png" },
        },
      ],
      ["OPTIONS /people", { sends: { allow: "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE" } }],
      ["OPTIONS /headlines_twice", { sends: { allow: "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE" } }],
      ["OPTIONS /rpc/add", { sends: { allow: "OPTIONS,GET,HEAD,POST" } }],
      ["OPTIONS /rpc/nothing", { sends: { allow: "OPTIONS,POST" } }],
    ],
  );
});
