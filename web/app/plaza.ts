/** The client of supabase-js that everything uses, and the names of its rows. */
import type { SupabaseClient } from "@supabase/supabase-js";
import { backOffMs } from "../../clients/back-off.ts";
import type { CompositeTypes, Database } from "../../supabase/database.types.ts";
import { firstShown } from "./first.ts";

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

/** A step of a request: `from("posts")`, `maybeSingle()`. */
type Step = [name: string, args?: unknown[]];

let loading: Promise<typeof import("./supabase.ts")> | undefined;

/**
 * Loads supabase-js, once. The first posts go before it on the network.
 * @throws TypeError if there is no network, and the file is not kept on the device. The next call tries again
 */
export function loadSupabase(): Promise<typeof import("./supabase.ts")> {
  loading ??= firstShown()
    .then(() => import("./supabase.ts"))
    .catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
  return loading;
}

/** The same, for what cannot go on without it: tries until it is there. */
export async function supabaseLoaded(): Promise<typeof import("./supabase.ts")> {
  for (let failures = 1; ; failures++) {
    try {
      return await loadSupabase();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1_000 + backOffMs(failures)));
    }
  }
}

/**
 * The client of supabase-js. Its file is loaded with the first request. So a request is noted here, step by
 * step, and begins when somebody awaits it. Only what is awaited works: `rpc()`, `from()` and the methods of `auth`.
 */
export const plaza = noted([]) as SupabaseClient<Database>;

function noted(steps: Step[]): unknown {
  return new Proxy(() => {}, {
    get: (_, name) => {
      if (name === "then") {
        const answer = steps.length > 0 ? run(steps) : undefined;
        return answer?.then.bind(answer);
      }
      return noted([...steps, [String(name)]]);
    },
    apply: (_, __, args) => noted([...steps.slice(0, -1), [steps.at(-1)?.[0] ?? "", args]]),
  });
}

/** Without supabase-js, a request fails as it does without a network. */
async function run(steps: Step[]): Promise<unknown> {
  const loaded = await loadSupabase().catch((error: unknown) => {
    if (steps.some(([name]) => name === "auth" || name === "throwOnError")) throw error;
    return { error };
  });
  if ("error" in loaded) return { data: null, error: loaded.error, status: 0 };
  let subject: unknown = loaded.supabase;
  for (const [name, args] of steps) {
    const member = (subject as Record<string, unknown>)[name];
    subject = args ? (member as (...args: unknown[]) => unknown).apply(subject, args) : member;
  }
  return subject;
}
