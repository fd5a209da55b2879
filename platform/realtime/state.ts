/**
 * What one running server holds, as plain data: its connections, their channels,
 * the topics that channels are on. Every other file works on these types.
 */
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import type { Room } from "../room.ts";
import type { DatabaseSide, Extension, Identity } from "./database-side.ts";
import type { Rates, RealtimeLimits } from "./limits.ts";
import type { Fanout, Ref, Version } from "./protocol.ts";
import type { VerifiedToken } from "./tokens.ts";

/** What all parts of a server share. */
export interface Context {
  database: DatabaseSide;
  keys: Pick<Keys, "verify">;
  /** The server refuses public channels. */
  privateOnly: boolean;
  limits: RealtimeLimits;
  /** The server's own counters, of all parties together. */
  rates: Rates;
  parties: Parties;
  /** Memory for the bodies of requests, in bytes. */
  bodies: Room;
  hub: Hub;
  heard: Heard;
  /** Set while the database's stream is down, as far as joins have noticed. */
  outage?: Outage;
  connections: Set<Connection>;
  /** How many messages were sent to topics. It is the number of the newest one. */
  published: number;
  lastChange?: LastChange;
  tallies: Tallies;
  /** True once the server begins to stop. It then refuses joins. */
  stopping: boolean;
  log: Log;
}

/** Counts that must be zero again when all clients are gone. */
export interface Tallies {
  /** Connections that have joined a channel. `limits.connections` bounds these. */
  users: number;
  timers: number;
  subscriptions: number;
}

/** One that has a share of the limits: a person, an address, or a group of them. */
export interface Party {
  /** Part of each limit that this party may use. Infinity: as much as there is. */
  share: number;
  /** A larger party that this one belongs to, and whose share it uses too. */
  within?: Party;
  /** Whether this is a signed-in person. */
  isPerson: boolean;
  /** Its open sockets. */
  sockets: number;
  /** Those of its sockets that have joined a channel. */
  users: number;
  rates: Rates;
  /** The number of the last message from a sender that it got, and how many copies of it. */
  copies: { number: number; paid: number };
}

/** All parties that were there lately. */
export interface Parties {
  /** @param address of the client, empty when it is not known */
  of(identity: Identity, address: string): Party;
  /** Forgets those who hold nothing and have used nothing lately. */
  sweep(): void;
}

/** One client's socket. */
export interface Connection {
  ws: WebSocket;
  socket: Duplex;
  version: Version;
  /** The token that the client connected with. A channel without a token of its own uses it. */
  token: string;
  /** The headers that policies may read. */
  headers: Record<string, string>;
  /** The client's address, empty when it is not known. */
  address: string;
  /** The party that the socket counts for. */
  party: Party;
  /** By their topic as on the wire. */
  channels: Map<string, Channel>;
  /** Frames that arrived while an earlier frame was still being handled. */
  inbox: { data: Buffer; binary: boolean }[];
  inboxBytes: number;
  /** True while a frame is being handled. */
  busy: boolean;
  /** True once the client has joined a channel. */
  counted: boolean;
  /** The size of what all its channels track. */
  presenceBytes: number;
  lastInputMs: number;
  /** Since when the connection has no channel. */
  emptyMs: number;
  closed: boolean;
  /** Ends the wait of the frame that is being handled, if it waits. */
  wake?: () => void;
}

/** One client on one topic. */
export interface Channel {
  connection: Connection;
  /** The topic as on the wire, with `realtime:` in front. */
  wire: string;
  name: string;
  private: boolean;
  joinRef: Ref;
  topic: Topic;
  broadcastSelf: boolean;
  broadcastAck: boolean;
  presenceKey: string;
  presenceEnabled: boolean;
  token: VerifiedToken;
  /** The party that pays for the channel's messages. */
  party: Party;
  rights: Rights;
  tracked?: Tracked;
  /** Calls of track and untrack in the current window. */
  presenceCalls: number;
  presenceWindowEndsMs: number;
  changes?: Changes;
  /** Whether the last change was not delivered, because there were too many. */
  missesChanges: boolean;
  /** Set while the channel joins: messages that the client gets after the reply to its join. */
  held?: Held[];
  heldBytes: number;
  /** Leaves room for live copies of replayed messages: which ones are copies is known only later. */
  heldBytesMax: number;
  /** Ids of the stored messages that the join replays. Their live copies are not sent. */
  replayed?: Set<string>;
  stopTokenCheck?: () => void;
  closed: boolean;
}

/** A message that waits until its channel has joined. */
export interface Held {
  frame: Buffer;
  id?: string;
}

/** What a channel may do, by extension. */
export type Rights = Record<Extension, Right>;

/** Undefined means that the policies have not been asked yet. */
export interface Right {
  read?: boolean;
  write?: boolean;
}

/** What a channel tracks with presence. */
export interface Tracked {
  ref: string;
  /** As the client sent it, to notice when it sends the same again. */
  payload: string;
  payloadBytes: number;
  /** JSON text as other clients get it, with the references. */
  meta: string;
}

/** A channel's subscription to changes of tables. */
export interface Changes {
  /** Resolves with nothing when the changes are followed or ended, else with the reason why not. */
  outcome: Promise<string | undefined>;
  /** Resolves when the first attempt to follow them is over, however it went. */
  tried: Promise<void>;
  /** From now on this identity decides which changes are seen. */
  renew(identity: Identity): void;
  end(): void;
}

/** The last change sent, so that subscribers to the same change on the same topic share its bytes. */
export interface LastChange {
  key: string;
  data: string;
  fanout: Fanout;
}

/** A topic that at least one channel is on. */
export interface Topic {
  /** As policies know it, without the `realtime:` that clients write in front. */
  name: string;
  private: boolean;
  channels: Set<Channel>;
  /** The channels that track something, by presence key. */
  present: Map<string, Set<Channel>>;
}

/** All topics. */
export interface Hub {
  topics: ReadonlyMap<string, Topic>;
  find(name: string, isPrivate: boolean): Topic | undefined;
  /** Puts a channel on its topic. */
  enter(channel: Channel): Topic;
  leave(channel: Channel): void;
}

/** A time in which the database's stream is down. */
export interface Outage {
  /** When the first join noticed. */
  sinceMs: number;
  /** Resolves when the stream runs. */
  over: Promise<void>;
}

/** Which messages the replication stream has brought so far. */
export interface Heard {
  /** Ids, the newest last. */
  ids: Set<string>;
  /** The newest message of each private topic. The topic that was heard last comes last. */
  newest: Map<string, { id: string; atMs: number }>;
  /** What to call when a message arrives, by its id. */
  waiting: Map<string, Set<() => void>>;
}
