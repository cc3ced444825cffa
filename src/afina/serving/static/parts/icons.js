// Icons, drawn with the text's own colour; what they mean stands in words beside them or in their button's name.

import { html } from "../vendor/htm-preact.js";

const PATHS = {
  sun: "M12 4V2M12 22v-2M4 12H2M22 12h-2M6.3 6.3 4.9 4.9M19.1 19.1l-1.4-1.4M6.3 17.7l-1.4 1.4M19.1 4.9l-1.4 1.4M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z",
  check: "m5 12.5 4.5 4.5L19 7.5",
  cross: "M6 6l12 12M18 6 6 18",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
  code: "m8 7-5 5 5 5M16 7l5 5-5 5",
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  down: "M12 4v11M7 11l5 5 5-5M5 20h14",
  file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8ZM14 3v5h5",
  info: "M12 11v5M12 7.5v.5M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z",
  warn: "M12 9v5M12 17v.5M10.3 4 2.6 17.5A2 2 0 0 0 4.3 20.5h15.4a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0Z",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8"
    stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;

/** The mark: tuning ticks, and the one that sounds right. */
export const Mark = () => html`
  <svg class="mark" viewBox="0 0 26 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2"
    stroke-linecap="round"><path d="M2 20v-5M7.5 20v-9M13 20v-5M24 20v-5" /><path class="mark-needle" d="M18.5 20V6" />
    <circle class="mark-dot" cx="18.5" cy="4.4" r="2.4" stroke="none" /></svg>`;
