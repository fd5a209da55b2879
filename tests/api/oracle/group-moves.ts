/** The steps about conversations and their members, on both sides. */

import { ownedAt, talkAt, talkLabel } from "./chat-stage.ts";
import {
  accept,
  addChange,
  addPeople,
  allows,
  begin,
  type Conversation,
  goes,
  letIn,
  type Membership,
  makeGroup,
  memberOf,
  newIn,
  type Role,
  roles,
  settingsOf,
} from "./chats.ts";
import { hidden, type PersonId, type World } from "./model.ts";
import type { Answer, Move } from "./moves.ts";
import { as, at, nameOf, newest, type Stage } from "./stage.ts";
import type { Step } from "./steps.ts";

/** Why the people of a list cannot be added by this person. The first one of them counts. */
function refusalToAdd(
  world: World,
  talk: Conversation | null,
  by: PersonId,
  whom: PersonId[],
): string | null {
  // A hidden member is answered like somebody whose account is deleted.
  const asked = [...new Set(whom)].filter(
    (id) => newIn(talk, whom).includes(id) || (talk !== null && hidden(world, by, id)),
  );
  for (const id of asked.filter((id) => talk !== null || id !== by).toSorted()) {
    if (hidden(world, by, id)) return "profile_not_found";
    if (!allows(world, id, settingsOf(world, id).who_adds, by)) return "adding_not_welcome";
  }
  return null;
}

/** Why a person cannot do something to a group for which they need this role. */
function refusalInGroup(talk: Conversation, own: Membership | undefined, role: Role): string | null {
  if (!own) return "conversation_not_found";
  if (talk.kind !== "group") return "not_a_group";
  return roles.indexOf(own.role) > roles.indexOf(role) ? "role_too_low" : null;
}

/** A member as another one sees them. */
const seenMember = (world: World, talk: Conversation, by: PersonId, id: PersonId): Membership | undefined =>
  hidden(world, by, id) ? undefined : memberOf(talk, id);

/** The members who can get the group from its owner: they have accepted it, and the owner sees them. */
const heirs = (world: World, talk: Conversation, owner: PersonId): Membership[] =>
  talk.members.filter(({ of, isAccepted }) => of !== owner && isAccepted && !hidden(world, owner, of));

/** @returns null for a step of another kind, and if there is nothing yet that it could act on */
export function groupMove(stage: Stage, step: Step): Move | null {
  const { world } = stage;
  switch (step.do) {
    case "talk": {
      const [by, to] = [at(stage, step.by), at(stage, step.to)];
      const found = world.conversations.find(
        ({ pair }) => pair.includes(by) && pair.includes(to) && (by === to) === (pair[0] === pair[1]),
      );
      const refused = hidden(world, by, to)
        ? "profile_not_found"
        : found || allows(world, to, settingsOf(world, to).who_writes, by)
          ? null
          : "messages_not_welcome";
      return {
        text: `${nameOf(stage, by)} turns to ${nameOf(stage, to)}`,
        expected: refused ?? (found ? String(found.id) : "done"),
        request: async () => {
          const answer = await as(stage, by).rpc("direct_conversation", { profile_id: to });
          return { ...answer, data: found ? String(answer.data) : { id: answer.data } };
        },
        after: (data) => {
          const own = memberOf(found, by);
          if (!found) begin(world, data.id, by, to);
          else if (own?.isDeclined) Object.assign(own, { isAccepted: true, isDeclined: false });
        },
      };
    }
    case "make group": {
      const by = at(stage, step.by);
      const whom = step.whom.map((n) => at(stage, n));
      return {
        text: `${nameOf(stage, by)} makes a group with ${whom.map((id) => nameOf(stage, id)).join(", ")}`,
        expected: refusalToAdd(world, null, by, whom) ?? "done",
        request: () => as(stage, by).rpc("create_group", { name: "A group", member_ids: whom }),
        after: (id) => makeGroup(world, id, by, "A group", whom),
      };
    }
    case "join": {
      const by = at(stage, step.by);
      const invite = newest(world.invites, step.invite);
      if (!invite) return null;
      const { talk, needsApproval } = invite;
      const owner = talk.members.find(({ role }) => role === "owner")?.of;
      const hasUsedIt = memberOf(talk, by) !== undefined || talk.asking.includes(by);
      const isUsable =
        owner &&
        (invite.usesLeft !== 0 || hasUsedIt) &&
        !talk.removed.includes(by) &&
        !hidden(world, by, owner);
      const joins = memberOf(talk, by) || !needsApproval;
      return {
        text: `${nameOf(stage, by)} uses an invite into ${talkLabel(stage, talk)}`,
        expected: !isUsable ? "invite_not_found" : joins ? "joined" : "requested",
        request: () => as(stage, by).rpc("join_by_invite", { code: invite.code }),
        after: () => {
          const own = memberOf(talk, by);
          if (own) {
            if (!own.isAccepted) accept(world, talk, own);
            return;
          }
          if (needsApproval && talk.asking.includes(by)) return;
          if (invite.usesLeft !== null) invite.usesLeft -= 1;
          if (needsApproval) {
            talk.asking.push(by);
            return;
          }
          talk.asking = talk.asking.filter((id) => id !== by);
          letIn(world, talk, by, true);
          addChange(world, talk, "joined", by);
        },
      };
    }
    default: {
      if (!("talk" in step)) return null;
      const owned = "asOwner" in step && step.asOwner ? ownedAt(stage, step.talk) : null;
      const by = owned?.by || at(stage, step.by);
      const talk = owned?.talk ?? talkAt(stage, by, step.talk);
      return talk ? moveIn(stage, step, by, talk) : null;
    }
  }
}

