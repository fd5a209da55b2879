/**
 * The steps of a history, as plain records: what people do, what breaks, and quiet moments. A step
 * names people, devices and posts by number. A number counts through those that exist when the step is
 * played, and starts again at the end. So any part of a history is a history too.
 */
import fc from "fast-check";
import { type ChatAct, chatAct, type Say, say, type Visit, visit } from "./chat-steps.ts";
import { device, doing, often, owners, peopleNames, seldom, weighted, who } from "./draws.ts";

/** Something that somebody does, with a request to the API. */
export type Act =
  | ChatAct
  | {
      do: "write";
      by: number;
      mention: number | null;
      replyTo: number | null;
      quoteOf: number | null;
      open: boolean;
    }
  /** Many posts in one request, each with a mention of `to`. */
  | { do: "write many"; by: number; to: number; count: number }
  | { do: "edit"; post: number; mention: number | null }
  | { do: "delete"; post: number }
  | { do: "repost" | "like" | "unlike" | "mute thread" | "unmute thread"; by: number; post: number }
  | { do: "follow" | "unfollow" | "remove follower" | "accept" | "decline"; by: number; to: number }
  | { do: "block" | "unblock" | "unmute"; by: number; to: number }
  | { do: "mute"; by: number; to: number; hides: boolean }
  | { do: "bell"; by: number; to: number; rings: boolean }
  | { do: "prefer"; by: number; kind: string; fromWhom: string; delivery: string }
  | { do: "go private" | "go public"; by: number }
  | { do: "read" | "read group" | "unread group"; by: number; nth: number }
  | { do: "delete account"; by: number };

/** Something that a person does on a device, which may be offline. It goes through the outbox. */
export type Write =
  | Say
  | { do: "outbox: like" | "outbox: unlike"; device: number; post: number }
  | { do: "outbox: follow" | "outbox: unfollow"; device: number; to: number }
  | { do: "outbox: read"; device: number }
  | { do: "outbox: write"; device: number; mention: number | null }
  /** The device's own bookmark, which nobody else changes. */
  | { do: "outbox: mark" | "outbox: unmark"; device: number };

export type Fault =
  | { do: "cut" | "cut in mid-frame" | "refuse" | "freeze" | "heal" | "reload"; device: number }
  /** Loses each broadcast whose number is `which` modulo `of`. */
  | { do: "drop broadcasts"; device: number; of: number; which: number }
  | { do: "lose an answer"; device: number; of: "sync" | "token" | "any" }
  | { do: "sleep" | "wake"; device: number }
  | { do: "skew clock"; device: number; minutes: number }
  | { do: "shorten token" | "refresh token"; device: number }
  | { do: "fail apply" | "slow apply"; device: number }
  | { do: ServerFault };

export type ServerFault = "restart Realtime" | "kill services" | "restart Postgres" | "crash Postgres";

export type Step =
  | ((Act | Write | Visit | Fault) & {
      /** Whether the next step waits until this one is done. */
      waits: boolean;
    })
  /** All is repaired, and nobody does anything. `nudge`: the devices are told that they are in front again. */
  | { do: "quiet"; nudge: boolean };

/** Often one of the newest. */
const post = fc.oneof(fc.nat(4), fc.nat(40));
const pair = { by: who, to: who };

const kinds = ["follow", "follow_request", "like", "repost", "reply", "quote", "mention", "edited", "post"];

const act = weighted<Act>([
  [50, chatAct],
  [
    10,
    doing(["write"], {
      by: who,
      mention: often(who),
      replyTo: seldom(post),
      quoteOf: seldom(post),
      open: fc.nat(4).map((n) => n > 0),
    }),
  ],
  [1, doing(["write many"], { ...pair, count: fc.constantFrom(3, 30, 60, 120) })],
  [4, doing(["edit"], { post, mention: often(who) })],
  [3, doing(["delete"], { post })],
  [12, doing(["like"], { by: who, post })],
  [4, doing(["unlike"], { by: who, post })],
  [4, doing(["repost"], { by: who, post })],
  [2, doing(["mute thread", "unmute thread"], { by: who, post })],
  [8, doing(["follow"], pair)],
  [7, doing(["unfollow", "remove follower", "accept", "decline"], pair)],
  [2, doing(["block"], pair)],
  [3, doing(["unblock"], pair)],
  [2, doing(["mute"], { ...pair, hides: fc.boolean() })],
  [2, doing(["unmute"], pair)],
  [3, doing(["bell"], { ...pair, rings: fc.nat(3).map((n) => n > 0) })],
  [
    2,
    doing(["prefer"], {
      by: who,
      kind: fc.constantFrom(...kinds),
      fromWhom: fc.constantFrom("everyone", "everyone", "established", "following", "nobody"),
      delivery: fc.constantFrom("off", "quiet", "loud", "loud"),
    }),
  ],
  [2, doing(["go private", "go public"], { by: who })],
  [4, doing(["read"], { by: who, nth: fc.nat(5) })],
  [4, doing(["read group", "unread group"], { by: who, nth: fc.nat(5) })],
  [1, doing(["delete account"], { by: who })],
]);

