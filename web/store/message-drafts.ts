/**
 * What a person began to write in a conversation. It is kept on this device at each key, and a little later on
 * the server, so that it is in step on all devices.
 */
import { plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";

const storeAfterMs = 1_500;

export interface MessageDraft {
  /** What this device has, or else the server. */
  read(): string;
  /** The person changed it. */
  write(text: string): void;
  /** The server has another text. @returns whether to show it: nothing was written here since */
  heard(text: string): boolean;
  /** It was sent, and the server forgets it by itself. */
  sent(): void;
  /** Stores now what waits. */
  close(): void;
}

export function draftOf(conversationId: number): MessageDraft {
  const key = `plaza.drafts.message.${userId.value}.${conversationId}`;
  let known = "";
  let timer = 0;

  const local = () => localStorage.getItem(key) ?? undefined;
  async function store(): Promise<void> {
    clearTimeout(timer);
    const draft = local();
    if (draft === undefined || draft === known) return;
    const { error } = await plaza.rpc("set_conversation", { conversation_id: conversationId, draft });
    // Without the network it stays here, and is stored with the next key.
    if (!error) known = draft;
    if (!error && local() === draft) localStorage.removeItem(key);
  }

  return {
    read: () => local() ?? known,
    write(text) {
      localStorage.setItem(key, text);
      clearTimeout(timer);
      timer = window.setTimeout(store, storeAfterMs);
    },
    heard(text) {
      const isNew = text !== known;
      known = text;
      return isNew && local() === undefined;
    },
    sent() {
      clearTimeout(timer);
      localStorage.removeItem(key);
      known = "";
    },
    close: () => void store(),
  };
}
