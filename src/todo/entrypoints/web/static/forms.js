// Forms that ask the public API in place of the page, and tell in words what it says. Without this file they still work.

import { call, Refused, toLogin, Unreachable } from "./api.js";
import { announce } from "./shell.js";

const ALREADY = document.title;

/** Has a form ask the API. `body` makes the request's body of the fields and the form's data; `done` is called with the answer. */
export function enhance(form, { path, body, done }) {
  const sayings = JSON.parse(form.dataset.sayings);
  const summary = form.querySelector(".summary");
  const button = form.querySelector("button.main");
  const word = button.textContent;
  let busy = false;
  form.noValidate = true; // the page tells it itself, where everybody can find it
  form.querySelectorAll(".reveal").forEach(reveal);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const fields = Object.fromEntries(new FormData(form));
    const wrong = faultsOf(form);
    if (wrong.length) {
      clearPasswords();
      return tell(...wrong);
    }
    setBusy(true, form.dataset.busy);
    forget();
    hidePasswords();
    try {
      const answer = await call("POST", path, body(fields, form.dataset));
      await done(answer, fields); // the page is left: it stays busy until then
    } catch (error) {
      setBusy(false);
      clearPasswords();
      fail(error);
    }
  });

  function fail(error) {
    if (error instanceof Unreachable) return tell({ text: navigator.onLine ? "The service does not answer. Try again." : "You are offline. Try again when you are back." });
    if (!(error instanceof Refused)) throw error;
    if (error.status === 429) return countDown(error.retryAfter || 60);
    if (error.status === 401 && error.code === "UNAUTHORIZED") return toLogin();
    if (error.status >= 500) return tell({ text: "The service has trouble at the moment. Try again." });
    if (error.code === "INVALID_TOKEN") return location.replace("/reset-password"); // which says what to do then
    tell(sayings[error.code] ?? { text: error.message || form.dataset.failed });
  }

  /** The button says when, and opens again at that moment; or at once for another address, which may do better. */
  function countDown(seconds) {
    tell({ text: "Too many attempts. The button says when you can try again." });
    busy = true;
    button.setAttribute("aria-disabled", "true");
    const until = Date.now() + seconds * 1000;
    let timer;
    const open = () => {
      clearTimeout(timer);
      form.elements.email?.removeEventListener("input", open);
      setBusy(false);
    };
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      if (left > 0) {
        button.textContent = `Try again in ${inMinutes(left)}`;
        timer = setTimeout(tick, 250);
      } else {
        open();
        say([{ text: "You can try again now." }]);
        announce("You can try again now.");
      }
    };
    form.elements.email?.addEventListener("input", open);
    tick();
  }

  function setBusy(now, text = word) {
    busy = now;
    form.setAttribute("aria-busy", String(now));
    if (now) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
    button.textContent = now ? text : word;
  }

  function tell(...faults) {
    forget();
    const told = faults.map(({ text, field }) => ({ text, field: field && form.querySelector(`.field [name="${field}"]`) }));
    say(told);
    for (const { text, field } of told) {
      if (!field) continue;
      const line = document.getElementById(`${field.id}-error`);
      line.textContent = text;
      line.hidden = false;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") ?? ""} ${line.id}`.trim());
    }
    document.title = `Error: ${ALREADY.replace(/^Error: /, "")}`;
    summary.focus();
  }

  function say(faults) {
    summary.querySelectorAll("p").forEach((old) => old.remove());
    for (const { text, field } of faults) {
      const line = document.createElement("p");
      if (field) {
        const link = document.createElement("a");
        link.href = `#${field.id}`;
        link.textContent = text;
        link.addEventListener("click", (event) => {
          event.preventDefault();
          field.focus();
        });
        line.append(link);
      } else line.textContent = text;
      summary.append(line);
    }
    summary.hidden = false;
  }

  function forget() {
    summary.hidden = true;
    document.title = ALREADY.replace(/^Error: /, "");
    for (const field of form.elements) {
      const told = field.id && document.getElementById(`${field.id}-error`);
      if (!told) continue;
      told.hidden = true;
      field.removeAttribute("aria-invalid");
      const rest = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== told.id);
      if (rest.length) field.setAttribute("aria-describedby", rest.join(" "));
      else field.removeAttribute("aria-describedby");
    }
  }

  const clearPasswords = () => passwords(form).forEach((field) => (field.value = ""));
  const hidePasswords = () => form.querySelectorAll('.reveal[aria-pressed="true"]').forEach((shown) => shown.click());
}

const passwords = (form) => [...form.elements].filter((field) => field.closest(".secret") && field.tagName === "INPUT");

/** What is wrong with a form, as the browser sees it, in the words of the page. */
const faultsOf = (form) =>
  [...form.elements]
    .filter((field) => field.willValidate && !field.validity.valid)
    .map((field) => ({ text: field.validity.valueMissing ? field.dataset.missing : field.dataset.wrong, field: field.name }));

function reveal(button) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
  });
}

function inMinutes(seconds) {
  if (seconds < 100) return `${seconds} second${seconds === 1 ? "" : "s"}`;
  const minutes = Math.ceil(seconds / 60);
  return `${minutes} minutes`;
}
