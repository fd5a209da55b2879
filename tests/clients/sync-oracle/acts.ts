/** What people do, as requests to the API, and what they do on their devices through the outbox. */
import type { Write } from "../../../clients/sync.ts";
import { performInChat, roomAt } from "./chat-acts.ts";
import type { ChatAct } from "./chat-steps.ts";
import { type Desk, moveIn, type Person, type Stage } from "./stage.ts";
import type { Act, Write as Deed } from "./steps.ts";

// biome-ignore lint/suspicious/noExplicitAny: rows of any table
export type Answer = { data: any; error: { code: string; message: string } | null; status: number };

const personAt = (stage: Stage, n: number): Person => stage.people[n % stage.people.length] as Person;

/** Counts back from the newest, in circles. */
const postAt = (stage: Stage, n: number) =>
  stage.posts.length === 0 ? undefined : stage.posts.at(-1 - (n % stage.posts.length));

/** Sends the request, and notes the answer and what it made. */
export async function perform(stage: Stage, act: Act): Promise<void> {
  if (act.do === "delete account") return leaveTown(stage, act.by);
  const answer = await (isInChat(act) ? performInChat(stage, act) : request(stage, act));
  if (!answer) return;
  note(stage, act.do, answer);
  if (answer.error || !("by" in act)) return;
  if (act.do === "write" || act.do === "write many") {
    const made = act.do === "write" ? answer.data : answer.data.slice(0, 3);
    for (const { id } of made) stage.posts.push({ id, author: act.by });
  }
}

const isInChat = (act: Act): act is ChatAct =>
  "room" in act || "message" in act || act.do === "begin direct" || act.do === "make group";

function note({ tally, problems }: Stage, what: string, { status, error }: Answer): void {
  tally.answers[status] = (tally.answers[status] ?? 0) + 1;
  // While a server is away, Rest answers 503 or nothing.
  if (status === 500) problems.push(`${what}: 500 ${error?.code} ${error?.message}`);
}

function request(
  stage: Stage,
  act: Exclude<Act, ChatAct | { do: "delete account" }>,
): PromiseLike<Answer> | undefined {
  const text = (mention: number | null) =>
    `t${++stage.texts}${mention === null ? "" : ` @${personAt(stage, mention).username}`}`;
  if (act.do === "edit" || act.do === "delete") {
    const post = postAt(stage, act.post);
    if (!post) return undefined;
    const posts = personAt(stage, post.author).client.from("posts");
    if (act.do === "delete") return posts.delete().eq("id", post.id).select("id");
    return posts
      .update({ content: text(act.mention) })
      .eq("id", post.id)
      .select("id");
  }
  const { client, id } = personAt(stage, act.by);
  if (act.do === "write") {
    const idOf = (n: number | null) => (n === null ? null : (postAt(stage, n)?.id ?? null));
    return client
      .from("posts")
      .insert({
        content: text(act.mention),
        audience: act.open ? "everyone" : "followers",
        reply_to_id: idOf(act.replyTo),
        quote_of_id: idOf(act.quoteOf),
      })
      .select("id");
  }
  if (act.do === "write many") {
    const rows = Array.from({ length: act.count }, () => ({ content: text(act.to) }));
    return client.from("posts").insert(rows).select("id");
  }
  if ("post" in act) {
    const post_id = postAt(stage, act.post)?.id;
    if (post_id === undefined) return undefined;
    switch (act.do) {
      case "like":
        return client.from("likes").insert({ post_id }).select("id");
      case "unlike":
        return client.from("likes").delete().match({ user_id: id, post_id }).select("id");
      case "repost":
        return client.from("posts").insert({ repost_of_id: post_id }).select("id");
      case "mute thread":
        return client.from("thread_mutes").insert({ post_id });
      case "unmute thread":
        return client.from("thread_mutes").delete().match({ user_id: id, post_id });
    }
  }
  if ("to" in act) {
    const to = personAt(stage, act.to).id;
    switch (act.do) {
      case "follow":
        return client.rpc("follow", { profile_id: to });
      case "unfollow":
        return client.from("follows").delete().match({ follower_id: id, followee_id: to }).select("id");
      case "remove follower":
        return client.rpc("remove_follower", { follower_id: to });
      case "accept":
        return client.rpc("accept_follow_request", { requester_id: to });
      case "decline":
        return client.rpc("decline_follow_request", { requester_id: to });
      case "block":
        return client.from("blocks").insert({ blocked_id: to }).select("id");
      case "unblock":
        return client.from("blocks").delete().match({ blocker_id: id, blocked_id: to }).select("id");
      case "mute": {
        const row = { muter_id: id, muted_id: to, hides_notifications: act.hides };
        return client.from("mutes").upsert(row, { onConflict: "muter_id,muted_id" });
      }
      case "unmute":
        return client.from("mutes").delete().match({ muter_id: id, muted_id: to });
      case "bell":
        return client
          .from("follows")
          .update({ notifies: act.rings })
          .match({ follower_id: id, followee_id: to })
          .select("id");
    }
  }
  switch (act.do) {
    case "prefer": {
      const row = { user_id: id, kind: act.kind, from_whom: act.fromWhom, delivery: act.delivery };
      return client.from("notification_preferences").upsert(row, { onConflict: "user_id,kind" });
    }
    case "go private":
    case "go public":
      return client
        .from("profiles")
        .update({ is_private: act.do === "go private" })
        .eq("id", id)
        .select("id");
    case "read":
    case "read group":
    case "unread group":
      return mark(client, act);
  }
}

