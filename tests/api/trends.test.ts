/**
 * Trends, as a client reads them: people post, the schedule and the worker of the deployment do the rest. Whether
 * somebody counts is computed every few minutes or once a day. This does not wait for it, so it needs the database
 * (PLAZA_DB_URL).
 */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { guest, type Person, service, signUp } from "../people.ts";
import { trust } from "../trusted.ts";

type Post = { content: string; author: { id: string; username: string } };
type Trend = { people: number; posts: Post[] };

/** The doorbell rings every ten seconds, and the job is sent each minute. */
const patience = { timeout: 150_000, interval: 1000 };
const unique = `t${Date.now().toString(36)}`;
const link = `https://example.com/${unique}`;

test("anybody may ask what trends, and only people for what trends around them", async () => {
  for (const call of ["trending_tags", "trending_links", "trending_posts"]) {
    expect(Array.isArray((await guest().rpc(call).throwOnError()).data), call).toBe(true);
    const { error, status } = await guest().rpc(call, { scope: "network" });
    expect({ status, code: error?.details }, call).toEqual({ status: 401, code: "not_signed_in" });
  }
  const { error } = await guest().rpc("explain_trend", { tag: "no tag" });
  expect(error).toMatchObject({ code: "PT400", details: "trend_term_format" });
});

describe.skipIf(!process.env.PLAZA_DB_URL)("a tag, a link and a post of many", () => {
  const crowd: Person[] = [];
  let carol: Person;
  let noSeeds: () => Promise<void>;
  beforeAll(async () => {
    carol = await signUp("carol");
    for (let one = 0; one < 25; one++) crowd.push(await signUp("crowd"));
    const ids = crowd.map(({ id }) => id);
    noSeeds = await trust(ids);
    for (const { client } of crowd) {
      await client
        .from("posts")
        .insert({ content: `#${unique} ${link}`, language: "en" })
        .throwOnError();
    }
    const { data: post } = await carol.client
      .from("posts")
      .insert({ content: "Look" })
      .select("id")
      .single()
      .throwOnError();
    for (const { client } of crowd.slice(0, 5)) {
      await client.from("likes").insert({ post_id: post.id }).throwOnError();
    }
  }, 120_000);
  afterAll(() => noSeeds?.());

  const tag = async (who: Person, scope = "everybody") => {
    const { data } = await who.client
      .rpc("trending_tags", { period: "hour", scope, page_size: 100 })
      .throwOnError();
    return (data as (Trend & { tag: string })[]).find((row) => row.tag === unique);
  };

  test("trend within two minutes, and explain themselves", async () => {
    await vi.waitFor(async () => expect(await tag(carol)).toBeDefined(), patience);
    expect(await tag(carol)).toMatchObject({
      people: 25,
      language: "en",
      since: expect.any(String),
      posts: [
        { content: `#${unique} ${link}`, author: { username: crowd[24]?.username } },
        { author: { username: crowd[23]?.username } },
        { author: { username: crowd[22]?.username } },
      ],
    });
    const { data: links } = await guest()
      .rpc("trending_links", { period: "hour", page_size: 100 })
      .throwOnError();
    expect((links as (Trend & { url: string })[]).find(({ url }) => url === link)?.people).toBe(25);
    const { data: posts } = await guest().rpc("trending_posts", { page_size: 100 }).throwOnError();
    const hot = (posts as { people: number; post: Post }[]).find(({ post }) => post.author.id === carol.id);
    expect(hot).toMatchObject({ people: 5, post: { content: "Look", likes: 5 } });
    const { data: why } = await guest().rpc("explain_trend", { tag: unique, period: "hour" }).throwOnError();
    expect(why).toMatchObject({ trends: true, agrees: true, recounted: { short: 25, long: 25 } });
  }, 200_000);

  test("show nobody who is muted, and nothing that a moderator hides", async () => {
    const last = crowd.at(-1) as Person;
    await carol.client.from("mutes").insert({ muted_id: last.id }).throwOnError();
    const authors = (await tag(carol))?.posts.map(({ author }) => author.username);
    expect(authors).toEqual([crowd[23], crowd[22], crowd[21]].map((one) => one?.username));
    await service().rpc("hide_trend", { kind: "tag", term: unique, reason: "a test" }).throwOnError();
    expect(await tag(carol)).toBeUndefined();
    await service().rpc("show_trend", { kind: "tag", term: unique }).throwOnError();
    expect(await tag(carol)).toBeDefined();
  });

  test("trend around carol when she follows three of them", async () => {
    expect(await tag(carol, "network")).toBeUndefined();
    for (const { id } of crowd.slice(0, 3)) {
      await carol.client.from("follows").insert({ followee_id: id }).throwOnError();
    }
    expect(await tag(carol, "network")).toMatchObject({ people: 3, since: null });
  });
});
