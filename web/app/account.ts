/**
 * The requests to Auth about an account: signing up, mails, codes, passwords. Every mail leads to our own page
 * `/confirm`, where a click confirms: a mail scanner that fetches the link changes nothing.
 */
import type { EmailOtpType, Session } from "@supabase/supabase-js";
import { plaza } from "./plaza.ts";

/** The kinds of mail. It is kept in the tab, so that the page with the code knows it after a reload. */
export interface Asked {
  email: string;
  type: "signup" | "recovery" | "email_change";
}

const askedKey = "plaza.asked";

/** The address for the links in mails. `link=token_hash` asks the mail to lead there and not to Auth. */
function confirmUrl(): string {
  return `${location.origin}/confirm?link=token_hash`;
}

export function asked(): Asked | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(askedKey) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepAsked(what: Asked | undefined): void {
  if (what) sessionStorage.setItem(askedKey, JSON.stringify(what));
  else sessionStorage.removeItem(askedKey);
}

/** @throws the error of Auth */
export async function join(values: {
  email: string;
  password: string;
  username: string;
  displayName: string;
}): Promise<void> {
  const { email, password, username, displayName } = values;
  const { error } = await plaza.auth.signUp({
    email,
    password,
    options: {
      emailRedirectTo: confirmUrl(),
      data: { username, ...(displayName && { display_name: displayName }) },
    },
  });
  if (error) throw error;
  keepAsked({ email, type: "signup" });
}

/** Sends a mail to choose a new password. Auth answers the same if nobody has this address. @throws the error of Auth */
export async function recover(email: string): Promise<void> {
  const { error } = await plaza.auth.resetPasswordForEmail(email, { redirectTo: confirmUrl() });
  if (error) throw error;
  keepAsked({ email, type: "recovery" });
}

/** Sends the mail again. @throws the error of Auth */
export async function askAgain({ email, type }: Asked): Promise<void> {
  if (type === "recovery") return recover(email);
  const { error } = await plaza.auth.resend({ email, type, options: { emailRedirectTo: confirmUrl() } });
  if (error) throw error;
}

/** Mails the old and the new address. @throws the error of Auth */
export async function changeEmail(email: string): Promise<void> {
  const { error } = await plaza.auth.updateUser({ email }, { emailRedirectTo: confirmUrl() });
  if (error) throw error;
  keepAsked({ email, type: "email_change" });
}

/**
 * Spends the link or the code of a mail.
 * @returns the session. Undefined: the other of two addresses has to confirm too
 * @throws the error of Auth
 */
export async function confirm(
  proof: { token_hash: string; type: EmailOtpType } | { email: string; token: string; type: EmailOtpType },
): Promise<Session | undefined> {
  const { data, error } = await plaza.auth.verifyOtp(proof);
  if (error) throw error;
  return data.session ?? undefined;
}

/** @throws the error of Auth, `reauthentication_needed` if the session is older than a day */
export async function setPassword(password: string): Promise<void> {
  const { error } = await plaza.auth.updateUser({ password });
  if (error) throw error;
}

/** Asks for the password again: what follows has a fresh session. @throws the error of Auth, or `own_password` */
export async function proveIdentity(password: string): Promise<void> {
  const email = await ownEmail();
  const { error } = await plaza.auth.signInWithPassword({ email, password });
  // The person did not write an address here, so that is not what is wrong.
  if (error?.code === "invalid_credentials") throw { code: "own_password" };
  if (error) throw error;
}

export async function ownEmail(): Promise<string> {
  const { data } = await plaza.auth.getSession();
  return data.session?.user.email ?? "";
}
