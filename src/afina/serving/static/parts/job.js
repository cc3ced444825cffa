// A job under way and done: progress, downloads, and its results at a glance.

import { download } from "../api.js";
import { duration, labelName, number, percent, t } from "../i18n.js";
import { busy, cancel, ended, job, startAnew, summary } from "../jobs.js";
import { lastJob, modelNamed, useSignal } from "../store.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";

export function Job() {
  const one = useSignal(job);
  const found = useSignal(summary);
  const waiting = useSignal(busy);
  const over = ended(one);
  const done = one.state.startsWith("done");
  const { name = "texts" } = useSignal(lastJob) ?? {};
  const format = one.format;
  const stem = name.replace(/(\.\w{1,7})+$/, "");
  return html`
    <section class="card" aria-labelledby="job-title">
      <div class="card-head"><h2 id="job-title">${t(`job.${one.state}`)}</h2>
        ${over
          ? html`<button class="small quiet" onClick=${startAnew}>${t("file.another")}</button>`
          : html`<button class="small" disabled=${waiting !== null} onClick=${cancel}><${Icon} name="cross" />${t("job.cancel")}</button>`}</div>
      ${!over && html`<progress aria-label=${t("job.running")} max=${one.rows_total || undefined}
        value=${one.rows_total ? one.rows_done : undefined}></progress>`}
      <p class="counts">
        <span>${t("job.progress", { done: number(one.rows_done), total: one.rows_total ? number(one.rows_total) : "?" })}</span>
        ${one.rows_failed > 0 && html`<span>${t("job.failed_rows", { n: one.rows_failed })}</span>`}
        ${!over && one.eta_s > 0 && html`<span>${t("job.eta", { time: duration(one.eta_s) })}</span>`}
      </p>
      ${[one.reason, ...(one.messages ?? [])].filter(Boolean).map((note) => html`<p class="notice" lang="en">${note}</p>`)}
      <div class="row">
        ${done && html`<button class="primary" onClick=${() => download(`v1/jobs/${one.id}/result`, `${stem}-labelled.${format}`)}>
          <${Icon} name="down" />${t("job.download", { format: t(`format.${format}`) })}</button>`}
        ${over && one.rows_failed > 0 && html`
          <button onClick=${() => download(`v1/jobs/${one.id}/errors`, `${stem}-errors.jsonl`)}>
            <${Icon} name="down" />${t("job.errors")}</button>`}
      </div>
      ${done && format === "parquet" && html`<p class="note">${t("results.parquet")}</p>`}
      ${found?.tooLarge && html`<p class="note">${t("results.large")}</p>`}
    </section>
    ${found?.total > 0 && html`<${Results} found=${found} threshold=${modelNamed(one.model)?.threshold} />`}`;
}

function Results({ found, threshold }) {
  const most = Math.max(...found.counts.map(([, n]) => n));
  return html`
    <section class="card" aria-labelledby="results-title">
      <h2 id="results-title">${t("results.title")}</h2>
      <div class="results">
        <div><h3>${t("results.counts")}</h3>
          <ul class="bars">${found.counts.map(([label, n]) => html`
            <li><span class="bar-label">${labelName(label)}</span>
              <span class="bar" aria-hidden="true"><span class="fill" style=${{ "--at": `${(n / most) * 100}%` }}></span></span>
              <b>${number(n)} <small>${percent(n / found.total)}</small></b></li>`)}</ul>
          <p class="note">${threshold === null || threshold === undefined ? t("no_threshold")
            : t("results.unsure", { n: found.unsure, share: percent(found.unsure / found.total) })}</p></div>
        ${found.bins && html`<div><h3>${t("results.sureness")}</h3>
          <${Histogram} bins=${found.bins} total=${found.total} threshold=${threshold} /></div>`}
      </div>
    </section>
    ${found.least && html`<${LeastSure} found=${found} />`}`;
}

const WIDTH = 320, HEIGHT = 120, FOOT = 18;

/** How many answers are how sure; empty bins below the least sure are left out. */
function Histogram({ bins, total, threshold }) {
  const first = Math.max(0, Math.min(bins.findIndex((n) => n > 0), bins.length / 2));
  const shown = bins.slice(first);
  const most = Math.max(...shown);
  const step = WIDTH / shown.length;
  const share = (i) => (first + i) / bins.length;
  const peak = shown.indexOf(most);
  const told = t("results.histogram", { from: percent(share(peak)), to: percent(share(peak + 1)), share: percent(most / total) });
  return html`
    <svg class="histogram" viewBox=${`0 0 ${WIDTH} ${HEIGHT + FOOT}`} role="img" aria-label=${told}>
      ${shown.map((n, i) => html`<rect x=${i * step + 1} y=${HEIGHT - (n / most) * (HEIGHT - 6)} width=${step - 2}
        height=${Math.max(n > 0 ? 2 : 0, (n / most) * (HEIGHT - 6))} rx="2" />`)}
      <path d=${`M0 ${HEIGHT + 0.5}H${WIDTH}`} />
      ${threshold > share(0) && html`<path class="threshold" d=${`M${((threshold - share(0)) / (1 - share(0))) * WIDTH} 0V${HEIGHT}`} />`}
      <text x="0" y=${HEIGHT + 14}>${percent(share(0))}</text>
      <text x=${WIDTH} y=${HEIGHT + 14} text-anchor="end">${number(1, { style: "percent" })}</text>
    </svg>`;
}

const ROWS_SHOWN = 25;

function LeastSure({ found }) {
  const [label, setLabel] = useState(null);
  const [many, setMany] = useState(ROWS_SHOWN);
  const rows = found.least.get(label);
  return html`
    <section class="card" aria-labelledby="least-title">
      <div class="card-head"><h2 id="least-title">${t("results.least")}</h2>
        <label class="inline">${t("results.only")}
          <select value=${label ?? ""} onChange=${(event) => setLabel(event.target.value || null)}>
            <option value="" selected=${label === null}>${t("results.all")}</option>
            ${found.counts.map(([one]) => html`<option value=${one} selected=${one === label}>${labelName(one)}</option>`)}
          </select></label></div>
      <p class="note">${t("results.least.why")}</p>
      <ol class="least">${rows.slice(0, many).map((one) => html`
        <li><span class="entry-text">${textOf(one.row)}</span>
          <small class=${one.uncertain ? "unsure-tag" : ""}>${labelName(one.label)} ${percent(one.score)}${one.uncertain && ` · ${t("unsure.short")}`}</small></li>`)}</ol>
      ${rows.length > many && html`<button class="small" onClick=${() => setMany(many + ROWS_SHOWN)}>${t("results.more")}</button>`}
    </section>`;
}

/** The cell that is the text: the longest of those that are no answer. */
function textOf(row) {
  const cells = Object.entries(row).filter(([name]) => !/^(predicted_|probability_|uncertain$)/.test(name));
  return cells.map(([, value]) => String(value ?? "")).reduce((a, b) => (b.length > a.length ? b : a), "");
}
