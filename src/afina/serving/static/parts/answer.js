// One model's answer to the text: the label, how sure, what was not read, and whether the reader agrees.

import { labelName, number, percent, t } from "../i18n.js";
import { features, useSignal } from "../store.js";
import { html } from "../vendor/htm-preact.js";
import { Opinion } from "./opinion.js";
import { Scale } from "./scale.js";

export function Answer({ text, info, result, timing, stale, what, heading, feedback = true }) {
  const has = useSignal(features);
  const shown = what?.result ?? result;
  const changed = what?.result && what.result.label !== result.label;
  return html`
    <section class=${stale ? "card answer stale" : "card answer"} aria-busy=${stale} aria-label=${heading ?? t("answer")}>
      ${heading && html`<p class="eyebrow">${heading}</p>`}
      ${what && html`<p class="eyebrow what-if">${t("whatif.title")}</p>`}
      ${what?.empty
        ? html`<p class="verdict">${t("whatif.empty")}</p>`
        : html`<${Verdict} result=${shown} info=${info} />`}
      <${Scale} scores=${shown.scores} labels=${info.labels} threshold=${info.threshold}
        before=${what?.result ? result.scores : null} name=${t("scale.name")} />
      ${what?.result && html`
        <p class="note">${t(changed ? "whatif.changed" : "whatif.was", {
          label: labelName(result.label), percent: percent(result.score) })}</p>`}
      ${result.truncated && html`
        <p class="notice">${t("truncated", { tokens: result.tokens, most: info.max_tokens })}</p>`}
      ${feedback && !what && has.includes("feedback") && html`<${Opinion} key=${text} text=${text} info=${info} result=${result} />`}
      <p class="meta">
        <span>${t("tokens", { n: shown.tokens })}</span>
        ${timing && html`<span>${t("milliseconds", { ms: number(total(timing), { maximumFractionDigits: 1 }) })}</span>`}
        <span>${info.backend}</span>
      </p>
    </section>`;
}

function Verdict({ result, info }) {
  const side = info.labels.length === 2 ? info.labels.indexOf(result.label) : 1;
  return html`
    <div class=${`verdict-row side-${side}${result.uncertain ? " unsure" : ""}`}>
      <p class="verdict">${labelName(result.label)}</p>
      <p class="confidence"><b>${percent(result.score)}</b></p>
      <p class="certainty">${result.uncertain
        ? t("unsure", { percent: percent(info.threshold) })
        : info.threshold === null ? t("no_threshold") : t(info.threshold ? "sure" : "sure.always", { percent: percent(info.threshold) })}</p>
    </div>`;
}

const total = (timing) => timing.tokenize_ms + timing.queue_ms + timing.infer_ms;

/** The card before anything is typed: the scale at rest. */
export const Resting = ({ info }) => html`
  <section class="card answer" aria-label=${t("answer")}>
    <p class="verdict rest">${t("answer.rest")}</p>
    <${Scale} scores=${null} labels=${info.labels} threshold=${info.threshold} name=${t("scale.name")} />
    <p class="note">${t("answer.hint", { model: info.name })}</p>
  </section>`;
