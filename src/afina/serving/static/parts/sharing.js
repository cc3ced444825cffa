// Take it along: clear, a link, and the same question as a command or in Python.

import { t } from "../i18n.js";
import { sharedLink } from "../route.js";
import { model, text, toast, token, useSignal } from "../store.js";
import { html, useState } from "../vendor/htm-preact.js";
import { Icon } from "./icons.js";
import { Dialog } from "./notices.js";

async function copy(what, told) {
  try {
    await navigator.clipboard.writeText(what);
  } catch {
    // Without https the clipboard is shut to scripts, but not to the copying of a selection.
    const box = Object.assign(document.createElement("textarea"), { value: what, className: "unseen" });
    const home = document.querySelector("dialog[open]") ?? document.body;
    home.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  toast.value = { key: told };
}

export function Sharing() {
  const typed = useSignal(text);
  const [open, setOpen] = useState(false);
  const empty = typed.trim() === "";
  return html`
    <div class="row">
      <button class="small quiet" disabled=${empty} onClick=${clear}><${Icon} name="cross" />${t("clear")}</button>
      <button class="small quiet" disabled=${empty} onClick=${() => copy(sharedLink(), "share.copied")}>
        <${Icon} name="link" />${t("share")}</button>
      <button class="small quiet" disabled=${empty} aria-haspopup="dialog" onClick=${() => setOpen(true)}>
        <${Icon} name="code" />${t("code")}</button>
    </div>
    <${Snippets} open=${open} close=${() => setOpen(false)} />`;
}

function clear() {
  text.value = "";
  document.getElementById("text").focus();
}

/** The text for a shell: in single quotes, those inside stepped out of. */
const shell = (value) => `'${value.replaceAll("'", "'\\''")}'`;

export function snippets(typed, name, withToken) {
  const body = JSON.stringify({ text: typed, model: name });
  const url = new URL("v1/classify", document.baseURI).href;
  return {
    curl: [
      `curl -s ${url}`, `  -H 'Content-Type: application/json'`,
      ...(withToken ? [`  -H "Authorization: Bearer $AFINA_TOKEN"`] : []), `  -d ${shell(body)}`,
    ].join(" \\\n"),
    Python: [
      ...(withToken ? ["import os", ""] : []), "import requests", "", "answer = requests.post(", `    ${JSON.stringify(url)},`,
      `    json={"text": ${JSON.stringify(typed)}, "model": ${JSON.stringify(name)}},`,
      ...(withToken ? ['    headers={"Authorization": f"Bearer {os.environ[\'AFINA_TOKEN\']}"},'] : []),
      "    timeout=10,", ").json()", 'print(answer["results"][0])',
    ].join("\n"),
  };
}

function Snippets({ open, close }) {
  const made = snippets(useSignal(text), useSignal(model), useSignal(token) !== "");
  return html`
    <${Dialog} open=${open} close=${close} label=${t("code.title")} kind="code-dialog">
      <div class="card-head"><h2>${t("code.title")}</h2>
        <button class="quiet square" aria-label=${t("close")} onClick=${close}><${Icon} name="cross" /></button></div>
      ${Object.entries(made).map(([name, code]) => html`
        <div class="snippet">
          <div class="card-head"><h3>${name}</h3>
            <button class="small" onClick=${() => copy(code, "code.copied")}>${t("copy")}<span class="unseen"> ${name}</span></button></div>
          <pre tabindex="0" aria-label=${name} role="region"><code>${code}</code></pre>
        </div>`)}
      <p class="note">${t("code.more")} <a href="docs">${t("api")}</a></p>
    <//>`;
}
