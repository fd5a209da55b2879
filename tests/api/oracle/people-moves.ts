/** The steps between people, on both sides. */
import { accept, block, mute } from "./actions.ts";
import { hidden, type PersonId, person, tie, type World, without } from "./model.ts";
import type { Move } from "./moves.ts";
import { as, at, nameOf, pairOf, type Stage } from "./stage.ts";
import type { Step } from "./steps.ts";

/** Why a follow by an inserted row is refused. Null if it is not refused. */
function refusalToFollow(world: World, by: PersonId, to: PersonId): string | null {
  if (hidden(world, by, to)) return "profile_not_found";
  if (by === to) return "follow_yourself";
  if (tie(world.follows, by, to)) return "23505";
  return person(world, to).isPrivate ? "follow_needs_request" : null;
}

function refusalToAsk(world: World, by: PersonId, to: PersonId): string | null {
  if (hidden(world, by, to)) return "profile_not_found";
  if (by === to) return "follow_yourself";
  if (!person(world, to).isPrivate) return "follow_needs_no_request";
  if (tie(world.follows, by, to)) return "already_following";
  return tie(world.requests, by, to) ? "23505" : null;
}

/** The answer of follow(). */
function answerToFollow(world: World, by: PersonId, to: PersonId): string {
  if (hidden(world, by, to)) return "profile_not_found";
  if (by === to) return "follow_yourself";
  return tie(world.follows, by, to) || !person(world, to).isPrivate ? "following" : "requested";
}

/** The id of a follow that a function made. */
async function followId(stage: Stage, by: PersonId, to: PersonId): Promise<number> {
  const row = { follower_id: by, followee_id: to };
  const { data } = await as(stage, by).from("follows").select("id").match(row).single().throwOnError();
  return data?.id;
}

