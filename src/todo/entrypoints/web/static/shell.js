// What every page has: the colours, messages that pass by, and logging out.

import { call } from "./api.js";
import { dropDrafts } from "./drafts.js";

const live = document.querySelector("#live");
const toasts = document.querySelector("#toasts");
const main = document.querySelector("#main");
const passing = new WeakMap(); // what takes away messages with nothing to do about them

const OPENS = "\u2068", CLOSES = "\u2069";

/** What somebody wrote, to stand in a message: which way it is read does not turn the words around it. */
export const written = (text) => OPENS + text.replace(/[\u2066-\u2069]/g, "") + CLOSES;

/** A message as nodes. */
const nodesOf = (text) =>
  text.split(/[\u2068\u2069]/).map((part, place) => {
    if (place % 2 === 0) return part;
    const apart = document.createElement("bdi");
    apart.textContent = part;
    return apart;
  });

/** Says it to who listens to the page. The same words twice are two messages. */
export function announce(text) {
  live.replaceChildren();
  requestAnimationFrame(() => live.replaceChildren(...nodesOf(text)));
}

const AT_MOST = 3; // messages that only tell something

/** A message that passes by, with at most one thing to do about it. It waits while somebody is at it. Gives what takes it away. */
export function toast(text, { label, act, seconds = 6, alarm = false, over = () => {} } = {}) {
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.append(...nodesOf(text));
  item.append(words);
  item.toggleAttribute("data-alarm", alarm);
  let left = seconds * 1000;
  let timer, since;
  const close = () => {
    clearTimeout(timer);
    item.remove();
  };
  const run = () => {
    if (timer || !item.isConnected) return;
    since = performance.now();
    timer = setTimeout(() => {
      close();
      over();
    }, left);
  };
  const hold = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = undefined;
    left -= performance.now() - since;
  };
  const go = () => item.matches(":hover, :focus-within") || run(); // it waits for who is still at it
  if (label) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      close();
      act();
      if (document.activeElement === document.body) main.focus({ preventScroll: true }); // the button has gone
    });
    item.append(button);
  } else passing.set(item, close);
  item.addEventListener("pointerenter", hold);
  item.addEventListener("pointerleave", go);
  item.addEventListener("focusin", hold);
  item.addEventListener("focusout", () => setTimeout(go));
  toasts.append(item);
  for (const old of [...toasts.children].slice(0, -AT_MOST)) passing.get(old)?.(); // never one that can be acted on
  announce(label ? `${text} ${label} is at the end of the page.` : text);
  run();
  return close;
}

const WORDS = { "": "auto", light: "light", dark: "dark" };
const NEXT = { "": "light", light: "dark", dark: "" };
const theme = document.querySelector("#theme");

function paint(choice) {
  if (choice) document.documentElement.dataset.theme = choice;
  else delete document.documentElement.dataset.theme;
  theme.ariaLabel = theme.title = `Theme: ${WORDS[choice]}`;
}

paint(document.documentElement.dataset.theme ?? "");
theme.hidden = false;
theme.addEventListener("click", () => {
  const choice = NEXT[document.documentElement.dataset.theme ?? ""];
  // a cookie, so that the server paints the next page right from its first byte
  document.cookie = `theme=${choice}; Path=/; SameSite=Lax; Max-Age=${choice ? 31536000 : 0}`;
  paint(choice);
  announce(`Theme: ${WORDS[choice]}`);
});

const logout = document.querySelector("#logout");
const way = logout?.querySelector("button");

function setGoing(now) {
  if (now) way.setAttribute("aria-disabled", "true");
  else way.removeAttribute("aria-disabled");
  way.textContent = now ? "Logging out …" : "Log Out";
}

window.addEventListener("pageshow", (event) => event.persisted && way && setGoing(false));
logout?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (way.getAttribute("aria-disabled") === "true") return;
  const first = [];
  // what is still to be sent goes first; and somebody may rather stay
  if (!document.dispatchEvent(new CustomEvent("leaving", { detail: first, cancelable: true }))) return;
  setGoing(true);
  await Promise.allSettled(first);
  try {
    await call("POST", "/api/auth/logout");
    dropDrafts();
    location.assign("/login");
  } catch {
    setGoing(false);
    document.dispatchEvent(new CustomEvent("staying"));
    toast("You are still logged in: the service does not answer.", { label: "Try again", act: () => logout.requestSubmit(), alarm: true });
  }
});
