/**
 * Handles `phx_join`: makes a channel, or says why not. The channel enters its topic
 * before the replay is read. What arrives meanwhile is held until the client has its
 * reply, so that no message is lost in between. The reply comes when the channel hears what
 * the database commits.
 */
import { watchToken } from "./access.ts";
import { privateRights, publicRights } from "./authorization.ts";
import { type ChangeEntry, changeEntries, echo, follow } from "./changes.ts";
import { closeChannel, shutDown } from "./channel.ts";
import type { StoredMessage } from "./database-side.ts";
import { JoinError, joinReason, unauthorized, unknownError } from "./errors.ts";
import { hearing } from "./hearing.ts";
import { topicPrefix } from "./hub.ts";
import { type JoinPayload, parseJoin } from "./join-payload.ts";
import { drained, release, replyTo, sendSystem, write } from "./outgoing.ts";
import { charge, countSocket, hasRoom, mayJoin, moveSocket, ownerOf } from "./parties.ts";
import { syncPresence } from "./presence-events.ts";
import { type Inbound, message, replayFrame } from "./protocol.ts";
import type { Channel, Connection, Context, Party } from "./state.ts";
import { caughtUp, replay } from "./stream.ts";
import { after } from "./timers.ts";
import { verifyToken } from "./tokens.ts";

const tooManyJoins = "ClientJoinRateLimitReached: Too many joins per second";
/** The close code 1001 of RFC 6455, "going away". */
const goingAway = 1001;

/** Handles a join. Never rejects. The socket's next frames wait, also during the back-off after an error. */
export async function join(context: Context, connection: Connection, inbound: Inbound): Promise<void> {
  const before = connection.channels.get(inbound.topic);
  if (before) closeChannel(context, before, "telling");
  try {
    await open(context, connection, inbound);
  } catch (error) {
    const reason = joinReason(error);
    context.log(
      reason === unknownError ? "error" : "info",
      `join refused: ${reason}${stackOf(error, reason)}`,
    );
    await pause(context, connection, context.limits.joinBackoffMs);
    const payload = `{"status":"error","response":${JSON.stringify({ reason })}}`;
    const { topic, ref, joinRef } = inbound;
    write(context, connection, message(connection.version, joinRef, ref, topic, "phx_reply", payload));
    if (reason === tooManyJoins) connection.ws.close(goingAway);
  }
}

function stackOf(error: unknown, reason: string): string {
  return reason === unknownError ? `\n${(error as Error)?.stack ?? error}` : "";
}

/** Waits. Ends early when the connection closes. */
function pause(context: Context, connection: Connection, delayMs: number): Promise<void> {
  if (connection.closed) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = after(context, delayMs, end);
    connection.wake = end;
    function end() {
      stop();
      connection.wake = undefined;
      resolve();
    }
  });
}

async function open(context: Context, connection: Connection, inbound: Inbound): Promise<void> {
  const { limits } = context;
  const asked = parseJoin(inbound.payload, limits);
  const name = inbound.topic.slice(topicPrefix.length);
  const token = await verifyToken(asked.token ?? connection.token, connection.headers, context.keys).catch(
    (error: Error) => error,
  );
  // A join with a bad token counts for the party of the socket.
  const party =
    token instanceof Error ? connection.party : context.parties.of(token.identity, connection.address);
  admit(context, connection, party, inbound.topic, asked);
  const entries = changeEntries(asked.changes, limits);
  if (token instanceof Error) throw token;
  const rights = asked.private
    ? await privateRights(context, name, token.identity, asked.presenceEnabled)
    : publicRights();
  if (asked.replay !== undefined) mayReplay(asked, rights.broadcast.read === true, name);
  if (connection.closed) return;

  const channel: Channel = {
    connection,
    wire: inbound.topic,
    name,
    private: asked.private,
    joinRef: inbound.joinRef,
    topic: undefined as never,
    broadcastSelf: asked.broadcastSelf,
    broadcastAck: asked.broadcastAck,
    presenceKey: asked.presenceKey,
    presenceEnabled: asked.presenceEnabled,
    token,
    party,
    rights,
    presenceCalls: 0,
    presenceWindowEndsMs: 0,
    missesChanges: false,
    held: [],
    heldBytes: 0,
    heldBytesMax: limits.bufferedBytes + (asked.replay?.limit ?? 0) * limits.payloadBytes,
    closed: false,
  };
  // We check again, because other joins may have taken the place while policies were asked.
  mayHavePlace(context, connection, party);
  channel.topic = context.hub.enter(channel);
  connection.channels.set(channel.wire, channel);
  takePlace(context, connection, party);
  let stored: StoredMessage[] = [];
  const waits = entries.length > 0 && asked.changesWaitMs !== undefined;
  try {
    if (entries.length > 0) channel.changes = follow(context, channel, entries, waits);
    if (waits) await subscribed(context, channel, asked.changesWaitMs as number);
    else await hearing(context, channel);
    if (asked.replay && !channel.closed) {
      stored = await replay(context, name, asked.replay);
      // From here on their live copies are skipped instead of held.
      if (stored.length > 0) channel.replayed = new Set(stored.map(({ id }) => id));
      const newest = stored.at(-1);
      if (newest) await caughtUp(context, newest.id);
    }
    if (!channel.closed) await welcome(context, channel, inbound, asked, entries, stored);
  } catch (error) {
    closeChannel(context, channel, "silently");
    throw error;
  }
}

