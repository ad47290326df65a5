"""The port to the passwords that many people have."""

from typing import Protocol


class CommonPasswords(Protocol):
    def __contains__(self, folded: str) -> bool:
        """Whether a password, in the form that `folded` of the model gives it, is one of them."""
        ...
