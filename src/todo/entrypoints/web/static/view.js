// Which rows are shown, as the page's address says; and what follows from that: counts, the title, what an empty list says.

import { Row } from "./rows.js";

const HEADINGS = { all: "Tasks", open: "Open tasks", done: "Done tasks" };

export class View {
  constructor(list) {
    this.list = list;
    this.read();
  }

  /** From the address. */
  read() {
    const query = new URLSearchParams(location.search);
    const show = query.get("show");
    this.show = Object.hasOwn(HEADINGS, show) ? show : "all";
    this.search = (query.get("q") ?? "").trim();
  }

  address(show = this.show, search = this.search) {
    const query = [];
    if (show !== "all") query.push(`show=${show}`);
    if (search) query.push(`q=${encodeURIComponent(search)}`);
    return `/tasks${query.length ? `?${query.join("&")}` : ""}`;
  }

  #shows(row) {
    if (row.isGone) return row.editing && !row.leaving; // nothing typed is hidden, whatever another tab does
    if (row.isUnsaved || row.editing) return true;
    return (this.show === "all" || row.shown.completed === (this.show === "done")) && this.finds(row);
  }

  /** Whether a row is among what is searched for. */
  finds(row) {
    const wanted = this.search.toLowerCase();
    const { title, description } = row.shown;
    return !wanted || title.toLowerCase().includes(wanted) || (description ?? "").toLowerCase().includes(wanted);
  }

  get rows() {
    return [...this.list.children].map(Row.at);
  }

  get visible() {
    return this.rows.filter((row) => !row.element.hidden);
  }

  /** Shows what is to be shown. Gives the counts. */
  apply() {
    const counts = { all: 0, open: 0, done: 0 };
    const found = { open: 0, done: 0 };
    let shown = 0;
    for (const row of this.rows) {
      const visible = Boolean(this.#shows(row));
      if (row.element.hidden === visible) row.element.hidden = !visible;
      if (!row.isGone) {
        const state = row.shown.completed ? "done" : "open";
        counts.all += 1;
        counts[state] += 1;
        if (!row.isUnsaved && this.finds(row)) found[state] += 1;
      }
      if (visible) shown += 1;
    }
    for (const count of document.querySelectorAll("[data-count]")) count.textContent = counts[count.dataset.count];
    for (const link of document.querySelectorAll(".filters a")) {
      link.href = this.address(link.dataset.show);
      if (link.dataset.show === this.show) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const why = shown ? "" : !counts.all ? "none" : this.search ? "search" : this.show;
    for (const empty of document.querySelectorAll("[data-empty]")) empty.hidden = empty.dataset.empty !== why;
    document.querySelector("#complete-all").hidden = !found.open || this.show === "done";
    document.querySelector("#clear-completed").hidden = !found.done || this.show === "open";
    document.querySelector("#heading").textContent = HEADINGS[this.show];
    document.title = `${HEADINGS[this.show]} (${counts[this.show]}) · todo`;
    return counts;
  }
}
