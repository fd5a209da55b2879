/** The conversations and messages that the numbers of a step mean, and their names in a message. */
import { type Conversation, type Message, memberOf } from "./chats.ts";
import type { PersonId } from "./model.ts";
import { anyPost, newest, type Stage } from "./stage.ts";

/** A conversation of this person, or from anyPost on, anybody's. */
export function talkAt({ world }: Stage, by: PersonId, n: number): Conversation | undefined {
  const own = n < 0 || n >= anyPost ? [] : world.conversations.filter((one) => memberOf(one, by));
  return newest(own.length > 0 ? own : world.conversations, n);
}

/** A group and its owner. */
export function ownedAt({ world }: Stage, n: number): { talk?: Conversation; by: PersonId } {
  const groups = world.conversations.filter(({ kind, members }) => kind === "group" && members.length > 0);
  const talk = newest(groups, n);
  return { talk, by: talk?.members.find(({ role }) => role === "owner")?.of ?? "" };
}

/** A message that somebody said in a conversation of this person, or from anyPost on, anywhere. */
export function messageAt({ world }: Stage, by: PersonId, n: number): Message | undefined {
  const said = world.messages.filter(({ change }) => change === null);
  const own = n < 0 || n >= anyPost ? [] : said.filter(({ talk }) => memberOf(talk, by));
  return newest(own.length > 0 ? own : said, n);
}

export const talkLabel = ({ world }: Stage, talk: Conversation): string =>
  `talk ${world.conversations.indexOf(talk) + 1}`;

export const messageLabel = ({ world }: Stage, one: Message): string => `m${world.messages.indexOf(one) + 1}`;
