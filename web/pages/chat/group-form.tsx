/** What the owner and the admins change about a group. */
import { t } from "../../app/messages.ts";
import { type Conversation, plaza } from "../../app/plaza.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Area, Choice, Field, Switch } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";

type History = NonNullable<Conversation["history"]>;

export function GroupForm({
  conversation,
  onChanged,
}: {
  conversation: Conversation;
  onChanged: () => Promise<void>;
}) {
  const { id, name, description, history, is_locked, keeps_deleted, role } = conversation;

  async function save(values: Record<string, string>): Promise<void> {
    await plaza
      .rpc("update_group", {
        conversation_id: id,
        name: values.name?.trim(),
        description: values.description?.trim(),
        history: values.history as History,
        is_locked: "locked" in values,
        ...(role === "owner" && { keeps_deleted: "keeps" in values }),
      })
      .throwOnError();
    toast(t("saved"));
    await onChanged();
  }

  return (
    <section class="settings-part" aria-label={t("group_settings")}>
      <h2>{t("group_settings")}</h2>
      <Form class="form bare" onSubmit={save} label={t("group_settings")} keepAs={`group ${conversation.id}`}>
        <Field
          label={t("group_name")}
          name="name"
          defaultValue={name ?? ""}
          required
          maxLength={100}
          autocomplete="off"
        />
        <Area label={t("group_description")} name="description" defaultValue={description} maxLength={500} />
        <Choice
          label={t("group_history")}
          name="history"
          value={history ?? "all"}
          options={[
            ["all", t("history_all")],
            ["joining", t("history_joining")],
            ["none", t("history_none")],
          ]}
        />
        <Switch
          label={t("group_locked")}
          hint={t("group_locked_hint")}
          name="locked"
          defaultChecked={is_locked}
        />
        {role === "owner" && (
          <Switch
            label={t("group_keeps")}
            hint={t("group_keeps_hint")}
            name="keeps"
            defaultChecked={keeps_deleted}
          />
        )}
        <div class="actions">
          <Button kind="main">{t("save")}</Button>
        </div>
      </Form>
    </section>
  );
}
