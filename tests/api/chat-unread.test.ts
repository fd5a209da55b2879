/**
 * Unread messages and receipts through supabase-js, also when everybody writes, reads and deletes
 * at once. CHAT_ROUNDS: how many rounds of races, 6 when it is not set.
 */
import { beforeAll, expect, test } from "vitest";
import { type Person, signUp } from "../people.ts";
import {
  ask,
  conversation,
  folder,
  follow,
  group,
  history,
  type Message,
  refusal,
  say,
  totals,
} from "./chat.ts";

const rounds = Number(process.env.CHAT_ROUNDS ?? 6);

let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  [alice, bob, carol] = await Promise.all([signUp("alice"), signUp("bob"), signUp("carol")]);
  for (const one of [bob, carol]) await follow(one, alice);
});

const mark = (person: Person, conversation_id: number, seq: number) =>
  ask<number>(person, "mark_conversation_read", { conversation_id, seq });
const receipts = (person: Person, conversation_id: number) =>
  ask<{ profile: { id: string }; delivered_seq: number; read_seq: number }[]>(person, "receipts", {
    conversation_id,
  });

/** Counts what a person has not read, from the messages that they read. */
async function recount(person: Person, id: number): Promise<number> {
  const { read_seq } = (await conversation(person, id)) as unknown as { read_seq: number };
  const unread = (await history(person, id)).filter(
    (one) => one.seq > read_seq && !one.change && !one.is_deleted && one.sender?.id !== person.id,
  );
  return unread.length;
}

test(`unread equals a recount after each of ${rounds} rounds in which three people do everything at once`, {
  timeout: 30_000 + rounds * 10_000,
}, async () => {
  const people = [alice, bob, carol];
  const rooms = [await group(alice, [bob, carol]), await group(alice, [bob, carol])];
  const said: Message[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const some = said.slice(-6);
    const work = people.flatMap((person, n) =>
      rooms.flatMap((id) => [
        async () => void said.push(await say(person, id, `round ${round}`)),
        async () => void said.push(await say(person, id, `round ${round} again`)),
        async () => mark(person, id, some[n]?.seq ?? 0),
        async () => ask(person, "mark_conversation_unread", { conversation_id: id }),
        async () =>
          some[n] && ask(person, "delete_message", { message_id: some[n].id, for_everyone: n === 0 }),
        async () =>
          some[n + 3] && ask(person, "delete_message", { message_id: some[n + 3]?.id, for_everyone: n > 0 }),
      ]),
    );
    await Promise.all(
      work.map((does) =>
        does().catch((error: Error & { details?: string }) => {
          if (!["message_not_found", "not_your_message"].includes(error.details ?? "")) throw error;
        }),
      ),
    );
    for (const person of people) {
      let sum = 0;
      for (const row of await folder(person)) {
        const counted = await recount(person, row.id);
        expect({ round, unread: row.unread }).toEqual({ round, unread: counted });
        sum += counted;
      }
      expect({ round, ...(await totals(person)) }).toMatchObject({
        round,
        messages: sum,
        message_requests: 0,
      });
    }
  }
  expect(said.length).toBe(rounds * 12);
});

test("two devices of bob mark at once, and the pointer is the higher one", async () => {
  const id = await group(alice, [bob]);
  const sent = [await say(alice, id, "1"), await say(alice, id, "2"), await say(alice, id, "3")];
  await Promise.all(sent.toReversed().flatMap(({ seq }) => [mark(bob, id, seq), mark(bob, id, 0)]));
  expect(await conversation(bob, id)).toMatchObject({ unread: 0, read_seq: sent[2]?.seq });
  expect(await mark(bob, id, 0)).toBe(0);
  // A number that is not there yet is the last one.
  await mark(bob, id, 1_000_000);
  await say(alice, id, "4");
  expect(await conversation(bob, id)).toMatchObject({ unread: 1 });
  expect(await ask(bob, "mark_conversation_unread", { conversation_id: id })).toBe(1);
});

test("a message is unread until it is read or deleted, and what bob says himself never is", async () => {
  const id = await group(alice, [bob]);
  const [first, second] = [await say(alice, id, "1"), await say(alice, id, "2")];
  await say(alice, id, "3");
  expect(await conversation(bob, id)).toMatchObject({ unread: 3 });
  await ask(alice, "delete_message", { message_id: second.id, for_everyone: true });
  expect(await conversation(bob, id)).toMatchObject({ unread: 2 });
  expect(await mark(bob, id, first.seq)).toBe(1);
  await ask(bob, "mark_conversation_unread", { conversation_id: id });
  expect(await conversation(bob, id)).toMatchObject({ unread: 1, is_marked_unread: true });
  await say(bob, id, "mine");
  expect(await conversation(bob, id)).toMatchObject({ unread: 0, is_marked_unread: false });
});

test("others see how far bob read, never backwards, until one of them does not want it", async () => {
  const id = await group(alice, [bob, carol]);
  const [first, second] = [await say(alice, id, "1"), await say(alice, id, "2")];
  const seen = async (person: Person, of: Person) =>
    (await receipts(person, id)).find(({ profile }) => profile.id === of.id);
  await ask(bob, "mark_conversation_delivered", { conversation_id: id, seq: second.seq });
  expect(await seen(alice, bob)).toMatchObject({ delivered_seq: second.seq, read_seq: 0 });
  await mark(bob, id, second.seq);
  await mark(bob, id, first.seq);
  await ask(bob, "mark_conversation_unread", { conversation_id: id });
  expect(await seen(alice, bob)).toMatchObject({ read_seq: second.seq });

  await ask(carol, "set_conversation", { conversation_id: id, shows_receipts: false });
  await mark(carol, id, second.seq);
  expect(await seen(alice, carol)).toBeUndefined();
  expect(await receipts(carol, id)).toEqual([]);
  expect(await conversation(carol, id)).toMatchObject({ unread: 0 });
  await ask(bob, "set_chat_settings", { shows_receipts: false });
  expect(await receipts(alice, id)).toEqual([]);
  expect(await receipts(bob, id)).toEqual([]);
  await ask(bob, "set_chat_settings", { shows_receipts: true });
  expect(await seen(alice, bob)).toBeDefined();
  expect(await refusal(receipts(await signUp("mallory"), id))).toBe("conversation_not_found");
});
