/**
 * The words of every mail. A payload gives one letter, or two for a change of address.
 * Change the words here. Change the look in layout.ts.
 */
import type { Action, Payload } from "./payload.ts";
import { type Addresses, verifyUrl } from "./verify-url.ts";

export interface Letter {
  to: string;
  subject: string;
  heading: string;
  paragraphs: string[];
  action?: { label: string; url: string };
  /** The one-time code. The person uses it instead of the action, or there is no action. */
  code?: string;
  /** What to do if it was somebody else. */
  footnote: string;
}

export interface Words extends Addresses {
  appName: string;
}

/** @throws Error if the payload's site_url is not a web address */
export function writeLetters(payload: Payload, words: Words): Letter[] {
  return payload.email_data.email_action_type === "email_change"
    ? emailChange(payload, words)
    : [{ to: recipient(payload), ...letters[payload.email_data.email_action_type](payload, words) }];
}

type Content = Omit<Letter, "to">;
type Write = (payload: Payload, words: Words) => Content;

const letters: Record<Exclude<Action, "email_change">, Write> = {
  signup: (payload, words) => ({
    subject: `Confirm your e-mail address for ${words.appName}`,
    heading: `Welcome to ${words.appName}`,
    ...(payload.user.confirmation_sent_at ? signUpAgain : firstSignUp(payload)),
    ...proof(payload, words, "Confirm e-mail address"),
  }),
  invite: (payload, words) => ({
    subject: `You are invited to ${words.appName}`,
    heading: `You are invited to ${words.appName}`,
    paragraphs: [`Accept the invitation, and your account for ${payload.user.email} is ready.`],
    ...proof(payload, words, "Accept the invitation"),
    footnote: "You do not want to join? Then ignore this e-mail.",
  }),
  recovery: (payload, words) => ({
    subject: `Reset your ${words.appName} password`,
    heading: "Choose a new password",
    paragraphs: [`${hello(payload)} Somebody, most likely you, has asked to reset your password.`],
    ...proof(payload, words, "Choose a new password"),
    footnote: "It was not you? Then ignore this e-mail: your password stays as it is.",
  }),
  magiclink: (payload, words) => signIn(payload, words),
  email: (payload, words) => signIn(payload, words),
  reauthentication: (payload, words) => ({
    subject: `Your ${words.appName} verification code`,
    heading: "Your verification code",
    paragraphs: [`${hello(payload)} Enter this code to continue with your change.`],
    code: payload.email_data.token,
    footnote: "It was not you? Then change your password: somebody is signed in to your account.",
  }),
  password_changed_notification: (payload, words) => ({
    subject: `Your ${words.appName} password was changed`,
    heading: "Your password was changed",
    paragraphs: [`The password of your account ${payload.user.email} was changed.`],
    footnote: "It was not you? Then reset your password at once.",
  }),
  email_changed_notification: (payload, words) => ({
    subject: `Your ${words.appName} e-mail address was changed`,
    heading: "Your e-mail address was changed",
    paragraphs: [
      `Your account has moved from ${payload.email_data.old_email} to ${payload.user.email ?? "another address"}.`,
    ],
    footnote: "It was not you? Then tell us at once: this address no longer opens the account.",
  }),
  phone_changed_notification: (payload, words) => ({
    subject: `Your ${words.appName} phone number was changed`,
    heading: "Your phone number was changed",
    paragraphs: [
      `The phone number of your account was changed${fromTo(payload.email_data.old_phone, payload.user.phone)}.`,
    ],
    footnote: insecure,
  }),
  identity_linked_notification: (payload, words) => ({
    subject: `A sign-in method was added to your ${words.appName} account`,
    heading: "A sign-in method was added",
    paragraphs: [`${provider(payload)} can now be used to sign in to your account ${payload.user.email}.`],
    footnote: insecure,
  }),
  identity_unlinked_notification: (payload, words) => ({
    subject: `A sign-in method was removed from your ${words.appName} account`,
    heading: "A sign-in method was removed",
    paragraphs: [`${provider(payload)} no longer signs you in to your account ${payload.user.email}.`],
    footnote: insecure,
  }),
  mfa_factor_enrolled_notification: (payload, words) => ({
    subject: `A second factor was added to your ${words.appName} account`,
    heading: "A second factor was added",
    paragraphs: [`Your account ${payload.user.email} is now also protected by ${factor(payload)}.`],
    footnote: insecure,
  }),
  mfa_factor_unenrolled_notification: (payload, words) => ({
    subject: `A second factor was removed from your ${words.appName} account`,
    heading: "A second factor was removed",
    paragraphs: [`Your account ${payload.user.email} is no longer protected by ${factor(payload)}.`],
    footnote: insecure,
  }),
};

/**
 * The person who signed up chose a password. It works once the address is confirmed. So the mail
 * names the account: the reader must see when it was somebody else.
 */
