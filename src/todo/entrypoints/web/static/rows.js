// A task as a row of the list. The page is the state: the server wrote the rows, and what one shows is what there is.

const blank = document.querySelector("#row").content.firstElementChild;
const unsaved = document.querySelector("#unsaved").content.firstElementChild;
const rowOf = new WeakMap();

export class Row {
  static underWay = 0; // changes on their way, of all rows

  #chain = Promise.resolve();

  constructor(element) {
    this.element = element;
    this.id = Number(element.dataset.id) || null; // null until the service has kept it
    this.shown = {
      title: element.querySelector(".title").textContent,
      description: element.querySelector(".description").textContent || null,
      completed: element.hasAttribute("data-done"),
    };
    this.saved = this.shown; // as the service has it
    this.pending = 0; // changes on their way
    this.leaving = false; // deleted here, and not yet by the service
    this.elsewhere = false; // the same in another tab
    this.editing = null; // the open editor
    this.trouble = null; // why it could not be added
    this.sent = null; // the text with which it was asked for, as long as there is no answer to that
    rowOf.set(element, this);
  }

  /** A row for a task that is not in the page yet. */
  static of(task) {
    const row = new Row(blank.cloneNode(true));
    row.id = task.id ?? null;
    row.keep(task);
    return row;
  }

  /** The row that an element is in. */
  static at(element) {
    return rowOf.get(element?.closest?.(".task"));
  }

  /** What the service says of the task. What is still on its way stands above it. */
  keep({ title, description, completed }) {
    this.saved = { title, description, completed };
    if (!this.pending) this.show(this.saved);
  }

  /** Touches the page only where something is different: nobody loses a selection to a list that came again. */
  show(fields) {
    const { element, shown: before } = this;
    this.shown = { ...before, ...fields };
    const { title, description, completed } = this.shown;
    const same = title === before.title && description === before.description && completed === before.completed;
    if (same && (this.id === null || element.dataset.id === String(this.id))) return;
    const [check, edit, remove] = ["check", "edit", "delete"].map((name) => element.querySelector(`.${name}`));
    if (this.id !== null && element.dataset.id !== String(this.id)) {
      element.dataset.id = this.id;
      check.setAttribute("formaction", `/tasks/${this.id}/complete`);
      remove.setAttribute("formaction", `/tasks/${this.id}/delete`);
    }
    element.toggleAttribute("data-done", completed);
    if (title !== before.title) element.querySelector(".title").textContent = title;
    if (description !== before.description) element.querySelector(".description").textContent = description ?? "";
    check.setAttribute("aria-pressed", String(completed));
    check.setAttribute("aria-label", `Done: ${title}`);
    check.value = String(!completed);
    edit.setAttribute("aria-label", `Edit: ${title}`);
    remove.setAttribute("aria-label", `Delete: ${title}`);
  }

  /** Takes back what could not be saved, unless it has been changed again since. */
  takeBack(fields) {
    for (const [name, value] of Object.entries(fields)) {
      if (this.shown[name] === value) this.show({ [name]: this.saved[name] });
    }
  }

  /** Changes of one task reach the service one after the other, in the order they were made. */
  inOrder(work) {
    this.pending += 1;
    Row.underWay += 1;
    const done = this.#chain.then(work).finally(() => {
      this.pending -= 1;
      Row.underWay -= 1;
    });
    this.#chain = done.catch(() => {});
    return done;
  }

  /** When the changes made so far have reached the service, or have failed. */
  get settled() {
    return this.#chain;
  }

  /** Another text than the service has, and it is on its way there. */
  get isTextUnderWay() {
    return this.pending > 0 && !this.isUnsaved && (this.shown.title !== this.saved.title || this.shown.description !== this.saved.description);
  }

  /** A new task on its way: it can be changed once the service has it. */
  setSaving(now) {
    this.element.toggleAttribute("data-saving", now);
    this.#allow(!now);
  }

  /** The row stays, with what was typed, and with what can be done about it. `passing`: trying again may be enough. */
  setUnsaved({ words, passing }, { retry, revise, discard }) {
    this.trouble = { words, passing };
    this.setSaving(false);
    this.#allow(false);
    const line = unsaved.cloneNode(true);
    line.querySelector(".error").textContent = `Not saved. ${words}`;
    line.querySelector(".retry").addEventListener("click", retry);
    line.querySelector(".revise").addEventListener("click", revise);
    line.querySelector(".discard").addEventListener("click", discard);
    this.element.querySelector(".unsaved")?.remove();
    this.element.append(line);
  }

  setSaved() {
    this.trouble = null;
    this.element.querySelector(".unsaved")?.remove();
    this.setSaving(false);
  }

  get isUnsaved() {
    return this.id === null;
  }

  get isGone() {
    return this.leaving || this.elsewhere;
  }

  #allow(yes) {
    for (const button of this.element.querySelectorAll(".check, .acts button")) button.disabled = !yes;
  }
}
