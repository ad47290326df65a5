// What can be taken back for ten seconds.

import { announce, toast } from "./shell.js";

const SECONDS = 10;
const AT_MOST = 3; // deletions that wait side by side
const last = [];

/** Tells what was done, and offers to take it back. `finish` is called when nobody did in time. `rows`: what it deletes. */
export function undoable(text, { undo, finish = () => {}, rows = [] }) {
  const step = {
    rows,
    drop() {
      forget(step);
      close();
    },
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

/** These rows are out of the hands of their steps, which neither delete nor bring back what they no longer hold. */
export function release(released) {
  for (const step of [...last]) {
    if (!step.rows.some((row) => released.includes(row))) continue;
    step.rows.splice(0, Infinity, ...step.rows.filter((row) => !released.includes(row)));
    if (!step.rows.length) step.drop();
  }
}

/** What waits to be deleted with the last step, when there are many of them: it can go on in the next one. */
export function handOver() {
  const deletions = last.filter((step) => step.rows.length);
  if (deletions.length < AT_MOST) return [];
  deletions.at(-1).drop();
  return deletions.at(-1).rows;
}

function forget(step) {
  const place = last.indexOf(step);
  if (place >= 0) last.splice(place, 1);
}
