/**
 * Keeps the mails in memory, newest first, with their read marks. The SMTP server adds
 * mails. The API reads and deletes them.
 */
import { randomInt } from "node:crypto";
import { type Address, type Envelope, type Message, readMail } from "./message.ts";

/** Mailpit's entry of a list of messages. */
export interface MessageSummary {
  ID: string;
  MessageID: string;
  Read: boolean;
  From: Address;
  To: Address[];
  Cc: Address[];
  Bcc: Address[];
  ReplyTo: Address[];
  Subject: string;
  /** When the mail arrived, in RFC 3339. */
  Created: string;
  Username: string;
  Tags: string[];
  Size: number;
  /** The number of attachments. */
  Attachments: number;
  /** The first 250 characters of the text. */
  Snippet: string;
}

export interface Entry {
  summary: MessageSummary;
  message: Message;
  headers: Record<string, string[]>;
  raw: Uint8Array;
}

export interface Mailbox {
  /**
   * Keeps one more mail. If there are too many, it drops the oldest ones.
   * @returns the ID of the mail
   * @throws Error if the mail cannot be read
   */
  add(raw: Uint8Array, envelope: Envelope): Promise<string>;
  /** Newest first. */
  entries(): readonly Entry[];
  get(id: string): Entry | undefined;
  remove(ids: ReadonlySet<string>): void;
  counts(): { deleted: number; accepted: number; acceptedBytes: number };
}

export interface MailboxLimits {
  messages: number;
  bytes: number;
}

const snippetLength = 250;

export function createMailbox(limits: MailboxLimits): Mailbox {
  let entries: Entry[] = [];
  const counts = { deleted: 0, accepted: 0, acceptedBytes: 0 };

  function remove(ids: ReadonlySet<string>): void {
    const kept = entries.filter((entry) => !ids.has(entry.summary.ID));
    counts.deleted += entries.length - kept.length;
    entries = kept;
  }

  function dropOldest(): void {
    let bytes = 0;
    const surplus = entries.filter((entry, index) => {
      bytes += entry.raw.byteLength;
      return index >= limits.messages || (bytes > limits.bytes && index > 0);
    });
    remove(new Set(surplus.map((entry) => entry.summary.ID)));
  }

  return {
    async add(raw, envelope) {
      const receivedAt = new Date();
      const id = newId();
      const { message, headers } = await readMail(id, raw, envelope, receivedAt);
      entries = [{ summary: summarise(message, receivedAt), message, headers, raw }, ...entries];
      counts.accepted += 1;
      counts.acceptedBytes += raw.byteLength;
      dropOldest();
      return id;
    },
    entries: () => entries,
    get: (id) => entries.find((entry) => entry.summary.ID === id),
    remove,
    counts: () => counts,
  };
}

function summarise(message: Message, receivedAt: Date): MessageSummary {
  const { ID, MessageID, From, To, Cc, Bcc, ReplyTo, Subject, Username, Tags, Size } = message;
  const words = message.Text.slice(0, snippetLength * 4)
    .replace(/\s+/g, " ")
    .trim();
  return {
    ...{ ID, MessageID, Read: false, From, To, Cc, Bcc, ReplyTo, Subject },
    ...{ Created: receivedAt.toISOString(), Username, Tags, Size },
    Attachments: message.Attachments.length,
    Snippet: words.length > snippetLength ? `${words.slice(0, snippetLength - 3)}...` : words,
  };
}

/** An ID of 22 letters and digits, as in Mailpit. */
function newId(): string {
  const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  return Array.from({ length: 22 }, () => alphabet[randomInt(alphabet.length)]).join("");
}
