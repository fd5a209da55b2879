import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readable, sentencesOf } from "./prose.ts";
import { longest, riddlesIn, turns } from "./riddles.ts";

const root = join(import.meta.dirname, "../../..");

/** Nobody may change these any more, or a program writes them. */
const frozen = [
  "bench/results/",
  "platform/postgres/bootstrap/",
  "platform/postgres/extensions/",
  "supabase/migrations/",
  "supabase/database.types.ts",
  "web/built/",
  "web/dist/",
];

/** These quote riddles, to say that nobody should write them. */
const quoting = ["STYLE.md", "tests/platform/plain-english/"];

const isIn = (places: string[]) => (file: string) => places.some((place) => file.startsWith(place));

/** The files of the repository that this test reads: not those with a dot, and not the packages of npm. */
async function files(): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    if (entry.isFile()) found.push(entry.name);
    if (!entry.isDirectory() || entry.name.startsWith(".")) continue;
    const inside = await readdir(join(root, entry.name), { recursive: true });
    found.push(...inside.map((path) => join(entry.name, path)));
  }
  return found
    .filter((file) => readable.includes(extname(file)) && !/(?:^|\/)\./.test(file))
    .filter((file) => !isIn([...frozen, ...quoting])(file))
    .sort();
}

async function riddlesOf(paths: string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const source = await readFile(join(root, path), "utf8");
      return sentencesOf(path, source).flatMap((sentence) =>
        riddlesIn(sentence).map((riddle) => `${path}:${sentence.line}: ${riddle} in: ${sentence.text}`),
      );
    }),
  );
  return found.flat();
}

test("comments, docs, errors and names are in plain English", async () => {
  const paths = await files();
  expect(paths).toEqual(expect.arrayContaining(["README.md", "platform/main.ts", "seed.sql"]));
  expect(await riddlesOf(paths)).toEqual([]);
});

describe("the search", () => {
  const riddlesAt = (path: string, source: string) => sentencesOf(path, source).flatMap(riddlesIn);

  test.each(turns.map(({ not, but, turn }) => [not, but, turn] as const))(
    "finds “%s” and not “%s”",
    (not, but, turn) => {
      expect(riddlesAt("a.md", not)).toContain(`"${turn.exec(not)?.[0].trim()}"`);
      expect(riddlesAt("a.md", but)).toEqual([]);
    },
  );

  test.each([
    [
      "a docstring",
      "a.ts",
      "/**\n * Plain.\n * @returns the posts of people\n *   whom she follows\n */\nrun();",
    ],
    ["a line comment", "a.ts", "run(); // whom\n"],
    ["an error", "a.ts", "throw new Error(`Nobody, whom you follow`);"],
    ["the title of a test", "a.test.ts", 'test("alice reads whom she follows", run);'],
    ["an SQL comment", "a.sql", "-- People\n-- whom she follows.\nselect 1;"],
    ["a comment on a table", "a.sql", "comment on table follows is\n  'People whom she follows.';"],
    ["the name of a policy", "a.sql", 'create policy "People read whom they follow" on posts;'],
    ["an SQL error", "a.sql", "raise sqlstate 'PT404' using message = 'Nobody whom you see';"],
    ["a setting's comment", "a.toml", "a = 1\n# People whom she follows.\n"],
    ["a cell of a table", "a.md", "| a | b |\n|---|---|\n| plain | people whom she follows |\n"],
    ["a page's text", "a.html", "<p>People whom she follows.</p>"],
  ])("reads %s", (_, path, source) => {
    expect(riddlesAt(path, source)).toEqual(['"whom"']);
    expect(riddlesAt(path, source.replace("whom", "that"))).toEqual([]);
  });

  test("does not read code", () => {
    expect(riddlesAt("a.ts", "const whom = people;\n")).toEqual([]);
    expect(riddlesAt("a.md", "Plain.\n\n```\nwhom\n```\n\n    whom\n\n`whom`\n")).toEqual([]);
  });

  test("finds a sentence that is too long, even over several lines", () => {
    const words = (count: number) => `/**\n * ${Array(count).fill("word").join("\n * ")}.\n * Short.\n */`;
    expect(riddlesAt("a.ts", words(longest))).toEqual([]);
    expect(riddlesAt("a.ts", words(longest + 1))).toEqual([`${longest + 1} words`]);
  });

  test("names the line", () => {
    expect(sentencesOf("a.ts", "run();\n/**\n * Plain.\n *\n * Whom.\n */")).toMatchObject([
      { line: 3, text: "Plain." },
      { line: 5, text: "Whom." },
    ]);
  });
});
