/**
 * Everything that a person hears, word for word: the answers to all their questions and
 * to all their attempts against another person, with statuses and errors. Ids, usernames
 * and times are replaced by the names that the tests use. So the transcripts of two
 * populations can be compared.
 */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { target } from "../../people.ts";
import { chatAttempts } from "./chat-attempts.ts";
import { questionsOf } from "./compare.ts";
import type { PersonId } from "./model.ts";
import * as plainly from "./questions.ts";
import { as, readable, type Stage } from "./stage.ts";

/** Pairs of a question or attempt, and its answer. */
export type Transcript = [string, string][];

/**
 * @param viewer the person who asks and tries
 * @param other the person that most attempts are about
 */
export async function transcript(stage: Stage, viewer: PersonId, other: PersonId): Promise<Transcript> {
  const heard: string[] = [];
  const client = await overheard(as(stage, viewer), heard);
  const people = stage.population.people.map((one) => (one.id === viewer ? { ...one, client } : one));
  const listening = { ...stage, population: { ...stage.population, people } };

  const lines: Transcript = [];
  const ask = async () => {
    for (const { kind, text, ask } of questionsOf(listening, viewer, plainly)) {
      heard.length = 0;
      const formed = await ask();
      // People outside the history are on these pages too, so compare only the history's rows.
      const shared = kind.startsWith("public") || kind === "search_people";
      const answers = shared ? [JSON.stringify(formed)] : heard;
      const rows = kind.endsWith("(rows)") ? answers.flatMap(apart) : answers;
      const told = rows.map((row) => said(stage, row));
      // A select without an order may return the rows in any order.
      lines.push([said(stage, text), (kind.endsWith("(rows)") ? told.toSorted() : told).join("\n")]);
    }
  };
  await ask();
  const tried = [...chatAttempts(stage, client, viewer, other), ...attempts(stage, client, viewer, other)];
  for (const [text, attempt] of tried) {
    heard.length = 0;
    await attempt();
    lines.push([said(stage, text), said(stage, heard.join("\n"))]);
  }
  await ask();
  return lines;
}

/** A second client of the same person. It writes down every answer. */
async function overheard(client: SupabaseClient, heard: string[]): Promise<SupabaseClient> {
  const { url, publishableKey } = target();
  const token = (await client.auth.getSession()).data.session?.access_token ?? null;
  const listen: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const range = response.headers.get("content-range") ?? "";
    heard.push(`${response.status} ${range} ${await response.clone().text()}`);
    return response;
  };
  return createClient(url, publishableKey, { accessToken: async () => token, global: { fetch: listen } });
}

/** Splits an answer into its rows. */
function apart(answer: string): string[] {
  const start = answer.indexOf("[");
  if (start < 0) return [answer];
  const rows: unknown[] = JSON.parse(answer.slice(start));
  return [answer.slice(0, start), ...rows.map((row) => JSON.stringify(row))];
}

function said(stage: Stage, text: string): string {
  const { follows, likes, bookmarks, blocks } = stage.world;
  const ids = Object.entries({ follows, likes, bookmarks, blocks }).flatMap(([name, rows]) =>
    rows.map(({ id }, n): [string, string] => [String(id), `${name} ${n + 1}`]),
  );
  const named = ids.reduce((known, [id, name]) => known.replaceAll(id, name), readable(stage, text));
  return (
    named
      .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:\d\d)/g, "a time")
      // It begins with the second in which the member came.
      .replaceAll(/("view": ?)\d+/g, "$1a number")
      .replaceAll(/("code": ?)"[0-9a-f]{32}"/g, "$1a code")
      .replaceAll(/\b\d{15,}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "a new id")
  );
}

