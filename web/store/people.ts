/**
 * What other people are to the viewer: followed, asked, blocked, muted. Each person once, so a button changes
 * everywhere. And the profiles that were read, so that the tabs of a profile show it at once.
 */
import { batch, type Signal, signal } from "@preact/signals";
import { wordsOf } from "../app/errors.ts";
import { type Author, type FeedRow, type Person, type ProfilePage, plaza } from "../app/plaza.ts";
import { userId } from "../app/session.ts";
import { send } from "../app/sync.ts";
import { toast } from "../app/toasts.ts";
import { feedsLike } from "./feeds.ts";

export type Relation = Pick<
  ProfilePage,
  | "is_private"
  | "is_following"
  | "is_requested"
  | "follows_you"
  | "requests_you"
  | "is_blocked"
  | "is_muted"
  | "muted_until"
>;

const stranger: Relation = {
  is_private: false,
  is_following: false,
  is_requested: false,
  follows_you: false,
  requests_you: false,
  is_blocked: false,
  is_muted: false,
  muted_until: null,
};

const relations = new Map<string, Signal<Relation>>();
/** Then the oldest are forgotten. A person on the page keeps their own signal. */
const mostRelations = 5_000;

/** @returns what the person is to the viewer, everywhere */
export function relationOf(id: string): Signal<Relation> {
  const known = relations.get(id);
  if (known) return known;
  const made = signal(stranger);
  relations.set(id, made);
  const [oldest] = relations.keys();
  if (relations.size > mostRelations && oldest !== undefined) relations.delete(oldest);
  return made;
}

/** Keeps what the server says about a person, unless a write of the viewer waits. */
function keepRelation(id: string, known: Partial<Relation>): void {
  if (busy.has(id)) return;
  const relation = relationOf(id);
  relation.value = { ...relation.peek(), ...known };
}

/** Keeps rows of a list of people. For `seen` of a feed. */
export function keepPeople(rows: Omit<Person, "id">[]): void {
  for (const { profile, is_private, is_following, is_requested, follows_you } of rows)
    keepRelation(profile.id, { is_private, is_following, is_requested, follows_you });
}

/** Keeps suggestions: people that the viewer does not follow. */
export function keepStrangers(rows: Pick<Person, "profile" | "is_private" | "follows_you">[]): void {
  keepPeople(rows.map((row) => ({ ...row, is_following: false, is_requested: false })));
}

export interface ProfileState {
  profile?: ProfilePage;
  /** Why it could not be read. */
  error?: unknown;
  /** There is no such person, or the viewer may not see them. */
  isGone?: boolean;
}

const profiles = new Map<string, Signal<ProfileState>>();
const mostProfiles = 50;

export function profileOf(username: string): Signal<ProfileState> {
  const key = username.toLowerCase();
  const known = profiles.get(key) ?? signal<ProfileState>({});
  profiles.delete(key);
  profiles.set(key, known);
  const [oldest] = profiles.keys();
  if (profiles.size > mostProfiles && oldest !== undefined) profiles.delete(oldest);
  return known;
}

let reads = 0;
/** The read that each profile shows. The answer of an earlier one may come later, and is dropped. */
const shownReads = new WeakMap<object, number>();

export async function readProfile(username: string): Promise<void> {
  const state = profileOf(username);
  const read = ++reads;
  const { data, error } = await plaza.rpc("profile", { username }).maybeSingle();
  if (read < (shownReads.get(state) ?? 0)) return;
  shownReads.set(state, read);
  batch(() => {
    if (data) keepRelation(data.id, data);
    // Without the network, what was read before stays.
    state.value = error
      ? { profile: state.peek().profile, error }
      : data
        ? { profile: data }
        : { isGone: true };
  });
}

/** The next visit of a profile reads it again. */
export function forgetProfiles(): void {
  profiles.clear();
}

/** People with writes that wait. */
const busy = new Map<string, number>();
/** How many people the viewer began to follow since the page was opened. */
export const begun = signal(0);

/**
 * Changes a relation at once, sends the write, and takes it back if the server refuses it.
 * @param settle what the answer says about the relation
 */
