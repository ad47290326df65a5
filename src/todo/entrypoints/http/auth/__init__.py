"""Signing in and all that belongs to it, `/api/auth`, as the Better Auth client speaks it. One module per subject."""

from todo.entrypoints.http.auth.about import AboutController
from todo.entrypoints.http.auth.account import AccountController
from todo.entrypoints.http.auth.passwords import PasswordController
from todo.entrypoints.http.auth.sessions import SessionController
from todo.entrypoints.http.auth.sign_in import SignInController
from todo.entrypoints.http.auth.verification import VerificationController

AUTH_CONTROLLERS = (
    SignInController,
    SessionController,
    AccountController,
    PasswordController,
    VerificationController,
    AboutController,
)