/** Everything that a person can try with another person, with their names, and with their posts. */
function attempts(
  { world, everybody }: Stage,
  client: SupabaseClient,
  viewer: PersonId,
  other: PersonId,
): [string, () => PromiseLike<unknown>][] {
  const theirs = world.posts.filter(
    ({ author, repostOf }) =>
      author === other || world.posts.some((one) => one.id === repostOf && one.author === other),
  );
  const names = everybody.find(({ id }) => id === other)?.names ?? [];
  const count = { count: "exact" as const };
  return [
    ["follow()", () => client.rpc("follow", { profile_id: other })],
    ["to follow", () => client.from("follows").insert({ followee_id: other })],
    ["to ask", () => client.from("follow_requests").insert({ target_id: other })],
    ["to accept", () => client.rpc("accept_follow_request", { requester_id: other })],
    ["to decline", () => client.rpc("decline_follow_request", { requester_id: other })],
    [
      "to ring the bell",
      () => client.from("follows").update({ notifies: true }, count).eq("followee_id", other),
    ],
    ["to remove the follower", () => client.rpc("remove_follower", { follower_id: other })],
    ["to block", () => client.from("blocks").insert({ blocked_id: other })],
    ["to mute", () => client.from("mutes").insert({ muted_id: other })],
    ["to dismiss", () => client.rpc("dismiss_suggestion", { profile_id: other })],
    [
      "to mute again",
      () =>
        client
          .from("mutes")
          .upsert({ muter_id: viewer, muted_id: other }, { onConflict: "muter_id,muted_id" }),
    ],
    [
      "to change all mutes",
      () => client.from("mutes").update({ muted_until: null }, count).neq("muted_id", viewer),
    ],
    ["to change the profile", () => client.from("profiles").update({ bio: "x" }, count).eq("id", other)],
    [
      "to mention",
      () => client.from("drafts").insert({ content: "x", reply_to_id: theirs[0]?.id }).select("reply_to_id"),
    ],
    ...names.map((username): [string, () => PromiseLike<unknown>] => [
      `to take the name ${username}`,
      () => client.from("profiles").update({ username }).eq("id", viewer),
    ]),
    ["to write", () => client.from("posts").insert({ content: "hello" })],
    [
      "to add their names",
      () =>
        client
          .from("posts")
          .update({ content: names.map((username) => `@${username}`).join(" ") })
          .match({ author_id: viewer, content: "hello" })
          .select(),
    ],
    ...theirs.flatMap(({ id }): [string, () => PromiseLike<unknown>][] => [
      [`to like ${id}`, () => client.from("likes").insert({ post_id: id })],
      [`to bookmark ${id}`, () => client.from("bookmarks").insert({ post_id: id })],
      [`to answer ${id}`, () => client.from("posts").insert({ content: "x", reply_to_id: id })],
      [`to mute the thread of ${id}`, () => client.from("thread_mutes").insert({ post_id: id })],
      [`to quote ${id}`, () => client.from("posts").insert({ content: "x", quote_of_id: id })],
      [`to repost ${id}`, () => client.from("posts").insert({ repost_of_id: id })],
      [`to edit ${id}`, () => client.from("posts").update({ content: "x" }, count).eq("id", id)],
      [`to explain ${id}`, () => client.rpc("explain_visibility", { post_id: id })],
    ]),
    ...world.drafts
      .filter(({ author }) => author === viewer)
      .map(({ id }): [string, () => PromiseLike<unknown>] => [
        `to publish ${id}`,
        () => client.rpc("publish_draft", { draft_id: id }),
      ]),
    ...world.lists.flatMap(({ id }): [string, () => PromiseLike<unknown>][] => [
      [`to put on ${id}`, () => client.from("list_members").insert({ list_id: id, profile_id: other })],
      [`to empty ${id}`, () => client.from("list_members").delete(count).eq("list_id", id)],
    ]),
    // The count of deleted rows must not include rows that a block hides.
    ["to unfollow all", () => client.from("follows").delete(count).eq("follower_id", viewer)],
    [
      "to take back all requests",
      () => client.from("follow_requests").delete(count).eq("requester_id", viewer),
    ],
    ["to unlike all", () => client.from("likes").delete(count).eq("user_id", viewer)],
    ["to unbookmark all", () => client.from("bookmarks").delete(count).eq("user_id", viewer)],
    ["to unblock all", () => client.from("blocks").delete(count).eq("blocker_id", viewer)],
    ["to unmute all", () => client.from("mutes").delete(count).eq("muter_id", viewer)],
    ["to delete all posts", () => client.from("posts").delete(count).eq("author_id", viewer)],
  ];
}
