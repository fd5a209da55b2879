/** Changes the password. Who wants that has to know the present one. All other devices are signed out. */
import { proveIdentity, setPassword } from "../../app/account.ts";
import { t } from "../../app/messages.ts";
import { navigate, whileHere } from "../../app/router.ts";
import { toast } from "../../app/toasts.ts";
import { NewPasswordField, OwnPasswordField } from "../../parts/account-fields.tsx";
import { Button } from "../../parts/button.tsx";
import { Form } from "../../parts/form.tsx";
import { Page } from "../../parts/page.tsx";

export default function PasswordSettings() {
  async function submit({ own_password = "", password = "" }: Record<string, string>): Promise<void> {
    const here = whileHere();
    await proveIdentity(own_password);
    await setPassword(password);
    toast(t("password_changed"));
    here(() => navigate("/settings", { replace: true }));
  }

  return (
    <Page title={t("settings_password")} backTo="/settings">
      <Form onSubmit={submit} label={t("settings_password")}>
        <OwnPasswordField />
        <NewPasswordField label={t("new_password")} />
        <p class="note">
          {t("password_others")} <a href="/recover">{t("recover")}</a>
        </p>
        <div class="actions">
          <Button kind="main">{t("save")}</Button>
        </div>
      </Form>
    </Page>
  );
}
