/**
 * HTML templates that escape every value. The template itself is markup, and each value
 * in it is text. This module does not need Deno, so tests may run it anywhere.
 */
const brand: unique symbol = Symbol("html");

/** Markup that `html` made. A template escapes every other value. */
export interface Html {
  readonly [brand]: string;
}

type Value = string | number | Html | Html[] | undefined;

/** Escapes values for text and for quoted attributes. `undefined` adds nothing. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  const markup = strings.map((text, index) => text + markupOf(values[index]));
  return { [brand]: markup.join("") };
}

/** The finished markup. */
export function toText(markup: Html): string {
  return markup[brand];
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function markupOf(value: Value): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map(toText).join("");
  return typeof value === "object" ? toText(value) : escapeHtml(String(value));
}
