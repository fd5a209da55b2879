/** The messages of a room in blocks, each of which is in the document or not. */
import type { Message } from "../../app/plaza.ts";

/** How many numbers of messages a block spans. By number, so that it stays the same when others come in above. */
const blockSpan = 20;

export interface MessageBlock {
  number: number;
  /** The index of its first message. */
  first: number;
  rows: Message[];
}

/** @param messages in the order of their numbers */
export function blocksOf(messages: Message[]): MessageBlock[] {
  const blocks: MessageBlock[] = [];
  for (const [index, message] of messages.entries()) {
    const number = Math.floor(message.seq / blockSpan);
    const last = blocks.at(-1);
    if (last?.number === number) last.rows.push(message);
    else blocks.push({ number, first: index, rows: [message] });
  }
  return blocks;
}
