/** The client of supabase-js that everything uses, and the names of its rows. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { backOffMs } from "../../clients/back-off.ts";
import type { CompositeTypes, Database } from "../../supabase/database.types.ts";
import { apiUrl, publishableKey } from "./config.ts";

export type Card = CompositeTypes<"card">;
export type FeedRow = CompositeTypes<"feed_item">;
export type Author = CompositeTypes<"author">;
export type Person = CompositeTypes<"person">;
export type ProfilePage = CompositeTypes<"profile_page">;
export type OwnProfile = CompositeTypes<"own_profile">;
export type Conversation = CompositeTypes<"conversation">;
export type Message = CompositeTypes<"message">;
export type Receipt = CompositeTypes<"receipt">;
export type Notification = CompositeTypes<"notification">;
export type Audience = Database["public"]["Enums"]["audience"];

/** `profile_ids` has the first 100 people. */
export type Reaction = { emoji: string; count: number; profile_ids: string[] };

/** The generated types only say that it is JSON. */
export function reactionsOf({ reactions }: Pick<Message, "reactions">): Reaction[] {
  return Array.isArray(reactions) ? (reactions as Reaction[]) : [];
}

/** Where supabase-js keeps the session in localStorage. session.ts reads it there, also offline. */
export const sessionKey = "plaza.session";

/** No request waits longer. */
const timeoutMs = 20_000;

export const plaza: SupabaseClient<Database> = createClient<Database>(apiUrl, publishableKey, {
  auth: { storageKey: sessionKey, detectSessionInUrl: false },
  realtime: { reconnectAfterMs: backOffMs },
  global: {
    fetch(input, init) {
      const bound = AbortSignal.timeout(timeoutMs);
      const signal = init?.signal ? AbortSignal.any([init.signal, bound]) : bound;
      return fetch(input, { ...init, signal });
    },
  },
});
