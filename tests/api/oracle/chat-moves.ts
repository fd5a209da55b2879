/** The steps about messages and the own side of conversations, on both sides. Those about members are in group-moves.ts. */
import { randomUUID } from "node:crypto";
import { messageAt, messageLabel, talkAt, talkLabel } from "./chat-stage.ts";
import { type ChatStep, emojis } from "./chat-steps.ts";
import {
  accept,
  addMessage,
  allows,
  type Conversation,
  erase,
  isFrozen,
  isShown,
  isThere,
  type Membership,
  type Message,
  memberOf,
  messagesOf,
  namedAfterEdit,
  namedIn,
  roles,
  settingsOf,
  showsReceipts,
  unreadIn,
} from "./chats.ts";
import { groupMove } from "./group-moves.ts";
import { hidden, type PersonId, type World } from "./model.ts";
import type { Answer, Move } from "./moves.ts";
import { seenPost } from "./seeing.ts";
import { as, at, label, nameOf, piecesOf, postId, type Stage, written } from "./stage.ts";
import type { Step } from "./steps.ts";

const lastOf = ({ world }: Stage, by: PersonId): Message | undefined =>
  world.messages.findLast((one) => one.by === by && one.change === null);

/** Why a member may not write. Null if they may. */
function refusalToWrite(world: World, talk: Conversation, own: Membership): string | null {
  if (talk.kind === "group") return talk.isLocked && own.role === "member" ? "conversation_locked" : null;
  if (isFrozen(world, talk)) return "conversation_frozen";
  const other = talk.members.find(({ of }) => of !== own.of);
  if (!other || other.isAccepted) return null;
  const isWelcome = allows(world, other.of, settingsOf(world, other.of).who_writes, own.of);
  return isWelcome ? null : "messages_not_welcome";
}

/** @returns null for a step of another kind, and if there is nothing yet that it could act on */
export function chatMove(stage: Stage, step: Step): Move | null {
  if (stage.population.owner === null) return null;
  return groupMove(stage, step) ?? messageMove(stage, step as ChatStep) ?? ownMove(stage, step as ChatStep);
}

