// A file's way: chosen, looked into, classified by the server, its results read back for the eye.

import { Failure, ask } from "./api.js";
import { announcement, lastJob, model } from "./store.js";
import { batch, signal } from "./vendor/signals-core.js";
import { number, t } from "./i18n.js";
import { summarize } from "./results.js";

/** Name of a file made of pasted lines. */
export const PASTED = "pasted.jsonl";
const LOOK_EVERY_MS = 500;
const ENDED = ["done", "done_with_errors", "failed", "cancelled", "expired"];

/** The file chosen, or null. */
export const file = signal(null);
/** What the server sees in it: `{columns, rows, text_column, rows_total}`. */
export const preview = signal(null);
/** The job as the server tells it, or null. */
export const job = signal(null);
/** Counts, histogram and least sure rows of a job that is done, or null. */
export const summary = signal(null);
export const failure = signal(null);
/** What is under way: `"looking"`, `"sending"`, or null. */
export const busy = signal(null);

let watching = null;
let visit = 0;

export const ended = (one) => ENDED.includes(one.state);

async function attempt(kind, action) {
  batch(() => {
    busy.value = kind;
    failure.value = null;
  });
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure.value = error;
    announcement.value = t(`error.${error.kind}`);
    return null;
  } finally {
    busy.value = null;
  }
}

/** Look into a file; nothing of it is stored yet. */
export async function choose(chosen) {
  startAnew();
  file.value = chosen;
  const form = new FormData();
  form.append("file", chosen, chosen.name);
  preview.value = await attempt("looking", () => ask("v1/jobs/preview", { method: "POST", form }));
}

/** Lines of text as a file: each line one text. */
export function choosePasted(lines) {
  const rows = lines.split("\n").map((line) => line.trim()).filter(Boolean);
  const content = rows.map((text) => JSON.stringify({ text })).join("\n") + "\n";
  return choose(new File([content], PASTED, { type: "application/jsonl" }));
}

export function startAnew() {
  clearTimeout(watching);
  visit += 1;
  batch(() => {
    file.value = preview.value = job.value = summary.value = failure.value = null;
    lastJob.value = null;
  });
}

export async function start({ textColumn, titleColumn, format }) {
  const form = new FormData();
  form.append("file", file.value, file.value.name);
  if (titleColumn !== textColumn) form.append("title_column", titleColumn);
  if (textColumn) form.append("text_column", textColumn);
  form.append("model", model.value);
  form.append("format", format);
  const started = await attempt("sending", () => ask("v1/jobs", { method: "POST", form }));
  if (!started) return;
  lastJob.value = { id: started.id, format, name: file.value.name };
  told(started);
}

/** Find the job again that this tab started before it was reloaded. */
export async function resume() {
  if (job.value || file.value || !lastJob.value) return;
  const found = await ask(`v1/jobs/${lastJob.value.id}`).catch(() => null);
  if (found) told(found);
  else lastJob.value = null;
}

export async function cancel() {
  clearTimeout(watching);
  const { id } = job.value;
  await attempt(null, () => ask(`v1/jobs/${id}`, { method: "DELETE" }));
  if (!failure.value) job.value = { ...job.value, state: "cancelled" };
}

async function told(news) {
  const mine = visit;
  batch(() => {
    failure.value = null;
    job.value = news;
  });
  if (!ended(news)) {
    announcement.value = t("job.progress", { done: number(news.rows_done), total: news.rows_total ? number(news.rows_total) : "?" });
    watching = setTimeout(look, LOOK_EVERY_MS, news.id, mine);
    return;
  }
  announcement.value = t(`job.${news.state}`);
  if (news.state.startsWith("done")) {
    const found = await summarize(news).catch((error) => {
      if (error instanceof Failure) failure.value = error;
      return null;
    });
    if (mine === visit) summary.value = found;
  }
}

async function look(id, mine) {
  try {
    const news = await ask(`v1/jobs/${id}`);
    if (mine === visit) told(news);
  } catch (error) {
    if (!(error instanceof Failure) || mine !== visit) return;
    failure.value = error;
    // The job goes on without this page; look again when the server may be back.
    if (error.kind !== "missing") watching = setTimeout(look, 4 * LOOK_EVERY_MS, id, mine);
  }
}
