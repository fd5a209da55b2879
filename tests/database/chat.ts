/** What the tests of chat share: short names for its functions, called as a person. */
import type { Person } from "./database.ts";

export interface Message {
  id: number;
  seq: number;
  conversation_id: number;
  sender: { id: string } | null;
  client_id: string | null;
  change: string | null;
  target: { id: string } | null;
  content: string;
  mentions: { username: string }[];
  reply_to_id: number | null;
  reply_to: { content: string; is_deleted: boolean; sender: { id: string } | null } | null;
  post: { id: number } | null;
  reactions: { emoji: string; count: number; profile_ids: string[] }[];
  is_deleted: boolean;
  edited_at: string | null;
}

export interface Conversation {
  id: number;
  kind: string;
  role: string;
  name: string | null;
  topic: string | null;
  members: { id: string }[];
  member_count: number;
  last_message: Message | null;
  last_seq: number;
  read_seq: number;
  unread: number;
  mentions: number;
  is_request: boolean;
  is_frozen: boolean;
  is_archived: boolean;
  is_pinned: boolean;
  draft: string;
  view: number;
  place: number;
}

let keys = 0;

/** Calls a function and answers its rows as JSON, as PostgREST would. */
export async function rows<T>(person: Person, call: string, ...values: unknown[]): Promise<T[]> {
  const found = await person.asks((sql) =>
    sql.unsafe(`select to_jsonb(answer) as answer from ${call} as answer`, values as never[]),
  );
  return found.map((row) => row.answer as T);
}

export async function one<T>(person: Person, call: string, ...values: unknown[]): Promise<T> {
  const [first] = await rows<T>(person, call, ...values);
  return first as T;
}

export const direct = (person: Person, other: Person) =>
  one<number>(person, "direct_conversation($1)", other.id);

export const group = (person: Person, name: string, others: Person[]) =>
  one<number>(
    person,
    "create_group($1, $2)",
    name,
    others.map((other) => other.id),
  );

export const say = (person: Person, conversation: number, content: string, replyTo?: number) =>
  one<Message>(
    person,
    "send_message($1, $2, $3, $4)",
    conversation,
    `key-${++keys}`,
    content,
    replyTo ?? null,
  );

export const history = (person: Person, conversation: number) =>
  rows<Message>(person, "messages($1)", conversation);

/** What people said, without what happened to the group. */
export const texts = async (person: Person, conversation: number) =>
  (await history(person, conversation))
    .filter((message) => !message.change)
    .map((message) => message.content);

export const conversation = (person: Person, id: number) => one<Conversation>(person, "conversation($1)", id);

export const folder = (person: Person, name: string) =>
  rows<Conversation>(person, "conversations(null, 100, $1)", name);
