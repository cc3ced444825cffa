// The model's card, in a drawer: what it was made of, how good it is, and its run's report.

import { Failure, ask, download } from "../api.js";
import { labelName, moment, number, percent, t } from "../i18n.js";
import { cardOf, modelNamed, token, useSignal } from "../store.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";
import { Dialog } from "./notices.js";

const METRICS = ["accuracy", "f1", "precision", "recall", "matthews"];

export function Card() {
  const name = useSignal(cardOf);
  const info = name && modelNamed(name);
  const close = () => (cardOf.value = null);
  return html`
    <${Dialog} open=${Boolean(info)} close=${close} label=${t("card.title")} kind="drawer">
      ${info && html`
        <div class="card-head"><div><p class="eyebrow">${t("card.title")}</p><h2>${info.name}</h2></div>
          <button class="quiet square" aria-label=${t("close")} onClick=${close}><${Icon} name="cross" /></button></div>
        ${info.warnings.map((one) => html`<p class="notice" lang="en">${one}</p>`)}
        <${Facts} info=${info} />
        <${Metrics} info=${info} />
        <${Report} name=${info.name} />`}
    <//>`;
}

function Facts({ info }) {
  const details = info.details ?? {};
  const facts = [
    [t("card.labels"), info.labels.map(labelName).join(", ")],
    [t("card.base"), details.base_model],
    [t("card.method"), details.method],
    [t("card.trained_on"), [details.training_data].flat().filter(Boolean).join(", ")],
    [t("card.created"), details.created && moment(details.created)],
    [t("card.max_tokens"), number(info.max_tokens)],
    [t("card.long_text"), t(`card.long_text.${info.long_text}`)],
    [t("card.threshold"), info.threshold === null ? t("card.no_threshold") : percent(info.threshold)],
    [t("card.temperature"), number(info.temperature, { maximumFractionDigits: 2 })],
    [t("card.backend"), info.backend],
    [t("card.revision"), info.revision],
  ];
  return html`<dl class="facts">${facts.filter(([, value]) => value).map(([name, value]) => html`
    <div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Metrics({ info }) {
  const test = info.details?.test ?? {};
  const rows = METRICS.filter((name) => Number.isFinite(test[name]?.value));
  if (rows.length === 0) return html`<p class="note">${t("card.no_metrics")}</p>`;
  const from = Math.max(0, Math.floor(Math.min(...rows.map((name) => test[name].low ?? test[name].value)) * 10) / 10);
  return html`
    <h3>${t("card.metrics", { dataset: test.dataset ?? "test", n: test.n ?? 0 })}</h3>
    <table class="metrics">
      <thead><tr><th scope="col">${t("card.metric")}</th><th scope="col" class="figure">${t("card.value")}</th>
        <th scope="col">${t("card.interval")}<small> ${t("card.axis", { low: from, high: 1 })}</small></th></tr></thead>
      <tbody>${rows.map((name) => html`<tr><th scope="row">${t(`metric.${name}`)}</th>
        <td class="figure">${figure(test[name].value)}</td>
        <td><${Interval} ...${test[name]} from=${from} /></td></tr>`)}</tbody>
    </table>`;
}

const figure = (value) => number(value, { minimumFractionDigits: 3, maximumFractionDigits: 3 });

function Interval({ value, low, high, from }) {
  if (low === undefined) return "–";
  const place = (x) => `${(Math.max(0, Math.min(1, x) - from) / (1 - from || 1)) * 100}%`;
  return html`
    <span class="interval" style=${{ "--from": place(low), "--to": place(high), "--at": place(value) }} aria-hidden="true"><i></i></span>
    <span class="ends-text">${figure(low)} – ${figure(high)}</span>`;
}

/** The report stands in a frame that may run nothing and reach nothing; with a token, which frames cannot send, a file. */
function Report({ name }) {
  const path = `v1/models/${encodeURIComponent(name)}/report`;
  const secret = useSignal(token) !== "";
  const [there, setThere] = useState(null);
  useEffect(() => {
    const gone = new AbortController();
    ask(path, { raw: true, signal: gone.signal }).then(
      (response) => response.body?.cancel().then(() => setThere(true)),
      (error) => (error instanceof Failure ? setThere(false) : undefined),
    );
    return () => gone.abort();
  }, [path]);
  if (there === null) return html`<p class="note">${t("card.report.looking")}</p>`;
  if (!there) return html`<p class="note">${t("card.report.none")}</p>`;
  return html`
    <div class="card-head"><h3>${t("card.report")}</h3>
      <button class="small" onClick=${() => download(path, `${name}-report.html`)}><${Icon} name="down" />${t("download")}</button></div>
    ${!secret && html`<iframe sandbox="" src=${path} title=${t("card.report")} loading="lazy"></iframe>`}`;
}
