/** Reads the body of POST /api/broadcast: its messages, or what is wrong with each of them. */
import { elementsOf, membersOf } from "./json-text.ts";
import { isObject } from "./protocol.ts";

export interface BatchMessage {
  topic: string;
  event: string;
  /** JSON text, as it was written. */
  payload: string;
  private: boolean;
  id?: string;
}

export type FieldErrors = Record<string, string[]>;

export type Batch =
  | { messages: BatchMessage[]; errors?: undefined }
  | { errors: { messages: (FieldErrors | string)[] } };

const blank = "can't be blank";
const invalid = "is invalid";

/** A body: what was written, and what it says. */
export interface Json {
  text: string;
  value: unknown;
}

/**
 * @param isTooLarge whether a payload, as JSON text, is larger than allowed
 * @throws RangeError when the body is nested too deeply
 */
export function parseBatch({ text, value }: Json, isTooLarge: (payload: string) => boolean): Batch {
  const given = isObject(value) ? value.messages : undefined;
  if (given === undefined || given === null) return { errors: { messages: [blank] } };
  if (!Array.isArray(given) || !given.every(isObject)) return { errors: { messages: [invalid] } };
  if (given.length === 0) return { errors: { messages: [blank] } };
  const written = elementsOf(membersOf(text).get("messages") ?? "[]");
  const payloads = written.map((message) => membersOf(message).get("payload") ?? "null");
  const errors = given.map((message, index) => wrongWith(message, isTooLarge(payloads[index] as string)));
  if (errors.some((error) => Object.keys(error).length > 0)) return { errors: { messages: errors } };
  return { messages: given.map((message, index) => messageOf(message, payloads[index] as string)) };
}

function wrongWith(message: Record<string, unknown>, isTooLarge: boolean): FieldErrors {
  const errors: FieldErrors = {};
  for (const field of ["topic", "event"] as const) {
    const value = message[field];
    if (value === undefined || value === null) errors[field] = [blank];
    else if (typeof value !== "string") errors[field] = [invalid];
    else if (value.trim() === "") errors[field] = [blank];
  }
  const { payload, private: isPrivate, id } = message;
  if (payload === undefined || payload === null) errors.payload = [blank];
  else if (!isObject(payload)) errors.payload = [invalid];
  else if (isTooLarge) errors.payload = ["Payload size exceeds tenant limit"];
  if (!booleans.has(isPrivate ?? false)) errors.private = [invalid];
  if (id !== undefined && id !== null && typeof id !== "string") errors.id = [invalid];
  return errors;
}

const booleans = new Map<unknown, boolean>([
  [true, true],
  ["true", true],
  ["1", true],
  [false, false],
  ["false", false],
  ["0", false],
]);

function messageOf(message: Record<string, unknown>, payload: string): BatchMessage {
  return {
    topic: message.topic as string,
    event: message.event as string,
    payload,
    private: booleans.get(message.private ?? false) === true,
    id: typeof message.id === "string" ? message.id : undefined,
  };
}
