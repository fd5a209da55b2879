/** What a TypeScript block of the documentation may assume: people, their posts, and clients. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../../supabase/database.types.ts";
import { freshUsername, liftLimits, type Person, service, signUp, target } from "../../people.ts";

/** STYLE.md has the same list, for people who write documentation. */
export interface Assumed {
  /** Alice is signed in. */
  supabase: SupabaseClient<Database>;
  /** The service role. */
  admin: SupabaseClient<Database>;
  url: string;
  publishableKey: string;
  /** The address and the password of somebody who has no account yet. */
  email: string;
  password: string;
  /** Alice's profile and her password. She follows nobody. */
  alice: { id: string; username: string; password: string };
  /** Bob's profile. It is public. Bob follows alice. */
  bob: { id: string; username: string };
  /** A post by bob, for everyone. */
  post: { id: number };
  /** A draft of alice. */
  draft: { id: string };
}

export interface Stage extends AsyncDisposable {
  assumed: Assumed;
  /** The requests of the block's clients that the platform refused. */
  refused: string[];
}

/** Bob, who is the same for all blocks. */
export const createBob = (): Promise<Person> => signUp("bob");

/** @param bob writes a post and follows a new alice */
export async function createStage(bob: Person): Promise<Stage> {
  const { url, publishableKey, secretKey = "" } = target();
  const alice = await signUp("alice");
  await liftLimits(alice.id);
  const refused: string[] = [];
  const listen: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (!response.ok) refused.push(`${response.status} ${response.url}: ${await response.clone().text()}`);
    return response;
  };
  const connect = (key: string) =>
    createClient<Database>(url, key, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: listen },
    });
  const supabase = connect(publishableKey);
  const admin = connect(secretKey);
  await supabase.auth.signInWithPassword({ email: alice.email, password: alice.password });
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  const post = await bob.client
    .from("posts")
    .insert({ content: "Hello #garden" })
    .select("id")
    .single()
    .throwOnError();
  const draft = await supabase
    .from("drafts")
    .insert({ content: "Not yet" })
    .select("id")
    .single()
    .throwOnError();
  return {
    assumed: {
      supabase,
      admin,
      url,
      publishableKey,
      email: `${freshUsername("new")}@example.com`,
      password: "correct horse",
      alice: { id: alice.id, username: alice.username, password: alice.password },
      bob: { id: bob.id, username: bob.username },
      post: post.data,
      draft: draft.data,
    },
    refused,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([supabase.removeAllChannels(), admin.removeAllChannels()]);
      await service().auth.admin.deleteUser(alice.id);
    },
  };
}
