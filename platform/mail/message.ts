/**
 * Turns a mail, as SMTP delivered it, into the types of Mailpit's API. The names are
 * Mailpit's (https://mailpit.axllent.org/docs/api-v1/), so they start with capitals.
 */
import { createHash } from "node:crypto";
import type { Email, Address as ParsedAddress } from "postal-mime";
import { htmlToText } from "./html-to-text.ts";

export interface Address {
  Name: string;
  Address: string;
}

export interface Attachment {
  PartID: string;
  FileName: string;
  ContentType: string;
  ContentID: string;
  /** In bytes. */
  Size: number;
  Checksums: { MD5: string; SHA1: string; SHA256: string };
}

export interface Message {
  ID: string;
  MessageID: string;
  From: Address;
  To: Address[];
  Cc: Address[];
  Bcc: Address[];
  ReplyTo: Address[];
  ReturnPath: string;
  Subject: string;
  ListUnsubscribe: { Header: string; Links: string[]; Errors: string; HeaderPost: string };
  /** In RFC 3339. If the mail names no time, the time of its arrival. */
  Date: string;
  Tags: string[];
  /** The user name of the SMTP login, if there was one. */
  Username: string;
  Text: string;
  HTML: string;
  /** The size of the received mail, in bytes. */
  Size: number;
  Inline: Attachment[];
  Attachments: Attachment[];
}

/** What the SMTP session says about a mail. */
export interface Envelope {
  from: string;
  to: string[];
  username: string;
}

/** A decoded part, ready for download. */
export interface Part {
  contentType: string;
  fileName: string;
  content: Uint8Array;
}

export interface ReadMail {
  message: Message;
  /** Maps canonical names ("Message-Id") to their values, in order. */
  headers: Record<string, string[]>;
}

const maxHeaderBytes = 256 * 1024;
const maxHeaders = 1000;
const maxParts = 100;
const maxNesting = 50;
/** Smaller than each of these, a mail can hardly exceed the bounds above. */
const simple = { bytes: 64 * 1024, headers: 500, parts: 50 };

/**
 * @param raw the mail as received
 * @throws Error if the mail is over a bound. The SMTP client may see the message.
 */
export async function readMail(
  id: string,
  raw: Uint8Array,
  envelope: Envelope,
  receivedAt: Date,
): Promise<ReadMail> {
  const email = await parse(raw);
  if (email.headers.length > maxHeaders) throw new Error(`More than ${maxHeaders} headers`);
  if (email.attachments.length > maxParts) throw new Error(`More than ${maxParts} attachments`);

  const to = mailboxes(email.to);
  const cc = mailboxes(email.cc);
  const bcc = mailboxes(email.bcc);
  const named = new Set([...to, ...cc, ...bcc].map((address) => address.Address.toLowerCase()));
  // As Mailpit does: a recipient that the mail does not name was a Bcc.
  const unnamed = envelope.to.filter((address) => !named.has(address.toLowerCase()));
  const html = email.html ?? "";
  const parts = email.attachments.map((attachment, index) => ({
    inline: attachment.related === true || attachment.disposition === "inline",
    attachment: describe(attachment, String(index + 1)),
  }));
  return {
    message: {
      ID: id,
      MessageID: withoutBrackets(email.messageId ?? ""),
      From: mailboxes(email.from && [email.from])[0] ?? { Name: "", Address: "" },
      To: to,
      Cc: cc,
      Bcc: [...bcc, ...unnamed.map((address) => ({ Name: "", Address: address }))],
      ReplyTo: mailboxes(email.replyTo),
      ReturnPath: withoutBrackets(email.returnPath ?? envelope.from),
      Subject: email.subject ?? "",
      ListUnsubscribe: {
        Header: header(email, "list-unsubscribe"),
        Links: [],
        Errors: "",
        HeaderPost: header(email, "list-unsubscribe-post"),
      },
      Date: dateOf(email, receivedAt),
      Tags: [],
      Username: envelope.username,
      Text: email.text || htmlToText(html),
      HTML: html,
      Size: raw.byteLength,
      Inline: parts.filter((part) => part.inline).map((part) => part.attachment),
      Attachments: parts.filter((part) => !part.inline).map((part) => part.attachment),
    },
    headers: groupHeaders(email),
  };
}

/**
 * Whether a mail is small and plain, such as Auth's mails are, so that it stays below all bounds. This
 * is only a quick look: readMail() has the last word.
 */
export function isSimple(raw: Uint8Array): boolean {
  if (raw.byteLength > simple.bytes) return false;
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("latin1");
  const head = text.slice(0, text.search(/\n\r?\n/));
  // Every part begins with a line of dashes. A mail within the mail may be encoded.
  return (
    head.split("\n", simple.headers).length < simple.headers &&
    text.split("\n--", simple.parts).length < simple.parts &&
    !/rfc822/i.test(text)
  );
}

/** @returns the part with the id that readMail() gave it, or undefined */
export async function readPart(raw: Uint8Array, partId: string): Promise<Part | undefined> {
  const email = await parse(raw);
  const attachment = /^\d{1,3}$/.test(partId) ? email.attachments[Number(partId) - 1] : undefined;
  if (!attachment) return undefined;
  return {
    contentType: attachment.mimeType,
    fileName: attachment.filename ?? `part-${partId}`,
    content: bytesOf(attachment.content),
  };
}

/** The package is loaded with the first mail. Until then it would only need memory. */
async function parse(raw: Uint8Array): Promise<Email> {
  const { default: PostalMime } = await import("postal-mime");
  return PostalMime.parse(raw, { maxHeadersSize: maxHeaderBytes, maxNestingDepth: maxNesting });
}

function describe(attachment: Email["attachments"][number], partId: string): Attachment {
  const content = bytesOf(attachment.content);
  const sum = (algorithm: string) => createHash(algorithm).update(content).digest("hex");
  return {
    PartID: partId,
    FileName: attachment.filename ?? "",
    ContentType: attachment.mimeType,
    ContentID: withoutBrackets(attachment.contentId ?? ""),
    Size: content.byteLength,
    Checksums: { MD5: sum("md5"), SHA1: sum("sha1"), SHA256: sum("sha256") },
  };
}

function bytesOf(content: ArrayBuffer | Uint8Array | string): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
}

/** Replaces a group ("team: a@example.com, b@example.com;") by its members. */
function mailboxes(addresses: ParsedAddress[] | undefined): Address[] {
  return (addresses ?? []).flatMap((address) =>
    address.group === undefined
      ? [{ Name: address.name, Address: address.address }]
      : address.group.map((member) => ({ Name: member.name, Address: member.address })),
  );
}

function header(email: Email, key: string): string {
  return email.headers.find((entry) => entry.key === key)?.value ?? "";
}

function groupHeaders(email: Email): Record<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { key, value } of email.headers) {
    const name = key.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    grouped.set(name, [...(grouped.get(name) ?? []), value]);
  }
  return Object.fromEntries(grouped);
}

function dateOf(email: Email, receivedAt: Date): string {
  const date = new Date(email.date ?? "");
  return (Number.isNaN(date.getTime()) ? receivedAt : date).toISOString();
}

function withoutBrackets(id: string): string {
  return id.replace(/^\s*<|>\s*$/g, "");
}
