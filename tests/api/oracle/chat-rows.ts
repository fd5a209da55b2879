/** The rows of conversations and messages in one form: as the API answers them, and as the model expects them. */
import type { Answers } from "./ask.ts";
import { messageLabel, talkLabel } from "./chat-stage.ts";
import {
  type Conversation,
  hasText,
  isFrozen,
  isShown,
  listens,
  type Membership,
  type Message,
  mentionsIn,
  messagesOf,
} from "./chats.ts";
import { hidden, type PersonId, type World } from "./model.ts";
import { seenPost } from "./seeing.ts";
import { nameOf, type Stage } from "./stage.ts";

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
type Answered = any;

/** In the order of a number or text of each. */
export const sortedBy = <T>(rows: T[], key: (row: T) => number | string): T[] =>
  rows.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));

const nameFrom = (stage: Stage, author: Answered): string | null => author && nameOf(stage, author.id);

// Messages ---------------------------------------------------------------------

const labelFrom = (stage: Stage, id: number | null): string | null => {
  const found = stage.world.messages.find((one) => one.id === id);
  return id === null ? null : found ? messageLabel(stage, found) : `a message with the id ${id}`;
};

export const messageFrom = (stage: Stage, row: Answered) => ({
  message: row.change === null ? labelFrom(stage, row.id) : null,
  by: nameFrom(stage, row.sender),
  change: row.change,
  target: nameFrom(stage, row.target),
  content: row.content,
  answers: labelFrom(stage, row.reply_to_id),
  quoted: row.reply_to && {
    message: labelFrom(stage, row.reply_to.id),
    by: nameFrom(stage, row.reply_to.sender),
    content: row.reply_to.content,
    isDeleted: row.reply_to.is_deleted,
  },
  post: row.post_id,
  card: row.post?.id ?? null,
  reactions: row.reactions.map((one: Answered) => [
    one.emoji,
    ...one.profile_ids.map((id: string) => nameOf(stage, id)),
  ]),
  mentions: row.mentions.map((one: Answered) => `${one.username}=${nameFrom(stage, one.profile)}`),
  isDeleted: row.is_deleted,
  isEdited: row.edited_at !== null,
});

/** A message as this member reads it. */
export function messageRow(stage: Stage, own: Membership, one: Message) {
  const { world } = stage;
  const isRead = hasText(world, own, one);
  const name = (id: PersonId | null) => (id === null || hidden(world, own.of, id) ? null : nameOf(stage, id));
  const quoted = isRead ? one.answers : null;
  const sees = (id: PersonId) => !hidden(world, own.of, id);
  const emojis = new Set(one.reactions.filter(({ by }) => sees(by)).map(({ emoji }) => emoji));
  return {
    message: one.change === null ? messageLabel(stage, one) : null,
    by: name(one.by),
    change: one.change,
    target: name(one.target),
    content: isRead ? one.content : "",
    answers: quoted && messageLabel(stage, quoted),
    quoted: quoted && quoted.place > own.from ? quoteRow(stage, own, quoted) : null,
    post: isRead ? one.post : null,
    card: isRead ? (seenPost(world, own.of, one.post)?.id ?? null) : null,
    reactions: isRead
      ? [...emojis].map((emoji) => [
          emoji,
          ...one.reactions
            .filter((other) => other.emoji === emoji && sees(other.by))
            .map(({ by }) => nameOf(stage, by)),
        ])
      : [],
    mentions: isRead
      ? sortedBy(
          one.mentions.filter(({ of }) => sees(of)),
          ({ name }) => name,
        ).map(({ of, name }) => `${name}=${nameOf(stage, of)}`)
      : [],
    isDeleted: one.change === null && !isRead,
    isEdited: isRead && one.versions.length > 0,
  };
}

function quoteRow(stage: Stage, own: Membership, quoted: Message) {
  const isRead = hasText(stage.world, own, quoted) && !quoted.droppedBy.includes(own.of);
  return {
    message: messageLabel(stage, quoted),
    by: hidden(stage.world, own.of, quoted.by) ? null : nameOf(stage, quoted.by),
    content: isRead ? quoted.content : "",
    isDeleted: !isRead,
  };
}

// Conversations ----------------------------------------------------------------

/** How many faces a row shows. */
const faces = 5;

export const listRowFrom = (stage: Stage, row: Answered) => {
  const talk = stage.world.conversations.find(({ id }) => id === row.id);
  return {
    talk: talk ? talkLabel(stage, talk) : row.id,
    kind: row.kind,
    name: row.name,
    role: row.role,
    members:
      row.members.length < faces
        ? row.members.map((one: Answered) => nameFrom(stage, one)).toSorted()
        : row.members.length,
    count: row.member_count,
    last: row.last_message && messageFrom(stage, row.last_message),
    unread: row.unread,
    mentions: row.mentions,
    isMarkedUnread: row.is_marked_unread,
    isRequest: row.is_request,
    isFrozen: row.is_frozen,
    isLocked: row.is_locked,
    history: row.history,
    isMuted: row.muted_until !== null,
    isArchived: row.is_archived,
    isPinned: row.is_pinned,
    showsReceipts: row.shows_receipts,
    keepsDeleted: row.keeps_deleted,
    draft: row.draft,
    listens: row.topic !== null,
  };
};

/** A conversation as this member sees it. */
export function listRow(stage: Stage, talk: Conversation, own: Membership, answers: Answers) {
  const { world } = stage;
  const others = talk.members.filter(({ of }) => of !== own.of && !hidden(world, own.of, of));
  const last = messagesOf(world, talk).findLast((one) => isShown(own, one));
  return {
    talk: talkLabel(stage, talk),
    kind: talk.kind,
    name: talk.name,
    role: own.role,
    members:
      others.length < faces
        ? others.map(({ of }) => nameOf(stage, of)).toSorted()
        : Math.min(others.length, faces),
    count: 1 + others.length,
    last: last ? messageRow(stage, own, last) : null,
    unread: answers.unreadIn(world, talk, own).length,
    mentions: mentionsIn(world, talk, own).length,
    isMarkedUnread: own.isMarkedUnread,
    isRequest: !own.isAccepted,
    isFrozen: isFrozen(world, talk),
    isLocked: talk.isLocked,
    history: talk.history,
    isMuted: own.isMuted,
    isArchived: own.isArchived,
    isPinned: own.isPinned,
    showsReceipts: own.showsReceipts,
    keepsDeleted: talk.kind === "direct" && own.keepsDeleted,
    draft: own.draft,
    listens: listens(world, talk, own),
  };
}

/** True if a member finds the conversation in this folder. */
export function isListed(
  world: World,
  talk: Conversation,
  own: Membership | undefined,
  folder: "inbox" | "requests" | "archived" | "pinned",
): boolean {
  if (!own || own.isDeclined || messagesOf(world, talk).length === 0) return false;
  if (folder === "requests") return !own.isAccepted;
  const isIn = { inbox: !own.isArchived, archived: own.isArchived, pinned: own.isPinned };
  return own.isAccepted && isIn[folder];
}
