/**
 * The rules about who sees a post:
 *
 * - You look into your own account, into public accounts, and into accounts you follow.
 * - An author sees their own post. Other people see it if they are in its audience:
 *   everyone, followers, or the people it addresses. For a private account, "everyone"
 *   means its followers. You see a repost if you look into the account of the person who
 *   reposted, and see the post that it shows.
 * - You see the versions of a post that you see. If it is for the people it addresses, you
 *   see the versions from the first one that addresses you.
 */
import { hidden, type PersonId, type Post, post, tie, type Viewer, type World } from "./model.ts";

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
  if (audience === "mentioned") return mentions.some(({ of }) => of === viewer);
  if (audience === "followers") return follows(world, viewer, author);
  return isPublic(world, author) || follows(world, viewer, author);
}

/** The post, or null if the viewer does not see it. */
export function seenPost(world: World, viewer: Viewer, id: number | null): Post | null {
  const found = post(world, id);
  return found && sees(world, viewer, found) ? found : null;
}

/** True if everyone sees the post, signed in or not. */
export const isOpen = (world: World, one: Post): boolean => sees(world, null, one);

/** The numbers of the earlier versions of this post that the viewer sees. */
export function seenVersions(world: World, viewer: Viewer, one: Post): number[] {
  if (!sees(world, viewer, one)) return [];
  const isForAll = one.audience !== "mentioned" || one.author === viewer;
  const since = isForAll ? 1 : (one.mentions.find(({ of }) => of === viewer)?.since ?? 1);
  return one.versions.map((_, n) => n + 1).filter((version) => version >= since);
}
