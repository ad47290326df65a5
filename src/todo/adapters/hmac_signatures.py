"""Signatures as Better Auth puts them behind its cookies: `text.BASE64(HMAC-SHA256(text))`."""

import hmac
from base64 import b64encode
from hashlib import sha256

from todo.domain.errors import TokenInvalid
from todo.domain.ports.tokens import Signatures

LONGEST = 512


class HmacSignatures(Signatures):
    """With `previous`, what that secret has signed is still good."""

    def __init__(self, secret: str, *, previous: str | None = None) -> None:
        self._keys = tuple(key.encode() for key in (secret, previous) if key is not None)

    def sign(self, text: str) -> str:
        return f"{text}.{_signature(text, self._keys[0])}"

    def verify(self, signed: str) -> str:
        text, dot, signature = signed.rpartition(".")
        if not dot or not signed.isascii() or len(signed) > LONGEST:
            raise TokenInvalid
        if not any(hmac.compare_digest(signature, _signature(text, key)) for key in self._keys):
            raise TokenInvalid
        return text


def _signature(text: str, key: bytes) -> str:
    return b64encode(hmac.digest(key, text.encode(), sha256)).decode()
