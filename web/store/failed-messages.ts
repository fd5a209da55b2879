/**
 * Messages that the server refused. They stay, also over a reload, until the person sends them again or drops
 * them.
 */
import { effect, signal } from "@preact/signals";
import type { OutboxEntry } from "../../clients/sync.ts";
import { codeOf, wordsOf } from "../app/errors.ts";
import { loadLater, t } from "../app/messages.ts";
import { navigate } from "../app/router.ts";
import { userId } from "../app/session.ts";
import { onRefusedLater, send } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";

export interface Outgoing {
  conversation_id: number;
  content: string;
  reply_to_id?: number;
  post_id?: number;
}

export interface FailedMessage {
  /** The same for every try, so that it is sent once. */
  key: string;
  message: Outgoing;
  problem: string;
  sentAtMs: number;
}

const most = 50;
export const failedMessages = signal<FailedMessage[]>([]);
const storedKey = () => `plaza.outbox.failed.${userId.value}`;

/** Call it once, at the start: a message may be refused before any conversation is opened. */
export function watchMessages(): void {
  effect(() => {
    try {
      failedMessages.value = JSON.parse(localStorage.getItem(storedKey()) ?? "[]");
    } catch {
      failedMessages.value = [];
    }
  });
  onRefusedLater((entry, error) => {
    const message = messageIn(entry);
    if (!message) return false;
    const { key, sentAtMs } = entry;
    const keep = () => refused({ key, message, problem: wordsOf(error), sentAtMs });
    // The sentence may be among the words that are loaded later.
    void loadLater().then(keep, keep);
    return true;
  });
}

/** @returns the message that an entry of the outbox sends, or undefined */
export function messageIn({ write }: OutboxEntry): Outgoing | undefined {
  return "rpc" in write && write.rpc === "send_message" ? (write.args as unknown as Outgoing) : undefined;
}

/** Sends a message through the outbox. If the server refuses it, it is kept. @throws OutboxFullError */
export async function sendMessage(message: Outgoing, key: string = crypto.randomUUID()): Promise<void> {
  const sentAtMs = Date.now();
  const { answer } = await send({ rpc: "send_message", args: { ...message } }, key);
  answer.catch((error: unknown) => {
    // The answer to an earlier try was lost, and the message has been deleted since.
    if (codeOf(error) === "client_id_used") return;
    refused({ key, message, problem: wordsOf(error), sentAtMs });
  });
}

export async function retry({ key, message }: FailedMessage): Promise<void> {
  await sendMessage(message, key);
  dropFailed(key);
}

export function dropFailed(key: string): void {
  store(failedMessages.value.filter((each) => each.key !== key));
}

/** The person may have gone elsewhere. So a toast leads to the conversation. */
function refused(message: FailedMessage): void {
  const path = `/chat/${message.message.conversation_id}`;
  if (location.pathname !== path) {
    toast(`${t("message_not_sent")} ${message.problem}`, {
      isError: true,
      action: { label: t("look"), run: () => navigate(path) },
    });
  }
  store([...failedMessages.value.filter(({ key }) => key !== message.key), message].slice(-most));
}

function store(messages: FailedMessage[]): void {
  failedMessages.value = messages;
  localStorage.setItem(storedKey(), JSON.stringify(messages));
}
