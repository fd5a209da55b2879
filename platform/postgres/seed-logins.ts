/**
 * The people of the seed, for the table of `npm start`. A seed file names them in one comment:
 *
 *     -- sign-in: alice@example.com, bob@example.com with the password plaza-demo
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import postgres from "postgres";
import { isBcrypt, loadBcrypt } from "../auth/bcrypt.ts";
import { PlatformError } from "../errors.ts";

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

/**
 * Everybody can read the password of the seed. So nobody may still have it where others reach the API.
 * @param databaseUrl as above
 * @throws PlatformError seed_exposed
 */
export async function refuseLogins(logins: SeedLogins, databaseUrl: string, host: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, connect_timeout: 10 });
  try {
    const rows = await sql<{ email: string; hash: string }[]>`
      select email, encrypted_password as hash from auth.users
      where email = any (${logins.emails}) and encrypted_password <> ''
      order by email
    `;
    const { matches } = await loadBcrypt();
    const exposed = rows.filter(({ hash }) => isBcrypt(hash) && matches(logins.password, hash));
    if (exposed.length === 0) return;
    throw new PlatformError(
      "seed_exposed",
      `Refusing to listen on ${host}: everybody knows the password of ${exposed.map(({ email }) => email).join(", ")} from the seed. Start without --host and delete these people, or give them other passwords. Or begin with an empty database: npm run reset -- --host ${host}`,
    );
  } finally {
    await sql.end();
  }
}
