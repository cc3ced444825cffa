// From a key press to an answer: debounced, the newest only, with its explanation after it.

import { Failure, ask } from "./api.js";
import { announcement, connection, model, remember, rival, text } from "./store.js";
import { batch, computed, effect, signal, untracked } from "./vendor/signals-core.js";
import { labelName, percent, t } from "./i18n.js";
import { cut, wordsLeft } from "./offsets.js";

const TYPING_MS = 120;
/** Words are weighed when typing pauses: it costs the server a question a word. */
const EXPLAIN_MS = 250;
const REMEMBER_MS = 1_500;
const AGAIN_WITHOUT_HINT_S = 2;

/** The newest answer, `{text, model, results: {model: result}, timing}`, or null. */
export const answer = signal(null);
/** The explanation of `answer`, or null while there is none. */
export const explanation = signal(null);
/** `"idle"`, `"asking"`, `"answered"` or `"failed"`. */
export const phase = signal("idle");
export const explaining = signal(false);
export const failure = signal(null);
/** Seconds until the question is asked again by itself, or null. */
export const countdown = signal(null);
/** Places in `explanation.words` of the words that are left out. */
export const leftOut = signal(new Set());
/** The result for the text without the words left out, or null. */
export const whatIf = signal(null);
/** Label that the reader wants explained, or null: the most probable. */
export const target = signal(null);

/** Whether the answer shown is for another text than the one typed. */
export const stale = computed(() => answer.value !== null && answer.value.text !== text.value);

let sequence = 0;
let asked = null;
const timers = {};

function later(name, wait, action) {
  clearTimeout(timers[name]);
  timers[name] = setTimeout(action, wait);
}

function stopAll() {
  asked?.abort();
  Object.values(timers).forEach(clearTimeout);
  clearInterval(timers.countdown);
}

/** Begin answering what is typed; called once. */
export function startAnswering() {
  effect(() => {
    const wanted = [text.value, model.value, rival.value];
    if (wanted[1] !== null) untracked(() => changed(wanted[0]));
  });
  let before = connection.peek();
  effect(() => {
    const now = connection.value;
    if (now === "up" && before !== "up" && phase.peek() === "failed") untracked(retry);
    before = now;
  });
}

function changed(typed) {
  stopAll();
  sequence += 1;
  batch(() => {
    countdown.value = null;
    leftOut.value = new Set();
    whatIf.value = null;
    target.value = null;
    explaining.value = false;
    if (typed.trim() === "") {
      answer.value = explanation.value = failure.value = null;
      phase.value = "idle";
    } else {
      phase.value = "asking";
    }
  });
  if (typed.trim() !== "") later("classify", TYPING_MS, () => classify(typed, sequence));
}

export function retry() {
  stopAll();
  countdown.value = null;
  if (text.value.trim() === "" || model.value === null) return;
  sequence += 1;
  phase.value = "asking";
  classify(text.value, sequence);
}

async function classify(typed, mine) {
  asked = new AbortController();
  const [own, other] = [model.value, rival.value];
  try {
    const found = await questions(typed, own, other, asked.signal);
    if (mine !== sequence) return;
    batch(() => {
      answer.value = { text: typed, model: own, rival: other, ...found };
      // The old words stay, paler, until the new ones are weighed; those of another model do not.
      if (explanation.value?.model !== own) explanation.value = null;
      failure.value = null;
      phase.value = "answered";
    });
    const result = found.results[own];
    announcement.value = told(result);
    later("explain", EXPLAIN_MS, () => explain(typed, own, mine));
    later("remember", REMEMBER_MS, () => remember({ text: typed, label: result.label, score: result.score }));
  } catch (error) {
    failed(error, mine);
  }
}

async function questions(typed, own, other, signal) {
  if (other === null || other === own) {
    const body = await ask("v1/classify", { method: "POST", json: { text: typed, model: own }, signal });
    return { results: { [own]: body.results[0] }, timing: body.timing, agree: true };
  }
  const json = { text: [typed], models: [own, other] };
  const [compared] = (await ask("v1/compare", { method: "POST", json, signal })).results;
  if (compared.error) throw new Failure("empty");
  return { results: compared.models, timing: null, agree: compared.agree };
}

/** An answer in a sentence, for those who hear it. */
export function told(result) {
  const key = result.uncertain ? "said.unsure" : "said.sure";
  return t(key, { label: labelName(result.label), percent: percent(result.score) });
}

async function explain(typed, own, mine) {
  explaining.value = true;
  try {
    const json = { text: typed, model: own, ...(target.value && { target: target.value }) };
    const found = await ask("v1/explain", { method: "POST", json, signal: asked.signal });
    if (mine === sequence) explanation.value = { ...found, text: typed, model: own, error: null };
  } catch (error) {
    // The answer stands without its reasons; only what asks for an action is told.
    if (error instanceof Failure && mine === sequence) {
      explanation.value = { text: typed, model: own, words: [], error: error.kind };
    }
  } finally {
    if (mine === sequence) explaining.value = false;
  }
}

export function explainFor(label) {
  target.value = label;
  explain(text.value, model.value, sequence);
}

function failed(error, mine) {
  if (!(error instanceof Failure)) {
    if (error.name === "AbortError") return;
    throw error;
  }
  if (mine !== sequence) return;
  batch(() => {
    failure.value = error;
    phase.value = "failed";
  });
  announcement.value = t(`error.${error.kind}`);
  if (error.kind === "busy" || error.kind === "starting") countDown(error.retryAfter ?? AGAIN_WITHOUT_HINT_S);
}

function countDown(from) {
  countdown.value = from;
  timers.countdown = setInterval(() => {
    countdown.value -= 1;
    if (countdown.value <= 0) retry();
  }, 1_000);
}

/** Leave a word out, or put it back, and ask again. */
export function toggleWord(index) {
  if (explanation.value.text !== text.value) return;
  const words = new Set(leftOut.value);
  if (!words.delete(index)) words.add(index);
  askWhatIf(words);
}

export const putAllBack = () => askWhatIf(new Set());

async function askWhatIf(words) {
  leftOut.value = words;
  if (words.size === 0) {
    whatIf.value = null;
    return;
  }
  const { text: whole, words: all, model: own } = explanation.value;
  const rest = cut(whole, all, words);
  if (!wordsLeft(all, words) || rest.trim() === "") {
    whatIf.value = { empty: true };
    return;
  }
  const mine = sequence;
  try {
    const body = await ask("v1/classify", { method: "POST", json: { text: rest, model: own }, signal: asked.signal });
    if (mine !== sequence || leftOut.value !== words) return;
    whatIf.value = { result: body.results[0], text: rest };
    announcement.value = `${t("whatif.title")} ${told(body.results[0])}`;
  } catch (error) {
    if (leftOut.value === words && error instanceof Failure) whatIf.value = { error: error.kind };
  }
}
