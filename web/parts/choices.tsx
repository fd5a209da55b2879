/** Who may read a post, and the language that it is in. */
import type { ComponentChildren } from "preact";
import { language as ownLanguage, t } from "../app/messages.ts";
import type { Audience } from "../app/plaza.ts";
import { Choice } from "./field.tsx";

export function AudienceChoice({
  value,
  hint,
  onChange,
  disabled,
}: {
  value: Audience;
  hint?: ComponentChildren;
  onChange: (to: Audience) => void;
  disabled?: boolean;
}) {
  return (
    <Choice
      label={t("compose_audience")}
      name="audience"
      value={value}
      hint={hint}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.value as Audience)}
      options={[
        ["everyone", t("audience_everyone")],
        ["followers", t("audience_followers")],
        ["mentioned", t("audience_mentioned")],
      ]}
    />
  );
}

/** The languages that are offered. A post may have any; the API takes every BCP 47 tag. */
const offered = [
  ..."am ar bg bn ca cs da de el en es et eu fa fi fr ga gl he hi hr hu hy id it ja ka ko lt lv mr ms nb ne nl pl".split(
    " ",
  ),
  ..."pt ro ru sk sl sq sr sv sw ta te th tr uk ur vi yi zh".split(" "),
];

export function LanguageChoice({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (to: string | null) => void;
}) {
  const names = new Intl.DisplayNames(ownLanguage.value, { type: "language" });
  const tags = value && !offered.includes(value) ? [...offered, value] : offered;
  const options = tags
    .map((tag) => [tag, names.of(tag) ?? tag] as const)
    .toSorted((a, b) => a[1].localeCompare(b[1]));
  return (
    <Choice
      label={t("compose_language")}
      name="language"
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || null)}
      options={[["", t("compose_no_language")], ...options]}
    />
  );
}
