// Feedback: what this reader sent, and, for who may, what all sent, to be read before anything learns from it.

import { Failure, ask, download } from "../api.js";
import { labelName, moment, t } from "../i18n.js";
import { model, modelNamed, sent, useSignal } from "../store.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";
import { FailureNote } from "./notices.js";
import { takeBack } from "./opinion.js";

export function FeedbackView() {
  return html`
    <div class="narrow stack">
      <div><h1>${t("feedback.title")}</h1><p class="lead">${t("feedback.lead")}</p></div>
      <${Own} />
      <${Review} />
    </div>`;
}

function Own() {
  const entries = useSignal(sent);
  const [failure, setFailure] = useState(null);
  const undo = (entry) => takeBack(entry).catch((error) => setFailure(error));
  return html`
    <section class="card" aria-labelledby="own-title">
      <h2 id="own-title">${t("feedback.own")}</h2>
      ${failure && html`<${FailureNote} failure=${failure} />`}
      ${entries.length === 0
        ? html`<p class="note">${t("feedback.none")}</p>`
        : html`<ul class="entries">${entries.map((entry) => html`
          <li key=${entry.id}><${Said} entry=${entry} />
            <button class="small quiet" onClick=${() => undo(entry)}><${Icon} name="undo" />${t("undo")}</button></li>`)}</ul>`}
    </section>`;
}

function Said({ entry }) {
  const right = entry.predicted === entry.correct;
  return html`
    <div><p class="entry-text">${entry.text}</p>
      <p class="note"><${Icon} name=${right ? "check" : "cross"} /> ${t(right ? "feedback.said_right" : "feedback.said_wrong", {
        predicted: labelName(entry.predicted), correct: labelName(entry.correct) })}
        ${entry.created && html` · ${moment(entry.created)}`}</p></div>`;
}

/** What waits to be read; only what was read and confirmed is exported. */
function Review() {
  const [entries, setEntries] = useState(null);
  const [failure, setFailure] = useState(null);
  const attempt = async (action) => {
    setFailure(null);
    try {
      await action();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
    }
  };
  const load = () => attempt(async () => {
    const body = await ask("v1/feedback?status=pending");
    setEntries(body.feedback ?? body.entries ?? body.items ?? []);
  });
  const settle = (entry, json) => attempt(async () => {
    await ask(`v1/feedback/${entry.id}/review`, { method: "POST", json });
    setEntries((all) => all.filter((one) => one.id !== entry.id));
  });
  const labels = modelNamed(useSignal(model)).labels;
  return html`
    <section class="card" aria-labelledby="review-title">
      <div class="card-head"><h2 id="review-title">${t("review.title")}</h2>
        <div class="row">
          <button class="small" onClick=${load}>${t(entries ? "review.again" : "review.load")}</button>
          <button class="small" onClick=${() => attempt(() => download("v1/feedback/export", "feedback.jsonl"))}>
            <${Icon} name="down" />${t("review.export")}</button>
        </div></div>
      <p class="note">${t("review.why")} <code>afina train SOURCE --add feedback.jsonl</code></p>
      ${failure && html`<${FailureNote} failure=${failure} />`}
      ${entries?.length === 0 && html`<p>${t("review.none")}</p>`}
      <ul class="entries">${(entries ?? []).map((entry) => html`
        <${Pending} key=${entry.id} entry=${entry} labels=${modelNamed(entry.model)?.labels ?? labels} settle=${settle} />`)}</ul>
    </section>`;
}

function Pending({ entry, labels, settle }) {
  const [correct, setCorrect] = useState(entry.correct);
  return html`
    <li><${Said} entry=${entry} />
      <div class="row">
        <label class="inline"><span class="unseen">${t("feedback.which")}</span>
          <select value=${correct} onChange=${(event) => setCorrect(event.target.value)}>
            ${labels.map((one) => html`<option value=${one} selected=${one === correct}>${labelName(one)}</option>`)}</select></label>
        <button class="small" onClick=${() => settle(entry, { status: "reviewed", correct })}><${Icon} name="check" />${t("review.accept")}</button>
        <button class="small quiet" onClick=${() => settle(entry, { status: "rejected" })}><${Icon} name="cross" />${t("review.reject")}</button>
      </div></li>`;
}
