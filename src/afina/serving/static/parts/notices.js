// What the page tells: the connection, a passing note, an error in human words, a wish for a token.

import { t } from "../i18n.js";
import { announcement, connection, needsToken, toast, token, tokensGiven, useSignal } from "../store.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";

const TOAST_MS = 4_000;
const SPEAK_EVERY_MS = 1_000;

export function Connection() {
  const state = useSignal(connection);
  return html`<div role="status" class="banner-place">
    ${state !== "up" && html`<p class="banner"><${Icon} name="warn" /><span>${t(`connection.${state}`)}</span></p>`}
  </div>`;
}

/** A failure in two sentences: what happened, and what to do about it. */
export function FailureNote({ failure, countdown = null, retry = null }) {
  return html`
    <div class="failure">
      <${Icon} name="warn" />
      <div>
        <p><strong>${t(`error.${failure.kind}`)}</strong></p>
        <p>${countdown === null ? t(`error.${failure.kind}.do`) : t("error.countdown", { n: countdown })}</p>
        ${failure.kind === "invalid" && failure.message && html`<p class="note" lang="en">${failure.message}</p>`}
        ${failure.kind === "fault" && failure.requestId &&
          html`<p class="note">${t("error.request")} <code>${failure.requestId}</code></p>`}
        ${retry && html`<button class="small" onClick=${retry}>${t("retry")}</button>`}
        ${failure.kind === "token" && html`
          <button class="small" onClick=${() => (needsToken.value = true)}>${t("token.give")}</button>`}
      </div>
    </div>`;
}

export const LoadFailure = ({ failure, retry }) => html`
  <section class="narrow">
    <h1>${t("error.load")}</h1>
    <${FailureNote} failure=${failure} retry=${retry} />
  </section>`;

export function Toast() {
  const note = useSignal(toast);
  useEffect(() => {
    if (!note) return undefined;
    const timer = setTimeout(() => (toast.value = null), TOAST_MS);
    return () => clearTimeout(timer);
  }, [note]);
  return html`<div class="toast-place" role="status">${note && html`<p class="toast">${t(note.key, note.values)}</p>`}</div>`;
}

/** Tells screen readers of new answers, politely and at most once a second; the last one is never lost. */
export function LiveRegion() {
  const next = useSignal(announcement);
  const [said, say] = useState("");
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + SPEAK_EVERY_MS - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      say(next);
    }, wait);
    return () => clearTimeout(timer);
  }, [next]);
  return html`<div class="unseen" aria-live="polite" id="said">${said}</div>`;
}

/** A dialog of the browser's own: it keeps the focus inside, Escape closes it, and the focus goes back. */
export function Dialog({ open, close, label, kind = "", children }) {
  const element = useRef(null);
  const shown = useRef(false);
  useEffect(() => {
    if (open === shown.current) return;
    shown.current = open;
    if (open) element.current.showModal();
    else element.current.close();
  }, [open]);
  // The event comes late: by then a dialog that was closed from here may be open again.
  const closed = () => {
    if (!shown.current || element.current.open) return;
    shown.current = false;
    close();
  };
  const outside = (event) => event.target === element.current && close();
  return html`
    <dialog ref=${element} class=${kind} aria-label=${label} onClose=${closed} onClick=${outside}>
      ${open && html`<div class="dialog-body">${children}</div>`}
    </dialog>`;
}

export function TokenDialog() {
  const open = useSignal(needsToken);
  const given = useSignal(token);
  const close = () => (needsToken.value = false);
  const submit = (event) => {
    event.preventDefault();
    token.value = event.target.elements.token.value.trim();
    close();
    tokensGiven.value += 1;
  };
  return html`
    <${Dialog} open=${open} close=${close} label=${t("token.title")} kind="small-dialog">
      <form onSubmit=${submit}>
        <h2>${t("token.title")}</h2>
        <p>${t("token.why")}</p>
        ${given && html`<p class="notice">${t("token.wrong")}</p>`}
        <label>${t("token")}<input name="token" type="password" autocomplete="off" required value=${given} /></label>
        <div class="row end">
          <button type="button" class="quiet" onClick=${close}>${t("cancel")}</button>
          <button class="primary">${t("token.use")}</button>
        </div>
      </form>
    <//>`;
}
