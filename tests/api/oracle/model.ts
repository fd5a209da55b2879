/**
 * The social core as plain lists of who did what: the state that the oracle keeps
 * beside the database, and how each thing that is done changes it. What somebody
 * then sees is in questions.ts. Written from the rules, which are said here in
 * full, and from nothing else:
 *
 * - Posts. A post has an author, a title, a content, an audience (everyone,
 *   followers, mentioned), and may answer one post and quote another. Its tags are
 *   those in its text; it mentions whom its text names, but for those hidden from
 *   its author when it is written. An edit finds tags and mentions anew, unless
 *   it is of the content warning alone, and keeps what was said before. A repost is a
 *   post with nothing of its own.
 * - To reply, like, bookmark, repost or quote, one has to see the post, or there is
 *   no such post (post_not_found). To do it to a repost is to do it to the post it
 *   shows. Reposts and quotes need a post that everybody sees, or one's own
 *   (post_not_open); a second repost is refused (already_reposted).
 * - A deleted post takes its reposts, likes and bookmarks with it. Replies and
 *   quotes stay, and go on naming it.
 * - One follows a public account at once and asks a private one; a request is
 *   accepted, declined or taken back. An account that becomes public accepts all.
 * - A block hides two people from each other, both ways, and ends follows and
 *   requests between them. Mutes, lists, likes and bookmarks wait unseen for its
 *   end. Whom one does not see does not exist (profile_not_found).
 * - A mute lasts until it is lifted, or until a time.
 * - Tags and lists are followed and made by oneself, and known to oneself, but for
 *   public lists. A draft becomes a post when it is published, or stays.
 */

export type PersonId = string;
/** Who asks; null: somebody who is not signed in. */
export type Viewer = PersonId | null;
export type Audience = "everyone" | "followers" | "mentioned";

export interface Person {
  id: PersonId;
  /** In the tests' words: alice. */
  name: string;
  username: string;
  isPrivate: boolean;
  showsLikes: boolean;
  isSearchable: boolean;
}

/** A piece of text; a text is pieces with spaces between. */
export type Piece = { word: string } | { tag: string; written: string } | { mention: PersonId };

export interface Text {
  title: Piece[];
  content: Piece[];
  warning: string;
}

/** What an author decides. */
export interface Draft extends Text {
  language: string | null;
  audience: Audience;
  replyTo: number | null;
  quoteOf: number | null;
}

/** Whatever a step of a history made. */
export interface Made {
  /** The step's number: it is what other steps mean when a history shrinks. */
  madeBy?: number;
}

export interface Post extends Draft, Made {
  id: number;
  author: PersonId;
  repostOf: number | null;
  mentions: PersonId[];
  /** What it said before each edit, oldest first. */
  versions: Text[];
  deleted: boolean;
}

/** Somebody's follow of, request to, or block of somebody; the id is the order. */
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
  /** In the order of writing, deleted ones included. */
  posts: Post[];
  follows: Tie[];
  requests: Tie[];
  blocks: Tie[];
  mutes: Mute[];
  likes: Mark[];
  bookmarks: Mark[];
  tagFollows: { by: PersonId; tag: string }[];
  /** In the order of making, deleted ones included. */
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

/** This way alone, not the other way round. */
export const without = <T extends { by: PersonId; to: PersonId }>(
  ties: T[],
  by: PersonId,
  to: PersonId,
): T[] => ties.filter((one) => one.by !== by || one.to !== to);

export const tie = (ties: { by: PersonId; to: PersonId }[], by: Viewer, to: PersonId): boolean =>
  ties.some((one) => one.by === by && one.to === to);

/** Whom a block hides from each other. */
export const hidden = (world: World, one: Viewer, other: PersonId): boolean =>
  one !== null && (tie(world.blocks, one, other) || tie(world.blocks, other, one));

export const pieces = ({ title, content }: Text): Piece[] => [...title, ...content];

export const tagsOf = (text: Text): string[] => [
  ...new Set(pieces(text).flatMap((piece) => ("tag" in piece ? [piece.tag] : []))),
];

/** Whom a text mentions when its author writes it now. */
export function mentionsNow(world: World, author: PersonId, text: Text): PersonId[] {
  const named = pieces(text).flatMap((piece) => ("mention" in piece ? [piece.mention] : []));
  return [...new Set(named)].filter((one) => !hidden(world, author, one));
}

// What people do ---------------------------------------------------------------

/** Of a repost, the post it shows. */
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
  // To change the warning alone is not to write the text again.
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
