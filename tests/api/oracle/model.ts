/**
 * The social core as plain lists that say who did what. This is the state that the oracle
 * keeps beside the database, and how each action changes it. questions.ts says what
 * people then see. The model is written only from these rules, which are complete:
 *
 * - A post has an author, a title, a content and an audience (everyone, followers,
 *   mentioned). It may answer one post and quote another. Its tags are the tags in its
 *   text. It mentions the people that its text names, except people who are hidden from
 *   the author at the time of writing. An edit finds tags and mentions again, unless it
 *   changes only the content warning. An edit keeps the earlier text. A repost is a
 *   post without a text of its own.
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
 * - Only you know which tags you follow and which lists you made, except public lists.
 *   A draft stays a draft until it is published. Then it is a post.
 */

export type PersonId = string;
/** The person who asks. Null for somebody who is not signed in. */
export type Viewer = PersonId | null;
export type Audience = "everyone" | "followers" | "mentioned";

export interface Person {
  id: PersonId;
  /** What the tests call this person: alice. */
  name: string;
  username: string;
  isPrivate: boolean;
  showsLikes: boolean;
  isSearchable: boolean;
}

/** A piece of a text. A text is its pieces, with a space between two of them. */
export type Piece = { word: string } | { tag: string; written: string } | { mention: PersonId };

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

export interface Post extends Draft, Made {
  id: number;
  author: PersonId;
  repostOf: number | null;
  mentions: PersonId[];
  /** The texts before each edit, oldest first. */
  versions: Text[];
  deleted: boolean;
}

/** A follow, a request or a block, from one person to another. A larger id is a later one. */
export interface Tie extends Made {
  by: PersonId;
  to: PersonId;
  id: number;
}

export interface Mute extends Made {
  by: PersonId;
  to: PersonId;
  until: "forever" | "past" | "future";
}

/** A like or a bookmark. */
export interface Mark extends Made {
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

export interface World {
  people: Person[];
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
  drafts: (Draft & Made & { id: string; author: PersonId })[];
}

/** People who have done nothing yet. */
export function emptyWorld(people: Pick<Person, "id" | "name" | "username">[]): World {
  return {
    people: people.map(({ id, name, username }) => ({
      id,
      name,
      username,
      isPrivate: false,
      showsLikes: false,
      isSearchable: true,
    })),
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
  };
}

// Looking things up ------------------------------------------------------------

export function person(world: World, id: PersonId): Person {
  const found = world.people.find((one) => one.id === id);
  if (!found) throw new Error(`nobody is ${id}`);
  return found;
}

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

/** True if a block hides the two from each other. */
export const hidden = (world: World, one: Viewer, other: PersonId): boolean =>
  one !== null && (tie(world.blocks, one, other) || tie(world.blocks, other, one));

export const pieces = ({ title, content }: Text): Piece[] => [...title, ...content];

export const tagsOf = (text: Text): string[] => [
  ...new Set(pieces(text).flatMap((piece) => ("tag" in piece ? [piece.tag] : []))),
];

/** The people that a text mentions if its author writes it now. */
export function mentionsNow(world: World, author: PersonId, text: Text): PersonId[] {
  const named = pieces(text).flatMap((piece) => ("mention" in piece ? [piece.mention] : []));
  return [...new Set(named)].filter((one) => !hidden(world, author, one));
}

// What people do ---------------------------------------------------------------

/** The post that a repost shows. Any other post is its own original. */
const original = (world: World, id: number | null): number | null =>
  id === null ? null : (post(world, id)?.repostOf ?? id);

export function write(world: World, author: PersonId, draft: Draft, id: number): void {
  world.posts.push({
    ...draft,
    replyTo: original(world, draft.replyTo),
    quoteOf: original(world, draft.quoteOf),
    id,
    author,
    repostOf: null,
    mentions: mentionsNow(world, author, draft),
    versions: [],
    deleted: false,
  });
}

export function repost(world: World, author: PersonId, of: number, id: number): void {
  world.posts.push({
    id,
    author,
    title: [],
    content: [],
    warning: "",
    language: null,
    audience: "everyone",
    replyTo: null,
    quoteOf: null,
    repostOf: original(world, of),
    mentions: [],
    versions: [],
    deleted: false,
  });
}

export function edit(world: World, edited: Post, { title, content, warning }: Text): void {
  const before = { title: edited.title, content: edited.content, warning: edited.warning };
  edited.versions.push(before);
  Object.assign(edited, { title, content, warning });
  // If only the warning changes, the text is not written again.
  const same = JSON.stringify([title, content]) === JSON.stringify([before.title, before.content]);
  if (!same) edited.mentions = mentionsNow(world, edited.author, edited);
}

export function remove(world: World, removed: Post): void {
  for (const one of world.posts) {
    if (one.id === removed.id || one.repostOf === removed.id) one.deleted = true;
  }
  world.likes = world.likes.filter((like) => like.post !== removed.id);
  world.bookmarks = world.bookmarks.filter((bookmark) => bookmark.post !== removed.id);
}

export function mark(world: World, kind: "likes" | "bookmarks", by: PersonId, on: number, id: number): void {
  world[kind].push({ by, post: original(world, on) as number, id });
}

export function accept(world: World, by: PersonId, to: PersonId, id: number): void {
  world.requests = without(world.requests, by, to);
  world.follows.push({ by, to, id });
}

export function block(world: World, by: PersonId, to: PersonId, id: number): void {
  world.blocks.push({ by, to, id });
  for (const [one, other] of [
    [by, to],
    [to, by],
  ] as const) {
    world.follows = without(world.follows, one, other);
    world.requests = without(world.requests, one, other);
  }
}

export function mute(world: World, by: PersonId, to: PersonId, until: Mute["until"]): void {
  world.mutes = [...without(world.mutes, by, to), { by, to, until }];
}
