// The list of tasks: what is done shows at once, and is taken back with a word when the service says no.

import { call, inWords, newKey, Refused, toLogin, Unreachable } from "./api.js";
import { keepDrafts, takeDrafts } from "./drafts.js";
import { draftOf, edit, faultOf } from "./editor.js";
import { listen, showHelp } from "./keyboard.js";
import { Row } from "./rows.js";
import { announce, toast } from "./shell.js";
import { otherTabs } from "./tabs.js";
import { finishAll, undoable, undoLast } from "./undo.js";
import { View } from "./view.js";

const user = document.body.dataset.user;
const path = `/api/proxy/${encodeURIComponent(user)}/tasks`;
const list = document.querySelector("#list");
const adding = document.querySelector("#add");
const box = document.querySelector("#new");
const boxFault = document.querySelector("#new-error");
const search = document.querySelector("#q");
const banner = document.querySelector("#banner");
const view = new View(list);
const keys = new WeakMap(); // of tasks that are not saved: asking again with the same key adds them once

for (const element of list.children) new Row(element);

const tabs = otherTabs(user, {
  changed: refresh,
  hide(ids, gone) {
    for (const row of view.rows) if (ids.includes(row.id)) row.elsewhere = gone;
    view.apply();
  },
});

// --- adding -----------------------------------------------------------------------------------------------------

adding.addEventListener("submit", (event) => {
  event.preventDefault();
  const title = box.value;
  tellBox(faultOf(title));
  if (!boxFault.hidden) return box.focus();
  box.value = "";
  add(title);
});

function add(title, key = newKey()) {
  const row = Row.of({ title, description: null, completed: false });
  keys.set(row, key);
  row.element.toggleAttribute("data-fresh", true);
  list.append(row.element);
  row.element.scrollIntoView({ block: "nearest" });
  return send(row);
}

async function send(row) {
  row.setSaved();
  row.setSaving(true);
  view.apply();
  const { title, description, completed } = row.shown;
  try {
    const task = await row.inOrder(() => call("POST", path, description === null ? { title } : { title, description }, { key: keys.get(row), patient: true }));
    row.id = task.id;
    row.setSaved();
    row.keep(task);
    announce(`Added: ${title}`);
    saved();
    if (completed) await report(row, { completed });
  } catch (error) {
    if (isSignedOut(error)) return signOut();
    row.setUnsaved(inWords(error), { retry: () => send(row), discard: () => drop(row) });
    warn(error);
  }
  view.apply();
}

function tellBox(text) {
  boxFault.textContent = text;
  boxFault.hidden = !text;
  if (text) box.setAttribute("aria-invalid", "true");
  else box.removeAttribute("aria-invalid");
}

box.addEventListener("input", () => tellBox(""));

// --- changing ---------------------------------------------------------------------------------------------------

/** Shows the change and sends it. Gives the error when it could not be saved; the row is then as it was. */
async function change(row, fields) {
  row.show(fields);
  view.apply();
  try {
    const task = await row.inOrder(() => call("PUT", `${path}/${row.id}`, fields, { patient: true }));
    row.keep(task);
    saved();
    return null;
  } catch (error) {
    row.takeBack(fields);
    return error;
  } finally {
    view.apply();
  }
}

/** The same, for one task; tells when it did not work. */
async function report(row, fields) {
  const error = await change(row, fields);
  if (error) failed(error, `“${brief(row)}” could not be saved.`, () => report(row, fields), row);
}

function toggle(row) {
  const completed = !row.shown.completed;
  const next = neighbour(row);
  report(row, { completed });
  if (row.element.hidden) focusOn(next);
  announce(`${completed ? "Done" : "Open again"}: ${row.shown.title}`);
}

function startEditing(row, draft, fault) {
  edit(row, {
    draft,
    fault,
    closed: () => view.apply(),
    save: async (fields) => {
      const typed = { ...row.shown, ...fields };
      const error = await change(row, fields);
      if (!error) return announce(`Saved: ${row.shown.title}`);
      if (isSignedOut(error)) return signOut([{ id: row.id, ...typed }]);
      if (error instanceof Refused && error.status === 404) return addAnew(row, typed, error);
      warn(error);
      startEditing(row, typed, `Not saved. ${inWords(error)}`);
      view.apply();
    },
  });
  view.apply();
}

/** The task is gone, and what was typed is not: it can become a new one. */
function addAnew(row, typed, error) {
  row.id = null;
  keys.set(row, newKey());
  row.show(typed);
  row.setUnsaved(inWords(error), { retry: () => send(row), discard: () => drop(row) });
  view.apply();
}

async function changeAll(rows, completed) {
  const errors = await Promise.all(rows.map((row) => change(row, { completed })));
  const wrong = rows.filter((_, place) => errors[place]);
  if (wrong.length) failed(errors.find(Boolean), `${count(wrong.length)} could not be saved.`, () => changeAll(wrong, completed));
}

