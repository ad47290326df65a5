"""Tokens as JWT with HS256, by PyJWT."""

import math
import re
from collections import OrderedDict
from typing import Any, Final

import jwt

from todo.domain.errors import CharacterForbidden, TokenInvalid
from todo.domain.model.principal import Claims
from todo.domain.model.session import SessionId
from todo.domain.model.text import require_storable
from todo.domain.model.user import LONGEST_USER_ID, UserId
from todo.domain.ports.tokens import Tokens

ISSUER: Final = "better-auth"
AUDIENCE: Final = "fastapi-backend"
LONGEST_TOKEN: Final = 4096
"""Characters; as much as a browser keeps of one cookie (RFC 6265, 6.1)."""

FORM: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
"""Three parts in base64url without padding (RFC 7515, 3.1)."""


class JwtTokens(Tokens):
    """Remembers the tokens whose signature was good, since that never changes: checking one takes a fifth of a request.

    What does change, the time, is compared on each use by the domain. With `previous`, what that secret has signed is
    still good.
    """

    def __init__(self, secret: str, *, previous: str | None = None, remembered: int = 20_000) -> None:
        self._key = secret.encode()
        self._former = None if previous is None else previous.encode()
        self._jwt = jwt.PyJWT(options={"enforce_minimum_key_length": True})
        self._remembered = remembered
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, claims: Claims) -> str:
        payload: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "iat": claims.issued,
            "exp": claims.expires,
        }
        if claims.session is not None:
            payload["sid"] = claims.session
        return self._jwt.encode(payload, self._key, algorithm="HS256")

    def read(self, token: str) -> Claims:
        claims = self._known.get(token)
        if claims is None:
            claims = self._verify(token)
            self._known[token] = claims
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        return claims

    def _verify(self, token: str) -> Claims:
        if len(token) > LONGEST_TOKEN or not FORM.fullmatch(token):
            raise TokenInvalid
        try:
            try:
                payload = self._decoded(token, self._key)
            except jwt.InvalidSignatureError:
                if self._former is None:
                    raise
                payload = self._decoded(token, self._former)
        # Odd tokens bring TypeError, UnicodeEncodeError and RecursionError out of PyJWT: each means a bad token.
        except Exception as error:
            raise TokenInvalid from error
        return _claims_from(payload)

    def _decoded(self, token: str, key: bytes) -> dict[str, Any]:
        payload: dict[str, Any] = self._jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={
                "require": ["exp", "iat", "iss", "aud"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_sub": False,
            },
        )
        return payload


def _claims_from(payload: dict[str, Any]) -> Claims:
    return Claims(
        subject=_subject(payload),
        expires=_seconds(payload["exp"]),
        issued=_seconds(payload["iat"]),
        not_before=_seconds(payload["nbf"]) if "nbf" in payload else None,
        session=SessionId(_text(payload["sid"])) if "sid" in payload else None,
        email=_email(payload.get("email")),
    )


def _subject(payload: dict[str, Any]) -> UserId:
    if len(text := _text(payload.get("sub", ""))) > LONGEST_USER_ID:
        raise TokenInvalid
    return UserId(text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TokenInvalid
    try:
        require_storable(value)
    except CharacterForbidden as error:
        raise TokenInvalid from error
    return value


def _seconds(value: object) -> float:
    """A NumericDate of RFC 7519. PyJWT would take strings and booleans as well."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid
    try:
        seconds = float(value)
    except OverflowError as error:
        raise TokenInvalid from error
    if not math.isfinite(seconds):
        raise TokenInvalid
    return seconds


def _email(value: object) -> str | None:
    """An address that cannot be kept is as good as none."""
    try:
        return _text(value) if isinstance(value, str) and 0 < len(value) <= LONGEST_USER_ID else None
    except TokenInvalid:
        return None
