/**
 * A bound on the answers that wait for their clients to read them. Such an answer stays in memory. Without a bound,
 * a client that asks for much and reads nothing could take all the memory. When too much waits, the client that
 * holds the most loses its oldest answer: the connection ends.
 */
import type { ServerResponse } from "node:http";
import { clientNetwork } from "../client-network.ts";

export interface Unread extends Disposable {
  /** Counts what is left of an answer until its connection has taken everything. */
  watch(answer: ServerResponse): void;
}

/** In bytes, of all clients together. */
const heldMax = 128 * 1024 * 1024;
const intervalMs = 500;

export function createUnread(): Unread {
  /** In the order in which they were asked for. */
  const answers = new Set<ServerResponse>();

  function makeRoom(): void {
    let total = 0;
    const heldBy = new Map<string, number>();
    for (const answer of answers) {
      // An answer that waits behind another one on its connection does not say that the connection has ended.
      if (answer.req.socket.destroyed) answers.delete(answer);
      const held = answer.req.socket.destroyed ? 0 : answer.writableLength;
      if (held === 0) continue;
      total += held;
      const client = clientOf(answer);
      heldBy.set(client, (heldBy.get(client) ?? 0) + held);
    }
    while (total > heldMax) {
      const [client = "", most = 0] = [...heldBy].reduce((a, b) => (b[1] > a[1] ? b : a));
      const oldest = answers.values().find((each) => each.writableLength > 0 && clientOf(each) === client);
      if (!oldest) return;
      const held = oldest.writableLength;
      total -= held;
      heldBy.set(client, most - held);
      answers.delete(oldest);
      oldest.req.socket.destroy();
    }
  }

  const timer = setInterval(makeRoom, intervalMs).unref();
  return {
    watch(answer) {
      answers.add(answer);
      answer.once("close", () => answers.delete(answer));
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function clientOf({ req }: ServerResponse): string {
  return clientNetwork(req.socket.remoteAddress ?? "");
}