const write = weighted<Write>([
  [5, say],
  [3, doing(["outbox: mark", "outbox: unmark"], { device })],
  [3, doing(["outbox: write"], { device, mention: often(who) })],
  [2, doing(["outbox: like", "outbox: unlike"], { device, post })],
  [1, doing(["outbox: follow", "outbox: unfollow"], { device, to: who })],
  [1, doing(["outbox: read"], { device })],
]);

const fault = weighted<Fault>(
  [
    [6, doing(["cut", "cut in mid-frame", "heal"], { device })],
    [4, doing(["refuse", "freeze", "reload"], { device })],
    [5, doing(["drop broadcasts"], { device, of: fc.constantFrom(1, 2, 3), which: fc.nat(2) })],
    [4, doing(["lose an answer"], { device, of: fc.constantFrom("sync", "token", "any") })],
    [6, doing(["sleep", "wake"], { device })],
    [2, doing(["skew clock"], { device, minutes: fc.constantFrom(-120, -50, -10, 0, 10, 50, 120) })],
    [4, doing(["shorten token", "refresh token"], { device })],
    [3, doing(["fail apply", "slow apply"], { device })],
    [0.5, doing(["restart Realtime", "kill services", "restart Postgres", "crash Postgres"], {})],
  ].map(([weight, arbitrary]) => [2 * (weight as number), arbitrary]) as [number, fc.Arbitrary<Fault>][],
);

const waits = fc.boolean();
const step = weighted<Step>([
  [20, fc.tuple(act, waits).map(([one, waits]) => ({ ...one, waits }))],
  [5, fc.tuple(write, waits).map(([one, waits]) => ({ ...one, waits }))],
  [3, fc.tuple(visit, waits).map(([one, waits]) => ({ ...one, waits }))],
  [7, fc.tuple(fault, waits).map(([one, waits]) => ({ ...one, waits }))],
  [1, fc.nat(4).map((n) => ({ do: "quiet", nudge: n > 0 }))],
]);

export const histories = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(step, { maxLength, size: "max" });

/** The same step with less in it, simplest first. A failure that needs no concurrency loses it. */
export function simpler(one: Step): Step[] {
  const found: Step[] = [];
  if ("waits" in one && !one.waits) found.push({ ...one, waits: true });
  if (one.do === "write") {
    const plain = { ...one, mention: null, replyTo: null, quoteOf: null, open: true };
    found.push(plain, { ...plain, mention: one.mention }, { ...plain, replyTo: one.replyTo });
  }
  if (one.do === "talk") found.push({ ...one, mention: null, replyTo: null });
  if (one.do === "write many" && one.count > 3) found.push({ ...one, count: 3 });
  if (one.do === "quiet" && !one.nudge) found.push({ ...one, nudge: true });
  return found;
}

/** A step in words. */
export function spoken(one: Step): string {
  const { do: what, ...rest } = one;
  const words = Object.entries(rest).flatMap(([name, value]) => {
    if (value === null || name === "waits") return [];
    if (["by", "to", "mention"].includes(name)) return [`${name} ${peopleNames[Number(value)]}`];
    if (name === "with") return [`with ${(value as number[]).map((n) => peopleNames[n]).join(" ")}`];
    if (name === "device") return [`device ${value} (${peopleNames[owners[Number(value)] as number]})`];
    return [`${name} ${value}`];
  });
  return [what, ...words, ...("waits" in one && !one.waits ? ["(the next step does not wait)"] : [])].join(
    ", ",
  );
}
