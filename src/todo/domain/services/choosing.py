"""Which passwords people may choose."""

from collections.abc import Callable

from todo.domain.errors import PasswordTooCommon
from todo.domain.model.guessable import folded, require_own
from todo.domain.model.user import Email, Password
from todo.domain.ports.common_passwords import CommonPasswords


class PasswordChoice:
    """Asked whenever somebody chooses a password, and never when somebody signs in with one."""

    def __init__(
        self, common: CommonPasswords, *, tolerated: Callable[[PasswordTooCommon], None] | None = None
    ) -> None:
        """With `tolerated` nothing is refused: it is told instead."""
        self._common = common
        self._tolerated = tolerated

    def require_good(self, password: Password, *, of: Email) -> None:
        """Raises `PasswordTooCommon`, or a kind of it that says more."""
        try:
            require_own(password, of=of)
            self._require_rare(password)
        except PasswordTooCommon as error:
            if self._tolerated is None:
                raise
            self._tolerated(error)

    def _require_rare(self, password: Password) -> None:
        if folded(password) in self._common:
            raise PasswordTooCommon


ANY_PASSWORD = PasswordChoice(frozenset(), tolerated=lambda _: None)
"""Everything may be chosen."""
