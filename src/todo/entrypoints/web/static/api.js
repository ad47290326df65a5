// The public API, as every client calls it. Every change carries an Idempotency-Key: asking again never does it twice.

const AT_ONCE = 6; // requests under way; browsers open no more to one host (HTTP/1.1)
const PATIENCE = 15_000; // ms until an answer counts as not coming

/** The service said no. */
export class Refused extends Error {
  constructor(status, body, retryAfter) {
    super(body?.message ?? (typeof body?.detail === "string" ? body.detail : body?.detail?.[0]?.msg) ?? "");
    this.status = status;
    this.code = body?.code;
    this.retryAfter = retryAfter; // seconds, or NaN
  }
}

/** There was no answer: what was asked for may or may not have happened. */
export class Unreachable extends Error {}

let underWay = 0;
const waiting = [];

async function turn(work) {
  if (underWay >= AT_ONCE) await new Promise((go) => waiting.push(go));
  else underWay += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift(); // it takes over this place
    if (next) next();
    else underWay -= 1;
  }
}

/** A fresh key. `crypto.randomUUID` is not there on plain http to another machine. */
export const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The answer's body. Throws `Refused` or `Unreachable`. A 429 is waited for, where the wait is short. */
export function call(method, path, body, { key = newKey(), patient = false } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["Idempotency-Key"] = key;
  const ask = () => answerTo(path, { method, headers, body: JSON.stringify(body), cache: "no-store", redirect: "error" });
  return turn(patient ? () => insist(ask) : ask);
}

/** Keeps its turn while it waits: with many to send, the others would be refused meanwhile. */
async function insist(ask) {
  for (let times = 0; ; times += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 429 || !(error.retryAfter <= 10) || times >= 20) throw error;
      await new Promise((go) => setTimeout(go, error.retryAfter * 1000));
    }
  }
}

async function answerTo(path, options) {
  let answer, text;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  try {
    answer = await fetch(path, { ...options, signal: limit.signal });
    text = await answer.text();
  } catch (error) {
    throw new Unreachable(error.message);
  } finally {
    clearTimeout(timer);
  }
  let content = null;
  try {
    content = text ? JSON.parse(text) : null;
  } catch {
    // a proxy in between has its own way of saying no
  }
  if (answer.ok) return content;
  throw new Refused(answer.status, content, Number.parseInt(answer.headers.get("Retry-After"), 10));
}

/** Whether it may be different soon, without anybody changing anything. */
export const isPassing = (error) => error instanceof Unreachable || error.status >= 500 || error.status === 429;

/** In plain words. */
export function inWords(error) {
  if (error instanceof Unreachable) return navigator.onLine ? "The service does not answer." : "You are offline.";
  if (!(error instanceof Refused)) throw error;
  if (error.status === 403) return "Access denied";
  if (error.status === 404) return "It is gone: deleted somewhere else.";
  if (error.status === 429) return `Too many requests. Try again in ${error.retryAfter || "a few"} seconds.`;
  if (error.status >= 500) return "The service has trouble at the moment.";
  return error.message || "That did not work.";
}

/** Logging in again is needed; afterwards one is back where one was. */
export function toLogin() {
  const here = location.pathname + location.search;
  location.assign(`/login?message=${encodeURIComponent("Session expired. Please log in again.")}&next=${encodeURIComponent(here)}`);
}
