/** Whether the viewer is told of each new post of a person they follow. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { type Author, plaza } from "../../app/plaza.ts";
import { userId } from "../../app/session.ts";
import { send } from "../../app/sync.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";

export function Bell({ person }: { person: Author }) {
  const notifies = useSignal(false);
  const match = { follower_id: userId.value ?? "", followee_id: person.id };

  useEffect(() => {
    void plaza
      .from("follows")
      .select("notifies")
      .match(match)
      .maybeSingle()
      .then(({ data }) => {
        notifies.value = data?.notifies ?? false;
      });
  }, [person.id]);

  async function toggle(): Promise<void> {
    const wanted = !notifies.value;
    notifies.value = wanted;
    const { answer } = await send({ update: "follows", values: { notifies: wanted }, match });
    answer.catch((error: unknown) => {
      notifies.value = !wanted;
      toast(wordsOf(error), { isError: true });
    });
  }

  return (
    <Button
      icon="bell"
      isPressed={notifies.value}
      label={t("bell", { name: `@${person.username}` })}
      onClick={toggle}
    />
  );
}
