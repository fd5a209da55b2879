/** The people of a history. They sign up once, and each run starts with nothing done. */
import { randomBytes, randomUUID } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import { codeIn, freshUsername, guest, mailTo, type Person, service, signUp, target } from "../../people.ts";
import { newcomerNames, peopleNames } from "./steps.ts";

/** A person or a newcomer. */
export interface Member extends Pick<Person, "id" | "client"> {
  /** What the tests call them: alice. */
  name: string;
  /** The username that they had first. */
  username: string;
  /** The two usernames that they change between. The first is the one of their sign-up. */
  names: [string, string];
}

/** Somebody who signed up. Their client is signed in when they confirm. */
export interface Newcomer extends Member {
  email: string;
  /** The code in the mail that they got. */
  code: string;
  signedUpAtMs: number;
  /** Whether a history used the code. */
  isUsed: boolean;
}

export interface Population {
  people: Member[];
  newcomers: Newcomer[];
  /** A part of their display names, words and tags, so that a search finds nobody else's. */
  token: string;
  guest: SupabaseClient;
}

/** Codes are good for 15 minutes. Newcomers who wait longer than this are replaced. */
const patienceMs = 8 * 60_000;

/** Signs up somebody for each name. */
export async function createPopulation(): Promise<Population> {
  const token = randomBytes(4).toString("hex");
  return {
    people: await Promise.all(peopleNames.map((name) => signUpAs(name, token))),
    newcomers: await Promise.all(newcomerNames.map((name) => arrive(name, token))),
    token,
    guest: guest(),
  };
}

/** In the order of the letters too, in any population. */
const secondOf = (name: string): string => freshUsername(`${name}_b`);

/**
 * Signs up a person and takes them through both of their names, so that both are theirs
 * from now on.
 * @param token the token of the population
 */
export async function signUpAs(name: string, token: string): Promise<Member> {
  const { id, client, username } = await signUp(`${name}_a`, { display_name: `${name} ${token}` });
  const names: [string, string] = [username, secondOf(name)];
  for (const name of names.toReversed()) await takeName(client, id, name);
  return { id, client, name, username, names };
}

/** Signs up and reads the mail, but does not confirm. */
async function arrive(name: string, token: string): Promise<Newcomer> {
  const username = freshUsername(`${name}_a`);
  const email = `${username}@example.com`;
  const client = guest();
  const data = { username, display_name: `${name} ${token}` };
  const signedUp = await client.auth.signUp({ email, password: randomUUID(), options: { data } });
  if (signedUp.error) throw signedUp.error;
  const id = signedUp.data.user?.id as string;
  const code = codeIn(await mailTo(email));
  const names: [string, string] = [username, secondOf(name)];
  return { id, client, name, username, names, email, code, signedUpAtMs: Date.now(), isUsed: false };
}

const takeName = (client: SupabaseClient, id: string, username: string) =>
  client.from("profiles").update({ username }).eq("id", id).throwOnError();

/**
 * Undoes everything that the people did. The order matters. A person cannot delete
 * rows that a block hides from them, nor their repost of a post they no longer see. To
 * delete the posts deletes their likes and bookmarks too.
 */
export async function fresh(population: Population): Promise<Population> {
  const people = [...population.people, ...population.newcomers.filter(({ isUsed }) => isUsed)];
  const ids = people.map(({ id }) => id);
  // One client that bypasses row-level security, or else each person's own client.
  const clients = target().secretKey ? [service()] : people.map(({ client }) => client);
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
  await Promise.all(population.people.map(({ client, id, username }) => takeName(client, id, username)));
  population.newcomers = await Promise.all(population.newcomers.map((one) => freshNewcomer(population, one)));
  return population;
}

/** The newcomer, or another one of this name if they confirmed or their code is too old. */
async function freshNewcomer({ token }: Population, one: Newcomer): Promise<Newcomer> {
  if (!one.isUsed && Date.now() - one.signedUpAtMs < patienceMs) return one;
  if (target().secretKey) {
    const { error } = await service().auth.admin.deleteUser(one.id);
    if (error) throw error;
  } else if (one.isUsed) {
    const unseen = { display_name: "", is_searchable: false };
    await one.client.from("profiles").update(unseen).eq("id", one.id).throwOnError();
  }
  return arrive(one.name, token);
}
