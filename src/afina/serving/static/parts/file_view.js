// A whole file of texts: drop or paste, choose the column, watch, take the results home.

import { t } from "../i18n.js";
import { PASTED, busy, choose, choosePasted, failure, file, job, preview, resume, start, startAnew } from "../jobs.js";
import { model, useSignal } from "../store.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";
import { Job } from "./job.js";
import { FailureNote } from "./notices.js";

const ACCEPTED = ".csv,.tsv,.jsonl,.json,.txt,.parquet,.gz";
/** What the server calls no column. */
const NO_TITLE = "none";
const FORMATS = ["csv", "jsonl", "parquet"];

export function FileView() {
  const running = useSignal(job);
  const looked = useSignal(preview);
  const wrong = useSignal(failure);
  useEffect(() => void resume(), []);
  return html`
    <div class="narrow stack">
      <div><h1>${t("file.title")}</h1><p class="lead">${t("file.lead")}</p></div>
      ${wrong && html`<div class="card" role="alert"><${FailureNote} failure=${wrong} /></div>`}
      ${running ? html`<${Job} />` : looked ? html`<${Choices} key=${looked} />` : html`<${Source} />`}
    </div>`;
}

function Source() {
  const state = useSignal(busy);
  const [over, setOver] = useState(false);
  const [pasted, setPasted] = useState("");
  const input = useRef(null);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    const [dropped] = event.dataTransfer.files;
    if (dropped) choose(dropped);
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const lines = pasted.split("\n").filter((line) => line.trim()).length;
  return html`
    <div class=${over ? "drop over" : "drop"} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}
      aria-busy=${state === "looking"}>
      <${Icon} name="file" />
      <p>${state === "looking" ? t("file.looking") : t("file.drop")}</p>
      <button class="primary" disabled=${state !== null} onClick=${() => input.current.click()}>${t("file.choose")}</button>
      <input ref=${input} hidden type="file" id="file" accept=${ACCEPTED}
        onChange=${(event) => event.target.files[0] && choose(event.target.files[0])} />
      <p class="note">${t("file.kinds")}</p>
    </div>
    <section class="card" aria-labelledby="paste-title">
      <h2 id="paste-title">${t("paste.title")}</h2>
      <label class="note" for="lines">${t("paste.label")}</label>
      <textarea id="lines" class="plain" rows="6" value=${pasted} onInput=${(event) => setPasted(event.target.value)}></textarea>
      <div class="row end">
        <span class="note">${lines > 0 && t("paste.lines", { n: lines })}</span>
        <button disabled=${lines === 0 || state !== null} onClick=${() => choosePasted(pasted)}>${t("paste.use")}</button>
      </div>
    </section>
    <p class="note">${t("file.privacy")}</p>`;
}

function Choices() {
  const { columns, rows, text_column: guessed, title_column: guessedTitle, rows_total: total, format: looked, reason } = useSignal(preview);
  const chosen = useSignal(file);
  const state = useSignal(busy);
  const name = useSignal(model);
  const [textColumn, setTextColumn] = useState(guessed ?? columns[0]);
  const [titleColumn, setTitleColumn] = useState(guessedTitle ?? NO_TITLE);
  const [format, setFormat] = useState(chosen.name === PASTED ? "csv" : (looked ?? "csv"));
  const option = (value, current, shown = value) => html`
    <option value=${value} selected=${value === current}>${shown}</option>`;
  return html`
    <section class="card" aria-labelledby="preview-title">
      <div class="card-head"><h2 id="preview-title">${chosen.name}</h2>
        <button class="small quiet" onClick=${startAnew}>${t("file.another")}</button></div>
      <p class="note">${total ? t("preview.rows", { n: total }) : t("preview.unknown")}</p>
      ${reason && html`<p class="notice" lang="en">${reason}</p>`}
      <div class="choices">
        <label>${t("preview.column")}
          <select id="column" value=${textColumn} onChange=${(event) => setTextColumn(event.target.value)}>
            ${columns.map((one) => option(one, textColumn))}</select></label>
        ${columns.length > 1 && html`<label>${t("preview.title_column")}
          <select id="title-column" value=${titleColumn} onChange=${(event) => setTitleColumn(event.target.value)}>
            ${option(NO_TITLE, titleColumn, t("preview.no_title"))}
            ${columns.filter((one) => one !== textColumn).map((one) => option(one, titleColumn))}</select></label>`}
        <label>${t("preview.format")}
          <select id="format" value=${format} onChange=${(event) => setFormat(event.target.value)}>
            ${FORMATS.map((one) => option(one, format, t(`format.${one}`)))}</select></label>
        <button class="primary" disabled=${state !== null} onClick=${() => start({ textColumn, titleColumn, format })}>
          ${state === "sending" ? t("job.sending") : t("job.start", { model: name })}</button>
      </div>
      <div class="scroll preview" tabindex="0" role="region" aria-label=${t("preview.title", { n: rows.length })}>
        <table>
          <caption>${t("preview.title", { n: rows.length })}</caption>
          <thead><tr>${columns.map((one) => html`
            <th scope="col" class=${one === textColumn ? "chosen" : ""}>${one}${one === textColumn &&
              html`<small> ${t("preview.chosen")}</small>`}</th>`)}</tr></thead>
          <tbody>${rows.map((row) => html`<tr>${columns.map((one, i) => html`
            <td class=${one === textColumn ? "chosen" : ""}>${cell(Array.isArray(row) ? row[i] : row[one])}</td>`)}</tr>`)}</tbody>
        </table>
      </div>
    </section>`;
}

const LONGEST_CELL = 160;

function cell(value) {
  if (value === null || value === undefined) return "";
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  return shown.length > LONGEST_CELL ? `${shown.slice(0, LONGEST_CELL)}…` : shown;
}
