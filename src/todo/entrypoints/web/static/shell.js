// What every page has: the colours, messages that pass by, and logging out.

import { call } from "./api.js";

document.documentElement.classList.add("js");

const live = document.querySelector("#live");
const toasts = document.querySelector("#toasts");

/** Says it to who listens to the page. The same words twice are two messages. */
export function announce(text) {
  live.textContent = "";
  requestAnimationFrame(() => (live.textContent = text));
}

/** A message that passes by, with at most one thing to do about it. It waits while somebody is at it. Gives what takes it away. */
export function toast(text, { label, act, seconds = 6, alarm = false, over = () => {} } = {}) {
  const item = document.createElement("li");
  item.append(text);
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
    });
    item.append(button);
  }
  item.addEventListener("pointerenter", hold);
  item.addEventListener("pointerleave", go);
  item.addEventListener("focusin", hold);
  item.addEventListener("focusout", () => setTimeout(go));
  toasts.append(item);
  while (toasts.children.length > 3) toasts.firstElementChild.remove();
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
logout?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const first = [];
  document.dispatchEvent(new CustomEvent("leaving", { detail: first })); // what is still to be sent goes first
  await Promise.allSettled(first);
  try {
    await call("POST", "/api/auth/logout");
    location.assign("/login");
  } catch {
    document.dispatchEvent(new CustomEvent("staying"));
    toast("You are still logged in: the service does not answer.", { label: "Try again", act: () => logout.requestSubmit(), alarm: true });
  }
});
