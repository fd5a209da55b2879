/** For how long somebody is muted, and whether their notifications are hidden too. */
import { t } from "../app/messages.ts";
import type { Author } from "../app/plaza.ts";
import { toast } from "../app/toasts.ts";
import { mute, unmute } from "../store/people.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { Choice, Switch } from "./field.tsx";
import { Form } from "./form.tsx";

const hourMs = 3_600_000;

export function MuteDialog({ person, onClose }: { person: Author; onClose: () => void }) {
  const name = `@${person.username}`;

  async function submit({ hours = "", hides_notifications }: Record<string, string>): Promise<void> {
    const until = hours === "" ? null : new Date(Date.now() + Number(hours) * hourMs);
    await mute(person, until, hides_notifications !== undefined);
    onClose();
    toast(t("muted_name", { name }), { action: { label: t("undo"), run: () => unmute(person) } });
  }

  return (
    <Dialog title={t("mute_name", { name })} onClose={onClose} class="small">
      <Form onSubmit={submit} class="form inner">
        <p>{t("mute_text")}</p>
        <Choice
          label={t("mute_how_long")}
          name="hours"
          options={[
            ["", t("mute_always")],
            ["24", t("mute_day")],
            ["168", t("mute_week")],
            ["720", t("mute_month")],
          ]}
        />
        <Switch label={t("mute_notifications")} name="hides_notifications" defaultChecked />
        <div class="actions">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button kind="main">{t("mute")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
