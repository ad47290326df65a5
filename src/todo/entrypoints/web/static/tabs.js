// Other tabs of the same user in the same browser.

const AS_LONG_AS = 15_000; // ms: longer than deleting can be taken back

/**
 * Calls `changed` when another tab has saved something; `hide` with numbers of tasks that it deletes, or brings back; `saved`
 * with those that it has given another text, which are not to be deleted without a word.
 */
export function otherTabs(user, { changed, hide, saved }) {
  const channel = channelOf(user);
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
    if (data.saved) saved(data.saved);
  });
  return {
    changed: () => channel.postMessage({ changed: true }),
    leaving: (ids) => channel.postMessage({ leaving: ids }),
    returned: (ids) => channel.postMessage({ returned: ids }),
    saved: (ids) => channel.postMessage({ saved: ids }),
  };
}

/** Where a browser has no channels, or does not allow them here, each tab is by itself. */
function channelOf(user) {
  try {
    return new BroadcastChannel(`todo ${user}`);
  } catch {
    return { addEventListener() {}, postMessage() {} };
  }
}
