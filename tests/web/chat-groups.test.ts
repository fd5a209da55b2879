/** Groups on the page: members and their roles, links, leaving, and being removed. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  expectAccessible,
  expectNoSidewaysScroll,
  pictures,
  visitor,
} from "./browser.ts";
import { follow, say } from "./chat.ts";

afterAll(closeBrowser);

const hostile = `<img src=x onerror="document.title='hacked'">`;

test("alice makes a group, names an admin, lets carol in by a link, and changes what holds there", async () => {
  const [alice, carol, bob] = await Promise.all([
    visitor("alice", { display_name: "Alice" }),
    visitor("carol", { display_name: "Carol" }),
    signUp("bob", { display_name: "Bob of the very long and winding name in the hills" }),
  ]);
  await Promise.all([follow(alice, bob), follow(bob, alice)]);
  const { page } = alice;
  await page.goto("/chat/new");
  await page.getByRole("button", { name: /Bob of the very/ }).click();
  await page.getByRole("button", { name: "New group" }).click();
  await page.getByLabel("Name of the group").fill(`Garden ${hostile}`);
  await page.getByRole("button", { name: "Make the group" }).click();
  await page.getByText("added").waitFor();
  const id = Number(new URL(page.url()).pathname.split("/")[2]);
  await bob.client.rpc("accept_conversation", { conversation_id: id }).throwOnError();
  await say(bob, id, "Good morning");
  await page.getByText("Good morning").waitFor();

  await page.getByRole("link", { name: "About this conversation" }).click();
  await page.getByRole("button", { name: /More about Bob/ }).click();
  await page.getByRole("menuitem", { name: "Make an admin" }).click();
  await page.getByText("Admin", { exact: true }).waitFor();
  await page.getByLabel("Description").fill(hostile);
  await page
    .getByRole("switch", { name: "Only admins write" })
    .or(page.getByLabel("Only admins write"))
    .check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".join .text", { hasText: hostile }).waitFor();
  await page.getByLabel("Messages disappear after").selectOption({ label: "1 day" });
  await page.getByRole("button", { name: "New link" }).click();
  await page.getByLabel("An admin accepts each person").check();
  await page.getByLabel("For how many people").fill("1");
  await page.getByRole("button", { name: "Make the link" }).click();
  const link = await page.locator(".invite-row code").textContent();
  await page.getByText("for 1 more person").waitFor();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "chat-about");

  await carol.page.goto(new URL(link as string).pathname);
  await carol.page.getByText("2 members").waitFor();
  await expectAccessible(carol.page);
  await pictures(carol.page, "chat-join");
  await carol.page.getByRole("button", { name: "Ask to join" }).click();
  await carol.page.getByText("You asked to join.").waitFor();
  await page.reload();
  await page
    .getByRole("region", { name: "People who ask to join" })
    .getByRole("button", { name: "Accept" })
    .click();
  await page.getByText("3 members").waitFor();

  // The group is locked, so Carol reads and does not write.
  await carol.page.goto(`/chat/${id}`);
  await carol.page.getByText("Only the owner and the admins write here.").waitFor();
  await page.goto(`/chat/${id}`);
  await page.getByText(/disappear after 1 day/).waitFor();
  // She has read what Bob wrote.
  await expect.poll(() => page.getByRole("link", { name: /Messages.*unread/ }).count()).toBe(0);
  await expectAccessible(page);
  await pictures(page, "chat-group");
  expect(await page.locator("main img").count()).toBe(0);

  await carol.page.goto(`/chat/${id}/about`);
  // The members come a moment later, and the button moves down.
  await carol.page.getByRole("region", { name: "Members" }).getByText("Owner").waitFor();
  await carol.page.getByRole("button", { name: "Leave the group" }).click();
  await carol.page.getByRole("dialog").getByRole("button", { name: "Leave the group" }).click();
  await carol.page.waitForURL("/chat");
  await page.getByText("Carol left.").waitFor();
  expect([...complaintsOf(alice.context), ...complaintsOf(carol.context)]).toEqual([]);
});

test("a member who is removed is told so, and hears nothing any more", async () => {
  const [mallory, bob, alice] = await Promise.all([visitor("mallory"), visitor("bob"), signUp("alice")]);
  await Promise.all([follow(mallory, alice), follow(bob, alice)]);
  const { data: id } = await alice.client
    .rpc("create_group", { name: "Gardeners", member_ids: [mallory.id, bob.id] })
    .throwOnError();
  await say(alice, id, "For all of you");
  for (const { page } of [mallory, bob]) {
    await page.goto(`/chat/${id}`);
    await page.getByText("For all of you").waitFor();
  }
  await alice.client.rpc("remove_member", { conversation_id: id, profile_id: mallory.id }).throwOnError();
  await mallory.page.getByText("You are not in this conversation").waitFor();
  await expectAccessible(mallory.page);
  await pictures(mallory.page, "chat-gone");
  await say(alice, id, "Only for Bob");
  await bob.page.getByText("Only for Bob").waitFor();
  const heard = async () => `${await mallory.page.content()}`;
  expect(await heard()).not.toContain("Only for Bob");
  expect(await heard()).not.toContain("For all of you");
  await mallory.page.reload();
  await mallory.page.getByText("You are not in this conversation").waitFor();
  // Alice lets her in again. She sees it without reloading.
  await alice.client.rpc("add_members", { conversation_id: id, member_ids: [mallory.id] }).throwOnError();
  await mallory.page.getByText("Only for Bob").waitFor();
});

test("bob blocks the owner of a group: what she set there is told without her name, and without what it is", async () => {
  const [alice, bob, carol] = await Promise.all([
    signUp("alice", { display_name: "Alice" }),
    visitor("bob"),
    signUp("carol", { display_name: "Carol" }),
  ]);
  await Promise.all([follow(bob, alice), follow(carol, alice)]);
  const { data: id } = await alice.client
    .rpc("create_group", { name: "Gardeners", member_ids: [bob.id, carol.id] })
    .throwOnError();
  const about = { conversation_id: id };
  for (const { client } of [bob, carol]) await client.rpc("accept_conversation", about).throwOnError();
  await alice.client.rpc("set_member_role", { ...about, profile_id: carol.id, role: "admin" }).throwOnError();
  await alice.client.rpc("expire_messages", { ...about, after_seconds: 86_400 }).throwOnError();
  await alice.client.rpc("update_group", { ...about, name: "Growers" }).throwOnError();
  const { page } = bob;
  const told = () => page.locator(".change").allTextContents();
  await page.goto(`/chat/${id}`);
  const who = "Alice";
  await expect
    .poll(told)
    .toEqual(
      expect.arrayContaining([
        `${who} made Carol an admin.`,
        `${who} lets new messages disappear after 1 day.`,
        `${who} named the group Growers.`,
      ]),
    );

  await bob.client.from("blocks").insert({ blocked_id: alice.id }).throwOnError();
  await page.reload();
  const somebody = "Somebody who is not here any more";
  await expect
    .poll(told)
    .toEqual(
      expect.arrayContaining([
        `${somebody} changed the role of Carol.`,
        `${somebody} changed how long new messages stay.`,
        `${somebody} changed the name of the group.`,
      ]),
    );
  expect((await told()).join()).not.toMatch(/Alice|1 day|an admin|Growers/);
});
