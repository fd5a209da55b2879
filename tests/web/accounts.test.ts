/** Accounts, through the pages: signing up by mail, confirming, a forgotten password, changes, and the end. */
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { codeIn, freshUsername, guest, type Mail, mailTo, signUp } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  device,
  expectGood,
  signedInDevice,
  visitor,
  webUrl,
} from "./browser.ts";

afterAll(closeBrowser);

/** A name that would run if it ever became HTML. */
const attack = `<img src=x onerror="window.broken=1">`;
const password = "correct horse battery";

/** The newest mail to this address whose subject has these words. */
async function mailAbout(address: string, subject: RegExp): Promise<Mail> {
  let found: Mail | undefined;
  await expect
    .poll(async () => {
      const mail = await mailTo(address);
      if (subject.test(mail.Subject)) found = mail;
      return found?.Subject;
    })
    .toMatch(subject);
  return found as Mail;
}

/** The link of a mail, which must lead to the page of the web client. */
function pageIn(mail: Mail): string {
  const link = /https?:\/\/\S+#token_hash=\S+/.exec(mail.Text)?.[0];
  if (!link) throw new Error(`No link to the page in the mail:\n${mail.Text}`);
  expect(link.startsWith(`${webUrl()}/confirm#`)).toBe(true);
  return link;
}

const press = (page: Page, name: string) => page.getByRole("main").getByRole("button", { name }).click();

/** Fills the form of a new account. */
async function join(page: Page, username: string): Promise<string> {
  const email = `${username}@example.com`;
  await page.goto("/sign-up");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Name", { exact: true }).fill(attack);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await press(page, "Join the plaza");
  await page.getByLabel("Code").waitFor();
  return email;
}

test("alice signs up, and a click confirms; fetching the link changes nothing", async () => {
  const { context, page } = await device();
  await page.goto("/sign-up");
  await page.getByLabel("Username").fill("no spaces!");
  await page.getByText("A username has 3 to 30 letters").waitFor();
  await expectGood(page, "sign-up");
  const username = freshUsername("alice");
  const email = await join(page, username);
  await expectGood(page, "confirm-code");

  const link = pageIn(await mailTo(email));
  const scanned = await context.newPage();
  await scanned.goto(link);
  await scanned.getByRole("button", { name: "Confirm, and come in" }).waitFor();
  // A scanner fetched it, and closed it again.
  await scanned.close();

  const reader = await context.newPage();
  await reader.goto(link);
  await expectGood(reader, "confirm-click");
  await press(reader, "Confirm, and come in");
  await reader.getByText("Your home is quiet").waitFor();
  // The address bar has no token any more.
  expect(reader.url()).toBe(`${webUrl()}/`);
  // The first tab, which waits for the code, goes home too.
  await page.getByText("Your home is quiet").waitFor();
  expect(page.url()).toBe(`${webUrl()}/`);
  await reader.goto(`/@${username}`);
  await reader.getByText("No posts yet").waitFor();
  await reader.getByRole("main").getByText(attack).first().waitFor();
  expect(await reader.evaluate(() => "broken" in window)).toBe(false);

  // The link is used up now. The page says so, and takes a code.
  const late = await device();
  await late.page.goto(link);
  await press(late.page, "Confirm, and come in");
  await late.page.getByText("The link or the code is wrong, used up or too old").waitFor();
  await late.page.getByLabel("Code").waitFor();
  expect([...complaintsOf(context), ...complaintsOf(late.context)]).toEqual([]);
});

test("bob confirms with the code on another device, after a wrong one", async () => {
  const { page } = await device();
  const email = await join(page, freshUsername("bob"));
  const mail = await mailTo(email);
  const other = await device();
  await other.page.goto("/sign-in");
  await other.page.getByLabel("E-mail").fill(email);
  await other.page.getByLabel("Password").fill(password);
  await press(other.page, "Sign in");
  await other.page.getByText("Confirm your e-mail address first.").waitFor();
  await expectGood(other.page, "sign-in");
  await other.page.getByRole("link", { name: "Enter a code" }).click();
  expect(await other.page.getByLabel("E-mail").inputValue()).toBe(email);
  await other.page.getByLabel("Code").fill("00000000");
  await press(other.page, "Confirm");
  await other.page.getByText("The link or the code is wrong").waitFor();
  // Spaces come along when a code is copied.
  await other.page.getByLabel("Code").fill(` ${codeIn(mail).replace(/(.{4})/, "$1 ")} `);
  await press(other.page, "Confirm");
  await other.page.getByText("Your home is quiet").waitFor();
});

