// Type and see.

import { answer, countdown, explanation, failure, leftOut, phase, retry, stale, whatIf } from "../answering.js";
import { labelName, percent, t } from "../i18n.js";
import { model, modelNamed, models, rival, text, useSignal } from "../store.js";
import { html, useLayoutEffect, useRef } from "../vendor/htm-preact.js";
import { Answer, Resting } from "./answer.js";
import { History } from "./history.js";
import { FailureNote } from "./notices.js";
import { Sharing } from "./sharing.js";
import { Words } from "./words.js";

const EXAMPLES = ["negation", "irony", "mixed", "emoji", "spanish"];

export function WriteView() {
  const comparing = useSignal(rival) !== null;
  return html`
    <div class=${comparing ? "write comparing" : "write"}>
      <div class="typing">
        <h1>${t("write.title")}</h1>
        <${Typing} />
      </div>
      <div class="answers"><${Answers} /></div>
      <div class="why"><${Why} /></div>
      <div class="past"><${History} /></div>
    </div>`;
}

function Typing() {
  const typed = useSignal(text);
  const box = useRef(null);
  useLayoutEffect(() => {
    // The field grows with its text; where CSS can do that, it does.
    if (CSS.supports("field-sizing", "content")) return;
    box.current.style.height = "auto";
    box.current.style.height = `${box.current.scrollHeight + 2}px`;
  }, [typed]);
  return html`
    <div class="sheet">
      <label class="unseen" for="text">${t("write.label")}</label>
      <textarea id="text" ref=${box} value=${typed} rows="3" spellcheck="false"
        placeholder=${t("write.placeholder")} aria-describedby="privacy"
        onInput=${(event) => (text.value = event.target.value)}></textarea>
      <div class="sheet-foot">
        <${Rivals} />
        <${Sharing} />
      </div>
    </div>
    <p class="note unseen" id="privacy">${t("privacy")}</p>
    <div class="examples" role="group" aria-label=${t("examples")}>
      <span aria-hidden="true">${t("examples")}</span>
      ${EXAMPLES.map((one) => html`
        <button class="chip" onClick=${() => (text.value = t(`example.${one}.text`))}>${t(`example.${one}`)}</button>`)}
    </div>`;
}

function Rivals() {
  const all = useSignal(models);
  const own = useSignal(model);
  const other = useSignal(rival);
  if (all.length < 2) return html`<span></span>`;
  const choose = (event) => (rival.value = event.target.value || null);
  return html`
    <label class="inline">${t("compare.with")}
      <select value=${other ?? ""} onChange=${choose}>
        <option value="" selected=${other === null}>${t("compare.none")}</option>
        ${all.filter((one) => one.name !== own).map((one) => html`
          <option value=${one.name} selected=${one.name === other}>${one.name}</option>`)}
      </select>
    </label>`;
}

function Answers() {
  const found = useSignal(answer);
  const old = useSignal(stale);
  const what = useSignal(whatIf);
  const wrong = useSignal(failure);
  const state = useSignal(phase);
  const wait = useSignal(countdown);
  const info = modelNamed(useSignal(model));
  if (state === "failed" && wrong) {
    return html`<section class="card answer"><${FailureNote} failure=${wrong} countdown=${wait} retry=${retry} /></section>`;
  }
  if (!found || !modelNamed(found.model)) return html`<${Resting} info=${info} />`;
  const names = Object.keys(found.results);
  const one = (name) => html`
    <${Answer} key=${name} text=${found.text} info=${modelNamed(name)} result=${found.results[name]}
      timing=${found.timing} stale=${old} what=${name === found.model ? what : null}
      heading=${names.length > 1 ? name : null} feedback=${name === found.model} />`;
  return html`
    ${names.length > 1 && html`<${Agreement} found=${found} names=${names} />`}
    <div class="answer-cards">${names.map(one)}</div>`;
}

function Agreement({ found, names }) {
  const [a, b] = names.map((name) => found.results[name]);
  return found.agree
    ? html`<p class="agreement">${t("compare.agree", { label: labelName(a.label) })}</p>`
    : html`<p class="agreement differ">${t("compare.differ", {
        a: names[0], first: labelName(a.label), b: names[1], second: labelName(b.label),
        p: percent(a.score), q: percent(b.score) })}</p>`;
}

function Why() {
  const found = useSignal(answer);
  const state = useSignal(phase);
  useSignal(explanation);
  useSignal(leftOut);
  const info = found && modelNamed(found.model);
  return info && state !== "failed" ? html`<${Words} text=${found.text} info=${info} />` : null;
}
