/** The steps about usernames and newcomers, on both sides. */
import { liftLimits } from "../../people.ts";
import { confirm, rename } from "./actions.ts";
import { refusalToRename } from "./mentions.ts";
import type { Answer, Move } from "./moves.ts";
import type { Newcomer } from "./population.ts";
import { as, at, nameOf, type Stage, usernameAt } from "./stage.ts";
import type { Step } from "./steps.ts";

/** @returns null for a step of another kind, and if the newcomer confirmed already */
export function nameMove(stage: Stage, step: Step): Move | null {
  const { world, population } = stage;
  switch (step.do) {
    case "rename": {
      const by = at(stage, step.by);
      const username = usernameAt(stage, step.to ?? { of: step.by, isOther: true });
      return {
        text: `${nameOf(stage, by)} takes the name ${username}`,
        expected: refusalToRename(world, by, username) ?? "done",
        request: () => as(stage, by).from("profiles").update({ username }).eq("id", by).select("id"),
        after: () => rename(world, by, username),
      };
    }
    case "confirm": {
      const id = at(stage, step.newcomer);
      const newcomer = population.newcomers.find((one) => one.id === id);
      if (!newcomer || newcomer.isUsed) return null;
      return {
        text: `${newcomer.name} confirms`,
        expected: "done",
        request: () => confirmAs(newcomer),
        after: async () => {
          confirm(world, id);
          await liftLimits(id);
        },
      };
    }
    default:
      return null;
  }
}

async function confirmAs(newcomer: Newcomer): Promise<Answer> {
  newcomer.isUsed = true;
  const { client, email, code } = newcomer;
  const { data, error } = await client.auth.verifyOtp({ email, token: code, type: "signup" });
  return {
    data,
    error: error && { code: error.code ?? "", details: "", message: error.message },
    status: error?.status ?? 200,
  };
}