async function act(
  person: Author,
  wanted: Partial<Relation>,
  write: Parameters<typeof send>[0],
  settle?: (data: unknown) => Partial<Relation>,
): Promise<void> {
  const relation = relationOf(person.id);
  const before = relation.peek();
  relation.value = { ...before, ...wanted };
  busy.set(person.id, (busy.get(person.id) ?? 0) + 1);
  const end = () => {
    const left = (busy.get(person.id) ?? 1) - 1;
    if (left > 0) busy.set(person.id, left);
    else busy.delete(person.id);
  };
  const refused = (error: unknown) => {
    end();
    relation.value = before;
    toast(wordsOf(error), { isError: true });
  };
  try {
    const { answer } = await send(write);
    answer.then((data) => {
      end();
      if (settle && !busy.has(person.id)) relation.value = { ...relation.peek(), ...settle(data) };
      if (data === "following") begun.value++;
      if (profiles.has(person.username.toLowerCase())) void readProfile(person.username);
    }, refused);
  } catch (error) {
    refused(error);
  }
}

/** Follows the person, or asks to if the account is private. */
export function follow(person: Author): Promise<void> {
  const { is_private } = relationOf(person.id).peek();
  return act(
    person,
    is_private ? { is_requested: true } : { is_following: true },
    { rpc: "follow", args: { profile_id: person.id } },
    (state) => ({ is_following: state === "following", is_requested: state === "requested" }),
  );
}

/** What they write and repost leaves home at once. */
export function unfollow(person: Author): Promise<void> {
  for (const feed of feedsLike<FeedRow>("home"))
    feed.drop(({ post, reposted_by }) => (reposted_by ?? post?.author)?.id === person.id);
  const match = { follower_id: userId.value, followee_id: person.id };
  return act(person, { is_following: false }, { delete: "follows", match });
}

/** Takes a request to follow back. */
export function withdraw(person: Author): Promise<void> {
  const match = { requester_id: userId.value, target_id: person.id };
  return act(person, { is_requested: false }, { delete: "follow_requests", match });
}

export function answerRequest(person: Author, accepts: boolean): Promise<void> {
  const rpc = accepts ? "accept_follow_request" : "decline_follow_request";
  const wanted = { requests_you: false, ...(accepts && { follows_you: true }) };
  return act(person, wanted, { rpc, args: { requester_id: person.id } });
}

export function removeFollower(person: Author): Promise<void> {
  return act(person, { follows_you: false }, { rpc: "remove_follower", args: { follower_id: person.id } });
}

/** Hides the two from each other. Their posts leave every list at once. */
export function block(person: Author): Promise<void> {
  dropFromFeeds(person.id, "");
  const wanted = { ...stranger, is_private: relationOf(person.id).peek().is_private, is_blocked: true };
  return act(person, wanted, { upsert: "blocks", values: { blocked_id: person.id } });
}

export function unblock(person: Author): Promise<void> {
  const match = { blocker_id: userId.value, blocked_id: person.id };
  return act(person, { is_blocked: false }, { delete: "blocks", match });
}

/** @param until null: until the viewer ends it. @throws the error of the API */
export async function mute(person: Author, until: Date | null, hidesNotifications: boolean): Promise<void> {
  const muted_until = until?.toISOString() ?? null;
  const row = { muted_id: person.id, muted_until, hides_notifications: hidesNotifications };
  await plaza.from("mutes").upsert(row).throwOnError();
  keepRelation(person.id, { is_muted: true, muted_until });
  for (const key of ["home", "public", "list", "tag"]) dropFromFeeds(person.id, key);
}

export function unmute(person: Author): Promise<void> {
  const match = { muter_id: userId.value, muted_id: person.id };
  return act(person, { is_muted: false, muted_until: null }, { delete: "mutes", match });
}

function dropFromFeeds(id: string, key: string): void {
  const by = (author?: { id: string } | null) => author?.id === id;
  for (const feed of feedsLike<Partial<FeedRow & Person>>(key))
    feed.drop(({ post, reposted_by, quoted, profile }) =>
      [post?.author, reposted_by, quoted?.author, profile].some(by),
    );
}
