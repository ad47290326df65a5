"""The port to the hashing of passwords."""

from typing import Protocol

from todo.domain.model.user import Password, PasswordHash


class PasswordHasher(Protocol):
    """Slow on purpose, so it runs beside the event loop, a few at a time. Every method may raise `Busy`."""

    async def hash(self, password: Password) -> PasswordHash:
        """A new hash with its own salt."""
        ...

    async def verify(self, password: Password, expected: PasswordHash | None) -> bool:
        """Whether the password belongs to the hash. `None` and unreadable hashes are False, and take as long as any."""
        ...

    def is_outdated(self, hashed: PasswordHash) -> bool:
        """Whether the hash was made in a way that is not used any more."""
        ...
