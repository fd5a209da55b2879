/** Who writes at this moment in a conversation. Nobody says that they stopped, so it ends by itself. */
import { type Signal, signal } from "@preact/signals";

const shownMs = 5_000;

export interface Typing {
  /** The ids of the members who write. */
  typing: Signal<string[]>;
  /** A member pressed a key. */
  typed(profileId: string): void;
  /** The message of a member came. */
  stopTyping(profileId: string): void;
}

export function createTyping(): Typing {
  const typing = signal<string[]>([]);
  const until = new Map<string, number>();

  function show(): void {
    typing.value = [...until].filter(([, endMs]) => endMs > Date.now()).map(([profileId]) => profileId);
  }

  return {
    typing,
    typed(profileId) {
      until.set(profileId, Date.now() + shownMs);
      show();
      setTimeout(show, shownMs + 50);
    },
    stopTyping(profileId) {
      if (until.delete(profileId)) show();
    },
  };
}
