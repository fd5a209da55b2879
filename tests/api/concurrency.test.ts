import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { type Person, service, signUp, target } from "../people.ts";

/*
 * Five people act at the same time, over HTTP. The sender can understand every answer
 * they get. In the end the stored counts equal what counting the rows gives.
 */

test.skipIf(!target().secretKey)(
  "five people follow, like, block and post, and undo it, all at once, and nothing breaks",
  async () => {
    const people = await Promise.all(["alice", "bob", "carol", "dave", "erin"].map((name) => signUp(name)));
    const anyone = () => people[randomInt(people.length)] as Person;
    const posts: number[] = [];
    for (const { client } of people) {
      const { data } = await client
        .from("posts")
        .insert({ content: "hello" })
        .select("id")
        .single()
        .throwOnError();
      posts.push(data?.id);
    }

    const statuses = new Map<number, number>();
    const act = async () => {
      const [{ client, id }, other] = [anyone(), anyone()];
      const post_id = posts[randomInt(posts.length)] as number;
      const requests = [
        () => client.rpc("follow", { profile_id: other.id }),
        () => client.from("follows").insert([{ followee_id: other.id }, { followee_id: anyone().id }]),
        () => client.from("follows").delete().eq("follower_id", id),
        () => client.from("likes").upsert([{ post_id }], { ignoreDuplicates: true }),
        () => client.from("likes").delete().eq("user_id", id).in("post_id", posts),
        () => client.from("blocks").insert({ blocked_id: other.id }),
        () => client.from("blocks").delete().eq("blocker_id", id),
        () => client.from("posts").insert({ content: "re", reply_to_id: post_id }),
        () => client.from("posts").insert({ repost_of_id: post_id }),
        () => client.from("posts").delete().eq("author_id", id).not("repost_of_id", "is", null),
        () =>
          client
            .from("profiles")
            .update({ is_private: randomInt(2) === 0 })
            .eq("id", id),
        () => client.rpc("accept_follow_request", { requester_id: other.id }),
        () => client.rpc("home_feed"),
      ];
      const { status, error } = await (requests[randomInt(requests.length)] as (typeof requests)[0])();
      expect(status, JSON.stringify(error)).toBeLessThan(500);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    };
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        for (let n = 0; n < 50; n++) await act();
      }),
    );
    // Some requests were refused, and some succeeded.
    expect([...statuses.keys()].some((status) => status < 300)).toBe(true);

    const all = service();
    for (const { id } of people) {
      const { data: counted } = await all
        .from("follow_counts")
        .select()
        .eq("profile_id", id)
        .single()
        .throwOnError();
      const count = async (column: string) =>
        (await all.from("follows").select("*", { count: "exact", head: true }).eq(column, id).throwOnError())
          .count;
      expect(counted).toEqual({
        profile_id: id,
        followers: await count("followee_id"),
        following: await count("follower_id"),
      });
    }
    for (const post_id of posts) {
      const { data: counted } = await all
        .from("post_counts")
        .select("likes")
        .eq("post_id", post_id)
        .single()
        .throwOnError();
      const { count } = await all
        .from("likes")
        .select("*", { count: "exact", head: true })
        .eq("post_id", post_id)
        .throwOnError();
      expect(counted).toEqual({ likes: count });
    }
  },
  120_000,
);
