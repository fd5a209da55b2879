/** The field of a search, and what one can write there. */
import { t } from "../app/messages.ts";
import { Button } from "./button.tsx";
import { Field } from "./field.tsx";
import { Form } from "./form.tsx";

/** @param words what is searched now */
export function SearchBox({
  words,
  label,
  onSearch,
}: {
  words: string;
  label: string;
  onSearch: (words: string) => void;
}) {
  return (
    <search>
      <Form
        class="search-box"
        label={label}
        onSubmit={({ q = "" }) => {
          if (q.trim()) onSearch(q.trim());
        }}
      >
        <Field
          key={words}
          label={label}
          name="q"
          type="search"
          defaultValue={words}
          maxLength={500}
          autocomplete="off"
        />
        <Button icon="search" kind="main" type="submit" label={t("search")} />
      </Form>
    </search>
  );
}

const grammar = [
  ["quiet garden", "grammar_words"],
  ['"quiet garden"', "grammar_phrase"],
  ["quiet or garden", "grammar_or"],
  ["-quiet", "grammar_without"],
  ["#garden", "grammar_tag"],
  ["from:alice", "grammar_from"],
  ["since:2026-01-31", "grammar_since"],
  ["until:2026-12-31", "grammar_until"],
] as const;

export function Grammar() {
  return (
    <details class="grammar">
      <summary>{t("grammar")}</summary>
      <dl>
        {grammar.map(([example, key]) => (
          <div key={key}>
            <dt>
              <code dir="ltr">{example}</code>
            </dt>
            <dd>{t(key)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
