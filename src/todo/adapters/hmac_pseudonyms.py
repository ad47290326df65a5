"""Pseudonyms by HMAC-SHA256: a table of them gives no address away, even to who tries all there are."""

import hmac
from hashlib import sha256

from todo.domain.model.pace import Pseudonym
from todo.domain.ports.throttle import Pseudonyms

LENGTH = 16
"""Bytes: two texts with one pseudonym are not to be expected among 2⁶⁰ of them."""


class HmacPseudonyms(Pseudonyms):
    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"todo: pseudonyms", sha256)

    def of(self, *words: str) -> Pseudonym:
        text = "\0".join(words).encode("utf-8", "surrogatepass")
        return Pseudonym(hmac.digest(self._key, text, sha256)[:LENGTH])
