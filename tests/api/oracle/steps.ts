/**
 * The steps of a history, as plain records: who does what to which, by number. When a
 * step is played, its number counts through the rows that exist then, and starts again at
 * the end. So any part of a history is a history too. People are in the order in which
 * they signed up. Everything else is newest first. Posts are mostly those that the acting
 * person sees. An impossible wish is a step too: the API has to refuse it.
 */
import fc from "fast-check";
import { type ChatStep, chatSteps } from "./chat-steps.ts";
import { type Audience, type Kind, kinds, type Mute, type Preference } from "./model.ts";

/** The first three act more often than the others, so that more happens between them. */
export const peopleNames = ["alice", "mallory", "bob", "carol", "dave", "erin"];
/** They signed up and did not confirm yet. Their numbers come after those of the people. */
export const newcomerNames = ["frank"];

/** The username that this person has, or the other one of their two. */
export interface RawName {
  of: number;
  isOther: boolean;
}

/** A loud piece is in capital letters. */
export type RawPiece =
  | { word: number }
  | { tag: number; loud: boolean }
  | { mention: RawName; loud: boolean };

export interface RawText {
  title: RawPiece[];
  content: RawPiece[];
  warning: boolean;
}

/** A new text, or the same one with other words, without its first piece, or with one more. */
export type RawEdit = RawText | "reworded" | "shorter" | { add: RawPiece };

export interface RawDraft extends RawText {
  language: string | null;
  audience: Audience;
  replyTo: number | null;
  quoteOf: number | null;
}

/** Two people: those of an existing row if there is one, or else any two. */
export interface Pair {
  row: number | null;
  by: number;
  to: number;
}

export type Flag = "is_private" | "shows_likes" | "is_searchable";

export type Step =
  | { do: "write" | "draft" | "schedule"; by: number; draft: RawDraft }
  | { do: "repost" | "like" | "bookmark"; by: number; post: number }
  /** If `by` is null, the owner does it. */
  | { do: "edit"; by: number | null; post: number; text: RawEdit }
  | { do: "delete"; by: number | null; post: number }
  | { do: "unlike" | "unbookmark"; mark: number }
  | { do: "follow"; by: number; to: number; call: boolean }
  | { do: "ask" | "block"; by: number; to: number }
  | {
      do: "unfollow" | "remove follower" | "accept" | "decline" | "cancel" | "unblock" | "unmute";
      pair: Pair;
    }
  | {
      do: "mute";
      by: number;
      to: number;
      until: Mute["until"];
      hidesNotifications: boolean;
      again: boolean;
    }
  | { do: "switch"; by: number; whose: number | null; flag: Flag; value: boolean }
  /** If `to` is null: to the other one of their own two names. */
  | { do: "rename"; by: number; to: RawName | null }
  | { do: "confirm"; newcomer: number }
  | { do: "make list"; by: number; isPrivate: boolean }
  | { do: "drop list"; by: number | null; list: number }
  | { do: "switch list"; by: number | null; list: number; isPrivate: boolean }
  | { do: "put on list" | "take off list"; by: number | null; list: number; whom: number }
  | { do: "follow tag" | "unfollow tag"; by: number; tag: number }
  | { do: "publish" | "discard"; by: number | null; draft: number }
  | { do: "ring" | "ring off"; pair: Pair }
  /** Up to this group, or to just below it. */
  | { do: "read up to"; by: number; group: number; isBelow: boolean }
  /** With the newest id of the group that somebody saw, or with the oldest one. */
  | { do: "read group" | "unread group"; by: number; group: number; isOld: boolean }
  | {
      do: "prefer";
      by: number;
      kind: Kind;
      fromWhom: Preference["fromWhom"];
      delivery: Preference["delivery"];
    }
  | { do: "prefer nothing"; by: number; kind: Kind }
  | { do: "mute thread" | "unmute thread"; by: number; post: number }
  | ChatStep
  | { do: "pass day" }
  | { do: "pass for"; by: number; whom: number; what: "post" | "list" | "tag" };

/** A step of a history that shrinks, with its first number. Other steps use it to name what this step made. */
export type Numbered = Step & { n?: number };

const newcomer = fc.nat(newcomerNames.length - 1).map((n) => peopleNames.length + n);
/** A step by a newcomer is left out until they confirm. */
const who = fc.oneof(
  { arbitrary: fc.nat(peopleNames.length - 1), weight: 6 },
  { arbitrary: fc.nat(2), weight: 6 },
  { arbitrary: newcomer, weight: 1 },
);
/** Often one of the newest. */
const which = fc.oneof(fc.nat(3), fc.nat(40));
const none = fc.constant(null);
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: none, weight: 6 }, { arbitrary, weight: 1 });
/** Nearly always the owner. */
const byOwner = seldom(who);

