/**
 * The conversations of the scenario chat, in a town of notification-town.ts. The functions
 * that people call make them. Only chat.sql writes messages that nobody sent.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "postgres";
import { connect, on, type Town } from "./notification-town.ts";

/** Rounds of the parts that compare times. The others take a part of them. */
export const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 21);
export const text = "A message of ordinary length, as people write them all day long.";

/** A row of a table of Markdown. */
export const line = (...cells: (string | number)[]) => `| ${cells.join(" | ")} |`;

/** The numbers of `count` people. */
export const people = (first: number, count: number) => Array.from({ length: count }, (_, n) => first + n);

/** A connection that acts as one person. The caller ends it. */
export async function actAs(town: Town, person: number): Promise<Sql> {
  const sql = connect(town.databaseUrl, "authenticated");
  await sql`select set_config('request.jwt.claims', ${town.claimsOf(person)}, false)`;
  return sql;
}

/** The direct conversation of two people. @returns its id */
export async function pair(town: Town, one: number, other: number): Promise<string> {
  const sql = await actAs(town, one);
  const made = await sql`select direct_conversation(${town.idOf(other)}) as id`;
  await sql.end();
  return (await accept(town, made))[0] as string;
}

/**
 * Groups with the same owner.
 * @param others the other members of each group
 * @returns the ids, in this order
 */
export async function groups(town: Town, owner: number, others: number[][]): Promise<string[]> {
  const sql = await actAs(town, owner);
  const made = await Promise.all(
    others.map((people) => sql`select create_group('Room', ${people.map(town.idOf)}) as id`),
  );
  await sql.end();
  return await accept(town, made.flat());
}

/** Nobody's conversation waits among the requests. */
async function accept(town: Town, made: { id?: string }[]): Promise<string[]> {
  const ids = made.map(({ id }) => id as string);
  await on(
    town.adminUrl,
    (admin) => admin`
      update private.conversation_members set is_accepted = true where conversation_id = any (${ids}::bigint[])`,
  );
  return ids;
}

/** @param sql acts as a member */
export const send = (sql: Sql, conversation: string) =>
  sql`select seq from send_message(${conversation}, ${crypto.randomUUID()}, ${text})`;

/** The topic for which members listen to a conversation now. */
export async function topicOf(town: Town, conversation: string): Promise<string> {
  const [row] = await on(
    town.adminUrl,
    (sql) =>
      sql`select private.topic_of(conversations) as topic from private.conversations where id = ${conversation}`,
  );
  return row?.topic;
}

/** Writes old messages: half of them into this conversation, half into all others (bench/chat.sql). */
export async function store(town: Town, conversation: string, messages: number): Promise<void> {
  const variables: Record<string, number | string> = { conversation, messages, text };
  const file = await readFile(join(import.meta.dirname, "chat.sql"), "utf8");
  await on(town.adminUrl, async (sql) => {
    await sql`set statement_timeout = 0`;
    await sql.unsafe(file.replace(/(?<!:):([a-z]+)\b/g, (_, name) => String(variables[name]))).simple();
    await sql`vacuum (analyze)`;
  });
}

/** @returns the ids of conversations whose numbers have a gap */
export async function gaps(town: Town): Promise<string[]> {
  const rows = await on(
    town.adminUrl,
    (sql) => sql`
      select conversations.id
      from private.conversations
      cross join lateral (
        select
          (select count(*) from private.messages where messages.conversation_id = conversations.id)
            + (select count(*) from private.conversation_events as events where events.conversation_id = conversations.id)
      ) as log (entries)
      where log.entries <> conversations.last_seq`,
  );
  return rows.map(({ id }) => id);
}