function messageMove(stage: Stage, step: ChatStep): Move | null {
  const { world } = stage;
  const by = "by" in step ? at(stage, step.by) : "";
  const who = by && nameOf(stage, by);
  switch (step.do) {
    case "say": {
      const talk = talkAt(stage, by, step.talk);
      if (!talk) return null;
      const text = piecesOf(stage, step.text);
      const answered = step.message === null ? undefined : messageAt(stage, by, step.message);
      const shared = postId(stage, by, step.post);
      const own = memberOf(talk, by);
      const seen = seenPost(world, by, shared);
      const refused = !own
        ? "conversation_not_found"
        : (refusalToWrite(world, talk, own) ??
          (answered && (answered.talk !== talk || !isThere(world, own, answered))
            ? "message_not_found"
            : null) ??
          (shared !== null && !seen ? "post_not_found" : null));
      const clientId = randomUUID();
      const about = [
        ...(answered ? [` in answer to ${messageLabel(stage, answered)}`] : []),
        ...(shared === null ? [] : [` with ${label(stage, shared)}`]),
      ];
      return {
        text: `${who} says “${written(text)}” in ${talkLabel(stage, talk)}${about.join("")}`,
        expected: refused ?? "done",
        request: () =>
          as(stage, by).rpc("send_message", {
            conversation_id: talk.id,
            client_id: clientId,
            content: written(text),
            reply_to_id: answered?.id ?? null,
            post_id: shared,
          }),
        after: ({ id, seq }) => {
          const member = own as Membership;
          if (!member.isAccepted || member.isDeclined) accept(world, talk, member);
          const said = addMessage(world, talk, {
            id,
            seq,
            by,
            clientId,
            content: written(text),
            pieces: text,
            mentions: namedIn(world, talk, by, text),
            answers: answered ?? null,
            post: seen ? (seen.repostOf ?? seen.id) : null,
          });
          Object.assign(member, { draft: "", isArchived: false, isMarkedUnread: false });
          member.readUpTo = said.place;
          member.deliveredUpTo = said.place;
          if (showsReceipts(world, member)) member.shownUpTo = said.place;
        },
      };
    }
    case "say again": {
      const before = lastOf(stage, by);
      const talk = step.isElsewhere ? talkAt(stage, by, step.talk) : before?.talk;
      if (!before || !talk) return null;
      const isSame = talk === before.talk;
      // The job deletes a group without members, sooner or later.
      if (isSame && talk.members.length === 0) return null;
      // Somebody who left is answered, too.
      const refused = isSame ? null : "client_id_used";
      return {
        text: `${who} says ${messageLabel(stage, before)} again in ${talkLabel(stage, talk)}`,
        expected: refused ?? String(before.id),
        request: async () => {
          const answer = await as(stage, by).rpc("send_message", {
            conversation_id: talk.id,
            client_id: before.clientId,
            content: "another text",
          });
          return { ...answer, data: answer.data && String(answer.data.id) };
        },
      };
    }
    case "edit message": {
      const found = messageAt(stage, by, step.message);
      if (!found) return null;
      const text = piecesOf(stage, step.text);
      return {
        text: `${who} edits ${messageLabel(stage, found)} to “${written(text)}”`,
        expected: refusalToChange(world, by, found) ?? "done",
        request: () => as(stage, by).rpc("edit_message", { message_id: found.id, content: written(text) }),
        after: () => {
          if (found.content === written(text)) return;
          found.versions.push(found.content);
          found.content = written(text);
          found.pieces = text;
          found.mentions = namedAfterEdit(world, found, by, text);
        },
      };
    }
    case "delete message": {
      const found = messageAt(stage, by, step.message);
      if (!found) return null;
      const own = memberOf(found.talk, by);
      const refused = step.forEveryone ? refusalToErase(world, by, found) : own ? null : "message_not_found";
      return {
        text: `${who} deletes ${messageLabel(stage, found)} for ${step.forEveryone ? "everyone" : "themselves"}`,
        expected: refused ?? "done",
        request: () =>
          as(stage, by).rpc("delete_message", { message_id: found.id, for_everyone: step.forEveryone }),
        after: () => {
          if (step.forEveryone) {
            if (found.by === by || isAbove(found, by)) erase(found);
          } else if (own && isShown(own, found)) found.droppedBy.push(by);
        },
      };
    }
    case "react":
    case "unreact": {
      const found = messageAt(stage, by, step.message);
      if (!found) return null;
      const emoji = emojis[step.emoji] as string;
      const own = memberOf(found.talk, by);
      const refused = isThere(world, own, found)
        ? refusalToWrite(world, found.talk, own as Membership)
        : "message_not_found";
      const isSame = (one: { by: PersonId; emoji: string }) => one.by === by && one.emoji === emoji;
      return {
        text: `${who} ${step.do}s to ${messageLabel(stage, found)} with ${emoji}`,
        expected: refused ?? "done",
        request: () => as(stage, by).rpc(step.do, { message_id: found.id, emoji }),
        after: () => {
          if (step.do === "unreact") found.reactions = found.reactions.filter((one) => !isSame(one));
          else if (!found.reactions.some(isSame)) found.reactions.push({ by, emoji });
        },
      };
    }
    default:
      return null;
  }
}

/** Why somebody may not edit a message. Null if they may. */
function refusalToChange(world: World, by: PersonId, one: Message): string | null {
  const own = memberOf(one.talk, by);
  if (!isThere(world, own, one)) return "message_not_found";
  return one.by === by ? refusalToWrite(world, one.talk, own as Membership) : "not_your_message";
}

/**
 * The sender deletes a message for everyone, or in a group somebody whose role is higher. If they do it
 * again, nothing happens.
 */
function refusalToErase(world: World, by: PersonId, one: Message): string | null {
  const own = memberOf(one.talk, by);
  if (!own) return "message_not_found";
  const isAdmin = one.talk.kind === "group" && own.role !== "member";
  if (one.isDeleted && (one.by === by || isAdmin)) return null;
  // To an admin, what a hidden person says looks deleted.
  if (isAdmin && hidden(world, by, one.by)) return null;
  if (!isThere(world, own, one)) return "message_not_found";
  return one.by === by || isAbove(one, by) ? null : "not_your_message";
}

