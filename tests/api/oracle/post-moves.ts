/** The steps about posts, likes, bookmarks and drafts, on both sides. */
import type { Sql } from "postgres";
import { edit, mark, remove, repost, write } from "./actions.ts";
import { type Draft, type PersonId, type Post, post, type World } from "./model.ts";
import type { Answer, Move } from "./moves.ts";
import { isOpen, seenPost } from "./seeing.ts";
import {
  as,
  at,
  draftColumns,
  draftOf,
  editedText,
  label,
  nameOf,
  newest,
  postId,
  type Stage,
  spoken,
  textColumns,
} from "./stage.ts";
import type { Step } from "./steps.ts";

/** Why a post cannot be reposted or quoted. Null if it can. */
function refusalToCarry(world: World, by: PersonId, id: number): string | null {
  const asked = seenPost(world, by, id);
  if (!asked) return "post_not_found";
  const shown = post(world, asked.repostOf ?? asked.id) as Post;
  return shown.author === by || isOpen(world, shown) ? null : "post_not_open";
}

function refusalToRepost(world: World, by: PersonId, id: number): string | null {
  const refusal = refusalToCarry(world, by, id);
  if (refusal) return refusal;
  const shown = post(world, id)?.repostOf ?? id;
  return world.posts.some((one) => one.author === by && one.repostOf === shown && !one.deleted)
    ? "already_reposted"
    : null;
}

function refusalToWrite(world: World, by: PersonId, { replyTo, quoteOf }: Draft): string | null {
  if (replyTo !== null && !seenPost(world, by, replyTo)) return "post_not_found";
  return quoteOf === null ? null : refusalToCarry(world, by, quoteOf);
}

/** A person's own post to edit or delete. Their own repost is there only while they see the post it shows. */
const isTheirs = (world: World, by: PersonId, id: number): boolean => seenPost(world, by, id)?.author === by;

