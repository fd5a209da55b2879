/** Begins a conversation: with one person, or a group with a name. `?with=` a username begins at once. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { wordsOf } from "../../app/errors.ts";
import { t } from "../../app/messages.ts";
import { type Author, plaza } from "../../app/plaza.ts";
import { navigate, type PageProps, whileHere } from "../../app/router.ts";
import { userId } from "../../app/session.ts";
import { toast } from "../../app/toasts.ts";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";
import { PeoplePicker } from "./people-picker.tsx";

export default function NewConversation({ query }: PageProps) {
  const chosen = useSignal<Author[]>([]);
  const isGroup = useSignal(false);
  const mustName = isGroup.value || chosen.value.length > 1;

  useEffect(() => {
    const username = query.get("with");
    if (!username) return;
    const here = whileHere();
    void plaza
      .rpc("profile", { username })
      .maybeSingle()
      .then(({ data, error }) => {
        if (data) return here(() => void direct(data.id));
        toast(error ? wordsOf(error) : t("error_profile_not_found"), { isError: true });
      });
  }, []);

  async function direct(profile_id: string): Promise<void> {
    const here = whileHere();
    const { data: id, error } = await plaza.rpc("direct_conversation", { profile_id });
    if (error) toast(wordsOf(error), { isError: true });
    else here(() => navigate(`/chat/${id}`, { replace: true }));
  }

  async function begin({ name = "" }: Record<string, string>): Promise<void> {
    const [first] = chosen.value;
    if (!mustName && !first) return;
    const here = whileHere();
    const member_ids = chosen.value.map(({ id }) => id);
    const { data: id } =
      mustName || !first
        ? await plaza.rpc("create_group", { name: name.trim(), member_ids }).throwOnError()
        : await plaza.rpc("direct_conversation", { profile_id: first.id }).throwOnError();
    here(() => navigate(`/chat/${id}`, { replace: true }));
  }

  return (
    <Page title={t("chat_new")} backTo="/chat">
      <Form onSubmit={begin} label={t("chat_new")}>
        {!mustName && (
          <div class="starts">
            <Button
              type="button"
              icon="people"
              onClick={() => {
                isGroup.value = true;
              }}
            >
              {t("group_new")}
            </Button>
            <Button type="button" icon="pen" onClick={() => direct(userId.value ?? "")}>
              {t("chat_notes")}
            </Button>
          </div>
        )}
        {mustName && (
          <Field label={t("group_name")} name="name" required maxLength={100} autocomplete="off" />
        )}
        <PeoplePicker chosen={chosen} />
        <div class="actions sticky-end">
          <Button kind="main" disabled={!mustName && chosen.value.length === 0}>
            {mustName ? t("group_create") : t("chat_begin")}
          </Button>
        </div>
      </Form>
    </Page>
  );
}
