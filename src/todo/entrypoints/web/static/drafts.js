// What was typed and is not saved outlives a reload, and logging in again in this tab. It is never shown to another user.

const KEY = "todo-drafts";
const NOTHING = { text: "", unsaved: [], edits: [], ticks: [], leaving: [] };

export function keepDrafts(user, drafts) {
  const empty = Object.values(drafts).every((some) => !some.length);
  try {
    if (empty) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify({ user, ...drafts }));
  } catch {
    // the browser keeps nothing for this site: then nothing is kept
  }
}

/** Nothing is kept any more. */
export function dropDrafts() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // nothing was kept
  }
}

/** What was kept for this user. It is given once. */
export function takeDrafts(user) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
    if (kept?.user === user) return { ...NOTHING, ...kept };
  } catch {
    // nothing was kept
  }
  return NOTHING;
}
