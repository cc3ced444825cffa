// Which words moved the answer: marked in the text, left out at a press, or in a table.

import { explainFor, explaining, explanation, leftOut, putAllBack, target, toggleWord, whatIf } from "../answering.js";
import { labelName, number, t, unsigned } from "../i18n.js";
import { pieces } from "../offsets.js";
import { useSignal } from "../store.js";
import { html, useRef, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";

/** Shares of the largest weight from which a word is marked faintly, clearly and strongly. */
const STEPS = [0.12, 0.35, 0.7];
/** Of the two sides, as they stand on the scale: left and right, against and for. */
const SIGNS = ["−", "+"];

export function Words({ text, info }) {
  const told = useSignal(explanation);
  const busy = useSignal(explaining);
  const gone = useSignal(leftOut);
  const changed = useSignal(whatIf);
  const wish = useSignal(target);
  const [asTable, setAsTable] = useState(false);
  const current = told !== null && told.text === text;
  if (!told || told.error) {
    return told?.error ? html`<section class="card"><p class="note">${t("words.failed")}</p></section>`
      : html`<section class="card words" aria-busy="true" aria-label=${t("words.title")}>
          <div class="card-head"><h2>${t("words.title")}</h2></div><p class="note">${t("words.waiting")}</p></section>`;
  }
  const side = sideOf(told, info);
  return html`
    <section class=${current && !busy ? "card words" : "card words stale"} aria-busy=${busy} aria-label=${t("words.title")}>
      <div class="card-head">
        <h2>${t("words.title")}</h2>
        <div class="row">
          ${info.labels.length > 2 && html`
            <label class="inline">${t("words.for")}
              <select value=${wish ?? told.target} onChange=${(event) => explainFor(event.target.value)}>
                ${info.labels.map((one) => html`
                  <option value=${one} selected=${one === (wish ?? told.target)}>${labelName(one)}</option>`)}
              </select></label>`}
          <div class="segmented" role="group" aria-label=${t("words.view")}>
            <button aria-pressed=${!asTable} onClick=${() => setAsTable(false)}>${t("words.text")}</button>
            <button aria-pressed=${asTable} onClick=${() => setAsTable(true)}>${t("words.table")}</button>
          </div>
        </div>
      </div>
      ${asTable
        ? html`<${Table} told=${told} side=${side} info=${info} gone=${gone} />`
        : html`<${Marked} told=${told} side=${side} info=${info} gone=${gone} />`}
      <div class="legend">
        ${info.labels.length === 2
          ? info.labels.map((label, i) => html`<span><mark class=${`side-${i} level-2`}>${t("words.sample")}</mark><sup aria-hidden="true">${SIGNS[i]}</sup> ${
              t("words.speaks", { label: labelName(label) })}</span>`)
          : [t("words.against", { label: labelName(told.target) }), t("words.speaks", { label: labelName(told.target) })].map((said, i) => html`
              <span><mark class=${`side-${i} level-2`}>${t("words.sample")}</mark><sup aria-hidden="true">${SIGNS[i]}</sup> ${said}</span>`)}
        ${gone.size > 0 && html`
          <button class="small" onClick=${putAllBack}><${Icon} name="undo" />${t("whatif.reset", { n: gone.size })}</button>`}
      </div>
      ${changed?.error && html`<p class="note">${t(`error.${changed.error}`)}</p>`}
      <${Trust} told=${told} />
    </section>`;
}

/** Which label a weight speaks for: 0 or 1 of two; of more, 1 is for the explained label and 0 against it. */
function sideOf(told, info) {
  const explained = info.labels.length === 2 ? info.labels.indexOf(told.target) : 1;
  return (weight) => (weight > 0 ? explained : 1 - explained);
}

function levelOf(weight, largest) {
  const share = Math.abs(weight) / largest;
  return STEPS.filter((step) => share >= step).length;
}

const largestOf = (told) => Math.max(1e-9, ...told.words.map((word) => Math.abs(word.weight)));

function spokenOf(word, told, side, info) {
  if (!word.read) return t("words.unread", { word: word.text });
  const label = info.labels.length === 2 ? info.labels[side(word.weight)] : told.target;
  const key = info.labels.length > 2 && word.weight < 0 ? "words.said_against" : "words.said";
  return t(key, { word: word.text, label: labelName(label), weight: unsigned(word.weight) });
}

/** The text with its words as buttons: one stop for Tab, arrows go from word to word, Enter leaves a word out. */
function Marked({ told, side, info, gone }) {
  const [at, setAt] = useState(0);
  const box = useRef(null);
  const largest = largestOf(told);
  const parts = pieces(told.text, told.words);
  const count = told.words.length;
  const current = Math.min(at, count - 1);

  const move = (event) => {
    const to = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: count - 1 }[event.key];
    if (to === undefined || to < 0 || to >= count) return;
    event.preventDefault();
    setAt(to);
    box.current.querySelector(`[data-word="${to}"]`).focus();
  };
  return html`
    <p class="note">${t("words.how")}</p>
    <div class="marked" role="toolbar" aria-label=${t("words.toolbar")} ref=${box} onKeyDown=${move}>
      ${parts.map((piece) => {
        if (piece.word === null) return piece.text;
        const word = told.words[piece.word];
        const level = word.read ? levelOf(word.weight, largest) : 0;
        const out = gone.has(piece.word);
        return html`
          <button class=${`word side-${side(word.weight)} level-${level}${word.read ? "" : " unread"}`}
            data-word=${piece.word} data-sign=${level > 0 && !out ? SIGNS[side(word.weight)] : undefined} tabindex=${piece.word === current ? 0 : -1} aria-pressed=${out}
            aria-label=${spokenOf(word, told, side, info)} title=${word.read ? unsigned(word.weight) : ""}
            onFocus=${() => setAt(piece.word)} onClick=${() => toggleWord(piece.word)}
            ><mark>${piece.text}</mark></button>`;
      })}
    </div>`;
}

