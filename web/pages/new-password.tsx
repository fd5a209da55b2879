/**
 * A new password, for somebody who just confirmed with a mail. If the account has no password yet, its username was
 * dropped too (docs/decisions/0007-sign-up.md). Then the page also asks for a username.
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { setPassword } from "../app/account.ts";
import { t } from "../app/messages.ts";
import { plaza } from "../app/plaza.ts";
import { navigate } from "../app/router.ts";
import { me, needsPassword, readMe } from "../app/session.ts";
import { toast } from "../app/toasts.ts";
import { NewPasswordField, UsernameField } from "../parts/account-fields.tsx";
import { Button } from "../parts/button.tsx";
import { Form } from "../parts/form.tsx";
import { Page } from "../parts/page.tsx";
import { changeProfile } from "../store/own-profile.ts";

export default function NewPassword() {
  const isNew = useSignal(false);
  useEffect(() => {
    void plaza.auth.getSession().then(({ data }) => {
      isNew.value = needsPassword(data.session);
    });
  }, []);

  async function submit({ password = "", username = "" }: Record<string, string>): Promise<void> {
    if (isNew.value && username !== me.value?.username) {
      await changeProfile({ username });
    }
    await setPassword(password);
    await readMe();
    toast(t("password_changed"));
    navigate("/", { replace: true });
  }

  return (
    <Page title={t("new_password")}>
      <Form onSubmit={submit} class="form card" label={t("new_password")}>
        {isNew.value && <p>{t("new_password_text")}</p>}
        {isNew.value && <UsernameField own={me.value?.username} hint={t("username_hint")} />}
        <NewPasswordField label={t("new_password")} />
        <div class="actions">
          <Button kind="main">{t("save")}</Button>
        </div>
      </Form>
    </Page>
  );
}
