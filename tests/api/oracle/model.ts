/**
 * The social core as plain lists that say who did what. This is the state that the oracle
 * keeps beside the database. actions.ts says how each action changes it. mentions.ts finds
 * the people that a text addresses. questions.ts says what people then see. The model is
 * written only from these rules, which are complete:
 *
 * - Somebody who signed up and did not confirm is nobody. Only their username is reserved.
 *   You cannot follow, block, mute, list or mention them. When they confirm, they are a
 *   person like the others, who has done nothing yet.
 * - You may take another username if nobody else has, holds or reserves it. You hold the
 *   names that you gave up, and may take them back. While you hold any, you take no name
 *   that you never had (username_changed_recently).
 * - A post has an author, a title, a content and an audience (everyone, followers,
 *   mentioned). It may answer one post and quote another. Its tags are the tags in its
 *   text. An edit finds tags again, and keeps the earlier text. (Of very many earlier texts
 *   some are forgotten. No history here has that many edits.) A repost is a post without a
 *   text of its own.
 * - A post addresses the people that its text names, except people who are hidden from
 *   the author at that moment, and people who do not let the author mention them. A name means the person who has it when it is written,
 *   and keeps that meaning as long as it stays in the text. So an edit looks up only the
 *   names that it adds. A reply with audience mentioned also addresses the author of the
 *   post that it answers.
 * - You need to see a post to reply to it, or to like, bookmark, repost or quote it.
 *   Otherwise there is no such post for you (post_not_found). If you do it to a repost,
 *   you do it to the post that the repost shows. You can repost and quote your own
 *   posts and posts that everybody sees (post_not_open). A second repost is refused
 *   (already_reposted).
 * - If a post is deleted, its reposts, likes and bookmarks are deleted too. Replies and
 *   quotes stay, and still name it.
 * - You follow a public account at once. A private account gets a request, which its
 *   owner accepts or declines, or which you take back. An account that becomes public
 *   accepts all requests.
 * - A block hides two people from each other, both ways. It ends follows and requests
 *   between them. Mutes, list entries, likes and bookmarks stay but nobody sees them
 *   until the block ends. A person you cannot see does not exist for you
 *   (profile_not_found).
 * - A mute lasts until you lift it, or until a set time.
 * - What people are told about, and when they are not, is in notices.ts.
 * - The rules about conversations are in chats.ts.
 * - Nobody reaches a limit: the people of a history have budgets that they never use up.
 * - Only you know which tags you follow and which lists you made, except public lists.
 *   A draft stays a draft until it is published. Then it is a post.
 */

import type { Chats } from "./chats.ts";

export type PersonId = string;
/** The person who asks. Null for somebody who is not signed in. */
export type Viewer = PersonId | null;
export type Audience = "everyone" | "followers" | "mentioned";

/** Somebody who signed up and did not confirm. */
export interface Newcomer {
  id: PersonId;
  /** What the tests call this person: alice. */
  name: string;
  /** In lower case. */
  username: string;
  /** Whether the account is older than 7 days. */
  isEstablished: boolean;
}

export interface Person extends Newcomer {
  isPrivate: boolean;
  showsLikes: boolean;
  isSearchable: boolean;
  /** The place in World.notices of the newest notification that they marked as read. -1 if there is none. */
  readUpTo: number;
}

/** A piece of a text. A text is its pieces, with a space between two of them. */
export type Piece =
  | { word: string }
  | { tag: string; written: string }
  /** A username in lower case, which may be nobody's. */
  | { mention: string; written: string };

export interface Text {
  title: Piece[];
  content: Piece[];
  warning: string;
}

/** The parts of a post that its author chooses. */
export interface Draft extends Text {
  language: string | null;
  audience: Audience;
  replyTo: number | null;
  quoteOf: number | null;
}

/** Anything that a step of a history made. */
export interface Made {
  /** The number of the step that made it. Other steps refer to it by this number while a history shrinks. */
  madeBy?: number;
}

/** Something that people are told about once. */
export interface Told {
  isTold?: boolean;
}

/** Somebody that a post addresses. */
export interface Mention extends Told {
  of: PersonId;
  /** The names in the text that mean this person, as they were found. */
  names: string[];
  /** Whether the post is a reply to few that answers a post of this person. */
  isAnswered: boolean;
  /** The first version of the post that addresses them. */
  since: number;
}

export interface Post extends Draft, Made, Told {
  id: number;
  author: PersonId;
  repostOf: number | null;
  mentions: Mention[];
  /** The texts before each edit, oldest first. */
  versions: Text[];
  /** How many edits people were told about. */
  toldEdits?: number;
  /** Whether it was a scheduled draft. */
  wasScheduled?: boolean;
  deleted: boolean;
}

/** A follow, a request or a block, from one person to another. A larger id is a later one. */
export interface Tie extends Made, Told {
  by: PersonId;
  to: PersonId;
  id: number;
  /** Whether this follow began as a request. */
  isAccepted?: boolean;
  /** Whether the follower rang the bell of this person. */
  notifies?: boolean;
}

export interface Mute extends Made {
  by: PersonId;
  to: PersonId;
  until: "forever" | "past" | "future";
  hidesNotifications: boolean;
}

/** A like or a bookmark. */
export interface Mark extends Made, Told {
  by: PersonId;
  post: number;
  id: number;
}

