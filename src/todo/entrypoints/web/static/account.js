// One's own account.

import { call, inWords, Refused, toLogin } from "./api.js";
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
    done: () => location.assign("/login?message=account-deleted"),
  },
};

for (const [id, how] of Object.entries(FORMS)) enhance(document.getElementById(id), how);

document.getElementById("sessions")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  try {
    await call("POST", "/api/auth/revoke-session", { token: form.elements.session.value });
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return toLogin();
    button.removeAttribute("aria-disabled");
    toast(`The session goes on. ${inWords(error)}`, { label: "Try again", act: () => form.requestSubmit(), alarm: true });
    return;
  }
  if (form.dataset.this === "yes") return location.assign("/login");
  const line = form.closest("li");
  (line.nextElementSibling ?? line.previousElementSibling)?.querySelector("button").focus();
  line.remove();
  toast("That session has ended.");
});
