/** Everything that a person can try in chat with another person, and in their direct conversation. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { messageLabel, talkLabel } from "./chat-stage.ts";
import { memberOf, messagesOf } from "./chats.ts";
import type { PersonId } from "./model.ts";
import type { Stage } from "./stage.ts";

/** @returns each attempt in words, and its request */
export function chatAttempts(
  stage: Stage,
  client: SupabaseClient,
  viewer: PersonId,
  other: PersonId,
): [string, () => PromiseLike<unknown>][] {
  const { world } = stage;
  const own = world.conversations.filter((talk) => memberOf(talk, viewer));
  const direct = own.filter(({ pair }) => pair.includes(other));
  const groups = own.filter(({ kind }) => kind === "group");
  const calls = (name: string, args: object): [string, () => PromiseLike<unknown>] => [
    `${name}(${JSON.stringify(args)})`,
    () => client.rpc(name, args),
  ];
  return [
    calls("direct_conversation", { profile_id: other }),
    calls("create_group", { name: "With them", member_ids: [other] }),
    ...groups.flatMap(({ id }) => [
      calls("add_members", { conversation_id: id, member_ids: [other] }),
      calls("remove_member", { conversation_id: id, profile_id: other }),
      calls("set_member_role", { conversation_id: id, profile_id: other, role: "admin" }),
      calls("answer_join_request", { conversation_id: id, profile_id: other, accepts: true }),
      ...world.messages
        .filter(({ talk, by, change }) => talk.id === id && by === other && change === null)
        .map((one) => calls("delete_message", { message_id: one.id, for_everyone: true })),
      calls("messages", { conversation_id: id }),
    ]),
    ...direct.flatMap((talk) => {
      const conversation_id = talk.id;
      const said = messagesOf(world, talk).filter(({ change }) => change === null);
      return [
        calls("send_message", { conversation_id, client_id: `${talkLabel(stage, talk)} new`, content: "x" }),
        calls("expire_messages", { conversation_id, after_seconds: 60 }),
        calls("set_conversation", { conversation_id, draft: "x", is_pinned: true }),
        calls("mark_conversation_unread", { conversation_id }),
        calls("mark_conversation_delivered", { conversation_id, seq: 1_000_000 }),
        calls("mark_conversation_read", { conversation_id, seq: 1_000_000 }),
        calls("leave_conversation", { conversation_id }),
        calls("update_group", { conversation_id, name: "x" }),
        // While there is text to read.
        ...[true, false].flatMap((keeps_deleted) => [
          calls("set_conversation", { conversation_id, keeps_deleted }),
          calls("messages", { conversation_id }),
        ]),
        ...said.flatMap((one) => [
          calls("send_message", {
            conversation_id,
            client_id: `${messageLabel(stage, one)} answered`,
            content: "x",
            reply_to_id: one.id,
          }),
          calls("react", { message_id: one.id, emoji: "👍" }),
          calls("edit_message", { message_id: one.id, content: "x" }),
          calls("message_versions", { message_id: one.id }),
          calls("delete_message", { message_id: one.id }),
          calls("delete_message", { message_id: one.id, for_everyone: true }),
        ]),
        calls("set_conversation", { conversation_id, keeps_deleted: true }),
        calls("messages", { conversation_id }),
        calls("accept_conversation", { conversation_id }),
        calls("decline_conversation", { conversation_id }),
      ];
    }),
  ];
}
