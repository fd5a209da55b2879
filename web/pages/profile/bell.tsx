/** Whether the viewer is told of each new post of a person they follow. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import type { ProfilePage } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { send } from "../../app/sync.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { readProfile } from "../../store/people.ts";

export function Bell({ profile }: { profile: ProfilePage }) {
  const notifies = useSignal(profile.notifies);
  useEffect(() => {
    notifies.value = profile.notifies;
  }, [profile]);

  async function toggle(): Promise<void> {
    const wanted = !notifies.value;
    notifies.value = wanted;
    const match = { follower_id: userId.value ?? "", followee_id: profile.id };
    const { answer } = await send({ update: "follows", values: { notifies: wanted }, match });
    answer.then(
      () => readProfile(profile.username),
      (error: unknown) => {
        notifies.value = !wanted;
        toast(wordsOf(error), { isError: true });
      },
    );
  }

  return (
    <Button
      icon="bell"
      isPressed={notifies.value}
      label={t("bell", { name: `@${profile.username}` })}
      onClick={toggle}
    />
  );
}
