"""What the recorder did between two exchanges: by other calls, or by editing the database. The file does not hold it.

Told by the names of the exchanges, by the tokens they show and by what their answers tell.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from tests.unit.better_auth.recording import BY_NAME
from tests.unit.better_auth.stage import Stage
from todo.domain.model.session import SESSION_LIFE
from todo.domain.model.user import Name, PasswordHash

CAROL, DAVE, ERIN, FRANK, IDA, ADA = (
    f"{name}@example.com" for name in ("carol", "dave", "erin", "frank", "ida", "ada")
)
DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)

HIDDEN_STATE: Final[dict[str, Callable[[Stage, str], Awaitable[None]]]] = {}
"""By name: what happened just before the exchange."""


def before(*names: str) -> Callable[[Callable[[Stage, str], Awaitable[None]]], None]:
    def remember(step: Callable[[Stage, str], Awaitable[None]]) -> None:
        HIDDEN_STATE.update(dict.fromkeys(names, step))

    return remember


@before("setup", "client: signUp.email()")
async def _(stage: Stage, _name: str) -> None:
    stage.begin_anew()


# Sessions


@before("token ok (cookie)")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up(CAROL, name)


@before("list-sessions ok")
async def _(stage: Stage, _name: str) -> None:
    await stage.sign_in(CAROL, "get-session with revoked session")
    await stage.sign_in(CAROL, "get-session of an other session after revoke-other-sessions")


@before("list-sessions, session older than freshAge (24 h)")
async def _(stage: Stage, name: str) -> None:
    stage.edit_session(name, lambda session: replace(session, created_at=session.created_at - DAY))


@before("revoke-session of another user (200, no effect)")
async def _(stage: Stage, _name: str) -> None:
    await stage.sign_up(DAVE, "get-session of that other user still works")


@before("revoke-sessions ok")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_in(CAROL, name)


# Profile and passwords


@before("update-user name")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up(ERIN, name)


@before("change-password ok")
async def _(stage: Stage, _name: str) -> None:
    await stage.sign_in(ERIN, "get-session of the other session survives a plain change")


@before("change-password revokeOtherSessions with dont_remember cookie")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_in(ERIN, name, password="password789", remember=False)


@before("change-email updates immediately (updateEmailWithoutVerification, unverified)")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_in(ERIN, name, password="password789")


@before("change-email when verified: sends mail to the new address")
async def _(stage: Stage, _name: str) -> None:
    stage.edit_user("erin2@example.com", lambda user: replace(user, email_verified=True))


# Letters


@before("reset-password/:token callback")
async def _(stage: Stage, _name: str) -> None:
    stage.call_reset_token(BY_NAME["reset-password ok"].body["token"])


@before("reset-password token in query")
async def _(stage: Stage, name: str) -> None:
    await stage.ask_for_reset(DAVE, BY_NAME[name].path.partition("token=")[2])


@before("reset-password expired token")
async def _(stage: Stage, name: str) -> None:
    await stage.ask_for_reset(DAVE, BY_NAME[name].body["token"])
    stage.clock.turn(timedelta(hours=1))


@before("send-verification-email signed in")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up(FRANK, name)


# Deletion


@before("delete-user ok without password (fresh session)")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up("gina@example.com", name)


@before("delete-user without password, stale session")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up("hugo@example.com", name)
    stage.edit_session(name, lambda session: replace(session, created_at=session.created_at - DAY))


# The life of sessions


async def _issued(stage: Stage, name: str, ago: timedelta) -> None:
    """Moves the end of the session, as if it had been issued or extended that long ago."""
    stage.edit_session(name, lambda session: replace(session, expires_at=stage.clock.now() - ago + SESSION_LIFE))


@before("get-session 23h59 after issue: not refreshed")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up(IDA, name)
    await _issued(stage, name, DAY - MINUTE)


@before(
    "get-session 24h01 after issue, disableRefresh",
    "update-user in the refresh window also refreshes",
    "list-sessions in the refresh window also refreshes",
)
async def _(stage: Stage, name: str) -> None:
    await _issued(stage, name, DAY + MINUTE)


@before("get-session expired: null, cookies cleared, row deleted")
async def _(stage: Stage, name: str) -> None:
    await _issued(stage, name, SESSION_LIFE + MINUTE)


@before("get-session rememberMe=false near expiry: never refreshed")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_in(IDA, name, remember=False)
    await _issued(stage, name, SESSION_LIFE - MINUTE)


# Rows that no server of today writes


@before("sign-in when account.password is null")
async def _(stage: Stage, _name: str) -> None:
    stage.change_hash(IDA, None)


@before("sign-in when account.password is malformed")
async def _(stage: Stage, _name: str) -> None:
    stage.change_hash(IDA, PasswordHash("malformed"))


@before("sign-in when account.accountId differs from the user id")
async def _(stage: Stage, _name: str) -> None:
    """The account id stands beside the password and is never asked for here: there is nothing to differ."""
    stage.restore_hash(IDA)


@before("sign-up with the lower-case form of a stored mixed-case address")
async def _(stage: Stage, _name: str) -> None:
    stage.add_user_with_odd_case("Mixed@Example.com")


@before("bearer: wrong signature with a valid cookie falls back to the cookie")
async def _(stage: Stage, name: str) -> None:
    stage.begin_anew()
    await stage.sign_up(ADA, name, name="Ada")


# Other servers


@before("verify: get-session after auto sign in")
async def _(stage: Stage, name: str) -> None:
    """Following the link has not signed in here: that is an exception."""
    await stage.sign_in(ADA, name)


@before("ratelimitprod: error page in production")
async def _(stage: Stage, _name: str) -> None:
    """Production is told by the public address here."""
    stage.begin_anew(base_url="https://todo.example")


@before(
    *(
        f"{cache}: get-session disableCookieCache=true: fresh, cookie rewritten"
        for cache in ("cache", "cachejwt", "cachejwe")
    )
)
async def _(stage: Stage, _name: str) -> None:
    stage.edit_user(ADA, lambda user: replace(user, name=Name("Changed in DB")))


@before(
    *(
        f"{cache}: get-session after revocation: cookie cache still answers (up to 5 min)"
        for cache in ("cache", "cachejwt", "cachejwe")
    )
)
async def _(stage: Stage, name: str) -> None:
    stage.end_session(name)


@before("defer: get-session has needsRefresh true")
async def _(stage: Stage, name: str) -> None:
    await _issued(stage, name, 2 * DAY)


@before("resetrevoke: reset-password ok, revokeSessionsOnPasswordReset")
async def _(stage: Stage, name: str) -> None:
    await stage.ask_for_reset(ADA, BY_NAME[name].body["token"])


@before("resetrevoke: reset-password creates the credential account when absent")
async def _(stage: Stage, name: str) -> None:
    stage.change_hash(ADA, None)
    await stage.ask_for_reset(ADA, BY_NAME[name].body["token"])


@before("jwtcustom: token", "jwtplainkeys: token", "jwths256: token", "jwtshared: token")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up(ADA, name, name="Ada")


@before("order: order: bad JSON + untrusted Origin + cookie")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_up(ADA, name, name="Ada")


@before("client: getSession() with fetchOptions.auth Bearer")
async def _(stage: Stage, name: str) -> None:
    await stage.sign_in("ada2@example.com", name, password="password456")