/** Whether this person leads the group in which the other one said something, and is above them. */
function isAbove(one: Message, by: PersonId): boolean {
  const rank = (id: PersonId) => {
    const member = memberOf(one.talk, id);
    return member ? roles.indexOf(member.role) : roles.length;
  };
  return one.talk.kind === "group" && rank(by) < roles.indexOf("member") && rank(by) < rank(one.by);
}

function ownMove(stage: Stage, step: ChatStep): Move | null {
  const { world } = stage;
  const by = "by" in step ? at(stage, step.by) : "";
  const who = by && nameOf(stage, by);
  switch (step.do) {
    case "mark": {
      const found = messageAt(stage, by, step.message);
      if (!found) return null;
      const { talk } = found;
      const own = memberOf(talk, by);
      const isRead = step.how === "read";
      const unread = own && {
        ...own,
        readUpTo: isRead ? Math.max(own.readUpTo, found.place) : own.readUpTo,
      };
      return {
        text: `${who} has ${step.how} up to ${messageLabel(stage, found)}`,
        expected: unread ? String(unreadIn(world, talk, unread).length) : "conversation_not_found",
        request: async () =>
          inWords(
            await as(stage, by).rpc(`mark_conversation_${step.how}`, {
              conversation_id: talk.id,
              seq: found.seq,
            }),
          ),
        after: () => {
          const member = own as Membership;
          member.deliveredUpTo = Math.max(member.deliveredUpTo, found.place);
          if (!isRead) return;
          member.isMarkedUnread = false;
          member.readUpTo = Math.max(member.readUpTo, found.place);
          if (showsReceipts(world, member)) member.shownUpTo = Math.max(member.shownUpTo, found.place);
        },
      };
    }
    case "mark unread": {
      const talk = talkAt(stage, by, step.talk);
      if (!talk) return null;
      const own = memberOf(talk, by);
      const last =
        own && messagesOf(world, talk).findLast((one) => one.by !== by && isThere(world, own, one))?.place;
      const pointer = own && Math.min(own.readUpTo, (last ?? Number.POSITIVE_INFINITY) - 1);
      const after = own && { ...own, readUpTo: pointer as number };
      return {
        text: `${who} marks ${talkLabel(stage, talk)} as unread`,
        expected: after ? String(unreadIn(world, talk, after).length) : "conversation_not_found",
        request: async () =>
          inWords(await as(stage, by).rpc("mark_conversation_unread", { conversation_id: talk.id })),
        after: () => {
          Object.assign(own as Membership, { readUpTo: pointer, isMarkedUnread: true });
        },
      };
    }
    case "keep": {
      const talk = talkAt(stage, by, step.talk);
      if (!talk) return null;
      const own = memberOf(talk, by);
      return {
        text: `${who} keeps ${talkLabel(stage, talk)} with ${JSON.stringify(step.change)}`,
        expected: own ? "done" : "conversation_not_found",
        request: () => as(stage, by).rpc("set_conversation", { conversation_id: talk.id, ...step.change }),
        after: () => {
          const { change } = step;
          const member = own as Membership;
          if ("is_archived" in change) member.isArchived = change.is_archived;
          else if ("is_pinned" in change) member.isPinned = change.is_pinned;
          else if ("shows_receipts" in change) member.showsReceipts = change.shows_receipts;
          else if ("keeps_deleted" in change) {
            if (!isFrozen(world, talk)) member.keepsDeleted = change.keeps_deleted;
          } else if ("draft" in change) member.draft = change.draft;
          else member.isMuted = change.muted_until === "infinity";
        },
      };
    }
    case "set chat":
      return {
        text: `${who} sets ${JSON.stringify(step.change)}`,
        expected: "done",
        request: () => as(stage, by).rpc("set_chat_settings", step.change),
        after: () => {
          const now = { ...settingsOf(world, by), ...step.change };
          world.chatSettings = [...world.chatSettings.filter(({ of }) => of !== by), now];
        },
      };
    default:
      return null;
  }
}

/** A number in words, so that it can be expected. */
const inWords = (answer: Answer): Answer => ({ ...answer, data: String(answer.data) });
