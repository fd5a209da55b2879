/** Finds import circles: files that import each other, directly or through others. */
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Type imports count too: a circle of types ties files together just as much.
 * Only imports of a relative path count; packages cannot import from this tree.
 * @param root the folder that the patterns start from
 * @param patterns which files to look at, such as `platform/**\/*.ts`
 * @returns each circle as a path of files that ends where it begins, such as
 *   `a.ts → b.ts → a.ts`. At least one for each group of files that import each other.
 */
export async function importCircles(root: string, patterns: string[]): Promise<string[]> {
  const imports = await readImports(root, patterns);
  const circles: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];

  function visit(file: string): void {
    const start = path.indexOf(file);
    if (start >= 0) {
      circles.push([...path.slice(start), file].join(" → "));
      return;
    }
    if (finished.has(file)) return;
    path.push(file);
    for (const imported of imports.get(file) ?? []) visit(imported);
    path.pop();
    finished.add(file);
  }

  for (const file of imports.keys()) visit(file);
  return circles;
}

/**
 * What each file imports from this tree.
 */
export async function readImports(root: string, patterns: string[]): Promise<Map<string, string[]>> {
  const imports = new Map<string, string[]>();
  for await (const file of glob(patterns, { cwd: root })) imports.set(file, []);
  for (const [file, found] of imports) {
    for (const specifier of specifiersOf(await readFile(join(root, file), "utf8"))) {
      if (!specifier.startsWith(".")) continue;
      const imported = join(dirname(file), specifier);
      if (imports.has(imported)) found.push(imported);
    }
  }
  return imports;
}

/** `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`, with or without `type`. */
function specifiersOf(source: string): string[] {
  const statement = /^(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm;
  const call = /\bimport\(\s*["']([^"']+)["']/g;
  return [...source.matchAll(statement), ...source.matchAll(call)].map(
    ([, from, bare]) => (from ?? bare) as string,
  );
}
