/**
 * What the sockets' side of Realtime can ask the database's side. database/index.ts
 * makes one object of this shape, which serves all channels.
 */
import type { Claims } from "../keys.ts";

/** Who a channel acts as: the verified claims of its token, with their role. */
export interface Identity {
  role: string;
  claims: Claims;
  /** Policies read them from request.headers. */
  headers: Record<string, string>;
}

export type Extension = "broadcast" | "presence";

/** A row of realtime.messages: one that was just written, or a replayed one. */
export interface StoredMessage {
  id: string;
  topic: string;
  private: boolean;
  event: string;
  /** JSON as the database wrote it, or bytes. Nobody parses it on the way. */
  payload: { json: string } | { binary: Uint8Array };
}

/** One entry of a join's postgres_changes. The schema, table and columns are as the client sent them. */
export interface ChangeParameters {
  event: string;
  schema?: unknown;
  table?: unknown;
  filter?: string;
  select?: unknown;
}

export interface ChangeSubscriber {
  identity: Identity;
  /** The entries, each with the id from the join's reply. */
  entries: { id: number; parameters: ChangeParameters }[];
  /**
   * @param data the JSON text of a frame's `data`. Where possible all subscribers of a role share
   *   the same text
   */
  deliver(ids: number[], data: string): void;
  /** Called after subscribing, after each renewal, and when subscribing is not possible. */
  tell(status: "ok" | "error", message: string): void;
}

export interface ChangeSubscription extends AsyncDisposable {
  /** Uses another identity from now on. Calls `tell` again, once for all renewals that wait. */
  renew(identity: Identity): void;
}

/** An error of the database, in the words that a join's reply uses. */
export class DatabaseError extends Error {
  /**
   * MissingPartition, UnableToConnectToProject, IncreaseConnectionPool,
   * InitializingProjectConnection, QueryCanceled, …
   */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatabaseError";
    this.code = code;
  }
}

export interface DatabaseSide extends AsyncDisposable {
  /**
   * What this identity may receive on a topic, by the select policies of realtime.messages.
   * @throws DatabaseError
   */
  mayRead(topic: string, identity: Identity, extensions: Extension[]): Promise<Record<Extension, boolean>>;
  /**
   * What this identity may send to a topic, by the insert policies of realtime.messages.
   * @throws DatabaseError also when a policy raises an error
   */
  mayWrite(topic: string, identity: Identity, extensions: Extension[]): Promise<Record<Extension, boolean>>;
  /** Reads the stored private broadcasts of a topic, oldest first. @throws DatabaseError */
  replay(topic: string, sinceMs: number, limit: number): Promise<StoredMessage[]>;
  /** Calls the listener with each new message of the database, once, in the order of the commits. */
  onMessage(listener: (message: StoredMessage) => void): Disposable;
  /**
   * Resolves when the replication stream runs. Later commits are heard.
   * @throws DatabaseError when that takes too long
   */
  streaming(timeoutMs: number): Promise<void>;
  /**
   * Begins to follow changes. Resolves when later commits are heard, or when `tell` has
   * said why not.
   */
  subscribe(subscriber: ChangeSubscriber): Promise<ChangeSubscription>;
}
