// The top of the page: where one is, which model answers, language and theme; and its foot.

import { LANGUAGES, chosen, language, t } from "../i18n.js";
import { place } from "../route.js";
import { cardOf, features, model, modelNamed, models, theme, useSignal } from "../store.js";
import { html } from "../vendor/htm-preact.js";
import { Icon, Mark } from "./icons.js";

const DARK = matchMedia("(prefers-color-scheme: dark)");

export function Header() {
  const here = useSignal(place);
  const has = useSignal(features);
  const link = (to, key) => html`
    <a href=${`#/${to}`} aria-current=${here === to ? "page" : undefined}>${t(key)}</a>`;
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
    <header class="top">
      <a class="brand" href="#/" aria-label=${t("home")}><${Mark} />afina</a>
      <nav aria-label=${t("nav")}>${link("", "nav.write")}${has.includes("jobs") && link("file", "nav.file")}${
        has.includes("feedback") && link("feedback", "nav.feedback")}</nav>
      <div class="settings">
        <${ModelPicker} />
        <${LanguagePicker} />
        <${ThemeButton} />
      </div>
    </header>`;
}

function skip(event) {
  event.preventDefault(); // the fragment is the route's
  document.getElementById("main").focus();
}

function ModelPicker() {
  const all = useSignal(models);
  const current = useSignal(model);
  if (!current) return null;
  const warned = modelNamed(current)?.warnings?.length > 0;
  return html`
    <div class="picker">
      ${all.length > 1 && html`
        <select aria-label=${t("model")} value=${current} onChange=${(event) => (model.value = event.target.value)}>
          ${all.map((one) => html`<option value=${one.name} selected=${one.name === current}>${one.name}</option>`)}
        </select>`}
      <button class="quiet" aria-haspopup="dialog" onClick=${() => (cardOf.value = current)}>
        <${Icon} name=${warned ? "warn" : "info"} />
        <span class=${all.length > 1 ? "wide-only" : "model-name"}>${all.length > 1 ? t("card.open") : current}</span>
        <span class="unseen">${all.length > 1 ? current : t("card.open")}</span>
      </button>
    </div>`;
}

function LanguagePicker() {
  const tag = useSignal(language);
  return html`
    <div class="segmented" role="group" aria-label=${t("language")}>
      ${Object.entries(LANGUAGES).map(([one, name]) => html`
        <button lang=${one} aria-pressed=${one === tag} onClick=${() => (chosen.value = one)}>
          <span aria-hidden="true">${one.toUpperCase()}</span><span class="unseen">${name}</span>
        </button>`)}
    </div>`;
}

function ThemeButton() {
  const set = useSignal(theme);
  const dark = set ? set === "dark" : DARK.matches;
  return html`
    <button class="quiet square" onClick=${() => (theme.value = dark ? "light" : "dark")}
      aria-label=${t(dark ? "theme.light" : "theme.dark")} title=${t(dark ? "theme.light" : "theme.dark")}>
      <${Icon} name=${dark ? "sun" : "moon"} />
    </button>`;
}

export const Footer = () => html`
  <footer>
    <p>${t("privacy")}</p>
    <p><a href="docs">${t("api")}</a></p>
  </footer>`;
