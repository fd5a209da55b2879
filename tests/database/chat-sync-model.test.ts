/**
 * A client that only applies what sync answers always has what a fresh client reads. Random
 * actions, random pages, several people. CHAT_STEPS says how many steps (2,000 when it is not set).
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { conversation, direct, group, type Message, one, rows, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

interface Page {
  stream: string;
  start_over: boolean;
  cursor: number;
  has_more: boolean;
  events: { seq: number; kind: string; payload: Message }[];
  snapshot: { messages: Message[] } | null;
}

/** What a client keeps of a conversation. */
interface Kept {
  cursor: number;
  view: number;
  messages: Map<number, Message>;
}

const steps = Number(process.env.CHAT_STEPS ?? 2000);

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

function dice(seed: number) {
  let state = seed;
  return (sides: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** The newest messages that a snapshot has. */
const shown = 50;

/** Asks sync until nothing is newer, and applies it. */
async function catchUp(person: Person, id: number, kept: Kept, pageSize: number) {
  const { view } = await conversation(person, id);
  // A cursor that nobody can know asks for a snapshot.
  if (view !== kept.view) kept.cursor = 1e15;
  kept.view = view;
  for (;;) {
    const pages = await rows<Page>(person, "sync($1, $2)", { [`conversation:${id}`]: kept.cursor }, pageSize);
    const page = pages.find((found) => found.stream === `conversation:${id}`) as Page;
    if (page.start_over)
      kept.messages = new Map(page.snapshot?.messages.map((message) => [message.id, message]));
    let expected = kept.cursor;
    for (const event of page.events) {
      expect(event.seq).toBe(++expected);
      if (event.kind === "message") kept.messages.set(event.payload.id, event.payload);
    }
    kept.cursor = page.cursor;
    if (!page.has_more) return;
  }
}

test(`after ${steps} random steps a client that followed has what a fresh one reads`, {
  timeout: 60_000 + steps * 100,
}, async () => {
  const roll = dice(7);
  const people: Person[] = [];
  for (let n = 0; n < 4; n += 1) people.push(await db.signUp(`follower_${n}`));
  const [host, second] = people as [Person, Person];
  const ids = [await group(host, "One", people.slice(1)), await direct(host, second)];
  const kept = new Map<string, Kept>();
  const written: number[] = [];
  let compared = 0;
  for (let step = 0; step < steps; step += 1) {
    const person = people[roll(people.length)] as Person;
    const other = people[roll(people.length)] as Person;
    const id = ids[roll(ids.length)] as number;
    const message = written[Math.max(0, written.length - 1 - roll(10))] ?? 0;
    const actions = [
      async () => written.push((await say(person, id, `${step}`)).id),
      async () => written.push((await say(person, id, `${step}`, message || undefined)).id),
      () => one(person, "edit_message($1, $2)", message, `edited ${step}`),
      () => one(person, "delete_message($1, true)", message),
      () => one(person, "delete_message($1)", message),
      () => one(person, "react($1, $2)", message, ["👍", "🎉"][roll(2)]),
      () => one(person, "unreact($1, $2)", message, ["👍", "🎉"][roll(2)]),
      () => one(person, "mark_conversation_read($1, $2)", id, step),
      () => one(host, "update_group($1, $2)", ids[0], `Name ${step}`),
      () =>
        roll(4)
          ? Promise.resolve()
          : person.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`),
      () => person.asks((sql) => sql`delete from blocks`),
      () => one(person, "set_conversation($1, keeps_deleted => $2)", id, roll(2) === 0),
    ];
    await (actions[roll(actions.length)] as () => Promise<unknown>)().catch((error: { code?: string }) => {
      if (!/^(PT4|23505)/.test(error.code ?? "")) throw error;
    });

    if (roll(4) && step !== steps - 1) continue;
    for (const who of step === steps - 1 ? people : [person]) {
      const name = `${who.id} ${id}`;
      if (id === ids[1] && who !== host && who !== second) continue;
      const mine = kept.get(name) ?? { cursor: 1e15, view: 0, messages: new Map() };
      kept.set(name, mine);
      await catchUp(who, id, mine, 1 + roll(9));
      const fresh = (await rows<Message>(who, "messages($1, page_size => $2)", id, shown)).slice(-shown);
      const followed = [...mine.messages.values()].sort((a, b) => a.seq - b.seq).slice(-fresh.length);
      // A quoted message that changes later is its own event. A client looks it up by its id.
      const plain = (list: Message[]) => list.map((one) => ({ ...one, reply_to: null }));
      expect(plain(followed), `step ${step}`).toEqual(plain(fresh));
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(steps / 10);
});
