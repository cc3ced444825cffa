// The page's words in the reader's language; each language is one file in strings/, fetched when it is wanted.

import { kept } from "./store.js";
import { signal } from "./vendor/signals-core.js";

export const LANGUAGES = { en: "English", es: "Español" };

/** The language chosen by the reader, or null: as the browser has it. */
export const chosen = kept("language", null);
export const language = signal("en");

let strings = {};

/** The language to speak: the chosen one, else the first of the browser's that there is. */
export function wanted() {
  const asked = [chosen.value, ...(navigator.languages ?? [navigator.language])];
  return asked.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) ?? "en";
}

export async function speak(tag) {
  strings = (await import(`./strings/${tag}.js`)).default;
  document.documentElement.lang = tag;
  language.value = tag;
}

/** The sentence of a key, `{name}`s replaced; a list `[one, other]` is chosen from by `n`. */
export function t(key, values = {}) {
  let sentence = strings[key] ?? key;
  if (Array.isArray(sentence)) {
    sentence = sentence[new Intl.PluralRules(language.value).select(values.n) === "one" ? 0 : 1];
  }
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? number(value) : value;
  });
}

/** A label in the reader's language where it is one of the usual ones; else as the model has it. */
export const labelName = (label) => strings.labels?.[label.toLowerCase()] ?? label;

export const number = (value, options) => new Intl.NumberFormat(language.value, options).format(value);

/** 0.973 as `97 %`; never 100 % or 0 % of what is not. */
export function percent(share) {
  const digits = share > 0.995 || share < 0.005 ? 1 : 0;
  const most = 0.999, least = 0.001;
  const shown = share < 1 && share > most ? most : share > 0 && share < least ? least : share;
  const sign = shown !== share ? (share > 0.5 ? "> " : "< ") : "";
  return sign + number(shown, { style: "percent", maximumFractionDigits: digits });
}

/** A weight without its sign, which is told in words beside it. */
export const unsigned = (weight) => number(Math.abs(weight), { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function duration(seconds) {
  if (seconds < 90) return number(Math.max(1, Math.round(seconds)), { style: "unit", unit: "second" });
  return number(Math.round(seconds / 60), { style: "unit", unit: "minute" });
}

export const moment = (iso) =>
  new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
