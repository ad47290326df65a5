"""The passwords of databases that Better Auth has filled: `salt:key`, by scrypt."""

import hashlib
import hmac
import re
import unicodedata
from typing import Final

FORM: Final = re.compile(r"([0-9a-f]{32}):([0-9a-f]{128})")
MEMORY: Final = 64 * 1024 * 1024
"""Bytes. A hash takes 32 MiB, which Python refuses by default."""


def scrypt_matches(password: str, hashed: str) -> bool | None:
    """Whether the password belongs to the hash; `None` when it is no such hash. Takes about 0.1 s.

    The salt is used as the digits it is written with, and the password in NFKC: two spellings of `é` are one.
    """
    found = FORM.fullmatch(hashed)
    if found is None:
        return None
    try:
        text = unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:
        return False
    key = hashlib.scrypt(text, salt=found[1].encode(), n=16_384, r=16, p=1, maxmem=MEMORY, dklen=64)
    return hmac.compare_digest(key.hex(), found[2])
