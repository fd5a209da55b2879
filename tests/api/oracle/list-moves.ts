/** The steps about lists and tags, and attempts to act in another person's name, on both sides. */
import { hidden } from "./model.ts";
import type { Move } from "./moves.ts";
import { seesList } from "./questions.ts";
import { as, at, nameOf, newest, type Stage, tagOf } from "./stage.ts";
import type { Step } from "./steps.ts";

/** @returns null for a step of another kind, and if there is nothing yet that it could act on */
export function listMove(stage: Stage, step: Step): Move | null {
  const { world } = stage;
  if (step.do === "make list") {
    const by = at(stage, step.by);
    return {
      text: `${nameOf(stage, by)} makes a ${step.isPrivate ? "private" : "public"} list`,
      expected: "done",
      request: () =>
        as(stage, by).from("lists").insert({ name: "List", is_private: step.isPrivate }).select("id"),
      after: ([{ id }]) => {
        world.lists.push({ id, owner: by, isPrivate: step.isPrivate, members: [], deleted: false });
      },
    };
  }
  if (!("list" in step)) return null;
  const list = newest(world.lists, step.list);
  if (!list) return null;
  const by = step.by === null ? list.owner : at(stage, step.by);
  const mine = by === list.owner && !list.deleted;
  const about = `list ${world.lists.indexOf(list) + 1} of ${nameOf(stage, list.owner)}`;
  const lists = () => as(stage, by).from("lists");
  switch (step.do) {
    case "drop list":
      return {
        text: `${nameOf(stage, by)} deletes ${about}`,
        expected: mine ? "done" : "nothing",
        request: () => lists().delete().eq("id", list.id).select("id"),
        after: () => {
          Object.assign(list, { deleted: true, members: [] });
        },
      };
    case "switch list":
      return {
        text: `${nameOf(stage, by)} makes ${about} ${step.isPrivate ? "private" : "public"}`,
        expected: mine ? "done" : "nothing",
        request: () => lists().update({ is_private: step.isPrivate }).eq("id", list.id).select("id"),
        after: () => {
          list.isPrivate = step.isPrivate;
        },
      };
    case "put on list":
    case "take off list": {
      const whom = at(stage, step.whom);
      const row = { list_id: list.id, profile_id: whom };
      const isOn = list.members.includes(whom);
      const unseen = hidden(world, by, whom);
      const members = () => as(stage, by).from("list_members");
      if (step.do === "put on list") {
        const notMine = list.deleted || !seesList(world, by, list) ? "list_not_found" : "42501";
        const refusal = !mine ? notMine : unseen ? "profile_not_found" : isOn ? "23505" : null;
        return {
          text: `${nameOf(stage, by)} puts ${nameOf(stage, whom)} on ${about}`,
          expected: refusal ?? "done",
          request: () => members().insert(row).select("profile_id"),
          after: () => {
            list.members.push(whom);
          },
        };
      }
      return {
        text: `${nameOf(stage, by)} takes ${nameOf(stage, whom)} off ${about}`,
        expected: mine && !unseen && isOn ? "done" : "nothing",
        request: () => members().delete().match(row).select("profile_id"),
        after: () => {
          list.members = list.members.filter((one) => one !== whom);
        },
      };
    }
    default:
      return null;
  }
}

/** @returns null for a step of another kind */
export function tagMove(stage: Stage, step: Step): Move | null {
  const { world } = stage;
  switch (step.do) {
    case "follow tag": {
      const [by, tag] = [at(stage, step.by), tagOf(stage, step.tag)];
      const twice = world.tagFollows.some((one) => one.by === by && one.tag === tag);
      return {
        text: `${nameOf(stage, by)} follows the tag ${tag}`,
        expected: twice ? "23505" : "done",
        request: () =>
          as(stage, by)
            .from("tag_follows")
            .insert({ tag: `#${tag.toUpperCase()}` })
            .select("tag"),
        after: () => {
          world.tagFollows.push({ by, tag });
        },
      };
    }
    case "unfollow tag": {
      const [by, tag] = [at(stage, step.by), tagOf(stage, step.tag)];
      const followed = world.tagFollows.find((one) => one.by === by && one.tag === tag);
      return {
        text: `${nameOf(stage, by)} unfollows the tag ${tag}`,
        expected: followed ? "done" : "nothing",
        request: () => as(stage, by).from("tag_follows").delete().eq("tag", tag).select("tag"),
        after: () => {
          world.tagFollows = world.tagFollows.filter((one) => one !== followed);
        },
      };
    }
    case "pass for": {
      const [by, whom] = [at(stage, step.by), at(stage, step.whom)];
      if (by === whom) return null;
      const client = as(stage, by);
      const forged = {
        post: () => client.from("posts").insert({ author_id: whom, content: "forged" }),
        list: () => client.from("lists").insert({ owner_id: whom, name: "forged" }),
        tag: () => client.from("tag_follows").insert({ user_id: whom, tag: "forged" }),
      };
      return {
        text: `${nameOf(stage, by)} passes for ${nameOf(stage, whom)} with a ${step.what}`,
        expected: "42501",
        request: forged[step.what],
      };
    }
    default:
      return null;
  }
}
