// Where the reader is: `#/`, `#/file`, `#/feedback`. A shared link carries its text here, where no server sees it.

import { models, model, rival, text } from "./store.js";
import { computed, signal } from "./vendor/signals-core.js";

const hash = signal(location.hash);
export const PLACES = ["", "file", "feedback"];

/** The view to show. */
export const place = computed(() => {
  const asked = hash.value.replace(/^#\/?/, "").split("?")[0];
  return PLACES.includes(asked) ? asked : "";
});

addEventListener("hashchange", () => {
  hash.value = location.hash;
  takeShared();
  document.getElementById("main")?.focus({ preventScroll: true });
  scrollTo(0, 0);
});

/** Take the text and the models out of a shared link, and the link out of the address. */
export function takeShared() {
  const shared = new URLSearchParams(location.hash.split("?")[1] ?? "");
  const known = (name) => models.value.some((one) => one.name === name);
  if (shared.has("text")) text.value = shared.get("text");
  if (known(shared.get("model"))) model.value = shared.get("model");
  if (known(shared.get("with")) && shared.get("with") !== model.value) rival.value = shared.get("with");
  if (shared.size) window.history.replaceState(null, "", location.pathname + location.search + "#/");
}

/** A link that shows this text and these models to whoever can reach this server. */
export function sharedLink() {
  const parts = new URLSearchParams({ text: text.value, model: model.value });
  if (rival.value) parts.set("with", rival.value);
  return `${location.origin}${location.pathname}#/?${parts}`;
}
