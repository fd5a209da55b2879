/** What the tests of chat through supabase-js share: short names for its functions, called as a person. */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { Person } from "../people.ts";

export interface Author {
  id: string;
  username: string;
}

export interface Message {
  id: number;
  seq: number;
  sender: Author | null;
  client_id: string | null;
  change: string | null;
  target: Author | null;
  content: string;
  entities: { type: string; start: number; end: number }[];
  mentions: { username: string }[];
  reply_to: { content: string; is_deleted: boolean; sender: Author | null } | null;
  post: { id: number; content: string } | null;
  reactions: { emoji: string; profile_ids: string[] }[];
  is_deleted: boolean;
  edited_at: string | null;
  expires_at: string | null;
}

export interface Conversation {
  id: number;
  name: string | null;
  description: string;
  topic: string | null;
  role: string;
  members: Author[];
  member_count: number;
  last_message: Message | null;
  last_seq: number;
  unread: number;
  mentions: number;
  is_request: boolean;
  is_frozen: boolean;
  is_archived: boolean;
  is_pinned: boolean;
  muted_until: string | null;
  draft: string;
}

/** Calls a function. @returns its answer @throws Error with the `details` of a refusal */
export async function ask<T>(person: Person, name: string, args: Record<string, unknown> = {}): Promise<T> {
  const { data, error } = await person.client.rpc(name, args);
  if (error) throw Object.assign(new Error(error.message), { details: error.details || error.code });
  return data as T;
}

/** The code of the error with which a request is refused. */
export async function refusal(request: Promise<unknown>): Promise<string> {
  const outcome = await request.then(
    (answer) => new Error(`not refused: ${JSON.stringify(answer)}`),
    (error: Error & { details?: string }) => error,
  );
  if ("details" in outcome && outcome.details) return outcome.details;
  throw outcome;
}

export const direct = (person: Person, other: Person) =>
  ask<number>(person, "direct_conversation", { profile_id: other.id });

export const group = (person: Person, others: Person[], name = "Pebbles") =>
  ask<number>(person, "create_group", { name, member_ids: others.map(({ id }) => id) });

export const say = (
  person: Person,
  conversation_id: number,
  content: string,
  more: Record<string, unknown> = {},
) => ask<Message>(person, "send_message", { conversation_id, client_id: randomUUID(), content, ...more });

export const history = (person: Person, conversation_id: number, page_size = 100) =>
  ask<Message[]>(person, "messages", { conversation_id, page_size });

/** What people said, without what happened to the group. */
export const texts = async (person: Person, conversation: number) =>
  (await history(person, conversation)).filter(({ change }) => !change).map(({ content }) => content);

export const changes = async (person: Person, conversation: number) =>
  (await history(person, conversation)).flatMap(({ change }) => (change ? [change] : []));

export async function conversation(person: Person, conversation_id: number): Promise<Conversation> {
  const [row] = await ask<Conversation[]>(person, "conversation", { conversation_id });
  expect(row).toBeDefined();
  return row as Conversation;
}

export const folder = (person: Person, name = "inbox") =>
  ask<Conversation[]>(person, "conversations", { page_size: 100, folder: name });

export const totals = async (person: Person) =>
  (await ask<{ messages: number; message_requests: number }[]>(person, "unread"))[0] as {
    messages: number;
    message_requests: number;
  };

export const follow = (person: Person, other: Person) => ask(person, "follow", { profile_id: other.id });

export const block = (person: Person, other: Person) =>
  person.client.from("blocks").insert({ blocked_id: other.id }).throwOnError();

export const unblock = (person: Person, other: Person) =>
  person.client.from("blocks").delete().eq("blocked_id", other.id).throwOnError();
