// How sure an answer is: a tuner's scale between two labels, or a bar for each of several.

import { labelName, percent, t } from "../i18n.js";
import { html } from "../vendor/htm-preact.js";

const hundredths = (share) => `${(share * 100).toFixed(2)}%`;

/** Scores in the order of the model's labels, which never changes while one types. */
export function inOrder(scores, labels) {
  const by = Object.fromEntries(scores.map((one) => [one.label, one.score]));
  return labels.map((label) => ({ label, score: by[label] ?? 0 }));
}

export function Scale({ scores, labels, threshold, before = null, name }) {
  return labels.length === 2
    ? html`<${Tuner} scores=${scores} labels=${labels} threshold=${threshold} before=${before} name=${name} />`
    : html`<${Bars} scores=${scores} labels=${labels} threshold=${threshold} before=${before} />`;
}

/** From the first label to the second; `before` marks where the needle stood before words were left out. */
function Tuner({ scores, labels, threshold, before, name }) {
  const [, second] = scores ? inOrder(scores, labels) : [null, { score: 0.5 }];
  const unsure = threshold > 0.5 ? threshold : null;
  const spoken = scores
    ? inOrder(scores, labels).map((one) => `${labelName(one.label)} ${percent(one.score)}`).join(", ")
    : t("scale.rest");
  return html`
    <div class=${scores ? "tuner" : "tuner resting"} style=${{ "--at": hundredths(second.score) }}>
      <div class="ends" aria-hidden="true">
        ${inOrder(scores ?? [], labels).map((one, side) => html`
          <span class=${`end side-${side}`}><i></i>${labelName(one.label)} <b>${scores ? percent(one.score) : ""}</b></span>`)}
      </div>
      <div class="track" role="meter" aria-label=${name} aria-valuemin="0" aria-valuemax="100"
        aria-valuenow=${Math.round(second.score * 100)} aria-valuetext=${spoken}>
        ${unsure && html`<span class="band" style=${{ "--from": hundredths(1 - unsure), "--to": hundredths(unsure) }}></span>`}
        ${before && html`<span class="ghost" style=${{ "--at": hundredths(inOrder(before, labels)[1].score) }}></span>`}
        <span class="needle"></span>
      </div>
      ${unsure && html`<div class="band-name" aria-hidden="true"><span>${t("scale.band")}</span></div>`}
    </div>`;
}

function Bars({ scores, labels, threshold, before }) {
  const rows = inOrder(scores ?? [], labels);
  const best = Math.max(...rows.map((row) => row.score));
  const was = before ? inOrder(before, labels) : null;
  return html`
    <ul class="bars" style=${{ "--threshold": hundredths(threshold || 0) }}>
      ${rows.map((row, i) => html`
        <li class=${scores && row.score === best ? "best" : ""}>
          <span class="bar-label">${labelName(row.label)}</span>
          <span class=${threshold ? "bar limited" : "bar"} aria-hidden="true">
            <span class="fill" style=${{ "--at": hundredths(row.score) }}></span>
            ${was && html`<span class="ghost" style=${{ "--at": hundredths(was[i].score) }}></span>`}
          </span>
          <b>${scores ? percent(row.score) : "–"}</b>
        </li>`)}
    </ul>`;
}
