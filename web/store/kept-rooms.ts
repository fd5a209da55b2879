/**
 * The conversations that were open last, so that they can be read without a network. They are forgotten when the
 * person signs out, as everything else that begins with `plaza.`.
 */
import type { Conversation, Message, Receipt } from "../app/plaza.ts";

/** A conversation as `sync()` answers it. */
export interface Snapshot {
  conversation: Conversation;
  messages: Message[];
  receipts: Receipt[];
}

const key = "plaza.chat.rooms";
const mostRooms = 5;
const mostMessages = 50;

/** Keeps the newest messages of a room. */
export function keepRoom(snapshot: Snapshot): void {
  const messages = snapshot.messages.slice(-mostMessages);
  write([{ ...snapshot, messages }, ...others(snapshot.conversation.id)]);
}

export function keptRoom(id: number): Snapshot | undefined {
  return read().find(({ conversation }) => conversation.id === id);
}

export function forgetRoom(id: number): void {
  write(others(id));
}

const others = (id: number) => read().filter(({ conversation }) => conversation.id !== id);

function read(): Snapshot[] {
  try {
    const rooms = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(rooms) ? rooms : [];
  } catch {
    return [];
  }
}

function write(rooms: Snapshot[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(rooms.slice(0, mostRooms)));
  } catch {
    // No room on the device. Then they cannot be read without a network.
    localStorage.removeItem(key);
  }
}
