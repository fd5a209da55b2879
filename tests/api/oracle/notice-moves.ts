/** The steps about notifications, on both sides. */
import { type Group, type Notice, type PersonId, tie } from "./model.ts";
import type { Answer, Move } from "./moves.ts";
import { learn } from "./notice-answers.ts";
import { groupsOf, passDay, readGroup, readUpTo, type ShownGroup, threadOf, unreadOf } from "./notices.ts";
import { letDayPass } from "./population.ts";
import { seenPost } from "./seeing.ts";
import { as, at, label, nameOf, newest, pairOf, postId, type Stage } from "./stage.ts";
import type { Step } from "./steps.ts";

/** The groups that a person sees. The one with the newest notification is last. */
export const ownGroups = (stage: Stage, by: number): Group[] =>
  groupsOf(stage.world, at(stage, by))
    .map(({ group }) => group)
    .toReversed();

const shownGroup = (stage: Stage, by: number, n: number): ShownGroup | undefined => {
  const wanted = newest(ownGroups(stage, by), n);
  return groupsOf(stage.world, at(stage, by)).find(({ group }) => group === wanted);
};

/** @returns null for a step of another kind, and if there is nothing yet that it could act on */
export function noticeMove(stage: Stage, step: Step): Move | null {
  const { world } = stage;
  const name = (id: PersonId) => nameOf(stage, id);
  switch (step.do) {
    case "ring":
    case "ring off": {
      const { by, to } = pairOf(stage, step.pair, world.follows);
      const notifies = step.do === "ring";
      return {
        text: `${name(by)} ${notifies ? "rings the bell of" : "silences"} ${name(to)}`,
        expected: tie(world.follows, by, to) ? "done" : "nothing",
        // The request matches every follower of `to`. Row-level security leaves only the asker's own follow.
        request: () => as(stage, by).from("follows").update({ notifies }).eq("followee_id", to).select("id"),
        after: () => {
          for (const one of world.follows) if (one.by === by && one.to === to) one.notifies = notifies;
        },
      };
    }
    case "read up to": {
      const by = at(stage, step.by);
      const shown = shownGroup(stage, step.by, step.group);
      if (!shown || stage.population.owner === null) return null;
      const upTo = shown.group.latest - (step.isBelow ? 1 : 0);
      return {
        text: `${name(by)} reads up to ${step.isBelow ? "what is before " : ""}${spoken(stage, shown)}`,
        expected: String(unreadIfRead(stage, by, upTo)),
        request: async () => {
          const id = await idOf(stage, by, world.notices[shown.group.latest] as Notice);
          return inWords(await as(stage, by).rpc("mark_read", { up_to: id - (step.isBelow ? 1 : 0) }));
        },
        after: () => readUpTo(world, by, upTo),
      };
    }
    case "read group":
    case "unread group": {
      const by = at(stage, step.by);
      const shown = shownGroup(stage, step.by, step.group);
      if (!shown || stage.population.owner === null) return null;
      const marks = step.do === "read group" ? "read" : "unread";
      const known = world.notices.filter(({ group, id }) => group === shown.group && id !== null);
      const notice = (step.isOld && known[0]) || (world.notices[shown.group.latest] as Notice);
      return {
        text: `${name(by)} marks ${spoken(stage, shown)} as ${marks}${step.isOld ? ", with an old id" : ""}`,
        expected: "true",
        request: async () => {
          const id = await idOf(stage, by, notice);
          return as(stage, by).rpc(`mark_group_${marks}`, { id });
        },
        after: () => {
          if (marks === "read") readGroup(shown.group, world.notices.indexOf(notice));
          else shown.group.isMarkedUnread = true;
        },
      };
    }
    case "prefer": {
      const of = at(stage, step.by);
      const { kind, fromWhom, delivery } = step;
      const row = { kind, from_whom: fromWhom, delivery };
      return {
        text: `${name(of)} wants to hear of ${kind} from ${fromWhom}: ${delivery}`,
        expected: kind === "filtered_requests" ? "preference_kind" : "done",
        request: () => as(stage, of).from("notification_preferences").upsert(row).select("kind"),
        after: () => {
          if (kind === "filtered_requests") return;
          forget(stage, of, kind);
          world.preferences.push({ of, kind, fromWhom, delivery });
        },
      };
    }
    case "prefer nothing": {
      const of = at(stage, step.by);
      const { kind } = step;
      const isThere = world.preferences.some((one) => one.of === of && one.kind === kind);
      return {
        text: `${name(of)} wants nothing in particular of ${kind}`,
        expected: isThere ? "done" : "nothing",
        request: () =>
          as(stage, of).from("notification_preferences").delete().eq("kind", kind).select("kind"),
        after: () => forget(stage, of, kind),
      };
    }
    case "mute thread": {
      const by = at(stage, step.by);
      const id = postId(stage, by, step.post);
      if (id === null) return null;
      const found = seenPost(world, by, id);
      const original = found?.repostOf ?? id;
      const twice = world.threadMutes.some((one) => one.by === by && one.post === original);
      return {
        text: `${name(by)} mutes the thread of ${label(stage, id)}`,
        expected: !found ? "post_not_found" : twice ? "23505" : "done",
        request: () => as(stage, by).from("thread_mutes").insert({ post_id: id }).select("post_id"),
        after: () => {
          world.threadMutes.push({ by, post: original, thread: threadOf(world, original) });
        },
      };
    }
    case "unmute thread": {
      const by = at(stage, step.by);
      const id = postId(stage, by, step.post);
      if (id === null) return null;
      const found = world.threadMutes.find((one) => one.by === by && one.post === id);
      return {
        text: `${name(by)} unmutes the thread of ${label(stage, id)}`,
        expected: found ? "done" : "nothing",
        request: () => as(stage, by).from("thread_mutes").delete().eq("post_id", id).select("post_id"),
        after: () => {
          world.threadMutes = world.threadMutes.filter((one) => one !== found);
        },
      };
    }
    case "pass day":
      if (stage.population.owner === null) return null;
      return {
        text: "a day passes",
        expected: "done",
        request: async () => {
          await letDayPass(stage.population);
          return { data: null, error: null, status: 200 };
        },
        after: () => passDay(world),
      };
    default:
      return null;
  }
}

/** The id of a notification in the API. */
async function idOf(stage: Stage, of: PersonId, notice: Notice): Promise<number> {
  if (notice.id === null) await learn(stage, of);
  return notice.id ?? 0;
}

/** A number in words, so that it can be expected. */
const inWords = (answer: Answer): Answer => ({ ...answer, data: String(answer.data) });

/** How many groups are unread if this person reads up to this place. */
function unreadIfRead({ world }: Stage, of: PersonId, place: number): number {
  const copy = structuredClone(world);
  readUpTo(copy, of, place);
  return unreadOf(copy, of).notifications;
}

function forget({ world }: Stage, by: PersonId, kind: string): void {
  world.preferences = world.preferences.filter(({ of, ...one }) => of !== by || one.kind !== kind);
}

function spoken(stage: Stage, { group: { kind, object } }: ShownGroup): string {
  return object === null ? `the group of ${kind}` : `the group of ${kind} about ${label(stage, object)}`;
}
