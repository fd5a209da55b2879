/**
 * What a person sees of the model's world. Every function goes through everything to
 * find its answer. If a block hides somebody from the viewer, the viewer sees the world
 * as if that person were not in it. This is true for counts too.
 *
 * - seeing.ts has the rule about who sees a post, and notices.ts those about notifications.
 * - Mutes keep people out of the home feed, lists, the public feed and tag feeds, and
 *   out of nothing else. A post that quotes a muted person's post is left out too, if
 *   the viewer would see the quoted post.
 * - Each feed's rule stands at its function. The newest row is first, by its id.
 */
import { isTaken } from "./mentions.ts";
import {
  hidden,
  type List,
  original,
  type Person,
  type PersonId,
  type Post,
  post,
  tagsOf,
  type Viewer,
  type World,
} from "./model.ts";
import { follows, isOpen, looksInto, mutes, seenPost, sees } from "./seeing.ts";

export { chatTotals, showsReceipts, unreadIn } from "./chats.ts";
export { groupsOf, unreadOf } from "./notices.ts";
export { isOpen, mutes, seenPost, seenVersions } from "./seeing.ts";

/** A row of a feed: id is the cursor, shown is the post, repostedBy is the person who reposted it. */
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

/** A row of a thread. It has no post if the post is deleted or the viewer does not see it. */
export interface Place {
  id: number;
  replyTo: number | null;
  depth: number;
  shown: Post | null;
}

const all = (world: World): Post[] => world.posts.filter((one) => !one.deleted);
const newestFirst = <T extends { id: number }>(rows: T[]): T[] => rows.toSorted((a, b) => b.id - a.id);
const asRow = (shown: Post): Row => ({ id: shown.id, shown, repostedBy: null });

// Feeds --------------------------------------------------------------------------

/** True if this post is by a person that the viewer mutes, and the viewer sees it. */
function isMuted(world: World, viewer: Viewer, id: number | null): boolean {
  const found = seenPost(world, viewer, id);
  return found !== null && mutes(world, viewer, found.author);
}

/** True if a feed with mutes may show the viewer this post. */
const shows = (world: World, viewer: Viewer, one: Post): boolean =>
  sees(world, viewer, one) && !mutes(world, viewer, one.author) && !isMuted(world, viewer, one.quoteOf);

/**
 * The posts by these people and with these tags, and what these people reposted.
 *
 * - A reply is in it only if the viewer sees the post that it answers, and that post is
 *   by one of the people or by the viewer.
 * - A repost is in it only if the post it shows is not in the timeline already. If
 *   several people reposted the same post, the first repost is in it.
 * - Nothing by a person that the viewer mutes is in it, and no quote of their posts.
 *   A repost of a reply to their post is not in it either, if the viewer sees that post.
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
      return native(one) && shows(world, viewer, one) ? [asRow(one)] : [];
    }
    const shown = post(world, one.repostOf) as Post;
    const isFirst = !all(world).some(
      (other) => other.repostOf === shown.id && other.id < one.id && people.includes(other.author),
    );
    return people.includes(one.author) &&
      shows(world, viewer, shown) &&
      !isMuted(world, viewer, shown.replyTo) &&
      !native(shown) &&
      isFirst
      ? [{ id: one.id, shown, repostedBy: one.author }]
      : [];
  });
  return newestFirst(rows);
}

/** The timeline of the viewer, the people they follow, and the tags they follow. */
export function home(world: World, viewer: PersonId): Row[] {
  const people = world.people
    .map(({ id }) => id)
    .filter((id) => id === viewer || (follows(world, viewer, id) && !mutes(world, viewer, id)));
  const tags = world.tagFollows.filter(({ by }) => by === viewer).map(({ tag }) => tag);
  return timeline(world, viewer, people, tags);
}

export const seesList = (world: World, viewer: Viewer, list: List): boolean =>
  list.owner === viewer || (!list.isPrivate && looksInto(world, viewer, list.owner));

/** The timeline of the people on a list whose accounts the viewer looks into. */
export function listFeed(world: World, viewer: Viewer, list: List): Row[] {
  if (!seesList(world, viewer, list)) return [];
  const people = list.members.filter((id) => looksInto(world, viewer, id) && !mutes(world, viewer, id));
  return timeline(world, viewer as PersonId, people, []);
}

/** Posts for everyone, by public accounts, without replies and reposts. */
export const publicFeed = (world: World, viewer: Viewer): Row[] =>
  newestFirst(all(world))
    .filter((one) => one.replyTo === null && one.repostOf === null)
    .filter((one) => isOpen(world, one) && shows(world, viewer, one))
    .map(asRow);

export const tagFeed = (world: World, viewer: Viewer, tag: string): Row[] =>
  newestFirst(all(world))
    .filter((one) => tagsOf(one).includes(tag) && shows(world, viewer, one))
    .map(asRow);

/** An author's posts and reposts, without replies. */
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

const showsLikes = (world: World, id: PersonId): boolean =>
  world.people.some((one) => one.id === id && one.showsLikes);

/** The viewer's own likes. Other people's likes if they show them and the viewer looks into their account. */
export function profileLikes(world: World, viewer: Viewer, of: PersonId): Row[] {
  if (of !== viewer && !(showsLikes(world, of) && looksInto(world, viewer, of))) return [];
  return newestFirst(world.likes.filter(({ by }) => by === of)).flatMap((like) => {
    const shown = seenPost(world, viewer, like.post);
    return shown ? [{ id: like.id, shown, repostedBy: null }] : [];
  });
}

