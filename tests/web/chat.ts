/** What the tests of chat share. */
import { randomUUID } from "node:crypto";
import type { Person } from "../people.ts";

export async function follow(who: Person, whom: Person): Promise<void> {
  await who.client.rpc("follow", { profile_id: whom.id }).throwOnError();
}

/** Sends a message through the API. */
export async function say(who: Person, conversation_id: number, content: string): Promise<void> {
  await who.client.rpc("send_message", { conversation_id, client_id: randomUUID(), content }).throwOnError();
}
