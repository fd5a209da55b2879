/**
 * What a channel may do. The policies on realtime.messages decide. A right is asked for
 * when it is needed first, and kept until the channel gets another token.
 */
import { DatabaseError, type Extension, type Identity } from "./database-side.ts";
import { unauthorized } from "./errors.ts";
import type { Channel, Context, Rights } from "./state.ts";

/** On a public topic everybody may do everything. */
export function publicRights(): Rights {
  return { broadcast: { read: true, write: true }, presence: { read: true, write: true } };
}

/**
 * The rights on a private topic. Presence is asked about only if the channel uses it.
 * @throws JoinError when the identity may read nothing there
 * @throws DatabaseError
 */
export async function privateRights(
  context: Context,
  name: string,
  identity: Identity,
  presenceEnabled: boolean,
): Promise<Rights> {
  const extensions: Extension[] = presenceEnabled ? ["broadcast", "presence"] : ["broadcast"];
  const read = await context.database.mayRead(name, identity, extensions).catch((error) => {
    // A policy that raises lets nobody in.
    if (error instanceof DatabaseError && error.code === "RlsPolicyError") throw unauthorized(name);
    throw error;
  });
  if (!read.broadcast && !(presenceEnabled && read.presence)) throw unauthorized(name);
  return {
    broadcast: { read: read.broadcast },
    presence: { read: presenceEnabled ? read.presence : undefined },
  };
}

/** Whether the channel may send broadcasts. @throws DatabaseError */
export async function mayBroadcast(context: Context, channel: Channel): Promise<boolean> {
  const { rights, name, token } = channel;
  if (rights.broadcast.write === undefined) {
    rights.broadcast.write = (await context.database.mayWrite(name, token.identity, ["broadcast"])).broadcast;
  }
  return rights.broadcast.write;
}

/** Asks for the rights to presence that the join did not ask for. @throws DatabaseError */
export async function mayTrack(context: Context, channel: Channel): Promise<void> {
  const { rights, name, token } = channel;
  if (rights.presence.read === undefined) {
    rights.presence.read = (await context.database.mayRead(name, token.identity, ["presence"])).presence;
  }
  if (rights.presence.write === undefined) {
    rights.presence.write = (await context.database.mayWrite(name, token.identity, ["presence"])).presence;
  }
}
