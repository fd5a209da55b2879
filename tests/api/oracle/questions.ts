/**
 * What somebody sees of the model's world: every question answered by going through
 * everything. The principle: a viewer sees the world as if those whom a block hides
 * from them were not in it, counts included.
 *
 * - One looks into an account that is one's own, or public, or that one follows.
 * - A post is seen by its author, and else by whom it is for: everyone (of a private
 *   account: its followers), followers, or whom it mentions. A repost is seen by who
 *   looks into the account that reposted and sees what it shows.
 * - Mutes keep people out of home, lists, the public feed and tag feeds, and out of
 *   nothing else.
 * - Each feed's rule stands at its function. Newest first, by the row's id.
 */
import {
  hidden,
  type List,
  type Person,
  type PersonId,
  type Post,
  post,
  tagsOf,
  tie,
  type Viewer,
  type World,
} from "./model.ts";

/** A row of a feed: id is the cursor, shown the post, repostedBy who shows it again. */
export interface Row {
  id: number;
  shown: Post;
  repostedBy: PersonId | null;
}

export interface Counts {
  likes: number;
  replies: number;
  reposts: number;
  quotes: number;
}

/** A row of a thread: without a post where there is none, or none for the viewer. */
export interface Place {
  id: number;
  replyTo: number | null;
  depth: number;
  shown: Post | null;
}

const all = (world: World): Post[] => world.posts.filter((one) => !one.deleted);
const newestFirst = <T extends { id: number }>(rows: T[]): T[] => rows.toSorted((a, b) => b.id - a.id);
const asRow = (shown: Post): Row => ({ id: shown.id, shown, repostedBy: null });

// Who sees what ------------------------------------------------------------------

export const follows = (world: World, viewer: Viewer, one: PersonId): boolean =>
  tie(world.follows, viewer, one);

export const mutes = (world: World, viewer: Viewer, one: PersonId): boolean =>
  world.mutes.some((mute) => mute.by === viewer && mute.to === one && mute.until !== "past");

const isPublic = (world: World, id: PersonId): boolean =>
  world.people.some((one) => one.id === id && !one.isPrivate);

export function looksInto(world: World, viewer: Viewer, id: PersonId): boolean {
  if (id === viewer) return true;
  if (hidden(world, viewer, id)) return false;
  return isPublic(world, id) || follows(world, viewer, id);
}

export function sees(world: World, viewer: Viewer, { author, audience, mentions, repostOf }: Post): boolean {
  if (repostOf !== null) {
    const shown = post(world, repostOf);
    return shown !== undefined && looksInto(world, viewer, author) && sees(world, viewer, shown);
  }
  if (author === viewer) return true;
  if (hidden(world, viewer, author)) return false;
  if (audience === "mentioned") return viewer !== null && mentions.includes(viewer);
  if (audience === "followers") return follows(world, viewer, author);
  return isPublic(world, author) || follows(world, viewer, author);
}

/** The post, when there is one for the viewer. */
export function seenPost(world: World, viewer: Viewer, id: number | null): Post | null {
  const found = post(world, id);
  return found && sees(world, viewer, found) ? found : null;
}

// Feeds --------------------------------------------------------------------------

/**
 * Of these people, and of these tags: posts, but replies only where the viewer sees what
 * they answer, and it is by one of the people or the viewer; and reposts by the people of
 * what is not there by itself, of several the first. Nothing of whom one mutes.
 */
function timeline(world: World, viewer: PersonId, people: PersonId[], tags: string[]): Row[] {
  const native = (one: Post): boolean => {
    if (one.repostOf !== null) return false;
    if (!people.includes(one.author) && !tagsOf(one).some((tag) => tags.includes(tag))) return false;
    if (one.replyTo === null) return true;
    const parent = seenPost(world, viewer, one.replyTo);
    return parent !== null && (parent.author === viewer || people.includes(parent.author));
  };
  const rows = all(world).flatMap((one): Row[] => {
    if (one.repostOf === null) {
      return native(one) && sees(world, viewer, one) && !mutes(world, viewer, one.author) ? [asRow(one)] : [];
    }
    const shown = post(world, one.repostOf) as Post;
    const isFirst = !all(world).some(
      (other) => other.repostOf === shown.id && other.id < one.id && people.includes(other.author),
    );
    return people.includes(one.author) &&
      sees(world, viewer, shown) &&
      !mutes(world, viewer, shown.author) &&
      !native(shown) &&
      isFirst
      ? [{ id: one.id, shown, repostedBy: one.author }]
      : [];
  });
  return newestFirst(rows);
}