const sometimes = fc.nat(3).map((n) => n === 0);
const name = fc.record<RawName>({ of: who, isOther: sometimes });

const piece: fc.Arbitrary<RawPiece> = fc.oneof(
  { arbitrary: fc.record({ word: fc.nat(2) }), weight: 2 },
  { arbitrary: fc.record({ tag: fc.nat(2), loud: fc.boolean() }), weight: 2 },
  { arbitrary: fc.record({ mention: name, loud: sometimes }), weight: 3 },
);

const textParts = {
  title: fc.oneof(
    { arbitrary: fc.constant<RawPiece[]>([]), weight: 3 },
    { arbitrary: fc.array(piece, { maxLength: 2 }), weight: 1 },
  ),
  content: fc.array(piece, { minLength: 1, maxLength: 3 }),
  warning: fc.oneof(
    { arbitrary: fc.constant(false), weight: 5 },
    { arbitrary: fc.constant(true), weight: 1 },
  ),
};
const text: fc.Arbitrary<RawText> = fc.record(textParts);

const edited: fc.Arbitrary<RawEdit> = fc.oneof(
  text,
  fc.constantFrom("reworded" as const, "shorter" as const),
  fc.record({ add: piece }),
);

const audience = fc.oneof(
  { arbitrary: fc.constant<Audience>("everyone"), weight: 4 },
  { arbitrary: fc.constant<Audience>("followers"), weight: 1 },
  { arbitrary: fc.constant<Audience>("mentioned"), weight: 1 },
);

const draft = (replyTo: fc.Arbitrary<number | null>, quoteOf: fc.Arbitrary<number | null>) =>
  fc.record<RawDraft>({
    ...textParts,
    language: fc.constantFrom(null, "en", "de", "tr"),
    audience,
    replyTo,
    quoteOf,
  });
const anyDraft = draft(fc.option(which, { freq: 2 }), fc.option(which, { freq: 2 }));

const pair = fc.record({
  row: fc.oneof({ arbitrary: which, weight: 5 }, { arbitrary: none, weight: 1 }),
  by: who,
  to: who,
});

const weighted: [number, fc.Arbitrary<Step>][] = [
  [12, fc.record({ do: fc.constant("write"), by: who, draft: draft(none, none) })],
  [10, fc.record({ do: fc.constant("write"), by: who, draft: draft(which, none) })],
  [8, fc.record({ do: fc.constant("write"), by: who, draft: draft(fc.option(which, { freq: 2 }), which) })],
  [9, fc.record({ do: fc.constant("repost"), by: who, post: which })],
  [8, fc.record({ do: fc.constant("like"), by: who, post: which })],
  [4, fc.record({ do: fc.constant("bookmark"), by: who, post: which })],
  [9, fc.record({ do: fc.constant("edit"), by: byOwner, post: which, text: edited })],
  [6, fc.record({ do: fc.constant("delete"), by: byOwner, post: which })],
  [3, fc.record({ do: fc.constantFrom("unlike", "unbookmark"), mark: which })],
  [14, fc.record({ do: fc.constant("follow"), by: who, to: who, call: fc.boolean() })],
  [3, fc.record({ do: fc.constant("ask"), by: who, to: who })],
  [5, fc.record({ do: fc.constantFrom("unfollow", "remove follower"), pair })],
  [5, fc.record({ do: fc.constantFrom("accept", "accept", "decline", "cancel"), pair })],
  [5, fc.record({ do: fc.constant("block"), by: who, to: who })],
  [4, fc.record({ do: fc.constant("unblock"), pair })],
  [
    10,
    fc.record({
      do: fc.constant("mute"),
      by: who,
      to: who,
      until: fc.constantFrom("forever", "forever", "future", "past"),
      hidesNotifications: fc.boolean(),
      again: fc.boolean(),
    }),
  ],
  [2, fc.record({ do: fc.constant("unmute"), pair })],
  [
    8,
    fc.record({
      do: fc.constant("switch"),
      by: who,
      whose: seldom(who),
      flag: fc.constantFrom("is_private", "is_private", "shows_likes", "shows_likes", "is_searchable"),
      value: fc.boolean(),
    }),
  ],
  [5, fc.record({ do: fc.constant("rename"), by: who, to: seldom(name) })],
  [3, fc.record({ do: fc.constant("confirm"), newcomer })],
  [3, fc.record({ do: fc.constant("make list"), by: who, isPrivate: fc.boolean() })],
  [1, fc.record({ do: fc.constant("drop list"), by: byOwner, list: which })],
  [1, fc.record({ do: fc.constant("switch list"), by: byOwner, list: which, isPrivate: fc.boolean() })],
  [6, fc.record({ do: fc.constant("put on list"), by: byOwner, list: which, whom: who })],
  [1, fc.record({ do: fc.constant("take off list"), by: byOwner, list: which, whom: who })],
  [3, fc.record({ do: fc.constant("follow tag"), by: who, tag: fc.nat(2) })],
  [1, fc.record({ do: fc.constant("unfollow tag"), by: who, tag: fc.nat(2) })],
  [2, fc.record({ do: fc.constant("draft"), by: who, draft: anyDraft })],
  [2, fc.record({ do: fc.constant("schedule"), by: who, draft: anyDraft })],
  [2, fc.record({ do: fc.constantFrom("publish", "publish", "discard"), by: byOwner, draft: which })],
  [4, fc.record({ do: fc.constantFrom("ring", "ring", "ring off"), pair })],
  [4, fc.record({ do: fc.constant("read up to"), by: who, group: which, isBelow: sometimes })],
  [
    4,
    fc.record({ do: fc.constantFrom("read group", "unread group"), by: who, group: which, isOld: sometimes }),
  ],
  [
    4,
    fc.record({
      do: fc.constant("prefer"),
      by: who,
      kind: fc.constantFrom(...kinds),
      fromWhom: fc.constantFrom("everyone", "established", "following", "nobody"),
      delivery: fc.constantFrom("off", "quiet", "loud", "loud"),
    }),
  ],
  [3, fc.record({ do: fc.constant("prefer nothing"), by: who, kind: fc.constantFrom(...kinds) })],
  [2, fc.record({ do: fc.constantFrom("mute thread", "unmute thread"), by: who, post: which })],
  [1, fc.record({ do: fc.constant("pass day") })],
  [
    1,
    fc.record({
      do: fc.constant("pass for"),
      by: who,
      whom: who,
      what: fc.constantFrom("post", "list", "tag"),
    }),
  ],
] as [number, fc.Arbitrary<Step>][];

