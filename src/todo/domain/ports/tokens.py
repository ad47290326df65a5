"""The port to signed tokens."""

from typing import Protocol

from todo.domain.model.principal import Claims


class Tokens(Protocol):
    """Signs claims, and reads them back."""

    def issue(self, claims: Claims) -> str: ...

    def read(self, token: str) -> Claims:
        """What the token says, whatever the time. Raises `TokenInvalid`."""
        ...
