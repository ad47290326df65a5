// Other tabs of the same user in the same browser.

const AS_LONG_AS = 15_000; // ms: longer than deleting can be taken back

/** Calls `changed` when another tab has saved something, and `hide` with numbers of tasks that it deletes, or brings back. */
export function otherTabs(user, { changed, hide }) {
  const channel = new BroadcastChannel(`todo ${user}`);
  channel.addEventListener("message", ({ data }) => {
    if (data.changed) changed();
    if (data.leaving) {
      hide(data.leaving, true);
      setTimeout(() => {
        hide(data.leaving, false); // that tab may be gone,
        changed(); // and so may the tasks
      }, AS_LONG_AS);
    }
    if (data.returned) hide(data.returned, false);
  });
  return {
    changed: () => channel.postMessage({ changed: true }),
    leaving: (ids) => channel.postMessage({ leaving: ids }),
    returned: (ids) => channel.postMessage({ returned: ids }),
  };
}
