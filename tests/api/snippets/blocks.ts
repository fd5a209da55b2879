/**
 * The TypeScript blocks of the README and of docs/, as programs that a test compiles and runs.
 * STYLE.md says what a block may assume.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export const projectDir = join(import.meta.dirname, "../../..");

export interface Block {
  /** The page, from the root of the project. */
  page: string;
  /** The line of the page on which the block begins. */
  line: number;
  code: string;
  /** The block shows a request that is refused: its fence is "ts refused". */
  isRefused: boolean;
}

export async function findBlocks(): Promise<Block[]> {
  const docs = await readdir(join(projectDir, "docs"), { recursive: true });
  const pages = ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)];
  const found = await Promise.all(
    pages.sort().map(async (page) => blocksOf(page, await readFile(join(projectDir, page), "utf8"))),
  );
  return found.flat();
}

/** @param text of a page in Markdown */
export function blocksOf(page: string, text: string): Block[] {
  return [...text.matchAll(/^```ts( refused)?\n([\s\S]*?)^```$/gm)].map(([, refused, code = ""], n) => ({
    page,
    line: text.slice(0, nth(text, n)).split("\n").length + 1,
    code,
    isRefused: refused !== undefined,
  }));
}

const nth = (text: string, n: number): number => [...text.matchAll(/^```ts( refused)?\n/gm)][n]?.index ?? 0;

/**
 * The module of a block. Its default export runs the block. A line of the module has the number
 * of the line of the page, so an error of the compiler names the place in the page.
 */
export function moduleOf({ code, line }: Block): string {
  const imports: string[] = [];
  const body = code.replace(/^import .*$/gm, (statement) => {
    imports.push(
      statement
        .replace(/from "[^"]*database\.types(\.ts)?"/, 'from "../../../supabase/database.types.ts"')
        .replace(/from "\.\/clients\//, 'from "../../../clients/'),
    );
    return "";
  });
  const head = [
    'import type { Assumed } from "../snippets/assumed.ts";',
    ...imports,
    "export default async ({ supabase, admin, url, publishableKey, email, password, alice, bob, post, draft }: Assumed) => { {",
  ];
  const padding = "\n".repeat(Math.max(1, line - 1));
  return `${head.join(" ")}${padding}${body}} };\n`;
}
