/**
 * The person who is signed in. The id is known at once, from localStorage, so that the first page is right and works
 * offline. The person's profile comes with the first request.
 */
import { computed, signal } from "@preact/signals";
import type { AuthChangeEvent, Session } from "@supabase/supabase-js";
import { sessionKey } from "./config.ts";
import { type OwnProfile, plaza, supabaseLoaded } from "./plaza.ts";
import { navigate } from "./router.ts";

/** The id of the person who is signed in, or null. */
export const userId = signal<string | null>(storedUserId());
export const isSignedIn = computed(() => userId.value !== null);
/** The person's own profile; undefined until it is read. */
export const me = signal<OwnProfile | undefined>(storedProfile());

const profileKey = "plaza.me";

/** Call it once, at the start. */
export function watchSession(): void {
  void supabaseLoaded().then(({ supabase }) => supabase.auth.onAuthStateChange(changed));
  if (userId.value !== null) void readMe();
}

function changed(event: AuthChangeEvent, session: Session | null): void {
  const before = userId.value;
  // Nothing that one person read may be seen by the next, so the page is loaded again.
  if (before !== null && (event === "SIGNED_OUT" || (session && session.user.id !== before)))
    startAnew(event === "PASSWORD_RECOVERY" || needsPassword(session));
  else if (session && before === null) {
    userId.value = session.user.id;
    // Auth holds its lock while it calls this.
    setTimeout(readMe);
    leadOn(event === "PASSWORD_RECOVERY" || needsPassword(session));
  }
}

/** Somebody signed in, maybe with the mail in another tab. So nobody waits for it here, unless its link is open here. */
function leadOn(isPasswordNext: boolean): void {
  if (/^\/(recover|confirm)$/.test(location.pathname + location.hash))
    navigate(isPasswordNext ? "/new-password" : "/", { replace: true });
}

/** Whether Auth has no password of this account: docs/decisions/0007-sign-up.md says when. */
export function needsPassword(session: Session | null | undefined): boolean {
  return session?.user.app_metadata.needs_password === true;
}

/** Reads the profile again, for example after it was changed. */
export async function readMe(): Promise<void> {
  const { data, error } = await plaza.rpc("me");
  // The account was deleted on another device. Its token would still be good for some time.
  if (error?.details === "account_not_found") await plaza.auth.signOut({ scope: "local" });
  if (!data) return;
  me.value = data;
  localStorage.setItem(profileKey, JSON.stringify(data));
}

/** @throws the error of Auth */
export async function signIn(email: string, password: string): Promise<void> {
  const { error } = await plaza.auth.signInWithPassword({ email, password });
  if (error) throw error;
}

/** The person signs out on this page. Otherwise the next page says what happened. */
let isLeaving = false;

export async function signOut(): Promise<void> {
  isLeaving = true;
  // On this device it always works, also offline.
  await plaza.auth.signOut({ scope: "local" });
}

/** On every device of the person. @throws the error of Auth */
export async function signOutEverywhere(): Promise<void> {
  isLeaving = true;
  const { error } = await plaza.auth.signOut({ scope: "global" });
  isLeaving = error === null;
  if (error) throw error;
}

/** What stays on the device: what the person wrote and did not send, and how the page looks. */
const kept = /^plaza\.(session|outbox|drafts|theme|language|contrast)/;

/**
 * Drops everything that the person read, and loads the page again.
 * @param isPasswordNext the mail of another person was confirmed, and their account needs a new password
 */
function startAnew(isPasswordNext: boolean): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("plaza.") && !kept.test(key)) localStorage.removeItem(key);
  }
  // If another tab changed the stored session, this tab may still read the old one.
  const next = storedUserId();
  const isOther = next !== null && next !== userId.value;
  // Other tabs hear of the mail too. They go home.
  if (isOther && isPasswordNext && location.pathname === "/confirm") location.assign("/new-password");
  else location.assign(isLeaving || isOther ? "/" : signInPath());
}

/** The page that says what happened, and leads back here afterwards. */
function signInPath(): string {
  const here = location.pathname + location.search;
  return here.startsWith("/sign-in") ? here : `/sign-in?ended=yes&to=${encodeURIComponent(here)}`;
}

function storedUserId(): string | null {
  try {
    return JSON.parse(localStorage.getItem(sessionKey) ?? "null")?.user?.id ?? null;
  } catch {
    return null;
  }
}

function storedProfile(): OwnProfile | undefined {
  try {
    const profile = JSON.parse(localStorage.getItem("plaza.me") ?? "null");
    return profile?.id === userId.value ? profile : undefined;
  } catch {
    return undefined;
  }
}
