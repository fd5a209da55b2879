/**
 * The rules about notifications:
 *
 * - People are told who follows them or asks to, that a request was accepted, who likes,
 *   reposts, quotes or answers their posts, and which posts mention them. They are told that
 *   a post was edited that they reposted, quoted or answered. If they rang the bell of
 *   somebody, they are told of each new post that is not a reply. Nobody is told of their own
 *   deeds. But an author is told if a scheduled draft was published or failed.
 * - About one post somebody is told once: as the author of the post that it answers, or else
 *   of the post that it quotes, or else because it mentions them, or else because of the bell.
 *   The first of these that they want to be told counts.
 * - A notification lives as long as its cause, and as long as its reader may see what it tells
 *   of. After that it is withdrawn, and does not come back with a later permission.
 *   If the same is done again on the same day, the withdrawn one returns to its old place.
 * - Preferences and thread mutes decide at the moment when something happens.
 * - A mute hides the notifications of a person as long as it lasts.
 * - A group collects notifications of one kind about one object as long as it is unread.
 *   Loud and quiet ones are in different groups. Its place is that of the newest one that was
 *   added to it, without those that a mute hid at that moment.
 */
import {
  type Group,
  hidden,
  type Kind,
  type Notice,
  type PersonId,
  type Post,
  type Preference,
  person,
  post,
  tie,
  type World,
} from "./model.ts";
import { follows, looksInto, mutes, seenPost } from "./seeing.ts";

/** What happened: who did it, who is told, and which post or draft it is about. */
type Event = Pick<Notice, "to" | "kind" | "by" | "object" | "draft">;

const aboutPost: Kind[] = ["reply", "quote", "mention", "post"];

// What happens -------------------------------------------------------------------

/** Brings the notifications up to date after a step. */
export function notify(world: World): void {
  for (const one of world.notices) if (one.state === "live" && !lasts(world, one)) one.state = "withdrawn";
  for (const { by, to, isAccepted } of untold(world.follows)) {
    if (isAccepted) tell(world, { to: by, kind: "request_accepted", by: to });
    else tell(world, { to, kind: "follow", by });
  }
  for (const { by, to } of untold(world.requests)) {
    tell(world, { to, kind: "follow_request", by });
  }
  for (const { by, post: id } of untold(world.likes)) {
    tell(world, { to: authorOf(world, id), kind: "like", by, object: id });
  }
  for (const { id, author } of untold(world.drafts.filter(({ hasFailed }) => hasFailed))) {
    tell(world, { to: author, kind: "draft_failed", by: author, draft: id });
  }
  for (const one of untold(world.posts)) tellOfPost(world, one);
  for (const one of world.posts) tellOfEdits(world, one);
}

function untold<T extends { isTold?: boolean }>(rows: T[]): T[] {
  const found = rows.filter(({ isTold }) => !isTold);
  for (const row of found) row.isTold = true;
  return found;
}

const authorOf = (world: World, id: number | null): PersonId | undefined =>
  world.posts.find((one) => one.id === id)?.author;

function tellOfPost(world: World, one: Post): void {
  const { author: by, id, repostOf } = one;
  if (repostOf !== null) {
    tell(world, { to: authorOf(world, repostOf), kind: "repost", by, object: repostOf });
    return;
  }
  if (one.wasScheduled) tell(world, { to: by, kind: "draft_published", by, object: id });
  for (const kind of aboutPost) {
    for (const { id: to } of world.people) {
      if (concerns(world, one, to, kind)) tell(world, { to, kind, by, object: id });
    }
  }
  untold(one.mentions);
}

/** True if a new post concerns this person in this way. */
function concerns(world: World, one: Post, to: PersonId, kind: Kind): boolean {
  if (kind === "reply") return to === authorOf(world, one.replyTo);
  if (kind === "quote") return to === authorOf(world, one.quoteOf);
  if (kind === "mention") return one.mentions.some(({ of, names }) => of === to && names.length > 0);
  const rang = world.follows.some((tie) => tie.by === to && tie.to === one.author && tie.notifies);
  return rang && one.replyTo === null;
}

/** Tells the people that an edit added, and those who took part in the edited post. */
function tellOfEdits(world: World, one: Post): void {
  const { author: by, id } = one;
  for (const { of } of untold(one.mentions)) tell(world, { to: of, kind: "mention", by, object: id });
  if (one.versions.length === (one.toldEdits ?? 0)) return;
  one.toldEdits = one.versions.length;
  const answers = world.posts.filter((other) => !other.deleted && isAbout(other, id));
  for (const to of new Set(answers.map(({ author }) => author))) {
    tell(world, { to, kind: "edited", by, object: id });
  }
}

const isAbout = ({ replyTo, quoteOf, repostOf }: Post, id: number): boolean =>
  [replyTo, quoteOf, repostOf].includes(id);

function tell(
  world: World,
  event: Pick<Event, "kind" | "by"> & Partial<Event> & { to: PersonId | undefined },
): void {
  const { to, kind, by, object = null, draft = null } = event;
  if (to === undefined || (to === by && !kind.startsWith("draft_"))) return;
  const told: Event = { to, kind, by, object, draft };
  const known = world.notices.filter(
    (one) => one.to === to && one.by === by && one.object === object && one.draft === draft,
  );
  const isSame = (other: Kind) => other === kind || (aboutPost.includes(other) && aboutPost.includes(kind));
  if (known.some((one) => one.state === "live" && isSame(one.kind))) return;

  const { fromWhom, delivery } = preferenceOf(world, to, kind);
  const isWelcome = isFrom(world, to, fromWhom, by);
  if (!lasts(world, told) || delivery === "off" || (!isWelcome && kind !== "follow_request")) return;
  if (isThreadMuted(world, told)) return;

  const withdrawn = known.find((one) => one.state === "withdrawn" && one.kind === kind);
  if (withdrawn) {
    withdrawn.state = "live";
    return;
  }
  const isQuiet = delivery === "quiet" || !isWelcome;
  const group = openGroup(world, { ...told, kind: isWelcome ? kind : "filtered_requests" }, isQuiet);
  const notice: Notice = { ...told, group, state: "live", id: null };
  world.notices.push(notice);
  if (!isMuted(world, notice)) group.latest = world.notices.indexOf(notice);
}

