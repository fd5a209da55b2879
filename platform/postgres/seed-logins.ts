/**
 * The people of the seed, for the table of `npm start`. A seed file names them in one comment:
 *
 *     -- sign-in: alice@example.com, bob@example.com with the password plaza-demo
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import postgres from "postgres";

export interface SeedLogins {
  emails: string[];
  password: string;
}

const line = /^-- sign-in: (\S+@\S+(?:, \S+@\S+)*) with the password (\S+)$/m;

/**
 * @param seedPaths the seed files, relative to supabase/ as in config.toml. A missing file is skipped
 * @param databaseUrl for a role that reads auth.users
 * @returns the people who are still in the database. Undefined if there are none
 */
export async function seedLogins(
  projectDir: string,
  seedPaths: string[],
  databaseUrl: string,
): Promise<SeedLogins | undefined> {
  const texts = await Promise.all(
    seedPaths.map((path) => readFile(resolve(projectDir, "supabase", path), "utf8").catch(() => "")),
  );
  const [, names, password] = line.exec(texts.join("\n")) ?? [];
  if (names === undefined || password === undefined) return undefined;
  const sql = postgres(databaseUrl, { max: 1, connect_timeout: 10 });
  try {
    const wanted = names.split(", ");
    const rows = await sql<{ email: string }[]>`
      select email from auth.users where email = any (${wanted}) order by array_position(${wanted}, email::text)
    `;
    return rows.length > 0 ? { emails: rows.map(({ email }) => email), password } : undefined;
  } finally {
    await sql.end();
  }
}