async function mark(
  client: Person["client"],
  { do: what, nth }: { do: string; nth: number },
): Promise<Answer> {
  const listed = (await client.rpc("notifications", { page_size: 10 })) as Answer;
  if (listed.error || listed.data.length === 0) return listed;
  const { id } = listed.data[nth % listed.data.length];
  if (what === "read") return client.rpc("mark_read", { up_to: id });
  return client.rpc(what === "read group" ? "mark_group_read" : "mark_group_unread", { id });
}

/** Deletes an account. Somebody else takes the place at its devices. */
async function leaveTown(stage: Stage, by: number): Promise<void> {
  await Promise.all([...stage.running, ...stage.repairs]);
  // The outboxes of its devices are stored before that.
  for (const { device, owner, writing } of stage.desks) {
    if (owner !== by) continue;
    device.wake();
    await writing;
  }
  const { client } = personAt(stage, by);
  const answer = (await client.rpc("delete_account")) as Answer;
  note(stage, "delete account", answer);
  if (answer.error) return;
  stage.posts = stage.posts.filter(({ author }) => author !== by);
  stage.messages = stage.messages.filter(({ sender }) => sender !== by);
  await moveIn(stage, by);
}

// On a device ------------------------------------------------------------------------

/** Hands a write to a device. The promise ends when the outbox has stored it: never while the device sleeps. */
export function handIn(stage: Stage, deed: Deed): Promise<void> | undefined {
  const desk = stage.desks[deed.device] as Desk;
  const write = asWrite(stage, desk, deed);
  if (!write) return undefined;
  if (deed.do === "outbox: mark" || deed.do === "outbox: unmark") desk.isMarked = deed.do === "outbox: mark";
  const stored = desk.writing.then(async () => {
    try {
      const key = await desk.device.ask("send", write);
      desk.sent.push(key);
      if (deed.do === "outbox: say") desk.said.push({ key, ...argumentsOf(write) });
    } catch (error) {
      stage.problems.push(`${deed.do}: ${(error as Error).message}`);
    }
  });
  desk.writing = stored;
  return desk.device.isAsleep() ? undefined : stored;
}

const argumentsOf = (write: Write) =>
  (write as unknown as { args: { conversation_id: number; content: string } }).args;

function asWrite(stage: Stage, desk: Desk, deed: Deed): Write | undefined {
  const { id } = personAt(stage, desk.owner);
  switch (deed.do) {
    case "outbox: mark":
      return {
        upsert: "bookmarks",
        values: { user_id: id, post_id: desk.anchor },
        onConflict: "user_id,post_id",
      };
    case "outbox: unmark":
      return { delete: "bookmarks", match: { user_id: id, post_id: desk.anchor } };
    case "outbox: write": {
      if (!stage.writesOnce) return undefined;
      const name = deed.mention === null ? "" : ` @${personAt(stage, deed.mention).username}`;
      const content = `sent ${desk.device.network.url} ${++stage.texts}${name}`;
      desk.written.push(content);
      return { rpc: "write_post", args: { content } };
    }
    case "outbox: say": {
      const conversation_id = roomAt(stage, deed.room)?.id;
      if (conversation_id === undefined) return undefined;
      const content = `said ${desk.device.network.url} ${++stage.texts}`;
      return { rpc: "send_message", args: { conversation_id, content } };
    }
    case "outbox: like":
    case "outbox: unlike": {
      const post_id = postAt(stage, deed.post)?.id;
      if (post_id === undefined) return undefined;
      return deed.do === "outbox: like"
        ? { upsert: "likes", values: { user_id: id, post_id }, onConflict: "user_id,post_id" }
        : { delete: "likes", match: { user_id: id, post_id } };
    }
    case "outbox: follow":
      return { rpc: "follow", args: { profile_id: personAt(stage, deed.to).id } };
    case "outbox: unfollow":
      return { delete: "follows", match: { follower_id: id, followee_id: personAt(stage, deed.to).id } };
    case "outbox: read":
      return { rpc: "mark_read", args: { up_to: Number.MAX_SAFE_INTEGER } };
  }
}