/** Of oneself and whom one follows, and of the tags one follows. */
export function home(world: World, viewer: PersonId): Row[] {
  const people = world.people
    .map(({ id }) => id)
    .filter((id) => id === viewer || (follows(world, viewer, id) && !mutes(world, viewer, id)));
  const tags = world.tagFollows.filter(({ by }) => by === viewer).map(({ tag }) => tag);
  return timeline(world, viewer, people, tags);
}

export const seesList = (world: World, viewer: Viewer, list: List): boolean =>
  list.owner === viewer || (!list.isPrivate && looksInto(world, viewer, list.owner));

/** Of those on a list whom the viewer looks into. */
export function listFeed(world: World, viewer: Viewer, list: List): Row[] {
  if (!seesList(world, viewer, list)) return [];
  const people = list.members.filter((id) => looksInto(world, viewer, id) && !mutes(world, viewer, id));
  return timeline(world, viewer as PersonId, people, []);
}

/** For everyone, of public accounts; no replies, no reposts. */
export const publicFeed = (world: World, viewer: Viewer): Row[] =>
  newestFirst(all(world))
    .filter((one) => one.audience === "everyone" && isPublic(world, one.author))
    .filter((one) => one.replyTo === null && one.repostOf === null)
    .filter((one) => sees(world, viewer, one) && !mutes(world, viewer, one.author))
    .map(asRow);

export const tagFeed = (world: World, viewer: Viewer, tag: string): Row[] =>
  newestFirst(all(world))
    .filter((one) => tagsOf(one).includes(tag))
    .filter((one) => sees(world, viewer, one) && !mutes(world, viewer, one.author))
    .map(asRow);

/** Posts and reposts, replies aside. */
export const profileFeed = (world: World, viewer: Viewer, author: PersonId): Row[] =>
  newestFirst(all(world))
    .filter((one) => one.author === author && one.replyTo === null && sees(world, viewer, one))
    .map((one) =>
      one.repostOf === null
        ? asRow(one)
        : { id: one.id, shown: post(world, one.repostOf) as Post, repostedBy: author },
    );

export const profileReplies = (world: World, viewer: Viewer, author: PersonId): Row[] =>
  newestFirst(all(world))
    .filter((one) => one.author === author && one.replyTo !== null && sees(world, viewer, one))
    .map(asRow);

/** One's own, or of who shows them to whom looks into the account. */
export function profileLikes(world: World, viewer: Viewer, of: Person): Row[] {
  if (of.id !== viewer && !(of.showsLikes && looksInto(world, viewer, of.id))) return [];
  return newestFirst(world.likes.filter(({ by }) => by === of.id)).flatMap((like) => {
    const shown = seenPost(world, viewer, like.post);
    return shown ? [{ id: like.id, shown, repostedBy: null }] : [];
  });
}

export const bookmarksFeed = (world: World, viewer: PersonId): Row[] =>
  newestFirst(world.bookmarks.filter(({ by }) => by === viewer)).flatMap((bookmark) => {
    const shown = seenPost(world, viewer, bookmark.post);
    return shown ? [{ id: bookmark.id, shown, repostedBy: null }] : [];
  });

/** Direct ones, of a post that the viewer sees. */
export const replies = (world: World, viewer: Viewer, to: number): Row[] =>
  seenPost(world, viewer, to) === null
    ? []
    : newestFirst(all(world))
        .filter((one) => one.replyTo === to && sees(world, viewer, one))
        .map(asRow);

export const quotes = (world: World, viewer: Viewer, of: number): Row[] =>
  seenPost(world, viewer, of) === null
    ? []
    : newestFirst(all(world))
        .filter((one) => one.quoteOf === of && sees(world, viewer, one))
        .map(asRow);

