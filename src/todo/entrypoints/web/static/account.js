// One's own account.

import { call, inWords, Refused, toLogin } from "./api.js";
import { dropDrafts } from "./drafts.js";
import { enhance } from "./forms.js";
import { toast } from "./shell.js";

const FORMS = {
  name: {
    path: "/api/auth/update-user",
    body: ({ name }) => ({ name: name.trim() }),
    done: () => location.assign("/account?done=name"),
  },
  password: {
    path: "/api/auth/change-password",
    body: ({ current, password }) => ({ currentPassword: current, newPassword: password, revokeOtherSessions: true }),
    done: () => location.assign("/account?done=password"),
  },
  delete: {
    path: "/api/auth/delete-user",
    body: ({ current }) => ({ password: current }),
    done: () => {
      dropDrafts();
      location.assign("/login?message=account-deleted");
    },
  },
};

for (const [id, how] of Object.entries(FORMS)) enhance(document.getElementById(id), how);

for (const time of document.querySelectorAll("time[data-minute]")) {
  time.textContent = new Date(time.dateTime).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" }); // where one is
}

/** Ends what a form is about. Gives whether it has. */
async function end(form, path, body) {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return false;
  button.setAttribute("aria-disabled", "true");
  try {
    await call("POST", path, body);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return toLogin();
    button.removeAttribute("aria-disabled");
    toast(`The session goes on. ${inWords(error)}`, { label: "Try again", act: () => form.requestSubmit(), alarm: true });
    return false;
  }
}

document.getElementById("sessions")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (!(await end(form, "/api/auth/revoke-session", { token: form.elements.session.value }))) return;
  if (form.dataset.this === "yes") {
    dropDrafts();
    return location.assign("/login");
  }
  const line = form.closest("li");
  (line.nextElementSibling ?? line.previousElementSibling)?.querySelector("button").focus();
  line.remove();
  toast("That session has ended.");
});

document.getElementById("others")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await end(event.target, "/api/auth/revoke-other-sessions", {})) location.assign("/account?done=sessions");
});
