// What was typed before: in this browser alone, until the reader clears it.

import { labelName, percent, t } from "../i18n.js";
import { history, keepsHistory, text, useSignal } from "../store.js";
import { html } from "../vendor/htm-preact.js";

export function History() {
  const entries = useSignal(history);
  const keeps = useSignal(keepsHistory);
  const keep = (event) => {
    keepsHistory.value = event.target.checked;
    if (!event.target.checked) history.value = [];
  };
  return html`
    <section class="history" aria-labelledby="history-title">
      <div class="card-head">
        <h2 id="history-title">${t("history.title")}</h2>
        <label class="check"><input type="checkbox" checked=${keeps} onChange=${keep} />${t("history.keep")}</label>
      </div>
      ${entries.length === 0
        ? html`<p class="note">${t("history.empty")}</p>`
        : html`
          <ol>${entries.map((one) => html`
            <li key=${one.text}><button class="past-text" onClick=${() => recall(one.text)}>
              <span>${one.text}</span><small>${labelName(one.label)} ${percent(one.score)}</small></button></li>`)}
          </ol>
          <p class="note">${t("history.where")}</p>
          <button class="small" onClick=${() => (history.value = [])}>${t("history.clear")}</button>`}
    </section>`;
}

function recall(past) {
  text.value = past;
  document.getElementById("text").focus();
}
