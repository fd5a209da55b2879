/**
 * The rules about conversations:
 *
 * - Two people have one direct conversation, and one with themselves. A group has an owner, admins
 *   and members. Its last owner cannot leave the others. What happens to a group is a message too.
 * - If you do not follow the person who writes to you or adds you, the conversation waits among
 *   your requests until you accept it, decline it, or write there. Everybody decides who may begin
 *   to write to them, and who may add them.
 * - A newcomer of a group reads everything, or what is said after they were added, or what is said
 *   after they accepted and nothing before.
 * - If one of two people blocks the other, neither writes in their direct conversation, and
 *   nowhere does either read the other. A message of a hidden person looks like one of a deleted
 *   account. In a direct conversation, the text stays for a person who keeps deleted messages.
 * - A message keeps its earlier texts. It may answer one message and share one post. If it is
 *   deleted for everyone, nothing of it stays. If it is deleted for one person, only that person
 *   does not read it any more.
 * - Unread are the messages of others with text, behind your own pointer. The pointer goes back
 *   only when you mark the conversation as unread. It is in no sum if it is muted or archived.
 * - The others see how far you read, if both of you show it and you accepted.
 */
import { hidden, type Made, type PersonId, type Piece, tie, type World } from "./model.ts";

export type Role = "owner" | "admin" | "member";
export const roles: Role[] = ["owner", "admin", "member"];
type Rule = "everyone" | "following" | "nobody";

/** A place counts the messages of a conversation from 1. */
export interface Membership {
  of: PersonId;
  role: Role;
  isAccepted: boolean;
  isDeclined: boolean;
  /** They read messages with higher places. */
  from: number;
  readUpTo: number;
  deliveredUpTo: number;
  /** Up to here the others see that they read. */
  shownUpTo: number;
  isMarkedUnread: boolean;
  isMuted: boolean;
  isArchived: boolean;
  isPinned: boolean;
  showsReceipts: boolean;
  keepsDeleted: boolean;
  draft: string;
}

export interface Conversation extends Made {
  id: number;
  kind: "direct" | "group";
  /** The two people of a direct conversation, or one twice. */
  pair: PersonId[];
  name: string | null;
  history: "all" | "joining" | "none" | null;
  isLocked: boolean;
  members: Membership[];
  removed: PersonId[];
  /** The people who ask to join. */
  asking: PersonId[];
}

export interface Message extends Made {
  /** 0 for a change, because no answer tells it. */
  id: number;
  seq: number;
  talk: Conversation;
  place: number;
  by: PersonId;
  clientId: string;
  /** What happened to the group. Null: somebody said something. */
  change: string | null;
  target: PersonId | null;
  content: string;
  pieces: Piece[];
  mentions: { of: PersonId; name: string }[];
  versions: string[];
  answers: Message | null;
  post: number | null;
  reactions: { by: PersonId; emoji: string }[];
  isDeleted: boolean;
  /** The people who deleted it for themselves. */
  droppedBy: PersonId[];
}

export interface Invite extends Made {
  code: string;
  talk: Conversation;
  usesLeft: number | null;
  needsApproval: boolean;
}

export interface ChatSettings {
  of: PersonId;
  who_writes: Rule;
  who_adds: Rule;
  shows_receipts: boolean;
}

/** The conversations of a world. */
export interface Chats {
  conversations: Conversation[];
  /** The messages of every conversation, in the order in which they came. */
  messages: Message[];
  invites: Invite[];
  chatSettings: ChatSettings[];
}

// Looking things up ------------------------------------------------------------

export const memberOf = (talk: Conversation | undefined, of: PersonId | null): Membership | undefined =>
  talk?.members.find((one) => one.of === of);

export const messagesOf = ({ messages }: World, talk: Conversation): Message[] =>
  messages.filter((one) => one.talk === talk);

export const settingsOf = ({ chatSettings }: World, of: PersonId): ChatSettings =>
  chatSettings.find((one) => one.of === of) ?? {
    of,
    who_writes: "everyone",
    who_adds: "everyone",
    shows_receipts: true,
  };

