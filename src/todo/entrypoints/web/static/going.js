// Coming and going: what a page that is left keeps, and what it goes on with when somebody comes back to it.

import { newKey } from "./api.js";
import { dropDrafts, keepDrafts, takeDrafts } from "./drafts.js";
import { changedIn } from "./editor.js";
import { Row } from "./rows.js";
import { finishAll, release } from "./undo.js";

const LAST_WORDS = 50; // requests that surely get out of a page that is being left

/** What stands in the open editor of a task that is not saved. */
const typedIn = ({ editing }) => editing && { title: editing.draft.title, description: editing.draft.description || null };

/** Goes on with what was left undone here, and keeps it when the page is left. Gives what other changes tell it. */
export function comeAndGo({ user, path, view, box, keys, owed, append, send, addAnew, setUnsaved, startEditing, changeAll, forGood, refresh, isSigningOut }) {
  let forgetting = false;
  let left = false; // a page that is left is hidden after that: it has then been left all the same
  let sent = []; // rows that are being deleted since the page was left

  /** What the service does not have yet, whether it was typed, is on its way, or did not get there. */
  function keep() {
    if (forgetting) return;
    const rows = view.rows;
    const open = rows.filter((row) => row.editing && !row.isUnsaved).map((row) => ({ id: row.id, ...row.editing.draft }));
    const typed = rows.filter((row) => row.isTextUnderWay).map((row) => ({ id: row.id, ...row.shown, before: row.saved }));
    const ticked = rows.filter((row) => row.pending && !row.isUnsaved && row.shown.completed !== row.saved.completed);
    keepDrafts(user, {
      text: box.value,
      unsaved: rows.filter((row) => row.isUnsaved).map((row) => ({ ...row.shown, ...typedIn(row), key: keys.get(row), sent: row.sent, trouble: row.trouble })),
      edits: [...open, ...typed, ...owed.edits].filter((draft) => Object.keys(changedIn(draft)).length),
      // a page that may go on does these itself, or has them taken back, while a copy of its tab knows nothing of that
      ticks: left ? [...owed.ticks, ...ticked.map((row) => ({ id: row.id, completed: row.shown.completed }))] : [],
      leaving: left ? rows.filter((row) => row.leaving).map((row) => row.id) : [],
    });
  }

  function resume({ text, unsaved, edits, ticks, leaving }) {
    if (!box.value) box.value = text;
    const rows = new Map(view.rows.map((row) => [row.id, row]));
    for (const { id, ...draft } of edits) {
      const row = rows.get(id);
      const typed = { title: draft.title, description: draft.description || null };
      if (!row) addAnew(append(typed), typed);
      else if (!row.editing && Object.entries(changedIn(draft)).some(([name, text]) => text !== (row.shown[name] ?? ""))) startEditing(row, draft);
    }
    const found = leaving.map((id) => rows.get(id)).filter(Boolean);
    for (const row of found) row.leaving = true;
    view.apply();
    if (found.length) deleteWhatIsThere(found);
    const last = [...new Map(ticks.map(({ id, completed }) => [id, completed]))];
    for (const completed of [true, false]) {
      const those = last.filter((tick) => tick[1] === completed).map(([id]) => rows.get(id));
      const rest = those.filter((row) => row && row.shown.completed !== completed);
      if (rest.length) changeAll(rest, completed);
    }
    for (const { key, trouble, sent, ...task } of unsaved) {
      const row = append(task, key);
      row.sent = sent;
      if (trouble && !trouble.passing) setUnsaved(row, trouble); // it was refused: asking again is up to somebody
      else send(row);
    }
  }

  /** They are being deleted since the page was left: only what is still there is asked for again. */
  const deleteWhatIsThere = (rows) => refresh().then(() => forGood(rows.filter((row) => row.element.isConnected)));

  window.addEventListener("pagehide", () => {
    left = true;
    keep();
    if (isSigningOut() || forgetting) return;
    sent = view.rows.filter((row) => row.leaving);
    // Not by `call`: it has them wait for each other, and nobody will be there to send the next.
    const headers = () => ({ Accept: "application/json", "Idempotency-Key": newKey() });
    for (const { id } of sent) fetch(`${path}/${id}`, { method: "DELETE", headers: headers(), keepalive: true }).catch(() => {});
  });

  window.addEventListener("pageshow", (event) => {
    left = false;
    if (!event.persisted) return;
    if (isSigningOut() || forgetting) return location.reload(); // somebody else may be there by now
    dropDrafts(); // the page has it all itself
    const rows = sent;
    sent = [];
    release(rows);
    deleteWhatIsThere(rows);
  });

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") dropDrafts(); // else a copy of this tab would go on with it as well
    else keep(); // a phone ends what it does not show, without a word
  });

  const isChanged = (row) => row.editing && Object.keys(changedIn(row.editing.draft)).length > 0;

  // Drafts go on in this tab alone. Whether it is closed nobody can tell, so the browser asks.
  window.addEventListener("beforeunload", (event) => {
    if (isSigningOut() || forgetting) return;
    const rows = view.rows;
    if (Row.underWay || rows.some((row) => row.isUnsaved || isChanged(row)) || rows.filter((row) => row.leaving).length > LAST_WORDS) event.preventDefault();
  });

  document.addEventListener("leaving", (event) => {
    const lost = view.rows.filter((row) => row.trouble || isChanged(row)).length;
    if (lost && !confirm(`${lost === 1 ? "A task is" : `${lost} tasks are`} not saved, and will be lost. Log out all the same?`)) return event.preventDefault();
    event.detail.push(...finishAll(), ...view.rows.filter((row) => row.pending).map((row) => row.settled));
    forgetting = true; // who logs out leaves nothing behind
    dropDrafts();
  });
  document.addEventListener("staying", () => (forgetting = false)); // logging out did not work

  return {
    resume: () => resume(takeDrafts(user)),
    /** Something has changed: what is kept for a page that nobody sees changes with it. */
    follow() {
      if (document.visibilityState === "hidden") keep();
    },
  };
}
