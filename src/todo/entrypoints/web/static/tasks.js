// The list of tasks: what is done shows at once, and is taken back with a word when the service says no.

import { call, inWords, isPassing, newKey, Refused, toLogin, Unreachable } from "./api.js";
import { edit, faultOf } from "./editor.js";
import { comeAndGo } from "./going.js";
import { listen, showHelp } from "./keyboard.js";
import { Row } from "./rows.js";
import { announce, toast, written } from "./shell.js";
import { otherTabs } from "./tabs.js";
import { handOver, release, undoable, undoLast } from "./undo.js";
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
adding.noValidate = true; // the page tells it itself, in the same words for nothing and for blanks

const tabs = otherTabs(user, {
  changed: refresh,
  hide(ids, gone) {
    for (const row of view.rows) if (ids.includes(row.id)) row.elsewhere = gone;
    view.apply();
  },
  saved(ids) {
    const rows = view.rows.filter((row) => row.leaving && !row.pending && ids.includes(row.id));
    if (!rows.length) return;
    for (const row of rows) row.leaving = false;
    release(rows);
    tabs.returned(rows.map((row) => row.id));
    view.apply();
    toast(`“${brief(rows[0])}” stays: it has just been changed in another tab.`);
  },
});

// --- adding -----------------------------------------------------------------------------------------------------

adding.addEventListener("submit", (event) => {
  event.preventDefault();
  const title = box.value;
  tellBox(faultOf(title));
  if (!boxFault.hidden) return box.focus();
  box.value = "";
  add({ title });
});

function add(task) {
  const row = append(task);
  row.element.scrollIntoView({ block: "nearest" });
  send(row);
}

function append({ title, description = null, completed = false }, key = newKey()) {
  const row = Row.of({ title, description, completed });
  keys.set(row, key);
  row.element.toggleAttribute("data-fresh", true);
  list.append(row.element);
  return row;
}

let adds = Promise.resolve();

/** New tasks reach the service one after the other: it lists them in the order in which they came. */
function afterTheOthers(work) {
  const done = adds.then(work);
  adds = done.catch(() => {});
  return done;
}

async function send(row) {
  row.setSaved();
  row.setSaving(true);
  view.apply();
  // A key stands for what was first asked for with it. What has been changed since comes after that.
  row.sent ??= { ...row.shown, completed: false };
  const { title, description } = row.sent;
  const body = description === null ? { title } : { title, description };
  try {
    const task = await row.inOrder(() => afterTheOthers(() => call("POST", path, body, { key: keys.get(row), patient: true })));
    const wanted = row.shown;
    const kept = settleIn(row, task);
    const rest = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== row.sent[name]));
    row.sent = null;
    settled({ changed: true });
    view.apply();
    if (!kept.element.hidden) announce(`Added: ${written(title)}`);
    else toast(`“${brief(kept)}” is added, and not among what is shown here.`);
    if (Object.keys(rest).length) await report(kept, rest);
  } catch (error) {
    if (!isPassing(error)) row.sent = null;
    if (isSignedOut(error)) return signOut();
    setUnsaved(row, troubleOf(error));
    announce(`Not saved: ${written(title)}. ${inWords(error)}`);
    warn(error);
    settled();
  }
}

/** A new task has its number. An answer that got lost may have brought it here before, by another way. */
function settleIn(row, task) {
  const twin = view.rows.find(({ id }) => id === task.id);
  const kept = twin ?? row;
  kept.id = task.id;
  kept.setSaved();
  kept.keep(task);
  if (twin) leave(row);
  return kept;
}

const troubleOf = (error) => ({ words: inWords(error), passing: isPassing(error) });

function setUnsaved(row, trouble) {
  const retry = () => {
    row.element.focus(); // the button is about to go
    send(row);
  };
  row.setUnsaved(trouble, { retry, revise: () => startEditing(row), discard: () => leave(row) });
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
  const error = await put(row, fields);
  view.apply();
  return error;
}

async function put(row, fields) {
  try {
    const task = await row.inOrder(() => call("PUT", `${path}/${row.id}`, fields, { patient: true }));
    row.keep(task);
    settled({ changed: true });
    return null;
  } catch (error) {
    row.takeBack(fields);
    if (isSignedOut(error) && "completed" in fields) owed.ticks.push({ id: row.id, completed: fields.completed });
    settled();
    return error;
  }
}

/** The same, for one task; tells when it did not work. */
async function report(row, fields) {
  const error = await change(row, fields);
  if (error) failed(error, `“${brief(row)}” could not be saved.`, () => report(row, fields), [row]);
}

function toggle(row) {
  const completed = !row.shown.completed;
  const next = neighbour(row);
  report(row, { completed });
  if (row.element.hidden) focusOn(next);
  announce(`${completed ? "Done" : "Open again"}: ${written(row.shown.title)}`);
}

