/** A quiet moment, as far as it is about conversations: what a device knows, and what the API says now. */
import { isDeepStrictEqual } from "node:util";
import type { Report } from "./devices.ts";
import { type KnownList, type KnownRoom, type Message, type Receipt, readList } from "./rooms.ts";
import type { Desk, Person, Stage } from "./stage.ts";

/** What the API says to somebody who asks now. */
export interface FreshChat {
  list: KnownList;
  /** The conversations that the person may read, among those that were asked for. */
  rooms: Record<string, FreshRoom>;
}

type FreshRoom = Pick<KnownRoom, "cursor" | "row" | "receipts"> & { messages: Message[] };

/** How many messages of a conversation are compared. */
const pageSize = 100;
/** A snapshot is asked for with a cursor that is ahead. */
const ahead = Number.MAX_SAFE_INTEGER;

/** @param ids the conversations that are open on a device of this person */
export async function freshChat({ client }: Person, ids: number[]): Promise<FreshChat> {
  const cursors = Object.fromEntries(ids.map((id) => [`conversation:${id}`, ahead]));
  const { data: pages } = await client.rpc("sync", { cursors }).throwOnError();
  const read = await readList(client);
  if (!read) throw new Error("Somebody cannot read their conversations");
  const { list } = read;
  const rooms: FreshChat["rooms"] = {};
  for (const { stream, cursor, snapshot } of pages) {
    if (!stream.startsWith("conversation:")) continue;
    const id = Number(stream.slice("conversation:".length));
    const args = { conversation_id: id, page_size: pageSize };
    const { data: messages } = await client.rpc("messages", args).throwOnError();
    const receipts = snapshot.receipts.map(
      ({ profile, delivered_seq, read_seq }: Receipt & { profile: { id: string } }) => [
        profile.id,
        { profile_id: profile.id, delivered_seq, read_seq },
      ],
    );
    rooms[id] = { cursor, row: snapshot.conversation, messages, receipts: Object.fromEntries(receipts) };
  }
  return { list, rooms };
}

/** @param fresh without `list`, the list is not compared */
export function compareChat(
  { tally }: Stage,
  report: Report,
  own: string,
  fresh: Omit<FreshChat, "list"> & { list: KnownList | undefined },
): string | null {
  if (fresh.list && !isDeepStrictEqual(report.list, fresh.list)) {
    return `list\n  is:        ${JSON.stringify(report.list)}\n  should be: ${JSON.stringify(fresh.list)}`;
  }
  tally.chat.listed += fresh.list?.rows.length ?? 0;
  const expected = report.wanted.filter((id) => fresh.rooms[id]).map(String);
  const known = Object.keys(report.rooms);
  if (!isDeepStrictEqual(known.toSorted(), expected.toSorted())) {
    return `rooms\n  are:       ${known}\n  should be: ${expected}`;
  }
  for (const [id, room] of Object.entries(report.rooms)) {
    const wrong = compareRoom(tally, room, own, fresh.rooms[id] as FreshRoom);
    if (wrong) return `${wrong.split(":", 1)[0]} of conversation ${id}\n${wrong}`;
  }
  return null;
}

function compareRoom(
  { chat }: Stage["tally"],
  known: KnownRoom,
  own: string,
  fresh: FreshRoom,
): string | null {
  chat.rooms++;
  if (known.cursor !== fresh.cursor) return `cursor: is ${known.cursor}, should be ${fresh.cursor}`;
  const from = Math.max(known.from, fresh.messages.length < pageSize ? 0 : (fresh.messages[0]?.seq ?? 0));
  const are = Object.values(known.messages)
    .filter(({ seq }) => seq >= from)
    .toSorted((a, b) => a.seq - b.seq)
    .map(plain);
  const should = fresh.messages.filter(({ seq }) => seq >= from).map(plain);
  chat.messages += should.length;
  const n = should.findIndex((message, at) => !isDeepStrictEqual(message, are[at]));
  if (n >= 0 || are.length !== should.length) {
    const at = n < 0 ? should.length : n;
    return `messages: number ${at} of ${are.length}, not ${should.length}\n  is:        ${JSON.stringify(are[at])}\n  should be: ${JSON.stringify(should[at])}`;
  }
  for (const field of ["name", "is_locked", "history"]) {
    if (known.row[field] !== fresh.row[field])
      return `row: ${field} is ${known.row[field]}, should be ${fresh.row[field]}`;
  }
  for (const [id, receipt] of Object.entries(fresh.receipts)) {
    if (id === own) continue;
    chat.receipts++;
    // If no event told of this member, they have got nothing.
    const is = known.receipts[id] ?? { profile_id: id, delivered_seq: 0, read_seq: 0 };
    if (!isDeepStrictEqual(is, receipt))
      return `receipts: is ${JSON.stringify(is)}, should be ${JSON.stringify(receipt)}`;
  }
  return null;
}

/** Without the quote and the shared post, because a client looks them up. If they change, the message has no event. */
const plain = (message: Message): Message => ({ ...message, reply_to: null, post: null });

/** What an outbox said is there once and in order, unless the server refused it. */
export async function checkSaid(
  { town: { sql }, people, tally }: Stage,
  { said, owner, device }: Desk,
  { refused }: Report,
): Promise<string | null> {
  if (said.length === 0) return null;
  const prefix = `said ${device.network.url} `;
  const rows = await sql`
    select conversation_id, content from private.messages
    where sender_id = ${(people[owner] as Person).id} and starts_with(content, ${prefix})
    order by seq`;
  const left = new Set(
    (await sql`select id from private.conversations where member_count > 0`).map(({ id }) => Number(id)),
  );
  for (const id of new Set(said.map(({ conversation_id }) => conversation_id))) {
    // The last member left it.
    if (!left.has(id)) continue;
    const are = rows
      .filter(({ conversation_id }) => Number(conversation_id) === id)
      .map(({ content }) => content);
    const should = said
      .filter(({ key, conversation_id }) => conversation_id === id && !refused.includes(key))
      .map(({ content }) => content);
    tally.chat.said += should.length;
    if (!isDeepStrictEqual(are, should)) {
      return `said in ${id}\n${should.join("\n")}\nand there are\n${are.join("\n")}`;
    }
  }
  return null;
}
