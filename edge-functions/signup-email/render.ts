/** Turns a payload into the mails to send. It uses no clock, no network and no environment. */
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

/** @throws Error if the payload's site_url is not a web address and `words` names no other address */
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

/** Puts every piece of text on one line. So no text of the payload can start a new line. */
function inOneLine(letter: Letter): Letter {
  return {
    ...letter,
    subject: clean(letter.subject),
    heading: clean(letter.heading),
    paragraphs: letter.paragraphs.map(clean),
    code: letter.code && clean(letter.code),
  };
}

/** Removes control characters, line breaks and marks that change the direction of writing. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}
