import type { Message } from "../../app/plaza.ts";

/** The text in the making: a new message, an answer to one, or another text for one. */
export interface Writing {
  answers?: Message;
  edits?: Message;
}
