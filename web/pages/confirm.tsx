/**
 * Where the links of mails lead. The address has the hash of a token in its fragment. It is spent when the person
 * presses the button, not when the page is fetched. The code of the mail works as well.
 */

import { useSignal } from "@preact/signals";
import type { EmailOtpType, Session } from "@supabase/supabase-js";
import { useEffect } from "preact/hooks";
import { askAgain, asked, confirm, keepAsked } from "../app/account.ts";
import { wordsOf } from "../app/errors.ts";
import { type MessageKey, t } from "../app/messages.ts";
import { navigate } from "../app/router.ts";
import { me, needsPassword } from "../app/session.ts";
import { toast } from "../app/toasts.ts";
import { Button } from "../parts/button.tsx";
import { Empty } from "../parts/empty.tsx";
import { Field } from "../parts/field.tsx";
import { Form } from "../parts/form.tsx";
import { Page } from "../parts/page.tsx";

/** What the page says for a kind of mail: its heading, why, and what is on the button. */
const words = {
  signup: ["confirm_signup", "confirm_signup_text", "confirm_signup_do"],
  invite: ["confirm_signup", "confirm_signup_text", "confirm_signup_do"],
  recovery: ["confirm_recovery", "confirm_recovery_text", "confirm_recovery_do"],
  email_change: ["confirm_email_change", "confirm_email_change_text", "confirm_email_change_do"],
  magiclink: ["sign_in", "confirm_sign_in_text", "sign_in"],
  email: ["sign_in", "confirm_sign_in_text", "sign_in"],
} as const satisfies Partial<Record<EmailOtpType, readonly [MessageKey, MessageKey, MessageKey]>>;
type Kind = keyof typeof words;

export default function Confirm() {
  const link = useSignal(linkIn(location.hash));
  const problem = useSignal("");
  const isHalfDone = useSignal(false);

  // A link that is opened on this page changes only the fragment.
  useEffect(() => {
    const read = () => {
      link.value = linkIn(location.hash);
      problem.value = "";
      isHalfDone.value = false;
    };
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);

  function done(session: Session | undefined, type: Kind): void {
    if (!session) {
      isHalfDone.value = true;
      return;
    }
    keepAsked(undefined);
    if (type === "email_change") toast(t("email_changed"));
    const isPasswordNext = type === "recovery" || needsPassword(session);
    const next = isPasswordNext ? "/new-password" : type === "email_change" ? "/settings" : "/";
    navigate(next, { replace: true });
  }

  if (isHalfDone.value) {
    return (
      <Page title={t("confirm_email_change")}>
        <Empty icon="check" title={t("confirm_half")}>
          {t("confirm_half_text")}
        </Empty>
        <Code onDone={done} />
      </Page>
    );
  }
  if (link.value) {
    const { token_hash, type } = link.value;
    const [title, text, action] = words[type];
    return (
      <Page title={t(title)}>
        <div class="card form">
          <p>{t(text)}</p>
          {me.value && type !== "email_change" && (
            <p class="note">{t("confirm_other", { name: `@${me.value.username}` })}</p>
          )}
          <div class="actions">
            <Button
              kind="main"
              onClick={async () => {
                try {
                  done(await confirm({ token_hash, type }), type);
                } catch (error) {
                  problem.value = wordsOf(error);
                  // A link that is used up stays so. Without an answer it may be tried again.
                  if ((error as { code?: string }).code === "otp_expired") link.value = undefined;
                }
              }}
            >
              {t(action)}
            </Button>
          </div>
          <p class="problem" role="alert">
            {problem.value}
          </p>
        </div>
      </Page>
    );
  }
  return (
    <Page title={t(asked()?.type === "recovery" ? "confirm_recovery" : "confirm_code")}>
      {problem.value && (
        <p class="notice" role="alert">
          {problem.value}
        </p>
      )}
      <Code onDone={done} />
    </Page>
  );
}

/** The code of the mail, for people who read it on another device, and the mail once more. */
function Code({ onDone }: { onDone: (session: Session | undefined, type: Kind) => void }) {
  const known = asked();
  const isAskedAgain = useSignal(false);

  async function submit({ email = "", code = "" }: Record<string, string>): Promise<void> {
    // "email" is any code that signs in.
    const type = known?.email === email.trim() ? known.type : "email";
    onDone(await confirm({ email: email.trim(), token: code.replace(/\D/g, ""), type }), type);
  }

  return (
    <Form onSubmit={submit} class="form card" label={t("confirm_code")}>
      <p>{t(known ? "confirm_code_text" : "confirm_code_any")}</p>
      <Field
        label={t("email")}
        name="email"
        type="email"
        autocomplete="username"
        defaultValue={known?.email}
        required
        dir="ltr"
      />
      <Field
        label={t("code")}
        name="code"
        inputMode="numeric"
        autocomplete="one-time-code"
        required
        pattern="[\s0-9]*"
        maxLength={20}
        dir="ltr"
      />
      <div class="actions">
        {known && (
          <Button
            kind="quiet"
            type="button"
            onClick={async () => {
              await askAgain(known);
              isAskedAgain.value = true;
            }}
          >
            {t("confirm_again")}
          </Button>
        )}
        <Button kind="main">{t("confirm_do")}</Button>
      </div>
      <p class="note" role="status">
        {isAskedAgain.value && t(known?.type === "signup" ? "confirm_again_signup" : "confirm_again_done")}
      </p>
    </Form>
  );
}

/** @returns the token of a mail's link, or undefined */
function linkIn(hash: string): { token_hash: string; type: Kind } | undefined {
  const values = new URLSearchParams(hash.slice(1));
  const token_hash = values.get("token_hash");
  const type = values.get("type");
  return token_hash && isType(type) ? { token_hash, type } : undefined;
}

function isType(type: string | null): type is Kind {
  return type !== null && Object.hasOwn(words, type);
}
