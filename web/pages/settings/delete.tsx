/** Deletes the account. It needs the password, and the username once more. */
import { proveIdentity } from "../../app/account.ts";
import { t } from "../../app/messages.ts";
import { plaza } from "../../app/plaza.ts";
import { me, signOut } from "../../app/session.ts";
import { OwnPasswordField } from "../../parts/account-fields.tsx";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";

export default function DeleteAccount() {
  const username = me.value?.username ?? "";

  async function submit({ own_password = "", name = "" }: Record<string, string>): Promise<void> {
    if (name.trim().replace(/^@/, "").toLowerCase() !== username.toLowerCase()) throw { code: "delete_name" };
    await proveIdentity(own_password);
    await plaza.rpc("delete_account").throwOnError();
    await signOut();
  }

  return (
    <Page title={t("settings_delete")} backTo="/settings">
      <Form onSubmit={submit} label={t("settings_delete")}>
        <p>{t("delete_text")}</p>
        <Field
          label={t("delete_name", { name: `@${username}` })}
          name="name"
          required
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          dir="ltr"
        />
        <OwnPasswordField />
        <div class="actions">
          <Button kind="danger" icon="trash">
            {t("delete_do")}
          </Button>
        </div>
      </Form>
    </Page>
  );
}
