/** What people do: how each action that the API accepted changes the model's world. */
import { mentionsOfEdited, mentionsOfNew } from "./mentions.ts";
import {
  type Draft,
  type Mute,
  newPerson,
  original,
  type PersonId,
  type Post,
  person,
  type Text,
  type World,
  without,
} from "./model.ts";

export function write(world: World, author: PersonId, draft: Draft, id: number): void {
  world.posts.push({
    ...draft,
    replyTo: original(world, draft.replyTo),
    quoteOf: original(world, draft.quoteOf),
    id,
    author,
    repostOf: null,
    mentions: mentionsOfNew(world, author, draft),
    versions: [],
    deleted: false,
    // The draft may have been told: that it failed.
    isTold: false,
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
  edited.mentions = mentionsOfEdited(world, edited, before);
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
  world.follows.push({ by, to, id, isAccepted: true });
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

export function mute(world: World, { by, to, until, hidesNotifications }: Mute): void {
  world.mutes = [...without(world.mutes, by, to), { by, to, until, hidesNotifications }];
}

export function confirm(world: World, id: PersonId): void {
  const found = world.newcomers.find((one) => one.id === id);
  if (!found) throw new Error(`no newcomer is ${id}`);
  world.newcomers = world.newcomers.filter((one) => one !== found);
  world.people.push(newPerson(found));
}

export function rename(world: World, by: PersonId, username: string): void {
  const renamed = person(world, by);
  if (renamed.username === username) return;
  world.held = world.held.filter((one) => one.username !== username);
  world.held.push({ by, username: renamed.username });
  renamed.username = username;
}