export interface List extends Made {
  id: string;
  owner: PersonId;
  isPrivate: boolean;
  members: PersonId[];
}

export const kinds = [
  "follow",
  "follow_request",
  "request_accepted",
  "like",
  "repost",
  "quote",
  "reply",
  "mention",
  "edited",
  "post",
  "draft_published",
  "draft_failed",
  "filtered_requests",
] as const;
export type Kind = (typeof kinds)[number];

/** What somebody wants to be told about. */
export interface Preference {
  of: PersonId;
  kind: Kind;
  fromWhom: "everyone" | "established" | "following" | "nobody";
  delivery: "off" | "quiet" | "loud";
}

/** That somebody did something, which another person is told. */
export interface Notice {
  to: PersonId;
  kind: Kind;
  /** The person who did it. */
  by: PersonId;
  /** The post that it is about. */
  object: number | null;
  /** The draft that it is about. */
  draft: string | null;
  group: Group;
  /** A withdrawn one returns if the same happens again on the same day. A gone one never returns. */
  state: "live" | "withdrawn" | "gone";
  /** The id in the API, when an answer has shown it. */
  id: number | null;
}

/** Notifications of one kind about one object. */
export interface Group extends Made {
  of: PersonId;
  kind: Kind;
  object: number | null;
  draft: string | null;
  isQuiet: boolean;
  /** The place in World.notices of the newest one that was added and not hidden, or else of the first one. */
  latest: number;
  /** The place in World.notices of the newest one that was marked as read with its group. */
  readUpTo: number;
  isMarkedUnread: boolean;
  /** The group_id in the API, when an answer has shown it. */
  id: number | null;
}

export interface World extends Chats {
  /** In the order in which they confirmed. */
  people: Person[];
  newcomers: Newcomer[];
  /** The usernames that people gave up. */
  held: { by: PersonId; username: string }[];
  /** In the order in which they were written, with deleted ones. */
  posts: Post[];
  follows: Tie[];
  requests: Tie[];
  blocks: Tie[];
  mutes: Mute[];
  likes: Mark[];
  bookmarks: Mark[];
  tagFollows: { by: PersonId; tag: string }[];
  /** In the order in which they were made, with deleted ones. */
  lists: (List & { deleted: boolean })[];
  drafts: (Draft & Made & Told & { id: string; author: PersonId; hasFailed: boolean })[];
  preferences: Preference[];
  /** Each names a post, and the post at the top of its thread. */
  threadMutes: { by: PersonId; post: number; thread: number }[];
  /** In the order in which they came. */
  notices: Notice[];
  groups: Group[];
}

/** A person who has done nothing yet. */
export const newPerson = ({ id, name, username, isEstablished }: Newcomer): Person => ({
  id,
  name,
  username,
  isPrivate: false,
  showsLikes: false,
  isSearchable: true,
  isEstablished,
  readUpTo: -1,
});

/** People who have done nothing yet, and newcomers. */
export function emptyWorld(people: Newcomer[], newcomers: Newcomer[], held: World["held"]): World {
  return {
    people: people.map(newPerson),
    newcomers: newcomers.map(({ id, name, username, isEstablished }) => ({
      id,
      name,
      username,
      isEstablished,
    })),
    held,
    posts: [],
    follows: [],
    requests: [],
    blocks: [],
    mutes: [],
    likes: [],
    bookmarks: [],
    tagFollows: [],
    lists: [],
    drafts: [],
    preferences: [],
    threadMutes: [],
    notices: [],
    groups: [],
    conversations: [],
    messages: [],
    invites: [],
    chatSettings: [],
  };
}

// Looking things up ------------------------------------------------------------

export function person(world: World, id: PersonId): Person {
  const found = world.people.find((one) => one.id === id);
  if (!found) throw new Error(`nobody is ${id}`);
  return found;
}

/** People and newcomers. */
export const everybody = (world: World): Newcomer[] => [...world.people, ...world.newcomers];

/** A post that is not deleted. */
export function post(world: World, id: number | null): Post | undefined {
  return world.posts.find((one) => one.id === id && !one.deleted);
}

/** Leaves out the tie from `by` to `to`, and keeps a tie in the other direction. */
export const without = <T extends { by: PersonId; to: PersonId }>(
  ties: T[],
  by: PersonId,
  to: PersonId,
): T[] => ties.filter((one) => one.by !== by || one.to !== to);

export const tie = (ties: { by: PersonId; to: PersonId }[], by: Viewer, to: PersonId): boolean =>
  ties.some((one) => one.by === by && one.to === to);

/** True if a block hides the two from each other, or if the other is nobody yet. */
export const hidden = (world: World, one: Viewer, other: PersonId): boolean =>
  !world.people.some(({ id }) => id === other) ||
  (one !== null && (tie(world.blocks, one, other) || tie(world.blocks, other, one)));

/** The post that a repost shows. Any other post is its own original. */
export const original = (world: World, id: number | null): number | null =>
  id === null ? null : (post(world, id)?.repostOf ?? id);

export const pieces = ({ title, content }: Text): Piece[] => [...title, ...content];

export const tagsOf = (text: Text): string[] => [
  ...new Set(pieces(text).flatMap((piece) => ("tag" in piece ? [piece.tag] : []))),
];