function firstSignUp(payload: Payload): Pick<Content, "paragraphs" | "footnote"> {
  const name = username(payload);
  return {
    paragraphs: [
      `Somebody, most likely you, signed up with this e-mail address${name && ` for the account @${name}`}.`,
      "Confirm the address, and the account is ready.",
    ],
    footnote: name
      ? `You did not sign up, or not as @${name}? Then do not confirm: somebody else could use the account. Ignore this e-mail, or sign up yourself in a minute.`
      : "You did not sign up? Then do not confirm: somebody else could use the account.",
  };
}

/** The database dropped the first password and username: docs/decisions/0007-sign-up.md. */
const signUpAgain: Pick<Content, "paragraphs" | "footnote"> = {
  paragraphs: [
    "Confirm this e-mail address, and the account is ready.",
    "Then choose a password and a username. A new e-mail was asked for, so what was chosen before no longer counts.",
  ],
  footnote: "You did not sign up? Then ignore this e-mail: without it nobody can use the account.",
};

const insecure = "It was not you? Then change your password at once.";

function signIn(payload: Payload, words: Words): Content {
  return {
    subject: `Sign in to ${words.appName}`,
    heading: `Sign in to ${words.appName}`,
    paragraphs: [`${hello(payload)} This link or this code signs you in, once.`],
    ...proof(payload, words, "Sign in"),
    footnote: "It was not you? Then ignore this e-mail, and give the code to nobody.",
  };
}

/**
 * With double confirmation both addresses have to confirm. Auth has crossed the names, for
 * compatibility: `token_hash` (with `token_new`) is for the new address, and
 * `token_hash_new` (with `token`) is for the current one. Without double confirmation,
 * `token` and `token_hash` are for the new address.
 */
function emailChange(payload: Payload, words: Words): Letter[] {
  const { user, email_data: data } = payload;
  const newEmail = user.new_email ?? "";
  const double = data.token_hash_new !== "" && user.email !== undefined;
  const toNew: Letter = {
    to: newEmail,
    subject: `Confirm your new e-mail address for ${words.appName}`,
    heading: "Confirm your new e-mail address",
    paragraphs: [
      `${hello(payload)} Somebody, most likely you, wants to change the address of your account to ${newEmail}.`,
      ...(double ? ["We sent an e-mail to your current address too. Confirm both to make the change."] : []),
    ],
    action: { label: "Confirm new address", url: verifyUrl(payload, words, data.token_hash) },
    code: data.token_new || data.token,
    footnote: "It was not you? Then ignore this e-mail.",
  };
  if (!double) return [toNew];
  const toCurrent: Letter = {
    to: user.email ?? "",
    subject: `Confirm the change of your ${words.appName} e-mail address`,
    heading: "Confirm the change of your e-mail address",
    paragraphs: [
      `${hello(payload)} Somebody, most likely you, wants to move your account from ${user.email} to ${newEmail}.`,
      "We sent an e-mail to the new address too. Confirm both to make the change.",
    ],
    action: { label: "Confirm the change", url: verifyUrl(payload, words, data.token_hash_new) },
    code: data.token,
    footnote: "It was not you? Then do not confirm, and change your password at once.",
  };
  return [toNew, toCurrent];
}

/** The notice of a changed address goes to the old address, because its owner had the account until now. */
function recipient({ user, email_data: data }: Payload): string {
  const address = data.email_action_type === "email_changed_notification" ? data.old_email : user.email;
  return address ?? "";
}

function proof(payload: Payload, words: Words, label: string): Pick<Letter, "action" | "code"> {
  const { token, token_hash } = payload.email_data;
  return { action: { label, url: verifyUrl(payload, words, token_hash) }, code: token };
}

/** By name only when the address is confirmed: before, a stranger may have chosen the name. */
function hello(payload: Payload): string {
  const name = payload.user.email_confirmed_at && username(payload);
  return name ? `Hello ${name}.` : "Hello.";
}

/**
 * Anybody can sign up with another person's address. So a mail repeats nothing that was
 * written at sign-up, except a well-formed username. A longer name could be an advertisement.
 * @returns the username, or an empty string
 */
function username({ user }: Payload): string {
  const { username } = user.user_metadata;
  return typeof username === "string" && /^[A-Za-z0-9_]{3,30}$/.test(username) ? username : "";
}

function provider({ email_data: data }: Payload): string {
  return data.provider ? data.provider[0]?.toUpperCase() + data.provider.slice(1) : "Another service";
}

function factor({ email_data: data }: Payload): string {
  const names: Record<string, string> = {
    totp: "an authenticator app",
    phone: "a phone",
    webauthn: "a passkey or security key",
  };
  return names[data.factor_type] ?? (data.factor_type || "a second factor");
}

function fromTo(before: string, after: string): string {
  return (before && ` from ${before}`) + (after && ` to ${after}`);
}