/** True if a rule of somebody allows something to a person. */
export const allows = (world: World, of: PersonId, rule: Rule, by: PersonId): boolean =>
  of === by || rule === "everyone" || (rule === "following" && tie(world.follows, of, by));

export const isFrozen = (world: World, { kind, pair }: Conversation): boolean =>
  kind === "direct" && pair[0] !== pair[1] && hidden(world, pair[0] as PersonId, pair[1] as PersonId);

/** True if they hear the topic. In a group, a person who blocks a member does not. */
export const listens = (world: World, talk: Conversation, own: Membership): boolean =>
  own.isAccepted &&
  !own.isDeclined &&
  !isFrozen(world, talk) &&
  !(talk.kind === "group" && talk.members.some(({ of }) => tie(world.blocks, own.of, of)));

// Reading ----------------------------------------------------------------------

/** True if it is in their history, with or without its text. */
export const isShown = (own: Membership, one: Message): boolean =>
  one.place > own.from && !one.droppedBy.includes(own.of);

/** True if they read the text of this message. */
export const hasText = (world: World, own: Membership, { talk, by, isDeleted }: Message): boolean =>
  !isDeleted && ((talk.kind === "direct" && own.keepsDeleted) || !hidden(world, own.of, by));

/** True if they can answer it, react to it, edit it or delete it. */
export const isThere = (world: World, own: Membership | undefined, one: Message): boolean =>
  own !== undefined && one.change === null && isShown(own, one) && hasText(world, own, one);

export const unreadIn = (world: World, talk: Conversation, own: Membership): Message[] =>
  messagesOf(world, talk).filter(
    (one) => isThere(world, own, one) && one.by !== own.of && one.place > own.readUpTo,
  );

export const mentionsIn = (world: World, talk: Conversation, own: Membership): Message[] =>
  unreadIn(world, talk, own).filter(({ mentions }) => mentions.some(({ of }) => of === own.of));

/** The sums of unread(). */
export function chatTotals(world: World, viewer: PersonId): { messages: number; message_requests: number } {
  const sums = { messages: 0, message_requests: 0 };
  for (const talk of world.conversations) {
    const own = memberOf(talk, viewer);
    if (!own || own.isDeclined || own.isArchived || own.isMuted) continue;
    const unread = unreadIn(world, talk, own).length;
    if (own.isAccepted) sums.messages += unread;
    else if (unread > 0) sums.message_requests += 1;
  }
  return sums;
}

/** True if the others see how far they read. Then they see it of others. */
export const showsReceipts = (world: World, own: Membership): boolean =>
  own.isAccepted && own.showsReceipts && settingsOf(world, own.of).shows_receipts;

// What happens -----------------------------------------------------------------

const newMember = (of: PersonId, isAccepted: boolean, role: Role = "member"): Membership => ({
  of,
  role,
  isAccepted,
  isDeclined: false,
  from: 0,
  readUpTo: 0,
  deliveredUpTo: 0,
  shownUpTo: 0,
  isMarkedUnread: false,
  isMuted: false,
  isArchived: false,
  isPinned: false,
  showsReceipts: true,
  keepsDeleted: false,
  draft: "",
});

export function begin(world: World, id: number, by: PersonId, to: PersonId): void {
  const isFollowed = tie(world.follows, to, by);
  world.conversations.push({
    id,
    kind: "direct",
    pair: [by, to],
    name: null,
    history: null,
    isLocked: false,
    members: [newMember(by, true), ...(by === to ? [] : [newMember(to, isFollowed)])],
    removed: [],
    asking: [],
  });
}

export function makeGroup(world: World, id: number, by: PersonId, name: string, whom: PersonId[]): void {
  const talk: Conversation = {
    id,
    kind: "group",
    pair: [],
    name,
    history: "all",
    isLocked: false,
    members: [newMember(by, true, "owner")],
    removed: [],
    asking: [],
  };
  world.conversations.push(talk);
  addChange(world, talk, "created", by, null, name);
  addPeople(world, talk, by, whom);
}

