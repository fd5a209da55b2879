/** The people of a history. They sign up once, and each run starts with nothing done. */
import { randomBytes } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import { guest, type Person, service, signUp, target } from "../../people.ts";
import { peopleNames } from "./steps.ts";

export interface Population {
  people: (Person & { name: string })[];
  /** A part of their display names, words and tags, so that a search finds nobody else's. */
  token: string;
  guest: SupabaseClient;
}

/** Signs up one person for each name. */
export async function createPopulation(): Promise<Population> {
  const token = randomBytes(4).toString("hex");
  return {
    people: await Promise.all(peopleNames.map((name) => signUpAs(name, token))),
    token,
    guest: guest(),
  };
}

/** @param token the token of the population */
export async function signUpAs(name: string, token: string): Promise<Population["people"][number]> {
  return { ...(await signUp(name, { display_name: `${name} ${token}` })), name };
}

/**
 * Undoes everything that the people did. The order matters. A person cannot delete
 * rows that a block hides from them, nor their repost of a post they no longer see. To
 * delete the posts deletes their likes and bookmarks too.
 */
export async function fresh(population: Population): Promise<Population> {
  const ids = population.people.map(({ id }) => id);
  // One client that bypasses row-level security, or else each person's own client.
  const clients = target().secretKey ? [service()] : population.people.map(({ client }) => client);
  const empty = async (table: string, owner: string) => {
    for (const client of clients) await client.from(table).delete().in(owner, ids).throwOnError();
  };
  await empty("blocks", "blocker_id");
  for (const client of clients) {
    const flags = { is_private: false, shows_likes: false, is_searchable: true };
    await client.from("profiles").update(flags).in("id", ids).throwOnError();
  }
  await empty("posts", "author_id");
  await empty("follows", "follower_id");
  await empty("follow_requests", "requester_id");
  await empty("mutes", "muter_id");
  await empty("lists", "owner_id");
  await empty("tag_follows", "user_id");
  await empty("drafts", "author_id");
  return population;
}
