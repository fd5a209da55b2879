/** Fields that several pages about accounts share: a new username, and a new password. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isKey, t } from "../app/messages.ts";
import { plaza } from "../app/plaza.ts";
import { Field } from "./field.tsx";

/** So long after the last letter it is asked whether the name is free. */
const pauseMs = 400;

/** Says while it is written whether the name is free. @param own the name that the person has: nothing is asked about it */
export function UsernameField({ own, hint }: { own?: string; hint?: ComponentChildren }) {
  const problem = useSignal("");
  const isFree = useSignal(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);

  function look(event: InputEvent): void {
    const input = event.currentTarget as HTMLInputElement;
    const wanted = input.value.trim();
    clearTimeout(timer.current);
    problem.value = "";
    isFree.value = false;
    if (wanted === "" || wanted === own) return;
    timer.current = window.setTimeout(async () => {
      const { data } = await plaza.rpc("username_available", { username: wanted });
      if (!data || input.value.trim() !== wanted) return;
      isFree.value = data.available;
      problem.value = data.available ? "" : wordsFor(data);
    }, pauseMs);
  }

  return (
    <Field
      label={t("username")}
      name="username"
      defaultValue={own}
      hint={isFree.value ? t("username_free") : problem.value ? undefined : hint}
      problem={problem.value}
      onInput={look}
      required
      minLength={3}
      maxLength={30}
      autocomplete="off"
      autocapitalize="none"
      spellcheck={false}
      dir="ltr"
    />
  );
}

/** @throws what is wrong with the name. A taken name is no error when somebody signs up, so it is asked before */
export async function requireFree(username: string): Promise<void> {
  const { data, error } = await plaza.rpc("username_available", { username });
  if (error) throw error;
  if (!data.available) throw { message: data.message, details: data.reason };
}

function wordsFor({ reason, message }: { reason: string | null; message: string | null }): string {
  const key = `error_${reason}`;
  return isKey(key) ? t(key) : (message ?? t("error_unexpected"));
}

export function NewPasswordField({ label }: { label: string }) {
  return (
    <Field
      label={label}
      name="password"
      type="password"
      hint={t("password_hint")}
      autocomplete="new-password"
      required
      minLength={8}
      maxLength={72}
      dir="ltr"
    />
  );
}

/** The password that the person has, before something that nobody else may do. */
export function OwnPasswordField() {
  return (
    <Field
      label={t("password_now")}
      name="own_password"
      type="password"
      autocomplete="current-password"
      required
      dir="ltr"
    />
  );
}