/** A step about the members of this conversation. */
function moveIn(stage: Stage, step: Step, by: PersonId, talk: Conversation): Move | null {
  const { world } = stage;
  const who = nameOf(stage, by);
  const own = memberOf(talk, by);
  const where = talkLabel(stage, talk);
  const conversation_id = talk.id;
  const call = (name: string, args: object = {}) => as(stage, by).rpc(name, { conversation_id, ...args });
  switch (step.do) {
    case "add": {
      const whom = step.whom.map((n) => at(stage, n));
      return {
        text: `${who} adds ${whom.map((id) => nameOf(stage, id)).join(", ")} to ${where}`,
        expected: refusalInGroup(talk, own, "admin") ?? refusalToAdd(world, talk, by, whom) ?? "done",
        request: () => call("add_members", { member_ids: whom }),
        after: () => addPeople(world, talk, by, whom),
      };
    }
    case "remove member": {
      const id = at(stage, step.whom);
      const other = seenMember(world, talk, by, id);
      const isAbove = other && own && roles.indexOf(other.role) > roles.indexOf(own.role);
      return {
        text: `${who} removes ${nameOf(stage, id)} from ${where}`,
        expected:
          refusalInGroup(talk, own, "admin") ??
          (!other ? "member_not_found" : isAbove ? "done" : "role_too_low"),
        request: () => call("remove_member", { profile_id: id }),
        after: () => {
          talk.removed.push(id);
          goes(world, talk, id, "removed", by);
        },
      };
    }
    case "leave":
      return {
        text: `${who} leaves ${where}`,
        expected:
          refusalInGroup(talk, own, "member") ??
          (own?.role === "owner" && heirs(world, talk, by).length > 0 ? "owner_leaves" : "done"),
        request: () => call("leave_conversation"),
        after: () => goes(world, talk, by, "left", by),
      };
    case "set role": {
      const id = at(stage, step.whom);
      const other = seenMember(world, talk, by, id);
      const refused = !other
        ? "member_not_found"
        : id === by
          ? "owner_leaves"
          : other.role !== step.role && !other.isAccepted
            ? "member_not_found"
            : null;
      return {
        text: `${who} makes ${nameOf(stage, id)} ${step.role} of ${where}`,
        expected: refusalInGroup(talk, own, "owner") ?? refused ?? "done",
        request: () => call("set_member_role", { profile_id: id, role: step.role }),
        after: () => {
          if (!other || other.role === step.role) return;
          if (step.role === "owner") (own as Membership).role = "admin";
          other.role = step.role;
          addChange(world, talk, step.role === "owner" ? "owner" : "role", by, id, step.role);
        },
      };
    }
    case "change group":
      return {
        text: `${who} changes ${where}: ${JSON.stringify(step.change)}`,
        expected: refusalInGroup(talk, own, "admin") ?? "done",
        request: () => call("update_group", step.change),
        after: () => {
          const { change } = step;
          if ("name" in change && change.name !== talk.name) {
            talk.name = change.name;
            addChange(world, talk, "named", by, null, change.name);
          }
          if ("history" in change && change.history !== talk.history) {
            talk.history = change.history;
            addChange(world, talk, "history", by, null, change.history);
          }
          if ("is_locked" in change && change.is_locked !== talk.isLocked) {
            talk.isLocked = change.is_locked;
            addChange(world, talk, change.is_locked ? "locked" : "unlocked", by);
          }
        },
      };
    case "accept talk":
      return {
        text: `${who} accepts ${where}`,
        expected: own ? "done" : "conversation_not_found",
        request: () => call("accept_conversation"),
        after: () => {
          if (own && (!own.isAccepted || own.isDeclined)) accept(world, talk, own);
        },
      };
    case "decline talk":
      return {
        text: `${who} declines ${where}`,
        expected: !own ? "conversation_not_found" : own.isAccepted ? "already_accepted" : "done",
        request: () => call("decline_conversation"),
        after: () => {
          if (talk.kind === "group") goes(world, talk, by, "left", by);
          else (own as Membership).isDeclined = true;
        },
      };
    case "invite":
      return {
        text: `${who} makes an invite into ${where}${step.isOnce ? " for one" : ""}${step.needsApproval ? " to be approved" : ""}`,
        expected: refusalInGroup(talk, own, "admin") ?? "done",
        request: async () =>
          inObject(
            await call("create_invite", {
              max_uses: step.isOnce ? 1 : null,
              needs_approval: step.needsApproval,
            }),
          ),
        after: ({ answer }) => {
          world.invites = world.invites.filter((one) => one.talk !== talk || one.usesLeft !== 0);
          world.invites.push({
            code: answer,
            talk,
            usesLeft: step.isOnce ? 1 : null,
            needsApproval: step.needsApproval,
          });
        },
      };
    case "answer": {
      const id = talk.asking[step.whom % talk.asking.length] ?? at(stage, step.whom);
      const asks = talk.asking.includes(id) && !hidden(world, by, id);
      const refused = !own ? "conversation_not_found" : own.role === "member" ? "role_too_low" : null;
      return {
        text: `${who} ${step.accepts ? "lets" : "does not let"} ${nameOf(stage, id)} into ${where}`,
        expected: refused ?? String(asks),
        request: () => call("answer_join_request", { profile_id: id, accepts: step.accepts }),
        after: () => {
          if (!asks) return;
          talk.asking = talk.asking.filter((one) => one !== id);
          if (!step.accepts) return;
          letIn(world, talk, id, true);
          addChange(world, talk, "joined", id);
        },
      };
    }
    default:
      return null;
  }
}

/** The answer in an object, so that outcome() does not read it as a word. */
const inObject = (answer: Answer): Answer => ({ ...answer, data: { answer: answer.data } });
