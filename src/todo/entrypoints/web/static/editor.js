// Editing in place.

const blank = document.querySelector("#editor").content.firstElementChild;
const BLANK = /^[\s\x1c-\x1f\x85]*$/; // what the service takes for nothing is a little more than what browsers do
const NOT_TEXT = /\0|\p{Surrogate}/u; // U+0000 and halves of characters
const byTouch = matchMedia("(pointer: coarse)"); // where no Shift is at hand, Enter begins a line of a text that has lines
const LONGEST = { title: 500, description: 16_384 }; // code points

/** Opens the editor of a row, or goes on with a draft. `save` gets what has been changed in it, if anything has. */
export function edit(row, { draft, fault = "", save, closed }) {
  if (row.editing) return row.editing.again(fault);
  const form = blank.cloneNode(true);
  const { title, description } = form.elements;
  const told = form.querySelector(".error");
  let before;
  row.element.append(form);
  row.editing = {
    form,
    get draft() {
      return { ...heldBy(form), before };
    },
    /** What was saved meanwhile has failed: what stands here is then more than it seemed. */
    again(text) {
      if (text) before = inFields(row.shown);
      tell(text);
      focus(text);
    },
  };
  before = inFields(row.shown);
  fill(form, { ...before, ...(draft && changedIn(draft)) });
  tell(fault);
  focus(fault);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = faultOf(title.value, description.value);
    if (wrong) {
      tell(wrong);
      return (faultOf(title.value) ? title : description).focus();
    }
    const fields = {};
    if (title.value !== before.title) fields.title = title.value;
    if (description.value !== before.description) fields.description = description.value || null;
    close();
    if (Object.keys(fields).length) save(fields);
  });
  form.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter then belongs to who composes a character
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && !event.shiftKey && event.target.matches(byTouch.matches ? "input" : "input, textarea")) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.querySelector(".cancel").addEventListener("click", close);

  function tell(text) {
    told.textContent = text;
    told.hidden = !text;
  }

  /** Bad news do not take the focus from somebody who is writing something else by now. */
  function focus(badNews) {
    const other = document.activeElement;
    if (!badNews || form.contains(other) || !other.matches("input, textarea")) title.focus();
  }

  function close() {
    form.remove();
    row.editing = null;
    closed();
    const back = row.element.querySelector(".edit");
    if (!row.element.hidden) (back.disabled ? row.element : back).focus();
  }
}

/** What somebody has typed into a draft. The rest of it may be older than what the service has by now. */
export function changedIn({ title, description, before }) {
  const was = before ? inFields(before) : {};
  return Object.fromEntries(Object.entries(inFields({ title, description })).filter(([name, text]) => text !== was[name]));
}

function heldBy({ elements: { title, description } }) {
  return { title: title.value, description: description.value };
}

function fill({ elements }, { title, description }) {
  elements.title.value = title;
  elements.description.value = description ?? "";
}

/** As fields hold it: an input takes line breaks away, and a text area knows but one kind of them. */
function inFields(fields) {
  const form = blank.cloneNode(true);
  fill(form, fields);
  return heldBy(form);
}

export function faultOf(title, description = "") {
  if (BLANK.test(title)) return "Write down what needs doing.";
  if ([...title].length > LONGEST.title) return `That is too long for a title: ${LONGEST.title} characters fit.`;
  if ([...description].length > LONGEST.description) return `That is too long: ${LONGEST.description} characters fit.`;
  if (NOT_TEXT.test(title + description)) return "There is a character in it that cannot be kept. Write that part again.";
  return "";
}
