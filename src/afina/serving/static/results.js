// A job's results, counted: how many of each label, how sure, and which are least sure.

import { ask } from "./api.js";

const MOST_BYTES = 30_000_000;
const MOST_ROWS_KEPT = 200;
const BINS = 20;
const COLUMNS = { label: "predicted_label", score: "predicted_score", uncertain: "uncertain" };

/**
 * `{total, counts, unsure, bins, least}` of a job that is done; of one whose result is too large, or of a format that
 * no browser reads, what the server counted, with `bins` and `least` null.
 */
export async function summarize({ id, format, labels, uncertain }) {
  const counts = sorted(Object.entries(labels ?? {}));
  const counted = { total: counts.reduce((sum, [, n]) => sum + n, 0), counts, unsure: uncertain ?? 0, bins: null, least: null };
  if (format === "parquet") return counted;
  const response = await ask(`v1/jobs/${id}/result`, { raw: true });
  if (Number(response.headers.get("Content-Length")) > MOST_BYTES) {
    await response.body.cancel();
    return { ...counted, tooLarge: true };
  }
  const content = await response.text();
  return count(format === "jsonl" ? jsonLines(content) : await csvRows(content));
}

const jsonLines = (content) => content.split("\n").filter(Boolean).map((line) => JSON.parse(line));

async function csvRows(content) {
  const Papa = await papa();
  return Papa.parse(content, { header: true, skipEmptyLines: true }).data;
}

let loading = null;

/** Papa Parse is fetched with the first table of results. */
function papa() {
  loading ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), {
      src: new URL("./vendor/papaparse.min.js", import.meta.url).href, onload: () => resolve(window.Papa), onerror: reject,
    });
    document.head.append(script);
  });
  return loading;
}

const sorted = (counts) => counts.sort((a, b) => b[1] - a[1]);

const isTrue = (cell) => cell === true || String(cell).toLowerCase() === "true";

export function count(rows) {
  const counts = new Map();
  const bins = new Array(BINS).fill(0);
  const answered = [];
  let unsure = 0;
  for (const row of rows) {
    const label = row[COLUMNS.label];
    if (label === undefined || label === null || label === "") continue;
    const score = Number(row[COLUMNS.score]);
    const uncertain = isTrue(row[COLUMNS.uncertain]);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    bins[Math.min(BINS - 1, Math.floor(score * BINS))] += 1;
    unsure += uncertain;
    answered.push({ row, label, score, uncertain });
  }
  answered.sort((a, b) => a.score - b.score);
  const least = new Map([[null, answered.slice(0, MOST_ROWS_KEPT)]]);
  for (const label of counts.keys()) {
    least.set(label, answered.filter((one) => one.label === label).slice(0, MOST_ROWS_KEPT));
  }
  return { total: answered.length, counts: sorted([...counts]), bins, unsure, least };
}
