/**
 * Writes the secrets of `[db.vault]` in config.toml to the Vault. The supabase CLI does the same, but only
 * when it has migrations to apply. So every start of the platform does it.
 */
import postgres from "postgres";
import type { Log } from "../log.ts";

/** What config.toml's text is if the variable is not set. */
const unset = /^env\(\w+\)$/;

/**
 * Creates the secrets, or gives them their value of now. It deletes none: a secret that has left
 * config.toml stays in the Vault.
 *
 * @param databaseUrl for the role postgres
 * @param secrets the values by name, in clear. One that is still `env(NAME)` is left out, as by the CLI
 * @throws the database's error. It names no value
 */
export async function writeVaultSecrets(
  databaseUrl: string,
  secrets: Record<string, string>,
  log: Log,
): Promise<void> {
  const missing = Object.entries(secrets).filter(([, value]) => unset.test(value));
  for (const [name, value] of missing) {
    log("warn", `the secret ${name} of [db.vault] is not written: there is no ${value}`);
  }
  const given = Object.entries(secrets).filter(([, value]) => !unset.test(value));
  const names = given.map(([name]) => name);
  if (names.length === 0) return;
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    const [vault] = await sql`select to_regclass('vault.secrets') is not null as present`;
    if (!vault?.present) {
      log("warn", "the database has no Vault, so the secrets of [db.vault] are not written");
      return;
    }
    await sql.begin(async (transaction) => {
      const rows = await transaction`select id, name from vault.secrets where name = any(${names})`;
      const known = new Map(rows.map((row) => [row.name, row.id]));
      for (const [name, value] of given) {
        const id = known.get(name);
        // Written without a look at the old value, which may come from a backup with another key.
        if (id === undefined) await transaction`select vault.create_secret(${value}, ${name})`;
        else await transaction`select vault.update_secret(${id}, ${value})`;
      }
    });
    log("debug", `wrote the secrets of [db.vault]: ${names.join(", ")}`);
  } finally {
    await sql.end();
  }
}
