/** Changes the e-mail address. The old and the new address both get a mail and both confirm. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { changeEmail, ownEmail, proveIdentity } from "../../app/account.ts";
import { t } from "../../app/messages.ts";
import { navigate, whileHere } from "../../app/router.ts";
import { OwnPasswordField } from "../../parts/account-fields.tsx";
import { Button } from "../../parts/button.tsx";
import { Field } from "../../parts/field.tsx";
import { Form } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";

export default function EmailSettings() {
  const now = useSignal("");
  useEffect(() => {
    void ownEmail().then((email) => {
      now.value = email;
    });
  }, []);

  async function submit({ own_password = "", email = "" }: Record<string, string>): Promise<void> {
    const here = whileHere();
    await proveIdentity(own_password);
    await changeEmail(email.trim());
    here(() => navigate("/confirm"));
  }

  return (
    <Page title={t("settings_email")} backTo="/settings">
      <Form onSubmit={submit} label={t("settings_email")}>
        <p>
          {t("email_now")} <bdi class="name">{now.value}</bdi>
        </p>
        <Field
          label={t("email_new")}
          name="email"
          type="email"
          hint={t("email_new_hint")}
          autocomplete="email"
          required
          dir="ltr"
          maxLength={255}
        />
        <OwnPasswordField />
        <div class="actions">
          <Button kind="main">{t("email_change")}</Button>
        </div>
      </Form>
    </Page>
  );
}