document.querySelector("#complete-all").addEventListener("click", () => {
  const rows = view.rows.filter((row) => !row.isGone && !row.isUnsaved && !row.shown.completed);
  changeAll(rows, true);
  undoable(`${count(rows.length)} completed.`, { undo: () => changeAll(rows, false) });
  box.focus();
});

// --- deleting ---------------------------------------------------------------------------------------------------

function remove(rows, text) {
  const next = neighbour(rows.at(-1), rows);
  for (const row of rows) row.leaving = true;
  tabs.leaving(rows.map((row) => row.id));
  view.apply();
  focusOn(next);
  undoable(text, {
    undo() {
      for (const row of rows) row.leaving = false;
      tabs.returned(rows.map((row) => row.id));
      view.apply();
      rows[0].element.focus();
      announce("Brought back.");
    },
    finish: () => forGood(rows),
  });
}

async function forGood(rows, { keepalive = false } = {}) {
  const errors = await Promise.all(
    rows.map((row) => row.inOrder(() => call("DELETE", `${path}/${row.id}`, undefined, { keepalive, patient: true })).then(() => null, (error) => error)),
  );
  const wrong = [];
  rows.forEach((row, place) => {
    const error = errors[place];
    if (error && !(error instanceof Refused && error.status === 404)) {
      row.leaving = false;
      wrong.push(row);
    } else row.element.remove();
  });
  view.apply();
  saved();
  if (wrong.length) {
    tabs.returned(wrong.map((row) => row.id));
    const what = wrong.length === 1 ? `“${brief(wrong[0])}”` : count(wrong.length);
    failed(errors.find(Boolean), `${what} could not be deleted.`, () => remove(wrong, `${what} deleted.`));
  }
}

document.querySelector("#clear-completed").addEventListener("click", () => {
  const rows = view.rows.filter((row) => !row.isGone && !row.isUnsaved && row.shown.completed);
  remove(rows, `${count(rows.length)} deleted.`);
});

function drop(row) {
  const next = neighbour(row);
  row.element.remove();
  view.apply();
  focusOn(next);
}

// --- the list as a whole ----------------------------------------------------------------------------------------

list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = Row.at(event.target);
  if (!row || !button) return;
  if (button.matches(".check, .delete")) event.preventDefault(); // without scripts they send a form
  if (button.matches(".check")) toggle(row);
  if (button.matches(".edit")) startEditing(row);
  if (button.matches(".acts .delete")) remove([row], `“${brief(row)}” deleted.`);
});

list.addEventListener("dblclick", (event) => {
  const row = Row.at(event.target);
  if (row && !row.isUnsaved && event.target.closest(".what")) startEditing(row);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-show], a[data-clear]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (link.matches("[data-clear]")) search.value = "";
  else view.show = link.dataset.show;
  view.search = search.value.trim();
  history.pushState(null, "", view.address());
  const counts = view.apply();
  announce(`${document.querySelector("#heading").textContent}: ${counts[view.show]}`);
  if (!link.closest(".filters")) search.focus();
});

window.addEventListener("popstate", () => {
  view.read();
  search.value = view.search;
  view.apply();
});

search.addEventListener("input", () => {
  view.search = search.value.trim();
  history.replaceState(null, "", view.address());
  view.apply();
});

document.querySelector("#search").addEventListener("submit", (event) => {
  event.preventDefault();
  announce(`${count(view.visible.length)} found`);
});

let asking = false;
let askAgain = false;
let changes = 0;

/** Takes over what the service has by now. While changes are on their way it waits for them: they are newer. */
async function refresh() {
  askAgain = true;
  if (asking || view.rows.some((row) => row.pending)) return;
  asking = true;
  askAgain = false;
  const since = changes;
  try {
    const tasks = await call("GET", path);
    if (since === changes) {
      takeOver(tasks);
      banner.hidden = true;
    } else askAgain = true;
  } catch (error) {
    if (isSignedOut(error)) return signOut();
    warn(error);
  } finally {
    asking = false;
    if (askAgain) refresh();
  }
}

function takeOver(tasks) {
  const left = new Map(view.rows.filter((row) => !row.isUnsaved).map((row) => [row.id, row]));
  let place = list.firstElementChild;
  for (const task of tasks) {
    const row = left.get(task.id) ?? Row.of(task);
    left.delete(task.id);
    row.keep(task);
    if (row.element === place) place = place.nextElementSibling;
    else list.insertBefore(row.element, place);
  }
  for (const row of left.values()) if (!row.editing) row.element.remove();
  view.apply();
}

/** Something has been kept: other tabs look, and so do we if we were asked to meanwhile. */
function saved() {
  changes += 1;
  banner.hidden = true;
  tabs.changed();
  if (askAgain) refresh();
}

