/**
 * A payload → the mails to send. Pure: no clock, no network, no environment.
 */
import { layoutHtml, layoutText } from "./layout.ts";
import { type Letter, type Words, writeLetters } from "./letters.ts";
import type { Payload } from "./payload.ts";

export interface Mail {
  /** One address, without a name. */
  to: string;
  subject: string;
  html: string;
  text: string;
}

/** @throws Error when the payload's site_url is no web address and `words` names no other */
export function renderMails(payload: Payload, words: Words): Mail[] {
  const appName = clean(words.appName);
  return writeLetters(payload, { ...words, appName })
    .map(inOneLine)
    .map((letter) => ({
      to: letter.to,
      subject: letter.subject,
      html: layoutHtml(letter, appName),
      text: layoutText(letter, appName),
    }));
}

/** Every piece of text is one line: nothing that came with the payload can start a line of its own. */
function inOneLine(letter: Letter): Letter {
  return {
    ...letter,
    subject: clean(letter.subject),
    heading: clean(letter.heading),
    paragraphs: letter.paragraphs.map(clean),
    code: letter.code && clean(letter.code),
  };
}

/** Without control characters, line breaks and marks that turn the direction of writing. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}
