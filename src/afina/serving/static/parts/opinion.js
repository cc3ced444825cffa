// Was this right? The reader's opinion, sent with the text, and taken back.

import { Failure, ask } from "../api.js";
import { labelName, t } from "../i18n.js";
import { sent, useSignal } from "../store.js";
import { html, useState } from "../vendor/htm-preact.js";
import { FailureNote } from "./notices.js";
import { Icon } from "./icons.js";

export async function sendFeedback({ text, info, result, correct }) {
  const json = { text, model: info.name, predicted: result.label, correct, score: result.score };
  const { id, undo } = await ask("v1/feedback", { method: "POST", json });
  const entry = { id, undo, text, model: info.name, predicted: result.label, correct };
  sent.value = [entry, ...sent.value];
  return entry;
}

export async function takeBack(entry) {
  await ask(`v1/feedback/${entry.id}?undo=${encodeURIComponent(entry.undo)}`, { method: "DELETE" });
  sent.value = sent.value.filter((one) => one.id !== entry.id);
}

export function Opinion({ text, info, result }) {
  const [choosing, setChoosing] = useState(false);
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const entry = useSignal(sent).find((one) => one.text === text && one.model === info.name);

  const attempt = async (action) => {
    setBusy(true);
    setFailure(null);
    try {
      await action();
      setChoosing(false);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const say = (correct) => attempt(() => sendFeedback({ text, info, result, correct }));

  if (entry) {
    return html`
      <div class="opinion" role="status">
        <p><${Icon} name="check" /> ${t("feedback.thanks", { label: labelName(entry.correct) })}</p>
        <button class="small quiet" disabled=${busy} onClick=${() => attempt(() => takeBack(entry))}>
          <${Icon} name="undo" />${t("undo")}</button>
        ${failure && html`<${FailureNote} failure=${failure} />`}
      </div>`;
  }
  const others = info.labels.filter((label) => label !== result.label);
  return html`
    <div class="opinion" role="group" aria-label=${t("feedback.ask")}>
      <p>${choosing ? t("feedback.which") : t("feedback.ask")}</p>
      ${choosing
        ? html`${others.map((label) => html`
            <button class="small" disabled=${busy} onClick=${() => say(label)}>${labelName(label)}</button>`)}
          <button class="small quiet" onClick=${() => setChoosing(false)}>${t("cancel")}</button>`
        : html`
          <button class="small" disabled=${busy} onClick=${() => say(result.label)}><${Icon} name="check" />${t("yes")}</button>
          <button class="small" disabled=${busy} onClick=${() => setChoosing(true)}><${Icon} name="cross" />${t("no")}</button>`}
      <p class="note">${t("feedback.stored")}</p>
      ${failure && html`<${FailureNote} failure=${failure} />`}
    </div>`;
}
