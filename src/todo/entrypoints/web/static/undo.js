// What can be taken back for ten seconds.

import { announce, toast } from "./shell.js";

const SECONDS = 10;
const last = [];

/** Tells what was done, and offers to take it back. `finish` is called when nobody did in time. */
export function undoable(text, { undo, finish = () => {} }) {
  const step = {
    undo() {
      forget(step);
      close();
      undo();
    },
    finish() {
      forget(step);
      return finish();
    },
    now() {
      close();
      return step.finish();
    },
  };
  const close = toast(text, { label: "Undo", act: step.undo, over: step.finish, seconds: SECONDS });
  last.push(step);
}

export function undoLast() {
  if (last.length) last.at(-1).undo();
  else announce("There is nothing to undo.");
}

/** Does at once what was only promised: the page is about to be left. Gives what is to be waited for. */
export const finishAll = () => [...last].map((step) => step.now());

function forget(step) {
  const place = last.indexOf(step);
  if (place >= 0) last.splice(place, 1);
}