export const bookmarksFeed = (world: World, viewer: PersonId): Row[] =>
  newestFirst(world.bookmarks.filter(({ by }) => by === viewer)).flatMap((bookmark) => {
    const shown = seenPost(world, viewer, bookmark.post);
    return shown ? [{ id: bookmark.id, shown, repostedBy: null }] : [];
  });

/** The direct replies to a post that the viewer sees. Those of a repost are those of the post that it shows. */
export const replies = (world: World, viewer: Viewer, to: number): Row[] =>
  seenPost(world, viewer, to) === null
    ? []
    : newestFirst(all(world))
        .filter((one) => one.replyTo === original(world, to) && sees(world, viewer, one))
        .map(asRow);

export const quotes = (world: World, viewer: Viewer, of: number): Row[] =>
  seenPost(world, viewer, of) === null
    ? []
    : newestFirst(all(world))
        .filter((one) => one.quoteOf === original(world, of) && sees(world, viewer, one))
        .map(asRow);

/**
 * The posts above the post, the post, and the replies below it. A reply comes before
 * its own replies, and an older reply comes before a newer one. A reply that is deleted or
 * that the viewer does not see keeps its place if the viewer sees a reply below it. The
 * thread is empty if the viewer does not see the post itself. The thread of a repost is
 * the thread of the post that it shows.
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

/** One post, as a row of a feed. */
export function postRow(world: World, viewer: Viewer, id: number): Row[] {
  const found = seenPost(world, viewer, id);
  if (!found) return [];
  return found.repostOf === null
    ? [asRow(found)]
    : [{ id, shown: post(world, found.repostOf) as Post, repostedBy: found.author }];
}

/** Whose likes of a post the viewer sees. Those of a repost are those of the post that it shows. */
export const likers = (world: World, viewer: Viewer, of: number): { id: number; by: PersonId }[] =>
  seenPost(world, viewer, of) === null
    ? []
    : newestFirst(seenLikes(world, viewer).filter((like) => like.post === original(world, of)));

export const reposters = (world: World, viewer: Viewer, of: number): { id: number; by: PersonId }[] =>
  seenPost(world, viewer, of) === null
    ? []
    : newestFirst(all(world))
        .filter((one) => one.repostOf === original(world, of) && sees(world, viewer, one))
        .map(({ id, author }) => ({ id, by: author }));

// Searches -----------------------------------------------------------------------

/** Only they themselves find a person who is not searchable. */
const findable = (world: World, viewer: Viewer, id: PersonId): boolean =>
  id === viewer || world.people.some((one) => one.id === id && one.isSearchable);

export const searchPeople = (world: World, viewer: Viewer): Person[] =>
  world.people.filter(({ id }) => !hidden(world, viewer, id) && findable(world, viewer, id));

/** Posts that the viewer sees and that fit, without reposts. */
export const searchPosts = (world: World, viewer: Viewer, fits: (one: Post) => boolean): Row[] =>
  newestFirst(all(world))
    .filter((one) => one.repostOf === null && fits(one))
    .filter((one) => sees(world, viewer, one) && findable(world, viewer, one.author))
    .map(asRow);

export const isAvailable = (world: World, viewer: Viewer, username: string): boolean =>
  !isTaken(world, viewer, username);

// Counts -------------------------------------------------------------------------

/** Counts likes by people the viewer sees, and the replies, reposts and quotes that the viewer sees. */
export function postCounts(world: World, viewer: Viewer, id: number): Counts {
  const seen = all(world).filter((one) => sees(world, viewer, one));
  return {
    likes: world.likes.filter((like) => like.post === id && !hidden(world, viewer, like.by)).length,
    replies: seen.filter((one) => one.replyTo === id).length,
    reposts: seen.filter((one) => one.repostOf === id).length,
    quotes: seen.filter((one) => one.quoteOf === id).length,
  };
}

/** Counts everybody that the viewer sees, private accounts too. */
export const followCounts = (world: World, viewer: Viewer, of: PersonId) => ({
  followers: world.follows.filter(({ by, to }) => to === of && !hidden(world, viewer, by)).length,
  following: world.follows.filter(({ by, to }) => by === of && !hidden(world, viewer, to)).length,
});

/** Counts the posts and replies that the viewer sees. Null if they may not look into the account. */
export const authorCount = (world: World, viewer: Viewer, of: PersonId): number | null =>
  looksInto(world, viewer, of)
    ? all(world).filter((one) => one.author === of && one.repostOf === null && sees(world, viewer, one))
        .length
    : null;

// Rows ---------------------------------------------------------------------------

/** The two people see the follow, and so does a viewer who looks into both accounts. */
export const seenFollows = (world: World, viewer: Viewer) =>
  world.follows.filter(
    ({ by, to }) =>
      by === viewer || to === viewer || (looksInto(world, viewer, by) && looksInto(world, viewer, to)),
  );

/**
 * The likes of posts that the viewer sees, if the like is the viewer's own, or the post
 * is the viewer's own, or the person who liked it shows their likes.
 */
export const seenLikes = (world: World, viewer: Viewer) =>
  world.likes.filter(({ by, post: id }) => {
    const liked = seenPost(world, viewer, id);
    if (!liked) return false;
    if (by === viewer) return true;
    if (liked.author === viewer && !hidden(world, viewer, by)) return true;
    return showsLikes(world, by) && looksInto(world, viewer, by);
  });