function Table({ told, side, info, gone }) {
  const largest = largestOf(told);
  const rows = told.words.map((word, place) => ({ ...word, place })).filter((word) => word.read);
  rows.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${t("words.table")}>
      <table>
        <thead><tr><th scope="col">${t("words.word")}</th><th scope="col">${t("words.direction")}</th>
          <th scope="col" class="figure">${t("words.weight")}</th><th scope="col">${t("words.without")}</th></tr></thead>
        <tbody>${rows.map((word) => html`
          <tr>
            <th scope="row"><mark class=${`side-${side(word.weight)} level-${levelOf(word.weight, largest)}`}>${word.text}</mark></th>
            <td>${info.labels.length > 2 && word.weight < 0
              ? t("words.against", { label: labelName(told.target) })
              : t("words.speaks", { label: labelName(info.labels.length === 2 ? info.labels[side(word.weight)] : told.target) })}</td>
            <td class="figure">${unsigned(word.weight)}</td>
            <td><label class="check"><input type="checkbox" checked=${gone.has(word.place)}
              onChange=${() => toggleWord(word.place)} /><span class="unseen">${t("words.leave", { word: word.text })}</span></label></td>
          </tr>`)}</tbody>
      </table>
    </div>`;
}

function Trust({ told }) {
  const figure = (value) => number(value, { signDisplay: "exceptZero", maximumFractionDigits: 2 });
  return html`
    <details>
      <summary>${t("trust.title")}</summary>
      <p>${t("trust.how", { method: told.method, evals: told.evals })}</p>
      <ul>
        <li>${t("trust.comprehensiveness", { value: figure(told.comprehensiveness) })}</li>
        <li>${t("trust.sufficiency", { value: figure(told.sufficiency) })}</li>
      </ul>
      ${(told.notes ?? []).map((note) => html`<p class="note" lang="en">${note}</p>`)}
      <p class="note">${t("trust.limits")}</p>
    </details>`;
}
