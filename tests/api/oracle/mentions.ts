/** The people that a post addresses, and the usernames that they have, hold or reserve. */
import {
  type Draft,
  everybody,
  hidden,
  type Mention,
  original,
  type PersonId,
  type Post,
  person,
  pieces,
  post,
  type Text,
  type World,
} from "./model.ts";
import { isFrom, preferenceOf } from "./notices.ts";

/** The usernames in a text, in lower case. */
export const namesIn = (text: Text): string[] => [
  ...new Set(pieces(text).flatMap((piece) => ("mention" in piece ? [piece.mention] : []))),
];

/** The person who has this username now, if the author can see them and may mention them. */
const named = (world: World, author: PersonId, username: string): PersonId | undefined =>
  world.people.find(
    ({ id, ...one }) =>
      one.username === username &&
      !hidden(world, author, id) &&
      isFrom(world, id, preferenceOf(world, id, "mention").fromWhom, author),
  )?.id;

/** The people that a new post addresses. */
export function mentionsOfNew(world: World, author: PersonId, draft: Draft): Mention[] {
  const mentions = namesIn(draft).flatMap((name): Mention[] => {
    const of = named(world, author, name);
    return of === undefined ? [] : [{ of, names: [name], isAnswered: false, since: 1 }];
  });
  const answered = post(world, original(world, draft.replyTo))?.author;
  if (draft.audience !== "mentioned" || answered === undefined || answered === author) return mentions;
  const found = mentions.find(({ of }) => of === answered);
  if (found) found.isAnswered = true;
  else mentions.push({ of: answered, names: [], isAnswered: true, since: 1 });
  return mentions;
}

/** The people that a post addresses after an edit. */
export function mentionsOfEdited(world: World, edited: Post, before: Text): Mention[] {
  const [kept, earlier] = [namesIn(edited), namesIn(before)];
  const mentions = edited.mentions.map((one) => ({ ...one, names: [...one.names] }));
  for (const name of kept.filter((one) => !earlier.includes(one))) {
    const of = named(world, edited.author, name);
    const found = mentions.find((one) => one.of === of);
    if (found) found.names.push(name);
    else if (of !== undefined)
      mentions.push({ of, names: [name], isAnswered: false, since: edited.versions.length + 1 });
  }
  return mentions
    .map((one) => ({ ...one, names: one.names.filter((name) => kept.includes(name)) }))
    .filter(({ names, isAnswered }) => names.length > 0 || isAnswered);
}

/** True if somebody else has this username, holds it, or reserved it when they signed up. */
export const isTaken = (world: World, by: PersonId | null, username: string): boolean =>
  everybody(world).some((one) => one.id !== by && one.username === username) ||
  world.held.some((one) => one.by !== by && one.username === username);

/** Why a person cannot take this username. Null if they can. */
export function refusalToRename(world: World, by: PersonId, username: string): string | null {
  if (isTaken(world, by, username)) return "username_taken";
  const isTheirs = person(world, by).username === username;
  const held = world.held.filter((one) => one.by === by);
  if (isTheirs || held.length === 0 || held.some((one) => one.username === username)) return null;
  return "username_changed_recently";
}
