// Single keys, outside fields. They can be switched off: somebody may speak to the computer, and mean no key.

const KEY = "todo-shortcuts";
const MOVING = ["j", "k"];
const box = document.querySelector("#shortcuts");
const help = document.querySelector("#help");

box.checked = stored() !== "off";
box.addEventListener("change", () => {
  try {
    localStorage.setItem(KEY, box.checked ? "on" : "off");
  } catch {
    // it holds for this page then
  }
});

export function showHelp() {
  help.showModal();
}

/** Calls the action of a key. */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const action = Object.hasOwn(actions, event.key) && actions[event.key];
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || MOVING.includes(event.key)) action(); // a key held down too long deletes one task, not ten
  });
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
