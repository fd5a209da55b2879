/** What people do in conversations, as requests to the API. */
import type { Answer } from "./acts.ts";
import type { ChatAct } from "./chat-steps.ts";
import type { Person, Stage } from "./stage.ts";

const personAt = (stage: Stage, n: number): Person => stage.people[n % stage.people.length] as Person;

/** Counts back from the newest, in circles. */
const back = <T>(list: T[], n: number): T | undefined =>
  list.length === 0 ? undefined : list.at(-1 - (n % list.length));

export const roomAt = ({ rooms }: Stage, n: number) => back(rooms, n);
/** Only of what was said by requests. What an outbox said stays as it is, so that it can be counted. */
const messageAt = ({ messages }: Stage, n: number) => back(messages, n);

export async function performInChat(stage: Stage, act: ChatAct): Promise<Answer | undefined> {
  const answer = await request(stage, act);
  if (!answer || answer.error) return answer;
  if (act.do === "begin direct" || act.do === "make group") {
    const id = answer.data as number;
    if (!stage.rooms.some((room) => room.id === id)) stage.rooms.push({ id, maker: act.by });
  } else if (act.do === "talk") {
    stage.messages.push({ id: answer.data.id, sender: act.by });
  }
  return answer;
}

function request(stage: Stage, act: ChatAct): PromiseLike<Answer> | undefined {
  switch (act.do) {
    case "begin direct":
      return personAt(stage, act.by).client.rpc("direct_conversation", {
        profile_id: personAt(stage, act.to).id,
      });
    case "make group": {
      const member_ids = [...new Set(act.with)].filter((n) => n !== act.by).map((n) => personAt(stage, n).id);
      return personAt(stage, act.by).client.rpc("create_group", { name: `g${++stage.texts}`, member_ids });
    }
  }
  if ("message" in act) return aboutMessage(stage, act);
  const found = roomAt(stage, act.room);
  if (!found) return undefined;
  const { id: conversation_id, maker } = found;
  const { client } = personAt(stage, "by" in act ? act.by : maker);
  switch (act.do) {
    case "talk": {
      const name = act.mention === null ? "" : ` @${personAt(stage, act.mention).username}`;
      return client.rpc("send_message", {
        conversation_id,
        client_id: crypto.randomUUID(),
        content: `m${++stage.texts}${name}`,
        reply_to_id: act.replyTo === null ? null : (messageAt(stage, act.replyTo)?.id ?? null),
      });
    }
    case "read room":
      return client.rpc("mark_conversation_read", { conversation_id, seq: 1e9 });
    case "get room":
      return client.rpc("mark_conversation_delivered", { conversation_id, seq: 1e9 });
    case "unread room":
      return client.rpc("mark_conversation_unread", { conversation_id });
    case "accept room":
      return client.rpc("accept_conversation", { conversation_id });
    case "decline room":
      return client.rpc("decline_conversation", { conversation_id });
    case "leave room":
      return client.rpc("leave_conversation", { conversation_id });
    case "pin room":
      return client.rpc("set_conversation", { conversation_id, is_pinned: act.on });
    case "archive room":
      return client.rpc("set_conversation", { conversation_id, is_archived: act.on });
    case "mute room":
      return client.rpc("set_conversation", {
        conversation_id,
        muted_until: act.on ? "infinity" : "2000-01-01",
      });
    case "add member":
      return client.rpc("add_members", { conversation_id, member_ids: [personAt(stage, act.to).id] });
    case "remove member":
      return client.rpc("remove_member", { conversation_id, profile_id: personAt(stage, act.to).id });
    case "name room":
      return client.rpc("update_group", { conversation_id, name: `g${++stage.texts}` });
    case "lock room":
      return client.rpc("update_group", { conversation_id, is_locked: act.on });
    case "hide past":
      return client.rpc("update_group", { conversation_id, history: act.on ? "joining" : "all" });
  }
}

function aboutMessage(
  stage: Stage,
  act: Extract<ChatAct, { message: number }>,
): PromiseLike<Answer> | undefined {
  const found = messageAt(stage, act.message);
  if (!found) return undefined;
  const { client } = personAt(stage, "by" in act ? act.by : found.sender);
  const message_id = found.id;
  switch (act.do) {
    case "edit message":
      return client.rpc("edit_message", { message_id, content: `m${++stage.texts}` });
    case "erase message":
      return client.rpc("delete_message", { message_id, for_everyone: true });
    case "hide message":
      return client.rpc("delete_message", { message_id });
    case "react":
    case "unreact":
      return client.rpc(act.do, { message_id, emoji: "👍" });
  }
}
