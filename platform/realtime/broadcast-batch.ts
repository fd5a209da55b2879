/** Reads the body of POST /api/broadcast: its messages, or what is wrong with each of them. */
import { isObject } from "./protocol.ts";

export interface BatchMessage {
  topic: string;
  event: string;
  payload: Record<string, unknown>;
  private: boolean;
  id?: string;
}

export type FieldErrors = Record<string, string[]>;

export type Batch =
  | { messages: BatchMessage[]; errors?: undefined }
  | { errors: { messages: (FieldErrors | string)[] } };

const blank = "can't be blank";
const invalid = "is invalid";

/** @param isTooLarge whether a payload is larger than allowed */
export function parseBatch(body: unknown, isTooLarge: (payload: object) => boolean): Batch {
  const given = isObject(body) ? body.messages : undefined;
  if (given === undefined || given === null) return { errors: { messages: [blank] } };
  if (!Array.isArray(given) || !given.every(isObject)) return { errors: { messages: [invalid] } };
  if (given.length === 0) return { errors: { messages: [blank] } };
  const errors = given.map((message) => wrongWith(message, isTooLarge));
  if (errors.some((error) => Object.keys(error).length > 0)) return { errors: { messages: errors } };
  return { messages: given.map(messageOf) };
}

function wrongWith(message: Record<string, unknown>, isTooLarge: (payload: object) => boolean): FieldErrors {
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
  else if (isTooLarge(payload)) errors.payload = ["Payload size exceeds tenant limit"];
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

function messageOf(message: Record<string, unknown>): BatchMessage {
  return {
    topic: message.topic as string,
    event: message.event as string,
    payload: message.payload as Record<string, unknown>,
    private: booleans.get(message.private ?? false) === true,
    id: typeof message.id === "string" ? message.id : undefined,
  };
}
