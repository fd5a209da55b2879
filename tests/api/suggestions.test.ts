/**
 * Suggestions, as a client reads them. Trust is computed every few minutes, and the worker computes the lists. This does
 * not wait for them, so it needs the database (PLAZA_DB_URL).
 */
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guest, type Person, signUp } from "../people.ts";
import { trust } from "../trusted.ts";

interface Suggestion {
  profile: { id: string; username: string; display_name: string; avatar_url: string | null };
  is_private: boolean;
  follows_you: boolean;
  reasons: { kind: string; people: { username: string }[]; others: number; tag: string | null }[];
}

const tag = `s${Date.now().toString(36)}`;
const of = async ({ client }: Person, page_size = 100): Promise<Suggestion[]> =>
  (await client.rpc("suggestions", { page_size }).throwOnError()).data;
const about = async (who: Person, other: Person) =>
  (await of(who)).find(({ profile }) => profile.id === other.id);

test("only people who are signed in get suggestions, and everybody may ask for people like somebody", async () => {
  const carol = await signUp("carol");
  for (const call of ["suggestions", "dismiss_suggestion", "suggestions_seen"]) {
    const args = {
      dismiss_suggestion: { profile_id: carol.id },
      suggestions_seen: { profile_ids: [carol.id] },
    };
    const { error } = await guest().rpc(call, args[call as keyof typeof args] ?? {});
    expect(error?.code, call).toBe("42501");
  }
  expect((await guest().rpc("people_like", { profile_id: carol.id }).throwOnError()).data).toEqual([]);
  const { error } = await carol.client.rpc("suggestions", { page_size: 101 });
  expect(error).toMatchObject({ code: "PT400", details: "page_size_range" });
});

test("a page can be read with GET, because reading writes nothing", async () => {
  const carol = await signUp("carol");
  const { data } = await carol.client.rpc("suggestions", {}, { get: true }).throwOnError();
  expect(Array.isArray(data)).toBe(true);
});

describe.skipIf(!process.env.PLAZA_DB_URL)("alice", () => {
  let alice: Person;
  let bob: Person;
  let carol: Person;
  let noSeeds: () => Promise<void>;
  beforeAll(async () => {
    [alice, bob, carol] = [await signUp("alice"), await signUp("bob"), await signUp("carol")];
    noSeeds = await trust([bob.id, carol.id]);
  }, 60_000);
  afterAll(() => noSeeds?.());

  test("follows nobody, and is told who writes about her tag and who follows her", async () => {
    await alice.client.from("tag_follows").insert({ tag }).throwOnError();
    await bob.client
      .from("posts")
      .insert({ content: `#${tag}` })
      .throwOnError();
    await carol.client.rpc("follow", { profile_id: alice.id }).throwOnError();
    expect(await about(alice, bob)).toEqual({
      profile: { id: bob.id, username: bob.username, display_name: "", avatar_url: null },
      is_private: false,
      follows_you: false,
      reasons: [{ kind: "writes_about", people: [], others: 0, tag }],
    });
    expect(await about(alice, carol)).toMatchObject({
      follows_you: true,
      reasons: [{ kind: "follows_you", people: [], others: 0, tag: null }],
    });
  });

  test("is not shown carol after she follows her, and is told that carol follows bob", async () => {
    await alice.client.rpc("follow", { profile_id: carol.id }).throwOnError();
    expect(await about(alice, carol)).toBeUndefined();
    await carol.client.rpc("follow", { profile_id: bob.id }).throwOnError();
    const owner = postgres(process.env.PLAZA_DB_URL as string, { max: 1 });
    await owner`select private.write_suggestion_list(${alice.id}, array[${bob.id}]::uuid[], array[1::smallint], '{1}')`;
    await owner.end();
    expect((await about(alice, bob))?.reasons).toEqual([
      {
        kind: "followed_by",
        people: [expect.objectContaining({ username: carol.username })],
        others: 0,
        tag: null,
      },
    ]);
  });

  test("dismisses somebody, and sees no suggestions when she wants none", async () => {
    const { data: until } = await alice.client
      .rpc("dismiss_suggestion", { profile_id: bob.id })
      .throwOnError();
    expect(Date.parse(until) / 86_400_000 - Date.now() / 86_400_000).toBeCloseTo(30, 1);
    expect(await about(alice, bob)).toBeUndefined();

    await bob.client.rpc("follow", { profile_id: carol.id }).throwOnError();
    await alice.client.rpc("follow", { profile_id: bob.id }).throwOnError();
    await bob.client.rpc("suggestions_seen", { profile_ids: [alice.id] }).throwOnError();
    await bob.client.from("suggestions_settings").upsert({ hides_suggestions: true }).throwOnError();
    expect(await of(bob)).toEqual([]);
    const { data: settings } = await alice.client.from("suggestions_settings").select().throwOnError();
    expect(settings).toEqual([]);
  });
});
