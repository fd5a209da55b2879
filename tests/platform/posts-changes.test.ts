/**
 * A project may publish posts (`alter publication supabase_realtime add table posts`).
 * Then only a post's audience hears of its changes.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createPlatform, type Platform } from "../../platform/platform.ts";

let stateDir: string;
let platform: Platform;
const clients: SupabaseClient[] = [];
/** The posts that each person heard, in order. */
const heard: Record<string, string[]> = {};
let people: Record<string, SupabaseClient>;

/** Signs in as a person of seed.sql, and listens. */
async function listen(name: string): Promise<SupabaseClient> {
  const client = createClient(platform.url, platform.keys.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  clients.push(client);
  if (name !== "guest") {
    const email = `${name}@example.com`;
    const { error } = await client.auth.signInWithPassword({ email, password: "plaza-demo" });
    if (error) throw error;
  }
  heard[name] = [];
  await new Promise<void>((resolve, reject) => {
    client
      .channel("posts")
      .on("postgres_changes", { event: "INSERT", schema: "public", table: "posts" }, ({ new: post }) =>
        heard[name]?.push(post.content),
      )
      .on("system", {}, ({ status, message }) => {
        if (status === "ok" && message === "Subscribed to PostgreSQL") resolve();
        else if (status !== "ok") reject(new Error(message));
      })
      .subscribe((_, error) => error && reject(error));
  });
  return client;
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "plaza-posts-"));
  // If we are root, Postgres runs as another user, and has to get into the folder.
  await chmod(stateDir, 0o711);
  platform = await createPlatform({ stateDir, ephemeralPorts: true, seed: true });
  const owner = postgres(platform.databaseUrl, { max: 1 });
  await owner`alter publication supabase_realtime add table posts`;
  await owner.end();
  const names = ["alice", "bob", "carol", "dave", "guest"];
  const listening = await Promise.all(names.map(listen));
  people = Object.fromEntries(names.map((name, n) => [name, listening[n] as SupabaseClient]));
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.removeAllChannels()));
  await platform?.[Symbol.asyncDispose]();
  if (stateDir) await rm(stateDir, { recursive: true, force: true });
});

test("only the audience of alice's posts hears of them, without the people she blocks", async () => {
  const { alice, carol, dave } = people as Record<"alice" | "carol" | "dave", SupabaseClient>;
  const idOf = async (client: SupabaseClient) => (await client.auth.getUser()).data.user?.id;
  const me = await idOf(alice);
  /** Realtime checks the rules when it sends a change. So wait until a post is heard before the next step. */
  const say = async (content: string, more: object, to: string[]) => {
    await alice
      .from("posts")
      .insert({ content, ...more })
      .throwOnError();
    await vi.waitFor(
      () => {
        for (const name of to) expect(heard[name]).toContain(content);
      },
      { timeout: 30_000 },
    );
  };

  await say("for followers", { audience: "followers" }, ["alice", "bob", "dave"]);
  await say("for @carol", { audience: "mentioned" }, ["alice", "carol"]);
  await alice
    .from("blocks")
    .insert({ blocked_id: await idOf(dave) })
    .throwOnError();
  await say("after the block", {}, ["alice", "bob", "carol", "guest"]);
  await alice.from("profiles").update({ is_private: true }).eq("id", me).throwOnError();
  await say("while private", {}, ["alice", "bob"]);
  await carol.from("posts").insert({ content: "the end" }).throwOnError();

  await vi.waitFor(
    () => {
      for (const name of Object.keys(people)) expect(heard[name]?.at(-1)).toBe("the end");
    },
    { timeout: 30_000 },
  );
  expect(heard).toEqual({
    alice: ["for followers", "for @carol", "after the block", "while private", "the end"],
    bob: ["for followers", "after the block", "while private", "the end"],
    carol: ["for @carol", "after the block", "the end"],
    dave: ["for followers", "the end"],
    guest: ["after the block", "the end"],
  });
});
