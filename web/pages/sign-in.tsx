/** Signs a person in, and goes on to where they wanted to go. */
import { keepAsked } from "../app/account.ts";
import { codeOf } from "../app/errors.ts";
import { t } from "../app/messages.ts";
import type { PageProps } from "../app/router.ts";
import { signIn } from "../app/session.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Page } from "../parts/page.tsx";
import { useSignedOut } from "../parts/signed-out.ts";

export default function SignIn({ query }: PageProps) {
  useSignedOut(query.get("to") ?? "/");

  async function submit({ email = "", password = "" }: Record<string, string>): Promise<void> {
    try {
      await signIn(email.trim(), password);
    } catch (error) {
      // The page with the code then knows whose it is.
      if (codeOf(error) === "email_not_confirmed") keepAsked({ email: email.trim(), type: "signup" });
      throw error;
    }
  }

  return (
    <Page title={t("sign_in")}>
      {query.get("ended") && <p class="notice">{t("session_ended")}</p>}
      <Form onSubmit={submit} class="form card" label={t("sign_in")}>
        <Field label={t("email")} name="email" type="email" autocomplete="username" required dir="ltr" />
        <Field
          label={t("password")}
          name="password"
          type="password"
          autocomplete="current-password"
          required
          dir="ltr"
        />
        <div class="actions">
          <Button kind="main">{t("sign_in")}</Button>
        </div>
        <p class="note links">
          <a href="/sign-up">{t("sign_up_new")}</a>
          <a href="/recover">{t("recover")}</a>
          <a href="/confirm">{t("confirm_enter_code")}</a>
        </p>
      </Form>
    </Page>
  );
}
