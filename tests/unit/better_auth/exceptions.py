"""Where this service answers otherwise than the recorded server, and why. The one place for it.

An exchange that is not listed here is answered alike. One that is listed differs in just what stands beside its name,
in the words of `comparison.differences`; all else about it is alike, too.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Otherwise:
    """One reason, and the recorded exchanges it holds for."""

    reason: str
    exchanges: dict[str, tuple[str, ...]]
    """Their names, by what differs."""


EXCEPTIONS: Final = (
    Otherwise(
        "Who signs up need not give a name: it is then the part of the address before the `@`.",
        {
            "status words body cookies": ("sign-up missing name",),
            "words": ("sign-up missing all",),
        },
    ),
    Otherwise(
        "A body without a content type is read as JSON.",
        {
            "words": ("sign-up JSON without content-type",),
        },
    ),
    Otherwise(
        "Plain paths and the paths of Better Auth's client lead to the same calls.",
        {
            "status body cookies type": (
                "spec path: POST /signup",
                "spec path: POST /logout",
            ),
            "status words body type": ("spec path: POST /login",),
            "status body type": ("spec path: GET /session",),
        },
    ),
    Otherwise(
        "A slash too many is forgiven.",
        {
            "status body type": (
                "get-session trailing slash",
                "double slash",
            ),
        },
    ),
    Otherwise(
        "Outside `/api/auth` is the task side, which says in `detail` what is wrong.",
        {
            "words body type": ("outside base path",),
        },
    ),
    Otherwise(
        "Pages of listed origins may call from elsewhere: preflights are answered, and answers may be read there.",
        {
            "status body type cors": (
                "OPTIONS on sign-up",
                "preflight from a trusted origin is not answered",
            ),
            "cors": (
                "sign-in trusted Origin from trustedOrigins",
                "sign-in cross-site cors from trusted origin",
                "GET from a trusted origin carries no CORS headers",
            ),
        },
    ),
    Otherwise(
        "Trusted origins are listed one by one, without wildcards.",
        {
            "status words body cookies headers": ("sign-in wildcard trusted Origin",),
        },
    ),
    Otherwise(
        "Who tells neither `Origin` nor `Sec-Fetch-Site` is no browser, and cannot be made to write by a "
        "foreign page: it is let pass, with a cookie too. `Referer` and `Sec-Fetch-Mode` are not asked.",
        {
            "status words body cookies": (
                "sign-in Referer only, untrusted",
                "sign-in no Origin, Sec-Fetch-Mode cors (node fetch default)",
                "sign-in with cookie, missing Origin",
                "sign-in with unrelated cookie, missing Origin",
                "sign-out with cookie, missing Origin",
                "update-user with cookie, missing Origin",
                "bearer + cookie POST without Origin is still origin-checked",
            ),
            "status words": ("client: signIn.email() from Node without Origin",),
        },
    ),
    Otherwise(
        "A trusted `Origin` is enough. What a foreign page navigates to has that page's, and is refused for it.",
        {
            "status words body cookies": ("sign-in cross-site navigation",),
        },
    ),
    Otherwise(
        "A write from a foreign page is refused before its body is read, and whatever it shows: a cookie, a "
        "bearer token or nothing.",
        {
            "status words body cookies headers": ("update-user bearer, untrusted Origin, no cookie",),
            "status words": (
                "order: order: bad JSON + untrusted Origin + cookie",
                "order: order: 415 + untrusted Origin + cookie",
                "order: order: untrusted Origin, no cookie, invalid body (sign-in)",
            ),
            "status words body": ("order: untrusted Origin without cookie on request-password-reset (not checked)",),
        },
    ),
    Otherwise(
        "The raw token of a session only names it, to end it by. It is never a credential; the bearer token "
        "is the JWT.",
        {
            "body": (
                "get-session bearer raw token",
                "get-session lower-case scheme",
                "get-session bearer wins over cookie",
                "client: getSession() with fetchOptions.auth Bearer",
            ),
            "status words body cookies headers": ("update-user bearer, no Origin",),
            "cookies": ("get-session after bearer sign-out",),
            "status words body": ("token ok (bearer)",),
        },
    ),
    Otherwise(
        "A bearer token that is none is passed over: a good cookie beside it counts, and no cookie is cleared for it.",
        {
            "cookies": ("get-session bearer garbage",),
            "body cookies": (
                "get-session bad bearer falls back to cookie",
                "bearer: unknown raw token with a valid cookie replaces the cookie (null, cookies cleared)",
            ),
        },
    ),
    Otherwise(
        "The JWT of `/token` is the session's own token: it signs in wherever the cookie does.",
        {
            "body": (
                "get-session with the JWT as bearer (not accepted)",
                "get-session with JWT in session_token cookie (not accepted)",
            ),
            "status words body": ("token with the JWT as bearer (not accepted)",),
        },
    ),
    Otherwise(
        "Tokens are signed with the shared secret: there are no keys to publish, none to configure, and both "
        "calls are always there.",
        {
            "body": (
                "jwks (first call creates the key)",
                "client: jwks()",
                "jwtcustom: jwks",
                "jwtplainkeys: jwks",
            ),
            "status body type": (
                "minimal: token without jwt()",
                "minimal: jwks without jwt()",
                "jwths256: token",
                "jwths256: get-session",
                "jwths256: jwks",
            ),
            "status body": ("jwtshared: jwks",),
        },
    ),
    Otherwise(
        "Of two session cookies that differ one was planted: neither counts.",
        {
            "body": ("order: two session_token cookies: first wins",),
        },
    ),
    Otherwise(
        "The cookie is called the same over https. What has `__Secure-` before it is read wherever it comes "
        "from, and never set.",
        {
            "body": (
                "get-session __Secure- cookie on http server",
                "https: get-session with the unprefixed cookie name",
            ),
            "cookies": (
                "https: sign-up",
                "https: sign-in rememberMe false",
                "https: sign-out",
            ),
        },
    ),
    Otherwise(
        "Name and attributes of the cookies cannot be configured.",
        {
            "cookies": (
                "crosssub: sign-up",
                "crosssub: sign-out",
                "samesitenone: sign-up",
                "samesitenone: sign-out",
                "prefix: sign-up",
                "prefix: sign-out",
            ),
            "body": ("prefix: get-session",),
        },
    ),
    Otherwise(
        "A name is a text, not null.",
        {
            "status words body cookies headers": ("update-user name number (no type check)",),
            "status words body type": ("update-user name null (NOT NULL violation)",),
        },
    ),
    Otherwise(
        "U+0000 is told as what is wrong with the name.",
        {
            "status words": ("order: NUL in name",),
        },
    ),
    Otherwise(
        "Lengths of passwords count code points.",
        {
            "status words body cookies headers": ("order: emoji length counts UTF-16 units: 4 emoji = 8",),
        },
    ),
    Otherwise(
        "A password is what was typed, not normalised: two spellings of one letter are two passwords.",
        {
            "status words body cookies headers": ("order: unicode password, decomposed form signs in",),
        },
    ),
    Otherwise(
        "A new password ends the other sessions, and one set by letter ends them all.",
        {
            "body cookies": (
                "get-session of the other session survives a plain change",
                "get-session of dave survives password reset (revokeSessionsOnPasswordReset off)",
            ),
        },
    ),
    Otherwise(
        "A hash that nobody can read belongs to no password: that is no fault of the server.",
        {
            "status words body type": ("sign-in when account.password is malformed",),
        },
    ),
    Otherwise(
        "A password is looked up by its user alone.",
        {
            "status words body cookies": ("sign-in when account.accountId differs from the user id",),
        },
    ),
    Otherwise(
        "There are no other fields on sessions, and no ways to sign in but the password: those calls do not exist.",
        {
            "status words body type": (
                "update-session (no additional fields configured)",
                "unlink-account last account",
            ),
            "words body type": ("sign-in/social provider not configured",),
        },
    ),
    Otherwise(
        "Signing in by password, deleting the account and changing the address cannot be switched off.",
        {
            "status words body cookies": (
                "minimal: delete-user disabled (default)",
                "minimal: change-email disabled (default)",
            ),
            "words": ("minimal: delete-user/callback disabled",),
            "status words": ("disabled: sign-in",),
        },
    ),
    Otherwise(
        "An account is deleted at once, with the password or soon after signing in: no letter is written.",
        {
            "words cookies": ("verify: delete-user sends mail",),
            "status words body location": ("verify: delete-user/callback",),
        },
    ),
    Otherwise(
        "Following a link verifies the address. It does not sign in.",
        {
            "cookies headers": ("verify: verify-email, autoSignInAfterVerification",),
        },
    ),
    Otherwise(
        "The new address alone confirms a change, and the letter goes there: a letter to the current one "
        "proves nothing.",
        {
            "location": ("verify: change-email, step 2: follow confirmation",),
        },
    ),
    Otherwise(
        "Who signs up is signed in, unless the address is to be verified first.",
        {
            "body cookies": ("noautosignin: sign-up",),
            "status words body": ("noautosignin: sign-up #2",),
        },
    ),
    Otherwise(
        "Requests are not counted by path, three in ten seconds.",
        {
            "status words headers": (
                "ratelimit: sign-in #4",
                "ratelimit: change-password burst (unauthenticated)",
                "ratelimitprod: sign-in #4",
                "ratelimitdb: sign-in",
            ),
            "status words body headers": (
                "ratelimit: request-password-reset burst",
                "ratelimit: send-verification-email burst",
                "ratelimit: ok over 100 in 10 s",
            ),
        },
    ),
    Otherwise(
        "Sessions are not cached in a cookie: one that has ended is over at once, and a cache from elsewhere "
        "is cleared.",
        {
            "cookies": (
                "cache: sign-up",
                "cache: get-session served from the cookie",
                "cache: get-session disableCookieCache=true: fresh, cookie rewritten",
                "cache: sign-in",
                "cache: sign-in #2",
                "cachejwt: sign-up",
                "cachejwt: get-session served from the cookie",
                "cachejwt: get-session disableCookieCache=true: fresh, cookie rewritten",
                "cachejwt: sign-in",
                "cachejwe: sign-up",
                "cachejwe: get-session served from the cookie",
                "cachejwe: get-session disableCookieCache=true: fresh, cookie rewritten",
                "cachejwe: sign-in",
            ),
            "body cookies": (
                "cache: get-session after revocation: cookie cache still answers (up to 5 min)",
                "cachejwt: get-session after revocation: cookie cache still answers (up to 5 min)",
                "cachejwe: get-session after revocation: cookie cache still answers (up to 5 min)",
            ),
            "status words body cookies": (
                "cache: list-sessions after revocation (ordinary middleware trusts the cache)",
                "cachejwt: list-sessions after revocation (ordinary middleware trusts the cache)",
                "cachejwe: list-sessions after revocation (ordinary middleware trusts the cache)",
            ),
        },
    ),
    Otherwise(
        "Sessions are extended by the call that finds them due: there is no second call for it.",
        {
            "body": ("defer: get-session has needsRefresh false",),
            "body cookies": ("defer: get-session has needsRefresh true",),
            "status words body cookies": ("defer: POST get-session refreshes",),
            "status words body": ("defer: POST get-session without cookie",),
        },
    ),
)

DIFFERENCES: Final = {
    name: set(facets.split()) for kind in EXCEPTIONS for facets, names in kind.exchanges.items() for name in names
}
"""By the name of the exchange: what differs."""
