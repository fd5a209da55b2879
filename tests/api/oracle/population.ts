/** The people of a history. They sign up once, and each run starts with nothing done. */
import { randomBytes, randomUUID } from "node:crypto";
import type { SupabaseClient } from "@supabase/supabase-js";
import postgres, { type Sql } from "postgres";
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
  /** Whether the account is older than 7 days. */
  isEstablished: boolean;
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
  /** The role postgres. Null if the environment names no database. Then nobody asks for notifications. */
  owner: Sql | null;
}

/** Codes are good for 15 minutes. Newcomers who wait longer than this are replaced. */
const patienceMs = 8 * 60_000;

/** Signs up somebody for each name. */
export async function createPopulation(): Promise<Population> {
  const token = randomBytes(4).toString("hex");
  const { PLAZA_DB_URL } = process.env;
  const owner = PLAZA_DB_URL ? postgres(PLAZA_DB_URL, { max: 1, idle_timeout: 1, onnotice() {} }) : null;
  const people = await Promise.all(peopleNames.map((name) => signUpAs(name, token)));
  if (owner)
    await establish(
      owner,
      people.filter((_, n) => n % 2 === 1),
    );
  return {
    people,
    newcomers: await Promise.all(newcomerNames.map((name) => arrive(name, token))),
    token,
    guest: guest(),
    owner,
  };
}

/** Makes these accounts old. */
async function establish(owner: Sql, people: Member[]): Promise<void> {
  for (const one of people) {
    await owner`update profiles set created_at = created_at - interval '8 days' where id = ${one.id}`;
    one.isEstablished = true;
  }
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
  return { id, client, name, username, names, isEstablished: false };
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
  const isEstablished = false;
  return {
    id,
    client,
    name,
    username,
    names,
    isEstablished,
    email,
    code,
    signedUpAtMs: Date.now(),
    isUsed: false,
  };
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
  await empty("notification_preferences", "user_id");
  await empty("thread_mutes", "user_id");
  await forgetChats(population);
  await letDayPass(population);
  await restartStreams(population);
  await Promise.all(population.people.map(({ client, id, username }) => takeName(client, id, username)));
  population.newcomers = await Promise.all(population.newcomers.map((one) => freshNewcomer(population, one)));
  return population;
}

/** The streams and topics of everybody have all news of conversations. Then the next event of everybody has the number 1. */
export async function settleChats(population: Population): Promise<void> {
  const { owner } = population;
  if (owner === null) return;
  await deliverChats(owner);
  await restartStreams(population);
}

/** The job tells about conversations now. */
export async function deliverChats(owner: Sql): Promise<void> {
  for (;;) {
    const [left] = await owner`
      select from private.conversation_bells union all select from private.conversation_tellings
      union all select from private.conversation_moves union all select from private.receipt_switches limit 1`;
    if (!left) return;
    // It does nothing while cron runs it.
    await owner.unsafe("call private.deliver_chat()");
  }
}

async function forgetChats({ owner, people, newcomers }: Population): Promise<void> {
  if (owner === null) return;
  const ids = [...people, ...newcomers].map(({ id }) => id);
  await owner`
    delete from private.conversations where id in (
      select conversation_id from private.conversation_members where user_id = any (${ids}::uuid[])
    )`;
  await owner`delete from private.conversation_tellings where user_id = any (${ids}::uuid[])`;
  await owner`delete from private.chat_settings where user_id = any (${ids}::uuid[])`;
}

/** From now on, no notification that was withdrawn returns to its place. */
export async function letDayPass({ owner, people, newcomers }: Population): Promise<void> {
  if (owner === null) return;
  const ids = [...people, ...newcomers].map(({ id }) => id);
  await owner`
    update private.notifications set withdrawn_at = withdrawn_at - interval '1 day'
    where recipient_id = any (${ids}::uuid[]) and withdrawn_at is not null`;
}

/**
 * The next event of everybody has the number 1. So the same history has the same numbers. The groups of
 * earlier histories are read, so that they collect no more.
 */
async function restartStreams({ owner, people }: Population): Promise<void> {
  if (owner === null) return;
  const ids = people.map(({ id }) => id);
  await owner.begin(async (sql) => {
    // A job that tells these people something waits.
    await sql`select from private.streams where user_id = any (${ids}::uuid[]) order by user_id for update`;
    await sql`delete from private.stream_events where user_id = any (${ids}::uuid[])`;
    await sql`
      update private.notification_groups set is_marked_unread = false
      where recipient_id = any (${ids}::uuid[]) and is_marked_unread`;
    await sql`
      update private.streams set last_seq = 0, read_up_to = last_id where user_id = any (${ids}::uuid[])`;
  });
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
