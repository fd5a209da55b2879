/**
 * The rows of the API's answers in one form, and the rows that the model expects. They
 * leave out times, and fields the model does not know (entities, avatars). A person is
 * their username.
 */
import { hidden, type PersonId, type Post, person, tie, type Viewer, type World } from "./model.ts";
import { type Place, postCounts, type Row } from "./questions.ts";
import { isOpen, seenPost } from "./seeing.ts";
import { written } from "./stage.ts";

// biome-ignore lint/suspicious/noExplicitAny: as it came over HTTP
type Answered = any;

const nameOf = (author: Answered): string | null => author?.username ?? null;

// Cards --------------------------------------------------------------------------

export const cardFrom = (card: Answered) =>
  card && {
    id: card.id,
    author: nameOf(card.author),
    title: card.title,
    content: card.content,
    warning: card.content_warning,
    language: card.language,
    audience: card.audience,
    isOpen: card.is_open,
    mentions: card.mentions.map((one: Answered) => `${one.username}=${nameOf(one.profile)}`).toSorted(),
    replyTo: card.reply_to_id,
    quoteOf: card.quote_of_id,
    edited: card.edited_at !== null,
    likes: card.likes,
    replies: card.replies,
    reposts: card.reposts,
    quotes: card.quotes,
    liked: card.liked,
    bookmarked: card.bookmarked,
    reposted: card.reposted,
  };

export function cardOf(world: World, viewer: Viewer, shown: Post) {
  const username = (id: PersonId) => person(world, id).username;
  const byViewer = ({ by }: { by: PersonId }) => by === viewer;
  return {
    id: shown.id,
    author: username(shown.author),
    title: written(shown.title),
    content: written(shown.content),
    warning: shown.warning,
    language: shown.language,
    audience: shown.audience,
    isOpen: isOpen(world, shown),
    mentions: shown.mentions
      .filter(({ of }) => !hidden(world, viewer, of))
      .flatMap(({ of, names }) =>
        (names.length > 0 ? names : [username(of)]).map((name) => `${name}=${username(of)}`),
      )
      .toSorted(),
    replyTo: shown.replyTo,
    quoteOf: shown.quoteOf,
    edited: shown.versions.length > 0,
    ...postCounts(world, viewer, shown.id),
    liked: world.likes.some((like) => byViewer(like) && like.post === shown.id),
    bookmarked: world.bookmarks.some((bookmark) => byViewer(bookmark) && bookmark.post === shown.id),
    reposted: world.posts.some((one) => one.author === viewer && one.repostOf === shown.id && !one.deleted),
  };
}

// Feeds --------------------------------------------------------------------------

export const itemFrom = (item: Answered) => ({
  id: item.id,
  post: cardFrom(item.post),
  repostedBy: nameOf(item.reposted_by),
  answers: nameOf(item.reply_to),
  quoted: cardFrom(item.quoted),
});

/** The author of the post that a post answers, and the quoted post, if the viewer sees them. */
function around(world: World, viewer: Viewer, shown: Post) {
  const parent = seenPost(world, viewer, shown.replyTo);
  const quoted = seenPost(world, viewer, shown.quoteOf);
  return {
    answers: parent && person(world, parent.author).username,
    quoted: quoted && cardOf(world, viewer, quoted),
  };
}

export const itemOf = (world: World, viewer: Viewer, { id, shown, repostedBy }: Row) => ({
  id,
  post: cardOf(world, viewer, shown),
  repostedBy: repostedBy && person(world, repostedBy).username,
  ...around(world, viewer, shown),
});

// Threads ------------------------------------------------------------------------

export const placeFrom = (place: Answered) => ({
  id: place.id,
  replyTo: place.reply_to_id,
  depth: place.depth,
  post: cardFrom(place.post),
  answers: nameOf(place.reply_to),
  quoted: cardFrom(place.quoted),
});

export const placeOf = (world: World, viewer: Viewer, { id, replyTo, depth, shown }: Place) => ({
  id,
  replyTo,
  depth,
  post: shown && cardOf(world, viewer, shown),
  ...(shown ? around(world, viewer, shown) : { answers: null, quoted: null }),
});

// People -------------------------------------------------------------------------

export const personFrom = (row: Answered) => ({
  username: nameOf(row.profile),
  isPrivate: row.is_private,
  isFollowing: row.is_following,
  isRequested: row.is_requested,
  followsYou: row.follows_you,
});

export const personOf = (world: World, viewer: Viewer, id: PersonId) => ({
  username: person(world, id).username,
  isPrivate: person(world, id).isPrivate,
  isFollowing: tie(world.follows, viewer, id),
  isRequested: tie(world.requests, viewer, id),
  followsYou: viewer !== null && tie(world.follows, id, viewer),
});