const oneOf = (steps: [number, fc.Arbitrary<Step>][]) =>
  fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary })));
const step = oneOf(weighted);

/** What people do in conversations, and the follows and blocks that decide what they read there. */
const chatStep = oneOf([
  ...chatSteps(who, piece),
  [8, fc.record({ do: fc.constant("follow"), by: who, to: who, call: fc.constant(true) })],
  [2, fc.record({ do: fc.constant("unfollow"), pair })],
  [5, fc.record({ do: fc.constant("block"), by: who, to: who })],
  [4, fc.record({ do: fc.constant("unblock"), pair })],
  [2, fc.record({ do: fc.constant("write"), by: who, draft: draft(none, none) })],
  [1, fc.record({ do: fc.constant("repost"), by: who, post: which })],
  [1, fc.record({ do: fc.constant("delete"), by: byOwner, post: which })],
  [1, fc.record({ do: fc.constant("rename"), by: who, to: seldom(name) })],
  [1, fc.record({ do: fc.constant("confirm"), newcomer })],
] as [number, fc.Arbitrary<Step>][]);

const historiesOf = (one: fc.Arbitrary<Step>, longest: number): fc.Arbitrary<Step[]> =>
  fc.noBias(fc.array(one, { minLength: 1, maxLength: longest, size: "max" }));

/** @param longest the most steps of a history. On average a history has half as many. */
export const histories = (longest: number): fc.Arbitrary<Step[]> => historiesOf(step, longest);

/** So the people have something to talk in: a group of alice with mallory and bob, who follow her. */
const firstGroup: Step[] = [
  { do: "follow", by: 1, to: 0, call: true },
  { do: "follow", by: 2, to: 0, call: true },
  { do: "make group", by: 0, whom: [1, 2, 3] },
];

/** The same, about conversations. */
export const chatHistories = (longest: number): fc.Arbitrary<Step[]> =>
  historiesOf(chatStep, longest).map((steps) => [...firstGroup, ...steps]);

/**
 * The same, but alice is in no group. She and mallory follow each other, and talk. She does not
 * block him before the end. A second end of a frozen conversation would be news for him. Groups
 * have two people: the order of more depends on their ids, which differ in two worlds.
 */
export const directHistories = (longest: number): fc.Arbitrary<Step[]> =>
  historiesOf(chatStep, longest).map((steps) => [
    { do: "follow", by: 0, to: 1, call: true },
    { do: "follow", by: 1, to: 0, call: true },
    { do: "talk", by: 0, to: 1 },
    { do: "make group", by: 1, whom: [2] },
    ...steps.flatMap((step) => inPairs(step)),
  ]);

function inPairs(step: Step): Step[] {
  if (step.do === "make group") {
    const whom = step.whom.slice(0, 1);
    return step.by === 0 || whom.includes(0) ? [] : [{ ...step, whom }];
  }
  const isLeftOut =
    step.do === "add" || step.do === "join" || (step.do === "block" && step.by === 0 && step.to === 1);
  return isLeftOut ? [] : [step];
}
