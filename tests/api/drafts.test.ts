import { expect, test, vi } from "vitest";
import { signUp } from "../people.ts";

test("alice's draft becomes one post at its time, and carol reads it in alice's feed", async () => {
  const [alice, carol] = await Promise.all([signUp("alice"), signUp("carol")]);
  const publish_at = new Date(Date.now() + 1000).toISOString();
  await alice.client
    .from("drafts")
    .insert([
      { content: "at its time", publish_at },
      { content: "some day" },
      { content: "an answer to nothing", reply_to_id: 1, publish_at },
    ])
    .throwOnError();
  expect((await carol.client.from("drafts").select().throwOnError()).data).toEqual([]);

  const { data: left } = await vi.waitFor(
    async () => {
      const drafts = await alice.client
        .from("drafts")
        .select("content, failure")
        .order("content")
        .throwOnError();
      expect(drafts.data).toHaveLength(2);
      expect(drafts.data?.[0]?.failure).not.toBeNull();
      return drafts;
    },
    // The job runs every ten seconds.
    { timeout: 40_000, interval: 250 },
  );
  expect(left).toEqual([
    { content: "an answer to nothing", failure: "post_not_found" },
    { content: "some day", failure: null },
  ]);
  const { data: feed } = await carol.client.rpc("profile_feed", { profile_id: alice.id }).throwOnError();
  expect(feed).toMatchObject([{ post: { content: "at its time" } }]);
  expect(Date.parse(feed?.[0]?.post?.created_at ?? "")).toBeGreaterThanOrEqual(Date.parse(publish_at));
});