/** The newest group of this kind about this object, if it is unread, or else a new one. */
function openGroup(world: World, { to: of, kind, object, draft }: Event, isQuiet: boolean): Group {
  const last = world.groups.findLast((one) => one.of === of && one.kind === kind && one.object === object);
  if (last && last.draft === draft && last.isQuiet === isQuiet && !isRead(world, last)) return last;
  const group: Group = {
    of,
    kind,
    object,
    draft,
    isQuiet,
    latest: world.notices.length,
    readUpTo: -1,
    isMarkedUnread: false,
    id: null,
  };
  world.groups.push(group);
  return group;
}

/** From tomorrow on, what was withdrawn today never returns. */
export function passDay(world: World): void {
  for (const one of world.notices) if (one.state === "withdrawn") one.state = "gone";
}

// How long it lasts --------------------------------------------------------------

/** True as long as it is so, and the reader may see it. */
function lasts(world: World, { to, kind, by, object, draft }: Event): boolean {
  if (hidden(world, to, by)) return false;
  switch (kind) {
    case "follow":
      return tie(world.follows, by, to);
    case "follow_request":
      return tie(world.requests, by, to);
    case "request_accepted":
      return tie(world.follows, to, by);
    case "like":
      return world.likes.some((like) => like.by === by && like.post === object);
    case "repost":
      return (
        looksInto(world, to, by) &&
        world.posts.some((one) => one.author === by && one.repostOf === object && !one.deleted)
      );
    case "mention":
      return seenPost(world, to, object)?.mentions.some(({ of }) => of === to) ?? false;
    case "draft_failed":
      return world.drafts.some(({ id }) => id === draft);
    default:
      return seenPost(world, to, object) !== null;
  }
}

// What people want to be told ----------------------------------------------------

/** True if a person wants to hear from this other person. */
export function isFrom(world: World, of: PersonId, from: Preference["fromWhom"], by: PersonId): boolean {
  if (from === "everyone" || by === of) return true;
  if (from === "nobody") return false;
  return follows(world, of, by) || (from === "established" && person(world, by).isEstablished);
}

export const preferenceOf = (world: World, of: PersonId, kind: Kind): Preference =>
  world.preferences.find((one) => one.of === of && one.kind === kind) ?? {
    of,
    kind,
    fromWhom: "everyone",
    delivery: kind === "edited" ? "quiet" : "loud",
  };

/** The post at the top of a post's thread. It may be deleted. */
export function threadOf(world: World, id: number): number {
  const answered = world.posts.find((one) => one.id === id)?.replyTo ?? null;
  return answered === null ? id : threadOf(world, answered);
}

/** True if the reader mutes the thread of the post, or of the post that it quotes. */
function isThreadMuted(world: World, { to, kind, object }: Event): boolean {
  if (object === null || ["post", "draft_published"].includes(kind)) return false;
  const quoted = post(world, object)?.quoteOf ?? null;
  const threads = [object, ...(post(world, quoted) ? [quoted as number] : [])].map((id) =>
    threadOf(world, id),
  );
  return world.threadMutes.some(({ by, thread }) => by === to && threads.includes(thread));
}

// What people see of it ----------------------------------------------------------

/** A group as its owner sees it. */
export interface ShownGroup {
  group: Group;
  /** Newest first. */
  notices: Notice[];
  isRead: boolean;
}

/** True if a mute hides it from its reader. */
const isMuted = (world: World, { to, by }: Notice): boolean =>
  mutes(world, to, by) && world.mutes.some((one) => one.by === to && one.to === by && one.hidesNotifications);

/** True if everything up to the group's place was marked as read. */
const isRead = (world: World, { of, latest, readUpTo, isMarkedUnread }: Group): boolean =>
  !isMarkedUnread && latest <= Math.max(readUpTo, person(world, of).readUpTo);

/** A person's groups, the one with the highest place first. */
export function groupsOf(world: World, of: PersonId): ShownGroup[] {
  const shown = world.notices
    .filter((one) => one.to === of && one.state === "live" && !isMuted(world, one))
    .toReversed();
  return [...Map.groupBy(shown, ({ group }) => group)]
    .map(([group, notices]) => ({ group, notices, isRead: isRead(world, group) }))
    .toSorted((a, b) => b.group.latest - a.group.latest);
}

/** The numbers beside a bell. */
export const unreadOf = (world: World, of: PersonId) => ({
  notifications: groupsOf(world, of).filter(({ group, isRead }) => !isRead && !group.isQuiet).length,
  requests: world.requests.filter(({ to }) => to === of).length,
});

// Reading ------------------------------------------------------------------------

/** Marks everything up to this place as read. */
export function readUpTo(world: World, of: PersonId, place: number): void {
  const reader = person(world, of);
  reader.readUpTo = Math.max(reader.readUpTo, place);
  for (const one of world.groups) if (one.of === of && one.latest <= place) one.isMarkedUnread = false;
}

/** Marks a group as read up to this place. */
export function readGroup(group: Group, place: number): void {
  group.isMarkedUnread = false;
  group.readUpTo = Math.max(group.readUpTo, place);
}
