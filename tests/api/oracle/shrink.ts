/**
 * Makes a failing history short. It leaves out every part that the failure does not
 * need, from large parts down to single steps. Then it makes the remaining steps
 * simpler. Every history is played to its end, so first cut it off where it failed.
 */
import { isDeepStrictEqual } from "node:util";
import { messageAt, ownedAt, talkAt } from "./chat-stage.ts";
import type { Made, Mute, PersonId, Tie } from "./model.ts";
import { ownGroups } from "./notice-moves.ts";
import { at, newest, pairOf, postRow, type Stage } from "./stage.ts";
import type { Numbered, Pair, RawDraft, Step } from "./steps.ts";

/** How long it may take. After that, the shortest history so far is the result. */
const patienceMs = 120_000;

/**
 * @param fails plays a history, and answers null if it does not fail in the same way
 * @param simpler the same step with less in it, simplest first
 * @returns the failure of the shortest history found, or null if the given history does not fail
 */
export async function shortest<Failure, One>(
  steps: One[],
  fails: (steps: One[]) => Promise<Failure | null>,
  simpler: (step: One) => One[],
): Promise<Failure | null> {
  const deadlineMs = Date.now() + patienceMs;
  let left = steps;
  let failure = await fails(left);
  const replace = async (candidate: One[]): Promise<boolean> => {
    if (failure === null || Date.now() > deadlineMs) return false;
    const found = await fails(candidate);
    if (found === null) return false;
    [left, failure] = [candidate, found];
    return true;
  };

  const remove = async (size: number): Promise<boolean> => {
    let removed = false;
    // From the end, because an earlier step seldom needs a later one.
    for (let end = left.length; end > 0; end = Math.min(end - size, left.length)) {
      removed = (await replace(left.toSpliced(Math.max(0, end - size), size))) || removed;
    }
    return removed;
  };
  const simplify = async (): Promise<boolean> => {
    let simplified = false;
    for (let n = 0; n < left.length; n++) {
      for (const plainer of simpler(left[n] as One)) {
        const changes = !isDeepStrictEqual(plainer, left[n]);
        if (!changes || !(await replace(left.with(n, plainer)))) continue;
        simplified = true;
        break;
      }
    }
    return simplified;
  };

  for (let size = Math.ceil(left.length / 2); size > 1; size = Math.ceil(size / 2)) await remove(size);
  let changes = true;
  while (changes) {
    changes = await remove(1);
    changes = (await simplify()) || changes;
  }
  return failure;
}

/** The same step with less in it, simplest first. */
export function plainerThan(step: Numbered): Numbered[] {
  if (step.do === "edit") {
    const plain = { title: [], content: [{ word: 1 }], warning: false };
    // An edit has two simplest texts, and this is one of them.
    if (step.text === "reworded" || isDeepStrictEqual(step.text, plain)) return [];
    return [
      { ...step, text: "reworded" },
      { ...step, text: plain },
    ];
  }
  if (step.do !== "write" && step.do !== "draft" && step.do !== "schedule") return [];
  const bare = { title: [], content: [{ word: 0 }], warning: false, language: null };
  const { draft } = step;
  return [
    { ...bare, audience: "everyone" as const, replyTo: null, quoteOf: null },
    { ...bare, audience: "everyone" as const, replyTo: draft.replyTo, quoteOf: null },
    { ...draft, ...bare },
    { ...draft, ...bare, content: draft.content },
    { ...draft, ...bare, content: draft.content, audience: "everyone" as const },
  ].map((draft) => ({ ...step, draft }));
}

/**
 * A step that keeps its meaning if earlier steps are left out. It names a row by the
 * number of the step that made the row (as a negative number), not by the row's place.
 */
export function pinned(stage: Stage, step: Step): Step {
  const { world } = stage;
  const pin = (rows: Made[], n: number): number => {
    const madeBy = newest(rows, n)?.madeBy;
    return madeBy === undefined ? n : -1 - madeBy;
  };
  const pinPost = (by: number, n: number): number => {
    const madeBy = postRow(stage, at(stage, by), n)?.madeBy;
    return madeBy === undefined ? n : -1 - madeBy;
  };
  const pinned = (n: number, made: Made | undefined) => (made?.madeBy === undefined ? n : -1 - made.madeBy);
  const pinTalk = (by: number, n: number) => pinned(n, talkAt(stage, at(stage, by), n));
  const pinMessage = (by: number, n: number) => pinned(n, messageAt(stage, at(stage, by), n));
  const text = (by: number, draft: RawDraft) => ({
    ...draft,
    replyTo: draft.replyTo === null ? null : pinPost(by, draft.replyTo),
    quoteOf: draft.quoteOf === null ? null : pinPost(by, draft.quoteOf),
  });
  const two = (pair: Pair, rows: Tie[] | Mute[]): Pair => {
    const { by, to } = pairOf(stage, pair, rows);
    const place = (one: PersonId) => stage.everybody.findIndex(({ id }) => id === one);
    return { row: null, by: place(by), to: place(to) };
  };
  switch (step.do) {
    case "write":
    case "draft":
    case "schedule":
      return { ...step, draft: text(step.by, step.draft) };
    case "publish":
    case "discard":
      return { ...step, draft: pin(world.drafts, step.draft) };
    case "unlike":
      return { ...step, mark: pin(world.likes, step.mark) };
    case "unbookmark":
      return { ...step, mark: pin(world.bookmarks, step.mark) };
    case "ring":
    case "ring off":
    case "unfollow":
    case "remove follower":
      return { ...step, pair: two(step.pair, world.follows) };
    case "accept":
    case "decline":
    case "cancel":
      return { ...step, pair: two(step.pair, world.requests) };
    case "unblock":
      return { ...step, pair: two(step.pair, world.blocks) };
    case "unmute":
      return { ...step, pair: two(step.pair, world.mutes) };
    case "repost":
    case "like":
    case "bookmark":
    case "mute thread":
    case "unmute thread":
      return { ...step, post: pinPost(step.by, step.post) };
    case "edit":
    case "delete":
      return { ...step, post: pin(world.posts, step.post) };
    case "read up to":
    case "read group":
    case "unread group":
      return { ...step, group: pin(ownGroups(stage, step.by), step.group) };
    case "join":
      return { ...step, invite: pin(world.invites, step.invite) };
    case "say":
      return {
        ...step,
        talk: pinTalk(step.by, step.talk),
        message: step.message === null ? null : pinMessage(step.by, step.message),
        post: step.post === null ? null : pinPost(step.by, step.post),
      };
    case "edit message":
    case "delete message":
    case "react":
    case "unreact":
    case "mark":
      return { ...step, message: pinMessage(step.by, step.message) };
    default:
      if ("asOwner" in step && step.asOwner) {
        return { ...step, talk: pinned(step.talk, ownedAt(stage, step.talk).talk) };
      }
      if ("talk" in step) return { ...step, talk: pinTalk(step.by, step.talk) };
      if ("list" in step) return { ...step, list: pin(world.lists, step.list) };
      return step;
  }
}
