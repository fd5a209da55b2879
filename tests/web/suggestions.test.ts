/**
 * Suggestions with their reasons, and the empty home of a newcomer. A job computes trust every few minutes. This
 * does not wait for it, so it needs the database (PLAZA_DB_URL).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Person, signUp } from "../people.ts";
import { trust } from "../trusted.ts";
import { closeBrowser, complaintsOf, expectGood, type Visitor, visitor } from "./browser.ts";

afterAll(closeBrowser);

describe.skipIf(!process.env.PLAZA_DB_URL)("alice, who follows nobody,", () => {
  const tag = `s${Date.now().toString(36)}`;
  let alice: Visitor;
  let bob: Person;
  let carol: Person;
  let noSeeds: () => Promise<void>;
  beforeAll(async () => {
    [alice, bob, carol] = await Promise.all([
      visitor("alice"),
      signUp("bob"),
      signUp("carol", { display_name: "Carol <b>von</b> Überlang-Unterstreicher zu Hohenstein" }),
    ]);
    noSeeds = await trust([bob.id, carol.id]);
    await alice.client.from("tag_follows").insert({ tag }).throwOnError();
    await bob.client
      .from("posts")
      .insert({ content: `#${tag} from bob` })
      .throwOnError();
    await carol.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  });
  afterAll(() => noSeeds?.());
  const line = (person: Person) =>
    alice.page.getByRole("main").getByRole("listitem").filter({ hasText: person.username });

  test("sees people to follow on her empty home, follows one, and reads", async () => {
    const dave = await visitor("dave");
    await carol.client.rpc("follow", { profile_id: dave.id }).throwOnError();
    await carol.client.from("posts").insert({ content: "Good day" }).throwOnError();
    await dave.page.reload();
    const suggested = dave.page.getByRole("listitem").filter({ hasText: carol.username });
    await suggested.getByText("Follows you").waitFor();
    await expectGood(dave.page, "home-first-steps");
    await suggested.getByRole("button", { name: "Follow back @" }).click();
    await suggested.getByRole("button", { name: "Following @" }).waitFor();
    await dave.page.getByRole("button", { name: "Show my home" }).click();
    await dave.page.getByText("Good day").waitFor();
    expect(complaintsOf(dave.context)).toEqual([]);
  });

  test("sees them also below her own posts, until she follows somebody", async () => {
    const erin = await visitor("erin");
    await erin.client.from("posts").insert({ content: "My first words" }).throwOnError();
    await carol.client.rpc("follow", { profile_id: erin.id }).throwOnError();
    await erin.page.reload();
    await erin.page.getByText("My first words").waitFor();
    const suggested = erin.page.getByRole("listitem").filter({ hasText: carol.username });
    await suggested.getByText("Follows you").waitFor();
    expect(await erin.page.getByText("Your home is quiet").count()).toBe(0);
    await expectGood(erin.page, "home-own-posts");
    await suggested.getByRole("button", { name: "Follow back @" }).click();
    await erin.page.getByRole("button", { name: "Show my home" }).click();
    await erin.page.getByText("Good day").waitFor();
    await expect.poll(() => erin.page.getByRole("region", { name: "People to follow" }).count()).toBe(0);
    expect(complaintsOf(erin.context)).toEqual([]);
  });

  test("reads why each is suggested, and dismisses one", async () => {
    await alice.page.goto("/people");
    await line(bob).getByText(`Writes about #${tag}`).waitFor();
    await line(carol).getByText("Follows you").waitFor();
    await expectGood(alice.page, "suggestions");
    await line(bob).getByRole("button", { name: "Do not suggest" }).click();
    await line(bob).waitFor({ state: "detached" });
    await alice.page.reload();
    await line(carol).waitFor();
    expect(await line(bob).count()).toBe(0);
    expect(complaintsOf(alice.context)).toEqual([]);
  });

  test("wants no suggestions, and gets none", async () => {
    await alice.page.goto("/settings/privacy");
    await alice.page.getByLabel("Show me no people to follow").check();
    const hidden = () => alice.client.from("suggestions_settings").select("hides_suggestions").maybeSingle();
    await expect.poll(async () => (await hidden()).data?.hides_suggestions).toBe(true);
    await alice.page.goto("/people");
    await alice.page.getByText("Nobody to suggest right now").waitFor();
    expect(await line(carol).count()).toBe(0);
  });
});
