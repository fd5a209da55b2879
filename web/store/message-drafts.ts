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
  /** It was sent, and the server forgets what it has of it. */
  sent(): void;
  /** Stores now what waits. */
  close(): void;
}

export function draftOf(conversationId: number): MessageDraft {
  const key = `plaza.drafts.message.${userId.value}.${conversationId}`;
  /** What the server has. */
  let known = "";
  /** What this device stored last. Its event may come after the message was sent. */
  let own = "";
  let isStoring = false;
  let timer = 0;

  const local = () => localStorage.getItem(key) ?? undefined;
  const plan = () => {
    clearTimeout(timer);
    timer = window.setTimeout(store, storeAfterMs);
  };
  async function store(): Promise<void> {
    clearTimeout(timer);
    const draft = local();
    if (draft === undefined) return;
    // One at a time, so that the last one is what stays.
    if (isStoring) return plan();
    if (draft !== known) {
      isStoring = true;
      own = draft;
      const { error } = await plaza.rpc("set_conversation", { conversation_id: conversationId, draft });
      isStoring = false;
      // Without the network it stays here, and is stored with the next key.
      if (error) return;
      known = draft;
    }
    if (local() === draft) localStorage.removeItem(key);
  }

  return {
    read: () => local() ?? known,
    write(text) {
      localStorage.setItem(key, text);
      plan();
    },
    heard(text) {
      if (text !== "" && text === own) return false;
      const isNew = text !== known;
      known = text;
      if (local() === text) localStorage.removeItem(key);
      return isNew && local() === undefined;
    },
    // A draft that is under way may come to the server after the message. So it is emptied here, too.
    sent() {
      this.write("");
    },
    close: () => void store(),
  };
}
