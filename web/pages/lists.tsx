/** One's lists: people whose posts one reads together. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Database } from "../../supabase/database.types.ts";
import { t } from "../app/messages.ts";
import { plaza } from "../app/plaza.ts";
import { navigate, whileHere } from "../app/router.ts";
import { userId } from "../app/session.ts";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Empty, Failed, Waiting } from "../parts/empty.tsx";
import { Field, Switch } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Icon } from "../parts/icon.tsx";
import { Page } from "../parts/page.tsx";

type List = Database["public"]["Tables"]["lists"]["Row"];

export default function Lists() {
  const lists = useSignal<List[] | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const isMaking = useSignal(false);

  async function read(): Promise<void> {
    const answer = await plaza
      .from("lists")
      .select("*")
      .eq("owner_id", userId.value ?? "")
      .order("name")
      .limit(100);
    error.value = answer.error;
    if (answer.data) lists.value = answer.data;
  }
  useEffect(() => void read(), []);

  function open(): void {
    isMaking.value = true;
  }

  const make = (
    <Button kind="main" icon="plus" onClick={open}>
      {t("list_new")}
    </Button>
  );
  return (
    <Page title={t("lists")} actions={make}>
      {error.value ? (
        <Failed error={error.value} onRetry={read} />
      ) : !lists.value ? (
        <Waiting />
      ) : lists.value.length === 0 ? (
        <Empty icon="list" title={t("lists_empty")}>
          {t("lists_empty_hint")}
        </Empty>
      ) : (
        <ul>
          {lists.value.map(({ id, name, is_private }) => (
            <li key={id} class="row">
              <a class="list-line" href={`/lists/${id}`}>
                <Icon name={is_private ? "lock" : "list"} />
                <bdi class="name">{name}</bdi>
                <span class="note">{is_private ? t("list_private") : t("list_public")}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {isMaking.value && (
        <ListDialog
          onClose={() => {
            isMaking.value = false;
          }}
          onSave={async (values) => {
            const here = whileHere();
            const { data } = await plaza.from("lists").insert(values).select("id").single().throwOnError();
            here(() => navigate(`/lists/${data.id}`));
          }}
        />
      )}
    </Page>
  );
}

/** Asks for the name of a list, and who sees it. */
export function ListDialog({
  list,
  onClose,
  onSave,
}: {
  list?: Pick<List, "name" | "is_private">;
  onClose: () => void;
  onSave: (values: { name: string; is_private: boolean }) => Promise<void>;
}) {
  return (
    <Dialog title={list ? t("list_edit") : t("list_new")} onClose={onClose} class="small">
      <Form
        class="form inner"
        onSubmit={async ({ name = "", is_private }) => {
          await onSave({ name: name.trim(), is_private: is_private === "on" });
          onClose();
        }}
      >
        <Field label={t("list_name")} name="name" required maxLength={50} defaultValue={list?.name} />
        <Switch
          label={t("list_private")}
          hint={t("list_private_hint")}
          name="is_private"
          defaultChecked={list?.is_private ?? true}
        />
        <div class="actions">
          <Button kind="main">{t("save")}</Button>
        </div>
      </Form>
    </Dialog>
  );
}
