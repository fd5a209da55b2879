/** The text fields, the routes and the parameters of addresses that web/ has, read from its sources. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const webDir = join(import.meta.dirname, "../../web");
/** field.tsx makes the elements; the others name them. */
const notFields = new Set(["parts/field.tsx"]);

/** Every source of a folder of web/, as `[path within web/, text]`. */
async function sources(): Promise<[path: string, text: string][]> {
  const found: [string, string][] = [];
  for (const folder of ["app", "pages", "parts", "store"]) {
    const names = await readdir(join(webDir, folder), { recursive: true });
    for (const name of names.filter((each) => /\.tsx?$/.test(each)).toSorted())
      found.push([`${folder}/${name}`, await readFile(join(webDir, folder, name), "utf8")]);
  }
  return found;
}

/** @returns each text field as `file name`, such as `pages/lists.tsx name`. A field without a name is `file ?` */
export async function fieldsOfSources(): Promise<string[]> {
  const found = (await sources()).flatMap(([path, text]) =>
    notFields.has(path)
      ? []
      : [...text.matchAll(/<(?:Field|Area|input|textarea)\s[\s\S]*?\/>/g)].map(
          ([tag]) => `${path} ${/\sname="(\w+)"/.exec(tag)?.[1] ?? "?"}`,
        ),
  );
  // The field of a message is a component of its own with this name.
  return [...new Set(found)].filter((each) => each !== "pages/chat/composer.tsx ?").toSorted();
}

/** @returns the paths of app/routes.ts, such as `/posts/:id` */
export async function routesOfSources(): Promise<string[]> {
  const text = await readFile(join(webDir, "app/routes.ts"), "utf8");
  return [...text.matchAll(/path: "([^"]+)"/g)].map(([, path = ""]) => path);
}

/** @returns the names of parameters that a page reads from its address */
export async function parametersOfSources(): Promise<string[]> {
  const found = (await sources()).flatMap(([, text]) =>
    [...text.matchAll(/(?:query|values)\.get\((?:"(\w+)"|\w+)\)/g)].map(([whole, name]) => name ?? whole),
  );
  return [...new Set(found)].toSorted();
}
