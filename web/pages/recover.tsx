/** Sends a mail to somebody who forgot the password. */
import { recover } from "../app/account.ts";
import { t } from "../app/messages.ts";
import { navigate, whileHere } from "../app/router.ts";
import { Button } from "../parts/button.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Page } from "../parts/page.tsx";

export default function Recover() {
  return (
    <Page title={t("recover")} backTo="/sign-in">
      <Form
        class="form card"
        label={t("recover")}
        onSubmit={async ({ email = "" }) => {
          const here = whileHere();
          await recover(email.trim());
          here(() => navigate("/confirm"));
        }}
      >
        <p>{t("recover_text")}</p>
        <Field label={t("email")} name="email" type="email" autocomplete="username" required dir="ltr" />
        <div class="actions">
          <Button kind="main">{t("recover_do")}</Button>
        </div>
      </Form>
    </Page>
  );
}
