/**
 * A mail as it goes to an SMTP server: its headers, its text and its HTML. nodemailer could write it too, but
 * it needs more time for that than this function needs to check, read and render the mail. RFC 5322, 2045 to 2047.
 */
import type { Mail } from "./render.ts";

export interface Sender {
  name: string;
  address: string;
}

/**
 * @param mail all of it on single lines, except for text and html
 * @param id of the mail, and so of its parts
 */
export function writeMessage(mail: Mail, from: Sender, id: string, date: Date): string {
  const [local, unicodeDomain] = from.address.split("@") as [string, string];
  const domain = URL.parse(`http://${unicodeDomain}`)?.hostname ?? unicodeDomain;
  const address = `${local}@${domain}`;
  const boundary = `=_${id}`;
  const part = (type: string, content: string) => `--${boundary}\r\n${body(type, content, boundary)}\r\n`;
  return [
    `From: ${from.name ? `${phrase(from.name)} ` : ""}<${address}>`,
    `To: ${mail.to}`,
    `Subject: ${words(mail.subject)}`,
    `Message-ID: <${id}@${domain}>`,
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0",
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    "",
    // The last part is the best one.
    `${part("text/plain", mail.text)}${part("text/html", mail.html)}--${boundary}--`,
    "",
  ].join("\r\n");
}

/** Every server takes plain letters in lines of this length. */
const lineMax = 900;
const isPlain = (text: string) => /^[\t\x20-\x7e]*$/.test(text);

function body(type: string, content: string, boundary: string): string {
  const lines = content.split(/\r?\n/);
  const plain = lines.every((line) => line.length <= lineMax && isPlain(line)) && !content.includes(boundary);
  return [
    `Content-Type: ${type}; charset=utf-8`,
    `Content-Transfer-Encoding: ${plain ? "7bit" : "base64"}`,
    "",
    plain ? lines.join("\r\n") : base64(lines.join("\r\n")).replace(/.{76}(?=.)/g, "$&\r\n"),
  ].join("\r\n");
}

/** The words of a subject. A long one goes on in further lines. */
function words(text: string): string {
  if (isPlain(text) && text.length <= 60 && !text.includes("=?")) return text;
  // A word has at most 75 letters, and whole characters.
  const pieces = [""];
  for (const character of text) {
    const longer = pieces.at(-1) + character;
    if (new TextEncoder().encode(longer).length > 42) pieces.push(character);
    else pieces[pieces.length - 1] = longer;
  }
  return pieces.map((piece) => `=?UTF-8?B?${base64(piece)}?=`).join("\r\n ");
}

/** A name before an address. */
function phrase(name: string): string {
  return isPlain(name) && name.length <= 60 ? `"${name.replace(/["\\]/g, "\\$&")}"` : words(name);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