/** @throws JoinError when the server, or the party, has no place for one more connection */
function mayHavePlace(context: Context, connection: Connection, party: Party): void {
  const owner = ownerOf(connection, party);
  const full = !connection.counted && context.tallies.users >= context.limits.connections;
  const takes = !connection.counted || owner !== connection.party;
  if (full || (takes && !mayJoin(context, owner))) {
    throw new JoinError("ConnectionRateLimitReached: Too many connected users");
  }
}

/** Counts the socket as one that has joined, for the party that it belongs to. */
function takePlace(context: Context, connection: Connection, party: Party): void {
  moveSocket(connection, ownerOf(connection, party));
  if (connection.counted) return;
  countSocket(connection, -1);
  connection.counted = true;
  countSocket(connection, 1);
  context.tallies.users++;
}

/** Checks everything that needs no policies. Counts the join. @throws JoinError */
function admit(
  context: Context,
  connection: Connection,
  party: Party,
  topic: string,
  asked: JoinPayload,
): void {
  const { limits, rates } = context;
  if (topic === topicPrefix) throw new JoinError("TopicNameRequired: You must provide a topic name");
  if (context.stopping) {
    throw new JoinError("RealtimeRestarting: Realtime is restarting, please standby");
  }
  if (context.privateOnly && !asked.private) {
    throw new JoinError("PrivateOnly: This project only allows private channels");
  }
  mayHavePlace(context, connection, party);
  if (rates.joins.exceeded() || !hasRoom(context, party, "joins")) throw new JoinError(tooManyJoins);
  charge(context, party, "joins");
  if (connection.channels.size >= limits.channelsPerSocket) {
    throw new JoinError("ChannelRateLimitReached: Too many channels");
  }
  if (Buffer.byteLength(topic) > limits.topicBytes) {
    throw new JoinError(`TopicNameTooLong: A topic has at most ${limits.topicBytes} bytes`);
  }
  if (Buffer.byteLength(asked.presenceKey) > limits.presenceKeyBytes) {
    throw new JoinError(`PresenceKeyTooLong: A presence key has at most ${limits.presenceKeyBytes} bytes`);
  }
}

/** @throws JoinError when the channel may not have the replay that it asks for */
function mayReplay(asked: JoinPayload, readable: boolean, name: string): void {
  if (!asked.private) {
    throw new JoinError("UnableToReplayMessages: Replay is not allowed for public channels");
  }
  if (asked.replay === null) throw new JoinError("UnableToReplayMessages: Replay params are not valid");
  if (!readable) throw unauthorized(name);
}

/** Waits until the changes are followed. @throws JoinError when they cannot be, or not in time */
async function subscribed(context: Context, channel: Channel, timeoutMs: number): Promise<void> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = after(context, timeoutMs, () =>
      reject(
        new JoinError(
          `PostgresChangesSubscribeTimeout: Timed out after ${timeoutMs}ms waiting for the postgres_changes subscription`,
        ),
      ),
    );
  });
  try {
    const refusal = await Promise.race([channel.changes?.outcome, late]);
    if (refusal !== undefined) throw new JoinError(`RealtimeDisabledForConfiguration: ${refusal}`);
  } finally {
    stop();
  }
}

/** Sends the reply and what follows it. Replays no faster than the client reads. */
async function welcome(
  context: Context,
  channel: Channel,
  { ref }: Inbound,
  asked: JoinPayload,
  entries: ChangeEntry[],
  stored: StoredMessage[],
): Promise<void> {
  const { connection, joinRef, wire } = channel;
  replyTo(context, channel, ref, "ok", `{"postgres_changes":${echo(entries)}}`);
  // The replay is full, so older messages were left out. Sending their live copies now would break the order.
  if (asked.replay && stored.length >= asked.replay.limit) forgetBefore(channel);
  for (const { id, event, payload } of stored) {
    const frame = replayFrame(connection.version, joinRef, wire, { event, payload }, id);
    if (!frame) continue;
    write(context, connection, frame);
    await drained(context, connection);
    if (channel.closed) return;
  }
  release(context, channel);
  watchToken(context, channel);
  if (asked.replicationReady) void announceStreaming(context, channel);
  syncPresence(context, channel);
}

/** Drops the held messages up to the last one that was replayed. */
function forgetBefore(channel: Channel): void {
  const last = channel.held?.findLastIndex(({ id }) => id !== undefined && channel.replayed?.has(id)) ?? -1;
  channel.held = channel.held?.filter(({ id }, index) => index > last || id === undefined);
}

async function announceStreaming(context: Context, channel: Channel): Promise<void> {
  try {
    await context.database.streaming(context.limits.streamingWaitMs);
    if (!channel.closed) {
      sendSystem(context, channel, "system", "ok", "Replication connection established");
    }
  } catch (error) {
    context.log("warn", `replication: ${(error as Error).message}`);
    shutDown(context, channel, "Replication connection was not established in time");
  }
}
