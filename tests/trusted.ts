/** People who count in trends and may be suggested, without the days that trust takes. */
import postgres from "postgres";
import { service } from "./people.ts";

/**
 * Makes people seeds of trust, who are trusted at once. It computes no trust: two files that computed it at the
 * same time could take it away from each other's people. Needs PLAZA_DB_URL.
 * @returns makes them no seeds any more
 */
export async function trust(ids: string[]): Promise<() => Promise<void>> {
  const set = async (is_seed: boolean) => {
    for (const profile_id of ids)
      await service().rpc("set_trust_seed", { profile_id, is_seed }).throwOnError();
  };
  await set(true);
  const owner = postgres(process.env.PLAZA_DB_URL as string, { max: 1 });
  await owner`insert into private.trust (profile_id) select unnest(${ids}::uuid[]) on conflict do nothing`;
  await owner.end();
  return () => set(false);
}
