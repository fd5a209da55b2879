/**
 * Mailpit's search language (https://mailpit.axllent.org/docs/usage/search-filters/):
 * words, "quoted phrases", and fields such as `to:`. A leading - or ! negates a term.
 * README.md lists the parts that are missing here.
 */
import type { Entry } from "./mailbox.ts";
import type { Address } from "./message.ts";

type Test = (entry: Entry) => boolean;

const maxTerms = 20;

/** @returns a function that says if an entry matches every term of the query */
export function parseSearch(query: string): Test {
  const tests = terms(query).map((term) => {
    const negated = /^[-!]./.test(term);
    const test = testOf(negated ? term.slice(1) : term);
    return negated ? (entry: Entry) => !test(entry) : test;
  });
  return (entry) => tests.every((test) => test(entry));
}

/** Quotes join words: `subject:"two words"` is one term. A term without a letter or digit is ignored. */
function terms(query: string): string[] {
  const found = [...query.matchAll(/(?:"[^"]*"|[^\s"])+|"/g)].map((match) => match[0].replaceAll('"', ""));
  return found.filter((term) => /[\p{L}\p{N}]/u.test(term)).slice(0, maxTerms);
}

function testOf(term: string): Test {
  const [, name = "", wanted = ""] = /^([a-z-]+):(.*)$/is.exec(term) ?? [];
  const field = fields[name.toLowerCase()];
  return (field && wanted.trim() !== "" && field(wanted.trim().toLowerCase())) || contains(textOf, term);
}

/** A field that does not understand its value returns undefined. Then the whole term is searched as text. */
const fields: Record<string, (wanted: string) => Test | undefined> = {
  to: (wanted) => contains((entry) => flat(entry.message.To), wanted),
  from: (wanted) => contains((entry) => flat([entry.message.From]), wanted),
  cc: (wanted) => contains((entry) => flat(entry.message.Cc), wanted),
  bcc: (wanted) => contains((entry) => flat(entry.message.Bcc), wanted),
  "reply-to": (wanted) => contains((entry) => flat(entry.message.ReplyTo), wanted),
  addressed: (wanted) => contains((entry) => flat(everyone(entry)), wanted),
  subject: (wanted) => contains((entry) => entry.message.Subject, wanted),
  "message-id": (wanted) => contains((entry) => entry.message.MessageID, wanted),
  is: (wanted) =>
    ({ read: (entry: Entry) => entry.summary.Read, unread: (entry: Entry) => !entry.summary.Read })[wanted],
  has: (wanted) =>
    /^attachments?$/.test(wanted)
      ? (entry) => entry.message.Attachments.length > 0
      : /^inlines?$/.test(wanted)
        ? (entry) => entry.message.Inline.length > 0
        : undefined,
  after: (wanted) => byDate(wanted, (created, date) => created >= date),
  before: (wanted) => byDate(wanted, (created, date) => created <= date),
};

function contains(text: (entry: Entry) => string, wanted: string): Test {
  const needle = wanted.toLowerCase();
  return (entry) => text(entry).toLowerCase().includes(needle);
}

function byDate(wanted: string, compare: (created: number, date: number) => boolean): Test | undefined {
  const date = Date.parse(wanted);
  return Number.isNaN(date) ? undefined : (entry) => compare(Date.parse(entry.summary.Created), date);
}

function textOf(entry: Entry): string {
  const { Subject, Text, Attachments } = entry.message;
  const files = Attachments.map((attachment) => attachment.FileName).join(" ");
  return [flat(everyone(entry)), Subject, Text.replace(/\s+/g, " "), files].join("\n");
}

function everyone({ message }: Entry): Address[] {
  return [message.From, ...message.To, ...message.Cc, ...message.Bcc, ...message.ReplyTo];
}

function flat(addresses: Address[]): string {
  return addresses.map((address) => `${address.Name} ${address.Address}`).join("\n");
}
