/** The steps of a history that are about conversations. Numbers count as in steps.ts. */
import fc from "fast-check";
import { device, doing, often, seldom, weighted, who } from "./draws.ts";

/** Something that somebody does in a conversation, with a request to the API. */
export type ChatAct =
  | { do: "begin direct"; by: number; to: number }
  | { do: "make group"; by: number; with: number[] }
  | { do: "talk"; by: number; room: number; replyTo: number | null; mention: number | null }
  /** By its sender. */
  | { do: "edit message" | "erase message"; message: number }
  | { do: "hide message" | "react" | "unreact"; by: number; message: number }
  | { do: "read room" | "unread room" | "get room"; by: number; room: number }
  | { do: "accept room" | "decline room" | "leave room"; by: number; room: number }
  | { do: "pin room" | "archive room" | "mute room"; by: number; room: number; on: boolean }
  /** By the person who made the group. */
  | { do: "add member" | "remove member"; room: number; to: number }
  | { do: "name room" | "lock room" | "hide past"; room: number; on: boolean };

/** What a person does on a device. */
export type Visit =
  /** Opens the conversation, and keeps it open. */
  | { do: "enter"; device: number; room: number }
  | { do: "exit" | "scroll back"; device: number; room: number };

/** Through the outbox of a device, which may be offline. */
export type Say = { do: "outbox: say"; device: number; room: number };

const room = fc.oneof(fc.nat(2), fc.nat(2), fc.nat(10));
const message = fc.oneof(fc.nat(3), fc.nat(30));
const on = fc.nat(2).map((n) => n > 0);

export const chatAct = weighted<ChatAct>([
  [2, doing(["begin direct"], { by: who, to: who })],
  [2, doing(["make group"], { by: who, with: fc.array(who, { minLength: 1, maxLength: 4 }) })],
  [14, doing(["talk"], { by: who, room, replyTo: seldom(message), mention: often(who) })],
  [3, doing(["edit message"], { message })],
  [2, doing(["erase message"], { message })],
  [4, doing(["hide message", "react", "react", "unreact"], { by: who, message })],
  [5, doing(["read room", "read room", "get room", "unread room"], { by: who, room })],
  [3, doing(["accept room", "accept room", "accept room", "decline room"], { by: who, room })],
  [1, doing(["leave room"], { by: who, room })],
  [2, doing(["pin room", "archive room", "mute room"], { by: who, room, on })],
  [3, doing(["add member", "add member", "remove member"], { room, to: who })],
  [1, doing(["name room", "lock room", "hide past"], { room, on })],
]);

export const visit = weighted<Visit>([
  [4, doing(["enter"], { device, room })],
  [1, doing(["exit"], { device, room })],
  [1, doing(["scroll back"], { device, room })],
]);

export const say = doing(["outbox: say"], { device, room }) as fc.Arbitrary<Say>;