function startEditing(row, draft, fault) {
  edit(row, {
    draft,
    fault,
    closed: () => followed(row, () => view.apply()),
    save: async (fields) => {
      if (row.isUnsaved) return row.pending ? row.show(fields) : revise(row, fields);
      const typed = { ...row.shown, ...fields, before: row.shown };
      tabs.saved([row.id]);
      row.elsewhere = false;
      const error = await followed(row, () => change(row, fields));
      if (!error) return announce(`Saved: ${written(row.shown.title)}`);
      if (isSignedOut(error)) return signOut([{ id: row.id, ...typed }]);
      if (isGone(error)) return addAnew(row, typed, error);
      warn(error);
      startEditing(row, typed, `Not saved. ${inWords(error)}`);
    },
  });
  view.apply();
}

/** A new task that could not be added is tried again with another text. */
function revise(row, fields) {
  row.show(fields);
  if (!row.sent) keys.set(row, newKey());
  row.element.focus();
  send(row);
}

/** When what is done takes the row out of sight, the focus goes to its neighbour. */
function followed(row, act) {
  const next = neighbour(row);
  const done = act();
  if (row.element.hidden && !isElsewhere()) focusOn(next);
  return done;
}

/** Whether somebody has gone on to write something. */
const isElsewhere = () => document.activeElement.matches("input, textarea") && !list.contains(document.activeElement);

/** The task is gone, and what was typed is not: it can become a new one. */
function addAnew(row, { title, description }, error = new Refused(404)) {
  row.id = null;
  keys.set(row, newKey());
  row.show({ title, description });
  setUnsaved(row, troubleOf(error));
}

async function changeAll(rows, completed) {
  for (const row of rows) row.show({ completed });
  view.apply();
  const errors = await Promise.all(rows.map((row) => put(row, { completed })));
  view.apply();
  if (errors.some(isSignedOut)) return signOut();
  const error = errors.find((error) => error && !isGone(error)) ?? errors.find(Boolean);
  if (!error) return;
  const wrong = rows.filter((_, place) => errors[place] && isGone(errors[place]) === isGone(error));
  failed(error, `${count(wrong.length)} could not be saved.`, () => changeAll(wrong, completed), wrong);
}

/** What a button for many is about: when something is searched for, what is found. */
const many = (completed) => view.rows.filter((row) => !row.isGone && !row.isUnsaved && row.shown.completed === completed && view.finds(row));

document.querySelector("#complete-all").addEventListener("click", () => {
  const rows = many(false);
  changeAll(rows, true);
  undoable(`${count(rows.length)} completed.`, { undo: () => changeAll(rows, false) });
  focusOn(view.visible[0]);
});

// --- deleting ---------------------------------------------------------------------------------------------------

function remove(rows, text) {
  const next = neighbour(rows.at(-1), rows);
  for (const row of rows) row.leaving = true;
  const before = handOver();
  if (before.length) {
    rows = [...before, ...rows];
    text = `${count(rows.length)} deleted.`;
  }
  tabs.leaving(rows.map((row) => row.id));
  view.apply();
  focusOn(next);
  undoable(text, {
    rows,
    undo() {
      for (const row of rows) row.leaving = false;
      going.follow();
      tabs.returned(rows.map((row) => row.id));
      view.apply();
      rows[0].element.focus();
      announce("Brought back.");
    },
    finish: () => forGood(rows),
  });
}

async function forGood(rows) {
  if (!rows.length) return;
  const errors = await Promise.all(
    rows.map((row) => row.inOrder(() => call("DELETE", `${path}/${row.id}`, undefined, { patient: true })).then(() => null, (error) => error)),
  );
  if (errors.some(isSignedOut)) return signOut(); // they are deleted when one is back
  const wrong = [];
  rows.forEach((row, place) => {
    const error = errors[place];
    if (error && !isGone(error)) {
      row.leaving = false;
      wrong.push(row);
    } else row.element.remove();
  });
  view.apply();
  settled({ changed: wrong.length < rows.length });
  if (wrong.length) {
    tabs.returned(wrong.map((row) => row.id));
    const what = wrong.length === 1 ? `“${brief(wrong[0])}”` : count(wrong.length);
    failed(errors[rows.indexOf(wrong[0])], `${what} could not be deleted.`, () => remove(wrong, `${what} deleted.`), wrong);
  }
}

document.querySelector("#clear-completed").addEventListener("click", () => {
  const rows = many(true).filter((row) => !row.editing);
  if (rows.length) remove(rows, `${count(rows.length)} deleted.`);
});

/** Takes rows out of the page. The focus stays where it is, unless it was in one of them. */
function leave(...rows) {
  const left = rows.find((row) => row.element.contains(document.activeElement));
  const next = left && neighbour(left, rows);
  for (const row of rows) row.element.remove();
  view.apply();
  if (left) focusOn(next);
}

// --- the list as a whole ----------------------------------------------------------------------------------------

let clicked; // the row of the first click of two

list.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const row = Row.at(event.target);
  if (!row || !button) return;
  if (button.matches(".check, .delete")) event.preventDefault(); // without scripts they send a form
  if (event.detail > 1 && row !== clicked) return; // the second click of two was meant for the row that has just gone
  clicked = row;
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

let writing;