/** The people of a list who are not members yet, in the order of their ids. */
export const newIn = (talk: Conversation | null, whom: PersonId[]): PersonId[] =>
  [...new Set(whom)].filter((id) => !talk || !memberOf(talk, id)).toSorted();

export function addPeople(world: World, talk: Conversation, by: PersonId, whom: PersonId[]): void {
  const added = newIn(talk, whom);
  for (const id of added) {
    letIn(world, talk, id, tie(world.follows, id, by));
    talk.removed = talk.removed.filter((one) => one !== id);
    talk.asking = talk.asking.filter((one) => one !== id);
  }
  for (const id of added) addChange(world, talk, "added", by, id);
}

/** Earlier messages are not unread for a newcomer. */
export function letIn(world: World, talk: Conversation, id: PersonId, isAccepted: boolean): void {
  const place = messagesOf(world, talk).length;
  const isBlind = talk.history === "none" && !isAccepted;
  const from = talk.history === "all" ? 0 : isBlind ? Number.POSITIVE_INFINITY : place;
  talk.members.push({ ...newMember(id, isAccepted), from, readUpTo: place });
}

export function accept(world: World, talk: Conversation, own: Membership): void {
  own.isAccepted = true;
  own.isDeclined = false;
  const place = messagesOf(world, talk).length;
  if (talk.history === "none" || own.from > place) own.from = place;
  if (talk.kind === "group") addChange(world, talk, "joined", own.of);
}

export function goes(world: World, talk: Conversation, id: PersonId, change: string, by: PersonId): void {
  talk.members = talk.members.filter(({ of }) => of !== id);
  if (talk.kind === "group" && !talk.members.some(({ role }) => role === "owner")) {
    // Members are in the order in which they came.
    const [heir] = talk.members.toSorted(
      (one, other) =>
        roles.indexOf(one.role) - roles.indexOf(other.role) ||
        Number(other.isAccepted) - Number(one.isAccepted),
    );
    if (heir) heir.role = "owner";
  }
  if (talk.members.length > 0) addChange(world, talk, change, by, change === "removed" ? id : null);
}

export function addChange(
  world: World,
  talk: Conversation,
  change: string,
  by: PersonId,
  target: PersonId | null = null,
  content = "",
): void {
  addMessage(world, talk, { by, change, target, content });
}

export function addMessage(
  world: World,
  talk: Conversation,
  message: Pick<Message, "by"> & Partial<Message>,
): Message {
  const added: Message = {
    id: 0,
    seq: 0,
    talk,
    place: messagesOf(world, talk).length + 1,
    clientId: "",
    change: null,
    target: null,
    content: "",
    pieces: [],
    mentions: [],
    versions: [],
    answers: null,
    post: null,
    reactions: [],
    isDeleted: false,
    droppedBy: [],
    ...message,
  };
  world.messages.push(added);
  return added;
}

/** The members that a text names, if the author sees them. */
export const namedIn = (
  world: World,
  talk: Conversation,
  by: PersonId,
  text: Piece[],
): Message["mentions"] => {
  const names = new Set(text.flatMap((piece) => ("mention" in piece ? [piece.mention] : [])));
  return world.people
    .filter(({ id, username }) => names.has(username) && memberOf(talk, id) && !hidden(world, by, id))
    .map(({ id, username }) => ({ of: id, name: username }));
};

/** A name that stays in the text keeps the person that it meant. */
export const namedAfterEdit = (
  world: World,
  edited: Message,
  by: PersonId,
  text: Piece[],
): Message["mentions"] => {
  const names = text.flatMap((piece) => ("mention" in piece ? [piece.mention] : []));
  const kept = edited.mentions.filter(({ name }) => names.includes(name));
  const added = namedIn(world, edited.talk, by, text).filter(
    (one) => !kept.some(({ of, name }) => of === one.of || name === one.name),
  );
  return [...kept, ...added];
};

export function erase(message: Message): void {
  Object.assign(message, {
    content: "",
    pieces: [],
    mentions: [],
    versions: [],
    answers: null,
    post: null,
    reactions: [],
    isDeleted: true,
  });
}
