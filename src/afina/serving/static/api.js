// Requests to the server this page came from, and what can go wrong with them.

import { connection, needsToken, token } from "./store.js";

const HEALTH_EVERY_MS = 3_000;

/** A request that brought no answer; `kind` names a sentence in the strings files. */
export class Failure extends Error {
  constructor(kind, { status = 0, retryAfter = null, message = "", requestId = "" } = {}) {
    super(message || kind);
    Object.assign(this, { kind, status, retryAfter, requestId });
  }
}

const KINDS = {
  400: "invalid", 401: "token", 403: "forbidden", 404: "missing", 408: "late", 411: "invalid", 413: "too_large",
  415: "file_type", 422: "invalid", 429: "busy", 500: "fault", 503: "starting", 504: "late", 507: "full",
};

/** The answer's body: parsed where it is JSON, else the `Response`. Throws a `Failure`, or what `signal` aborts with. */
export async function ask(path, { method = "GET", json, form, signal, headers = {}, raw = false } = {}) {
  const sent = { Accept: raw ? "*/*" : "application/json", ...headers };
  if (json !== undefined) sent["Content-Type"] = "application/json";
  if (token.value) sent.Authorization = `Bearer ${token.value}`;
  let response;
  try {
    response = await fetch(path, {
      method, signal, headers: sent, body: form ?? (json === undefined ? undefined : JSON.stringify(json)),
      cache: "no-store",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Failure(connection.value === "offline" ? "offline" : "gone");
  }
  if (connection.value === "gone") connection.value = "up";
  if (!response.ok) throw await failureOf(response);
  if (raw) return response;
  return response.status === 204 ? null : response.json();
}

async function failureOf(response) {
  const body = await response.json().catch(() => ({}));
  const kind = body.error_type === "empty" ? "empty" : (KINDS[response.status] ?? "fault");
  if (kind === "token") needsToken.value = true;
  return new Failure(kind, {
    status: response.status, retryAfter: seconds(response.headers.get("Retry-After")), message: body.error,
    requestId: body.request_id ?? "",
  });
}

function seconds(header) {
  const given = Number.parseInt(header ?? "", 10);
  return Number.isFinite(given) ? Math.max(1, given) : null;
}

let watching = null;

/** Note that the server did not answer, and ask until it does. */
function lost() {
  connection.value = navigator.onLine ? "gone" : "offline";
  watching ??= setInterval(look, HEALTH_EVERY_MS);
}

async function look() {
  if (!navigator.onLine) return;
  try {
    const response = await fetch("health/live", { cache: "no-store" });
    if (!response.ok) return;
  } catch {
    connection.value = "gone";
    return;
  }
  clearInterval(watching);
  watching = null;
  connection.value = "up";
}

addEventListener("offline", lost);
addEventListener("online", look);

/** Save what a path answers as a file; with a token, which a plain link could not send, by way of memory. */
export async function download(path, name) {
  save(await (await ask(path, { raw: true })).blob(), name);
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
