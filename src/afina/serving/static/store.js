// What the page knows: signals, those that outlive a visit, and the hook by which components read them.

import { useEffect, useState } from "./vendor/htm-preact.js";
import { effect, signal } from "./vendor/signals-core.js";

/** The value of a signal; the component is drawn anew when it changes. */
export function useSignal(source) {
  const [, redraw] = useState(0);
  const drawn = source.peek();
  useEffect(() => {
    // It may have changed already since it was drawn.
    let seen = drawn;
    return effect(() => {
      if (source.value !== seen) redraw((n) => n + 1);
      seen = source.value;
    });
  }, [source]);
  return drawn;
}

/** A signal that the browser keeps: in `localStorage` for good, or in `sessionStorage` while the tab is open. */
export function kept(key, initial, storage = "localStorage") {
  const source = signal(read(key, storage) ?? initial);
  let first = true;
  effect(() => {
    const value = source.value;
    if (!first) write(key, value, storage);
    first = false;
  });
  return source;
}

// A browser may refuse storage (private windows, policies); the page then forgets, and works.
function read(key, storage) {
  try {
    return JSON.parse(window[storage].getItem(`afina.${key}`));
  } catch {
    return null;
  }
}

function write(key, value, storage) {
  try {
    if (value === null || value === "") window[storage].removeItem(`afina.${key}`);
    else window[storage].setItem(`afina.${key}`, JSON.stringify(value));
  } catch {
    /* see read */
  }
}

export const MOST_HISTORY = 30;

/** `"light"`, `"dark"`, or null: as the system has it. */
export const theme = kept("theme", null);
export const history = kept("history", []);
export const keepsHistory = kept("keepsHistory", true);
/** Feedback sent from this tab, newest first: `{id, undo, text, predicted, correct}`. */
export const sent = kept("feedback", [], "sessionStorage");
export const token = kept("token", "", "sessionStorage");
/** How often a token was given; the same one is tried again too. */
export const tokensGiven = signal(0);
/** Jobs started from this tab, so that a reload finds them: the id of the newest. */
export const lastJob = kept("job", null, "sessionStorage");

export const models = signal([]);
/** What else the server has: `jobs`, `feedback`. */
export const features = signal([]);
/** Name of the model that answers; null until the server told its models. */
export const model = signal(null);
/** Name of the model to compare with, or null. */
export const rival = signal(null);

/** The text as typed. */
export const text = signal("");
/** Whether the connection stands: `"up"`, `"offline"` (no network) or `"gone"` (no server). */
export const connection = signal("up");
/** Whether the server asked for a token that it was not given. */
export const needsToken = signal(false);
/** Name of the model whose card is open, or null. */
export const cardOf = signal(null);
/** The last thing worth telling for a moment: `{key, values}`. */
export const toast = signal(null);
/** What a screen reader is told next. */
export const announcement = signal("");

export const modelNamed = (name) => models.value.find((one) => one.name === name);

export function remember(entry) {
  if (!keepsHistory.value) return;
  const others = history.value.filter((one) => one.text !== entry.text);
  history.value = [entry, ...others].slice(0, MOST_HISTORY);
}