/** @returns null for a step of another kind, and if there is nothing yet that it could act on */
export function peopleMove(stage: Stage, step: Step): Move | null {
  const { world } = stage;
  const name = (id: PersonId) => nameOf(stage, id);
  switch (step.do) {
    case "follow": {
      const [by, to] = [at(stage, step.by), at(stage, step.to)];
      if (!step.call) {
        return {
          text: `${name(by)} follows ${name(to)}`,
          expected: refusalToFollow(world, by, to) ?? "done",
          request: () => as(stage, by).from("follows").insert({ followee_id: to }).select("id"),
          after: ([{ id }]) => {
            world.follows.push({ by, to, id });
          },
        };
      }
      const expected = answerToFollow(world, by, to);
      return {
        text: `${name(by)} calls follow(${name(to)})`,
        expected,
        request: () => as(stage, by).rpc("follow", { profile_id: to }),
        after: async () => {
          if (expected === "requested" && !tie(world.requests, by, to))
            world.requests.push({ by, to, id: 0 });
          if (expected !== "following" || tie(world.follows, by, to)) return;
          world.follows.push({ by, to, id: await followId(stage, by, to) });
        },
      };
    }
    case "ask": {
      const [by, to] = [at(stage, step.by), at(stage, step.to)];
      return {
        text: `${name(by)} asks to follow ${name(to)}`,
        expected: refusalToAsk(world, by, to) ?? "done",
        request: () => as(stage, by).from("follow_requests").insert({ target_id: to }).select("id"),
        after: ([{ id }]) => {
          world.requests.push({ by, to, id });
        },
      };
    }
    case "unfollow": {
      const { by, to } = pairOf(stage, step.pair, world.follows);
      return {
        text: `${name(by)} unfollows ${name(to)}`,
        expected: tie(world.follows, by, to) ? "done" : "nothing",
        // The request matches every follower of `to`. Row-level security leaves only the asker's own follow.
        request: () => as(stage, by).from("follows").delete().eq("followee_id", to).select("id"),
        after: () => {
          world.follows = without(world.follows, by, to);
        },
      };
    }
    case "remove follower": {
      const { by, to } = pairOf(stage, step.pair, world.follows);
      return {
        text: `${name(to)} removes the follower ${name(by)}`,
        expected: String(tie(world.follows, by, to)),
        request: () => as(stage, to).rpc("remove_follower", { follower_id: by }),
        after: () => {
          world.follows = without(world.follows, by, to);
        },
      };
    }
    case "accept":
    case "decline": {
      const { by, to } = pairOf(stage, step.pair, world.requests);
      const asked = tie(world.requests, by, to);
      return {
        text: `${name(to)} ${step.do}s the request of ${name(by)}`,
        expected: String(asked),
        request: () => as(stage, to).rpc(`${step.do}_follow_request`, { requester_id: by }),
        after: async () => {
          if (asked && step.do === "accept") accept(world, by, to, await followId(stage, by, to));
          else world.requests = without(world.requests, by, to);
        },
      };
    }
    case "cancel": {
      const { by, to } = pairOf(stage, step.pair, world.requests);
      return {
        text: `${name(by)} takes back the request to ${name(to)}`,
        expected: tie(world.requests, by, to) ? "done" : "nothing",
        request: () =>
          as(stage, by)
            .from("follow_requests")
            .delete()
            .match({ requester_id: by, target_id: to })
            .select("id"),
        after: () => {
          world.requests = without(world.requests, by, to);
        },
      };
    }
    case "block": {
      const [by, to] = [at(stage, step.by), at(stage, step.to)];
      const mine = tie(world.blocks, by, to) ? "23505" : null;
      const unseen = hidden(world, by, to) ? "profile_not_found" : null;
      return {
        text: `${name(by)} blocks ${name(to)}`,
        expected: by === to ? "block_yourself" : (mine ?? unseen ?? "done"),
        request: () => as(stage, by).from("blocks").insert({ blocked_id: to }).select("id"),
        after: ([{ id }]) => block(world, by, to, id),
      };
    }
    case "unblock": {
      const { by, to } = pairOf(stage, step.pair, world.blocks);
      return {
        text: `${name(by)} unblocks ${name(to)}`,
        expected: tie(world.blocks, by, to) ? "done" : "nothing",
        request: () => as(stage, by).from("blocks").delete().eq("blocked_id", to).select("id"),
        after: () => {
          world.blocks = without(world.blocks, by, to);
        },
      };
    }
    case "mute": {
      const [by, to] = [at(stage, step.by), at(stage, step.to)];
      const { until, hidesNotifications } = step;
      const dayMs = 24 * 60 * 60 * 1000;
      const awayMs = { forever: null, past: -dayMs, future: dayMs }[until];
      const row = {
        muted_id: to,
        muted_until: awayMs === null ? null : new Date(Date.now() + awayMs).toISOString(),
        hides_notifications: hidesNotifications,
      };
      const refusal = hidden(world, by, to) ? "profile_not_found" : by === to ? "mute_yourself" : null;
      const twice = !step.again && tie(world.mutes, by, to) ? "23505" : null;
      return {
        text: `${name(by)} mutes ${name(to)}${hidesNotifications ? "" : ", but not the notifications"}, until: ${until}`,
        expected: refusal ?? twice ?? "done",
        request: () => {
          const mutes = as(stage, by).from("mutes");
          return step.again
            ? mutes.upsert({ muter_id: by, ...row }, { onConflict: "muter_id,muted_id" }).select("muted_id")
            : mutes.insert(row).select("muted_id");
        },
        after: () => mute(world, { by, to, until, hidesNotifications }),
      };
    }
    case "unmute": {
      const { by, to } = pairOf(stage, step.pair, world.mutes);
      return {
        text: `${name(by)} unmutes ${name(to)}`,
        expected: tie(world.mutes, by, to) && !hidden(world, by, to) ? "done" : "nothing",
        request: () => as(stage, by).from("mutes").delete().eq("muted_id", to).select("muted_id"),
        after: () => {
          world.mutes = without(world.mutes, by, to);
        },
      };
    }
    case "switch": {
      const by = at(stage, step.by);
      const whose = step.whose === null ? by : at(stage, step.whose);
      const { flag, value } = step;
      return {
        text: `${name(by)} sets ${flag} of ${name(whose)} to ${value}`,
        expected: by === whose ? "done" : "nothing",
        request: () =>
          as(stage, by)
            .from("profiles")
            .update({ [flag]: value })
            .eq("id", whose)
            .select("id"),
        after: async () => {
          const one = person(world, by);
          if (flag === "shows_likes") one.showsLikes = value;
          if (flag === "is_searchable") one.isSearchable = value;
          if (flag !== "is_private") return;
          one.isPrivate = value;
          // An account that becomes public accepts every waiting request.
          const waiting = value ? [] : world.requests.filter(({ to }) => to === by);
          for (const request of waiting) accept(world, request.by, by, await followId(stage, request.by, by));
        },
      };
    }
    default:
      return null;
  }
}
