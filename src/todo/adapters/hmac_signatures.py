"""Signatures as Better Auth puts them behind its cookies: `text.BASE64(HMAC-SHA256(text))`."""

import hmac
from base64 import b64encode
from hashlib import sha256

from todo.domain.errors import TokenInvalid
from todo.domain.ports.tokens import Signatures

LONGEST = 512


class HmacSignatures(Signatures):
    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def sign(self, text: str) -> str:
        return f"{text}.{self._signature(text)}"

    def verify(self, signed: str) -> str:
        text, dot, signature = signed.rpartition(".")
        if not dot or not signed.isascii() or len(signed) > LONGEST:
            raise TokenInvalid
        if not hmac.compare_digest(signature, self._signature(text)):
            raise TokenInvalid
        return text

    def _signature(self, text: str) -> str:
        return b64encode(hmac.digest(self._key, text.encode(), sha256)).decode()
