/**
 * What the sockets' side of Realtime asks of the database's side. One object of
 * this shape serves all channels; database/index.ts makes it.
 */
import type { Claims } from "../keys.ts";

/** Who a channel acts as: the verified claims of its token, with their role. */
export interface Identity {
  role: string;
  claims: Claims;
  /** Handed to policies as request.headers. */
  headers: Record<string, string>;
}

export type Extension = "broadcast" | "presence";

/** A row of realtime.messages, live or replayed. */
export interface StoredMessage {
  id: string;
  topic: string;
  private: boolean;
  event: string;
  /** JSON as the database wrote it, or bytes: never parsed on the way. */
  payload: { json: string } | { binary: Uint8Array };
}

/** One entry of a join's postgres_changes. */
export interface ChangeParameters {
  event: string;
  schema: string;
  table?: string;
  filter?: string;
  select?: string[];
}

export interface ChangeSubscriber {
  identity: Identity;
  /** Each with the id that the join's reply gave it. */
  entries: { id: number; parameters: ChangeParameters }[];
  /** @param data the JSON text of a frame's `data`, the same for all of a role's subscribers where it can be */
  deliver(ids: number[], data: string): void;
  /** After subscribing, after each renewal, and when it cannot be done. */
  tell(status: "ok" | "error", message: string): void;
}

export interface ChangeSubscription extends AsyncDisposable {
  /** Claims count from now on; tells again. */
  renew(identity: Identity): void;
}

/** A database in trouble, in the words that a join's reply uses. */
export class DatabaseError extends Error {
  /** MissingPartition, UnableToConnectToProject, IncreaseConnectionPool, InitializingProjectConnection, QueryCanceled, … */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatabaseError";
    this.code = code;
  }
}

export interface DatabaseSide extends AsyncDisposable {
  /**
   * What the select policies of realtime.messages let this identity receive on a topic.
   * @throws DatabaseError
   */
  mayRead(topic: string, identity: Identity, extensions: Extension[]): Promise<Record<Extension, boolean>>;
  /**
   * What its insert policies let this identity send.
   * @throws DatabaseError (an error raised by a policy included)
   */
  mayWrite(topic: string, identity: Identity, extensions: Extension[]): Promise<Record<Extension, boolean>>;
  /** Stored private broadcasts of a topic, oldest first. @throws DatabaseError */
  replay(topic: string, sinceMs: number, limit: number): Promise<StoredMessage[]>;
  /** Live messages of the database, each once, in the order of their commits. */
  onMessage(listener: (message: StoredMessage) => void): Disposable;
  /**
   * Resolves when the replication stream runs: what commits afterwards is heard.
   * @throws DatabaseError when that takes too long
   */
  streaming(timeoutMs: number): Promise<void>;
  /**
   * Begins to follow changes. Resolves when every later commit is heard, or when
   * it has told why not.
   */
  subscribe(subscriber: ChangeSubscriber): Promise<ChangeSubscription>;
}
