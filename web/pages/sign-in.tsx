/** Signs a person in, and goes on to where they wanted to go. */
import { t } from "../app/messages.ts";
import { navigate, type PageProps } from "../app/router.ts";
import { signIn } from "../app/session.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Page } from "../parts/page.tsx";

export default function SignIn({ query }: PageProps) {
  // Only a path of this site. `//other.example` would lead away.
  const to = query.get("to") ?? "/";
  const next = /^\/(?![/\\])/.test(to) ? to : "/";

  async function submit({ email = "", password = "" }: Record<string, string>): Promise<void> {
    await signIn(email.trim(), password);
    navigate(next, { replace: true });
  }

  return (
    <Page title={t("sign_in")}>
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
      </Form>
    </Page>
  );
}