search.addEventListener("input", () => {
  view.search = search.value.trim();
  view.apply();
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", view.address()), 200); // browsers count how often it is done
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
  if (asking || Row.underWay) return;
  asking = true;
  askAgain = false;
  const since = changes;
  try {
    const tasks = await call("GET", path);
    if (since === changes && !Row.underWay) {
      takeOver(tasks);
      banner.hidden = true;
    } else askAgain = true;
  } catch (error) {
    if (isSignedOut(error)) return signOut();
    if (error instanceof Refused && error.status === 403) return location.reload(); // somebody else has logged in by now
    warn(error);
  } finally {
    asking = false;
    if (askAgain && !signingOut) refresh();
  }
}

/** When a task comes that looks like one whose answer got lost, asking again tells whether it is that one. */
function askForLostAnswers(tasks, known) {
  const titles = new Set(tasks.filter(({ id }) => !known.has(id)).map(({ title }) => title));
  for (const row of view.rows) if (row.trouble && row.sent && titles.has(row.sent.title)) send(row);
}

/** Touches only what is different: rows that stay where they are keep the focus, and what is being typed in them. */
function takeOver(tasks) {
  const known = new Map(view.rows.filter((row) => !row.isUnsaved).map((row) => [row.id, row]));
  const numbers = new Set(tasks.map(({ id }) => id));
  const gone = view.rows.filter((row) => !row.isUnsaved && !row.editing && !numbers.has(row.id));
  if (gone.length) leave(...gone);
  let place = list.firstElementChild;
  for (const task of tasks) {
    while (place && !numbers.has(Row.at(place).id)) place = place.nextElementSibling;
    const row = known.get(task.id) ?? Row.of(task);
    row.keep(task);
    if (row.element === place) place = place.nextElementSibling;
    else list.insertBefore(row.element, place);
  }
  view.apply();
  askForLostAnswers(tasks, known);
}

let toTell = false;

/** A change has been kept, or has failed. After the last one other tabs look, and so do we if we were asked to meanwhile. */
function settled({ changed = false } = {}) {
  if (changed) {
    changes += 1;
    banner.hidden = true;
    toTell = true;
  }
  going.follow();
  if (Row.underWay) return;
  if (toTell) tabs.changed();
  toTell = false;
  if (askAgain && !signingOut) refresh();
}

// --- when it does not work --------------------------------------------------------------------------------------

const isSignedOut = (error) => error instanceof Refused && error.status === 401;
const isGone = (error) => error instanceof Refused && error.status === 404;

/** Tells what did not work with these rows. */
function failed(error, text, again, rows) {
  if (isSignedOut(error)) return signOut();
  warn(error);
  if (isGone(error)) {
    const what = rows.length === 1 ? `“${brief(rows[0])}” is gone` : "Some tasks are gone";
    refresh();
    return toast(`${what}: deleted somewhere else.`, { alarm: true });
  }
  const act = () => {
    again();
    if (!rows[0].element.hidden) rows[0].element.focus(); // the button has gone
  };
  toast(`${text} ${inWords(error)}`, { label: "Try again", act, alarm: true, seconds: 20 });
}

/** As long as there is no connection, the page says so. */
function warn(error) {
  if (!(error instanceof Unreachable) && !(error instanceof Refused && error.status >= 500)) return;
  banner.querySelector("span").textContent = `${inWords(error)} What you write stays here.`;
  banner.hidden = false;
}

async function tryAgain() {
  await Promise.all(view.rows.filter((row) => row.trouble?.passing).map(send));
  refresh();
}

banner.querySelector("button").addEventListener("click", tryAgain);
window.addEventListener("online", tryAgain);
window.addEventListener("offline", () => warn(new Unreachable()));

let signingOut = false;
const owed = { edits: [], ticks: [] }; // what the service did not take any more

function signOut(edits = []) {
  owed.edits.push(...edits);
  if (signingOut) return;
  signingOut = true;
  toLogin();
}

// --- coming and going -------------------------------------------------------------------------------------------

const going = comeAndGo({ user, path, view, box, keys, owed, append, send, addAnew, setUnsaved, startEditing, changeAll, forGood, refresh, isSigningOut: () => signingOut });
going.resume();

const look = () => asking || refresh();
window.addEventListener("focus", look);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());

// --- keys -------------------------------------------------------------------------------------------------------

/** What comes after a row, or before it when it is the last; of several rows that go, what stays. */
function neighbour(row, going = [row]) {
  const visible = view.visible;
  const place = visible.indexOf(row);
  const stays = (other) => !going.includes(other);
  return visible.slice(place + 1).find(stays) ?? visible.slice(0, Math.max(place, 0)).findLast(stays);
}

/** Where no row is left, on the page: in the box the next key would be a letter, and no command such as undo. */
const focusOn = (row) => (row ? row.element : document.querySelector("#main")).focus();

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
  "/": () => {
    search.focus();
    search.select();
  },
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
  return written(letters.length > 40 ? `${letters.slice(0, 39).join("")}…` : row.shown.title);
}

function count(number) {
  return `${number} task${number === 1 ? "" : "s"}`;
}

document.documentElement.classList.add("js"); // last: where something above does not work, forms without scripts do
