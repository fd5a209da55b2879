/**
 * Reads what the server says until it is ready for the first query. So we know when a
 * connection is usable, and the key that cancels its statements.
 * https://www.postgresql.org/docs/17/protocol-message-formats.html
 */
export interface Startup {
  /** Takes what the server sends, in pieces of any size. */
  read(piece: Buffer): void;
  readonly ready: boolean;
  /** Process id and secret, as a request to cancel has them. Undefined before the server gave them. */
  cancelKey(): Buffer | undefined;
}

/** What a server says at the start is short. Anything longer is not Postgres. */
const bytesMax = 64 * 1024;

export function createStartup(): Startup {
  let unread = Buffer.alloc(0);
  let key: Buffer | undefined;
  let ready = false;
  return {
    read(piece) {
      if (ready || unread.length > bytesMax) return;
      unread = Buffer.concat([unread, piece]);
      while (!ready && unread.length >= 5) {
        const end = 1 + unread.readUInt32BE(1);
        if (unread.length < end) return;
        const type = String.fromCharCode(unread[0] as number);
        if (type === "K") key = Buffer.from(unread.subarray(5, end));
        ready = type === "Z";
        unread = unread.subarray(end);
      }
      if (ready) unread = Buffer.alloc(0);
    },
    get ready() {
      return ready;
    },
    cancelKey: () => key,
  };
}
