/** Makes an account. The mail that comes then has a link to `/confirm` and a code. */
import { asked, join } from "../app/account.ts";
import { t } from "../app/messages.ts";
import { navigate, whileHere } from "../app/router.ts";
import { NewPasswordField, requireFree, UsernameField } from "../parts/account-fields.tsx";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Page } from "../parts/page.tsx";
import { useSignedOut } from "../parts/signed-out.ts";

export default function SignUp() {
  useSignedOut();

  async function submit(values: Record<string, string>): Promise<void> {
    const { email = "", password = "", username = "", display_name: displayName = "" } = values;
    const here = whileHere();
    await requireFree(username.trim());
    await join({
      email: email.trim(),
      password,
      username: username.trim(),
      displayName: displayName.trim(),
    });
    here(() => navigate("/confirm"));
  }

  return (
    <Page title={t("sign_up")}>
      <Form onSubmit={submit} class="form card" label={t("sign_up")} keepAs="sign-up">
        <p>{t("sign_up_text")}</p>
        <UsernameField hint={t("username_hint")} />
        <Field
          label={t("display_name")}
          name="display_name"
          hint={t("display_name_hint")}
          maxLength={50}
          autocomplete="name"
        />
        <Field
          label={t("email")}
          name="email"
          type="email"
          autocomplete="username"
          required
          dir="ltr"
          maxLength={255}
        />
        <NewPasswordField label={t("password")} />
        <div class="actions">
          <Button kind="main">{t("sign_up_do")}</Button>
        </div>
        <p class="note">
          {t("sign_up_have")} <a href="/sign-in">{t("sign_in")}</a>
          {asked() && (
            <>
              {" · "}
              <a href="/confirm">{t("confirm_enter_code")}</a>
            </>
          )}
        </p>
      </Form>
    </Page>
  );
}
