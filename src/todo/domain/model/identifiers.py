"""Random names for things. Nothing depends on their value, so the model may make them."""

import secrets
import string

LOWERCASE = string.ascii_lowercase + string.digits
BASE32 = string.ascii_lowercase + "234567"
ALPHANUMERIC = string.ascii_letters + string.digits


def random_text(alphabet: str, length: int) -> str:
    """Characters drawn independently from a cryptographic source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))
