/**
 * What a channel may do, as the policies on realtime.messages say. Asked when it
 * matters for the first time, and kept until the channel brings another token.
 */
import { DatabaseError, type Extension, type Identity } from "./database-side.ts";
import { unauthorized } from "./errors.ts";
import type { Channel, Context, Rights } from "./state.ts";

/** On a public topic everybody may everything. */
export function publicRights(): Rights {
  return { broadcast: { read: true, write: true }, presence: { read: true, write: true } };
}

/**
 * Of a private topic; presence is asked about when it is on.
 * @throws JoinError when nothing can be read there
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

/** @throws DatabaseError */
export async function mayBroadcast(context: Context, channel: Channel): Promise<boolean> {
  const { rights, name, token } = channel;
  if (rights.broadcast.write === undefined) {
    rights.broadcast.write = (await context.database.mayWrite(name, token.identity, ["broadcast"])).broadcast;
  }
  return rights.broadcast.write;
}

/** Fills in the rights to presence that were not asked on joining. @throws DatabaseError */
export async function mayTrack(context: Context, channel: Channel): Promise<void> {
  const { rights, name, token } = channel;
  if (rights.presence.read === undefined) {
    rights.presence.read = (await context.database.mayRead(name, token.identity, ["presence"])).presence;
  }
  if (rights.presence.write === undefined) {
    rights.presence.write = (await context.database.mayWrite(name, token.identity, ["presence"])).presence;
  }
}
