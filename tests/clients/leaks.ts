/**
 * The trials of leaks.test.ts: ways in which alice hides something from bob, what alice keeps doing
 * meanwhile, and the proof that bob was told of it before.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Person, signUp } from "../people.ts";

/** What must not be told any more. */
export interface Hidden {
  /** Names of a person: their id and their username. */
  person: string[];
  /** Posts. */
  posts: number[];
  /** Kinds of notification that must not show these people any more. */
  kinds?: string[];
}

/** alice, and what bob was told of her. */
export interface Scene {
  alice: Person;
  bob: Person;
  /** A post of bob. */
  bobs: number;
}

export interface Trial {
  /** Makes what bob is told of. */
  prepare(scene: Scene): PromiseLike<unknown>;
  /** The request that hides it. Its answer counts. */
  hide(scene: Scene): PromiseLike<unknown>;
  /** What must not be told from then on. Asked at the end. */
  hidden(scene: Scene): Promise<Hidden> | Hidden;
  /** One of the things that alice keeps doing. It may be refused. */
  acts(scene: Scene): (() => PromiseLike<unknown>)[];
  /** So that the next trial begins like this one. Null: alice is gone. */
  undo: ((scene: Scene) => PromiseLike<unknown>) | null;
}

export const write = async (client: SupabaseClient, row: object): Promise<number> =>
  (await client.from("posts").insert(row).select("id").single().throwOnError()).data?.id;

const like = ({ alice, bobs }: Scene) => alice.client.from("likes").insert({ post_id: bobs });
const mention = ({ alice, bob }: Scene) =>
  alice.client.from("posts").insert({ content: `hello @${bob.username}` });
const reply = ({ alice, bobs }: Scene) =>
  alice.client.from("posts").insert({ content: "yes", reply_to_id: bobs });
const quote = ({ alice, bobs }: Scene) =>
  alice.client.from("posts").insert({ content: "so", quote_of_id: bobs });
const repost = ({ alice, bobs }: Scene) => alice.client.from("posts").insert({ repost_of_id: bobs });
const follow = ({ alice, bob }: Scene) => alice.client.rpc("follow", { profile_id: bob.id });
const everything = (scene: Scene) =>
  [like, mention, reply, quote, repost, follow].map((act) => () => act(scene));

const wholeOf = ({ id, username }: Person): Hidden => ({ person: [id, username], posts: [] });

/** The posts of alice that bob does not see. */
async function hiddenPosts({ alice, bob }: Scene): Promise<number[]> {
  const idsFor = async ({ client }: Person) => {
    const { data } = await client.from("posts").select("id").eq("author_id", alice.id).throwOnError();
    return data.map(({ id }: { id: number }) => id);
  };
  const [all, seen] = [await idsFor(alice), new Set(await idsFor(bob))];
  return all.filter((id) => !seen.has(id));
}

const goesPrivate = ({ alice }: Scene, is_private: boolean) =>
  alice.client.from("profiles").update({ is_private }).eq("id", alice.id).throwOnError();

/** The posts of these trials, from the preparation to the end. */
const made = new WeakMap<Person, number>();

export const trials: Record<string, Trial> = {
  "alice blocks bob": {
    prepare: (scene) => mention(scene).throwOnError(),
    acts: everything,
    hide: ({ alice, bob }) => alice.client.from("blocks").insert({ blocked_id: bob.id }).throwOnError(),
    hidden: ({ alice }) => wholeOf(alice),
    undo: ({ alice, bob }) => alice.client.from("blocks").delete().eq("blocked_id", bob.id),
  },
  "bob blocks alice": {
    prepare: (scene) => like(scene).throwOnError(),
    acts: everything,
    hide: ({ alice, bob }) => bob.client.from("blocks").insert({ blocked_id: alice.id }).throwOnError(),
    hidden: ({ alice }) => wholeOf(alice),
    undo: ({ alice, bob }) => bob.client.from("blocks").delete().eq("blocked_id", alice.id),
  },
  "alice edits a mention away": {
    async prepare({ alice, bob }) {
      made.set(alice, await write(alice.client, { content: `for @${bob.username}`, audience: "mentioned" }));
    },
    acts: (scene) => [
      ...[0, 1, 2].map((n) => () => {
        const text = { content: `for nobody ${n}` };
        return scene.alice.client.from("posts").update(text).eq("id", made.get(scene.alice));
      }),
      () => like(scene),
      () => repost(scene),
    ],
    hide: ({ alice }) =>
      alice.client.from("posts").update({ content: "for nobody" }).eq("id", made.get(alice)).throwOnError(),
    hidden: ({ alice }) => ({ person: [], posts: [made.get(alice) as number] }),
    undo: () => Promise.resolve(),
  },
  "alice deletes a post": {
    async prepare({ alice, bobs }) {
      made.set(alice, await write(alice.client, { content: "look", reply_to_id: bobs }));
    },
    acts: (scene) => [
      ...[0, 1].map((n) => () => {
        const text = { content: `look @${scene.bob.username} ${n}` };
        return scene.alice.client.from("posts").update(text).eq("id", made.get(scene.alice));
      }),
      () => like(scene),
      () => reply(scene),
    ],
    hide: ({ alice }) => alice.client.from("posts").delete().eq("id", made.get(alice)).throwOnError(),
    hidden: ({ alice }) => ({ person: [], posts: [made.get(alice) as number] }),
    undo: () => Promise.resolve(),
  },
  "alice goes private": {
    prepare: (scene) => repost(scene).throwOnError(),
    acts: (scene) => [quote, quote, repost, reply, like].map((act) => () => act(scene)),
    hide: (scene) => goesPrivate(scene, true),
    hidden: async (scene) => ({
      person: [scene.alice.id],
      posts: await hiddenPosts(scene),
      kinds: ["repost"],
    }),
    undo: (scene) => goesPrivate(scene, false),
  },
  "bob loses sight of a private account": {
    async prepare(scene) {
      const { alice, bob } = scene;
      await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
      await bob.client.from("follows").update({ notifies: true }).eq("followee_id", alice.id).throwOnError();
      await goesPrivate(scene, true);
      made.set(alice, await write(alice.client, { content: "to my followers" }));
    },
    acts: ({ alice }) =>
      [0, 1, 2, 3].map((n) => () => alice.client.from("posts").insert({ content: `more ${n}` })),
    hide: ({ alice, bob }) =>
      // Either of the two can end it.
      (made.get(alice) as number) % 2 === 0
        ? bob.client.from("follows").delete().eq("followee_id", alice.id).throwOnError()
        : alice.client.rpc("remove_follower", { follower_id: bob.id }).throwOnError(),
    hidden: async (scene) => ({
      person: [scene.alice.id],
      posts: await hiddenPosts(scene),
      kinds: ["post", "edited"],
    }),
    undo: (scene) => goesPrivate(scene, false),
  },
  "alice deletes her account": {
    prepare: (scene) => reply(scene).throwOnError(),
    acts: everything,
    hide: ({ alice }) => alice.client.rpc("delete_account").throwOnError(),
    hidden: ({ alice }) => wholeOf(alice),
    undo: null,
  },
};

export async function createScene(bob: Person, alice?: Person): Promise<Scene> {
  return {
    alice: alice ?? (await signUp("alice")),
    bob,
    bobs: await write(bob.client, { content: "bob's" }),
  };
}
