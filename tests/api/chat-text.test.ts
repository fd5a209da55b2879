/**
 * Texts that attack a page or a database are plain texts in chat: each comes back as it was sent,
 * and nothing else happens.
 */
import { beforeAll, expect, test } from "vitest";
import { type Person, signUp } from "../people.ts";
import { ask, conversation, follow, group, history, type Message, refusal, say } from "./chat.ts";

const attacks = [
  `<script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `<a href="javascript:alert(1)">x</a>`,
  `[x](javascript:alert(1))`,
  `'; drop table private.messages; --`,
  `' or '1'='1`,
  `$$; select pg_sleep(10); $$`,
  `\\'); delete from private.conversations; --`,
  `{"$ne": null}`,
  `%00%27 \\u0000 \\x00`,
  "{{7*7}} #{7*7} $(reboot)",
  `name:*) | 'a' & !('b`,
  `../../../etc/passwd`,
];

let alice: Person;
let bob: Person;
let room: number;
beforeAll(async () => {
  [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  await follow(bob, alice);
  room = await group(alice, [bob]);
});

test.each(attacks)("%s", async (text) => {
  const sent = await say(alice, room, text, { client_id: text });
  expect(sent).toMatchObject({ content: text, client_id: text });
  const edited = `${text} again`;
  await ask(alice, "edit_message", { message_id: sent.id, content: edited });
  const answer = await say(bob, room, text, { reply_to_id: sent.id });
  expect(answer.reply_to?.content).toBe(edited);
  expect((await history(bob, room)).find((one) => one.id === sent.id)?.content).toBe(edited);
  // No link that a client would open runs a script.
  for (const { entities, content } of [sent, answer]) {
    for (const { type, start, end } of entities) {
      if (type === "link") expect([...content].slice(start, end).join("")).toMatch(/^https?:/);
    }
  }

  await ask(alice, "set_conversation", { conversation_id: room, draft: text });
  expect((await conversation(alice, room)).draft).toBe(text);
  await ask(alice, "update_group", { conversation_id: room, name: text, description: text });
  expect(await conversation(bob, room)).toMatchObject({ name: text, description: text });
  const named = (await history(bob, room)).findLast((one) => one.change === "named") as Message;
  expect(named.content).toBe(text);

  // As a query, a code, a cursor or an emoji it finds nothing, or is refused with an error of the API.
  const query = await bob.client.rpc("search_messages", { query: text });
  expect(query.error?.code ?? "", JSON.stringify(query.error)).toMatch(/^(PT4\d\d)?$/);
  expect(await refusal(ask(bob, "invite", { code: text }))).toBe("invite_not_found");
  expect(await refusal(ask(bob, "react", { message_id: sent.id, emoji: text }))).toBe("reaction_format");
  expect(await refusal(ask(alice, "update_group", { conversation_id: room, picture_url: text }))).toBe(
    "picture_url_format",
  );
  const { data } = await bob.client.rpc("sync", { cursors: { [`conversation:${text}`]: 1 } });
  expect((data as { stream: string }[]).map(({ stream }) => stream)).toEqual([`user:${bob.id}`]);
});

test("a character that Postgres cannot store is refused, and leaves nothing", async () => {
  const before = (await history(alice, room)).length;
  const { error } = await alice.client.rpc("send_message", {
    conversation_id: room,
    client_id: "null",
    content: "a\u0000b",
  });
  expect(error).not.toBeNull();
  expect(`${error?.message} ${error?.details}`).not.toMatch(/private\.|select|insert/i);
  expect((await history(alice, room)).length).toBe(before);
});