test("carol asked for the mail again, so she chooses password and username once more", async () => {
  const { context, page } = await device();
  const username = freshUsername("carol");
  const email = await join(page, username);
  const first = codeIn(await mailTo(email));
  await page.getByRole("button", { name: "Send it again" }).click();
  await page.getByText("A new mail is on its way.").waitFor();
  await expect.poll(async () => codeIn(await mailTo(email))).not.toBe(first);
  await page.goto(pageIn(await mailTo(email)));
  await press(page, "Confirm, and come in");
  await page.getByText("You asked for more than one mail").waitFor();
  await expectGood(page, "new-password");
  await page.getByLabel("Username").fill(username);
  await page.getByRole("textbox", { name: "New password" }).fill(`${password} again`);
  await press(page, "Save");
  await page.getByText("Your home is quiet").waitFor();
  const { error } = await guest().auth.signInWithPassword({ email, password: `${password} again` });
  expect(error).toBeNull();
  expect(complaintsOf(context)).toEqual([]);
});

test("alice signs out and in again in a second tab: the first one comes back to where it was", async () => {
  const [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  const { page, context } = await device();
  const signIn = async (tab: Page) => {
    await tab.getByLabel("E-mail").fill(alice.email);
    await tab.getByLabel("Password").fill(alice.password);
    await press(tab, "Sign in");
  };
  await page.goto(`/sign-in?to=${encodeURIComponent(`/@${bob.username}`)}`);
  await signIn(page);
  await page.getByRole("main").getByRole("button", { name: "Follow @" }).waitFor();
  const second = await context.newPage();
  await second.goto("/");
  await second.getByRole("button", { name: "Menu" }).first().click();
  await second.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByText("You are not signed in any more").waitFor();
  await second.goto("/sign-in");
  await signIn(second);
  await second.getByText("Your home is quiet").waitFor();
  await page.getByRole("main").getByRole("button", { name: "Follow @" }).waitFor();
  expect(page.url()).toBe(`${webUrl()}/@${bob.username}`);
  expect(complaintsOf(context)).toEqual([]);
});

test("the pages to sign in and to join lead alice on, because she is signed in", async () => {
  const { page, context } = await visitor("alice");
  for (const [path, to] of [
    ["/sign-in", "/"],
    ["/sign-in?to=%2Fsearch", "/search"],
    ["/sign-in?to=%2F%2Fother.example", "/"],
    ["/sign-up", "/"],
  ] as const) {
    await page.goto(path);
    await expect.poll(() => page.url()).toBe(`${webUrl()}${to}`);
  }
  expect(complaintsOf(context)).toEqual([]);
});

test("alice forgot her password, and chooses a new one by mail", async () => {
  const alice = await signUp("alice");
  const { context, page } = await device();
  await page.goto("/sign-in");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail").fill(alice.email);
  await expectGood(page, "recover");
  await press(page, "Send me a mail");
  await page.getByLabel("Code").waitFor();
  await page.goto(pageIn(await mailAbout(alice.email, /Reset/)));
  await press(page, "Continue");
  await page.getByRole("textbox", { name: "New password" }).fill(password);
  await press(page, "Save");
  await page.getByText("Your new password is saved.").waitFor();
  const old = await guest().auth.signInWithPassword({ email: alice.email, password: alice.password });
  expect(old.error?.code).toBe("invalid_credentials");
  expect((await guest().auth.signInWithPassword({ email: alice.email, password })).error).toBeNull();
  expect(complaintsOf(context)).toEqual([]);
});

test("bob's link for a new password, opened where alice is signed in, asks for his new password", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page } = alice;
  const redirectTo = `${webUrl()}/confirm?link=token_hash`;
  expect((await guest().auth.resetPasswordForEmail(bob.email, { redirectTo })).error).toBeNull();
  await page.goto(pageIn(await mailAbout(bob.email, /Reset/)));
  await page.getByText(`You are signed in as @${alice.username}.`).waitFor();
  await expectGood(page, "confirm-other");
  await press(page, "Continue");
  await page.getByRole("textbox", { name: "New password" }).fill(password);
  expect(new URL(page.url()).pathname).toBe("/new-password");
  await press(page, "Save");
  await page.getByText("Your new password is saved.").waitFor();
  const signIn = async (email: string, password: string) =>
    (await guest().auth.signInWithPassword({ email, password })).error;
  expect(await signIn(bob.email, password)).toBeNull();
  expect(await signIn(alice.email, alice.password)).toBeNull();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice changes her password, and another device of hers is signed out", async () => {
  const alice = await visitor("alice");
  const { page } = alice;
  const other = await signedInDevice(alice);
  await page.goto("/settings/password");
  await page.getByLabel("Your password now").fill("wrong");
  await page.getByRole("textbox", { name: "New password" }).fill(password);
  await press(page, "Save");
  await page.getByText("That is not your password.").waitFor();
  await page.getByLabel("Your password now").fill(alice.password);
  await expectGood(page, "settings-password");
  await press(page, "Save");
  await page.getByText("Your new password is saved.").waitFor();
  // The other device still has an access token, which lives for up to an hour. It cannot get another one.
  const ended = await other.page.evaluate(() => {
    const { refresh_token } = JSON.parse(localStorage.getItem("plaza.session") ?? "{}");
    return refresh_token as string;
  });
  expect((await guest().auth.refreshSession({ refresh_token: ended })).error).not.toBeNull();
  expect((await guest().auth.signInWithPassword({ email: alice.email, password })).error).toBeNull();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice takes another e-mail address, and confirms with both mails", async () => {
  const alice = await visitor("alice");
  const { page } = alice;
  const email = `${freshUsername("new")}@example.com`;
  await page.goto("/settings/email");
  await page.getByText(alice.email).waitFor();
  await page.getByLabel("New e-mail address").fill(email);
  await page.getByLabel("Your password now").fill(alice.password);
  await expectGood(page, "settings-email");
  await press(page, "Send the mails");
  await page.getByLabel("Code").waitFor();
  await page.goto(pageIn(await mailAbout(email, /Confirm your new/)));
  await press(page, "Confirm the change");
  await page.getByText("One of two is done").waitFor();
  await page.goto(pageIn(await mailAbout(alice.email, /Confirm the change/)));
  await press(page, "Confirm the change");
  await page.getByText("Your e-mail address is changed.").waitFor();
  const { error } = await guest().auth.signInWithPassword({ email, password: alice.password });
  expect(error).toBeNull();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice signs out everywhere, and then deletes her account", async () => {
  const alice = await visitor("alice");
  const { page } = alice;
  await page.goto("/settings/devices");
  await page.getByText("You lost a device").waitFor();
  await expectGood(page, "settings-devices");
  await press(page, "Sign out everywhere");
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  await page.getByText("Welcome to the plaza").first().waitFor();

  await page.goto("/settings/delete");
  await page.getByLabel("E-mail").fill(alice.email);
  await page.getByLabel("Password").fill(alice.password);
  await press(page, "Sign in");
  await page.getByLabel("Write @").fill("somebody_else");
  await page.getByLabel("Your password now").fill(alice.password);
  await press(page, "Delete my account");
  await page.getByText("That is not your username.").waitFor();
  await expectGood(page, "settings-delete");
  await page.getByLabel("Write @").fill(`@${alice.username}`);
  await press(page, "Delete my account");
  await page.getByText("Welcome to the plaza").first().waitFor();
  const again = await guest().auth.signInWithPassword({ email: alice.email, password: alice.password });
  expect(again.error?.code).toBe("invalid_credentials");
  await page.goto(`/@${alice.username}`);
  await page.getByText("This person is not there").waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});