// --- when it does not work --------------------------------------------------------------------------------------

const isSignedOut = (error) => error instanceof Refused && error.status === 401;

function failed(error, text, again, row) {
  if (isSignedOut(error)) return signOut();
  warn(error);
  if (error instanceof Refused && error.status === 404 && row) {
    row.element.remove();
    view.apply();
    return toast(`“${brief(row)}” is gone: deleted somewhere else.`, { alarm: true });
  }
  toast(`${text} ${inWords(error)}`, { label: "Try again", act: again, alarm: true, seconds: 20 });
}

/** As long as there is no connection, the page says so. */
function warn(error) {
  if (!(error instanceof Unreachable) && !(error instanceof Refused && error.status >= 500)) return;
  banner.querySelector("span").textContent = `${inWords(error)} What you write stays here.`;
  banner.hidden = false;
}

async function tryAgain() {
  await Promise.all(view.rows.filter((row) => row.isUnsaved && !row.pending).map(send));
  refresh();
}

banner.querySelector("button").addEventListener("click", tryAgain);
window.addEventListener("online", tryAgain);
window.addEventListener("offline", () => warn(new Unreachable()));

let signingOut = false;

function signOut(edits = []) {
  if (signingOut) return;
  signingOut = true;
  keep(edits);
  toLogin();
}

// --- coming and going -------------------------------------------------------------------------------------------

let forgetting = false;

function keep(edits = [], leaving = []) {
  if (forgetting) return;
  const rows = view.rows;
  const open = rows.filter((row) => row.editing).map((row) => ({ id: row.id, ...draftOf(row) }));
  const unsaved = rows.filter((row) => row.isUnsaved).map((row) => ({ key: keys.get(row), title: row.shown.title }));
  keepDrafts(user, { text: box.value, unsaved, edits: [...open, ...edits], leaving });
}

const kept = takeDrafts(user);
if (kept.text && !box.value) box.value = kept.text;
for (const row of view.rows) {
  row.elsewhere = kept.leaving.includes(row.id);
  const draft = kept.edits.find(({ id }) => id === row.id);
  if (draft) startEditing(row, draft);
}
view.apply();
for (const { title, key } of kept.unsaved) add(title, key);
if (kept.leaving.length) setTimeout(() => view.rows.forEach((row) => (row.elsewhere = false)) ?? refresh(), 2_000);

window.addEventListener("pagehide", () => {
  if (signingOut) return;
  const leaving = view.rows.filter((row) => row.leaving).map((row) => row.id);
  keep([], leaving);
  for (const row of view.rows.filter((row) => row.leaving)) call("DELETE", `${path}/${row.id}`, undefined, { keepalive: true }).catch(() => {});
});

document.addEventListener("leaving", (event) => {
  event.detail.push(...finishAll());
  forgetting = true; // who logs out leaves nothing behind
  keepDrafts(user, { text: "", unsaved: [], edits: [], leaving: [] });
});

window.addEventListener("pageshow", (event) => event.persisted && refresh());
window.addEventListener("focus", refresh);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());

// --- keys -------------------------------------------------------------------------------------------------------

/** What comes after a row, or before it when it is the last; of several rows that go, what stays. */
function neighbour(row, going = [row]) {
  const visible = view.visible;
  const place = visible.indexOf(row);
  const stays = (other) => !going.includes(other);
  return visible.slice(place + 1).find(stays) ?? visible.slice(0, Math.max(place, 0)).findLast(stays);
}

const focusOn = (row) => (row ? row.element : box).focus();

function move(step) {
  const visible = view.visible;
  const place = visible.indexOf(Row.at(document.activeElement));
  const next = place < 0 ? (step > 0 ? 0 : visible.length - 1) : Math.min(Math.max(place + step, 0), visible.length - 1);
  visible[next]?.element.focus();
}

function withRow(act) {
  const row = Row.at(document.activeElement);
  if (row && !row.isUnsaved && !row.element.hidden) act(row);
}

function toggleHere(row) {
  toggle(row);
  if (!row.element.hidden) row.element.focus();
}

listen({
  n: () => box.focus(),
  "/": () => search.select(),
  j: () => move(1),
  k: () => move(-1),
  x: () => withRow(toggleHere),
  e: () => withRow((row) => startEditing(row)),
  Delete: () => withRow((row) => remove([row], `“${brief(row)}” deleted.`)),
  u: undoLast,
  "?": showHelp,
});
document.querySelector("#help-button").addEventListener("click", showHelp);

function brief(row) {
  const letters = [...row.shown.title];
  return letters.length > 40 ? `${letters.slice(0, 39).join("")}…` : row.shown.title;
}

function count(number) {
  return `${number} task${number === 1 ? "" : "s"}`;
}