/**
 * What the post answers, the post, and the replies below it, each before its own
 * replies, older first. What is deleted or not seen keeps its place where something
 * seen is below it. Nothing when the post itself is not seen; a repost's thread is
 * that of what it shows.
 */
export function thread(world: World, viewer: Viewer, id: number): Place[] {
  const asked = seenPost(world, viewer, id);
  if (!asked) return [];
  const root = post(world, asked.repostOf ?? asked.id) as Post;
  const place = (one: Post, depth: number): Place => ({
    id: one.id,
    replyTo: one.replyTo,
    depth,
    shown: seenPost(world, viewer, one.id),
  });
  const above: Place[] = [];
  for (let one = root, depth = -1; one.replyTo !== null; depth--) {
    one = world.posts.find(({ id }) => id === one.replyTo) as Post;
    above.unshift(place(one, depth));
  }
  const below = (parent: Post, depth: number): Place[] =>
    world.posts
      .filter((one) => one.replyTo === parent.id)
      .flatMap((one) => {
        const branch = [place(one, depth), ...below(one, depth + 1)];
        return branch.some(({ shown }) => shown) ? branch : [];
      });
  return [...above, place(root, 0), ...below(root, 1)];
}

// Searches -----------------------------------------------------------------------

/** Who is not searchable is found by nobody but themselves. */
const findable = (world: World, viewer: Viewer, id: PersonId): boolean =>
  id === viewer || world.people.some((one) => one.id === id && one.isSearchable);

export const searchPeople = (world: World, viewer: Viewer): Person[] =>
  world.people.filter(({ id }) => !hidden(world, viewer, id) && findable(world, viewer, id));

/** Posts, not reposts, that are seen and that have what is looked for. */
export const searchPosts = (world: World, viewer: Viewer, fits: (one: Post) => boolean): Row[] =>
  newestFirst(all(world))
    .filter((one) => one.repostOf === null && fits(one))
    .filter((one) => sees(world, viewer, one) && findable(world, viewer, one.author))
    .map(asRow);

// Counts -------------------------------------------------------------------------

/** Likes by whom the viewer sees; replies, reposts and quotes that the viewer sees. */
export function postCounts(world: World, viewer: Viewer, id: number): Counts {
  const seen = all(world).filter((one) => sees(world, viewer, one));
  return {
    likes: world.likes.filter((like) => like.post === id && !hidden(world, viewer, like.by)).length,
    replies: seen.filter((one) => one.replyTo === id).length,
    reposts: seen.filter((one) => one.repostOf === id).length,
    quotes: seen.filter((one) => one.quoteOf === id).length,
  };
}

/** Of everybody whom the viewer sees, private accounts included. */
export const followCounts = (world: World, viewer: Viewer, of: PersonId) => ({
  followers: world.follows.filter(({ by, to }) => to === of && !hidden(world, viewer, by)).length,
  following: world.follows.filter(({ by, to }) => by === of && !hidden(world, viewer, to)).length,
});

/** Posts and replies that the viewer sees; null when they may not look into the account. */
export const authorCount = (world: World, viewer: Viewer, of: PersonId): number | null =>
  looksInto(world, viewer, of)
    ? all(world).filter((one) => one.author === of && one.repostOf === null && sees(world, viewer, one))
        .length
    : null;

// Rows ---------------------------------------------------------------------------

/** Seen by the two, and by who looks into both. */
export const seenFollows = (world: World, viewer: Viewer) =>
  world.follows.filter(
    ({ by, to }) =>
      by === viewer || to === viewer || (looksInto(world, viewer, by) && looksInto(world, viewer, to)),
  );

/** Of posts that are seen: one's own, those of one's own posts, and those that people show. */
export const seenLikes = (world: World, viewer: Viewer) =>
  world.likes.filter(({ by, post: id }) => {
    const liked = seenPost(world, viewer, id);
    if (!liked) return false;
    if (by === viewer) return true;
    if (liked.author === viewer && !hidden(world, viewer, by)) return true;
    return world.people.some((one) => one.id === by && one.showsLikes) && looksInto(world, viewer, by);
  });
