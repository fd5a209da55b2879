import { beforeAll, expect, test } from "vitest";
import { guest, type Person, service, signUp, target } from "../people.ts";

/* What a client meets beyond its budget, and how it learns its budget beforehand. */

let alice: Person;
beforeAll(async () => {
  alice = await signUp("alice");
});

const allow = (action: string, per_minute: number) =>
  service()
    .rpc("set_limits", { profile_id: alice.id, action, per_minute, per_hour: 1000, per_day: 1000 })
    .throwOnError();

/** A request of alice's without supabase-js, which keeps headers to itself. */
async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  const { data } = await alice.client.auth.getSession();
  return fetch(target().url + path, {
    method,
    headers: {
      apikey: target().publishableKey,
      authorization: `Bearer ${data.session?.access_token}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

test("beyond the budget alice is answered 429 with Retry-After, and goes on after it", async () => {
  await allow("post", 2);
  for (let n = 0; n < 2; n++) await alice.client.from("posts").insert({ content: "within" }).throwOnError();

  const refused = await ask("POST", "/rest/v1/posts", { content: "beyond" });
  expect(refused.status).toBe(429);
  const seconds = Number(refused.headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(61);
  const body = await refused.json();
  expect(body).toMatchObject({ code: "PT429", details: "rate_limited" });
  expect(Date.parse(body.hint)).toBeGreaterThan(Date.now() - 5000);

  const { error, status } = await alice.client.from("posts").insert({ content: "beyond" });
  expect(status).toBe(429);
  expect(error).toMatchObject({ code: "PT429", details: "rate_limited", hint: body.hint });
  const { data: mine } = await guest()
    .from("posts")
    .select("content")
    .eq("author_id", alice.id)
    .throwOnError();
  expect(mine).toEqual([{ content: "within" }, { content: "within" }]);

  await allow("post", 3);
  await alice.client.from("posts").insert({ content: "again" }).throwOnError();
});

test("alice asks what her budget is, with GET too", async () => {
  await allow("like", 30);
  const { data } = await alice.client.rpc("limits", {}, { get: true }).throwOnError();
  expect(data).toContainEqual({ action: "like", allowed: 30, per: "minute", left: 30, resets_at: null });
  expect((await guest().rpc("limits")).status).toBe(401);
});

test("each search by alice counts, so it is a POST; people who are not signed in may use GET", async () => {
  const left = async (): Promise<number> => {
    const { data } = await alice.client.rpc("limits").eq("action", "search").throwOnError();
    return data[0].left;
  };
  await allow("search", 3);
  await alice.client.rpc("search_people", { query: alice.username }).throwOnError();
  await alice.client.rpc("search_posts", { query: "within" }).throwOnError();
  expect(await left()).toBe(1);
  expect((await alice.client.rpc("search_posts", { query: "within" }, { get: true })).status).toBe(405);
  expect(await left()).toBe(1);
  await alice.client.rpc("search_posts", { query: "within" }).throwOnError();
  const refused = await alice.client.rpc("search_posts", { query: "within" });
  expect([refused.status, refused.error?.details]).toEqual([429, "rate_limited"]);

  const { data } = await guest()
    .rpc("search_people", { query: alice.username }, { get: true })
    .throwOnError();
  expect(data).toMatchObject([{ profile: { id: alice.id } }]);
});

test("alice sets nobody's limits, her own included", async () => {
  const { status, error } = await alice.client.rpc("set_limits", {
    profile_id: alice.id,
    per_minute: 10_000,
  });
  expect([status, error?.code]).toEqual([403, "42501"]);
});

test("a request of alice's writes at most 100 rows", async () => {
  await allow("tag_follow", 1000);
  const rows = Array.from({ length: 101 }, (_, n) => ({ tag: `tag${n}` }));
  const { status, error } = await alice.client.from("tag_follows").insert(rows);
  expect([status, error?.details]).toEqual([400, "too_many_rows"]);
  await alice.client.from("tag_follows").insert(rows.slice(0, 100)).throwOnError();
});

test("alice changes her metadata as often as her budget allows", async () => {
  await allow("metadata", 0);
  const { data: before } = await alice.client.auth.getUser();
  // GoTrue passes the status on only to clients that name no version of its API. supabase-js names one.
  const refused = await ask("PUT", "/auth/v1/user", { data: { mood: "good" } });
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: "PT429", detail: "rate_limited" });
  expect((await alice.client.auth.updateUser({ data: { mood: "good" } })).error).not.toBeNull();
  const { data: after } = await alice.client.auth.getUser();
  expect(after.user?.user_metadata).toEqual(before.user?.user_metadata);

  await allow("metadata", 1000);
  const { data } = await alice.client.auth.updateUser({ data: { mood: "good" } });
  expect(data.user?.user_metadata.mood).toBe("good");
});

test("48 bulk requests of the service role at once, of the same rows in other orders, all pass", async () => {
  const [bob, carol] = await Promise.all([signUp("bob"), signUp("carol")]);
  const { data: posts } = await service()
    .from("posts")
    .insert(Array.from({ length: 40 }, (_, n) => ({ author_id: bob.id, content: `${n}` })))
    .select("id")
    .throwOnError();
  const likes = (posts ?? []).flatMap(({ id }) =>
    [alice, bob, carol].map((person) => ({ user_id: person.id, post_id: id })),
  );
  const answers = await Promise.all(
    Array.from({ length: 48 }, (_, n) => {
      const turned = [...likes.slice((n * 7) % likes.length), ...likes.slice(0, (n * 7) % likes.length)];
      const rows = n % 2 ? turned : turned.toReversed();
      return service().from("likes").upsert(rows, { ignoreDuplicates: true });
    }),
  );
  expect([...new Set(answers.map(({ status, error }) => `${status} ${error?.message ?? ""}`))]).toEqual([
    "201 ",
  ]);
  const { count } = await service()
    .from("likes")
    .select("*", { count: "exact", head: true })
    .in("user_id", [alice.id, bob.id, carol.id]);
  expect(count).toBe(likes.length);
});
