/**
 * HTML that is escaped by construction: what stands in the template is markup,
 * what is put into it is text. Free of Deno, for tests in any runtime.
 */
const brand: unique symbol = Symbol("html");

/** Markup made by `html`; nothing else is put into a template unescaped. */
export interface Html {
  readonly [brand]: string;
}

type Value = string | number | Html | Html[] | undefined;

/** Values are escaped for text and for quoted attributes; `undefined` is nothing. */
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
