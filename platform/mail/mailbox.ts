/**
 * Keeps the mails in memory, newest first, with their read marks. The SMTP server adds
 * mails. The API reads and deletes them. Most mails are parsed when somebody looks into the
 * mailbox, so a crowd that signs up does not make others wait for that.
 */
import { randomInt } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { type Address, type Envelope, isSimple, type Message, readMail } from "./message.ts";

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
  entries(): Promise<readonly Entry[]>;
  get(id: string): Promise<Entry | undefined>;
  remove(ids: ReadonlySet<string>): void;
  counts(): { messages: number; bytes: number; deleted: number; accepted: number; acceptedBytes: number };
}

export interface MailboxLimits {
  messages: number;
  bytes: number;
}

/** A mail as it arrived. */
interface Kept {
  id: string;
  raw: Uint8Array;
  /** Parses the mail. Later calls return the same entry. */
  read(): Promise<Entry>;
  /** Whether `read` was called. */
  wasRead: boolean;
}

const snippetLength = 250;

export function createMailbox(limits: MailboxLimits): Mailbox {
  /** Oldest first. */
  const mails = new Map<string, Kept>();
  let bytes = 0;
  const counts = { deleted: 0, accepted: 0, acceptedBytes: 0 };

  function drop(mail: Kept): void {
    mails.delete(mail.id);
    bytes -= mail.raw.byteLength;
    counts.deleted += 1;
  }

  async function read(mail: Kept): Promise<Entry | undefined> {
    // Other work has its turn between two mails.
    if (!mail.wasRead) await setImmediate();
    try {
      return await mail.read();
    } catch {
      // It only looked simple, and is over a bound. It should have been refused.
      if (mails.has(mail.id)) drop(mail);
      return undefined;
    }
  }

  return {
    async add(raw, envelope) {
      const mail = keep(raw, envelope);
      if (!isSimple(raw)) await mail.read();
      mails.set(mail.id, mail);
      bytes += raw.byteLength;
      counts.accepted += 1;
      counts.acceptedBytes += raw.byteLength;
      for (const oldest of mails.values()) {
        if (mails.size <= limits.messages && (bytes <= limits.bytes || mails.size === 1)) break;
        drop(oldest);
      }
      return mail.id;
    },
    async entries() {
      const entries: (Entry | undefined)[] = [];
      for (const mail of [...mails.values()].reverse()) entries.push(await read(mail));
      // Some may have been removed meanwhile.
      return entries.filter((entry) => entry !== undefined && mails.has(entry.summary.ID)) as Entry[];
    },
    async get(id) {
      const mail = mails.get(id);
      return mail && (await read(mail));
    },
    remove(ids) {
      for (const id of ids) {
        const mail = mails.get(id);
        if (mail) drop(mail);
      }
    },
    counts: () => ({ messages: mails.size, bytes, ...counts }),
  };
}

function keep(raw: Uint8Array, envelope: Envelope): Kept {
  const id = newId();
  const receivedAt = new Date();
  let entry: Promise<Entry> | undefined;
  const parse = async (): Promise<Entry> => {
    const { message, headers } = await readMail(id, raw, envelope, receivedAt);
    return { summary: summarise(message, receivedAt), message, headers, raw };
  };
  return {
    id,
    raw,
    read() {
      entry ??= parse();
      return entry;
    },
    get wasRead() {
      return entry !== undefined;
    },
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
