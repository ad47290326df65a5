"""The port to signed tokens."""

from typing import Protocol

from todo.domain.model.principal import Claims
from todo.domain.model.ticket import EmailProof


class Tokens(Protocol):
    """Signs claims, and reads them back."""

    def issue(self, claims: Claims) -> str: ...

    def read(self, token: str) -> Claims:
        """What the token says, whatever the time. Raises `TokenInvalid`."""
        ...


class EmailProofs(Protocol):
    """Signs proofs for letters, and reads them back."""

    def issue(self, proof: EmailProof) -> str: ...

    def read(self, token: str) -> EmailProof:
        """What the proof says, whatever the time. Raises `TokenInvalid`."""
        ...


class Signatures(Protocol):
    """Signs short texts that go through other hands, as Better Auth signs its cookies."""

    def sign(self, text: str) -> str:
        """The text with its signature."""
        ...

    def verify(self, signed: str) -> str:
        """The text. Raises `TokenInvalid` when the signature is not ours."""
        ...
