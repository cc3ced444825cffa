// The page: what stands around the three views, and how it comes alive.

import { startAnswering } from "./answering.js";
import { Failure, ask } from "./api.js";
import { chosen, language, speak, t, wanted } from "./i18n.js";
import { Card } from "./parts/card.js";
import { FeedbackView } from "./parts/feedback_view.js";
import { FileView } from "./parts/file_view.js";
import { Footer, Header } from "./parts/header.js";
import { Connection, LiveRegion, LoadFailure, Toast, TokenDialog } from "./parts/notices.js";
import { WriteView } from "./parts/write_view.js";
import { place, takeShared } from "./route.js";
import { connection, features, model, models, needsToken, theme, tokensGiven, useSignal } from "./store.js";
import { effect, signal, untracked } from "./vendor/signals-core.js";
import { html, render } from "./vendor/htm-preact.js";

const loadFailure = signal(null);
const VIEWS = { "": WriteView, file: FileView, feedback: FeedbackView };

function Page() {
  useSignal(language);
  const failed = useSignal(loadFailure);
  const View = VIEWS[useSignal(place)];
  const ready = useSignal(model) !== null;
  return html`
    <${Header} />
    <${Connection} />
    <main id="main" tabindex="-1">
      ${failed ? html`<${LoadFailure} failure=${failed} retry=${loadModels} />` : ready && html`<${View} />`}
    </main>
    <${Footer} />
    <${Card} /><${TokenDialog} /><${Toast} /><${LiveRegion} />`;
}

async function loadModels() {
  try {
    const [known, info] = await Promise.all([ask("v1/models"), ask("info")]);
    if (known.models.length === 0) throw new Failure("starting");
    features.value = info.features ?? [];
    models.value = known.models;
    if (!known.models.some((one) => one.name === model.value)) model.value = known.default;
    loadFailure.value = null;
    needsToken.value = false;
    takeShared();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    loadFailure.value = error;
    if (error.kind === "starting" || error.kind === "busy") setTimeout(loadModels, 1_000 * (error.retryAfter ?? 1));
  }
}

effect(() => {
  if (theme.value) document.documentElement.dataset.theme = theme.value;
  else delete document.documentElement.dataset.theme;
});

// A token that was given, or a server that is back: ask for the models again.
effect(() => {
  if (tokensGiven.value > 0) untracked(loadModels);
});
effect(() => {
  if (connection.value === "up" && loadFailure.peek()) untracked(loadModels);
});

const modelsLoaded = loadModels();
await speak(wanted());
effect(() => {
  language.value; // the title follows it
  document.title = `afina · ${t(`title.${place.value || "write"}`)}`;
});
effect(() => {
  if (chosen.value && chosen.value !== language.peek()) speak(chosen.value);
});
startAnswering();
render(html`<${Page} />`, document.getElementById("app"));
await modelsLoaded;
if (loadFailure.peek()?.kind === "token") needsToken.value = true;
