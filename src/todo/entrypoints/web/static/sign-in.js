// Signing up, logging in, and what helps who has forgotten a password.

import "./shell.js";
import { dropDrafts } from "./drafts.js";
import { enhance } from "./forms.js";

const FORMS = {
  login: {
    path: "/api/auth/login",
    body: ({ email, password }, { callback }) => ({ email, password, callbackURL: callback }),
    done: (_, { next }) => location.assign(next),
  },
  signup: {
    path: "/api/auth/signup",
    body: ({ email, password }, { callback }) => ({ email, password, callbackURL: callback }),
    done: ({ token }, { next }) => location.assign(token ? next : "/signup?verify"),
  },
  forgot: {
    path: "/api/auth/request-password-reset",
    body: ({ email }) => ({ email, redirectTo: "/reset-password" }),
    done: () => location.assign("/forgot-password?sent"),
  },
  reset: {
    path: "/api/auth/reset-password",
    body: ({ token, password }) => ({ token, newPassword: password }),
    done: () => location.assign("/login?message=password-changed"),
  },
};

for (const [id, how] of Object.entries(FORMS)) {
  const form = document.getElementById(id);
  if (form) enhance(form, how);
}

const expired = /^session[ -]expired/i.test(new URLSearchParams(location.search).get("message"));
if (location.pathname === "/login" && !expired) dropDrafts(); // nobody is about to go on with them

if (location.pathname === "/reset-password" && location.search) {
  history.replaceState(null, "", "/reset-password"); // the token stands in the form; it need not stand in the history
}
