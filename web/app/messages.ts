/**
 * The words of the client, in the language of the person. English is in the first file. Other languages are
 * loaded when they are chosen. `messages/en.ts` and `messages/later.ts` have every key.
 */
import { computed, signal } from "@preact/signals";
import { en, type Message } from "../messages/en.ts";
import type { Messages } from "../messages/later.ts";

export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;
export type MessageKey = keyof Messages;

const others: Record<Exclude<Language, "en">, () => Promise<Messages>> = {
  de: () => import("../messages/de.ts").then(({ de }) => de),
};

const storedKey = "plaza.language";
export const language = signal<Language>("en");
/** How dates are written. The browser also knows the country: British English puts the day first. */
export const dateLocale = computed(
  () => navigator.languages.find((tag) => tag.split("-")[0] === language.value) ?? language.value,
);
const words = signal<Partial<Messages>>(en);
/** To make one takes long, and few words need it: it is made with the first of them. */
let plurals: Intl.PluralRules | undefined;

/**
 * @param key a name of en.ts
 * @param values replace `{name}` in the text. `count` also chooses between one and many
 */
export function t(key: MessageKey, values?: Record<string, string | number>): string {
  // Only while later.ts is loaded, a word may be missing.
  const message: Message = words.value[key] ?? "";
  const text =
    typeof message === "string"
      ? message
      : pluralOf(Number(values?.count)) === "one"
        ? message.one
        : message.other;
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

function pluralOf(count: number): Intl.LDMLPluralRule {
  plurals ??= new Intl.PluralRules(language.value);
  return plurals.select(count);
}

/** Whether there is such a message. For keys that are made of codes. */
export function isKey(key: string): key is MessageKey {
  return Object.hasOwn(words.value, key);
}

/** Loads the words of the other pages. The router calls it with the first page that is not home. */
export async function loadLater(): Promise<void> {
  if (language.value !== "en" || isKey("compose_text")) return;
  const { later } = await import("../messages/later.ts");
  if (language.value === "en") words.value = { ...en, ...later };
}

/** A number as the person's language writes it. */
export function number(value: number, options?: Intl.NumberFormatOptions): string {
  // Every language of this client writes them so. To make a format takes as long as to draw a post.
  if (!options && Number.isInteger(value) && value >= 0 && value < 1_000) return String(value);
  return new Intl.NumberFormat(language.value, options).format(value);
}

/** To make a format takes long, and a timeline has many counts. Each is made once for each language. */
const shortFormats = new Map<Language, Intl.NumberFormat>();

/** 1234 as 1.2K. */
export function shortNumber(value: number): string {
  if (value < 1_000) return number(value);
  const made =
    shortFormats.get(language.value) ??
    new Intl.NumberFormat(language.value, { notation: "compact", maximumFractionDigits: 1 });
  shortFormats.set(language.value, made);
  return made.format(value);
}

/** Loads a language and shows it. @param chosen null: the browser's language */
export async function useLanguage(chosen?: Language | null): Promise<void> {
  if (chosen) localStorage.setItem(storedKey, chosen);
  if (chosen === null) localStorage.removeItem(storedKey);
  const wanted = window.plazaLanguage();
  const next = isLanguage(wanted) ? wanted : "en";
  // Without the network the words stay English.
  const loaded = next === "en" ? en : await others[next]().catch(() => undefined);
  language.value = loaded ? next : "en";
  plurals = undefined;
  words.value = loaded ?? en;
  // Who chooses English in the settings is not at home.
  if (chosen !== undefined) await loadLater();
  document.documentElement.lang = language.value;
  document.documentElement.dir = "ltr";
}

function isLanguage(tag: string): tag is Language {
  return Object.hasOwn(languages, tag);
}