/** @returns null for a step of another kind, and if there is nothing yet that it could act on */
export function postMove(stage: Stage, step: Step): Move | null {
  const { world } = stage;
  switch (step.do) {
    case "write": {
      const by = at(stage, step.by);
      const draft = draftOf(stage, by, step.draft);
      return {
        text: `${nameOf(stage, by)} writes ${spoken(stage, draft)}`,
        expected: refusalToWrite(world, by, draft) ?? "done",
        request: () => as(stage, by).from("posts").insert(draftColumns(draft)).select("id"),
        after: ([{ id }]) => write(world, by, draft, id),
      };
    }
    case "repost": {
      const by = at(stage, step.by);
      const of = postId(stage, by, step.post);
      if (of === null) return null;
      return {
        text: `${nameOf(stage, by)} reposts ${label(stage, of)}`,
        expected: refusalToRepost(world, by, of) ?? "done",
        request: () => as(stage, by).from("posts").insert({ repost_of_id: of }).select("id"),
        after: ([{ id }]) => repost(world, by, of, id),
      };
    }
    case "edit": {
      const edited = newest(world.posts, step.post);
      if (!edited) return null;
      const text = editedText(stage, edited, step.text);
      const by = step.by === null ? edited.author : at(stage, step.by);
      const columns = textColumns(text);
      // The same text again is not an edit.
      if (JSON.stringify(columns) === JSON.stringify(textColumns(edited))) return null;
      const may = edited.repostOf === null ? "done" : "repost_is_bare";
      return {
        text: `${nameOf(stage, by)} edits ${label(stage, edited.id)} to ${spoken(stage, text)}`,
        expected: isTheirs(world, by, edited.id) ? may : "nothing",
        request: () => as(stage, by).from("posts").update(columns).eq("id", edited.id).select("id"),
        after: () => edit(world, edited, text),
      };
    }
    case "delete": {
      const removed = newest(world.posts, step.post);
      if (!removed) return null;
      const by = step.by === null ? removed.author : at(stage, step.by);
      return {
        text: `${nameOf(stage, by)} deletes ${label(stage, removed.id)}`,
        expected: isTheirs(world, by, removed.id) ? "done" : "nothing",
        request: () => as(stage, by).from("posts").delete().eq("id", removed.id).select("id"),
        after: () => remove(world, removed),
      };
    }
    case "like":
    case "bookmark": {
      const by = at(stage, step.by);
      const on = postId(stage, by, step.post);
      if (on === null) return null;
      const kind = step.do === "like" ? "likes" : "bookmarks";
      const found = seenPost(world, by, on);
      const twice = world[kind].some((one) => one.by === by && one.post === (found?.repostOf ?? on));
      return {
        text: `${nameOf(stage, by)} ${step.do}s ${label(stage, on)}`,
        expected: !found ? "post_not_found" : twice ? "23505" : "done",
        request: () => as(stage, by).from(kind).insert({ post_id: on }).select("id"),
        after: ([{ id }]) => mark(world, kind, by, on, id),
      };
    }
    case "unlike":
    case "unbookmark": {
      const kind = step.do === "unlike" ? "likes" : "bookmarks";
      const marked = newest(world[kind], step.mark);
      if (!marked) return null;
      const { by, post: on } = marked;
      return {
        text: `${nameOf(stage, by)} ${step.do}s ${label(stage, on)}`,
        expected: seenPost(world, by, on) ? "done" : "nothing",
        request: () => as(stage, by).from(kind).delete().match({ user_id: by, post_id: on }).select("id"),
        after: () => {
          world[kind] = world[kind].filter((one) => one !== marked);
        },
      };
    }
    case "draft": {
      const by = at(stage, step.by);
      const draft = draftOf(stage, by, step.draft);
      return {
        text: `${nameOf(stage, by)} drafts ${spoken(stage, draft)}`,
        expected: "done",
        request: () => as(stage, by).from("drafts").insert(draftColumns(draft)).select("id"),
        after: ([{ id }]) => {
          world.drafts.push({ ...draft, id, author: by, hasFailed: false });
        },
      };
    }
    case "schedule": {
      const { owner } = stage.population;
      if (owner === null) return null;
      const by = at(stage, step.by);
      const draft = draftOf(stage, by, step.draft);
      const refusal = refusalToWrite(world, by, draft);
      return {
        text: `${nameOf(stage, by)} schedules ${spoken(stage, draft)}${refusal ? `, which fails: ${refusal}` : ""}`,
        expected: "done",
        request: () => publishLater(owner, stage, by, draft),
        after: ({ id, post }) => {
          if (refusal) world.drafts.push({ ...draft, id, author: by, hasFailed: true });
          else write(world, by, draft, post);
          if (!refusal) (world.posts.at(-1) as Post).wasScheduled = true;
        },
      };
    }
    case "publish":
    case "discard": {
      const draft = newest(world.drafts, step.draft);
      if (!draft) return null;
      const by = step.by === null ? draft.author : at(stage, step.by);
      const text = `${nameOf(stage, by)} ${step.do}es ${nameOf(stage, draft.author)}'s draft ${spoken(stage, draft)}`;
      const gone = () => {
        world.drafts = world.drafts.filter((one) => one !== draft);
      };
      if (step.do === "discard") {
        return {
          text: text.replace("discardes", "discards"),
          expected: by === draft.author ? "done" : "nothing",
          request: () => as(stage, by).from("drafts").delete().eq("id", draft.id).select("id"),
          after: gone,
        };
      }
      return {
        text,
        expected: by === draft.author ? (refusalToWrite(world, by, draft) ?? "done") : "draft_not_found",
        request: () => as(stage, by).rpc("publish_draft", { draft_id: draft.id }),
        after: (id) => {
          write(world, by, draft, id);
          gone();
        },
      };
    }
    default:
      return null;
  }
}

/** Inserts a draft that is due, and waits until the job has published it or has failed to. */
async function publishLater(owner: Sql, stage: Stage, by: PersonId, draft: Draft): Promise<Answer> {
  const client = as(stage, by);
  const row = { ...draftColumns(draft), publish_at: new Date().toISOString() };
  const answer = await client.from("drafts").insert(row).select("id").single();
  if (answer.error) return answer;
  const { id } = answer.data;
  for (;;) {
    await owner`select private.publish_due_drafts()`;
    const { data } = await client.from("drafts").select("failed_at").eq("id", id).throwOnError();
    if (data.length > 0 && data[0]?.failed_at === null) continue;
    const posts = client.from("posts").select("id").eq("author_id", by);
    const newest = await posts.order("id", { ascending: false }).limit(1).throwOnError();
    return { ...answer, data: { id, post: newest.data[0]?.id } };
  }
}
