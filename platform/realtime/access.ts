/**
 * What happens to a channel's token after the join: the client replaces it, the server checks it
 * again, it expires.
 */
import { privateRights } from "./authorization.ts";
import { shutDown, shutDownFor } from "./channel.ts";
import { JoinError } from "./errors.ts";
import { mayJoin, moveSocket, ownerOf } from "./parties.ts";
import type { Channel, Context } from "./state.ts";
import { after } from "./timers.ts";
import { verifyToken } from "./tokens.ts";

/** Checks the token when it expires, and every `tokenCheckMs` until then. */
export function watchToken(context: Context, channel: Channel): void {
  channel.stopTokenCheck?.();
  const untilExpiryMs = Math.max(0, channel.token.expiresMs - Date.now());
  const delayMs = Math.min(context.limits.tokenCheckMs, untilExpiryMs + 1);
  channel.stopTokenCheck = after(context, delayMs, () => void check(context, channel));
}

async function check(context: Context, channel: Channel): Promise<void> {
  const { token } = channel;
  try {
    await verifyToken(token.token, channel.connection.headers, context.keys);
    if (!channel.closed && channel.token === token) watchToken(context, channel);
  } catch (error) {
    if (channel.token === token) shutDownFor(context, channel, error);
  }
}

/**
 * Handles the event `access_token`. Success has no answer. An API key, no token and the same token
 * are ignored.
 */
export function applyToken(context: Context, channel: Channel, given: unknown): Promise<void> | undefined {
  if (typeof given !== "string" || given.startsWith("sb_") || given === channel.token.token) return undefined;
  return replaceToken(context, channel, given).catch((error) => {
    if (error instanceof JoinError) shutDown(context, channel, notAllowed(channel));
    else shutDownFor(context, channel, error);
  });
}

async function replaceToken(context: Context, channel: Channel, given: string): Promise<void> {
  const token = await verifyToken(given, channel.connection.headers, context.keys);
  const before = channel.rights;
  const rights = channel.private
    ? await privateRights(context, channel.name, token.identity, channel.presenceEnabled)
    : before;
  if (channel.closed) return;
  channel.token = token;
  channel.party = context.parties.of(token.identity, channel.connection.address);
  const owner = ownerOf(channel.connection, channel.party);
  // If the person has no place left, the socket keeps the place that it has.
  if (owner !== channel.connection.party && mayJoin(context, owner)) moveSocket(channel.connection, owner);
  channel.rights = rights;
  const revoked = (["broadcast", "presence"] as const).some(
    (extension) => before[extension].read === true && rights[extension].read === false,
  );
  if (revoked) {
    return shutDown(
      context,
      channel,
      `You no longer have permission to read from this Channel topic: ${channel.name}`,
    );
  }
  watchToken(context, channel);
  channel.changes?.renew(token.identity);
}

function notAllowed({ name }: Channel): string {
  return `You do not have permissions to read from this Channel topic: ${name}`;
}
