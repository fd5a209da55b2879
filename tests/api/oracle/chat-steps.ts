/**
 * The steps of a history about conversations, as plain records like those in steps.ts. A
 * conversation, message or invite is mostly one that the acting person has or reads, newest first.
 * `asOwner`: the owner of a group does it, in place of the person in `by`.
 */
import fc from "fast-check";
import type { RawPiece } from "./steps.ts";

export const emojis = ["👍", "🎉", "👩‍👩‍👧"];

export type ChatStep =
  | { do: "talk"; by: number; to: number }
  | { do: "make group"; by: number; whom: number[] }
  | { do: "add"; by: number; asOwner: boolean; talk: number; whom: number[] }
  | { do: "remove member"; by: number; asOwner: boolean; talk: number; whom: number }
  | { do: "leave" | "accept talk" | "decline talk" | "mark unread"; by: number; talk: number }
  | {
      do: "set role";
      by: number;
      asOwner: boolean;
      talk: number;
      whom: number;
      role: "owner" | "admin" | "member";
    }
  | { do: "change group"; by: number; asOwner: boolean; talk: number; change: RawChange }
  | { do: "invite"; by: number; asOwner: boolean; talk: number; isOnce: boolean; needsApproval: boolean }
  | { do: "join"; by: number; invite: number }
  /** `whom` is the place of a person among those who ask to join. It begins again after the last one. */
  | { do: "answer"; by: number; asOwner: boolean; talk: number; whom: number; accepts: boolean }
  | { do: "say"; by: number; talk: number; text: RawPiece[]; message: number | null; post: number | null }
  /** The last message of this person, with the same key. */
  | { do: "say again"; by: number; isElsewhere: boolean; talk: number }
  | { do: "edit message"; by: number; message: number; text: RawPiece[] }
  | { do: "delete message"; by: number; message: number; forEveryone: boolean }
  | { do: "react" | "unreact"; by: number; message: number; emoji: number }
  | { do: "mark"; by: number; message: number; how: "read" | "delivered" }
  | { do: "keep"; by: number; talk: number; change: RawKeeping }
  | { do: "set chat"; by: number; change: RawSettings };

/** What an admin changes about a group. */
export type RawChange = { name: string } | { history: "all" | "joining" | "none" } | { is_locked: boolean };

/** What a member changes about their side of a conversation. */
export type RawKeeping =
  | { is_archived: boolean }
  | { is_pinned: boolean }
  | { shows_receipts: boolean }
  | { keeps_deleted: boolean }
  | { draft: string }
  | { muted_until: "infinity" | "2020-01-01Z" };

const rules = ["everyone", "following", "nobody"] as const;
type Rule = (typeof rules)[number];

/** What a person allows others in chat. */
export type RawSettings = { who_writes: Rule } | { who_adds: Rule } | { shows_receipts: boolean };

const which = fc.oneof({ arbitrary: fc.nat(2), weight: 3 }, { arbitrary: fc.nat(40), weight: 1 });
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(null), weight: 4 }, { arbitrary, weight: 1 });

/**
 * @param who the number of a person or newcomer
 * @param piece a piece of a text
 * @returns the steps, each with its weight
 */
export function chatSteps(
  who: fc.Arbitrary<number>,
  piece: fc.Arbitrary<RawPiece>,
): [number, fc.Arbitrary<ChatStep>][] {
  const by = who;
  const whom = fc.array(who, { minLength: 1, maxLength: 3 });
  const text = fc.array(piece, { minLength: 1, maxLength: 3 });
  const yes = fc.boolean();
  const asOwner = fc.nat(3).map((n) => n > 0);
  return [
    [4, fc.record({ do: fc.constant("talk"), by, to: who })],
    [2, fc.record({ do: fc.constant("make group"), by, whom })],
    [6, fc.record({ do: fc.constant("add"), by, asOwner, talk: which, whom })],
    [4, fc.record({ do: fc.constant("remove member"), by, asOwner, talk: which, whom: who })],
    [
      6,
      fc.record({
        do: fc.constantFrom("leave", "accept talk", "accept talk", "decline talk"),
        by,
        talk: which,
      }),
    ],
    [
      3,
      fc.record({
        do: fc.constant("set role"),
        by,
        asOwner,
        talk: which,
        whom: who,
        role: fc.constantFrom("owner", "admin", "admin", "member"),
      }),
    ],
    [
      4,
      fc.record({
        do: fc.constant("change group"),
        by,
        asOwner,
        talk: which,
        change: fc.oneof(
          fc.record({ name: fc.constantFrom("Pebbles", "Stones") }),
          fc.record({ history: fc.constantFrom("all", "joining", "none") }),
          fc.record({ is_locked: yes }),
        ),
      }),
    ],
    [3, fc.record({ do: fc.constant("invite"), by, asOwner, talk: which, isOnce: yes, needsApproval: yes })],
    [8, fc.record({ do: fc.constant("join"), by, invite: which })],
    [5, fc.record({ do: fc.constant("answer"), by, asOwner, talk: which, whom: who, accepts: yes })],
    [
      26,
      fc.record({
        do: fc.constant("say"),
        by,
        talk: which,
        text,
        message: seldom(which),
        post: seldom(which),
      }),
    ],
    [2, fc.record({ do: fc.constant("say again"), by, isElsewhere: yes, talk: which })],
    [6, fc.record({ do: fc.constant("edit message"), by, message: which, text })],
    [7, fc.record({ do: fc.constant("delete message"), by, message: which, forEveryone: yes })],
    [
      6,
      fc.record({
        do: fc.constantFrom("react", "react", "unreact"),
        by,
        message: which,
        emoji: fc.nat(emojis.length - 1),
      }),
    ],
    [
      8,
      fc.record({
        do: fc.constant("mark"),
        by,
        message: which,
        how: fc.constantFrom("read", "read", "delivered"),
      }),
    ],
    [2, fc.record({ do: fc.constant("mark unread"), by, talk: which })],
    [
      5,
      fc.record({
        do: fc.constant("keep"),
        by,
        talk: which,
        change: fc.oneof(
          fc.record({ is_archived: yes }),
          fc.record({ is_pinned: yes }),
          fc.record({ shows_receipts: yes }),
          fc.record({ keeps_deleted: yes }),
          fc.record({ draft: fc.constantFrom("", "<b>not yet</b>") }),
          fc.record({ muted_until: fc.constantFrom("infinity", "2020-01-01Z") }),
        ),
      }),
    ],
    [
      3,
      fc.record({
        do: fc.constant("set chat"),
        by,
        change: fc.oneof(
          fc.record({ who_writes: fc.constantFrom(...rules) }),
          fc.record({ who_adds: fc.constantFrom(...rules) }),
          fc.record({ shows_receipts: yes }),
        ),
      }),
    ],
  ] as [number, fc.Arbitrary<ChatStep>][];
}
